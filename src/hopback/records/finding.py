"""Find the call somebody asks about in a provider's own records, and say how sure that is.

The ladder, rung by rung: the numbers in whatever column and spelling they stand; the attempt that
was completed; the time, within what the asker knows and what clocks are allowed to be off; the
local hour that happens twice; the zone a source's own second clock shows; a shift that several
requesters have shown; and, as a question for a person only, a shift that nothing else supports.

Nothing here reads a file or knows a trade name: records come from a store, and what the book says
of a record's two ends comes in as :class:`Ends`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

from hopback.kernel.calls import Agreement, CallRecord, Likeness, Reason, Sought, same_call
from hopback.records.clockwork import (
    CLOCK_ERROR_S,
    CORROBORATED_ERROR_S,
    LARGEST_SKEW_S,
    Clocks,
    Vote,
    plausible_shifts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

__all__ = ["SEARCH_REACH", "Ends", "Fit", "Found", "Outcome", "Sighting", "find_call", "votes_for"]

SEARCH_REACH: Final = timedelta(hours=26, minutes=30)
"""How far around the time asked about records are looked at: the widest pair of real zones that a
stamp and a book can stand in (UTC-12 and UTC+14), and the longest clock error."""

_RING_S = 90.0  # an answer follows its set-up within this, so a time given may be that of the answer
_EXACT_S = 10.0
_CLEAR_OF_S = CLOCK_ERROR_S  # nearer than this a clock alone may have put the right record behind a wrong one


class Fit(IntEnum):
    """How well a record fits in time, best last."""

    ELSEWHERE = 0
    UNDER_A_SHIFT = 1  # only if the source's stamps were off by a zone that nothing else supports
    INSIDE_THE_CALL = 2  # the time asked about lies between answer and end
    BY_CALL_ID = 3  # the stamp is far off and the Call-ID says that it is the call all the same
    CLOCK_ERROR = 4
    EXACT = 5


class Outcome(StrEnum):
    """What a search comes to."""

    FOUND = "found"
    AMBIGUOUS = "ambiguous"
    REVIEW = "review"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Ends:
    """What the provider's book says of the two ends of a record.

    Exactly one of ``upstream``, ``customer`` and ``problem`` is set: who handed the call over, or
    why that cannot be said (``no_owner``, ``two_owners``, ``carrier_unknown``, ``itself``).
    ``downstream`` is who received the call, None where the record or the book does not tell.
    """

    upstream: str | None = None
    customer: str | None = None
    problem: str | None = None
    downstream: str | None = None

    @property
    def sender(self) -> tuple[str | None, str | None, str | None]:
        """Who handed the call over, as something that can be compared."""
        return (self.upstream, self.customer, self.problem)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record that may be the call, with its corrected time and the reasons for and against.

    ``started_at`` is the corrected set-up time, ``offset_s`` the recorded instant (in the declared
    zone) minus it, ``distance_s`` how far ``started_at`` lies from what was asked, in seconds.
    """

    record: CallRecord
    ends: Ends
    likeness: Likeness
    fit: Fit
    started_at: datetime
    offset_s: float
    distance_s: float
    confidence: float
    reasons: tuple[Reason, ...]

    @property
    def is_off_path(self) -> bool:
        """Whether the record left by a trunk towards somebody other than the asker."""
        return any(reason.code == "left_elsewhere" for reason in self.reasons)

    @property
    def is_candidate(self) -> bool:
        """Whether nothing speaks against this record being the call."""
        return self.likeness.is_same_pair and not self.likeness.is_contradicted and not self.is_off_path


@dataclass(frozen=True, slots=True)
class Found:
    """The end of a search.

    ``best`` is the sighting the answer rests on (with :attr:`Outcome.AMBIGUOUS`, one of those that
    tie); ``tied`` are all that fit equally well, ``best`` among them; ``sightings`` is everything
    that was looked at, best first; ``reasons`` say why the search ended as it did.
    """

    outcome: Outcome
    best: Sighting | None
    tied: tuple[Sighting, ...]
    sightings: tuple[Sighting, ...]
    reasons: tuple[Reason, ...]


def find_call(
    sought: Sought, records: Iterable[CallRecord], *, clocks: Clocks, ends: Callable[[CallRecord, datetime], Ends]
) -> Found:
    """Decide which of ``records`` is the call, if that can be decided.

    Args:
        sought: the call asked about.
        records: everything within :data:`SEARCH_REACH` that carries one of its numbers.
        clocks: what is known of the sources' clocks.
        ends: what the book says of the two ends of a record that started at an instant.

    Returns:
        A single sighting where one is clearly better than the rest, or several with one sender;
        :attr:`Outcome.AMBIGUOUS` where equally good ones came from different senders; a question
        for a person where what fits is doubtful; :attr:`Outcome.ABSENT` otherwise, with the near
        misses in ``sightings``.
    """
    seen = [_sight(sought, record, clocks=clocks, ends=ends) for record in records]
    seen.sort(key=_rank, reverse=True)
    sightings = tuple(seen)
    candidates = [sighting for sighting in seen if sighting.is_candidate]
    in_time = [sighting for sighting in candidates if sighting.fit >= Fit.INSIDE_THE_CALL]
    if in_time:
        return _decide(sought, in_time, sightings, clocks=clocks, ends=ends)
    return _explain_absence(sought, candidates, sightings)


def votes_for(
    sought: Sought, records: Iterable[CallRecord], *, clocks: Clocks, ends: Callable[[CallRecord, datetime], Ends]
) -> tuple[Vote, ...]:
    """What one request shows of a source's clock: a vote where its call is found beyond doubt.

    Time is left out of the comparison, since it is what is being measured: the call counts as
    found where exactly one completed call of this pair of numbers within reach agrees in duration
    or Call-ID, or is the only call of the pair at all.
    """
    blind = Clocks(clocks.zones, clocks.own)
    seen = [_sight(sought, record, clocks=blind, ends=ends) for record in records]
    calls = _distinct(
        [sighting for sighting in seen if sighting.is_candidate and sighting.record.answered is not False]
    )
    sure = [sighting for sighting in calls if sighting.likeness.is_corroborated]
    if len(sure) != 1 and (sure or len(calls) != 1):
        return ()
    found = (sure or calls)[0]
    offset = (found.record.setup_at - sought.started_at).total_seconds()
    return (Vote(found.record.source, sought.started_at, offset, sought.accuracy_s, sought.downstream or ""),)


def _sight(
    sought: Sought, record: CallRecord, *, clocks: Clocks, ends: Callable[[CallRecord, datetime], Ends]
) -> Sighting:
    likeness = same_call(sought, record)
    reasons = list(likeness.reasons)
    reading = min(clocks.readings(record), key=lambda one: abs(one.at - sought.started_at))
    start, offset = reading.at, (record.setup_at - reading.at).total_seconds()
    two_ends = ends(record, start)
    reasons += reading.reasons
    allowance = sought.accuracy_s + (CORROBORATED_ERROR_S if likeness.is_corroborated else CLOCK_ERROR_S)
    distance = _distance_s(sought.started_at, start, record, offset)
    fit = _fit_in_time(sought, record, distance, allowance, offset)
    if fit is Fit.ELSEWHERE and likeness.call_id is Agreement.SAME:
        # A Call-ID is unique over space and time (RFC 3261 section 8.1.1.4): the stamp is what is wrong.
        fit = Fit.BY_CALL_ID
        reasons.append(Reason("call_id_outweighs_time", {"distance": distance}))
        start, offset = sought.started_at, (record.setup_at - sought.started_at).total_seconds()
        two_ends = ends(record, start)
    elif fit is Fit.ELSEWHERE:
        shift = _lone_shift(sought, record, clocks, allowance, likeness=likeness)
        if shift is not None:
            fit = Fit.UNDER_A_SHIFT
            reasons.append(Reason("only_under_a_shift", {"shift": shift}))
    if fit is not Fit.BY_CALL_ID:
        reasons.append(Reason(f"time_{fit.name.lower()}", {"distance": distance, "accuracy": sought.accuracy_s}))
    reasons += _downstream_reasons(sought, two_ends)
    sighting = Sighting(record, two_ends, likeness, fit, start, offset, distance, 0.0, tuple(reasons))
    return replace(sighting, confidence=_confidence(sought, sighting))


def _distance_s(at: datetime, start: datetime, record: CallRecord, offset: float) -> float:
    """Seconds from the instant asked about to the time between set-up and answer."""
    if at <= start:
        return (start - at).total_seconds()
    if record.answer_at is not None:
        answer = record.answer_at - timedelta(seconds=offset)
        ring = min(max((answer - start).total_seconds(), 0.0), _RING_S)
    else:
        ring = 0.0
    return max((at - start).total_seconds() - ring, 0.0)


def _fit_in_time(sought: Sought, record: CallRecord, distance: float, allowance: float, offset: float) -> Fit:
    if distance <= sought.accuracy_s + _EXACT_S:
        return Fit.EXACT
    if distance <= allowance:
        return Fit.CLOCK_ERROR
    end = record.last_at - timedelta(seconds=offset)
    start = record.setup_at - timedelta(seconds=offset)
    inside = start <= sought.started_at <= end + timedelta(seconds=sought.accuracy_s)
    return Fit.INSIDE_THE_CALL if inside and record.answered else Fit.ELSEWHERE


def _lone_shift(
    sought: Sought, record: CallRecord, clocks: Clocks, allowance: float, *, likeness: Likeness
) -> float | None:
    """The clock error or wrong zone under which alone this record would be the call, in seconds.

    A wrong zone is not asked of a clock that has been shown to be right, and of one that has been
    shown to be wrong only where something besides the time speaks for the record.
    """
    apart = (record.setup_at - sought.started_at).total_seconds()
    is_unknown = likeness.duration is Agreement.UNKNOWN
    if abs(apart) <= LARGEST_SKEW_S and (likeness.is_corroborated or is_unknown):
        return apart
    if record.source in clocks.own:
        return None
    belief = clocks.belief(record.source, sought.started_at, is_naive=record.is_naive)
    if belief is not None and (belief.offset_s == 0.0 or not likeness.is_corroborated):
        return None
    zone = clocks.zones.get(record.source)
    if zone is None or not record.is_naive:
        return None
    return next((shift for shift in plausible_shifts(zone, record.setup_at) if abs(apart - shift) <= allowance), None)


def _downstream_reasons(sought: Sought, ends: Ends) -> tuple[Reason, ...]:
    if sought.downstream is None or ends.downstream is None:
        return ()
    if ends.downstream == sought.downstream:
        return (Reason("left_to_asker", {"downstream": ends.downstream}),)
    # The neighbour it left to is not named here: the reason may travel to the asker.
    return (Reason("left_elsewhere"),)


_BASE_CONFIDENCE = {
    Fit.EXACT: 0.95,
    Fit.CLOCK_ERROR: 0.85,
    Fit.BY_CALL_ID: 0.7,
    Fit.INSIDE_THE_CALL: 0.6,
    Fit.UNDER_A_SHIFT: 0.4,
    Fit.ELSEWHERE: 0.05,
}


def _confidence(sought: Sought, sighting: Sighting) -> float:
    """A number to sort by and to show. It orders sightings; no rule of the process hangs on it."""
    value = _BASE_CONFIDENCE[sighting.fit]
    likeness = sighting.likeness
    if likeness.is_corroborated or any(reason.code == "left_to_asker" for reason in sighting.reasons):
        value += (1 - value) * 0.8
    if sought.calling is None or likeness.calling is Agreement.UNKNOWN:
        value *= 0.7
    if Agreement.LIKE in (likeness.called, likeness.calling):
        value *= 0.97
    if not likeness.is_same_pair or likeness.is_contradicted or sighting.is_off_path:
        value *= 0.1
    elif sought.answered is None and sighting.record.answered is False:
        value *= 0.5
    if sighting.ends.problem:
        value *= 0.6
    return round(min(value, 0.99), 3)


def _rank(sighting: Sighting) -> tuple[float, ...]:
    likeness = sighting.likeness
    return (
        sighting.is_candidate,
        likeness.call_id is Agreement.SAME,
        sighting.fit,
        sighting.confidence,
        -sighting.distance_s,
    )


def _may_be_completed(sought: Sought, sighting: Sighting) -> bool:
    """Whether the attempt may be the one traced: the one that was completed, unless a missed call is sought."""
    return sighting.record.answered is not False or sought.answered is False


def _decide(
    sought: Sought,
    in_time: Sequence[Sighting],
    sightings: tuple[Sighting, ...],
    *,
    clocks: Clocks,
    ends: Callable[[CallRecord, datetime], Ends],
) -> Found:
    tied = _best_of(sought, in_time)
    best = tied[0]
    if len({sighting.ends.sender for sighting in tied}) == 1:
        tied += tuple(one for one in sightings if _is_rival(sought, one, best))
    senders = {sighting.ends.sender for sighting in tied}
    if len(senders) > 1:
        return Found(Outcome.AMBIGUOUS, best, tied, sightings, (Reason("several_fit", {"senders": len(senders)}),))
    doubts = (*_doubts(sought, best, in_time), *_owner_doubts(sought, tied, clocks=clocks, ends=ends))
    return Found(Outcome.REVIEW if doubts else Outcome.FOUND, best, tied, sightings, doubts)


def _is_rival(sought: Sought, one: Sighting, best: Sighting) -> bool:
    """Whether a record that lost to ``best``, and came from somebody else, fits too well to be passed over.

    It bears the Call-ID asked about and ``best`` does not; or it fits the time exactly, which
    ``best`` does not, and nothing that is known of the call says otherwise.
    """
    if one.ends.sender == best.ends.sender or one.likeness.called is Agreement.DIFFERS:
        return False
    if one.likeness.call_id is Agreement.SAME:
        return best.likeness.call_id is not Agreement.SAME and one.fit >= Fit.BY_CALL_ID
    if one.fit is not Fit.EXACT or best.fit is Fit.EXACT or one.likeness.is_contradicted:
        return False
    if best.fit is Fit.CLOCK_ERROR and best.likeness.call_id is Agreement.SAME:
        return False
    if one.likeness.calling is Agreement.DIFFERS:
        return one.likeness.duration is Agreement.SAME
    return not one.is_off_path or best.ends.downstream != sought.downstream


def _best_of(sought: Sought, in_time: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """Those sightings that no other beats on evidence of a better kind, best first."""
    pool = list(in_time)
    for is_better in (
        # Of a try and the call that followed, the one that was completed is the one traced.
        lambda one: sought.answered is not None or one.record.answered is not False,
        lambda one: one.likeness.call_id is Agreement.SAME,
        lambda one: one.likeness.calling is not Agreement.UNKNOWN,
        lambda one: one.likeness.duration is Agreement.SAME,
        lambda one: sought.downstream is not None and one.ends.downstream == sought.downstream,
        # What came from the asker is not what went to it, except where it has nothing else to show.
        lambda one: one.ends.upstream is None or one.ends.upstream != sought.downstream,
        lambda one: one.ends.problem != "itself",
        lambda one: one.fit >= Fit.CLOCK_ERROR,
    ):
        better = [sighting for sighting in pool if is_better(sighting)]
        pool = better or pool
    nearest = min(sighting.distance_s for sighting in pool)
    if nearest <= sought.accuracy_s + _EXACT_S:
        pool = [one for one in pool if one.distance_s <= max(sought.accuracy_s, nearest) + _CLEAR_OF_S]
    return tuple(sorted(pool, key=_rank, reverse=True))


def _doubts(sought: Sought, best: Sighting, in_time: Sequence[Sighting]) -> Iterable[Reason]:
    """What a person should look at before anybody is named."""
    if best.ends.problem:
        yield Reason(
            f"sender_{best.ends.problem}", {"trunk": best.record.ingress_trunk or best.record.ingress_ip or ""}
        )
    if best.fit is Fit.INSIDE_THE_CALL and best.likeness.call_id is not Agreement.SAME:
        yield Reason("time_inside_only", {"distance": best.distance_s})
    if sought.answered is None and best.record.answered is False:
        yield Reason("only_unanswered")
    if best.likeness.calling is Agreement.UNKNOWN and not best.likeness.is_corroborated:
        # Called number and time alone are good enough only where the asker knows no caller either and
        # nobody else called then.
        is_alone = len(_distinct(in_time)) == 1 and best.fit is Fit.EXACT
        if sought.calling is not None or not is_alone:
            yield Reason("caller_unknown")
    is_unmeasured = sought.duration_s is not None and best.likeness.duration is Agreement.UNKNOWN
    went_to_asker = sought.downstream is not None and best.ends.downstream == sought.downstream
    if is_unmeasured and best.fit is Fit.CLOCK_ERROR and not went_to_asker:
        yield Reason("duration_unknown")
    if best.likeness.duration is Agreement.LIKE and best.likeness.call_id is not Agreement.SAME:
        yield Reason("duration_unsure", {"recorded": best.record.duration_s or 0.0})


def _owner_doubts(
    sought: Sought, tied: Sequence[Sighting], *, clocks: Clocks, ends: Callable[[CallRecord, datetime], Ends]
) -> Iterable[Reason]:
    """Whether a trunk changed hands so near the call that a clock error decides whose it was."""
    error = timedelta(seconds=CLOCK_ERROR_S)
    for one in tied:
        allowed = timedelta(seconds=sought.accuracy_s) + error
        others = [at.at for at in clocks.readings(one.record) if abs(at.at - sought.started_at) <= allowed]
        instants = [one.started_at - error, one.started_at + error, *others]
        if any(ends(one.record, at).sender != one.ends.sender for at in instants):
            yield Reason("sender_two_owners", {"trunk": one.record.ingress_trunk or one.record.ingress_ip or ""})
            return


def _explain_absence(sought: Sought, candidates: Sequence[Sighting], sightings: tuple[Sighting, ...]) -> Found:
    shifted = [one for one in candidates if one.fit is Fit.UNDER_A_SHIFT and _may_be_completed(sought, one)]
    if shifted:
        reasons = (Reason("shift_unsupported", {"source": shifted[0].record.source}),)
        return Found(Outcome.REVIEW, shifted[0], (shifted[0],), sightings, reasons)
    doubtful = [one for one in sightings if _is_worth_a_look(sought, one)]
    if doubtful:
        return Found(Outcome.REVIEW, doubtful[0], (doubtful[0],), sightings, (_doubt_of(doubtful[0]),))
    return Found(Outcome.ABSENT, None, (), sightings, (Reason("absent", {"looked_at": len(sightings)}),))


def _is_worth_a_look(sought: Sought, sighting: Sighting) -> bool:
    """Whether a record that is no candidate still stands so close that a person should see it.

    It bears the Call-ID asked about; or one of the two numbers agrees, the other may have been
    rewritten on the way, and what else is known of the call agrees exactly. Numbers that agree
    while the duration does not are another call of a busy pair.
    """
    likeness = sighting.likeness
    if likeness.call_id is Agreement.SAME and sighting.fit >= Fit.BY_CALL_ID:
        return True
    if sighting.is_off_path or sighting.fit < Fit.CLOCK_ERROR or likeness.is_contradicted:
        return False
    one_number = (likeness.called is not Agreement.DIFFERS) != (likeness.calling is not Agreement.DIFFERS)
    near = sighting.distance_s <= max(sought.accuracy_s, 30.0)
    return one_number and likeness.duration is Agreement.SAME and near


def _doubt_of(sighting: Sighting) -> Reason:
    if sighting.likeness.call_id is Agreement.SAME:
        return Reason("call_id_contradicted")
    side = "called" if sighting.likeness.called is Agreement.DIFFERS else "calling"
    return Reason(f"{side}_rewritten")


def _distinct(sightings: Sequence[Sighting]) -> list[Sighting]:
    """One sighting per call: rows of one call, or copies of one row, are taken together."""
    calls: list[Sighting] = []
    for sighting in sightings:
        if not any(_is_one_call(sighting, other) for other in calls):
            calls.append(sighting)
    return calls


def _is_one_call(one: Sighting, other: Sighting) -> bool:
    if one.record.source != other.record.source:
        return False
    if one.record.call_group_id is not None and one.record.call_group_id == other.record.call_group_id:
        return True
    apart = abs((one.record.setup_at - other.record.setup_at).total_seconds())
    return apart <= 1.0 and one.record.duration_s == other.record.duration_s and one.ends == other.ends
