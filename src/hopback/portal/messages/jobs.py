"""What messages owe later: a letter handed over, an app told of it, a mailbox read, a webhook posted."""

from __future__ import annotations

import imaplib
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.conf import settings

from hopback.portal.audit.actors import SYSTEM
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.jobs.working import begins, handles, runs
from hopback.portal.messages.access import delivery_named, dispatch_of, posting_numbered
from hopback.portal.messages.actions import CARRY, TELL, note_carried
from hopback.portal.messages.channels import Told, bounce_listeners, delivery_listeners
from hopback.portal.messages.models import DispatchState, Outcome
from hopback.portal.messages.polling import read_mailbox
from hopback.portal.messages.sending import carry
from hopback.portal.messages.webhooks import POST, deliver, note_attempt, put_off

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.messages.models import Message, Posting
    from hopback.portal.messages.posting import Reply
    from hopback.portal.messages.sending import Said

__all__ = ["begin_polling", "carry_a_letter", "poll", "post_an_announcement", "tell"]

POLL: Final = "mail.poll"

log = structlog.get_logger(__name__)


@runs(CARRY)
def carry_a_letter(payload: dict[str, Any], /, *, at: datetime) -> Callable[[], None]:
    """Hand one letter to the mail server, unless it was accepted or withdrawn before."""
    dispatch = dispatch_of(payload["message"])
    if dispatch.state != DispatchState.WAITING:
        return _nothing
    said = carry(dispatch.message)
    ended = at + timedelta(milliseconds=said.duration_ms)
    return partial(_note, dispatch.message, said, ended)


def _note(message: Message, said: Said, at: datetime) -> None:
    note_carried(SYSTEM, message, said, at=at)


def _nothing() -> None:
    """There is nothing to write down."""


@handles(TELL)
def tell(payload: dict[str, Any], /, *, at: datetime) -> None:
    """Tell the apps that registered for this kind of letter what became of it."""
    delivery = delivery_named(payload["delivery"])
    message = delivery.message
    told = Told(
        message=message.uid,
        kind=message.kind,
        about=message.about,
        organisation=message.organisation,
        mailbox=message.mailbox,
        outcome=delivery.outcome,
        status=delivery.status,
        proof=delivery.proof,
        at=delivery.at,
        sha256=message.sha256,
    )
    listeners = delivery_listeners if delivery.outcome == Outcome.ACCEPTED else bounce_listeners
    for listener in listeners(message.kind):
        listener(told, at=at)


@begins
def begin_polling(*, at: datetime) -> None:
    """Owe the first look into the mailbox, if one is set; each look owes the next."""
    if settings.CONFIGURATION.imap is not None:
        owe([Owed(POLL, POLL, at)])


@runs(POLL)
def poll(_payload: dict[str, Any], /, *, at: datetime) -> Callable[[], None]:
    """Take in what has come into the mailbox. What goes wrong with the server is tried again at the next look."""
    configuration = settings.CONFIGURATION
    if configuration.imap is None:
        return _nothing
    try:
        read_mailbox(configuration.imap, at=at)
    except (OSError, imaplib.IMAP4.error) as error:
        log.warning("mail.mailbox_not_read", error=str(error))
    return partial(owe, [Owed(POLL, POLL, at + timedelta(seconds=configuration.imap_every_s))])


@runs(POST)
def post_an_announcement(payload: dict[str, Any], /, *, at: datetime) -> Callable[[], None]:
    """Post one announcement to one endpoint, unless it is held back."""
    posting = posting_numbered(payload["posting"])
    quiet = posting.endpoint.quiet_until
    if quiet is not None and quiet > at:
        return partial(_put_off, posting, quiet, at)
    reply = deliver(posting, at=at)
    ended = at + timedelta(milliseconds=reply.duration_ms if reply is not None else 0)
    return partial(_note_attempt, posting, reply, ended)


def _put_off(posting: Posting, until: datetime, at: datetime) -> None:
    put_off(SYSTEM, posting, until=until, at=at)


def _note_attempt(posting: Posting, reply: Reply | None, at: datetime) -> None:
    note_attempt(SYSTEM, posting, reply, at=at)
