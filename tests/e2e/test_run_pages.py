"""The pages of a run in a real browser: Debian's Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hopback.demo.invent import invent
from hopback.exercise.case import read_case

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, hopback: Callable[..., subprocess.CompletedProcess[str]]
) -> tuple[Path, int]:
    folder = tmp_path_factory.mktemp("run")
    invent(folder / "case", seed=4)
    ran = hopback("trace", folder / "case", "--out", folder / "out", "--json")
    assert ran.returncode == 0, ran.stderr
    return folder / "out", len(read_case(folder / "case").calls)


def opened(browser: Browser, path: Path, *, width: int = 1200) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto(path.as_uri())
    return page, complaints


def test_a_newcomer_gets_from_the_first_page_to_a_call_and_back(browser: Browser, run: tuple[Path, int]) -> None:
    out, count = run
    page, complaints = opened(browser, out / "index.html")
    assert f"{count} calls traced" in page.locator("h1").inner_text()
    assert page.locator("section.group tbody tr").count() == count
    page.locator("section.group tbody th a").first.click()
    assert page.locator("figure svg[role=img]").is_visible()
    assert page.locator("ol.hops > li").count() >= 1
    page.locator(".brand a").click()
    assert page.locator("nav").is_visible()
    assert complaints == []


@pytest.mark.parametrize("width", [400, 800, 1600])
def test_the_page_itself_never_scrolls_sideways(browser: Browser, run: tuple[Path, int], width: int) -> None:
    page, _ = opened(browser, run[0] / "index.html", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_link_can_be_reached_and_seen_by_keyboard(browser: Browser, run: tuple[Path, int]) -> None:
    page, _ = opened(browser, run[0] / "index.html")
    for _ in range(5):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert page.evaluate("document.activeElement.tagName") == "A"
        assert outline != "none"


def test_every_drawing_stands_alone(browser: Browser, run: tuple[Path, int]) -> None:
    for path in sorted((run[0] / "paths").glob("*.svg"))[:5]:
        page, complaints = opened(browser, path)
        assert page.locator("svg > title").count() == 1
        assert page.locator("svg > rect").count() >= 2
        assert complaints == []
        page.close()
