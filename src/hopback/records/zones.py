"""Local time to UTC in SQL, with both readings of the hour that happens twice.

A stamp without a zone is read in the zone its source declares. Where clocks go back, the first
reading is the main one and the second is kept beside it; where they go forward, the hour that never was is
read with the offset before the change (PEP 495, ``fold=0``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from hopback.tables import sql

__all__ = ["Change", "changes", "second_reading", "to_utc"]

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2045
"""Switches do not write records of other years; before and after, the nearest offset holds."""
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """Clocks of a zone change at ``at`` (UTC) from one offset to another, seconds east of UTC."""

    at: datetime
    before: int
    after: int

    @property
    def boundary(self) -> datetime:
        """The local time (naive) from which the new offset is the main reading."""
        return (self.at + timedelta(seconds=max(self.before, self.after))).replace(tzinfo=None)

    @property
    def repeated(self) -> tuple[datetime, datetime] | None:
        """The local times (naive, half-open) that happen twice, if any do."""
        if self.after >= self.before:
            return None
        start = self.at + timedelta(seconds=self.after)
        return start.replace(tzinfo=None), self.boundary


@cache
def changes(zone: str) -> tuple[int, tuple[Change, ...]]:
    """The offset at the start of the years looked at, and every change after it."""
    info = ZoneInfo(zone)

    def offset(at: datetime) -> int:
        return round((info.utcoffset(at.astimezone(info)) or timedelta()).total_seconds())

    found: list[Change] = []
    at, end, day = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC), timedelta(days=7)
    first = before = offset(at)
    while at < end:
        after = offset(at + day)
        if after != before:
            low, high = at, at + day
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            found.append(Change(high, before, after))
            before = after
        at += day
    return first, tuple(found)


def to_utc(local: str, *, zone: str) -> str:
    """SQL for the instant (TIMESTAMP, UTC) of a local TIMESTAMP expression; name a column, it is repeated."""
    first, found = changes(zone)
    offsets = [str(first * _MICROSECONDS), *(str(change.after * _MICROSECONDS) for change in found)]
    offset = sql.steps(local, [_literal(change.boundary) for change in found], offsets)
    return local if offset == "0" else f"make_timestamp(epoch_us({local}) - ({offset}))"


def second_reading(local: str, *, zone: str) -> str:
    """SQL for the second instant of a local time that happens twice; NULL for all others."""
    bounds, results = [], ["NULL"]
    for change in changes(zone)[1]:
        if change.repeated:
            start, end = change.repeated
            bounds += [_literal(start), _literal(end)]
            results += [str(change.after * _MICROSECONDS), "NULL"]
    if not bounds:
        return "NULL::TIMESTAMP"
    return f"make_timestamp(epoch_us({local}) - ({sql.steps(local, bounds, results)}))"


def _literal(local: datetime) -> str:
    return f"TIMESTAMP '{local.isoformat(sep=' ')}'"
