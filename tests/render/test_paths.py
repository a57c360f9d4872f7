from __future__ import annotations

import re
from xml.etree import ElementTree as ET  # our own drawings, not somebody's

import pytest

from hopback.render.endings import ENDINGS
from hopback.render.paths import PathPicture, Stop, draw_path

SVG = "{http://www.w3.org/2000/svg}"


def picture(stops: int, *, outcome: str = "origin_identified", name: str = "Bell Harbor Telephone") -> PathPicture:
    return PathPicture(
        "K1, tax-relief",
        tuple(Stop(f"P{n:03d}", name, "transit provider", ("10-27 16:01:12 UTC, core",)) for n in range(stops)),
        outcome,
        "customer C-4471",
    )


@pytest.mark.parametrize("stops", [0, 1, 3, 4, 8, 12, 20])
def test_paths_of_any_length_stay_inside_their_drawing(stops: int) -> None:
    root = ET.fromstring(draw_path(picture(stops)))
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    boxes = root.findall(f"{SVG}rect")[1:]
    assert len(boxes) == stops
    for box in boxes:
        assert float(box.attrib["x"]) + float(box.attrib["width"]) <= width
        assert float(box.attrib["y"]) + float(box.attrib["height"]) <= height
    for text in root.findall(f"{SVG}text"):
        assert 0 < float(text.attrib["x"]) < width
        assert 0 < float(text.attrib["y"]) < height


def test_the_same_facts_give_the_same_bytes() -> None:
    assert draw_path(picture(5)) == draw_path(picture(5))


def test_a_drawing_says_in_words_who_was_asked_and_how_it_ended() -> None:
    root = ET.fromstring(draw_path(picture(2, outcome="non_responsive")))
    told = root.findtext(f"{SVG}desc") or ""
    assert "P000 Bell Harbor Telephone" in told
    assert "silent" in told
    assert root.attrib["role"] == "img"


def test_every_ending_has_its_own_words_and_no_two_share_colour_and_shape() -> None:
    assert len({ending.label for ending in ENDINGS.values()}) == len(ENDINGS)
    assert len({(ending.colour, ending.mark) for ending in ENDINGS.values()}) == len(ENDINGS)
    for outcome, ending in ENDINGS.items():
        assert ending.label in draw_path(picture(1, outcome=outcome))


@pytest.mark.parametrize("name", ['<script>alert("x")</script>', "A & B \x00\x08 Ltd", "\u202egnp.exe", "]]>"])
def test_a_hostile_name_is_only_ever_text(name: str) -> None:
    drawing = draw_path(picture(3, name=name))
    root = ET.fromstring(drawing)
    assert not list(root.iter(f"{SVG}script"))
    assert not re.search(r"\son\w+=", drawing)
    assert "http" not in drawing.replace("http://www.w3.org/2000/svg", "")
