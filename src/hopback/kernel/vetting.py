"""Whether a call is traced at all: put forward, vetted, declined, opened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from hopback.kernel import events as ev
from hopback.kernel.commands import Role
from hopback.kernel.errors import BadInput
from hopback.kernel.hops import WORKING, SourceKind, Trace, TraceState
from hopback.kernel.refusals import Collision, Refusal, Why
from hopback.kernel.sitting import PEOPLE, STAFF, Sitting, Stamp

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.kernel import commands as cmd
    from hopback.kernel.policy import Policy

__all__ = ["decline", "open_trace", "propose", "vet"]


def propose(trace: Trace | None, command: cmd.Propose, *, at: datetime, policy: Policy) -> tuple[ev.Event, ...]:
    """Put a call forward. One older than the policy warns of is marked, not refused."""
    if trace is not None:
        raise Collision(Why.ALREADY_EXISTS, f"traceback {trace.id} exists", where="trace")
    if command.duplicate_of is not None:
        raise Collision(
            Why.DUPLICATE,
            f"this call is traced already, as {command.duplicate_of}",
            where="sample",
            mend="look at that one, or propose another call of the campaign",
        )
    sample, by = command.sample, command.by
    if sample.started_at.tzinfo is None or sample.started_at > at:
        raise BadInput("the call has to have begun before now, at a time with a zone", where="sample.started_at")
    if not command.trace.strip() or not command.source.strip():
        raise BadInput("a candidate has an id and a source", where="trace")
    if command.source_kind is SourceKind.PROVIDER and command.source_provider is None:
        raise BadInput("say which provider supplied the call", where="source_provider")
    if by.role is Role.PROVIDER and (by.provider is None or by.provider != command.source_provider):
        raise Refusal(Why.WRONG_ROLE, "a provider proposes in its own name", where="source_provider")
    stamp = Stamp(at=at, actor=by.actor, role=by.role, purpose=by.purpose, policy_version=policy.version)
    return (
        ev.TraceProposed(
            **stamp,
            trace=command.trace,
            sample=replace(sample, downstream=None),
            source=command.source,
            source_kind=command.source_kind,
            kind=command.kind,
            campaign=command.campaign,
            source_provider=command.source_provider,
            targets_competitor=command.targets_competitor,
            jurisdiction=command.jurisdiction,
            is_aged=at - sample.started_at > policy.sample_age_warning,
        ),
    )


def vet(sitting: Sitting, command: cmd.Vet) -> tuple[ev.Event, ...]:
    """Take a candidate on. Where interests could conflict two people of the consortium do it.

    An analyst who proposed the call is one of the two.
    """
    sitting.only(PEOPLE, doing="vet a candidate")
    sitting.in_state(TraceState.CANDIDATE, doing="get vetted")
    if not command.reason.strip():
        raise BadInput("say why this call is traced", where="reason")
    for name, listed in (("basis", command.basis), ("violations", command.violations)):
        if not listed or not all(item.strip() for item in listed):
            raise BadInput(f"a candidate is vetted with its {name}", where=name)
    trace, policy = sitting.trace, sitting.policy
    needs_two = (trace.source_provider is not None and policy.member_source_needs_second) or (
        trace.targets_competitor and policy.competitor_needs_second
    )
    if needs_two:
        people = {*trace.vetted_by, *([trace.proposed_by] if trace.proposer_counts else [])}
        if sitting.by.actor in trace.vetted_by or people == {sitting.by.actor}:
            raise Refusal(
                Why.FOUR_EYES,
                "a second person has to vet a call that a provider supplied or that points at a competitor",
                where=f"trace {trace.id}",
                mend="ask another analyst",
            )
        if not people:
            return (ev.TraceSeconded(**sitting.stamp, **_vetted(command)),)
    return (ev.TraceVetted(**sitting.stamp, **_vetted(command)),)


class _Vetted(TypedDict):
    reason: str
    basis: tuple[str, ...]
    violations: tuple[str, ...]
    campaign: str | None


def _vetted(command: cmd.Vet) -> _Vetted:
    return _Vetted(reason=command.reason, basis=command.basis, violations=command.violations, campaign=command.campaign)


def decline(sitting: Sitting, command: cmd.Decline) -> tuple[ev.Event, ...]:
    """Refuse a candidate, with a reason that statistics can count."""
    sitting.only(PEOPLE, doing="decline a candidate")
    sitting.in_state(TraceState.CANDIDATE, doing="get declined")
    return (ev.TraceDeclined(**sitting.stamp, code=command.code, note=command.note),)


def open_trace(sitting: Sitting, command: cmd.Open) -> tuple[ev.Event, ...]:
    """Begin with the provider that serves the called number. Its clock starts at delivery, not here.

    A traceback whose first hop was cancelled or superseded begins anew the same way.
    """
    sitting.only(STAFF if sitting.policy.system_may_open else PEOPLE, doing="open a traceback")
    trace = sitting.trace
    is_anew = trace.state in WORKING and all(hop.is_held for hop in trace.hops if hop.parent is None)
    if not is_anew:
        sitting.in_state(TraceState.VETTED, doing="get opened")
    if not command.provider.strip():
        raise BadInput("name the provider to ask first", where="provider")
    stamp = sitting.stamp
    created = ev.HopCreated(
        **stamp,
        hop=len(trace.hops) + 1,
        provider=command.provider,
        asked=trace.sample,
        parent=None,
        is_fork=False,
        reason="",
    )
    return (created,) if is_anew else (ev.TraceOpened(**stamp), created)
