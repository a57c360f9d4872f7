"""A traceback under way as a drawing: who was asked, how each answer stands, and where it waits.

Read from left to right, row by row: the terminating provider was asked first and each arrow leads to
whom it named. Hops asked beside stand below the way; hops that no longer count are kept, grey and
dashed. Where somebody's turn is, a flag says whose and until when. :func:`path_rows` gives the same as
rows, for the table that stands beside the drawing.

The drawing carries presentation attributes and classes only, so that a strict policy lets it in; a
page's style sheet may colour the classes for dark paper.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from hopback.kernel.clocks import office_zone
from hopback.kernel.hops import WORKING, Hop, HopState, Trace, TraceState
from hopback.kernel.paths import effective_path, roles
from hopback.render.lettering import cut, folded
from hopback.render.markup import shown
from hopback.render.states import SHAPES, told
from hopback.render.told import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from hopback.kernel.outcomes import Outcome

__all__ = ["PathRow", "Turn", "draw_path", "path_rows"]

_WIDE, _HIGH, _GAP, _LANE_GAP, _BAND_GAP, _EDGE, _PAD, _FLAG = 220, 104, 44, 34, 52, 14, 12, 22
_ROOM: Final = _WIDE - 2 * _PAD
_COLOURS: Final = MappingProxyType(
    {"good": "#1b6e3c", "warn": "#7a4d00", "bad": "#8a2c2c", "info": "#1f5c99", "still": "#566070"}
)
_INK, _SOFT, _LINE, _CARD = "#1d2430", "#566070", "#7b8593", "#ffffff"
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


class Turn(StrEnum):
    """Whose turn it is at a hop."""

    PROVIDER = "provider"
    CONSORTIUM = "consortium"
    NOBODY = "nobody"


_TURNS: Final = MappingProxyType(
    {
        HopState.PENDING: (Turn.CONSORTIUM, "to send the request"),
        HopState.SENT: (Turn.PROVIDER, "to show receipt"),
        HopState.DELIVERED: (Turn.PROVIDER, "to answer"),
        HopState.ACKNOWLEDGED: (Turn.PROVIDER, "to answer"),
        HopState.NEEDS_INFO: (Turn.PROVIDER, "to complete it"),
        HopState.OVERDUE: (Turn.PROVIDER, "to answer, late"),
        HopState.DELINQUENT: (Turn.PROVIDER, "to answer, late"),
        HopState.ANSWERED: (Turn.CONSORTIUM, "to check the answer"),
        HopState.LATE_ANSWERED: (Turn.CONSORTIUM, "to check the answer"),
        HopState.DISPUTED: (Turn.CONSORTIUM, "to settle it"),
    }
)
_DUE: Final = frozenset(
    {HopState.DELIVERED, HopState.ACKNOWLEDGED, HopState.NEEDS_INFO, HopState.OVERDUE, HopState.DELINQUENT}
)
_ENDED: Final = frozenset({TraceState.CONCLUDED, TraceState.CLOSED, TraceState.VOID, TraceState.DECLINED})


@dataclass(frozen=True, slots=True)
class PathRow:
    """One hop as a reader is told it.

    ``part`` is the provider's part on this call in words, ``is_on_path`` whether the answers that stand
    lead to it, ``is_held`` whether it only is kept. ``turn`` is whose turn it is and ``turn_words`` what
    they have to do; ``due`` the deadline while an answer is owed, in the time of the office asked.
    """

    number: int
    provider: str
    name: str
    country: str
    part: str
    state: HopState
    state_words: str
    is_on_path: bool
    is_held: bool
    asked_after: int | None
    turn: Turn
    turn_words: str
    respond_by: datetime | None
    due: str


def path_rows(
    trace: Trace, *, names: Mapping[str, str], countries: Mapping[str, str] | None = None, home: str = "US"
) -> tuple[PathRow, ...]:
    """The hops in the order they were asked, held ones too.

    ``names`` and ``countries`` give a provider's name and ISO 3166-1 country by its id; one without an
    entry is shown by its id. ``home`` is the country whose consortium traces.
    """
    countries = countries or {}
    path = effective_path(trace)
    parts = _parts(trace, path, countries=countries, home=home)
    on_path = {hop.number for hop in path}
    rows = []
    for hop in trace.hops:
        turn, words = _turn(trace, hop)
        rows.append(
            PathRow(
                number=hop.number,
                provider=hop.provider,
                name=names.get(hop.provider) or hop.provider,
                country=countries.get(hop.provider, ""),
                part=parts.get(hop.number) or ("asked beside" if hop.is_fork else "asked"),
                state=hop.state,
                state_words=told(hop.state.value).words,
                is_on_path=hop.number in on_path,
                is_held=hop.is_held,
                asked_after=hop.parent,
                turn=turn,
                turn_words=words,
                respond_by=hop.respond_by,
                due=_due(hop),
            )
        )
    return tuple(rows)


def draw_path(
    trace: Trace,
    *,
    names: Mapping[str, str],
    countries: Mapping[str, str] | None = None,
    home: str = "US",
    outcome: Outcome | None = None,
    across: int = 4,
) -> str:
    """The drawing as SVG to stand in a page.

    ``outcome`` is how it ended or, while it is open, what the answers that stand come to; without it
    the one the traceback was concluded with is shown. ``across`` boxes stand in a row: four take 1,040
    pixels. See :func:`path_rows` for the rest.
    """
    rows = path_rows(trace, names=names, countries=countries, home=home)
    ended = outcome or (trace.result.outcome if trace.result is not None else None)
    note = _end_note(trace, rows, ended)
    cells, links = _laid_out(trace, has_end=note is not None)
    frame = _Frame(cells, across=across)
    mark = re.sub(r"[^A-Za-z0-9_-]", "-", trace.id)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="live-path" viewBox="0 0 {frame.width} {frame.height}" '
            f'width="{frame.width}" height="{frame.height}" role="img" aria-labelledby="path-{mark} path-{mark}-told" '
            f'font-family="{shown(_FONT)}">'
        ),
        f'<title id="path-{mark}">{_plain(f"The way of traceback {trace.id}")}</title>',
        f'<desc id="path-{mark}-told">{_plain(_story(rows, note))}</desc>',
    ]
    held = {row.number for row in rows if row.is_held}
    parts += [
        frame.arrow(cells[start], cells[end], kind="held" if end in held else "")
        for start, end in links
        if end in cells
    ]
    for row in rows:
        parts += _box(row, frame.place(cells[row.number]))
    if note is not None:
        parts += _end(note, frame.place(cells[_END]))
    parts.append("</svg>\n")
    return "\n".join(parts)


# What is said


def _turn(trace: Trace, hop: Hop) -> tuple[Turn, str]:
    if trace.state not in WORKING or hop.is_held:
        return Turn.NOBODY, ""
    return _TURNS.get(hop.state, (Turn.NOBODY, ""))


def _due(hop: Hop) -> str:
    """``due Fri Nov 27, 15:00 CST``; nothing where nothing is owed."""
    if hop.state not in _DUE or hop.respond_by is None:
        return ""
    local = hop.respond_by.astimezone(office_zone(hop.office_zone or "UTC"))
    name = local.tzname() or "UTC"
    zone = name if name.isalpha() else f"UTC{name}"
    if hop.state in (HopState.OVERDUE, HopState.DELINQUENT):
        return f"was due {local:%b} {local.day}, {local:%H:%M} {zone}"
    return f"due {local:%a %b} {local.day}, {local:%H:%M} {zone}"


def _parts(trace: Trace, path: Sequence[Hop], *, countries: Mapping[str, str], home: str) -> dict[int, str]:
    result = trace.result
    is_origin = result is not None and result.origin_provider is not None
    providers = tuple(hop.provider for hop in path)
    parts = {}
    for place, role in enumerate(roles(providers, countries=countries, home=home, is_origin=is_origin)):
        is_last = place == len(path) - 1
        parts[path[place].number] = "asked last" if is_last and place and not is_origin else PARTS[role]
    return parts


@dataclass(frozen=True, slots=True)
class _Note:
    """What stands at the end of the way."""

    words: str
    tone: str
    shape: str
    below: str
    is_waiting: bool = False


def _end_note(trace: Trace, rows: Sequence[PathRow], outcome: Outcome | None) -> _Note | None:
    if trace.state in (TraceState.CANDIDATE, TraceState.VETTED):
        words = "to be vetted" if trace.state is TraceState.CANDIDATE else "to be opened"
        return _Note(words, "info", "ring", "the consortium's turn", is_waiting=True)
    if outcome is not None:
        said, result = told(outcome.value), trace.result
        if trace.state in _ENDED:
            below = ""
            if result is not None:
                entry = f"entered at {result.point_of_entry}" if result.point_of_entry else ""
                below = f"customer {result.customer}" if result.customer else entry
            return _Note(said.words, said.tone, said.shape, below)
        if not any(row.turn is not Turn.NOBODY for row in rows):
            return _Note(said.words, said.tone, said.shape, "the consortium's turn: to conclude", is_waiting=True)
    if trace.state in (TraceState.DECLINED, TraceState.VOID):
        said = told(trace.state.value)
        return _Note(said.words, said.tone, said.shape, "")
    if trace.state in WORKING and not any(row.turn is not Turn.NOBODY for row in rows):
        return _Note("waits for a decision", "warn", "diamond", "the consortium's turn", is_waiting=True)
    return None


def _story(rows: Sequence[PathRow], note: _Note | None) -> str:
    said = []
    for row in rows:
        after = f", asked after hop {row.asked_after}" if row.asked_after is not None else ""
        country = f", {row.country}" if row.country else ""
        kept = ", no longer counts" if row.is_held else ""
        line = f"Hop {row.number}{after}: {row.name}{country}, {row.part}, {row.state_words}{kept}"
        if row.turn is not Turn.NOBODY:
            line += f". Waits here: {_whose(row)} {row.turn_words}" + (f", {row.due}" if row.due else "")
        said.append(f"{line}.")
    if note is not None:
        said.append(f"At the end: {note.words}{', ' + note.below if note.below else ''}.")
    return " ".join(said) or "Nobody has been asked yet."


def _whose(row: PathRow) -> str:
    return "the provider's turn" if row.turn is Turn.PROVIDER else "the consortium's turn"


# Where it stands


_END: Final = 0
_Cell = tuple[int, int]  # depth and lane


def _laid_out(trace: Trace, *, has_end: bool) -> tuple[dict[int, _Cell], list[tuple[int, int]]]:
    """A cell for each hop (and for the end, as number 0), and the arrows between them.

    The way the answers lead takes the first lane; everything else gets a lane of its own below.
    """
    on_path = [hop.number for hop in effective_path(trace)]
    cells: dict[int, _Cell] = {number: (depth, 0) for depth, number in enumerate(on_path)}
    links = list(pairwise(on_path))
    if has_end:
        cells[_END] = (len(on_path), 0)
        if on_path:
            links.append((on_path[-1], _END))
    lane = 0 if cells else -1
    taken: dict[int, int] = {}  # how far each lane is filled
    for hop in trace.hops:
        if hop.number in cells:
            continue
        depth = 0 if hop.parent is None else cells[hop.parent][0] + 1
        parent_lane = 0 if hop.parent is None else cells[hop.parent][1]
        own = parent_lane if parent_lane > 0 and taken[parent_lane] < depth else None
        if own is None:
            lane += 1
            own = lane
        cells[hop.number], taken[own] = (depth, own), depth
        if hop.parent is not None:
            links.append((hop.parent, hop.number))
    return cells, links


class _Frame:
    """Where cells lie: so many columns to a band, bands below each other, each with the lanes it needs."""

    def __init__(self, cells: Mapping[int, _Cell], *, across: int) -> None:
        self._across = across
        lanes: dict[int, set[int]] = {}
        for depth, lane in cells.values():
            lanes.setdefault(depth // across, set()).add(lane)
        self._rows = {band: {lane: row for row, lane in enumerate(sorted(used))} for band, used in lanes.items()}
        self._tops, below = {}, _EDGE + _FLAG
        for band in sorted(lanes):
            self._tops[band] = below
            below += len(lanes[band]) * (_HIGH + _LANE_GAP) - _LANE_GAP + _BAND_GAP
        columns = min(max((depth for depth, _ in cells.values()), default=0) + 1, across)
        self.width = 2 * _EDGE + columns * _WIDE + (columns - 1) * _GAP
        self.height = max(below - _BAND_GAP + _EDGE, 2 * _EDGE)

    def place(self, cell: _Cell) -> tuple[int, int]:
        """The upper left corner of a cell."""
        depth, lane = cell
        band, column = divmod(depth, self._across)
        return _EDGE + column * (_WIDE + _GAP), self._tops[band] + self._rows[band][lane] * (_HIGH + _LANE_GAP)

    def arrow(self, start: _Cell, end: _Cell, *, kind: str) -> str:
        """From one cell to one that is a step deeper."""
        (x1, y1), (x2, y2) = self.place(start), self.place(end)
        middle = _HIGH // 2
        if start[0] // self._across == end[0] // self._across:
            x, y = x1 + _WIDE + _GAP // 2, y2 + middle
            line = f"M{x1 + _WIDE} {y1 + middle}H{x}V{y}H{x2 - 9}" if y1 != y2 else f"M{x1 + _WIDE} {y}H{x2 - 9}"
            head = f"M{x2 - 10} {y - 5}l10 5-10 5z"
        else:  # from the right end of a band to the left of the next
            x, between, y = x1 + _WIDE // 2, self._tops[end[0] // self._across] - _FLAG - 12, y2 + middle
            line = f"M{x} {y1 + _HIGH}V{between}H{x2 + 24}V{y2 - 9}" if end[1] == 0 else ""
            line = line or f"M{x} {y1 + _HIGH}V{between}H{x2 - 8}V{y}H{x2 - 4}"
            head = f"M{x2 + 19} {y2 - 10}l5 10 5-10z" if end[1] == 0 else f"M{x2 - 5} {y - 4}l5 4-5 4z"
        dash = ' stroke-dasharray="4 4"' if kind else ""
        css = f"arrow {kind}".strip()
        return (
            f'<path class="{css}" d="{line}" fill="none" stroke="{_LINE}" stroke-width="2" '
            f'stroke-linejoin="round"{dash}/><path class="head {kind}" d="{head}" fill="{_LINE}"/>'
        )


# What is drawn


def _box(row: PathRow, place: tuple[int, int]) -> list[str]:
    x, y = place
    said = told(row.state.value)
    colour, is_turn = _COLOURS[said.tone], row.turn is not Turn.NOBODY
    group = " ".join(["hop", f"tone-{said.tone}", *(["held"] if row.is_held else []), *(["waits"] if is_turn else [])])
    stroke, heavy = (colour, "2.5") if is_turn else (_LINE, "1")
    dash = ' stroke-dasharray="4 4"' if row.is_held else ""
    parts = [
        f'<g class="{group}">',
        (
            f'<rect class="card" x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="8" fill="{_CARD}" '
            f'stroke="{stroke}" stroke-width="{heavy}"{dash}/>'
        ),
    ]
    if is_turn:
        words = f"{'Their' if row.turn is Turn.PROVIDER else 'Our'} turn {row.turn_words}"
        parts += [
            f'<path class="flag" d="M{x + 8} {y - 20}h{_WIDE - 16}v20h-{_WIDE - 16}z" fill="{colour}"/>',
            _text(x + _PAD + 2, y - 6, words, css="on-flag", colour="#ffffff", size=11, weight=600, room=_WIDE - 28),
        ]
    name = folded(row.name, size=13, room=_ROOM)
    parts.append(_text(x + _PAD, y + 19, f"{row.number} · {row.part}", css="soft", colour=_SOFT, size=11))
    for index, line in enumerate(name):
        ink = _SOFT if row.is_held else _INK
        css = "soft" if row.is_held else "ink"
        parts.append(_text(x + _PAD, y + 38 + 16 * index, line, css=css, colour=ink, size=13, weight=600))
    below = y + 38 + 16 * len(name)
    who = " · ".join(part for part in (row.provider if row.name != row.provider else "", row.country) if part)
    if who and len(name) == 1:
        parts.append(_text(x + _PAD, below, who, css="soft", colour=_SOFT, size=11))
    parts += [
        _mark(x + _PAD, y + 69, said.shape, colour=colour, scale=0.5),
        _text(x + _PAD + 15, y + 78, said.words, css="said", colour=colour, size=11, weight=600, room=_ROOM - 15),
    ]
    if row.due:
        parts.append(_text(x + _PAD, y + 95, row.due, css="soft", colour=_SOFT, size=11))
    parts.append("</g>")
    return parts


def _end(note: _Note, place: tuple[int, int]) -> list[str]:
    x, y = place
    middle, colour = y + _HIGH // 2, _COLOURS[note.tone]
    lines = folded(note.words, size=13, room=_WIDE - 44)
    below = folded(note.below, size=11, room=_WIDE - 44)
    top = middle + 5 - 8 * (len(lines) + len(below) - 1)
    parts = [
        f'<g class="{"end waits" if note.is_waiting else "end"} tone-{note.tone}">',
        _mark(x + 6, middle - 13, note.shape, colour=colour, scale=1.3),
    ]
    for index, line in enumerate((*lines, *below)):
        is_head = index < len(lines)
        parts.append(
            _text(
                x + 42,
                top + 17 * index,
                line,
                css="said" if is_head else "soft",
                colour=colour if is_head else _SOFT,
                size=13 if is_head else 11,
                weight=700 if is_head else 400,
                room=_WIDE - 44,
            )
        )
    return [*parts, "</g>"]


def _text(x: int, y: int, text: str, *, css: str, colour: str, size: int, weight: int = 400, room: int = _ROOM) -> str:
    return (
        f'<text class="{css}" x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}">'
        f"{_plain(cut(text, size=size, room=room, weight=weight))}</text>"
    )


def _mark(x: int, y: int, shape: str, *, colour: str, scale: float) -> str:
    return f'<path class="mark" transform="translate({x} {y}) scale({scale})" d="{SHAPES[shape]}" fill="{colour}"/>'


def _plain(text: str) -> str:
    return shown(text.replace("\n", " "))
