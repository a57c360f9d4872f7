"""Where a person may find, or soon may, that a provider did not respond: hop by hop, with the notice that precedes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hopback.kernel.hops import WORKING
from hopback.portal.tracebacks.access import hops_of
from hopback.portal.tracebacks.docket import load_all
from hopback.portal.tracebacks.reading import notices_of
from hopback.portal.tracebacks.schedule import finding_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from hopback.portal.audit.actors import Actor
    from hopback.portal.tracebacks.models import Hop

__all__ = ["Silent", "found_hops", "silent_hops", "told"]


@dataclass(frozen=True, slots=True)
class Silent:
    """One long overdue request: from when a finding may be made, when its notice went out, and what is missing."""

    hop: Hop
    earliest: datetime
    noticed_at: datetime | None
    is_ready: bool
    steps_left: int


def silent_hops(actor: Actor) -> QuerySet[Hop]:
    """The hops past ``delinquent_after`` at which no finding was made."""
    rows = hops_of(actor).filter(
        state="delinquent",
        traceback__state__in=[state.value for state in WORKING],
        traceback__jurisdiction__in=actor.jurisdictions,
    )
    return rows.select_related("traceback", "traceback__owner", "provider")


def found_hops(actor: Actor) -> QuerySet[Hop]:
    """The hops at which a finding stands or is contested."""
    rows = hops_of(actor).filter(
        state__in=["non_responsive", "disputed"], traceback__jurisdiction__in=actor.jurisdictions
    )
    return rows.select_related("traceback", "provider")


def told(hops: Sequence[Hop], *, at: datetime) -> list[Silent]:
    """What may be found at some silent hops, and when."""
    dockets = load_all({hop.traceback_id for hop in hops})
    notices = notices_of({hop.traceback_id for hop in hops})
    found = []
    for hop in hops:
        docket = dockets[hop.traceback_id]
        silent = docket.now.hops[hop.number - 1]
        earliest = finding_from(silent, policy=docket.policy)
        noticed = notices.get((hop.traceback_id, hop.number, docket.policy.escalation_steps))
        left = max(0, docket.policy.escalation_steps - silent.escalation_level)
        is_ready = earliest <= at and (noticed is not None or not docket.policy.finding_needs_notice)
        found.append(Silent(hop, earliest, noticed, is_ready, left))
    return found
