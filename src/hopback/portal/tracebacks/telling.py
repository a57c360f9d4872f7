"""A traceback in the words of the wire, from what the gate shows the consortium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopback.kernel.events import to_dict
from hopback.kernel.numbers import format_e164
from hopback.kernel.plain import to_plain
from hopback.wire import tracebacks as wire

if TYPE_CHECKING:
    from hopback.kernel.calls import Sought
    from hopback.kernel.events import Event
    from hopback.kernel.findings import Finding
    from hopback.kernel.hops import Hop
    from hopback.portal.tracebacks.dossier import Dossier, HopTold, NoteTold, Told
    from hopback.portal.tracebacks.models import Traceback
    from hopback.portal.tracebacks.sentences import Sentence

__all__ = ["event_told", "note_told", "row_told", "traceback_told"]


def row_told(row: Traceback) -> wire.TracebackRow:
    """A traceback in a list; ``owner`` has to be read with it."""
    return wire.TracebackRow(**_row(row))


def traceback_told(dossier: Dossier) -> wire.TracebackTold:
    """A whole traceback."""
    trace, result = dossier.trace, dossier.result
    return wire.TracebackTold(
        **_row(dossier.row),
        jurisdiction=trace.jurisdiction,
        policy=dossier.row.policy,
        sample=_call(trace.sample),
        reason=trace.reason or None,
        basis=trace.basis,
        violations=trace.violations,
        is_aged=trace.is_aged,
        result=wire.ResultTold(
            outcome=result.outcome,
            confidence=result.confidence,
            path=result.path,
            origin_provider=result.origin_provider,
            customer=result.customer,
            point_of_entry=result.point_of_entry,
            is_confirmed=trace.result is not None,
        ),
        hops=[_hop(one) for one in dossier.hops],
        notices=trace.notices,
        errata=trace.errata,
    )


def event_told(said: Sentence, event: Event) -> wire.EventTold:
    """One thing that happened, with its sentence."""
    return wire.EventTold(
        number=said.number,
        name=event.name,
        at=event.at,
        actor=event.actor,
        text=said.text,
        why=said.why,
        hop=said.hop,
        data=to_dict(event),
    )


def note_told(note: NoteTold) -> wire.NoteTold:
    """A note."""
    return wire.NoteTold(at=note.at, author=note.author, text=note.text)


def _row(row: Traceback) -> dict[str, Any]:
    return {
        "id": row.pk,
        "version": row.version,
        "state": row.state,
        "kind": row.kind,
        "priority": row.priority,
        "owner": row.owner.email if row.owner is not None else None,
        "campaign": row.campaign or None,
        "source": row.source,
        "source_kind": row.source_kind,
        "reference": row.reference or None,
        "called": row.called,
        "calling": row.calling or None,
        "call_started_at": row.call_started_at,
        "proposed_at": row.proposed_at,
        "opened_at": row.opened_at,
        "concluded_at": row.concluded_at,
        "outcome": row.outcome or None,
        "origin_provider": row.origin_provider or None,
        "point_of_entry": row.point_of_entry or None,
        "turn": row.turn,
        "waiting_on": row.waiting_on or None,
        "waiting_since": row.waiting_since,
        "next_due": row.next_due,
        "review": row.review or None,
        "hops_count": row.hops_count,
        "is_overdue": row.is_overdue,
        "is_late": row.is_late,
        "updated_at": row.updated_at,
    }


def _call(call: Sought) -> wire.SampleTold:
    return wire.SampleTold(
        called=format_e164(call.called),
        calling=None if call.calling is None else format_e164(call.calling),
        started_at=call.started_at,
        accuracy_s=call.accuracy_s,
        downstream=call.downstream,
        sip_call_id=call.sip_call_id,
        duration_s=call.duration_s,
        answered=call.answered,
    )


def _hop(told: HopTold) -> wire.HopTold:
    hop: Hop = told.hop
    return wire.HopTold(
        number=hop.number,
        request_id=told.row.request_id,
        provider=hop.provider,
        state=hop.state,
        asked=_call(hop.asked),
        parent=hop.parent,
        is_fork=hop.is_fork,
        is_on_path=told.path.is_on_path,
        channels=hop.channels,
        sent_at=hop.sent_at,
        received_at=hop.received_at,
        respond_by=hop.respond_by,
        delinquent_after=hop.delinquent_after,
        office_zone=hop.office_zone,
        working=[wire.SegmentTold(**to_plain(part)) for part in hop.working],
        acknowledged_at=hop.acknowledged_at,
        escalation_level=hop.escalation_level,
        late_s=hop.late_s,
        missing=hop.rejected_for,
        responses=[
            _response(one, submitted_by=said.submitted_by)
            for one, said in zip(told.answers, hop.responses, strict=True)
        ],
        finding=None if hop.finding is None else _finding(hop.finding),
        is_disputed=hop.dispute is not None,
    )


def _response(told: Told, *, submitted_by: str) -> wire.ResponseTold:
    answer = told.answer
    return wire.ResponseTold(
        version=told.version,
        answer=answer.kind,
        submitted_at=told.submitted_at,
        submitted_by=submitted_by,
        authenticated=told.authenticated,
        on_behalf=told.on_behalf,
        is_correction=told.is_correction,
        stands=told.stands,
        late_s=told.late_s,
        upstream=answer.upstream,
        upstream_name=answer.upstream_name,
        customer=answer.customer,
        found_at=answer.found_at,
        source=answer.source,
        time_offset_s=answer.time_offset_s,
        confidence=answer.confidence,
        why=answer.why,
        statement=answer.statement,
        record_key=answer.record_key,
        searched_from=answer.searched_from,
        searched_until=answer.searched_until,
        records_retained_since=answer.records_retained_since,
        next=None if answer.next is None else _call(answer.next),
    )


def _finding(finding: Finding) -> wire.FindingTold:
    return wire.FindingTold(
        reason=finding.reason,
        evidence=finding.evidence,
        decided_by=finding.decided_by,
        decided_at=finding.decided_at,
        rests_on=finding.rests_on,
        appeal=finding.appeal.value,
    )
