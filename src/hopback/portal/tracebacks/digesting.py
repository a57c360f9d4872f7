"""Which digests the clocks of hops call for: one for a provider and an occasion, whatever it is about.

A reminder's digest waits a few minutes for others of the same hour; a step of the ladder's is one a day.
Where today's has gone out already, what comes after it waits for the next.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from hopback.kernel.clocks import office_zone, to_instant
from hopback.kernel.events import HopEscalated, HopReminded
from hopback.portal.jobs.owing import Owed, is_done, owe
from hopback.portal.tracebacks.policies import TOLD as RUNGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopback.portal.tracebacks.docket import Docket

__all__ = ["DIGEST", "digest_key", "owe_digests"]

DIGEST: Final = "hop.digest"
"""The kind of job that writes to one provider what is due and late."""

GATHERED: Final = timedelta(minutes=5)
"""How long a digest waits for others that belong in it."""

OPENING: Final = time(8, 5)
LATEST_SLOTS: Final = 7


def owe_digests(dockets: Sequence[Docket], *, at: datetime) -> None:
    """Owe a digest for each reminder and each step of the ladder that was decided just now."""
    wanted: dict[tuple[str, str], dict[str, str]] = {}
    for docket in dockets:
        for event in docket.events:
            if isinstance(event, HopReminded):
                occasion, duty = f"remind-{event.key.partition(':')[0]}", "traceback_primary"
            elif isinstance(event, HopEscalated) and event.told in RUNGS.values():
                duty = next(duty for duty, told in RUNGS.items() if told == event.told)
                occasion = f"step-{event.step}-{duty}"
            else:
                continue
            hop = docket.now.hops[event.hop - 1]
            wanted[hop.provider, occasion] = {
                "provider": hop.provider,
                "duty": duty,
                "occasion": occasion,
                "zone": hop.office_zone or "UTC",
            }
    owed = []
    for payload in wanted.values():
        slot, due = _slot(payload, at=at)
        owed.append(Owed(DIGEST, digest_key(payload, slot), due, payload | {"slot": slot}))
    owe(owed)


def digest_key(payload: dict[str, str], slot: str) -> str:
    """The key of the job, and of the letter it writes."""
    return f"digest:{payload['provider']}:{payload['occasion']}:{slot}"


def _slot(payload: dict[str, str], *, at: datetime) -> tuple[str, datetime]:
    """The first slot whose digest has not gone out: an hour for reminders, a day of the office for the ladder."""
    zone = office_zone(payload["zone"])
    is_daily = payload["occasion"].startswith("step-")
    local = at.astimezone(zone)
    for number in range(LATEST_SLOTS):
        if is_daily:
            day = local.date() + timedelta(days=number)
            slot = day.isoformat()
            due = at + GATHERED if not number else to_instant(datetime.combine(day, OPENING), zone=zone)
        else:
            hour = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=number)
            slot = f"{hour:%Y-%m-%dT%H}Z"
            due = max(at, hour) + GATHERED
        if not is_done(digest_key(payload, slot)):
            break
    return slot, due
