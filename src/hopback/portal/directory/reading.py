"""What the directory's pages and its API show, for an actor."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from hopback.kernel.errors import NotFound
from hopback.portal.accounts.models import User
from hopback.portal.directory.access import (
    claims_of,
    contacts_of,
    decisions_of,
    links_of,
    open_numbers_of,
    pairs_of,
    providers_of,
    provisional_of,
)
from hopback.portal.directory.models import (
    ClaimKind,
    Contact,
    Duty,
    IdentityClaim,
    LikelyPair,
    NumberDecision,
    OpenState,
    PairState,
    Provider,
    ProviderLink,
    ProvisionalProvider,
    ProvisionalState,
    RegistryRecord,
)
from hopback.portal.directory.models.contacts import BOUNCES_MOST
from hopback.portal.directory.names import words
from hopback.portal.directory.registry import record_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from typing import Any

    from django.db.models import QuerySet

    from hopback.portal.audit.actors import Actor

__all__ = [
    "ProviderPage",
    "Side",
    "contacts_for",
    "find_providers",
    "people_of",
    "provider_of",
    "provider_page",
    "roster",
    "side_of",
    "waiting_counts",
]

ORDER: Final = {duty: place for place, duty in enumerate(Duty.values)}
FOUND_MOST: Final = 20
CLAIMS_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class ProviderPage:
    """Everything about one provider: its claims by what they are about, those that stand first."""

    provider: Provider
    claims: dict[str, list[IdentityClaim]]
    former_claims: list[IdentityClaim]
    contacts: list[Contact]
    former_contacts: list[Contact]
    record: RegistryRecord | None
    links: list[ProviderLink]
    undone: list[ProviderLink]
    pairs: list[LikelyPair]
    decisions: list[NumberDecision]
    named: list[ProvisionalProvider]
    people: dict[str, str]


def provider_of(actor: Actor, provider_id: str) -> Provider:
    """A provider that the actor may see; raises :class:`NotFound` for any other as for none."""
    row = providers_of(actor).filter(pk=provider_id).first() if provider_id.isprintable() else None
    if row is None:
        raise NotFound(f"no provider {provider_id}")
    return row


def roster(
    actor: Actor, *, text: str = "", rmd: str = "", country: str = "", show: str = "", on: date | None = None
) -> QuerySet[Provider]:
    """The providers an actor may see that fit: every word of ``text`` in its names and ids.

    ``show`` is empty for those that are not merged, ``all``, ``merged``, ``bouncing`` or ``unreachable``.
    """
    rows = providers_of(actor).select_related("merged_into").defer("search")
    for word in words(text):
        rows = rows.filter(Q(search__contains=word) | Q(legal_name__icontains=word) | Q(pk__iexact=word))
    rows = rows.filter(rmd_status=rmd) if rmd else rows
    rows = rows.filter(country=country.upper()) if country else rows
    if show == "all":
        return rows
    if show == "merged":
        return rows.filter(merged_into__isnull=False)
    rows = rows.filter(merged_into__isnull=True)
    standing = Contact.objects.filter(
        Q(active_to__isnull=True) | Q(active_to__gte=on) if on else Q(active_to__isnull=True)
    )
    if show == "bouncing":
        return rows.filter(pk__in=standing.filter(bounces__gte=BOUNCES_MOST).values("provider"))
    if show == "unreachable":
        return rows.exclude(pk__in=standing.filter(duty__in=(Duty.PRIMARY, Duty.BACKUP)).values("provider"))
    return rows


def find_providers(actor: Actor, text: str, *, also: Iterable[str] = (), apart_from: str = "") -> list[Provider]:
    """Up to twenty providers to choose from: those named, then those a search finds."""
    named = [pk for pk in dict.fromkeys(also) if pk and pk != apart_from]
    rows = {row.pk: row for row in providers_of(actor).filter(pk__in=named)}
    found = [rows[pk] for pk in named if pk in rows]
    if words(text):
        more = roster(actor, text=text).exclude(pk__in=[*rows, apart_from]).order_by("legal_name", "pk")
        found += more[: FOUND_MOST - min(len(found), FOUND_MOST)]
    return found


def provider_page(actor: Actor, provider_id: str, *, on: date) -> ProviderPage:
    """A provider with what an actor may know of it."""
    provider = provider_of(actor, provider_id)
    claims: dict[str, list[IdentityClaim]] = defaultdict(list)
    former: list[IdentityClaim] = []
    for claim in claims_of(actor).filter(provider=provider).order_by("-seen_at", "-pk")[:CLAIMS_MOST]:
        if claim.superseded_at is None:
            claims[claim.kind].append(claim)
        else:
            former.append(claim)
    contacts = sorted(
        contacts_of(actor).filter(provider=provider), key=lambda row: (ORDER.get(row.duty, 99), row.is_bouncing, row.pk)
    )
    standing = [row for row in contacts if (row.active_to or on) >= on]
    links = list(links_of(actor).filter(Q(provider=provider) | Q(other=provider)).order_by("-made_at", "-pk"))
    key = f"provider:{provider.pk}"
    decisions = decisions_of(actor).filter(Q(provider=provider) | Q(instead_of=provider)).order_by("-decided_at")[:20]
    named = provisional_of(actor).filter(provider=provider).order_by("-decided_at")[:20]
    shown = ProviderPage(
        provider=provider,
        claims={kind: claims[kind] for kind in ClaimKind.values if kind in claims},
        former_claims=former,
        contacts=standing,
        former_contacts=[row for row in contacts if row not in standing],
        record=record_of(provider.rmd_number) if provider.rmd_number else None,
        links=[link for link in links if link.undone_at is None],
        undone=[link for link in links if link.undone_at is not None],
        pairs=list(pairs_of(actor).filter(Q(left=key) | Q(right=key), state=PairState.OPEN).order_by("-weight")[:10]),
        decisions=list(decisions),
        named=list(named),
        people={},
    )
    shown.people.update(people_of(_names(shown)))
    return shown


def contacts_for(provider_id: str, duties: Iterable[str] = (Duty.PRIMARY, Duty.BACKUP), *, on: date) -> list[Contact]:
    """Where a provider is reached on a day, in the order to be tried: by duty, what bounces last.

    For the portal's own mail; a page shows :class:`ProviderPage`.
    """
    wanted = list(duties)
    rows = Contact.objects.filter(
        Q(active_from__isnull=True) | Q(active_from__lte=on),
        Q(active_to__isnull=True) | Q(active_to__gte=on),
        provider=provider_id,
        duty__in=wanted,
    )
    return sorted(rows, key=lambda row: (row.is_bouncing, wanted.index(row.duty), row.pk))


def waiting_counts(actor: Actor) -> dict[str, int]:
    """How much of each sort waits for a person in the directory."""
    numbers = open_numbers_of(actor).filter(state=OpenState.WAITING)
    return {
        "numbers": numbers.count(),
        "provisional": provisional_of(actor).filter(state=ProvisionalState.WAITING).count(),
        "pairs": pairs_of(actor).filter(state=PairState.OPEN).count(),
    }


def people_of(names: Iterable[str]) -> dict[str, str]:
    """What the people behind the names in the log are called."""
    ids = {int(name[5:]): name for name in names if name.startswith("user:") and name[5:].isdigit()}
    return {ids[row.pk]: str(row) for row in User.objects.filter(pk__in=ids)} if ids else {}


def _names(shown: ProviderPage) -> set[str]:
    names: set[Any] = {claim.seen_by for some in shown.claims.values() for claim in some}
    names |= {name for claim in shown.former_claims for name in (claim.seen_by, claim.superseded_by)}
    names |= {name for link in (*shown.links, *shown.undone) for name in (link.made_by, link.undone_by)}
    names |= {row.decided_by for row in shown.decisions} | {row.decided_by for row in shown.named}
    return {str(name) for name in names if name}


@dataclass(frozen=True, slots=True)
class Side:
    """One of two that look alike: a provider with its claims and contacts, or an entry of the registry."""

    key: str
    provider: Provider | None
    claims: list[IdentityClaim]
    contacts: list[Contact]
    record: RegistryRecord | None


def side_of(actor: Actor, key: str) -> Side:
    """What is known of one side of a pair."""
    kind, _, name = key.partition(":")
    if kind == "rmd":
        return Side(key, None, [], [], record_of(name))
    provider = providers_of(actor).filter(pk=name).first()
    claims = claims_of(actor).filter(provider=name, superseded_at__isnull=True).order_by("kind", "-seen_at")[:100]
    contacts = contacts_of(actor).filter(provider=name).order_by("pk")[:50]
    return Side(key, provider, list(claims), list(contacts), None)
