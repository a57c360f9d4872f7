"""What the page of a traceback shows of the sample it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from hopback.portal.intake.access import recordings_of, samples_of
from hopback.portal.tracebacks.panels import Panel

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["sample_panel"]


def sample_panel(actor: Actor, traceback_id: str, *, at: datetime) -> Panel | None:  # noqa: ARG001 -- as panels are asked
    """Its recordings and transcript, and the way to its own page."""
    sample = samples_of(actor).filter(traceback=traceback_id).first()
    if sample is None:
        return None
    address = reverse("intake:sample", args=[sample.pk])
    context = {"sample": sample, "recordings": list(recordings_of(actor, sample)), "address": address}
    return Panel("As it was put forward", "intake/traceback_panel.html", context, place="sample", leads_to=address)
