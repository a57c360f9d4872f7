"""The one gate: what somebody is shown of a traceback is what :func:`disclose` returned.

A provider learns its own requests, who received the call from it, and what it said itself. It never
learns how the path goes on beyond the upstream it named, where on the path it stands, whether
anybody else answered, or anything of other providers' customers. Who is not meant to know of a
traceback cannot tell it from one that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, assert_never

from hopback.kernel.errors import NotFound
from hopback.kernel.hops import HELD, WORKING, Hop, HopState, SourceKind, Trace, TraceState
from hopback.kernel.paths import effective_path

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.kernel.answers import Answer
    from hopback.kernel.clocks import Segment
    from hopback.kernel.findings import AppealState
    from hopback.kernel.hops import DeclineReason
    from hopback.kernel.outcomes import Outcome

__all__ = [
    "Agency",
    "AgencyView",
    "AskedOf",
    "Consortium",
    "ConsortiumPart",
    "FullView",
    "HopOnProcess",
    "Nobody",
    "OwnAnswer",
    "OwnFinding",
    "OwnHop",
    "OwnState",
    "Provider",
    "ProviderView",
    "Source",
    "SourceView",
    "Stage",
    "View",
    "Viewer",
    "disclose",
    "own_hops",
]


class ConsortiumPart(StrEnum):
    """The part somebody plays in the consortium. All see the same; what they may do differs."""

    ANALYST = "analyst"
    LEAD = "lead"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Consortium:
    """Somebody of the consortium, and the jurisdictions assigned to them."""

    part: ConsortiumPart
    jurisdictions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who answers for a provider."""

    provider: str


@dataclass(frozen=True, slots=True)
class Source:
    """Somebody who supplies call samples, by the source's id."""

    source: str


@dataclass(frozen=True, slots=True)
class Agency:
    """Somebody of an agency.

    ``addressed`` are the tracebacks in packages addressed to it, ``on_process`` those whose path a
    legal process obliges the consortium to show it.
    """

    agency: str
    addressed: frozenset[str] = frozenset()
    on_process: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Nobody:
    """Somebody with no business here."""


Viewer = Consortium | Provider | Source | Agency | Nobody


class Stage(StrEnum):
    """How far a traceback is, and nothing more."""

    PROPOSED = "proposed"
    TAKEN_ON = "taken_on"
    DECLINED = "declined"
    TRACING = "tracing"
    FINISHED = "finished"
    SET_ASIDE = "set_aside"


class OwnState(StrEnum):
    """Where a request stands, as its provider is told."""

    ASKED = "asked"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"
    INCOMPLETE = "incomplete"
    ACCEPTED = "accepted"
    OVERDUE = "overdue"
    DELINQUENT = "delinquent"
    NON_RESPONSIVE = "non_responsive"
    DENIED = "denied"
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class FullView:
    """Everything, for the consortium."""

    trace: Trace


@dataclass(frozen=True, slots=True)
class AskedOf:
    """The call a provider is asked about, as it is to search for it; see :class:`~hopback.kernel.calls.Sought`."""

    called: int
    calling: int | None
    started_at: datetime
    accuracy_s: float
    sip_call_id: str | None
    duration_s: float | None
    answered: bool | None


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """A version of what the provider said. ``stands``: it is the one that counts."""

    version: int
    answer: Answer
    submitted_at: datetime
    on_behalf: bool
    authenticated: bool
    late_s: float
    stands: bool


@dataclass(frozen=True, slots=True)
class OwnFinding:
    """What was found about the provider's own silence, so that it can contest it."""

    reason: str
    decided_at: datetime
    rests_on: datetime
    appeal: AppealState


@dataclass(frozen=True, slots=True)
class OwnHop:
    """One request to a provider. ``place`` counts that provider's own requests in this traceback, from 1.

    ``downstream`` is who received the call from it, None if it served the called number.
    ``is_recheck_asked``: whoever it named says that the call was not theirs.
    """

    place: int
    state: OwnState
    asked: AskedOf
    downstream: str | None
    sent_at: datetime | None
    received_at: datetime | None
    respond_by: datetime | None
    delinquent_after: datetime | None
    office_zone: str | None
    working: tuple[Segment, ...]
    acknowledged_at: datetime | None
    answers: tuple[OwnAnswer, ...]
    missing: tuple[str, ...]
    is_recheck_asked: bool
    late_s: float
    finding: OwnFinding | None
    can_answer: bool
    can_correct: bool


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A provider's own requests in a traceback, with what the calls seem to be."""

    trace: str
    campaign: str | None
    violations: tuple[str, ...]
    hops: tuple[OwnHop, ...]


@dataclass(frozen=True, slots=True)
class SourceView:
    """How far the traceback of a sample is. ``decline_reason`` where it was not traced."""

    trace: str
    stage: Stage
    decline_reason: DeclineReason | None


@dataclass(frozen=True, slots=True)
class HopOnProcess:
    """One provider on the path and what it said, shown on legal process."""

    provider: str
    state: HopState
    answer: Answer | None
    respond_by: datetime | None
    late_s: float


@dataclass(frozen=True, slots=True)
class AgencyView:
    """What is addressed to an agency.

    The outcome and the names it gives appear in what was addressed to it, once concluded; ``path``
    only on legal process. For its own request alone it learns the stage.
    """

    trace: str
    stage: Stage
    outcome: Outcome | None = None
    origin_provider: str | None = None
    customer: str | None = None
    point_of_entry: str | None = None
    path: tuple[HopOnProcess, ...] = ()


View = FullView | ProviderView | SourceView | AgencyView

_STAGES: Final = {
    TraceState.CANDIDATE: Stage.PROPOSED,
    TraceState.VETTED: Stage.TAKEN_ON,
    TraceState.DECLINED: Stage.DECLINED,
    TraceState.ACTIVE: Stage.TRACING,
    TraceState.STALLED: Stage.TRACING,
    TraceState.REOPENED: Stage.TRACING,
    TraceState.CONCLUDED: Stage.FINISHED,
    TraceState.CLOSED: Stage.FINISHED,
    TraceState.VOID: Stage.SET_ASIDE,
}

_OWN_STATES: Final = {
    HopState.PENDING: OwnState.ASKED,
    HopState.SENT: OwnState.ASKED,
    HopState.DELIVERED: OwnState.ASKED,
    HopState.ACKNOWLEDGED: OwnState.ACKNOWLEDGED,
    HopState.ANSWERED: OwnState.ANSWERED,
    HopState.LATE_ANSWERED: OwnState.ANSWERED,
    HopState.NEEDS_INFO: OwnState.INCOMPLETE,
    HopState.ACCEPTED: OwnState.ACCEPTED,
    HopState.OVERDUE: OwnState.OVERDUE,
    HopState.DELINQUENT: OwnState.DELINQUENT,
    HopState.NON_RESPONSIVE: OwnState.NON_RESPONSIVE,
    HopState.REDIRECTED: OwnState.DENIED,
    HopState.DISPUTED: OwnState.DISPUTED,
    # Whether another provider changed its answer or the traceback ended is not this provider's business.
    HopState.SUPERSEDED: OwnState.WITHDRAWN,
    HopState.CANCELLED: OwnState.WITHDRAWN,
}

_ANSWERABLE: Final = frozenset(
    {
        OwnState.ASKED,
        OwnState.ACKNOWLEDGED,
        OwnState.ANSWERED,
        OwnState.INCOMPLETE,
        OwnState.OVERDUE,
        OwnState.DELINQUENT,
        OwnState.NON_RESPONSIVE,
    }
)


def disclose(trace: Trace | None, *, to: Viewer) -> View:
    """What ``to`` may see of a traceback; ``trace`` is None where there is none of that id.

    Raises:
        NotFound: there is none, or this viewer is not meant to know of it. The two cannot be told apart.
    """
    view = None if trace is None else _view(trace, to)
    if view is None:
        raise NotFound("there is no such traceback", where="trace")
    return view


def own_hops(trace: Trace, *, provider: str) -> tuple[Hop, ...]:
    """The hops whose requests went out to this provider, in order: ``place`` n is item n - 1."""
    return tuple(hop for hop in trace.hops if hop.provider == provider and hop.sent_at is not None)


def _view(trace: Trace, viewer: Viewer) -> View | None:
    match viewer:
        case Consortium():
            return FullView(trace) if trace.jurisdiction in viewer.jurisdictions else None
        case Provider():
            return _provider_view(trace, viewer.provider)
        case Source():
            if trace.source != viewer.source:
                return None
            return SourceView(trace.id, _STAGES[trace.state], trace.decline_reason)
        case Agency():
            return _agency_view(trace, viewer)
        case Nobody():
            return None
        case _:
            assert_never(viewer)


def _provider_view(trace: Trace, provider: str) -> ProviderView | None:
    hops = own_hops(trace, provider=provider)
    if not hops:
        return None
    shown = tuple(_own_hop(trace, hop, place=place) for place, hop in enumerate(hops, 1))
    return ProviderView(trace.id, trace.campaign, trace.violations, shown)


def _own_hop(trace: Trace, hop: Hop, *, place: int) -> OwnHop:
    state, asked = _OWN_STATES[hop.state], hop.asked
    parent = trace.hop(hop.parent) if hop.parent is not None else None
    finding = hop.finding
    is_working = trace.state in WORKING
    return OwnHop(
        place=place,
        state=state,
        asked=AskedOf(
            called=asked.called,
            calling=asked.calling,
            started_at=asked.started_at,
            accuracy_s=asked.accuracy_s,
            sip_call_id=asked.sip_call_id,
            duration_s=asked.duration_s,
            answered=asked.answered,
        ),
        downstream=parent.provider if parent is not None else None,
        sent_at=hop.sent_at,
        received_at=hop.received_at,
        respond_by=hop.respond_by,
        delinquent_after=hop.delinquent_after,
        office_zone=hop.office_zone,
        working=hop.working,
        acknowledged_at=hop.acknowledged_at,
        answers=tuple(
            OwnAnswer(
                version=response.version,
                answer=response.answer,
                submitted_at=response.submitted_at,
                on_behalf=response.on_behalf,
                authenticated=response.authenticated,
                late_s=response.late_s,
                stands=response.version == hop.effective and hop.state not in HELD,
            )
            for response in hop.responses
        ),
        missing=hop.rejected_for,
        is_recheck_asked=bool(hop.recheck_asked_by),
        late_s=hop.late_s,
        finding=None
        if finding is None
        else OwnFinding(finding.reason, finding.decided_at, finding.rests_on, finding.appeal),
        can_answer=is_working and state in _ANSWERABLE and hop.received_at is not None,
        can_correct=state is OwnState.ACCEPTED and (is_working or trace.state is TraceState.CONCLUDED),
    )


def _agency_view(trace: Trace, viewer: Agency) -> AgencyView | None:
    is_own = trace.source_kind is SourceKind.AGENCY and trace.source == viewer.agency
    is_addressed, is_process = trace.id in viewer.addressed, trace.id in viewer.on_process
    if not (is_own or is_addressed or is_process):
        return None
    stage, result = _STAGES[trace.state], trace.result
    if not (is_addressed or is_process) or result is None or stage is not Stage.FINISHED:
        return AgencyView(trace.id, stage)
    path = tuple(
        HopOnProcess(hop.provider, hop.state, hop.standing, hop.respond_by, hop.late_s) for hop in effective_path(trace)
    )
    return AgencyView(
        trace=trace.id,
        stage=stage,
        outcome=result.outcome,
        origin_provider=result.origin_provider,
        customer=result.customer,
        point_of_entry=result.point_of_entry,
        path=path if is_process else (),
    )
