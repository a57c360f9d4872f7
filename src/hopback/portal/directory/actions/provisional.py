"""Providers that an answer named and nobody knew: taken down, and what a person made of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import BadInput, Conflict
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import Role
from hopback.portal.directory.access import may_change, may_propose
from hopback.portal.directory.actions.providers import ProviderDraft, add_provider
from hopback.portal.directory.claims import Claimed, refresh_search, take_down
from hopback.portal.directory.models import ClaimKind, Provider, ProvisionalProvider, ProvisionalState, Source
from hopback.portal.directory.names import clean, name_key
from hopback.portal.directory.provisional import tell

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["ProviderClaim", "accept_provisional", "match_provisional", "propose_provisional", "reject_provisional"]

MOST: Final = 500
CLAIMS: Final = {
    "address": ClaimKind.ADDRESS,
    "phone": ClaimKind.PHONE,
    "mailbox": ClaimKind.MAILBOX,
    "website": ClaimKind.WEBSITE,
}
"""What is taken over as a claim. Codes and FRNs are not: they decide who is asked, and a person enters them."""


@dataclass(frozen=True, slots=True)
class ProviderClaim:
    """What somebody knows of a provider that the directory does not have. All but ``name`` may be empty.

    ``about`` names what it was named in, in words its claimant knows (its request's id).
    """

    name: str
    frn: str = ""
    ocn: str = ""
    rmd_number: str = ""
    filer_499: str = ""
    country: str = ""
    address: str = ""
    phone: str = ""
    mailbox: str = ""
    website: str = ""
    ip: str = ""
    note: str = ""
    about: str = ""

    def known(self) -> dict[str, str]:
        """What is known beside the name."""
        told = {one.name: clean(str(getattr(self, one.name))).strip()[:MOST] for one in fields(self)}
        return {name: value for name, value in told.items() if value and name not in ("name", "about")}


@action("provisional.proposed", may=may_propose)
def propose_provisional(actor: Actor, claim: ProviderClaim, *, at: datetime) -> ProvisionalProvider:
    """Take down a provider that an answer names and the directory does not have, for an analyst to look at.

    The same name from the same claimant about the same thing is one row while it waits; what is known
    by then is what was said last.
    """
    name = " ".join(clean(claim.name).split())
    if not name or len(name) > 200:  # noqa: PLR2004 -- the column's width
        raise BadInput("no name" if not name else "too long", where="name", mend="give the provider's name")
    claimed_by = actor.provider or "" if actor.role is Role.PROVIDER else ""
    waiting = ProvisionalProvider.objects.filter(
        claimed_by=claimed_by, name_key=name_key(name), about=claim.about[:100], state=ProvisionalState.WAITING
    )
    row = waiting.first()
    if row is None:
        row = ProvisionalProvider.objects.create(
            name=name,
            name_key=name_key(name),
            known=claim.known(),
            claimed_by=claimed_by,
            claimed_by_actor=actor.name,
            about=claim.about[:100],
            claimed_at=at,
        )
    else:
        row.known = row.known | claim.known()
        row.save(update_fields=["known"])
    entry().about(row.audit_name)
    entry().facts = {"claimed_by": claimed_by, "known": sorted(row.known)}
    return row


@action("provisional.matched", may=may_change)
def match_provisional(
    actor: Actor, row: ProvisionalProvider, provider: Provider, *, reason: str, at: datetime
) -> ProvisionalProvider:
    """It is a provider that the directory has: from now on that one."""
    return _settle(actor, row, ProvisionalState.MATCHED, provider, reason=reason, at=at)


@action("provisional.accepted", may=may_change)
def accept_provisional(
    actor: Actor, row: ProvisionalProvider, draft: ProviderDraft, *, reason: str, at: datetime
) -> ProvisionalProvider:
    """It is a provider the directory does not have yet, and now does."""
    _check_waiting(row)
    provider = add_provider(actor, draft, at=at)
    return _settle(actor, row, ProvisionalState.ACCEPTED, provider, reason=reason, at=at)


@action("provisional.rejected", may=may_change)
def reject_provisional(actor: Actor, row: ProvisionalProvider, *, reason: str, at: datetime) -> ProvisionalProvider:
    """It is no provider, or nothing that can be told apart; the reason stays with it."""
    return _settle(actor, row, ProvisionalState.REJECTED, None, reason=reason, at=at)


def _settle(
    actor: Actor,
    row: ProvisionalProvider,
    state: ProvisionalState,
    provider: Provider | None,
    *,
    reason: str,
    at: datetime,
) -> ProvisionalProvider:
    entry().about(row.audit_name)
    entry().facts = {"state": state.value, "provider": provider.pk if provider else None}
    if not reason.strip():
        raise BadInput("no reason", where="reason", mend="say what it rests on")
    _check_waiting(row)
    ProvisionalProvider.objects.filter(pk=row.pk).update(
        state=state, provider=provider, reason=reason.strip(), decided_at=at, decided_by=actor.name
    )
    row.refresh_from_db()
    if provider is not None:
        ref = f"{row.audit_name} by {row.claimed_by or row.claimed_by_actor}"
        claims = [
            Claimed(provider.pk, kind, row.known[name], Source.ANSWER, ref)
            for name, kind in CLAIMS.items()
            if row.known.get(name)
        ]
        if row.name_key != name_key(provider.legal_name):
            claims.append(Claimed(provider.pk, ClaimKind.DBA, row.name, Source.ANSWER, ref))
        take_down(claims, by=actor.name, at=at)
        refresh_search({provider.pk}, at=at)
    tell(row, at=at)
    return row


def _check_waiting(row: ProvisionalProvider) -> None:
    waiting = ProvisionalProvider.objects.select_for_update().filter(pk=row.pk, state=ProvisionalState.WAITING)
    if not waiting.exists():
        raise Conflict("somebody has decided about it already", mend="look at what was decided")
