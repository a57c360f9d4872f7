"""Loading call records: any number of files into a store, each once, whole or not at all.

Loading can be broken off at any moment, by kill -9 too: a file's rows count from the moment the manifest's
transaction says so, and until then nothing points at them. Loading again adds nothing twice; a file that grew or
changed takes the place of its older self. Memory is bounded by the block (:data:`hopback.records.reading.BLOCK`).
"""

from __future__ import annotations

import csv
import fcntl
import os
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import numpy as np

from hopback.kernel.errors import BadInput, Conflict
from hopback.records import spellings
from hopback.records.formats.registry import detect, format_named, plan
from hopback.records.landing import REASONS, Batch, Reject, Statement
from hopback.records.lines import find_lines
from hopback.records.manifest import FileEntry, Landing
from hopback.records.reading import BLOCK, Reading, read_blocks
from hopback.records.schema import CALLED_SIDE
from hopback.tables import sql
from hopback.tables.sessions import open_session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from hopback.records.formats.registry import Format, Plan
    from hopback.records.lines import Lines
    from hopback.records.reading import Block
    from hopback.records.schema import Source
    from hopback.records.store import Store
    from hopback.tables.engines.duckdb import DuckDB

_T = TypeVar("_T")

__all__ = ["FileReport", "LoadReport", "Progress", "load_files", "load_source"]

_SAMPLE: Final = 200
_SAMPLE_BYTES: Final = 1 << 20
_LANDING_BLOCKS: Final = 32
"""Blocks landed in one Parquet file: about two million short lines, row groups enough for every core."""
_ROW_GROUP: Final = 61_440
_TOGETHER: Final = 2_000
"""Files landed together at most."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file.

    ``read`` = ``kept`` + ``duplicates`` + ``rejected`` + ``headers``; blank lines are no rows.

    ``status`` is ``loaded``, ``replaced`` (an older reading stopped counting), ``unchanged`` or ``refused`` (nothing of
    it can be used). ``first_at`` and
    ``last_at`` span the set-up times. ``reasons`` counts rejects by code (only of files loaded now); ``reject_file``
    holds them. ``broken`` says why reading stopped early.
    """

    path: str
    status: str
    format: str
    grade: str
    encoding: str
    read: int
    kept: int
    rejected: int
    duplicates: int
    headers: int
    first_at: datetime | None
    last_at: datetime | None
    broken: str
    reasons: dict[str, int] = field(default_factory=dict)
    reject_file: str | None = None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of a source's files, in the order of their names."""

    source: str
    files: tuple[FileReport, ...]

    def total(self, what: str) -> int:
        """The sum of a count (``read``, ``kept``, ``rejected``, ``duplicates``, ``headers``) over all files."""
        return sum(int(getattr(report, what)) for report in self.files)


Progress: TypeAlias = Callable[[FileReport], None]
"""Called once for each file, as soon as its fate is known."""


def load_source(
    store: Store, source: Source, *, folder: Path, pattern: str, progress: Progress | None = None
) -> LoadReport:
    """Load every file below ``folder`` that matches the glob ``pattern``, under its path from there.

    Raises :class:`BadInput` when nothing matches or the format cannot be told, :class:`Conflict` when another
    process is loading into the store.
    """
    try:
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError) as error:
        raise BadInput(
            f"{pattern!r} is not a pattern of files below the book", where=f"source {source.name!r}: files"
        ) from error
    if not found:
        raise BadInput(
            f"no file matches {pattern!r}",
            where=f"source {source.name!r}: files",
            mend=f"the pattern is looked for below {folder}",
        )
    return load_files(store, source, found, folder=folder, progress=progress)


def load_files(
    store: Store,
    source: Source,
    files: Iterable[Path],
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
    block: int = BLOCK,
) -> LoadReport:
    """Load these files of one source; errors as in :func:`load_source`.

    A file is known by its path from ``folder`` (as given, without one). ``block`` bounds memory, in bytes.
    """
    paths = sorted(set(files))
    with _alone(store.folder), open_session(spill=store.folder / "spill") as session:
        home = {"home_country": source.home_country, "area_code": source.area_code}
        session.define(spellings.READER, spellings.reader(**home), takes=["VARCHAR"], gives="BIGINT")  # type: ignore[arg-type]
        session.define(spellings.ROUTING, spellings.routing_reader(**home), takes=["VARCHAR"], gives="BIGINT")  # type: ignore[arg-type]
        store.sweep()
        loader = _Loader(store, source, session, folder=folder, progress=progress, block=block)
        reports = loader.load(paths)
    return LoadReport(source.name, tuple(reports[path] for path in paths))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process loads at a time; readers go on."""
    with (folder / "loading.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(
                "another process is loading into this store", where=str(folder), mend="wait until it is done"
            ) from error
        yield


@dataclass(slots=True)
class _File:
    """A file on its way into the store."""

    path: Path
    name: str
    file_id: int
    mtime_ns: int
    plan: Plan | None
    reading: Reading
    was_known: bool
    reasons: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    duplicates: int = 0
    read: int = 0
    headers: int = 0
    first: int | None = None
    last: int | None = None
    sheet: Any = None

    def span(self, first: int, last: int) -> None:
        """Widen the time the file's calls span."""
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)


class _Loader:
    """One run over the files of one source."""

    def __init__(
        self,
        store: Store,
        source: Source,
        session: DuckDB,
        *,
        folder: Path | None,
        progress: Progress | None,
        block: int,
    ) -> None:
        self._store = store
        self._source = source
        self._session = session
        self._folder = folder
        self._progress = progress
        self._block = block
        self._landing = _LANDING_BLOCKS * block
        self._known = {entry.path: entry for entry in store.manifest.live_files() if entry.source == source.name}
        self._dead: set[int] = {file_id for members in store.manifest.landed().values() for file_id in members} - {
            entry.file_id for entry in store.manifest.live_files()
        }
        self._landings = [landing for landing in store.manifest.landings() if landing.source == source.name]
        self._fresh: list[tuple[Landing, set[int]]] = []
        self._waiting: dict[int, _File] = {}
        self._batch = Batch()
        self._reports: dict[Path, FileReport] = {}
        self._usual: Format | None = None

    def load(self, paths: Sequence[Path]) -> dict[Path, FileReport]:
        changed = []
        for path in paths:
            try:
                if not self._is_unchanged(path):
                    changed.append(path)
            except BadInput as error:
                self._refuse(path, error)
        self._usual = self._usual_format(changed)
        numbers = self._store.manifest.next_file_ids(len(changed)) if changed else range(0)
        for path, file_id in zip(changed, numbers, strict=True):
            try:
                self._read(path, file_id)
            except BadInput as error:
                if file_id in self._waiting:  # it began well: what came before is kept
                    self._waiting[file_id].reading.broken = error.message
                else:
                    self._refuse(path, error)
        self._settle()
        return self._reports

    def _is_unchanged(self, path: Path) -> bool:
        """Same size and time, or else the same content, read in the same way."""
        entry = self._known.get(self._name(path))
        if entry is None or entry.reading != self._source.reading:
            return False
        try:
            stat = path.stat()
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror or error}", where=str(path)) from error
        if stat.st_size != entry.size:
            return False
        if stat.st_mtime_ns != entry.mtime_ns:
            if _digest(path) != entry.sha256:
                return False
            self._store.manifest.touch(entry.file_id, mtime_ns=stat.st_mtime_ns)
        self._report(path, _report_of(entry, status="unchanged"))
        return True

    def _usual_format(self, paths: Sequence[Path]) -> Format | None:
        """The source's format: declared, or that of the first file that tells."""
        if self._source.format != "auto":
            return format_named(self._source.format)
        known = Counter(entry.format for entry in self._known.values() if entry.format != "auto")
        refusal: BadInput | None = None
        for path in paths:
            try:
                found = detect(_head(path, self._source), source=self._source, where=str(path))
            except BadInput as error:
                refusal = refusal or error
            else:
                if found is not None:
                    return found
        if known:
            return format_named(known.most_common(1)[0][0])
        if refusal is not None:
            raise refusal
        return None

    def _read(self, path: Path, file_id: int) -> None:
        name = self._name(path)
        reading = Reading()
        try:
            changed_at = path.stat().st_mtime_ns
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror or error}", where=str(path)) from error
        file = _File(path, name, file_id, changed_at, None, reading, name in self._known)
        old = self._known.get(name)
        blocks = read_blocks(path, reading, encoding=self._source.encoding, block=self._block)
        is_alone = False
        for block, lines in _ahead(_found(blocks), depth=max(1, self._landing // self._block)):
            if file.plan is None and len(lines):
                file.plan = self._plan(lines, path)
            if not block.is_last and not is_alone:
                self._settle()
                is_alone = True
            if file_id not in self._waiting:
                self._waiting[file_id] = file
                if old is not None:
                    self._dead.add(old.file_id)
            if file.plan is not None:
                is_torn = block.is_last and bool(reading.broken) and not block.data.endswith(b"\n")
                self._batch.add(lines, plan=file.plan, file_id=file_id, cut_off=is_torn)
            if self._batch.size >= self._landing:
                self._land()
        if is_alone or len(self._waiting) >= _TOGETHER or (self._batch.size == 0 and self._fresh):
            self._settle()

    def _plan(self, lines: Lines, path: Path) -> Plan:
        sample = [lines.text(index) for index in range(min(len(lines), _SAMPLE))]
        form = self._usual
        if self._source.format == "auto":
            try:
                form = detect(sample, source=self._source, where=str(path)) or form
            except BadInput:
                if form is None:
                    raise
        if form is None:
            raise BadInput("holds nothing to tell its format by", where=str(path), mend="name the format in the book")
        made = plan(form, sample, source=self._source)
        if form.name == "generic-csv" and made.header is None and not any(letter.isdigit() for letter in sample[0]):
            missing = sorted(
                set(form.dialect.signature) - {self._source.columns.get(name, name) for name in sample[0].split(",")}
            )
            raise BadInput(
                f"line 1: the header does not name {', '.join(missing)}", where=str(path),
                mend="map the file's own names in [sources.columns]",
            )  # fmt: skip
        return made

    def _land(self) -> None:
        """Write what is in the batch to one Parquet file, and count."""
        batch, self._batch = self._batch, Batch()
        for file_id, count in batch.read.items():
            self._waiting[file_id].read += count
        for file_id, count in batch.headers.items():
            self._waiting[file_id].headers += count
        self._reject(batch.rejects)
        with Statement(self._session, batch, source=self._source) as statement:
            if statement.is_empty:
                return
            name = f"{_slug(self._source.name)}-{min(batch.read)}-{len(self._fresh)}.parquet"
            target = self._store.calls / name
            part = target.with_suffix(".part")
            with self._session.as_written():
                ((rows,),) = self._session.rows(
                    f"COPY ({statement.good}) TO {sql.text(str(part))} (FORMAT parquet, "
                    f"COMPRESSION zstd, COMPRESSION_LEVEL 1, "
                    f"PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 5000, ROW_GROUP_SIZE {_ROW_GROUP})"
                )
            lines = sum(count for count in batch.read.values()) - sum(batch.headers.values()) - len(batch.rejects)
            if rows < lines:
                self._reject([Reject(*row) for row in self._session.rows(statement.bad)])
            if not rows:
                part.unlink()
                return
            _to_disk(part)
            part.rename(target)
            landing = self._measure(target, statement.columns, rows)
            if len(batch.read) == 1 and rows == lines:
                (file_id,) = batch.read
                self._count_alone(self._waiting[file_id], landing, statement.views)
            else:
                self._count(target)
            self._count_met_before(target, landing)
        self._fresh.append((landing, set(batch.read)))

    def _measure(self, target: Path, columns: Sequence[str], rows: int) -> Landing:
        """What a Parquet file spans."""
        ends = ["setup_at", *(name for name in ("setup_alt_at", "answer_at", "end_at") if name in columns)]
        if "duration_ms" in columns:
            base = "coalesce(answer_at, setup_at)" if "answer_at" in columns else "setup_at"
            ends.append(f"make_timestamp(epoch_us({base}) + 1000 * coalesce(duration_ms, 0))")
        called = [name for name in CALLED_SIDE if name in columns]
        lows, highs = (f"least({', '.join(called)})", f"greatest({', '.join(called)})") if called else ("NULL", "NULL")
        setups = "greatest(setup_at, setup_alt_at)" if "setup_alt_at" in columns else "setup_at"
        byes = "coalesce(bool_or(record_type = 'bye'), FALSE)" if "record_type" in columns else "FALSE"
        ((least, most, last, low, high, has_byes),) = self._session.rows(
            f"SELECT epoch_us(min(setup_at)), epoch_us(max({setups})), "  # noqa: S608
            f"epoch_us(max(greatest({', '.join(ends)}))), min({lows}), max({highs}), {byes} "
            f"FROM read_parquet({sql.text(str(target))})"
        )
        return Landing(0, self._source.name, target.name, rows, least, most, last, low, high, bool(has_byes))

    def _count_alone(self, file: _File, landing: Landing, views: Sequence[str]) -> None:
        """A block of one file without rejects: the hashes of its lines say how many are alike."""
        hashes = self._session.table(" UNION ALL ".join(f"SELECT hash(raw) AS h FROM {view}" for view in views))  # noqa: S608
        values = np.sort(hashes["h"].to_numpy())
        kept = 1 + int(np.count_nonzero(values[1:] != values[:-1]))
        file.kept += kept
        file.duplicates += landing.rows - kept
        ((last,),) = self._session.rows(
            f"SELECT epoch_us(max(setup_at)) FROM read_parquet({sql.text(str(self._store.calls / landing.name))})"  # noqa: S608
        )
        file.span(landing.min_setup, last)

    def _count(self, target: Path) -> None:
        """Files landed together: the first of equal lines is kept, in the order of files and lines."""
        for file_id, rows, duplicates, first, last in self._session.rows(
            "SELECT file_id, count(*), count(*) FILTER (WHERE seen > 1), "  # noqa: S608
            "epoch_us(min(setup_at)), epoch_us(max(setup_at)) FROM "
            "(SELECT file_id, setup_at, row_number() OVER (PARTITION BY raw ORDER BY file_id, line) AS seen "
            f"FROM read_parquet({sql.text(str(target))})) GROUP BY file_id"
        ):
            file = self._waiting[file_id]
            file.kept += rows - duplicates
            file.duplicates += duplicates
            file.span(first, last)

    def _count_met_before(self, target: Path, landing: Landing) -> None:
        """Lines that an earlier landing holds already are duplicates, too."""
        others = [*self._landings, *(fresh for fresh, _ in self._fresh)]
        near = [one for one in others if one.min_setup <= landing.max_setup and one.max_setup >= landing.min_setup]
        if not near:
            return
        listed = ", ".join(sql.text(str(self._store.calls / one.name)) for one in near)
        least = max(landing.min_setup, min(one.min_setup for one in near))
        most = min(landing.max_setup, max(one.max_setup for one in near))
        alive = f" AND file_id NOT IN {sql.numbers(sorted(self._dead))}" if self._dead else ""
        span = f"setup_at BETWEEN make_timestamp({least}) AND make_timestamp({most})"
        for file_id, known in self._session.rows(
            f"SELECT file_id, count(DISTINCT raw) FROM read_parquet({sql.text(str(target))}) WHERE {span} AND raw IN "  # noqa: S608
            f"(SELECT raw FROM read_parquet([{listed}], union_by_name = true) WHERE {span}{alive}) "
            "GROUP BY file_id"
        ):
            file = self._waiting[file_id]
            file.kept -= known
            file.duplicates += known

    def _reject(self, rejects: Iterable[Reject]) -> None:
        for reject in rejects:
            file = self._waiting[reject.file_id]
            file.reasons[reject.reason] += 1
            if file.sheet is None:
                path = self._store.rejects / f"{file.file_id}.csv.part"
                file.sheet = path.open("w", newline="", encoding="utf-8")
                csv.writer(file.sheet).writerow(("file", "line", "reason", "words", "raw"))
            csv.writer(file.sheet).writerow((file.name, reject.line, reject.reason, REASONS[reject.reason], reject.raw))

    def _settle(self) -> None:
        """Land what is left and let everything read so far count."""
        if self._batch.read:
            self._land()
        if not self._waiting:
            return
        entries: list[FileEntry] = []
        for file in self._waiting.values():
            if file.sheet is not None:
                file.sheet.close()
                part = self._store.rejects / f"{file.file_id}.csv.part"
                part.rename(self._store.rejects / f"{file.file_id}.csv")
            entries.append(self._entry(file))
        _to_disk(self._store.calls)
        gone = self._store.manifest.commit(entries, self._fresh)
        for name in gone:
            (self._store.calls / name).unlink(missing_ok=True)
        for file, entry in zip(self._waiting.values(), entries, strict=True):
            status = "replaced" if file.was_known else "loaded"
            sheet = str(self._store.rejects / f"{file.file_id}.csv") if file.reasons else None
            self._report(file.path, _report_of(entry, status=status, reasons=file.reasons, reject_file=sheet))
        self._landings = [one for one in self._landings if one.name not in gone] + [one for one, _ in self._fresh]
        self._fresh, self._waiting = [], {}

    def _entry(self, file: _File) -> FileEntry:
        form = file.plan.format if file.plan else self._usual
        return FileEntry(
            file_id=file.file_id,
            source=self._source.name,
            path=file.name,
            size=file.reading.size,
            mtime_ns=file.mtime_ns,
            sha256=file.reading.sha256,
            reading=self._source.reading,
            format=form.name if form else "auto",
            grade=form.dialect.grade if form else "assumed",
            encoding=file.reading.encoding,
            header=file.plan.header if file.plan else None,
            read=file.read,
            kept=file.kept,
            rejected=file.reasons.total(),
            duplicates=file.duplicates,
            headers=file.headers,
            first_at=file.first,
            last_at=file.last,
            broken=file.reading.broken,
            is_live=True,
        )

    def _refuse(self, path: Path, error: BadInput) -> None:
        """A file of which nothing can be used costs no other file; it is tried again next time."""
        said = f"{error.message} ({error.mend})" if error.mend else error.message
        self._report(path, FileReport(self._name(path), "refused", "", "", "", 0, 0, 0, 0, 0, None, None, said))

    def _report(self, path: Path, report: FileReport) -> None:
        self._reports[path] = report
        if self._progress is not None:
            self._progress(report)

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix() if self._folder else str(path)


def _found(blocks: Iterator[Block]) -> Iterator[tuple[Block, Lines]]:
    number = 1
    for block in blocks:
        lines = find_lines(block.data, first_number=number)
        number += lines.counted
        yield block, lines


def _ahead(items: Iterator[_T], *, depth: int) -> Iterator[_T]:
    """The same items, up to ``depth`` of them made while others are worked on."""
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(next, items, None) for _ in range(depth))
        while (item := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, items, None))
            yield item


def _head(path: Path, source: Source) -> list[str]:
    """The first lines of a file."""
    for block in read_blocks(path, Reading(), encoding=source.encoding, block=_SAMPLE_BYTES):
        lines = find_lines(block.data)
        return [lines.text(index) for index in range(min(len(lines), _SAMPLE))]
    return []


def _report_of(
    entry: FileEntry, *, status: str, reasons: Counter[str] | None = None, reject_file: str | None = None
) -> FileReport:
    return FileReport(
        path=entry.path,
        status=status,
        format=entry.format,
        grade=entry.grade,
        encoding=entry.encoding,
        read=entry.read,
        kept=entry.kept,
        rejected=entry.rejected,
        duplicates=entry.duplicates,
        headers=entry.headers,
        first_at=instant(entry.first_at),
        last_at=instant(entry.last_at),
        broken=entry.broken,
        reasons=dict(reasons or {}),
        reject_file=reject_file,
    )


def instant(microseconds: int | None) -> datetime | None:
    """Microseconds UTC as an aware instant."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _slug(name: str) -> str:
    """A source's name as part of a file name; two names may give one slug, the numbers that follow do not."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)[:40] or "source"


def _to_disk(path: Path) -> None:
    """Make what was written to a file, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
