"""Mail out: what is written, sent by a real SMTP server on loopback, kept and told."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.mail import send_mail
from django.db import DatabaseError, connection, transaction
from pydantic import SecretStr

from behind import tamper
from hopback.kernel.errors import BadInput, BrokenProof, Refused
from hopback.portal.audit.actors import SYSTEM, Actor, Role
from hopback.portal.audit.sealing import seal
from hopback.portal.audit.verify import verify
from hopback.portal.config import Configuration
from hopback.portal.embedded import use
from hopback.portal.jobs.models import Job
from hopback.portal.jobs.working import work
from hopback.portal.messages.actions import PAUSES, send, withdraw
from hopback.portal.messages.channels import Told, on_bounced, on_delivered
from hopback.portal.messages.models import Delivery, Dispatch, Message
from hopback.portal.messages.tokens import token_of, uid_in
from hopback.portal.messages.writing import Letter
from smtp_stub import Smtp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

FIRST, SECOND = SecretStr("first"), SecretStr("second")
told: list[tuple[str, Told]] = []
failing: list[str] = []


@on_delivered("test.letter")
def note_delivery(one: Told, /, *, at: datetime) -> None:
    if failing:
        raise ValueError(failing.pop())
    told.append(("delivered", one))


@on_bounced("test.letter")
def note_bounce(one: Told, /, *, at: datetime) -> None:
    told.append(("bounced", one))


@pytest.fixture(autouse=True)
def _forget() -> None:
    told.clear()
    failing.clear()


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    with Smtp() as server:
        yield server


@pytest.fixture
def by_smtp(portal: Configuration, smtp: Smtp) -> Smtp:
    """A portal that sends by the server on loopback."""
    settings.CONFIGURATION = portal.model_copy(
        update={"smtp_url": smtp.secret_url, "mail_from": "Traceback desk <desk@hopback.test>"}
    )
    return smtp


def letter(**more: Any) -> Letter:
    fields: dict[str, Any] = {
        "kind": "test.letter",
        "mailbox": "bell@example.org",
        "subject": "A request to trace a call",
        "text": "Grüß Gott,\n\nplease look at request R1.\n.\nA line of one dot stands above.\n",
        "about": "hop:R1",
        "organisation": "P1",
    }
    return Letter(**(fields | more))


def run(at: datetime) -> None:
    """What is due, and what sending it brings about a moment later."""
    work(now=at, until=at + timedelta(seconds=5))


def states() -> list[str]:
    return list(Dispatch.objects.order_by("pk").values_list("state", flat=True))


def outcomes() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("outcome", flat=True))


def test_what_arrives_is_byte_for_byte_what_is_kept(by_smtp: Smtp, noon: datetime) -> None:
    message = send(SYSTEM, letter(), at=noon)
    assert not by_smtp.taken
    run(noon)
    (taken,) = by_smtp.taken
    assert taken.data == bytes(Message.objects.get().raw)
    assert hashlib.sha256(taken.data).hexdigest() == message.sha256
    assert taken.recipients == ["bell@example.org"]
    mail = BytesParser(policy=default).parsebytes(taken.data)
    token = token_of(message.uid)
    assert mail["Message-ID"] == f"<{token}@hopback.test>"
    assert mail["Reply-To"].addresses[0].addr_spec == f"desk+{token}@hopback.test" == taken.sender
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == f"A request to trace a call [ref: {token}]"
    assert "Grüß Gott" in mail.get_content()
    assert (states(), outcomes()) == (["accepted"], ["accepted"])
    delivery = Delivery.objects.get()
    assert delivery.proof == "250 taken as 1"
    assert delivery.server == f"127.0.0.1:{by_smtp.port}"
    assert [(what, one.about, one.proof) for what, one in told] == [("delivered", "hop:R1", "250 taken as 1")]


def test_a_letter_belongs_to_the_transaction_it_is_written_in(by_smtp: Smtp, noon: datetime) -> None:
    with transaction.atomic():
        send(SYSTEM, letter(), at=noon)
        transaction.set_rollback(True)
    run(noon)
    assert not by_smtp.taken
    assert not Message.objects.exists()


def test_the_same_key_writes_one_letter(by_smtp: Smtp, noon: datetime) -> None:
    first = send(SYSTEM, letter(key="request:R1"), at=noon)
    assert send(SYSTEM, letter(key="request:R1", subject="again"), at=noon).pk == first.pk
    run(noon)
    assert len(by_smtp.taken) == 1


def test_a_letter_is_sent_when_it_is_due_and_not_once_it_is_withdrawn(by_smtp: Smtp, noon: datetime) -> None:
    due = noon + timedelta(hours=1)
    send(SYSTEM, letter(key="a", due=due), at=noon)
    send(SYSTEM, letter(key="b", due=due), at=noon)
    run(noon)
    assert not by_smtp.taken
    assert withdraw(SYSTEM, ["a", "unknown"], at=noon) == 1
    run(due)
    assert [mail.recipients for mail in by_smtp.taken] == [["bell@example.org"]]
    assert states() == ["withdrawn", "accepted"]
    assert withdraw(SYSTEM, ["b"], at=due) == 0


def test_what_is_put_off_is_tried_again_and_then_accepted_once(by_smtp: Smtp, noon: datetime) -> None:
    by_smtp.says["RCPT"] = ["451 4.7.1 come back later"]
    send(SYSTEM, letter(), at=noon)
    run(noon)
    assert (states(), outcomes()) == (["waiting"], ["deferred"])
    assert Dispatch.objects.get().due_at - noon < PAUSES[0] + timedelta(seconds=5)
    later = noon + timedelta(minutes=2)
    run(later)
    assert (states(), outcomes(), len(by_smtp.taken)) == (["accepted"], ["deferred", "accepted"], 1)
    assert len(told) == 1


@pytest.mark.parametrize(("verb", "reply"), [("RCPT", "550 5.1.1 no such mailbox"), ("DATA.", "554 5.7.1 not wanted")])
def test_what_is_refused_for_good_is_told_and_not_tried_again(
    by_smtp: Smtp, noon: datetime, verb: str, reply: str
) -> None:
    by_smtp.says[verb] = [reply]
    send(SYSTEM, letter(), at=noon)
    work(now=noon, until=noon + timedelta(days=3))
    assert (states(), outcomes()) == (["refused"], ["refused"])
    assert [(what, one.status, one.proof) for what, one in told] == [("bounced", reply[:3], reply)]


def test_a_server_that_is_not_there_is_given_up_after_the_last_attempt(by_smtp: Smtp, noon: datetime) -> None:
    by_smtp.close()
    send(SYSTEM, letter(), at=noon)
    work(now=noon, until=noon + sum(PAUSES, timedelta()) + timedelta(minutes=5))
    assert states() == ["given_up"]
    assert outcomes() == ["deferred"] * len(PAUSES) + ["given_up"]
    assert [what for what, _ in told] == ["bounced"]


def test_a_server_that_hangs_up_after_taking_a_letter_has_taken_it(by_smtp: Smtp, noon: datetime) -> None:
    by_smtp.hangs_up_at_quit = True
    send(SYSTEM, letter(), at=noon)
    work(now=noon, until=noon + timedelta(days=1))
    assert (states(), outcomes(), len(by_smtp.taken)) == (["accepted"], ["accepted"], 1)


def test_a_listener_that_fails_is_told_again_and_nothing_is_sent_again(by_smtp: Smtp, noon: datetime) -> None:
    failing.append("not now")
    send(SYSTEM, letter(), at=noon)
    run(noon)
    assert not told
    later = noon + timedelta(minutes=1)
    run(later)
    assert len(told) == len(by_smtp.taken) == 1


def test_without_a_mail_server_a_demonstration_keeps_mail_and_a_real_portal_puts_it_off(
    portal: Configuration, noon: datetime
) -> None:
    send(SYSTEM, letter(), at=noon)
    run(noon)
    assert Delivery.objects.get().server == "outbox"
    settings.CONFIGURATION = portal.model_copy(update={"exercise": False})
    send(SYSTEM, letter(), at=noon)
    run(noon)
    assert states() == ["accepted", "waiting"]
    assert "HOPBACK_SMTP_URL" in Delivery.objects.last().proof  # type: ignore[union-attr]


def test_a_django_mail_backend_may_carry_the_mail(
    portal: Configuration, noon: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONFIGURATION = portal.model_copy(
        update={"email_backend": "django.core.mail.backends.filebased.EmailBackend"}
    )
    monkeypatch.setattr(settings, "EMAIL_FILE_PATH", str(tmp_path / "mails"), raising=False)
    message = send(SYSTEM, letter(), at=noon)
    run(noon)
    (file,) = (tmp_path / "mails").iterdir()
    assert file.read_bytes().startswith(bytes(message.raw)[:200])
    assert Delivery.objects.get().proof == f"taken as {message.message_id}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"mailbox": "nobody"},
        {"mailbox": "bell@example.org\nBcc: eve@example.org"},
        {"mailbox": "bell@example.org, eve@example.org"},
        {"subject": "two\nlines"},
        {"subject": " "},
        {"text": ""},
        {"key": "k" * 201},
    ],
)
def test_what_no_mail_can_carry_is_refused(portal: Configuration, noon: datetime, wrong: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        send(SYSTEM, letter(**wrong), at=noon)
    assert not Message.objects.exists()


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.AUDITOR, Role.AGENCY, Role.SOURCE, Role.OUTSIDER])
def test_only_the_consortium_writes_letters(portal: Configuration, noon: datetime, role: Role) -> None:
    with pytest.raises(Refused):
        send(Actor("somebody", role, organisation="P1"), letter(), at=noon)


def test_a_changed_message_is_found(by_smtp: Smtp, noon: datetime) -> None:
    send(SYSTEM, letter(), at=noon)
    run(noon)
    seal(at=noon)
    rows = verify().rows
    assert (rows["messages.message"], rows["messages.delivery"]) == (1, 1)
    with pytest.raises(DatabaseError, match="written once"), connection.cursor() as cursor:
        cursor.execute("UPDATE messages_message SET sha256 = 'other'")
    tamper("UPDATE messages_message SET raw = 'other'")
    with pytest.raises(BrokenProof):
        verify()


def test_a_token_is_known_in_any_case_also_under_the_key_used_before_and_no_other(portal: Configuration) -> None:
    token = token_of("abcdefgh23456")
    assert uid_in(token) == uid_in(token.upper()) == "abcdefgh23456"
    assert uid_in("b" + token[1:]) is None
    assert uid_in(token[:-1] + ("a" if token[-1] != "a" else "b")) is None
    assert uid_in("") is None
    settings.CONFIGURATION = Configuration(data=portal.data, database=portal.database, secret_key=FIRST)
    old = token_of("abcdefgh23456")
    assert uid_in(token) is None
    settings.CONFIGURATION = Configuration(
        data=portal.data, database=portal.database, secret_key=SECOND, old_secret_key=FIRST
    )
    assert token_of("abcdefgh23456") != old
    assert uid_in(old) == "abcdefgh23456"


WORKER = """
import sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from hopback.portal.config import read_configuration
from hopback.portal.embedded import use
use(read_configuration())
from hopback.portal.jobs import working
working.ERRAND_LEASE = timedelta(seconds=1)
working.work_until_stopped(
    clock=lambda: datetime.now(UTC), is_stopped=lambda: False, pause_s=0.05, lease=timedelta(seconds=1)
)
"""


def test_a_worker_that_is_killed_loses_no_letter_and_sends_none_again_that_was_accepted(
    portal: Configuration, smtp: Smtp, noon: datetime, tmp_path: Path
) -> None:
    count = 60
    for number in range(count):
        send(SYSTEM, letter(subject=f"letter {number}"), at=noon)
    smtp.pause_s = 0.01
    environment = os.environ | {
        "HOPBACK_DATA": str(portal.data),
        "HOPBACK_DATABASE": portal.database,
        "HOPBACK_SYNCHRONOUS": "NORMAL",
        "HOPBACK_EXERCISE": "true",
        "HOPBACK_SMTP_URL": smtp.url,
    }
    kills = 0
    deadline = time.monotonic() + 240
    while Dispatch.objects.filter(state="waiting").exists() and time.monotonic() < deadline:
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
        began = Dispatch.objects.filter(state="accepted").count()
        while worker.poll() is None and time.monotonic() < deadline:
            done = Dispatch.objects.filter(state="accepted").count()
            if done >= count or (done - began >= 12 and kills < 4):
                break
            time.sleep(0.02)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        kills += 1
    assert kills >= 4
    assert set(states()) == {"accepted"}
    assert outcomes() == ["accepted"] * count
    sent = [mail.message_id for mail in smtp.taken]
    assert len(set(sent)) == count
    assert count <= len(sent) <= count + kills  # at most the one letter in hand at each kill, under the same Message-ID
    seal(at=noon)
    assert verify().rows["messages.delivery"] == count
    use(portal)
    assert not Job.objects.filter(kind="mail.carry").exclude(state="done").exists()


def test_what_a_library_sends_is_a_confidential_letter(by_smtp: Smtp, monkeypatch: pytest.MonkeyPatch) -> None:
    # the test runner keeps mail in memory
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "hopback.portal.messages.backend.LettersBackend")
    send_mail("Set a new\npassword", "https://hopback.test/x", None, ["bell@example.org"])
    row = Message.objects.get()
    assert (row.kind, row.is_confidential, row.subject) == ("account", True, "Set a new password")
    run(row.at)
    assert b"https://hopback.test/x" in by_smtp.taken[0].data


def test_anymail_carries_the_mail_and_says_under_which_id(
    portal: Configuration, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("anymail.backends.test")
    monkeypatch.setattr(settings, "ANYMAIL", {}, raising=False)
    settings.CONFIGURATION = portal.model_copy(update={"email_backend": "anymail.backends.test.EmailBackend"})
    send(SYSTEM, letter(), at=noon)
    run(noon)
    delivery = Delivery.objects.get()
    assert delivery.outcome == "accepted"
    assert delivery.proof.startswith("{'sent'} as ")


def test_anymails_settings_are_json(portal: Configuration) -> None:
    given = portal.model_copy(update={"anymail": SecretStr('{"POSTMARK_SERVER_TOKEN": "t"}')})
    assert given.anymail_settings() == {"POSTMARK_SERVER_TOKEN": "t"}
    assert portal.anymail_settings() == {}
    for wrong in ("[]", "{"):
        with pytest.raises(BadInput):
            portal.model_copy(update={"anymail": SecretStr(wrong)}).anymail_settings()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://u%40x:p%3A@mail.example.org", ("mail.example.org", 465, "u@x", "p:", True, False)),
        ("smtp://mail.example.org:2525", ("mail.example.org", 2525, "", "", False, True)),
        ("smtp://mail.example.org?starttls=no", ("mail.example.org", 587, "", "", False, False)),
        ("smtp://127.0.0.1:25", ("127.0.0.1", 25, "", "", False, False)),
    ],
)
def test_a_server_elsewhere_is_spoken_to_in_tls(url: str, expected: tuple[Any, ...]) -> None:
    found = Configuration(smtp_url=SecretStr(url)).smtp
    assert found is not None
    assert (found.host, found.port, found.user, found.password, found.is_tls, found.starts_tls) == expected


@pytest.mark.parametrize("url", ["imap://x", "smtp://", "mail.example.org", "smtp://x:99999"])
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        _ = Configuration(smtp_url=SecretStr(url)).smtp
