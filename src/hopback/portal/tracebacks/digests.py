"""The digests themselves: to one contact, in one letter, everything that is due or late at its provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse

from hopback.kernel import disclosure
from hopback.kernel.disclosure import disclose, own_hops
from hopback.kernel.hops import WORKING
from hopback.portal.audit.actions import action, entry
from hopback.portal.directory.models import Contact, Duty, Provider
from hopback.portal.messages.actions import send
from hopback.portal.messages.writing import Letter
from hopback.portal.tracebacks.access import may_run
from hopback.portal.tracebacks.digesting import digest_key
from hopback.portal.tracebacks.docket import load_all
from hopback.portal.tracebacks.models import Hop
from hopback.portal.tracebacks.policies import NOTICE
from hopback.portal.tracebacks.projections import UNANSWERED
from hopback.portal.tracebacks.schedule import finding_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["DigestLine", "mailboxes_of", "send_digest"]

KIND: Final = "hop.digest"
MOST: Final = 200
"""How many requests a letter lists; it says how many more there are."""


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One request as its provider is told of it. ``finding_from`` is when a finding may be made, once that is due."""

    request: str
    campaign: str
    state: str
    respond_by: datetime | None
    delinquent_after: datetime | None
    is_late: bool
    finding_from: datetime | None


def mailboxes_of(provider: str, duty: str, *, at: datetime) -> tuple[list[str], str]:
    """Where whoever has a duty is written to, and the duty that was found instead if nobody has it."""
    rows = Contact.objects.filter(provider=provider).exclude(mailbox="")
    rows = rows.filter(Q(active_from__isnull=True) | Q(active_from__lte=at.date()))
    rows = rows.filter(Q(active_to__isnull=True) | Q(active_to__gte=at.date())).order_by("bounces", "pk")
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.duty, []).append(row.mailbox)
    wanted = Duty.PRIMARY.value if duty == NOTICE else duty
    for one in (wanted, *(other.value for other in Duty)):
        if one in found:
            return list(dict.fromkeys(found[one])), one
    return [], wanted


@action("digest.sent", may=may_run)
def send_digest(actor: Actor, payload: dict[str, Any], *, at: datetime) -> int:
    """Write to a provider's contacts what is due and late; returns how many were written to.

    What was answered or withdrawn meanwhile is not in it; where nothing is left, nothing is written. Where the
    provider has no mailbox at all that is noted, so that a person finds one.
    """
    provider = Provider.objects.get(pk=payload["provider"])
    entry().about(provider.audit_name)
    lines = _lines(provider, at=at)
    boxes, duty = mailboxes_of(provider.pk, payload["duty"], at=at)
    entry().facts = {
        "occasion": payload["occasion"],
        "requests": [line.request for line in lines[:MOST]],
        "contacts": len(boxes),
        "duty": duty,
    }
    if not lines:
        return 0
    is_notice = payload["duty"] == NOTICE
    context = {
        "provider": provider,
        "late": [line for line in lines[:MOST] if line.is_late],
        "due": [line for line in lines[:MOST] if not line.is_late],
        "more": max(0, len(lines) - MOST),
        "is_notice": is_notice,
        "is_instead": duty != payload["duty"] and not is_notice,
        "wanted": _words(payload["duty"]),
        "address": _address(),
        "zone": provider.time_zone,
    }
    text = render_to_string("tracebacks/digest.txt", context)
    subject = render_to_string("tracebacks/digest_subject.txt", context).strip()
    for number, mailbox in enumerate(boxes):
        letter = Letter(
            kind=KIND,
            mailbox=mailbox,
            subject=subject,
            text=text,
            about=f"provider:{provider.pk}",
            organisation=provider.pk,
            key=f"{digest_key(payload, payload['slot'])}:{number}"[:200],
        )
        send(actor, letter, at=at)
    return len(boxes)


def _lines(provider: Provider, *, at: datetime) -> list[DigestLine]:
    """What the provider owes and has received, through the gate, whoever is due first coming first."""
    rows = Hop.objects.filter(
        provider=provider,
        state__in=[state.value for state in UNANSWERED],
        received_at__isnull=False,
        traceback__state__in=[state.value for state in WORKING],
    ).order_by("respond_by", "pk")
    listed: Sequence[Hop] = list(rows)
    dockets = load_all({row.traceback_id for row in listed})
    found = []
    for row in listed:
        docket = dockets[row.traceback_id]
        view = disclose(docket.now, to=disclosure.Provider(provider.pk))
        if not isinstance(view, disclosure.ProviderView):
            continue
        places = [hop.number for hop in own_hops(docket.now, provider=provider.pk)]
        own = view.hops[places.index(row.number)]
        hop = docket.now.hops[row.number - 1]
        is_late = own.respond_by is not None and own.respond_by < at
        found.append(
            DigestLine(
                request=row.request_id,
                campaign=view.campaign or "",
                state=own.state.value,
                respond_by=own.respond_by,
                delinquent_after=own.delinquent_after,
                is_late=is_late,
                finding_from=finding_from(hop, policy=docket.policy)
                if own.delinquent_after is not None and own.delinquent_after < at
                else None,
            )
        )
    return found


def _words(duty: str) -> str:
    return dict(Duty.choices).get(duty, duty)


def _address() -> str:
    base = str(getattr(settings.CONFIGURATION, "address", "")).rstrip("/")
    try:
        return base + reverse("desk:list")
    except NoReverseMatch:
        return f"{base}/"
