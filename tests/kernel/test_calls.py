from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hopback.kernel.calls import Agreement, CallRecord, Sought, same_call

AT = datetime(2026, 10, 28, 15, 0, tzinfo=UTC)


def record(**changes: object) -> CallRecord:
    facts = {
        "record_id": "r1",
        "source": "core",
        "format": "yeti-csv",
        "file": "core.csv",
        "line": 2,
        "raw": "…",
        "setup_at": AT,
        "called": {"called_ruri": 12025550143},
        "calling": {"calling_from": 13035550111},
        "answered": True,
        "duration_s": 31.0,
    }
    return CallRecord(**{**facts, **changes})  # type: ignore[arg-type]


def sought(**changes: object) -> Sought:
    facts = {"called": 12025550143, "calling": 13035550111, "started_at": AT, "accuracy_s": 5.0}
    return Sought(**{**facts, **changes})  # type: ignore[arg-type]


def test_the_plain_case_agrees_in_both_numbers() -> None:
    likeness = same_call(sought(), record())
    assert likeness.is_same_pair
    assert not likeness.is_contradicted
    assert likeness.called_by == "called_ruri"


@pytest.mark.parametrize(
    "column", ["called_dialed", "called_pretranslation", "diverting", "original_called", "called_sent"]
)
def test_a_called_number_is_found_in_whatever_column_it_stands(column: str) -> None:
    likeness = same_call(sought(), record(called={"called_ruri": 15125550100, column: 12025550143}))
    assert likeness.called is Agreement.SAME
    assert likeness.called_by == column


def test_an_unknown_prefix_before_ten_equal_digits_is_like_and_not_same() -> None:
    likeness = same_call(sought(), record(called={"called_ruri": 99012025550143}))
    assert likeness.called is Agreement.LIKE


def test_a_rewritten_caller_differs_unless_another_identity_carries_it() -> None:
    assert not same_call(sought(), record(calling={"calling_from": 14045550199})).is_same_pair
    both = {"calling_from": 14045550199, "calling_pai": 13035550111}
    assert same_call(sought(), record(calling=both)).calling_by == "calling_pai"


def test_a_withheld_caller_neither_agrees_nor_differs() -> None:
    assert same_call(sought(calling=None), record()).calling is Agreement.UNKNOWN
    assert same_call(sought(), record(calling={})).calling is Agreement.UNKNOWN


@pytest.mark.parametrize(
    ("asked", "recorded", "agreement"),
    [
        (31.0, 31.0, Agreement.SAME),
        (31.0, 32.9, Agreement.SAME),
        (31.0, 35.0, Agreement.LIKE),
        (31.0, 40.0, Agreement.DIFFERS),
        (3600.0, 3630.0, Agreement.SAME),
        (None, 31.0, Agreement.UNKNOWN),
        (31.0, None, Agreement.UNKNOWN),
    ],
)
def test_durations_are_compared_with_the_slack_two_switches_need(
    asked: float | None, recorded: float | None, agreement: Agreement
) -> None:
    assert same_call(sought(duration_s=asked), record(duration_s=recorded)).duration is agreement


def test_an_unanswered_try_is_not_the_call_that_was_answered() -> None:
    likeness = same_call(sought(answered=True), record(answered=False, duration_s=0.0))
    assert likeness.is_contradicted
    assert "not_answered" in {reason.code for reason in likeness.reasons}


def test_a_call_id_corroborates_when_equal_and_says_nothing_when_not() -> None:
    assert same_call(sought(sip_call_id="a@x"), record(sip_call_id_out="a@x")).is_corroborated
    other = same_call(sought(sip_call_id="a@x"), record(sip_call_id_out="b@x"))
    assert other.call_id is Agreement.UNKNOWN
    assert not other.is_contradicted
