from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hopback.kernel.errors import HopbackError, Refused
from hopback.provider.agent import Standing, look
from hopback.provider.answering import Desk
from hopback.provider.kit import Kit, open_kit
from hopback.wire.hops import AnswerKind, HopAnswer, HopRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

CHICAGO, KOLKATA = ZoneInfo("America/Chicago"), ZoneInfo("Asia/Kolkata")
FIRST = datetime(2026, 10, 28, 14, 0, tzinfo=UTC)
BOOK = """
[provider]
id = "P017"

[[sources]]
name = "core"
format = "freeswitch-csv"
files = "cdr/core-*.csv"
time_zone = "America/Chicago"
retention_days = 5

[[sources]]
name = "edge"
format = "generic-csv"
files = "cdr/edge-*.csv"

[[trunks]]
source = "core"
match = "5551"
peer = "P003"

[[trunks]]
source = "core"
match = "5552"
customer = "C-4471"

[[trunks]]
source = "edge"
match = "cole_1"
peer = "P009"

[[customers]]
id = "C-4471"
legal_name = "Field Notices LLC"
"""


def number(line: int) -> str:
    return f"+1202555{line:04d}"


def freeswitch(at: datetime, line: int, *, trunk: str, seconds: int, zone: ZoneInfo) -> list[str]:
    """A row in the order of the shipped template "example", stamps in the switch's own zone."""
    stamps = [(at + timedelta(seconds=after)).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") for after in (0, 8)]
    end = (at + timedelta(seconds=8 + seconds)).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    uuid = f"{line:08d}-0000-4000-8000-{seconds:012d}"
    caller, called = number(line + 5000)[2:], number(line)[2:]
    return ["", caller, called, "public", stamps[0], stamps[1], end, str(seconds + 8), str(seconds),
            "NORMAL_CLEARING", uuid, "", trunk, "PCMU", "PCMU"]  # fmt: skip


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    """A provider whose core switch writes India's time while its book says Chicago."""
    folder = tmp_path_factory.mktemp("P017")
    (folder / "cdr").mkdir()
    (folder / "book.toml").write_text(BOOK, encoding="utf-8")
    with (folder / "cdr" / "core-1.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file, quoting=csv.QUOTE_ALL).writerow
        for line in range(12):
            at = FIRST + timedelta(hours=5 * line, seconds=17 * line)
            write(freeswitch(at, line, trunk="5551" if line % 3 else "5552", seconds=20 + 7 * line, zone=KOLKATA))
    with (folder / "cdr" / "edge-1.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file).writerow
        write(["start_time", "calling", "called", "trunk", "duration"])
        write([FIRST.isoformat(), number(5088), "(202) 555-0088"])
        for line in range(40, 46):
            at = FIRST + timedelta(hours=9 * (line - 40))
            write([at.astimezone(CHICAGO).isoformat(), number(line + 5000), number(line), "cole_1", 30 + line])
    with open_kit(folder, None) as opened:
        assert not opened.troubles
        yield opened


def request(line: int, *, downstream: str, name: str | None = None, **changes: object) -> HopRequest:
    facts: dict[str, object] = {
        "request_id": name or f"{downstream}/{line}",
        "called": number(line),
        "calling": number(line + 5000),
        "started_at": FIRST + timedelta(hours=5 * line, seconds=17 * line + 2),
        "accuracy_s": 5.0,
        "downstream": downstream,
        "duration_s": 20.0 + 7 * line,
        "answered": True,
    }
    return HopRequest.model_validate({**facts, **changes})


def answers(kit: Kit, requests: Iterable[HopRequest]) -> dict[str, HopAnswer]:
    desk = Desk(kit.book, kit.store)
    desk.take(requests)
    return desk.answers()


def test_a_single_neighbour_cannot_show_that_our_stamps_are_off(kit: Kit) -> None:
    said = answers(kit, [request(line, downstream="P040") for line in range(6)])
    assert {answer.answer for answer in said.values()} == {AnswerKind.NEEDS_REVIEW}
    assert all(answer.upstream is None and answer.customer is None for answer in said.values())


def test_two_neighbours_show_it_and_then_both_are_answered(kit: Kit) -> None:
    asked = [request(line, downstream=who) for line, who in enumerate(("P040", "P041", "P040", "P041"))]
    said = answers(kit, asked)
    named = {request_id: answer.upstream or answer.customer for request_id, answer in said.items()}
    assert named == {"P040/0": "C-4471", "P041/1": "P003", "P040/2": "P003", "P041/3": "C-4471"}
    first = said["P041/1"]
    assert first.time_offset_s == 10.5 * 3600
    assert first.found_at is not None
    assert abs((first.found_at - asked[1].started_at).total_seconds()) <= 3
    assert any("+10 h 30 min" in why for why in first.why)


def test_what_is_believed_of_a_clock_is_kept_dated_with_what_it_rests_on(kit: Kit) -> None:
    desk = Desk(kit.book, kit.store)
    desk.take([request(line, downstream=who) for line, who in enumerate(("P040", "P041", "P040", "P041"))])
    first = desk.estimates()[0]
    assert first == {
        "source": "core", "day": "2026-10-28", "offset_s": 37800.0, "basis": "requests", "voters": 2,
        "seen_that_day_by": ["P040", "P041"],
    }  # fmt: skip


def test_what_could_only_be_reviewed_is_answered_once_the_evidence_is_in(kit: Kit) -> None:
    standing = Standing(Desk(kit.book, kit.store))
    (early,) = standing.answer([request(1, downstream="P040")])
    assert early.answer is AnswerKind.NEEDS_REVIEW
    later = {answer.request_id: answer for answer in standing.answer([request(2, downstream="P041")])}
    assert later["P040/1"].answer is AnswerKind.UPSTREAM_NAMED
    taken_back = {answer.request_id: answer for answer in standing.answer([], ["P041/2"])}
    assert taken_back["P040/1"].answer is AnswerKind.NEEDS_REVIEW


def test_a_record_is_not_the_answer_to_requests_about_two_times(tmp_path: Path) -> None:
    folder = book_with(tmp_path, [[FIRST.isoformat(), number(5040), number(40), "cole_1", "70", "k@bell"]])
    asked = [
        request(40, downstream="P040", name=name, started_at=at, duration_s=70.0, sip_call_id="k@bell")
        for name, at in (("then", FIRST), ("later", FIRST + timedelta(hours=5)))
    ]
    with open_kit(folder, None) as opened:
        assert [one.answer for one in answers(opened, asked[:1]).values()] == [AnswerKind.UPSTREAM_NAMED]
        both = answers(opened, asked)
    assert {one.answer for one in both.values()} == {AnswerKind.NEEDS_REVIEW}
    assert "another time" in " ".join(both["then"].why)


def test_a_time_that_is_only_near_names_nobody_while_lines_that_may_fit_better_are_unread(tmp_path: Path) -> None:
    near = [(FIRST + timedelta(seconds=60)).isoformat(), number(5040), number(40), "cole_1", "70", ""]
    asked = [request(40, downstream="P040", started_at=FIRST, duration_s=None)]
    with open_kit(book_with(tmp_path / "whole", [near]), None) as opened:
        assert [one.answer for one in answers(opened, asked).values()] == [AnswerKind.UPSTREAM_NAMED]
    broken = ["yesterday", number(5040), number(40), "bell_1", "70", ""]
    with open_kit(book_with(tmp_path / "broken", [near, broken]), None) as opened:
        (said,) = answers(opened, asked).values()
    assert said.answer is AnswerKind.NEEDS_REVIEW
    assert "could not be read" in " ".join(said.why)


def test_absence_is_not_claimed_where_a_source_falls_silent_for_days(tmp_path: Path) -> None:
    rows = [
        [(FIRST + timedelta(days=day)).isoformat(), number(5050), number(50), "cole_1", "70", ""]
        for day in (-3, -2, -1, 0, 1, 2, 3)
    ]
    with open_kit(book_with(tmp_path / "whole", rows), None) as opened:
        (said,) = answers(opened, [request(77, downstream="P040", started_at=FIRST)]).values()
    assert said.answer is AnswerKind.NO_RECORD
    folder = book_with(tmp_path / "gap", [rows[0], rows[-1]])
    (folder / "cdr" / "core-1.csv").write_text(
        ",".join(f'"{field}"' for field in freeswitch(FIRST, 1, trunk="5551", seconds=9, zone=CHICAGO)) + "\n", "utf-8"
    )
    with open_kit(folder, None) as opened:
        (said,) = answers(opened, [request(77, downstream="P040", started_at=FIRST)]).values()
    assert said.answer is AnswerKind.NEEDS_REVIEW
    assert "'edge' has records from before and after" in " ".join(said.why)


def test_a_call_that_outlasts_the_repeated_hour_is_found_under_either_reading(tmp_path: Path) -> None:
    book = BOOK.replace("generic-csv", "kamailio-acc-csv").replace(
        'cdr/edge-*.csv"', 'cdr/acc.csv"\ntime_zone = "America/Denver"'
    )
    (tmp_path / "cdr").mkdir()
    (tmp_path / "book.toml").write_text(book.replace("cole_1", "198.51.100.2"), encoding="utf-8")
    rows = [
        "id,method,from_tag,to_tag,callid,sip_code,sip_reason,time,src_user,src_domain,src_ip,dst_ouser,dst_user,dst_domain"
    ]
    rows += [
        f"{row},{method},a,b,k@cole.example,200,OK,{time},{number(5040)[1:]},198.51.100.2,198.51.100.2,"
        f"{number(40)[1:]},{number(40)[1:]},203.0.113.9"
        for row, (method, time) in enumerate((("INVITE", "2026-11-01 01:59:44"), ("BYE", "2026-11-01 02:00:56")))
    ]
    (tmp_path / "cdr" / "acc.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    with open_kit(tmp_path, None) as opened:  # the core source has no files and is a trouble of its own
        for hour, seconds in ((7, 3672.0), (8, 72.0)):
            at = datetime(2026, 11, 1, hour, 59, 44, tzinfo=UTC)
            asked = request(40, downstream="P040", started_at=at, duration_s=seconds)
            (said,) = answers(opened, [asked]).values()
            assert (said.answer, said.upstream) == (AnswerKind.UPSTREAM_NAMED, "P009"), said.why


def book_with(folder: Path, rows: Sequence[Sequence[str]]) -> Path:
    """A provider with one source and these rows."""
    (folder / "cdr").mkdir(parents=True)
    (folder / "book.toml").write_text(BOOK, encoding="utf-8")
    with (folder / "cdr" / "edge-1.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file).writerow
        write(["start_time", "calling", "called", "trunk", "duration", "call_id"])
        for row in rows:
            write(row)
    return folder


def test_an_answer_that_did_not_arrive_is_said_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [request(line, downstream=who) for line, who in ((1, "P040"), (2, "P041"))]
    troubles: dict[str, Exception] = {"P040/1": HopbackError("the portal is away"), "P041/2": Refused("not now")}
    arrived: list[str] = []

    class Portal:
        def __init__(self, *_: str) -> None: ...

        def standing_requests(self) -> list[HopRequest]:
            return asked

        def post_answer(self, answer: HopAnswer) -> None:
            if trouble := troubles.pop(answer.request_id, None):
                raise trouble
            arrived.append(answer.request_id)

    monkeypatch.setattr("hopback.wire.client.PortalClient", Portal)
    standing = Standing(Desk(kit.book, kit.store))
    with pytest.raises(HopbackError, match="away"):
        look(standing, "http://portal.example", "key")
    with pytest.raises(HopbackError, match="1 of 2 answers were not taken"):
        look(standing, "http://portal.example", "key")
    assert arrived == ["P040/1"]
    assert look(standing, "http://portal.example", "key") == 1
    assert arrived == ["P040/1", "P041/2"]
    assert look(standing, "http://portal.example", "key") == 0


def test_a_bad_request_among_others_is_named_and_loses_none_of_them(kit: Kit) -> None:
    desk = Desk(kit.book, kit.store)
    said = Standing(desk).answer(
        [
            request(40, downstream="P040", name="good", started_at=FIRST, duration_s=70.0),
            request(1, downstream="P040", name="bad", called="12"),
        ]
    )
    by_id = {answer.request_id: answer for answer in said}
    assert by_id["good"].upstream == "P009"
    assert by_id["bad"].answer is AnswerKind.NEEDS_REVIEW
    assert "12" in by_id["bad"].why[0]


def test_next_says_what_the_neighbour_upstream_should_search_for(kit: Kit) -> None:
    asked = request(40, downstream="P040", started_at=FIRST + timedelta(seconds=3), duration_s=None, accuracy_s=60.0)
    (said,) = answers(kit, [asked]).values()
    assert said.answer is AnswerKind.UPSTREAM_NAMED
    assert said.next is not None
    assert (said.next.called, said.next.calling) == (number(40), number(5040))
    assert said.next.duration_s == 70.0
    assert said.next.answered
    assert abs((said.next.started_at - FIRST).total_seconds()) <= said.next.accuracy_s <= 60.0


def test_absence_says_what_was_searched_and_since_when_records_are_kept(kit: Kit) -> None:
    (said,) = answers(kit, [request(77, downstream="P040", started_at=FIRST + timedelta(hours=6))]).values()
    assert said.answer is AnswerKind.NO_RECORD
    assert said.searched_from is not None
    assert said.searched_until is not None
    assert said.records_retained_since is not None
    assert any(why.startswith("Searched core, edge") for why in said.why)


def test_an_answer_tells_nothing_of_other_calls_and_other_neighbours(kit: Kit) -> None:
    other_call = request(40, downstream="P040", name="absent", started_at=FIRST + timedelta(hours=3), duration_s=200.0)
    doubtful = request(1, downstream="P040", name="doubtful")
    said = answers(kit, [other_call, doubtful])
    assert said["absent"].answer is AnswerKind.NO_RECORD
    assert said["doubtful"].answer is AnswerKind.NEEDS_REVIEW
    for answer in said.values():
        told = answer.model_dump_json()
        for secret in ("cole_1", "5551", "C-4471", "P003", "P009", "27 s", "70 s", "10 h 30 min"):
            assert secret not in told


def test_absence_of_an_unanswered_call_is_not_claimed_by_a_switch_that_shows_none(kit: Kit) -> None:
    missed = request(77, downstream="P040", started_at=FIRST + timedelta(hours=6), answered=False, duration_s=None)
    (said,) = answers(kit, [missed]).values()
    assert said.answer is AnswerKind.NEEDS_REVIEW
    assert any("may not write them down" in why for why in said.why)


def test_a_call_older_than_what_is_kept_has_expired(kit: Kit) -> None:
    (said,) = answers(kit, [request(77, downstream="P040", started_at=FIRST - timedelta(days=6))]).values()
    assert said.answer is AnswerKind.RECORDS_EXPIRED


def test_where_nothing_was_recorded_around_the_time_a_person_must_look(kit: Kit) -> None:
    (said,) = answers(kit, [request(77, downstream="P040", started_at=FIRST + timedelta(days=9))]).values()
    assert said.answer is AnswerKind.NEEDS_REVIEW


def test_absence_is_not_claimed_while_a_source_is_unread(kit: Kit) -> None:
    desk = Desk(kit.book, kit.store, ("core",))
    desk.take([request(77, downstream="P040", started_at=FIRST + timedelta(hours=6))])
    (said,) = desk.answers().values()
    assert said.answer is AnswerKind.NEEDS_REVIEW
    assert any("core" in why for why in said.why)


def test_absence_is_not_claimed_while_a_rejected_line_mentions_the_number(kit: Kit) -> None:
    (said,) = answers(kit, [request(88, downstream="P040", started_at=FIRST + timedelta(hours=6))]).values()
    assert said.answer is AnswerKind.NEEDS_REVIEW
    assert any("could not be read mention" in why for why in said.why)


HONEST = [request(line, downstream=who) for line, who in enumerate(("P040", "P041", "P042", "P040", "P041", "P042"))]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_answers_that_stand_do_not_depend_on_the_order_of_requests(kit: Kit, data: st.DataObject) -> None:
    expected = answers(kit, HONEST)
    standing = Standing(Desk(kit.book, kit.store))
    final: dict[str, HopAnswer] = {}
    for batch in _batches(data.draw(st.permutations(HONEST)), data):
        final |= {answer.request_id: answer for answer in standing.answer(batch)}
    assert final == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lies=st.lists(
        st.tuples(st.integers(0, 11), st.integers(-14 * 3600, 14 * 3600), st.booleans()), min_size=1, max_size=12
    )
)
def test_no_single_requester_can_steer_what_others_are_told(kit: Kit, lies: list[tuple[int, int, bool]]) -> None:
    hostile = [
        request(
            line,
            downstream="P666",
            name=f"lie{index}",
            started_at=FIRST + timedelta(hours=5 * line, seconds=offset),
            duration_s=20.0 + 7 * line if knows_duration else None,
        )
        for index, (line, offset, knows_duration) in enumerate(lies)
    ]
    alone, together = answers(kit, HONEST), answers(kit, [*hostile, *HONEST])
    for request_id, answer in alone.items():
        other = together[request_id]
        assert (answer.answer, answer.upstream, answer.customer, answer.record_key, answer.found_at) == (
            other.answer, other.upstream, other.customer, other.record_key, other.found_at,
        )  # fmt: skip


def _batches(requests: Sequence[HopRequest], data: st.DataObject) -> Iterator[list[HopRequest]]:
    left = list(requests)
    while left:
        size = data.draw(st.integers(1, len(left)))
        yield left[:size]
        left = left[size:]
