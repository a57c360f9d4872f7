"""A finding is a person's decision, with a reason, evidence and a way to contest it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopback.kernel.errors import BadInput, Refused
from hopback.kernel.findings import (
    STANDING_STEPS,
    AppealState,
    Finding,
    FindingKind,
    Standing,
    appeal,
    decide_appeal,
    step,
)

AFTER = datetime(2026, 11, 17, 15, tzinfo=UTC)
FOUND = Finding(FindingKind.NON_RESPONSIVE, "bell", "silent", ("ev-1",), "ada", AFTER + timedelta(days=7), AFTER)


def test_a_finding_without_reason_evidence_decider_or_patience_is_none() -> None:
    for changes in (
        {"reason": " "},
        {"provider": ""},
        {"decided_by": ""},
        {"evidence": ()},
        {"decided_at": AFTER},
        {"rests_on": datetime(2026, 11, 17, 15)},  # noqa: DTZ001
    ):
        with pytest.raises(BadInput):
            replace(FOUND, **changes)


def test_a_finding_under_appeal_does_not_count_until_somebody_else_has_decided() -> None:
    assert FOUND.stands
    open_one = appeal(FOUND)
    assert not open_one.stands
    with pytest.raises(Refused):
        appeal(open_one)
    with pytest.raises(Refused):
        decide_appeal(open_one, by="ada", reason="mine", is_upheld=True)
    with pytest.raises(BadInput):
        decide_appeal(open_one, by="edith", reason=" ", is_upheld=True)
    assert decide_appeal(open_one, by="edith", reason="delivered", is_upheld=True).stands
    gone = decide_appeal(open_one, by="edith", reason="never delivered", is_upheld=False)
    assert gone.appeal is AppealState.WITHDRAWN
    assert not gone.stands
    with pytest.raises(Refused):
        decide_appeal(gone, by="edith", reason="again", is_upheld=True)
    with pytest.raises(Refused):
        decide_appeal(FOUND, by="edith", reason="nobody asked", is_upheld=False)


def test_a_machine_watches_and_never_judges() -> None:
    assert step(Standing.CLEAR, to=Standing.WATCH, by_person=False) is Standing.WATCH
    with pytest.raises(Refused):
        step(Standing.WATCH, to=Standing.UNDER_REVIEW, by_person=False)
    assert step(Standing.WATCH, to=Standing.UNDER_REVIEW, by_person=True) is Standing.UNDER_REVIEW


@given(st.lists(st.sampled_from(Standing), max_size=30))
def test_nobody_is_found_anything_without_a_review_and_nobody_upheld_without_an_appeal(tries: list[Standing]) -> None:
    now, before = Standing.CLEAR, Standing.CLEAR
    found = {Standing.NON_RESPONSIVE_PERIOD, Standing.REPEAT_ORIGIN, Standing.NON_COOPERATIVE}
    for to in tries:
        try:
            before, now = now, step(now, to=to, by_person=True)
        except Refused:
            continue
        if now in found:
            assert before is Standing.UNDER_REVIEW
        if now in (Standing.UPHELD, Standing.WITHDRAWN):
            assert before is Standing.APPEALED
    assert set(STANDING_STEPS) == set(Standing)
