"""A traceback as its events leave it. Folding never refuses: what has happened has happened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hopback.kernel import events as ev
from hopback.kernel.commands import DisputeResult, Role
from hopback.kernel.errors import BadInput
from hopback.kernel.findings import AppealState, FindingKind, appeal, decide_appeal
from hopback.kernel.hops import Dispute, Hop, HopState, Trace, TraceState

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["evolve", "replay"]


def replay(events: Iterable[ev.Event]) -> Trace:
    """The traceback that these events, all of them and in order, lead to.

    Raises:
        BadInput: there are none, or the first is not ``trace.proposed``.
    """
    trace: Trace | None = None
    for event in events:
        trace = evolve(trace, event)
    if trace is None:
        raise BadInput("a traceback has at least one event", where="events")
    return trace


def evolve(trace: Trace | None, event: ev.Event) -> Trace:
    """The traceback after one more event; ``trace`` is None before the first.

    Raises:
        BadInput: the event does not belong to this traceback: its first is not ``trace.proposed``,
            or it speaks of a hop that does not exist.
    """
    if isinstance(event, ev.TraceProposed):
        if trace is not None:
            raise BadInput("a traceback is proposed once", where="events")
        return _propose(event)
    if trace is None:
        raise BadInput(f"a traceback begins with trace.proposed, not {event.name}", where="events")
    if isinstance(event, ev.HopEvent):
        moved = _evolve_hops(trace, event)
    else:
        moved = replace(trace, **_trace_changes(trace, event))
    return replace(moved, version=trace.version + 1)


def _propose(event: ev.TraceProposed) -> Trace:
    return Trace(
        id=event.trace,
        sample=event.sample,
        source=event.source,
        source_kind=event.source_kind,
        proposed_by=event.actor,
        proposed_at=event.at,
        proposer_counts=event.role in (Role.ANALYST, Role.LEAD),
        kind=event.kind,
        campaign=event.campaign,
        source_provider=event.source_provider,
        targets_competitor=event.targets_competitor,
        jurisdiction=event.jurisdiction,
        is_aged=event.is_aged,
    )


def _trace_changes(trace: Trace, event: ev.Event) -> dict[str, Any]:
    match event:
        case ev.TraceSeconded() | ev.TraceVetted():
            return {
                "state": TraceState.VETTED if isinstance(event, ev.TraceVetted) else trace.state,
                "vetted_by": (*trace.vetted_by, event.actor),
                "basis": tuple(dict.fromkeys((*trace.basis, *event.basis))),
                "violations": tuple(dict.fromkeys((*trace.violations, *event.violations))),
                "reason": event.reason,
                "campaign": event.campaign or trace.campaign,
            }
        case ev.TraceDeclined():
            return {"state": TraceState.DECLINED, "decline_reason": event.code, "reason": event.note}
        case ev.TraceOpened():
            return {"state": TraceState.ACTIVE, "opened_at": event.at}
        case ev.TraceStalled():
            return {"state": TraceState.STALLED}
        case ev.TraceResumed():
            return {"state": TraceState.ACTIVE}
        case ev.TraceConcluded():
            return {
                "state": TraceState.CONCLUDED,
                "result": event.result,
                "concluded_by": event.actor,
                "concluded_at": event.at,
            }
        case ev.TraceClosed():
            return {"state": TraceState.CLOSED, "closed_by": event.actor, "notices": event.notices}
        case ev.TraceReopened():
            # What was concluded stays in the events; nobody is shown an outcome that is being looked at again.
            return {
                "state": TraceState.REOPENED,
                "result": None,
                "concluded_by": None,
                "concluded_at": None,
                "closed_by": None,
                "errata": (*trace.errata, event.erratum),
            }
        case ev.TraceVoided():
            return {"state": TraceState.VOID, "reason": event.reason}
    raise BadInput(f"no such event: {event.name!r}", where="events")


def _evolve_hops(trace: Trace, event: ev.HopEvent) -> Trace:
    state = TraceState.ACTIVE if trace.state is TraceState.REOPENED else trace.state
    if isinstance(event, ev.HopCreated):
        if event.hop != len(trace.hops) + 1:
            raise BadInput(f"hop {event.hop} follows {len(trace.hops)} hops", where="events")
        hop = Hop(event.hop, event.provider, event.asked, parent=event.parent, is_fork=event.is_fork)
        return replace(trace, state=state, hops=(*trace.hops, hop))
    before = trace.hop(event.hop)
    if before is None:
        raise BadInput(f"{event.name} speaks of hop {event.hop}, and there is none", where="events")
    after = replace(before, **_hop_changes(before, event))
    return replace(trace, state=state, hops=tuple(after if hop.number == event.hop else hop for hop in trace.hops))


def _hop_changes(hop: Hop, event: ev.HopEvent) -> dict[str, Any]:
    if isinstance(
        event,
        ev.HopAnswered | ev.HopCorrected | ev.HopReturned | ev.HopAccepted | ev.HopRedirected | ev.HopRecheckAsked,
    ):
        return _answer_changes(hop, event)
    if isinstance(event, ev.HopFound | ev.HopDisputed | ev.HopDisputeResolved):
        return _judgement_changes(hop, event)
    if isinstance(event, ev.HopSent | ev.HopBounced | ev.HopDelivered | ev.HopAcknowledged | ev.HopReminded):
        return _asking_changes(hop, event)
    match event:
        case ev.HopLapsed():
            return {"state": HopState.OVERDUE}
        case ev.HopDefaulted():
            return {"state": HopState.DELINQUENT}
        case ev.HopEscalated():
            return {"escalation_level": event.step}
        case ev.HopSuperseded():
            return {"state": HopState.SUPERSEDED, "dispute": None}
        case ev.HopCancelled():
            return {"state": HopState.CANCELLED, "dispute": None}
    raise BadInput(f"no such event: {event.name!r}", where="events")


def _asking_changes(hop: Hop, event: ev.HopEvent) -> dict[str, Any]:
    match event:
        case ev.HopSent():
            return {"state": HopState.SENT, "sent_at": event.at, "channels": event.channels}
        case ev.HopBounced():
            return {"state": HopState.PENDING, "bounces": hop.bounces + 1}
        case ev.HopDelivered():
            return {
                "state": HopState.DELIVERED,
                "received_at": event.received_at,
                "respond_by": event.respond_by,
                "delinquent_after": event.delinquent_after,
                "office_zone": event.office_zone,
                "working": event.working,
            }
        case ev.HopAcknowledged():
            state = HopState.ACKNOWLEDGED if hop.state is HopState.DELIVERED else hop.state
            return {"state": state, "acknowledged_at": event.at}
        case ev.HopReminded():
            return {"reminders": (*hop.reminders, event.key)}
    raise BadInput(f"no such event: {event.name!r}", where="events")


def _answer_changes(hop: Hop, event: ev.HopEvent) -> dict[str, Any]:
    match event:
        case ev.HopAnswered(response=response):
            return {
                "state": HopState.LATE_ANSWERED if event.is_delinquent else HopState.ANSWERED,
                "responses": (*hop.responses, response),
                "late_s": max(hop.late_s, response.late_s),
            }
        case ev.HopCorrected():
            return {"state": HopState.ANSWERED, "responses": (*hop.responses, event.response)}
        case ev.HopReturned():
            # A correction that is not full leaves the answer that stood standing; nothing is owed by the clock then.
            state = HopState.NEEDS_INFO if hop.effective is None else HopState.ACCEPTED
            return {"state": state, "rejected_for": event.missing}
        case ev.HopAccepted():
            return {
                "state": HopState.ACCEPTED,
                "effective": event.version_judged,
                "accepted_at": event.at,
                "rejected_for": (),
            }
        case ev.HopRedirected():
            judged = hop.effective if event.version_judged is None else event.version_judged
            return {"state": HopState.REDIRECTED, "effective": judged, "rejected_for": ()}
        case ev.HopRecheckAsked():
            return {"recheck_asked_by": (*hop.recheck_asked_by, event.denied_by)}
    raise BadInput(f"no such event: {event.name!r}", where="events")


def _judgement_changes(hop: Hop, event: ev.HopEvent) -> dict[str, Any]:
    match event:
        case ev.HopFound():
            return {"state": HopState.NON_RESPONSIVE, "finding": event.finding}
        case ev.HopDisputed():
            dispute = Dispute(event.actor, event.provider, event.statement, event.at, since=hop.state)
            changes: dict[str, Any] = {"state": HopState.DISPUTED, "dispute": dispute}
            if hop.finding is not None and hop.finding.appeal is AppealState.NONE:
                changes["finding"] = appeal(hop.finding)
            return changes
        case ev.HopDisputeResolved():
            return _resolve(hop, event)
    raise BadInput(f"no such event: {event.name!r}", where="events")


def _resolve(hop: Hop, event: ev.HopDisputeResolved) -> dict[str, Any]:
    since = hop.dispute.since if hop.dispute is not None else hop.state
    state = {
        DisputeResult.UPHELD: since,
        DisputeResult.ACCEPTED: HopState.ACCEPTED,
        DisputeResult.SUPERSEDED: HopState.SUPERSEDED,
        DisputeResult.REDIRECTED: HopState.REDIRECTED,
    }[event.result]
    changes: dict[str, Any] = {"state": state, "dispute": None}
    finding = hop.finding
    if finding is not None and finding.kind is FindingKind.NON_RESPONSIVE and finding.appeal is AppealState.APPEALED:
        is_upheld = event.result is DisputeResult.UPHELD
        changes["finding"] = decide_appeal(finding, by=event.actor, reason=event.reason, is_upheld=is_upheld)
    return changes
