"""What stands around every page: who is signed in, and where they can go."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from django.urls import NoReverseMatch, reverse

from hopback.portal.accounts.access import actor_of
from hopback.portal.audit.actors import NOBODY, READERS, Role
from hopback.portal.clock import now

if TYPE_CHECKING:
    from django.http import HttpRequest

    from hopback.portal.audit.actors import Actor

__all__ = ["around", "pages_of"]

STAFF_PAGES: Final = (
    ("Home", "web:home"),
    ("Intake", "intake:list"),
    ("Tracebacks", "web:tracebacks"),
    ("Waiting", "web:waiting"),
    ("Questions", "desk:conversations"),
    ("Findings", "web:findings"),
    ("Campaigns", "campaigns:list"),
    ("Providers", "directory:list"),
    ("Actions", "mitigations:list"),
    ("Agencies", "referrals:list"),
    ("Messages", "messages:list"),
    ("Library", "library:list"),
    ("Workload", "web:workload"),
)

PAGES: Final = {
    Role.LEAD: STAFF_PAGES,
    Role.ANALYST: STAFF_PAGES,
    Role.AUDITOR: STAFF_PAGES,
    Role.PROVIDER: (
        ("Requests", "desk:list"),
        ("History", "desk:history"),
        ("Our entry", "directory:own"),
        ("Our standing", "web:own_standing"),
        ("Messages", "messages:list"),
        ("Library", "library:list"),
    ),
    Role.AGENCY: (
        ("Requests", "referrals:list"),
        ("Samples", "intake:own"),
        ("Messages", "messages:list"),
        ("Library", "library:list"),
    ),
    Role.SOURCE: (
        ("Samples", "intake:own"),
        ("Messages", "messages:list"),
        ("Library", "library:list"),
    ),
}


SEARCHERS: Final = {
    **dict.fromkeys(READERS, "Search numbers, names, ids"),
    Role.PROVIDER: "Search your requests",
}
"""Who searches, and what the field says."""


def around(request: HttpRequest) -> dict[str, Any]:
    """``actor``, ``nav`` (label, address, whether it is this page) and the time, for ``web/base.html``."""
    actor = actor_of(request) if hasattr(request, "user") and hasattr(request, "session") else NOBODY
    pages = pages_of(actor)
    nearest = max((address for _, address in pages if _is_within(request.path, address)), key=len, default="")
    entries = [{"label": label, "url": address, "is_current": address == nearest} for label, address in pages]
    found = {"actor": actor, "nav": entries, "now": now()}
    if actor.role in SEARCHERS:
        found |= {"search_url": reverse("web:search"), "search_label": SEARCHERS[actor.role]}
        found["search_text"] = request.GET.get("q", "")[:200] if request.path == found["search_url"] else ""
    return found


def pages_of(actor: Actor) -> list[tuple[str, str]]:
    """The pages an actor can go to from anywhere: label and address."""
    entries = []
    for label, name in PAGES.get(actor.role, ()):
        with suppress(NoReverseMatch):
            entries.append((label, reverse(name)))
    return entries


def _is_within(path: str, address: str) -> bool:
    return path == address if address == "/" else path.startswith(address)
