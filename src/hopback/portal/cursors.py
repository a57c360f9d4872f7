"""Where one reading of a long list ended, so that the next goes on from there.

A cursor holds the order's values of the last row read. Going on costs the same on every page (no
OFFSET), and rows that came in meanwhile neither hide others nor show them twice.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model, Q

from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

__all__ = ["backward", "cursor_of", "following"]

Row = TypeVar("Row", bound=Model)


def cursor_of(row: Model, order: Sequence[str]) -> str:
    """The cursor just after ``row`` in ``order`` (names as for ``order_by``, of columns that are never null)."""
    values = [_plain(_value(row, name.lstrip("-"))) for name in order]
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def following(rows: QuerySet[Row], cursor: str, order: Sequence[str]) -> QuerySet[Row]:
    """The rows after the cursor, in ``order``. Raises :class:`BadInput` for what is no cursor of this list."""
    rows = rows.order_by(*order)
    return rows.filter(_after(rows.model, _read(cursor, order), order)) if cursor else rows


def backward(order: Sequence[str]) -> tuple[str, ...]:
    """The same order, from the other end."""
    return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in order)


def _value(row: Model, name: str) -> Any:
    value: Any = row
    for part in name.split("__"):
        value = getattr(value, part)
    return value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(cursor: str, order: Sequence[str]) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or len(values) != len(order):
        raise BadInput("this is no cursor of this list", where="cursor", mend="begin the list anew")
    if not all(map(_is_sane, values)):
        raise BadInput("this is no cursor of this list", where="cursor", mend="begin the list anew")
    return values


def _is_sane(value: Any) -> bool:
    """Whether a database could compare with it: text without NUL, an integer of 64 bits."""
    if isinstance(value, str):
        return "\x00" not in value
    return not isinstance(value, dict | list) and value is not None and abs(value) < 2**63


def _after(model: type[Model], values: Sequence[Any], order: Sequence[str]) -> Q:
    """``(a, b) > (x, y)`` written so that both databases use an index: ``a >= x and (a > x or b > y)``."""
    found = Q()
    for depth in range(len(order), 0, -1):
        name, value = order[depth - 1], values[depth - 1]
        column = name.lstrip("-")
        field = model._meta.pk if column == "pk" else None  # noqa: SLF001 -- Django documents it
        try:
            value = (field or _field(model, column)).to_python(value)
            value = value.astimezone(UTC) if isinstance(value, datetime) else value
        except Exception:  # noqa: BLE001 -- whatever a field finds wrong with a cursor's value
            raise BadInput("this is no cursor of this list", where="cursor", mend="begin the list anew") from None
        beyond = Q(**{f"{column}__{'lt' if name.startswith('-') else 'gt'}": value})
        if depth == len(order):
            found = beyond
        else:
            reached = Q(**{f"{column}__{'lte' if name.startswith('-') else 'gte'}": value})
            found = reached & (beyond | found)
    return found


def _field(model: type[Model], column: str) -> Any:
    field: Any = None
    for part in column.split("__"):
        field = model._meta.get_field(part)  # noqa: SLF001 -- Django documents it
        if field.is_relation and field.related_model is not None:
            model = field.related_model
    return field
