"""A clock that waits for business hours: from the receipt of a request to the moment an answer is late.

The time to answer counts from the receipt. A request that comes while the office is closed is deemed
received at the next opening. Once started the clock runs through the night; where it would run out
on a day that is no business day it stops for that day, and goes on with the next business day.
So an answer is due **at the same time of day on the first business day that is not before
deemed receipt plus the time to answer**: what is asked on Friday at 15:00 is due on Monday at 15:00.

Two instants are open to two readings. A request *before opening* on a business day may count as received at
opening that day or, read literally, on the next business day; one *at the very instant of closing*
may be inside business hours or outside. :class:`Deadline` keeps both results: ``respond_by`` comes
from the earliest reading and drives the countdown, ``delinquent_after`` comes from the latest,
and no finding against anybody rests on anything earlier. ``respond_by`` never comes earlier for a later
request; ``delinquent_after`` can, since the literal reading lets what comes at 06:00 wait a day longer.

Local time, where it is not plain:

* Days are counted on the office's wall clock, so that a period across a change of the clocks is an
  hour longer or shorter than its name and still ends at the same time of day.
* A due time or an opening that the clocks skip is the first instant after the skip. If a whole day is
  skipped it is no day at all and the next business day is taken.
* A due time that happens twice is the second of the two: nobody is late too early. An opening that
  happens twice is the first, a closing the second.
* A receipt inside a repeated hour keeps its wall-clock reading: of two requests in the two passes of
  one hour the later may fall due up to that hour earlier. No office opens at that time of night.

All instants that come out are aware UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hopback.kernel.errors import BadInput

__all__ = [
    "Cites",
    "Deadline",
    "Holidays",
    "OfficeHours",
    "Segment",
    "Why",
    "before_due",
    "deadline",
    "office_zone",
    "running_share",
    "running_time",
    "to_instant",
]

Holidays = Container[date] | Callable[[date], bool]
"""Days off: a set of dates, a mapping of dates to names, or a function that tells."""

DAY: Final = timedelta(days=1)
SATURDAY: Final = 5
SEARCH_DAYS: Final = 400
"""A calendar without a business day in more than a year is a mistake, not an office."""


class Why(StrEnum):
    """Why a clock runs or stands still."""

    RUNNING = "running"
    BEFORE_HOURS = "before_hours"
    AFTER_HOURS = "after_hours"
    WEEKEND = "weekend"
    DAY_OFF = "day_off"
    """A weekday on which this office never works."""
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When an office is open: from ``opens`` to ``closes`` on ``weekdays`` (Monday is 0) in ``zone``.

    ``zone`` is an IANA name. Raises :class:`BadInput` if it is not one, or if the office never opens.
    """

    opens: time
    closes: time
    weekdays: frozenset[int]
    zone: str

    def __post_init__(self) -> None:
        office_zone(self.zone)
        if self.opens >= self.closes:
            raise BadInput(
                f"an office cannot open at {self.opens} and close at {self.closes}",
                where="opens",
                mend="give an opening time before the closing time",
            )
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            raise BadInput(
                f"weekdays {sorted(self.weekdays)} are not days of a week",
                where="weekdays",
                mend="give numbers from 0 (Monday) to 6 (Sunday)",
            )


@dataclass(frozen=True, slots=True)
class Cites:
    """Where the rule stands that makes a clock run or stand still."""

    rule: str = ""
    holiday: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time, ``start`` included and ``end`` not, in which the clock runs or stands still.

    ``note`` names the holiday where the calendar has a name for it.
    """

    start: datetime
    end: datetime
    runs: bool
    why: Why
    cite: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When an answer is due, by both readings, and the working of the earlier one.

    ``working`` covers ``received`` to ``respond_by`` without a gap. ``deemed_latest`` is the deemed
    receipt that ``delinquent_after`` comes from. ``zone`` is the office's. All instants are UTC.
    """

    received: datetime
    deemed_received: datetime
    respond_by: datetime
    delinquent_after: datetime
    working: tuple[Segment, ...]
    zone: str
    deemed_latest: datetime

    @property
    def is_ambiguous(self) -> bool:
        """Whether the two readings differ."""
        return self.respond_by != self.delinquent_after


def deadline(
    received: datetime,
    *,
    hours: OfficeHours,
    holidays: Holidays,
    allowed: timedelta,
    cites: Cites | None = None,
) -> Deadline:
    """Compute when an answer to a request received at ``received`` is due.

    ``allowed`` is the time to answer. Raises :class:`BadInput` if ``received`` has no zone, if no
    time is allowed, or if the calendar has no business day.
    """
    if received.tzinfo is None or received.utcoffset() is None:
        raise BadInput(
            f"the time of receipt {received.isoformat()} has no zone",
            where="received",
            mend="add an offset, like 2026-11-20T15:00:00-05:00",
        )
    if allowed <= timedelta(0):
        raise BadInput("no time is allowed to answer", where="allowed", mend="give more than zero hours")
    office = _Office(hours, holidays, cites or Cites())
    earliest, latest = office.deem(received.astimezone(UTC))
    respond_by, stopped = office.due(earliest, allowed=allowed)
    delinquent_after, _ = office.due(latest, allowed=allowed)
    return Deadline(
        received=received.astimezone(UTC),
        deemed_received=earliest,
        respond_by=respond_by,
        # Where local time repeats or jumps inside the period the two readings could change places.
        delinquent_after=max(respond_by, delinquent_after),
        working=tuple(office.waiting(received.astimezone(UTC), earliest))
        + tuple(office.counting(earliest, respond_by, stopped=stopped)),
        zone=hours.zone,
        deemed_latest=latest,
    )


def running_time(working: tuple[Segment, ...]) -> timedelta:
    """How long the clock runs in all, in elapsed time."""
    return sum((part.end - part.start for part in working if part.runs), timedelta(0))


def running_share(due: Deadline, *, share: float) -> datetime:
    """The instant at which ``share`` (0 to 1) of the running time is used up; for reminders.

    At the edge of a stop it is the instant the clock stops, not the one it goes on.
    """
    if not 0 <= share <= 1:
        raise BadInput(f"{share} is not a share of the time", where="share", mend="give a number from 0 to 1")
    left = running_time(due.working) * share
    for part in due.working:
        if not part.runs:
            continue
        if left <= part.end - part.start:
            return part.start + left
        left -= part.end - part.start
    return due.respond_by


def before_due(due: Deadline, *, left: timedelta) -> datetime:
    """The instant with ``left`` of running time to go; deemed receipt where the period is shorter."""
    if left < timedelta(0):
        raise BadInput("less than no time can be left", where="left", mend="give zero or more")
    for part in reversed(due.working):
        if not part.runs:
            continue
        if left <= part.end - part.start:
            return part.end - left
        left -= part.end - part.start
    return due.deemed_received


@cache
def office_zone(name: str) -> ZoneInfo:
    """The zone of that IANA name. Raises :class:`BadInput` that names it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            f"unknown time zone {name!r}",
            where="zone",
            mend='give an IANA name like "America/New_York"',
        ) from error


def to_instant(local: datetime, *, zone: ZoneInfo, first: bool = False) -> datetime:
    """The UTC instant of a wall-clock time without a zone.

    A skipped time is the first instant after the skip; of a repeated one the second is taken, or the
    ``first`` where asked for.
    """
    early = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    late = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if early <= late:  # plain, or it happens twice
        return early if first else late
    # Skipped: fold 0 reads with the offset before the jump, fold 1 with the one after (PEP 495), so that the
    # jump lies between the two instants. Offsets have whole seconds.
    offset = late.astimezone(zone).utcoffset()
    low, high = 0, int((early - late).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (late + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return late.replace(microsecond=0) + timedelta(seconds=high)


@dataclass(frozen=True, slots=True)
class _Office:
    """Office hours with a calendar."""

    hours: OfficeHours
    holidays: Holidays
    cites: Cites

    @property
    def zone(self) -> ZoneInfo:
        return office_zone(self.hours.zone)

    def is_holiday(self, day: date) -> bool:
        return self.holidays(day) if callable(self.holidays) else day in self.holidays

    def is_business_day(self, day: date) -> bool:
        return day.weekday() in self.hours.weekdays and not self.is_holiday(day)

    def business_day(self, day: date, *, at: time) -> date:
        """The first business day not before ``day`` on which there is a time ``at`` or one after it."""
        for ahead in range(SEARCH_DAYS):
            candidate = day + DAY * ahead
            if self.is_business_day(candidate):
                instant = to_instant(datetime.combine(candidate, at), zone=self.zone)
                if instant.astimezone(self.zone).date() == candidate:
                    return candidate
        raise BadInput(
            f"there is no business day in the {SEARCH_DAYS} days from {day}",
            where="holidays",
            mend="look at the weekdays and holidays of this calendar",
        )

    def opening(self, day: date) -> datetime:
        return to_instant(datetime.combine(day, self.hours.opens), zone=self.zone, first=True)

    def midnight(self, day: date) -> datetime:
        return to_instant(datetime.combine(day, time.min), zone=self.zone, first=True)

    def next_opening(self, day: date) -> datetime:
        return self.opening(self.business_day(day, at=self.hours.opens))

    def deem(self, received: datetime) -> tuple[datetime, datetime]:
        """Deemed receipt by the earliest and by the latest reading."""
        local = received.astimezone(self.zone)
        day, clock = local.date(), local.time()
        tomorrow = day + DAY
        if not self.is_business_day(day) or clock > self.hours.closes:
            opening = self.next_opening(tomorrow)
            return opening, opening
        if clock < self.hours.opens:
            # An opening that the clocks skip can lie before a wall-clock reading after the skip.
            return max(received, self.opening(day)), self.next_opening(tomorrow)
        if clock == self.hours.closes:
            return received, self.next_opening(tomorrow)
        return received, received

    def due(self, deemed: datetime, *, allowed: timedelta) -> tuple[datetime, tuple[date, ...]]:
        """When ``allowed`` from ``deemed`` has run out, and the days on which the clock stopped."""
        end = deemed.astimezone(self.zone).replace(tzinfo=None, fold=0) + allowed
        day = self.business_day(end.date(), at=end.time())
        due = to_instant(datetime.combine(day, end.time()), zone=self.zone)
        stopped = tuple(end.date() + DAY * ahead for ahead in range((day - end.date()).days))
        return max(due, deemed), stopped

    def waiting(self, received: datetime, deemed: datetime) -> Iterator[Segment]:
        """The stretches between receipt and deemed receipt, day by day, days of one kind joined."""
        parts: list[Segment] = []
        start = received
        while start < deemed:
            day = start.astimezone(self.zone).date()
            end = min(self.midnight(day + DAY), deemed)
            if end <= start:  # a repeated midnight: the day's second beginning
                end = deemed
            if self.is_business_day(day):
                is_early = start.astimezone(self.zone).time() < self.hours.opens
                why = Why.BEFORE_HOURS if is_early else Why.AFTER_HOURS
                parts.append(Segment(start, end, runs=False, why=why, cite=self.cites.rule))
            else:
                parts.append(self.still(day, start=start, end=end))
            start = end
        return _joined(parts)

    def counting(self, deemed: datetime, due: datetime, *, stopped: tuple[date, ...]) -> Iterator[Segment]:
        """The stretches between deemed receipt and due time."""
        parts: list[Segment] = []
        start = deemed
        for day in stopped:
            begin, end = max(start, self.midnight(day)), min(self.midnight(day + DAY), due)
            if begin > start:
                parts.append(Segment(start, begin, runs=True, why=Why.RUNNING, cite=self.cites.rule))
            if end > begin:
                parts.append(self.still(day, start=begin, end=end))
                start = end
        if due > start:
            parts.append(Segment(start, due, runs=True, why=Why.RUNNING, cite=self.cites.rule))
        return _joined(parts)

    def still(self, day: date, *, start: datetime, end: datetime) -> Segment:
        """A stretch of a day that is no business day."""
        if day.weekday() not in self.hours.weekdays:
            why = Why.WEEKEND if day.weekday() >= SATURDAY else Why.DAY_OFF
            return Segment(start, end, runs=False, why=why, cite=self.cites.rule)
        name = self.holidays.get(day, "") if isinstance(self.holidays, Mapping) else ""
        cite = self.cites.holiday or self.cites.rule
        return Segment(start, end, runs=False, why=Why.HOLIDAY, cite=cite, note=str(name))


def _joined(parts: list[Segment]) -> Iterator[Segment]:
    """The same stretches, neighbours of one kind made one."""
    held: Segment | None = None
    for part in parts:
        if held is not None and (held.why, held.note, held.cite) == (part.why, part.note, part.cite):
            held = Segment(held.start, part.end, held.runs, held.why, held.cite, held.note)
            continue
        if held is not None:
            yield held
        held = part
    if held is not None:
        yield held
