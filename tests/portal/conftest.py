from __future__ import annotations

import os
import pwd
import secrets
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client

from cast import CAST, SHEET, actor_of, gather
from hopback.kernel.calls import Sought
from hopback.portal.accounts.models import AccessSession
from hopback.portal.config import Configuration
from hopback.portal.embedded import configure, import_sheet, use
from hopback.wire.hops import HopAnswer, HopRequest, NextSearch
from telling import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django import DjangoDbBlocker

    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Path:
    """An empty portal, to be copied for each test."""
    path = tmp_path_factory.mktemp("portal") / "hopback.sqlite3"
    with django_db_blocker.unblock():
        configure(path)
        connections.close_all()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def portal(
    tmp_path: Path, django_db_blocker: DjangoDbBlocker, request: pytest.FixtureRequest
) -> Iterator[Configuration]:
    """A portal of its own with real transactions: on a file of its own, or where asked for on PostgreSQL.

    ``HOPBACK_TEST_DATABASE=postgresql`` asks for it.
    """
    if os.environ.get("HOPBACK_TEST_DATABASE") == "postgresql":
        request.getfixturevalue("postgresql")
        configuration = settings.CONFIGURATION.model_copy(update={"second_factor": ()})
        with django_db_blocker.unblock():
            use(configuration)
            yield configuration
            connections.close_all()
        return
    migrated: Path = request.getfixturevalue("migrated")
    path = tmp_path / "hopback.sqlite3"
    shutil.copy(migrated, path)
    with django_db_blocker.unblock():
        configuration = Configuration(
            data=tmp_path, database=str(path), synchronous="NORMAL", exercise=True, second_factor=()
        )
        use(configuration)
        yield configuration
        connections.close_all()


def _binary(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    return next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own on a socket of its own."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    initdb, pg_ctl = _binary("initdb"), _binary("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("no PostgreSQL server is installed here")
    home = tmp_path_factory.mktemp("pg")
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:  # the server refuses to run as root
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        above = takewhile(lambda folder: folder != Path(gettempdir()), home.parents)
        for folder in (home, *above):
            folder.chmod(0o755)
        os.chown(home, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = home / "data"
    made = subprocess.run(
        [initdb, "-D", str(data), "-U", "hopback", "-A", "trust", "-N"],
        capture_output=True,
        text=True,
        check=False,
        **as_user,
    )
    if made.returncode:
        pytest.skip(f"initdb did not succeed: {made.stderr.strip()[-200:]}")
    options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
    started = subprocess.run(
        [pg_ctl, "-D", str(data), "-o", options, "-l", str(home / "log"), "-w", "start"],
        capture_output=True,
        text=True,
        check=False,
        **as_user,
    )
    if started.returncode:
        pytest.skip(f"the server did not start: {started.stdout.strip()[-200:]}")
    yield f"postgresql://hopback@/postgres?host={home}"
    subprocess.run([pg_ctl, "-D", str(data), "-m", "immediate", "stop"], capture_output=True, check=False, **as_user)


@pytest.fixture(scope="session")
def migrated_on_postgresql(
    server: str, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> str:
    """The name of an empty portal's database, to be copied for each test."""
    with django_db_blocker.unblock():
        use(Configuration(data=tmp_path_factory.mktemp("portal"), database=server, exercise=True))
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE migrated")
        use(Configuration(data=tmp_path_factory.mktemp("portal"), database=_named(server, "migrated"), exercise=True))
        call_command("migrate", verbosity=0, interactive=False)
        connections.close_all()
    return "migrated"


@pytest.fixture
def postgresql(
    server: str, migrated_on_postgresql: str, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """A portal of its own in a database of its own."""
    name = f"portal_{secrets.token_hex(6)}"
    with django_db_blocker.unblock():
        use(Configuration(data=tmp_path, database=server, exercise=True))
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_on_postgresql}")
        use(Configuration(data=tmp_path, database=_named(server, name), exercise=True))
        yield
        use(Configuration(data=tmp_path, database=server, exercise=True))
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connections.close_all()


def _named(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def noon() -> datetime:
    """Monday 2 November 2026, noon in Chicago."""
    return datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def directory(portal: Configuration, tmp_path: Path, noon: datetime) -> None:
    """Bell's P1 and Cole's P2, who answer; P3 at home and P4 abroad, who never do; P5 far upstream."""
    path = tmp_path / "providers.csv"
    path.write_text(SHEET)
    import_sheet(path, at=noon)


@pytest.fixture
def sample(noon: datetime) -> Sought:
    return Sought(12025550143, 13125550188, noon - timedelta(days=1), 60.0)


@pytest.fixture
def answer() -> Callable[..., HopAnswer]:
    """An answer of a provider to its one open request."""

    def build(request: HopRequest, provider: str, **said: Any) -> HopAnswer:
        kind = said.pop("kind", None) or ("upstream_named" if "upstream" in said else "customer_named")
        fields: dict[str, Any] = {
            "request_id": request.request_id,
            "provider": provider,
            "answer": kind,
            "found_at": request.started_at,
            "source": "core",
            "time_offset_s": 1.5,
            "confidence": 0.97,
            "why": ("one record fits",),
            "record_key": f"{provider}-record",
        } | said
        if "upstream" in said and "next" not in said:
            fields["next"] = NextSearch(
                called=request.called,
                calling=request.calling,
                started_at=request.started_at,
                accuracy_s=2,
                sip_call_id="x",
            )
        return HopAnswer(**fields)

    return build


@pytest.fixture
def cast(directory: None, noon: datetime) -> dict[str, User]:
    """The people, by first name, each a member of one organisation since the day before ``noon``."""
    return gather(noon)


@pytest.fixture
def signed_in(cast: dict[str, User]) -> Callable[[str], Client]:
    """A browser's stand-in in which somebody has signed in; people of the consortium have said why they look."""

    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(cast[name], backend="allauth.account.auth_backends.AuthenticationBackend")
        if CAST[name][0] == "consortium":
            start = datetime.now(UTC)
            AccessSession.objects.create(
                user=cast[name], reason="tests", begun_at=start - timedelta(days=90), ends_at=start + timedelta(hours=1)
            )
        return client

    return sign_in


@pytest.fixture
def actors(cast: dict[str, User]) -> dict[str, Actor]:
    """The people as the verbs know them."""
    return {name: actor_of(name, user) for name, user in cast.items()}


@pytest.fixture
def start() -> datetime:
    """Monday three weeks ago, noon in Chicago: whatever a clock brings has been brought by now."""
    now = datetime.now(UTC)
    monday = now - timedelta(days=now.weekday() + 21)
    return monday.replace(hour=18, minute=0, second=0, microsecond=0)


@pytest.fixture
def story(actors: dict[str, Actor], answer: Callable[..., HopAnswer], sample: Sought, start: datetime) -> Story:
    """A traceback that has just been opened at P1, under the consortium's own policy."""
    return Story(actors, answer, start).begin(sample)
