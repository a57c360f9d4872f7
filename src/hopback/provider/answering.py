"""Turn what was found into what is said: one hop answered, and what the next one should search for.

An answer is a function of the provider's records, its book and the *set* of requests it has had.
Several requests together may show that a source's stamps are off; then requests that could only be
reviewed before are answered, and their answers change. Nothing depends on the order they came in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from hopback.kernel.calls import CallRecord, Reason, Sought
from hopback.kernel.numbers import format_e164, read_e164
from hopback.provider.wording import say_all
from hopback.records.clockwork import CLOCK_ERROR_S, CORROBORATED_ERROR_S
from hopback.records.finding import SEARCH_REACH, Clocks, Fit, Found, Outcome, Sighting, find_call, votes_for
from hopback.wire.hops import AnswerKind, HopAnswer, HopRequest, NextSearch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from hopback.provider.book import Book

__all__ = ["Desk", "Records", "SourceSpan", "answer_from", "sought_from"]

_RECEIVED_CALLED = ("original_called", "called_dialed", "called_pretranslation", "called_ruri", "called_to")
_RECEIVED_CALLING = ("calling_from", "calling_pai", "calling_rpid")
_DAY = timedelta(days=1)
_FINEST_S = 2.0  # nobody's set-up time is better known than this


@dataclass(frozen=True, slots=True)
class SourceSpan:
    """What a source holds: first and last instant recorded, and how many days it keeps."""

    source: str
    first: datetime | None
    last: datetime | None
    rows: int


class Records(Protocol):
    """The few questions an answer needs of a store of call records."""

    def find(self, called: Iterable[int], *, start: datetime, end: datetime) -> list[CallRecord]:
        """Every record any of whose called identities is one of the numbers, within the span."""

    def find_calling(self, calling: Iterable[int], *, start: datetime, end: datetime) -> list[CallRecord]:
        """The same by calling identities."""

    def by_call_id(self, sip_call_id: str) -> list[CallRecord]:
        """Every record with this SIP Call-ID on either leg."""

    def spans(self) -> tuple[SourceSpan, ...]:
        """What each source holds."""

    def rows_within(self, start: datetime, end: datetime) -> int:
        """How many records of any source lie within the span."""

    def own_shifts(self) -> Mapping[str, Mapping[date, tuple[float, int]]]:
        """What the sources' own second clocks show, per source and UTC date."""


def sought_from(request: HopRequest) -> Sought:
    """The call a request asks about.

    Raises:
        BadInput: a number is not E.164.
    """
    return Sought(
        called=read_e164(request.called),
        calling=read_e164(request.calling) if request.calling else None,
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
    records: Records
    unread: tuple[str, ...] = ()
    _asked: dict[str, HopRequest] = field(default_factory=dict)
    _candidates: dict[str, tuple[Sought, list[CallRecord]]] = field(default_factory=dict)

    def take(self, requests: Iterable[HopRequest]) -> None:
        """Add requests; one that is there already is replaced.

        Raises:
            BadInput: a request's number is not E.164; none of the others is lost.
        """
        for request in requests:
            if self._asked.get(request.request_id) == request:
                continue
            sought = sought_from(request)
            self._asked[request.request_id] = request
            self._candidates[request.request_id] = (sought, self.candidates(sought))

    def request_ids(self) -> tuple[str, ...]:
        """The requests that stand, in the order they were taken."""
        return tuple(self._asked)

    def withdraw(self, request_ids: Iterable[str]) -> None:
        """Forget requests that no longer stand, and what they showed of our clocks."""
        for request_id in request_ids:
            self._asked.pop(request_id, None)
            self._candidates.pop(request_id, None)

    def candidates(self, sought: Sought) -> list[CallRecord]:
        """Every record that could be the call, whatever its stamp says."""
        start, end = sought.started_at - SEARCH_REACH, sought.started_at + SEARCH_REACH
        found = {record.record_id: record for record in self.records.find([sought.called], start=start, end=end)}
        if sought.calling is not None:
            near = timedelta(seconds=sought.accuracy_s + CORROBORATED_ERROR_S)
            by_caller = self.records.find_calling(
                [sought.calling], start=sought.started_at - near, end=sought.started_at + near
            )
            found |= {record.record_id: record for record in by_caller}
        if sought.sip_call_id:
            found |= {record.record_id: record for record in self.records.by_call_id(sought.sip_call_id)}
        return sorted(found.values(), key=lambda record: (record.setup_at, record.record_id))

    def clocks(self) -> Clocks:
        """What our own records and all standing requests show of our sources' clocks."""
        known = Clocks(
            zones={source.name: source.time_zone for source in self.book.sources}, own=self.records.own_shifts()
        )
        votes = {
            vote
            for sought, records in self._candidates.values()
            for vote in votes_for(sought, records, clocks=known, ends=self.book.ends)
        }
        return replace(known, votes=tuple(sorted(votes, key=lambda vote: (vote.at, vote.source, vote.offset_s))))

    def sought(self, request: HopRequest) -> Sought:
        """The call a request asks about."""
        return sought_from(request)

    def rows_within_a_day(self, sought: Sought) -> int:
        """How many records of any source lie within a day of the call asked about."""
        return self.records.rows_within(sought.started_at - _DAY, sought.started_at + _DAY)

    def search(self, sought: Sought) -> Found:
        """Look for one call with everything known so far."""
        return find_call(sought, self.candidates(sought), clocks=self.clocks(), ends=self.book.ends)

    def answers(self) -> dict[str, HopAnswer]:
        """The answers that stand, by request id: a function of the set of requests."""
        clocks = self.clocks()
        said: dict[str, HopAnswer] = {}
        for request_id, (sought, records) in self._candidates.items():
            found = find_call(sought, records, clocks=clocks, ends=self.book.ends)
            request = self._asked[request_id]
            said[request_id] = answer_from(
                request, sought, found, book=self.book, records=self.records, unread=self.unread
            )
        return said


def answer_from(
    request: HopRequest, sought: Sought, found: Found, *, book: Book, records: Records, unread: Sequence[str] = ()
) -> HopAnswer:
    """What the provider says of ``request`` after ``found``."""
    if found.outcome is Outcome.ABSENT or found.best is None:
        return _absent(request, sought, found, book=book, records=records, unread=unread)
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
        provider=book.provider_id,
        answer=kind,
        upstream=upstream,
        customer=customer,
        found_at=best.started_at if is_named else None,
        source=best.record.source if is_named else None,
        time_offset_s=round(best.offset_s, 3) if is_named else None,
        confidence=best.confidence,
        why=say_all((*found.reasons, *best.reasons)),
        next=_next_search(sought, found) if upstream is not None else None,
        record_key=_record_key(book.provider_id, found.tied) if is_named else None,
    )


def _absent(
    request: HopRequest, sought: Sought, found: Found, *, book: Book, records: Records, unread: Sequence[str]
) -> HopAnswer:
    kind, reasons = AnswerKind.NO_RECORD, list(found.reasons)
    spans = {span.source: span for span in records.spans()}
    lasts = [span.last for span in spans.values() if span.last is not None]
    expired = []
    if lasts:
        for source in book.sources:
            if source.retention_days is None:
                continue
            begins = max(lasts) - timedelta(days=source.retention_days)
            if sought.started_at - timedelta(seconds=sought.accuracy_s) < begins:
                values = {"source": source.name, "days": source.retention_days, "begins": _z(begins)}
                expired.append(Reason("expired", values))
    if unread:
        kind = AnswerKind.NEEDS_REVIEW
        reasons += [Reason("source_unread", {"source": name}) for name in unread]
    elif expired:
        kind = AnswerKind.RECORDS_EXPIRED
        reasons += expired
    elif not records.rows_within(sought.started_at - _DAY, sought.started_at + _DAY):
        kind = AnswerKind.NEEDS_REVIEW
        reasons.append(Reason("no_coverage"))
    covered = [span for span in spans.values() if span.first is not None and span.last is not None]
    if covered:
        values = {
            "sources": ", ".join(sorted(span.source for span in covered)),
            "begins": _z(min(span.first for span in covered if span.first is not None)),
            "ends": _z(max(lasts)),
        }
        reasons.append(Reason("searched", values))
    near_misses = [reason for sighting in found.sightings[:1] for reason in sighting.reasons]
    return HopAnswer(
        request_id=request.request_id,
        provider=book.provider_id,
        answer=kind,
        confidence=0.9 if kind is AnswerKind.NO_RECORD else 0.5,
        why=say_all((*reasons, *near_misses)),
    )


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
    ours = timedelta(seconds=CLOCK_ERROR_S if best.fit is not Fit.EXACT or best.distance_s <= CLOCK_ERROR_S else 0)
    theirs = timedelta(seconds=sought.accuracy_s)
    begins = max(sought.started_at - theirs, best.started_at - ours)
    ends = min(sought.started_at + theirs, best.started_at + ours)
    if begins > ends:
        return best.started_at, CLOCK_ERROR_S
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
