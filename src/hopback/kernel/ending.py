"""How a traceback pauses, ends, and is taken up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hopback.kernel import events as ev
from hopback.kernel.answers import AnswerKind
from hopback.kernel.commands import Role
from hopback.kernel.errors import BadInput
from hopback.kernel.hops import OPEN, WORKING, HopState, TraceState
from hopback.kernel.outcomes import Outcome
from hopback.kernel.paths import effective_path
from hopback.kernel.refusals import Refusal, Why
from hopback.kernel.sitting import PEOPLE, STAFF, Sitting

if TYPE_CHECKING:
    from hopback.kernel import commands as cmd
    from hopback.kernel.outcomes import Result

__all__ = ["close", "conclude", "reopen", "resume", "stall", "void"]

_ORIGIN: Final = frozenset(
    {
        Outcome.ORIGIN_IDENTIFIED,
        Outcome.FOREIGN_ORIGIN_IDENTIFIED,
        Outcome.FORWARD_CUSTOMER_IDENTIFIED,
        Outcome.ORIGIN_PROVIDER_ONLY,
    }
)
_SILENT: Final = frozenset({HopState.DELINQUENT, HopState.NON_RESPONSIVE})


def stall(sitting: Sitting, command: cmd.Stall) -> tuple[ev.Event, ...]:
    """Pause: whoever still owes an answer is delinquent, and the ladder is climbed."""
    del command
    sitting.only(STAFF, doing="stall a traceback")
    sitting.in_state(TraceState.ACTIVE, TraceState.REOPENED, doing="stall")
    owing = [hop for hop in sitting.trace.hops if hop.is_open]
    steps = sitting.policy.escalation_steps
    busy = [h for h in owing if h.state is not HopState.DELINQUENT or h.escalation_level < steps]
    if not owing or busy:
        why = f"hop {busy[0].number} is not at the end of the ladder" if busy else "nobody owes an answer"
        raise Refusal(Why.LADDER_NOT_CLIMBED, why, where=f"trace {sitting.trace.id}")
    return (ev.TraceStalled(**sitting.stamp),)


def resume(sitting: Sitting, command: cmd.Resume) -> tuple[ev.Event, ...]:
    """Go on after a pause."""
    sitting.only(STAFF, doing="resume a traceback")
    sitting.in_state(TraceState.STALLED, doing="resume")
    if not command.reason.strip():
        raise BadInput("say what has changed", where="reason")
    return (ev.TraceResumed(**sitting.stamp, reason=command.reason),)


def conclude(sitting: Sitting, command: cmd.Conclude) -> tuple[ev.Event, ...]:
    """Set the outcome. It may name nobody whom the answers that stand do not name.

    Nobody may be owing an answer any more, save who has been silent past ``delinquent_after``.
    """
    sitting.only(STAFF if sitting.policy.system_may_conclude else PEOPLE, doing="conclude a traceback")
    sitting.working(doing="conclude")
    result = command.result
    if result.outcome is None:
        raise BadInput("a conclusion has an outcome", where="result.outcome")
    if not 0 <= result.confidence <= 1:
        raise BadInput(f"{result.confidence} is not a confidence from 0 to 1", where="result.confidence")
    waiting = [hop for hop in sitting.trace.hops if hop.is_open and hop.state is not HopState.DELINQUENT]
    if waiting:
        raise Refusal(
            Why.OPEN_HOPS,
            f"hop {waiting[0].number} is still {waiting[0].state.value}",
            where=f"trace {sitting.trace.id}",
            mend="wait for it, judge it, or cancel it",
        )
    _check_named(sitting, result)
    _check_fits(sitting, result)
    return (ev.TraceConcluded(**sitting.stamp, result=result, reason=command.reason),)


def _check_named(sitting: Sitting, result: Result) -> None:
    hops = effective_path(sitting.trace)
    known = [hop.provider for hop in hops]
    claimed = hops[-1].standing.upstream if hops and hops[-1].state is HopState.ACCEPTED and hops[-1].standing else None
    whole = (*known, claimed) if claimed is not None else tuple(known)
    where = f"trace {sitting.trace.id}"
    if result.path != whole[: len(result.path)]:
        raise Refusal(Why.NOT_NAMED, "the path is not the one that the standing answers give", where=where)
    for name in (result.origin_provider, result.point_of_entry):
        if name is not None and name not in result.path:
            raise Refusal(Why.NOT_NAMED, f"{name} is not on the path", where=where)
    customers = {h.standing.customer for h in hops if h.state is HopState.ACCEPTED and h.standing is not None}
    if result.customer is not None and result.customer not in customers:
        raise Refusal(Why.NOT_NAMED, f"no answer that stands names customer {result.customer}", where=where)


def _check_fits(sitting: Sitting, result: Result) -> None:
    hops, where = effective_path(sitting.trace), f"trace {sitting.trace.id}"
    last = hops[-1] if hops else None
    if result.outcome in _ORIGIN:
        said = last.standing if last is not None and last.state is HopState.ACCEPTED else None
        is_origin = said is not None and said.kind is AnswerKind.CUSTOMER_NAMED
        needs_customer = result.outcome is not Outcome.ORIGIN_PROVIDER_ONLY
        if last is None or said is None or not is_origin or len(result.path) != len(hops):
            raise Refusal(Why.NOT_CONCLUSIVE, "no answer that stands says that the call began there", where=where)
        if result.origin_provider != last.provider or (needs_customer and result.customer is None):
            raise Refusal(Why.NOT_CONCLUSIVE, "it names no origin, or another one than the answers", where=where)
        if result.customer not in (said.customer, None):
            raise Refusal(Why.NOT_NAMED, f"{last.provider} did not name {result.customer}", where=where)
    elif result.origin_provider is not None or result.customer is not None:
        raise Refusal(Why.NOT_CONCLUSIVE, "only an outcome that found an origin names one", where=where)
    if result.outcome is Outcome.NON_RESPONSIVE:
        if last is None or last.state not in _SILENT or len(result.path) != len(hops):
            raise Refusal(Why.NOT_CONCLUSIVE, "the path does not end with a silent provider", where=where)
        if sitting.policy.outcome_needs_finding and (last.finding is None or not last.finding.stands):
            raise Refusal(
                Why.NOT_CONCLUSIVE,
                f"nobody has found {last.provider} non-responsive",
                where=f"hop {last.number}",
                mend="decide the finding first",
            )
    if result.outcome is Outcome.FOREIGN_ENTRY_ONLY and result.point_of_entry is None:
        raise Refusal(Why.NOT_CONCLUSIVE, "it names no point of entry", where=where)


def close(sitting: Sitting, command: cmd.Close) -> tuple[ev.Event, ...]:
    """Close after a check; where a provider was found non-responsive a second person does it."""
    sitting.only(PEOPLE, doing="close a traceback")
    sitting.in_state(TraceState.CONCLUDED, doing="get closed")
    trace, policy = sitting.trace, sitting.policy
    waiting = [hop for hop in trace.hops if hop.is_open and hop.state is not HopState.DELINQUENT]
    if waiting:
        raise Refusal(
            Why.OPEN_HOPS,
            f"hop {waiting[0].number} is {waiting[0].state.value}",
            where=f"trace {trace.id}",
            mend="reopen the traceback, or decide",
        )
    findings = [hop.finding for hop in trace.hops if hop.finding is not None]
    concerned = {trace.concluded_by, *(finding.decided_by for finding in findings)}
    if findings and policy.four_eyes_on_findings and sitting.by.actor in concerned:
        raise Refusal(
            Why.FOUR_EYES,
            "a second person closes a traceback that a finding hangs on",
            where=f"trace {trace.id}",
            mend="ask another analyst",
        )
    origin = trace.result.origin_provider if trace.result is not None else None
    if policy.close_needs_notices and origin is not None and origin not in command.notices:
        raise Refusal(
            Why.NOT_NOTICED,
            f"{origin} has not been told and asked to mitigate",
            where=f"trace {trace.id}",
            mend="send the notice first",
        )
    return (ev.TraceClosed(**sitting.stamp, notices=command.notices),)


def reopen(sitting: Sitting, command: cmd.Reopen) -> tuple[ev.Event, ...]:
    """Take up again; reports that were published get an erratum."""
    sitting.only(PEOPLE, doing="reopen a traceback")
    sitting.in_state(TraceState.CONCLUDED, TraceState.CLOSED, doing="get reopened")
    if not command.reason.strip() or not command.erratum.strip():
        raise BadInput("say why, and what reports are to say of it", where="erratum")
    return (ev.TraceReopened(**sitting.stamp, reason=command.reason, erratum=command.erratum),)


def void(sitting: Sitting, command: cmd.Void) -> tuple[ev.Event, ...]:
    """Set aside what was opened in error; whoever is still being asked no longer is."""
    sitting.only({Role.LEAD}, doing="void a traceback")
    sitting.in_state(*WORKING, TraceState.CANDIDATE, TraceState.VETTED, TraceState.CONCLUDED, doing="get voided")
    if not command.reason.strip():
        raise BadInput("say what went wrong", where="reason")
    stamp = sitting.stamp
    asked = [hop for hop in sitting.trace.hops if hop.state in OPEN]
    cancelled = [ev.HopCancelled(**stamp, hop=hop.number, reason=command.reason) for hop in asked]
    return (*cancelled, ev.TraceVoided(**stamp, reason=command.reason))
