"""Taking down what a provider says, judging it, and mending it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hopback.kernel import events as ev
from hopback.kernel.answers import Answer, AnswerKind, Response
from hopback.kernel.commands import AnswerHop, DisputeResult, Role
from hopback.kernel.errors import BadInput
from hopback.kernel.hops import WORKING, Hop, HopState, TraceState
from hopback.kernel.refusals import Collision, Refusal, Why
from hopback.kernel.sitting import PEOPLE, STAFF, Sitting

if TYPE_CHECKING:
    from hopback.kernel import commands as cmd

__all__ = ["accept", "answer", "correct", "deny", "dispute", "reject", "resolve"]

_ANSWERABLE: Final = frozenset(
    {
        HopState.DELIVERED,
        HopState.ACKNOWLEDGED,
        HopState.OVERDUE,
        HopState.DELINQUENT,
        HopState.NON_RESPONSIVE,
        HopState.NEEDS_INFO,
        HopState.ANSWERED,
        HopState.LATE_ANSWERED,
    }
)
_JUDGEABLE: Final = frozenset({HopState.ANSWERED, HopState.LATE_ANSWERED})
_LATE: Final = frozenset({HopState.DELINQUENT, HopState.NON_RESPONSIVE, HopState.LATE_ANSWERED})
_DISPUTABLE: Final = frozenset({HopState.ACCEPTED, HopState.NON_RESPONSIVE, HopState.REDIRECTED})
_PLAIN: Final = frozenset(
    {AnswerKind.UPSTREAM_NAMED, AnswerKind.CUSTOMER_NAMED, AnswerKind.NO_RECORD, AnswerKind.RECORDS_EXPIRED}
)
"""Answers that a machine may judge. A doubt or a denial is for a person."""


def answer(sitting: Sitting, command: AnswerHop) -> tuple[ev.Event, ...]:
    """Take down an answer as the next version. The same key and answer again change nothing."""
    hop = sitting.hop(command.hop)
    sitting.for_provider(hop, doing="answer for this hop")
    if _is_known(hop, command.key, command.answer):
        return ()
    sitting.working(doing="take answers")
    _check(hop, command.answer)
    sitting.hop_in(hop, _ANSWERABLE, doing="answered", mend=_how_to_answer(hop))
    _check_sign_in(hop, authenticated=command.authenticated)
    response = _response(sitting, hop, command.answer, command.key, authenticated=command.authenticated)
    is_delinquent = not response.is_correction and (
        hop.state in _LATE or (hop.delinquent_after is not None and sitting.at > hop.delinquent_after)
    )
    answered = ev.HopAnswered(**sitting.stamp, hop=hop.number, response=response, is_delinquent=is_delinquent)
    if sitting.trace.state is TraceState.STALLED and command.authenticated:
        return (answered, ev.TraceResumed(**sitting.stamp, reason=f"hop {hop.number} answered"))
    return (answered,)


def correct(sitting: Sitting, command: cmd.CorrectAnswer) -> tuple[ev.Event, ...]:
    """Take down a correction of an answer that stands; it stands itself when it is accepted."""
    hop = sitting.hop(command.hop)
    sitting.for_provider(hop, doing="correct this hop's answer")
    if _is_known(hop, command.key, command.answer):
        return ()
    sitting.in_state(*WORKING, TraceState.CONCLUDED, doing="take corrections")
    _check(hop, command.answer)
    sitting.hop_in(hop, {HopState.ACCEPTED}, doing="corrected")
    if not command.authenticated:
        raise Refusal(
            Why.NOT_SIGNED_IN, "an answer that stands is corrected by somebody signed in", where=f"hop {hop.number}"
        )
    window = sitting.policy.correction_window
    if sitting.by.role is Role.PROVIDER and hop.accepted_at is not None and sitting.at > hop.accepted_at + window:
        raise Refusal(
            Why.WINDOW_OVER,
            f"an answer may be corrected for {window.days} days",
            where=f"hop {hop.number}",
            mend="ask an analyst to write the correction down",
        )
    response = _response(sitting, hop, command.answer, command.key, authenticated=True)
    return (ev.HopCorrected(**sitting.stamp, hop=hop.number, response=response),)


def reject(sitting: Sitting, command: cmd.RejectAnswer) -> tuple[ev.Event, ...]:
    """Send an answer back for what it lacks. The clock runs on as if nothing had been said."""
    sitting.only(STAFF, doing="judge an answer")
    sitting.working(doing="judge answers")
    hop = sitting.hop(command.hop)
    sitting.hop_in(hop, _JUDGEABLE, doing="sent back")
    if not command.missing or not all(part.strip() for part in command.missing):
        raise BadInput("say for each missing field why the answer is not full", where="missing")
    judged = len(hop.responses)
    return (ev.HopReturned(**sitting.stamp, hop=hop.number, version_judged=judged, missing=command.missing),)


def accept(sitting: Sitting, command: cmd.AcceptAnswer) -> tuple[ev.Event, ...]:
    """Let an answer stand. What hung on another answer of this hop is superseded, and kept."""
    sitting.only(STAFF, doing="judge an answer")
    hop = sitting.hop(command.hop)
    if command.version is not None and command.version == hop.effective and hop.state is HopState.ACCEPTED:
        return ()
    sitting.working(doing="judge answers")
    sitting.hop_in(hop, _JUDGEABLE, doing="accepted")
    response = hop.responses[-1]
    if command.version not in (None, response.version):
        raise Collision(
            Why.NOT_THE_LATEST,
            f"version {command.version} was judged and version {response.version} has come in",
            where=f"hop {hop.number}",
            mend="look at the latest version",
        )
    if sitting.by.role is Role.SYSTEM:
        _check_machine_may(sitting, hop, response, upstream_known=command.upstream_known)
    said = response.answer
    if said.kind is AnswerKind.UPSTREAM_NAMED and said.upstream is None:
        raise Refusal(
            Why.INCOMPLETE, "it names no provider", where=f"hop {hop.number}", mend="find out which one is meant"
        )
    changed = hop.standing is not None and hop.standing.named != said.named
    dropped = _supersede(sitting, hop, keep=said.upstream) if changed else ()
    if said.kind is AnswerKind.DENIED and hop.parent is not None:
        return (*_redirect(sitting, hop, version=response.version), *dropped)
    return (ev.HopAccepted(**sitting.stamp, hop=hop.number, version_judged=response.version), *dropped)


def deny(sitting: Sitting, command: cmd.DenyClaim) -> tuple[ev.Event, ...]:
    """Take down that a provider was wrongly named, and ask the hop downstream to look again.

    A denial without sign-in is kept as an answer and redirects nobody.
    """
    hop = sitting.hop(command.hop)
    if command.answer.kind is not AnswerKind.DENIED:
        raise BadInput(f"{command.answer.kind.value} denies nothing", where="answer.kind")
    if hop.parent is None:
        raise Refusal(Why.NO_CLAIM, "nobody has named this provider", where=f"hop {hop.number}")
    taken = answer(sitting, _as_answer(command))
    if not taken or not command.authenticated:
        return taken
    if hop.effective is not None:
        return taken  # A denial that takes back an answer which stands is a correction, and judged as one.
    return (*taken, *_redirect(sitting, hop, version=len(hop.responses) + 1))


def dispute(sitting: Sitting, command: cmd.DisputeHop) -> tuple[ev.Event, ...]:
    """Note that an affected provider contests an answer, a denial or a finding."""
    sitting.only(PEOPLE | {Role.PROVIDER}, doing="dispute")
    sitting.in_state(*WORKING, TraceState.CONCLUDED, doing="take disputes")
    hop = sitting.hop(command.hop)
    sitting.hop_in(hop, _DISPUTABLE, doing="disputed")
    named = hop.standing.upstream if hop.standing is not None else None
    provider = sitting.by.provider
    if provider is None or provider not in (hop.provider, named):
        raise Refusal(
            Why.NOT_AFFECTED,
            "only the provider of the hop or the one its answer names may dispute it",
            where=f"hop {hop.number}",
        )
    if not command.statement.strip():
        raise BadInput("say what is contested", where="statement")
    return (ev.HopDisputed(**sitting.stamp, hop=hop.number, provider=provider, statement=command.statement),)


def resolve(sitting: Sitting, command: cmd.ResolveDispute) -> tuple[ev.Event, ...]:
    """Decide a dispute; nobody decides about their own finding."""
    sitting.only(PEOPLE, doing="decide a dispute")
    sitting.in_state(*WORKING, TraceState.CONCLUDED, doing="decide disputes")
    hop = sitting.hop(command.hop)
    sitting.hop_in(hop, {HopState.DISPUTED}, doing="resolved")
    if not command.reason.strip():
        raise BadInput("say why", where="reason")
    if hop.finding is not None and hop.finding.decided_by == sitting.by.actor:
        raise Refusal(
            Why.FOUR_EYES,
            "nobody decides the dispute about their own finding",
            where=f"hop {hop.number}",
            mend="ask a second person",
        )
    if command.result is DisputeResult.ACCEPTED and hop.standing is None:
        raise Refusal(Why.INCOMPLETE, "no answer stands here that could be accepted", where=f"hop {hop.number}")
    if command.result is DisputeResult.REDIRECTED and hop.parent is None:
        raise Refusal(Why.NO_CLAIM, "nobody has named this provider", where=f"hop {hop.number}")
    events: list[ev.Event] = [
        ev.HopDisputeResolved(**sitting.stamp, hop=hop.number, result=command.result, reason=command.reason)
    ]
    if command.result in (DisputeResult.SUPERSEDED, DisputeResult.REDIRECTED):
        events.extend(_supersede(sitting, hop, keep=None))
    if command.result is DisputeResult.REDIRECTED and hop.parent is not None:
        events.append(ev.HopRecheckAsked(**sitting.stamp, hop=hop.parent, denied_by=hop.number))
    return tuple(events)


def _is_known(hop: Hop, key: str, said: Answer) -> bool:
    if not key.strip():
        raise BadInput("an answer has a key, so that it counts once", where="key")
    known = next((response for response in hop.responses if response.key == key), None)
    if known is None:
        return False
    if known.answer != said:
        raise Collision(
            Why.KEY_REUSED,
            f"key {key!r} belongs to another answer, version {known.version}",
            where=f"hop {hop.number}",
            mend="send another answer under another key",
        )
    return True


def _check(hop: Hop, said: Answer) -> None:
    where = f"hop {hop.number}"
    if said.kind is AnswerKind.NO_ANSWER:
        raise BadInput("silence is not submitted, it follows from the clock", where=where)
    if said.upstream is not None and said.upstream == hop.provider:
        raise BadInput(f"{hop.provider} names itself as its upstream", where=where)
    if said.upstream is not None and said.kind is not AnswerKind.UPSTREAM_NAMED:
        raise BadInput(f"{said.kind.value} names no upstream", where=where)
    if said.customer is not None and said.kind is not AnswerKind.CUSTOMER_NAMED:
        raise BadInput(f"{said.kind.value} names no customer", where=where)
    if not 0 <= said.confidence <= 1:
        raise BadInput(f"{said.confidence} is not a confidence from 0 to 1", where=where)


def _how_to_answer(hop: Hop) -> str:
    if hop.state in (HopState.PENDING, HopState.SENT):
        return "record the delivery first"
    return "correct it" if hop.state is HopState.ACCEPTED else ""


def _check_sign_in(hop: Hop, *, authenticated: bool) -> None:
    signed = any(response.authenticated for response in hop.responses)
    if not authenticated and signed:
        raise Refusal(
            Why.NOT_SIGNED_IN,
            "somebody signed in has answered already",
            where=f"hop {hop.number}",
            mend="sign in to answer again",
        )


def _response(sitting: Sitting, hop: Hop, said: Answer, key: str, *, authenticated: bool) -> Response:
    is_correction = hop.effective is not None
    late_s = 0.0
    if not is_correction and hop.respond_by is not None:
        late_s = max(0.0, (sitting.at - hop.respond_by).total_seconds())
    return Response(
        version=len(hop.responses) + 1,
        key=key,
        answer=said,
        submitted_at=sitting.at,
        submitted_by=sitting.by.actor,
        authenticated=authenticated,
        on_behalf=sitting.by.role is not Role.PROVIDER,
        is_correction=is_correction,
        late_s=late_s,
        supersedes=len(hop.responses) or None,
    )


def _check_machine_may(sitting: Sitting, hop: Hop, response: Response, *, upstream_known: bool) -> None:
    where, said = f"hop {hop.number}", response.answer
    if not sitting.policy.system_may_accept:
        raise Refusal(Why.WRONG_ROLE, "under this policy a person judges answers", where=where)
    if not response.authenticated:
        raise Refusal(Why.NOT_SIGNED_IN, "it was given without sign-in", where=where, mend="have an analyst confirm it")
    if response.on_behalf or said.kind not in _PLAIN:
        raise Refusal(Why.WRONG_ROLE, "an answer like this is judged by a person", where=where)
    missing = said.missing()
    if missing:
        raise Refusal(Why.INCOMPLETE, f"it lacks {', '.join(missing)}", where=where, mend="send it back for these")
    if said.kind is AnswerKind.UPSTREAM_NAMED and not upstream_known:
        raise Refusal(
            Why.INCOMPLETE, f"no provider {said.upstream} is known", where=where, mend="find out who is meant"
        )


def _supersede(sitting: Sitting, hop: Hop, *, keep: str | None) -> tuple[ev.Event, ...]:
    """Drop what hangs on this hop, save forks that already ask the provider now named."""
    trace = sitting.trace
    dropped: list[ev.Event] = []
    for child in trace.children(hop.number):
        if child.is_fork and child.provider == keep:
            continue
        dropped.extend(
            ev.HopSuperseded(**sitting.stamp, hop=gone.number, because_of=hop.number)
            for gone in (child, *trace.above(child.number))
            if not gone.is_held
        )
    return tuple(dropped)


def _redirect(sitting: Sitting, hop: Hop, *, version: int) -> tuple[ev.Event, ...]:
    redirected = ev.HopRedirected(**sitting.stamp, hop=hop.number, version_judged=version)
    if hop.parent is None:
        return (redirected,)
    return (redirected, ev.HopRecheckAsked(**sitting.stamp, hop=hop.parent, denied_by=hop.number))


def _as_answer(command: cmd.DenyClaim) -> AnswerHop:
    return AnswerHop(command.hop, command.answer, command.key, authenticated=command.authenticated, by=command.by)
