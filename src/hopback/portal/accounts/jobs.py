"""What accounts owe later: to forget the replies that no program will ask for again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hopback.portal.accounts.idempotency import forget
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.jobs.working import begins, handles

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["FORGET"]

FORGET: Final = "replies.forget"
EVERY: Final = timedelta(hours=6)


@begins
def begin_forgetting(*, at: datetime) -> None:
    """Owe the first time; each owes the next. A worker calls this when it starts."""
    owe([Owed(FORGET, FORGET, at)])


@handles(FORGET)
def forget_replies(_payload: dict[str, Any], /, *, at: datetime) -> None:
    """Forget what is old, and owe the next time."""
    forget(at=at)
    owe([Owed(FORGET, FORGET, at + EVERY)])
