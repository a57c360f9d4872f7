"""What the consortium's people do: a sample from intake to a concluded and closed path, by keyboard and without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.browsing import check_page
from hopback.portal.intake.models import CallSample
from hopback.portal.tracebacks.models import Traceback

if TYPE_CHECKING:
    from e2e.browsing import Site

pytestmark = pytest.mark.e2e


def sample_151() -> CallSample:
    return CallSample.objects.get(source_record_id="hp-000151")


def bell_names_her_customer(site: Site, row: Traceback) -> None:
    visit = site.visit("Bell", scripts=False)
    hop = row.hops.get(number=1)
    visit.go(f"/requests/{hop.request_id}/")
    visit.page.locator("input[name=said][value=customer]").check()
    visit.page.locator("[name=business]").fill("Brightway Marketing LLC")
    visit.page.locator("[name=email]").fill("ops@brightway.example")
    visit.page.locator("[name=certified]").check()
    visit.page.locator("[name=certified_by]").fill("Bell Harper")
    visit.press("Send the answer")
    assert visit.says("was sent")


@pytest.mark.parametrize(("by_keyboard", "scripts"), [(True, True), (False, False)], ids=["keyboard", "no scripts"])
def test_a_newcomer_takes_a_sample_from_intake_to_a_concluded_path(
    site: Site, *, by_keyboard: bool, scripts: bool
) -> None:
    """Each page leads to the next; nothing has to be known beforehand."""
    visit = site.visit("Abe", scripts=scripts)
    main = visit.page.locator("main")
    visit.go("/")
    visit.follow(visit.page.locator("nav.nav a", has_text="Intake"), by_keyboard=by_keyboard)
    if scripts:
        visit.picture("intake")
    visit.follow(main.locator(f"a[href$='/{sample_151().pk}/']").first, by_keyboard=by_keyboard)
    if scripts:
        visit.picture("sample")
    visit.write(main.locator("[name=campaign]"), "Utility cut-off, northern states", by_keyboard=by_keyboard)
    visit.write(main.locator("[name=reason]"), "A recording poses as the utility.", by_keyboard=by_keyboard)
    visit.tick(main.locator("[name=basis][value=call_transcript]"), by_keyboard=by_keyboard)
    if not main.locator("[name=provider][value=P1]").is_checked():
        visit.tick(main.locator("[name=provider][value=P1]"), by_keyboard=by_keyboard)
    visit.tick(main.locator("[name=violations]").first, by_keyboard=by_keyboard)
    visit.follow(main.get_by_role("button", name="Take on and open the traceback"), by_keyboard=by_keyboard)
    row = Traceback.objects.get(pk=sample_151().traceback_id)
    assert row.state == "active"

    bell_names_her_customer(site, row)
    site.settle()

    if "/tracebacks/" not in visit.path:
        visit.follow(main.get_by_role("link", name="traceback").first, by_keyboard=by_keyboard)
    visit.page.reload()
    if main.get_by_role("link", name="Let this answer stand").count():
        visit.follow(main.get_by_role("link", name="Let this answer stand").first, by_keyboard=by_keyboard)
        visit.follow(main.get_by_role("button", name="Let it stand"), by_keyboard=by_keyboard)
    if scripts:
        visit.picture("traceback", height=1100)
    row.refresh_from_db()
    if row.state != "concluded":
        links = main.locator("a[href$='/do/conclude/']")
        aside = visit.page.locator("a[href$='/do/conclude/']")
        visit.follow((links if links.count() else aside).first, by_keyboard=by_keyboard)
        assert main.locator("[name=outcome]:checked").count() == 1, "the outcome that the answers come to is proposed"
        visit.follow(main.get_by_role("button", name="Conclude"), by_keyboard=by_keyboard)
    row.refresh_from_db()
    assert row.state == "concluded"
    assert visit.says("caller named") or visit.says("Brightway")
    if scripts:
        assert check_page(visit.page) == []
        visit.picture("traceback-concluded", height=1100)


def test_who_concluded_does_not_close_and_a_second_person_does(site: Site) -> None:
    test_a_newcomer_takes_a_sample_from_intake_to_a_concluded_path(site, by_keyboard=False, scripts=False)
    row = Traceback.objects.get(pk=sample_151().traceback_id)
    visit = site.visit("Ann", scripts=False)
    visit.go(f"/tracebacks/{row.pk}/")
    visit.page.locator("a[href$='/do/close/']").first.click()
    for box in visit.page.locator("[name=notices]").all():
        box.check()
    visit.press("Close")
    row.refresh_from_db()
    assert row.state == "closed"


def test_a_form_that_was_overtaken_says_what_happened_meanwhile_and_keeps_what_was_typed(site: Site) -> None:
    row = Traceback.objects.get(reference="A1")
    first, second = site.visit("Ada", scripts=False), site.visit("Ada", scripts=False)
    for visit in (first, second):
        visit.go(f"/tracebacks/{row.pk}/do/void/")
        visit.page.locator("[name=reason]").fill("opened twice, in error")
    second.press("Set aside")
    row.refresh_from_db()
    assert row.state == "void"
    first.press("Set aside")
    assert first.says("What happened meanwhile") or first.says("not possible now")


def test_an_auditor_sees_a_traceback_and_is_offered_nothing_to_do(site: Site) -> None:
    row = Traceback.objects.get(reference="A1")
    visit = site.visit("Otto")
    visit.go(f"/tracebacks/{row.pk}/")
    assert visit.page.locator("main svg[role=img]").is_visible()
    assert visit.page.locator("main form[method=post], aside form[method=post]").count() == 0
    assert visit.page.locator("a[href*='/do/']").count() == 0
    assert visit.go(f"/tracebacks/{row.pk}/do/void/").status == 404


def test_the_way_is_told_as_a_table_too_and_a_deadline_opens_its_working(site: Site) -> None:
    row = Traceback.objects.get(reference="A1")
    visit = site.visit("Ada", scripts=False)
    visit.go(f"/tracebacks/{row.pk}/")
    visit.page.get_by_text("The same as a table").click()
    assert visit.page.locator("table", has_text="Bellwether").first.is_visible()
    visit.page.get_by_text("How this was counted").first.click()
    assert visit.page.locator(".deadline table").first.is_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_list_is_filtered_kept_and_searched(site: Site, *, scripts: bool) -> None:
    visit = site.visit("Ada", scripts=scripts)
    visit.go("/tracebacks/?waiting=late")
    assert visit.page.locator("main tbody tr").count() >= 1
    if scripts:
        visit.picture("tracebacks")
    visit.go("/")
    visit.page.locator("#find").fill("12025550143")
    visit.page.locator("form.find button").click()
    assert visit.says("Bellwether")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_source_puts_a_call_forward_and_sees_how_far_it_is_and_no_more(site: Site, *, scripts: bool) -> None:
    visit = site.visit("Sol", scripts=scripts)
    visit.go("/")
    visit.follow(
        visit.page.locator("main, header").get_by_role("link", name="Put a call forward").first, by_keyboard=False
    )
    fields = {"called": "+1 202 555 0177", "calling": "+1 312 555 0188", "transcript": "Press one to be connected."}
    for name, text in fields.items():
        visit.page.locator(f"main [name={name}]").fill(text)
    start = visit.page.locator("main [name=call_start]")
    start.fill("2026-11-04T09:00" if start.get_attribute("type") == "datetime-local" else "2026-11-04 09:00")
    visit.page.locator("main [name=accuracy_s]").select_option(index=1)
    visit.press("Put it forward")
    row = CallSample.objects.get(called=12025550177)
    visit.go("/intake/own/")
    assert visit.says("555-0177")
    assert visit.says("proposed")
    assert visit.go(f"/tracebacks/{row.traceback_id}/").status == 404


def test_an_announcement_is_published_and_a_provider_says_that_it_read_it(site: Site) -> None:
    reader = site.visit("Cole", scripts=False)
    reader.go("/library/")
    reader.follow(
        reader.page.locator("main").get_by_role("link", name="How to answer in 24 hours").first, by_keyboard=False
    )
    assert reader.heading == "How to answer in 24 hours"
    button = reader.page.locator("main form button, aside form button").first
    assert button.is_visible()
    button.click()
    ada = site.visit("Ada", scripts=False)
    ada.go("/library/")
    ada.follow(ada.page.locator("main").get_by_role("link", name="How to answer in 24 hours").first, by_keyboard=False)
    ada.page.get_by_role("link", name="Who has read it").click()
    assert ada.says("Cole")


def test_pictures_for_the_documents_are_taken(site: Site) -> None:
    visit = site.visit("Ada")
    for name, path in (
        ("home", "/"),
        ("waiting", "/waiting/"),
        ("provider", "/directory/P1/"),
        ("traceback-waiting", f"/tracebacks/{Traceback.objects.get(reference='A5').pk}/"),
    ):
        if visit.page.request.get(f"{visit.address}{path}").ok:
            visit.go(path)
            assert visit.heading
            visit.picture(name)
