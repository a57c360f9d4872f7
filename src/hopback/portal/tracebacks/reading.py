"""What is asked, and what a traceback came to: reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from hopback.kernel.answers import AnswerKind
from hopback.kernel.hops import HELD, WORKING, HopState
from hopback.kernel.paths import effective_path
from hopback.portal.tracebacks.docket import load_all
from hopback.portal.tracebacks.models import Hop, Traceback, TraceEvent
from hopback.portal.tracebacks.projections import UNANSWERED
from hopback.portal.tracebacks.wording import request_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from hopback.kernel import hops
    from hopback.portal.tracebacks.docket import Docket
    from hopback.wire.hops import HopRequest

__all__ = [
    "UNANSWERED",
    "CallResult",
    "HopResult",
    "is_withdrawn",
    "notices_of",
    "open_hops",
    "requests_of",
    "results_of",
    "withdrawn_hops",
]

SILENT: Final = frozenset({HopState.DELINQUENT, HopState.NON_RESPONSIVE})


@dataclass(frozen=True, slots=True)
class HopResult:
    """One provider on the path and the answer that stands; ``answer`` is ``no_answer`` where it was silent."""

    provider: str
    answer: AnswerKind
    upstream: str | None
    customer: str | None
    found_at: datetime | None
    source: str | None
    time_offset_s: float | None
    confidence: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallResult:
    """What one traced call came to.

    ``outcome`` is one of the kernel's, or ``needs_review`` while a person must look (``review`` says
    why) or ``open`` while an answer is owed. ``call_id`` is the reference the sample came with.
    """

    call_id: str
    trace: str
    state: str
    outcome: str
    origin_provider: str | None
    customer: str | None
    path: tuple[str, ...]
    point_of_entry: str | None
    review: str
    hops: tuple[HopResult, ...]


def open_hops(provider: str) -> QuerySet[Hop]:
    """The hops at which a provider still owes an answer, oldest first."""
    rows = Hop.objects.filter(
        provider=provider,
        state__in=[state.value for state in UNANSWERED],
        traceback__state__in=[state.value for state in WORKING],
    )
    return rows.select_related("traceback").order_by("sent_at", "id")


def standing_hops(provider: str, *, since: datetime) -> QuerySet[Hop]:
    """The hops that were sent to a provider and not withdrawn: the open ones, and those sent ``since``."""
    rows = Hop.objects.filter(provider=provider, sent_at__isnull=False).exclude(
        state__in=[state.value for state in HELD]
    )
    is_open = Q(
        state__in=[state.value for state in UNANSWERED], traceback__state__in=[state.value for state in WORKING]
    )
    return rows.filter(is_open | Q(sent_at__gte=since)).select_related("traceback").order_by("sent_at", "id")


def withdrawn_hops(provider: str) -> QuerySet[Hop]:
    """The hops that were sent to a provider and that nobody asks of it any more."""
    rows = Hop.objects.filter(provider=provider, sent_at__isnull=False, state__in=[state.value for state in HELD])
    return rows.order_by("sent_at", "id")


def is_withdrawn(row: Hop) -> bool:
    """Whether nobody asks this of its provider any more."""
    return row.state in {state.value for state in HELD}


def requests_of(rows: Iterable[Hop]) -> list[HopRequest]:
    """The wire's requests for some hops, with one reading of their tracebacks."""
    listed = list(rows)
    dockets = load_all({row.traceback_id for row in listed})
    return [
        request_of(row, dockets[row.traceback_id].now, identity=dockets[row.traceback_id].row.identity)
        for row in listed
    ]


def results_of(rows: Iterable[Traceback]) -> list[CallResult]:
    """What each of these tracebacks came to, in their order."""
    listed = [row.pk for row in rows]
    dockets = load_all(listed)
    return [_result(dockets[pk]) for pk in listed]


def _result(docket: Docket) -> CallResult:
    trace = docket.now
    result = trace.result if trace.result is not None else docket.result
    path = result.path if trace.result is not None else tuple(hop.provider for hop in effective_path(trace))
    if trace.result is not None and trace.result.outcome is not None:
        outcome = trace.result.outcome.value
    elif docket.row.review or not trace.hops:
        outcome = "needs_review"
    else:
        outcome = "open"
    is_ended = trace.result is not None
    return CallResult(
        call_id=docket.row.reference,
        trace=trace.id,
        state=trace.state.value,
        outcome=outcome,
        origin_provider=result.origin_provider if is_ended else None,
        customer=result.customer if is_ended else None,
        path=path,
        point_of_entry=result.point_of_entry if is_ended else None,
        review=docket.row.review,
        hops=tuple(_hop(hop) for hop in effective_path(trace)[: len(path)]),
    )


def _hop(hop: hops.Hop) -> HopResult:
    said = hop.standing or (hop.latest.answer if hop.latest is not None else None)
    if said is None:
        limit = hop.delinquent_after
        is_late = hop.state in SILENT and limit is not None
        why = (f"no answer by {limit:%Y-%m-%d %H:%M}Z, the later reading of its deadline",) if is_late else ()
        return HopResult(hop.provider, AnswerKind.NO_ANSWER, None, None, None, None, None, 0.0, why)
    return HopResult(
        provider=hop.provider,
        answer=said.kind,
        upstream=said.upstream,
        customer=said.customer,
        found_at=said.found_at,
        source=said.source,
        time_offset_s=said.time_offset_s,
        confidence=said.confidence,
        why=said.why,
    )


def notices_of(tracebacks: Iterable[str]) -> dict[tuple[str, int, int], datetime]:
    """When each step of the ladder was taken, by traceback, hop and step; the last is the notice of a finding."""
    rows = TraceEvent.objects.filter(traceback__in=set(tracebacks), name="hop.escalated").order_by("id")
    return {(row.traceback_id, row.data["hop"], row.data["step"]): row.at for row in rows}
