"""The way a call took, as far as the answers that stand tell it, and what that comes to.

Nobody is named here whom no standing answer names. What is not clear is ``ambiguous`` or still open,
never a guess.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from hopback.kernel.answers import AnswerKind
from hopback.kernel.hops import Hop, HopState, Trace, TraceKind
from hopback.kernel.outcomes import HopRole, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Repetition", "effective_path", "outcome_of", "path_of", "point_of_entry", "repetition", "roles"]


class Repetition(Enum):
    """Whether a provider that appears again on a path speaks of the same record."""

    NONE = auto()
    """It appears once, or again with another record: the call came back to it (a hand-back)."""
    SAME = auto()
    """The same record: the answers lead in a circle."""
    UNKNOWN = auto()
    """It appears again and nobody can tell by which record."""


_SILENT = frozenset({HopState.DELINQUENT, HopState.NON_RESPONSIVE})
_RESTS_ON_RECORD = frozenset({AnswerKind.UPSTREAM_NAMED, AnswerKind.CUSTOMER_NAMED})


def effective_path(trace: Trace) -> tuple[Hop, ...]:
    """The hops from the terminating provider upstream, following the answers that stand.

    It goes on from an accepted hop to the one asked because of its answer; forks are followed only if
    that answer names their provider. Held hops are never on it.
    """
    path: list[Hop] = []
    here = next((hop for hop in trace.hops if hop.parent is None and not hop.is_held), None)
    while here is not None:
        path.append(here)
        here = _next(trace, here)
    return tuple(path)


def _next(trace: Trace, hop: Hop) -> Hop | None:
    upstream = _upstream(hop)
    if upstream is None:
        return None
    return next((c for c in trace.children(hop.number) if c.provider == upstream and not c.is_held), None)


def _upstream(hop: Hop) -> str | None:
    standing = hop.standing
    if hop.state is not HopState.ACCEPTED or standing is None or standing.kind is not AnswerKind.UPSTREAM_NAMED:
        return None
    return standing.upstream


def path_of(trace: Trace) -> tuple[str, ...]:
    """The providers on the way, the terminating one first."""
    return tuple(hop.provider for hop in effective_path(trace))


def repetition(path: tuple[Hop, ...]) -> Repetition:
    """Whether the last hop of a path says again what the same provider has said before on it.

    Answers that rest on no record (nothing found, a review, a denial) lead nowhere and repeat nothing.
    """
    last = path[-1]
    said = last.standing
    if said is None or said.kind not in _RESTS_ON_RECORD:
        return Repetition.NONE
    found = Repetition.NONE
    for hop in path[:-1]:
        earlier = hop.standing
        if hop.provider != last.provider or earlier is None:
            continue
        if said.record_key is None or earlier.record_key is None:
            found = Repetition.UNKNOWN
        elif said.record_key == earlier.record_key:
            return Repetition.SAME
    return found


def roles(path: tuple[str, ...], *, countries: Mapping[str, str], home: str, is_origin: bool) -> tuple[HopRole, ...]:
    """The part each provider plays on this call, in the order of the path.

    ``countries`` gives each provider's country; one without an entry counts as domestic, so that nobody
    is called foreign, or a gateway, on no evidence. ``is_origin`` says that the last one named its own
    customer: only then is it originating.
    """
    parts: list[HopRole] = []
    for place, provider in enumerate(path):
        is_last = place == len(path) - 1
        if not _is_home(provider, countries=countries, home=home):
            parts.append(HopRole.FOREIGN_ORIGINATING if is_last and is_origin else HopRole.FOREIGN_TRANSIT)
        elif is_last and is_origin:
            parts.append(HopRole.ORIGINATING)
        elif not is_last and not _is_home(path[place + 1], countries=countries, home=home):
            parts.append(HopRole.GATEWAY)
        else:
            parts.append(HopRole.TERMINATING if place == 0 else HopRole.TRANSIT)
    return tuple(parts)


def point_of_entry(path: tuple[str, ...], *, countries: Mapping[str, str], home: str) -> str | None:
    """The domestic gateway of a call from abroad: the provider that took it in for the last time.

    None unless the path ends abroad; a call that only passed through another country has no entry.
    """
    if not path or _is_home(path[-1], countries=countries, home=home):
        return None
    domestic = [provider for provider in path if _is_home(provider, countries=countries, home=home)]
    return domestic[-1] if domestic else None


def _is_home(provider: str, *, countries: Mapping[str, str], home: str) -> bool:
    return countries.get(provider, home) == home


def outcome_of(trace: Trace, *, countries: Mapping[str, str], home: str) -> Result:
    """What the answers that stand come to now.

    The outcome is None while an answer is owed or judged, or while the provider named is yet to be
    asked. ``path`` is then what is known so far. A foreign provider that names its own customer is
    ``origin_identified`` with a point of entry.
    """
    hops = effective_path(trace)
    if not hops:
        return Result(None)
    circle = _first_circle(hops)
    if circle is not None:
        place, kind = circle
        path = tuple(hop.provider for hop in hops[: place + 1])
        outcome = Outcome.CONFLICTING_ANSWERS if kind is Repetition.SAME else Outcome.AMBIGUOUS
        return Result(outcome, _weakest(hops[: place + 1]), path)
    last, path = hops[-1], tuple(hop.provider for hop in hops)
    entry = point_of_entry(path, countries=countries, home=home)
    if last.state in _SILENT:
        # Silence abroad stops a trace; silence at home is held against somebody.
        outcome = Outcome.FOREIGN_ENTRY_ONLY if entry is not None else Outcome.NON_RESPONSIVE
        return Result(outcome, _weakest(hops), path, point_of_entry=entry)
    if last.state is HopState.REDIRECTED:
        # Who says that the call was not theirs is not put on its way; the claim ends with who made it.
        kept = hops[:-1] or hops
        return Result(Outcome.CONFLICTING_ANSWERS, _weakest(kept), tuple(hop.provider for hop in kept))
    if last.state is not HopState.ACCEPTED:
        return Result(None, 0.0, path)
    return _by_answer(trace, hops, countries=countries, home=home)


def _first_circle(hops: tuple[Hop, ...]) -> tuple[int, Repetition] | None:
    for place in range(len(hops)):
        kind = repetition(hops[: place + 1])
        if kind is not Repetition.NONE and hops[place].state is HopState.ACCEPTED:
            return place, kind
    return None


def _by_answer(trace: Trace, hops: tuple[Hop, ...], *, countries: Mapping[str, str], home: str) -> Result:
    last, path = hops[-1], tuple(hop.provider for hop in hops)
    said = last.standing
    if said is None:
        return Result(None, 0.0, path)
    entry = point_of_entry(path, countries=countries, home=home)
    confidence = _weakest(hops)
    match said.kind:
        case AnswerKind.CUSTOMER_NAMED if said.customer is None:
            return Result(Outcome.ORIGIN_PROVIDER_ONLY, confidence, path, last.provider, None, entry)
        case AnswerKind.CUSTOMER_NAMED:
            is_forward = trace.kind is TraceKind.FORWARD
            outcome = Outcome.FORWARD_CUSTOMER_IDENTIFIED if is_forward else Outcome.ORIGIN_IDENTIFIED
            return Result(outcome, confidence, path, last.provider, said.customer, entry)
        case AnswerKind.UPSTREAM_NAMED:
            return _not_asked(trace, last, path, confidence=confidence, countries=countries, home=home)
        case AnswerKind.NO_RECORD:
            return Result(Outcome.NO_RECORD_AT_HOP, confidence, path, point_of_entry=entry)
        case AnswerKind.RECORDS_EXPIRED:
            return Result(Outcome.RECORDS_EXPIRED, confidence, path, point_of_entry=entry)
        case AnswerKind.AMBIGUOUS | AnswerKind.NEEDS_REVIEW:
            return Result(Outcome.AMBIGUOUS, confidence, path)
        case AnswerKind.DENIED:
            return Result(Outcome.CONFLICTING_ANSWERS, confidence, path)
        case AnswerKind.NO_ANSWER:
            return Result(None, 0.0, path)


def _not_asked(
    trace: Trace,
    last: Hop,
    path: tuple[str, ...],
    *,
    confidence: float,
    countries: Mapping[str, str],
    home: str,
) -> Result:
    """An upstream is named and nobody there is being asked: yet to be, or given up abroad."""
    upstream = last.standing.upstream if last.standing is not None else None
    is_given_up = any(
        child.provider == upstream and child.state is HopState.CANCELLED for child in trace.children(last.number)
    )
    if upstream is None or not is_given_up or _is_home(upstream, countries=countries, home=home):
        return Result(None, 0.0, path)
    whole = (*path, upstream)
    entry = point_of_entry(whole, countries=countries, home=home)
    outcome = None if entry is None else Outcome.FOREIGN_ENTRY_ONLY
    return Result(outcome, confidence, whole, point_of_entry=entry)


def _weakest(hops: tuple[Hop, ...]) -> float:
    said = [hop.standing.confidence for hop in hops if hop.standing is not None]
    return min(said, default=0.0)
