"""Turn what was found into what is said: one hop answered, and what the next one should search for.

An answer is a function of the provider's records, its book and the *set* of requests it has had.
Several requests together may show that a source's stamps are off; then requests that could only be
reviewed before are answered, and their answers change. Nothing depends on the order they came in.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hopback.kernel.calls import CallRecord, Reason, Sought
from hopback.kernel.errors import BadInput
from hopback.kernel.numbers import format_e164, read_e164
from hopback.provider.wording import say_all
from hopback.records.clockwork import CLOCK_ERROR_S, CORROBORATED_ERROR_S, Clocks, own_shifts
from hopback.records.finding import SEARCH_REACH, Fit, Found, Outcome, Sighting, find_call, votes_for
from hopback.records.rejects import rejected_mentions
from hopback.wire.hops import AnswerKind, HopAnswer, HopRequest, NextSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hopback.provider.book import Book
    from hopback.records.store import Coverage, Store

__all__ = ["Desk", "sought_from"]

_RECEIVED_CALLED = ("original_called", "called_dialed", "called_pretranslation", "called_ruri", "called_to")
_RECEIVED_CALLING = ("calling_from", "calling_pai", "calling_rpid")
_DAY = timedelta(days=1)
_LINE = 10**10  # two numbers that share ten digits at the end may be one line; see same_subscriber
_FINEST_S = 2.0  # nobody's set-up time is better known than this


def sought_from(request: HopRequest) -> Sought:
    """The call a request asks about.

    Raises:
        BadInput: a number is not E.164.
    """
    return Sought(
        called=read_e164(request.called, where="called"),
        calling=read_e164(request.calling, where="calling") if request.calling else None,
        started_at=request.started_at,
        accuracy_s=request.accuracy_s,
        downstream=request.downstream,
        sip_call_id=request.sip_call_id,
        duration_s=request.duration_s,
        answered=request.answered,
    )


@dataclass
class Desk:
    """The requests one provider has, and the answers that stand.

    ``unread`` names sources whose records could not be loaded: absence is never claimed then.
    """

    book: Book
    store: Store
    unread: tuple[str, ...] = ()
    _asked: dict[str, HopRequest] = field(default_factory=dict)
    _candidates: dict[str, tuple[Sought, list[CallRecord]]] = field(default_factory=dict)
    _unreadable: dict[str, str] = field(default_factory=dict)

    def take(self, requests: Iterable[HopRequest]) -> None:
        """Add requests; one that is there already is replaced, one that cannot be read is kept for a person."""
        fresh: dict[str, Sought] = {}
        for request in requests:
            if self._asked.get(request.request_id) == request:
                continue
            self.withdraw([request.request_id])
            self._asked[request.request_id] = request
            try:
                fresh[request.request_id] = sought_from(request)
            except BadInput as error:
                self._unreadable[request.request_id] = str(error)
        candidates = self._candidates_of(list(fresh.values()))
        self._candidates |= {
            request_id: (sought, records)
            for (request_id, sought), records in zip(fresh.items(), candidates, strict=True)
        }

    def request_ids(self) -> tuple[str, ...]:
        """The requests that stand, in the order they were taken."""
        return tuple(self._asked)

    def withdraw(self, request_ids: Iterable[str]) -> None:
        """Forget requests that no longer stand, and what they showed of our clocks."""
        for request_id in request_ids:
            self._asked.pop(request_id, None)
            self._candidates.pop(request_id, None)
            self._unreadable.pop(request_id, None)

    def _candidates_of(self, calls: Sequence[Sought]) -> list[list[CallRecord]]:
        """Every record that could be the call, whatever its stamp says, for each of several calls.

        The store is asked three questions for all of them together: by called number, by caller near
        the time, by Call-ID.
        """
        if not calls:
            return []
        first = min(sought.started_at for sought in calls) - SEARCH_REACH
        last = max(sought.started_at for sought in calls) + SEARCH_REACH
        by_called = _by_line(
            self.store.find({sought.called for sought in calls}, start=first, end=last), lambda one: one.called
        )
        callers = {sought.calling for sought in calls if sought.calling is not None}
        by_caller = _by_line(self.store.find_calling(callers, start=first, end=last), lambda one: one.calling)
        by_call_id: dict[str | None, list[CallRecord]] = defaultdict(list)
        for record in self.store.by_call_ids({sought.sip_call_id for sought in calls if sought.sip_call_id}):
            for call_id in {record.sip_call_id_in, record.sip_call_id_out} - {None}:
                by_call_id[call_id].append(record)
        chosen = []
        for sought in calls:
            near = timedelta(seconds=sought.accuracy_s + CORROBORATED_ERROR_S)
            records = {
                record.record_id: record
                for record in (
                    *(one for one in by_called[sought.called % _LINE] if _is_within(one, sought, SEARCH_REACH)),
                    *(one for one in by_caller[(sought.calling or 0) % _LINE] if _is_within(one, sought, near)),
                    *(one for one in by_call_id[sought.sip_call_id] if _is_within(one, sought, SEARCH_REACH)),
                )
            }
            chosen.append(sorted(records.values(), key=lambda record: (record.setup_at, record.record_id)))
        return chosen

    @cached_property
    def _own_clocks(self) -> Clocks:
        """What the records alone show: declared zones, and second clocks that depend on none."""
        counts: dict[str, dict[date, dict[float, int]]] = defaultdict(lambda: defaultdict(dict))
        for shift in self.store.epoch_shifts():
            counts[shift.source][shift.day][float(shift.seconds)] = shift.calls
        return Clocks(
            zones={source.name: source.reading.time_zone for source in self.book.sources},
            own={source: own_shifts(days) for source, days in counts.items()},
        )

    def clocks(self) -> Clocks:
        """What our own records and all standing requests show of our sources' clocks."""
        known = self._own_clocks
        votes = {
            vote
            for sought, records in self._candidates.values()
            for vote in votes_for(sought, records, clocks=known, ends=self.book.ends)
        }
        return replace(known, votes=tuple(sorted(votes, key=lambda vote: (vote.at, vote.source, vote.offset_s))))

    def estimates(self) -> list[dict[str, Any]]:
        """What is believed of each source's clock, by day, with what it rests on, for a person to read.

        ``offset_s`` is how much too late the source's stamps are; ``basis`` is ``own_records`` with
        the number of rows that show it, or ``requests`` with the requesters that agree.
        """
        clocks = self.clocks()
        days: dict[tuple[str, date], set[str]] = defaultdict(set)
        for vote in clocks.votes:
            days[vote.source, vote.at.date()].add(vote.requester or "the consortium")
        said: list[dict[str, Any]] = [
            {"source": source, "day": day.isoformat(), "offset_s": offset, "basis": "own_records", "rows": rows}
            for source, shown in clocks.own.items()
            for day, (offset, rows) in shown.items()
        ]
        naive = {source.name: source.reading.time_zone is not None for source in self.book.sources}
        for (source, day), requesters in days.items():
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            belief = clocks.belief(source, noon, is_naive=naive.get(source, False))
            if belief is not None and source not in clocks.own:
                row = {"source": source, "day": day.isoformat(), "offset_s": belief.offset_s, "basis": "requests"}
                said.append(row | {"voters": belief.voters, "seen_that_day_by": sorted(requesters)})
        return sorted(said, key=lambda row: (row["source"], row["day"]))

    def sought(self, request: HopRequest) -> Sought:
        """The call a request asks about."""
        return sought_from(request)

    def coverage(self, sought: Sought) -> dict[str, Coverage]:
        """What each source's records cover, and how many lie within a day of the call asked about."""
        return self.store.coverage(sought.started_at - _DAY, sought.started_at + _DAY)

    def search(self, sought: Sought) -> Found:
        """Look for one call with everything known so far."""
        (records,) = self._candidates_of([sought])
        return find_call(sought, records, clocks=self.clocks(), ends=self.book.ends)

    def answers(self) -> dict[str, HopAnswer]:
        """The answers that stand, by request id: a function of the set of requests."""
        clocks = self.clocks()
        said = {
            request_id: HopAnswer(
                request_id=request_id, provider=self.book.provider_id, answer=AnswerKind.NEEDS_REVIEW, why=(why,)
            )
            for request_id, why in self._unreadable.items()
        }
        found = {
            request_id: find_call(sought, records, clocks=clocks, ends=self.book.ends)
            for request_id, (sought, records) in self._candidates.items()
        }
        shared = self._shared_by_two_calls(found)
        for request_id, (sought, _records) in self._candidates.items():
            one = found[request_id]
            if doubts := (
                *self._gaps_behind(sought, one),
                *([Reason("record_shared")] if request_id in shared else ()),
            ):
                one = replace(one, outcome=Outcome.REVIEW, reasons=(*one.reasons, *doubts))
            said[request_id] = self._answer(self._asked[request_id], sought, one)
        return said

    def _shared_by_two_calls(self, found: Mapping[str, Found]) -> set[str]:
        """Those requests of which one record is to be the answer though they ask about different times.

        Two calls have two records: one of the two was not found, and it is not known which.
        """
        claims: dict[str, list[str]] = defaultdict(list)
        for request_id, one in found.items():
            if one.outcome is Outcome.FOUND:
                for sighting in one.tied:
                    claims[sighting.record.record_id].append(request_id)
        shared: set[str] = set()
        for claimants in claims.values():
            calls = [self._candidates[request_id][0] for request_id in claimants]
            latest_first = min(one.started_at + timedelta(seconds=one.accuracy_s) for one in calls)
            earliest_last = max(one.started_at - timedelta(seconds=one.accuracy_s) for one in calls)
            if (earliest_last - latest_first).total_seconds() > 2 * CORROBORATED_ERROR_S:
                shared.update(claimants)
        return shared

    def _gaps_behind(self, sought: Sought, found: Found) -> Iterable[Reason]:
        """Records that cannot be read, where nothing but a time near enough says that this is the call.

        The right one may lie among them.
        """
        best = found.best
        if found.outcome is not Outcome.FOUND or best is None:
            return
        if best.fit is Fit.EXACT or best.likeness.is_corroborated:
            return
        yield from self._unread_reasons(sought)
        yield from (Reason("source_purged", {"source": name}) for name in self._expired(sought))

    def _unread_reasons(self, sought: Sought) -> list[Reason]:
        """Sources that could not be loaded, and rejected lines that name the number asked about."""
        mentions = rejected_mentions(self.store.rejects, sought.called)
        unread = [Reason("source_unread", {"source": name}) for name in self.unread]
        return unread + ([Reason("rejected_mention", {"lines": mentions})] if mentions else [])

    def _answer(self, request: HopRequest, sought: Sought, found: Found) -> HopAnswer:
        if found.outcome is Outcome.ABSENT or found.best is None:
            return self._absent(request, sought, found)
        best = found.best
        kind, upstream, customer = AnswerKind.NEEDS_REVIEW, None, None
        if found.outcome is Outcome.AMBIGUOUS:
            kind = AnswerKind.AMBIGUOUS
        elif found.outcome is Outcome.FOUND and best.ends.upstream is not None:
            kind, upstream = AnswerKind.UPSTREAM_NAMED, best.ends.upstream
        elif found.outcome is Outcome.FOUND and best.ends.customer is not None:
            kind, customer = AnswerKind.CUSTOMER_NAMED, best.ends.customer
        is_named = kind in (AnswerKind.UPSTREAM_NAMED, AnswerKind.CUSTOMER_NAMED)
        return HopAnswer(
            request_id=request.request_id,
            provider=self.book.provider_id,
            answer=kind,
            upstream=upstream,
            customer=customer,
            found_at=best.started_at if is_named else None,
            source=best.record.source if is_named else None,
            time_offset_s=round(best.offset_s, 3) if is_named else None,
            confidence=best.confidence,
            # Of a record that may be somebody else's call nothing is told but that a person must look.
            why=say_all((*found.reasons, *(best.reasons if is_named else ()))),
            next=_next_search(sought, found) if upstream is not None else None,
            record_key=_record_key(self.book.provider_id, found.tied) if is_named else None,
        )

    def _absent(self, request: HopRequest, sought: Sought, found: Found) -> HopAnswer:
        kind, reasons = AnswerKind.NO_RECORD, list(found.reasons)
        coverage = self.coverage(sought)
        begins = min((one.first_at for one in coverage.values() if one.first_at is not None), default=None)
        kept_since = self._kept_since()
        expired = self._expired(sought)
        if unread := self._unread_reasons(sought):
            kind = AnswerKind.NEEDS_REVIEW
            reasons += unread
        elif expired:
            kind = AnswerKind.RECORDS_EXPIRED
            reasons = [
                Reason(
                    "expired",
                    {
                        "source": name,
                        "days": self.book.source(name).retention_days or 0,
                        "begins": _z(kept_since[name]),
                    },
                )
                for name in expired
            ]
        elif not sum(one.rows_in_window for one in coverage.values()):
            kind = AnswerKind.NEEDS_REVIEW
            reasons.append(Reason("no_coverage"))
        elif silent := _silent(coverage, sought.started_at):
            kind = AnswerKind.NEEDS_REVIEW
            reasons += [Reason("source_silent", {"source": name}) for name in silent]
        if kind is AnswerKind.NO_RECORD and sought.answered is False:
            unlogged = self.store.without_unanswered()
            if unlogged:
                kind = AnswerKind.NEEDS_REVIEW
                reasons += [Reason("unanswered_unlogged", {"source": name}) for name in unlogged]
        if begins is not None and self.store.end is not None:
            names = ", ".join(sorted(name for name, one in coverage.items() if one.rows))
            reasons.append(Reason("searched", {"sources": names, "begins": _z(begins), "ends": _z(self.store.end)}))
        return HopAnswer(
            request_id=request.request_id,
            provider=self.book.provider_id,
            answer=kind,
            confidence=0.9 if kind is AnswerKind.NO_RECORD else 0.5,
            why=say_all(reasons),
            searched_from=sought.started_at - SEARCH_REACH,
            searched_until=sought.started_at + SEARCH_REACH,
            records_retained_since=max(kept_since.values(), default=begins),
        )

    def _expired(self, sought: Sought) -> list[str]:
        """The sources that may have purged the call, since it may lie before the time they are kept."""
        oldest = sought.started_at - timedelta(seconds=sought.accuracy_s)
        return [name for name, since in self._kept_since().items() if oldest < since]

    def _kept_since(self) -> dict[str, datetime]:
        """Since when each source that purges is kept.

        Expiry counts from the end of the provider's own records, so that an old export is not taken
        for a purged one.
        """
        end = self.store.end
        if end is None:
            return {}
        sources = self.book.sources
        return {s.name: end - timedelta(days=s.retention_days) for s in sources if s.retention_days is not None}


def _silent(coverage: Mapping[str, Coverage], at: datetime) -> list[str]:
    """The sources that recorded before and after, but nothing within a day of ``at``: a file may be missing."""
    return [
        name
        for name, one in coverage.items()
        if one.first_at is not None and one.last_at is not None and one.first_at < at < one.last_at
        if not one.rows_in_window
    ]


def _by_line(
    records: Iterable[CallRecord], numbers: Callable[[CallRecord], Mapping[str, int]]
) -> dict[int, list[CallRecord]]:
    """Records by the last ten digits of each number they show on one side."""
    lines: dict[int, list[CallRecord]] = defaultdict(list)
    for record in records:
        for line in {number % _LINE for number in numbers(record).values()}:
            lines[line].append(record)
    return lines


def _is_within(record: CallRecord, sought: Sought, reach: timedelta) -> bool:
    readings = (record.setup_at, record.setup_alt_at or record.setup_at)
    return any(abs(at - sought.started_at) <= reach for at in readings)


def _next_search(sought: Sought, found: Found) -> NextSearch:
    """The call as this provider received it: its numbers, its time as far as both sides know it, its Call-ID.

    Where several of its records tie, only what they agree on is passed on.
    """
    best, tied = found.tied[0], found.tied
    starts = [sighting.started_at for sighting in tied]
    spread = (max(starts) - min(starts)).total_seconds()
    if spread > _FINEST_S:
        started_at, accuracy_s = sought.started_at, sought.accuracy_s
    else:
        started_at, accuracy_s = _narrow(sought, best)
    call_ids = {sighting.record.sip_call_id_in for sighting in tied}
    durations = {sighting.record.duration_s for sighting in tied}
    answered = {sighting.record.answered for sighting in tied}
    return NextSearch(
        called=format_e164(_as_received(best.record.called, _RECEIVED_CALLED, like=sought.called)),
        calling=_calling_as_received(best, sought),
        started_at=started_at,
        accuracy_s=accuracy_s,
        sip_call_id=call_ids.pop() if len(call_ids) == 1 else None,
        duration_s=durations.pop() if len(durations) == 1 and best.record.answered else None,
        answered=answered.pop() if len(answered) == 1 else None,
    )


def _narrow(sought: Sought, best: Sighting) -> tuple[datetime, float]:
    """The span of time that both the asker and our own clock allow, as middle and half-width."""
    needed = CORROBORATED_ERROR_S if best.distance_s > sought.accuracy_s + CLOCK_ERROR_S else CLOCK_ERROR_S
    ours = timedelta(seconds=needed)
    theirs = timedelta(seconds=sought.accuracy_s)
    begins = max(sought.started_at - theirs, best.started_at - ours)
    ends = min(sought.started_at + theirs, best.started_at + ours)
    if begins > ends:
        return best.started_at, needed
    half = (ends - begins) / 2
    return begins + half, max(round(half.total_seconds(), 3), _FINEST_S)


def _as_received(numbers: Mapping[str, int], order: Sequence[str], *, like: int) -> int:
    return next((numbers[name] for name in order if name in numbers), like)


def _calling_as_received(best: Sighting, sought: Sought) -> str | None:
    number = next(
        (best.record.calling[name] for name in _RECEIVED_CALLING if name in best.record.calling), sought.calling
    )
    return format_e164(number) if number is not None else None


def _record_key(provider_id: str, tied: Sequence[Sighting]) -> str:
    """An opaque name for the record an answer rests on: equal for equal records, saying nothing of them."""
    record_id = min(sighting.record.record_id for sighting in tied)
    return hashlib.sha256(f"hopback record\n{provider_id}\n{record_id}".encode()).hexdigest()[:32]


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%MZ")
