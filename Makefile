# Two commands are all there is to know: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
          --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.PHONY: help setup demo test check e2e pictures bench css lock clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/run.stamp: requirements.lock requirements-build.lock pyproject.toml
	@echo "Setting up $(VENV) (once, about a minute)…"
	@command -v $(PYTHON) >/dev/null || { echo "Hopback needs Python 3.11 as '$(PYTHON)'; name another with make PYTHON=…"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock -r requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.lock
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/run.stamp  ## a virtual environment with Hopback in it (.venv/bin/hopback)

demo: $(VENV)/run.stamp  ## invent a consortium, trace its calls, serve what was found at one URL (DEMO_ARGS=…)
	@$(BIN)/hopback demo $(DEMO_ARGS)

test: $(VENV)/dev.stamp  ## every test but those in a browser; the portal's also on PostgreSQL, where a server is installed
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not e2e" $(TEST_ARGS)
	@HOPBACK_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n 2 --dist worksteal tests/portal $(TEST_ARGS)

check: $(VENV)/dev.stamp  ## formatting, lints, types, import contracts
	@$(BIN)/ruff format --check --quiet src tests benchmarks
	@$(BIN)/ruff check --quiet src tests benchmarks
	@$(BIN)/mypy
	@PYTHONPATH=src $(BIN)/lint-imports

e2e: $(VENV)/dev.stamp  ## the pages in a real browser (Debian's Chromium)
	@command -v chromium >/dev/null || { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } >/dev/null
	@$(BIN)/python -m pytest -m e2e $(TEST_ARGS)

pictures: $(VENV)/dev.stamp  ## the pictures in the docs, taken anew by the browser's tests
	@HOPBACK_PICTURES=1 $(BIN)/python -m pytest -q -m e2e tests/e2e

bench: $(VENV)/run.stamp  ## each operation beside its floor, in one run (BENCH_ROWS=…)
	@$(BIN)/python benchmarks/bench.py

css:  ## compile the portal's style sheet anew (needs Node.js)
	@cd src/hopback/portal/web/styles && npm ci --no-audit --no-fund && npm run build

lock: $(VENV)/dev.stamp  ## compile the lock files anew
	@$(PIP) install pip-tools
	@$(COMPILE) -o requirements.lock pyproject.toml
	@$(COMPILE) -o requirements-build.lock requirements-build.in
	@$(COMPILE) -o requirements-dev.lock requirements-dev.in

clean:  ## remove what the other targets made
	@rm -rf $(VENV) demo-data out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
