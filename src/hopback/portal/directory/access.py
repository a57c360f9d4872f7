"""Who may see and change the directory.

The consortium's people see the roster and keep it, its auditors see it. A provider sees its own entry,
its administrator keeps its contacts and says what it is; nobody else sees that an entry exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from hopback.kernel.errors import Refused
from hopback.portal.audit.actors import READERS, STAFF, Actor, Role
from hopback.portal.directory.models import (
    Contact,
    IdentityClaim,
    ImportedFile,
    LikelyPair,
    NumberDecision,
    OpenNumber,
    Provider,
    ProviderLink,
    ProvisionalProvider,
    RegistrySnapshot,
)

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

__all__ = [
    "claims_of",
    "contacts_of",
    "decisions_of",
    "files_of",
    "is_keeper",
    "links_of",
    "may_change",
    "may_keep_contacts",
    "may_propose",
    "may_read",
    "may_state",
    "may_tend",
    "open_numbers_of",
    "pairs_of",
    "providers_of",
    "provisional_of",
    "snapshots_of",
]

Rows = TypeVar("Rows", bound="Model")

WRITE: Final = "directory:write"
SEES_ALL: Final = READERS | {Role.SYSTEM}


def is_keeper(actor: Actor) -> bool:
    """Whether an actor keeps the directory: the consortium's people, and its keys made for that."""
    return (actor.role in STAFF or actor.role is Role.SYSTEM) and (actor.scopes is None or WRITE in actor.scopes)


def may_change(actor: Actor, _subject: Any, /) -> None:
    """The consortium keeps the directory."""
    if not is_keeper(actor):
        raise Refused(f"{actor.name} may not change the directory", mend="ask the consortium")


def may_read(actor: Actor, _subject: Any, /) -> None:
    """The consortium's people and keys, and its auditors, read the roster."""
    if actor.role not in SEES_ALL:
        raise Refused(f"{actor.name} may not read the directory")


def may_keep_contacts(actor: Actor, subject: Any, /) -> None:
    """The consortium keeps every provider's contacts, a provider's administrator its own."""
    if not is_keeper(actor) and not _is_own_administrator(actor, subject):
        raise Refused(f"{actor.name} may not change these contacts", mend="ask your organisation's administrator")


def may_state(actor: Actor, subject: Any, /) -> None:
    """The consortium, and a provider's administrator of its own provider, say what a provider is."""
    if not is_keeper(actor) and not _is_own_administrator(actor, subject):
        raise Refused(f"{actor.name} may not say what this provider is", mend="ask your organisation's administrator")


def may_propose(actor: Actor, _subject: Any, /) -> None:
    """Whoever answers for a provider, and the consortium, may name a provider that nobody knows."""
    is_answerer = actor.role is Role.PROVIDER and actor.provider is not None
    if not is_answerer and actor.role not in STAFF and actor.role is not Role.SYSTEM:
        raise Refused(f"{actor.name} may not name providers")


def may_tend(actor: Actor, _subject: Any, /) -> None:
    """The portal itself notes what became of a mail; the consortium may as well."""
    if actor.role is not Role.SYSTEM and not is_keeper(actor):
        raise Refused(f"{actor.name} may not note what became of a mail")


def providers_of(actor: Actor) -> QuerySet[Provider]:
    """The providers an actor may see: the consortium all, a provider itself, anybody else none."""
    if actor.role in SEES_ALL:
        return Provider.objects.all()
    if actor.role is Role.PROVIDER:
        return Provider.objects.filter(id=actor.provider)
    return Provider.objects.none()


def contacts_of(actor: Actor) -> QuerySet[Contact]:
    """The contacts an actor may see, by the same rule."""
    return Contact.objects.filter(provider__in=providers_of(actor))


def claims_of(actor: Actor) -> QuerySet[IdentityClaim]:
    """The claims an actor may see: the consortium all, a provider those it made itself."""
    if actor.role is Role.PROVIDER:
        return IdentityClaim.objects.filter(provider=actor.provider, source="self")
    return _all_or_none(actor, IdentityClaim.objects.all())


def decisions_of(actor: Actor) -> QuerySet[NumberDecision]:
    """What people decided about numbers, for the consortium."""
    return _all_or_none(actor, NumberDecision.objects.select_related("provider", "instead_of"))


def open_numbers_of(actor: Actor) -> QuerySet[OpenNumber]:
    """The numbers that wait for a person, for the consortium."""
    return _all_or_none(actor, OpenNumber.objects.select_related("decision__provider"))


def files_of(actor: Actor) -> QuerySet[ImportedFile]:
    """The files taken over, for the consortium; without their bytes."""
    return _all_or_none(actor, ImportedFile.objects.defer("content"))


def snapshots_of(actor: Actor) -> QuerySet[RegistrySnapshot]:
    """The exports of the public registry that were taken over, for the consortium."""
    return _all_or_none(actor, RegistrySnapshot.objects.select_related("file"))


def links_of(actor: Actor) -> QuerySet[ProviderLink]:
    """How providers hang together, for the consortium."""
    return _all_or_none(actor, ProviderLink.objects.select_related("provider", "other"))


def pairs_of(actor: Actor) -> QuerySet[LikelyPair]:
    """Which look alike, for the consortium."""
    return _all_or_none(actor, LikelyPair.objects.all())


def provisional_of(actor: Actor) -> QuerySet[ProvisionalProvider]:
    """The providers that answers named and nobody knew: the consortium all, a provider those it named."""
    rows = ProvisionalProvider.objects.select_related("provider")
    if actor.role is Role.PROVIDER and actor.provider:
        return rows.filter(claimed_by=actor.provider)
    return _all_or_none(actor, rows)


def _all_or_none(actor: Actor, rows: QuerySet[Rows]) -> QuerySet[Rows]:
    return rows if actor.role in SEES_ALL else rows.none()


def _is_own_administrator(actor: Actor, subject: Any) -> bool:
    provider = subject.provider_id if isinstance(subject, Contact) else getattr(subject, "pk", None)
    is_administrator = actor.role is Role.PROVIDER and actor.administers and actor.scopes is None
    return is_administrator and provider is not None and provider == actor.provider
