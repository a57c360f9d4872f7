"""The clock of a jurisdiction, and a deadline told so that a person can follow it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from hopback.kernel.clocks import Deadline, Segment, Why, office_zone
from hopback.rules.book import load_book

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopback.rules.book import RuleBook

__all__ = ["Clock", "clock_for", "clock_report", "why_words"]


class Clock(Protocol):
    """Tells when an office in ``zone`` owes its answer to a request received at ``received``."""

    def __call__(self, received: datetime, *, zone: str) -> Deadline:
        """Raise :class:`~hopback.kernel.errors.BadInput` for a zone or a time that cannot be used."""
        ...


class _BookClock(Protocol):
    def __call__(self, received: datetime, *, zone: str, book: RuleBook) -> Deadline: ...


def clock_for(jurisdiction: str = "us", *, book: RuleBook | None = None) -> Clock:
    """The clock of a jurisdiction, on its own book or another.

    It is ``deadline`` in ``rules/<jurisdiction>/clock.py``. Raises :class:`~hopback.kernel.errors.NotFound`
    that lists the jurisdictions there are.
    """
    own = load_book(jurisdiction)  # an unknown name ends here and never reaches the import
    module = import_module(f"{__package__}.{jurisdiction}.clock")
    return partial(cast("_BookClock", module.deadline), book=book or own)


WAITING: Final[Mapping[Why, str]] = {
    Why.BEFORE_HOURS: "before the office opens: counts as received at opening",
    Why.AFTER_HOURS: "after the office has closed: counts as received at the next opening",
    Why.WEEKEND: "weekend: counts as received at opening on the next business day",
    Why.DAY_OFF: "no business day: counts as received at opening on the next business day",
    Why.HOLIDAY: "holiday: counts as received at opening on the next business day",
}
COUNTING: Final[Mapping[Why, str]] = {
    Why.RUNNING: "the clock runs",
    Why.WEEKEND: "weekend: the clock stands still",
    Why.DAY_OFF: "no business day: the clock stands still",
    Why.HOLIDAY: "holiday: the clock stands still",
}


def why_words(part: Segment, *, deemed_received: datetime) -> str:
    """Why the clock runs or stands still in this stretch, for a person, with the holiday's name."""
    words = (WAITING if part.end <= deemed_received else COUNTING)[part.why]
    return words.replace("holiday", f"holiday ({part.note})", 1) if part.note else words


def clock_report(due: Deadline) -> dict[str, Any]:
    """A deadline as ``hopback clock --json`` writes it.

    Instants end in ``Z``; each has a twin ``…_local`` with the office's own offset. ``why`` is
    for reading, ``code`` for programs. ``working`` explains ``respond_by``; ``is_ambiguous`` says
    that the rule has a second reading, which ``delinquent_after`` follows.
    """
    zone = office_zone(due.zone)

    def both(key: str, instant: datetime) -> dict[str, str]:
        universal = instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return {key: universal, f"{key}_local": instant.astimezone(zone).isoformat()}

    return {
        "zone": due.zone,
        **both("received", due.received),
        **both("deemed_received", due.deemed_received),
        **both("respond_by", due.respond_by),
        **both("delinquent_after", due.delinquent_after),
        "is_ambiguous": due.is_ambiguous,
        "working": [
            {
                **both("from", part.start),
                **both("to", part.end),
                "runs": part.runs,
                "why": why_words(part, deemed_received=due.deemed_received),
                "code": part.why.value,
                "cite": part.cite,
            }
            for part in due.working
        ],
    }
