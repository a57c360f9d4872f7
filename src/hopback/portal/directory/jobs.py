"""What the directory does later: note what became of mail to contacts, look for likenesses once a day."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hopback.portal.audit.actors import SYSTEM
from hopback.portal.directory.actions.contacts import CHECK, note_bounce, note_delivery
from hopback.portal.directory.actions.links import LIKENESS, refresh_pairs
from hopback.portal.directory.evidence import find_pairs
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.jobs.working import begins, runs
from hopback.portal.messages.channels import on_bounced, on_delivered

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.directory.likeness import Pair
    from hopback.portal.messages.channels import Told

__all__ = ["look_for_likenesses", "owe_likenesses", "tend"]

LOOK_EVERY: Final = timedelta(days=1)


def tend(*kinds: str) -> None:
    """Count the bounces of contacts that letters of these kinds go to. Whoever writes to contacts calls it once."""
    for kind in kinds:
        on_bounced(kind)(_bounced)
        on_delivered(kind)(_delivered)


def _bounced(told: Told, /, *, at: datetime) -> None:  # noqa: ARG001 -- a listener's signature
    note_bounce(SYSTEM, told.mailbox, why=f"{told.status} {told.proof}".strip(), at=told.at)


def _delivered(told: Told, /, *, at: datetime) -> None:  # noqa: ARG001 -- a listener's signature
    note_delivery(SYSTEM, told.mailbox, at=told.at)


@begins
def owe_likenesses(*, at: datetime) -> None:
    """Owe a look for who looks alike; each owes the next a day later."""
    owe([Owed(LIKENESS, LIKENESS, at)])


@runs(LIKENESS)
def look_for_likenesses(_payload: dict[str, Any], /, *, at: datetime) -> Callable[[], None]:
    """Compare everybody, outside any transaction; what was found is then kept in one."""
    found = find_pairs()
    return partial(_keep, found, at)


def _keep(found: list[Pair], at: datetime) -> None:
    refresh_pairs(SYSTEM, found, at=at)
    owe_likenesses(at=at + LOOK_EVERY)


tend(CHECK)
