"""What the audit log answers for here, and what is recomputed from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.kernel.errors import HopbackError
from hopback.kernel.events import from_dict
from hopback.kernel.folding import replay
from hopback.portal.audit import covering
from hopback.portal.tracebacks.docket import event_form, link_form, note_form, response_form
from hopback.portal.tracebacks.models import Hop, Note, PolicyVersion, Response, Traceback, TraceEvent, TraceLink
from hopback.portal.tracebacks.policies import policy_form
from hopback.portal.tracebacks.projections import clock_seconds, is_hop_late, projected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hopback.kernel.hops import Trace

__all__ = ["register"]

BATCH = 200


def register() -> None:
    """Put events and responses under the log, and the projections under replay."""
    covering.cover(TraceEvent, form=event_form)
    covering.cover(Response, form=response_form)
    covering.cover(Note, form=note_form)
    covering.cover(TraceLink, form=link_form)
    covering.cover(PolicyVersion, form=policy_form)
    covering.replay("tracebacks", _differences)


def _differences() -> Iterator[str]:
    """A sentence for each traceback or hop row that does not follow from the events."""
    last = ""
    while rows := list(Traceback.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        events: dict[str, list[TraceEvent]] = {row.pk: [] for row in rows}
        for event in TraceEvent.objects.filter(traceback__in=events).order_by("traceback_id", "number"):
            events[event.traceback_id].append(event)
        hops: dict[str, list[Hop]] = {row.pk: [] for row in rows}
        for hop in Hop.objects.filter(traceback__in=hops).order_by("traceback_id", "number"):
            hops[hop.traceback_id].append(hop)
        for row in rows:
            yield from _compare(row, hops[row.pk], events[row.pk])


def _compare(row: Traceback, hops: list[Hop], events: list[TraceEvent]) -> Iterator[str]:
    if [event.number for event in events] != list(range(1, row.version + 1)):
        yield f"traceback {row.pk} has {len(events)} events, not {row.version}"
        return
    try:
        trace = replay(from_dict(event.data) for event in events)
    except HopbackError as error:
        yield f"the events of traceback {row.pk} do not fold: {error.message}"
        return
    outcome = trace.result.outcome if trace.result is not None else None
    if (row.state, row.outcome) != (trace.state.value, outcome.value if outcome else ""):
        yield f"traceback {row.pk} is {row.state} {row.outcome}, but its events say {trace.state.value}"
    strange = [name for name, told in projected(trace).items() if getattr(row, name) != told]
    if strange:
        yield f"{', '.join(strange)} of traceback {row.pk} do not follow from its events"
    yield from _compare_hops(row, hops, trace)


def _compare_hops(row: Traceback, hops: list[Hop], trace: Trace) -> Iterator[str]:
    kept = [
        (
            hop.number,
            hop.provider_id,
            hop.state,
            hop.respond_by,
            hop.delinquent_after,
            hop.is_late,
            hop.clock_s,
            hop.level,
        )
        for hop in hops
    ]
    told = [
        (
            hop.number,
            hop.provider,
            hop.state.value,
            hop.respond_by,
            hop.delinquent_after,
            is_hop_late(hop),
            clock_seconds(hop),
            hop.escalation_level,
        )
        for hop in trace.hops
    ]
    if kept != told:
        yield f"the hops of traceback {row.pk} are not those its events tell of"
