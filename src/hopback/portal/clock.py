"""What time the portal's outermost entries, its API, take it to be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings

from hopback.kernel.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["now", "use_clock"]

_simulated: list[Callable[[], datetime]] = []


def now() -> datetime:
    """The time, in UTC: the machine's, or in an exercise the simulated one."""
    return _simulated[-1]().astimezone(UTC) if _simulated else datetime.now(UTC)


def use_clock(clock: Callable[[], datetime] | None) -> None:
    """Let an exercise's clock stand in for the machine's; None gives it back. Refused in a real portal."""
    if clock is not None and not settings.CONFIGURATION.exercise:
        raise Refused("a real portal has the machine's clock", where="clock")
    _simulated[:] = [] if clock is None else [clock]
