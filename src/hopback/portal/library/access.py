"""Who may see, write and read what of the library.

The consortium's people see everything; anybody else what is published for their organisation or its kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from hopback.kernel.errors import NotFound, Refused
from hopback.portal.accounts.models import Kind, Membership, Organisation, User
from hopback.portal.audit.actors import READERS, STAFF, SYSTEM, Actor, Role
from hopback.portal.library.models import Audience, Edition, EditionFile, Item, ItemState, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

__all__ = [
    "address_of",
    "edition_of",
    "editions_of",
    "file_of",
    "item_of",
    "items_of",
    "may_read",
    "may_write",
    "members_in",
    "names_of",
    "organisations_in",
    "read_items_of",
    "receipt_of",
    "receipts_by_organisation",
    "unread_items_of",
]

KINDS: Final = {Role.PROVIDER: Kind.PROVIDER, Role.AGENCY: Kind.AGENCY, Role.SOURCE: Kind.SOURCE}
"""What kind of organisation somebody acts for, by their role."""


def may_write(actor: Actor, _subject: Any, /) -> None:
    """The library is written by the consortium's people."""
    if actor.role not in STAFF:
        raise Refused(f"{actor.name} may not write in the library")


def may_read(actor: Actor, item: Any, /) -> None:
    """A person says for themselves that they have read what is published for them; a program cannot read."""
    is_person = actor.scopes is None and actor.name.startswith("user:")
    if not is_person or not items_of(actor).filter(pk=item.pk, state=ItemState.PUBLISHED).exists():
        raise Refused("only who it is published for can say that they have read it")


def items_of(actor: Actor) -> QuerySet[Item]:
    """The items an actor may see."""
    if actor.role in READERS or actor == SYSTEM:
        return Item.objects.all()
    if actor.role not in KINDS or not actor.organisation or actor.scopes is not None:
        return Item.objects.none()
    meant = Audience.objects.filter(item=OuterRef("pk")).filter(
        Q(kind=KINDS[actor.role]) | Q(organisation=actor.organisation)
    )
    return Item.objects.filter(Exists(meant), state=ItemState.PUBLISHED)


def _has_read(actor: Actor) -> Exists:
    return Exists(Receipt.objects.filter(item=OuterRef("pk"), reader=actor.name, edition__gte=OuterRef("read_from")))


def unread_items_of(actor: Actor) -> QuerySet[Item]:
    """What is published for an actor and waits to be read."""
    return items_of(actor).filter(~_has_read(actor), state=ItemState.PUBLISHED)


def read_items_of(actor: Actor) -> QuerySet[Item]:
    """What is published for an actor and has been read."""
    return items_of(actor).filter(_has_read(actor), state=ItemState.PUBLISHED)


def item_of(actor: Actor, uid: str) -> Item:
    """One item, if the actor may see it; otherwise :class:`NotFound`, as if it did not exist."""
    found = items_of(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound("there is no such item")
    return found


def editions_of(actor: Actor, item: Item) -> QuerySet[Edition]:
    """The editions of an item the actor may see, the newest first."""
    return Edition.objects.filter(item=item, item__in=items_of(actor)).order_by("-number")


def edition_of(actor: Actor, item: Item, number: int) -> Edition:
    """One edition with its files."""
    found = editions_of(actor, item).prefetch_related("files").filter(number=number).first()
    if found is None:
        raise NotFound("there is no such edition")
    return found


def file_of(actor: Actor, uid: str, edition: int, number: int) -> EditionFile:
    """One file of an edition of an item the actor may see."""
    rows = EditionFile.objects.select_related("file").filter(edition__item__in=items_of(actor))
    found = rows.filter(edition__item__uid=uid, edition__number=edition, number=number).first()
    if found is None:
        raise NotFound("there is no such file")
    return found


def receipt_of(actor: Actor, item: Item) -> Receipt | None:
    """The actor's own receipt for an item as it stands."""
    own = Receipt.objects.filter(item=item, reader=actor.name, edition__gte=item.read_from)
    return own.order_by("-edition").first()


def organisations_in(actor: Actor, item: Item) -> QuerySet[Organisation]:
    """The organisations an item is for: shown to the consortium only, for a provider never learns who takes part."""
    if actor.role not in READERS and actor != SYSTEM:
        return Organisation.objects.none()
    meant = Audience.objects.filter(item=item)
    kinds = meant.filter(organisation__isnull=True).values("kind")
    return Organisation.objects.filter(Q(kind__in=kinds) | Q(pk__in=meant.values("organisation")))


def receipts_by_organisation(actor: Actor, item: Item, organisations: Sequence[str]) -> dict[str, list[Receipt]]:
    """Who of these organisations has read an item as it stands; for the consortium."""
    found: dict[str, list[Receipt]] = {organisation: [] for organisation in organisations}
    if actor.role not in READERS:
        return found
    rows = Receipt.objects.filter(item=item, organisation__in=organisations, edition__gte=item.read_from)
    for row in rows.order_by("pk"):
        found[row.organisation].append(row)
    return found


def names_of(readers: Sequence[str]) -> dict[str, str]:
    """The names of people, by what the log calls them."""
    numbers = [int(reader.removeprefix("user:")) for reader in readers if reader.startswith("user:")]
    return {user.audit_name: user.name or user.email for user in User.objects.filter(pk__in=numbers)}


def members_in(actor: Actor, item: Item, *, after: int, at: datetime) -> QuerySet[Membership]:
    """Whom to write to of an item, in the order of their memberships: one row a person, those in force."""
    rows = Membership.objects.select_related("user", "organisation").filter(
        organisation__in=organisations_in(actor, item), since__lte=at, user__is_active=True, pk__gt=after
    )
    return rows.filter(Q(ended__isnull=True) | Q(ended__gt=at)).order_by("pk")


def address_of(_actor: Actor, uid: str) -> str:
    """Where an item is shown."""
    return reverse("library:item", args=[uid])
