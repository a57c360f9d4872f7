"""The analyst of an exercise: a program that takes the decisions people take, and is recorded as itself.

It decides as little as it can: it lets a doubtful answer stand as doubtful, finds silent whoever the
law's clock, the ladder and the policy's wait have left silent, and confirms what the answers come to.
A name the directory does not know it leaves to be looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.kernel.answers import AnswerKind
from hopback.kernel.hops import WORKING, HopState, TraceState
from hopback.kernel.paths import effective_path, point_of_entry
from hopback.portal.audit.actors import EXERCISE_ANALYST
from hopback.portal.tracebacks.actions import conclude, conclude_all, find_non_responsive, judge_answer, reopen
from hopback.portal.tracebacks.docket import load, load_all
from hopback.portal.tracebacks.models import Hop, Traceback, TraceEvent
from hopback.portal.tracebacks.policies import EXERCISE
from hopback.portal.tracebacks.reviews import UNJUDGED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.kernel.answers import Answer
    from hopback.kernel.hops import Trace
    from hopback.portal.tracebacks.docket import Docket

__all__ = ["decide_answers", "decide_silence", "is_exercise", "undecided"]

REASON = "follows from the answers that stand"


def is_exercise(policy: str) -> bool:
    """Whether a traceback under this policy is decided by a program."""
    return policy == EXERCISE.version


def undecided() -> list[str]:
    """The tracebacks of an exercise in which something waits for a decision, by id."""
    waiting = Traceback.objects.filter(policy=EXERCISE.version).exclude(review="").exclude(state="stalled")
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def decide_answers(trace_ids: Sequence[str], *, at: datetime) -> None:
    """Judge what waits to be judged, and conclude what has come to an end."""
    for docket in load_all(trace_ids).values():
        if docket.now.state in (TraceState.CONCLUDED, TraceState.CLOSED) and _unjudged(docket):
            reopen(
                EXERCISE_ANALYST,
                docket.row,
                at=at,
                reason="a provider has corrected its answer",
                erratum="the conclusion was taken back after a correction",
            )
        if _unjudged(docket):
            _judge(docket.row.pk, at=at)
    ended = [docket.row for docket in load_all(trace_ids).values() if _has_ended(docket)]
    if ended:
        conclude_all(EXERCISE_ANALYST, ended, at=at, reason=REASON)


def _judge(trace_id: str, *, at: datetime) -> None:
    docket = load(trace_id, lock=True)
    while docket.now.state in WORKING and (waiting := _unjudged(docket)):
        judge_answer(EXERCISE_ANALYST, _row(docket, waiting[0]), at=at)
        docket = load(trace_id, lock=True)


def decide_silence(hop: Hop, *, at: datetime) -> Trace:
    """Find a provider at home non-responsive once that may be decided; conclude.

    Silence abroad is held against nobody: the path ends at the point of entry.
    """
    docket = load(hop.traceback_id, lock=True)
    path = effective_path(docket.now)
    silent = docket.now.hops[hop.number - 1]
    if docket.now.state in WORKING and silent.state is HopState.DELINQUENT and path and path[-1].number == hop.number:
        names = tuple(one.provider for one in path)
        if point_of_entry(names, countries=docket.countries(), home=docket.policy.home) is None:
            notice = _notice(docket, hop.number)
            find_non_responsive(
                EXERCISE_ANALYST,
                hop,
                at=at,
                reason="no answer by the later reading of the deadline, nor on any step of the ladder",
                evidence=tuple(f"event:{event.traceback_id}/{event.number}" for event in notice),
                noticed_at=notice[-1].at if notice else None,
            )
            docket = load(hop.traceback_id, lock=True)
        return conclude(EXERCISE_ANALYST, docket.row, at=at, reason=REASON)
    return docket.now


def _unjudged(docket: Docket) -> list[int]:
    """The hops whose answers wait, save those that name nobody, or somebody the directory does not know."""
    waiting = [hop for hop in docket.now.hops if hop.state in UNJUDGED and hop.latest is not None]
    return [hop.number for hop in waiting if hop.latest is not None and _can_stand(docket, hop.latest.answer)]


def _can_stand(docket: Docket, answer: Answer) -> bool:
    if answer.kind is AnswerKind.UPSTREAM_NAMED:
        return docket.knows(answer.upstream)
    return answer.upstream is None or docket.knows(answer.upstream)


def _has_ended(docket: Docket) -> bool:
    trace = docket.now
    return trace.state in WORKING and not any(hop.is_open for hop in trace.hops) and docket.result.outcome is not None


def _row(docket: Docket, number: int) -> Hop:
    return Hop.objects.select_related("traceback").get(traceback=docket.row, number=number)


def _notice(docket: Docket, number: int) -> list[TraceEvent]:
    """The events by which the provider was told: every step of the ladder, the notice last."""
    told = TraceEvent.objects.filter(traceback=docket.row, name__in=("hop.defaulted", "hop.escalated"))
    return [event for event in told.order_by("number") if event.data["hop"] == number]
