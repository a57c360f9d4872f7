"""What stands around every page: the way past the head, the menu, print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from e2e.browsing import Site

pytestmark = pytest.mark.e2e


def test_the_first_stop_of_the_tabulator_leads_past_the_head(site: Site) -> None:
    visit = site.visit("Ada")
    visit.go("/")
    visit.page.keyboard.press("Tab")
    skip = visit.page.locator(".skip")
    assert skip.evaluate("one => one === document.activeElement && one.getBoundingClientRect().top >= 0")
    visit.page.keyboard.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "main"


def test_the_menu_opens_by_keyboard_and_closes_by_escape_and_gives_the_focus_back(site: Site) -> None:
    visit = site.visit("Ada")
    visit.go("/")
    summary = visit.page.locator("details.menu > summary")
    visit.tab_to(summary)
    visit.page.keyboard.press("Enter")
    assert visit.page.get_by_role("button", name="Sign out").is_visible()
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Escape")
    assert not visit.page.get_by_role("button", name="Sign out").is_visible()
    assert summary.evaluate("one => one === document.activeElement")


def test_the_menu_needs_no_script(site: Site) -> None:
    visit = site.visit("Ada", scripts=False)
    visit.go("/")
    visit.page.locator("details.menu > summary").click()
    visit.page.get_by_role("button", name="Sign out").click()
    assert visit.go("/").url.startswith(f"{visit.address}/account/login")


def test_on_paper_stands_the_page_without_what_one_only_clicks(site: Site) -> None:
    visit = site.visit("Ada")
    visit.go("/")
    assert visit.page.locator("nav.nav").is_visible() or visit.page.locator("nav.nav").count() == 0
    visit.page.emulate_media(media="print")
    assert visit.page.locator("h1").is_visible()
    assert not visit.page.locator("details.menu").is_visible()
    assert not any(one.is_visible() for one in visit.page.locator("nav.nav").all())


def test_the_page_loads_nothing_from_elsewhere_and_its_policy_allows_nothing_inline(site: Site) -> None:
    visit = site.visit("Ada")
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    policy = visit.go("/").headers["content-security-policy"]
    visit.page.wait_for_load_state("networkidle")
    assert all(url.startswith(visit.address) for url in asked)
    assert any(url.endswith(".css") for url in asked)
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert visit.complaints == []


def test_htmx_is_there_and_is_held_to_our_own_pages(site: Site) -> None:
    visit = site.visit("Ada")
    visit.go("/")
    assert visit.page.evaluate(
        "[htmx.config.selfRequestsOnly, htmx.config.allowEval, htmx.config.includeIndicatorStyles]"
    ) == [True, False, False]
