"""The 24 hours of 47 CFR 64.1200(n)(1) on the Federal calendar."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopback.kernel.errors import BadInput, NotFound
from hopback.rules.book import load_book
from hopback.rules.us.clock import deadline, federal_holidays

BOOK = load_book("us")
ZONE = "America/Chicago"
FIRST, LAST = datetime.fromisoformat("2024-01-09"), datetime.fromisoformat("2040-01-01")


def at(text: str, zone: str = ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("received", "deemed", "respond_by", "delinquent_after"),
    [
        ("2026-11-16T10:00", "2026-11-16T10:00", "2026-11-17T10:00", "2026-11-17T10:00"),
        ("2026-11-20T15:00", "2026-11-20T15:00", "2026-11-23T15:00", "2026-11-23T15:00"),
        ("2026-11-20T17:45", "2026-11-23T08:00", "2026-11-24T08:00", "2026-11-24T08:00"),
        ("2026-11-21T11:00", "2026-11-23T08:00", "2026-11-24T08:00", "2026-11-24T08:00"),
        ("2026-11-17T06:00", "2026-11-17T08:00", "2026-11-18T08:00", "2026-11-19T08:00"),
        ("2026-11-16T17:30", "2026-11-16T17:30", "2026-11-17T17:30", "2026-11-18T08:00"),
        ("2026-11-25T09:00", "2026-11-25T09:00", "2026-11-27T09:00", "2026-11-27T09:00"),
        ("2026-11-26T09:00", "2026-11-27T08:00", "2026-11-30T08:00", "2026-11-30T08:00"),
        ("2026-07-02T14:00", "2026-07-02T14:00", "2026-07-06T14:00", "2026-07-06T14:00"),
        ("2026-10-09T16:00", "2026-10-09T16:00", "2026-10-13T16:00", "2026-10-13T16:00"),
        ("2026-12-24T12:00", "2026-12-24T12:00", "2026-12-28T12:00", "2026-12-28T12:00"),
        ("2026-12-31T17:00", "2026-12-31T17:00", "2027-01-04T17:00", "2027-01-04T17:00"),
        # a holiday that is kept in the year before, and a receipt on New Year's Eve that is one
        ("2027-12-30T15:00", "2027-12-30T15:00", "2028-01-03T15:00", "2028-01-03T15:00"),
        ("2027-12-31T10:00", "2028-01-03T08:00", "2028-01-04T08:00", "2028-01-04T08:00"),
        # a Sunday holiday is kept on Monday; early on the day after a long weekend
        ("2027-07-02T12:00", "2027-07-02T12:00", "2027-07-06T12:00", "2027-07-06T12:00"),
        ("2027-07-06T07:59:59", "2027-07-06T08:00", "2027-07-07T08:00", "2027-07-08T08:00"),
    ],
)
@pytest.mark.parametrize("zone", ["America/Chicago", "America/New_York", "Pacific/Honolulu", "Europe/London"])
def test_a_request_is_due_when_the_rule_says(
    received: str, deemed: str, respond_by: str, delinquent_after: str, zone: str
) -> None:
    answer = deadline(at(received, zone), zone=zone, book=BOOK)
    assert answer.deemed_received == at(deemed, zone)
    assert answer.respond_by == at(respond_by, zone)
    assert answer.delinquent_after == at(delinquent_after, zone)
    assert answer.working[0].start == answer.received
    assert answer.working[-1].end == answer.respond_by


def test_the_office_zone_decides_and_not_the_offset_of_the_receipt() -> None:
    # 18:00 in New York is after hours there and 15:00 in Los Angeles.
    received = at("2026-11-16T18:00", "America/New_York")
    west = deadline(received, zone="America/Los_Angeles", book=BOOK)
    assert west.respond_by == at("2026-11-17T15:00", "America/Los_Angeles")
    east = deadline(received.astimezone(UTC), zone="America/New_York", book=BOOK)
    assert east.respond_by == at("2026-11-18T08:00", "America/New_York")


def test_every_stretch_is_cited() -> None:
    answer = deadline(at("2026-07-02T18:00"), zone=ZONE, book=BOOK)
    assert all(part.cite.startswith("47 CFR 64.1200(n)(1)") for part in answer.working)
    [holiday] = [part for part in answer.working if part.note]
    assert holiday.note == "Independence Day, observed"
    assert "5 U.S.C. 6103(b)" in holiday.cite


def test_the_federal_holidays_are_kept_on_their_days() -> None:
    assert federal_holidays(2026, book=BOOK) == {
        date(2026, 1, 1): "New Year's Day",
        date(2026, 1, 19): "Martin Luther King Jr. Day",
        date(2026, 2, 16): "Washington's Birthday",
        date(2026, 5, 25): "Memorial Day",
        date(2026, 6, 19): "Juneteenth National Independence Day",
        date(2026, 7, 3): "Independence Day, observed",
        date(2026, 7, 4): "Independence Day",
        date(2026, 9, 7): "Labor Day",
        date(2026, 10, 12): "Columbus Day",
        date(2026, 11, 11): "Veterans Day",
        date(2026, 11, 26): "Thanksgiving Day",
        date(2026, 12, 25): "Christmas Day",
    }


def test_inauguration_day_and_days_off_by_order_do_not_count() -> None:
    # 20 January 2025 was both; in 2029 the inauguration falls on a Saturday.
    assert federal_holidays(2025, book=BOOK)[date(2025, 1, 20)] == "Martin Luther King Jr. Day"
    kept = federal_holidays(2029, book=BOOK)
    assert not {date(2029, 1, 19), date(2029, 1, 20), date(2029, 1, 22)} & kept.keys()
    assert date(2025, 1, 9) not in federal_holidays(2025, book=BOOK)


def test_a_year_that_begins_on_saturday_has_its_first_holiday_in_the_year_before() -> None:
    assert federal_holidays(2027, book=BOOK)[date(2027, 12, 31)] == "New Year's Day, observed"


@pytest.mark.parametrize("year", range(2024, 2045))
def test_each_year_has_eleven_holidays_on_weekdays_as_the_statute_counts_them(year: int) -> None:
    fixed = [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)]
    expected = {kept_on(date(which, month, day)) for which in (year, year + 1) for month, day in fixed}
    expected |= {
        nth(year, 1, 0, 3), nth(year, 2, 0, 3), nth(year, 9, 0, 1), nth(year, 10, 0, 2), nth(year, 11, 3, 4),
        max(date(year, 5, day) for day in range(25, 32) if date(year, 5, day).weekday() == 0),
    }  # fmt: skip
    kept = {day for day in federal_holidays(year, book=BOOK) if day.weekday() < 5}
    assert kept == {day for day in expected if day.year == year}


def kept_on(day: date) -> date:
    """Saturday on the Friday before, Sunday on the Monday after."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def nth(year: int, month: int, weekday: int, which: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))


@settings(max_examples=60, deadline=None)
@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_an_answer_is_always_due_on_a_business_day_in_business_hours(received: datetime) -> None:
    answer = deadline(received, zone=ZONE, book=BOOK)
    for instant in (answer.respond_by, answer.delinquent_after):
        local = instant.astimezone(ZoneInfo(ZONE))
        assert local.date() not in federal_holidays(local.year, book=BOOK)
        assert local.weekday() < 5
        assert time(8) <= local.time() <= time(17, 30)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="Mars/Olympus") as caught:
        deadline(at("2026-11-16T10:00"), zone="Mars/Olympus", book=BOOK)
    assert caught.value.mend


def test_a_receipt_without_a_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="has no zone"):
        deadline(datetime.fromisoformat("2026-11-16T10:00"), zone=ZONE, book=BOOK)


def test_before_the_rule_bound_everybody_there_is_no_deadline() -> None:
    with pytest.raises(NotFound, match="2024-01-08"):
        deadline(at("2023-06-01T10:00"), zone=ZONE, book=BOOK)


def test_the_calendar_library_is_loaded_only_when_a_deadline_is_asked_for() -> None:
    code = (
        "import sys; from hopback.rules.clock import clock_for; clock_for('us')\n"
        "print({'holidays', 'phonenumbers'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
