from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from hopback.kernel.hops import DeclineReason
from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.models import Organisation
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.intake.actions import decline_sample, propose, vet_sample
from hopback.portal.intake.models import CallSample, Recording
from hopback.portal.tracebacks.actions import void
from hopback.portal.tracebacks.models import Traceback

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign
    from hopback.portal.intake.facts import Facts

BODY: dict[str, Any] = {
    "call_start": "2026-11-01T09:30:00-06:00",
    "accuracy_s": 5,
    "called": "+12025550143",
    "calling": "anonymous",
    "source_record_id": "hp-77",
    "transcript": "Your power will be cut off.",
}


def key(organisation: str, *scopes: str) -> Client:
    row = Organisation.objects.get(pk=organisation)
    secret = issue_key(SYSTEM, row, at=datetime.now(UTC), lasts=timedelta(hours=1), scopes=scopes)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/api/v1{path}", body, content_type="application/json")


def test_a_sources_program_puts_a_call_forward_once(cast: Any) -> None:
    client = key("honeypots", "intake:write", "intake:read")
    first, again = post(client, "/samples", BODY), post(client, "/samples", BODY)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["stage"] == "proposed"
    row = CallSample.objects.get()
    assert (row.source_id, row.calling, row.via) == ("honeypots", None, "api")
    assert row.call_start.isoformat() == "2026-11-01T15:30:00+00:00"


def test_every_mistake_of_a_call_is_named(cast: Any) -> None:
    answer = post(key("honeypots", "intake:write"), "/samples", BODY | {"called": "911", "call_start": "yesterday"})
    assert answer.status_code == 422
    assert answer.json()["where"] == "called"
    assert "call_start is not a date" in answer.json()["mend"]
    assert not CallSample.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"accuracy_s": -1}, {"accuracy_s": 1e9}, {"lane": "soon"}, {"nonsense": 1}, {"transcript": "x" * 100_001}],
)
def test_a_malformed_call_is_refused(cast: Any, wrong: dict[str, Any]) -> None:
    assert post(key("honeypots", "intake:write"), "/samples", BODY | wrong).status_code == 422


def test_nobody_supplies_in_anothers_name_and_the_consortium_says_for_whom(cast: Any, sample: CallSample) -> None:
    answer = post(key("FTC", "intake:write"), "/samples", BODY | {"source": "honeypots"})
    assert answer.json()["source"] == "FTC"
    staff = key("consortium", "intake:write", "intake:read")
    assert post(staff, "/samples", BODY).status_code == 422
    answer = post(staff, "/samples", BODY | {"source": "honeypots"})
    assert (answer.status_code, answer.json()["source"]) == (201, "honeypots")


def test_a_provider_learns_nothing_but_that_it_was_taken_in(cast: Any, sample: CallSample) -> None:
    client = key("P1", "intake:write")
    answer = post(client, "/samples", BODY)
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "source", "source_record_id", "received_at", "changed_at"}
    assert client.get("/api/v1/samples").status_code == 403
    assert client.get(f"/api/v1/samples/{sample.pk}").status_code == 403


def test_a_source_reads_its_own_and_the_consortium_reads_in_full(cast: Any, sample: CallSample) -> None:
    sol, staff = key("honeypots", "intake:read"), key("consortium", "intake:read")
    own = sol.get(f"/api/v1/samples/{sample.pk}").json()
    assert "facts" not in own
    assert sample.traceback_id not in str(own)
    full = staff.get(f"/api/v1/samples/{sample.pk}").json()
    assert (full["traceback"], full["queue"]) == (sample.traceback_id, "candidate")
    assert full["facts"]["called"] == "+12025550143"
    other = post(key("FTC", "intake:write"), "/samples", BODY).json()
    assert sol.get(f"/api/v1/samples/{other['id']}").status_code == 404
    assert [one["id"] for one in sol.get("/api/v1/samples").json()["samples"]] == [sample.pk]


def test_what_changed_is_read_once_each_in_the_order_it_changed(
    cast: Any, actors: dict[str, Actor], facts: Callable[..., Facts], campaign: Campaign, noon: datetime
) -> None:
    rows = propose(
        actors["Sol"], "honeypots", [facts(called=f"+1202555010{n}") for n in range(5)], at=noon, via="api"
    ).fresh
    client = key("honeypots", "intake:read")
    seen: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"/api/v1/samples?limit=2&cursor={cursor}").json()
        seen += [one["id"] for one in page["samples"]]
        cursor = page.get("next", "")
        if not cursor:
            break
    assert sorted(seen) == sorted(row.pk for row in rows)
    later = noon + timedelta(hours=1)
    decline_sample(actors["Abe"], rows[3], code=DeclineReason.TOO_OLD, at=later)
    changed = client.get(f"/api/v1/samples?updated_since={later.isoformat().replace('+', '%2B')}").json()["samples"]
    assert [(one["id"], one["stage"], one["decline_reason"]) for one in changed] == [
        (rows[3].pk, "declined", "too_old")
    ]
    assert client.get("/api/v1/samples?cursor=nonsense").status_code == 422


def test_a_sample_follows_its_traceback_wherever_that_is_decided(
    cast: Any, sample: CallSample, campaign: Campaign, actors: dict[str, Actor], noon: datetime
) -> None:
    vet_sample(
        actors["Abe"],
        sample,
        campaign=campaign,
        reason="fraud",
        basis=("call_transcript",),
        violations=("wire_fraud",),
        provider="P1",
        at=noon,
    )
    later = noon + timedelta(hours=2)
    void(actors["Ada"], Traceback.objects.get(pk=sample.traceback_id), at=later, reason="opened in error")
    sample.refresh_from_db()
    assert (sample.stage, sample.changed_at) == ("set_aside", later)
    assert key("honeypots", "intake:read").get(f"/api/v1/samples/{sample.pk}").json()["stage"] == "set_aside"


def test_a_program_adds_a_recording_to_its_own_sample(cast: Any, sample: CallSample) -> None:
    sol, fay = key("honeypots", "intake:write"), key("FTC", "intake:write")
    path = f"/api/v1/samples/{sample.pk}/recordings"

    def sound() -> SimpleUploadedFile:
        return SimpleUploadedFile("a.ogg", b"OggS" + bytes(60))

    assert fay.post(path, {"file": sound()}).status_code == 404
    answer = sol.post(path, {"file": sound()})
    assert (answer.status_code, answer.json()["media_type"]) == (201, "audio/ogg")
    assert sol.post(path, {"file": sound()}).json()["id"] == answer.json()["id"]
    assert Recording.objects.count() == 1
    assert sol.post(path, {"file": SimpleUploadedFile("a.ogg", b"MZ" + bytes(60))}).status_code == 422


def test_campaigns_are_kept_by_the_consortiums_programs_alone(cast: Any, campaign: Campaign) -> None:
    staff = key("consortium", "campaigns:read", "campaigns:write")
    listed = staff.get("/api/v1/campaigns").json()["campaigns"]
    assert [one["id"] for one in listed] == [campaign.pk]
    draft = {
        "name": "Power off",
        "category": "utility",
        "kind": "robocall",
        "description": "A recording threatens.",
        "first_seen": "2026-10-01T00:00:00Z",
        "last_seen": "2026-11-01T00:00:00Z",
        "basis": ["call_transcript"],
        "violations": [{"code": "spoofed_caller_id"}],
    }
    made = post(staff, "/campaigns", draft)
    assert made.status_code == 201
    path = f"/api/v1/campaigns/{made.json()['id']}"
    change = draft | {"status": "watch", "version": 1, "why": "quiet"}
    assert staff.put(path, change, content_type="application/json").json()["status"] == "watch"
    assert staff.put(path, change, content_type="application/json").status_code == 409
    bad = post(staff, "/campaigns", draft | {"violations": [{"code": "made_up"}]})
    assert (bad.status_code, bad.json()["where"]) == (422, "violations")
    reader = key("consortium", "campaigns:read")
    assert post(reader, "/campaigns", draft).status_code == 403
    with pytest.raises(Exception, match="no key of"):
        key("honeypots", "campaigns:read")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/samples/%00", 404),
        ("/campaigns/%00", 404),
        ("/samples?updated_since=0001-01-01T00:00:00%2B14:00", 422),
        ("/campaigns?updated_since=0001-01-01T00:00:00%2B14:00", 422),
        ("/samples?cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwiUyJd", 422),
        ("/samples?cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIlx1MDAwMCJd", 422),
    ],
)
def test_what_no_database_could_compare_with_is_refused(cast: Any, path: str, status: int) -> None:
    client = key("consortium", "intake:read", "campaigns:read")
    assert client.get(f"/api/v1{path}").status_code == status


def test_control_characters_are_dropped_from_samples_and_refused_of_campaigns(cast: Any) -> None:
    answer = post(
        key("honeypots", "intake:write"), "/samples", BODY | {"transcript": "a\x00b", "calling_name": "\x1b[2J"}
    )
    assert answer.status_code == 201
    row = CallSample.objects.get()
    assert (row.transcript, row.calling_name) == ("ab", "[2J")
    staff = key("consortium", "intake:write", "campaigns:write")
    assert post(staff, "/samples", BODY | {"source": "a\x00b"}).status_code == 422
