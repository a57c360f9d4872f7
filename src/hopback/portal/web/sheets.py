"""Lists as CSV: a row at a time, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.db.models import QuerySet

    from hopback.portal.tracebacks.models import Traceback

__all__ = ["COLUMNS", "lines", "plain", "traceback_lines"]

COLUMNS: Final = (
    "id",
    "reference",
    "state",
    "outcome",
    "campaign",
    "priority",
    "owner",
    "called",
    "calling",
    "call_started_at",
    "source",
    "source_kind",
    "jurisdiction",
    "terminating",
    "hops_count",
    "waiting_on",
    "waiting_since",
    "next_due",
    "is_overdue",
    "is_late",
    "origin_provider",
    "point_of_entry",
    "proposed_at",
    "opened_at",
    "concluded_at",
    "review",
)
FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


class _Echo:
    def write(self, text: str) -> str:
        return text


def plain(value: Any) -> str:
    """A cell: instants in UTC, numbers of telephones as digits, and nothing a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    text = str(value)
    if text.startswith("+") and text[1:].isdigit():
        return text[1:]
    return f"'{text}" if text.startswith(FORMULAS) else text


def lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines of a sheet, one at a time."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow([plain(value) for value in row])


def traceback_lines(rows: QuerySet[Traceback]) -> Iterator[str]:
    """The lines of a list of tracebacks, read in batches."""
    found = rows.select_related("owner").iterator(chunk_size=2000)
    return lines(COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in found))
