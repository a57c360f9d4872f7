"""A portal with people and tracebacks in it, served on loopback, and Debian's Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from e2e.browsing import QUIET, Site, allowing_orm_beside_playwright
from e2e.seeding import BEGINNING, seed
from hopback.portal.clock import use_clock
from hopback.portal.config import Configuration
from hopback.portal.embedded import configure, use
from hopback.portal.serving import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from pytest_django import DjangoDbBlocker


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("HOPBACK_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium here; `make e2e` installs Debian's")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only these tests need it

    with allowing_orm_beside_playwright(), sync_playwright() as play:
        launched = play.chromium.launch(executable_path=chromium, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Path:
    """A folder with a portal that has something in it, to be copied for each test."""
    folder = tmp_path_factory.mktemp("seeded")
    path = folder / "hopback.sqlite3"
    with allowing_orm_beside_playwright(), django_db_blocker.unblock():
        configure(path)
        seed(folder)
        connections.close_all()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.fixture(scope="module")
def opened(
    seeded: Path, browser: Browser, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Site]]:
    """Serve a portal of its own; the one served before is gone."""
    with allowing_orm_beside_playwright(), django_db_blocker.unblock(), served() as address:

        def serve() -> Site:
            folder = tmp_path_factory.mktemp("site")
            shutil.copytree(seeded, folder, dirs_exist_ok=True)
            use(
                Configuration(
                    data=folder, database=str(folder / "hopback.sqlite3"), synchronous="NORMAL", exercise=True
                )
            )
            began = datetime.now(UTC)
            use_clock(lambda: BEGINNING + (datetime.now(UTC) - began))
            return Site(address, browser, folder)

        yield serve
        use_clock(None)
        connections.close_all()


@pytest.fixture
def site(opened: Callable[[], Site]) -> Iterator[Site]:
    """A portal of its own for one test."""
    site = opened()
    yield site
    site.close()
