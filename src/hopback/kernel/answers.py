"""What a provider says of a call it is asked about.

An :class:`Answer` is what was said; a :class:`Response` is one version of it as it was submitted.
A response is never changed: whoever knows better submits the next version.
"""

# ruff: noqa: TC001 (plain.from_plain reads the annotations at run time, so their names have to be here)

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hopback.kernel.calls import Sought

__all__ = ["Answer", "AnswerKind", "MitigationKind", "Response"]


class AnswerKind(StrEnum):
    """What a provider can say of a call it is asked about."""

    UPSTREAM_NAMED = "upstream_named"
    CUSTOMER_NAMED = "customer_named"
    NO_RECORD = "no_record"
    RECORDS_EXPIRED = "records_expired"
    AMBIGUOUS = "ambiguous"
    NEEDS_REVIEW = "needs_review"
    DENIED = "denied"
    NO_ANSWER = "no_answer"
    """Silence. It follows from the clock; nobody can submit it."""


class MitigationKind(StrEnum):
    """What a provider did about the source of a call."""

    WARNED = "warned"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    BLOCKED_NUMBER = "blocked_number"
    BLOCKED_TRAFFIC = "blocked_traffic"
    KYC_REVIEW = "kyc_review"
    ROUTE_REMOVED = "route_removed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider says. An id that does not apply is None.

    ``upstream`` is the id of the provider the call came from directly, ``upstream_name`` the name as
    claimed where no such provider is known. ``found_at`` is the corrected set-up time and
    ``time_offset_s`` the recorded instant minus the corrected one, in seconds. ``record_key`` is an
    opaque digest of the matched record: equal keys of one provider mean the same record.
    ``next`` is the call as this provider received it, for the provider upstream to search for.
    ``searched_from`` to ``searched_until`` is the window searched, ``records_retained_since`` how far
    back records go. ``why`` gives the reasons in sentences, ``confidence`` is 0 to 1.
    """

    kind: AnswerKind
    upstream: str | None = None
    customer: str | None = None
    found_at: datetime | None = None
    source: str | None = None
    time_offset_s: float | None = None
    confidence: float = 0.0
    why: tuple[str, ...] = ()
    record_key: str | None = None
    next: Sought | None = None
    upstream_name: str | None = None
    searched_from: datetime | None = None
    searched_until: datetime | None = None
    records_retained_since: datetime | None = None
    action: MitigationKind | None = None
    statement: str | None = None
    certified_by: str | None = None

    @property
    def named(self) -> tuple[AnswerKind, str | None, str | None, str | None]:
        """What the rest of the path hangs on: the kind, who was named, and by which record."""
        return self.kind, self.upstream, self.customer, self.record_key

    def missing(self) -> tuple[str, ...]:
        """The fields without which this answer is not full, by name."""
        match self.kind:
            case AnswerKind.UPSTREAM_NAMED:
                return () if self.upstream else ("upstream",)
            case AnswerKind.CUSTOMER_NAMED:
                return () if self.customer else ("customer",)
            case AnswerKind.NO_RECORD:
                wanted = ("searched_from", "searched_until", "records_retained_since")
                return tuple(name for name in wanted if getattr(self, name) is None)
            case AnswerKind.RECORDS_EXPIRED:
                return () if self.records_retained_since else ("records_retained_since",)
            case AnswerKind.AMBIGUOUS | AnswerKind.NEEDS_REVIEW | AnswerKind.DENIED:
                return () if self.why or self.statement else ("statement",)
            case AnswerKind.NO_ANSWER:
                return ("kind",)


@dataclass(frozen=True, slots=True)
class Response:
    """One version of a provider's answer as it was submitted.

    ``key`` makes a submission idempotent. ``authenticated`` is False for an answer given without
    sign-in, ``on_behalf`` is True where an analyst wrote down what a provider said. ``late_s`` is how
    many seconds after ``respond_by`` a first full answer came; a correction is never late.
    """

    version: int
    key: str
    answer: Answer
    submitted_at: datetime
    submitted_by: str
    authenticated: bool
    on_behalf: bool = False
    is_correction: bool = False
    late_s: float = 0.0
    supersedes: int | None = None
