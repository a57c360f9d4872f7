"""One spelling for each JSON value, so that a digest of it means something (RFC 8785, JCS).

Covered: objects with text keys, arrays, text, booleans, null, whole numbers within ±(2⁵³ - 1) and
finite binary64 numbers. Members are sorted by the UTF-16 code units of their names (section 3.2.3),
text is escaped as ECMAScript's ``JSON.stringify`` does (3.2.2.2), numbers are written as
ECMAScript's ``Number::toString`` writes them (3.2.2.3). Refused, rather than written in a way
another reader could take differently: NaN and infinities, whole numbers a binary64 cannot hold,
lone surrogates, keys that are no text.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Final

from hopback.kernel.errors import BadInput

__all__ = ["EXACT", "canonical", "digest"]

EXACT: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly (RFC 7493 section 2.2)."""

FEWEST_PLAIN_EXPONENT: Final = -6
MOST_PLAIN_DIGITS: Final = 21
"""ECMAScript writes 1e-6 to 1e20 without an exponent (ECMA-262, Number::toString)."""


_WRITER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of ``value`` as UTF-8.

    Raises :class:`BadInput` for a value that has no such form.
    """
    try:
        # json's own writer escapes and separates as RFC 8785 asks; what it does otherwise is written by hand.
        plain = _plain(value)
        text = _write(value) if plain is _NOT_PLAIN else _WRITER.encode(plain)
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadInput("text holds half a surrogate pair", mend="mend the text's encoding") from error


def digest(value: Any, *, salt: bytes = b"") -> str:
    """SHA-256 over ``salt`` and the canonical form of ``value``, in hexadecimal."""
    return hashlib.sha256(salt + canonical(value)).hexdigest()


_NOT_PLAIN: Final = object()
_SMALL, _LARGE = 1e-4, 1e15
"""Between these Python writes a number with a fraction as ECMAScript does, without an exponent."""


def _plain(value: Any) -> Any:
    """``value`` as json's writer would write it canonically, or ``_NOT_PLAIN``."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is int:
        return value if -EXACT <= value <= EXACT else _NOT_PLAIN
    if kind is float:
        if value.is_integer() and -_LARGE < value < _LARGE:
            return int(value)
        return value if _SMALL < abs(value) < _LARGE else _NOT_PLAIN
    if kind is dict:
        members = {}
        for key, item in value.items():
            # in ASCII, the order of code points is that of UTF-16
            if type(key) is not str or not key.isascii() or (written := _plain(item)) is _NOT_PLAIN:
                return _NOT_PLAIN
            members[key] = written
        return members
    if kind is list or kind is tuple:
        items = [_plain(item) for item in value]
        return _NOT_PLAIN if any(item is _NOT_PLAIN for item in items) else items
    return _NOT_PLAIN


def _write(value: Any) -> str:
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if not -EXACT <= value <= EXACT:
            raise BadInput(f"{value} is too large for a JSON number", mend="write it as text")
        return str(int(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise BadInput("an object's member has a name that is no text")
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{_write(item)}" for key, item in members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_write, value)) + "]"
    raise BadInput(f"a {type(value).__name__} has no canonical JSON form", mend="turn it into text or numbers first")


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise BadInput(f"{value} is no JSON number")
    if value == 0:
        return "0"  # also for minus zero
    sign = "-" if value < 0 else ""
    mantissa, _, power = repr(abs(value)).partition("e")  # Python and ECMAScript agree on the shortest digits
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(power or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if len(digits) <= point <= MOST_PLAIN_DIGITS:
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    if 0 < point <= MOST_PLAIN_DIGITS:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if FEWEST_PLAIN_EXPONENT < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"
