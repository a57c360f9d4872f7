from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from django.test import Client

from cast import CAST, SHEET, actor_of, gather
from hopback.kernel.calls import Sought
from hopback.portal.accounts.models import AccessSession
from hopback.portal.config import Configuration
from hopback.portal.embedded import configure, import_sheet, use
from hopback.wire.hops import HopAnswer, HopRequest, NextSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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
def portal(tmp_path: Path, migrated: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Configuration]:
    """A portal of its own on a file of its own, with real transactions."""
    path = tmp_path / "hopback.sqlite3"
    shutil.copy(migrated, path)
    with django_db_blocker.unblock():
        configuration = Configuration(
            data=tmp_path, database=str(path), synchronous="NORMAL", exercise=True, second_factor=()
        )
        use(configuration)
        yield configuration
        connections.close_all()


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
