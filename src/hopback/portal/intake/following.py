"""Samples follow their tracebacks, wherever those were decided: the stage in the queue, and when it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.kernel.hops import TraceState
from hopback.portal.intake.models import CallSample, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.kernel.hops import Trace
    from hopback.portal.tracebacks.docket import Docket

__all__ = ["follow", "stage_of"]


def stage_of(trace: Trace) -> Stage:
    """Where a sample stands in the intake when its traceback stands here."""
    match trace.state:
        case TraceState.CANDIDATE:
            return Stage.SECONDED if trace.vetted_by else Stage.CANDIDATE
        case TraceState.VETTED:
            return Stage.VETTED
        case TraceState.DECLINED:
            return Stage.DECLINED
        case TraceState.VOID:
            return Stage.SET_ASIDE
    return Stage.OPENED


def follow(dockets: Sequence[Docket], at: datetime) -> None:
    """Bring the samples of tracebacks that moved on up to date; what happens within a state concerns no sample."""
    for docket in dockets:
        before, now = docket.before, docket.now
        if before is None or (before.state is now.state and stage_of(before) == stage_of(now)):
            continue
        code = now.decline_reason.value if now.decline_reason is not None else ""
        stage = stage_of(now)
        CallSample.objects.filter(traceback=docket.row.pk).update(
            stage=stage, decline_code=code if stage == Stage.DECLINED else "", changed_at=at
        )
