"""Delimited files whose columns go by many names.

A column is found by any of its spellings, whatever their case, spaces and punctuation; the delimiter
is the one of ``, ; | tab`` that the header has most of. Text is UTF-8, or else Windows-1252. Lines
are counted as an editor counts them, and a row that will not do is rejected with its line, never guessed at.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["REJECTS_KEPT", "Column", "Read", "Reject", "UnusableRow", "read_date", "read_table"]

Row = TypeVar("Row")

REJECTS_KEPT: Final = 1000
"""Rejected lines shown; all are counted."""
FIRST_ROWS: Final = 20
TEXT_MOST: Final = 200
DATE_FORMATS: Final = ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d", "%m/%d/%y", "%d-%b-%Y")

csv.field_size_limit(1_000_000)


class UnusableRow(Exception):
    """A row that is rejected: the message says why."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by our name and every name it goes by elsewhere."""

    name: str
    spellings: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """Its names, brought to one form."""
        return frozenset(_key(one) for one in (self.name, *self.spellings))


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was not taken, and why."""

    line: int
    why: str
    text: str


@dataclass(frozen=True, slots=True)
class Read(Generic[Row]):
    """What a file holds: the rows, which column served as what, what was rejected."""

    sha256: str
    columns: dict[str, str]
    unused: tuple[str, ...]
    rows: list[Row]
    first: tuple[dict[str, str], ...]
    rejects: tuple[Reject, ...]
    rejected: int
    notes: dict[str, Any] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """As JSON, to be shown before and after the file is taken over."""
        return {
            "columns": self.columns,
            "unused": list(self.unused),
            "first": list(self.first),
            "rejects": [asdict(one) for one in self.rejects],
        } | self.notes


def read_table(
    data: bytes,
    *,
    columns: Sequence[Column],
    needs: Sequence[frozenset[str]],
    row: Callable[[dict[str, str], int], Row],
    where: str,
) -> Read[Row]:
    """Read a file. ``needs`` lists alternatives: all columns of one of them must be there.

    ``row`` makes a row of the cells of the known columns (absent ones are empty) and its line; what it
    raises as :class:`UnusableRow` is rejected. Raises :class:`BadInput` for a file that cannot be read at all.
    """
    text = _text(data)
    delimiter = _delimiter(text)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = next(lines)
    except (StopIteration, csv.Error):
        raise BadInput("the file is empty", where=where) from None
    found = _columns(header, columns)
    if not any(need <= found.keys() for need in needs):
        wanted = " or ".join(" and ".join(sorted(need)) for need in needs)
        raise BadInput(f"the header names no {wanted}", where=f"{where}:1", mend="see the list of columns")
    empty = dict.fromkeys((column.name for column in columns), "")
    rows: list[Row] = []
    rejects: list[Reject] = []
    first: list[dict[str, str]] = []
    rejected = 0
    for line, cells in _lines(lines, where=where):
        given = empty | {name: cells[place].strip() for name, place in found.items() if place < len(cells)}
        try:
            _check_width(cells, header)
            rows.append(row(given, line))
        except UnusableRow as error:
            rejected += 1
            if len(rejects) < REJECTS_KEPT:
                rejects.append(Reject(line, str(error), delimiter.join(cells)[:TEXT_MOST]))
        else:
            if len(first) < FIRST_ROWS:
                first.append({name: given[name] for name in found})
    return Read(
        hashlib.sha256(data).hexdigest(),
        {name: header[place].strip().lstrip("\ufeff") for name, place in found.items()},
        tuple(name for place, name in enumerate(header) if place not in found.values() and name.strip()),
        rows,
        tuple(first),
        tuple(rejects),
        rejected,
    )


def _lines(lines: Any, *, where: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a reader that hold anything, each with the line it begins on."""
    while True:
        line = lines.line_num + 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput(str(error), where=f"{where}:{line}", mend="check the quotes on this line") from None
        if any(cells):
            yield line, cells


def _check_width(cells: Sequence[str], header: Sequence[str]) -> None:
    if len(cells) > len(header) and any(cells[len(header) :]):
        raise UnusableRow(f"{len(cells)} cells under {len(header)} columns")


def read_date(text: str, *, what: str) -> date | None:
    """A date as these files write it; None where there is none. Raises :class:`UnusableRow`."""
    if not text:
        return None
    short = text.partition("T")[0].partition(" ")[0]
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(short, form).date()  # noqa: DTZ007 -- a date has no zone
        except ValueError:
            continue
    raise UnusableRow(f"{what}: {text!r} is no date")


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    return text.replace("\x00", "")


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    return max(",;|\t", key=header.count)


def _columns(header: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    keys = [_key(name) for name in header]
    found: dict[str, int] = {}
    for column in columns:
        # a column's own names in their order: the first that is there
        names = [_key(one) for one in (column.name, *column.spellings)]
        place = next((keys.index(name) for name in names if name in keys), None)
        if place is not None and place not in found.values():
            found[column.name] = place
    return found


def _key(name: str) -> str:
    return "".join(mark for mark in name.casefold() if mark.isalnum())
