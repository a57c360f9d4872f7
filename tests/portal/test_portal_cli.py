from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHEET = (
    "provider_id,legal_name,country,frn,ocn,time_zone,answers\n"
    "P1,Bellwether Telephone LLC,US,0012345678,123A,America/Chicago,agent\n"
)
MAIN = "from hopback.cli import main; main()"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HOPBACK_", "DJANGO_"))}
    return kept | {"HOPBACK_DATA": str(tmp_path / "data"), "HOPBACK_SYNCHRONOUS": "NORMAL"}


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    def call(*arguments: str, status: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-c", MAIN, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment | more,
        )
        assert done.returncode == status, done.stderr
        return done

    return call


@pytest.fixture
def keyed(tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]]) -> str:
    (tmp_path / "data").mkdir()
    (tmp_path / "providers.csv").write_text(SHEET)
    assert run("portal", "import-providers", str(tmp_path / "providers.csv")).stdout == "1 providers\n"
    return run("portal", "key", "P1", "--days", "2").stdout.strip()


def test_a_portal_is_served_with_a_worker_and_stops_when_told(environment: dict[str, str], keyed: str) -> None:
    command = [sys.executable, "-c", MAIN, "portal", "up", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as portal:
        try:
            assert portal.stderr is not None
            said = portal.stderr.readline()
            address = re.search(r"http://\S+/api/v1/", said)
            assert address is not None, said
            good = requests.get(f"{address[0]}requests", headers={"Authorization": f"Bearer {keyed}"}, timeout=20)
            bad = requests.get(f"{address[0]}requests", timeout=20)
            portal.send_signal(signal.SIGTERM)
            assert portal.wait(30) == 0
        finally:
            portal.kill()
    assert (good.status_code, good.json()) == (200, [])
    assert bad.status_code == 401


def test_the_first_lead_is_invited_and_the_link_printed(
    environment: dict[str, str], run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    link = run("portal", "person", "--email", "ada@example.org", "--name", "Ada").stdout.strip()
    assert re.fullmatch(r"http://localhost:8100/account/invitation/[\w-]{40,}/", link)
    told = json.loads(
        run(
            "portal",
            "person",
            "--email",
            "fay@example.org",
            "--name",
            "Fay",
            "--organisation",
            "FTC",
            "--part",
            "agency_investigator",
            "--json",
        ).stdout
    )
    assert (told["organisation"], told["part"]) == ("FTC", "agency_investigator")
    refused = run("portal", "person", "--email", "x", "--name", "X", status=2)
    assert "mail address" in refused.stderr
    refused = run("portal", "person", "--email", "x@example.org", "--name", "X", "--part", "king", status=2)
    assert "no part king" in refused.stderr


def test_tables_of_numbers_are_taken_over_once_with_what_was_rejected(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]], keyed: str
) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("code,ocn\n312-555,123A\nnonsense,1\n")
    done = run("portal", "import-codes", str(file), "--source", "NANPA", "--as-of", "2026-11-01")
    assert done.stdout == "1 rows, 1 of them new, 1 rejected\n"
    assert "codes.csv:3: code: 'nonsense' is no NPA-NXX" in done.stderr
    again = run("portal", "import-codes", str(file), "--source", "NANPA", "--as-of", "2026-11-01", "--json")
    assert json.loads(again.stdout)["is_new"] is False
    ports = tmp_path / "ports.csv"
    ports.write_text("number,spid\n3125550188,123A\n")
    assert "1 rows" in run("portal", "import-ports", str(ports), "--source", "NPAC", "--as-of", "2026-11-01").stdout
    registry = tmp_path / "rmd.csv"
    registry.write_text("number,business_name\nRMD1,Bell\n")
    assert "1 rows" in run("portal", "import-registry", str(registry), "--as-of", "2026-11-01").stdout


def test_what_was_done_is_exported_verified_kept_and_given_back(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]], keyed: str
) -> None:
    exported = json.loads(run("portal", "export", str(tmp_path / "export"), "--json").stdout)
    assert exported["size"] == 2
    offline = json.loads(run("verify", str(tmp_path / "export"), "--json").stdout)
    assert (offline["valid"], offline["leaves"], offline["root"]) == (True, 2, exported["root"])
    checkpoint = tmp_path / "export" / "checkpoint"
    replayed = json.loads(run("portal", "verify", "--checkpoint", str(checkpoint), "--json").stdout)
    assert (replayed["leaves"], replayed["root"]) == (2, exported["root"])
    run("portal", "backup", str(tmp_path / "kept"))
    assert "a backup here already" in run("portal", "backup", str(tmp_path / "kept"), status=2).stderr
    assert "a database already" in run("portal", "restore", str(tmp_path / "kept"), status=2).stderr
    elsewhere = {"HOPBACK_DATA": str(tmp_path / "elsewhere")}
    assert exported["root"] in run("portal", "restore", str(tmp_path / "kept"), **elsewhere).stdout
    again = run("portal", "verify", "--checkpoint", str(checkpoint), "--json", **elsewhere)
    assert json.loads(again.stdout)["root"] == exported["root"]
    checkpoint.write_text(checkpoint.read_text().replace("\n2\n", "\n3\n"))
    broken = run("portal", "verify", "--checkpoint", str(checkpoint), status=1).stderr
    assert broken.startswith("hopback: the checkpoint given: ")
    assert broken.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("key", "P9"), "no provider P9"),
        (("key", "P1", "--days", "0"), "--days: a key lasts at least a day"),
        (("verify", "--checkpoint", "/nowhere/checkpoint"), "/nowhere/checkpoint: cannot be read"),
        (("import-providers", "/nowhere.csv"), "/nowhere.csv: cannot be read"),
        (("import-codes", "/nowhere.csv", "--source", "x", "--as-of", "2026-11-01"), "/nowhere.csv: cannot be read"),
        (("import-codes", "/nowhere.csv", "--source", "x", "--as-of", "soon"), "--as-of: 'soon' is no date"),
        (("restore", "/nowhere"), "/nowhere/hopback.sqlite3: there is no backup"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    run: Callable[..., subprocess.CompletedProcess[str]], keyed: str, arguments: tuple[str, ...], line: str
) -> None:
    done = run("portal", *arguments, status=2)
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
