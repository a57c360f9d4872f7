"""What the answers that stand come to, and the part each provider plays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopback.kernel import commands as cmd
from hopback.kernel.answers import Answer, AnswerKind
from hopback.kernel.hops import HopState, SourceKind, TraceKind
from hopback.kernel.outcomes import HopRole, Outcome, Result
from hopback.kernel.paths import effective_path, outcome_of, path_of, point_of_entry, roles

COUNTRIES = {"alma": "US", "bell": "US", "cole": "US", "zara": "PK", "yuri": "IN"}


def parts(*path: str, is_origin: bool = False) -> tuple[HopRole, ...]:
    return roles(path, countries=COUNTRIES, home="US", is_origin=is_origin)


def entry(*path: str) -> str | None:
    return point_of_entry(path, countries=COUNTRIES, home="US")


def test_the_last_one_is_originating_only_if_it_named_its_own_customer() -> None:
    transit, ends = HopRole.TRANSIT, HopRole.TERMINATING
    assert parts("alma", "bell", "cole", is_origin=True) == (ends, transit, HopRole.ORIGINATING)
    assert parts("alma", "bell", "cole") == (ends, transit, transit)
    assert parts("alma", is_origin=True) == (HopRole.ORIGINATING,)
    assert parts("alma") == (ends,)
    assert parts() == ()


def test_who_takes_a_call_from_abroad_is_the_gateway_of_that_call() -> None:
    assert parts("alma", "bell", "zara") == (HopRole.TERMINATING, HopRole.GATEWAY, HopRole.FOREIGN_TRANSIT)
    assert parts("alma", "zara", is_origin=True) == (HopRole.GATEWAY, HopRole.FOREIGN_ORIGINATING)
    assert parts("alma", "zara", "yuri", is_origin=True)[1:] == (
        HopRole.FOREIGN_TRANSIT,
        HopRole.FOREIGN_ORIGINATING,
    )


def test_nobody_is_called_foreign_on_no_evidence() -> None:
    assert parts("alma", "unheard-of") == (HopRole.TERMINATING, HopRole.TRANSIT)
    assert entry("alma", "unheard-of") is None


def test_the_point_of_entry_is_the_domestic_provider_nearest_to_a_foreign_end() -> None:
    assert entry("alma", "bell", "zara") == "bell"
    assert entry("alma", "bell", "zara", "yuri") == "bell"
    assert entry("alma", "zara", "bell", "yuri") == "bell"
    assert entry("alma", "zara", "bell") is None
    assert entry("zara") is None
    assert entry() is None


@given(st.lists(st.sampled_from(sorted(COUNTRIES)), max_size=8), st.booleans())
def test_every_provider_on_a_path_has_one_part_and_foreign_parts_are_for_foreign_providers(
    path: list[str], is_origin: bool
) -> None:
    given_parts = parts(*path, is_origin=is_origin)
    assert len(given_parts) == len(path)
    for provider, part in zip(path, given_parts, strict=True):
        is_foreign = part in (HopRole.FOREIGN_TRANSIT, HopRole.FOREIGN_ORIGINATING)
        assert is_foreign == (COUNTRIES[provider] != "US")


def test_before_anything_is_answered_nothing_is_said(story: Any) -> None:
    story.do(cmd.Propose("T1", story.call, "s", SourceKind.HONEYPOT, by=story.ada))
    assert story.outcome() == Result(None)
    assert effective_path(story.now) == ()


def test_an_open_request_or_a_named_provider_yet_to_be_asked_leaves_the_outcome_open(story: Any) -> None:
    story.begin().ask(1)
    assert story.outcome() == Result(None, 0.0, ("alma",))
    story.say(1, Answer(AnswerKind.UPSTREAM_NAMED, upstream="bell", confidence=1.0))
    assert story.outcome().outcome is None
    story.stand(1)
    assert story.outcome() == Result(None, 0.0, ("alma",))
    story.do(cmd.Advance(1, by=story.system))
    assert story.outcome() == Result(None, 0.0, ("alma", "bell"))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(AnswerKind.CUSTOMER_NAMED, customer="C"), Outcome.ORIGIN_IDENTIFIED),
        (Answer(AnswerKind.CUSTOMER_NAMED), Outcome.ORIGIN_PROVIDER_ONLY),
        (Answer(AnswerKind.NO_RECORD), Outcome.NO_RECORD_AT_HOP),
        (Answer(AnswerKind.RECORDS_EXPIRED), Outcome.RECORDS_EXPIRED),
        (Answer(AnswerKind.AMBIGUOUS), Outcome.AMBIGUOUS),
        (Answer(AnswerKind.NEEDS_REVIEW), Outcome.AMBIGUOUS),
    ],
)
def test_the_last_answer_that_stands_decides(story: Any, answer: Answer, outcome: Outcome) -> None:
    story.begin()
    story.follow(1, "bell")
    story.settle(2, answer)
    result = story.outcome()
    assert (result.outcome, result.path) == (outcome, ("alma", "bell"))
    is_origin = outcome in (Outcome.ORIGIN_IDENTIFIED, Outcome.ORIGIN_PROVIDER_ONLY)
    assert result.origin_provider == ("bell" if is_origin else None)
    assert result.customer == answer.customer
    assert result.point_of_entry is None
    story.do(cmd.Conclude(result, by=story.ada))


def test_silence_abroad_is_a_point_of_entry_and_silence_at_home_a_silent_provider(story: Any, make_story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.follow(2, "zara")
    story.ask(3).silence(3)
    result = story.outcome()
    assert result == Result(Outcome.FOREIGN_ENTRY_ONLY, 0.9, ("alma", "bell", "zara"), None, None, "bell")
    story.do(cmd.Conclude(result, by=story.ada))

    home = make_story().begin()
    home.follow(1, "bell")
    home.ask(2)
    home.at = home.hop(2).delinquent_after
    assert home.outcome().outcome is None
    home.silence(2)
    assert home.outcome() == Result(Outcome.NON_RESPONSIVE, 0.9, ("alma", "bell"))


def test_a_foreign_provider_nobody_can_reach_is_named_and_not_asked(story: Any) -> None:
    story.begin()
    story.follow(1, "zara")
    story.do(cmd.CancelHop(2, "no contact", by=story.ada))
    result = story.outcome()
    assert (result.outcome, result.path, result.point_of_entry) == (
        Outcome.FOREIGN_ENTRY_ONLY,
        ("alma", "zara"),
        "alma",
    )
    story.do(cmd.Conclude(result, by=story.ada))


def test_a_domestic_provider_no_longer_asked_is_not_held_to_be_silent(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.do(cmd.CancelHop(2, "no contact", by=story.ada))
    assert story.outcome() == Result(None, 0.0, ("alma",))


def test_a_foreign_provider_that_names_its_customer_is_the_origin(story: Any) -> None:
    story.begin()
    story.follow(1, "zara")
    story.settle(2, Answer(AnswerKind.CUSTOMER_NAMED, customer="C-Z", confidence=0.7))
    result = story.outcome()
    assert result == Result(Outcome.ORIGIN_IDENTIFIED, 0.7, ("alma", "zara"), "zara", "C-Z", "alma")


def test_a_trace_forward_ends_with_the_customer_of_the_number(story: Any) -> None:
    story.do(cmd.Propose("T1", story.call, "s", SourceKind.HONEYPOT, kind=TraceKind.FORWARD, by=story.ada))
    story.do(cmd.Vet("r", ("b",), ("v",), by=story.ada))
    story.do(cmd.Open("bell", by=story.ada))
    story.settle(1, Answer(AnswerKind.CUSTOMER_NAMED, customer="C-B"))
    assert story.outcome().outcome is Outcome.FORWARD_CUSTOMER_IDENTIFIED


def test_an_answer_that_does_not_stand_names_nobody(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.ask(2).say(2, Answer(AnswerKind.CUSTOMER_NAMED, customer="C-innocent"))
    assert story.outcome() == Result(None, 0.0, ("alma", "bell"))
    assert path_of(story.now) == ("alma", "bell")


def test_an_answer_being_corrected_or_contested_names_nobody(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.settle(2, Answer(AnswerKind.CUSTOMER_NAMED, customer="C-perhaps"))
    story.do(cmd.DisputeHop(2, "we only carried it", by=story.of("bell")))
    assert story.outcome() == Result(None, 0.0, ("alma", "bell"))
    story.do(cmd.ResolveDispute(2, cmd.DisputeResult.UPHELD, "its own records say so", by=story.ada))
    story.do(cmd.CorrectAnswer(2, Answer(AnswerKind.NO_RECORD), "c", by=story.of("bell")))
    assert story.outcome() == Result(None, 0.0, ("alma", "bell"))


def test_a_late_answer_leads_on_like_any_other(story: Any) -> None:
    story.begin().ask(1).silence(1)
    story.say(1, Answer(AnswerKind.CUSTOMER_NAMED, customer="C-A"))
    assert story.hop(1).state is HopState.LATE_ANSWERED
    story.stand(1)
    assert outcome_of(story.now, countries=COUNTRIES, home="US").outcome is Outcome.ORIGIN_IDENTIFIED
