"""What is known of a switch's clock, and how it came to be known.

A book declares a zone for every source, and switches keep time badly. Three things can be wrong:
the clock runs a little off (seconds to minutes), the stamps are written in another zone than the
book says (whole hours, or 30 and 45 minutes), and both may change on a date. None of this is a
property of one call. It is a property of a *source* over dates, so it is believed only

* where the source's own records carry a second clock that depends on no zone, or
* where at least two requesters, each counted once however much they ask, found their calls under
  the same shift: two if nobody found theirs otherwise, three if one did.

One requester is one vote: nobody can move a provider's clock alone, and since votes form a set,
the order in which requests come does not matter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

from hopback.kernel.calls import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hopback.kernel.calls import CallRecord

__all__ = [
    "CLOCK_ERROR_S",
    "CORROBORATED_ERROR_S",
    "LARGEST_SKEW_S",
    "ClockEstimate",
    "Clocks",
    "Reading",
    "Vote",
    "believed_offset",
    "own_shifts",
    "plausible_shifts",
]

CLOCK_ERROR_S: Final = 150.0
"""How far a switch's clock may stand off before anybody has to show it, in seconds."""
CORROBORATED_ERROR_S: Final = 300.0
"""The same where duration or Call-ID say independently that the record is the call."""
LARGEST_SKEW_S: Final = 1800.0
"""A clock further off than this is taken for a wrong zone or for another call."""

_QUARTER_S = 900
_SAME_SKEW_S = 60
_AN_HOUR = timedelta(hours=1)
_NEAR = timedelta(days=2)  # a drifting clock is off by about the same on neighbouring days
_VOTERS = 2
_OWN_ROWS = 5
_OWN_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Vote:
    """One request whose call was found without doubt in ``source``, whatever its stamp says.

    ``offset_s`` is the recorded instant, read in the declared zone, minus the instant asked about;
    ``accuracy_s`` the half-width of the latter. ``requester`` is the neighbour that asked.
    """

    source: str
    at: datetime
    offset_s: float
    accuracy_s: float
    requester: str


@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """A belief about one source at one time: recorded instants are ``offset_s`` too late, ``voters`` agree."""

    source: str
    at: datetime
    offset_s: float
    voters: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a record's stamp: the set-up instant it gives, and what a correction rests on."""

    at: datetime
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Clocks:
    """What is known of the clocks of a provider's sources.

    ``zones`` maps a source to the zone its book declares; ``own`` to what its second clock shows
    per UTC date (seconds, rows); ``votes`` are what all standing requests have shown.
    """

    zones: Mapping[str, str | None] = field(default_factory=dict)
    own: Mapping[str, Mapping[date, tuple[float, int]]] = field(default_factory=dict)
    votes: tuple[Vote, ...] = ()
    _beliefs: dict[tuple[str, bool, datetime], ClockEstimate | None] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def belief(self, source: str, at: datetime, *, is_naive: bool) -> ClockEstimate | None:
        """What requesters together show of ``source`` in the hour of the true instant ``at``."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        key = (source, is_naive, hour)
        if key not in self._beliefs:
            zone = self.zones.get(source) if is_naive else None
            self._beliefs[key] = believed_offset(self.votes, source=source, zone=zone, at=hour)
        return self._beliefs[key]

    def readings(self, record: CallRecord) -> tuple[Reading, ...]:
        """Every way to read the stamp of ``record`` that what is known leaves open, at least one.

        There are two where the local time occurred twice: in the declared zone, or in the one the
        stamps are believed to be written in.
        """
        if record.epoch_at is not None and record.source in self.own:
            return (self._by_second_clock(record, record.epoch_at),)
        declared = [record.setup_at] + ([record.setup_alt_at] if record.setup_alt_at is not None else [])
        readings = [reading for at in declared for reading in self._believed(record, at)]
        unique = {reading.at: reading for reading in reversed(readings)}
        return tuple(unique[at] for at in sorted(unique))

    def _by_second_clock(self, record: CallRecord, epoch: datetime) -> Reading:
        apart = (record.setup_at - epoch).total_seconds()
        shift = round(apart / _QUARTER_S) * _QUARTER_S
        if not shift or abs(apart - shift) > CLOCK_ERROR_S:
            return Reading(record.setup_at)
        _, rows = self.own[record.source].get(record.setup_at.date(), (0.0, 1))
        reason = Reason("clock_by_own_records", {"offset": float(shift), "rows": rows})
        return Reading(record.setup_at - timedelta(seconds=shift), (reason,))

    def _believed(self, record: CallRecord, at: datetime) -> list[Reading]:
        """The instants that agree with what is believed of the source at those very instants."""
        first = self.belief(record.source, at, is_naive=record.is_naive)
        if first is None:
            return [self._as_declared(record, at)]
        zone = self.zones.get(record.source) if record.is_naive else None
        stamp = at + timedelta(seconds=_offset_s(zone, at) if zone else 0)
        around = at - timedelta(seconds=first.offset_s)
        found = []
        for probe in (around - _AN_HOUR, around, around + _AN_HOUR):
            belief = self.belief(record.source, probe, is_naive=record.is_naive)
            if belief is None:
                continue
            believed = timedelta(seconds=belief.offset_s + (_offset_s(zone, probe) if zone else 0))
            instant = stamp - believed
            again = self.belief(record.source, instant, is_naive=record.is_naive)
            if again is None or again.offset_s + (_offset_s(zone, instant) if zone else 0) != believed.total_seconds():
                continue
            if not belief.offset_s:
                found.append(self._as_declared(record, instant))
                continue
            values = {"offset": belief.offset_s, "voters": belief.voters}
            found.append(Reading(instant, (Reason("clock_by_requests", values),)))
        return found or [self._as_declared(record, at)]

    def _as_declared(self, record: CallRecord, at: datetime) -> Reading:
        if at == record.setup_at:
            return Reading(at)
        offset = (record.setup_at - at).total_seconds()
        return Reading(at, (Reason("repeated_hour", {"offset": offset}),))


def own_shifts(counts: Mapping[date, Mapping[float, int]]) -> dict[date, tuple[float, int]]:
    """The zone error that a source's own second clock shows, per UTC date.

    Args:
        counts: for each date, how many records stand how many seconds off their own second clock.

    Returns:
        For each date on which at least five records and four in five of them agree to within a
        quarter of an hour: the offset in seconds (a multiple of 900, 0 where the zone is right)
        and how many records say so. Rows of the hour that is repeated when clocks go back may
        disagree and do not count against the rest.
    """
    shifts: dict[date, tuple[float, int]] = {}
    for day, offsets in counts.items():
        by_quarter: Counter[int] = Counter()
        for offset, rows in offsets.items():
            by_quarter[round(offset / _QUARTER_S) * _QUARTER_S] += rows
        quarter, rows = by_quarter.most_common(1)[0]
        if rows >= _OWN_ROWS and rows >= _OWN_SHARE * by_quarter.total():
            shifts[day] = (float(quarter), rows)
    return shifts


def believed_offset(votes: Iterable[Vote], *, source: str, zone: str | None, at: datetime) -> ClockEstimate | None:
    """What several requesters together show of a source's clock on the date of ``at``.

    ``zone`` is the zone the book declares for stamps that carry none of their own, None where the
    format carries it. Returns None where the requesters do not agree, as said above; an estimate
    with ``offset_s`` 0 says the book is right.
    """
    mine = [vote for vote in votes if vote.source == source]
    shift, zone_voters = 0.0, 0
    if zone is not None:
        by_zone = _agreed({who: _zone_ballot(theirs, zone=zone, at=at) for who, theirs in _by_requester(mine).items()})
        if by_zone is not None:
            stamp_offset, zone_voters = by_zone
            shift = float(stamp_offset - _offset_s(zone, at))
    near = [vote for vote in mine if abs(vote.at - at) <= _NEAR and abs(vote.offset_s - shift) <= LARGEST_SKEW_S]
    by_skew = _agreed_skew([median(vote.offset_s for vote in theirs) for theirs in _by_requester(near).values()])
    if by_skew is None:
        return ClockEstimate(source, at, shift, zone_voters) if zone_voters else None
    offset, voters = by_skew
    if abs(offset - shift) <= CLOCK_ERROR_S:  # allowed anyway; a correction would add the neighbours' own errors
        offset = shift
    return ClockEstimate(source, at, offset, max(voters, zone_voters))


def plausible_shifts(zone: str, at: datetime) -> tuple[float, ...]:
    """Every offset in seconds that stamps would show at ``at`` if they were in another real zone."""
    declared = _offset_s(zone, at)
    return tuple(sorted({float(offset - declared) for offset in _offsets_at(at)} - {0.0}, key=abs))


def _by_requester(votes: Sequence[Vote]) -> dict[str, list[Vote]]:
    grouped: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        grouped[vote.requester].append(vote)
    return grouped


def _agreed(ballots: Mapping[str, int | None]) -> tuple[int, int] | None:
    """The value on which requesters agree: two if nobody says otherwise, three if one does."""
    count = Counter(ballot for ballot in ballots.values() if ballot is not None)
    if not count:
        return None
    value, voters = max(count.items(), key=lambda item: (item[1], -abs(item[0])))
    others = count.total() - voters
    return (value, voters) if voters >= _VOTERS + others and others < _VOTERS else None


def _zone_ballot(votes: Sequence[Vote], *, zone: str, at: datetime) -> int | None:
    """The UTC offset that one requester's calls give the stamps at ``at``, None if they leave it open.

    Every real zone is a hypothesis. Those that explain most of the requester's votes stand; they
    must all say the same about ``at``, or the calls seen so far do not reach to that date.
    """
    seen = [(vote.at, stamp) for vote in votes if (stamp := _stamp_offset(vote, zone)) is not None]
    if not seen:
        return None
    by_book = sum(stamp == _offset_s(zone, when) for when, stamp in seen)
    if by_book == len(seen):
        return _offset_s(zone, at)
    score = [0] * len(_zones())
    for when, stamp in seen:
        for index, offset in enumerate(_offsets_at(when)):
            score[index] += offset == stamp
    best = max(score)
    if best * 2 <= len(seen):
        return None
    if by_book == best:
        return _offset_s(zone, at)  # no other zone explains the calls better than the book
    said = {offset for offset, points in zip(_offsets_at(at), score, strict=True) if points == best}
    return said.pop() if len(said) == 1 else None


def _stamp_offset(vote: Vote, zone: str) -> int | None:
    """The UTC offset the stamp of one found call shows, if it can be told to the quarter hour."""
    slack = vote.accuracy_s + CLOCK_ERROR_S
    if slack >= _QUARTER_S / 2:
        return None
    quarters = round(vote.offset_s / _QUARTER_S) * _QUARTER_S
    if abs(vote.offset_s - quarters) > slack:
        return None
    return quarters + _offset_s(zone, vote.at)


def _agreed_skew(ballots: Sequence[float]) -> tuple[float, int] | None:
    """The clock error on which requesters agree to within a minute: two if nobody differs, three if one does."""
    ordered = sorted(ballots)
    groups = [[other for other in ordered if 0 <= other - ballot <= _SAME_SKEW_S] for ballot in ordered]
    largest = max(groups, key=len, default=[])
    others = len(ordered) - len(largest)
    if len(largest) < _VOTERS + others or others >= _VOTERS:
        return None
    return float(round(median(largest))), len(largest)


def _offset_s(zone: str, at: datetime) -> int:
    offset = ZoneInfo(zone).utcoffset(at.astimezone(ZoneInfo(zone)))
    return round(offset.total_seconds()) if offset is not None else 0


@lru_cache(maxsize=1)
def _zones() -> tuple[ZoneInfo, ...]:
    return tuple(ZoneInfo(name) for name in sorted(available_timezones()) if not name.startswith(("posix/", "right/")))


def _offsets_at(at: datetime) -> tuple[int, ...]:
    """The UTC offset of every real zone at ``at``, in seconds, always in the same order."""
    return _offsets_in_hour(at.astimezone(UTC).replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _offsets_in_hour(hour: datetime) -> tuple[int, ...]:
    return tuple(_offset_s(zone.key, hour) for zone in _zones())
