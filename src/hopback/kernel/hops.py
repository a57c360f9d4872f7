"""A traceback and its hops as they stand: states and what was said, nothing of how they came about."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hopback.kernel.answers import Answer, Response
    from hopback.kernel.calls import Sought
    from hopback.kernel.clocks import Segment
    from hopback.kernel.findings import Finding
    from hopback.kernel.outcomes import Result

__all__ = [
    "HELD",
    "OPEN",
    "WORKING",
    "DeclineReason",
    "Dispute",
    "Hop",
    "HopState",
    "SourceKind",
    "Trace",
    "TraceKind",
    "TraceState",
]


class TraceState(StrEnum):
    """Where a traceback stands."""

    CANDIDATE = "candidate"
    VETTED = "vetted"
    DECLINED = "declined"
    ACTIVE = "active"
    STALLED = "stalled"
    CONCLUDED = "concluded"
    CLOSED = "closed"
    REOPENED = "reopened"
    VOID = "void"


class HopState(StrEnum):
    """Where one hop stands."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    NEEDS_INFO = "needs_info"
    ACCEPTED = "accepted"
    OVERDUE = "overdue"
    DELINQUENT = "delinquent"
    NON_RESPONSIVE = "non_responsive"
    LATE_ANSWERED = "late_answered"
    REDIRECTED = "redirected"
    DISPUTED = "disputed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


class TraceKind(StrEnum):
    """Which way a traceback goes."""

    BACK = "back"
    """Upstream, from the terminating provider to the caller."""
    FORWARD = "forward"
    """From a number that victims are told to call to the customer behind it."""


class SourceKind(StrEnum):
    """Who supplied the call sample."""

    HONEYPOT = "honeypot"
    ANALYTICS = "analytics"
    COMPLAINT = "complaint"
    BRAND = "brand"
    PROVIDER = "provider"
    AGENCY = "agency"


class DeclineReason(StrEnum):
    """Why a candidate was not traced."""

    NOT_SUSPICIOUS = "not_suspicious"
    SOURCE_NOT_VERIFIED = "source_not_verified"
    OUT_OF_SCOPE = "out_of_scope"
    TOO_OLD = "too_old"
    INSUFFICIENT_DETAIL = "insufficient_detail"
    DUPLICATE = "duplicate"
    NOT_WORTH_RESOURCES = "not_worth_resources"
    CONFLICT_OF_INTEREST = "conflict_of_interest"


WORKING: Final = frozenset({TraceState.ACTIVE, TraceState.STALLED, TraceState.REOPENED})
"""States in which providers are asked and answers are judged."""

OPEN: Final = frozenset(
    {
        HopState.PENDING,
        HopState.SENT,
        HopState.DELIVERED,
        HopState.ACKNOWLEDGED,
        HopState.NEEDS_INFO,
        HopState.OVERDUE,
        HopState.ANSWERED,
        HopState.LATE_ANSWERED,
        HopState.DELINQUENT,
        HopState.DISPUTED,
    }
)
"""States in which somebody still owes something: the provider an answer, or a person a decision."""

HELD: Final = frozenset({HopState.SUPERSEDED, HopState.CANCELLED})
"""States of hops that no longer belong to the path. They are kept, with what was said."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A provider contests what is held of it. ``since`` is the state the hop was in before."""

    by: str
    provider: str
    statement: str
    opened_at: datetime
    since: HopState


@dataclass(frozen=True, slots=True)
class Hop:
    """One provider asked once within a traceback.

    ``number`` counts from 1 in the order hops were created; ``parent`` is the hop downstream whose
    answer led here, None for the first. ``asked`` is the call as this provider is to search for it.
    ``received_at`` is the earliest proof of receipt and, with the clock, is fixed once.
    ``late_s`` is by how many seconds a full answer missed ``respond_by``; it never shrinks.
    ``effective`` is the version of the response that stands.
    """

    number: int
    provider: str
    asked: Sought
    parent: int | None = None
    state: HopState = HopState.PENDING
    is_fork: bool = False
    channels: tuple[str, ...] = ()
    sent_at: datetime | None = None
    bounces: int = 0
    received_at: datetime | None = None
    respond_by: datetime | None = None
    delinquent_after: datetime | None = None
    office_zone: str | None = None
    working: tuple[Segment, ...] = ()
    acknowledged_at: datetime | None = None
    reminders: tuple[str, ...] = ()
    escalation_level: int = 0
    responses: tuple[Response, ...] = ()
    effective: int | None = None
    accepted_at: datetime | None = None
    rejected_for: tuple[str, ...] = ()
    recheck_asked_by: tuple[int, ...] = ()
    late_s: float = 0.0
    finding: Finding | None = None
    dispute: Dispute | None = None

    @property
    def latest(self) -> Response | None:
        """The last response submitted, whether or not it stands."""
        return self.responses[-1] if self.responses else None

    @property
    def standing(self) -> Answer | None:
        """The answer that stands, None while none was accepted."""
        return None if self.effective is None else self.responses[self.effective - 1].answer

    @property
    def is_late(self) -> bool:
        """Whether its answer came after ``respond_by``."""
        return self.late_s > 0

    @property
    def is_held(self) -> bool:
        """Whether it no longer belongs to the path and is only kept."""
        return self.state in HELD

    @property
    def is_open(self) -> bool:
        """Whether somebody still owes something here."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Trace:
    """One run upstream from one call, folded from its events.

    ``sample`` is the call as it was reported. ``version`` counts the events folded in, so that whoever
    decides can say what they had seen. ``vetted_by`` holds everybody who vetted, in order.
    """

    id: str
    sample: Sought
    source: str
    source_kind: SourceKind
    proposed_by: str
    proposed_at: datetime
    proposer_counts: bool = False
    kind: TraceKind = TraceKind.BACK
    campaign: str | None = None
    source_provider: str | None = None
    targets_competitor: bool = False
    jurisdiction: str = "us"
    is_aged: bool = False
    state: TraceState = TraceState.CANDIDATE
    version: int = 1
    vetted_by: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    reason: str = ""
    decline_reason: DeclineReason | None = None
    opened_at: datetime | None = None
    hops: tuple[Hop, ...] = ()
    result: Result | None = None
    concluded_by: str | None = None
    concluded_at: datetime | None = None
    closed_by: str | None = None
    notices: tuple[str, ...] = ()
    errata: tuple[str, ...] = field(default=())

    def hop(self, number: int) -> Hop | None:
        """The hop with that number, None if there is none."""
        return self.hops[number - 1] if 1 <= number <= len(self.hops) else None

    def children(self, number: int) -> Iterator[Hop]:
        """The hops asked because of what this one said, oldest first, held ones too."""
        return (hop for hop in self.hops if hop.parent == number)

    def chain(self, number: int) -> tuple[Hop, ...]:
        """The hops from the first down to this one."""
        chain: list[Hop] = []
        here = self.hop(number)
        while here is not None:
            chain.append(here)
            here = None if here.parent is None else self.hop(here.parent)
        return tuple(reversed(chain))

    def above(self, number: int) -> Iterator[Hop]:
        """Every hop that hangs on what this one said, near ones first, held ones too."""
        for child in self.children(number):
            yield child
            yield from self.above(child.number)
