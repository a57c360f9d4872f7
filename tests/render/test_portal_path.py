"""A traceback under way as a drawing and as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET  # our own drawings, not somebody's

import pytest

from hopback.kernel.answers import Answer, AnswerKind, Response
from hopback.kernel.calls import Sought
from hopback.kernel.hops import Hop, HopState, SourceKind, Trace, TraceState
from hopback.kernel.outcomes import Outcome, Result
from hopback.render.portal_path import Turn, draw_path, path_rows

SVG = "{http://www.w3.org/2000/svg}"
NOON = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
CALL = Sought(12025550143, 13125550188, NOON, 60.0)
NAMES = {"P1": "Bellwether Telephone LLC", "P2": "Coalbrook <Networks> Inc.", "P4": "Far Shore Telecom Ltd"}


def asked(number: int, provider: str, state: HopState, *, parent: int | None = None, upstream: str = "") -> Hop:
    said: tuple[Response, ...] = ()
    if upstream:
        answer = Answer(AnswerKind.UPSTREAM_NAMED, upstream=upstream, confidence=0.9, record_key=f"r{number}")
        said = (Response(1, "k", answer, NOON, provider, authenticated=True),)
    return Hop(
        number,
        provider,
        CALL,
        parent=parent,
        state=state,
        responses=said,
        effective=1 if upstream else None,
        respond_by=NOON,
        office_zone="America/Chicago",
    )


def trace(*hops: Hop, state: TraceState = TraceState.ACTIVE, result: Result | None = None) -> Trace:
    return Trace("T-1", CALL, "s", SourceKind.HONEYPOT, "ada", NOON, state=state, hops=hops, result=result)


def chain(count: int, *, last: HopState = HopState.DELIVERED) -> Trace:
    hops = [
        asked(
            n,
            f"P{n}",
            last if n == count else HopState.ACCEPTED,
            parent=n - 1 or None,
            upstream=f"P{n + 1}" if n < count else "",
        )
        for n in range(1, count + 1)
    ]
    return trace(*hops)


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)


@pytest.mark.parametrize("across", [3, 4])
@pytest.mark.parametrize("count", [1, 3, 4, 5, 9, 14])
def test_a_way_of_any_length_stays_inside_its_drawing_and_no_two_boxes_touch(count: int, across: int) -> None:
    root = drawn(draw_path(chain(count), names=NAMES, across=across))
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    boxes = [
        tuple(float(box.attrib[side]) for side in ("x", "y", "width", "height")) for box in root.iter(f"{SVG}rect")
    ]
    assert len(boxes) == count
    for x, y, w, h in boxes:
        assert 0 <= x < x + w <= width
        assert 20 <= y < y + h <= height  # room for a flag above
    for one, (x, y, w, h) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[one + 1 :]:
            assert x + w < x2 or x2 + w2 < x or y + h < y2 or y2 + h2 < y
    assert len([path for path in root.iter(f"{SVG}path") if path.attrib["class"] == "arrow"]) == count - 1


def test_where_it_waits_is_flagged_with_whose_turn_and_until_when() -> None:
    text = draw_path(chain(2), names=NAMES)
    assert text.count('class="flag"') == 1
    assert "Their turn to answer" in text
    assert "due Wed Nov 25, 12:00 CST" in text
    assert "Waits here: the provider&#x27;s turn to answer, due Wed Nov 25, 12:00 CST." in text


@pytest.mark.parametrize("state", HopState)
def test_every_state_says_whose_turn_it_is_or_that_it_is_nobodys(state: HopState) -> None:
    (row,) = path_rows(trace(asked(1, "P1", state)), names=NAMES)
    assert (row.turn is Turn.NOBODY) == (not row.turn_words)
    assert (row.turn is Turn.NOBODY) == (
        state
        in {
            HopState.ACCEPTED,
            HopState.NON_RESPONSIVE,
            HopState.REDIRECTED,
            HopState.SUPERSEDED,
            HopState.CANCELLED,
        }
    )
    assert not row.due or row.turn is Turn.PROVIDER
    root = drawn(draw_path(trace(asked(1, "P1", state)), names=NAMES))
    assert not any("…" in (one.text or "") for one in root.iter(f"{SVG}text"))
    assert any(row.state_words in (one.text or "") for one in root.iter(f"{SVG}text"))


def test_a_deadline_that_has_passed_is_told_as_past() -> None:
    (row,) = path_rows(trace(asked(1, "P1", HopState.OVERDUE)), names=NAMES)
    assert row.due == "was due Nov 25, 12:00 CST"


def test_what_no_longer_counts_is_kept_grey_and_dashed_below_the_way() -> None:
    held = trace(
        asked(1, "P1", HopState.ACCEPTED, upstream="P4"),
        asked(2, "P2", HopState.SUPERSEDED, parent=1),
        asked(3, "P4", HopState.DELIVERED, parent=1),
    )
    root = drawn(draw_path(held, names=NAMES))
    groups = [group for group in root.iter(f"{SVG}g") if "hop" in group.attrib["class"].split()]
    assert ["held" in group.attrib["class"].split() for group in groups] == [False, True, False]
    first, second, third = (group.find(f"{SVG}rect") for group in groups)
    assert first is not None
    assert second is not None
    assert third is not None
    assert second.attrib["stroke-dasharray"]
    assert float(first.attrib["y"]) == float(third.attrib["y"]) < float(second.attrib["y"])
    assert float(second.attrib["x"]) == float(third.attrib["x"])
    rows = path_rows(held, names=NAMES)
    assert [row.is_on_path for row in rows] == [True, False, True]
    assert rows[1].turn is Turn.NOBODY


def test_a_hop_asked_beside_has_a_lane_of_its_own() -> None:
    forked = trace(
        asked(1, "P1", HopState.DELIVERED),
        replace(asked(2, "P2", HopState.ACCEPTED, upstream="P5", parent=1), is_fork=True),
        asked(3, "P5", HopState.DELIVERED, parent=2),
        replace(asked(4, "P6", HopState.DELIVERED, parent=1), is_fork=True),
    )
    root = drawn(draw_path(forked, names=NAMES))
    places = [(float(box.attrib["x"]), float(box.attrib["y"])) for box in root.iter(f"{SVG}rect")]
    assert len(set(places)) == 4
    assert places[1][1] == places[2][1]
    assert path_rows(forked, names=NAMES)[3].part == "asked beside"


def test_how_it_ended_stands_at_the_end_with_the_caller() -> None:
    result = Result(Outcome.ORIGIN_IDENTIFIED, 0.9, ("P1",), "P1", "C-4471")
    ended = trace(asked(1, "P1", HopState.ACCEPTED), state=TraceState.CONCLUDED, result=result)
    text = draw_path(ended, names=NAMES)
    assert "caller named" in text
    assert "customer C-4471" in text
    assert "turn" not in text


def test_a_finished_way_waits_for_somebody_to_conclude_it() -> None:
    text = draw_path(trace(asked(1, "P1", HopState.ACCEPTED)), names=NAMES, outcome=Outcome.NO_RECORD_AT_HOP)
    assert "no record" in text
    assert "the consortium&#x27;s turn: to conclude" in text


def test_a_gateway_and_a_foreign_provider_are_called_so() -> None:
    abroad = trace(
        asked(1, "P1", HopState.ACCEPTED, upstream="P4"),
        asked(2, "P4", HopState.DELIVERED, parent=1),
    )
    first, second = path_rows(abroad, names=NAMES, countries={"P4": "IN"})
    assert (first.part, second.part) == ("gateway provider", "asked last")
    assert second.country == "IN"


@pytest.mark.parametrize("state", TraceState)
def test_nobody_asked_yet_is_a_drawing_too(state: TraceState) -> None:
    root = drawn(draw_path(trace(state=state), names={}))
    assert float(root.attrib["height"]) > 0
    assert root.find(f"{SVG}desc") is not None


def test_what_comes_from_outside_is_escaped_and_nothing_is_styled_inline() -> None:
    text = draw_path(chain(3), names=NAMES)
    assert "&lt;Networks&gt;" in text
    assert "style" not in text
    assert "<script" not in text


def test_a_reader_who_does_not_see_the_drawing_is_told_it() -> None:
    root = drawn(draw_path(chain(2), names=NAMES))
    assert root.attrib["role"] == "img"
    title, told = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert told is not None
    assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], told.attrib["id"]]
    assert told.text is not None
    assert "Hop 2, asked after hop 1: Coalbrook <Networks> Inc., asked last" in told.text
