"""Providers' records, findings of silence, standings over a period, the policy."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hopback.kernel.errors import BadInput, Conflict, Refused
from hopback.kernel.findings import Standing
from hopback.kernel.hops import SourceKind
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.audit.verify import verify
from hopback.portal.clock import use_clock
from hopback.portal.directory.models import Contact, Provider
from hopback.portal.embedded import seal_log
from hopback.portal.jobs.working import work
from hopback.portal.messages.models import Message
from hopback.portal.tracebacks import actions as process
from hopback.portal.tracebacks.models import Hop, PolicyVersion, Traceback
from hopback.portal.tracebacks.policies import STANDARD
from hopback.portal.tracebacks.reading import requests_of
from hopback.portal.web.actions import appeal_standing, move_standing, reply_to_standing
from hopback.portal.web.models import StandingStep
from hopback.portal.web.records import record_of
from hopback.portal.web.standing import proposals_of, standing_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from django.test import Client

    from hopback.kernel.calls import Sought
    from hopback.portal.audit.actors import Actor
    from hopback.wire.hops import HopAnswer


@pytest.fixture
def later(noon: datetime) -> Iterator[datetime]:
    """Two weeks on: nothing more is to come of what was asked at noon."""
    at = noon + timedelta(days=14)
    use_clock(lambda: at)
    yield at
    use_clock(None)


@pytest.fixture
def asked(
    actors: dict[str, Actor], sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> list[Traceback]:
    """Three that P3 never answers, two that P1 answers naming its customer: one within an hour, one late."""
    ada = actors["Ada"]
    for number, provider in enumerate(("P3", "P3", "P3", "P1", "P1")):
        trace = process.propose_sample(
            ada,
            STANDARD.version,
            sample,
            at=noon,
            source="s",
            source_kind=SourceKind.HONEYPOT,
            terminating=provider,
            campaign=f"campaign {number}",
            reference=f"K{number}",
        )
        row = Traceback.objects.get(pk=trace.id)
        process.vet(ada, row, at=noon, reason="known", basis=("transcript",), violations=("no consent",))
        process.open_traceback(ada, row, at=noon)
        hop = Hop.objects.select_related("traceback").get(traceback=row)
        process.record_delivery(SYSTEM, hop, at=noon, received=noon, proof="accepted")
    for reference, hours in (("K3", 1), ("K4", 30)):
        hop = Hop.objects.select_related("traceback").get(traceback__reference=reference)
        at = noon + timedelta(hours=hours)
        work(now=noon, until=at)
        hop.refresh_from_db()
        process.answer_hop(actors["Bell"], hop, answer(requests_of([hop])[0], "P1", customer="Acme"), at=at)
        process.conclude(ada, Traceback.objects.get(reference=reference), at=at)
    work(now=noon, until=noon + timedelta(days=14))
    return list(Traceback.objects.order_by("reference"))


def find(actor: Actor, at: datetime) -> None:
    """A person finds P3 silent wherever that may be found."""
    for hop in Hop.objects.filter(provider="P3").select_related("traceback"):
        process.find_non_responsive(
            actor, hop, at=at, reason="no word", evidence=("event:1",), noticed_at=at - timedelta(days=1)
        )


def test_a_record_has_rates_beside_its_counts(
    asked: list[Traceback], actors: dict[str, Actor], later: datetime
) -> None:
    record = record_of(actors["Ada"], "P1", at=later)
    assert (record.asked, record.answered.count, record.late.count, record.silent.count) == (2, 2, 1, 0)
    assert record.late.percent == 50
    assert record.origin.count == 2
    assert record.median_s == 3600
    assert record.p90_s == 30 * 3600
    assert [count for _, count in record.campaigns] == [1, 1]
    quarter = record.quarters[0]
    assert (quarter.name, quarter.asked, quarter.late.count, quarter.origins) == ("2026 Q4", 2, 1, 2)
    silent = record_of(actors["Ada"], "P3", at=later)
    assert (silent.asked, silent.answered.count, silent.late.count, silent.waiting) == (3, 0, 3, 3)
    assert silent.median_s is None


def test_the_record_s_page_is_the_consortium_s(
    asked: list[Traceback], signed_in: Callable[[str], Client], later: datetime, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(48):
        page = signed_in("Otto").get("/providers/P1/record/")
    assert page.status_code == 200
    assert b"50.0 %" in page.content
    assert signed_in("Ada").get("/providers/P99/record/").status_code == 404
    for name in ("Bell", "Dana"):
        assert signed_in(name).get("/providers/P1/record/").status_code == 404


def test_a_silent_request_is_listed_with_its_notice_and_from_when_a_person_may_decide(
    asked: list[Traceback], signed_in: Callable[[str], Client], later: datetime, noon: datetime
) -> None:
    page = signed_in("Abe").get("/findings/")
    assert page.status_code == 200
    silent = page.context["silent"]
    assert len(silent) == 3
    for one in silent:
        assert one.is_ready
        assert one.noticed_at is not None
        assert noon + timedelta(days=8) <= one.earliest <= later
    assert page.content.count(b">Decide<") == 3
    assert b">Decide<" not in signed_in("Otto").get("/findings/").content
    use_clock(lambda: noon + timedelta(days=3))
    early = signed_in("Abe").get("/findings/").context["silent"]
    assert not any(one.is_ready for one in early)
    assert signed_in("Bell").get("/findings/").status_code == 404


def test_a_provider_is_proposed_for_a_closer_look_by_count_and_share_and_nothing_follows(
    asked: list[Traceback], actors: dict[str, Actor], later: datetime, signed_in: Callable[[str], Client]
) -> None:
    ada = actors["Ada"]
    assert proposals_of(ada, at=later) == []
    find(ada, later)
    (proposal,) = proposals_of(ada, at=later)
    assert (proposal.id, proposal.counts.silent, proposal.counts.asked) == ("P3", 3, 3)
    assert proposal.counts.is_silent
    assert not proposal.counts.is_origin
    assert not StandingStep.objects.exists()
    assert b"Silent Ridge" in signed_in("Otto").get("/findings/providers/").content
    assert len(signed_in("Abe").get("/findings/?show=found").context["page"].rows) == 3


def test_a_standing_moves_by_people_with_notice_reply_appeal_and_a_second_pair_of_eyes(
    asked: list[Traceback], actors: dict[str, Actor], later: datetime
) -> None:
    Contact.objects.create(provider_id="P1", duty="legal", mailbox="legal@p1.example")
    row, ada, abe, bell = Provider.objects.get(pk="P1"), actors["Ada"], actors["Abe"], actors["Bell"]

    def move(actor: Actor, to: Standing, days: float, **said: Any) -> StandingStep:
        steps = StandingStep.objects.filter(provider=row).count()
        at = later + timedelta(days=days)
        return move_standing(actor, row, to, at=at, reason="a reason", **{"seen": steps, **said})

    with pytest.raises(Refused):
        move(ada, Standing.REPEAT_ORIGIN, 0, evidence=("K3",))  # nobody is found without a review
    move(ada, Standing.WATCH, 0)
    assert standing_of(bell, "P1") is Standing.CLEAR  # it is not told that somebody watches
    assert not Message.objects.filter(kind="provider.standing").exists()
    move(ada, Standing.UNDER_REVIEW, 1)
    (letter,) = Message.objects.filter(kind="provider.standing")
    assert letter.mailbox == "legal@p1.example"
    assert "2 requests asked" in letter.text
    (seen,) = steps_of(bell, "P1")
    reply_to_standing(bell, seen, at=later + timedelta(days=2), text="we dropped that customer")
    with pytest.raises(Refused, match="until"):
        move(ada, Standing.REPEAT_ORIGIN, 3, evidence=("K3",))
    with pytest.raises(BadInput):
        move(ada, Standing.REPEAT_ORIGIN, 9)
    with pytest.raises(Conflict):
        move(ada, Standing.REPEAT_ORIGIN, 9, evidence=("K3",), seen=0)
    step = move(ada, Standing.REPEAT_ORIGIN, 9, evidence=("K3", "K4"))
    assert (step.counts["origins"], step.counts["asked"], step.counts["thresholds"]["origins"]) == (2, 2, 3)
    with pytest.raises(Refused):
        move(ada, Standing.APPEALED, 10)
    with pytest.raises(Refused):
        appeal_standing(actors["Cole"], row, at=later + timedelta(days=10), statement="not ours")
    appeal_standing(bell, row, at=later + timedelta(days=10), statement="both were one customer")
    with pytest.raises(Refused, match="own finding"):
        move(ada, Standing.WITHDRAWN, 11)
    move(abe, Standing.WITHDRAWN, 11)
    assert standing_of(bell, "P1") is Standing.WITHDRAWN
    seal_log(at=later)
    verify()


def test_the_pages_of_a_standing_show_each_side_its_own(
    asked: list[Traceback], actors: dict[str, Actor], later: datetime, signed_in: Callable[[str], Client]
) -> None:
    Contact.objects.create(provider_id="P1", duty="legal", mailbox="legal@p1.example")
    ada, bell = signed_in("Ada"), signed_in("Bell")
    path = "/providers/P1/standing/"
    said = {"to": "watch", "reason": "SECRET-HUNCH", "evidence": "", "seen": 0}
    assert ada.post(path, {**said, "reason": ""}).status_code == 422
    assert ada.post(path, said).status_code == 302
    assert ada.post(path, {**said, "to": "under_review"}).status_code == 409
    assert b"SECRET-HUNCH" in signed_in("Otto").get(path).content
    own = bell.get("/standing/")
    assert own.status_code == 200
    assert b"SECRET-HUNCH" not in own.content
    assert ada.post(path, {**said, "to": "under_review", "reason": "three calls", "seen": 1}).status_code == 302
    assert b"three calls" in bell.get("/standing/").content
    assert bell.post("/standing/", {"text": " "}).status_code == 422
    assert bell.post("/standing/", {"text": "we act on it"}).status_code == 302
    assert b"we act on it" in ada.get(path).content
    assert bell.post("/standing/", {"text": "no", "appeal": "1"}).status_code == 403  # nothing was found yet
    dana = signed_in("Dana")
    assert dana.get("/standing/").status_code == 404
    assert dana.get(path).status_code == 404
    assert b"three calls" not in signed_in("Cole").get("/standing/").content
    assert signed_in("Otto").post(path, said).status_code == 404


def test_a_lead_writes_the_next_version_of_the_policy(
    asked: list[Traceback], later: datetime, signed_in: Callable[[str], Client]
) -> None:
    ada = signed_in("Ada")
    said: dict[str, Any] = {
        "duty_1": "legal",
        "after_1": 2,
        "duty_2": "notice",
        "after_2": 1,
        "finding_wait_days": 7,
        "days": 90,
        "silent": 4,
        "silent_percent": 20,
        "origins": 3,
        "campaigns": 2,
        "reason": "legal answers sooner",
    }
    assert ada.get("/policy/").status_code == 200
    assert ada.post("/policy/", {**said, "duty_2": "executive"}).status_code == 422
    assert ada.post("/policy/", {**said, "finding_wait_days": 3}).status_code == 422
    assert ada.post("/policy/", {**said, "reason": ""}).status_code == 422
    assert not PolicyVersion.objects.exists()
    assert ada.post("/policy/", said).status_code == 302
    version = PolicyVersion.objects.get().pk
    assert version.encode() in signed_in("Otto").get("/policy/").content
    assert signed_in("Abe").post("/policy/", said).status_code == 404
    assert signed_in("Bell").get("/policy/").status_code == 404
