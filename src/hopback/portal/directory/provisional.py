"""Tell whoever waits for it what a provisional provider turned out to be.

An app above the directory registers a function for it when it starts; the directory knows none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.directory.models import ProvisionalProvider

__all__ = ["Told", "tell", "when_decided"]


class Told(Protocol):
    """Acts on a decision, inside the transaction it was taken in."""

    def __call__(self, row: ProvisionalProvider, /, *, at: datetime) -> None:
        """``row`` is matched or accepted (``row.provider`` is then who it is) or rejected."""


_told: list[Told] = []


def when_decided(function: Told) -> Told:
    """Have a function told of every decision about a provisional provider; once, however often it is registered."""
    if function not in _told:
        _told.append(function)
    return function


def tell(row: ProvisionalProvider, *, at: datetime) -> None:
    """Tell all of them."""
    for function in _told:
        function(row, at=at)
