from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET  # our own drawings, not somebody's

import pytest

from hopback.render.endings import ENDINGS
from hopback.render.paths import PathPicture, Stop, draw_path, sheet_rules

SVG = "{http://www.w3.org/2000/svg}"
SIDES = ("x", "y", "width", "height")


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
    for arrow in root.findall(f"{SVG}path[@class='arrow']"):
        x, y = (int(number) for number in (re.findall(r"\d+", arrow.attrib["d"])[at] for at in (0, 1)))
        assert 0 < x < width
        assert 0 < y < height
    assert len(root.findall(f"{SVG}path[@class='arrow']")) == stops


@pytest.mark.parametrize("stops", [1, 4, 9, 13])
def test_no_line_of_a_stop_runs_out_of_its_box_or_into_another_line(stops: int) -> None:
    long = "Bell Harbor Telephone and Telegraph Company of the Upper Peninsula, LLC"
    root = ET.fromstring(draw_path(picture(stops, name=long)))
    boxes = [{side: float(box.attrib[side]) for side in SIDES} for box in root.findall(f"{SVG}rect")[1:]]
    for box in boxes:
        inside = [
            text
            for text in root.findall(f"{SVG}text")
            if box["x"] < float(text.attrib["x"]) < box["x"] + box["width"]
            and box["y"] < float(text.attrib["y"]) < box["y"] + box["height"]
        ]
        heights = [float(text.attrib["y"]) for text in inside]
        assert len(inside) == 5
        assert all(later - earlier >= 14 for earlier, later in pairwise(heights))
        assert heights[-1] <= box["y"] + box["height"] - 8
        # Half an em is narrower than any letter but i, j, l and t: a line of more letters cannot fit.
        assert all(len(text.text or "") * 0.5 * float(text.attrib["font-size"]) < box["width"] for text in inside)


def test_wide_letters_are_cut_earlier_than_narrow_ones() -> None:
    def letters(name: str) -> int:
        return max(len(text.text or "") for text in ET.fromstring(draw_path(picture(1, name=name))).iter(f"{SVG}text")
                   if (text.text or "").startswith(name[0] * 3))  # fmt: skip

    assert letters("W" * 60) < letters("n" * 60) < letters("i" * 60)
    assert letters("社" * 60) < letters("n" * 60)


def test_the_same_facts_give_the_same_bytes() -> None:
    assert draw_path(picture(5)) == draw_path(picture(5))


def test_a_drawing_says_in_words_who_was_asked_and_how_it_ended() -> None:
    root = ET.fromstring(draw_path(picture(2, outcome="non_responsive")))
    told = root.findtext(f"{SVG}desc") or ""
    assert "Bell Harbor Telephone (P000), transit provider, 10-27 16:01:12 UTC, core; Bell" in told
    assert "silent" in told
    assert root.attrib["role"] == "img"


def test_every_ending_has_its_own_words_colour_and_shape() -> None:
    assert len({ending.label for ending in ENDINGS.values()}) == len(ENDINGS)
    for part in ("title", "colour", "dark_colour", "mark"):
        assert len({getattr(ending, part) for ending in ENDINGS.values()}) == len(ENDINGS)
    for outcome, ending in ENDINGS.items():
        drawing = draw_path(picture(1, outcome=outcome))
        assert all(part in drawing for part in (ending.colour, ending.dark_colour, ending.mark))
        assert ending.label in " ".join(text.text or "" for text in ET.fromstring(drawing).iter(f"{SVG}text"))


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("outcome", ENDINGS)
def test_an_ending_can_be_read_on_white_and_on_dark_paper(outcome: str) -> None:
    assert contrast(ENDINGS[outcome].colour, "#ffffff") >= 4.5
    assert contrast(ENDINGS[outcome].dark_colour, "#1e242e") >= 4.5
    assert f".o-{outcome} .end{{fill:{ENDINGS[outcome].dark_colour}}}" in sheet_rules()


def test_alone_a_drawing_brings_its_dark_colours_and_in_a_page_it_brings_no_style() -> None:
    alone, inline = draw_path(picture(2)), draw_path(picture(2), is_inline=True)
    assert "prefers-color-scheme:dark" in alone
    assert "<style" not in inline
    assert "style=" not in alone + inline


def test_an_outcome_that_is_not_known_is_for_a_person() -> None:
    assert "needs a person" in draw_path(picture(1, outcome='new"><script>'))
    assert "script" not in draw_path(picture(1, outcome='new"><script>'))


@pytest.mark.parametrize("name", ['<script>alert("x")</script>', "A & B \x00\x08 Ltd", "\u202egnp.exe", "]]>"])
def test_a_hostile_name_is_only_ever_text(name: str) -> None:
    drawing = draw_path(picture(3, name=name))
    root = ET.fromstring(drawing)
    assert not list(root.iter(f"{SVG}script"))
    assert not re.search(r"\son\w+=", drawing)
    assert "http" not in drawing.replace("http://www.w3.org/2000/svg", "")
