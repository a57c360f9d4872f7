"""Yeti: an export of its CDR table, with a header; times carry an offset of hours, like ``-04``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hopback.records.formats.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value

__all__ = ["derive", "fits", "layouts"]

_STAMP: Final = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d")


def fits(fields: Sequence[str]) -> bool:
    """A stamp with an offset and a success flag in the default order; used where a header is missing."""
    return len(fields) == 30 and bool(_STAMP.match(fields[5])) and fields[9] in {"t", "f"}  # noqa: PLR2004


def layouts(dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]:
    """The order of the columns that matter here, for files that lost their header."""
    del sample
    columns = dialect.layouts["cdr"]
    return (Layout(columns, len(columns), len(columns)),)


def derive(fields: Fields) -> dict[str, Value]:
    """PostgreSQL's booleans, and seconds."""
    return {
        "answered": f"TRY_CAST({fields['success']} AS BOOLEAN)",
        "is_final": f"TRY_CAST({fields['is_last_cdr']} AS BOOLEAN)",
        "duration_ms": fields.seconds(fields["duration"]),
    }
