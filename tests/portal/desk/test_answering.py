from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from hopback.portal.audit.actors import SYSTEM
from hopback.portal.desk.actions import issue_link
from hopback.portal.directory.actions import match_provisional
from hopback.portal.directory.models import Provider, ProvisionalProvider
from hopback.portal.tracebacks.models import Hop, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.audit.actors import Actor


def test_a_provider_sees_what_waits_on_it_with_the_deadline_of_its_office(
    signed_in: Callable[[str], Client], ask: Callable[..., Hop]
) -> None:
    hop = ask("P1")
    page = signed_in("Bell").get("/requests/")
    assert page.status_code == 200
    text = page.content.decode()
    assert hop.request_id in text
    assert "How this was counted" in text
    assert "America/Chicago" in text
    hop.refresh_from_db()
    assert hop.state == "delivered"  # seen by somebody signed in: received


@pytest.mark.parametrize("said", ["upstream", "foreign", "customer", "no_record", "expired", "not_ours", "unsure"])
def test_each_kind_of_answer_is_given_on_one_page(
    said: str, signed_in: Callable[[str], Client], received: Callable[..., Hop], filled: Callable[..., dict[str, Any]]
) -> None:
    hop, client = received("P1"), signed_in("Bell")
    address = f"/requests/{hop.request_id}/"
    page = client.get(address)
    assert page.status_code == 200
    form = page.context["form"]
    typed = {name: form[name].value() for name in ("key", "seen", "searched_from", "searched_until", "found_at")}
    data = {name: form[name].field.widget.format_value(value) for name, value in typed.items()} | filled(said)
    answer = client.post(address, data)
    assert answer.status_code == 302, answer.context["form"].errors
    response = Response.objects.get(hop=hop)
    assert response.body["details"]["certified_by"] == "Bell Rivers"
    hop.refresh_from_db()
    expected = {"customer": "accepted", "no_record": "accepted", "expired": "accepted"}
    assert hop.state == expected.get(said, "answered")
    again = client.post(address, data)  # sent twice
    assert again.status_code in {302, 400}
    assert Response.objects.filter(hop=hop).count() == 1
    assert client.get(address).status_code == 200


def test_a_name_nobody_knows_waits_for_an_analyst_and_goes_on_once_it_is_known(
    signed_in: Callable[[str], Client],
    received: Callable[..., Hop],
    filled: Callable[..., dict[str, Any]],
    actors: dict[str, Actor],
    today: datetime,
) -> None:
    hop, bell = received("P1"), signed_in("Bell")
    page = f"/requests/{hop.request_id}/"
    assert bell.post(page, filled("upstream", other_name="Elm Originating")).status_code == 302
    hop.refresh_from_db()
    named = ProvisionalProvider.objects.get()
    assert (hop.state, hop.upstream, named.about) == ("answered", f"new:{named.pk}", hop.request_id)
    assert "Elm Originating" in bell.get(page).content.decode()
    at = today + timedelta(minutes=5)
    match_provisional(actors["Abe"], named, Provider.objects.get(pk="P5"), reason="its website says so", at=at)
    asked = Hop.objects.filter(traceback=hop.traceback).order_by("number").values_list("provider", "state")
    assert list(asked) == [("P1", "accepted"), ("P5", "sent")]


def test_what_a_person_decides_of_a_name_moves_no_answer_given_without_sign_in(
    received: Callable[..., Hop],
    filled: Callable[..., dict[str, Any]],
    actors: dict[str, Actor],
    today: datetime,
) -> None:
    hop = received("P1")
    _, token = issue_link(SYSTEM, hop, mailbox="desk@bell.example", at=today)
    assert Client().post(f"/requests/by-link/{token}/", filled("upstream")).status_code == 302
    named, at = ProvisionalProvider.objects.get(), today + timedelta(minutes=5)
    match_provisional(actors["Abe"], named, Provider.objects.get(pk="P5"), reason="its website says so", at=at)
    assert list(Hop.objects.values_list("provider", "state")) == [("P1", "answered")]


def test_an_answer_is_corrected_and_both_versions_are_kept(
    signed_in: Callable[[str], Client], received: Callable[..., Hop], filled: Callable[..., dict[str, Any]]
) -> None:
    hop, bell = received("P1"), signed_in("Bell")
    page = f"/requests/{hop.request_id}/"
    bell.post(page, filled("customer", key="one", seen=0))
    again = bell.get(page, {"correct": 1})
    assert 'value="Acme Leads LLC"' in again.content.decode()
    assert again.context["form"]["seen"].value() == 1
    assert bell.post(page, filled("expired", key="two", seen=1)).status_code == 302
    versions = list(Response.objects.filter(hop=hop).order_by("version").values_list("body__answer", flat=True))
    assert versions == ["customer_named", "records_expired"]
    text = bell.get(page).content.decode()
    assert "Version 1" in text
    assert "Version 2" in text


def test_a_colleagues_answer_meanwhile_is_a_conflict_and_what_was_typed_is_kept(
    signed_in: Callable[[str], Client], received: Callable[..., Hop], filled: Callable[..., dict[str, Any]]
) -> None:
    hop = received("P1")
    page = f"/requests/{hop.request_id}/"
    assert signed_in("Bea").post(page, filled("unsure", key="one", seen=0)).status_code == 302
    late = signed_in("Bell").post(page, filled("not_ours", key="two", seen=0))
    assert late.status_code == 409
    assert "a colleague has answered this meanwhile" in late.content.decode()
    assert "The trunk was never ours." in late.content.decode()
    assert Response.objects.filter(hop=hop).count() == 1


@pytest.mark.parametrize(
    ("said", "more", "where"),
    [
        ("upstream", {"upstream": ""}, "upstream"),
        ("upstream", {"upstream": "own:P5"}, None),
        ("upstream", {"upstream": "rmd:RMD0"}, None),
        ("upstream", {"other_name": " "}, "other_name"),
        ("upstream", {"trunk": ""}, "trunk"),
        ("upstream", {"ip": "300.1.1.1"}, "ip"),
        ("upstream", {"point_code": "1-2"}, "point_code"),
        ("upstream", {"next_calling": "12"}, "next_calling"),
        ("upstream", {"found_at": "2099-01-01T00:00:00"}, "found_at"),
        ("foreign", {"country": ""}, "country"),
        ("foreign", {"country": "G1"}, "country"),
        ("customer", {"business": ""}, "business"),
        ("customer", {"email": ""}, "email"),
        ("customer", {"action": "warned"}, "action_why"),
        ("customer", {"action": "shot"}, "action"),
        ("no_record", {"retained_since": ""}, "retained_since"),
        ("no_record", {"searched_from": "2026-01-01T00:00", "searched_until": "2026-01-02T00:00"}, "searched_from"),
        ("expired", {"retained_since": "yesterday"}, "retained_since"),
        ("not_ours", {"statement": ""}, "statement"),
        ("unsure", {"certified": ""}, "certified"),
        ("unsure", {"certified_by": ""}, "certified_by"),
        ("guess", {}, "said"),
    ],
)
def test_what_an_answer_lacks_is_told_at_its_field(
    said: str,
    more: dict[str, Any],
    where: str | None,
    signed_in: Callable[[str], Client],
    received: Callable[..., Hop],
    filled: Callable[..., dict[str, Any]],
) -> None:
    hop = received("P1")
    data = filled("unsure") | {"said": said} if said == "guess" else filled(said)
    answer = signed_in("Bell").post(f"/requests/{hop.request_id}/", data | more)
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert (where or "__all__") in errors
    assert not Response.objects.exists()
    assert not ProvisionalProvider.objects.exists()


@pytest.mark.parametrize(
    ("travels", "sends", "expected"),
    [("never", True, None), ("ask", False, None), ("ask", True, "shown"), ("always", False, "shown")],
)
def test_the_one_record_travels_by_the_providers_policy_and_is_previewed_exactly(
    travels: str,
    sends: bool,
    expected: str | None,
    signed_in: Callable[[str], Client],
    received: Callable[..., Hop],
    filled: Callable[..., dict[str, Any]],
) -> None:
    hop, bell = received("P1"), signed_in("Bell")
    signed_in("Bea").post("/requests/settings/", {"travels": travels})
    line = 'A,"<b>12025550143</b>",TG-12'
    data = filled("customer", record=line) | ({"send_record": "on"} if sends else {})
    first = bell.post(f"/requests/{hop.request_id}/", data)
    if expected is None:
        assert first.status_code == 302
        assert "record" not in {k for k, v in Response.objects.get().body["details"].items() if v}
        return
    assert first.status_code == 200
    assert not Response.objects.exists()
    assert "A,&quot;&lt;b&gt;12025550143&lt;/b&gt;&quot;,TG-12" in first.content.decode()
    assert bell.post(f"/requests/{hop.request_id}/", dict(first.context["hidden"]) | {"do": "sure"}).status_code == 302
    assert Response.objects.get().body["details"]["record"]["line"] == line


def test_a_finding_or_a_reading_is_disputed(
    signed_in: Callable[[str], Client], received: Callable[..., Hop], filled: Callable[..., dict[str, Any]]
) -> None:
    hop, bell = received("P1"), signed_in("Bell")
    assert bell.post(f"/requests/{hop.request_id}/dispute/", {"statement": "no"}).status_code == 403
    bell.post(f"/requests/{hop.request_id}/", filled("customer"))
    assert bell.post(f"/requests/{hop.request_id}/dispute/", {"statement": ""}).status_code == 422
    assert bell.post(f"/requests/{hop.request_id}/dispute/", {"statement": "It was read wrongly."}).status_code == 302
    hop.refresh_from_db()
    assert hop.state == "disputed"
