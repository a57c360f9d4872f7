"""Who may see and change the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopback.kernel.errors import Refused
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.directory.models import Provider

if TYPE_CHECKING:
    from django.db.models import QuerySet

__all__ = ["may_change", "providers_of"]

STAFF = frozenset({Role.LEAD, Role.ANALYST, Role.EXERCISE_ANALYST, Role.SYSTEM})


def may_change(actor: Actor, _subject: Any, /) -> None:
    """The consortium keeps the directory."""
    if actor.role not in STAFF:
        raise Refused(f"{actor.name} may not change the directory", mend="ask the consortium")


def providers_of(actor: Actor) -> QuerySet[Provider]:
    """The providers an actor may see: staff all, a provider itself, anybody else none."""
    if actor.role in STAFF:
        return Provider.objects.all()
    if actor.role is Role.PROVIDER:
        return Provider.objects.filter(id=actor.provider)
    return Provider.objects.none()
