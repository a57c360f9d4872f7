"""What tracebacks owe later: each hop's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopback.portal.audit.actors import SYSTEM
from hopback.portal.directory.jobs import tend
from hopback.portal.jobs.working import handles
from hopback.portal.tracebacks.actions import keep_clock
from hopback.portal.tracebacks.deciding import decide_silence, is_exercise
from hopback.portal.tracebacks.digesting import DIGEST
from hopback.portal.tracebacks.digests import KIND, send_digest
from hopback.portal.tracebacks.docket import CLOCK
from hopback.portal.tracebacks.models import Hop
from hopback.portal.tracebacks.schedule import StepKind

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["keep_a_clock", "write_a_digest"]


@handles(CLOCK)
def keep_a_clock(payload: dict[str, Any], /, *, at: datetime) -> None:
    """Do what the clock of one hop has brought; the next step is owed by what was saved."""
    hop = Hop.objects.select_related("traceback").get(request_id=payload["request"])
    if keep_clock(SYSTEM, hop, at=at) is StepKind.FIND and is_exercise(hop.traceback.policy):
        decide_silence(hop, at=at)


@handles(DIGEST)
def write_a_digest(payload: dict[str, Any], /, *, at: datetime) -> None:
    """Write to a provider's contacts what is due and late."""
    send_digest(SYSTEM, payload, at=at)


tend(KIND)  # what comes back of these letters is counted at the contact
