"""Every write to a traceback: each verb one function, one transaction, one audit entry."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from django.db.models import F, Value
from django.db.models.functions import Greatest

from hopback.kernel import commands as cmd
from hopback.kernel.answers import AnswerKind
from hopback.kernel.errors import BadInput, HopbackError, NotFound, Refused
from hopback.kernel.hops import WORKING, HopState, TraceKind, TraceState
from hopback.kernel.outcomes import Outcome, Result
from hopback.kernel.paths import effective_path
from hopback.kernel.plain import to_plain
from hopback.kernel.refusals import Collision, Why
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import Role
from hopback.portal.directory.models import Provider
from hopback.portal.jobs.owing import owe_index
from hopback.portal.messages.writing import good_mailbox
from hopback.portal.tracebacks.access import by, may_answer, may_decide, may_decide_all, may_propose, may_run
from hopback.portal.tracebacks.docket import MAIL_TO, Docket, begin, link_form, load, load_all, note_form, save
from hopback.portal.tracebacks.models import Hop, Note, Priority, Traceback, TraceLink
from hopback.portal.tracebacks.policies import ladder_of, policy_named
from hopback.portal.tracebacks.schedule import StepKind, finding_from, next_step
from hopback.portal.tracebacks.settling import advance, send_pending, settle
from hopback.portal.tracebacks.wording import answer_key, answer_of
from hopback.rules.book import load_book
from hopback.rules.us.clock import deadline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.kernel.calls import Sought
    from hopback.kernel.commands import Command, DisputeResult
    from hopback.kernel.hops import DeclineReason, SourceKind, Trace
    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor
    from hopback.wire.hops import HopAnswer

__all__ = [
    "BEYOND_ANSWERS",
    "Proposal",
    "acknowledge",
    "answer_hop",
    "answer_hops",
    "assign",
    "cancel_hop",
    "close",
    "collect_requests",
    "conclude",
    "conclude_all",
    "correct_answer",
    "decline",
    "deny",
    "dispute",
    "escalate",
    "find_non_responsive",
    "fork",
    "go_on",
    "judge_answer",
    "keep_clock",
    "link",
    "name_upstream",
    "note",
    "open_traceback",
    "prioritise",
    "propose_sample",
    "propose_samples",
    "record_bounce",
    "record_deliveries",
    "record_delivery",
    "remind",
    "reopen",
    "resolve_dispute",
    "resume",
    "return_answer",
    "send_request",
    "vet",
    "void",
]

TRACE_ID_BYTES: Final = 10

BEYOND_ANSWERS: Final = (
    Outcome.SPOOFED_PATH,
    Outcome.RESOLVED_BY_SIGNATURE,
    Outcome.INSUFFICIENT_SAMPLE,
    Outcome.LEGAL_BAR,
)
"""Outcomes that a person sets, since they rest on something other than the answers."""


@action("traceback.proposed", may=may_propose)
def propose_sample(
    actor: Actor,
    policy: str,
    sample: Sought,
    *,
    at: datetime,
    source: str,
    source_kind: SourceKind,
    terminating: str,
    campaign: str | None = None,
    reference: str = "",
    identity: str = "",
    source_provider: str | None = None,
    targets_competitor: bool = False,
    kind: TraceKind = TraceKind.BACK,
    priority: str = Priority.NORMAL,
) -> Trace:
    """Put a call sample forward, to be traced under a version of the policy.

    ``terminating`` is the provider that the called number is served by, as claimed. The same call put
    forward again under the same reference is refused as a duplicate.
    """
    policy_named(policy)
    row = Traceback(
        id=f"T{secrets.token_hex(TRACE_ID_BYTES)}",
        policy=policy,
        reference=reference,
        identity=identity,
        terminating=terminating,
        priority=Priority(priority),
    )
    docket = begin(row)
    known = Traceback.objects.filter(reference=reference).exclude(state="void").first() if reference else None
    command = cmd.Propose(
        by=by(actor),
        trace=row.pk,
        sample=sample,
        source=source,
        source_kind=source_kind,
        kind=kind,
        campaign=campaign,
        source_provider=source_provider,
        targets_competitor=targets_competitor,
        duplicate_of=known.pk if known is not None else None,
    )
    return _finish(docket, command, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A call put forward together with others; the fields are those of :func:`propose_sample`."""

    sample: Sought
    source: str
    source_kind: SourceKind
    reference: str
    terminating: str = ""
    identity: str = ""
    campaign: str | None = None
    source_provider: str | None = None
    targets_competitor: bool = False
    kind: TraceKind = TraceKind.BACK
    priority: str = Priority.NORMAL


@action("tracebacks.proposed", may=may_propose)
def propose_samples(actor: Actor, policy: str, proposals: Sequence[Proposal], *, at: datetime) -> list[str]:
    """Put many call samples forward at once, all or none; returns the tracebacks' ids in their order.

    Each has a reference of its own that is not in use: who calls this has seen to duplicates.
    """
    dockets = []
    for one in proposals:
        row = Traceback(
            id=f"T{secrets.token_hex(TRACE_ID_BYTES)}",
            policy=policy,
            reference=one.reference,
            identity=one.identity,
            terminating=one.terminating,
            priority=Priority(one.priority),
        )
        docket = begin(row)
        command = cmd.Propose(
            by=by(actor),
            trace=row.pk,
            sample=one.sample,
            source=one.source,
            source_kind=one.source_kind,
            kind=one.kind,
            campaign=one.campaign,
            source_provider=one.source_provider,
            targets_competitor=one.targets_competitor,
        )
        docket.do(command, at=at)
        dockets.append(docket)
    entry().about("tracebacks", policy=policy)
    entry().facts = {"proposed": len(dockets)}
    save(dockets, at=at)
    return [docket.row.pk for docket in dockets]


@action("traceback.vetted", may=may_decide)
def vet(
    actor: Actor,
    traceback: Traceback,
    *,
    at: datetime,
    reason: str,
    basis: tuple[str, ...],
    violations: tuple[str, ...],
    campaign: str | None = None,
    seen: int | None = None,
) -> Trace:
    """Take a candidate on, with the reason, what makes it suspicious and what seems violated."""
    docket = load(traceback.pk, lock=True)
    return _finish(docket, cmd.Vet(reason, basis, violations, campaign, by=by(actor, seen=seen)), at=at)


@action("traceback.declined", may=may_decide)
def decline(
    actor: Actor,
    traceback: Traceback,
    *,
    at: datetime,
    code: DeclineReason,
    note: str = "",
    seen: int | None = None,
) -> Trace:
    """Refuse a candidate, with a reason that is counted."""
    return _finish(load(traceback.pk, lock=True), cmd.Decline(code, note, by=by(actor, seen=seen)), at=at)


@action("traceback.opened", may=may_decide)
def open_traceback(
    actor: Actor, traceback: Traceback, *, at: datetime, provider: str | None = None, seen: int | None = None
) -> Trace:
    """Begin with the terminating provider, and send it its request.

    Without ``provider`` it is the one the sample came with. Raises :class:`Refused` if the directory
    does not know it: then a person finds out who is meant.
    """
    docket = load(traceback.pk, lock=True)
    first = provider or docket.row.terminating
    if not Provider.objects.filter(pk=first).exists():
        raise Refused(
            f"the terminating provider {first or '(none)'} is not in the directory",
            where=docket.row.audit_name,
            mend="find out who serves the called number",
        )
    docket.do(cmd.Open(first, by=by(actor, seen=seen)), at=at)
    send_pending(docket, at=at)
    return _saved(docket, at=at)


@action("hop.sent", may=may_run)
def send_request(actor: Actor, hop: Hop, *, at: datetime, channels: tuple[str, ...], seen: int | None = None) -> Trace:
    """Send a request that waits, for example after it came back from another contact.

    A channel ``mail to …`` has the portal write to that mailbox; other words say how a person took it there.
    Raises :class:`BadInput` for a mailbox no mail can carry.
    """
    for channel in channels:
        if channel.startswith(MAIL_TO):
            good_mailbox(channel.removeprefix(MAIL_TO), where="channels")
    docket = load(hop.traceback_id, lock=True)
    return _finish(docket, cmd.SendHop(hop.number, channels, by=by(actor, seen=seen)), at=at)


@action("hop.bounced", may=may_run)
def record_bounce(actor: Actor, hop: Hop, *, at: datetime, channel: str, why: str, seen: int | None = None) -> Trace:
    """Note that a request came back: another contact is to be tried."""
    docket = load(hop.traceback_id, lock=True)
    return _finish(docket, cmd.BounceHop(hop.number, channel, why, by=by(actor, seen=seen)), at=at)


@action("hop.delivered", may=may_run)
def record_delivery(actor: Actor, hop: Hop, *, at: datetime, received: datetime, proof: str) -> Trace:
    """Note that a request was received, and when: the clock of the office asked starts, once."""
    docket = load(hop.traceback_id, lock=True)
    zone = Provider.objects.values_list("time_zone", flat=True).get(pk=hop.provider_id)
    return _finish(docket, _delivery(actor, hop.number, zone=zone, received=received, proof=proof), at=at)


@action("requests.delivered", may=may_run)
def record_deliveries(actor: Actor, hops: Sequence[Hop], *, at: datetime, proof: str) -> int:
    """Note that several requests were received now. Returns how many clocks started."""
    return _deliver(actor, hops, at=at, proof=proof)


def _own(actor: Actor, _subject: Any, /) -> None:
    if actor.role is not Role.PROVIDER:
        raise Refused(f"{actor.name} is not a provider's program")


@action("requests.collected", may=_own)
def collect_requests(
    actor: Actor, hops: Sequence[Hop], *, at: datetime, proof: str = "fetched by the provider's program"
) -> int:
    """A provider fetches what it is asked: that is the proof of delivery. Returns how many clocks started."""
    if any(hop.provider_id != actor.provider for hop in hops):
        raise Refused(f"{actor.name} may not collect another provider's requests")
    return _deliver(actor, hops, at=at, proof=proof)


def _deliver(actor: Actor, hops: Sequence[Hop], *, at: datetime, proof: str) -> int:
    fresh = [hop for hop in hops if hop.received_at is None]
    dockets = load_all({hop.traceback_id for hop in fresh}, lock=True)
    zones = dict(Provider.objects.filter(pk__in={hop.provider_id for hop in fresh}).values_list("pk", "time_zone"))
    started = 0
    for hop in fresh:
        command = _delivery(actor, hop.number, zone=zones[hop.provider_id], received=at, proof=proof)
        started += len(dockets[hop.traceback_id].do(command, at=at))
    entry().about("requests" if actor.provider is None else f"provider:{actor.provider}/requests")
    entry().facts = {"requests": sorted(hop.request_id for hop in fresh)}
    _note_policy(list(dockets.values()))
    save(list(dockets.values()), at=at)
    return started


@action("hop.acknowledged", may=may_answer)
def acknowledge(actor: Actor, hop: Hop, *, at: datetime) -> Trace:
    """Note that somebody at the provider has seen the request. Its clock runs on."""
    return _finish(load(hop.traceback_id, lock=True), cmd.AcknowledgeHop(hop.number, by=by(actor)), at=at)


@action("hop.answered", may=may_answer)
def answer_hop(
    actor: Actor,
    hop: Hop,
    message: HopAnswer,
    *,
    at: datetime,
    key: str | None = None,
    seen: int | None = None,
    authenticated: bool = True,
) -> Trace:
    """Take down what a provider says about its hop, and ask the next one.

    One that was given without sign-in (``authenticated`` is False) is kept and moves nothing: a person judges it.

    The same answer under the same ``key`` (by default a digest of it) counts once. An answer that
    differs from one that stands already is taken as its correction. Raises :class:`BadInput` when
    the answer is for another request or in another provider's name.
    """
    docket = load(hop.traceback_id, lock=True)
    _hear(docket, actor, hop, message, at=at, key=key, seen=seen, authenticated=authenticated)
    return _saved(docket, at=at)


@action("hops.answered", may=_own)
def answer_hops(
    actor: Actor, answers: Sequence[tuple[Hop, HopAnswer]], *, at: datetime
) -> tuple[dict[str, Trace], dict[str, HopbackError]]:
    """Take down several answers of one provider as :func:`answer_hop` does each, under one audit entry.

    One that is refused stops no other. Returns the tracebacks that moved on by the answers' request ids, and the
    refusals.
    """
    dockets = load_all({hop.traceback_id for hop, _ in answers}, lock=True)
    moved: dict[str, Trace] = {}
    refused: dict[str, HopbackError] = {}
    for hop, message in answers:
        docket = dockets[hop.traceback_id]
        try:
            may_answer(actor, hop)
            with docket.whole():
                if _hear(docket, actor, hop, message, at=at):
                    moved[hop.request_id] = docket.now
        except (BadInput, NotFound, Refused) as error:
            refused[hop.request_id] = error
    entry().about(f"provider:{actor.provider}/requests")
    entry().facts = {
        "answered": sorted(moved),
        "refused": {request: error.code for request, error in sorted(refused.items())},
    }
    _note_policy(list(dockets.values()))
    save(list(dockets.values()), at=at)
    return moved, refused


@action("hop.corrected", may=may_answer)
def correct_answer(actor: Actor, hop: Hop, message: HopAnswer, *, at: datetime, key: str | None = None) -> Trace:
    """Mend an answer that stands. Where it names somebody else, the hops above are superseded and kept."""
    docket, body = load(hop.traceback_id, lock=True), _body(hop, message)
    command = cmd.CorrectAnswer(hop.number, answer_of(message), key or answer_key(body), by=by(actor))
    _take_down(docket, command, body, at=at)
    return _saved(docket, at=at)


@action("hop.claim_denied", may=may_answer)
def deny(actor: Actor, hop: Hop, message: HopAnswer, *, at: datetime, key: str | None = None) -> Trace:
    """Take down that a provider was wrongly named; the hop downstream is asked to look again."""
    docket, body = load(hop.traceback_id, lock=True), _body(hop, message)
    command = cmd.DenyClaim(hop.number, answer_of(message), key or answer_key(body), by=by(actor))
    _take_down(docket, command, body, at=at)
    return _saved(docket, at=at)


@action("hop.accepted", may=may_decide)
def judge_answer(actor: Actor, hop: Hop, *, at: datetime, version: int | None = None, seen: int | None = None) -> Trace:
    """A person lets an answer stand that the portal could not judge; the next provider is asked."""
    docket = load(hop.traceback_id, lock=True)
    latest = docket.now.hops[hop.number - 1].latest
    is_known = latest is not None and docket.knows(latest.answer.upstream)
    docket.do(cmd.AcceptAnswer(hop.number, is_known, version, by=by(actor, seen=seen)), at=at)
    advance(docket, at=at)
    return _saved(docket, at=at)


@action("hop.returned", may=may_decide)
def return_answer(actor: Actor, hop: Hop, *, at: datetime, missing: tuple[str, ...], seen: int | None = None) -> Trace:
    """Send an answer back for what it lacks. The clock is not reset."""
    docket = load(hop.traceback_id, lock=True)
    return _finish(docket, cmd.RejectAnswer(hop.number, missing, by=by(actor, seen=seen)), at=at)


@action("hop.disputed", may=may_answer)
def dispute(
    actor: Actor,
    hop: Hop,
    *,
    at: datetime,
    statement: str,
    provider: str | None = None,
    seen: int | None = None,
) -> Trace:
    """An affected provider contests its answer's reading or a finding.

    Staff write down what ``provider`` contests.
    """
    who = by(actor, seen=seen)
    if actor.role is not Role.PROVIDER:
        who = replace(who, provider=provider)
    return _finish(load(hop.traceback_id, lock=True), cmd.DisputeHop(hop.number, statement, by=who), at=at)


@action("hop.dispute_resolved", may=may_decide)
def resolve_dispute(
    actor: Actor, hop: Hop, *, at: datetime, result: DisputeResult, reason: str, seen: int | None = None
) -> Trace:
    """Decide a dispute, with the reason. What then is to be asked anew is asked."""
    docket = load(hop.traceback_id, lock=True)
    docket.do(cmd.ResolveDispute(hop.number, result, reason, by=by(actor, seen=seen)), at=at)
    advance(docket, at=at)
    return _saved(docket, at=at)


@action("hop.upstream_named", may=may_decide)
def name_upstream(
    actor: Actor, hop: Hop, provider: Provider, *, at: datetime, reason: str, seen: int | None = None
) -> Trace:
    """Say which provider of the directory an answer means; that answer stands, and the provider is asked.

    What the provider itself said is kept as its own version. The one that names ``provider`` is the
    analyst's, written down on the provider's behalf and marked so.
    """
    if not reason.strip():
        raise BadInput("say how you know who is meant", where="reason")
    docket = load(hop.traceback_id, lock=True)
    asked = docket.now.hops[hop.number - 1]
    if asked.latest is None or asked.latest.answer.kind is not AnswerKind.UPSTREAM_NAMED:
        raise Refused("its latest answer names no provider upstream", where=f"hop {hop.number}")
    said = asked.latest.answer
    meant = replace(
        said,
        upstream=provider.pk,
        upstream_name=said.upstream_name or said.upstream or provider.legal_name,
        why=(*said.why, f"{provider.legal_name} is meant: {reason.strip()}"),
    )
    verb = cmd.CorrectAnswer if asked.state is HopState.ACCEPTED else cmd.AnswerHop
    key = answer_key(to_plain(meant))
    docket.do(verb(hop.number, meant, key, by=by(actor, seen=seen)), at=at)
    docket.do(cmd.AcceptAnswer(hop.number, upstream_known=True, by=by(actor)), at=at)
    advance(docket, at=at)
    entry().facts = {"upstream": provider.pk}
    return _saved(docket, at=at)


@action("hop.forked", may=may_decide)
def fork(
    actor: Actor,
    hop: Hop,
    provider: Provider,
    *,
    at: datetime,
    reason: str,
    asked: Sought | None = None,
    seen: int | None = None,
) -> Trace:
    """Ask another provider besides the one an answer names: a second claim, or a reseller in between.

    ``asked`` is the call as it is to search for it, by default as this hop's answer hands it on.
    """
    docket = load(hop.traceback_id, lock=True)
    here = docket.now.hops[hop.number - 1]
    handed_on = here.latest.answer.next if here.latest is not None else None
    command = cmd.Fork(hop.number, provider.pk, asked or handed_on or here.asked, reason, by=by(actor, seen=seen))
    docket.do(command, at=at)
    send_pending(docket, at=at)
    return _saved(docket, at=at)


@action("hop.cancelled", may=may_decide)
def cancel_hop(actor: Actor, hop: Hop, *, at: datetime, reason: str, seen: int | None = None) -> Trace:
    """Ask a provider no longer; what it said is kept."""
    docket = load(hop.traceback_id, lock=True)
    return _finish(docket, cmd.CancelHop(hop.number, reason, by=by(actor, seen=seen)), at=at)


@action("hop.escalated", may=may_decide)
def escalate(actor: Actor, hop: Hop, *, at: datetime, told: str, seen: int | None = None) -> Trace:
    """Note the next step of the ladder, taken by a person: who was told, and how."""
    if not told.strip():
        raise BadInput("say who was told, and how", where="told")
    docket = load(hop.traceback_id, lock=True)
    number = docket.now.hops[hop.number - 1].escalation_level + 1
    return _finish(docket, cmd.EscalateHop(hop.number, number, told.strip(), by=by(actor, seen=seen)), at=at)


@action("traceback.continued", may=may_decide)
def go_on(_actor: Actor, traceback: Traceback, *, at: datetime, seen: int | None = None) -> Trace:
    """Ask whoever the standing answers lead to and nobody has asked yet, now that the directory knows them.

    Raises :class:`Refused` where there is nobody.
    """
    docket = load(traceback.pk, lock=True)
    _check_seen(docket, seen)
    settle(docket, at=at)
    if not docket.events:
        raise Refused("nobody is named who could be asked", where=docket.row.audit_name, mend="say who is meant")
    return _saved(docket, at=at)


@action("traceback.resumed", may=may_decide)
def resume(actor: Actor, traceback: Traceback, *, at: datetime, reason: str, seen: int | None = None) -> Trace:
    """Go on after a pause: a new contact, or a new approach."""
    docket = load(traceback.pk, lock=True)
    docket.do(cmd.Resume(reason, by=by(actor, seen=seen)), at=at)
    advance(docket, at=at)
    return _saved(docket, at=at)


@action("hop.clock_kept", may=may_run)
def keep_clock(actor: Actor, hop: Hop, *, at: datetime) -> StepKind | None:
    """Do whatever a hop's clock has brought by now: reminders, the two dates, the ladder.

    Returns ``FIND`` when a person may now find that the provider did not respond; else None.
    """
    docket = load(hop.traceback_id, lock=True)
    due: StepKind | None = None
    while (step := next_step(docket.now.hops[hop.number - 1], policy=docket.policy)) is not None and step.due <= at:
        match step.kind:
            case StepKind.REMIND:
                command: Command = cmd.RemindHop(hop.number, step.key, by=by(actor))
            case StepKind.TICK:
                command = cmd.TickHop(hop.number, by=by(actor))
            case StepKind.ESCALATE:
                told = ladder_of(docket.policy.version)[step.number - 1].told
                command = cmd.EscalateHop(hop.number, step.number, told, by=by(actor))
            case StepKind.FIND:
                due = StepKind.FIND
                break
        docket.do(command, at=at)
    if due is not None and docket.now.state is TraceState.ACTIVE:
        with suppress(Refused):  # another hop is still being asked
            docket.do(cmd.Stall(by=by(actor)), at=at)
    _saved(docket, at=at)
    return due


@action("hop.reminded", may=may_decide)
def remind(actor: Actor, hop: Hop, *, at: datetime, seen: int | None = None) -> Trace:
    """Remind a provider now, besides the clock's own reminders; its contact's digest follows. Once an hour counts."""
    docket = load(hop.traceback_id, lock=True)
    return _finish(docket, cmd.RemindHop(hop.number, f"by_hand:{at:%Y-%m-%dT%H}", by=by(actor, seen=seen)), at=at)


@action("hop.found", may=may_decide)
def find_non_responsive(
    actor: Actor,
    hop: Hop,
    *,
    at: datetime,
    reason: str,
    evidence: tuple[str, ...],
    noticed_at: datetime | None = None,
    seen: int | None = None,
) -> Trace:
    """Decide that a provider did not respond: a person's decision, with reason, evidence and notice."""
    docket = load(hop.traceback_id, lock=True)
    silent = docket.now.hops[hop.number - 1]
    if silent.delinquent_after is None:
        raise Refused("its clock never started", where=f"hop {hop.number}")
    earliest = finding_from(silent, policy=docket.policy)
    command = cmd.FindNonResponsive(hop.number, reason, evidence, earliest, noticed_at, by=by(actor, seen=seen))
    return _finish(docket, command, at=at)


@action("traceback.concluded", may=may_decide)
def conclude(
    actor: Actor,
    traceback: Traceback,
    *,
    at: datetime,
    reason: str = "",
    outcome: Outcome | None = None,
    confidence: float | None = None,
    seen: int | None = None,
) -> Trace:
    """Confirm what the answers that stand come to. Raises :class:`Refused` while they come to nothing.

    ``outcome`` is one of :data:`BEYOND_ANSWERS`, which no answer can give: with the reason of whoever decides,
    how sure they are, and the path as far as it is known.
    """
    docket = load(traceback.pk, lock=True)
    result = docket.result
    if outcome is not None and outcome is not result.outcome:
        if outcome not in BEYOND_ANSWERS:
            raise Refused(
                f"the answers that stand do not come to {outcome.value}",
                where=docket.row.audit_name,
                mend="confirm what they come to, or one that rests on something else",
            )
        if not reason.strip():
            raise BadInput("say what this outcome rests on", where="reason")
        path = tuple(hop.provider for hop in effective_path(docket.now))
        result = Result(outcome, 0.5 if confidence is None else confidence, path)
    if result.outcome is None:
        raise Refused(
            "the answers that stand come to nothing yet", where=docket.row.audit_name, mend="wait for the open hops"
        )
    return _finish(docket, cmd.Conclude(result, reason, by=by(actor, seen=seen)), at=at)


@action("tracebacks.concluded", may=may_decide_all)
def conclude_all(actor: Actor, rows: Sequence[Traceback], *, at: datetime, reason: str = "") -> list[str]:
    """Confirm several at once, under one audit entry; returns the ids of those concluded.

    One that the process does not allow to be concluded stops no other.
    """
    dockets = list(load_all({row.pk for row in rows}, lock=True).values())
    refused: dict[str, str] = {}
    for docket in dockets:
        try:
            docket.do(cmd.Conclude(docket.result, reason, by=by(actor)), at=at)
        except Refused as refusal:
            refused[docket.row.pk] = refusal.message
    concluded = [docket.row.pk for docket in dockets if docket.events]
    entry().about("tracebacks")
    entry().facts = {"concluded": concluded, "refused": refused}
    _note_policy(dockets)
    save(dockets, at=at)
    return concluded


@action("traceback.closed", may=may_decide)
def close(
    actor: Actor, traceback: Traceback, *, at: datetime, notices: tuple[str, ...], seen: int | None = None
) -> Trace:
    """Check and close, once those found have been told and asked to mitigate."""
    return _finish(load(traceback.pk, lock=True), cmd.Close(notices, by=by(actor, seen=seen)), at=at)


@action("traceback.reopened", may=may_decide)
def reopen(
    actor: Actor, traceback: Traceback, *, at: datetime, reason: str, erratum: str, seen: int | None = None
) -> Trace:
    """Take up again after a correction or a dispute, and judge the corrections that wait."""
    docket = load(traceback.pk, lock=True)
    docket.do(cmd.Reopen(reason, erratum, by=by(actor, seen=seen)), at=at)
    settle(docket, at=at)
    return _saved(docket, at=at)


@action("traceback.voided", may=may_decide)
def void(actor: Actor, traceback: Traceback, *, at: datetime, reason: str, seen: int | None = None) -> Trace:
    """Opened in error: kept, and not counted."""
    return _finish(load(traceback.pk, lock=True), cmd.Void(reason, by=by(actor, seen=seen)), at=at)


@action("traceback.assigned", may=may_decide)
def assign(_actor: Actor, traceback: Traceback, owner: User | None, *, at: datetime) -> None:
    """Say who looks after a traceback; None gives it back to everybody."""
    _set(traceback, at=at, owner=owner)
    entry().facts = {"owner": owner.audit_name if owner is not None else ""}


@action("traceback.prioritised", may=may_decide)
def prioritise(_actor: Actor, traceback: Traceback, *, at: datetime, priority: str) -> None:
    """Say how soon people look at a traceback."""
    if priority not in Priority.values:
        raise BadInput(f"no priority {priority!r}", where="priority", mend=f"one of {', '.join(Priority.values)}")
    _set(traceback, at=at, priority=priority)
    entry().facts = {"priority": priority}


@action("traceback.noted", may=may_decide)
def note(actor: Actor, traceback: Traceback, *, at: datetime, text: str) -> Note:
    """Write something down beside a traceback, for the consortium's own people."""
    said = text.strip()
    if not said:
        raise BadInput("the note says nothing", where="text")
    row = Note.objects.create(leaf=entry().uid, traceback=traceback, at=at, author=actor.name, text=said)
    entry().wrote(Note._meta.label_lower, [note_form(row)])  # noqa: SLF001 -- Django documents it
    owe_index("traceback", [traceback.pk], at=at)
    _set(traceback, at=at)
    return row


@action("traceback.linked", may=may_decide)
def link(
    actor: Actor, traceback: Traceback, other: Traceback, *, at: datetime, reason: str, is_linked: bool = True
) -> None:
    """Say that two tracebacks belong together, or (``is_linked`` False) that they do not."""
    if not reason.strip():
        raise BadInput("say why", where="reason")
    if traceback.pk == other.pk:
        raise BadInput("a traceback belongs together with others", where="other")
    first, second = sorted((traceback, other), key=lambda row: row.pk)
    row = TraceLink.objects.create(
        leaf=entry().uid,
        first=first,
        second=second,
        is_linked=is_linked,
        at=at,
        author=actor.name,
        reason=reason.strip(),
    )
    entry().wrote(TraceLink._meta.label_lower, [link_form(row)])  # noqa: SLF001 -- Django documents it
    entry().facts = {"other": other.pk, "is_linked": is_linked}
    _set(first, at=at)
    _set(second, at=at)


def _set(traceback: Traceback, *, at: datetime, **fields: Any) -> None:
    """Change what people set in a row; nothing here follows from the events."""
    Traceback.objects.filter(pk=traceback.pk).update(**fields, updated_at=Greatest(F("updated_at"), Value(at)))
    for name, value in fields.items():
        setattr(traceback, name, value)


def _check_seen(docket: Docket, seen: int | None) -> None:
    """As the process does for a single command."""
    if seen is not None and seen != docket.now.version:
        raise Collision(
            Why.SEEN_OLDER,
            f"the traceback has moved on from version {seen} to {docket.now.version}",
            where=docket.row.audit_name,
            mend="look again",
        )


def _finish(docket: Docket, command: Command, *, at: datetime) -> Trace:
    docket.do(command, at=at)
    return _saved(docket, at=at)


def _saved(docket: Docket, *, at: datetime) -> Trace:
    current = entry()
    current.policy = docket.policy.version
    if not current.subject.startswith(docket.row.audit_name):
        current.subject = docket.row.audit_name
    save(docket, at=at)
    return docket.now


def _note_policy(dockets: Sequence[Docket]) -> None:
    entry().policy = ",".join(sorted({docket.policy.version for docket in dockets}))


def _delivery(actor: Actor, number: int, *, zone: str, received: datetime, proof: str) -> cmd.DeliverHop:
    clock = deadline(received, zone=zone, book=load_book("us"))
    return cmd.DeliverHop(number, clock, proof, by=by(actor))


def _body(hop: Hop, message: HopAnswer) -> dict[str, Any]:
    if message.request_id != hop.request_id:
        raise BadInput(f"an answer to {message.request_id}", where="request_id", mend=f"answer {hop.request_id}")
    if message.provider != hop.provider_id:
        raise BadInput(f"an answer of {message.provider}", where="provider", mend=f"{hop.provider_id} was asked")
    body: dict[str, Any] = message.model_dump(mode="json")
    return body


def _hear(
    docket: Docket,
    actor: Actor,
    hop: Hop,
    message: HopAnswer,
    *,
    at: datetime,
    key: str | None = None,
    seen: int | None = None,
    authenticated: bool = True,
) -> bool:
    said, body = answer_of(message), _body(hop, message)
    key = key or answer_key(body)
    asked = docket.now.hops[hop.number - 1]
    verb: type[cmd.AnswerHop | cmd.CorrectAnswer | cmd.DenyClaim] = cmd.AnswerHop
    if asked.state is HopState.ACCEPTED and all(response.key != key for response in asked.responses):
        verb = cmd.CorrectAnswer
    elif said.kind is AnswerKind.DENIED and asked.parent is not None and asked.effective is None:
        verb = cmd.DenyClaim
    return _take_down(docket, verb(hop.number, said, key, authenticated, by=by(actor, seen=seen)), body, at=at)


def _take_down(
    docket: Docket, command: cmd.AnswerHop | cmd.CorrectAnswer | cmd.DenyClaim, body: dict[str, Any], *, at: datetime
) -> bool:
    """Take an answer in with the words it came in, and let follow what follows by itself; say if it was new."""
    if not docket.do(command, at=at):
        return False
    docket.wire[command.hop, len(docket.now.hops[command.hop - 1].responses)] = body
    if docket.now.state in WORKING:
        settle(docket, at=at)
    return True
