"""When and from where somebody was last here, in each of their sessions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from allauth.usersessions.models import UserSession

from hopback.portal.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from hopback.portal.accounts.models import User

__all__ = ["NoteSessions", "begin", "device_of", "end_sessions"]

SEEN: Final = "seen"
NOTED_EVERY_S: Final = 300
"""Being here is written down at most this often, so that looking at a page does not mean writing."""

BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


class NoteSessions:
    """Notes every five minutes that a session is still in use.

    allauth's own middleware writes at every request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note it before the page is made."""
        if request.session.session_key and request.user.is_authenticated:
            at, seen = int(now().timestamp()), request.session.get(SEEN)
            # allauth writes down a session when somebody signs in, and begin() notes the instant
            if seen is not None and not 0 <= at - seen < NOTED_EVERY_S:
                request.session[SEEN] = at
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


def begin(request: HttpRequest) -> None:
    """Note that a session has begun."""
    request.session[SEEN] = int(now().timestamp())


def end_sessions(user: User) -> int:
    """Sign somebody out everywhere, at once. Returns how many sessions there were."""
    rows = list(UserSession.objects.filter(user=user))
    for row in rows:
        row.end()
    return len(rows)


def device_of(user_agent: str) -> str:
    """``Firefox on Linux``: what a browser says it is, in words; never more than a hint."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if re.search(mark, user_agent)), "")
    return f"{browser or 'A program'} on {system}" if system else browser or "An unknown device"
