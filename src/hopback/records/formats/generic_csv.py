"""The plain form every export can be mapped onto: ``start_time,calling,called,trunk,duration`` and some more.

A call is answered when it has a duration, an answer time or a 2xx status; where the export has none of
these columns nobody knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.records.formats.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.records.formats.layout import Dialect, Fields, Value

__all__ = ["derive", "fits", "layouts"]


def fits(fields: Sequence[str]) -> bool:
    """Never: without its header nothing says which column is which."""
    del fields
    return False


def layouts(dialect: Dialect, sample: Sequence[Sequence[str]]) -> tuple[Layout, ...]:
    """The five columns of the plain form, for files that lost their header."""
    del sample
    columns = dialect.layouts["plain"]
    return (Layout(columns, len(columns), len(columns)),)


def derive(fields: Fields) -> dict[str, Value]:
    """What says that a call was answered, and for how long."""
    signs = []
    said: dict[str, Value] = {}
    if "duration" in fields:
        said["duration_ms"] = fields.seconds(fields["duration"])
        signs.append(f"coalesce(TRY_CAST({fields['duration']} AS DOUBLE) > 0, FALSE)")
    if "answer_time" in fields:
        signs.append(f"{fields['answer_time']} IS NOT NULL")
    if "sip_status" in fields:
        signs.append(f"coalesce(TRY_CAST({fields['sip_status']} AS INTEGER) BETWEEN 200 AND 299, FALSE)")
    if signs:
        said["answered"] = f"({' OR '.join(signs)})"
    return said
