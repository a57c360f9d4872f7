"""Twilio's calls, exported with a header: RFC 2822 times in UTC, a duration only where the call was completed.

The base resource has no time of answer; it is the end less the duration. A call of an elastic trunk
came in by ``trunk_sid``, one of an own customer by its ``account_sid``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.records.formats.layout import Layout, Utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value

__all__ = ["derive", "fits", "layouts"]


def fits(fields: Sequence[str]) -> bool:
    """A call's sid in the first of sixteen columns; used where a header is missing."""
    return len(fields) == 16 and fields[0].startswith("CA") and fields[2].startswith("AC")  # noqa: PLR2004


def layouts(dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]:
    """The order in which the resource lists its properties, for files that lost their header."""
    del sample
    columns = dialect.layouts["calls"]
    return (Layout(columns, len(columns), len(columns)),)


def derive(fields: Fields) -> dict[str, Value]:
    """Answered once completed or in progress."""
    duration = fields.seconds(fields["duration"])
    answered = f"({fields['status']} IN ('completed', 'in-progress'))"
    end = fields.parsed(fields["end_time"], fields.dialect.times.partition(":")[2])
    return {
        "answered": answered,
        "duration_ms": f"CASE WHEN {answered} THEN {duration} ELSE 0 END",
        "answer_at": Utc(f"CASE WHEN {answered} THEN {fields.later(end, f'-({duration})')} END"),
    }
