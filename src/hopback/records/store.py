"""A provider's calls on disk, and finding one.

A store is a folder: Parquet files of calls, a manifest that picks the few a question needs, and reject
files. Everything that comes back is aware UTC. Equal lines of a source are one record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self

from hopback.kernel.calls import CallRecord
from hopback.kernel.errors import BadInput
from hopback.records.formats.layout import Fields, Layout
from hopback.records.formats.registry import Plan, format_named, plan, split
from hopback.records.manifest import Manifest
from hopback.records.schema import CALLED_SIDE, CALLING_SIDE, COLUMNS, TIMES, Source, record_id
from hopback.tables import sql
from hopback.tables.sessions import open_session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from hopback.records.manifest import FileEntry, Landing
    from hopback.tables.engines.duckdb import DuckDB

__all__ = ["Coverage", "EpochShift", "Store"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_READING: Final = timedelta(hours=3)
"""No clock goes back by more at once."""
_LONGEST_CALL: Final = timedelta(hours=48)
"""How long after its INVITE a BYE is looked for."""
_SMALL: Final = 250_000
"""Rows up to which a store is held in memory once it was asked."""
_TEN: Final = 10**10


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a source's records cover.

    ``rows`` are all records kept, ``rows_in_window`` the calls set up in the window asked about, ``empty_hours`` the
    starts (UTC) of the hours inside both window and records that have none.
    """

    source: str
    format: str
    files: int
    rows: int
    first_at: datetime | None
    last_at: datetime | None
    rows_in_window: int
    empty_hours: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class EpochShift:
    """How far a source's local stamps stood from its zone-free clock on a UTC day: ``calls`` records by ``seconds``."""

    source: str
    day: date
    seconds: int
    calls: int


class Store:
    """Call records in ``folder``. Open one with :meth:`open`; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.rejects = folder / "rejects"
        self.manifest = Manifest(folder / "manifest.sqlite")
        self._session: DuckDB | None = None
        self._version: tuple[int, int] | None = None
        self._files: dict[int, FileEntry] = {}
        self._landings: list[Landing] = []
        self._dead: dict[str, set[int]] = {}
        self._is_held = False
        self._plans: dict[int, Plan] = {}

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a store, making its folder if need be. Raises :class:`BadInput` where that cannot be one."""
        try:
            for part in ("calls", "rejects", "spill"):
                (folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"cannot hold a store: {error.strerror or error}",
                where=str(folder),
                mend="name a folder that can be written",
            ) from error
        return cls(folder)

    def close(self) -> None:
        """Give memory and files back."""
        if self._session is not None:
            self._session.close()
            self._session = None
        self.manifest.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- asking ---------------------------------------------------------------------------------------------

    def find(
        self, called: Iterable[int], *, start: datetime, end: datetime, sources: Collection[str] | None = None
    ) -> list[CallRecord]:
        """Every call set up in ``[start, end]`` that shows one of these numbers on its called side, in order of time.

        A number is met by an equal one in any column of :data:`hopback.records.schema.CALLED_SIDE`, or by one with
        the same last ten digits, since a prefix may have been put before it. Both readings of a repeated local hour
        count.
        """
        return self._find(CALLED_SIDE, called, start=start, end=end, sources=sources)

    def find_calling(
        self, calling: Iterable[int], *, start: datetime, end: datetime, sources: Collection[str] | None = None
    ) -> list[CallRecord]:
        """Like :meth:`find`, by the numbers on the calling side."""
        return self._find(CALLING_SIDE, calling, start=start, end=end, sources=sources)

    def by_call_ids(self, sip_call_ids: Iterable[str]) -> list[CallRecord]:
        """Every call that has one of these SIP Call-IDs on either side, in order of time."""
        self._refresh()
        wanted = ", ".join(sql.text(one) for one in sorted(set(sip_call_ids)))
        if not wanted:
            return []
        return self._records(self._landings, f"(sip_call_id_in IN ({wanted}) OR sip_call_id_out IN ({wanted}))")

    def coverage(self, start: datetime, end: datetime) -> dict[str, Coverage]:
        """What each source's records cover, and the hours of the window in which it has none."""
        self._refresh()
        covered: dict[str, Coverage] = {}
        for name in self.sources():
            files = [entry for entry in self._files.values() if entry.source == name]
            firsts = [entry.first_at for entry in files if entry.first_at is not None]
            lasts = [entry.last_at for entry in files if entry.last_at is not None]
            picked = self._picked(start, end, (name,))
            hours: dict[datetime, int] = {}
            if picked:
                for hour, calls in self._ask(
                    picked,
                    "SELECT epoch_us(date_trunc('hour', setup_at)), count(*) FROM calls "  # noqa: S608
                    f"WHERE {_between(start, end)} GROUP BY 1",
                ):
                    hours[_instant(hour)] = calls
            first = _instant(min(firsts)) if firsts else None
            last = _instant(max(lasts)) if lasts else None
            covered[name] = Coverage(
                source=name,
                format=files[0].format,
                files=len(files),
                rows=sum(entry.kept for entry in files),
                first_at=first,
                last_at=last,
                rows_in_window=sum(hours.values()),
                empty_hours=_empty_hours(start, end, hours, first, last),
            )
        return covered

    def epoch_shifts(self) -> list[EpochShift]:
        """How far stamps stand from the zone-free clock of the same record, by source, day and whole seconds.

        Only sources whose records carry such a clock appear (``epoch_at``). A wrong zone shows as one large shift.
        """
        self._refresh()
        found: list[EpochShift] = []
        for name in self.sources():
            picked = [landing for landing in self._landings if landing.source == name]
            if not picked:
                continue
            for day, seconds, calls in self._ask(
                picked,
                "SELECT CAST(setup_at AS DATE) AS day, "
                "CAST(round((epoch_us(setup_at) - epoch_us(epoch_at)) / 1e6) AS BIGINT) AS seconds, "
                "count(*) FROM calls WHERE epoch_at IS NOT NULL GROUP BY ALL ORDER BY ALL",
            ):
                found.append(EpochShift(name, day, seconds, calls))
        return found

    def without_unanswered(self) -> tuple[str, ...]:
        """The sources that have calls but not one unanswered: their switches may not log those."""
        self._refresh()
        silent = []
        for name in self.sources():
            picked = [landing for landing in self._landings if landing.source == name]
            if picked and self._ask(picked, "SELECT count(*) FILTER (NOT answered), count(*) FROM calls")[0][0] == 0:
                silent.append(name)
        return tuple(silent)

    def sources(self) -> tuple[str, ...]:
        """The names of the sources that were loaded."""
        self._refresh()
        return tuple(sorted({entry.source for entry in self._files.values()}))

    def files(self) -> tuple[FileEntry, ...]:
        """Every file that counts, by source and path."""
        self._refresh()
        return tuple(self._files.values())

    @property
    def end(self) -> datetime | None:
        """The latest instant any record speaks of; None where there is none."""
        self._refresh()
        return max((_instant(landing.max_last) for landing in self._landings), default=None)

    # -- keeping --------------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Remove what a broken-off loading left behind. Only for the one process that loads."""
        named = {landing.name for landing in self.manifest.landings()}
        for path in self.calls.iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)
        for path in self.rejects.glob("*.part"):
            path.unlink(missing_ok=True)

    # -- inside ---------------------------------------------------------------------------------------------

    def _find(
        self,
        columns: Sequence[str],
        wanted: Iterable[int],
        *,
        start: datetime,
        end: datetime,
        sources: Collection[str] | None,
    ) -> list[CallRecord]:
        self._refresh()
        numbers = sorted(set(wanted))
        if not numbers:
            return []
        whole = sql.numbers(numbers)
        ends = sql.numbers(sorted({number % _TEN for number in numbers if number % _TEN >= 2 * 10**9}))
        either = sql.any_of(f"{column} IN {whole} OR {column} % {_TEN} IN {ends}" for column in columns)
        return self._records(self._picked(start, end, sources), f"{_between(start, end)} AND {either}")

    def _picked(self, start: datetime, end: datetime, sources: Collection[str] | None) -> list[Landing]:
        first, last = _microseconds(start), _microseconds(end)
        return [
            landing
            for landing in self._landings
            if landing.min_setup <= last
            and landing.max_setup >= first
            and (sources is None or landing.source in sources)
        ]

    def _refresh(self) -> None:
        """See what other processes loaded since."""
        version = self.manifest.version
        if version == self._version:
            return
        self._version = version
        self._files = {entry.file_id: entry for entry in self.manifest.live_files()}
        self._landings = self.manifest.landings()
        landed = self.manifest.landed()
        self._dead = {
            landing.name: landed.get(landing.landing_id, set()) - self._files.keys() for landing in self._landings
        }
        self._plans = {}
        if self._is_held:
            self._engine().run("DROP TABLE held")
            self._is_held = False

    def _engine(self) -> DuckDB:
        if self._session is None:
            self._session = open_session(memory_limit="2GB", threads=2, spill=self.folder / "spill")
            listed = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
            self._session.run(f"CREATE TABLE nothing ({listed})")
        return self._session

    def _hold(self) -> bool:
        """Hold a small store in memory."""
        if not self._is_held and 0 < sum(landing.rows for landing in self._landings) <= _SMALL:
            self._engine().run(f"CREATE TABLE held AS SELECT * FROM ({self._union(self._landings)}) ORDER BY setup_at")  # noqa: S608
            self._is_held = True
        return self._is_held

    def _union(self, landings: Sequence[Landing]) -> str:
        listed = ", ".join(sql.text(str(self.calls / landing.name)) for landing in landings)
        dead = set().union(*(self._dead[landing.name] for landing in landings))
        alive = f" WHERE file_id NOT IN {sql.numbers(sorted(dead))}" if dead else ""
        landed = f"SELECT * FROM read_parquet([{listed}], union_by_name = true){alive}"  # noqa: S608
        return f"SELECT * FROM nothing UNION ALL BY NAME {landed}"  # noqa: S608

    def _ask(self, landings: Sequence[Landing], question: str) -> list[tuple[Any, ...]]:
        """Answer SQL over ``calls``: the distinct records of these landings, BYEs left out."""
        rows = self._base(landings)
        whose = {entry.file_id: entry.source for entry in self._files.values()}
        names = sorted(set(whose.values()))
        same = sql.steps("file_id", *_source_steps(whose, names))
        return self._engine().rows(
            f"WITH calls AS (SELECT * FROM {rows} WHERE record_type IS DISTINCT FROM 'bye' "  # noqa: S608
            f"QUALIFY row_number() OVER (PARTITION BY setup_at, raw, {same} ORDER BY file_id, line) = 1) {question}"
        )

    def _base(self, landings: Sequence[Landing]) -> str:
        if self._hold():
            members = sorted({file_id for landing in landings for file_id in self._members(landing)})
            if len(members) == len(self._files):
                return "held"
            return f"(SELECT * FROM held WHERE file_id IN {sql.numbers(members)})"  # noqa: S608
        return f"({self._union(landings)})"

    def _members(self, landing: Landing) -> set[int]:
        return {entry.file_id for entry in self._files.values() if entry.source == landing.source}

    def _records(self, landings: Sequence[Landing], condition: str) -> list[CallRecord]:
        if not landings:
            return []
        listed = ", ".join(f"epoch_us({name})" if name in TIMES else name for name in COLUMNS)
        question = f"SELECT {listed} FROM {self._base(landings)} WHERE {condition} ORDER BY setup_at, file_id, line"  # noqa: S608
        kept: dict[tuple[str, str], dict[str, Any]] = {}
        byes: list[dict[str, Any]] = []
        for values in self._engine().rows(question):
            row = dict(zip(COLUMNS, values, strict=True))
            source = self._files[row["file_id"]].source
            if row["record_type"] == "bye":
                continue
            kept.setdefault((source, row["raw"]), row)
        rows = list(kept.values())
        byes = self._byes([row for row in rows if row["record_type"] == "invite" and row["answered"]])
        rows = self._without_starts(rows)
        return [self._record(row, byes) for row in rows]

    def _without_starts(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """A START says that a call is going on; once its STOP, of the same source, is there it says nothing more."""
        stopped = {self._switch_call(row) for row in rows if row["record_type"] == "stop"} - {None}
        return [row for row in rows if row["record_type"] != "start" or self._switch_call(row) not in stopped]

    def _switch_call(self, row: dict[str, Any]) -> tuple[str, str] | None:
        """A switch's own name for a call, which another switch may use for another; None where it gave none."""
        name = row["switch_call_id"]
        return None if name is None else (self._files[row["file_id"]].source, name)

    def _byes(self, invites: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The BYE rows of answered INVITEs, wherever they were written."""
        if not invites:
            return []
        first = min(row["setup_at"] for row in invites)
        last = max(row["setup_at"] for row in invites) + _LONGEST_CALL // timedelta(microseconds=1)
        names = {self._files[row["file_id"]].source for row in invites}
        picked = [
            landing for landing in self._landings
            if landing.has_byes and landing.source in names and landing.min_setup <= last and landing.max_setup >= first
        ]  # fmt: skip
        if not picked:
            return []
        ids = ", ".join(sorted({sql.text(row["sip_call_id_in"] or "") for row in invites}))
        rows = self._engine().rows(
            "SELECT file_id, sip_call_id_in, from_tag, to_tag, epoch_us(setup_at) "  # noqa: S608
            f"FROM {self._base(picked)} WHERE record_type = 'bye' AND sip_call_id_in IN ({ids}) "
            f"AND setup_at BETWEEN make_timestamp({first}) AND make_timestamp({last}) ORDER BY setup_at"
        )
        return [dict(zip(("file_id", "call_id", "from_tag", "to_tag", "at"), row, strict=True)) for row in rows]

    def _record(self, row: dict[str, Any], byes: Sequence[dict[str, Any]]) -> CallRecord:
        entry = self._files[row["file_id"]]
        end, duration = row["end_at"], row["duration_ms"]
        if row["record_type"] == "invite" and row["answered"]:
            end = next((bye["at"] for bye in byes if self._ends(bye, row)), end)
            if end is not None and row["answer_at"] is not None:
                duration = (end - row["answer_at"]) // 1000
            if end is not None and row["setup_alt_at"] is not None and row["setup_alt_at"] <= end:
                end = duration = None  # clocks went back: an hour more or less, and nothing here says which
        return CallRecord(
            record_id=record_id(entry.source, row["raw"]),
            source=entry.source,
            format=entry.format,
            file=entry.path,
            line=row["line"],
            raw=row["raw"],
            setup_at=_instant(row["setup_at"]),
            called={name: row[name] for name in CALLED_SIDE if row[name] is not None},
            calling={name: row[name] for name in CALLING_SIDE if row[name] is not None},
            setup_alt_at=_instant_or_none(row["setup_alt_at"]),
            epoch_at=_instant_or_none(row["epoch_at"]),
            is_naive=bool(row["is_naive"]),
            answer_at=_instant_or_none(row["answer_at"]),
            end_at=_instant_or_none(end),
            duration_s=None if duration is None else duration / 1000,
            answered=row["answered"],
            call_group_id=row["call_group_id"],
            record_type=row["record_type"],
            attempt_no=row["attempt_no"],
            is_final=row["is_final"],
            lrn=row["lrn"],
            ingress_trunk=row["ingress_trunk"],
            ingress_ip=row["ingress_ip"],
            egress_trunk=row["egress_trunk"],
            egress_ip=row["egress_ip"],
            customer_id=row["customer_id"],
            sip_call_id_in=row["sip_call_id_in"],
            sip_call_id_out=row["sip_call_id_out"],
            extras=self._extras(entry, row["raw"]),
        )

    def _ends(self, bye: dict[str, Any], invite: dict[str, Any]) -> bool:
        """Whether a BYE belongs to an INVITE: the same dialog (RFC 3261 section 12), whoever hung up."""
        return (
            bye["call_id"] == invite["sip_call_id_in"]
            and self._files[bye["file_id"]].source == self._files[invite["file_id"]].source
            and {bye["from_tag"], bye["to_tag"]} == {invite["from_tag"], invite["to_tag"]}
            and bye["at"] >= invite["setup_at"]
        )

    def _extras(self, entry: FileEntry, raw: str) -> dict[str, str]:
        """The columns of a line that feed no canonical one, and are not empty."""
        if entry.format == "auto":
            return {}
        form = format_named(entry.format)
        made = self._plans.get(entry.file_id)
        if made is None:
            if form.dialect.has_header and entry.header is not None:
                names = tuple(name.strip() for name in split(entry.header, form.dialect))
                made = Plan(form, (Layout(names, len(names), len(names)),), entry.header)
                self._plans[entry.file_id] = made
            else:
                made = plan(form, [raw], source=Source(entry.source))
        used = _used(form.name, made.layouts)
        return {name: value for name, value in made.named(raw).items() if value and name not in used}


@cache
def _used(name: str, layouts: tuple[Layout, ...]) -> frozenset[str]:
    """The columns that some canonical column is made from."""
    form, used = format_named(name), set[str]()
    for layout in layouts:

        def note(index: int, layout: Layout = layout) -> str:
            used.add(layout.columns[index])
            return "c"

        form.values(Fields(form.dialect, layout, Source("any"), note))
    return frozenset(used)


def _source_steps(whose: dict[int, str], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Bounds and results of the step function from a file's number to its source's place in ``names``."""
    bounds: list[str] = []
    results: list[str] = []
    for file_id in sorted(whose):
        place = str(names.index(whose[file_id]))
        if not results:
            results.append(place)
        elif results[-1] != place:
            bounds.append(str(file_id))
            results.append(place)
    return bounds, results or ["0"]


def _between(start: datetime, end: datetime) -> str:
    """SQL: set up in the window by either reading; the first condition lets whole row groups be skipped."""
    first, last = f"make_timestamp({_microseconds(start)})", f"make_timestamp({_microseconds(end)})"
    widest = f"make_timestamp({_microseconds(start - _SECOND_READING)})"
    return (
        f"(setup_at BETWEEN {widest} AND {last} AND (setup_at >= {first} OR setup_alt_at BETWEEN {first} AND {last}))"
    )


def _empty_hours(
    start: datetime, end: datetime, hours: dict[datetime, int], first: datetime | None, last: datetime | None
) -> tuple[datetime, ...]:
    if first is None or last is None:
        return ()
    hour = max(start, first).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    empty: list[datetime] = []
    while hour <= min(end, last):
        if hour not in hours:
            empty.append(hour)
        hour += timedelta(hours=1)
    return tuple(empty)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _instant_or_none(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _instant(microseconds)
