"""What lists show of a traceback, kept in its row: a function of its events, and of nothing else.

Owner and priority are not here: they are set by people and mean nothing to the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.hops import WORKING, HopState, TraceState
from hopback.kernel.numbers import format_e164
from hopback.kernel.paths import effective_path

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.kernel.hops import Hop, Trace

__all__ = ["LATE", "PROJECTED", "UNANSWERED", "clock_seconds", "is_hop_late", "projected", "turn_of", "waits_at"]

UNANSWERED: Final = frozenset(
    {
        HopState.SENT,
        HopState.DELIVERED,
        HopState.ACKNOWLEDGED,
        HopState.NEEDS_INFO,
        HopState.OVERDUE,
        HopState.DELINQUENT,
    }
)
"""States of a hop at which its provider owes an answer."""

LATE: Final = frozenset({HopState.OVERDUE, HopState.DELINQUENT})

SILENT: Final = LATE | {HopState.NON_RESPONSIVE}
"""States of a hop whose answer is owed although ``respond_by`` has passed."""

JUDGED: Final = frozenset({HopState.ANSWERED, HopState.LATE_ANSWERED, HopState.DISPUTED})
"""States of a hop at which a person of the consortium owes a decision."""


def projected(trace: Trace) -> dict[str, Any]:
    """The columns of a traceback's row that follow from its events, by name."""
    result, sample = trace.result, trace.sample
    owing = _owing(trace)
    at_hop = waits_at(trace)
    return {
        "version": trace.version,
        "state": trace.state.value,
        "campaign": trace.campaign or "",
        "proposed_at": trace.proposed_at,
        "opened_at": trace.opened_at,
        "concluded_at": trace.concluded_at,
        "outcome": result.outcome.value if result is not None and result.outcome is not None else "",
        "kind": trace.kind.value,
        "jurisdiction": trace.jurisdiction,
        "source": trace.source,
        "source_kind": trace.source_kind.value,
        "called": format_e164(sample.called),
        "calling": "" if sample.calling is None else format_e164(sample.calling),
        "call_started_at": sample.started_at,
        "waiting_on": "" if at_hop is None else at_hop.provider,
        "waiting_since": _since(trace, at_hop),
        "next_due": min((hop.respond_by for hop in owing if hop.respond_by is not None), default=None),
        "hops_count": len(effective_path(trace)),
        "is_overdue": any(hop.state in LATE for hop in owing),
        "is_late": any(hop.is_late for hop in trace.hops if not hop.is_held),
        "origin_provider": (result.origin_provider or "") if result is not None else "",
        "point_of_entry": (result.point_of_entry or "") if result is not None else "",
    }


PROJECTED: Final = (
    "version",
    "state",
    "campaign",
    "proposed_at",
    "opened_at",
    "concluded_at",
    "outcome",
    "kind",
    "jurisdiction",
    "source",
    "source_kind",
    "called",
    "calling",
    "call_started_at",
    "waiting_on",
    "waiting_since",
    "next_due",
    "hops_count",
    "is_overdue",
    "is_late",
    "origin_provider",
    "point_of_entry",
)
"""The names of what :func:`projected` gives."""


def is_hop_late(hop: Hop) -> bool:
    """Whether its answer came after ``respond_by``, or is owed and that has passed."""
    return hop.is_late or hop.state in SILENT


def clock_seconds(hop: Hop) -> int | None:
    """How long the first answer took on the clock of the office asked; what came after it as it passed."""
    if hop.received_at is None or hop.respond_by is None or not hop.responses:
        return None
    answered = hop.responses[0].submitted_at
    running = sum(
        (max(0.0, (min(part.end, answered) - part.start).total_seconds()) for part in hop.working if part.runs), 0.0
    )
    return round(running + max(0.0, (answered - hop.respond_by).total_seconds()))


def waits_at(trace: Trace) -> Hop | None:
    """The hop whose provider is waited for: of several the one due first. None where no provider is."""
    return min(_owing(trace), key=lambda hop: (hop.respond_by is None, hop.respond_by or hop.sent_at), default=None)


def turn_of(trace: Trace, *, review: str) -> str:
    """Whose turn it is. ``review`` says why a person must look, empty if nobody must."""
    if trace.state in (TraceState.CANDIDATE, TraceState.VETTED, TraceState.CONCLUDED):
        return "consortium"
    if trace.state not in WORKING:
        return "consortium" if review else ""
    return "consortium" if review or not _owing(trace) else "provider"


def _owing(trace: Trace) -> list[Hop]:
    return [hop for hop in trace.hops if hop.state in UNANSWERED] if trace.state in WORKING else []


def _since(trace: Trace, waits: Hop | None) -> datetime | None:
    """Since when it waits for a provider, or else for the consortium; None where nothing more is to come."""
    if waits is not None:
        return waits.received_at or waits.sent_at
    if trace.state in (TraceState.CANDIDATE, TraceState.VETTED):
        return trace.proposed_at
    judged = [hop for hop in trace.hops if hop.state in JUDGED]
    if trace.state is TraceState.CONCLUDED and not judged:
        return trace.concluded_at
    if trace.state not in WORKING and not judged:
        return None
    instants = [
        instant
        for hop in judged or effective_path(trace)
        for instant in (
            hop.accepted_at if not judged else None,
            hop.latest.submitted_at if hop.latest is not None else None,
            hop.dispute.opened_at if hop.dispute is not None else None,
        )
        if instant is not None
    ]
    return max(instants, default=trace.opened_at)
