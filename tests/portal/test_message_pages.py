"""Pages of messages and webhooks, and the door through which mail is handed in."""

from __future__ import annotations

import hmac
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pydantic import SecretStr

from hook_stub import Hooks
from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.models import Organisation
from hopback.portal.audit.actors import SYSTEM, Actor
from hopback.portal.audit.models import Leaf
from hopback.portal.jobs.working import work
from hopback.portal.messages.actions import send, take_in
from hopback.portal.messages.channels import leads_to
from hopback.portal.messages.models import Endpoint, InboxItem, Message, Posting
from hopback.portal.messages.tokens import token_of
from hopback.portal.messages.webhooks import add_endpoint, announce
from hopback.portal.messages.writing import Letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django import DjangoAssertNumQueries

    from hopback.portal.config import Configuration

HTML = "<script>alert(1)</script>"


@pytest.fixture
def mail(cast: Any, noon: datetime) -> dict[str, Message]:
    """A letter to P1 and a reply to it, a letter to P2, and a confidential one to somebody of P1."""
    office = settings.CONFIGURATION.office
    rows = {
        "P1": send(
            SYSTEM, Letter("test", "bell@example.org", f"Request {HTML}", f"Look. {HTML}", "hop:R1", "P1"), at=noon
        ),
        "P2": send(SYSTEM, Letter("test", "cole@example.org", "For Coalbrook", "Look.", "traceback:T9", "P2"), at=noon),
        "secret": send(
            SYSTEM,
            Letter("test", "bea@example.org", "Sign in", "the-secret-link", organisation="P1", is_confidential=True),
            at=noon,
        ),
    }
    reply = EmailMessage()
    reply["From"] = f"Bell {HTML} <bell@example.org>"
    reply["To"] = office.reply_to(token_of(rows["P1"].uid))
    reply["Subject"] = f"Re: {HTML}"
    reply["Message-ID"] = "<1@example.org>"
    reply.set_content(f"We found it. {HTML}\n")
    reply.add_attachment(b"<html>", maintype="text", subtype="html", filename='a";\x7f.html')
    rows["reply"] = take_in(SYSTEM, reply.as_bytes(), via="hook", at=noon)
    stray = EmailMessage()
    stray["Subject"], stray["Message-ID"] = "Who is it", "<2@example.org>"
    stray.set_content("Nobody knows.\n")
    rows["stray"] = take_in(SYSTEM, stray.as_bytes(), via="imap", at=noon)
    work(now=noon, until=noon)
    return rows


def page(name: str, *arguments: Any) -> str:
    return reverse(f"messages:{name}", args=arguments)


def test_the_consortium_sees_every_message_and_a_provider_its_own(
    mail: dict[str, Message], signed_in: Callable[[str], Client]
) -> None:
    for name in ("Ada", "Abe", "Otto"):
        text = signed_in(name).get(page("list")).content.decode()
        assert text.count("<tr>") == 6
        assert "For Coalbrook" in text
        assert "traceback:T9" in text
    for name in ("Bell", "Bea"):
        text = signed_in(name).get(page("list")).content.decode()
        assert text.count("<tr>") == 4
        assert "Coalbrook" not in text
        assert HTML not in text
    text = signed_in("Cole").get(page("list")).content.decode()
    assert "For Coalbrook" in text
    assert "traceback:T9" not in text  # a provider never learns a traceback's own id
    for name in ("Dana", "Fay", "Sol"):
        answer = signed_in(name).get(page("list"))
        assert answer.status_code == 200
        assert "No mail fits" in answer.content.decode()


@pytest.mark.parametrize("name", ["Dana", "Cole", "Fay", "Sol"])
def test_nobody_else_finds_a_message_its_bytes_or_its_attachment(
    mail: dict[str, Message], signed_in: Callable[[str], Client], name: str
) -> None:
    client = signed_in(name)
    part = mail["reply"].attachments.get().part
    for key in ("P1", "reply", "secret", "stray"):
        assert client.get(page("message", mail[key].uid)).status_code == 404
        assert client.get(page("raw", mail[key].uid)).status_code == 404
    assert client.get(page("attachment", mail["reply"].uid, part)).status_code == 404
    for inner in (page("inbox"), page("outbox"), page("inbox_item", mail["reply"].uid)):
        assert client.get(inner).status_code == 404


def test_a_message_is_shown_with_its_headers_and_what_became_of_it_and_nothing_in_it_is_run(
    mail: dict[str, Message], signed_in: Callable[[str], Client]
) -> None:
    leads_to("hop", lambda _actor, name: f"/requests/{name}/")
    for name in ("Ada", "Otto", "Bell"):
        client = signed_in(name)
        text = client.get(page("message", mail["P1"].uid)).content.decode()
        assert "kept in the outbox" in text
        assert "Auto-Submitted" in text
        assert "/requests/R1/" in text
        assert HTML not in text
        assert mail["P1"].sha256 in text
        text = client.get(page("message", mail["reply"].uid)).content.decode()
        assert "proves nothing" in text
        assert HTML not in text
        saved = client.get(page("raw", mail["reply"].uid))
        assert saved.content == bytes(Message.objects.get(uid=mail["reply"].uid).raw)
        assert saved.headers["Content-Type"] == "message/rfc822"
        assert saved.headers["Content-Disposition"].startswith("attachment;")
        part = mail["reply"].attachments.get().part
        file = client.get(page("attachment", mail["reply"].uid, part))
        assert file.content == b"<html>"
        assert file.headers["Content-Type"] == "application/octet-stream"
        assert file.headers["Content-Disposition"] == 'attachment; filename="a___.html"'
        assert "sandbox" in file.headers["Content-Security-Policy"]
        assert client.get(page("attachment", mail["reply"].uid, part + 7)).status_code == 404


def test_a_letter_with_a_secret_is_shown_to_nobody_in_a_real_portal(
    portal: Configuration, mail: dict[str, Message], signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("Ada")
    assert "the-secret-link" in client.get(page("message", mail["secret"].uid)).content.decode()  # a demonstration's
    settings.CONFIGURATION = portal.model_copy(update={"exercise": False})
    for name in ("Ada", "Otto", "Bea"):
        client = signed_in(name)
        answer = client.get(page("message", mail["secret"].uid))
        assert answer.status_code == 200
        assert "the-secret-link" not in answer.content.decode()
        assert client.get(page("raw", mail["secret"].uid)).status_code == 404


def test_that_somebody_of_the_consortium_read_a_message_is_on_record(
    mail: dict[str, Message], signed_in: Callable[[str], Client]
) -> None:
    for name in ("Ada", "Ada", "Otto", "Bell"):
        client = signed_in(name)
        client.get(page("message", mail["P1"].uid))
        client.get(page("raw", mail["P1"].uid))
    read = Leaf.objects.filter(action="personal.read", subject=mail["P1"].audit_name)
    assert len(set(read.values_list("actor", flat=True))) == 2


def test_messages_are_listed_by_direction_organisation_and_subject(
    mail: dict[str, Message], signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("Ada")

    def listed(**query: str) -> int:
        return client.get(page("list"), query).content.decode().count("<tr>") - 1

    assert listed(direction="in") == 2
    assert listed(organisation="P1") == 3
    assert listed(about="hop:R1") == 2
    assert listed(mailbox="cole@example.org") == 1
    assert listed(direction="sideways") == 5
    text = signed_in("Bell").get(page("list"), {"organisation": "P2"}).content.decode()
    assert "Coalbrook" not in text


def test_a_list_costs_the_same_however_long_it_is(
    mail: dict[str, Message],
    signed_in: Callable[[str], Client],
    noon: datetime,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in("Ada")
    for number in range(60):
        send(SYSTEM, Letter("test", "bell@example.org", f"Letter {number}", "x", "hop:R2", "P1"), at=noon)
    for name in ("list", "outbox", "inbox", "webhooks"):
        with django_assert_max_num_queries(8):
            assert client.get(page(name)).status_code == 200
    text = client.get(page("outbox"), {"state": "waiting"}).content.decode()
    assert text.count("<tr>") == 51
    assert "after=" in text


def test_the_outbox_says_that_a_demonstration_sends_nothing(
    portal: Configuration, mail: dict[str, Message], signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("Abe")
    assert "sends none" in client.get(page("outbox")).content.decode()
    settings.CONFIGURATION = portal.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1:1")})
    assert "sends none" not in client.get(page("outbox")).content.decode()


def test_an_analyst_places_a_stray_message_and_deals_with_it(
    mail: dict[str, Message], signed_in: Callable[[str], Client]
) -> None:
    client, address = signed_in("Abe"), page("inbox_item", mail["stray"].uid)
    assert "unplaced" in client.get(page("inbox")).content.decode()
    assert "answers no message of ours" in client.get(address).content.decode()
    wrong = client.post(address, {"do": "place", "about": "", "seen": "1"})
    assert wrong.status_code == 422
    strange = client.post(address, {"do": "place", "about": "hop:R1", "organisation": "P77", "seen": "1"})
    assert strange.status_code == 422
    assert (
        client.post(address, {"do": "place", "about": "hop:R1", "organisation": "P1", "seen": "1"}).status_code == 302
    )
    stale = client.post(address, {"do": "handle", "note": "Called <b>back</b>.", "seen": "1"})
    assert stale.status_code == 409
    assert "Called &lt;b&gt;back" in stale.content.decode()  # what was typed is kept
    assert client.post(address, {"do": "handle", "note": "Called back.", "seen": "2"}).status_code == 302
    item = InboxItem.objects.get(message=mail["stray"].pk)
    assert (item.about, item.note) == ("hop:R1", "Called back.")
    assert "Called back." in client.get(address).content.decode()
    assert "Who is it" not in client.get(page("inbox")).content.decode()
    assert "Who is it" in client.get(page("inbox"), {"show": "handled"}).content.decode()


def test_an_auditor_reads_the_inbox_and_does_nothing(
    mail: dict[str, Message], signed_in: Callable[[str], Client]
) -> None:
    client, address = signed_in("Otto"), page("inbox_item", mail["stray"].uid)
    answer = client.get(address)
    assert answer.status_code == 200
    assert b"Take it off the list" not in answer.content
    assert client.post(address, {"do": "handle", "note": "x", "seen": "1"}).status_code == 404


def signed(secret: str, body: bytes, *, at: int) -> dict[str, str]:
    signature = hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    return {"X-Hopback-Timestamp": str(at), "X-Hopback-Signature": f"v1={signature}"}


def test_mail_is_handed_in_signed_and_taken_in_once(portal: Configuration) -> None:
    settings.CONFIGURATION = portal.model_copy(
        update={"mail_hook_secret": SecretStr("hook-secret"), "mail_in_largest": 5000}
    )
    client, at = Client(enforce_csrf_checks=True), int(time.time())
    body = b"Subject: \xff hello\r\nMessage-ID: <1@x>\r\n\r\nbody \xfe\r\n"

    def hand_in(body: bytes, headers: dict[str, str]) -> int:
        answer = client.post(page("mail_in"), body, content_type="message/rfc822", headers=headers)
        return int(answer.status_code)

    assert hand_in(body, signed("hook-secret", body, at=at)) == 202
    assert hand_in(body, signed("hook-secret", body, at=at)) == 202
    assert bytes(Message.objects.get().raw) == body
    assert hand_in(body, {}) == 401
    assert hand_in(body, signed("other", body, at=at)) == 401
    assert hand_in(body, signed("hook-secret", body, at=at - 301)) == 401
    assert hand_in(body + b"x", signed("hook-secret", body, at=at)) == 401
    assert hand_in(b" ", signed("hook-secret", b" ", at=at)) == 422
    large = b"x" * 5001
    assert hand_in(large, signed("hook-secret", large, at=at)) == 413
    assert client.get(page("mail_in")).status_code == 405
    settings.CONFIGURATION = portal
    assert hand_in(body, signed("", body, at=at)) == 401
    assert Message.objects.count() == 1


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with Hooks() as server:
        yield server


def fields(hooks: Hooks, **more: Any) -> dict[str, Any]:
    return {"url": hooks.url, "label": "Ours", "mailbox": "ops@example.org", "types": ["request.opened"]} | more


def test_an_administrator_adds_tests_and_replays_an_endpoint_and_sees_the_secret_once(
    signed_in: Callable[[str], Client], hooks: Hooks
) -> None:
    client = signed_in("Bea")
    wrong = client.post(page("webhook_add"), fields(hooks, url="http://10.0.0.1/"))
    assert wrong.status_code == 422
    assert "http://10.0.0.1/" in wrong.content.decode()
    assert client.post(page("webhook_add"), fields(hooks, mailbox="x")).status_code == 422
    added = client.post(page("webhook_add"), fields(hooks))
    assert added.status_code == 200
    endpoint = Endpoint.objects.get()
    text = added.content.decode()
    secret = "whsec_" + text.partition("whsec_")[2].partition("<")[0]
    assert secret not in client.get(page("webhook", endpoint.uid)).content.decode()
    assert client.post(page("webhook_test", endpoint.uid)).status_code == 302
    at = datetime.now(UTC)
    work(now=at, until=at)
    assert hooks.verified(secret)["type"] == "hopback.test"
    posting = Posting.objects.get()
    shown = client.get(page("webhook_posting", posting.uid)).content.decode()
    assert "thanks" in shown
    assert posting.announced.uid in shown
    assert client.post(page("webhook_posting", posting.uid)).status_code == 302
    work(now=at + timedelta(seconds=1), until=at + timedelta(seconds=1))
    assert len(hooks.seen) == 2
    assert b"Replace the secret?" in client.get(page("webhook_secret", endpoint.uid)).content
    replaced = client.post(page("webhook_secret", endpoint.uid)).content.decode()
    assert "whsec_" in replaced
    assert secret not in replaced


def test_an_endpoint_is_changed_paused_and_removed_unless_somebody_else_was_first(
    signed_in: Callable[[str], Client], hooks: Hooks
) -> None:
    client = signed_in("Bea")
    client.post(page("webhook_add"), fields(hooks))
    uid = Endpoint.objects.get().uid
    assert b"ops@example.org" in client.get(page("webhook_change", uid)).content
    assert client.post(page("webhook_change", uid), fields(hooks, label="Other", seen=1)).status_code == 302
    stale = client.post(page("webhook_change", uid), fields(hooks, label="Third", seen=1))
    assert stale.status_code == 409
    assert b"Third" in stale.content
    assert client.post(page("webhook_switch", uid), {"to": "paused", "seen": 1}).status_code == 409
    assert client.post(page("webhook_switch", uid), {"to": "paused", "seen": 2}).status_code == 302
    assert client.post(page("webhook_test", uid)).status_code == 403
    assert client.post(page("webhook_switch", uid), {"to": "active", "seen": 3}).status_code == 302
    assert client.get(page("webhook_remove", uid)).status_code == 200
    assert client.post(page("webhook_remove", uid), {"seen": 4}).status_code == 302
    assert client.get(page("webhook", uid)).status_code == 404


def test_responders_see_and_strangers_do_not_find_an_endpoint(
    signed_in: Callable[[str], Client], hooks: Hooks, actors: dict[str, Actor], noon: datetime
) -> None:
    endpoint, _ = add_endpoint(actors["Bea"], "P1", url=hooks.url, mailbox="ops@example.org", at=noon)
    announce("P1", "request.opened", {"request": "R1"}, key="R1", at=noon)
    posting = Posting.objects.get()
    shown = (page("webhook", endpoint.uid), page("webhook_posting", posting.uid))
    kept = ("webhook_change", "webhook_secret", "webhook_remove")
    for name in ("Bell", "Otto", "Ada"):
        client = signed_in(name)
        for address in (*shown, page("webhooks")):
            answer = client.get(address)
            assert answer.status_code == 200
            # what its query may hold is the organisation's own
            assert (b"hopback?x=1" in answer.content) is (name == "Bell")
        for one in kept:
            assert client.get(page(one, endpoint.uid)).status_code == 404
        for one in (*kept, "webhook_switch", "webhook_test"):
            assert client.post(page(one, endpoint.uid), {"seen": 1}).status_code == 404
        assert client.post(page("webhook_posting", posting.uid)).status_code == 404
    for name in ("Cole", "Dana", "Fay", "Sol"):
        client = signed_in(name)
        for address in (*shown, *(page(one, endpoint.uid) for one in kept)):
            assert client.get(address).status_code == 404
        assert hooks.url not in client.get(page("webhooks")).content.decode()
    assert signed_in("Bell").get(page("webhook_add")).status_code == 404
    assert signed_in("Dana").get(page("webhook_add")).status_code == 404
    assert Endpoint.objects.get().version == 1


def test_a_person_of_the_consortium_says_first_why_they_read_mail(
    mail: dict[str, Message], signed_in: Callable[[str], Client], cast: dict[str, Any]
) -> None:
    client = signed_in("Ada")
    cast["Ada"].access_sessions.all().delete()
    assert client.get(page("message", mail["P1"].uid)).status_code == 302
    assert client.get(page("raw", mail["P1"].uid)).status_code == 302
    assert client.get(page("list")).status_code == 200


def programs(organisation: str) -> Client:
    row = Organisation.objects.get(pk=organisation)
    now = datetime.now(UTC)
    key = issue_key(SYSTEM, row, at=now, lasts=timedelta(hours=1), scopes=("messages:read",))
    return Client(headers={"Authorization": f"Bearer {key}"})


def test_programs_read_their_organisations_messages_and_no_others(mail: dict[str, Message]) -> None:
    own = programs("P1")
    listed = own.get("/api/v1/messages?limit=2").json()
    rest = own.get("/api/v1/messages", {"cursor": listed["next"], "limit": 2}).json()
    ids = [row["id"] for row in listed["messages"] + rest["messages"]]
    assert ids == [mail["P1"].uid, mail["secret"].uid, mail["reply"].uid]
    assert own.get(f"/api/v1/messages/{mail['P1'].uid}").json()["text"].startswith("Look.")
    assert own.get(f"/api/v1/messages/{mail['P2'].uid}").status_code == 404
    assert programs("P9").get("/api/v1/messages").json() == {"messages": []}
    everything = programs("consortium").get("/api/v1/messages").json()["messages"]
    assert {row["organisation"] for row in everything} >= {"P1", "P2"}


def test_a_program_is_told_no_secret_and_its_reading_is_noted(mail: dict[str, Message]) -> None:
    settings.CONFIGURATION = settings.CONFIGURATION.model_copy(update={"exercise": False})
    told = programs("consortium").get(f"/api/v1/messages/{mail['secret'].uid}").json()
    assert "text" not in told
    assert Leaf.objects.filter(action="personal.read", subject=mail["secret"].audit_name).exists()
