from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from hopback.portal.config import Configuration
from hopback.portal.embedded import configure, use

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import DjangoDbBlocker


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
        configuration = Configuration(data=tmp_path, database=str(path), synchronous="NORMAL", exercise=True)
        use(configuration)
        yield configuration
        connections.close_all()


@pytest.fixture
def noon() -> datetime:
    """Monday 2 November 2026, noon in Chicago."""
    return datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
