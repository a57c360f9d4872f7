"""One verb for several: the preview says what will and what will not be done; each is done by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hopback.kernel.hops import SourceKind
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.audit.models import Leaf
from hopback.portal.clock import use_clock
from hopback.portal.tracebacks import actions as process
from hopback.portal.tracebacks.models import Hop, Note, Traceback, TraceEvent
from hopback.portal.tracebacks.policies import STANDARD
from hopback.portal.tracebacks.reading import requests_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from django.test import Client

    from hopback.kernel.calls import Sought
    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor
    from hopback.wire.hops import HopAnswer

BULK = "/lists/bulk/"


@pytest.fixture
def several(
    actors: dict[str, Actor], sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> Iterator[dict[str, Traceback]]:
    """A candidate, one that waits for P1, one that has come to an end and only needs a person to say so."""
    use_clock(lambda: noon + timedelta(hours=2))
    ada = actors["Ada"]
    for reference in ("candidate", "waiting", "ended"):
        trace = process.propose_sample(
            ada,
            STANDARD.version,
            sample,
            at=noon,
            source="s",
            source_kind=SourceKind.HONEYPOT,
            terminating="P1",
            reference=reference,
        )
        row = Traceback.objects.get(pk=trace.id)
        if reference == "candidate":
            continue
        process.vet(ada, row, at=noon, reason="known", basis=("transcript",), violations=("no consent",))
        process.open_traceback(ada, row, at=noon)
        hop = Hop.objects.select_related("traceback").get(traceback=row)
        process.record_delivery(SYSTEM, hop, at=noon, received=noon, proof="accepted")
        if reference == "ended":
            (request,) = requests_of([hop])
            process.answer_hop(actors["Bell"], hop, answer(request, "P1", customer="Acme"), at=noon)
    yield {row.reference: row for row in Traceback.objects.all()}
    use_clock(None)


def picks(several: dict[str, Traceback]) -> list[str]:
    return [f"{row.pk}:{row.version}" for row in several.values()]


def foreseen(client: Client, verb: str, several: dict[str, Traceback], **said: Any) -> dict[str, tuple[bool, str]]:
    page = client.post(BULK, {"verb": verb, "pick": picks(several), "previewed": "1", **said})
    assert page.status_code == 200, page.content.decode()
    return {one.row.reference: (one.will, one.why) for one in page.context["rows"]}


def test_the_preview_changes_nothing_and_says_why_each_would_be_refused(
    several: dict[str, Traceback], signed_in: Callable[[str], Client]
) -> None:
    abe, before = signed_in("Abe"), TraceEvent.objects.count()
    told = foreseen(abe, "conclude", several)
    assert told["ended"] == (True, "as origin_identified")
    assert told["waiting"][0] is False
    assert told["candidate"][0] is False
    assert "candidate" in told["candidate"][1]
    assert foreseen(abe, "remind", several)["waiting"] == (True, "P1")
    assert foreseen(abe, "remind", several)["ended"] == (False, "no provider owes an answer")
    assert [key for key, one in foreseen(abe, "decline", several, code="too_old").items() if one[0]] == ["candidate"]
    assert TraceEvent.objects.count() == before


def test_what_can_be_concluded_is_and_what_cannot_is_told(
    several: dict[str, Traceback], signed_in: Callable[[str], Client]
) -> None:
    abe = signed_in("Abe")
    said = {"verb": "conclude", "pick": picks(several), "previewed": "1", "confirmed": "1", "query": "state=working"}
    answer = abe.post(BULK, said)
    assert answer.status_code == 302
    assert dict(Traceback.objects.values_list("reference", "state"))["ended"] == "concluded"
    page = abe.get(answer.headers["Location"])
    assert page.status_code == 200
    assert {name for name, _, _ in page.context["refused"]} == {"candidate", "waiting"}
    assert b"state=working" in page.content


def test_all_are_assigned_and_noted_each_under_an_entry_of_its_own(
    several: dict[str, Traceback], cast: dict[str, User], signed_in: Callable[[str], Client]
) -> None:
    abe = signed_in("Abe")
    said = {"pick": picks(several), "previewed": "1", "confirmed": "1"}
    assert abe.post(BULK, {**said, "verb": "assign", "owner": cast["Ann"].pk}).status_code == 302
    assert set(Traceback.objects.values_list("owner", flat=True)) == {cast["Ann"].pk}
    assert abe.get("/lists/bulk/done/").status_code == 302
    assert abe.post(BULK, {**said, "verb": "note", "text": "seen together"}).status_code == 302
    assert Note.objects.count() == 3
    assert Leaf.objects.filter(action="traceback.noted", actor=cast["Abe"].audit_name).count() == 3


def test_what_changed_since_it_was_picked_is_left_alone(
    several: dict[str, Traceback], signed_in: Callable[[str], Client]
) -> None:
    abe, old = signed_in("Abe"), picks(several)
    Traceback.objects.filter(reference="ended").update(version=99)
    page = abe.post(BULK, {"verb": "conclude", "pick": old, "previewed": "1"})
    told = {one.row.reference: (one.will, one.why) for one in page.context["rows"]}
    assert told["ended"] == (False, "it changed since you looked")


def test_a_reminder_by_hand_goes_to_the_contact_once_an_hour(
    several: dict[str, Traceback], signed_in: Callable[[str], Client]
) -> None:
    abe = signed_in("Abe")
    for _ in range(2):
        said = {"verb": "remind", "pick": picks({"waiting": Traceback.objects.get(reference="waiting")})}
        assert abe.post(BULK, {**said, "previewed": "1", "confirmed": "1"}).status_code == 302
    assert TraceEvent.objects.filter(name="hop.reminded").count() == 1


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"verb": "explode"}, 400),
        ({"verb": "note", "pick": []}, 400),
        ({"verb": "note", "previewed": "1", "text": " "}, 422),
        ({"verb": "decline", "previewed": "1", "code": "boredom"}, 422),
        ({"verb": "assign", "previewed": "1", "owner": "99999"}, 422),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_done(
    several: dict[str, Traceback], signed_in: Callable[[str], Client], said: dict[str, Any], status: int
) -> None:
    assert signed_in("Abe").post(BULK, {"pick": picks(several), **said}).status_code == status
    assert not Note.objects.exists()


@pytest.mark.parametrize("name", ["Otto", "Bell", "Dana"])
def test_nobody_but_analysts_does_anything_to_several(
    several: dict[str, Traceback], signed_in: Callable[[str], Client], name: str
) -> None:
    said = {"verb": "note", "text": "x", "pick": picks(several), "previewed": "1", "confirmed": "1"}
    assert signed_in(name).post(BULK, said).status_code == 404
    assert not Note.objects.exists()


def test_somebody_s_tracebacks_are_handed_on_from_the_workload(
    several: dict[str, Traceback], cast: dict[str, User], signed_in: Callable[[str], Client]
) -> None:
    Traceback.objects.filter(reference="waiting").update(owner=cast["Ann"], priority="urgent")
    ada = signed_in("Ada")
    loads = {str(load.user): load for load in ada.get("/workload/").context["loads"]}
    assert (loads["Ann"].waiting, loads["Ann"].ours, loads["Ann"].urgent) == (1, 0, 1)
    assert loads["None"].waiting == 2
    assert loads["Ada"].decided == 4
    page = ada.post("/workload/hand-on/", {"owner": cast["Ann"].pk})
    assert page.status_code == 200
    row = Traceback.objects.get(reference="waiting")
    assert page.context["picks"] == [f"{row.pk}:{row.version}"]
    assert signed_in("Otto").get("/workload/").status_code == 200
    assert signed_in("Otto").post("/workload/hand-on/").status_code == 404
