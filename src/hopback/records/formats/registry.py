"""The formats there are, and finding out which one a file is in.

A format is told by its header where it has one, else by lines that could be of no other. A file that fits
none or two is refused with the reason, never guessed.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

from hopback.kernel.errors import BadInput, NotFound
from hopback.records.formats.layout import Layout, read_dialect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value
    from hopback.records.schema import Source

__all__ = ["FORMATS", "Format", "Plan", "detect", "format_named", "plan", "split"]

FORMATS: Final = (
    "asterisk-csv", "broadworks-csv", "freeswitch-csv", "generic-csv", "kamailio-acc-csv",
    "sansay-csv", "sonus-act", "twilio-csv", "yeti-csv",
)  # fmt: skip


class _Module(Protocol):
    def fits(self, fields: Sequence[str]) -> bool: ...
    def layouts(self, dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]: ...
    def derive(self, fields: Fields) -> dict[str, Value]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its TOML file and its module."""

    dialect: Dialect
    module: _Module

    @property
    def name(self) -> str:
        """As books write it."""
        return self.dialect.name

    def header(self, line: str, *, source: Source) -> tuple[str, ...] | None:
        """The names of the columns, ours where the source maps its own, if this line is the format's header."""
        if not self.dialect.has_header:
            return None
        theirs = {header: ours for ours, header in source.columns.items()} if self.name == "generic-csv" else {}
        said = tuple(name.strip() for name in split(line, self.dialect))
        named = tuple(theirs.get(name, name) for name in said)
        return named if set(self.dialect.signature) <= set(named) else None

    def values(self, fields: Fields) -> dict[str, Value]:
        """SQL for every canonical column the layout can fill."""
        return {**fields.named(), **self.module.derive(fields)}


@dataclass(frozen=True, slots=True)
class Plan:
    """How one file is read: its format, its kinds of lines, and its header line if it has one."""

    format: Format
    layouts: tuple[Layout, ...]
    header: str | None = None

    def named(self, raw: str) -> dict[str, str]:
        """A line's values by the names of its columns; {} for a line of no known kind."""
        fields = split(raw, self.format.dialect)
        for layout in self.layouts:
            if layout.first is not None and fields[0] != layout.first:
                continue
            if layout.least <= len(fields) <= layout.most:
                return dict(zip(layout.with_count(len(fields)).columns, fields, strict=True))
        return {}


@cache
def format_named(name: str) -> Format:
    """The format of that name. Raises :class:`NotFound` with the names there are."""
    if name not in FORMATS:
        raise NotFound(
            f"no call-record format is called {name!r}", where="format", mend=f"choose one of {', '.join(FORMATS)}"
        )
    module = import_module(f"{__package__}.{name.replace('-', '_')}")
    return Format(read_dialect(name), cast("_Module", module))


def split(line: str, dialect: Dialect) -> list[str]:
    """The values of one line; broken quotes give whatever can be read."""
    reader = csv.reader(
        [line],
        delimiter=dialect.delimiter,
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
        escapechar=dialect.escape or None,
    )
    try:
        return next(reader, [])
    except csv.Error:
        return line.split(dialect.delimiter)


def plan(form: Format, lines: Sequence[str], *, source: Source) -> Plan:
    """How a file that begins with these lines is read in this format.

    A headered file whose first line is no header is read in the format's own order.
    """
    for line in lines[:3]:
        names = form.header(line, source=source)
        if names is not None:
            return Plan(form, (Layout(names, len(names), len(names)),), line)
    banner = form.dialect.banner
    sample = [split(line, form.dialect) for line in lines]
    header = next((line for line in lines[:1] if banner and line.startswith(banner)), None)
    return Plan(form, form.module.layouts(form.dialect, sample), header)


def detect(lines: Sequence[str], *, source: Source, where: str) -> Format | None:
    """The format of a file that begins with these lines; None where they hold nothing to go by (no lines at all).

    Raises :class:`BadInput` when no format fits, or two do.
    """
    if not lines:
        return None
    formats = [format_named(name) for name in FORMATS]
    headed = [form for form in formats if any(form.header(line, source=source) is not None for line in lines[:3])]
    if len(headed) == 1:
        return headed[0]
    counted: Mapping[str, int] = {
        form.name: sum(form.module.fits(split(line, form.dialect)) for line in lines) for form in headed or formats
    }
    best = max(counted.values())
    leaders = [name for name, count in counted.items() if count == best]
    if best and len(leaders) == 1:
        return format_named(leaders[0])
    mend = f"name the format in the book: one of {', '.join(FORMATS)}"
    if len(leaders) > 1 and (best or headed):
        raise BadInput(f"the lines fit several formats: {', '.join(leaders)}", where=where, mend=mend)
    for form in formats:
        if form.dialect.banner and lines[0].startswith(form.dialect.banner):
            return form
    raise BadInput("no known format has such a header or such lines", where=where, mend=mend)
