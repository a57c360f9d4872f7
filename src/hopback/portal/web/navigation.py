"""What stands around every page: who is signed in, and where they can go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.urls import NoReverseMatch, reverse

from hopback.portal.accounts.access import actor_of
from hopback.portal.audit.actors import NOBODY, Role
from hopback.portal.clock import now

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["around"]

STAFF_PAGES: Final = (
    ("Home", "web:home"),
    ("Intake", "intake:list"),
    ("Tracebacks", "web:tracebacks"),
    ("Waiting", "web:waiting"),
    ("Campaigns", "campaigns:list"),
    ("Providers", "directory:list"),
    ("Actions", "mitigations:list"),
    ("Agencies", "referrals:list"),
    ("Messages", "messages:list"),
    ("Library", "library:list"),
)

PAGES: Final = {
    Role.LEAD: STAFF_PAGES,
    Role.ANALYST: STAFF_PAGES,
    Role.AUDITOR: STAFF_PAGES,
    Role.PROVIDER: (
        ("Requests", "desk:list"),
        ("History", "desk:history"),
        ("Our entry", "directory:own"),
        ("Messages", "messages:list"),
        ("Library", "library:list"),
    ),
    Role.AGENCY: (
        ("Requests", "referrals:list"),
        ("Messages", "messages:list"),
        ("Library", "library:list"),
    ),
    Role.SOURCE: (
        ("Samples", "intake:own"),
        ("Messages", "messages:list"),
        ("Library", "library:list"),
    ),
}


def around(request: HttpRequest) -> dict[str, Any]:
    """``actor``, ``nav`` (label, address, whether it is this page) and the time, for ``web/base.html``."""
    actor = actor_of(request) if hasattr(request, "user") and hasattr(request, "session") else NOBODY
    entries = []
    for label, name in PAGES.get(actor.role, ()):
        try:
            address = reverse(name)
        except NoReverseMatch:
            continue
        entries.append({"label": label, "url": address, "is_current": _is_current(request.path, address)})
    return {"actor": actor, "nav": entries, "now": now()}


def _is_current(path: str, address: str) -> bool:
    return path == address if address == "/" else path.startswith(address)
