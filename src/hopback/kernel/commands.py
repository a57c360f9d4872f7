"""What somebody asks of a traceback. A command may be refused; an event has happened.

Every command says who asks, in which part, and for which purpose (:class:`By`). What needs a calendar,
a directory or a count is computed outside and handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from hopback.kernel.hops import TraceKind

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.kernel.answers import Answer
    from hopback.kernel.calls import Sought
    from hopback.kernel.clocks import Deadline
    from hopback.kernel.hops import DeclineReason, SourceKind
    from hopback.kernel.outcomes import Result

__all__ = [
    "AcceptAnswer",
    "AcknowledgeHop",
    "Advance",
    "AnswerHop",
    "BounceHop",
    "By",
    "CancelHop",
    "Close",
    "Command",
    "Conclude",
    "CorrectAnswer",
    "Decline",
    "DeliverHop",
    "DenyClaim",
    "DisputeHop",
    "DisputeResult",
    "EscalateHop",
    "FindNonResponsive",
    "Fork",
    "Open",
    "Propose",
    "RejectAnswer",
    "RemindHop",
    "Reopen",
    "ResolveDispute",
    "Resume",
    "Role",
    "SendHop",
    "Stall",
    "TickHop",
    "Vet",
    "Void",
]


class Role(StrEnum):
    """The part somebody plays when they ask."""

    ANALYST = "analyst"
    LEAD = "lead"
    SYSTEM = "system"
    PROVIDER = "provider"
    SOURCE = "source"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class By:
    """Who asks, in which part, and for which purpose (``"47 USC 222(d)(2)"``).

    ``provider`` is the provider somebody acts for. ``seen`` is the version of the traceback a person
    looked at when deciding, None where it does not matter; if the traceback has moved on, the command
    is a conflict.
    """

    actor: str
    role: Role
    purpose: str
    provider: str | None = None
    seen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something asked of a traceback by somebody."""

    by: By


@dataclass(frozen=True, slots=True)
class Propose(Command):
    """Put a call forward. ``duplicate_of`` names a traceback of the same call, if one is known."""

    trace: str
    sample: Sought
    source: str
    source_kind: SourceKind
    kind: TraceKind = TraceKind.BACK
    campaign: str | None = None
    source_provider: str | None = None
    targets_competitor: bool = False
    jurisdiction: str = "us"
    duplicate_of: str | None = None


@dataclass(frozen=True, slots=True)
class Vet(Command):
    """Take a candidate on, with the reason, the traits that make it suspicious and what seems violated.

    ``campaign`` says which campaign it turned out to belong to, None to leave that as it was proposed.
    """

    reason: str
    basis: tuple[str, ...]
    violations: tuple[str, ...]
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class Decline(Command):
    """Refuse a candidate."""

    code: DeclineReason
    note: str = ""


@dataclass(frozen=True, slots=True)
class Open(Command):
    """Begin, with the provider that serves the called number (or, forward, holds the call-back number).

    Also begins anew where the first hop was cancelled or superseded.
    """

    provider: str


@dataclass(frozen=True, slots=True)
class SendHop(Command):
    """Dispatch the request. ``asked_this_week`` counts requests this provider was sent within a week."""

    hop: int
    channels: tuple[str, ...]
    asked_this_week: int | None = None


@dataclass(frozen=True, slots=True)
class BounceHop(Command):
    """A dispatched request came back undelivered."""

    hop: int
    channel: str
    why: str


@dataclass(frozen=True, slots=True)
class DeliverHop(Command):
    """There is proof of delivery: the clock starts, once. ``proof`` says what it is."""

    hop: int
    clock: Deadline
    proof: str


@dataclass(frozen=True, slots=True)
class AcknowledgeHop(Command):
    """Somebody at the provider has seen the request. The clock is not affected."""

    hop: int


@dataclass(frozen=True, slots=True)
class RemindHop(Command):
    """A reminder went out; ``key`` says which, so that it is counted once."""

    hop: int
    key: str


@dataclass(frozen=True, slots=True)
class AnswerHop(Command):
    """A provider answers, or an analyst writes down what it said. The same ``key`` counts once.

    ``authenticated`` is False for an answer given without sign-in: it is kept and moves nothing.
    """

    hop: int
    answer: Answer
    key: str
    authenticated: bool = True


@dataclass(frozen=True, slots=True)
class RejectAnswer(Command):
    """The answer is not full: a reason for each missing field. The clock is not reset."""

    hop: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AcceptAnswer(Command):
    """The answer is full and stands from now on. ``upstream_known``: the directory knows who was named.

    ``version`` is the response that was judged, None for the latest.
    """

    hop: int
    upstream_known: bool = False
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Advance(Command):
    """Ask the provider that the standing answer of this hop names."""

    hop: int


@dataclass(frozen=True, slots=True)
class Fork(Command):
    """Ask another provider besides: one of two claimed upstreams, or a reseller in a chain."""

    hop: int
    provider: str
    asked: Sought
    reason: str


@dataclass(frozen=True, slots=True)
class TickHop(Command):
    """Look at the clock."""

    hop: int


@dataclass(frozen=True, slots=True)
class EscalateHop(Command):
    """Take the next step of the ladder; ``step`` counts from 1."""

    hop: int
    step: int
    told: str


@dataclass(frozen=True, slots=True)
class FindNonResponsive(Command):
    """Decide that a provider did not respond.

    ``earliest`` is the first instant at which that may be decided: the policy's business days after
    ``delinquent_after``. ``noticed_at`` is when the provider was told what is about to be found.
    """

    hop: int
    reason: str
    evidence: tuple[str, ...]
    earliest: datetime
    noticed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stall(Command):
    """Nothing more can be done for now: every open hop is delinquent and the ladder is climbed."""


@dataclass(frozen=True, slots=True)
class Resume(Command):
    """Go on: a new contact, or a new approach."""

    reason: str


@dataclass(frozen=True, slots=True)
class CorrectAnswer(Command):
    """The provider mends its accepted answer, or an analyst writes its correction down."""

    hop: int
    answer: Answer
    key: str
    authenticated: bool = True


@dataclass(frozen=True, slots=True)
class DisputeHop(Command):
    """An affected provider contests an answer or a finding."""

    hop: int
    statement: str


class DisputeResult(StrEnum):
    """How a dispute ends. ``upheld`` leaves everything as it was."""

    UPHELD = "upheld"
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    REDIRECTED = "redirected"


@dataclass(frozen=True, slots=True)
class ResolveDispute(Command):
    """Decide a dispute."""

    hop: int
    result: DisputeResult
    reason: str


@dataclass(frozen=True, slots=True)
class DenyClaim(Command):
    """The provider shows that it was wrongly named: the hop downstream is asked to look again."""

    hop: int
    answer: Answer
    key: str
    authenticated: bool = True


@dataclass(frozen=True, slots=True)
class Conclude(Command):
    """Set what the traceback came to; see :func:`hopback.kernel.paths.outcome_of`."""

    result: Result
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Close(Command):
    """Check and close. ``notices`` are the providers that were told and asked to mitigate."""

    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reopen(Command):
    """Take up again after a correction or dispute; ``erratum`` goes to reports already published."""

    reason: str
    erratum: str


@dataclass(frozen=True, slots=True)
class Void(Command):
    """Opened in error: kept, and not counted."""

    reason: str


@dataclass(frozen=True, slots=True)
class CancelHop(Command):
    """This provider is no longer asked."""

    hop: int
    reason: str
