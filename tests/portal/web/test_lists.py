"""Home and the list of tracebacks: who sees them, what they narrow, what they keep."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from hopback.portal.audit.actors import Role
from hopback.portal.embedded import open_call, open_requests, take_answer
from hopback.portal.tracebacks.models import Traceback
from hopback.portal.web.models import SavedFilter
from hopback.portal.web.navigation import PAGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.test import Client

    from hopback.kernel.calls import Sought
    from hopback.portal.accounts.models import User
    from hopback.wire.hops import HopAnswer

LIST = "/tracebacks/"


@pytest.fixture
def traced(
    cast: dict[str, User], sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> dict[str, Traceback]:
    """One waits for P1, one for P2, one names a customer and is concluded."""
    for reference, campaign in (("c-one", "Medicare"), ("c-two", "Warranty"), ("c-three", "Medicare")):
        open_call(reference, sample, terminating="P1", at=noon, campaign=campaign)
    for request in open_requests("P1", at=noon):
        row = Traceback.objects.get(hops__request_id=request.request_id)
        if row.reference == "c-two":
            take_answer("P1", answer(request, "P1", upstream="P2"), at=noon + timedelta(hours=1))
        elif row.reference == "c-three":
            take_answer("P1", answer(request, "P1", customer="Acme Leads"), at=noon + timedelta(hours=1))
    return {row.reference: row for row in Traceback.objects.all()}


def listed(client: Client, query: str = "") -> set[str]:
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200, answer.content.decode()
    return {row.reference for row in answer.context["page"].rows}


def test_the_first_page_says_what_waits_for_whom(
    traced: dict[str, Traceback], cast: dict[str, User], signed_in: Callable[[str], Client]
) -> None:
    Traceback.objects.filter(reference="c-one").update(owner=cast["Abe"], priority="urgent")
    page = signed_in("Abe").get("/")
    assert page.status_code == 200
    home = page.context["home"]
    assert {queue.key: queue.count for queue in home.queues} == {"mine": 1, "person": 1, "urgent": 1, "late": 0}
    assert home.counts["waiting"] == 2
    assert home.counts["to_close"] == 1
    assert {desk.key: desk.count for desk in home.desks} == dict.fromkeys(
        ("samples", "urgent_samples", "agencies", "agencies_due", "provisional", "numbers", "mail"), 0
    )
    assert b"c-one" in page.content
    assert b"Bellwether Telephone LLC" in page.content
    assert {queue.key: queue.count for queue in signed_in("Ann").get("/").context["home"].queues}["mine"] == 0


def test_auditors_see_the_first_page_and_the_list_and_are_offered_nothing_to_do(
    traced: dict[str, Traceback], signed_in: Callable[[str], Client]
) -> None:
    otto = signed_in("Otto")
    assert otto.get("/").status_code == 200
    page = otto.get(LIST)
    assert page.status_code == 200
    assert b'name="pick"' not in page.content


@pytest.mark.parametrize("name", ["Dana", "Bell", "Fay", "Sol"])
@pytest.mark.parametrize("path", [LIST, "/lists/tracebacks.csv"])
def test_nobody_else_has_such_a_list(
    traced: dict[str, Traceback], signed_in: Callable[[str], Client], name: str, path: str
) -> None:
    assert signed_in(name).get(path).status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"c-one", "c-two", "c-three"}),
        ("campaign=Medicare", {"c-one", "c-three"}),
        ("state=working", {"c-one", "c-two"}),
        ("state=concluded", {"c-three"}),
        ("outcome=origin_identified", {"c-three"}),
        ("waiting=provider&provider=P2&place=waiting", {"c-two"}),
        ("waiting=person", {"c-three"}),
        ("provider=P2", {"c-two"}),
        ("provider=P1&place=origin", {"c-three"}),
        ("provider=P1&place=terminating&sort=oldest", {"c-one", "c-two", "c-three"}),
        ("sort=due", {"c-one"}),
        ("opened_from=2026-11-02&opened_to=2026-11-02", {"c-one", "c-two", "c-three"}),
        ("opened_from=2026-11-03", set()),
        ("source=exercise&source_kind=analytics", {"c-one", "c-two", "c-three"}),
        ("owner=none&priority=normal&late=no&jurisdiction=us", {"c-one", "c-two", "c-three"}),
        ("owner=me", set()),
        ("late=now", set()),
    ],
)
def test_each_filter_lets_through_what_it_says(
    traced: dict[str, Traceback], signed_in: Callable[[str], Client], query: str, expected: set[str]
) -> None:
    assert listed(signed_in("Ada"), query) == expected


def test_a_filter_that_cannot_be_is_told_at_the_form_and_hides_nothing(
    traced: dict[str, Traceback], signed_in: Callable[[str], Client]
) -> None:
    page = signed_in("Ada").get(f"{LIST}?opened_from=2026-11-03&opened_to=2026-11-02&state=asleep")
    assert page.status_code == 422
    assert b"This is before the first day." in page.content
    assert len(page.context["page"].rows) == 3


def test_a_filter_is_kept_shared_and_removed_by_whoever_keeps_it(
    traced: dict[str, Traceback], signed_in: Callable[[str], Client]
) -> None:
    abe, ann = signed_in("Abe"), signed_in("Ann")
    kept = abe.post("/lists/filters/", {"name": "Medicare open", "campaign": "Medicare", "state": "working"})
    assert kept.status_code == 302
    row = SavedFilter.objects.get()
    assert row.query == "campaign=Medicare&state=working"
    assert b"Medicare open" not in ann.get(LIST).content
    assert ann.post(f"/lists/filters/{row.pk}/share/").status_code == 404
    assert abe.post(f"/lists/filters/{row.pk}/share/").status_code == 302
    assert b"Medicare open" in ann.get(LIST).content
    assert ann.post(f"/lists/filters/{row.pk}/remove/").status_code == 403
    assert abe.post(f"/lists/filters/{row.pk}/remove/").status_code == 302
    assert not SavedFilter.objects.exists()
    assert abe.post("/lists/filters/", {"name": " ", "campaign": "Medicare"}).status_code == 400


def test_the_sheet_holds_what_the_filter_lets_through_and_nothing_a_spreadsheet_would_run(
    traced: dict[str, Traceback], signed_in: Callable[[str], Client]
) -> None:
    Traceback.objects.filter(reference="c-one").update(reference="=HYPERLINK(0)", campaign="@cmd")
    answer: Any = signed_in("Ada").get("/lists/tracebacks.csv?state=working")
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert {row["reference"] for row in rows} == {"'=HYPERLINK(0)", "c-two"}
    assert {row["campaign"] for row in rows} == {"'@cmd", "Warranty"}
    assert {row["called"] for row in rows} == {"12025550143"}


def test_a_page_costs_as_many_queries_for_many_rows_as_for_few(
    traced: dict[str, Traceback],
    sample: Sought,
    noon: datetime,
    signed_in: Callable[[str], Client],
    django_assert_max_num_queries: Any,
) -> None:
    ada = signed_in("Ada")
    for number in range(12):
        open_call(f"c-{number}", sample, terminating="P1", at=noon)
    for path, most in (("/", 30), (LIST, 12)):
        with django_assert_max_num_queries(most):
            assert ada.get(path).status_code == 200


def test_what_providers_owe_is_listed_by_provider_with_the_risk_and_what_comes_next(
    traced: dict[str, Traceback], signed_in: Callable[[str], Client]
) -> None:
    page = signed_in("Otto").get("/waiting/")
    assert page.status_code == 200
    groups = {group.id: group for group in page.context["groups"]}
    assert set(groups) == {"P1", "P2"}
    (first,) = groups["P1"].requests
    assert first.hop.traceback.reference == "c-one"
    assert first.next_words == "reminder to the first contact"
    assert first.risk.terms[0].value == "0 of 2"
    (second,) = groups["P2"].requests
    assert second.next_words == "proof that the request was received"
    one = signed_in("Ada").get("/waiting/?provider=P1")
    assert [owing.hop.traceback.reference for owing in one.context["requests"]] == ["c-one"]
    assert signed_in("Bell").get("/waiting/").status_code == 404


@pytest.mark.parametrize("name", ["Ada", "Otto", "Bell", "Fay", "Sol"])
def test_each_page_of_the_navigation_is_there(signed_in: Callable[[str], Client], name: str) -> None:
    client = signed_in(name)
    role = {"Ada": Role.LEAD, "Otto": Role.AUDITOR, "Bell": Role.PROVIDER, "Fay": Role.AGENCY, "Sol": Role.SOURCE}[name]
    for label, address in PAGES[role]:
        assert client.get(reverse(address), follow=True).status_code == 200, label
