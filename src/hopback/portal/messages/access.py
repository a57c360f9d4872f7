"""Who may see and do what with messages.

The consortium's people see every message; whoever answers for an organisation sees what was written to it or came
from it; anybody else sees none. What is confidential is shown to nobody but its reader, in the reader's mailbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import Q

from hopback.kernel.errors import NotFound, Refused
from hopback.portal.audit.actors import READERS, STAFF, Actor, Role
from hopback.portal.messages.models import (
    Attachment,
    Attempt,
    Delivery,
    Dispatch,
    Endpoint,
    EndpointSecret,
    EndpointState,
    InboxItem,
    Mailbox,
    Message,
    Posting,
    PostingState,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

__all__ = [
    "attachment_of",
    "attempts_of",
    "deliveries_of",
    "delivery_named",
    "dispatch_of",
    "endpoint_of",
    "endpoints_of",
    "has_missed",
    "inbox_item_of",
    "inbox_of",
    "is_manager",
    "is_shown",
    "mailbox_named",
    "may_handle",
    "may_manage",
    "may_run",
    "may_see_webhooks",
    "may_send",
    "message_of",
    "messages_of",
    "outbox_of",
    "posting_numbered",
    "posting_of",
    "postings_of",
    "secrets_in_force",
]

WRITERS: Final = STAFF | {Role.SYSTEM}
ORGANISED: Final = frozenset({Role.PROVIDER, Role.AGENCY, Role.SOURCE})
"""Whoever acts for an organisation other than the consortium."""


def may_send(actor: Actor, _letter: Any, /) -> None:
    """The portal writes letters, and the consortium's people."""
    if actor.role not in WRITERS:
        raise Refused(f"{actor.name} may not write letters for the portal")


def may_run(actor: Actor, _subject: Any, /) -> None:
    """What follows from the mail and the network is the portal's to write down."""
    if actor.role is not Role.SYSTEM:
        raise Refused(f"{actor.name} may not do what the portal does by itself")


def may_handle(actor: Actor, _item: Any, /) -> None:
    """The inbox is the consortium's."""
    if actor.role not in STAFF:
        raise Refused(f"{actor.name} may not handle the inbox")


def messages_of(actor: Actor) -> QuerySet[Message]:
    """The messages an actor may list."""
    if actor.role in READERS or actor.role is Role.SYSTEM:
        return Message.objects.all()
    if actor.role in ORGANISED and actor.organisation:
        return Message.objects.filter(organisation=actor.organisation)
    return Message.objects.none()


def message_of(actor: Actor, uid: str) -> Message:
    """One message, if the actor may see it; otherwise :class:`NotFound`, as if it did not exist."""
    _check(uid, "message")
    found = messages_of(actor).select_related("dispatch", "answers", "inbox").filter(uid=uid).first()
    if found is None:
        raise NotFound("there is no such message")
    return found


def is_shown(message: Message) -> bool:
    """Whether the text and bytes of a message may be shown at all; in a demonstration everything is."""
    return not message.is_confidential or settings.CONFIGURATION.keeps_mail


def attachment_of(actor: Actor, uid: str, part: int) -> Attachment:
    """One attachment of a message that the actor may see."""
    found = Attachment.objects.select_related("message").filter(message=message_of(actor, uid), part=part).first()
    if found is None:
        raise NotFound("there is no such attachment")
    return found


def deliveries_of(actor: Actor, message: Message) -> QuerySet[Delivery]:
    """What became of a message that the actor may see, oldest first."""
    seen = Delivery.objects.filter(message=message, message__in=messages_of(actor))
    return seen.select_related("report").order_by("pk")


def outbox_of(actor: Actor, *, state: str = "") -> QuerySet[Dispatch]:
    """What was written and how its sending stands: for the consortium's people only."""
    rows = Dispatch.objects.select_related("message").defer("message__raw", "message__text")
    if actor.role not in READERS:
        return rows.none()
    return rows.filter(state=state) if state else rows


def inbox_of(actor: Actor, *, is_handled: bool | None = None) -> QuerySet[InboxItem]:
    """What waits for a person, or was handled by one: for the consortium's people only."""
    rows = InboxItem.objects.select_related("message").defer("message__raw", "message__text")
    if is_handled is not None:
        rows = rows.filter(handled_at__isnull=not is_handled)
    return rows if actor.role in READERS else rows.none()


def inbox_item_of(actor: Actor, uid: str) -> InboxItem:
    """One item of the inbox."""
    found = inbox_of(actor).filter(message__uid=uid).first()
    if found is None:
        raise NotFound("there is no such message in the inbox")
    return found


def dispatch_of(message: int) -> Dispatch:
    """How the sending of one letter stands, for the worker."""
    return Dispatch.objects.select_related("message").get(message=message)


def delivery_named(number: int) -> Delivery:
    """One delivery with its message, for the worker."""
    return Delivery.objects.select_related("message").get(pk=number)


def mailbox_named(name: str) -> Mailbox:
    """How far a mailbox has been read, for the worker; nothing of it yet, if it is new."""
    return Mailbox.objects.filter(pk=name).first() or Mailbox(name=name, validity=-1)


def is_manager(actor: Actor) -> bool:
    """Whether an actor looks after its organisation's endpoints: a key, an administrator, everybody elsewhere."""
    if not actor.organisation:
        return False
    if actor.scopes is not None:
        return "webhooks" in actor.scopes
    return actor.administers if actor.role is Role.PROVIDER else actor.role in {Role.AGENCY, Role.SOURCE, Role.LEAD}


def may_manage(actor: Actor, subject: Any, /) -> None:
    """An organisation looks after its own endpoints. ``subject`` is an endpoint, a posting or an organisation's id."""
    endpoint = subject.endpoint if isinstance(subject, Posting) else subject
    owner = endpoint.organisation if isinstance(endpoint, Endpoint) else endpoint
    if not is_manager(actor) or owner != actor.organisation:
        raise Refused("webhooks are looked after by an organisation's own administrators")


def may_see_webhooks(actor: Actor) -> bool:
    """Whether there is anything of webhooks to show to an actor."""
    if actor.scopes is not None and "webhooks" not in actor.scopes:
        return False
    return actor.role in READERS or (actor.role in ORGANISED and bool(actor.organisation))


def endpoints_of(actor: Actor) -> QuerySet[Endpoint]:
    """The endpoints an actor may see: its organisation's; the consortium's people all."""
    rows = Endpoint.objects.exclude(state=EndpointState.REMOVED)
    if not may_see_webhooks(actor):
        return rows.none()
    return rows if actor.role in READERS else rows.filter(organisation=actor.organisation)


def endpoint_of(actor: Actor, uid: str) -> Endpoint:
    """One endpoint, or :class:`NotFound`."""
    _check(uid, "endpoint")
    found = endpoints_of(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound("there is no such endpoint")
    return found


def has_missed(endpoint: Endpoint) -> bool:
    """Whether anything was given up or held back of what an endpoint was to be told."""
    return endpoint.postings.filter(state__in=(PostingState.DEAD, PostingState.HELD)).exists()


def secrets_in_force(endpoint: Endpoint, *, at: datetime) -> QuerySet[EndpointSecret]:
    """The secrets that sign what an endpoint is told, the newest first."""
    return endpoint.secrets.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at)).order_by("-pk")


def postings_of(actor: Actor, endpoint: Endpoint) -> QuerySet[Posting]:
    """What was announced to an endpoint the actor may see."""
    rows = Posting.objects.filter(endpoint=endpoint, endpoint__in=endpoints_of(actor))
    return rows.select_related("announced")


def posting_of(actor: Actor, uid: str) -> Posting:
    """One posting, or :class:`NotFound`."""
    _check(uid, "delivery")
    rows = Posting.objects.select_related("announced", "endpoint").filter(endpoint__in=endpoints_of(actor))
    found = rows.filter(uid=uid).first()
    if found is None:
        raise NotFound("there is no such delivery")
    return found


def attempts_of(actor: Actor, posting: Posting) -> QuerySet[Attempt]:
    """The delivery log of a posting the actor may see, oldest first."""
    return Attempt.objects.filter(posting=posting, posting__endpoint__in=endpoints_of(actor)).order_by("number")


def posting_numbered(number: int) -> Posting:
    """One posting with what it is and where it goes, for the worker."""
    return Posting.objects.select_related("announced", "endpoint").get(pk=number)


def _check(uid: str, what: str) -> None:
    """What cannot be a name of ours is not asked for: PostgreSQL compares with no text that has a NUL in it."""
    if not uid.isascii() or not uid.isalnum():
        raise NotFound(f"there is no such {what}")
