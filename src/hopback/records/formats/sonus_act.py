"""Ribbon (Sonus) accounting files: START, STOP and ATTEMPT records behind one header line.

Every record names its node's zone (``GMT-05:00-Chicago``). A STOP is a call that was connected: its length counts in
ticks of 10 ms, and the ticks from set-up to service give the answer. An ATTEMPT failed; it ends with a time whose date
is the start's, or the next day's when the clock stands lower. Each route tried is an ATTEMPT of its own under one
global call id. A START speaks of a call in progress. The Call-ID is the second value of the quoted protocol data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hopback.records.formats.layout import Layout, Utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value

__all__ = ["derive", "fits", "layouts"]

_MOST: Final = 400
_HEAD: Final = 7
_PATTERNS: Final = ("%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M:%S")
_DAY_US: Final = 86_400_000_000


def fits(fields: Sequence[str]) -> bool:
    """Whether a line begins with a record type and carries a node's zone."""
    return len(fields) > _HEAD and fields[0] in {"START", "STOP", "ATTEMPT"} and fields[4].startswith("GMT")


def layouts(dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]:
    """One for each record type; releases add columns at the end."""
    del sample
    return tuple(Layout(columns, len(columns), _MOST, name) for name, columns in dialect.layouts.items())


def derive(fields: Fields) -> dict[str, Value]:
    """Times in the node's own zone; what each record type says of answer and end."""
    sign, hours, minutes = (
        f"regexp_extract({fields['zone']}, '^GMT([+-])([0-9]{{1,2}}):?([0-9]{{2}})', {group})" for group in (1, 2, 3)
    )
    direction = f"CASE WHEN {sign} = '-' THEN -1 ELSE 1 END"
    east = f"(TRY_CAST({hours} AS BIGINT) * 60 + TRY_CAST({minutes} AS BIGINT)) * {direction}"

    def utc(date: str, time: str) -> str:
        return fields.later(fields.parsed(f"{date} || ' ' || {time}", *_PATTERNS), f"-60000 * ({east})")

    def call_id(column: str) -> str:
        return f"nullif(string_split({fields[column]}, ',')[2], '')"

    setup = utc(fields["start_date"], fields["start_time"])
    said: dict[str, Value] = {
        "setup_at": Utc(setup),
        "record_type": f"lower({fields['record_type']})",
        "answered": "(FALSE)" if fields.layout.first == "ATTEMPT" else "(TRUE)",
    }
    if "ingress_data" in fields:
        said["sip_call_id_in"] = call_id("ingress_data")
        said["sip_call_id_out"] = call_id("egress_data")
    if fields.layout.first == "STOP":
        said["answer_at"] = Utc(fields.later(setup, f"10 * TRY_CAST({fields['service_ticks']} AS BIGINT)"))
        said["end_at"] = Utc(utc(fields["end_date"], fields["end_time"]))
        said["duration_ms"] = f"(10 * TRY_CAST({fields['service_duration']} AS BIGINT))"
    elif fields.layout.first == "ATTEMPT":
        end = utc(fields["start_date"], fields["end_time"])
        said["end_at"] = Utc(f"make_timestamp(epoch_us({end}) + CASE WHEN {end} < {setup} THEN {_DAY_US} ELSE 0 END)")
        said["duration_ms"] = "0::BIGINT"
    return said
