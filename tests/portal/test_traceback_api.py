"""What the consortium's own programs read of tracebacks, and do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.models import Organisation
from hopback.portal.audit.models import Leaf
from hopback.portal.tracebacks import actions
from hopback.portal.tracebacks.docket import load
from hopback.portal.tracebacks.models import Note, Traceback
from telling import Story

if TYPE_CHECKING:
    from hopback.kernel.calls import Sought
    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor

BOTH = ("tracebacks:read", "tracebacks:write")


class Program:
    """A program with a key."""

    def __init__(self, secret: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {secret}"})

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query)

    def send(self, method: str, path: str, **said: Any) -> Any:
        headers = {"Idempotency-Key": said.pop("key")} if "key" in said else {}
        call = getattr(self.client, method)
        return call(f"/api/v1{path}", json.dumps(said), content_type="application/json", headers=headers)

    def post(self, path: str, **said: Any) -> Any:
        return self.send("post", path, **said)


@pytest.fixture
def program(actors: dict[str, Actor], cast: dict[str, User]) -> Program:
    return program_of("consortium", actors["Ada"], *BOTH)


def program_of(organisation: str, actor: Actor, *scopes: str) -> Program:
    row = Organisation.objects.get(pk=organisation)
    return Program(issue_key(actor, row, at=datetime.now(UTC), lasts=timedelta(days=1), scopes=scopes))


def test_a_program_reads_a_whole_traceback_and_what_happened(story: Story, program: Program) -> None:
    story.said("P1", upstream="P2")
    told = program.get(f"/tracebacks/{story.id}").json()
    assert (told["state"], told["turn"], told["waiting_on"], told["version"]) == ("active", "provider", "P2", 10)
    assert told["result"] == {"confidence": 0.0, "path": ["P1", "P2"], "is_confirmed": False}
    first, second = told["hops"]
    assert (first["responses"][0]["upstream"], first["responses"][0]["stands"]) == ("P2", True)
    assert first["working"][0]["cite"]
    assert (second["provider"], second["parent"], second["is_on_path"]) == ("P2", 1, True)
    events = program.get(f"/tracebacks/{story.id}/events", after=8).json()
    assert [event["number"] for event in events] == [9, 10]
    assert events[0]["text"] == "Coalbrook Networks Inc. is to be asked, since Bellwether Telephone LLC named it."
    assert Leaf.objects.filter(action__contains="read", subject__contains=story.id).exists()


def test_a_list_is_kept_up_with_by_cursors_without_one_missing_or_twice(
    story: Story, program: Program, sample: Sought
) -> None:
    stories = [story]
    for number in range(2, 8):
        at = story.at + timedelta(minutes=number // 3)  # several at one instant
        stories.append(Story(story.actors, story.answer, at).begin(sample, reference=f"S{number}"))
    seen, cursor = [], ""
    while True:
        page = program.get("/tracebacks", limit=2, cursor=cursor).json()
        seen += [row["id"] for row in page["tracebacks"]]
        if "next" not in page:
            break
        cursor = page["next"]
    assert sorted(seen) == sorted(one.id for one in stories)
    assert len(set(seen)) == len(seen)
    since = program.get("/tracebacks", updated_since="2999-01-01T00:00:00Z").json()
    assert since == {"tracebacks": []}
    last = Traceback.objects.order_by("-updated_at").first()
    assert last is not None
    again = program.get("/tracebacks", updated_since=last.updated_at.isoformat()).json()
    assert last.pk in [row["id"] for row in again["tracebacks"]]


def test_a_change_of_this_moment_is_listed_a_little_later(story: Story, program: Program) -> None:
    assert program.get("/tracebacks").json()["tracebacks"]
    assert program.send("put", f"/tracebacks/{story.id}/priority", priority="urgent").status_code == 200
    assert program.get("/tracebacks").json() == {"tracebacks": []}


def test_a_list_is_narrowed(story: Story, program: Program) -> None:
    story.said("P1", upstream="P2")
    for query, is_there in (
        ({"state": "active"}, True),
        ({"state": "closed"}, False),
        ({"waiting_on": "P2", "turn": "provider"}, True),
        ({"provider": "P1"}, True),
        ({"provider": "P5"}, False),
        ({"reference": "S1", "called": "+12025550143", "is_overdue": "false"}, True),
        ({"priority": "urgent"}, False),
    ):
        assert bool(program.get("/tracebacks", **query).json()["tracebacks"]) is is_there, query
    for bad in ({"state": "asleep"}, {"limit": 0}, {"cursor": "x"}, {"updated_since": "yesterday"}):
        answer = program.get("/tracebacks", **bad)
        assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")


def test_a_traceback_is_led_from_its_answer_to_its_end(story: Story, program: Program) -> None:
    story.said("P1", upstream="Cole Brook")
    url = f"/tracebacks/{story.id}"
    unknown = program.post(f"{url}/hops/1/upstream", provider="P77", reason="x")
    assert (unknown.status_code, unknown.json()["where"]) == (422, "provider")
    named = program.post(f"{url}/hops/1/upstream", provider="P2", reason="its site says so")
    assert (named.status_code, named.json()["waiting_on"]) == (200, "P2")
    story.said("P2", kind="ambiguous")
    version = load(story.id).now.version
    assert program.post(f"{url}/hops/2/return", missing=["customer: who?"], seen=version).status_code == 200
    story.said_again("P2", 2, customer="C-77")
    assert program.get(url).json()["hops"][1]["state"] == "accepted"
    assert program.post(f"{url}/conclude", outcome="legal_bar").status_code == 422
    concluded = program.post(f"{url}/conclude").json()
    assert (concluded["outcome"], concluded["result"]["customer"]) == ("origin_identified", "C-77")
    assert program.post(f"{url}/close").json()["reason"] == "not_noticed"
    assert program.post(f"{url}/close", notices=["P2"]).json()["state"] == "closed"
    reopened = program.post(f"{url}/reopen", reason="a correction", erratum="another customer").json()
    assert (reopened["state"], reopened["errata"]) == ("reopened", ["another customer"])


def test_a_hop_is_forked_cancelled_sent_and_accepted(story: Story, program: Program) -> None:
    url = f"/tracebacks/{story.id}"
    story.said("P1", kind="needs_review")
    stale = program.post(f"{url}/hops/1/accept", version=1, seen=3)
    assert (stale.status_code, stale.json()["reason"]) == (409, "seen_older")
    assert program.post(f"{url}/hops/1/fork", provider="P5", reason="a reseller").json()["hops"][1]["is_fork"]
    assert program.post(f"{url}/hops/2/cancel", reason="it was not").json()["hops"][1]["state"] == "cancelled"
    assert program.post(f"{url}/hops/1/accept", version=1).json()["hops"][0]["state"] == "accepted"
    assert program.post(f"{url}/hops/1/send", channels=["telephone"]).status_code == 409
    assert program.post(f"{url}/hops/9/accept", version=1).status_code == 404
    assert program.post(f"{url}/resume", reason="x").status_code == 409
    assert program.post(f"{url}/open", provider="P2").status_code == 409


def test_the_same_note_under_the_same_key_is_written_once(story: Story, program: Program) -> None:
    url = f"/tracebacks/{story.id}/notes"
    for _ in range(2):
        assert program.post(url, text="call them", key="n-1").status_code == 201
    assert Note.objects.count() == 1
    assert [note["text"] for note in program.get(url).json()] == ["call them"]
    assert program.post(url, text="  ").status_code == 422


def test_it_is_given_to_somebody_of_the_consortium(story: Story, program: Program) -> None:
    url = f"/tracebacks/{story.id}/owner"
    assert program.send("put", url, owner="ann@example.org").json()["owner"] == "ann@example.org"
    assert program.send("put", url, owner="bell@example.org").status_code == 422
    assert "owner" not in program.send("put", url, owner=None).json()


@pytest.mark.parametrize("who", ["P1", "P9", "FTC", "honeypots"])
def test_nobody_elses_key_finds_any_of_it(story: Story, actors: dict[str, Actor], who: str) -> None:
    scope = {"P1": "hops", "P9": "hops", "FTC": "referrals:read", "honeypots": "intake:read"}[who]
    stranger = program_of(who, actors["Ada"], scope)
    for path in ("/tracebacks", f"/tracebacks/{story.id}", f"/tracebacks/{story.id}/events"):
        answer = stranger.get(path)
        assert answer.status_code in {401, 403}
        assert story.id not in answer.content.decode().replace(path, "")


def test_a_key_for_reading_changes_nothing(story: Story, actors: dict[str, Actor], cast: dict[str, User]) -> None:
    reader = program_of("consortium", actors["Ada"], "tracebacks:read")
    assert reader.get(f"/tracebacks/{story.id}").status_code == 200
    assert reader.post(f"/tracebacks/{story.id}/notes", text="x").status_code in {401, 403}
    assert not Note.objects.exists()


def test_what_there_is_not_is_not_found(program: Program, cast: dict[str, User]) -> None:
    for answer in (program.get("/tracebacks/Tnone"), program.post("/tracebacks/Tnone/conclude")):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_findings_and_disputes_are_for_people_alone() -> None:
    from hopback.portal.tracebacks.api_traces import router  # noqa: PLC0415

    assert not [path for path in router.path_operations if "find" in path or "dispute" in path or "void" in path]
    assert actions.find_non_responsive
