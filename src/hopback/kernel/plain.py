"""Frozen dataclasses as plain JSON values, and back, by their annotations.

Only what the kernel's dataclasses hold is understood: text, numbers, booleans, None, aware
instants (written as ISO 8601 in UTC), enums by value, tuples, and dataclasses of these.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from hopback.kernel.errors import BadInput

__all__ = ["from_plain", "to_plain"]

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """The value as JSON would hold it. Raises :class:`TypeError` for what JSON cannot."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no plain form")


def from_plain(cls: type[T], data: Any) -> T:
    """The dataclass that :func:`to_plain` wrote.

    A field that is not known is an error: what was written under another version is not guessed at.

    Raises:
        BadInput: a field is missing, unknown or of another type; ``where`` names it.
    """
    return cast("T", _read(cls, data, cls.__name__))


def _read(kind: Any, value: Any, where: str) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return _read_union(kind, value, where)
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise _odd(value, where)
        item = get_args(kind)[0]
        return tuple(_read(item, part, f"{where}[{place}]") for place, part in enumerate(value))
    if is_dataclass(kind):
        return _read_fields(cast("type[Any]", kind), value, where)
    return _read_atom(kind, value, where)


def _read_union(kind: Any, value: Any, where: str) -> Any:
    choices = get_args(kind)
    if value is None and NoneType in choices:
        return None
    (only,) = (choice for choice in choices if choice is not NoneType)
    return _read(only, value, where)


def _read_fields(kind: type[Any], value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _odd(value, where)
    hints = _hints(kind.__module__, kind.__qualname__)
    known = {field.name: field for field in fields(kind)}
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise BadInput(f"unknown field {unknown[0]!r}", where=where)
    lacking = [n for n, f in known.items() if n not in value and f.default is MISSING and f.default_factory is MISSING]
    if lacking:
        raise BadInput(f"field {lacking[0]!r} is missing", where=where)
    return kind(**{name: _read(hints[name], part, f"{where}.{name}") for name, part in value.items()})


def _read_atom(kind: Any, value: Any, where: str) -> Any:
    try:
        if kind is datetime:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is None:
                raise _odd(value, where)
            return instant.astimezone(UTC)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(value)
    except (ValueError, TypeError) as error:
        raise _odd(value, where) from error
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise _odd(value, where)
    return value


def _odd(value: Any, where: str) -> BadInput:
    return BadInput(f"{value!r} does not belong here", where=where)


@cache
def _hints(module: str, name: str) -> dict[str, Any]:
    return get_type_hints(getattr(sys.modules[module], name))
