"""What has happened to a traceback, and how that is written down.

Events are only ever added. Each says when, by whom, in which part, for which purpose and under which
version of the policy it happened. :func:`to_dict` and :func:`from_dict` carry them to and from plain
JSON values; ``version`` is the version of the event's own fields.
"""

# ruff: noqa: TC001 (plain.from_plain reads the annotations at run time, so their names have to be here)

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from hopback.kernel.answers import Response
from hopback.kernel.calls import Sought
from hopback.kernel.clocks import Segment
from hopback.kernel.commands import DisputeResult, Role
from hopback.kernel.errors import BadInput
from hopback.kernel.findings import Finding
from hopback.kernel.hops import DeclineReason, SourceKind, TraceKind
from hopback.kernel.outcomes import Result
from hopback.kernel.plain import from_plain, to_plain

__all__ = ["EVENTS", "Event", "from_dict", "to_dict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has happened. ``at`` is aware UTC; ``actor`` is an id."""

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1

    at: datetime
    actor: str
    role: Role
    purpose: str
    policy_version: str

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC:
            raise BadInput(f"the time of {self.name} is not UTC", where="at", mend="hand in an aware UTC time")
        for field in ("actor", "purpose", "policy_version"):
            if not getattr(self, field).strip():
                raise BadInput(f"{self.name} has no {field.replace('_', ' ')}", where=field)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceProposed(Event):
    """A call was put forward. ``is_aged``: older than the policy warns of; its records may be gone."""

    name: ClassVar[str] = "trace.proposed"
    trace: str
    sample: Sought
    source: str
    source_kind: SourceKind
    kind: TraceKind
    campaign: str | None
    source_provider: str | None
    targets_competitor: bool
    jurisdiction: str
    is_aged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSeconded(Event):
    """One of two people needed has vetted the candidate."""

    name: ClassVar[str] = "trace.seconded"
    reason: str
    basis: tuple[str, ...]
    violations: tuple[str, ...]
    campaign: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceVetted(Event):
    """The candidate is accepted. ``campaign`` is the one it turned out to belong to, None if nothing was said of it."""

    name: ClassVar[str] = "trace.vetted"
    reason: str
    basis: tuple[str, ...]
    violations: tuple[str, ...]
    campaign: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDeclined(Event):
    """The candidate is refused."""

    name: ClassVar[str] = "trace.declined"
    code: DeclineReason
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOpened(Event):
    """Work has begun."""

    name: ClassVar[str] = "trace.opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStalled(Event):
    """Nothing more can be done for now."""

    name: ClassVar[str] = "trace.stalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceResumed(Event):
    """Work goes on."""

    name: ClassVar[str] = "trace.resumed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceConcluded(Event):
    """An outcome is set."""

    name: ClassVar[str] = "trace.concluded"
    result: Result
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceClosed(Event):
    """Checked and closed."""

    name: ClassVar[str] = "trace.closed"
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceReopened(Event):
    """Taken up again."""

    name: ClassVar[str] = "trace.reopened"
    reason: str
    erratum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceVoided(Event):
    """Was opened in error."""

    name: ClassVar[str] = "trace.voided"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HopEvent(Event):
    """Something that has happened at one hop."""

    hop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HopCreated(HopEvent):
    """A provider is to be asked."""

    name: ClassVar[str] = "hop.created"
    provider: str
    asked: Sought
    parent: int | None
    is_fork: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HopSent(HopEvent):
    """The request was dispatched."""

    name: ClassVar[str] = "hop.sent"
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HopBounced(HopEvent):
    """The request came back."""

    name: ClassVar[str] = "hop.bounced"
    channel: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HopDelivered(HopEvent):
    """The request was received, and the clock started."""

    name: ClassVar[str] = "hop.delivered"
    proof: str
    received_at: datetime
    respond_by: datetime
    delinquent_after: datetime
    office_zone: str
    working: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HopAcknowledged(HopEvent):
    """Somebody has seen the request."""

    name: ClassVar[str] = "hop.acknowledged"


@dataclass(frozen=True, slots=True, kw_only=True)
class HopReminded(HopEvent):
    """A reminder went out."""

    name: ClassVar[str] = "hop.reminded"
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HopAnswered(HopEvent):
    """A version of the answer came in. ``is_delinquent``: after ``delinquent_after``."""

    name: ClassVar[str] = "hop.answered"
    response: Response
    is_delinquent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HopCorrected(HopEvent):
    """A provider mended an answer that stood."""

    name: ClassVar[str] = "hop.corrected"
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class HopReturned(HopEvent):
    """The answer was not full and went back."""

    name: ClassVar[str] = "hop.returned"
    version_judged: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HopAccepted(HopEvent):
    """The answer is full and stands."""

    name: ClassVar[str] = "hop.accepted"
    version_judged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HopRedirected(HopEvent):
    """The provider was wrongly named."""

    name: ClassVar[str] = "hop.redirected"
    version_judged: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HopRecheckAsked(HopEvent):
    """The hop is asked to look again, since ``denied_by`` says that it did not send the call."""

    name: ClassVar[str] = "hop.recheck_asked"
    denied_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HopLapsed(HopEvent):
    """``respond_by`` passed without a full answer."""

    name: ClassVar[str] = "hop.lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HopDefaulted(HopEvent):
    """``delinquent_after`` passed without a full answer."""

    name: ClassVar[str] = "hop.defaulted"


@dataclass(frozen=True, slots=True, kw_only=True)
class HopEscalated(HopEvent):
    """A step of the ladder was taken."""

    name: ClassVar[str] = "hop.escalated"
    step: int
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HopFound(HopEvent):
    """A person decided that the provider did not respond."""

    name: ClassVar[str] = "hop.found"
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class HopDisputed(HopEvent):
    """A provider contests what is held of it."""

    name: ClassVar[str] = "hop.disputed"
    provider: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HopDisputeResolved(HopEvent):
    """A dispute was decided."""

    name: ClassVar[str] = "hop.dispute_resolved"
    result: DisputeResult
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HopSuperseded(HopEvent):
    """The path no longer leads here; what was said is kept."""

    name: ClassVar[str] = "hop.superseded"
    because_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HopCancelled(HopEvent):
    """This provider is no longer asked."""

    name: ClassVar[str] = "hop.cancelled"
    reason: str


_ALL: Final[tuple[type[Event], ...]] = (
    TraceProposed,
    TraceSeconded,
    TraceVetted,
    TraceDeclined,
    TraceOpened,
    TraceStalled,
    TraceResumed,
    TraceConcluded,
    TraceClosed,
    TraceReopened,
    TraceVoided,
    HopCreated,
    HopSent,
    HopBounced,
    HopDelivered,
    HopAcknowledged,
    HopReminded,
    HopAnswered,
    HopCorrected,
    HopReturned,
    HopAccepted,
    HopRedirected,
    HopRecheckAsked,
    HopLapsed,
    HopDefaulted,
    HopEscalated,
    HopFound,
    HopDisputed,
    HopDisputeResolved,
    HopSuperseded,
    HopCancelled,
)

EVENTS: Final[dict[str, type[Event]]] = {event.name: event for event in _ALL}
"""Every event by its name."""


def to_dict(event: Event) -> dict[str, Any]:
    """The event as plain JSON values: ``event`` is its name, ``version`` that of its fields."""
    return {"event": event.name, "version": event.version, **to_plain(event)}


def from_dict(data: dict[str, Any]) -> Event:
    """The event that :func:`to_dict` wrote.

    Raises:
        BadInput: it has an unknown name or version, or a field is missing or malformed.
    """
    name, version = data.get("event"), data.get("version")
    cls = EVENTS.get(name) if isinstance(name, str) else None
    if cls is None:
        raise BadInput(f"no such event: {name!r}", where="event")
    if version != cls.version:
        raise BadInput(f"version {version!r} of {name} is not known", where="version", mend="update this program")
    return from_plain(cls, {key: value for key, value in data.items() if key not in ("event", "version")})
