from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hopback.kernel.errors import BadInput
from hopback.portal.config import Configuration, database_of, read_configuration
from hopback.proofs.notes import new_signer


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOPBACK_DATA", str(tmp_path))
    monkeypatch.setenv("HOPBACK_SECRET_KEY", "from the environment")
    configuration = read_configuration()
    assert configuration.django_secret() == "from the environment"
    assert "from the environment" not in repr(configuration)
    assert database_of(configuration)["NAME"] == str(tmp_path / "hopback.sqlite3")
    assert (configuration.synchronous, configuration.exercise) == ("FULL", False)


def test_a_secret_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    assert Configuration(secret_key_file=tmp_path / "secret").django_secret() == "from a file"
    with pytest.raises(BadInput, match="HOPBACK_SECRET_KEY_FILE"):
        Configuration(secret_key_file=tmp_path / "none").django_secret()
    signer = new_signer("log.example")
    (tmp_path / "log").write_text(signer.secret())
    assert Configuration(log_key_file=tmp_path / "log").log_signer() == signer


def test_without_a_secret_each_process_has_its_own() -> None:
    assert Configuration().django_secret() != Configuration().django_secret()


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPBACK_SYNCHRONOUS", "OFF")
    with pytest.raises(BadInput, match="HOPBACK_SYNCHRONOUS"):
        read_configuration()


def test_sqlite_locks_at_the_beginning_and_keeps_a_log_ahead(tmp_path: Path) -> None:
    options = database_of(Configuration(database=str(tmp_path / "x.sqlite3")))["OPTIONS"]
    assert (options["transaction_mode"], options["timeout"]) == ("IMMEDIATE", 20)
    assert "journal_mode=WAL" in options["init_command"]
    assert "synchronous=FULL" in options["init_command"]


def test_a_url_names_a_postgresql_database() -> None:
    url = "postgresql://ada:p%40ss@db.example:5433/hopback?sslmode=require"
    described = database_of(Configuration(database=url))
    wanted = {"NAME": "hopback", "USER": "ada", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": "5433"}
    assert wanted.items() <= described.items()
    assert described["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize("url", ["postgresql://ada@db.example", "mysql://db/hopback"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="HOPBACK_DATABASE"):
        database_of(Configuration(database=url))


def test_another_process_opens_a_portal_with_one_call_and_finds_it_again(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from hopback.portal import embedded
embedded.configure(Path(sys.argv[1]))
from hopback.portal.directory.models import Provider
print(Provider.objects.count())
Provider.objects.get_or_create(id="P1", legal_name="Bell", country="US", time_zone="UTC")
"""
    command = [sys.executable, "-c", script, str(tmp_path / "new" / "portal.sqlite3")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HOPBACK_", "DJANGO_"))}
    for found in ("0", "1"):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.stdout.strip() == found, done.stderr


def test_what_is_kept_beside_the_database_lies_beside_it(tmp_path: Path) -> None:
    assert Configuration(database=str(tmp_path / "portal.sqlite3")).folder == tmp_path
    assert Configuration(database=str(tmp_path / "portal.sqlite3"), data=tmp_path / "keys").folder == tmp_path / "keys"
    assert Configuration(database="postgresql://hopback@/hopback").folder == Path()
