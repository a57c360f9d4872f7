"""Who has how much to do: per person of the consortium, from rows and leaves, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Q

from hopback.portal.audit.access import deeds_since
from hopback.portal.tracebacks.access import tracebacks_of
from hopback.portal.web.access import colleagues_of

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor

__all__ = ["Load", "loads_of"]

WEEK: Final = timedelta(days=7)
DECISIONS: Final = (
    "traceback.vetted",
    "traceback.declined",
    "traceback.opened",
    "traceback.concluded",
    "traceback.closed",
    "traceback.reopened",
    "hop.accepted",
    "hop.returned",
    "hop.found",
    "hop.dispute_resolved",
    "hop.upstream_named",
    "sample.vetted",
    "sample.declined",
    "sample.opened",
)
"""What counts as decided."""


@dataclass(frozen=True, slots=True)
class Load:
    """One person's share: tracebacks owned that still wait, those that wait for a person, decisions of a week."""

    user: User | None
    waiting: int
    ours: int
    urgent: int
    late: int
    decided: int
    median_s: float | None


def loads_of(actor: Actor, *, at: datetime) -> list[Load]:
    """Everybody's share, whoever has most first; the last line is what nobody has."""
    rows = tracebacks_of(actor).exclude(turn="")
    counted = (
        rows.values("owner")
        .order_by()
        .annotate(
            waiting=Count("pk"),
            ours=Count("pk", filter=Q(turn="consortium")),
            urgent=Count("pk", filter=Q(priority="urgent")),
            late=Count("pk", filter=Q(is_overdue=True)),
        )
    )
    by_owner: dict[int | None, Any] = {row["owner"]: row for row in counted}
    since: dict[int | None, list[float]] = {}
    for owner, start in rows.filter(waiting_since__isnull=False).values_list("owner", "waiting_since"):
        if start is not None:
            since.setdefault(owner, []).append((at - start).total_seconds())
    colleagues = list(colleagues_of(actor))
    deeds = deeds_since(actor, at - WEEK, names=DECISIONS, by=[user.audit_name for user in colleagues])
    people: list[User | None] = [*colleagues, None]
    loads = []
    for user in people:
        key = user.pk if user is not None else None
        row = by_owner.get(key, {})
        ages = sorted(since.get(key, []))
        loads.append(
            Load(
                user=user,
                waiting=row.get("waiting", 0),
                ours=row.get("ours", 0),
                urgent=row.get("urgent", 0),
                late=row.get("late", 0),
                decided=deeds.get(user.audit_name, 0) if user is not None else 0,
                median_s=ages[len(ages) // 2] if ages else None,
            )
        )
    return sorted(loads, key=lambda load: (load.user is None, -load.waiting))
