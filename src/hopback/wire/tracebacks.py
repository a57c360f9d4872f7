"""A traceback as the consortium's own programs read and lead it, version 1.

Everything the consortium sees, so nothing of this goes to anybody else. Codes are the kernel's; ids of providers
are the directory's. Fields may be added; none is renamed or removed without a deprecation.
"""

# ruff: noqa: TC001 -- pydantic reads the annotations at run time

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hopback.kernel.hops import HopState, SourceKind, TraceKind, TraceState
from hopback.kernel.outcomes import Outcome
from hopback.wire.hops import AnswerKind, Utc

__all__ = [
    "Assigned",
    "Closed",
    "Concluded",
    "EventTold",
    "HopTold",
    "Judged",
    "NoteTold",
    "Noted",
    "Opened",
    "Prioritised",
    "Reasoned",
    "Reopened",
    "ResponseTold",
    "ResultTold",
    "Returned",
    "SampleTold",
    "Sent",
    "ToAnother",
    "TracebackList",
    "TracebackRow",
    "TracebackTold",
]

Seen = Annotated[int | None, Field(default=None, ge=1)]
Words = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S")]
ProviderId = Annotated[str, Field(min_length=1, max_length=64)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


# What is told


class TracebackRow(_Message):
    """A traceback in a list.

    ``turn`` is whose turn it is, empty where nothing more is to come; ``waiting_on`` the provider that owes an
    answer, empty where none does; ``next_due`` the earliest deadline of an answer that is owed. ``version``
    counts what has happened: hand it back as ``seen`` with what you decide.
    """

    id: str
    version: int
    state: TraceState
    kind: TraceKind
    priority: Literal["urgent", "high", "normal"]
    owner: str | None = None
    campaign: str | None = None
    source: str
    source_kind: SourceKind
    reference: str | None = None
    called: str
    calling: str | None = None
    call_started_at: Utc
    proposed_at: Utc
    opened_at: Utc | None = None
    concluded_at: Utc | None = None
    outcome: Outcome | None = None
    origin_provider: str | None = None
    point_of_entry: str | None = None
    turn: Literal["consortium", "provider", ""]
    waiting_on: str | None = None
    waiting_since: Utc | None = None
    next_due: Utc | None = None
    review: str | None = None
    hops_count: int
    is_overdue: bool
    is_late: bool
    updated_at: Utc


class TracebackList(_Message):
    """A part of a list. ``next`` is the cursor of what follows, None at the end."""

    tracebacks: list[TracebackRow]
    next: str | None = None


class SampleTold(_Message):
    """A call: as it was reported, or as a provider is to search for it."""

    called: str
    calling: str | None = None
    started_at: Utc
    accuracy_s: float
    downstream: str | None = None
    sip_call_id: str | None = None
    duration_s: float | None = None
    answered: bool | None = None


class ResponseTold(_Message):
    """One version of an answer. ``late_s`` is by how many seconds it missed the deadline."""

    version: int
    answer: AnswerKind
    submitted_at: Utc
    submitted_by: str
    authenticated: bool
    on_behalf: bool
    is_correction: bool
    stands: bool
    late_s: float
    upstream: str | None = None
    upstream_name: str | None = None
    customer: str | None = None
    found_at: Utc | None = None
    source: str | None = None
    time_offset_s: float | None = None
    confidence: float
    why: tuple[str, ...] = ()
    statement: str | None = None
    record_key: str | None = None
    searched_from: Utc | None = None
    searched_until: Utc | None = None
    records_retained_since: Utc | None = None
    next: SampleTold | None = None


class FindingTold(_Message):
    """What a person decided about a provider's silence."""

    reason: str
    evidence: tuple[str, ...]
    decided_by: str
    decided_at: Utc
    rests_on: Utc
    appeal: Literal["none", "appealed", "upheld", "withdrawn"]


class SegmentTold(_Message):
    """A stretch in which a deadline's clock ran or stood still, and the rule that says so."""

    start: Utc
    end: Utc
    runs: bool
    why: str
    cite: str
    note: str = ""


class HopTold(_Message):
    """One provider asked once."""

    number: int
    request_id: str
    provider: str
    state: HopState
    asked: SampleTold
    parent: int | None = None
    is_fork: bool
    is_on_path: bool
    channels: tuple[str, ...] = ()
    sent_at: Utc | None = None
    received_at: Utc | None = None
    respond_by: Utc | None = None
    delinquent_after: Utc | None = None
    office_zone: str | None = None
    working: list[SegmentTold] = Field(default_factory=list)
    acknowledged_at: Utc | None = None
    escalation_level: int
    late_s: float
    missing: tuple[str, ...] = ()
    responses: list[ResponseTold] = Field(default_factory=list)
    finding: FindingTold | None = None
    is_disputed: bool


class ResultTold(_Message):
    """What it comes to: proposed while ``is_confirmed`` is false. ``outcome`` is None while it is open."""

    outcome: Outcome | None = None
    confidence: float
    path: tuple[str, ...]
    origin_provider: str | None = None
    customer: str | None = None
    point_of_entry: str | None = None
    is_confirmed: bool


class TracebackTold(TracebackRow):
    """A whole traceback."""

    jurisdiction: str
    policy: str
    sample: SampleTold
    reason: str | None = None
    basis: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    is_aged: bool
    result: ResultTold
    hops: list[HopTold]
    notices: tuple[str, ...] = ()
    errata: tuple[str, ...] = ()


class EventTold(_Message):
    """One thing that happened: its name, its fields as they are kept, and a sentence."""

    number: int
    name: str
    at: Utc
    actor: str
    text: str
    why: tuple[str, ...] = ()
    hop: int | None = None
    data: dict[str, Any]


class NoteTold(_Message):
    """A note of the consortium's own people."""

    at: Utc
    author: str
    text: str


# What is done; ``seen`` is the version that was looked at, and an older one is a conflict


class Judged(_Message):
    """Let an answer stand; ``version`` is the one that was judged."""

    version: Annotated[int, Field(ge=1)]
    seen: Seen = None


class Returned(_Message):
    """Send an answer back, with a reason for each missing field."""

    missing: Annotated[tuple[Words, ...], Field(min_length=1, max_length=20)]
    seen: Seen = None


class ToAnother(_Message):
    """A provider of the directory, and why: asked besides, or said to be the one that is meant."""

    provider: ProviderId
    reason: Words
    seen: Seen = None


class Reasoned(_Message):
    """Something done for a reason."""

    reason: Words
    seen: Seen = None


class Sent(_Message):
    """A request sent by other ways: to whom and how."""

    channels: Annotated[tuple[Words, ...], Field(min_length=1, max_length=5)]
    seen: Seen = None


class Opened(_Message):
    """Begin, with the provider that serves the called number; by default the one the sample came with."""

    provider: ProviderId | None = None
    seen: Seen = None


class Concluded(_Message):
    """Confirm what the answers come to, or set an outcome that rests on something else, for a reason."""

    outcome: Outcome | None = None
    confidence: Annotated[float | None, Field(default=None, ge=0, le=1)]
    reason: Annotated[str, Field(max_length=4000)] = ""
    seen: Seen = None


class Closed(_Message):
    """Close: which providers were told and asked to mitigate."""

    notices: Annotated[tuple[ProviderId, ...], Field(max_length=50)] = ()
    seen: Seen = None


class Reopened(_Message):
    """Take up again: why, and what published reports are to say."""

    reason: Words
    erratum: Words
    seen: Seen = None


class Noted(_Message):
    """A note."""

    text: Words


class Assigned(_Message):
    """Who looks after it, by mail address; None for nobody."""

    owner: Annotated[str | None, Field(max_length=254)] = None


class Prioritised(_Message):
    """How soon people look at it."""

    priority: Literal["urgent", "high", "normal"]
