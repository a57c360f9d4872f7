"""Why a person must look at a traceback before it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hopback.kernel.answers import AnswerKind
from hopback.kernel.hops import WORKING, HopState, TraceState
from hopback.kernel.paths import effective_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.kernel.answers import Response
    from hopback.kernel.hops import Trace
    from hopback.kernel.outcomes import Result

__all__ = ["FOR_A_PERSON", "UNJUDGED", "review_of"]

UNJUDGED: Final = frozenset({HopState.ANSWERED, HopState.LATE_ANSWERED})
"""States of a hop whose latest answer waits to be judged."""

FOR_A_PERSON: Final = frozenset({AnswerKind.AMBIGUOUS, AnswerKind.NEEDS_REVIEW, AnswerKind.DENIED})
"""Answers that no machine judges."""

ENDED: Final = frozenset({TraceState.CONCLUDED, TraceState.CLOSED})


def review_of(trace: Trace, *, result: Result, knows: Callable[[str | None], bool]) -> str:
    """The reason in a sentence; empty when nobody must look.

    ``result`` is what the answers that stand come to, ``knows`` says whether the directory has a provider.
    """
    if trace.state not in WORKING and trace.state not in ENDED:
        return ""
    for hop in trace.hops:
        if hop.state in UNJUDGED and hop.latest is not None:
            said = _unjudged(hop.number, hop.latest, knows=knows)
            return f"after the conclusion, {said}" if trace.state in ENDED else said
    if trace.state in ENDED:
        return ""
    path = effective_path(trace)
    last = path[-1] if path else None
    if last is None:
        return ""
    if last.state is HopState.PENDING and last.bounces:
        return f"the request of hop {last.number} came back: find another contact"
    if last.state is HopState.DELINQUENT:
        is_climbed = trace.state is TraceState.STALLED
        return f"hop {last.number} has not answered: decide whether it did not respond" if is_climbed else ""
    if result.outcome is not None:
        return f"it comes to {result.outcome.value}: confirm it"
    if last.state is HopState.ACCEPTED and last.standing is not None and last.standing.upstream is not None:
        upstream = last.standing.upstream
        why = "who cannot be asked" if knows(upstream) else "which is not in the directory"
        return f"hop {last.number} names {upstream}, {why}"
    return ""


def _unjudged(number: int, response: Response, *, knows: Callable[[str | None], bool]) -> str:
    answer = response.answer
    missing = answer.missing()
    if answer.kind in FOR_A_PERSON:
        said = f"hop {number} answers {answer.kind.value}"
    elif missing == ("upstream",) and answer.upstream_name:
        said = f"hop {number} names {answer.upstream_name}, which is not in the directory"
    elif missing:
        said = f"the answer of hop {number} lacks {', '.join(missing)}"
    elif answer.upstream is not None and not knows(answer.upstream):
        said = f"hop {number} names {answer.upstream}, which is not in the directory"
    else:
        said = f"the answer of hop {number} is to be judged"
    return said if response.authenticated else f"{said}; nobody had signed in"
