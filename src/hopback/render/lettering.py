"""How much room text takes in a drawing, on whatever face the reader's machine has."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["cut", "folded", "span"]

# Advance widths in em, no narrower than those of DejaVu Sans, the widest face a reader is likely to have.
_NARROW, _MIDDLE, _BROAD, _FULL = 0.4, 0.65, 0.78, 1.0
_NARROW_CHARS: Final = frozenset(" ijlrtfI.,:;'|!()[]-·/")
_FULL_CHARS: Final = frozenset("mwMW@%—…→")


def folded(text: str, *, size: int, room: int) -> list[str]:
    """``text`` in bold on at most two lines, broken between words where that is possible."""
    words, first = text.split(), ""
    while words and span(f"{first} {words[0]}".strip(), size=size, weight=600) <= room:
        first = f"{first} {words.pop(0)}".strip()
    return [line for line in (first, " ".join(words)) if line]


def cut(text: str, *, size: int, room: int, weight: int = 400) -> str:
    """As much of ``text`` as has room, with an ellipsis where it does not end there."""
    if span(text, size=size, weight=weight) <= room:
        return text
    while text and span(f"{text}…", size=size, weight=weight) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def span(text: str, *, size: int, weight: int) -> float:
    """How wide ``text`` is at most, in pixels."""
    return sum(_em(char) for char in text) * size * (1.08 if weight > 400 else 1.0)  # noqa: PLR2004 - regular weight


def _em(char: str) -> float:
    if char in _NARROW_CHARS:
        return _NARROW
    if char in _FULL_CHARS:
        return _FULL
    if unicodedata.east_asian_width(char) in "WF" or ord(char) > 0x2FFF:  # noqa: PLR2004 - ideographs, emoji and rare scripts
        return 1.3
    return _BROAD if char.isupper() or not char.isascii() else _MIDDLE
