"""A provider's agent and a portal as two programs that know nothing of each other but an address and a key."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = [sys.executable, "-c", "from hopback.cli import main; main()"]
OPEN = """
from datetime import UTC, datetime
from hopback.portal.config import read_configuration
from hopback.portal.embedded import use
use(read_configuration())
from hopback.kernel.calls import Sought
from hopback.kernel.hops import SourceKind
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.tracebacks.actions import open_traceback, propose_sample, vet
from hopback.portal.tracebacks.models import Traceback
ada, now = Actor("ada", Role.LEAD), datetime.now(UTC)
sample = Sought(12025550143, 13035550111, datetime(2026, 11, 2, 16, 20, tzinfo=UTC), 60, answered=True)
trace = propose_sample(ada, "us-2026-1", sample, at=now, source="honeypot", source_kind=SourceKind.HONEYPOT, terminating="BELL")
row = Traceback.objects.get(pk=trace.id)
vet(ada, row, at=now, reason="a pattern", basis=("pattern",), violations=("prerecorded",))
open_traceback(ada, row, at=now)
"""
LOOK = """
from hopback.portal.config import read_configuration
from hopback.portal.embedded import use
use(read_configuration())
from hopback.portal.tracebacks.models import Hop
print(" ".join(f"{hop.provider_id}={hop.state}" for hop in Hop.objects.order_by("number")))
"""


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    environment = os.environ | {"HOPBACK_DATABASE": str(tmp_path / "portal.sqlite3"), "HOPBACK_SECRET_KEY": "a test"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    with subprocess.Popen(
        [*RUN, "portal", "up", "--port", "0"], stderr=subprocess.PIPE, text=True, env=environment
    ) as server:
        assert server.stderr is not None
        address = server.stderr.readline().split()[-1].removesuffix("/api/v1/")
        yield address, environment
        server.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            server.wait(30)
        server.kill()


def run(*arguments: object, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [*map(str, arguments)], capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_agent_finds_the_call_and_the_next_provider_is_asked(
    portal: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    address, environment = portal
    (tmp_path / "providers.csv").write_text(
        "provider_id,legal_name,country,frn,ocn,time_zone,answers\n"
        "BELL,Bell Harbor,US,,,America/Chicago,agent\nCOLE,Cole Creek,US,,,America/New_York,agent\n",
        encoding="utf-8",
    )
    run(*RUN, "portal", "import-providers", tmp_path / "providers.csv", environment=environment)
    (tmp_path / "key").write_text(run(*RUN, "portal", "key", "BELL", environment=environment), encoding="utf-8")
    run(sys.executable, "-c", OPEN, environment=environment)
    kit = tmp_path / "kit"
    (kit / "cdr").mkdir(parents=True)
    (kit / "book.toml").write_text(
        '[provider]\nid = "BELL"\n[[sources]]\nname = "core"\nformat = "generic-csv"\nfiles = "cdr/*.csv"\n'
        '[[trunks]]\nsource = "core"\nmatch = "cole_1"\npeer = "COLE"\n',
        encoding="utf-8",
    )
    (kit / "cdr" / "a.csv").write_text(
        "start_time,calling,called,trunk,duration\n2026-11-02T10:20:02-06:00,3035550111,12025550143,cole_1,30\n",
        encoding="utf-8",
    )
    agent = [*RUN, "provider", "agent", "--book", kit, "--store", tmp_path / "store", "--portal", address]
    agent += ["--key-file", tmp_path / "key", "--every", "0.5"]
    seen = ""
    with subprocess.Popen([*map(str, agent)], stderr=subprocess.PIPE, text=True, env=environment) as process:
        until = time.monotonic() + 30
        while time.monotonic() < until and "COLE" not in seen:
            seen = run(sys.executable, "-c", LOOK, environment=environment)
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):  # a shell may have told its background to ignore it
            process.wait(15)
        process.kill()
    assert seen == "BELL=accepted COLE=sent"
