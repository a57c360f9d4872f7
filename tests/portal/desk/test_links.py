"""The link in the mail: one request, nothing by looking, an answer that moves nothing by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from hopback.portal.audit.actors import SYSTEM
from hopback.portal.audit.verify import verify
from hopback.portal.desk.actions import issue_link
from hopback.portal.desk.jobs import note_bounce, note_receipt, tell_a_provider
from hopback.portal.desk.models import RequestLink
from hopback.portal.directory.models import Contact, Duty
from hopback.portal.embedded import seal_log
from hopback.portal.jobs.models import Job
from hopback.portal.jobs.working import work
from hopback.portal.messages.channels import Told
from hopback.portal.messages.models import Message
from hopback.portal.tracebacks.actions import judge_answer
from hopback.portal.tracebacks.models import Hop, Response, Traceback, TraceEvent
from portal.desk.conftest import ADA

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def link(ask: Callable[..., Hop], today: datetime) -> tuple[Hop, str]:
    hop = ask("P1")
    _, token = issue_link(SYSTEM, hop, mailbox="desk@bell.example", at=today)
    return hop, token


def test_looking_changes_nothing_and_is_no_receipt(link: tuple[Hop, str]) -> None:
    hop, token = link
    events = TraceEvent.objects.count()
    for method in ("get", "head", "get"):
        answer = getattr(Client(), method)(f"/requests/by-link/{token}/")
        assert answer.status_code == 200
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Cache-Control"] == "private, no-store"
    Client().get(f"/requests/by-link/{token}/upstreams/", {"find": "x y"})
    assert Client().get(f"/requests/by-link/{token}/receive/").status_code == 405
    hop.refresh_from_db()
    assert (hop.state, hop.received_at) == ("sent", None)
    assert TraceEvent.objects.count() == events


def test_pressing_that_it_was_received_is_a_receipt(link: tuple[Hop, str]) -> None:
    hop, token = link
    assert Client().post(f"/requests/by-link/{token}/receive/").status_code == 302
    hop.refresh_from_db()
    assert hop.state == "acknowledged"
    assert hop.respond_by is not None
    proof = TraceEvent.objects.get(name="hop.delivered")
    assert "link in the mail" in proof.data["proof"]
    assert proof.actor.startswith("link:")


@pytest.mark.parametrize("said", ["upstream", "customer", "expired", "not_ours"])
def test_an_answer_without_sign_in_stays_where_it_is(
    said: str, link: tuple[Hop, str], filled: Callable[..., dict[str, Any]], today: datetime
) -> None:
    hop, token = link
    page = f"/requests/by-link/{token}/"
    assert Client().post(page, filled(said)).status_code == 302
    hop.refresh_from_db()
    assert hop.state == "answered"
    assert Hop.objects.count() == 1  # nobody else is asked
    answered = TraceEvent.objects.get(name="hop.answered")
    assert answered.data["response"]["authenticated"] is False
    assert "nobody had signed in" in Traceback.objects.get(pk=hop.traceback_id).review
    text = Client().get(page).content.decode()
    assert "is with the consortium" in text
    assert "Acme" not in text  # whoever has the link sees no customer
    if said == "customer":
        judge_answer(ADA, hop, at=datetime.now(UTC))  # a person lets it stand
        hop.refresh_from_db()
        assert hop.state == "accepted"
    seal_log(at=today + timedelta(hours=2))
    verify()


def test_what_somebody_signed_in_said_is_not_shown_and_not_overridden(
    link: tuple[Hop, str], signed_in: Callable[[str], Client], filled: Callable[..., dict[str, Any]]
) -> None:
    hop, token = link
    assert signed_in("Bell").post(f"/requests/{hop.request_id}/", filled("unsure")).status_code == 302
    text = Client().get(f"/requests/by-link/{token}/").content.decode()
    assert "Two records fit" not in text
    assert "has answered this" in text
    Client().post(f"/requests/by-link/{token}/", filled("expired"))
    assert Response.objects.filter(hop=hop).count() == 1


def test_a_link_that_ran_out_was_revoked_or_never_was_opens_nothing(
    link: tuple[Hop, str], ask: Callable[..., Hop], signed_in: Callable[[str], Client], today: datetime
) -> None:
    hop, token = link
    _, old = issue_link(SYSTEM, hop, mailbox="a@bell.example", at=today - timedelta(days=15))
    _, early = issue_link(SYSTEM, hop, mailbox="a@bell.example", at=today + timedelta(days=15))
    never = Client().get(f"/requests/by-link/{'A' * 43}/")
    assert never.status_code == 404
    for one in (old, early, token[:-1], token + "A", token.swapcase(), "x", "%00"):
        assert Client().get(f"/requests/by-link/{one}/").status_code == 404, one
        assert Client().post(f"/requests/by-link/{one}/receive/").status_code == 404, one
    assert token not in "".join(map(str, RequestLink.objects.values_list("digest", "prefix")))
    assert Client().get(f"/requests/by-link/{token}/").status_code == 200
    assert signed_in("Bell").post(f"/requests/{hop.request_id}/links/").status_code == 403
    assert signed_in("Cole").post(f"/requests/{hop.request_id}/links/").status_code == 404
    assert signed_in("Bea").post(f"/requests/{hop.request_id}/links/").status_code == 302
    answer = Client().get(f"/requests/by-link/{token}/")
    assert answer.status_code == 404
    varies = re.compile(rb'"X-CSRFToken": "[^"]+"|<footer.*</footer>', re.DOTALL)
    assert varies.sub(b"", answer.content) == varies.sub(b"", never.content)


def test_a_link_opens_its_own_request_only(link: tuple[Hop, str], ask: Callable[..., Hop]) -> None:
    hop, token = link
    other = ask("P1", called=12025550199)
    text = Client().get(f"/requests/by-link/{token}/").content.decode()
    assert hop.request_id in text
    assert other.request_id not in text
    assert hop.traceback_id not in text
    assert Client().get(f"/requests/{hop.request_id}/").status_code == 302  # a link signs nobody in


def test_a_request_is_mailed_to_the_first_contact_with_a_link(ask: Callable[..., Hop], today: datetime) -> None:
    Contact.objects.create(provider_id="P1", duty=Duty.BACKUP, mailbox="backup@bell.example")
    Contact.objects.create(provider_id="P1", duty=Duty.PRIMARY, mailbox="desk@bell.example")
    hop = ask("P1")
    work(now=today, until=today)
    letter = Message.objects.get(kind="request.opened")
    assert (letter.mailbox, letter.about, letter.organisation) == ("desk@bell.example", f"hop:{hop.request_id}", "P1")
    assert letter.is_confidential
    assert hop.traceback_id not in letter.text
    token = re.search(r"/requests/by-link/([^/\s]+)/", letter.text)
    assert token is not None
    assert Client().get(f"/requests/by-link/{token.group(1)}/").status_code == 200
    work(now=today, until=today)
    assert Message.objects.filter(kind="request.opened").count() == 1
    assert hop.request_id in letter.subject


def told(hop: Hop, mailbox: str, outcome: str, at: datetime) -> Told:
    return Told(
        message="m",
        kind="request.opened",
        about=f"hop:{hop.request_id}",
        organisation="P1",
        mailbox=mailbox,
        outcome=outcome,
        status="5.1.1" if outcome == "bounced" else "2.0.0",
        proof="550 no such user" if outcome == "bounced" else "250 queued as 7",
        at=at,
        sha256="0" * 64,
    )


def test_acceptance_by_the_mail_server_is_the_proof_of_receipt(ask: Callable[..., Hop], today: datetime) -> None:
    hop = ask("P1")
    at = today + timedelta(minutes=3)
    note_receipt(told(hop, "desk@bell.example", "accepted", at), at=at + timedelta(minutes=1))
    hop.refresh_from_db()
    assert (hop.state, hop.received_at) == ("delivered", at)
    note_receipt(told(hop, "desk@bell.example", "accepted", at), at=at + timedelta(minutes=2))  # told twice
    assert TraceEvent.objects.filter(name="hop.delivered").count() == 1


def test_a_bounce_goes_to_the_next_contact_and_then_to_a_person(ask: Callable[..., Hop], today: datetime) -> None:
    for duty, mailbox in ((Duty.PRIMARY, "desk@bell.example"), (Duty.OFFICER, "boss@bell.example")):
        Contact.objects.create(provider_id="P1", duty=duty, mailbox=mailbox)
    Contact.objects.create(
        provider_id="P1", duty=Duty.BACKUP, mailbox="gone@bell.example", active_to=today.date() - timedelta(days=9)
    )
    hop = ask("P1")
    tell_a_provider({"request": hop.request_id}, at=today)
    at = today + timedelta(minutes=5)
    note_bounce(told(hop, "desk@bell.example", "bounced", at), at=at)
    hop.refresh_from_db()
    assert hop.state == "sent"
    assert Job.objects.filter(kind="hop.told", key__endswith=":1").exists()
    tell_a_provider({"request": hop.request_id}, at=at)
    mailboxes = list(Message.objects.filter(kind="request.opened").order_by("pk").values_list("mailbox", flat=True))
    assert mailboxes == ["desk@bell.example", "boss@bell.example"]
    note_bounce(told(hop, "boss@bell.example", "bounced", at), at=at)
    hop.refresh_from_db()
    assert hop.state == "pending"
    assert "find another contact" in Hop.objects.get(pk=hop.pk).traceback.review


def test_the_mail_bounced_after_it_was_received_reaches_the_next_contact_all_the_same(
    received: Callable[..., Hop], today: datetime
) -> None:
    for duty, mailbox in ((Duty.PRIMARY, "desk@bell.example"), (Duty.BACKUP, "backup@bell.example")):
        Contact.objects.create(provider_id="P1", duty=duty, mailbox=mailbox)
    hop = received("P1")
    work(now=today, until=today)
    note_bounce(told(hop, "desk@bell.example", "bounced", today), at=today)
    work(now=today, until=today)
    assert Message.objects.filter(kind="request.opened").count() == 2
    hop.refresh_from_db()
    assert hop.state == "delivered"
