"""Sansay VSX records: 59 fields between semicolons, C-style local times beside their minutes west of Greenwich.

The routing digits may be a location routing number, so they feed ``lrn`` and never a called number.
Stack causes up to 127 are Q.850, those from 300 on SIP, others the switch's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hopback.records.formats.layout import Layout, Utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value

__all__ = ["derive", "fits", "layouts"]

_STAMP: Final = re.compile(r"^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$")
_PATTERN: Final = "%a %b %d %H:%M:%S %Y"
_COUNT: Final = 59


def fits(fields: Sequence[str]) -> bool:
    """Whether a line has 59 fields, a C-style set-up time and minutes west of Greenwich."""
    return len(fields) == _COUNT and bool(_STAMP.match(fields[6])) and fields[9].lstrip("-").isdigit()


def layouts(dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]:
    """There is one."""
    del sample
    return (Layout(dialect.layouts["vsx"], _COUNT, _COUNT),)


def derive(fields: Fields) -> dict[str, Value]:
    """Times moved to UTC by the record's own minutes; milliseconds where given, else seconds."""

    def utc(column: str) -> Utc:
        west = f"60000 * TRY_CAST({fields['minutes_west']} AS BIGINT)"
        return Utc(fields.later(fields.parsed(fields[column], _PATTERN), west))

    cause = f"TRY_CAST({fields['stack_cause']} AS BIGINT)"
    exact = f"TRY_CAST({fields['duration_ms']} AS BIGINT)"
    return {
        "setup_at": utc("setup"),
        "answer_at": utc("answer"),
        "end_at": utc("release"),
        "answered": f"({fields['answer']} IS NOT NULL)",
        "duration_ms": f"coalesce({exact}, {fields.seconds(fields['duration'])})",
        "is_final": f"({fields['route_position']} = 'F')",
        "q850_cause": f"CASE WHEN {cause} BETWEEN 1 AND 127 THEN {cause} END",
        "sip_status": f"CASE WHEN {cause} BETWEEN 300 AND 699 THEN {cause} END",
    }
