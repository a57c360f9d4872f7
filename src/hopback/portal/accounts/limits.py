"""How often a program may ask.

Each process counts for itself: with n processes a program may ask up to n times as often. That keeps the count out
of the database, which a flood must not reach.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from django.conf import settings

from hopback.portal.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

__all__ = ["Bucket", "RateLimit"]

KNOWN: Final = 10_000
"""How many senders are remembered; the longest silent is forgotten first."""


class Bucket:
    """A bucket that holds ``size`` requests and fills again at ``size`` a minute. Safe to share among threads."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, sender: str, *, at: float) -> tuple[int, float]:
        """Take one for a sender at an instant in seconds: how many are left, and the wait until the next (0: taken)."""
        with self._lock:
            left, since = self._left.pop(sender, (float(self.size), at))
            left = min(float(self.size), left + (at - since) * self.size / 60)
            wait = 0.0 if left >= 1 else (1 - left) * 60 / self.size
            left -= 0 if wait else 1
            self._left[sender] = left, at
            while len(self._left) > KNOWN:
                self._left.popitem(last=False)
            return int(left), wait


class RateLimit:
    """Holds a program that asks the API too often, by its key; without one by its address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.bucket = Bucket(settings.CONFIGURATION.api_rate)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or say when to come again."""
        if not request.path.startswith("/api/") or settings.CONFIGURATION.exercise:
            return self.get_response(request)
        given = request.headers.get("Authorization") or request.META.get("REMOTE_ADDR", "")
        left, wait = self.bucket.take(hashlib.sha256(given.encode()).hexdigest(), at=time.monotonic())
        if wait:
            response = problem(429, "too_often", "asked too often", mend=f"wait {wait:.0f} s")
            response["Retry-After"] = str(max(1, round(wait)))
        else:
            response = self.get_response(request)
        response["RateLimit-Limit"] = str(self.bucket.size)
        response["RateLimit-Remaining"] = str(max(0, left))
        return response
