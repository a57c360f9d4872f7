"""Who has how much to do: per person of the consortium, from rows and leaves, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hopback.portal.audit.access import deeds_since
from hopback.portal.tracebacks.access import tracebacks_of
from hopback.portal.tracebacks.models import Priority, Turn
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
    rows = tracebacks_of(actor).filter(turn__in=Turn.values)
    shares: dict[int | None, list[tuple[str, str, bool, datetime | None]]] = {}
    # told apart here: what waits is little, and grouped by the database it reads everything there ever was
    columns = rows.values_list("owner", "turn", "priority", "is_overdue", "waiting_since")
    for owner, turn, priority, is_overdue, since in columns:
        shares.setdefault(owner, []).append((turn, priority, is_overdue, since))
    colleagues = list(colleagues_of(actor))
    deeds = deeds_since(actor, at - WEEK, names=DECISIONS, by=[user.audit_name for user in colleagues])
    people: list[User | None] = [*colleagues, None]
    loads = []
    for user in people:
        key = user.pk if user is not None else None
        share = shares.get(key, [])
        ages = sorted((at - since).total_seconds() for *_, since in share if since is not None)
        loads.append(
            Load(
                user=user,
                waiting=len(share),
                ours=sum(turn == Turn.CONSORTIUM for turn, *_ in share),
                urgent=sum(priority == Priority.URGENT for _, priority, *_ in share),
                late=sum(is_late for _, _, is_late, _ in share),
                decided=deeds.get(user.audit_name, 0) if user is not None else 0,
                median_s=ages[len(ages) // 2] if ages else None,
            )
        )
    return sorted(loads, key=lambda load: (load.user is None, -load.waiting))
