"""The tags of the consortium's lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString

    from hopback.portal.web.finding import Hit

__all__ = ["register"]

register = template.Library()

PLACES: Final = {
    "traceback": "tracebacks:page",
    "request": "desk:request",
    "provider": "directory:provider",
    "campaign": "intake:campaign",
    "sample": "intake:sample",
    "message": "messages:message",
}


@register.simple_tag
def hit_url(hit: Hit) -> str:
    """Where a thing that was found is shown; empty where it has no page."""
    try:
        return reverse(PLACES[hit.kind], args=[hit.key])
    except NoReverseMatch:
        return ""


@register.filter
def in_names(key: str, names: Mapping[str, str]) -> SafeString | str:
    """A provider by its name, its id beside it; by its id alone where there is no name."""
    name = names.get(key) if hasattr(names, "get") else None
    return format_html('{} <span class="quiet">{}</span>', name, key) if name else key


@register.filter
def span(seconds: float | None) -> str:
    """A stretch of time in hours and minutes: ``3 h 20 min``; in days from four days on."""
    if seconds is None:
        return "none"
    minutes = round(abs(float(seconds)) / 60)
    days, hours = divmod(minutes // 60, 24)
    if days >= 4:  # noqa: PLR2004 -- shorter spans are read in hours, as deadlines are counted
        return f"{days} days"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours and rest else f"{hours} h" if hours else f"{rest} min"
