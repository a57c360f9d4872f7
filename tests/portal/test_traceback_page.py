"""The page on which the consortium's people read and lead a traceback."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from hopback.kernel.events import EVENTS
from hopback.portal.audit.verify import verify
from hopback.portal.embedded import seal_log
from hopback.portal.jobs.working import work
from hopback.portal.messages.models import Message
from hopback.portal.mitigations.actions import ActionDraft, record_action
from hopback.portal.mitigations.models import ActionKind, Target
from hopback.portal.tracebacks import actions, sentences
from hopback.portal.tracebacks.access import by
from hopback.portal.tracebacks.docket import TOLD, load
from hopback.portal.tracebacks.models import Note
from hopback.portal.tracebacks.policies import STANDARD
from hopback.portal.tracebacks.possible import possible
from telling import Story

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from hopback.kernel.calls import Sought
    from hopback.portal.audit.actors import Actor

SignIn = Any


def seen_by(client: Client, url: str) -> dict[str, str]:
    """What a form carries hidden, as it was opened."""
    page = client.get(url)
    assert page.status_code == 200, page.content.decode()
    form = page.context["form"]
    return {bound.name: str(bound.value()) for bound in form if bound.is_hidden}


def do(client: Client, url: str, **said: Any) -> Any:
    """Open a form, fill it in and send it."""
    return client.post(url, {**seen_by(client, url), **said})


def do_anyway(client: Client, story: Story, url: str, **said: Any) -> Any:
    """Send a form that the page would not have offered."""
    return client.post(url, {"seen": story.version, **said})


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", ["Ada", "Abe", "Ann", "Otto"])
def test_the_consortiums_people_read_it(story: Story, signed_in: SignIn, name: str) -> None:
    story.said("P1", upstream="P2")
    text = text_of(signed_in(name), story.page())
    assert "Coalbrook Networks Inc." in text
    assert "has to show receipt" in text
    assert "How this was counted" in text
    assert "47 CFR 64.1200(n)(1)" in text


@pytest.mark.parametrize("name", ["Dana", "Bell", "Bea", "Cole", "Fay", "Sol"])
def test_nobody_else_can_tell_that_there_is_such_a_page(story: Story, signed_in: SignIn, name: str) -> None:
    story.said("P1", upstream="P2")
    client = signed_in(name)
    for url in (story.page(), story.act("conclude"), story.act("accept", 1), "/tracebacks/Tnone/"):
        answer = client.get(url)
        assert answer.status_code == 404
        assert b"Coalbrook" not in answer.content
    for url in (story.act("cancel", 2), f"{story.page()}notes/", f"{story.page()}owner/"):
        assert client.post(url, {"text": "x", "reason": "x", "seen": story.version}).status_code == 404
    assert story.hop(2).state == "sent"
    assert not Note.objects.exists()


def test_what_is_unknown_is_not_found(story: Story, signed_in: SignIn) -> None:
    ada = signed_in("Ada")
    for url in ("/tracebacks/Tnone/", story.act("frobnicate"), story.act("accept", 9), story.act("conclude", 1)):
        assert ada.get(url).status_code == 404


def test_an_auditor_sees_everything_and_is_offered_nothing(story: Story, signed_in: SignIn) -> None:
    story.said("P1", kind="ambiguous")
    actions.note(story.actors["Abe"], story.row, at=story.at, text="ask the carrier by telephone")
    otto = signed_in("Otto")
    text = text_of(otto, story.page())
    assert "ask the carrier by telephone" in text
    assert "<button" not in text.split("<main")[1].split("</main")[0]
    assert "/accept/" not in text
    for url in (story.act("accept", 1), story.act("conclude"), f"{story.page()}notes/"):
        assert otto.get(url).status_code in {404, 405}
        assert otto.post(url, {"seen": story.version, "version": 1, "text": "x"}).status_code == 404
    assert story.hop(1).state == "answered"


def test_a_person_lets_an_answer_stand_that_no_machine_judges(story: Story, signed_in: SignIn) -> None:
    story.said("P1", kind="ambiguous")
    abe = signed_in("Abe")
    text = text_of(abe, story.page())
    assert "found several records that fit equally well" in text
    assert "Let the answer stand" in text
    assert do(abe, story.act("accept", 1)).status_code == 302
    assert story.hop(1).state == "accepted"
    again = abe.get(story.act("accept", 1))
    assert (again.status_code, again.context["form"]) == (409, None)
    assert abe.post(story.act("accept", 1), {"seen": story.version, "version": 9}).status_code in {403, 409}


def test_whoever_decides_on_an_older_sight_is_told_what_happened_since(story: Story, signed_in: SignIn) -> None:
    story.said("P1", kind="ambiguous")
    abe = signed_in("Abe")
    url = story.act("return", 1)
    opened = seen_by(abe, url)
    story.said_again("P1", kind="needs_review", why=("the switch was down",))
    answer = abe.post(url, {**opened, "other": "please look again"})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else acted on this traceback" in text
    assert "could not tell: a person must look" in text
    assert 'value="please look again"' in text
    assert story.hop(1).state == "answered"
    fresh = {bound.name: bound.value() for bound in answer.context["form"] if bound.is_hidden}
    assert abe.post(url, {**fresh, "other": "please look again"}).status_code == 302
    assert story.hop(1).state == "needs_info"


def test_an_answer_goes_back_with_a_reason_for_each_missing_field(story: Story, signed_in: SignIn) -> None:
    story.said("P1", kind="ambiguous")
    abe = signed_in("Abe")
    nothing = do(abe, story.act("return", 1))
    assert nothing.status_code == 422
    assert do(abe, story.act("return", 1), field_upstream="which Coalbrook?", other="call us").status_code == 302
    assert load(story.id).now.hops[0].rejected_for == ("upstream: which Coalbrook?", "call us")
    text = text_of(abe, story.page())
    assert "provider upstream: which Coalbrook?" in text
    assert "to be completed" in text


def test_what_was_said_by_telephone_is_written_down_and_marked(story: Story, signed_in: SignIn) -> None:
    story.received("P1")
    abe = signed_in("Abe")
    url = story.act("answer", 1)
    bad = do(abe, url, kind="upstream_named", sure="1.0", statement="by telephone")
    assert bad.status_code == 422
    assert "Say which provider it named" in bad.content.decode()
    said = {"kind": "upstream_named", "upstream": "coalbrook", "sure": "0.7", "statement": "by telephone, Maria"}
    assert do(abe, url, **said).status_code == 302
    response = load(story.id).now.hops[0].responses[0]
    assert (response.on_behalf, response.answer.upstream, response.answer.confidence) == (True, "P2", 0.7)
    assert story.hop(1).state in {"answered", "late_answered"}  # nothing stands by itself
    text = text_of(abe, story.page())
    assert "on the provider&#x27;s behalf" in text or "on the provider's behalf" in text
    assert do(abe, story.act("accept", 1)).status_code == 302
    assert story.hop(2).provider_id == "P2"


def test_a_name_the_directory_does_not_know_is_resolved_by_a_person(story: Story, signed_in: SignIn) -> None:
    story.said("P1", upstream="Cole Brook Net")
    abe = signed_in("Abe")
    text = text_of(abe, story.page())
    assert "names Cole Brook Net, which is not in the directory" in text
    url = story.act("name", 1)
    unknown = do(abe, url, provider="Zebra Voice", reason="its site says so")
    assert (unknown.status_code, "has no provider" in unknown.content.decode()) == (422, True)
    several = do(abe, url, provider="Inc.", reason="its site says so")
    assert "P2 is Coalbrook Networks Inc." in several.content.decode()
    assert do(abe, url, provider="coalbrook", reason="its site says so").status_code == 302
    hop = load(story.id).now.hops[0]
    assert [response.answer.upstream for response in hop.responses] == ["Cole Brook Net", "P2"]
    assert (hop.responses[1].on_behalf, hop.effective) == (True, 2)
    assert story.hop(2).provider_id == "P2"
    text = text_of(abe, story.page())
    assert "<mark>" in text
    assert "its site says so" in text


def test_another_provider_is_asked_besides(story: Story, signed_in: SignIn) -> None:
    story.said("P1", upstream="P2")
    abe = signed_in("Abe")
    assert do(abe, story.act("fork", 1), provider="P5", reason="a reseller between them").status_code == 302
    trace = load(story.id).now
    assert (trace.hops[2].provider, trace.hops[2].parent, trace.hops[2].is_fork) == ("P5", 1, True)
    assert trace.hops[2].sent_at is not None
    text = text_of(abe, story.page())
    assert "beside the path" in text
    assert "A reseller between them." in text
    twice = do(abe, story.act("fork", 1), provider="P5", reason="again")
    assert twice.status_code == 409


def test_a_correction_changes_the_path_and_what_no_longer_counts_is_shown(story: Story, signed_in: SignIn) -> None:
    story.said("P1", upstream="P2")
    story.received("P2")
    story.corrected("P1", upstream="P5")
    trace = load(story.id).now
    assert [(hop.provider, hop.state.value) for hop in trace.hops] == [
        ("P1", "accepted"),
        ("P2", "superseded"),
        ("P5", "sent"),
    ]
    text = text_of(signed_in("Abe"), story.page())
    assert "no longer counts" in text
    assert "The path no longer leads to Coalbrook Networks Inc." in text
    assert "corrects its answer" in text
    assert text.count("<mark>") >= 1


def test_a_provider_that_was_wrongly_named_is_let_go(story: Story, signed_in: SignIn) -> None:
    story.said("P1", upstream="P2")
    story.said("P2", kind="denied", why=("no trunk to P1",))
    abe = signed_in("Abe")
    text = text_of(abe, story.page())
    assert "was wrongly named; nothing is held against it" in text
    assert "Asked to look again, since hop 2 denies the call" in text
    assert (
        do(
            abe, story.act("answer", 1), kind="upstream_named", upstream="P5", sure="1.0", statement="by mail"
        ).status_code
        == 302
    )
    assert load(story.id).now.hops[0].responses[-1].is_correction
    assert do(abe, story.act("accept", 1)).status_code == 302
    assert story.hop(3).provider_id == "P5"


def test_a_late_answer_is_taken_and_stays_late(story: Story, signed_in: SignIn) -> None:
    story.received("P1")
    work(now=story.at, until=story.at + timedelta(days=3))
    assert story.hop(1).state == "delinquent"
    abe = signed_in("Abe")
    text = text_of(abe, story.page())
    assert "long overdue" in text
    assert "Nobody may find that it did not respond before" in text
    story.at += timedelta(days=3)
    actions.answer_hop(
        story.actors["Bell"], story.hop(1), story.answer(story.request(1), "P1", upstream="P2"), at=story.at
    )
    text = text_of(abe, story.page())
    assert "late by 2 days" in text
    assert "has to show receipt" in text


def test_a_finding_is_made_contested_and_decided_by_somebody_else(
    actors: dict[str, Actor], answer: Any, sample: Sought, start: datetime, signed_in: SignIn
) -> None:
    story = Story(actors, answer, start).begin(sample, terminating="P3")
    actions.record_deliveries(actors["Ada"], [story.hop(1)], at=start, proof="read out by telephone")
    work(now=start, until=start + timedelta(days=2))
    abe, ann = signed_in("Abe"), signed_in("Ann")
    # three weeks have passed on the machine's clock, but the ladder has not been climbed
    early = abe.post(story.act("find", 1), {"seen": story.version, "reason": "silent", "evidence": [], "noticed": ""})
    assert early.status_code == 422
    assert do(abe, story.act("escalate", 1), told="the network desk").status_code == 302
    work(now=start, until=start + timedelta(days=16))
    assert (story.row.state, story.hop(1).state) == ("stalled", "delinquent")
    text = text_of(abe, story.page())
    assert "Find that it did not respond" in text
    url = story.act("find", 1)
    evidence = [key for key, _ in abe.get(url).context["form"].fields["evidence"].choices]
    assert evidence
    assert do(abe, url, reason="no answer on any step", evidence=evidence).status_code == 302
    trace = load(story.id).now
    finding = trace.hops[0].finding
    assert finding is not None
    assert (finding.decided_by, finding.rests_on) == (actors["Abe"].name, trace.hops[0].delinquent_after)
    assert do(abe, story.act("dispute", 1), provider="P3", statement="our mail was down").status_code == 302
    mine = do_anyway(abe, story, story.act("resolve", 1), result="upheld", reason="no")
    assert mine.status_code in {403, 409}
    text = text_of(ann, story.page())
    assert "our mail was down" in text
    assert "To be decided by" in text
    assert do(ann, story.act("resolve", 1), result="upheld", reason="the mail was not down").status_code == 302
    finding = load(story.id).now.hops[0].finding
    assert finding is not None
    assert (finding.appeal.value, finding.appeal_decided_by) == ("upheld", actors["Ann"].name)
    # it ends with the silent provider; whoever found it does not close it
    assert do(abe, story.act("conclude"), outcome="non_responsive", reason="").status_code == 302
    blocked = abe.get(story.act("close"))
    assert (blocked.status_code, "a second person closes" in blocked.content.decode()) == (409, True)
    assert do_anyway(abe, story, story.act("close")).status_code == 403
    assert "You cannot close it: a second person closes" in text_of(abe, story.page())
    assert do(ann, story.act("close")).status_code == 302
    assert story.row.state == "closed"
    seal_log(at=datetime.now(UTC))
    verify()


def test_an_outcome_is_proposed_confirmed_closed_and_taken_back_with_an_erratum(
    story: Story, signed_in: SignIn
) -> None:
    story.said("P1", upstream="P2").said("P2", customer="C-77")
    abe = signed_in("Abe")
    text = text_of(abe, story.page())
    assert "A person confirms it" in text
    form = abe.get(story.act("conclude")).context["form"]
    assert form.fields["outcome"].initial == "origin_identified"
    assert do(abe, story.act("conclude"), outcome="legal_bar").status_code == 422
    assert do(abe, story.act("conclude"), outcome="origin_identified").status_code == 302
    assert story.row.outcome == "origin_identified"
    untold = do(abe, story.act("close"))
    assert (untold.status_code, "has not been told" in untold.content.decode()) == (403, True)
    assert do(abe, story.act("close"), notices=["P2"]).status_code == 302
    text = text_of(abe, story.page())
    assert "Told and asked to mitigate: Coalbrook Networks Inc." in text
    assert do(abe, story.act("reopen"), reason="a correction", erratum="the customer was another").status_code == 302
    assert story.row.state == "reopened"
    text = text_of(abe, story.page())
    assert "Published reports are to say: The customer was another." in text


def test_an_outcome_that_rests_on_something_else_has_its_reason(story: Story, signed_in: SignIn) -> None:
    story.said("P1", kind="no_record", searched_from=story.at, searched_until=story.at, records_retained_since=story.at)
    ann = signed_in("Ann")
    assert (
        do(
            ann, story.act("conclude"), outcome="insufficient_sample", reason="the number was misread", confidence="0.8"
        ).status_code
        == 302
    )
    result = load(story.id).now.result
    assert result is not None
    assert (result.outcome, result.confidence, result.path) == ("insufficient_sample", 0.8, ("P1",))


def test_only_the_lead_sets_aside(story: Story, signed_in: SignIn) -> None:
    abe, ada = signed_in("Abe"), signed_in("Ada")
    assert abe.get(story.act("void")).status_code == 409
    assert do_anyway(abe, story, story.act("void"), reason="a mistake").status_code == 403
    assert do(ada, story.act("void"), reason="").status_code == 422
    assert do(ada, story.act("void"), reason="a mistake").status_code == 302
    assert (story.row.state, story.hop(1).state) == ("void", "cancelled")
    assert "It was opened in error" in text_of(abe, story.page())


def test_a_request_that_came_back_goes_to_another_contact(story: Story, signed_in: SignIn) -> None:
    abe = signed_in("Abe")
    assert do(abe, story.act("bounce", 1), channel="noc@bell.example", reason="no such user").status_code == 302
    assert story.hop(1).state == "pending"
    assert "to send the request" in text_of(abe, story.page())
    assert do(abe, story.act("send", 1), channel="telephone").status_code == 302
    assert do(abe, story.act("deliver", 1), received="not a time", proof="read out").status_code == 422
    received = (story.at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    assert do(abe, story.act("deliver", 1), received=received, proof="read out").status_code == 302
    assert story.hop(1).received_at == story.at + timedelta(hours=1)
    assert "Proof of receipt: read out." in text_of(abe, story.page())


def test_a_request_is_mailed_to_the_contact_that_was_chosen_and_its_bytes_are_on_record(
    story: Story, signed_in: SignIn
) -> None:
    abe = signed_in("Abe")
    assert do(abe, story.act("bounce", 1), channel="noc@bell.example", reason="no such user").status_code == 302
    assert do(abe, story.act("send", 1), channel="mail to nowhere").status_code == 422
    assert do(abe, story.act("send", 1), channel="mail to second@bell.example").status_code == 302
    now = datetime.now(UTC)
    work(now=now, until=now + timedelta(seconds=1), lane=Q(kind=TOLD))
    letter = Message.objects.get(mailbox="second@bell.example")
    assert letter.about == f"hop:{story.hop(1).request_id}"
    text = text_of(abe, story.page())
    assert letter.sha256 in text
    assert "second@bell.example" in text


def test_an_answer_without_sign_in_moves_nothing_and_says_so(story: Story, signed_in: SignIn) -> None:
    request = story.received("P1")
    message = story.answer(request, "P1", upstream="P2")
    actions.answer_hop(story.actors["Bell"], story.hop(1), message, at=story.at, authenticated=False)
    assert (story.hop(1).state, len(load(story.id).now.hops)) == ("answered", 1)
    text = text_of(signed_in("Abe"), story.page())
    assert "without sign-in" in text
    assert "Given without sign-in: it moves nothing by itself." in text


def test_people_of_the_consortium_say_first_why_they_look(story: Story, cast: dict[str, Any]) -> None:
    client = Client()
    client.force_login(cast["Abe"], backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get(story.page())
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("accounts:begin_access"))


def test_a_provider_is_no_longer_asked_and_another_is_asked_first(story: Story, signed_in: SignIn) -> None:
    abe = signed_in("Abe")
    assert do(abe, story.act("cancel", 1), reason="the number was ported").status_code == 302
    assert story.hop(1).state == "cancelled"
    assert do(abe, story.act("open"), provider="P2").status_code == 302
    assert story.hop(2).provider_id == "P2"
    assert "The number was ported." in text_of(abe, story.page())


def test_a_stalled_traceback_goes_on(story: Story, signed_in: SignIn) -> None:
    story.received("P1")
    work(now=story.at, until=story.at + timedelta(days=16))
    assert story.row.state == "stalled"
    assert do(signed_in("Abe"), story.act("resume"), reason="a new contact").status_code == 302
    assert story.row.state == "active"


def test_notes_owner_priority_and_links_are_kept_and_recorded(
    story: Story, signed_in: SignIn, sample: Sought, cast: dict[str, Any]
) -> None:
    other = Story(story.actors, story.answer, story.at).begin(sample, reference="S2")
    abe = signed_in("Abe")
    assert abe.post(f"{story.page()}notes/", {"text": " "}).status_code == 422
    assert abe.post(f"{story.page()}notes/", {"text": "ported last week?"}).status_code == 302
    assert abe.post(f"{story.page()}owner/", {"owner": cast["Ann"].pk}).status_code == 302
    assert abe.post(f"{story.page()}owner/", {"owner": cast["Bell"].pk}).status_code == 422
    assert abe.post(f"{story.page()}priority/", {"priority": "urgent"}).status_code == 302
    assert abe.post(f"{story.page()}priority/", {"priority": "soon"}).status_code == 422
    assert abe.post(f"{story.page()}related/", {"other": "Tnone", "reason": "x"}).status_code == 422
    assert abe.post(f"{story.page()}related/", {"other": other.id, "reason": "same script"}).status_code == 302
    assert (story.row.owner, story.row.priority) == (cast["Ann"], "urgent")
    text = text_of(abe, story.page())
    for said in ("ported last week?", "Ann", "urgent", "same script"):
        assert said in text
    assert "same script" in text_of(abe, other.page())
    abe.post(f"{other.page()}related/", {"other": story.id, "reason": "not the same", "is_linked": "0"})
    assert "same script" not in text_of(abe, story.page())
    assert story.row.updated_at > story.at
    seal_log(at=datetime.now(UTC))
    verify()


def test_the_print_view_has_everything_open_and_nothing_around_it(story: Story, signed_in: SignIn) -> None:
    story.said("P1", upstream="P2").said("P2", customer="C-77")
    text = text_of(signed_in("Ann"), f"{story.page()}?print")
    assert "<nav" not in text
    assert "<button" not in text
    assert "<details>" not in text.replace("<details open>", "")
    assert "C-77" in text


def test_a_long_path_costs_no_more_queries(
    story: Story, signed_in: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    abe = signed_in("Abe")
    providers = ("P1", "P2", "P5")
    for place in range(19):
        here, there = providers[place % 3], providers[(place + 1) % 3]
        story.said(here, upstream=there, record_key=f"{here}-{place}")
    assert len(load(story.id).now.hops) == 20
    abe.get(story.page())
    with django_assert_max_num_queries(18):
        text = text_of(abe, story.page())
    assert "Hop 20" in text
    begun = time.perf_counter()
    abe.get(story.page())
    assert time.perf_counter() - begun < 1.0  # 0.2 s on a quiet machine


def test_every_kind_of_event_has_its_words() -> None:
    assert set(sentences._TOLD) == set(EVENTS.values())


def test_what_may_be_done_is_what_the_process_allows(story: Story) -> None:
    story.said("P1", upstream="P2")
    story.received("P2")
    trace = load(story.id).now
    for name in ("Ada", "Abe"):
        who = by(story.actors[name])
        can = possible(trace, by=who, at=story.at, policy=STANDARD, result=load(story.id).result, knows=lambda _: True)
        assert can.trace == ({"void"} if name == "Ada" else set())
        assert can.at(1) == {"answer", "fork", "dispute"}
        assert can.at(2) == {"answer", "cancel"}
    assert can.because["void", None].startswith("analyst may not")


def test_what_a_provider_did_about_it_stands_on_the_page(story: Story, signed_in: SignIn) -> None:
    story.said("P1", customer="C-77")
    draft = ActionDraft(
        target=Target.CUSTOMER,
        what="C-77",
        kind=ActionKind.TERMINATED,
        reason="the calls had no consent",
        effective_at=story.at,
    )
    record_action(story.actors["Bell"], story.hop(1), draft, at=story.at)
    text = text_of(signed_in("Abe"), story.page())
    assert "What providers did about it" in text
    assert "terminated" in text
