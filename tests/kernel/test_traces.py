"""Stories of tracebacks: Ada runs the consortium, Bell and Cole answer, Dana is never asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hopback.kernel import commands as cmd
from hopback.kernel import events as ev
from hopback.kernel.answers import Answer, AnswerKind
from hopback.kernel.errors import BadInput, NotFound
from hopback.kernel.findings import AppealState
from hopback.kernel.hops import DeclineReason, HopState, SourceKind, TraceState
from hopback.kernel.outcomes import Outcome, Result
from hopback.kernel.policy import Policy
from hopback.kernel.traces import Collision, Refusal, Why, decide, evolve, replay

if TYPE_CHECKING:
    from collections.abc import Callable

CUSTOMER = Answer(AnswerKind.CUSTOMER_NAMED, customer="C-1", confidence=0.8, record_key="r-origin")


def named(upstream: str, record: str = "r1") -> Answer:
    return Answer(AnswerKind.UPSTREAM_NAMED, upstream=upstream, confidence=0.9, record_key=record)


def refused(reason: Why, act: Callable[[], Any]) -> Refusal | Collision:
    with pytest.raises((Refusal, Collision)) as caught:
        act()
    assert isinstance(caught.value, Refusal | Collision)
    assert caught.value.reason is reason
    assert "\n" not in str(caught.value)
    return caught.value


# --- candidates


def test_a_call_is_proposed_vetted_and_opened_with_the_terminating_provider(story: Any) -> None:
    story.begin()
    assert story.now.state is TraceState.ACTIVE
    assert story.hop(1).provider == "alma"
    assert story.hop(1).state is HopState.PENDING
    assert story.hop(1).received_at is None
    assert [event.name for event in story.events] == ["trace.proposed", "trace.vetted", "trace.opened", "hop.created"]


def test_an_old_sample_is_marked_and_not_refused(story: Any) -> None:
    for days, is_aged in ((10, False), (11, True)):
        sample = replace(story.call, started_at=story.monday - timedelta(days=days, minutes=-30))
        command = cmd.Propose("T1", sample, "s", SourceKind.HONEYPOT, by=story.ada)
        (event,) = decide(None, command, at=story.monday, policy=story.policy)
        assert isinstance(event, ev.TraceProposed)
        assert event.is_aged is is_aged


def test_a_call_traced_already_or_yet_to_come_is_not_taken(story: Any) -> None:
    propose = cmd.Propose("T1", story.call, "s", SourceKind.HONEYPOT, duplicate_of="T0", by=story.ada)
    refused(Why.DUPLICATE, lambda: story.do(propose))
    future = replace(story.call, started_at=story.monday + timedelta(days=1))
    with pytest.raises(BadInput):
        story.do(cmd.Propose("T1", future, "s", SourceKind.HONEYPOT, by=story.ada))
    story.begin()
    refused(Why.ALREADY_EXISTS, lambda: story.do(replace(propose, duplicate_of=None)))


def test_a_members_sample_needs_two_people_and_the_proposing_analyst_is_one(story: Any, make_story: Any) -> None:
    vet = cmd.Vet("why", ("b",), ("v",), by=story.ada)
    by_bell = cmd.Propose("T1", story.call, "bell", SourceKind.PROVIDER, source_provider="bell", by=story.of("bell"))
    story.do(by_bell)
    story.do(vet)
    assert story.now.state is TraceState.CANDIDATE
    refused(Why.FOUR_EYES, lambda: story.do(vet))
    story.do(replace(vet, by=story.edith))
    assert story.now.state is TraceState.VETTED
    assert story.now.vetted_by == ("ada", "edith")

    by_ada = make_story()
    by_ada.do(
        replace(by_bell, source_kind=SourceKind.BRAND, source_provider=None, targets_competitor=True, by=story.ada)
    )
    refused(Why.FOUR_EYES, lambda: by_ada.do(vet))
    by_ada.do(replace(vet, by=story.edith))
    assert by_ada.now.state is TraceState.VETTED

    relaxed = make_story()
    relaxed.policy = Policy(version="p", member_source_needs_second=False)
    relaxed.do(by_bell)
    relaxed.do(vet)
    assert relaxed.now.state is TraceState.VETTED


def test_a_provider_proposes_only_in_its_own_name(story: Any) -> None:
    command = cmd.Propose("T1", story.call, "x", SourceKind.PROVIDER, source_provider="cole", by=story.of("bell"))
    refused(Why.WRONG_ROLE, lambda: story.do(command))


def test_vetting_needs_reason_basis_and_violation_and_an_analyst(story: Any) -> None:
    story.do(cmd.Propose("T1", story.call, "s", SourceKind.HONEYPOT, by=story.ada))
    for reason, basis, violations in ((" ", ("b",), ("v",)), ("r", (), ("v",)), ("r", ("b",), ())):
        with pytest.raises(BadInput):
            story.do(cmd.Vet(reason, basis, violations, by=story.ada))
    refused(Why.WRONG_ROLE, lambda: story.do(cmd.Vet("r", ("b",), ("v",), by=story.of("bell"))))
    refused(Why.TRACE_STATE, lambda: story.do(cmd.Open("alma", by=story.ada)))


def test_a_declined_candidate_keeps_its_reason_and_is_never_opened(story: Any) -> None:
    story.do(cmd.Propose("T1", story.call, "s", SourceKind.HONEYPOT, by=story.ada))
    story.do(cmd.Decline(DeclineReason.TOO_OLD, by=story.ada))
    assert story.now.decline_reason is DeclineReason.TOO_OLD
    refused(Why.TRACE_STATE, lambda: story.do(cmd.Open("alma", by=story.ada)))
    refused(Why.TRACE_STATE, lambda: story.do(cmd.Void("x", by=story.grace)))


def test_a_machine_opens_only_where_the_policy_lets_it(story: Any) -> None:
    story.do(cmd.Propose("T1", story.call, "s", SourceKind.HONEYPOT, by=story.ada))
    story.do(cmd.Vet("r", ("b",), ("v",), by=story.ada))
    refused(Why.WRONG_ROLE, lambda: story.do(cmd.Open("alma", by=story.system)))
    story.policy = Policy(version="p", system_may_open=True)
    story.do(cmd.Open("alma", by=story.system))
    assert story.now.state is TraceState.ACTIVE


# --- asking


def test_bell_and_cole_answer_and_the_origin_is_found(story: Any) -> None:
    story.begin()
    assert story.follow(1, "bell") == 2
    assert story.follow(2, "cole") == 3
    story.settle(3, CUSTOMER)
    result = story.outcome()
    assert result == Result(Outcome.ORIGIN_IDENTIFIED, 0.8, ("alma", "bell", "cole"), "cole", "C-1", None)
    story.do(cmd.Conclude(result, by=story.ada))
    refused(Why.NOT_NOTICED, lambda: story.do(cmd.Close((), by=story.ada)))
    story.do(cmd.Close(("cole",), by=story.ada))
    assert story.now.state is TraceState.CLOSED
    assert replay(story.events) == story.now


def test_the_next_provider_is_asked_for_the_call_as_its_neighbour_received_it(story: Any) -> None:
    story.begin()
    received = replace(story.call, called=12025550999, accuracy_s=2.0, downstream="somebody-else")
    story.settle(1, replace(named("bell"), next=received))
    story.do(cmd.Advance(1, by=story.system))
    assert story.hop(2).asked == replace(received, downstream="alma")
    story.settle(2, named("cole"))
    story.do(cmd.Advance(2, by=story.system))
    assert story.hop(3).asked == replace(received, downstream="bell")


def test_a_bounced_request_goes_to_the_next_contact_and_the_clock_starts_with_the_first_proof(story: Any) -> None:
    story.begin()
    story.do(cmd.SendHop(1, ("email",), by=story.system))
    story.do(cmd.BounceHop(1, "email", "550 no such mailbox", by=story.system))
    assert (story.hop(1).state, story.hop(1).bounces) == (HopState.PENDING, 1)
    story.ask(1)
    first = story.hop(1)
    from_later = replace(_clock(first), received=story.at)
    assert story.do(cmd.DeliverHop(1, from_later, "portal view", by=story.of("alma"))) == ()
    assert story.hop(1) == first
    refused(Why.HOP_STATE, lambda: story.do(cmd.BounceHop(1, "email", "late bounce", by=story.system)))


def _clock(hop: Any) -> Any:
    from hopback.kernel.clocks import Deadline  # noqa: PLC0415

    return Deadline(
        received=hop.received_at,
        deemed_received=hop.received_at,
        respond_by=hop.respond_by,
        delinquent_after=hop.delinquent_after,
        working=hop.working,
        zone=hop.office_zone,
        deemed_latest=hop.received_at,
    )


def test_a_clock_out_of_order_or_a_receipt_in_the_future_is_bad_input(story: Any, make_story: Any) -> None:
    good = _clock(make_story().begin().ask(1).hop(1))
    story.begin()
    story.do(cmd.SendHop(1, ("api",), by=story.system))
    day = timedelta(days=1)
    for bad in (
        replace(good, received=story.at + day),
        replace(good, respond_by=good.received - day),
        replace(good, delinquent_after=good.respond_by - day),
    ):
        with pytest.raises(BadInput):
            story.do(cmd.DeliverHop(1, bad, "2xx", by=story.system))


def test_the_weekly_cap_keeps_a_request_pending(story: Any) -> None:
    story.policy = Policy(version="p", weekly_cap=10)
    story.begin()
    with pytest.raises(BadInput):
        story.do(cmd.SendHop(1, ("email",), by=story.system))
    refused(Why.WEEKLY_CAP, lambda: story.do(cmd.SendHop(1, ("email",), 10, by=story.system)))
    story.do(cmd.SendHop(1, ("email",), 9, by=story.system))
    assert story.hop(1).state is HopState.SENT


def test_acknowledging_and_reminding_count_once_and_leave_the_clock_alone(story: Any) -> None:
    story.begin().ask(1)
    before = story.hop(1)
    story.do(cmd.AcknowledgeHop(1, by=story.of("alma")))
    assert story.do(cmd.AcknowledgeHop(1, by=story.of("alma"))) == ()
    story.do(cmd.RemindHop(1, "80%", by=story.system))
    assert story.do(cmd.RemindHop(1, "80%", by=story.system)) == ()
    after = story.hop(1)
    assert after.state is HopState.ACKNOWLEDGED
    assert after.reminders == ("80%",)
    assert (after.respond_by, after.delinquent_after) == (before.respond_by, before.delinquent_after)


def test_the_clock_ticks_at_respond_by_and_at_delinquent_after_and_not_a_moment_earlier(story: Any) -> None:
    story.begin()
    story.do(cmd.SendHop(1, ("email",), by=story.system))
    due = story.monday + timedelta(hours=30)
    both = replace(
        _clock(story.hop(1)), received=story.at, respond_by=due, delinquent_after=due + timedelta(days=1), zone="UTC"
    )
    story.do(cmd.DeliverHop(1, both, "250", by=story.system))
    tick = cmd.TickHop(1, by=story.system)
    assert decide(story.now, tick, at=due, policy=story.policy) == ()
    story.at = due
    story.do(tick)
    assert story.hop(1).state is HopState.OVERDUE
    assert decide(story.now, tick, at=due + timedelta(days=1), policy=story.policy) == ()
    story.at = due + timedelta(days=1)
    story.do(tick)
    assert story.hop(1).state is HopState.DELINQUENT
    assert story.do(tick) == ()


# --- answering


def test_the_same_submission_counts_once_and_a_key_is_not_used_for_another_answer(story: Any) -> None:
    story.begin().ask(1).say(1, named("bell"), key="k")
    answer = cmd.AnswerHop(1, named("bell"), "k", by=story.of("alma"))
    assert story.do(answer) == ()
    refused(Why.KEY_REUSED, lambda: story.do(replace(answer, answer=named("cole"))))
    story.do(replace(answer, answer=named("cole"), key="k2"))
    assert [r.version for r in story.hop(1).responses] == [1, 2]
    assert story.hop(1).responses[1].supersedes == 1


def test_only_the_provider_asked_answers_and_an_analyst_on_its_behalf_is_flagged(story: Any) -> None:
    story.begin().ask(1)
    for by in (story.of("bell"), story.of("dana"), story.system):
        refused(Why.WRONG_ROLE, lambda by=by: story.do(cmd.AnswerHop(1, named("bell"), "k", by=by)))
    story.do(cmd.AnswerHop(1, named("bell"), "k", by=story.ada))
    assert story.hop(1).latest.on_behalf
    refused(Why.WRONG_ROLE, lambda: story.do(cmd.AcceptAnswer(1, upstream_known=True, by=story.system)))


def test_an_answer_that_cannot_be_is_bad_input(story: Any) -> None:
    story.begin().ask(1)
    for bad in (
        Answer(AnswerKind.NO_ANSWER),
        named("alma"),
        Answer(AnswerKind.NO_RECORD, upstream="bell"),
        Answer(AnswerKind.AMBIGUOUS, customer="C"),
        replace(named("bell"), confidence=1.5),
    ):
        with pytest.raises(BadInput):
            story.say(1, bad)
    with pytest.raises(BadInput):
        story.do(cmd.AnswerHop(1, named("bell"), " ", by=story.of("alma")))


def test_an_answer_without_sign_in_stays_answered_until_a_person_confirms_it(story: Any) -> None:
    story.begin().ask(1)
    story.do(cmd.AnswerHop(1, named("bell"), "k", authenticated=False, by=story.of("alma")))
    assert story.hop(1).state is HopState.ANSWERED
    refused(Why.NOT_SIGNED_IN, lambda: story.do(cmd.AcceptAnswer(1, upstream_known=True, by=story.system)))
    refused(Why.HOP_STATE, lambda: story.do(cmd.Advance(1, by=story.system)))
    story.say(1, named("cole"), key="signed")
    anonymous = cmd.AnswerHop(1, named("dana"), "k3", authenticated=False, by=story.of("alma"))
    refused(Why.NOT_SIGNED_IN, lambda: story.do(anonymous))
    story.do(cmd.AcceptAnswer(1, upstream_known=True, by=story.system))
    assert story.hop(1).standing.upstream == "cole"


def test_a_machine_accepts_what_is_plain_and_full_and_nothing_else(story: Any, make_story: Any) -> None:
    at = story.monday
    window = {"searched_from": at, "searched_until": at}
    cases = [
        (named("bell"), True, None),
        (named("bell"), False, Why.INCOMPLETE),
        (CUSTOMER, False, None),
        (Answer(AnswerKind.CUSTOMER_NAMED), False, Why.INCOMPLETE),
        (Answer(AnswerKind.NO_RECORD), False, Why.INCOMPLETE),
        (Answer(AnswerKind.NO_RECORD, **window, records_retained_since=at), False, None),
        (Answer(AnswerKind.RECORDS_EXPIRED), False, Why.INCOMPLETE),
        (Answer(AnswerKind.AMBIGUOUS, why=("two trunks",)), False, Why.WRONG_ROLE),
        (Answer(AnswerKind.NEEDS_REVIEW, why=("clock",)), False, Why.WRONG_ROLE),
        (Answer(AnswerKind.DENIED, statement="no"), False, Why.WRONG_ROLE),
    ]
    for answer, known, reason in cases:
        one = make_story().begin().ask(1).say(1, answer)
        accept = cmd.AcceptAnswer(1, upstream_known=known, by=story.system)
        if reason is None:
            one.do(accept)
            assert one.hop(1).state is HopState.ACCEPTED
        else:
            refused(reason, lambda one=one, accept=accept: one.do(accept))


def test_nobody_accepts_an_upstream_that_nobody_can_name(story: Any) -> None:
    story.begin().ask(1).say(1, Answer(AnswerKind.UPSTREAM_NAMED, upstream_name="Some Telecom"))
    refused(Why.INCOMPLETE, lambda: story.stand(1))


def test_a_version_that_came_in_meanwhile_is_not_accepted_unseen(story: Any) -> None:
    story.begin().ask(1).say(1, named("bell")).say(1, named("cole"))
    refused(Why.NOT_THE_LATEST, lambda: story.do(cmd.AcceptAnswer(1, version=1, by=story.ada)))
    story.do(cmd.AcceptAnswer(1, version=2, by=story.ada))
    assert story.do(cmd.AcceptAnswer(1, version=2, by=story.ada)) == ()


def test_what_is_sent_back_is_owed_by_the_old_clock(story: Any) -> None:
    story.begin().ask(1).say(1, Answer(AnswerKind.NO_RECORD))
    before = story.hop(1)
    story.do(cmd.RejectAnswer(1, ("searched_from",), by=story.system))
    after = story.hop(1)
    assert after.state is HopState.NEEDS_INFO
    assert after.respond_by == before.respond_by
    story.at = after.respond_by
    story.do(cmd.TickHop(1, by=story.system))
    assert story.hop(1).state in (HopState.OVERDUE, HopState.DELINQUENT)


def test_a_late_answer_is_taken_and_stays_late(story: Any) -> None:
    story.begin().ask(1).silence(1)
    story.say(1, named("bell"))
    hop = story.hop(1)
    assert hop.state is HopState.LATE_ANSWERED
    assert hop.is_late
    late = hop.late_s
    story.do(cmd.RejectAnswer(1, ("more",), by=story.ada))
    story.wait(hours=2).say(1, named("bell", "r2"))
    assert story.hop(1).state is HopState.LATE_ANSWERED
    story.stand(1)
    assert story.hop(1).late_s > late
    assert story.hop(1).state is HopState.ACCEPTED


def test_an_answer_after_the_deadline_is_late_even_if_nobody_looked_at_the_clock(story: Any) -> None:
    story.begin().ask(1).wait(days=3).say(1, named("bell"))
    assert story.hop(1).state is HopState.LATE_ANSWERED


def test_closed_and_void_tracebacks_take_no_answers_but_a_retry_is_no_error(story: Any) -> None:
    story.begin().ask(1).say(1, CUSTOMER, key="k").stand(1)
    story.do(cmd.Conclude(story.outcome(), by=story.ada))
    story.do(cmd.Close(("alma",), by=story.ada))
    assert story.do(cmd.AnswerHop(1, CUSTOMER, "k", by=story.of("alma"))) == ()
    refused(Why.TRACE_STATE, lambda: story.say(1, named("bell")))
    refused(Why.TRACE_STATE, lambda: story.do(cmd.CorrectAnswer(1, named("bell"), "c", by=story.of("alma"))))


def test_voiding_cancels_what_is_open_and_only_a_lead_does_it(story: Any) -> None:
    story.begin().ask(1)
    refused(Why.WRONG_ROLE, lambda: story.do(cmd.Void("wrong number", by=story.ada)))
    story.do(cmd.Void("wrong number", by=story.grace))
    assert story.now.state is TraceState.VOID
    assert story.hop(1).state is HopState.CANCELLED
    refused(Why.TRACE_STATE, lambda: story.say(1, named("bell")))
    refused(Why.TRACE_STATE, lambda: story.do(cmd.Void("again", by=story.grace)))


# --- going on


def test_the_call_may_come_back_to_a_provider_by_another_record(story: Any) -> None:
    story.begin("cole")
    story.follow(1, "bell", record="first")
    story.follow(2, "cole")
    story.settle(3, replace(CUSTOMER, record_key="second"))
    result = story.outcome()
    assert result.outcome is Outcome.ORIGIN_IDENTIFIED
    assert result.path == ("cole", "bell", "cole")


def test_two_providers_naming_each_other_for_one_record_end_the_path_at_the_first_repetition(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.follow(2, "cole", record="b1")
    story.follow(3, "bell", record="c1")
    story.settle(4, named("cole", "b1"))
    refused(Why.LOOP, lambda: story.do(cmd.Advance(4, by=story.system)))
    result = story.outcome()
    assert result.outcome is Outcome.CONFLICTING_ANSWERS
    assert result.path == ("alma", "bell", "cole", "bell")
    assert (result.origin_provider, result.customer, result.point_of_entry) == (None, None, None)
    story.do(cmd.Conclude(result, by=story.ada))


def test_a_repetition_nobody_can_tell_apart_is_ambiguous(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.settle(2, replace(named("alma"), record_key=None))
    story.do(cmd.Advance(2, by=story.system))
    story.settle(3, replace(named("bell"), record_key=None))
    refused(Why.LOOP, lambda: story.do(cmd.Advance(3, by=story.ada)))
    assert story.outcome().outcome is Outcome.AMBIGUOUS


def test_a_path_is_no_longer_than_the_policy_says(story: Any) -> None:
    story.policy = Policy(version="p", max_hops=2)
    story.begin()
    story.follow(1, "bell")
    story.settle(2, named("cole"))
    refused(Why.MAX_HOPS, lambda: story.do(cmd.Advance(2, by=story.system)))


def test_nobody_is_asked_twice_because_of_one_answer(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    refused(Why.ALREADY_ASKED, lambda: story.do(cmd.Advance(1, by=story.system)))


def test_a_fork_joins_the_path_only_when_an_answer_names_it(story: Any) -> None:
    story.begin().settle(1, Answer(AnswerKind.AMBIGUOUS, why=("two trunks fit",)))
    refused(Why.WRONG_ROLE, lambda: story.do(cmd.Fork(1, "bell", story.call, "claimed", by=story.system)))
    story.do(cmd.Fork(1, "bell", story.call, "claimed", by=story.ada))
    story.do(cmd.Fork(1, "cole", story.call, "claimed", by=story.ada))
    story.settle(2, replace(CUSTOMER, customer="C-B"))
    assert story.outcome() == Result(Outcome.AMBIGUOUS, 0.0, ("alma",))
    story.do(cmd.CorrectAnswer(1, named("bell"), "fixed", by=story.of("alma")))
    story.stand(1)
    assert story.hop(2).state is HopState.ACCEPTED
    assert story.hop(3).state is HopState.SUPERSEDED
    assert story.outcome().customer == "C-B"


def test_a_traceback_whose_first_hop_no_longer_counts_begins_anew(story: Any) -> None:
    story.begin("bell")
    refused(Why.TRACE_STATE, lambda: story.do(cmd.Open("alma", by=story.ada)))
    story.do(cmd.CancelHop(1, "the number was ported to alma", by=story.ada))
    (event,) = story.do(cmd.Open("alma", by=story.ada))
    assert event.name == "hop.created"
    story.settle(2, CUSTOMER)
    assert story.outcome().path == ("alma",)


# --- correcting, denying, disputing


def test_a_correction_that_names_somebody_else_supersedes_what_hung_on_it_and_keeps_it(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.follow(2, "cole")
    story.settle(3, CUSTOMER)
    kept = story.hop(3).responses
    story.do(cmd.CorrectAnswer(2, named("dana", "r9"), "c", by=story.of("bell")))
    assert story.hop(2).state is HopState.ANSWERED
    assert story.outcome().outcome is None
    story.stand(2)
    assert story.hop(3).state is HopState.SUPERSEDED
    assert story.hop(3).responses == kept
    assert story.outcome().path == ("alma", "bell")
    story.do(cmd.Advance(2, by=story.system))
    assert story.hop(4).provider == "dana"


def test_a_correction_by_another_record_supersedes_and_one_that_changes_nothing_does_not(story: Any) -> None:
    story.begin()
    story.follow(1, "bell", record="r1")
    story.do(cmd.CorrectAnswer(1, replace(named("bell", "r1"), confidence=1.0), "c", by=story.of("alma")))
    story.stand(1)
    assert story.hop(2).state is HopState.PENDING
    story.do(cmd.CorrectAnswer(1, named("bell", "r2"), "d", by=story.of("alma")))
    story.stand(1)
    assert story.hop(2).state is HopState.SUPERSEDED


def test_a_correction_sent_back_leaves_the_old_answer_standing_and_no_clock_running(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.do(cmd.CorrectAnswer(1, Answer(AnswerKind.NO_RECORD), "c", by=story.of("alma")))
    story.do(cmd.RejectAnswer(1, ("searched_from",), by=story.ada))
    assert story.hop(1).state is HopState.ACCEPTED
    assert story.hop(1).standing.upstream == "bell"
    story.wait(days=20)
    assert story.do(cmd.TickHop(1, by=story.system)) == ()


def test_corrections_have_a_window_and_a_sign_in_and_afterwards_an_analyst(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    correction = cmd.CorrectAnswer(1, named("cole", "r2"), "c", by=story.of("alma"))
    refused(Why.NOT_SIGNED_IN, lambda: story.do(replace(correction, authenticated=False)))
    story.wait(days=31)
    refused(Why.WINDOW_OVER, lambda: story.do(correction))
    story.do(replace(correction, by=story.ada))
    assert story.hop(1).latest.on_behalf
    assert story.hop(1).latest.late_s == 0


def test_a_correction_after_the_conclusion_reopens_only_by_an_analyst(story: Any) -> None:
    story.begin().settle(1, CUSTOMER)
    story.do(cmd.Conclude(story.outcome(), by=story.ada))
    story.do(cmd.CorrectAnswer(1, named("bell", "r2"), "c", by=story.of("alma")))
    assert story.now.state is TraceState.CONCLUDED
    refused(Why.OPEN_HOPS, lambda: story.do(cmd.Close(("alma",), by=story.ada)))
    story.do(cmd.Reopen("corrected", "alma was not the origin", by=story.ada))
    assert story.now.state is TraceState.REOPENED
    assert story.now.result is None
    story.stand(1)
    story.do(cmd.Advance(1, by=story.system))
    assert story.now.state is TraceState.ACTIVE
    assert story.now.errata == ("alma was not the origin",)


def test_cole_denies_and_bell_is_asked_to_look_again_and_both_keep_what_they_said(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.follow(2, "cole")
    story.ask(3)
    denial = Answer(AnswerKind.DENIED, statement="that trunk is not ours")
    story.do(cmd.DenyClaim(3, denial, "k", by=story.of("cole")))
    assert story.hop(3).state is HopState.REDIRECTED
    assert story.hop(2).recheck_asked_by == (3,)
    assert story.hop(2).state is HopState.ACCEPTED
    result = story.outcome()
    assert (result.outcome, result.path) == (Outcome.CONFLICTING_ANSWERS, ("alma", "bell"))
    story.do(cmd.CorrectAnswer(2, named("dana", "r9"), "c", by=story.of("bell")))
    story.stand(2)
    assert story.hop(3).state is HopState.SUPERSEDED
    assert story.hop(3).responses[0].answer == denial


def test_a_denial_without_sign_in_redirects_nobody(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.ask(2)
    denial = Answer(AnswerKind.DENIED, statement="not ours")
    story.do(cmd.DenyClaim(2, denial, "k", authenticated=False, by=story.of("bell")))
    assert story.hop(2).state is HopState.ANSWERED
    assert story.hop(1).recheck_asked_by == ()
    story.stand(2)
    assert story.hop(2).state is HopState.REDIRECTED


def test_the_terminating_provider_was_named_by_nobody_and_denies_no_claim(story: Any) -> None:
    story.begin().ask(1)
    denial = cmd.DenyClaim(1, Answer(AnswerKind.DENIED, statement="no"), "k", by=story.of("alma"))
    refused(Why.NO_CLAIM, lambda: story.do(denial))


def test_a_dispute_is_for_who_is_affected_and_ends_where_it_is_decided(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    refused(Why.NOT_AFFECTED, lambda: story.do(cmd.DisputeHop(1, "no", by=story.of("dana"))))
    story.do(cmd.DisputeHop(1, "we never sent it", by=story.of("bell")))
    assert story.outcome().outcome is None
    story.do(cmd.ResolveDispute(1, cmd.DisputeResult.UPHELD, "records agree", by=story.ada))
    assert story.hop(1).state is HopState.ACCEPTED
    story.do(cmd.DisputeHop(1, "still no", by=story.of("bell")))
    story.do(cmd.ResolveDispute(1, cmd.DisputeResult.SUPERSEDED, "wrong trunk", by=story.ada))
    assert story.hop(1).state is HopState.SUPERSEDED
    assert story.hop(2).state is HopState.SUPERSEDED


# --- silence


def test_a_finding_waits_for_the_later_deadline_the_days_a_notice_and_a_person(story: Any) -> None:
    story.begin().ask(1).silence(1)
    after = story.hop(1).delinquent_after
    good = cmd.FindNonResponsive(1, "silent", ("ev",), after + timedelta(days=7), story.at, by=story.ada)
    refused(Why.WRONG_ROLE, lambda: story.do(replace(good, by=story.system)))
    refused(Why.NOT_YET, lambda: story.do(replace(good, earliest=after)))
    refused(Why.NOT_YET, lambda: story.do(replace(good, earliest=story.hop(1).respond_by)))
    refused(Why.NOT_YET, lambda: story.do(good))
    story.at = good.earliest
    refused(Why.NOT_NOTICED, lambda: story.do(replace(good, noticed_at=None)))
    with pytest.raises(BadInput):
        story.do(replace(good, evidence=()))
    story.do(good)
    hop = story.hop(1)
    assert hop.state is HopState.NON_RESPONSIVE
    assert hop.finding.rests_on == after
    assert hop.finding.decided_by == "ada"


def test_an_overdue_provider_is_not_found_non_responsive(story: Any) -> None:
    story.begin().ask(1)
    command = cmd.FindNonResponsive(1, "silent", ("ev",), story.at, story.at, by=story.ada)
    refused(Why.HOP_STATE, lambda: story.do(command))


def test_the_ladder_is_climbed_step_by_step_before_a_path_stalls(story: Any) -> None:
    story.begin().ask(1)
    refused(Why.HOP_STATE, lambda: story.do(cmd.EscalateHop(1, 1, "noc", by=story.system)))
    story.at = story.hop(1).delinquent_after
    story.do(cmd.TickHop(1, by=story.system))
    refused(Why.STEP_OUT_OF_ORDER, lambda: story.do(cmd.EscalateHop(1, 2, "officer", by=story.system)))
    story.do(cmd.EscalateHop(1, 1, "noc", by=story.system))
    assert story.do(cmd.EscalateHop(1, 1, "noc", by=story.system)) == ()
    refused(Why.LADDER_NOT_CLIMBED, lambda: story.do(cmd.Stall(by=story.system)))
    story.do(cmd.EscalateHop(1, 2, "officer", by=story.system))
    story.do(cmd.EscalateHop(1, 3, "agency", by=story.system))
    refused(Why.STEP_OUT_OF_ORDER, lambda: story.do(cmd.EscalateHop(1, 4, "whoever", by=story.system)))
    story.do(cmd.Stall(by=story.system))
    assert story.now.state is TraceState.STALLED
    story.say(1, named("bell"))
    assert story.now.state is TraceState.ACTIVE


def test_a_silent_provider_ends_the_path_and_a_second_person_closes_it(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.ask(2).silence(2)
    result = story.outcome()
    assert (result.outcome, result.path) == (Outcome.NON_RESPONSIVE, ("alma", "bell"))
    refused(Why.NOT_CONCLUSIVE, lambda: story.do(cmd.Conclude(result, by=story.ada)))
    story.find(2)
    story.do(cmd.Conclude(story.outcome(), by=story.ada))
    refused(Why.FOUR_EYES, lambda: story.do(cmd.Close((), by=story.ada)))
    story.do(cmd.Close((), by=story.edith))
    assert story.now.state is TraceState.CLOSED


def test_a_finding_is_appealed_by_a_dispute_and_decided_by_somebody_else(story: Any) -> None:
    story.begin().ask(1).silence(1).find(1)
    story.do(cmd.DisputeHop(1, "the mail never came", by=story.of("alma")))
    assert story.hop(1).finding.appeal is AppealState.APPEALED
    ruling = cmd.ResolveDispute(1, cmd.DisputeResult.UPHELD, "it was delivered", by=story.ada)
    refused(Why.FOUR_EYES, lambda: story.do(ruling))
    story.do(replace(ruling, by=story.edith))
    assert story.hop(1).state is HopState.NON_RESPONSIVE
    assert story.hop(1).finding.appeal is AppealState.UPHELD


def test_a_second_finding_does_not_sweep_the_first_and_its_appeal_away(story: Any) -> None:
    story.begin().ask(1).silence(1).find(1)
    story.say(1, Answer(AnswerKind.NO_RECORD))
    story.do(cmd.RejectAnswer(1, ("searched_from",), by=story.ada))
    story.do(cmd.TickHop(1, by=story.system))
    assert story.hop(1).state is HopState.DELINQUENT
    first = story.hop(1).finding
    refused(Why.ALREADY_FOUND, lambda: story.find(1, by=story.edith))
    assert story.hop(1).finding == first


# --- ending


def test_a_conclusion_names_nobody_whom_no_standing_answer_names(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.settle(2, CUSTOMER)
    good = story.outcome()
    for bad, reason in (
        (replace(good, path=("alma", "dana")), Why.NOT_NAMED),
        (replace(good, path=("alma", "dana", "bell")), Why.NOT_NAMED),
        (replace(good, origin_provider="dana"), Why.NOT_NAMED),
        (replace(good, customer="C-2"), Why.NOT_NAMED),
        (replace(good, point_of_entry="dana"), Why.NOT_NAMED),
        (replace(good, origin_provider="alma"), Why.NOT_CONCLUSIVE),
        (replace(good, outcome=Outcome.NON_RESPONSIVE, origin_provider=None, customer=None), Why.NOT_CONCLUSIVE),
        (replace(good, outcome=Outcome.AMBIGUOUS), Why.NOT_CONCLUSIVE),
        (replace(good, outcome=Outcome.FOREIGN_ENTRY_ONLY, origin_provider=None, customer=None), Why.NOT_CONCLUSIVE),
    ):
        refused(reason, lambda bad=bad: story.do(cmd.Conclude(bad, by=story.ada)))
    refused(Why.WRONG_ROLE, lambda: story.do(cmd.Conclude(good, by=story.system)))
    story.do(cmd.Conclude(good, by=story.ada))


def test_nothing_is_concluded_while_somebody_is_still_asked(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    result = Result(Outcome.INSUFFICIENT_SAMPLE, path=("alma",))
    refused(Why.OPEN_HOPS, lambda: story.do(cmd.Conclude(result, by=story.ada)))
    story.do(cmd.CancelHop(2, "the sample is no use", by=story.ada))
    story.do(cmd.Conclude(result, by=story.ada))


def test_what_stands_is_corrected_or_disputed_but_not_cancelled(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    refused(Why.HOP_STATE, lambda: story.do(cmd.CancelHop(1, "x", by=story.ada)))
    story.do(cmd.CorrectAnswer(1, named("cole", "r2"), "c", by=story.of("alma")))
    refused(Why.HOP_STATE, lambda: story.do(cmd.CancelHop(1, "x", by=story.ada)))


# --- the frame


def test_every_command_says_who_when_and_what_for(story: Any) -> None:
    story.begin()
    tick = cmd.TickHop(1, by=story.system)
    for by in (replace(story.system, actor=" "), replace(story.system, purpose="")):
        with pytest.raises(BadInput):
            story.do(replace(tick, by=by))
    with pytest.raises(BadInput):
        decide(story.now, tick, at=datetime(2026, 11, 16), policy=story.policy)  # noqa: DTZ001
    with pytest.raises(NotFound):
        story.do(cmd.TickHop(7, by=story.system))
    with pytest.raises(NotFound):
        decide(None, tick, at=story.at, policy=story.policy)


def test_who_decided_on_an_older_view_has_to_look_again(story: Any) -> None:
    story.begin().ask(1)
    seen = replace(story.ada, seen=story.now.version)
    story.say(1, named("bell"))
    refused(Why.SEEN_OLDER, lambda: story.do(cmd.AcceptAnswer(1, by=seen)))
    story.do(cmd.AcceptAnswer(1, by=replace(seen, seen=story.now.version)))


def test_events_that_do_not_belong_together_are_not_folded(story: Any) -> None:
    story.begin()
    with pytest.raises(BadInput):
        replay([])
    with pytest.raises(BadInput):
        replay(story.events[1:])
    with pytest.raises(BadInput):
        evolve(story.now, story.events[0])
    with pytest.raises(BadInput):
        evolve(story.now, replace(story.events[-1], hop=9))
