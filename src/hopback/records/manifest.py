"""The manifest of a store: which files were loaded, and which Parquet file holds which calls.

It is worth more than any engine: it picks the few files a question needs. One SQLite database in WAL
mode with full synchronisation, so that what a committed transaction says is on disk. Times are microseconds UTC as
integers.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["FileEntry", "Landing", "Manifest"]

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE files (
    file_id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    reading TEXT NOT NULL,
    format TEXT NOT NULL,
    grade TEXT NOT NULL,
    encoding TEXT NOT NULL,
    header TEXT,
    read INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    headers INTEGER NOT NULL,
    first_at INTEGER,
    last_at INTEGER,
    broken TEXT NOT NULL,
    is_live INTEGER NOT NULL
);
CREATE UNIQUE INDEX live_files ON files (source, path) WHERE is_live;
CREATE TABLE landings (
    landing_id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    rows INTEGER NOT NULL,
    min_setup INTEGER NOT NULL,
    max_setup INTEGER NOT NULL,
    max_last INTEGER NOT NULL,
    min_called INTEGER,
    max_called INTEGER,
    has_byes INTEGER NOT NULL
);
CREATE INDEX landings_by_time ON landings (source, min_setup, max_setup);
CREATE TABLE landed (
    landing_id INTEGER NOT NULL REFERENCES landings,
    file_id INTEGER NOT NULL REFERENCES files,
    PRIMARY KEY (landing_id, file_id)
);
CREATE TABLE numbers_given (next_file INTEGER NOT NULL);
INSERT INTO numbers_given VALUES (1);
"""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file as it was loaded. ``first_at`` and ``last_at`` span the set-up times of its calls (µs UTC)."""

    file_id: int
    source: str
    path: str
    size: int
    mtime_ns: int
    sha256: str
    reading: str
    format: str
    grade: str
    encoding: str
    header: str | None
    read: int
    kept: int
    rejected: int
    duplicates: int
    headers: int
    first_at: int | None
    last_at: int | None
    broken: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class Landing:
    """One Parquet file and what it spans. ``max_last`` is the latest instant its rows speak of."""

    landing_id: int
    source: str
    name: str
    rows: int
    min_setup: int
    max_setup: int
    max_last: int
    min_called: int | None
    max_called: int | None
    has_byes: bool


class Manifest:
    """The manifest in ``path``, made if absent. Raises :class:`BadInput` where that is no manifest of ours."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                with self._writing():
                    (version,) = self._db.execute("PRAGMA user_version").fetchone()
                    if version == 0:
                        for statement in _SCHEMA.split(";\n"):
                            if statement.strip():
                                self._db.execute(statement)
                        self._db.execute(f"PRAGMA user_version = {_VERSION}")
                        version = _VERSION
        except sqlite3.Error as error:
            raise BadInput(
                f"is no manifest of a store: {error}", where=str(path), mend="load the records into a fresh store"
            ) from error
        if version != _VERSION:
            raise BadInput(
                f"is a manifest of version {version}; this program knows {_VERSION}",
                where=str(path), mend="load the records into a fresh store",
            )  # fmt: skip

    def close(self) -> None:
        """Give the database back."""
        self._db.close()

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever anybody, in this process or another, changes the manifest."""
        (other,) = self._db.execute("PRAGMA data_version").fetchone()
        return int(other), self._db.total_changes

    def live_files(self) -> list[FileEntry]:
        """Every file whose rows count, by source and path."""
        columns = ", ".join(one.name for one in fields(FileEntry))
        rows = self._db.execute(f"SELECT {columns} FROM files WHERE is_live ORDER BY source, path")  # noqa: S608
        return [FileEntry(*(*row[:-1], bool(row[-1]))) for row in rows.fetchall()]

    def landings(self) -> list[Landing]:
        """Every Parquet file that counts, by source and time."""
        columns = ", ".join(one.name for one in fields(Landing))
        rows = self._db.execute(f"SELECT {columns} FROM landings ORDER BY source, min_setup, landing_id")  # noqa: S608
        return [Landing(*(*row[:-1], bool(row[-1]))) for row in rows.fetchall()]

    def landed(self) -> dict[int, set[int]]:
        """The files in each landing."""
        found: dict[int, set[int]] = {}
        for landing, file in self._db.execute("SELECT landing_id, file_id FROM landed").fetchall():
            found.setdefault(landing, set()).add(file)
        return found

    def next_file_ids(self, count: int) -> range:
        """Numbers for files about to be read; never given twice, even where loading is then broken off."""
        with self._writing():
            (first,) = self._db.execute("SELECT next_file FROM numbers_given").fetchone()
            self._db.execute("UPDATE numbers_given SET next_file = ?", (first + count,))
        return range(first, first + count)

    def touch(self, file_id: int, *, mtime_ns: int) -> None:
        """Note that a file was written again with the same content."""
        with self._writing():
            self._db.execute("UPDATE files SET mtime_ns = ? WHERE file_id = ?", (mtime_ns, file_id))

    def commit(self, files: Iterable[FileEntry], landings: Iterable[tuple[Landing, Iterable[int]]]) -> list[str]:
        """Make files and landings count, all at once; older readings of the same paths stop counting.

        ``landing_id`` of a new landing is ignored. Returns the names of Parquet files that no longer count.
        """
        with self._writing():
            for entry in files:
                self._db.execute(
                    "UPDATE files SET is_live = 0 WHERE source = ? AND path = ? AND is_live", (entry.source, entry.path)
                )
                self._insert("files", {one.name: getattr(entry, one.name) for one in fields(FileEntry)})
            for landing, members in landings:
                values = {one.name: getattr(landing, one.name) for one in fields(Landing) if one.name != "landing_id"}
                landing_id = self._insert("landings", values)
                for file_id in members:
                    self._insert("landed", {"landing_id": landing_id, "file_id": file_id})
            gone = self._db.execute(
                "SELECT landing_id, name FROM landings WHERE landing_id NOT IN "
                "(SELECT landing_id FROM landed JOIN files USING (file_id) WHERE is_live)"
            ).fetchall()
            for landing_id, _ in gone:
                self._db.execute("DELETE FROM landed WHERE landing_id = ?", (landing_id,))
                self._db.execute("DELETE FROM landings WHERE landing_id = ?", (landing_id,))
        return [name for _, name in gone]

    def _insert(self, table: str, values: dict[str, Any]) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        cursor = self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
        return int(cursor.lastrowid or 0)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
