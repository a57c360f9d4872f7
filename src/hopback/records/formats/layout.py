"""What a format is made of, and the row of SQL its module writes with.

:class:`Dialect` is the TOML file. A :class:`Layout` is one kind of line in it: which columns stand in
what order, and which lines are of that kind. :class:`Fields` gives a format's module the text of a column by
name, and the times of the trade in SQL.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, TypeAlias

from hopback.kernel.errors import BadInput
from hopback.records.schema import COLUMNS, INTEGERS, TIMES, Grade
from hopback.tables import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hopback.records.schema import Source

__all__ = ["Dialect", "Fields", "Iso", "Layout", "Local", "Utc", "Value", "read_dialect"]


@dataclass(frozen=True, slots=True)
class Local:
    """SQL for a TIMESTAMP that is local time of the source's declared zone."""

    sql: str


@dataclass(frozen=True, slots=True)
class Utc:
    """SQL for a TIMESTAMP that is UTC already."""

    sql: str


@dataclass(frozen=True, slots=True)
class Iso:
    """SQL for the text of an ISO 8601 stamp: with an offset it says its instant, without one it is local time."""

    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of line: its columns in order and the counts of columns it may have.

    ``first`` is what the first column must be, where record types share a file.
    """

    columns: tuple[str, ...]
    least: int
    most: int
    first: str | None = None

    def with_count(self, count: int) -> Layout:
        """The same kind of line with exactly ``count`` columns; columns beyond the known ones are numbered from 1."""
        known = self.columns[:count]
        named = (*known, *(f"column_{number}" for number in range(len(known) + 1, count + 1)))
        return Layout(named, count, count, self.first)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a format is written down and which of its columns feed which canonical ones.

    ``signature`` are header names that must all be there (empty: no header); ``layouts`` the orders of columns by
    name; ``feeds`` maps a canonical column to the columns it takes its text from, the first that is not
    empty counts. ``null`` are spellings of nothing; ``banner`` begins a first line that is no record and no names.
    """

    name: str
    grade: Grade
    source: str
    delimiter: str
    quoted: bool
    escape: str
    signature: tuple[str, ...]
    null: tuple[str, ...]
    layouts: Mapping[str, tuple[str, ...]]
    feeds: Mapping[str, tuple[str, ...]]
    times: str
    banner: str = ""

    @property
    def has_header(self) -> bool:
        """Whether files of the format begin with the names of their columns."""
        return bool(self.signature)


_KEYS: Final = frozenset(
    {"grade", "source", "delimiter", "quoted", "escape", "header", "null", "layouts", "feeds", "times", "banner"}
)
TIME_STYLES: Final = ("local", "iso", "utc")


@cache
def read_dialect(name: str) -> Dialect:
    """Read a format's TOML file. Raises :class:`BadInput` where it says something that is not understood."""
    where = f"records/formats/{name}.toml"
    said = tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    unknown = set(said) - _KEYS
    feeds = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in said["feeds"].items()}
    unknown |= {key for key in feeds if key not in COLUMNS}
    if unknown or said["times"].split(":", 1)[0] not in TIME_STYLES:
        raise BadInput(f"not understood: {', '.join(sorted(unknown)) or said['times']}", where=where)
    return Dialect(
        name=name,
        grade=Grade(said["grade"]),
        source=said["source"],
        delimiter=said.get("delimiter", ","),
        quoted=said.get("quoted", True),
        escape=said.get("escape", ""),
        signature=tuple(said.get("header", ())),
        null=tuple(said.get("null", ())),
        layouts={key: tuple(value) for key, value in said["layouts"].items()},
        feeds=feeds,
        times=said["times"],
        banner=said.get("banner", ""),
    )


Value: TypeAlias = str | Local | Utc | Iso
"""SQL for a canonical column: text or a finished value, or a time that still says what clock it is on."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The columns of one layout as SQL, for one source.

    ``of`` gives the SQL of the n-th column (from 0). ``fields["start"]`` is a column's text, trimmed of nothing, NULL
    where empty; a column that this layout does not have is the SQL ``NULL``.
    """

    dialect: Dialect
    layout: Layout
    source: Source
    of: Callable[[int], str]

    def __contains__(self, column: str) -> bool:
        return column in self.layout.columns

    def __getitem__(self, column: str) -> str:
        if column not in self.layout.columns:
            return "NULL::VARCHAR"
        text = f"nullif({self.of(self.layout.columns.index(column))}, '')"
        for word in self.dialect.null:
            text = f"nullif({text}, {sql.text(word)})"
        return text

    def first(self, columns: Sequence[str]) -> str:
        """The text of the first of these columns that is not empty."""
        return sql.first_of([self[column] for column in columns if column in self] or ["NULL::VARCHAR"])

    def named(self) -> dict[str, Value]:
        """What the TOML file says alone: every canonical column it feeds and this layout has."""
        said: dict[str, Value] = {}
        for canonical, columns in self.dialect.feeds.items():
            present = [column for column in columns if column in self]
            if not present:
                continue
            text = self.first(present)
            if canonical in TIMES:
                said[canonical] = self.time(text)
            elif canonical in INTEGERS:
                said[canonical] = f"TRY_CAST({text} AS BIGINT)"
            else:
                said[canonical] = text
        return said

    def time(self, text: str) -> Local | Utc | Iso:
        """A time of the format's own style (``times`` in its TOML file)."""
        style, _, patterns = self.dialect.times.partition(":")
        if style == "iso":
            return Iso(text)
        parsed = self.parsed(text, *patterns.split("|")) if patterns else f"TRY_CAST({text} AS TIMESTAMP)"
        return Utc(parsed) if style == "utc" else Local(parsed)

    @staticmethod
    def parsed(text: str, *patterns: str) -> str:
        """SQL: a TIMESTAMP by the first of these strptime patterns that fits, else NULL."""
        listed = ", ".join(sql.text(pattern) for pattern in patterns)
        return f"CAST(try_strptime({text}, [{listed}]) AS TIMESTAMP)"

    @staticmethod
    def has_offset(text: str) -> str:
        """SQL: whether an ISO 8601 stamp ends with ``Z`` or an offset (``-05``, ``-0500``, ``-05:00``).

        The usual ``2026-10-31T00:35:10-04:00`` shows by its length. Else an offset that moves the clock shows in a
        cast that minds it and one that does not, and only Greenwich has to be looked for in the text.
        """
        moved = f"TRY_CAST({text} AS TIMESTAMP) <> make_timestamp(epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)))"
        greenwich = f"regexp_matches({text}, '([zZ]|[0-9][+-]0{{2}}(:?0{{2}})?)$') AND strlen({text}) > 12"
        usual = f"strlen({text}) = 25 AND NOT contains({text}, '.')"
        return f"CASE WHEN {usual} THEN TRUE WHEN {moved} THEN TRUE ELSE coalesce({greenwich}, FALSE) END"

    @staticmethod
    def later(moment: str, milliseconds: str) -> str:
        """SQL: a TIMESTAMP so many milliseconds later."""
        return f"make_timestamp(epoch_us({moment}) + 1000 * ({milliseconds}))"

    @staticmethod
    def seconds(text: str) -> str:
        """SQL: whole or broken seconds as milliseconds."""
        return f"CAST(round(TRY_CAST({text} AS DOUBLE) * 1000) AS BIGINT)"
