"""Where a number lives now, asked of somebody outside: one small module for each way to ask.

A look-up is a function ``look_up(number, *, on, today, configuration)`` in a module of this package that
:data:`LOOKUPS` names. Which are used, and in which order, the portal is told by ``HOPBACK_NUMBER_LOOKUPS``.
A look-up is asked outside any transaction; what it said is kept by an action, with its name and the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from django.conf import settings

from hopback.kernel.errors import BadInput, HopbackError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopback.portal.config import Configuration

__all__ = ["LOOKUPS", "LookUp", "PortAnswer", "chosen", "look_up"]

LOOKUPS: Final[Mapping[str, str]] = {
    "csv": "hopback.portal.directory.lookups.csv_file",
    "http": "hopback.portal.directory.lookups.http_json",
}
"""The look-ups there are, by the name they are chosen by."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PortAnswer:
    """What a look-up says of a number.

    Without LRN, SPID and OCN the number was not ported. ``on`` is the day it stands for: the day of the
    call where the source keeps history, else the day it was asked. ``since`` is when the number was ported, if told.
    """

    number: int
    on: date
    source: str
    lrn: int | None = None
    spid: str = ""
    ocn: str = ""
    company: str = ""
    reseller: str = ""
    since: date | None = None


class LookUp(Protocol):
    """Asks one source about one number."""

    def __call__(self, number: int, *, on: date, today: date, configuration: Configuration) -> PortAnswer | None:
        """What the source says of ``number`` (digits, country code first); None where it says nothing.

        Raises :class:`~hopback.kernel.errors.HopbackError` where it cannot be asked.
        """


def chosen() -> list[tuple[str, LookUp]]:
    """The look-ups this portal uses, in their order; raises :class:`BadInput` for one there is not."""
    found: list[tuple[str, LookUp]] = []
    for name in settings.CONFIGURATION.number_lookups:
        if name not in LOOKUPS:
            raise BadInput(
                f"there is no look-up {name!r}", where="HOPBACK_NUMBER_LOOKUPS", mend=f"one of {', '.join(LOOKUPS)}"
            )
        found.append((name, import_module(LOOKUPS[name]).look_up))
    return found


def look_up(number: int, *, on: date, today: date) -> tuple[PortAnswer | None, Sequence[str]]:
    """Ask the chosen look-ups in their order until one answers. Also returns a sentence for each that could not.

    Never called inside a transaction: an answer may take seconds.
    """
    failed: list[str] = []
    for name, ask in chosen():
        try:
            answer = ask(number, on=on, today=today, configuration=settings.CONFIGURATION)
        except HopbackError as error:
            log.warning("lookup.failed", lookup=name, error=str(error))
            failed.append(f"{name}: {error}")
            continue
        if answer is not None:
            return answer, failed
    return None, failed
