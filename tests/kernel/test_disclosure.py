"""Bell sees Bell's. Dana sees nothing, and cannot tell that there is something to see."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hopback.kernel import commands as cmd
from hopback.kernel import disclosure as dis
from hopback.kernel.answers import Answer, AnswerKind
from hopback.kernel.errors import NotFound
from hopback.kernel.hops import DeclineReason, HopState, SourceKind
from hopback.kernel.outcomes import Outcome
from hopback.kernel.plain import to_plain

PROVIDERS = ("alma", "bell", "cole", "dana", "zara")
CUSTOMER = Answer(AnswerKind.CUSTOMER_NAMED, customer="CUSTOMER-OF-cole", statement="STATEMENT-OF-cole")


def shown(view: Any) -> str:
    return json.dumps(to_plain(view)) + repr(view)


def finished(story: Any) -> Any:
    story.begin()
    story.follow(1, "bell")
    story.follow(2, "cole")
    story.settle(3, CUSTOMER)
    story.do(cmd.Conclude(story.outcome(), by=story.ada))
    return story


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(data=st.data())
def test_a_provider_is_shown_nothing_of_hops_that_are_not_its_own(walks: Any, data: st.DataObject) -> None:
    walk = data.draw(walks)
    trace = walk.trace
    for me in PROVIDERS:
        own = dis.own_hops(trace, provider=me)
        if not own:
            with pytest.raises(NotFound):
                dis.disclose(trace, to=dis.Provider(me))
            continue
        text = shown(dis.disclose(trace, to=dis.Provider(me)))
        known = {me} | {trace.hop(hop.parent).provider for hop in own if hop.parent is not None}
        known |= {response.answer.upstream for hop in own for response in hop.responses}
        for other in set(PROVIDERS) - known:
            assert other not in text
        for other in set(PROVIDERS) - {me}:
            for mark in ("CUSTOMER-OF", "WORDS-OF", "STATEMENT-OF", "RECORD-OF", "SWITCH-OF", "FOUND", "LACKS"):
                assert f"{mark}-{other}" not in text
        for secret in ("DISPUTE-TEXT", "RULING", "LADDER-TEXT", "honeypot-1", "ada", "edith", "grace", "-desk"):
            assert secret not in text


def test_whether_others_answered_changes_nothing_of_what_a_provider_sees(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.follow(2, "cole")
    before = dis.disclose(story.now, to=dis.Provider("bell"))
    story.ask(3)
    story.do(cmd.AcknowledgeHop(3, by=story.of("cole")))
    assert dis.disclose(story.now, to=dis.Provider("bell")) == before
    story.silence(3)
    story.do(cmd.Stall(by=story.system))
    assert dis.disclose(story.now, to=dis.Provider("bell")) == before
    story.say(3, CUSTOMER).stand(3)
    assert dis.disclose(story.now, to=dis.Provider("bell")) == before
    story.do(cmd.Conclude(story.outcome(), by=story.ada))
    assert dis.disclose(story.now, to=dis.Provider("bell")) == before


def test_bell_sees_its_request_its_neighbour_and_its_own_answer(story: Any) -> None:
    finished(story)
    view = dis.disclose(story.now, to=dis.Provider("bell"))
    assert isinstance(view, dis.ProviderView)
    (hop,) = view.hops
    assert (hop.place, hop.downstream, hop.state) == (1, "alma", dis.OwnState.ACCEPTED)
    assert hop.answers[0].answer.upstream == "cole"
    assert hop.answers[0].stands
    assert hop.asked.called == story.call.called
    assert hop.respond_by == story.hop(2).respond_by
    assert (hop.can_answer, hop.can_correct) == (False, True)
    assert view.violations == ("spoofed_caller_id",)


def test_dana_cannot_tell_a_traceback_from_one_that_does_not_exist(story: Any) -> None:
    finished(story)
    said = []
    for trace in (story.now, None):
        for viewer in (dis.Nobody(), dis.Provider("dana"), dis.Source("x"), dis.Agency("x")):
            with pytest.raises(NotFound) as caught:
                dis.disclose(trace, to=viewer)
            said.append((str(caught.value), caught.value.code, caught.value.where, caught.value.mend))
    assert len(set(said)) == 1
    assert story.now.id not in said[0][0]


def test_a_provider_not_yet_sent_its_request_knows_of_nothing(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    with pytest.raises(NotFound):
        dis.disclose(story.now, to=dis.Provider("bell"))
    story.ask(2)
    view = dis.disclose(story.now, to=dis.Provider("bell"))
    assert isinstance(view, dis.ProviderView)
    assert view.hops[0].can_answer


def test_a_provider_is_not_told_why_a_request_was_withdrawn(story: Any, make_story: Any) -> None:
    superseded, cancelled = story.begin(), make_story().begin()
    for one in (superseded, cancelled):
        one.follow(1, "bell")
        one.ask(2)
    superseded.do(cmd.CorrectAnswer(1, Answer(AnswerKind.UPSTREAM_NAMED, upstream="cole"), "c", by=story.of("alma")))
    superseded.stand(1)
    cancelled.do(cmd.CancelHop(2, "no longer needed", by=story.ada))
    assert superseded.hop(2).state is not cancelled.hop(2).state
    views = {dis.disclose(one.now, to=dis.Provider("bell")).hops[0].state for one in (superseded, cancelled)}  # type: ignore[union-attr]
    assert views == {dis.OwnState.WITHDRAWN}


def test_a_provider_reads_the_finding_about_itself_so_that_it_can_contest_it(story: Any) -> None:
    story.begin().ask(1).silence(1).find(1)
    view = dis.disclose(story.now, to=dis.Provider("alma"))
    assert isinstance(view, dis.ProviderView)
    finding = view.hops[0].finding
    assert finding is not None
    assert finding.reason == "no answer"
    assert "ada" not in shown(view)


def test_a_provider_named_wrongly_is_told_that_it_was_contradicted_and_not_more(story: Any) -> None:
    story.begin()
    story.follow(1, "bell")
    story.ask(2)
    denial = Answer(AnswerKind.DENIED, statement="STATEMENT-OF-bell")
    story.do(cmd.DenyClaim(2, denial, "k", by=story.of("bell")))
    view = dis.disclose(story.now, to=dis.Provider("alma"))
    assert isinstance(view, dis.ProviderView)
    assert view.hops[0].is_recheck_asked
    assert "STATEMENT-OF-bell" not in shown(view)


def test_the_consortium_sees_everything_in_its_jurisdiction_and_nothing_elsewhere(story: Any) -> None:
    finished(story)
    for part in dis.ConsortiumPart:
        view = dis.disclose(story.now, to=dis.Consortium(part, frozenset({"us"})))
        assert isinstance(view, dis.FullView)
        assert view.trace is story.now
        with pytest.raises(NotFound):
            dis.disclose(story.now, to=dis.Consortium(part, frozenset({"ca"})))


def test_a_source_learns_the_stage_and_nobodys_name(story: Any) -> None:
    finished(story)
    view = dis.disclose(story.now, to=dis.Source("honeypot-1"))
    assert view == dis.SourceView("T1", dis.Stage.FINISHED, None)
    for provider in PROVIDERS:
        assert provider not in shown(view)


def test_a_source_learns_why_its_sample_was_declined(story: Any) -> None:
    story.do(cmd.Propose("T1", story.call, "brand-9", SourceKind.BRAND, by=story.ada))
    story.do(cmd.Decline(DeclineReason.TOO_OLD, "a note among analysts", by=story.ada))
    view = dis.disclose(story.now, to=dis.Source("brand-9"))
    assert view == dis.SourceView("T1", dis.Stage.DECLINED, DeclineReason.TOO_OLD)


def test_an_agency_sees_what_is_addressed_to_it_and_the_path_only_on_process(story: Any) -> None:
    finished(story)
    addressed = dis.disclose(story.now, to=dis.Agency("fcc", addressed=frozenset({"T1"})))
    assert isinstance(addressed, dis.AgencyView)
    assert (addressed.outcome, addressed.origin_provider) == (Outcome.ORIGIN_IDENTIFIED, "cole")
    assert addressed.path == ()
    assert "bell" not in shown(addressed)
    process = dis.disclose(story.now, to=dis.Agency("fcc", on_process=frozenset({"T1"})))
    assert isinstance(process, dis.AgencyView)
    assert [hop.provider for hop in process.path] == ["alma", "bell", "cole"]
    assert process.path[0].state is HopState.ACCEPTED
    with pytest.raises(NotFound):
        dis.disclose(story.now, to=dis.Agency("fcc", addressed=frozenset({"T2"})))


def test_an_agency_follows_the_stage_of_its_own_request_and_is_told_no_names_before_the_end(story: Any) -> None:
    story.do(cmd.Propose("T1", story.call, "fcc", SourceKind.AGENCY, by=story.ada))
    assert dis.disclose(story.now, to=dis.Agency("fcc")) == dis.AgencyView("T1", dis.Stage.PROPOSED)
    story.do(cmd.Vet("r", ("b",), ("v",), by=story.ada))
    story.do(cmd.Open("alma", by=story.ada))
    story.settle(1, replace(CUSTOMER, customer="C-A"))
    on_process = dis.Agency("fcc", on_process=frozenset({"T1"}))
    assert dis.disclose(story.now, to=on_process) == dis.AgencyView("T1", dis.Stage.TRACING)
    story.do(cmd.Conclude(story.outcome(), by=story.ada))
    assert dis.disclose(story.now, to=dis.Agency("fcc")) == dis.AgencyView("T1", dis.Stage.FINISHED)
    story.do(cmd.Reopen("doubt", "erratum", by=story.ada))
    assert dis.disclose(story.now, to=on_process) == dis.AgencyView("T1", dis.Stage.TRACING)
