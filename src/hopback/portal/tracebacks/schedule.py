"""What a hop's clock brings, and when: reminders, the two dates, the ladder, the day of a finding.

Reminders come while the clock runs, at half and four fifths of the time and an hour before its end.
Once ``delinquent_after`` has passed a step of the ladder is taken each business day of the office asked,
and after the policy's wait a person may find that it did not respond. Nothing of the ladder or the
finding rests on ``respond_by``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from hopback.kernel.clocks import Deadline, before_due, office_zone, running_share, to_instant
from hopback.kernel.hops import HopState
from hopback.portal.tracebacks.policies import ladder_of
from hopback.rules.book import load_book
from hopback.rules.us.clock import federal_holidays

if TYPE_CHECKING:
    from hopback.kernel.hops import Hop
    from hopback.kernel.policy import Policy
    from hopback.rules.book import RuleBook

__all__ = ["Step", "StepKind", "business_days_after", "dispute_due", "finding_from", "next_step"]

REMINDERS: Final = ("half", "four_fifths", "last_hour")

WAITING: Final = frozenset({HopState.DELIVERED, HopState.ACKNOWLEDGED, HopState.NEEDS_INFO})
LATE: Final = frozenset({HopState.OVERDUE, HopState.DELINQUENT})


class StepKind(StrEnum):
    """What a clock can bring."""

    REMIND = "remind"
    TICK = "tick"
    ESCALATE = "escalate"
    FIND = "find"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is due: ``key`` names the reminder, ``number`` the step of the ladder."""

    kind: StepKind
    due: datetime
    key: str = ""
    number: int = 0


def next_step(hop: Hop, *, policy: Policy) -> Step | None:
    """The next thing this hop's clock brings, None when nothing more is to come."""
    if hop.respond_by is None or hop.delinquent_after is None:
        return None
    if hop.state in WAITING:
        reminders = [step for step in _reminders(hop) if step.key not in hop.reminders]
        lapse = Step(StepKind.TICK, _just_after(hop.respond_by))
        return min([*reminders, lapse], key=lambda step: step.due)
    if hop.state is HopState.OVERDUE:
        return Step(StepKind.TICK, _just_after(hop.delinquent_after))
    if hop.state is HopState.DELINQUENT:
        ladder = ladder_of(policy.version)
        if hop.escalation_level < min(policy.escalation_steps, len(ladder)):
            number = hop.escalation_level + 1
            days = sum(rung.after_days for rung in ladder[:number])
            return Step(StepKind.ESCALATE, business_days_after(hop, days=days), number=number)
        return Step(StepKind.FIND, finding_from(hop, policy=policy))
    return None


def finding_from(hop: Hop, *, policy: Policy) -> datetime:
    """The first instant at which a person may find that the hop did not respond."""
    return business_days_after(hop, days=policy.finding_wait_days)


def dispute_due(hop: Hop, *, policy: Policy) -> datetime | None:
    """By when a dispute is to be decided: the policy's business days after it was opened, at the office asked."""
    if hop.dispute is None:
        return None
    return _business_days(hop.dispute.opened_at, zone=hop.office_zone or "UTC", days=policy.dispute_answer_days)


def business_days_after(hop: Hop, *, days: int, book: RuleBook | None = None) -> datetime:
    """The same time of day ``days`` business days after ``delinquent_after``, at the office asked."""
    if hop.delinquent_after is None or hop.office_zone is None:
        raise ValueError(f"the clock of hop {hop.number} has not started")
    return _business_days(hop.delinquent_after, zone=hop.office_zone, days=days, book=book)


def _business_days(instant: datetime, *, zone: str, days: int, book: RuleBook | None = None) -> datetime:
    book = book or load_book("us")
    office = office_zone(zone)
    local = instant.astimezone(office)
    day, left = local.date(), days
    while left:
        day += timedelta(days=1)
        weekdays = book.at(day)["weekdays"].value
        left -= day.weekday() in weekdays and day not in federal_holidays(day.year, book=book)
    return to_instant(datetime.combine(day, local.time()), zone=office)


def _just_after(instant: datetime) -> datetime:
    """A date has passed when its last instant has."""
    return instant + timedelta(seconds=1)


def _reminders(hop: Hop) -> list[Step]:
    clock = _clock(hop)
    instants = (
        running_share(clock, share=0.5),
        running_share(clock, share=0.8),
        before_due(clock, left=timedelta(hours=1)),
    )
    return [Step(StepKind.REMIND, due, key=key) for key, due in zip(REMINDERS, instants, strict=True)]


def _clock(hop: Hop) -> Deadline:
    received = hop.received_at or datetime.max.replace(tzinfo=UTC)
    respond_by = hop.respond_by or received
    deemed = next((part.start for part in hop.working if part.runs), received)
    return Deadline(
        received=received,
        deemed_received=deemed,
        respond_by=respond_by,
        delinquent_after=hop.delinquent_after or respond_by,
        working=hop.working,
        zone=hop.office_zone or "UTC",
        deemed_latest=deemed,
    )
