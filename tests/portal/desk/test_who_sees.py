"""Who sees what at the desk: a provider its own and its neighbours' names, anybody else nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hopback.portal.audit.actors import Actor, Role
from hopback.portal.desk.models import Attachment
from hopback.portal.directory.models import Contact, Duty
from hopback.portal.messages.models import Message
from hopback.portal.mitigations.models import Action
from hopback.portal.tracebacks.actions import answer_hop, collect_requests
from hopback.portal.tracebacks.models import Hop
from hopback.wire.hops import HopAnswer, NextSearch

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

NAMES = {
    "P1": "Bellwether Telephone",
    "P2": "Coalbrook Networks",
    "P3": "Silent Ridge",
    "P4": "Far Shore",
    "P5": "Elm Originating",
}
CUSTOMER = {"business": "Acme Leads LLC", "email": "owner@acme.example", "kyc": "passport seen"}


@pytest.fixture
def path(received: Callable[..., Hop], today: datetime) -> dict[str, Hop]:
    """A call from P1 by P2 to P5, whose customer it was; P5 recorded what it did and handed in a file."""
    first = received("P1")
    hops = {"P1": first}
    for provider, upstream in (("P1", "P2"), ("P2", "P5")):
        said = HopAnswer(
            request_id=hops[provider].request_id,
            provider=provider,
            answer="upstream_named",
            upstream=upstream,
            found_at=today - timedelta(hours=30),
            confidence=1,
            record_key=f"{provider}-record",
            next=NextSearch(
                called="+12025550143", calling="+13125550188", started_at=today - timedelta(hours=30), accuracy_s=2
            ),
        )
        actor = Actor(provider, Role.PROVIDER, provider=provider)
        answer_hop(actor, hops[provider], said, at=today)
        hops[upstream] = Hop.objects.select_related("traceback").get(traceback=first.traceback, provider=upstream)
        if upstream != "P5":
            collect_requests(Actor(upstream, Role.PROVIDER, provider=upstream), [hops[upstream]], at=today)
            hops[upstream].refresh_from_db()
    return hops


@pytest.fixture
def elm(path: dict[str, Hop], cast: Any, today: datetime) -> Client:
    """Somebody of P5, who has answered with a customer, a file and an action."""
    from django.test import Client as Browser  # noqa: PLC0415

    from hopback.portal.accounts.models import Membership, Organisation, User  # noqa: PLC0415

    person = User.objects.create_user("eve@example.org", name="Eve")
    Membership.objects.create(
        user=person,
        organisation=Organisation.objects.get(pk="P5"),
        part="provider_administrator",
        since=today - timedelta(days=1),
    )
    client = Browser()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    data = {
        "said": "customer",
        "certified": "on",
        "certified_by": "Eve",
        "action": "suspended",
        "action_why": "repeat",
        "account": "CUST-OF-ELM",
        "files": SimpleUploadedFile("letter.txt", b"consent of the called party"),
    }
    answer = client.post(f"/requests/{path['P5'].request_id}/", data | CUSTOMER)
    assert answer.status_code == 302, answer.context["form"].errors
    return client


PAGES = (
    "/requests/",
    "/requests/?show=answered",
    "/requests/?show=late",
    "/requests/history/",
    "/requests/history/answers.csv",
    "/requests/sheet/open-requests.csv",
    "/mitigations/",
)


def test_each_provider_finds_its_own_and_its_neighbours_names_and_nothing_else(
    path: dict[str, Hop], elm: Client, signed_in: Callable[[str], Client]
) -> None:
    trace = path["P1"].traceback_id
    sees = {"Bell": ("P1", {"P1", "P2"}), "Cole": ("P2", {"P1", "P2", "P5"}), "eve": ("P5", {"P2", "P5"})}
    for person, (provider, neighbours) in sees.items():
        client = elm if person == "eve" else signed_in(person)
        shown = "".join(client.get(page).content.decode() for page in PAGES)
        shown += client.get(f"/requests/{path[provider].request_id}/").content.decode()
        shown += client.get(f"/mitigations/for/{path[provider].request_id}/").content.decode()
        assert path[provider].request_id in shown
        assert trace not in shown
        for other, name in NAMES.items():
            assert (name in shown) == (other in neighbours), (person, other)
        for other in {"P1", "P2", "P5"} - {provider}:
            assert path[other].request_id not in shown
        if person != "eve":
            for secret in ("Acme Leads", "CUST-OF-ELM", "owner@acme.example", "passport seen", "letter.txt"):
                assert secret not in shown, (person, secret)


def test_anothers_request_is_as_unknown_as_one_that_never_was(
    path: dict[str, Hop], elm: Client, signed_in: Callable[[str], Client]
) -> None:
    request, file, done = path["P5"].request_id, Attachment.objects.get().pk, Action.objects.get().pk
    pages = {
        f"/requests/{request}/": "/requests/Rnever/",
        f"/requests/{request}/upstreams/": "/requests/Rnever/upstreams/",
        f"/requests/{request}/dispute/": "/requests/Rnever/dispute/",
        f"/requests/files/{file}/": "/requests/files/999999/",
        f"/mitigations/{done}/": "/mitigations/999999/",
        f"/mitigations/for/{request}/": "/mitigations/for/Rnever/",
    }
    posts = [f"/requests/{request}/{verb}/" for verb in ("receive", "ask", "links", "dispute")]
    for person in ("Bell", "Cole", "Dana", "Fay", "Sol"):
        client = signed_in(person)
        for page, never in pages.items():
            answer = client.get(page)
            assert answer.status_code == 404, (person, page)
            assert request not in answer.content.decode()
            assert answer.content == client.get(never).content or person
        for page in posts:
            assert client.post(page, {"line-text": "x"}).status_code == 404, (person, page)
        assert client.post(f"/requests/{request}/", {"said": "expired"}).status_code == 404
    assert elm.get(f"/requests/files/{file}/").status_code == 200
    assert elm.get(f"/mitigations/{done}/").status_code == 200


def test_only_a_providers_people_have_a_desk_and_only_the_consortium_answers_questions(
    path: dict[str, Hop], signed_in: Callable[[str], Client]
) -> None:
    request = path["P1"].request_id
    for person in ("Ada", "Abe", "Otto", "Fay", "Sol"):
        client = signed_in(person)
        for page in ("/requests/", "/requests/history/", f"/requests/{request}/", "/requests/settings/"):
            assert client.get(page).status_code == 404, (person, page)
    for person in ("Bell", "Dana", "Fay", "Sol"):
        client = signed_in(person)
        assert client.get("/requests/questions/").status_code == 404
        assert client.get(f"/requests/questions/{request}/").status_code == 404
    otto = signed_in("Otto")
    assert otto.get(f"/requests/questions/{request}/").status_code == 200
    assert otto.post(f"/requests/questions/{request}/", {"line-text": "x"}).status_code == 404
    assert otto.post("/mitigations/1/", {"how": "x"}).status_code == 404


def test_a_stranger_is_asked_to_sign_in(path: dict[str, Hop]) -> None:
    from django.test import Client as Browser  # noqa: PLC0415

    for page in ("/requests/", f"/requests/{path['P1'].request_id}/", "/mitigations/", "/requests/questions/"):
        answer = Browser().get(page)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/account/login/")


def test_a_search_tells_own_neighbours_and_the_public_registry_and_never_who_else_is_there(
    path: dict[str, Hop], signed_in: Callable[[str], Client]
) -> None:
    bell = signed_in("Bell")
    request = path["P1"].request_id
    own = bell.get(f"/requests/{request}/upstreams/", {"find": "coalbrook"}).content.decode()
    assert "Coalbrook Networks Inc." in own
    strange = bell.get(f"/requests/{request}/upstreams/", {"find": "elm originating"}).content.decode()
    assert "Elm" not in strange.replace("elm originating", "")
    assert "an analyst finds out" in strange


def test_a_question_goes_to_the_consortium_and_back_and_moves_no_clock(
    path: dict[str, Hop], signed_in: Callable[[str], Client]
) -> None:
    hop = path["P2"]
    before = Hop.objects.get(pk=hop.pk).respond_by
    cole, abe = signed_in("Cole"), signed_in("Abe")
    assert cole.post(f"/requests/{hop.request_id}/ask/", {"line-text": "Is it <b>UTC</b>?"}).status_code == 302
    assert hop.request_id in abe.get("/requests/questions/").content.decode()
    page = f"/requests/questions/{hop.request_id}/"
    assert "&lt;b&gt;UTC&lt;/b&gt;" in abe.get(page).content.decode()
    Contact.objects.create(provider_id="P2", duty=Duty.PRIMARY, mailbox="desk@coalbrook.example")
    assert abe.post(page, {"line-text": "It is."}).status_code == 302
    letter = Message.objects.get(kind="request.reply")
    assert (letter.mailbox, letter.organisation) == ("desk@coalbrook.example", "P2")
    assert "It is." in letter.text
    assert hop.request_id not in abe.get("/requests/questions/").content.decode()
    assert "It is." in cole.get(f"/requests/{hop.request_id}/").content.decode()
    assert "It is." not in signed_in("Bell").get(f"/requests/{path['P1'].request_id}/").content.decode()
    assert Hop.objects.get(pk=hop.pk).respond_by == before


def test_lists_and_pages_ask_the_database_a_constant_number_of_times(
    ask: Callable[..., Hop], signed_in: Callable[[str], Client], django_assert_max_num_queries: Any
) -> None:
    bell = signed_in("Bell")
    hops = [ask("P1", called=12025550100 + number) for number in range(4)]
    bell.get("/requests/")
    with django_assert_max_num_queries(16):
        assert bell.get("/requests/").status_code == 200
    for number in range(8):
        ask("P1", called=12025550200 + number)
    bell.get("/requests/")
    with django_assert_max_num_queries(16):
        assert bell.get("/requests/").status_code == 200
    with django_assert_max_num_queries(26):
        assert bell.get(f"/requests/{hops[0].request_id}/").status_code == 200
    with django_assert_max_num_queries(28):
        assert bell.get("/requests/history/").status_code == 200
    with django_assert_max_num_queries(12):
        assert bell.get("/mitigations/").status_code == 200


def test_a_list_is_narrowed_by_number_and_campaign(ask: Callable[..., Hop], signed_in: Callable[[str], Client]) -> None:
    bell = signed_in("Bell")
    one, other = ask("P1", called=12025550143), ask("P1", called=16175550144)
    text = bell.get("/requests/", {"number": "(617) 555-0144"}).content.decode()
    assert other.request_id in text
    assert one.request_id not in text
    assert one.request_id in bell.get("/requests/", {"campaign": "parcel fee"}).content.decode()
    assert one.request_id not in bell.get("/requests/", {"campaign": "another"}).content.decode()
    assert bell.get("/requests/", {"after": "W10", "show": "nonsense"}).status_code == 400


def test_the_administrator_says_what_may_travel(signed_in: Callable[[str], Client], ask: Callable[..., Hop]) -> None:
    assert signed_in("Bell").post("/requests/settings/", {"travels": "always"}).status_code == 403
    bea = signed_in("Bea")
    assert bea.post("/requests/settings/", {"travels": "sometimes"}).status_code == 422
    assert bea.post("/requests/settings/", {"travels": "never"}).status_code == 302
    hop = ask("P1")
    page = signed_in("Bell").get(f"/requests/{hop.request_id}/")
    assert "The one record that matched" not in page.content.decode()
    assert datetime.now(UTC) > hop.sent_at
