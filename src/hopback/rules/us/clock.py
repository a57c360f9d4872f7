"""A provider answers a traceback within 24 hours, counted on the business hours of its own office.

47 CFR 64.1200(n)(1): the clock starts only from 08:00 to 17:30 on a business day, Monday to Friday except
Federal legal holidays, local time of the office that has to answer; where the time would run out
on a weekend or holiday the clock stops for that day. The rule restarts it at 00:01 and yet gives Friday
15:00 → Monday 15:00 as its example; the example is followed, not the minute.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from hopback.kernel.clocks import Cites, Deadline, OfficeHours, office_zone
from hopback.kernel.clocks import deadline as count
from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from hopback.rules.book import InForce, RuleBook

__all__ = ["deadline", "federal_holidays", "office_hours"]


def deadline(received: datetime, *, zone: str, book: RuleBook) -> Deadline:
    """When the office in ``zone`` (an IANA name) owes its answer to a request received at ``received``.

    The values in force on the office's day of receipt apply. Raises :class:`~hopback.kernel.errors.BadInput`
    for a time without a zone or an unknown zone, and :class:`~hopback.kernel.errors.NotFound` for
    a day before the rule bound every provider.
    """
    if received.tzinfo is None:
        raise BadInput(
            f"the time of receipt {received.isoformat()} has no zone",
            where="received",
            mend="add an offset, like 2026-11-20T15:00:00-05:00",
        )
    day = received.astimezone(office_zone(zone)).date()
    rules = book.at(day)
    return count(
        received,
        hours=office_hours(rules, zone=zone),
        # A period is a few days long, so that it ends in the year of receipt or the next.
        holidays={**federal_holidays(day.year, book=book), **federal_holidays(day.year + 1, book=book)},
        allowed=timedelta(hours=rules["response_hours"].value),
        cites=Cites(rule=rules["response_hours"].cite, holiday=_holiday_cite(rules)),
    )


def office_hours(rules: InForce, *, zone: str) -> OfficeHours:
    """The hours in which a request counts as received at once."""
    return OfficeHours(
        opens=rules["opens"].value,
        closes=rules["closes"].value,
        weekdays=frozenset(rules["weekdays"].value),
        zone=zone,
    )


def federal_holidays(year: int, *, book: RuleBook) -> dict[date, str]:
    """The Federal legal holidays that are kept in a calendar year, by day, with their names.

    Of a holiday that falls on a weekend both its own day and the day it is kept on are listed, so that New
    Year's Day of a year that begins on a Saturday is on 31 December of the year before.
    """
    kept: dict[date, str] = {}
    for day, names in _calendar(year):
        rules = book.at(day)
        listed, is_observed_kept = rules["holidays"].value, rules["holidays_observed"].value
        for name in names:
            plain = name.removesuffix(_OBSERVED)
            if plain in listed and (is_observed_kept or plain == name):
                kept[day] = plain if plain == name else f"{plain}, observed"
    return kept


_OBSERVED = " (observed)"


@lru_cache(maxsize=64)
def _calendar(year: int) -> tuple[tuple[date, tuple[str, ...]], ...]:
    """What the calendar library lists for a year; only the book says what counts."""
    # Loaded when a deadline is asked for, so that a command that needs none starts at once.
    import holidays  # noqa: PLC0415

    listed = holidays.country_holidays("US", years=year, language="en_US")
    return tuple((day, tuple(listed.get_list(day))) for day in sorted(listed))


def _holiday_cite(rules: InForce) -> str:
    return "; ".join(rules[key].cite for key in ("response_hours", "holidays", "holidays_observed"))
