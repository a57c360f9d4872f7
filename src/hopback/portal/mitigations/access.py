"""Who may see and record what was done: a provider its own, the consortium all, anybody else none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from hopback.kernel.errors import NotFound, Refused
from hopback.portal.audit.actors import READERS, STAFF, Actor, Role
from hopback.portal.mitigations.models import Action
from hopback.portal.tracebacks.access import may_answer
from hopback.portal.tracebacks.models import Hop

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

__all__ = ["action_of", "actions_of", "earlier_requests", "may_record", "may_verify", "with_returns"]


def may_record(actor: Actor, subject: Any, /) -> None:
    """A provider says what it did about its own requests; the consortium may write down what it said."""
    may_answer(actor, subject)


def may_verify(actor: Actor, _subject: Any, /) -> None:
    """The consortium's people."""
    if actor.role not in STAFF:
        raise Refused(f"{actor.name} may not verify what a provider did")


def actions_of(actor: Actor) -> QuerySet[Action]:
    """The actions that stand which an actor may see: those recorded anew are not shown any more."""
    rows = Action.objects.filter(replaced_by__isnull=True).select_related("hop", "provider", "verification")
    if actor.role in READERS:
        return rows.filter(hop__traceback__jurisdiction__in=actor.jurisdictions)
    if actor.role is Role.PROVIDER and actor.provider:
        return rows.filter(provider=actor.provider)
    return rows.none()


def action_of(actor: Actor, pk: int) -> Action:
    """One action, replaced or not; :class:`NotFound` if the actor may not see it, as if there were none."""
    rows = Action.objects.select_related("hop", "provider", "verification", "replaces")
    if actor.role in READERS:
        rows = rows.filter(hop__traceback__jurisdiction__in=actor.jurisdictions)
    elif actor.role is Role.PROVIDER and actor.provider:
        rows = rows.filter(provider=actor.provider)
    else:
        rows = rows.none()
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound(f"there is no action {pk}")
    return row


def with_returns(rows: QuerySet[Action]) -> QuerySet[Action]:
    """``returns``: how many requests to the same provider came to the same customer or upstream after the action."""
    return rows.annotate(returns=Coalesce(_later("customer"), _later("upstream"), 0))


def _later(named: str) -> Combinable:
    """How many later requests name the same; NULL where the action has no such target."""
    same = Hop.objects.filter(
        **{named: OuterRef(named)}, provider=OuterRef("provider"), sent_at__gt=OuterRef("effective_at")
    ).exclude(**{named: ""})
    counted = same.exclude(pk=OuterRef("hop")).order_by().values("provider").annotate(n=Count("pk")).values("n")
    return Subquery(counted, output_field=IntegerField())


def earlier_requests(hop: Hop) -> int:
    """How many requests to this provider before this one came to whom its answer names."""
    if hop.sent_at is None or not (hop.customer or hop.upstream):
        return 0
    same = Q(customer=hop.customer) if hop.customer else Q(upstream=hop.upstream)
    return Hop.objects.filter(same, provider=hop.provider_id, sent_at__lt=hop.sent_at).count()
