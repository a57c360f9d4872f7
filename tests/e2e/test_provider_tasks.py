"""What a provider's abuse desk does: answer by keyboard, from the mail, forty at once; correct, ask, say what was done."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from e2e.browsing import check_page
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.clock import now
from hopback.portal.desk.actions import issue_link
from hopback.portal.tracebacks.models import Hop

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.browsing import Site, Visit

pytestmark = pytest.mark.e2e


def request_of(reference: str, number: int = 1) -> Hop:
    return Hop.objects.get(traceback__reference=reference, number=number)


def choose(visit: Visit, name: str, value: str) -> None:
    visit.page.locator(f"main input[name={name}][value={value!r}]").check()


def answer_with_upstream(visit: Visit) -> None:
    """Fill the answer in: one of the neighbours named before handed us the call."""
    choose(visit, "said", "upstream")
    visit.page.locator("#near-1").check()
    visit.page.locator("[name=trunk]").fill("TG-204")
    visit.page.locator("[name=certified]").check()
    visit.page.locator("[name=certified_by]").fill("Bell Harper")


def test_bell_answers_a_request_by_keyboard_alone(site: Site) -> None:
    visit = site.visit("Bell")
    hop = request_of("A1")
    visit.go("/")
    visit.picture("provider-home")
    main = visit.page.locator("main")
    visit.tab_to(visit.page.locator("nav.nav a", has_text="Requests").first)
    with visit.page.expect_navigation():
        visit.page.keyboard.press("Enter")
    link = main.locator(f"a[href*='{hop.request_id}']").first
    if link.count() == 0:
        visit.tab_to(main.get_by_role("link", name="Late").first)
        with visit.page.expect_navigation():
            visit.page.keyboard.press("Enter")
    visit.tab_to(main.locator(f"a[href*='{hop.request_id}']").first)
    with visit.page.expect_navigation():
        visit.page.keyboard.press("Enter")
    assert check_page(visit.page) == []
    visit.tab_to(main.locator("input[name=said]").first)
    visit.page.keyboard.press("Space")
    for _ in range(8):
        if visit.page.evaluate("document.activeElement.value") == "upstream":
            break
        visit.page.keyboard.press("ArrowDown")
    assert visit.page.locator("input[name=said]:checked").get_attribute("value") == "upstream"
    visit.tab_to(visit.page.locator("input[name=upstream]").first)
    visit.page.keyboard.press("Space")
    assert visit.page.locator("input[name=upstream]:checked").count() == 1
    for name, text in (("trunk", "TG-204"), ("certified", " "), ("certified_by", "")):
        visit.tab_to(visit.page.locator(f"[name={name}]"))
        if text:
            visit.page.keyboard.type(text)
    visit.page.keyboard.press("Control+A")
    visit.page.keyboard.type("Bell Harper")
    visit.picture("provider-answer", height=1400)
    visit.enter("Send the answer")
    assert visit.says("was sent")
    assert visit.says("What you said")
    hop.refresh_from_db()
    assert hop.state in ("answered", "late_answered", "accepted")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_request_is_answered_from_the_mail_in_three_actions_and_moves_nothing_by_itself(
    site: Site, *, scripts: bool
) -> None:
    hop = request_of("A1")
    _, token = issue_link(SYSTEM, hop, mailbox="abuse@bell.example", at=now())
    before = hop.state
    visit = site.visit(scripts=scripts)
    visit.go(f"/requests/by-link/{token}/")  # the first action: the link in the mail
    hop.refresh_from_db()
    assert hop.state == before
    if scripts:
        assert check_page(visit.page) == []
        visit.picture("provider-by-link")
    choose(visit, "said", "customer")  # the second: what is filled in
    visit.page.locator("[name=business]").fill("Brightway Marketing LLC")
    visit.page.locator("[name=email]").fill("ops@brightway.example")
    visit.page.locator("[name=certified]").check()
    visit.page.locator("[name=certified_by]").fill("Bell Harper")
    visit.press("Send the answer")  # the third
    assert visit.says("is with the consortium") or visit.says("was sent") or visit.says("was given")
    hop.refresh_from_db()
    assert hop.state in ("answered", "late_answered")
    assert hop.traceback.hops.count() == 1


def test_looking_at_a_link_twice_changes_nothing_and_a_wrong_link_opens_nothing(site: Site) -> None:
    hop = request_of("A1")
    _, token = issue_link(SYSTEM, hop, mailbox="abuse@bell.example", at=now())
    events = hop.traceback.events.count()
    visit = site.visit()
    for _ in range(2):
        assert visit.go(f"/requests/by-link/{token}/").ok
    assert hop.traceback.events.count() == events
    assert visit.go(f"/requests/by-link/{token[:-2]}xx/").status == 404


@pytest.mark.parametrize("scripts", [True, False])
def test_bell_answers_with_or_without_scripts_and_corrects_herself(site: Site, *, scripts: bool) -> None:
    hop = request_of("A1")
    visit = site.visit("Bell", scripts=scripts)
    visit.go(f"/requests/{hop.request_id}/")
    visit.press("Send the answer")
    assert visit.page.locator("#errors").is_visible()
    if scripts:
        assert check_page(visit.page) == []
    answer_with_upstream(visit)
    visit.press("Send the answer")
    assert visit.says("was sent")


def test_somebody_she_has_not_named_before_is_found_by_search_without_scripts_too(site: Site) -> None:
    hop = request_of("A1")
    visit = site.visit("Bell", scripts=False)
    visit.go(f"/requests/{hop.request_id}/")
    choose(visit, "said", "upstream")
    visit.page.locator("[name=find]").fill("Coalbrook")
    visit.press("Find")
    assert visit.page.locator("input[name=said]:checked").get_attribute("value") == "upstream"
    assert visit.page.locator("#found").inner_text().strip()
    visit.page.locator("#upstream-other").check()
    visit.page.locator("[name=other_name]").fill("Somebody New Telecom")
    visit.page.locator("[name=trunk]").fill("TG-9")
    visit.page.locator("[name=certified]").check()
    visit.page.locator("[name=certified_by]").fill("Bell Harper")
    visit.press("Send the answer")
    assert visit.says("was sent"), visit.page.locator("main").inner_text()[:600]


@pytest.mark.parametrize("scripts", [True, False])
def test_bea_answers_many_at_once_by_a_sheet(site: Site, tmp_path: Path, *, scripts: bool) -> None:
    visit = site.visit("Bea", scripts=scripts, accept_downloads=True)
    visit.go("/requests/sheet/")
    with visit.page.expect_download() as download:
        visit.page.get_by_role("link", name="Open requests as a sheet").click()
    text = download.value.path().read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) >= 2
    for row in rows:
        row.update(answer="not_ours", statement="We have no such trunk.")
    filled = tmp_path / "answers.csv"
    with filled.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    visit.page.get_by_label("The sheet").set_input_files(filled)
    visit.press("Look it over")
    assert visit.says("Nothing is sent yet")
    if scripts:
        assert check_page(visit.page) == []
        visit.picture("provider-sheet")
    visit.page.locator("#certified").check()
    visit.page.get_by_role("button", name="Send").click()
    assert not visit.says("Nothing is sent yet")
    assert Hop.objects.filter(provider_id="P1", state__in=("delivered", "overdue", "delinquent")).count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_bell_asks_the_consortium_and_an_analyst_reads_it(site: Site, *, scripts: bool) -> None:
    hop = request_of("A1")
    visit = site.visit("Bell", scripts=scripts)
    visit.go(f"/requests/{hop.request_id}/")
    visit.page.get_by_label("Your message").fill("Is the time in your zone or ours?")
    visit.press("Ask the consortium")
    assert visit.says("Is the time in your zone or ours?")


def test_cole_sees_his_own_neighbour_and_nothing_else_of_the_path(site: Site) -> None:
    hop = request_of("A3", 2)
    visit = site.visit("Cole")
    visit.go(f"/requests/{hop.request_id}/")
    text = visit.page.content()
    assert "Bellwether" in text
    for hidden in (hop.traceback_id, "Far Shore", "Bell Harper"):
        assert hidden not in text
    assert visit.go(f"/requests/{request_of('A1').request_id}/").status == 404
    assert visit.go(f"/tracebacks/{hop.traceback_id}/").status == 404


def test_dana_is_asked_nothing_and_sees_nothing(site: Site) -> None:
    visit = site.visit("Dana")
    visit.go("/")
    text = visit.page.content()
    assert "Bellwether" not in text
    assert "Coalbrook" not in text
    assert visit.go(f"/requests/{request_of('A1').request_id}/").status == 404
