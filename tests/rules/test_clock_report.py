"""A deadline, told."""

import json
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from hopback.kernel.clocks import Segment, Why
from hopback.kernel.errors import NotFound
from hopback.rules.book import RuleBook, load_book
from hopback.rules.clock import clock_for, clock_report, why_words

ZONE = "America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


def test_a_report_has_the_fields_of_the_contract_in_utc_and_in_local_time() -> None:
    report = clock_report(clock_for("us")(at("2026-11-20T17:45"), zone=ZONE))
    assert report["received"] == "2026-11-20T22:45:00Z"
    assert report["deemed_received"] == "2026-11-23T13:00:00Z"
    assert report["respond_by"] == report["delinquent_after"] == "2026-11-24T13:00:00Z"
    assert report["respond_by_local"] == "2026-11-24T08:00:00-05:00"
    assert report["is_ambiguous"] is False
    assert report["working"][0] == {
        "from": "2026-11-20T22:45:00Z",
        "from_local": "2026-11-20T17:45:00-05:00",
        "to": "2026-11-21T05:00:00Z",
        "to_local": "2026-11-21T00:00:00-05:00",
        "runs": False,
        "why": "after the office has closed: counts as received at the next opening",
        "code": "after_hours",
        "cite": "47 CFR 64.1200(n)(1)",
    }
    assert [part["runs"] for part in report["working"]] == [False, False, False, True]
    assert all(one["to"] == other["from"] for one, other in pairwise(report["working"]))
    assert json.loads(json.dumps(report)) == report


def test_the_words_name_the_holiday_and_tell_waiting_from_standing_still() -> None:
    clock = clock_for("us")
    waits = clock_report(clock(at("2026-11-26T09:00"), zone=ZONE))["working"]
    assert waits[0]["why"] == ("holiday (Thanksgiving Day): counts as received at opening on the next business day")
    stops = clock_report(clock(at("2026-07-02T14:00"), zone=ZONE))["working"]
    assert [part["why"] for part in stops] == [
        "the clock runs",
        "holiday (Independence Day, observed): the clock stands still",
        "weekend: the clock stands still",
        "the clock runs",
    ]


@pytest.mark.parametrize("why", Why)
def test_every_reason_has_words(why: Why) -> None:
    start, end = at("2026-11-16T10:00"), at("2026-11-16T11:00")
    part = Segment(start, end, runs=why is Why.RUNNING, why=why)
    is_before_the_count = why in (Why.BEFORE_HOURS, Why.AFTER_HOURS)
    assert why_words(part, deemed_received=end if is_before_the_count else start)


def test_a_second_reading_is_said() -> None:
    report = clock_report(clock_for("us")(at("2026-11-17T06:00"), zone=ZONE))
    assert report["is_ambiguous"] is True
    assert (report["respond_by_local"], report["delinquent_after_local"]) == (
        "2026-11-18T08:00:00-05:00",
        "2026-11-19T08:00:00-05:00",
    )


def test_another_book_gives_another_clock() -> None:
    own = load_book("us")
    [hours] = own.histories["response_hours"]
    slower = RuleBook("us", {**own.histories, "response_hours": (replace(hours, value=48),)})
    due = clock_for("us", book=slower)(at("2026-11-16T10:00"), zone=ZONE)
    assert due.respond_by == at("2026-11-18T10:00")


@pytest.mark.parametrize("name", ["atlantis", "os", "../us", ""])
def test_an_unknown_jurisdiction_lists_the_ones_there_are(name: str) -> None:
    with pytest.raises(NotFound, match="us"):
        clock_for(name)
