"""Who may see and change what the consortium's people keep for their own work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from hopback.kernel.errors import NotFound, Refused
from hopback.portal.accounts.models import Part, User
from hopback.portal.audit.actors import READERS, STAFF
from hopback.portal.web.models import SavedFilter

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from hopback.portal.audit.actors import Actor

__all__ = [
    "colleagues_of",
    "filter_of",
    "filters_of",
    "may_keep_filters",
    "may_read",
    "may_work",
    "number_of",
    "person_of",
]

PERSON = "user:"


def number_of(actor: Actor) -> int | None:
    """The key of the person that acts; None for a program."""
    number = actor.name.removeprefix(PERSON)
    return int(number) if actor.name.startswith(PERSON) and number.isdigit() else None


def person_of(actor: Actor) -> User | None:
    """The person that acts; None for a program."""
    number = number_of(actor)
    return None if number is None else User.objects.filter(pk=number).first()


def colleagues_of(actor: Actor) -> QuerySet[User]:
    """The people of the consortium who take tracebacks on, by name: for whoever sees what it sees."""
    if actor.role not in READERS:
        return User.objects.none()
    taking = Q(memberships__part__in=(Part.LEAD, Part.ANALYST), memberships__ended__isnull=True)
    return User.objects.filter(taking, is_active=True).distinct().order_by("name", "pk")


def filters_of(actor: Actor) -> QuerySet[SavedFilter]:
    """The filters somebody may use: their own and those shared, by name."""
    if actor.role not in READERS:
        return SavedFilter.objects.none()
    rows = SavedFilter.objects.select_related("owner").order_by("name", "pk")
    return rows.filter(Q(is_shared=True) | Q(owner=number_of(actor)))


def filter_of(actor: Actor, pk: int) -> SavedFilter:
    """One filter somebody may use, or :class:`NotFound`."""
    found = filters_of(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound("there is no such filter")
    return found


def may_read(actor: Actor, _subject: Any, /) -> None:
    """What the consortium sees, for whoever sees it: its people, its auditors too."""
    if actor.role not in READERS:
        raise Refused(f"{actor.name} may not see what the consortium sees")


def may_work(actor: Actor, _subject: Any, /) -> None:
    """What the consortium does, its analysts do."""
    if actor.role not in STAFF:
        raise Refused(f"{actor.name} may not do what analysts do", mend="ask an analyst of the consortium")


def may_keep_filters(actor: Actor, subject: Any, /) -> None:
    """Everybody of the consortium keeps filters of their own, and changes nobody else's."""
    may_read(actor, subject)
    person = number_of(actor)
    if person is None or (isinstance(subject, SavedFilter) and subject.owner_id != person):
        raise Refused("a filter is changed by whoever keeps it", mend="keep one of your own")
