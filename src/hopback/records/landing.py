"""Lines of one plan turned into canonical rows, and rejects told apart with a reason each.

Lines go into SQL as Arrow views of the bytes that were read. Where nothing is quoted, SQL splits them itself; quoted
lines go through Arrow's CSV parser after their quotes were found sound. From there on everything is one statement:
texts, dialled digits, numbers and instants, the reason to reject, the order of time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv

from hopback.records import spellings, zones
from hopback.records.formats.layout import Fields, Iso, Local, Utc
from hopback.records.schema import CALLED_SIDE, COLUMNS, NUMBERS, TIMES
from hopback.tables import sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from hopback.records.formats.layout import Layout
    from hopback.records.formats.registry import Plan
    from hopback.records.lines import Lines
    from hopback.records.schema import Source
    from hopback.tables.engines.duckdb import DuckDB

__all__ = ["REASONS", "Batch", "Reject", "Statement"]

REASONS: Final[Mapping[str, str]] = {
    "broken_quotes": "a quote is left open or stands where none may",
    "wrong_column_count": "the line does not have the columns of its kind",
    "unreadable_time": "the set-up time cannot be read",
    "no_called_number": "no called number can be read",
    "not_a_call_record": "the switch wrote something here that is no call",
    "cut_off": "the file breaks off inside this line",
}
"""Why a line is no record: the code and its words."""

_SAMPLED: Final = 512
_WORTH_LOOKING: Final = 100
_RARE: Final = 50
"""One line in so many is looked at to see whether a file came in the order of time."""
_MANY: Final = 50
"""So many lines with another count of columns are a change of configuration; fewer are accidents."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is no record, and why (a key of :data:`REASONS`)."""

    file_id: int
    line: int
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines of one layout as an Arrow table; ``is_split`` when their columns already stand in it."""

    plan: Plan
    layout: Layout
    is_split: bool
    table: Any


@dataclass(slots=True)
class Batch:
    """Lines of one or more files of a source, sorted out by kind, ready to be landed together."""

    parts: list[_Part] = field(default_factory=list)
    samples: list[_Part] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    read: dict[int, int] = field(default_factory=dict)
    headers: dict[int, int] = field(default_factory=dict)
    size: int = 0
    is_shuffled: bool = False

    def add(self, lines: Lines, *, plan: Plan, file_id: int, cut_off: bool = False) -> None:
        """Sort the lines of one block of one file; ``cut_off`` says that its last line is torn."""
        self.size += len(lines.data)
        self.read[file_id] = self.read.get(file_id, 0) + len(lines)
        dialect = plan.format.dialect
        if cut_off and len(lines):
            self._reject(lines.only(np.array([len(lines) - 1])), file_id=file_id, reason="cut_off")
            lines = lines.only(slice(0, len(lines) - 1))
        if plan.header is not None and len(lines):
            banner = dialect.banner.encode()
            is_header = lines.starting_with(banner) if banner else lines.equal_to(plan.header.encode())
            if is_header.any():
                self.headers[file_id] = self.headers.get(file_id, 0) + int(is_header.sum())
                lines = lines.only(slice(1, None)) if is_header.sum() == 1 and is_header[0] else lines.only(~is_header)
        if not len(lines):
            return
        has_quotes = dialect.quoted and b'"' in lines.data
        has_escapes = bool(dialect.escape) and dialect.escape.encode() in lines.data
        only = plan.layouts[0]
        if len(plan.layouts) == 1 and only.least == only.most and not has_quotes and not has_escapes:
            self.parts.append(_Part(plan, only, is_split=False, table=_table(lines, file_id)))
            sample = _table(lines.only(slice(None, None, _SAMPLED)), file_id)
            self.samples.append(_Part(plan, only, is_split=False, table=sample))
            return
        self.is_shuffled = True
        self._sort(lines, plan=plan, file_id=file_id, is_plain=not has_quotes and not has_escapes)

    def _sort(self, lines: Lines, *, plan: Plan, file_id: int, is_plain: bool) -> None:
        dialect = plan.format.dialect
        counts, sound = lines.columns(delimiter=dialect.delimiter, quoted=dialect.quoted, escape=dialect.escape)
        self._reject(lines.only(~sound), file_id=file_id, reason="broken_quotes")
        left = sound.copy()
        known = np.zeros(len(lines), np.bool_)
        usual: set[tuple[str | None, int]] = set()
        for layout in plan.layouts:
            mine = sound & (counts >= layout.least) & (counts <= layout.most)
            if layout.first is not None:
                of_type = _begin_with(lines, layout.first, dialect.delimiter)
                known |= of_type
                mine &= of_type
            for count in _usual_counts(counts[mine]):
                if (layout.first, count) in usual:
                    continue
                usual.add((layout.first, count))
                picked = mine & (counts == count) & left
                left &= ~picked
                exact = layout.with_count(count)
                chosen = lines.only(picked)
                table = _table(chosen, file_id)
                if not is_plain:
                    table = _with_columns(table, chosen, exact, plan)
                self.parts.append(_Part(plan, exact, is_split=not is_plain, table=table))
        has_types = any(layout.first is not None for layout in plan.layouts)
        strangers = left & ~known if has_types else np.zeros_like(left)
        letters = lines.only(strangers)
        self._reject(letters, file_id=file_id, reason="not_a_call_record")
        self._reject(lines.only(left & ~strangers), file_id=file_id, reason="wrong_column_count")

    def _reject(self, lines: Lines, *, file_id: int, reason: str) -> None:
        for index in range(len(lines)):
            self.rejects.append(Reject(file_id, int(lines.numbers[index]), reason, lines.text(index)))


def _usual_counts(counts: NDArray[np.int64]) -> list[int]:
    """Counts of columns that are no accident: the most frequent one, and any with many lines."""
    values, times = np.unique(counts, return_counts=True)
    if not len(values):
        return []
    most = int(times.max())
    usual = int(values[times == most].max())
    return [int(value) for value, count in zip(values, times, strict=True) if value == usual or count >= _MANY]


def _begin_with(lines: Lines, first: str, delimiter: str) -> NDArray[np.bool_]:
    plain = lines.starting_with(f"{first}{delimiter}".encode())
    return plain | lines.starting_with(f'"{first}"{delimiter}'.encode())


def _table(lines: Lines, file_id: int) -> Any:
    return pa.table(
        {
            "file_id": pa.array(np.full(len(lines), file_id, np.int32)),
            "line": pa.array(lines.numbers),
            "raw": lines.as_arrow(),
        }
    )


def _with_columns(table: Any, lines: Lines, layout: Layout, plan: Plan) -> Any:
    dialect = plan.format.dialect
    names = [f"c{index}" for index in range(len(layout.columns))]
    parsed = pyarrow.csv.read_csv(
        pa.BufferReader(lines.joined()),
        read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=4 << 20),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char='"' if dialect.quoted else False,
            escape_char=dialect.escape or False,
            newlines_in_values=False,
            ignore_empty_lines=False,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), check_utf8=False, strings_can_be_null=False
        ),
    )
    for name in names:
        table = table.append_column(name, parsed[name])
    return table


class Statement:
    """The SQL that turns a batch into canonical rows, for one source.

    Use it in a ``with`` block: it shows the batch's tables to the session and hides them again.
    Rows come in the order of set-up, or as the switch wrote them where a sample shows that this is nearly the same: a
    row group then spans as little time, and sorting costs as much as all the rest.
    """

    def __init__(self, session: DuckDB, batch: Batch, *, source: Source) -> None:
        self._session = session
        self._source = source
        self._shown: list[str] = []
        self._columns: set[str] = set()
        self._all = self._show(batch.parts, "lines")
        self.is_empty = not batch.parts
        self._order = "" if self._is_ordered(batch) else " ORDER BY setup_at"

    def _show(self, parts: Sequence[_Part], called: str) -> str:
        """Show lines to the session, one table for each layout; SQL for their rows."""
        grouped: dict[tuple[str, Layout, bool], list[_Part]] = {}
        for part in parts:
            grouped.setdefault((part.plan.format.name, part.layout, part.is_split), []).append(part)
        selects: list[str] = []
        for number, alike in enumerate(grouped.values()):
            name = f"{called}_{number}"
            self._session.show(name, pa.concat_tables([part.table for part in alike]))
            self._shown.append(name)
            selects.append(f"({self._select(name, alike[0])})")
        return " UNION ALL BY NAME ".join(selects)

    def _is_ordered(self, batch: Batch) -> bool:
        lines = sum(part.table.num_rows for part in batch.samples)
        if batch.is_shuffled or lines < _WORTH_LOOKING:
            return False
        rows = self._show(batch.samples, "samples")
        times = [at for (at,) in self._session.rows(f"SELECT epoch_us(setup_at) FROM ({rows}) WHERE is_good")]  # noqa: S608
        backwards = sum(bool(later < earlier) for earlier, later in pairwise(times))
        return backwards * _RARE <= len(times)

    def __enter__(self) -> Statement:  # noqa: PYI034 -- not to be subclassed
        return self

    def __exit__(self, *error: object) -> None:
        for name in self._shown:
            self._session.hide(name)

    @property
    def columns(self) -> tuple[str, ...]:
        """The canonical columns this batch can fill, in the schema's order."""
        return tuple(column for column in COLUMNS if column in self._columns)

    @property
    def good(self) -> str:
        """SQL for the rows that are calls."""
        listed = ", ".join(self.columns)
        return f"SELECT {listed} FROM ({self._all}) WHERE is_good{self._order}"  # noqa: S608

    @property
    def bad(self) -> str:
        """SQL for the rows that are not: ``file_id, line, reject, raw``."""
        return f"SELECT file_id, line, reject, raw FROM ({self._all}) WHERE NOT is_good ORDER BY file_id, line"  # noqa: S608

    @property
    def views(self) -> tuple[str, ...]:
        """Names under which the lines are shown, each with ``raw``."""
        return tuple(name for name in self._shown if name.startswith("lines"))

    def _select(self, view: str, part: _Part) -> str:
        layout, dialect = part.layout, part.plan.format.dialect
        inner = f"SELECT * FROM {view}"  # noqa: S608
        if not part.is_split:
            columns = ", ".join(f"f[{index + 1}] AS c{index}" for index in range(len(layout.columns)))
            inner = (
                f"SELECT file_id, line, raw, len(f) AS columns, {columns} FROM "  # noqa: S608
                f"(SELECT file_id, line, raw, string_split(raw, {sql.text(dialect.delimiter)}) AS f FROM {view})"
            )

        def of(index: int) -> str:
            return f"c{index}"

        fields = Fields(dialect, layout, self._source, of)
        values = part.plan.format.values(fields)
        count_is_wrong = "FALSE" if part.is_split else f"columns <> {len(layout.columns)}"
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        reject = texts.pop("reject", "NULL::VARCHAR")
        first = ["file_id", "line", "raw", f"{count_is_wrong} AS count_is_wrong", f"{reject} AS rejected"]
        first += [f"{value} AS {name}" for name, value in texts.items()]
        first += [f"{_moment(value)} AS {name}" for name, value in values.items() if not isinstance(value, str)]
        first += [
            f"{fields.has_offset(value.text)} AS {name}__o" for name, value in values.items() if isinstance(value, Iso)
        ]
        numbers = [name for name in NUMBERS if name in texts]
        home, area = self._source.home_country, self._source.area_code
        valued = [f"{spellings.value(name)} AS {name}__v" for name in numbers]
        plain = [f"{spellings.is_plain(f'{name}__v', name)} AS {name}__p" for name in numbers]
        second = [f"{spellings.dialled(f'{name}__p', name, home_country=home)} AS {name}__d" for name in numbers]
        third = ["file_id", "line", "raw", "count_is_wrong", "rejected"]
        third += [name for name in texts if name not in numbers]
        for name in numbers:
            read = spellings.number(f"{name}__v", f"{name}__p", f"{name}__d", name, home_country=home, area_code=area)
            if name == "lrn":
                called = [spellings.routing(f"{other}__p", other) for other in CALLED_SIDE if other in numbers]
                read = sql.first_of([read, *called])
            third.append(f"{read} AS {name}")
        if "lrn" not in numbers:
            routed = [spellings.routing(f"{other}__p", other) for other in CALLED_SIDE if other in numbers]
            third.append(f"{sql.first_of(routed)}::BIGINT AS lrn")
            self._columns.add("lrn")
        third += self._instants(values)
        self._columns |= {"file_id", "line", "raw", "is_naive", *texts, *(name for name in values if name in TIMES)}
        self._columns.discard("reject")
        called = [name for name in CALLED_SIDE if name in numbers]
        is_bye = "record_type = 'bye'" if "record_type" in texts else "FALSE"
        no_called = f"(coalesce({', '.join(called)}) IS NULL AND NOT coalesce({is_bye}, FALSE))" if called else "TRUE"
        fourth = (
            f"(NOT count_is_wrong AND rejected IS NULL AND setup_at IS NOT NULL AND NOT {no_called}) AS is_good, "
            "CASE WHEN count_is_wrong THEN 'wrong_column_count' WHEN rejected IS NOT NULL THEN rejected "
            f"WHEN setup_at IS NULL THEN 'unreadable_time' WHEN {no_called} THEN 'no_called_number' END AS reject"
        )
        stages = f"SELECT {', '.join(first)} FROM ({inner})"  # noqa: S608
        for stage in (valued, plain, second):
            if stage:
                stages = f"SELECT *, {', '.join(stage)} FROM ({stages})"  # noqa: S608
        stages = f"SELECT {', '.join(third)} FROM ({stages})"  # noqa: S608
        return f"SELECT *, {fourth} FROM ({stages})"  # noqa: S608

    def _instants(self, values: Mapping[str, object]) -> list[str]:
        """Times to UTC; only the set-up keeps its second reading."""
        zone = self._source.time_zone
        said: list[str] = []
        for name, value in values.items():
            if isinstance(value, Utc) or (isinstance(value, str | Utc) is False and zone is None):
                said.append(name)
            elif isinstance(value, Local) and zone:
                said.append(f"{zones.to_utc(name, zone=zone)} AS {name}")
            elif isinstance(value, Iso) and zone:
                said.append(f"CASE WHEN {name}__o THEN {name} ELSE {zones.to_utc(name, zone=zone)} END AS {name}")
        setup = values.get("setup_at")
        if isinstance(setup, Local):
            said.append("TRUE AS is_naive")
        elif isinstance(setup, Iso):
            said.append("NOT setup_at__o AS is_naive")
        else:
            said.append("FALSE AS is_naive")
        if zone and isinstance(setup, Local | Iso):
            second = zones.second_reading("setup_at", zone=zone)
            if isinstance(setup, Iso):
                second = f"CASE WHEN setup_at__o THEN NULL ELSE {second} END"
            said.append(f"{second} AS setup_alt_at")
            self._columns.add("setup_alt_at")
        return said


def _moment(value: object) -> str:
    if isinstance(value, Iso):
        # A cast from one to the other would ask for the session's zone, which is UTC, row by row.
        return f"make_timestamp(epoch_us(TRY_CAST({value.text} AS TIMESTAMPTZ)))"
    if isinstance(value, Local | Utc):
        return value.sql
    raise TypeError(value)
