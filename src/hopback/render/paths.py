"""The way of one call as a drawing: SVG that stands alone, the same bytes for the same facts.

Read from left to right: the provider that delivered the call was asked first, and each arrow goes
to whom it named. The call itself travelled the other way. Colour, shape and words all say how the
trace ended, so that none is needed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

from hopback.render.endings import ending_of

__all__ = ["PathPicture", "Stop", "draw_path"]

_WIDE, _HIGH, _GAP, _ROW_GAP, _EDGE = 216, 104, 40, 40, 24
_A_ROW: Final = 4
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_INK, _SOFT, _LINE, _PAPER, _CARD = "#1d2430", "#5a6472", "#c9ced6", "#fbfbf9", "#ffffff"
_NAME_ROOM, _LINE_ROOM = 23, 30


@dataclass(frozen=True, slots=True)
class Stop:
    """One provider on the path: its id and name, its part in words, and up to three short lines below."""

    provider: str
    name: str
    role: str
    lines: tuple[str, ...] = ()
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class PathPicture:
    """What a drawing shows: a title, the stops in the order they were asked, and how the trace ended.

    ``end`` is what stands beside the mark at the end, such as the customer's id.
    """

    title: str
    stops: tuple[Stop, ...]
    outcome: str
    end: str = ""


def draw_path(picture: PathPicture) -> str:
    """The drawing as SVG text."""
    ending = ending_of(picture.outcome)
    cells = len(picture.stops) + 1
    rows = -(-cells // _A_ROW)
    columns = min(cells, _A_ROW)
    width = 2 * _EDGE + columns * _WIDE + (columns - 1) * _GAP
    height = 2 * _EDGE + rows * _HIGH + (rows - 1) * _ROW_GAP
    told = "; ".join(f"{stop.provider} {stop.name}, {stop.role}" for stop in picture.stops)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-labelledby="t d" font-family="{escape(_FONT)}">'
        ),
        f'<title id="t">{_text(picture.title)}</title>',
        f'<desc id="d">{_text(f"Asked in this order: {told}. It ended: {ending.label}. {picture.end}".strip())}</desc>',
        f'<rect width="{width}" height="{height}" rx="10" fill="{_PAPER}" stroke="{_LINE}"/>',
    ]
    parts += [_arrow(_place(index - 1), _place(index)) for index in range(1, cells)]
    for index, stop in enumerate(picture.stops):
        parts += _stop(stop, *_place(index), colour=ending.colour)
    parts += _end(picture, *_place(cells - 1))
    parts.append("</svg>\n")
    return "\n".join(parts)


def _place(index: int) -> tuple[int, int]:
    row, column = divmod(index, _A_ROW)
    return _EDGE + column * (_WIDE + _GAP), _EDGE + row * (_HIGH + _ROW_GAP)


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    (x1, y1), (x2, y2) = start, end
    if y1 == y2:
        y = y1 + _HIGH // 2
        line = f"M{x1 + _WIDE + 6} {y}H{x2 - 12}"
        head = f"M{x2 - 14} {y - 5}l10 5-10 5z"
    else:  # to the beginning of the next row
        x, middle = x2 + _WIDE // 2, y2 - _ROW_GAP // 2
        line = f"M{x1 + _WIDE // 2} {y1 + _HIGH + 4}V{middle}H{x}V{y2 - 10}"
        head = f"M{x - 5} {y2 - 13}l5 10 5-10z"
    return f'<path d="{line}" fill="none" stroke="{_SOFT}" stroke-width="2"/><path d="{head}" fill="{_SOFT}"/>'


def _stop(stop: Stop, x: int, y: int, *, colour: str) -> list[str]:
    edge, weight = (colour, 2.5) if stop.is_marked else (_LINE, 1.5)
    parts = [
        (
            f'<rect x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="8" fill="{_CARD}" stroke="{edge}" '
            f'stroke-width="{weight}"/>'
        ),
        _line(x + 12, y + 22, stop.role, size=11, fill=colour if stop.is_marked else _SOFT, room=_LINE_ROOM),
        _line(x + 12, y + 41, stop.name or stop.provider, size=13, fill=_INK, weight=600, room=_NAME_ROOM),
    ]
    for number, line in enumerate((stop.provider if stop.name else "", *stop.lines)[:3]):
        parts.append(_line(x + 12, y + 59 + 16 * number, line, size=11, fill=_SOFT, room=_LINE_ROOM))
    return parts


def _end(picture: PathPicture, x: int, y: int) -> list[str]:
    ending = ending_of(picture.outcome)
    middle = y + _HIGH // 2
    parts = [
        (
            f'<g transform="translate({x + 4} {middle - 14}) scale(1.4)">'
            f'<path d="{ending.mark}" fill="{ending.colour}"/></g>'
        ),
        _line(
            x + 42,
            middle - 2 if picture.end else middle + 5,
            ending.label,
            size=14,
            fill=ending.colour,
            weight=700,
            room=20,
        ),
    ]
    if picture.end:
        parts.append(_line(x + 42, middle + 17, picture.end, size=12, fill=_INK, room=22))
    return parts


def _line(x: int, y: int, text: str, *, size: int, fill: str, room: int, weight: int = 400) -> str:
    shown = text if len(text) <= room else text[: room - 1].rstrip() + "…"
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}" font-weight="{weight}">{_text(shown)}</text>'


def _text(text: str) -> str:
    """Escaped, and without the characters XML does not allow."""
    return escape("".join(char if char.isprintable() else " " for char in text))
