"""Asking one provider: send, deliver, remind, watch the clock, escalate, go on to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from hopback.kernel import events as ev
from hopback.kernel.answers import AnswerKind
from hopback.kernel.commands import Role
from hopback.kernel.errors import BadInput
from hopback.kernel.findings import AppealState, Finding, FindingKind
from hopback.kernel.hops import OPEN, WORKING, Hop, HopState, TraceState
from hopback.kernel.paths import Repetition, repetition
from hopback.kernel.refusals import Collision, Refusal, Why
from hopback.kernel.sitting import PEOPLE, STAFF, Sitting

if TYPE_CHECKING:
    from hopback.kernel import commands as cmd
    from hopback.kernel.calls import Sought

__all__ = [
    "acknowledge",
    "advance",
    "bounce",
    "cancel",
    "deliver",
    "escalate",
    "find_non_responsive",
    "fork",
    "remind",
    "send",
    "tick",
]

CLOCK_CHANGE: Final = timedelta(hours=1)
"""A span of business days can be an hour shorter than its name when clocks go forward."""

_OWED: Final = frozenset({HopState.DELIVERED, HopState.ACKNOWLEDGED, HopState.NEEDS_INFO})


def send(sitting: Sitting, command: cmd.SendHop) -> tuple[ev.Event, ...]:
    """Note that a request was dispatched, unless the provider has had its share of the week."""
    sitting.only(STAFF, doing="send a request")
    sitting.working(doing="ask anybody")
    hop = sitting.hop(command.hop)
    sitting.hop_in(hop, {HopState.PENDING}, doing="sent")
    if not command.channels:
        raise BadInput("a request is sent on at least one channel", where="channels")
    cap = sitting.policy.weekly_cap
    if cap is not None:
        if command.asked_this_week is None:
            raise BadInput(f"{cap} requests a week are the cap and nobody counted", where="asked_this_week")
        if command.asked_this_week >= cap:
            raise Refusal(
                Why.WEEKLY_CAP,
                f"{hop.provider} was sent {command.asked_this_week} requests within a week, and {cap} are the cap",
                where=f"hop {hop.number}",
                mend="send it when the week is over",
            )
    return (ev.HopSent(**sitting.stamp, hop=hop.number, channels=command.channels),)


def bounce(sitting: Sitting, command: cmd.BounceHop) -> tuple[ev.Event, ...]:
    """Note that a request came back: the next contact can be tried."""
    sitting.only(STAFF, doing="report a bounce")
    sitting.working(doing="ask anybody")
    hop = sitting.hop(command.hop)
    sitting.hop_in(hop, {HopState.SENT}, doing="bounced")
    return (ev.HopBounced(**sitting.stamp, hop=hop.number, channel=command.channel, why=command.why),)


def deliver(sitting: Sitting, command: cmd.DeliverHop) -> tuple[ev.Event, ...]:
    """Start the clock, once: a later proof of the same delivery changes nothing."""
    sitting.only(STAFF | {Role.PROVIDER}, doing="prove a delivery")
    sitting.working(doing="ask anybody")
    hop = sitting.hop(command.hop)
    if sitting.by.role is Role.PROVIDER:
        sitting.for_provider(hop, doing="open a request")
    if hop.received_at is not None:
        return ()
    sitting.hop_in(hop, {HopState.SENT}, doing="delivered")
    clock = command.clock
    if not clock.received <= sitting.at:
        raise BadInput("a request cannot have been received in the future", where="received")
    if not clock.received <= clock.respond_by <= clock.delinquent_after:
        raise BadInput("receipt, respond_by and delinquent_after are out of order", where="clock")
    return (
        ev.HopDelivered(
            **sitting.stamp,
            hop=hop.number,
            proof=command.proof,
            received_at=clock.received.astimezone(UTC),
            respond_by=clock.respond_by.astimezone(UTC),
            delinquent_after=clock.delinquent_after.astimezone(UTC),
            office_zone=clock.zone,
            working=clock.working,
        ),
    )


def acknowledge(sitting: Sitting, command: cmd.AcknowledgeHop) -> tuple[ev.Event, ...]:
    """Note that somebody has seen the request; once is enough."""
    hop = sitting.hop(command.hop)
    sitting.for_provider(hop, doing="acknowledge a request")
    sitting.working(doing="ask anybody")
    if hop.acknowledged_at is not None:
        return ()
    sitting.hop_in(hop, {HopState.DELIVERED, HopState.OVERDUE, HopState.DELINQUENT}, doing="acknowledged")
    return (ev.HopAcknowledged(**sitting.stamp, hop=hop.number),)


def remind(sitting: Sitting, command: cmd.RemindHop) -> tuple[ev.Event, ...]:
    """Note a reminder; the same key counts once."""
    sitting.only(STAFF, doing="remind a provider")
    sitting.working(doing="ask anybody")
    hop = sitting.hop(command.hop)
    if command.key in hop.reminders:
        return ()
    sitting.hop_in(hop, _OWED, doing="reminded")
    return (ev.HopReminded(**sitting.stamp, hop=hop.number, key=command.key),)


def tick(sitting: Sitting, command: cmd.TickHop) -> tuple[ev.Event, ...]:
    """Look at the clock: past ``respond_by`` is overdue, past ``delinquent_after`` is delinquent."""
    sitting.only(STAFF, doing="look at the clock")
    hop = sitting.hop(command.hop)
    if hop.respond_by is None or hop.delinquent_after is None or sitting.trace.state not in WORKING:
        return ()
    events: list[ev.Event] = []
    if hop.state in _OWED and sitting.at > hop.respond_by:
        events.append(ev.HopLapsed(**sitting.stamp, hop=hop.number))
    if (hop.state is HopState.OVERDUE or events) and sitting.at > hop.delinquent_after:
        events.append(ev.HopDefaulted(**sitting.stamp, hop=hop.number))
    return tuple(events)


def escalate(sitting: Sitting, command: cmd.EscalateHop) -> tuple[ev.Event, ...]:
    """Take the next step of the ladder; a step already taken changes nothing."""
    sitting.only(STAFF, doing="escalate")
    sitting.working(doing="ask anybody")
    hop = sitting.hop(command.hop)
    if 1 <= command.step <= hop.escalation_level:
        return ()
    sitting.hop_in(hop, {HopState.OVERDUE, HopState.DELINQUENT}, doing="escalated")
    if command.step != hop.escalation_level + 1 or command.step > sitting.policy.escalation_steps:
        raise Refusal(
            Why.STEP_OUT_OF_ORDER,
            f"step {command.step} does not follow step {hop.escalation_level} of {sitting.policy.escalation_steps}",
            where=f"hop {hop.number}",
        )
    return (ev.HopEscalated(**sitting.stamp, hop=hop.number, step=command.step, told=command.told),)


def find_non_responsive(sitting: Sitting, command: cmd.FindNonResponsive) -> tuple[ev.Event, ...]:
    """Decide that a provider did not respond. Only people do, and only some days after the later deadline."""
    sitting.only(PEOPLE, doing="find anybody non-responsive")
    sitting.working(doing="find anybody non-responsive")
    hop = sitting.hop(command.hop)
    sitting.hop_in(hop, {HopState.DELINQUENT}, doing="found non-responsive")
    if hop.finding is not None and hop.finding.appeal is not AppealState.WITHDRAWN:
        # A second finding would sweep the first one's appeal away.
        raise Collision(
            Why.ALREADY_FOUND, f"{hop.provider} was found non-responsive here before", where=f"hop {hop.number}"
        )
    if hop.delinquent_after is None:
        raise Refusal(Why.NOT_YET, "its clock never started", where=f"hop {hop.number}")
    policy = sitting.policy
    # A span of n business days is n whole days at the least. The caller counts holidays; this only
    # makes sure that it cannot have counted from an earlier instant.
    least = hop.delinquent_after + max(timedelta(0), timedelta(days=policy.finding_wait_days) - CLOCK_CHANGE)
    if command.earliest < least:
        raise Refusal(
            Why.NOT_YET,
            f"{command.earliest.isoformat()} is less than {policy.finding_wait_days} business days after "
            f"{hop.delinquent_after.isoformat()}",
            where="earliest",
            mend="count from delinquent_after",
        )
    if sitting.at < command.earliest or sitting.at <= hop.delinquent_after:
        raise Refusal(
            Why.NOT_YET, f"nobody may decide this before {command.earliest.isoformat()}", where=f"hop {hop.number}"
        )
    noticed_at = command.noticed_at
    if policy.finding_needs_notice and (noticed_at is None or noticed_at > sitting.at):
        raise Refusal(
            Why.NOT_NOTICED,
            f"{hop.provider} has not been told what is about to be found",
            where=f"hop {hop.number}",
            mend="send the notice first",
        )
    finding = Finding(
        kind=FindingKind.NON_RESPONSIVE,
        provider=hop.provider,
        reason=command.reason,
        evidence=command.evidence,
        decided_by=sitting.by.actor,
        decided_at=sitting.at,
        rests_on=hop.delinquent_after,
        noticed_at=noticed_at.astimezone(UTC) if noticed_at is not None else None,
    )
    return (ev.HopFound(**sitting.stamp, hop=hop.number, finding=finding),)


def cancel(sitting: Sitting, command: cmd.CancelHop) -> tuple[ev.Event, ...]:
    """Stop asking a provider. What stands, or was decided, is disputed or corrected, not cancelled."""
    sitting.only(STAFF, doing="cancel a request")
    sitting.working(doing="ask anybody")
    hop = sitting.hop(command.hop)
    sitting.hop_in(hop, OPEN - {HopState.DISPUTED}, doing="cancelled", mend="correct or dispute it")
    if hop.effective is not None:
        raise Refusal(Why.HOP_STATE, "an answer stands here", where=f"hop {hop.number}", mend="judge its correction")
    if not command.reason.strip():
        raise BadInput("say why nobody is asked any more", where="reason")
    return (ev.HopCancelled(**sitting.stamp, hop=hop.number, reason=command.reason),)


def advance(sitting: Sitting, command: cmd.Advance) -> tuple[ev.Event, ...]:
    """Ask the provider that the standing answer names, unless the answers lead in a circle."""
    sitting.only(STAFF, doing="go on")
    sitting.working(doing="go on")
    hop = sitting.hop(command.hop)
    sitting.hop_in(hop, {HopState.ACCEPTED}, doing="followed", mend="accept its answer first")
    said = hop.standing
    if said is None or said.kind is not AnswerKind.UPSTREAM_NAMED or said.upstream is None:
        raise Refusal(Why.NO_CLAIM, "its answer names no provider upstream", where=f"hop {hop.number}")
    chain = sitting.trace.chain(hop.number)
    circle = repetition(chain)
    if circle is not Repetition.NONE:
        same = "the same record" if circle is Repetition.SAME else "what may be the same record"
        raise Refusal(
            Why.LOOP,
            f"{hop.provider} has spoken of {same} before on this path",
            where=f"hop {hop.number}",
            mend="conclude, or ask for a correction",
        )
    asked = said.next if said.next is not None else hop.asked
    return _create(sitting, hop, said.upstream, replace(asked, downstream=hop.provider), reason="", is_fork=False)


def fork(sitting: Sitting, command: cmd.Fork) -> tuple[ev.Event, ...]:
    """Ask another provider besides. It joins the path only if an answer that stands names it."""
    sitting.only(PEOPLE, doing="fork a traceback")
    sitting.working(doing="go on")
    hop = sitting.hop(command.hop)
    if hop.is_held or not hop.responses:
        raise Refusal(Why.NO_CLAIM, "there is no answer here to go on from", where=f"hop {hop.number}")
    if not command.reason.strip():
        raise BadInput("say why another provider is asked besides", where="reason")
    asked = replace(command.asked, downstream=hop.provider)
    return _create(sitting, hop, command.provider, asked, reason=command.reason, is_fork=True)


def _create(
    sitting: Sitting, hop: Hop, provider: str, asked: Sought, *, reason: str, is_fork: bool
) -> tuple[ev.Event, ...]:
    trace = sitting.trace
    there = next((c for c in trace.children(hop.number) if c.provider == provider and not c.is_held), None)
    if there is not None:
        raise Collision(
            Why.ALREADY_ASKED, f"{provider} is asked already, as hop {there.number}", where=f"hop {hop.number}"
        )
    if len(trace.chain(hop.number)) >= sitting.policy.max_hops:
        raise Refusal(
            Why.MAX_HOPS,
            f"the path is {sitting.policy.max_hops} hops long, and that is the limit",
            where=f"hop {hop.number}",
            mend="conclude, or raise max_hops in the policy",
        )
    stamp = sitting.stamp
    created = ev.HopCreated(
        **stamp,
        hop=len(trace.hops) + 1,
        provider=provider,
        asked=asked,
        parent=hop.number,
        is_fork=is_fork,
        reason=reason,
    )
    if trace.state is TraceState.STALLED:
        return (ev.TraceResumed(**stamp, reason=f"hop {created.hop} created"), created)
    return (created,)
