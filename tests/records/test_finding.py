from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopback.kernel.calls import CallRecord, Sought
from hopback.records.clockwork import Clocks, Vote, believed_offset, own_shifts
from hopback.records.finding import Ends, Fit, Found, Outcome, find_call, votes_for

AT = datetime(2026, 10, 28, 15, 0, tzinfo=UTC)
CALLED, CALLING = 12025550143, 13035550111


def record(name: str, *, at: datetime = AT, trunk: str = "bell", **changes: object) -> CallRecord:
    facts = {
        "record_id": name,
        "source": "core",
        "format": "asterisk-csv",
        "file": "core.csv",
        "line": 1,
        "raw": name,
        "setup_at": at,
        "called": {"called_ruri": CALLED},
        "calling": {"calling_from": CALLING},
        "answered": True,
        "duration_s": 31.0,
        "ingress_trunk": trunk,
        "is_naive": True,
    }
    return CallRecord(**{**facts, **changes})  # type: ignore[arg-type]


def sought(**changes: object) -> Sought:
    facts = {"called": CALLED, "calling": CALLING, "started_at": AT, "accuracy_s": 30.0, "answered": True}
    return Sought(**{**facts, **changes})  # type: ignore[arg-type]


def ends(one: CallRecord, _at: datetime) -> Ends:
    return Ends(upstream=one.ingress_trunk, downstream=one.egress_trunk)


CLOCKS = Clocks(zones={"core": "America/New_York"})


def find(asked: Sought, *records: CallRecord, clocks: Clocks = CLOCKS) -> Found:
    return find_call(asked, records, clocks=clocks, ends=ends)


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_one_record_of_the_pair_at_the_time_is_the_call() -> None:
    found = find(sought(), record("a", at=later(4)))
    assert found.outcome is Outcome.FOUND
    assert found.best is not None
    assert found.best.ends.upstream == "bell"
    assert found.best.fit is Fit.EXACT


@pytest.mark.parametrize("off", [-140, -60, 60, 140])
def test_a_clock_may_be_off_by_two_minutes_without_anybody_showing_it(off: float) -> None:
    assert find(sought(accuracy_s=5.0), record("a", at=later(off))).outcome is Outcome.FOUND


def test_the_attempt_that_was_completed_is_the_one_traced() -> None:
    tries = [record(f"try{n}", at=later(-20 * n), trunk="cole", answered=False, duration_s=0.0) for n in (1, 2, 3)]
    for answered in (True, None):
        found = find(sought(answered=answered), *tries, record("call", at=later(2)))
        assert found.outcome is Outcome.FOUND
        assert found.best is not None
        assert found.best.record.record_id == "call"


def test_a_lone_unanswered_try_is_absence_when_the_call_was_answered_and_a_question_when_that_is_unknown() -> None:
    lone = record("try", answered=False, duration_s=0.0)
    assert find(sought(answered=True), lone).outcome is Outcome.ABSENT
    assert find(sought(answered=None), lone).outcome is Outcome.REVIEW
    assert find(sought(answered=False), lone).outcome is Outcome.FOUND


def test_equal_records_from_different_senders_are_ambiguous_and_from_one_sender_are_not() -> None:
    twins = [record("a", trunk="bell"), record("b", trunk="cole")]
    assert find(sought(duration_s=31.0), *twins).outcome is Outcome.AMBIGUOUS
    same = [record("a", trunk="bell"), record("b", trunk="bell")]
    found = find(sought(duration_s=31.0), *same)
    assert found.outcome is Outcome.FOUND
    assert len(found.tied) == 2


def test_two_calls_within_what_the_reporter_knows_are_ambiguous() -> None:
    pair = [record("a", at=later(-170), trunk="bell"), record("b", at=later(160), trunk="cole", duration_s=69.0)]
    assert find(sought(accuracy_s=300.0), *pair).outcome is Outcome.AMBIGUOUS


def test_the_duration_tells_two_calls_of_a_pair_apart() -> None:
    pair = [record("a", at=later(-90), trunk="bell"), record("b", at=later(10), trunk="cole", duration_s=69.0)]
    found = find(sought(duration_s=31.4), *pair)
    assert found.best is not None
    assert found.outcome is Outcome.FOUND
    assert found.best.ends.upstream == "bell"


def test_a_record_that_left_towards_somebody_else_is_not_the_askers_call() -> None:
    there = record("a", egress_trunk="cole")
    here = record("b", at=later(2), trunk="ada", egress_trunk="bell")
    found = find(sought(downstream="bell"), there, here)
    assert found.outcome is Outcome.FOUND
    assert found.best is not None
    assert found.best.ends.upstream == "ada"
    assert find(sought(downstream="bell"), there).outcome is Outcome.ABSENT


def test_when_a_call_was_handed_back_the_record_that_came_from_the_asker_is_not_the_one_that_went_to_it() -> None:
    out, back = record("out", trunk="ada"), record("back", at=later(2), trunk="bell")
    found = find(sought(downstream="bell"), out, back)
    assert found.outcome is Outcome.FOUND
    assert found.best is not None
    assert found.best.record.record_id == "out"
    alone = find(sought(downstream="bell"), back)
    assert alone.best is not None
    assert alone.best.ends.upstream == "bell"


def test_another_call_of_the_pair_far_off_in_time_is_never_taken() -> None:
    assert find(sought(), record("a", at=later(2500), is_naive=False)).outcome is Outcome.ABSENT
    assert find(sought(duration_s=31.0), record("a", at=later(700), duration_s=90.0)).outcome is Outcome.ABSENT


@pytest.mark.parametrize("hours", [-3, -1, 1, 4, 9.5, 9.75])
def test_what_fits_only_under_a_zone_shift_is_a_question_until_somebody_supports_it(hours: float) -> None:
    shifted = record("a", at=later(hours * 3600 + 3))
    found = find(sought(), shifted)
    assert found.outcome is Outcome.REVIEW
    assert "shift_unsupported" in {reason.code for reason in found.reasons}
    votes = tuple(Vote("core", AT, hours * 3600, 30.0, who) for who in ("bell", "cole"))
    supported = find(sought(), shifted, clocks=Clocks(CLOCKS.zones, votes=votes))
    assert supported.outcome is Outcome.FOUND
    assert supported.best is not None
    assert supported.best.offset_s == hours * 3600
    assert abs(supported.best.distance_s) <= 5


def test_the_only_call_of_the_pair_within_half_an_hour_is_a_question_and_not_absent() -> None:
    near = record("a", at=later(1500), is_naive=False)
    assert find(sought(), near).outcome is Outcome.REVIEW
    assert find(sought(duration_s=31.0), near).outcome is Outcome.REVIEW
    assert find(sought(duration_s=90.0), near).outcome is Outcome.ABSENT


def test_two_neighbours_show_a_clock_that_is_minutes_off() -> None:
    votes = tuple(Vote("core", AT, 400.0 + apart, 5.0, who) for who, apart in (("bell", 4), ("cole", -6)))
    found = find(sought(), record("a", at=later(402)), clocks=Clocks(CLOCKS.zones, votes=votes))
    assert found.outcome is Outcome.FOUND
    assert found.best is not None
    assert found.best.offset_s == 399.0


def test_a_source_whose_stamps_carry_their_zone_is_not_suspected_of_a_wrong_one() -> None:
    assert find(sought(), record("a", at=later(3600), is_naive=False)).outcome is Outcome.ABSENT


def test_a_second_clock_in_the_records_shows_the_zone_alone() -> None:
    own = {"core": {AT.date(): (14400.0, 80)}}
    shifted = record("a", at=later(14403), epoch_at=later(3))
    found = find(sought(), shifted, clocks=Clocks(CLOCKS.zones, own=own))
    assert found.outcome is Outcome.FOUND
    assert found.best is not None
    assert found.best.offset_s == 14400.0
    assert "clock_by_own_records" in {reason.code for reason in found.best.reasons}


def test_own_shifts_need_rows_that_agree_and_survive_the_repeated_hour() -> None:
    assert own_shifts({AT.date(): {14400.0: 80, 14401.0: 3, 18000.0: 2}}) == {AT.date(): (14400.0, 83)}
    assert own_shifts({AT.date(): {14400.0: 3}}) == {}
    assert own_shifts({AT.date(): {14400.0: 30, 0.0: 30}}) == {}


def test_the_repeated_hour_is_read_both_ways() -> None:
    zone = ZoneInfo("America/New_York")
    first = datetime(2026, 11, 1, 1, 30, tzinfo=zone).astimezone(UTC)
    second = first + timedelta(hours=1)
    twice = record("a", at=first, setup_alt_at=second)
    for truth, offset in ((first, 0.0), (second, -3600.0)):
        found = find(sought(started_at=truth), twice)
        assert found.outcome is Outcome.FOUND
        assert found.best is not None
        assert (found.best.started_at, found.best.offset_s) == (truth, offset)


def test_an_hour_that_was_repeated_in_the_zone_stamps_are_really_in_is_read_both_ways_too() -> None:
    really, declared = ZoneInfo("America/New_York"), ZoneInfo("America/Halifax")
    truth = datetime(2026, 11, 1, 6, 35, tzinfo=UTC)  # the second 01:35 in New York
    stamp = truth.astimezone(really).replace(tzinfo=None, fold=0)
    shifted = record(
        "a",
        at=stamp.replace(tzinfo=declared).astimezone(UTC),
        setup_alt_at=stamp.replace(tzinfo=declared, fold=1).astimezone(UTC),
    )
    votes = []
    for who in ("bell", "cole"):
        for day in (datetime(2026, 10, 30, 15, tzinfo=UTC), datetime(2026, 11, 3, 15, tzinfo=UTC)):
            wrong = day.astimezone(really).replace(tzinfo=declared).astimezone(UTC) - day
            votes.append(Vote("core", day, wrong.total_seconds(), 5.0, who))
    found = find(sought(started_at=truth), shifted, clocks=Clocks({"core": declared.key}, votes=tuple(votes)))
    assert found.outcome is Outcome.FOUND
    assert found.best is not None
    assert found.best.started_at == truth


def test_a_clock_that_has_been_shown_to_be_right_is_not_suspected_for_one_call() -> None:
    votes = tuple(Vote("core", AT, 1.0, 5.0, who) for who in ("bell", "cole"))
    found = find(sought(), record("a", at=later(3600)), clocks=Clocks(CLOCKS.zones, votes=votes))
    assert found.outcome is Outcome.ABSENT


def test_a_call_id_finds_its_record_whatever_the_stamp_says() -> None:
    found = find(sought(sip_call_id="k@bell"), record("a", at=later(20000), sip_call_id_out="k@bell", is_naive=False))
    assert found.outcome is Outcome.FOUND


def test_a_time_that_is_the_answers_or_lies_inside_the_call_still_finds_it() -> None:
    rung = record("a", at=later(-40), answer_at=AT, duration_s=600.0)
    assert find(sought(accuracy_s=5.0), rung).outcome is Outcome.FOUND
    inside = record("a", at=later(-400), answer_at=later(-390), end_at=later(300), duration_s=690.0)
    assert find(sought(accuracy_s=5.0), inside).outcome is Outcome.REVIEW
    assert find(sought(accuracy_s=5.0, duration_s=690.0), inside).outcome is Outcome.REVIEW
    known = record("a", at=later(-400), answer_at=later(-390), end_at=later(300), sip_call_id_out="k@bell")
    assert find(sought(accuracy_s=5.0, sip_call_id="k@bell"), known).outcome is Outcome.FOUND


def test_a_trunk_without_an_owner_names_nobody() -> None:
    found = find_call(sought(), [record("a")], clocks=CLOCKS, ends=lambda _record, _at: Ends(problem="no_owner"))
    assert found.outcome is Outcome.REVIEW


def test_a_caller_rewritten_on_the_way_is_a_question_for_a_person() -> None:
    rewritten = record("a", calling={"calling_from": 14045550199})
    assert find(sought(duration_s=31.0), rewritten).outcome is Outcome.REVIEW
    assert find(sought(duration_s=50.0), rewritten).outcome is Outcome.ABSENT


def test_a_withheld_caller_is_found_alone_and_ambiguous_in_company() -> None:
    assert find(sought(calling=None), record("a")).outcome is Outcome.FOUND
    assert find(sought(calling=None), record("a", at=later(120))).outcome is Outcome.REVIEW
    company = [record("a"), record("b", at=later(9), trunk="cole", calling={"calling_from": 14045550199})]
    assert find(sought(calling=None), *company).outcome is Outcome.AMBIGUOUS
    assert find(sought(calling=None, duration_s=31.0), record("a", at=later(120))).outcome is Outcome.FOUND


def test_a_record_without_a_caller_is_a_question_unless_its_duration_agrees() -> None:
    bare = record("a", calling={})
    assert find(sought(), bare).outcome is Outcome.REVIEW
    assert find(sought(duration_s=31.0), bare).outcome is Outcome.FOUND


def test_votes_come_only_from_calls_found_without_doubt() -> None:
    def votes(asked: Sought, *records: CallRecord) -> tuple[Vote, ...]:
        return votes_for(asked, records, clocks=CLOCKS, ends=ends)

    lone = record("a", at=later(3600))
    assert votes(sought(downstream="bell"), lone) == (Vote("core", AT, 3600.0, 30.0, "bell"),)
    assert votes(sought(), lone, record("b", at=later(7200))) == ()
    told_apart = votes(sought(duration_s=31.0), lone, record("b", at=later(7200), duration_s=80.0))
    assert [vote.offset_s for vote in told_apart] == [3600.0]


WHO = ("bell", "cole", "ada", "elk", "fox")


@st.composite
def honest_votes(draw: st.DrawFn) -> list[Vote]:
    """Calls that several neighbours found in a source that writes India's time under New York's name."""
    votes = []
    for who in draw(st.lists(st.sampled_from(WHO), min_size=3, max_size=5, unique=True)):
        for _ in range(draw(st.integers(1, 3))):
            at = AT + timedelta(hours=draw(st.integers(-24, 24 * 7)))
            declared = ZoneInfo("America/New_York").utcoffset(at.astimezone(ZoneInfo("America/New_York")))
            assert declared is not None
            shift = 19800 - declared.total_seconds()
            votes.append(
                Vote("core", at, shift + draw(st.integers(-100, 100)), draw(st.sampled_from([2.0, 30.0, 120.0])), who)
            )
    return votes


@settings(max_examples=100, deadline=None)
@given(votes=honest_votes(), data=st.data())
def test_what_is_believed_of_a_clock_does_not_depend_on_the_order_of_votes(
    votes: list[Vote], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(votes))
    at = AT + timedelta(hours=data.draw(st.integers(0, 100)))
    believed = believed_offset(votes, source="core", zone="America/New_York", at=at)
    assert believed == believed_offset(shuffled, source="core", zone="America/New_York", at=at)
    assert believed is not None
    assert believed.voters >= 2


@settings(max_examples=100, deadline=None)
@given(
    votes=honest_votes(),
    lies=st.lists(st.tuples(st.integers(-48, 200), st.integers(-14 * 3600, 14 * 3600)), min_size=1, max_size=40),
    hours=st.integers(-20, 150),
)
def test_no_single_requester_can_steer_a_clock(votes: list[Vote], lies: list[tuple[int, int]], hours: int) -> None:
    at = AT + timedelta(hours=hours)
    hostile = [Vote("core", AT + timedelta(hours=when), float(offset), 2.0, "mallory") for when, offset in lies]
    believed = believed_offset(votes, source="core", zone="America/New_York", at=at)
    with_lies = believed_offset(votes + hostile, source="core", zone="America/New_York", at=at)
    assert believed is not None
    assert with_lies is not None
    assert with_lies.offset_s == believed.offset_s


@settings(max_examples=100, deadline=None)
@given(lies=st.lists(st.tuples(st.integers(-48, 48), st.integers(-14 * 3600, 14 * 3600)), min_size=1, max_size=30))
def test_one_requester_alone_moves_no_clock(lies: list[tuple[int, int]]) -> None:
    votes = [Vote("core", AT + timedelta(hours=when), float(offset), 2.0, "mallory") for when, offset in lies]
    assert believed_offset(votes, source="core", zone="America/New_York", at=AT) is None


def test_a_shift_seen_before_the_clocks_changed_is_not_assumed_after() -> None:
    before = [Vote("core", AT, 3600.0, 2.0, who) for who in ("bell", "cole")]
    after = AT + timedelta(days=6)
    assert believed_offset(before, source="core", zone="America/Chicago", at=AT) is not None
    assert believed_offset(before, source="core", zone="America/Chicago", at=after) is None


def test_the_order_of_records_never_changes_the_verdict() -> None:
    records = [
        record("a", at=later(-170), trunk="bell"),
        record("b", at=later(160), trunk="cole", duration_s=69.0),
        record("c", at=later(3), trunk="elk", answered=False, duration_s=0.0),
    ]
    verdicts = {
        (found.outcome, found.best and found.best.record.record_id)
        for found in (find(sought(accuracy_s=300.0), *order) for order in permutations(records))
    }
    assert len(verdicts) == 1
