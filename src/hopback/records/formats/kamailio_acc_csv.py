"""Kamailio's acc rows: an INVITE and a BYE for each answered call, one INVITE for one that failed.

The time of an INVITE row is when its final reply was sent: for a 200 that is the answer, and how long it rang is
not on record. A BYE carries the call's Call-ID and tags, with tags, source and destination swapped when the called
party hung up; it may stand in a later file. Rows are kept apart here and joined when a call is found
(:mod:`hopback.records.store`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.records.formats.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value

__all__ = ["derive", "fits", "layouts"]


def fits(fields: Sequence[str]) -> bool:
    """A method and a SIP status where the default order has them; used where a header is missing."""
    return len(fields) == 14 and fields[1].isalpha() and fields[1].isupper() and fields[5].isdigit()  # noqa: PLR2004


def layouts(dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]:
    """The default order, for files that lost their header."""
    del sample
    columns = dialect.layouts["acc"]
    return (Layout(columns, len(columns), len(columns)),)


def derive(fields: Fields) -> dict[str, Value]:
    """Answered by a 2xx; the row's time is the answer, or the end of an attempt that failed."""
    method = fields["method"]
    ok = f"(TRY_CAST({fields['sip_code']} AS INTEGER) BETWEEN 200 AND 299)"
    time = fields["time"]
    is_invite = f"({method} = 'INVITE')"
    answered = f"({is_invite} AND {ok})"
    return {
        "record_type": f"lower({method})",
        "answered": f"CASE WHEN {is_invite} THEN {ok} END",
        "answer_at": fields.time(f"CASE WHEN {answered} THEN {time} END"),
        "end_at": fields.time(f"CASE WHEN {answered} THEN NULL ELSE {time} END"),
        "reject": f"CASE WHEN {method} IS NULL OR {method} NOT IN ('INVITE', 'BYE') THEN 'not_a_call_record' END",
    }
