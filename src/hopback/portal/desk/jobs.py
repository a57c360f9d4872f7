"""What the desk owes later: a mail to whoever answers for a provider, with a link to the one request.

The contacts are tried in order. That a mail server took a mail is the proof of receipt; where it came back the
next contact is written to, until there is none: then a person finds one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from hopback.kernel.clocks import office_zone
from hopback.kernel.hops import HopState
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.desk.access import links_tried, mailboxes_of
from hopback.portal.desk.actions import issue_link, note_letter
from hopback.portal.directory.jobs import tend
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.jobs.working import handles
from hopback.portal.messages.actions import send
from hopback.portal.messages.channels import on_bounced, on_delivered
from hopback.portal.messages.writing import Letter
from hopback.portal.tracebacks.access import hop_of
from hopback.portal.tracebacks.actions import record_bounce, record_delivery, send_request
from hopback.portal.tracebacks.docket import TOLD
from hopback.portal.tracebacks.projections import UNANSWERED
from hopback.portal.tracebacks.reading import requests_of

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.messages.channels import Told
    from hopback.portal.tracebacks.models import Hop

__all__ = ["KIND", "note_bounce", "note_receipt", "tell_a_provider"]

KIND: Final = "request.opened"
"""The kind of letter in which a request goes out."""


@handles(TOLD)
def tell_a_provider(payload: dict[str, Any], /, *, at: datetime) -> None:
    """Write to the contact that somebody chose, or else the next one, with a link that opens this one request."""
    hop = hop_of(SYSTEM, payload["request"])
    if HopState(hop.state) not in UNANSWERED:
        return
    mailbox = payload.get("mailbox") or _next_mailbox(hop, at=at)
    if mailbox is None:
        return
    (message,) = requests_of([hop])
    link, token = issue_link(SYSTEM, hop, mailbox=mailbox, at=at)
    zone = office_zone(hop.provider.time_zone)
    text = render_to_string(
        "desk/mail/request.txt",
        {
            "provider": hop.provider.legal_name,
            "request": message,
            "call_time": message.started_at.astimezone(zone),
            "zone": hop.provider.time_zone,
            "link": settings.CONFIGURATION.address.rstrip("/") + reverse("desk:linked", args=[token]),
            "page": settings.CONFIGURATION.address.rstrip("/") + reverse("desk:request", args=[hop.request_id]),
            "expires_at": link.expires_at.astimezone(zone),
        },
    )
    letter = send(
        SYSTEM,
        Letter(
            kind=KIND,
            mailbox=mailbox,
            subject=f"Traceback request {hop.request_id}: please say whom you received a call from",
            text=text,
            about=f"hop:{hop.request_id}",
            organisation=hop.provider_id,
            key=f"request:{hop.request_id}:{link.prefix}",
            is_confidential=True,
        ),
        at=at,
    )
    note_letter(SYSTEM, link, letter=letter.uid, at=at)


@on_delivered(KIND)
def note_receipt(told: Told, /, *, at: datetime) -> None:
    """The mail was accepted: that proves the receipt, as of that instant."""
    hop = hop_of(SYSTEM, told.about.removeprefix("hop:"))
    if hop.received_at is None and hop.state == HopState.SENT:
        proof = f"the mail server of {told.mailbox} accepted it: {told.proof}"[:300]
        record_delivery(SYSTEM, hop, at=at, received=told.at, proof=proof)


@on_bounced(KIND)
def note_bounce(told: Told, /, *, at: datetime) -> None:
    """The mail came back: write to the next contact, if there is one."""
    hop = hop_of(SYSTEM, told.about.removeprefix("hop:"))
    if hop.state == HopState.SENT:
        record_bounce(SYSTEM, hop, at=at, channel=f"mail:{told.mailbox}"[:200], why=told.proof[:300] or told.status)
        if _next_mailbox(hop, at=at) is not None:
            hop.refresh_from_db()
            send_request(SYSTEM, hop, at=at, channels=("mail",))  # which owes the mail to the next
    elif HopState(hop.state) in UNANSWERED and _next_mailbox(hop, at=at) is not None:
        # received some other way, or taken by a server that could not pass it on: somebody else may read it
        owe([Owed(TOLD, f"{TOLD}:{hop.request_id}:{told.message}", at, {"request": hop.request_id})])


def _next_mailbox(hop: Hop, *, at: datetime) -> str | None:
    """The first contact that this request was not written to yet."""
    tried = links_tried(hop)
    return next((one for one in mailboxes_of(hop.provider_id, on=at.date()) if one not in tried), None)


tend(KIND)  # what comes back of these letters is counted at the contact
