"""The style sheets and the little script: nothing from elsewhere, nothing that a strict policy refuses."""

from __future__ import annotations

import re
from importlib import resources

import pytest

STATIC = resources.files("hopback.portal.web") / "static" / "web"


@pytest.mark.parametrize("name", ["hopback.css", "portal.css"])
def test_a_style_sheet_asks_for_nothing_from_elsewhere_and_every_file_it_names_is_there(name: str) -> None:
    sheet = (STATIC / name).read_text("utf-8")
    assert "@import" not in sheet
    assert "@font-face" not in sheet
    assert "url(data:" not in sheet
    assert "usa-banner" not in sheet
    assert "usa-identifier" not in sheet
    for one in re.findall(r"url\(\"?([^\")]*)", sheet):
        assert STATIC.joinpath(one).is_file(), one


def test_what_uswds_says_lies_in_a_layer_that_yields_to_ours() -> None:
    sheet = (STATIC / "hopback.css").read_text("utf-8")
    assert re.sub(r"/\*.*?\*/\s*", "", sheet, flags=re.DOTALL).startswith("@layer uswds{")
    assert "@layer" not in (STATIC / "portal.css").read_text("utf-8")


def test_braces_of_our_style_sheet_are_even() -> None:
    sheet = (STATIC / "portal.css").read_text("utf-8")
    assert sheet.count("{") == sheet.count("}") > 100
