"""What providers owe: by provider, since when, until when, how likely late, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Q

from hopback.kernel.clocks import Segment, running_time
from hopback.kernel.hops import WORKING
from hopback.kernel.plain import from_plain
from hopback.portal.directory.access import contacts_of, providers_of
from hopback.portal.jobs.owing import due_steps
from hopback.portal.tracebacks.access import hops_of
from hopback.portal.tracebacks.docket import clock_key
from hopback.portal.tracebacks.policies import STANDARD, ladder_of
from hopback.portal.tracebacks.projections import UNANSWERED
from hopback.portal.web.risk import Risk, estimate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Provider
    from hopback.portal.tracebacks.models import Hop

__all__ = ["Owing", "OwingProvider", "Record", "owed_by", "owing", "waiting_hops"]

LOOKED_BACK: Final = timedelta(days=365)
"""How far back a provider's answers count for the risk."""

FEW: Final = 5
"""How many of a provider's requests the overview shows."""

MOST: Final = 400
HOME: Final = STANDARD.home


@dataclass(frozen=True, slots=True)
class Record:
    """How many requests a provider was sent, and how many of them were answered late or not at all."""

    asked: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Owing:
    """One request that waits: the row, how likely it comes late, and what its clock brings next, and when."""

    hop: Hop
    risk: Risk
    next_words: str
    next_at: datetime | None


@dataclass(slots=True)
class OwingProvider:
    """A provider that owes answers."""

    id: str
    count: int
    late: int
    first_due: datetime | None
    provider: Provider | None = None
    is_reachable: bool = True
    requests: list[Owing] = field(default_factory=list)


def waiting_hops(actor: Actor) -> QuerySet[Hop]:
    """The hops at which a provider owes an answer."""
    return hops_of(actor).filter(
        state__in=[state.value for state in UNANSWERED],
        traceback__state__in=[state.value for state in WORKING],
        traceback__jurisdiction__in=actor.jurisdictions,
    )


def owing(actor: Actor, *, start: int, per: int, at: datetime) -> tuple[list[OwingProvider], bool]:
    """Providers that owe answers, whoever is due first coming first: ``per`` of them from ``start``; more to come?"""
    counted: dict[str, OwingProvider] = {}
    # counted here, not by the database: grouped there, it reads every hop there ever was
    for key, due, is_late in waiting_hops(actor).values_list("provider", "respond_by", "is_late"):
        group = counted.setdefault(key, OwingProvider(key, 0, 0, None))
        group.count += 1
        group.late += is_late
        if due is not None and (group.first_due is None or due < group.first_due):
            group.first_due = due
    listed = sorted(counted.values(), key=lambda one: (one.first_due is None, one.first_due or at, one.id))
    shown = {one.id: one for one in listed[start : start + per]}
    hops = waiting_hops(actor).filter(provider__in=list(shown)).select_related("traceback", "traceback__owner")
    few: dict[str, list[Hop]] = {}
    for hop in hops.order_by("respond_by", "id")[:MOST]:
        if len(few.setdefault(hop.provider_id, [])) < FEW:
            few[hop.provider_id].append(hop)
    for owed in _told(actor, [hop for some in few.values() for hop in some], at=at):
        shown[owed.hop.provider_id].requests.append(owed)
    reachable = set(
        contacts_of(actor).filter(provider__in=list(shown)).exclude(mailbox="").values_list("provider", flat=True)
    )
    for provider in providers_of(actor).filter(pk__in=list(shown)):
        shown[provider.pk].provider = provider
        shown[provider.pk].is_reachable = provider.pk in reachable
    return list(shown.values()), len(listed) > start + per


def owed_by(actor: Actor, hops: Sequence[Hop], *, at: datetime) -> list[Owing]:
    """What some waiting hops owe."""
    return _told(actor, hops, at=at)


def records_of(actor: Actor, providers: Iterable[str], *, at: datetime) -> dict[str, Record]:
    """The records of some providers over the year before, by id."""
    sent = hops_of(actor).filter(provider__in=set(providers), sent_at__gte=at - LOOKED_BACK)
    counted = sent.values("provider").order_by().annotate(asked=Count("pk"), late=Count("pk", filter=Q(is_late=True)))
    return {row["provider"]: Record(row["asked"], row["late"]) for row in counted}


def _told(actor: Actor, hops: Sequence[Hop], *, at: datetime) -> list[Owing]:
    ids = {hop.provider_id for hop in hops}
    records = records_of(actor, ids, at=at)
    countries = dict(providers_of(actor).filter(pk__in=ids).values_list("pk", "country"))
    total = Record(sum(one.asked for one in records.values()), sum(one.late for one in records.values()))
    everybody = total.late / total.asked if total.asked else 0.0
    steps = due_steps(clock_key(hop.request_id) for hop in hops)
    told = []
    for hop in hops:
        record = records.get(hop.provider_id, Record())
        is_foreign = countries.get(hop.provider_id, HOME) != HOME
        risk = _risk(hop, record, everybody=everybody, is_foreign=is_foreign, at=at)
        words, due = _next(hop, steps.get(clock_key(hop.request_id)))
        told.append(Owing(hop, risk, words, due))
    return told


def _risk(hop: Hop, record: Record, *, everybody: float, is_foreign: bool, at: datetime) -> Risk:
    return estimate(
        late=max(0, record.late - int(hop.is_late)),  # this request is not one of its earlier ones
        asked=max(0, record.asked - 1),
        everybody=everybody,
        place=hop.number,
        is_foreign=is_foreign,
        hours_left=_hours_left(hop, at=at),
        is_late=hop.is_late,
    )


def _hours_left(hop: Hop, *, at: datetime) -> float | None:
    """How long the office's clock still runs."""
    if hop.respond_by is None:
        return None
    parts = [from_plain(Segment, part) for part in hop.working]
    left = tuple(part for part in parts if part.end > at)
    spent = next((part for part in left if part.start < at and part.runs), None)
    running = running_time(left).total_seconds()
    if spent is not None:
        running -= (at - spent.start).total_seconds()
    return max(0.0, running / 3600)


def _next(hop: Hop, step: tuple[datetime, dict[str, Any]] | None) -> tuple[str, datetime | None]:
    if hop.state == "sent":
        return "proof that the request was received", None
    if step is None:
        return ("a person may decide that it did not respond", None) if hop.state == "delinquent" else ("", None)
    due, payload = step
    match payload.get("step"):
        case "remind":
            return "reminder to the first contact", due
        case "tick":
            return "the later reading of the deadline" if hop.state == "overdue" else "the deadline", due
        case "escalate":
            ladder = ladder_of(hop.traceback.policy)
            return f"step {hop.level + 1}: {ladder[min(hop.level, len(ladder) - 1)].told}", due
        case "find":
            return "a person may decide that it did not respond", due
    return "", due
