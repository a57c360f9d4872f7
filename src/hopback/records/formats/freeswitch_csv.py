"""FreeSWITCH's CSV: the template "example" (no header, quoted) and the order of mod_cdr_pg_csv.

Templates are edited by hand, so more columns may follow the known ones; they are kept as extras.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hopback.records.formats.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value

__all__ = ["derive", "fits", "layouts"]

_STAMP: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?$")
_CAUSE: Final = re.compile(r"^[A-Z][A-Z0-9_]+$")
_EXAMPLE: Final = 15
_PG: Final = 16
_MOST: Final = 60


def fits(fields: Sequence[str]) -> bool:
    """Whether start, end and the hang-up cause stand where one of the two orders has them."""
    return _is_like(fields, start=4) or _is_like(fields, start=5)


def layouts(dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]:
    """The order most of the sample shows."""
    pg = sum(_is_like(fields, start=5) for fields in sample)
    if pg > sum(_is_like(fields, start=4) for fields in sample):
        return (Layout(dialect.layouts["pg"], _PG, _MOST),)
    return (Layout(dialect.layouts["example"], _EXAMPLE, _MOST),)


def derive(fields: Fields) -> dict[str, Value]:
    """A call is answered when it has an answer stamp; its length is ``billsec``."""
    return {
        "duration_ms": fields.seconds(fields["billsec"]),
        "answered": f"({fields['answer_stamp']} IS NOT NULL)",
    }


def _is_like(fields: Sequence[str], *, start: int) -> bool:
    return (
        len(fields) >= _EXAMPLE + start - 4
        and bool(_STAMP.match(fields[start]))
        and bool(_STAMP.match(fields[start + 2]))
        and fields[start + 3].isdigit()
        and bool(_CAUSE.match(fields[start + 5]))
    )
