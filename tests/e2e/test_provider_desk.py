"""A provider's people at work: one answer on one page, its history, and the one record that travels, previewed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from e2e.browsing import check_page
from hopback.portal.tracebacks.models import Hop, Response

if TYPE_CHECKING:
    from e2e.browsing import Site, Visit

pytestmark = pytest.mark.e2e

LOOK = os.environ.get("HOPBACK_LOOK", "")


def look(visit: Visit, name: str) -> None:
    """The page is in order; a picture of it where people want to look."""
    wrong = check_page(visit.page) + visit.complaints
    if LOOK:
        visit.page.screenshot(path=f"{LOOK}/desk-{name}.png", full_page=True, caret="initial")
        visit.page.set_viewport_size({"width": 390, "height": 844})
        visit.page.screenshot(path=f"{LOOK}/desk-{name}-narrow.png", full_page=True, caret="initial")
        visit.page.set_viewport_size({"width": 1280, "height": 900})
    assert wrong == []


def open_hop() -> Hop:
    return Hop.objects.filter(provider="P1", answered_at__isnull=True, sent_at__isnull=False).order_by(
        "pk"
    ).first() or pytest.fail("none")


def test_a_provider_answers_one_request_on_one_page(site: Site) -> None:
    bell = site.visit("Bell")
    bell.go("/requests/")
    look(bell, "list")
    bell.picture("desk-list")
    bell.page.locator("tbody th a").first.click()
    look(bell, "request")
    bell.page.get_by_label("We received it from another provider").check()
    look(bell, "upstream")
    bell.page.get_by_label("Coalbrook Networks Inc.").check()  # named before
    bell.page.get_by_label("Trunk or route").fill("TG-12")
    bell.picture("desk-answer", height=1200)
    bell.page.get_by_label("This is true and complete").check()
    bell.press("Send the answer")
    assert "was sent" in bell.page.locator("main").inner_text()
    look(bell, "answered")
    bell.go("/requests/history/")
    look(bell, "history")
    bell.picture("desk-history")


def test_without_scripts_a_provider_is_searched_for_and_a_record_is_previewed(site: Site) -> None:
    hop = open_hop()
    bell = site.visit("Bell", scripts=False)
    bell.go(f"/requests/{hop.request_id}/")
    bell.page.get_by_label("We received it from a provider abroad").check()
    bell.page.get_by_label("Find a provider").fill("coalbrook")
    bell.press("Find")
    bell.page.locator("#found").get_by_label("Coalbrook Networks Inc.").check()
    bell.page.get_by_label("Address it signals from").fill("192.0.2.7")
    bell.page.get_by_label("Its country").fill("CA")
    bell.page.locator("summary", has_text="Add the one record").click()
    bell.page.get_by_label("The one record that matched").fill("2026-11-02 09:00:01,12025550143,13125550188,TG-12")
    bell.page.get_by_label("Send this record along").check()
    bell.page.get_by_label("This is true and complete").check()
    bell.press("Send the answer")
    assert bell.heading == "This one record goes along"
    assert not Response.objects.filter(hop=hop).exists()
    assert "TG-12" in bell.page.locator("pre").inner_text()
    bell.press("Send the answer with this record")
    assert "was sent" in bell.page.locator("main").inner_text()
    assert Response.objects.get(hop=hop).body["details"]["record"]["line"].startswith("2026-11-02 09:00:01")
