"""What other apps show on the page of a traceback: the sample's recording, what was done about a customer.

An app above this one registers a function when it is ready. The function is asked for each page and gives a
template with its context, or None where it has nothing to show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest

    from hopback.portal.audit.actors import Actor

__all__ = ["Panel", "Shown", "panels", "register"]


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page. ``place`` is ``sample`` (with the call), ``end`` (below the hops) or ``side``.

    ``leads_to`` is where the thing itself is looked at; a candidate is vetted where its sample leads to.
    """

    title: str
    template: str
    context: dict[str, Any]
    place: str = "end"
    leads_to: str = ""


_known: dict[str, Callable[..., Panel | None]] = {}


def register(name: str, panel: Callable[..., Panel | None]) -> None:
    """Have ``panel(actor, traceback_id, at=…)`` asked on every page of a traceback."""
    _known[name] = panel


@dataclass(frozen=True, slots=True)
class Shown:
    """A panel as it stands on the page."""

    title: str
    markup: str
    leads_to: str


def panels(request: HttpRequest, actor: Actor, traceback_id: str, *, at: datetime) -> dict[str, list[Shown]]:
    """The panels by place, in the order of their names."""
    found: dict[str, list[Shown]] = {"sample": [], "end": [], "side": []}
    for name in sorted(_known):
        panel = _known[name](actor, traceback_id, at=at)
        if panel is not None:
            context = {**panel.context, "print": "print" in request.GET}
            markup = render_to_string(panel.template, context, request)
            found.setdefault(panel.place, []).append(Shown(panel.title, markup, panel.leads_to))
    return found
