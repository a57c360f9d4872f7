"""Who may see and do what at the desk.

A provider sees what was asked of it and what it said, its conversations and its files. The consortium's people see
conversations and files; anybody else sees none of it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.errors import NotFound, Refused
from hopback.portal.audit.actors import READERS, STAFF, SYSTEM, Actor, Role
from hopback.portal.desk.models import Attachment, Conversation, Line, RecordPolicy, RequestLink, Sheet, Travels
from hopback.portal.directory.models import Contact, Duty, Provider
from hopback.portal.tracebacks.access import hop_of, hops_of, may_answer
from hopback.portal.tracebacks.models import Hop, Response

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

__all__ = [
    "LINKED",
    "actor_by",
    "attachment_of",
    "attachments_of",
    "conversations_of",
    "digest_of",
    "lines_of",
    "link_of",
    "links_of",
    "links_tried",
    "mailboxes_of",
    "may_look_after",
    "may_say",
    "office_of",
    "own_hop",
    "own_hops",
    "responses_of",
    "sheet_of",
    "travels_of",
]

LINKED: Final = frozenset({"link"})
"""The scope of an actor who came by a link in a mail."""

TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")

ORDER: Final = {Duty.PRIMARY: 0, Duty.BACKUP: 1, Duty.MITIGATION: 2, Duty.NOC: 3, Duty.OFFICER: 4}
"""Whom a request is mailed to, in this order, until one mailbox takes it."""


def own_hops(actor: Actor) -> QuerySet[Hop]:
    """What was asked of the provider somebody answers for; nothing for anybody else."""
    return hops_of(actor) if actor.role is Role.PROVIDER else Hop.objects.none()


def own_hop(actor: Actor, request_id: str) -> Hop:
    """One of them; :class:`NotFound` for anybody else's, as if it did not exist."""
    if actor.role is not Role.PROVIDER:
        raise NotFound(f"there is no request {request_id}")
    return hop_of(actor, request_id)


def responses_of(actor: Actor, hop: Hop) -> QuerySet[Response]:
    """What a provider said to one of its own requests, as it came; oldest first."""
    rows = Response.objects.filter(hop=hop).order_by("version")
    if actor.role in READERS or (actor.role is Role.PROVIDER and hop.provider_id == actor.provider):
        return rows
    return rows.none()


def lines_of(actor: Actor, hop: Hop) -> QuerySet[Line]:
    """What was said about a request, oldest first."""
    rows = Line.objects.filter(hop=hop).order_by("pk")
    if actor.role in READERS or (actor.role is Role.PROVIDER and hop.provider_id == actor.provider):
        return rows
    return rows.none()


def conversations_of(actor: Actor) -> QuerySet[Conversation]:
    """The conversations about requests, for the consortium."""
    rows = Conversation.objects.select_related("hop__provider")
    if actor.role in READERS:
        return rows.filter(hop__traceback__jurisdiction__in=actor.jurisdictions)
    return rows.none()


def attachments_of(actor: Actor, hop: Hop) -> QuerySet[Attachment]:
    """The files handed in for a request."""
    rows = Attachment.objects.filter(hop=hop).order_by("pk")
    if actor.role in READERS or (actor.role is Role.PROVIDER and hop.provider_id == actor.provider):
        return rows
    return rows.none()


def attachment_of(actor: Actor, pk: int) -> Attachment:
    """One file; :class:`NotFound` if it is not for this actor, as if there were none."""
    row = Attachment.objects.select_related("hop__traceback").filter(pk=pk).first()
    if row is not None and attachments_of(actor, row.hop).filter(pk=pk).exists():
        is_theirs = row.hop.traceback.jurisdiction in actor.jurisdictions or actor.role is Role.PROVIDER
        if is_theirs:
            return row
    raise NotFound(f"there is no file {pk}")


def sheet_of(actor: Actor, pk: str) -> Sheet:
    """A sheet that this provider handed in; :class:`NotFound` for anybody else's."""
    row = Sheet.objects.filter(pk=pk, provider=actor.provider).first() if actor.role is Role.PROVIDER else None
    if row is None:
        raise NotFound(f"there is no sheet {pk}")
    return row


def travels_of(provider: str | None) -> Travels:
    """Whether the one record that an answer rests on goes with it, by the provider's own setting."""
    row = RecordPolicy.objects.filter(provider=provider).first() if provider else None
    return Travels(row.travels) if row is not None else Travels.ASK


def office_of(actor: Actor) -> Provider:
    """The directory's entry of the provider somebody answers for; :class:`NotFound` where it has none."""
    row = Provider.objects.filter(pk=actor.provider).first() if actor.provider else None
    if row is None:
        raise NotFound("the directory has no such provider")
    return row


def mailboxes_of(provider: str, *, on: date) -> list[str]:
    """Where a request is mailed to, in the order they are tried; those whose mail keeps coming back last."""
    standing = [
        row
        for row in Contact.objects.filter(provider=provider).exclude(mailbox="")
        if row.duty in ORDER
        and (row.active_from is None or row.active_from <= on)
        and (row.active_to is None or row.active_to >= on)
    ]
    standing.sort(key=lambda row: (row.is_bouncing, ORDER[Duty(row.duty)], row.pk))
    return list(dict.fromkeys(row.mailbox for row in standing))


def digest_of(token: str) -> str:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def link_of(token: str, *, at: datetime) -> RequestLink:
    """The link a token opens; :class:`NotFound` if it never was, has run out or was revoked: all the same."""
    row = None
    if TOKEN.fullmatch(token):
        rows = RequestLink.objects.select_related("hop__traceback", "hop__provider")
        row = rows.filter(digest=digest_of(token)).first()
    if row is None or row.revoked_at is not None or not row.issued_at <= at < row.expires_at:
        raise NotFound("there is no such link")
    return row


def links_of(actor: Actor, hop: Hop) -> QuerySet[RequestLink]:
    """The links that were mailed for a request: to its provider, and to the consortium."""
    rows = RequestLink.objects.filter(hop=hop).order_by("pk")
    if actor.role in READERS or (actor.role is Role.PROVIDER and hop.provider_id == actor.provider):
        return rows
    return rows.none()


def links_tried(hop: Hop) -> set[str]:
    """The mailboxes that a request was written to."""
    return set(RequestLink.objects.filter(hop=hop).values_list("mailbox", flat=True))


def actor_by(link: RequestLink) -> Actor:
    """Whoever came by a link: they answer for the provider of its one request, and nobody knows who they are."""
    return Actor(f"link:{link.prefix}", Role.PROVIDER, provider=link.hop.provider_id, scopes=LINKED)


def may_say(actor: Actor, subject: Any, /) -> None:
    """A provider about its own requests, and the consortium's people."""
    may_answer(actor, subject)


def may_look_after(actor: Actor, subject: Any, /) -> None:
    """A provider's administrator sets what may travel and revokes links; the consortium's people revoke links too."""
    provider = subject.hop.provider_id if isinstance(subject, RequestLink) else getattr(subject, "pk", None)
    if actor.role is Role.PROVIDER and actor.administers and actor.scopes is None and provider == actor.provider:
        return
    if isinstance(subject, RequestLink) and (actor.role in STAFF or actor == SYSTEM):
        return
    raise Refused(f"{actor.name} may not change this", mend="ask your organisation's administrator")
