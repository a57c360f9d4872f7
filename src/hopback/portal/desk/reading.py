"""What is asked of a provider and what it said, as it may see it: each through the gate."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, F, Q
from pydantic import ValidationError

from hopback.kernel.clocks import office_zone
from hopback.kernel.disclosure import ProviderView, disclose, own_hops
from hopback.kernel.errors import NotFound
from hopback.kernel.hops import WORKING, HopState
from hopback.portal.desk import access
from hopback.portal.desk.upstreams import names_of
from hopback.portal.tracebacks.access import viewer_of
from hopback.portal.tracebacks.docket import load_all
from hopback.wire.hops import HopDetails

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from django.db.models import QuerySet

    from hopback.kernel.answers import AnswerKind
    from hopback.kernel.disclosure import OwnAnswer, OwnHop
    from hopback.portal.audit.actors import Actor
    from hopback.portal.desk.models import Attachment, Line
    from hopback.portal.tracebacks.models import Hop

__all__ = [
    "ORDERS",
    "Asked",
    "Bucket",
    "Month",
    "Said",
    "asked",
    "counts_of",
    "months_of",
    "months_until",
    "one_asked",
    "rows_in",
    "uncollected",
]

WHOLE: Final = 10
"""Digits from which a number is looked up whole, by its index."""

AT_WORK: Final = Q(traceback__state__in=[state.value for state in WORKING])


class Bucket(StrEnum):
    """The parts of a provider's home."""

    WAITING = "waiting"
    LATE = "late"
    NEEDS_MORE = "needs_more"
    ANSWERED = "answered"


_STATES: Final = {
    Bucket.WAITING: (HopState.SENT, HopState.DELIVERED, HopState.ACKNOWLEDGED),
    Bucket.LATE: (HopState.OVERDUE, HopState.DELINQUENT, HopState.NON_RESPONSIVE),
    Bucket.NEEDS_MORE: (HopState.NEEDS_INFO,),
    Bucket.ANSWERED: (
        HopState.ANSWERED,
        HopState.LATE_ANSWERED,
        HopState.ACCEPTED,
        HopState.REDIRECTED,
        HopState.DISPUTED,
    ),
}

ORDERS: Final = {
    Bucket.WAITING: ("respond_by", "pk"),
    Bucket.LATE: ("respond_by", "pk"),
    Bucket.NEEDS_MORE: ("respond_by", "pk"),
    Bucket.ANSWERED: ("-answered_at", "-pk"),
}
"""Due soonest first; what is answered, latest first."""


@dataclass(frozen=True, slots=True)
class Said:
    """A version of what the provider said, with what it added of its own accord."""

    own: OwnAnswer
    details: HopDetails
    upstream: str
    attachments: tuple[Attachment, ...] = ()

    @property
    def kind(self) -> AnswerKind:
        """What was said."""
        return self.own.answer.kind


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as its provider may see it. ``zone`` is that of the office asked."""

    request_id: str
    own: OwnHop
    campaign: str | None
    violations: tuple[str, ...]
    downstream: str | None
    zone: str
    said: tuple[Said, ...] = ()
    lines: tuple[Line, ...] = field(default=())

    @property
    def latest(self) -> Said | None:
        """What was said last."""
        return self.said[-1] if self.said else None

    @property
    def is_owed(self) -> bool:
        """Whether an answer is owed: none was given that could stand."""
        return self.own.can_answer and self.own.state.value != "answered"


def rows_in(actor: Actor, bucket: Bucket, *, campaign: str = "", number: str = "") -> QuerySet[Hop]:
    """The requests in one part of the provider's home, not in order. ``number`` is digits of either number."""
    rows = access.own_hops(actor).filter(state__in=[state.value for state in _STATES[bucket]])
    if bucket is not Bucket.ANSWERED:
        rows = rows.filter(AT_WORK, respond_by__isnull=False)
    if campaign:
        rows = rows.filter(traceback__campaign=campaign)
    if len(number) >= WHOLE:
        spelled = {f"+{number}", f"+1{number}"}
        rows = rows.filter(Q(traceback__called__in=spelled) | Q(traceback__calling__in=spelled))
    elif number:
        rows = rows.filter(Q(traceback__called__endswith=number) | Q(traceback__calling__endswith=number))
    return rows


def uncollected(actor: Actor, *, limit: int = 200) -> list[Hop]:
    """The requests whose receipt nothing proves yet."""
    rows = access.own_hops(actor).filter(AT_WORK, state=HopState.SENT.value, received_at__isnull=True)
    return list(rows.select_related("traceback").order_by("sent_at", "pk")[:limit])


def counts_of(actor: Actor) -> dict[Bucket, int]:
    """How many there are in each part that asks something of the provider."""
    rows = access.own_hops(actor).filter(AT_WORK)
    asking = (Bucket.WAITING, Bucket.LATE, Bucket.NEEDS_MORE)
    states = {state.value: bucket for bucket in asking for state in _STATES[bucket]}
    counts = dict.fromkeys(asking, 0)
    for state, count in rows.filter(state__in=states).order_by().values_list("state").annotate(Count("pk")):
        counts[states[state]] += count
    return counts


def asked(actor: Actor, rows: Iterable[Hop]) -> list[Asked]:
    """Requests as their provider may see them, in the order given: two readings for all of them, and the names."""
    listed = list(rows)
    dockets = load_all({row.traceback_id for row in listed})
    found: list[tuple[Hop, ProviderView, OwnHop]] = []
    for row in listed:
        trace = dockets[row.traceback_id].now
        view = disclose(trace, to=viewer_of(actor))
        places = [hop.number for hop in own_hops(trace, provider=row.provider_id)]
        if isinstance(view, ProviderView) and row.provider_id == actor.provider and row.number in places:
            found.append((row, view, view.hops[places.index(row.number)]))
    ids = {own.downstream or "" for _, _, own in found}
    ids |= {one.answer.upstream or "" for _, _, own in found for one in own.answers}
    names = names_of(ids)
    zone = access.office_of(actor).time_zone if any(own.office_zone is None for _, _, own in found) else ""
    return [
        Asked(
            request_id=row.request_id,
            own=own,
            campaign=view.campaign,
            violations=view.violations,
            downstream=None if own.downstream is None else names.get(own.downstream, own.downstream),
            zone=own.office_zone or zone,
            said=tuple(_said(one, HopDetails(), names) for one in own.answers),
        )
        for row, view, own in found
    ]


def one_asked(actor: Actor, row: Hop, *, with_lines: bool = True) -> Asked:
    """One request with everything its provider said, and the conversation about it."""
    found = asked(actor, [row])
    if not found:
        raise NotFound(f"there is no request {row.request_id}")
    (only,) = found
    bodies = {one.version: one.body for one in access.responses_of(actor, row)}
    files = {one.sha256: one for one in access.attachments_of(actor, row)} if bodies else {}
    said = []
    for one in only.said:
        details = _details(bodies.get(one.own.version, {}))
        attached = tuple(files[digest] for digest in details.attachments if digest in files)
        said.append(Said(one.own, details, details.upstream_name or one.upstream, attached))
    lines = tuple(access.lines_of(actor, row)) if with_lines else ()
    return Asked(
        only.request_id, only.own, only.campaign, only.violations, only.downstream, only.zone, tuple(said), lines
    )


def _said(own: OwnAnswer, details: HopDetails, names: dict[str, str]) -> Said:
    upstream = own.answer.upstream or ""
    return Said(own, details, own.answer.upstream_name or names.get(upstream, upstream))


def _details(body: dict[str, Any]) -> HopDetails:
    try:
        return HopDetails.model_validate(body.get("details") or {})
    except ValidationError:  # a body of a later version: what it adds is not shown here
        return HopDetails()


# History


@dataclass(frozen=True, slots=True)
class Month:
    """A provider's own figures for the requests that reached it in one month of its office's calendar.

    ``median_hours`` are hours of the clock, None where nothing was answered; an answer after the deadline counts as
    the whole clock and the time after it.
    """

    first: datetime
    asked: int
    answered: int
    late: int
    open: int
    terminating: int
    transit: int
    origin: int
    median_hours: float | None

    @property
    def late_share(self) -> float | None:
        """The share of answers that came late."""
        return self.late / self.answered if self.answered else None


MONTHS: Final = 12
MEASURED: Final = 1500


def months_of(actor: Actor, *, at: datetime) -> list[Month]:
    """The last twelve months, the latest first; those in which nothing was asked are left out.

    Each is counted for itself, by an index: a database's own way to find the month of an instant is far slower.
    """
    zone = office_zone(access.office_of(actor).time_zone)
    is_answered = Q(answered_at__isnull=False)
    is_open = Q(state__in=[s.value for b in (Bucket.WAITING, Bucket.LATE, Bucket.NEEDS_MORE) for s in _STATES[b]])
    figures = {
        "asked": Count("pk"),
        "answered": Count("pk", filter=is_answered),
        "late": Count("pk", filter=is_answered & Q(answered_at__gt=F("respond_by"))),
        "open": Count("pk", filter=is_open),
        "terminating": Count("pk", filter=is_answered & Q(number=1)),
        "origin": Count("pk", filter=is_answered & ~Q(customer="")),
        "transit": Count("pk", filter=is_answered & Q(number__gt=1) & ~Q(upstream="")),
    }
    hours = _hours_by_month(actor, zone=zone)
    months = []
    for first, following in _last_months(at, zone=zone):
        rows = access.own_hops(actor).filter(received_at__gte=first, received_at__lt=following)
        counted = rows.order_by().aggregate(**figures)
        if counted["asked"]:
            taken = hours.get((first.year, first.month))
            months.append(Month(first=first, median_hours=statistics.median(taken) if taken else None, **counted))
    return months


def months_until(at: datetime, *, zone: str) -> list[tuple[datetime, datetime]]:
    """The last twelve months at an office, each from its first instant to that of the next, the latest first."""
    return list(_last_months(at, zone=office_zone(zone)))


def _last_months(at: datetime, *, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The first instants of a month and of the one after it, at the office, the latest month first."""
    local = at.astimezone(zone)
    year, month = local.year, local.month
    for _ in range(MONTHS):
        after = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 -- December
        yield datetime(year, month, 1, tzinfo=zone), datetime(*after, 1, tzinfo=zone)
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)


def _hours_by_month(actor: Actor, *, zone: ZoneInfo) -> dict[tuple[int, int], list[float]]:
    """The hours of the clock that the latest answers took, by the month their requests were received in."""
    rows = access.own_hops(actor).filter(answered_at__isnull=False, respond_by__isnull=False)
    rows = rows.order_by("-answered_at", "-pk")
    hours: dict[tuple[int, int], list[float]] = {}
    columns = ("received_at", "answered_at", "respond_by", "working")
    for received, answered, due, working in rows.values_list(*columns)[:MEASURED]:
        local = received.astimezone(zone)
        taken = clock_hours(received, answered, due=due, working=working)
        hours.setdefault((local.year, local.month), []).append(taken)
    return hours


def clock_hours(received: datetime, answered: datetime, *, due: datetime, working: Sequence[dict[str, Any]]) -> float:
    """How many hours of the clock an answer took; after the deadline every hour counts."""
    running = timedelta()
    for part in working:
        start, end = datetime.fromisoformat(part["start"]), datetime.fromisoformat(part["end"])
        if part["runs"]:
            running += max(timedelta(), min(end, answered) - max(start, received))
    late = max(timedelta(), answered - due)
    return (running + late).total_seconds() / 3600


def past_answers(actor: Actor, *, since: datetime, until: datetime) -> Iterator[Asked]:
    """What was received between two instants, oldest first, read in parts."""
    rows = access.own_hops(actor).filter(received_at__gte=since.astimezone(UTC), received_at__lt=until.astimezone(UTC))
    after, last = since, 0
    while True:
        beyond = Q(received_at__gt=after) | Q(received_at=after, pk__gt=last)
        part = list(rows.filter(beyond).order_by("received_at", "pk")[:200])
        if not part:
            return
        yield from asked(actor, part)
        after, last = part[-1].received_at or after, part[-1].pk
