"""The way of one call as a drawing: SVG that stands alone, the same bytes for the same facts.

Read from left to right, row by row: the provider that delivered the call was asked first, and each
arrow leads to whom it named. The call itself travelled the other way. Colour, shape and words all say
how the trace ended, so that none is needed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from hopback.render.endings import ENDINGS, dark_rules, ending_of, key_of
from hopback.render.lettering import cut, folded
from hopback.render.markup import shown

__all__ = ["PathPicture", "Stop", "draw_path", "sheet_rules"]

_WIDE, _LEAST_HIGH, _GAP, _ROW_GAP, _EDGE, _HEAD, _PAD = 216, 84, 40, 44, 24, 60, 12
_ROLE_HIGH, _LINE_HIGH, _BELOW = 41, 16, 1
_LEAST_WIDE: Final = 2 * _EDGE + 2 * _WIDE + _GAP
_ROOM: Final = _WIDE - 2 * _PAD
_MOST_LINES: Final = 4
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_INK, _SOFT, _LINE, _PAPER, _CARD = "#1d2430", "#5a6472", "#c9ced6", "#fbfbf9", "#ffffff"
_DARK: Final = (
    ".way .paper{fill:#14181f;stroke:#3a4250}.way .card{fill:#1e242e;stroke:#465062}.way .ink{fill:#e8eaee}"
    ".way .soft{fill:#a9b2bf}.way .arrow{stroke:#a9b2bf}"
)
_HOW_TO_READ: Final = "Arrows lead to whom was asked next. The call travelled the other way."


@dataclass(frozen=True, slots=True)
class Stop:
    """One provider on the path.

    ``role`` is its part in words, ``country`` an ISO 3166-1 code or nothing, ``lines`` up to four short
    lines such as the time found. ``is_marked`` gives it the colour of the end.
    """

    provider: str
    name: str
    role: str
    lines: tuple[str, ...] = ()
    is_marked: bool = False
    country: str = ""


@dataclass(frozen=True, slots=True)
class PathPicture:
    """What a drawing shows: a title, the stops in the order they were asked, and how the trace ended.

    ``end`` is what stands below the words of the ending, such as the customer's id.
    """

    title: str
    stops: tuple[Stop, ...]
    outcome: str
    end: str = ""


def draw_path(picture: PathPicture, *, is_inline: bool = False) -> str:
    """The drawing as SVG text.

    Alone it carries its own colours for dark paper. ``is_inline`` leaves them out, for a page whose
    style sheet has ``sheet_rules()`` and whose policy allows no style of its own.
    """
    cells = len(picture.stops) + 1
    grid = _Grid(_across(cells), max((_height(stop) for stop in picture.stops), default=_LEAST_HIGH))
    rows, columns = -(-cells // grid.across), min(cells, grid.across)
    width = max(2 * _EDGE + columns * _WIDE + (columns - 1) * _GAP, _LEAST_WIDE)
    height = _HEAD + _EDGE + rows * grid.high + (rows - 1) * _ROW_GAP
    places = [grid.place(index) for index in range(cells)]
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="way o-{key_of(picture.outcome)}" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-labelledby="way-title way-told" font-family="{shown(_FONT)}">'
        ),
        f'<title id="way-title">{_one_line(picture.title)}</title>',
        f'<desc id="way-told">{_one_line(_told(picture))}</desc>',
    ]
    if not is_inline:
        parts.append(
            f"<style>@media screen and (prefers-color-scheme:dark){{{_DARK}{dark_rules(picture.outcome)}}}</style>"
        )
    parts += [
        (
            f'<rect class="paper" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10" '
            f'fill="{_PAPER}" stroke="{_LINE}"/>'
        ),
        _line(_EDGE, 28, picture.title, size=13, kind="ink", weight=600, room=width - 2 * _EDGE),
        _line(_EDGE, 45, _HOW_TO_READ, size=11, kind="soft", room=width - 2 * _EDGE),
    ]
    parts += [grid.arrow(start, end) for start, end in pairwise(places)]
    for index, (stop, place) in enumerate(zip(picture.stops, places, strict=False)):
        parts += _stop(stop, index + 1, place, high=grid.high, colour=ending_of(picture.outcome).colour)
    parts += _end(picture, places[-1], high=grid.high)
    parts.append("</svg>\n")
    return "\n".join(parts)


def sheet_rules() -> str:
    """The rules a page's style sheet needs so that inline drawings and marks look right on dark paper."""
    every = "".join(dark_rules(outcome) for outcome in ENDINGS)
    return f"@media screen and (prefers-color-scheme: dark) {{\n{_DARK}\n{every}\n}}\n"


def _told(picture: PathPicture) -> str:
    stops = "; ".join(
        ", ".join(part for part in (f"{stop.name} ({stop.provider})", stop.country, stop.role, *stop.lines) if part)
        for stop in picture.stops
    )
    ending = ending_of(picture.outcome)
    return f"Asked in this order: {stops}. How it ended: {ending.label}. {picture.end}".strip()


def _across(cells: int) -> int:
    """Four in a row; three where four would leave the last one alone in its row."""
    four, three = 4, 3
    return three if cells > four and cells % four == 1 and cells % three != 1 else four


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells of one size in rows of ``across``, each ``high`` pixels high."""

    across: int
    high: int

    def place(self, index: int) -> tuple[int, int]:
        row, column = divmod(index, self.across)
        return _EDGE + column * (_WIDE + _GAP), _HEAD + row * (self.high + _ROW_GAP)

    def arrow(self, start: tuple[int, int], end: tuple[int, int]) -> str:
        (x1, y1), (x2, y2) = start, end
        if y1 == y2:
            y = y1 + self.high // 2
            line = f"M{x1 + _WIDE + 6} {y}H{x2 - 12}"
            head = f"M{x2 - 15} {y - 5}l10 5-10 5z"
        else:  # to the beginning of the next row
            x, middle = x2 + _WIDE // 2, y2 - _ROW_GAP // 2
            line = f"M{x1 + _WIDE // 2} {y1 + self.high + 5}V{middle}H{x}V{y2 - 12}"
            head = f"M{x - 5} {y2 - 15}l5 10 5-10z"
        return (
            f'<path class="arrow" d="{line}" fill="none" stroke="{_SOFT}" stroke-width="2" stroke-linejoin="round"/>'
            f'<path class="soft" d="{head}" fill="{_SOFT}"/>'
        )


def _height(stop: Stop) -> int:
    """How much room a stop's own lines take."""
    lines = len(folded(stop.name or stop.provider, size=13, room=_ROOM)) + len(
        (stop.provider, *stop.lines)[:_MOST_LINES]
    )
    return max(_ROLE_HIGH + _LINE_HIGH * lines + _BELOW, _LEAST_HIGH)


def _stop(stop: Stop, number: int, place: tuple[int, int], *, high: int, colour: str) -> list[str]:
    x, y = place
    kind, edge, weight = ("card rim", colour, 2.5) if stop.is_marked else ("card", _LINE, 1.5)
    parts = [
        (
            f'<rect class="{kind}" x="{x}" y="{y}" width="{_WIDE}" height="{high}" rx="8" fill="{_CARD}" '
            f'stroke="{edge}" stroke-width="{weight}"/>'
        ),
        _line(
            x + _PAD,
            y + 21,
            f"{number} · {stop.role}",
            size=11,
            kind="end" if stop.is_marked else "soft",
            colour=colour if stop.is_marked else _SOFT,
        ),
    ]
    below = y + _ROLE_HIGH
    for line in folded(stop.name or stop.provider, size=13, room=_ROOM):
        parts.append(_line(x + _PAD, below, line, size=13, kind="ink", weight=600))
        below += _LINE_HIGH
    below += _BELOW
    who = " · ".join(part for part in (stop.provider, stop.country) if part)
    for line in (who, *stop.lines)[:_MOST_LINES]:
        parts.append(_line(x + _PAD, below, line, size=11, kind="soft"))
        below += _LINE_HIGH
    return parts


def _end(picture: PathPicture, place: tuple[int, int], *, high: int) -> list[str]:
    x, y = place
    ending = ending_of(picture.outcome)
    middle = y + high // 2
    told = [("end", ending.colour, 14, 700, line) for line in folded(ending.label, size=14, room=_WIDE - 46)]
    told += [("ink", _INK, 12, 400, line) for line in folded(picture.end, size=12, room=_WIDE - 46)]
    top = middle + 5 - 9 * (len(told) - 1)
    return [
        (
            f'<path class="end" transform="translate({x + 4} {middle - 14}) scale(1.4)" d="{ending.mark}" '
            f'fill="{ending.colour}"/>'
        ),
        *(
            _line(x + 46, top + 18 * index, line, size=size, kind=kind, colour=colour, weight=weight, room=_WIDE - 46)
            for index, (kind, colour, size, weight, line) in enumerate(told)
        ),
    ]


def _line(
    x: int, y: int, text: str, *, size: int, kind: str, colour: str = "", weight: int = 400, room: int = _ROOM
) -> str:
    colour = colour or (_INK if kind == "ink" else _SOFT)
    return (
        f'<text class="{kind}" x="{x}" y="{y}" font-size="{size}" fill="{colour}" font-weight="{weight}">'
        f"{_one_line(cut(text, size=size, room=room, weight=weight))}</text>"
    )


def _one_line(text: str) -> str:
    return shown(text.replace("\n", " "))
