"""What somebody may do with a traceback now: found out by asking the process itself.

Each verb is tried with words that fit it; what the process would refuse is left out, and why is kept. So a
page never shows a button that leads to a refusal, save one that came up meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hopback.kernel import commands as cmd
from hopback.kernel.answers import Answer, AnswerKind
from hopback.kernel.commands import DisputeResult
from hopback.kernel.errors import BadInput, HopbackError
from hopback.kernel.hops import WORKING, HopState
from hopback.kernel.outcomes import Outcome, Result
from hopback.kernel.paths import effective_path
from hopback.kernel.traces import decide
from hopback.portal.tracebacks.schedule import finding_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from hopback.kernel.commands import By, Command
    from hopback.kernel.hops import Hop, Trace
    from hopback.kernel.policy import Policy

__all__ = ["HOP_VERBS", "TRACE_VERBS", "Possible", "possible"]

TRACE_VERBS: Final = ("open", "go_on", "resume", "conclude", "close", "reopen", "void")
HOP_VERBS: Final = (
    "accept",
    "return",
    "name",
    "answer",
    "send",
    "bounce",
    "deliver",
    "escalate",
    "find",
    "fork",
    "dispute",
    "resolve",
    "cancel",
)

SAID: Final = "x"
"""Stands for words that are yet to be written."""


@dataclass(frozen=True, slots=True)
class Possible:
    """The verbs that are possible, of the traceback and of each hop, and why others are not."""

    trace: frozenset[str] = frozenset()
    hops: dict[int, frozenset[str]] = field(default_factory=dict)
    because: dict[tuple[str, int | None], str] = field(default_factory=dict)

    def at(self, hop: int) -> frozenset[str]:
        """The verbs possible at a hop."""
        return self.hops.get(hop, frozenset())

    def allows(self, verb: str, hop: int | None) -> bool:
        """Whether a verb is possible, of a hop or of the traceback itself."""
        return verb in (self.trace if hop is None else self.at(hop))


def possible(
    trace: Trace,
    *,
    by: By,
    at: datetime,
    policy: Policy,
    result: Result,
    knows: Callable[[str | None], bool],
) -> Possible:
    """What ``by`` may do at an instant.

    ``result`` is what the answers that stand come to, ``knows`` says whether the directory has a provider.
    """
    because: dict[tuple[str, int | None], str] = {}

    def allowed(verb: str, hop: int | None, command: Command | None) -> bool:
        if command is None:
            return False
        try:
            decide(trace, command, at=at, policy=policy)
        except BadInput:
            return False
        except HopbackError as error:
            because[verb, hop] = error.message
            return False
        return True

    verbs = frozenset(
        verb for verb, command in _of_trace(trace, by=by, result=result, knows=knows) if allowed(verb, None, command)
    )
    hops = {
        hop.number: frozenset(
            verb
            for verb, command in _of_hop(trace, hop, by=by, at=at, policy=policy, knows=knows)
            if allowed(verb, hop.number, command)
        )
        for hop in trace.hops
    }
    return Possible(verbs, hops, because)


def _of_trace(
    trace: Trace, *, by: By, result: Result, knows: Callable[[str | None], bool]
) -> Iterator[tuple[str, Command | None]]:
    yield "open", cmd.Open(SAID, by=by)
    yield "go_on", _going_on(trace, by=by, knows=knows)
    yield "resume", cmd.Resume(SAID, by=by)
    path = tuple(hop.provider for hop in effective_path(trace))
    beyond = Result(Outcome.INSUFFICIENT_SAMPLE, 0.5, path)
    yield "conclude", cmd.Conclude(beyond, SAID, by=by)
    yield "confirm", None if result.outcome is None else cmd.Conclude(result, SAID, by=by)
    origin = trace.result.origin_provider if trace.result is not None else None
    yield "close", cmd.Close((origin,) if origin is not None else (), by=by)
    yield "reopen", cmd.Reopen(SAID, SAID, by=by)
    yield "void", cmd.Void(SAID, by=by)


def _going_on(trace: Trace, *, by: By, knows: Callable[[str | None], bool]) -> Command | None:
    path = effective_path(trace)
    last = path[-1] if path else None
    if last is None or last.state is not HopState.ACCEPTED or last.standing is None:
        return None
    return cmd.Advance(last.number, by=by) if knows(last.standing.upstream) else None


def _of_hop(
    trace: Trace, hop: Hop, *, by: By, at: datetime, policy: Policy, knows: Callable[[str | None], bool]
) -> Iterator[tuple[str, Command | None]]:
    number, latest = hop.number, hop.latest
    unclear = Answer(AnswerKind.NEEDS_REVIEW, why=(SAID,))
    yield "accept", cmd.AcceptAnswer(number, upstream_known=True, by=by) if _can_stand(hop, knows) else None
    yield "return", cmd.RejectAnswer(number, (SAID,), by=by)
    is_named = latest is not None and latest.answer.kind is AnswerKind.UPSTREAM_NAMED
    # What stands and is followed is corrected as an answer; this mends a name.
    correct = cmd.CorrectAnswer if hop.state is HopState.ACCEPTED else cmd.AnswerHop
    is_followed = any(not child.is_held for child in trace.children(number))
    yield "name", correct(number, unclear, SAID, by=by) if is_named and not is_followed else None
    yield "answer", correct(number, unclear, SAID, by=by)
    yield "send", cmd.SendHop(number, (SAID,), 0, by=by)
    yield "bounce", cmd.BounceHop(number, SAID, SAID, by=by)
    yield "deliver", cmd.TickHop(number, by=by) if hop.state is HopState.SENT and trace.state in WORKING else None
    yield "escalate", cmd.EscalateHop(number, hop.escalation_level + 1, SAID, by=by)
    yield "find", _finding(hop, by=by, at=at, policy=policy)
    yield "fork", cmd.Fork(number, SAID, hop.asked, SAID, by=by)
    contesting = cmd.By(by.actor, by.role, by.purpose, provider=hop.provider, seen=by.seen)
    yield "dispute", cmd.DisputeHop(number, SAID, by=contesting)
    yield "resolve", cmd.ResolveDispute(number, DisputeResult.UPHELD, SAID, by=by)
    yield "cancel", cmd.CancelHop(number, SAID, by=by)


def _can_stand(hop: Hop, knows: Callable[[str | None], bool]) -> bool:
    """Whether the latest answer can be followed if it stands: a name the directory does not know leads nowhere."""
    if hop.latest is None:
        return False
    answer = hop.latest.answer
    return answer.kind is not AnswerKind.UPSTREAM_NAMED or knows(answer.upstream)


def _finding(hop: Hop, *, by: By, at: datetime, policy: Policy) -> Command | None:
    if hop.delinquent_after is None:
        return None
    return cmd.FindNonResponsive(hop.number, SAID, (SAID,), finding_from(hop, policy=policy), at, by=by)
