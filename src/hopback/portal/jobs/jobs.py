"""What the portal always owes itself: a seal over the log, every ten minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hopback.portal.audit.sealing import seal
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.jobs.working import begins, handles

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["SEAL", "begin_sealing"]

SEAL: Final = "log.seal"
SEAL_EVERY: Final = timedelta(minutes=10)


@begins
def begin_sealing(*, at: datetime) -> None:
    """Owe the first seal; each seal owes the next. A worker calls this when it starts."""
    owe([Owed(SEAL, SEAL, at)])


@handles(SEAL)
def seal_the_log(_payload: dict[str, Any], /, *, at: datetime) -> None:
    """Seal what was written, and owe the next seal."""
    seal(at=at)
    owe([Owed(SEAL, SEAL, at + SEAL_EVERY)])
