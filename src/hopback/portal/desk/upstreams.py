"""Whom a provider can name: its own earlier neighbours, then the public registry, then a name nobody knows.

Nothing here says who is a member of the consortium, who answers or who was ever traced: a neighbour is one this
provider named itself, and the registry is public.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import BadInput
from hopback.portal.directory.actions import ProviderClaim, propose_provisional
from hopback.portal.directory.models import Provider, ProvisionalProvider
from hopback.portal.directory.registry import providers_by_frn, record_of, search_registry
from hopback.portal.tracebacks.access import hops_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["Choice", "choice_of", "choices_for", "chosen", "names_of", "neighbours_of", "provisional_id"]

PROVISIONAL: Final = "new:"
OWN: Final = "own:"
REGISTRY: Final = "rmd:"
OTHER: Final = "other"
LATELY: Final = 500
"""How many answers count for who is named most."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One who can be named: ``value`` is what a form sends, ``told`` what else is known of it, in public."""

    value: str
    name: str
    told: str = ""


def provisional_id(pk: int) -> str:
    """What an answer names a provider by that the directory does not have."""
    return f"{PROVISIONAL}{pk}"


def neighbours_of(actor: Actor, text: str = "", *, limit: int = 8) -> list[Choice]:
    """Whom this provider named as its upstream before, those named most of late first.

    With ``text`` those of that name, however long ago.
    """
    rows = hops_of(actor).filter(provider=actor.provider)
    latest = rows.filter(answered_at__isnull=False).order_by("-answered_at", "-pk").values_list("upstream", flat=True)
    times = Counter(one for one in latest[:LATELY] if one and not one.startswith(PROVISIONAL))
    known = [one for one, _ in times.most_common()]
    if text:  # a name may be looked for that was not named for long
        known += [one for one in rows.values_list("upstream", flat=True).distinct().order_by() if one not in times]
    names = names_of(one for one in known if one and not one.startswith(PROVISIONAL))
    wanted = text.casefold().split()
    found = [one for one in known if one in names and all(word in names[one].casefold() for word in wanted)]
    return [
        Choice(f"{OWN}{one}", names[one], f"named {times[one]} times of late" if times[one] > 1 else "named before")
        for one in found[:limit]
    ]


def choices_for(actor: Actor, text: str, *, shows_neighbours: bool = True, limit: int = 12) -> list[Choice]:
    """What a search finds: earlier neighbours first, then entries of the public registry."""
    own = neighbours_of(actor, text) if shows_neighbours and text.strip() else []
    public = search_registry(text, limit=limit) if text.strip() else []
    return own + [
        Choice(
            f"{REGISTRY}{row.number}",
            row.name,
            ", ".join(part for part in (row.number, row.state, row.country) if part),
        )
        for row in public
    ]


def choice_of(actor: Actor, value: str) -> Choice | None:
    """What a form's value stands for, None if for nothing this actor may choose."""
    if value.startswith(OWN):
        known = value.removeprefix(OWN)
        is_own = hops_of(actor).filter(provider=actor.provider, upstream=known).exists()
        return Choice(value, names_of([known]).get(known, known), "named before") if is_own else None
    record = record_of(value.removeprefix(REGISTRY)) if value.startswith(REGISTRY) else None
    return Choice(value, record.name, record.number) if record is not None else None


def chosen(
    actor: Actor, value: str, claim: ProviderClaim, *, at: datetime, may_name_neighbours: bool = True
) -> tuple[str, str]:
    """The id an answer names for what was chosen, and the name as claimed.

    Somebody the directory has not is put before an analyst, and named by a provisional id. Raises
    :class:`BadInput` where nobody was chosen.
    """
    if value.startswith(OWN) and may_name_neighbours:
        known = value.removeprefix(OWN)
        if hops_of(actor).filter(provider=actor.provider, upstream=known).exists():
            return known, names_of([known]).get(known, known)
    if value.startswith(REGISTRY):
        record = record_of(value.removeprefix(REGISTRY))
        if record is not None:
            provider = providers_by_frn([record.frn]).get(record.frn)
            if provider is not None:
                return provider.pk, record.name
            listed = ProviderClaim(
                name=record.name,
                frn=record.frn,
                rmd_number=record.number,
                country=claim.country,
                ip=claim.ip,
                note=claim.note,
                about=claim.about,
            )
            return provisional_id(propose_provisional(actor, listed, at=at).pk), record.name
    if value == OTHER and claim.name.strip():
        return provisional_id(propose_provisional(actor, claim, at=at).pk), claim.name.strip()
    raise BadInput("choose whom you received the call from", where="upstream")


def names_of(ids: Iterable[str]) -> dict[str, str]:
    """The names of providers that somebody was told of or named itself, by the id an answer has."""
    wanted = {one for one in ids if one}
    names = dict(Provider.objects.filter(pk__in=wanted).values_list("pk", "legal_name"))
    numbers = {one: one.removeprefix(PROVISIONAL) for one in wanted if one.startswith(PROVISIONAL)}
    if numbers:
        pks = [int(number) for number in numbers.values() if number.isdigit()]
        claimed = dict(ProvisionalProvider.objects.filter(pk__in=pks).values_list("pk", "name"))
        names |= {one: claimed[int(n)] for one, n in numbers.items() if n.isdigit() and int(n) in claimed}
    return names
