from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from behind import tamper
from hopback.kernel.commands import DisputeResult
from hopback.kernel.errors import BadInput, BrokenProof, NotFound, Refused
from hopback.kernel.hops import DeclineReason, HopState, SourceKind, TraceState
from hopback.portal.audit.actors import EXERCISE_ANALYST, SYSTEM, Actor, Role
from hopback.portal.audit.models import Leaf
from hopback.portal.audit.verify import verify
from hopback.portal.config import Configuration
from hopback.portal.embedded import (
    open_call,
    open_requests,
    providers_asked,
    results,
    run_clocks,
    seal_log,
    take_answer,
    take_answers,
    use,
    verify_log,
    withdrawn,
)
from hopback.portal.jobs.models import Job
from hopback.portal.jobs.working import work
from hopback.portal.tracebacks import actions
from hopback.portal.tracebacks.access import hop_of, hops_of, tracebacks_of
from hopback.portal.tracebacks.docket import load
from hopback.portal.tracebacks.models import Hop, Response, Traceback, TraceEvent
from hopback.portal.tracebacks.policies import EXERCISE, STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.kernel.calls import Sought
    from hopback.wire.hops import HopAnswer

ADA = Actor("ada", Role.LEAD)
ABE = Actor("abe", Role.ANALYST)
BELL = Actor("bell", Role.PROVIDER, provider="P1")
COLE = Actor("cole", Role.PROVIDER, provider="P2")
DANA = Actor("dana", Role.OUTSIDER)

pytestmark = pytest.mark.usefixtures("directory")


def opened(sample: Sought, at: datetime, *, terminating: str = "P1") -> Traceback:
    """A traceback opened by people, under the consortium's own policy."""
    trace = actions.propose_sample(
        ABE,
        STANDARD.version,
        sample,
        at=at,
        source="honeypot-7",
        source_kind=SourceKind.HONEYPOT,
        terminating=terminating,
        campaign="parcel fee",
        reference="S1",
        identity="eyJ.header",
    )
    row = Traceback.objects.get(pk=trace.id)
    actions.vet(ADA, row, at=at, reason="a known script", basis=("transcript",), violations=("no consent",))
    actions.open_traceback(ADA, row, at=at)
    return Traceback.objects.get(pk=trace.id)


def test_a_call_is_traced_home(sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]) -> None:
    open_call("K1", sample, terminating="P1", at=noon, campaign="parcel fee", identity="eyJ.header")
    assert providers_asked() == ["P1"]
    (first,) = open_requests("P1", at=noon)
    assert (first.called, first.calling, first.downstream) == ("+12025550143", "+13125550188", None)
    assert (first.campaign, first.identity, first.accuracy_s) == ("parcel fee", "eyJ.header", 60.0)
    assert take_answer("P1", answer(first, "P1", upstream="P2"), at=noon)
    (second,) = open_requests("P2", at=noon)
    assert (second.downstream, second.identity, second.accuracy_s, second.sip_call_id) == ("P1", None, 2.0, "x")
    assert take_answer("P2", answer(second, "P2", customer="C-77"), at=noon)
    (result,) = results()
    assert (result.call_id, result.outcome, result.path) == ("K1", "origin_identified", ("P1", "P2"))
    assert (result.origin_provider, result.customer, result.point_of_entry) == ("P2", "C-77", None)
    assert [(hop.provider, hop.answer.value, hop.upstream, hop.customer) for hop in result.hops] == [
        ("P1", "upstream_named", "P2", None),
        ("P2", "customer_named", None, "C-77"),
    ]
    assert providers_asked() == []
    assert run_clocks(now=noon) == noon  # nothing is owed any more


def test_the_deadline_is_that_of_the_office_asked_and_keeps_its_working(sample: Sought) -> None:
    friday = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)  # 15:00 in Chicago
    open_call("K1", sample, terminating="P1", at=friday)
    open_requests("P1", at=friday)
    hop = Hop.objects.get()
    monday = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
    assert (hop.received_at, hop.respond_by, hop.delinquent_after) == (friday, monday, monday)
    assert [(part["runs"], part["why"]) for part in hop.working] == [
        (True, "running"),
        (False, "weekend"),
        (True, "running"),
    ]


def test_before_opening_both_readings_are_kept(sample: Sought) -> None:
    early = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)  # Tuesday 06:00 in Chicago
    open_call("K1", sample, terminating="P1", at=early)
    open_requests("P1", at=early)
    hop = Hop.objects.get()
    assert hop.respond_by == datetime(2026, 11, 18, 14, 0, tzinfo=UTC)
    assert hop.delinquent_after == datetime(2026, 11, 19, 14, 0, tzinfo=UTC)


def test_fetching_again_does_not_start_the_clock_again(sample: Sought, noon: datetime) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    open_requests("P1", at=noon)
    open_requests("P1", at=noon + timedelta(hours=3))
    assert Hop.objects.get().received_at == noon
    assert TraceEvent.objects.filter(name="hop.delivered").count() == 1


def test_silence_at_home_is_found_by_the_clock_the_ladder_and_the_wait(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    wednesday = noon + timedelta(days=2)
    open_call("K1", sample, terminating="P1", at=wednesday)
    (first,) = open_requests("P1", at=wednesday)
    take_answer("P1", answer(first, "P1", upstream="P3"), at=wednesday)
    hop = Hop.objects.get(number=2)
    assert (hop.state, hop.received_at) == ("delivered", wednesday)
    end = run_clocks(now=wednesday)
    story = TraceEvent.objects.filter(number__gt=11).order_by("number").values_list("name", "at")
    names = [name for name, _ in story]
    assert names == [
        *["hop.reminded"] * 3,
        "hop.lapsed",
        "hop.defaulted",
        *["hop.escalated"] * 3,
        "trace.stalled",
        "hop.found",
        "trace.concluded",
    ]
    at = dict(story)
    assert hop.respond_by is not None
    assert at["hop.lapsed"] > hop.respond_by
    # due on Thursday at 13:00 in New York; five business days on, past Veterans Day, it is Friday of the week after
    assert end == at["hop.found"] == datetime(2026, 11, 13, 18, 0, tzinfo=UTC)
    (result,) = results()
    assert (result.outcome, result.path, result.customer) == ("non_responsive", ("P1", "P3"), None)
    assert result.hops[-1].answer == "no_answer"
    found = TraceEvent.objects.get(name="hop.found")
    assert found.actor == "exercise-analyst"
    assert hop.delinquent_after is not None
    assert found.data["finding"]["rests_on"] == hop.delinquent_after.isoformat()
    verify_log()


def test_silence_abroad_ends_at_the_point_of_entry_and_is_held_against_nobody(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    (first,) = open_requests("P1", at=noon)
    take_answer("P1", answer(first, "P1", upstream="P4"), at=noon)
    run_clocks(now=noon)
    (result,) = results()
    assert (result.outcome, result.path, result.point_of_entry) == ("foreign_entry_only", ("P1", "P4"), "P1")
    assert result.origin_provider is None
    assert not TraceEvent.objects.filter(name="hop.found").exists()


def test_in_a_real_portal_the_clock_finds_nobody(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    row = opened(sample, noon)
    (first,) = open_requests("P1", at=noon)
    actions.answer_hop(BELL, hop_of(BELL, first.request_id), answer(first, "P1", upstream="P3"), at=noon)
    hop = hop_of(ADA, Hop.objects.get(number=2).request_id)
    actions.record_delivery(ADA, hop, at=noon, received=noon, proof="the postman")
    run_clocks(now=noon)
    row.refresh_from_db()
    assert row.state == TraceState.STALLED
    assert row.review == "hop 2 has not answered: decide whether it did not respond"
    later = noon + timedelta(days=30)
    notice: dict[str, Any] = {"reason": "no answer", "evidence": ("event:1",), "noticed_at": noon}
    for nobody in (SYSTEM, BELL, DANA, EXERCISE_ANALYST):
        with pytest.raises(Refused):
            actions.find_non_responsive(
                nobody, hop, at=later, reason="no answer", evidence=("event:1",), noticed_at=noon
            )
    with pytest.raises(Refused, match="has not been told"):
        actions.find_non_responsive(ADA, hop, at=later, reason="no answer", evidence=("event:1",))
    actions.find_non_responsive(ADA, hop, at=later, **notice)
    with pytest.raises(Refused):
        actions.conclude(EXERCISE_ANALYST, row, at=later)
    assert actions.conclude(ADA, row, at=later).state is TraceState.CONCLUDED
    with pytest.raises(Refused, match="second person"):
        actions.close(ADA, row, at=later, notices=("P3",))
    assert actions.close(ABE, row, at=later, notices=("P3",)).state is TraceState.CLOSED


def test_a_late_answer_still_counts(sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]) -> None:
    opened(sample, noon)
    (first,) = open_requests("P1", at=noon)
    later = noon + timedelta(days=3)
    work(now=noon, until=later)
    assert Hop.objects.get().state == "delinquent"
    actions.answer_hop(BELL, hop_of(BELL, first.request_id), answer(first, "P1", upstream="P2"), at=later)
    trace = load(Traceback.objects.get().pk).now
    assert trace.hops[0].late_s == (later - (noon + timedelta(days=1))).total_seconds()
    assert [hop.state for hop in trace.hops] == [HopState.ACCEPTED, HopState.SENT]


def test_a_correction_that_names_another_supersedes_what_is_above(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    (first,) = open_requests("P1", at=noon)
    take_answer("P1", answer(first, "P1", upstream="P2"), at=noon)
    (second,) = open_requests("P2", at=noon)
    take_answer("P2", answer(second, "P2", customer="C-1"), at=noon)
    assert results()[0].origin_provider == "P2"
    later = noon + timedelta(hours=2)
    assert take_answer("P1", answer(first, "P1", upstream="P5", why=("new evidence",)), at=later)
    assert withdrawn("P2") == [second.request_id]
    assert not take_answer("P2", answer(second, "P2", customer="C-2"), at=later)
    (third,) = open_requests("P5", at=later)
    take_answer("P5", answer(third, "P5", customer="C-9"), at=later)
    (result,) = results()
    assert (result.path, result.customer, result.state) == (("P1", "P5"), "C-9", "concluded")
    assert Response.objects.count() == 4
    assert TraceEvent.objects.filter(name="trace.reopened", actor="exercise-analyst").exists()
    verify_log()


def test_the_same_answer_again_counts_once(sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    (first,) = open_requests("P1", at=noon)
    said = answer(first, "P1", upstream="P2")
    assert take_answer("P1", said, at=noon)
    version = Traceback.objects.get().version
    assert not take_answer("P1", said, at=noon + timedelta(hours=1))
    assert (Traceback.objects.get().version, Response.objects.count()) == (version, 1)


def test_an_upstream_the_directory_does_not_know_is_not_guessed(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    (first,) = open_requests("P1", at=noon)
    take_answer("P1", answer(first, "P1", upstream="P99"), at=noon)
    run_clocks(now=noon)
    (result,) = results()
    assert (result.outcome, result.path, result.origin_provider) == ("needs_review", ("P1",), None)
    assert result.review == "hop 1 names P99, which is not in the directory"
    assert take_answer("P1", answer(first, "P1", upstream="P2"), at=noon)
    assert providers_asked() == ["P2"]


def test_an_answer_that_names_nobody_waits_and_stops_no_other(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    for call in ("K1", "K2"):
        open_call(call, sample, terminating="P1", at=noon)
    one, two = open_requests("P1", at=noon)
    nobody = answer(one, "P1", kind="upstream_named")
    assert take_answers("P1", [nobody, answer(two, "P1", customer="C-1")], at=noon).counted == 2
    assert [(result.outcome, result.review) for result in results()] == [
        ("needs_review", "the answer of hop 1 lacks upstream"),
        ("origin_identified", ""),
    ]


def test_an_unknown_terminating_provider_waits_for_a_person(sample: Sought, noon: datetime) -> None:
    open_call("K1", sample, terminating="P99", at=noon)
    (result,) = results()
    assert (result.state, result.outcome, result.path) == ("vetted", "needs_review", ())
    row = Traceback.objects.get()
    with pytest.raises(Refused, match="P99 is not in the directory"):
        actions.open_traceback(EXERCISE_ANALYST, row, at=noon)
    actions.open_traceback(EXERCISE_ANALYST, row, at=noon, provider="P2")
    assert providers_asked() == ["P2"]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"kind": "ambiguous"}, "ambiguous"),
        ({"kind": "needs_review"}, "ambiguous"),
        ({"kind": "denied"}, "conflicting_answers"),
        ({"kind": "no_record"}, "no_record_at_hop"),
        ({"kind": "records_expired"}, "records_expired"),
    ],
)
def test_what_leads_no_further_ends_where_it_was_said(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer], said: dict[str, str], outcome: str
) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    (first,) = open_requests("P1", at=noon)
    take_answer("P1", answer(first, "P1", **said), at=noon)
    (result,) = results()
    assert (result.outcome, result.path, result.customer) == (outcome, ("P1",), None)


def test_two_who_name_each_other_by_one_record_conflict(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    for provider, upstream in (("P1", "P2"), ("P2", "P1"), ("P1", "P2")):
        (request,) = open_requests(provider, at=noon)
        take_answer(provider, answer(request, provider, upstream=upstream), at=noon)
    (result,) = results()
    assert (result.outcome, result.path) == ("conflicting_answers", ("P1", "P2", "P1"))
    assert providers_asked() == []


def test_a_call_that_comes_back_with_another_record_goes_on(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    for number, (provider, upstream) in enumerate((("P1", "P2"), ("P2", "P1"), ("P1", "P5"))):
        (request,) = open_requests(provider, at=noon)
        take_answer(provider, answer(request, provider, upstream=upstream, record_key=str(number)), at=noon)
    assert providers_asked() == ["P5"]


def test_one_refused_answer_stops_no_other(sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    open_call("K2", sample, terminating="P1", at=noon)
    one, two = open_requests("P1", at=noon)
    taken = take_answers("P1", [answer(one, "P1", upstream="P1"), answer(two, "P1", upstream="P2")], at=noon)
    assert taken.counted == 1
    assert isinstance(taken.refused[one.request_id], BadInput)
    assert Hop.objects.get(request_id=one.request_id).state == "delivered"
    with pytest.raises(NotFound):
        take_answer("P2", answer(one, "P2", customer="C"), at=noon)


def test_an_incomplete_answer_goes_back_and_its_clock_runs_on(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    opened(sample, noon)
    (first,) = open_requests("P1", at=noon)
    before = Hop.objects.get().respond_by
    hop = hop_of(BELL, first.request_id)
    actions.answer_hop(BELL, hop, answer(first, "P1", kind="no_record"), at=noon)
    row = Hop.objects.get()
    assert (row.state, row.respond_by) == ("needs_info", before)
    window = {"searched_from": noon, "searched_until": noon, "records_retained_since": noon}
    actions.answer_hop(BELL, hop, answer(first, "P1", kind="no_record", **window), at=noon)
    assert Traceback.objects.get().review == "it comes to no_record_at_hop: confirm it"


def test_a_doubt_waits_for_a_person_in_a_real_portal(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    row = opened(sample, noon)
    (first,) = open_requests("P1", at=noon)
    hop = hop_of(BELL, first.request_id)
    actions.answer_hop(BELL, hop, answer(first, "P1", kind="ambiguous"), at=noon)
    row.refresh_from_db()
    assert (row.state, row.review) == ("active", "hop 1 answers ambiguous")
    with pytest.raises(Refused):
        actions.judge_answer(BELL, hop, at=noon)
    actions.judge_answer(ADA, hop, at=noon)
    assert actions.conclude(ADA, row, at=noon).state is TraceState.CONCLUDED


def test_whoever_was_wrongly_named_says_so_and_the_claim_goes_back(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    row = opened(sample, noon)
    (first,) = open_requests("P1", at=noon)
    actions.answer_hop(BELL, hop_of(BELL, first.request_id), answer(first, "P1", upstream="P2"), at=noon)
    (second,) = open_requests("P2", at=noon)
    hop = hop_of(COLE, second.request_id)
    actions.deny(COLE, hop, answer(second, "P2", kind="denied"), at=noon)
    trace = load(row.pk).now
    assert trace.hops[1].state is HopState.REDIRECTED
    assert trace.hops[0].recheck_asked_by == (2,)
    actions.dispute(BELL, hop_of(BELL, first.request_id), at=noon, statement="our records say otherwise")
    assert load(row.pk).now.hops[0].state is HopState.DISPUTED


def test_a_correction_after_the_end_waits_for_a_person_to_reopen(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    row = opened(sample, noon)
    (first,) = open_requests("P1", at=noon)
    hop = hop_of(BELL, first.request_id)
    with pytest.raises(Refused):
        actions.correct_answer(BELL, hop, answer(first, "P1", customer="C-1"), at=noon)  # nothing stands yet
    actions.answer_hop(BELL, hop, answer(first, "P1", customer="C-1"), at=noon)
    actions.conclude(ADA, row, at=noon)
    actions.correct_answer(BELL, hop, answer(first, "P1", upstream="P2"), at=noon)
    row.refresh_from_db()
    assert (row.state, row.review) == ("concluded", "after the conclusion, the answer of hop 1 is to be judged")
    trace = actions.reopen(ADA, row, at=noon, reason="Bell was wrong", erratum="P1 is not the origin")
    assert [(one.provider, one.state) for one in trace.hops] == [("P1", HopState.ACCEPTED), ("P2", HopState.SENT)]
    assert (trace.result, trace.errata) == (None, ("P1 is not the origin",))
    with pytest.raises(Refused, match="30 days"):
        actions.correct_answer(BELL, hop, answer(first, "P1", customer="C-3"), at=noon + timedelta(days=31))


def test_a_person_sends_an_answer_back_and_decides_a_dispute(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    opened(sample, noon)
    (first,) = open_requests("P1", at=noon)
    hop = hop_of(BELL, first.request_id)
    actions.answer_hop(BELL, hop, answer(first, "P1", kind="needs_review"), at=noon)
    with pytest.raises(Refused):
        actions.return_answer(COLE, hop, at=noon, missing=("upstream",))
    assert actions.return_answer(ADA, hop, at=noon, missing=("upstream",)).hops[0].state is HopState.NEEDS_INFO
    actions.answer_hop(BELL, hop, answer(first, "P1", upstream="P2"), at=noon)
    actions.dispute(BELL, hop, at=noon, statement="the record was another call's")
    with pytest.raises(Refused):
        actions.resolve_dispute(BELL, hop, at=noon, result=DisputeResult.UPHELD, reason="we say so")
    trace = actions.resolve_dispute(ADA, hop, at=noon, result=DisputeResult.SUPERSEDED, reason="it was")
    assert [one.state for one in trace.hops] == [HopState.SUPERSEDED, HopState.SUPERSEDED]
    assert withdrawn("P2") == [Hop.objects.get(number=2).request_id]
    verify()


def test_nobody_answers_for_another_and_dana_sees_nothing(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    opened(sample, noon)
    (first,) = open_requests("P1", at=noon)
    hop = hop_of(ADA, first.request_id)
    for stranger in (COLE, DANA):
        assert not hops_of(stranger).exists()
        assert not tracebacks_of(stranger).exists()
        with pytest.raises(NotFound):
            hop_of(stranger, first.request_id)
        with pytest.raises(Refused):
            actions.answer_hop(stranger, hop, answer(first, "P1", customer="C-1"), at=noon)
        with pytest.raises(Refused):
            actions.acknowledge(stranger, hop, at=noon)
    refusals = Leaf.objects.filter(is_refusal=True).values_list("actor", flat=True)
    assert sorted(refusals) == ["cole", "cole", "dana", "dana"]
    assert not tracebacks_of(BELL).exists()
    assert [row.request_id for row in hops_of(BELL)] == [first.request_id]


def test_people_decide_and_the_machine_does_not(sample: Sought, noon: datetime) -> None:
    propose: dict[str, Any] = {"at": noon, "source": "s", "source_kind": SourceKind.BRAND, "terminating": "P1"}
    with pytest.raises(Refused):
        actions.propose_sample(DANA, STANDARD.version, sample, **propose)
    with pytest.raises(Refused):
        actions.propose_sample(EXERCISE_ANALYST, STANDARD.version, sample, **propose)
    with pytest.raises(NotFound):
        actions.propose_sample(ADA, "no such policy", sample, **propose)
    trace = actions.propose_sample(ADA, STANDARD.version, sample, **propose)
    row = Traceback.objects.get(pk=trace.id)
    for nobody in (SYSTEM, BELL, DANA, EXERCISE_ANALYST):
        with pytest.raises(Refused):
            actions.vet(nobody, row, at=noon, reason="r", basis=("b",), violations=("v",))
    actions.decline(ADA, row, at=noon, code=DeclineReason.NOT_SUSPICIOUS)
    with pytest.raises(Refused):
        actions.open_traceback(ADA, row, at=noon)


def test_the_analyst_of_exercises_does_not_exist_in_a_real_portal(
    portal: Configuration, sample: Sought, noon: datetime
) -> None:
    use(Configuration(data=portal.data, database=portal.database, synchronous="NORMAL"))
    with pytest.raises(Refused, match="not open for exercises"):
        open_call("K1", sample, terminating="P1", at=noon)
    with pytest.raises(Refused):
        actions.propose_sample(
            ADA, EXERCISE.version, sample, at=noon, source="s", source_kind=SourceKind.BRAND, terminating="P1"
        )
    assert Leaf.objects.filter(is_refusal=True, actor="exercise-analyst").exists()


def test_the_same_sample_is_traced_once(sample: Sought, noon: datetime) -> None:
    opened(sample, noon)
    with pytest.raises(Refused, match="traced already"):
        opened(sample, noon)


def test_results_come_in_the_order_calls_were_opened_or_asked_for(sample: Sought, noon: datetime) -> None:
    names = ["K7", "K3", "K9", "K1", "K5"]
    for name in names:
        open_call(name, sample, terminating="P1", at=noon)
    assert [result.call_id for result in results()] == names
    assert [result.call_id for result in results(["K1", "K0", "K7"])] == ["K1", "K7"]


def test_void_is_kept_and_asks_nobody(sample: Sought, noon: datetime) -> None:
    row = opened(sample, noon)
    open_requests("P1", at=noon)
    with pytest.raises(Refused):
        actions.void(ABE, row, at=noon, reason="opened in error")
    actions.void(ADA, row, at=noon, reason="opened in error")
    assert providers_asked() == []
    assert run_clocks(now=noon) == noon
    assert Job.objects.filter(state="cancelled").count() == 1


def test_whoever_looked_at_an_older_version_is_told(sample: Sought, noon: datetime) -> None:
    trace = actions.propose_sample(
        ABE, STANDARD.version, sample, at=noon, source="s", source_kind=SourceKind.BRAND, terminating="P1"
    )
    row = Traceback.objects.get(pk=trace.id)
    with pytest.raises(Refused, match="moved on"):
        actions.vet(ADA, row, at=noon, reason="r", basis=("b",), violations=("v",), seen=7)


def test_a_request_that_came_back_is_sent_another_way(sample: Sought, noon: datetime) -> None:
    opened(sample, noon)
    hop = hop_of(ADA, Hop.objects.get().request_id)
    actions.record_bounce(SYSTEM, hop, at=noon, channel="email", why="no such mailbox")
    assert Hop.objects.get().state == "pending"
    actions.send_request(ADA, hop, at=noon, channels=("phone",))
    assert Hop.objects.get().state == "sent"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE tracebacks_traceevent SET data = replace(data, 'C-77', 'C-78')", "the rows written by"),
        ("UPDATE tracebacks_traceevent SET actor = 'eve' WHERE number = 1", "the rows written by"),
        ("DELETE FROM tracebacks_traceevent WHERE number = 3", "the rows written by"),
        ("UPDATE tracebacks_response SET body = replace(body, 'P2', 'P5')", "the rows written by"),
        ("DELETE FROM tracebacks_response", "the rows written by"),
        ("UPDATE tracebacks_hop SET provider_id = 'P5' WHERE number = 2", "are not those its events tell of"),
        ("UPDATE tracebacks_traceback SET outcome = 'non_responsive'", "its events say"),
        (
            (
                "INSERT INTO tracebacks_traceevent (leaf, traceback_id, number, name, at, actor, purpose, policy, data) "
                "SELECT '00000000000000000000000000000000', traceback_id, 99, name, at, actor, purpose, policy, data "
                "FROM tracebacks_traceevent WHERE number = 1"
            ),
            "belong to no leaf",
        ),
    ],
)
def test_tampering_with_what_was_said_is_found(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer], statement: str, found: str
) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    (first,) = open_requests("P1", at=noon)
    take_answer("P1", answer(first, "P1", upstream="P2"), at=noon)
    (second,) = open_requests("P2", at=noon)
    take_answer("P2", answer(second, "P2", customer="C-77"), at=noon)
    seal_log(at=noon)
    assert verify().rows["tracebacks.response"] == 2
    tamper(statement)
    with pytest.raises(BrokenProof, match=found):
        verify()


@pytest.mark.parametrize("table", ["tracebacks_traceevent", "tracebacks_response"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET leaf = '00000000000000000000000000000000'"])
def test_the_database_refuses_to_change_what_was_said(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer], table: str, statement: str
) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    (first,) = open_requests("P1", at=noon)
    take_answer("P1", answer(first, "P1", upstream="P2"), at=noon)
    with pytest.raises(DatabaseError, match="written once"), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


def test_the_database_keeps_the_rules_by_itself(sample: Sought, noon: datetime) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    open_requests("P1", at=noon)
    for change in (
        {"state": "lost"},
        {"number": 0},
        {"delinquent_after": noon},
        {"received_at": None},
    ):
        with pytest.raises(IntegrityError):
            Hop.objects.update(**change)
    for wrong in ({"state": "lost"}, {"outcome": "guessed"}, {"state": "concluded"}):
        with pytest.raises(IntegrityError):
            Traceback.objects.update(**wrong)
    with pytest.raises(Refused):
        TraceEvent.objects.update(actor="eve")


def test_what_was_rolled_back_is_not_remembered(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    row = opened(sample, noon)
    (first,) = open_requests("P1", at=noon)
    hop = hop_of(BELL, first.request_id)

    def answer_and_fall() -> None:
        with transaction.atomic():
            actions.answer_hop(BELL, hop, answer(first, "P1", upstream="P2"), at=noon)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_and_fall()
    assert load(row.pk).now.hops[0].state is HopState.DELIVERED
    actions.acknowledge(BELL, hop, at=noon)
    assert load(row.pk).now.hops[0].responses == ()
    verify()
