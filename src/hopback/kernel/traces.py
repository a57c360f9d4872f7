"""The process of a traceback, as two pure functions.

:func:`decide` says what follows from a command, or refuses; :func:`evolve` folds an event in;
:func:`replay` folds them all. A refusal changes nothing. Nothing here knows what time it is, how
business days run, or who a provider is: that is handed in.

Commands are in :mod:`hopback.kernel.commands`, events in :mod:`hopback.kernel.events`, states in
:mod:`hopback.kernel.hops`, reasons of refusals in :mod:`hopback.kernel.refusals`.
"""

from __future__ import annotations

from datetime import UTC
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel import answering, asking, ending, vetting
from hopback.kernel import commands as cmd
from hopback.kernel.answers import Answer, AnswerKind
from hopback.kernel.commands import By, Command, Role
from hopback.kernel.errors import BadInput, NotFound
from hopback.kernel.events import Event
from hopback.kernel.folding import evolve, replay
from hopback.kernel.hops import DeclineReason, Hop, HopState, SourceKind, Trace, TraceState
from hopback.kernel.outcomes import Outcome, Result
from hopback.kernel.policy import Policy
from hopback.kernel.refusals import Collision, Refusal, Why
from hopback.kernel.sitting import Sitting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

__all__ = [
    "Answer",
    "AnswerKind",
    "By",
    "Collision",
    "Command",
    "DeclineReason",
    "Event",
    "Hop",
    "HopState",
    "Outcome",
    "Policy",
    "Refusal",
    "Result",
    "Role",
    "SourceKind",
    "Trace",
    "TraceState",
    "Why",
    "decide",
    "evolve",
    "replay",
]


def decide(trace: Trace | None, command: Command, *, at: datetime, policy: Policy) -> tuple[Event, ...]:
    """What follows from a command at an instant; nothing (``()``) if it had followed before.

    ``trace`` is None only for :class:`~hopback.kernel.commands.Propose`. The events are to be folded in
    with :func:`evolve`, in order.

    Raises:
        BadInput: the command cannot be used: a time without a zone, no actor, an empty reason.
        NotFound: there is no such traceback or hop.
        Refusal: the state, the policy or the part somebody plays does not allow it.
        Collision: somebody else got there first.
    """
    if at.tzinfo is None or at.utcoffset() is None:
        raise BadInput("the time of a command has a zone", where="at")
    by = command.by
    for name, value in (("actor", by.actor), ("purpose", by.purpose)):
        if not value.strip():
            raise BadInput(f"a command has {'an' if name == 'actor' else 'a'} {name}", where=f"by.{name}")
    at = at.astimezone(UTC)
    if isinstance(command, cmd.Propose):
        return vetting.propose(trace, command, at=at, policy=policy)
    if trace is None:
        raise NotFound("there is no such traceback", where="trace")
    if by.seen is not None and by.seen != trace.version:
        raise Collision(
            Why.SEEN_OLDER,
            f"the traceback has moved on from version {by.seen} to {trace.version}",
            where=f"trace {trace.id}",
            mend="look again",
        )
    return _VERBS[type(command)](Sitting(trace, by, at, policy), command)


_VERBS: Final[Mapping[type[Command], Callable[[Sitting, Any], tuple[Event, ...]]]] = MappingProxyType(
    {
        cmd.Vet: vetting.vet,
        cmd.Decline: vetting.decline,
        cmd.Open: vetting.open_trace,
        cmd.SendHop: asking.send,
        cmd.BounceHop: asking.bounce,
        cmd.DeliverHop: asking.deliver,
        cmd.AcknowledgeHop: asking.acknowledge,
        cmd.RemindHop: asking.remind,
        cmd.TickHop: asking.tick,
        cmd.EscalateHop: asking.escalate,
        cmd.FindNonResponsive: asking.find_non_responsive,
        cmd.CancelHop: asking.cancel,
        cmd.Advance: asking.advance,
        cmd.Fork: asking.fork,
        cmd.AnswerHop: answering.answer,
        cmd.CorrectAnswer: answering.correct,
        cmd.RejectAnswer: answering.reject,
        cmd.AcceptAnswer: answering.accept,
        cmd.DenyClaim: answering.deny,
        cmd.DisputeHop: answering.dispute,
        cmd.ResolveDispute: answering.resolve,
        cmd.Stall: ending.stall,
        cmd.Resume: ending.resume,
        cmd.Conclude: ending.conclude,
        cmd.Close: ending.close,
        cmd.Reopen: ending.reopen,
        cmd.Void: ending.void,
    }
)
