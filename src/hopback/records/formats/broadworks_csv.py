"""BroadWorks: a header of names, commas inside values escaped with a backslash, times in GMT with milliseconds.

Only records of type Normal are calls that ended; the others count what is in progress or what the server did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.records.formats.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value

__all__ = ["derive", "fits", "layouts"]


def fits(fields: Sequence[str]) -> bool:
    """A Normal record in the default order; used where a header is missing."""
    return len(fields) == 30 and fields[2] == "Normal" and fields[9][:14].isdigit()  # noqa: PLR2004


def layouts(dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]:
    """The order of the columns most installations keep, for files that lost their header."""
    del sample
    columns = dialect.layouts["normal"]
    return (Layout(columns, len(columns), len(columns)),)


def derive(fields: Fields) -> dict[str, Value]:
    """Answered by its indicator (``Yes``, ``Yes-PostRedirection``); as long as from answer to release."""

    def moment(column: str) -> str:
        return fields.parsed(fields[column], *fields.dialect.times.partition(":")[2].split("|"))

    kind = fields["type"]
    return {
        "answered": f"starts_with({fields['answerIndicator']}, 'Yes')",
        "duration_ms": f"(epoch_ms({moment('releaseTime')}) - epoch_ms({moment('answerTime')}))",
        "reject": f"CASE WHEN {kind} <> 'Normal' THEN 'not_a_call_record' END",
    }
