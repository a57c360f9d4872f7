"""Resolve a number, asking outside where the tables do not know of a port."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hopback.portal.directory.actions.numbers import record_lookup, resolve_or_queue
from hopback.portal.directory.lookups import chosen, look_up
from hopback.portal.directory.resolving import Resolution, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.lookups import PortAnswer

__all__ = ["LATE_LOOKUP_DAYS", "consult"]

LATE_LOOKUP_DAYS: Final = 10
"""How long after a call an answer that stands for today is still taken for the day of the call."""


def consult(
    actor: Actor, number: int, *, on: date, at: datetime, asked_for: str = ""
) -> tuple[Resolution, Sequence[str]]:
    """Resolve; where neither a person nor a port decides, ask the look-ups first. What needs a person is queued.

    Not inside a transaction. Returns the resolution, and a sentence for each look-up that could not be asked.
    A look-up that only knows of today is taken for calls of the last ten days; its step shows both dates.
    """
    found = resolve(number, on=on)
    failed: Sequence[str] = ()
    if chosen() and not {"person", "port"} & {step.rung for step in found.how}:
        answer, failed = look_up(number, on=on, today=at.date())
        if answer is not None:
            record_lookup(actor, _for_the_call(answer, on=on), at=at)
    return resolve_or_queue(actor, number, on=on, at=at, asked_for=asked_for), failed


def _for_the_call(answer: PortAnswer, *, on: date) -> PortAnswer:
    late = (answer.on - on).days
    if answer.since is not None or not 0 < late <= LATE_LOOKUP_DAYS:
        return answer
    return replace(answer, on=on, source=f"{answer.source}, asked {answer.on.isoformat()}")
