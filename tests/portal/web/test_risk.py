"""The estimate of lateness: what moves it, and that it shows what it rests on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopback.portal.web.risk import estimate

USUAL: dict[str, Any] = {
    "late": 2,
    "asked": 20,
    "everybody": 0.1,
    "place": 1,
    "is_foreign": False,
    "hours_left": 8.0,
}


def test_a_provider_with_no_history_is_taken_for_everybody() -> None:
    assert estimate(**USUAL | {"late": 0, "asked": 0}).share == pytest.approx(0.1)


def test_one_late_answer_is_no_bad_record() -> None:
    assert estimate(**USUAL | {"late": 1, "asked": 1}).share < 0.2
    assert estimate(**USUAL | {"late": 50, "asked": 50}).share > 0.8


@pytest.mark.parametrize("worse", [{"place": 6}, {"is_foreign": True}, {"hours_left": 0.5}, {"late": 9}])
def test_what_makes_answers_slow_raises_it_and_is_named(worse: dict[str, Any]) -> None:
    before, after = estimate(**USUAL), estimate(**USUAL | worse)
    assert after.share > before.share
    assert after.terms != before.terms


def test_what_is_late_is_not_estimated() -> None:
    risk = estimate(**USUAL, is_late=True)
    assert risk.is_late
    assert risk.terms[-1].value == "late already"


@given(
    st.integers(0, 500).flatmap(lambda asked: st.tuples(st.integers(0, asked), st.just(asked))),
    st.floats(0, 1),
    st.integers(1, 20),
    st.booleans(),
    st.none() | st.floats(0, 100),
)
def test_it_is_always_a_share_and_its_factors_multiply_out(
    record: tuple[int, int],
    everybody: float,
    place: int,
    is_foreign: bool,
    hours_left: float | None,
) -> None:
    late, asked = record
    risk = estimate(
        late=late, asked=asked, everybody=everybody, place=place, is_foreign=is_foreign, hours_left=hours_left
    )
    assert 0.0 < risk.share < 1.0
    begin = min(0.99, max(0.01, (late + 10 * everybody) / (asked + 10)))
    odds = begin / (1 - begin)
    for term in risk.terms:
        odds *= term.factor if term.factor is not None else 1
    assert risk.share == pytest.approx(min(0.99, max(0.01, odds / (1 + odds))))
