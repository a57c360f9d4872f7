"""Every write of mail: a letter written, carried, withdrawn; a message taken in; an inbox item handled."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from hopback.kernel.errors import BadInput, Conflict
from hopback.portal.audit.actions import action, entry
from hopback.portal.jobs.owing import Owed, owe, owe_index
from hopback.portal.messages import covering
from hopback.portal.messages.access import may_handle, may_run, may_send
from hopback.portal.messages.incoming import read
from hopback.portal.messages.models import (
    Attachment,
    Delivery,
    Direction,
    Dispatch,
    DispatchState,
    InboxItem,
    Mailbox,
    Message,
    Nature,
    Outcome,
)
from hopback.portal.messages.tokens import new_uid
from hopback.portal.messages.writing import Letter, build, good_mailbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import Model

    from hopback.portal.audit.actors import Actor
    from hopback.portal.messages.incoming import Received
    from hopback.portal.messages.sending import Said

__all__ = [
    "CARRY",
    "TELL",
    "handle",
    "note_carried",
    "note_read_up_to",
    "place",
    "send",
    "take_in",
    "withdraw",
]

CARRY: Final = "mail.carry"
"""The kind of job that hands one letter to the mail server."""

TELL: Final = "mail.tell"
"""The kind of job that tells an app what became of a letter of its kind."""

PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240, 240, 240, 240))
"""How long a letter that was put off waits, each time: about twenty hours in all, then it is given up."""

ENDED: Final = {
    Outcome.ACCEPTED: DispatchState.ACCEPTED,
    Outcome.REFUSED: DispatchState.REFUSED,
    Outcome.GIVEN_UP: DispatchState.GIVEN_UP,
}
REPORTED: Final = {
    "failed": Outcome.BOUNCED,
    "delayed": Outcome.DELAYED,
    "delivered": Outcome.RELAYED,
    "relayed": Outcome.RELAYED,
}
MAIL_SYSTEMS: Final = re.compile(r"\b(mailer-daemon|postmaster)@", re.IGNORECASE)
UNDONE: Final = (DispatchState.REFUSED, DispatchState.BOUNCED, DispatchState.GIVEN_UP)


@action("message.written", may=may_send)
def send(_actor: Actor, letter: Letter, *, at: datetime) -> Message:
    """Write a letter and owe its sending; the same ``key`` again returns the letter that was written first.

    It belongs to the transaction it is called in: where that is rolled back, nothing is sent. Raises
    :class:`BadInput` for a mailbox, subject or text that no mail can carry.
    """
    entry().about(letter.about or f"letter:{letter.kind}")
    uid = new_uid()
    key = letter.key or f"letter:{uid}"
    if len(key) > Dispatch._meta.get_field("key").max_length:  # type: ignore[operator]  # noqa: SLF001 -- documented
        raise BadInput("a letter's key has at most 200 characters", where="key")
    written = Message.objects.filter(dispatch__key=key).first()
    if written is not None:
        entry().facts = {"message": written.uid, "written_before": True}
        return written
    office = settings.CONFIGURATION.office
    raw, message_id = build(letter, uid=uid, office=office, at=at)
    message = Message(
        uid=uid,
        leaf=entry().uid,
        direction=Direction.OUT,
        kind=letter.kind,
        about=letter.about,
        organisation=letter.organisation,
        sender=office.sender,
        mailbox=good_mailbox(letter.mailbox),
        subject=letter.subject,
        text=letter.text.replace("\x00", ""),
        message_id=message_id,
        raw=raw,
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        is_confidential=letter.is_confidential,
        at=at,
    )
    message.save()
    owe_index("message", [str(message.pk)], at=at)
    due = max(letter.due or at, at)
    Dispatch.objects.create(message=message, key=key, due_at=due, changed_at=at)
    owe([Owed(CARRY, f"mail:{uid}", due, {"message": message.pk})])
    entry().facts = {"message": uid, "sha256": message.sha256}
    entry().wrote(_label(Message), [covering.message_form(message)])
    return message


@action("message.withdrawn", may=may_send)
def withdraw(_actor: Actor, keys: Sequence[str], *, at: datetime) -> int:
    """Send letters no longer that have not been sent yet, by their keys. Returns how many.

    One that a worker is handing over at this moment may still go out; its delivery is then on record.
    """
    entry().about("letters")
    waiting = Dispatch.objects.filter(key__in=list(keys), state=DispatchState.WAITING)
    count = waiting.update(state=DispatchState.WITHDRAWN, changed_at=at)
    entry().facts = {"withdrawn": count, "keys": len(keys)}
    return count


@action("message.carried", may=may_run)
def note_carried(_actor: Actor, message: Message, said: Said, *, at: datetime) -> None:
    """Write down what came of one attempt to send a letter, and owe what follows from it."""
    dispatch = Dispatch.objects.select_for_update().get(message=message)
    outcome, due = said.outcome, None
    if outcome is Outcome.DEFERRED:
        if dispatch.attempts < len(PAUSES):
            due = at + PAUSES[dispatch.attempts]
        else:
            outcome = Outcome.GIVEN_UP
    dispatch.attempts = F("attempts") + 1
    dispatch.changed_at = at
    if due is not None and dispatch.state == DispatchState.WAITING:
        dispatch.due_at = due
        owe([Owed(CARRY, f"mail:{message.uid}", due, {"message": message.pk})])
    # what went out while it was being withdrawn did go out; a bounce that was faster than we are stands
    if outcome is Outcome.ACCEPTED and dispatch.state != DispatchState.BOUNCED:
        dispatch.state = DispatchState.ACCEPTED
    elif outcome in ENDED and dispatch.state == DispatchState.WAITING:
        dispatch.state = ENDED[outcome]
    dispatch.save()
    delivery = Delivery(
        leaf=entry().uid,
        message=message,
        outcome=outcome,
        server=said.server[:255],
        status=said.status[:20],
        proof=_kept(said.proof),
        duration_ms=said.duration_ms,
        at=at,
    )
    _record(delivery, at=at)
    entry().facts = {"outcome": outcome.value, "status": said.status}


def take_in(actor: Actor, raw: bytes, *, via: str, at: datetime) -> Message:
    """Take in one message as it came; the same bytes again return the message on record.

    ``via`` says how it came: ``imap``, ``hook`` or ``file``. Whatever it says, it does nothing but go on record, into
    the inbox, or, if it is a delivery report on a letter of ours, into that letter's deliveries.
    """
    configuration = settings.CONFIGURATION
    if not raw.strip():
        raise BadInput("the message is empty")
    if len(raw) > configuration.mail_in_largest:
        raise BadInput(f"a message has at most {configuration.mail_in_largest:,} bytes")
    received = read(raw, replies=configuration.office.replies)
    sha256 = hashlib.sha256(raw).hexdigest()
    known = Message.objects.filter(direction=Direction.IN, message_id=received.message_id, sha256=sha256)
    if (message := known.first()) is not None:
        return message
    try:
        with transaction.atomic():
            return _take_in(actor, received, raw, sha256=sha256, via=via, at=at)
    except IntegrityError:
        if (message := known.first()) is not None:
            return message
        raise


@action("message.received", may=may_run)
def _take_in(_actor: Actor, received: Received, raw: bytes, *, sha256: str, via: str, at: datetime) -> Message:
    answers = None
    if received.answers is not None:
        answers = Message.objects.filter(uid=received.answers, direction=Direction.OUT).first()
    message = Message(
        uid=new_uid(),
        leaf=entry().uid,
        direction=Direction.IN,
        kind="reply" if answers is not None else "mail",
        nature=received.nature,
        about=answers.about if answers is not None else "",
        organisation=answers.organisation if answers is not None else "",
        sender=received.sender,
        mailbox=received.to,
        subject=received.subject,
        text=received.text,
        message_id=received.message_id,
        raw=raw,
        sha256=sha256,
        size=len(raw),
        # what comes back of a letter with a secret in it may quote the secret
        is_confidential=answers.is_confidential if answers is not None else False,
        answers=answers,
        via=via,
        at=at,
    )
    message.save()
    owe_index("message", [str(message.pk)], at=at)
    entry().about(message.about or message.audit_name)
    entry().facts = {"message": message.uid, "sha256": sha256, "nature": received.nature.value}
    entry().wrote(_label(Message), [covering.message_form(message)])
    attached = [
        Attachment(
            leaf=entry().uid,
            message=message,
            part=part.part,
            name=part.name,
            media_type=part.media_type,
            size=part.size,
            sha256=part.sha256,
        )
        for part in received.parts
    ]
    for row in attached:
        row.save()
    entry().wrote(_label(Attachment), [covering.attachment_form(row) for row in attached])
    if received.nature is Nature.BOUNCE and answers is not None:
        _take_reports(received, message, answers, at=at)
    else:
        _put_before_a_person(received, message)
    return message


def _take_reports(received: Received, message: Message, letter: Message, *, at: datetime) -> None:
    for report in received.reports:
        outcome = REPORTED.get(report.action)
        if outcome is None:
            continue
        is_news = False
        if outcome is Outcome.BOUNCED:  # told once, however many reports come
            standing = Dispatch.objects.filter(message=letter).exclude(state__in=UNDONE)
            is_news = bool(standing.update(state=DispatchState.BOUNCED, changed_at=at))
        delivery = Delivery(
            leaf=entry().uid,
            message=letter,
            outcome=outcome,
            server=report.server,
            status=report.status,
            proof=_kept(f"{report.recipient}: {report.diagnostic}"),
            report=message,
            at=at,
        )
        _record(delivery, at=at, is_told=is_news)


def _put_before_a_person(received: Received, message: Message) -> None:
    """Automatic replies and loops stay on record only: nobody said anything.

    Unless a mail system wrote it about a letter of ours, in a form of its own: it may not have arrived.
    """
    why = list(received.notes)
    if received.nature is Nature.AUTOMATIC and message.answers is not None and MAIL_SYSTEMS.search(received.sender):
        why.insert(0, "a mail system wrote it: the letter may not have arrived")
    elif received.nature in {Nature.AUTOMATIC, Nature.LOOP}:
        return
    if message.answers is None:
        why.insert(0, "it answers no message of ours")
    InboxItem.objects.create(
        message=message,
        is_placed=message.answers is not None,
        why="; ".join(why)[:200],
        about=message.about,
        organisation=message.organisation,
    )


@action("inbox.placed", may=may_handle)
def place(actor: Actor, item: InboxItem, *, about: str, organisation: str, seen: int, at: datetime) -> None:  # noqa: ARG001 -- recorded by the decorator
    """Say what a message in the inbox is about and whose it is: a person's judgment, kept beside the message."""
    about, organisation = about.strip(), organisation.strip()
    if not about or len(about) > InboxItem._meta.get_field("about").max_length:  # type: ignore[operator]  # noqa: SLF001
        raise BadInput("say what it is about", where="about", mend="for example hop:R1234")
    entry().about(f"message:{item.message.uid}")
    entry().facts = {"about": about, "organisation": organisation}
    _change(item, seen=seen, is_placed=True, about=about, organisation=organisation, handled_by=actor.name)


@action("inbox.handled", may=may_handle)
def handle(actor: Actor, item: InboxItem, *, note: str, seen: int, at: datetime) -> None:
    """Say what was done about a message in the inbox, and take it off the list."""
    if not note.strip():
        raise BadInput("say what was done about it", where="note")
    entry().about(f"message:{item.message.uid}")
    entry().facts = {"note": note.strip()[:2000]}
    _change(item, seen=seen, handled_at=at, handled_by=actor.name, note=note.strip()[:2000])


def note_read_up_to(mailbox: Mailbox, *, uid: int, at: datetime) -> None:
    """Remember how far a mailbox has been read."""
    Mailbox.objects.update_or_create(
        name=mailbox.name, defaults={"validity": mailbox.validity, "last_uid": uid, "read_at": at}
    )


def _change(item: InboxItem, *, seen: int, **fields: object) -> None:
    changed = InboxItem.objects.filter(pk=item.pk, version=seen, handled_at__isnull=True)
    if not changed.update(version=F("version") + 1, **fields):
        raise Conflict("somebody else dealt with this message meanwhile", mend="look at it again")


def _record(delivery: Delivery, *, at: datetime, is_told: bool = True) -> None:
    delivery.save()
    entry().wrote(_label(Delivery), [covering.delivery_form(delivery)])
    if is_told and delivery.outcome not in {Outcome.DEFERRED, Outcome.DELAYED, Outcome.RELAYED}:
        owe([Owed(TELL, f"told:{delivery.pk}", at, {"delivery": delivery.pk})])


def _kept(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode()[:2000]


def _label(model: type[Model]) -> str:
    return model._meta.label_lower  # noqa: SLF001 -- Django documents it
