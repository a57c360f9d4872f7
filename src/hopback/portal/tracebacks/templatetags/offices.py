"""Instants in letters: in the time of the office written to, the zone always named."""

from __future__ import annotations

from datetime import datetime

from django import template

from hopback.kernel.clocks import office_zone

__all__ = ["register"]

register = template.Library()


@register.filter
def at_office(when: datetime | None, zone: str) -> str:
    """``Tue Nov 24, 2026, 11:35 EST``; nothing for no instant."""
    if when is None:
        return ""
    local = when.astimezone(office_zone(zone))
    name = local.tzname() or "UTC"
    if not name.isalpha():
        name = f"UTC{name}"
    return f"{local:%a} {local:%b} {local.day}, {local.year}, {local:%H:%M} {name}"
