"""Who in the directory, and who in the public registry, looks alike: what is known of each, gathered and compared."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from hopback.portal.directory.files.registry import split_names
from hopback.portal.directory.likeness import Entity, Pair, likely_pairs
from hopback.portal.directory.models import (
    ClaimKind,
    Contact,
    IdentityClaim,
    LikelyPair,
    PairState,
    Provider,
    ProviderLink,
    ProvisionalProvider,
    RegistryRecord,
)
from hopback.portal.directory.names import address_key, name_key, phone_key, site_key
from hopback.portal.directory.standing import latest_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["entities", "find_pairs", "like_provisional"]

SHARED: Final[dict[str, str]] = {
    ClaimKind.PHONE: "phone",
    ClaimKind.PRINCIPAL: "principal",
    ClaimKind.MAILBOX: "mailbox",
    ClaimKind.ADDRESS: "address",
    ClaimKind.WEBSITE: "site",
    ClaimKind.FRN: "frn",
}


def find_pairs() -> list[Pair]:
    """Compare everybody; reads all of the directory and the latest export, and writes nothing."""
    return likely_pairs(entities())


def like_provisional(row: ProvisionalProvider, *, limit: int = 10) -> list[Pair]:
    """The providers and registry entries that a provisional provider looks like, the likeliest first."""
    known = row.known
    shared = {
        "frn": {known.get("frn", "")},
        "phone": {phone_key(known.get("phone", ""))},
        "mailbox": {known.get("mailbox", "").casefold()},
        "address": {address_key(known.get("address", ""))},
        "site": {site_key(known.get("website", "")) if known.get("website") else ""},
    }
    alone = Entity(
        f"provisional:{row.pk}",
        row.name,
        frozenset({row.name_key}),
        shared=_sets({k: v - {""} for k, v in shared.items()}),
    )
    found = likely_pairs([alone, *_near(alone)], least=30)
    return [pair for pair in found if alone.key in (pair.left.key, pair.right.key)][:limit]


def entities() -> list[Entity]:
    """Every provider that is not merged into another, and every entry of the latest export."""
    return [*_providers(), *_registry()]


def _near(alone: Entity) -> list[Entity]:
    """Those that share something with one, so that not everybody is read for it."""
    words = {word for name in alone.names for word in name.split() if len(word) >= 4}  # noqa: PLR2004 -- as in likeness
    near: set[str] = set()
    for word in words:
        near |= set(Provider.objects.filter(search__contains=word).values_list("pk", flat=True)[:50])
    keys = {value for values in alone.shared.values() for value in values}
    near |= set(
        IdentityClaim.objects.filter(kind__in=SHARED, key__in={key.upper() for key in keys} | keys).values_list(
            "provider_id", flat=True
        )[:100]
    )
    snapshot = latest_snapshot()
    numbers: set[int] = set()
    if snapshot is not None:
        rows = RegistryRecord.objects.filter(snapshot=snapshot)
        for word in words:
            numbers |= set(rows.filter(text__contains=word).values_list("pk", flat=True)[:50])
        numbers |= set(rows.filter(frn__in=alone.shared.get("frn", ())).values_list("pk", flat=True))
    return [*_providers(near), *_registry(numbers)]


def _providers(ids: Iterable[str] | None = None) -> list[Entity]:
    providers = Provider.objects.filter(merged_into__isnull=True)
    claims = IdentityClaim.objects.filter(
        kind__in=[*SHARED, ClaimKind.LEGAL_NAME, ClaimKind.DBA, ClaimKind.FORMER_NAME]
    )
    contacts = Contact.objects.all()
    if ids is not None:
        wanted = list(ids)
        providers = providers.filter(pk__in=wanted)
        claims, contacts = claims.filter(provider__in=wanted), contacts.filter(provider__in=wanted)
    names: dict[str, set[str]] = defaultdict(set)
    former: dict[str, set[str]] = defaultdict(set)
    shared: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for provider, kind, key, value, ended in claims.values_list(
        "provider_id", "kind", "key", "value", "superseded_at"
    ).iterator(chunk_size=2000):
        if kind in SHARED:
            shared[provider][SHARED[kind]].add(key)
            if kind == ClaimKind.MAILBOX:
                shared[provider]["site"].add(site_key(value))
        elif ended is not None or kind == ClaimKind.FORMER_NAME:
            former[provider].add(key)
        else:
            names[provider].add(key)
    for provider, name, mailbox, phone in contacts.values_list("provider_id", "name", "mailbox", "phone"):
        if mailbox:
            shared[provider]["mailbox"].add(mailbox.casefold())
            shared[provider]["site"].add(site_key(mailbox))
        if phone:
            shared[provider]["phone"].add(phone_key(phone))
        if name:
            shared[provider]["principal"].add(name_key(name))
    apart = _apart()
    return [
        Entity(
            f"provider:{pk}",
            legal_name,
            frozenset({name_key(legal_name), *names[pk]}),
            frozenset(former[pk] - names[pk]),
            _sets(shared[pk] | {"frn": shared[pk]["frn"] | ({frn} if frn else set())}),
            frozenset(apart.get(f"provider:{pk}", ())),
            frn,
        )
        for pk, legal_name, frn in providers.order_by("pk").values_list("pk", "legal_name", "frn")
    ]


def _registry(ids: Iterable[int] | None = None) -> list[Entity]:
    snapshot = latest_snapshot()
    if snapshot is None:
        return []
    rows = RegistryRecord.objects.filter(snapshot=snapshot)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    return [_entry(row) for row in rows.defer("text").order_by("pk").iterator(chunk_size=2000)]


def _entry(row: RegistryRecord) -> Entity:
    shared = {
        "phone": {phone_key(row.contact_phone)} if row.contact_phone else set(),
        "mailbox": {row.contact_mailbox.casefold()} if row.contact_mailbox else set(),
        "site": {site_key(row.contact_mailbox)} if row.contact_mailbox else set(),
        "principal": {name_key(row.contact_name)} if row.contact_name else set(),
        "address": {address_key(row.address)} if row.address else set(),
        "frn": {row.frn, *(one.strip().zfill(10) for one in split_names(row.other_frns) if one.strip().isdigit())}
        - {""},
    }
    names = {name_key(row.name), *(name_key(name) for name in split_names(row.dbas))}
    former = {name_key(name) for name in split_names(row.former_names)}
    return Entity(
        f"rmd:{row.number}", row.name, frozenset(names), frozenset(former - names), _sets(shared), group=row.frn
    )


def _apart() -> dict[str, set[str]]:
    """Whom a person has looked at beside each provider."""
    found: dict[str, set[str]] = defaultdict(set)
    links = ProviderLink.objects.filter(undone_at__isnull=True).values_list("provider_id", "other_id")
    pairs = [(f"provider:{one}", f"provider:{other}") for one, other in links]
    pairs += LikelyPair.objects.filter(state=PairState.SETTLED).values_list("left", "right")
    for one, other in pairs:
        found[one].add(other)
        found[other].add(one)
    return found


def _sets(shared: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(values - {""}) for name, values in shared.items()}
