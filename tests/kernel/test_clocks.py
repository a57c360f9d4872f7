"""A clock that waits for business hours, on made-up calendars and real zones."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopback.kernel.clocks import (
    Cites,
    Deadline,
    OfficeHours,
    Segment,
    Why,
    before_due,
    deadline,
    office_zone,
    running_share,
    running_time,
    to_instant,
)
from hopback.kernel.errors import BadInput

NEW_YORK = "America/New_York"
DAY = timedelta(days=1)
WEEK = frozenset(range(5))
FEAST = {date(2026, 11, 26): "Harvest"}


def office(zone: str = NEW_YORK, *, weekdays: frozenset[int] = WEEK, opens: str = "08:00") -> OfficeHours:
    return OfficeHours(time.fromisoformat(opens), time(17, 30), weekdays, zone)


def at(text: str, zone: str = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def due(text: str, zone: str = NEW_YORK, *, hours: int = 24, weekdays: frozenset[int] = WEEK) -> Deadline:
    return deadline(
        at(text, zone),
        hours=office(zone, weekdays=weekdays),
        holidays=FEAST,
        allowed=timedelta(hours=hours),
        cites=Cites("the rule", "the calendar"),
    )


def told(answer: Deadline) -> list[tuple[str, str, Why]]:
    """The working in local time, for reading in a test."""
    zone = ZoneInfo(answer.zone)
    return [
        (f"{part.start.astimezone(zone):%a %H:%M}", f"{part.end.astimezone(zone):%a %H:%M}", part.why)
        for part in answer.working
    ]


def test_what_comes_in_business_hours_runs_at_once() -> None:
    answer = due("2026-11-16T10:00")
    assert answer.deemed_received == answer.received == at("2026-11-16T10:00")
    assert answer.respond_by == answer.delinquent_after == at("2026-11-17T10:00")
    assert told(answer) == [("Mon 10:00", "Tue 10:00", Why.RUNNING)]
    assert not answer.is_ambiguous


def test_a_request_after_closing_on_friday_waits_for_monday() -> None:
    answer = due("2026-11-20T17:45")
    assert answer.respond_by == at("2026-11-24T08:00")
    assert told(answer) == [
        ("Fri 17:45", "Sat 00:00", Why.AFTER_HOURS),
        ("Sat 00:00", "Mon 00:00", Why.WEEKEND),
        ("Mon 00:00", "Mon 08:00", Why.BEFORE_HOURS),
        ("Mon 08:00", "Tue 08:00", Why.RUNNING),
    ]


def test_the_clock_stops_for_a_holiday_and_names_it() -> None:
    answer = due("2026-11-25T09:00")
    assert answer.respond_by == at("2026-11-27T09:00")
    assert told(answer) == [
        ("Wed 09:00", "Thu 00:00", Why.RUNNING),
        ("Thu 00:00", "Fri 00:00", Why.HOLIDAY),
        ("Fri 00:00", "Fri 09:00", Why.RUNNING),
    ]
    still = answer.working[1]
    assert (still.note, still.cite, still.runs) == ("Harvest", "the calendar", False)
    assert answer.working[0].cite == "the rule"


def test_before_opening_has_two_readings() -> None:
    answer = due("2026-11-17T06:00")
    assert answer.deemed_received == at("2026-11-17T08:00")
    assert answer.deemed_latest == at("2026-11-18T08:00")
    assert (answer.respond_by, answer.delinquent_after) == (at("2026-11-18T08:00"), at("2026-11-19T08:00"))
    assert answer.is_ambiguous


def test_the_instant_of_closing_has_two_readings_and_the_next_microsecond_one() -> None:
    answer = due("2026-11-16T17:30")
    assert (answer.respond_by, answer.delinquent_after) == (at("2026-11-17T17:30"), at("2026-11-18T08:00"))
    after = due("2026-11-16T17:30:00.000001")
    assert after.respond_by == after.delinquent_after == at("2026-11-18T08:00")


def test_a_longer_time_stops_only_where_it_would_run_out() -> None:
    answer = due("2026-11-20T15:00", hours=48)
    assert answer.respond_by == at("2026-11-23T15:00")
    assert told(answer) == [
        ("Fri 15:00", "Sun 00:00", Why.RUNNING),
        ("Sun 00:00", "Mon 00:00", Why.WEEKEND),
        ("Mon 00:00", "Mon 15:00", Why.RUNNING),
    ]


def test_a_weekday_without_office_is_a_day_off() -> None:
    answer = due("2026-11-17T10:00", weekdays=frozenset({1, 3}))
    assert told(answer)[1] == ("Wed 00:00", "Thu 00:00", Why.DAY_OFF)


def test_holidays_may_be_a_set_or_a_function() -> None:
    for holidays in (FEAST, set(FEAST), FEAST.__contains__):
        answer = deadline(at("2026-11-25T09:00"), hours=office(), holidays=holidays, allowed=DAY)
        assert answer.respond_by == at("2026-11-27T09:00")


def test_a_weekend_across_the_change_of_clocks_keeps_the_time_of_day() -> None:
    answer = due("2026-10-30T15:00")
    assert answer.respond_by == at("2026-11-02T15:00")
    assert running_time(answer.working) == DAY  # the extra hour lies in the weekend


def test_a_due_time_that_the_clocks_skip_moves_to_the_first_instant_after() -> None:
    # Lebanon, 28 March 2027: 00:00 becomes 01:00.
    zone = office_zone("Asia/Beirut")
    assert to_instant(datetime.fromisoformat("2027-03-28T00:30"), zone=zone) == datetime(2027, 3, 27, 22, 0, tzinfo=UTC)
    night = OfficeHours(time(0, 15), time(23, 0), frozenset(range(7)), "Asia/Beirut")
    answer = deadline(at("2027-03-27T00:30", "Asia/Beirut"), hours=night, holidays=(), allowed=DAY)
    assert answer.respond_by.astimezone(zone).isoformat() == "2027-03-28T01:00:00+03:00"


def test_a_due_time_that_happens_twice_is_the_second() -> None:
    night = OfficeHours(time(0, 15), time(23, 0), frozenset(range(7)), NEW_YORK)
    answer = deadline(at("2026-10-31T01:30"), hours=night, holidays=(), allowed=DAY)
    assert answer.respond_by.astimezone(ZoneInfo(NEW_YORK)).isoformat() == "2026-11-01T01:30:00-05:00"


def test_a_day_that_a_zone_skips_is_no_day() -> None:
    # Samoa had no Friday 30 December 2011; its office would have been open.
    answer = due("2011-12-29T10:00", "Pacific/Apia")
    assert answer.respond_by.astimezone(ZoneInfo("Pacific/Apia")).isoformat() == "2012-01-02T10:00:00+14:00"
    assert [part.why for part in answer.working] == [Why.RUNNING, Why.WEEKEND, Why.RUNNING]


def test_reminders_count_running_time_only() -> None:
    answer = due("2026-11-20T15:00")
    assert running_share(answer, share=0.0) == at("2026-11-20T15:00")
    assert running_share(answer, share=0.375) == at("2026-11-21T00:00")  # nine of 24 hours: the clock stops
    assert running_share(answer, share=0.5) == at("2026-11-23T03:00")
    assert running_share(answer, share=0.8) == at("2026-11-23T10:12")
    assert running_share(answer, share=1.0) == answer.respond_by
    assert before_due(answer, left=timedelta(hours=1)) == at("2026-11-23T14:00")
    assert before_due(answer, left=timedelta(hours=16)) == at("2026-11-20T23:00")
    assert before_due(answer, left=timedelta(days=9)) == answer.deemed_received


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_between_nothing_and_all(share: float) -> None:
    with pytest.raises(BadInput, match="share"):
        running_share(due("2026-11-16T10:00"), share=share)


def test_less_than_no_time_cannot_be_left() -> None:
    with pytest.raises(BadInput, match="left"):
        before_due(due("2026-11-16T10:00"), left=-DAY)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "America", "/etc/localtime", "EST5EDT\0"])
def test_an_unknown_zone_is_named(zone: str) -> None:
    with pytest.raises(BadInput) as caught:
        office(zone)
    assert repr(zone) in caught.value.message
    assert "America/New_York" in caught.value.mend


def test_hours_and_days_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadInput, match="opens"):
        office(opens="17:30")
    for weekdays in (frozenset[int](), frozenset({7})):
        with pytest.raises(BadInput, match="weekdays"):
            office(weekdays=weekdays)


def test_a_receipt_needs_a_zone_and_an_answer_needs_time() -> None:
    with pytest.raises(BadInput, match="received"):
        deadline(datetime.fromisoformat("2026-11-16T10:00"), hours=office(), holidays=(), allowed=DAY)
    with pytest.raises(BadInput, match="allowed"):
        deadline(at("2026-11-16T10:00"), hours=office(), holidays=(), allowed=timedelta(0))


def test_a_calendar_without_a_business_day_is_a_mistake() -> None:
    with pytest.raises(BadInput, match="no business day"):
        deadline(at("2026-11-16T10:00"), hours=office(), holidays=lambda _: True, allowed=DAY)


ZONES = st.sampled_from([
    NEW_YORK, "America/Los_Angeles", "America/Phoenix", "America/St_Johns", "Pacific/Honolulu", "America/Adak",
    "Europe/London", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu",
])  # fmt: skip
FIRST, LAST = datetime.fromisoformat("2024-01-08"), datetime.fromisoformat("2032-01-01")
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
FREE = st.sets(st.dates(date(2024, 1, 1), date(2032, 2, 1)), max_size=40)
ALLOWED = st.sampled_from([timedelta(hours=hours) for hours in (1, 24, 24, 24, 36, 48, 96)])


@settings(max_examples=150, deadline=None)
@given(INSTANTS, ZONES, FREE, ALLOWED)
def test_a_deadline_keeps_its_promises(received: datetime, zone: str, free: set[date], allowed: timedelta) -> None:
    hours = office(zone)
    answer = deadline(received, hours=hours, holidays=free, allowed=allowed)
    assert answer.received <= answer.deemed_received <= answer.deemed_latest
    assert answer.deemed_received < answer.respond_by <= answer.delinquent_after
    for instant in (answer.respond_by, answer.delinquent_after, answer.deemed_received, answer.deemed_latest):
        assert instant.tzinfo is UTC
        local = instant.astimezone(ZoneInfo(zone))
        assert local.weekday() in hours.weekdays
        assert local.date() not in free
    for deemed in (answer.deemed_received, answer.deemed_latest):
        assert hours.opens <= deemed.astimezone(ZoneInfo(zone)).time() <= hours.closes
    covers(answer.working, start=answer.received, end=answer.respond_by)
    wall = sum((length(part, ZoneInfo(zone)) for part in answer.working if part.runs), timedelta(0))
    assert wall == allowed
    assert all(part.runs is (part.why is Why.RUNNING) for part in answer.working)


def covers(working: tuple[Segment, ...], *, start: datetime, end: datetime) -> None:
    """Assert that these stretches join without gap, overlap or an empty one, and that neighbours differ."""
    assert [start, *(part.end for part in working)] == [*(part.start for part in working), end]
    for part in working:
        assert part.start < part.end
    for part, after in pairwise(working):
        assert (part.why, part.note) != (after.why, after.note)


def length(part: Segment, zone: ZoneInfo) -> timedelta:
    """How long a stretch is on the wall clock, where it begins and ends by the day at midnight."""
    start, end = (instant.astimezone(zone).replace(tzinfo=None, fold=0) for instant in (part.start, part.end))
    return end - start


@settings(max_examples=150, deadline=None)
@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=9)), ZONES, FREE)
def test_a_later_request_is_never_due_earlier(received: datetime, later: timedelta, zone: str, free: set[date]) -> None:
    one, other = (
        deadline(instant, hours=office(zone), holidays=free, allowed=DAY) for instant in (received, received + later)
    )
    assert one.deemed_received <= other.deemed_received
    assert one.respond_by <= other.respond_by
    assert one.respond_by <= other.delinquent_after


def test_only_the_literal_reading_lets_an_early_bird_wait_longer() -> None:
    # Before opening counts as the next business day, so that 06:00 is delinquent after 10:00 is.
    early, later = due("2026-11-17T06:00"), due("2026-11-17T10:00")
    assert early.respond_by < later.respond_by
    assert early.delinquent_after > later.delinquent_after


@settings(max_examples=100, deadline=None)
@given(INSTANTS, ZONES, FREE, st.floats(0, 1))
def test_a_reminder_falls_while_the_clock_runs(received: datetime, zone: str, free: set[date], share: float) -> None:
    answer = deadline(received, hours=office(zone), holidays=free, allowed=DAY)
    instant = running_share(answer, share=share)
    assert any(part.runs and part.start <= instant <= part.end for part in answer.working)
    total = running_time(answer.working)
    back = before_due(answer, left=total - total * share)
    # At the edge of a stop counting forward ends where the clock stops, counting back where it goes on.
    assert back == instant or any((part.start, part.end) == (instant, back) for part in answer.working if not part.runs)


@settings(max_examples=150, deadline=None)
@given(st.datetimes(FIRST, LAST), ZONES)
def test_every_wall_clock_time_has_one_instant(local: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    instant = to_instant(local, zone=zone)
    read = instant.astimezone(zone).replace(tzinfo=None, fold=0)
    assert read >= local
    if read > local:  # skipped: a microsecond earlier the clock had not reached it
        before = (instant - timedelta(microseconds=1)).astimezone(zone).replace(tzinfo=None, fold=0)
        assert before < local
    else:
        assert to_instant(local, zone=zone, first=True) <= instant


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        ("America/New_York", "2026-03-08T02:30:00.5", "2026-03-08T07:00:00+00:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00+00:00"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T06:30:00+00:00"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00+00:00"),
    ],
)
def test_skipped_and_repeated_times_have_the_instants_of_the_zone_table(zone: str, local: str, instant: str) -> None:
    assert to_instant(datetime.fromisoformat(local), zone=ZoneInfo(zone)).isoformat() == instant
