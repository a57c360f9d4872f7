"""What the page of a traceback shows of what its providers did about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.portal.mitigations.access import actions_of
from hopback.portal.tracebacks.panels import Panel

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["actions_panel"]


def actions_panel(actor: Actor, traceback_id: str, *, at: datetime) -> Panel | None:  # noqa: ARG001 -- as panels are asked
    """The actions that stand, the latest first; nothing where there are none."""
    rows = list(actions_of(actor).filter(hop__traceback=traceback_id).order_by("-effective_at", "-pk"))
    context = {"actions": rows}
    return Panel("What providers did about it", "mitigations/traceback_panel.html", context) if rows else None
