"""Mail in: replies, bounces, automatic answers, loops, and what nobody can read."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as checks
from hypothesis import strategies as st
from pydantic import SecretStr

from behind import tamper
from hopback.kernel.errors import BadInput, BrokenProof, Conflict, NotFound, Refused
from hopback.portal.audit.actors import SYSTEM, Actor, Role
from hopback.portal.audit.sealing import seal
from hopback.portal.audit.verify import verify
from hopback.portal.jobs.working import begin_all, work
from hopback.portal.messages.access import attachment_of, inbox_item_of, inbox_of
from hopback.portal.messages.actions import handle, place, send, take_in
from hopback.portal.messages.channels import Told, on_bounced
from hopback.portal.messages.incoming import part_of, read
from hopback.portal.messages.models import Delivery, Dispatch, InboxItem, Mailbox, Message, Nature
from hopback.portal.messages.polling import read_mailbox
from hopback.portal.messages.tokens import token_of
from hopback.portal.messages.writing import Letter
from imap_stub import Imap

if TYPE_CHECKING:
    from hopback.portal.config import Configuration

ADA = Actor("user:1", Role.LEAD, organisation="consortium")
BELL = Actor("user:5", Role.PROVIDER, provider="P1", organisation="P1")
bounced: list[Told] = []


@on_bounced("test.asked")
def note_bounce(one: Told, /, *, at: datetime) -> None:
    bounced.append(one)


@pytest.fixture(autouse=True)
def _forget() -> None:
    bounced.clear()


@pytest.fixture
def asked(portal: Configuration, noon: datetime) -> Message:
    """A letter about Bell's hop that was accepted."""
    settings.CONFIGURATION = portal.model_copy(update={"mail_from": "Desk <desk@hopback.test>"})
    message = send(
        SYSTEM, Letter("test.asked", "bell@example.org", "A request", "Look.", "hop:R1", "P1", key="R1"), at=noon
    )
    work(now=noon, until=noon)
    return message


def reply(to: str, **more: Any) -> bytes:
    mail = EmailMessage()
    mail["From"] = "Bell <bell@example.org>"
    mail["To"] = to
    mail["Subject"] = more.pop("subject", "Re: A request")
    mail["Message-ID"] = more.pop("message_id", "<1@example.org>")
    mail.set_content(more.pop("text", "We found it. It came from Coalbrook.\n"))
    for name, value in more.items():
        mail[name.replace("_", "-")] = value
    return mail.as_bytes()


def to_us(asked: Message) -> str:
    return f"desk+{token_of(asked.uid)}@hopback.test"


def test_a_reply_is_put_before_a_person_with_the_hop_it_is_about_and_does_nothing(
    asked: Message, noon: datetime
) -> None:
    raw = reply(to_us(asked))
    message = take_in(SYSTEM, raw, via="hook", at=noon)
    assert (message.nature, message.about, message.organisation, message.answers_id) == (
        Nature.LETTER,
        "hop:R1",
        "P1",
        asked.pk,
    )
    assert bytes(Message.objects.get(pk=message.pk).raw) == raw
    item = InboxItem.objects.get()
    assert (item.is_placed, item.handled_at, item.why) == (True, None, "")
    assert Dispatch.objects.get().state == "accepted"
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("where", ["to", "cc", "delivered", "subject", "in_reply_to", "references"])
def test_the_token_is_found_wherever_mail_systems_leave_it(asked: Message, noon: datetime, where: str) -> None:
    token = token_of(asked.uid)
    fields: dict[str, Any] = {
        "to": {"to": to_us(asked).upper()},
        "cc": {"to": "x@example.org", "Cc": f"Desk <{to_us(asked)}>, y@example.org"},
        "delivered": {"to": "x@example.org", "Delivered_To": to_us(asked)},
        "subject": {"to": "desk@hopback.test", "subject": f"AW: A request [REF: {token}]"},
        "in_reply_to": {"to": "desk@hopback.test", "In_Reply_To": f"<{token}@hopback.test>"},
        "references": {"to": "desk@hopback.test", "References": f"<a@b> <{token}@hopback.test> <c@d>"},
    }[where]
    assert take_in(SYSTEM, reply(**fields), via="hook", at=noon).answers_id == asked.pk


def test_a_forged_or_missing_token_is_unplaced(asked: Message, noon: datetime) -> None:
    token = token_of(asked.uid)
    forged = token[:-1] + ("a" if token[-1] != "a" else "b")
    for number, to in enumerate((f"desk+{forged}@hopback.test", "desk@hopback.test", f"desk+{asked.uid}@hopback.test")):
        take_in(SYSTEM, reply(to, message_id=f"<{number}@x>"), via="hook", at=noon)
    assert [(item.is_placed, item.about) for item in InboxItem.objects.all()] == [(False, "")] * 3
    assert set(InboxItem.objects.values_list("why", flat=True)) == {"it answers no message of ours"}


def test_the_same_bytes_are_taken_in_once(asked: Message, noon: datetime) -> None:
    first = take_in(SYSTEM, reply(to_us(asked)), via="hook", at=noon)
    assert take_in(SYSTEM, reply(to_us(asked)), via="imap", at=noon).pk == first.pk
    other = take_in(SYSTEM, reply(to_us(asked), text="Other words under the same id.\n"), via="imap", at=noon)
    assert other.pk != first.pk
    assert InboxItem.objects.count() == 2


@pytest.mark.parametrize(
    ("header", "nature"),
    [
        ({"Auto_Submitted": "auto-replied (vacation)"}, Nature.AUTOMATIC),
        ({"Auto_Submitted": "no"}, Nature.LETTER),
        ({"Precedence": "bulk"}, Nature.AUTOMATIC),
        ({"Return_Path": "<>"}, Nature.AUTOMATIC),
        ({"List_Id": "<news.example.org>"}, Nature.AUTOMATIC),
        ({"X_Autoreply": "yes"}, Nature.AUTOMATIC),
        ({"X_Loop": "desk@hopback.test"}, Nature.LOOP),
    ],
)
def test_automatic_answers_and_loops_are_kept_and_bother_nobody(
    asked: Message, noon: datetime, header: dict[str, str], nature: Nature
) -> None:
    message = take_in(SYSTEM, reply(to_us(asked), **header), via="hook", at=noon)
    assert message.nature == nature
    assert InboxItem.objects.exists() is (nature is Nature.LETTER)


def test_what_a_mail_system_writes_in_its_own_form_is_put_before_a_person(asked: Message, noon: datetime) -> None:
    for number, (sender, to) in enumerate(
        (("MAILER-DAEMON@mx.example.org", to_us(asked)), ("MAILER-DAEMON@mx.example.org", "desk@hopback.test"))
    ):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Return-Path"], mail["Message-ID"] = sender, to, "<>", f"<{number}@mx>"
        mail.set_content("Your message could not be delivered.\n")
        take_in(SYSTEM, mail.as_bytes(), via="imap", at=noon)
    item = InboxItem.objects.get()
    assert (item.is_placed, item.about) == (True, "hop:R1")
    assert "may not have arrived" in item.why
    assert Dispatch.objects.get().state == "accepted"


def report(to: str, *, action: str = "failed", status: str = "5.1.1", returned: str = "", code: str = "") -> bytes:
    lines = [
        "Return-Path: <>",
        "From: MAILER-DAEMON@mx.example.org",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Message-ID: <dsn-{action}-{code}@mx.example.org>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "I am sorry.",
        "--b",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.org",
        "",
        "Final-Recipient: rfc822; bell@example.org",
        f"Action: {action}",
        f"Status: {status}",
        "Remote-MTA: dns; mail.example.org",
        "Diagnostic-Code: smtp; 550 5.1.1 <bell@example.org>: no such mailbox",
        "",
        "--b",
        "Content-Type: text/rfc822-headers",
        "",
        returned or "Subject: A request",
        "",
        "--b--",
        "",
    ]
    return "\r\n".join(lines).encode()


def test_a_bounce_is_tied_to_the_letter_and_told_once(asked: Message, noon: datetime) -> None:
    for code in "12":
        take_in(SYSTEM, report(to_us(asked), code=code), via="imap", at=noon)
    assert Dispatch.objects.get().state == "bounced"
    rows = list(Delivery.objects.filter(outcome="bounced").values_list("message", "status", "server", "proof"))
    said = "bell@example.org: 550 5.1.1 <bell@example.org>: no such mailbox"
    assert rows == [(asked.pk, "5.1.1", "mail.example.org", said)] * 2
    work(now=noon, until=noon)
    assert [(one.about, one.outcome, one.status) for one in bounced] == [("hop:R1", "bounced", "5.1.1")]
    assert not InboxItem.objects.exists()
    seal(at=noon)
    assert verify().rows["messages.delivery"] == 3


def test_a_bounce_is_known_by_the_headers_it_gives_back(asked: Message, noon: datetime) -> None:
    returned = f"Message-ID: <{token_of(asked.uid)}@hopback.test>"
    take_in(SYSTEM, report("desk@hopback.test", returned=returned), via="imap", at=noon)
    assert Dispatch.objects.get().state == "bounced"


def test_a_delay_is_noted_and_ends_nothing(asked: Message, noon: datetime) -> None:
    take_in(SYSTEM, report(to_us(asked), action="delayed", status="4.4.1"), via="imap", at=noon)
    take_in(SYSTEM, report(to_us(asked), action="expanded", status="2.0.0"), via="imap", at=noon)
    work(now=noon, until=noon)
    assert Dispatch.objects.get().state == "accepted"
    assert list(Delivery.objects.values_list("outcome", flat=True)) == ["accepted", "delayed"]
    assert not bounced


def test_a_bounce_of_nothing_of_ours_is_unplaced(asked: Message, noon: datetime) -> None:
    take_in(SYSTEM, report("desk@hopback.test"), via="imap", at=noon)
    assert InboxItem.objects.get().is_placed is False
    assert Dispatch.objects.get().state == "accepted"


def test_attachments_are_listed_by_digest_and_taken_out_of_the_bytes(asked: Message, noon: datetime) -> None:
    mail = EmailMessage()
    mail["To"], mail["Message-ID"] = to_us(asked), "<a@b>"
    mail.set_content("See the sheet.\n")
    mail.add_alternative("<p>See the <b>sheet</b>.</p><script>evil()</script>", subtype="html")
    mail.add_attachment(b"a,b\r\n1,2\r\n", maintype="text", subtype="csv", filename="../calls.csv")
    mail.add_attachment(b"\x00" * 11 * 2**20, maintype="application", subtype="zip", filename="big.zip")
    message = take_in(SYSTEM, mail.as_bytes(), via="hook", at=noon)
    assert message.text == "See the sheet.\n"
    (row,) = message.attachments.all()
    assert (row.name, row.media_type, row.size) == (".._calls.csv", "text/csv", 10)
    assert row.sha256 == hashlib.sha256(b"a,b\r\n1,2\r\n").hexdigest()
    assert part_of(bytes(message.raw), row.part) == b"a,b\r\n1,2\r\n"
    assert "big.zip is larger" in InboxItem.objects.get().why
    assert attachment_of(BELL, message.uid, row.part).pk == row.pk
    with pytest.raises(NotFound):
        attachment_of(Actor("x", Role.PROVIDER, provider="P2", organisation="P2"), message.uid, row.part)


def test_html_is_read_as_words_only(portal: Configuration) -> None:
    mail = EmailMessage()
    mail.set_content("<head><title>t</title></head><p>One<br>two</p><script>evil()</script>", subtype="html")
    assert read(mail.as_bytes(), replies="desk@hopback.test").text == "One\ntwo"


@checks(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    b"From: =?utf-8?B?/w==?= <a@b>\r\n",
                    b"Subject: =?nope?Q?x?=\r\n",
                    b"To: desk+\r\n",
                    b"Content-Type: multipart/mixed; boundary=b\r\n",
                    b"Content-Type: text/plain; charset=nope\r\n",
                    b"Content-Type: message/delivery-status\r\n",
                    b"Content-Disposition: attachment; filename*=utf-8''%ff\r\n",
                    b"Content-Transfer-Encoding: base64\r\n",
                    b"\r\n",
                    b"--b\r\n",
                    b"--b--\r\n",
                    b"Action: failed\r\n",
                ]
            ),
            st.binary(max_size=40),
        ),
        max_size=25,
    )
)
def test_whatever_comes_is_read_or_said_to_be_unreadable(portal: Configuration, lines: list[bytes]) -> None:
    found = read(b"".join(lines), replies="desk@hopback.test")
    for text in (found.subject, found.text, found.sender, found.message_id, *(part.name for part in found.parts)):
        assert "\x00" not in text
        text.encode()


def test_a_message_nested_too_deeply_is_kept_as_unreadable(asked: Message, noon: datetime) -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(3000))
    message = take_in(SYSTEM, raw, via="hook", at=noon)
    assert message.nature == Nature.UNREADABLE
    assert InboxItem.objects.get().message_id == message.pk


def test_what_is_empty_or_too_large_is_not_taken_in(asked: Message, noon: datetime) -> None:
    settings.CONFIGURATION = settings.CONFIGURATION.model_copy(update={"mail_in_largest": 1000})
    for raw in (b" \r\n", b"x" * 1001):
        with pytest.raises(BadInput):
            take_in(SYSTEM, raw, via="hook", at=noon)


def test_a_person_places_and_handles_what_came_in_once(asked: Message, noon: datetime) -> None:
    message = take_in(SYSTEM, reply("desk@hopback.test"), via="hook", at=noon)
    item = inbox_item_of(ADA, message.uid)
    with pytest.raises(Refused):
        place(BELL, item, about="hop:R1", organisation="P1", seen=1, at=noon)
    with pytest.raises(BadInput):
        place(ADA, item, about=" ", organisation="P1", seen=1, at=noon)
    place(ADA, item, about="hop:R1", organisation="P1", seen=1, at=noon)
    with pytest.raises(Conflict):
        handle(ADA, item, note="Called back.", seen=1, at=noon)
    handle(ADA, item, note="Called back.", seen=2, at=noon)
    with pytest.raises(Conflict):
        handle(ADA, item, note="Again.", seen=3, at=noon)
    item.refresh_from_db()
    assert (item.is_placed, item.about, item.handled_by, item.note) == (True, "hop:R1", "user:1", "Called back.")
    assert not inbox_of(BELL).exists()


def test_a_mailbox_is_read_by_imap_once_and_on(asked: Message, noon: datetime) -> None:
    large = b"Subject: large\r\nMessage-ID: <large@x>\r\n\r\n" + b"x" * 5000
    with Imap([reply(to_us(asked)), reply("desk@hopback.test", message_id="<2@x>"), large]) as server:
        settings.CONFIGURATION = settings.CONFIGURATION.model_copy(
            update={"imap_url": SecretStr(server.url), "mail_in_largest": 4000}
        )
        begin_all(at=noon)
        work(now=noon, until=noon)
        assert [row.via for row in Message.objects.filter(direction="in")] == ["imap"] * 3
        kept = Message.objects.get(subject="large")
        assert b"only its headers" in bytes(kept.raw)
        assert Mailbox.objects.get().last_uid == 3
        server.mails.append(report(to_us(asked)))
        later = noon + timedelta(seconds=61)
        work(now=later, until=later)
        assert Dispatch.objects.get().state == "bounced"
        assert server.fetched == [1, 2, 3, 4]
        server.validity += 1
        configuration = settings.CONFIGURATION
        assert read_mailbox(configuration.imap, at=later) == 4
        assert Message.objects.filter(direction="in").count() == 4  # numbered anew by the server, known by its bytes
        server.password = "changed"  # noqa: S105 -- the stub's
        work(now=later, until=later + timedelta(seconds=90))
        server.password = "secret"  # noqa: S105 -- the stub's
        server.mails.append(reply(to_us(asked), message_id="<5@x>"))
        work(now=later, until=later + timedelta(hours=1))
        assert Message.objects.filter(direction="in").count() == 5


def test_tampering_with_an_attachment_row_is_found(asked: Message, noon: datetime) -> None:
    mail = EmailMessage()
    mail["To"] = to_us(asked)
    mail.add_attachment(b"one", maintype="text", subtype="csv", filename="calls.csv")
    take_in(SYSTEM, mail.as_bytes(), via="hook", at=noon)
    seal(at=noon)
    verify()
    tamper("UPDATE messages_attachment SET name = 'other.csv'")
    with pytest.raises(BrokenProof):
        verify()
