"""What is waiting on whom: reads only, few queries, no events folded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Count, Q
from django.urls import reverse

from hopback.kernel.hops import WORKING
from hopback.portal.directory.access import open_numbers_of, provisional_of
from hopback.portal.directory.models import OpenState, ProvisionalState
from hopback.portal.intake.access import samples_of
from hopback.portal.intake.models import WAITING
from hopback.portal.messages.access import inbox_of
from hopback.portal.referrals.access import requests_of
from hopback.portal.referrals.models import RequestState
from hopback.portal.tracebacks.access import hops_of, tracebacks_of
from hopback.portal.tracebacks.models import Priority, Turn
from hopback.portal.web.access import filters_of, number_of
from hopback.portal.web.filters import provider_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from hopback.portal.audit.actors import Actor
    from hopback.portal.tracebacks.models import Traceback
    from hopback.portal.web.models import SavedFilter

__all__ = ["SHOWN", "SOON", "Desk", "Home", "Queue", "home_of", "named"]

SOON: Final = timedelta(hours=4)
"""An answer that is due within this is due soon."""

WEEK: Final = timedelta(days=7)
YESTERDAY: Final = timedelta(days=1)
SHOWN: Final = 5
"""How many of a queue the first page shows."""

OPEN_STATES: Final = [state.value for state in WORKING]
BEFORE: Final = ["candidate", "vetted"]


@dataclass(slots=True)
class Queue:
    """A part of what waits: how many, the first few, and where all of them are (``query`` of the list)."""

    key: str
    count: int
    query: str
    rows: list[Traceback] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Desk:
    """What waits on another page: how many, and where."""

    key: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Home:
    """The consortium's first page."""

    queues: tuple[Queue, ...]
    counts: dict[str, int]
    desks: tuple[Desk, ...]
    changed: dict[str, int]
    names: dict[str, str]
    filters: list[SavedFilter]


def home_of(actor: Actor, *, at: datetime) -> Home:
    """What is waiting, on whom, and what changed within a day."""
    rows = tracebacks_of(actor).select_related("owner")
    waiting = rows.filter(waiting_since__isnull=False)
    mine = Queue("mine", 0, "owner=me&sort=waiting")
    person = Queue("person", 0, "sort=waiting&waiting=person")
    urgent = Queue("urgent", 0, "priority=urgent&sort=waiting")
    late = Queue("late", 0, "late=now&sort=due&waiting=provider")
    sets = {
        "mine": waiting.filter(owner=number_of(actor), turn__in=Turn.values),
        "person": waiting.filter(turn=Turn.CONSORTIUM).exclude(state__in=BEFORE),
        "urgent": waiting.filter(priority=Priority.URGENT, turn__in=Turn.values),
        "late": rows.filter(turn=Turn.PROVIDER, is_overdue=True, next_due__isnull=False),
    }
    for queue in (mine, person, urgent, late):
        _fill(queue, sets[queue.key], order="next_due" if queue.key == "late" else "waiting_since")
    counts = _counts(actor, rows, at=at)
    queues = (mine, person, urgent, late)
    return Home(
        queues=queues,
        counts=counts,
        desks=_desks(actor, at=at),
        changed=_changed(actor, rows, since=at - YESTERDAY),
        names=named(actor, [row for queue in queues for row in queue.rows]),
        filters=list(filters_of(actor)[:20]),
    )


def named(actor: Actor, rows: Sequence[Traceback]) -> dict[str, str]:
    """The names of the providers that some rows speak of, by id."""
    return provider_names(actor, (one for row in rows for one in (row.waiting_on, row.origin_provider)))


def _fill(queue: Queue, rows: QuerySet[Traceback], *, order: str) -> None:
    queue.count = rows.count()
    if queue.count:
        queue.rows = list(rows.order_by(order, "id")[:SHOWN])


def _counts(actor: Actor, rows: QuerySet[Traceback], *, at: datetime) -> dict[str, int]:
    is_due = Q(next_due__isnull=False, is_overdue=False)
    asked = rows.filter(turn=Turn.PROVIDER)
    owed = asked.aggregate(
        waiting=Count("pk"),
        soon=Count("pk", filter=is_due & Q(next_due__lte=at + SOON)),
        late=Count("pk", filter=Q(is_overdue=True)),
    )
    ours = rows.filter(turn=Turn.CONSORTIUM)
    judged = ours.aggregate(
        to_judge=Count("pk", filter=Q(state__in=OPEN_STATES) & ~Q(state="stalled")),
        stalled=Count("pk", filter=Q(state="stalled")),
        to_close=Count("pk", filter=Q(state="concluded")),
    )
    delinquent = hops_of(actor).filter(state="delinquent", traceback__state__in=OPEN_STATES)
    before = rows.filter(state__in=BEFORE).values("state").annotate(count=Count("pk")).order_by()
    told = {row["state"]: row["count"] for row in before}
    return {
        **owed,
        **judged,
        "delinquent": delinquent.count(),
        "candidates": told.get("candidate", 0),
        "vetted": told.get("vetted", 0),
    }


def _desks(actor: Actor, *, at: datetime) -> tuple[Desk, ...]:
    samples = samples_of(actor).select_related(None).filter(stage__in=WAITING)
    waits = samples.aggregate(all=Count("pk"), urgent=Count("pk", filter=Q(rank=0)))
    asked = requests_of(actor).filter(state=RequestState.FILED)
    due = asked.filter(due_on__lte=(at + WEEK).date())
    intake = reverse("intake:list")
    return (
        Desk("samples", waits["all"], f"{intake}?stage=waiting"),
        Desk("urgent_samples", waits["urgent"], f"{intake}?stage=waiting&urgent=on"),
        Desk("agencies", asked.count(), reverse("referrals:list")),
        Desk("agencies_due", due.count(), reverse("referrals:list")),
        Desk(
            "provisional",
            provisional_of(actor).filter(state=ProvisionalState.WAITING).count(),
            reverse("directory:provisional_list"),
        ),
        Desk("numbers", open_numbers_of(actor).filter(state=OpenState.WAITING).count(), reverse("directory:numbers")),
        Desk(
            "mail",
            inbox_of(actor).filter(handled_at__isnull=True, is_placed=False).count(),
            reverse("messages:inbox"),
        ),
    )


def _changed(actor: Actor, rows: QuerySet[Traceback], *, since: datetime) -> dict[str, int]:
    fresh = rows.filter(updated_at__gte=since)
    changed: dict[str, int] = fresh.aggregate(
        moved=Count("pk"),
        proposed=Count("pk", filter=Q(proposed_at__gte=since)),
        opened=Count("pk", filter=Q(opened_at__gte=since)),
        concluded=Count("pk", filter=Q(concluded_at__gte=since)),
    )
    answered = hops_of(actor).filter(answered_at__gte=since, traceback__in=fresh)
    return {**changed, "answered": answered.count()}
