from __future__ import annotations

import io
import re
import wave
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hopback.kernel.hops import DeclineReason
from hopback.portal.audit.models import Leaf
from hopback.portal.intake.actions import decline_sample, propose
from hopback.portal.intake.models import CallSample, Recording, Resemblance, Source
from hopback.portal.messages.models import Message
from hopback.portal.tracebacks.docket import load
from hopback.portal.tracebacks.models import Traceback

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.test import Client

    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign
    from hopback.portal.intake.facts import Facts

SCRIPT = "<script>alert('x')</script>"


def speech(seconds: float = 0.2, *, level: int = 0) -> bytes:
    """A recording: a little silence as a wav file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes([level, 0]) * int(8000 * seconds))
    return file.getvalue()


def typed(**otherwise: str) -> dict[str, Any]:
    return {
        "source": "honeypots",
        "called": "+1 202 555 0143",
        "calling": "312-555-0188",
        "call_start": "2026-11-01T09:30:00",
        "call_start_zone": "America/Chicago",
        "accuracy_s": "60",
        "transcript": "Your power will be cut off.",
        "terminating": "P1",
    } | otherwise


def vetting(chosen: Campaign, **otherwise: Any) -> dict[str, Any]:
    return {
        "campaign": chosen.pk,
        "reason": "a running fraud with complaints",
        "basis": ["call_transcript"],
        "violations": ["business_impersonation"],
        "other_violation": "",
        "seen": "1",
        "then": "open",
        "provider": "P1",
    } | otherwise


PAGES = (
    "/intake/",
    "/intake/new/",
    "/intake/sheets/",
    "/intake/sheets/template.csv",
    "/intake/sources/",
    "/intake/sources/new/",
    "/intake/sources/honeypots/",
    "/intake/sources/honeypots/change/",
    "/intake/samples/{sample}/",
    "/intake/samples.csv",
    "/intake/campaigns/{campaign}/",
    "/campaigns/",
    "/campaigns/new/",
    "/campaigns/{campaign}/change/",
    "/campaigns/{campaign}/versions/",
    "/campaigns/{campaign}/merge/",
)


@pytest.mark.parametrize("path", PAGES)
def test_the_consortium_sees_the_intake_and_nobody_else_does(
    sample: CallSample, campaign: Campaign, signed_in: Callable[[str], Client], path: str
) -> None:
    address = path.format(sample=sample.pk, campaign=campaign.pk)
    for name in ("Ada", "Abe"):
        assert signed_in(name).get(address).status_code == 200
    shared = {"/intake/new/", "/intake/sheets/", "/intake/sheets/template.csv"}
    for name in ("Dana", "Bell", "Bea"):
        answer = signed_in(name).get(address)
        assert answer.status_code == 404
        assert sample.pk not in answer.content.decode()
    for name in ("Sol", "Fay"):
        assert signed_in(name).get(address).status_code == (200 if path in shared else 404)


@pytest.mark.parametrize("path", ["/intake/", "/intake/samples/{sample}/", "/intake/sources/", "/campaigns/"])
def test_an_auditor_sees_and_does_nothing(
    sample: CallSample, campaign: Campaign, signed_in: Callable[[str], Client], path: str
) -> None:
    client = signed_in("Otto")
    answer = client.get(path.format(sample=sample.pk))
    assert answer.status_code == 200
    assert "Take it on" not in answer.content.decode()
    for verb in ("vet", "decline", "open", "recording"):
        assert client.post(f"/intake/samples/{sample.pk}/{verb}/", vetting(campaign)).status_code == 404


def test_a_newcomer_goes_from_a_sample_to_an_open_traceback(
    directory: None, campaign: Campaign, signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("Abe")
    assert "Put the first call forward" in client.get("/intake/").content.decode()
    assert "Write down who supplies samples" in client.get("/intake/new/").content.decode()
    client.post(
        "/intake/sources/new/",
        {"id": "honeypots", "name": "Honeypots", "kind": "honeypot", "reliability": "new", "is_verified": "on"},
    )
    answer = client.post("/intake/new/", typed(), follow=True)
    row = CallSample.objects.get()
    assert answer.redirect_chain[-1][0] == f"/intake/samples/{row.pk}/"
    assert "Next: take it on, or decline it" in answer.content.decode()
    assert (row.called, row.calling, row.is_honeypot) == (12025550143, 13125550188, True)
    assert row.call_start.isoformat() == "2026-11-01T15:30:00+00:00"
    client.post(f"/intake/samples/{row.pk}/vet/", vetting(campaign))
    row.refresh_from_db()
    assert row.stage == "opened"
    assert Traceback.objects.get().state == "active"
    page = client.get(f"/intake/samples/{row.pk}/").content.decode()
    assert "The traceback is open" in page
    assert f"/tracebacks/{row.traceback_id}/" in page


def test_what_was_typed_stays_and_each_mistake_stands_at_its_field(
    sample: CallSample, signed_in: Callable[[str], Client]
) -> None:
    answer = signed_in("Abe").post(
        "/intake/new/", typed(called="911", calling="", call_start_zone="", transcript="kept words")
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Is a short code" in page
    assert "Write anonymous if it was withheld" in page
    assert "kept words" in page
    assert CallSample.objects.count() == 1


def test_a_stale_vetting_is_a_conflict_with_what_was_typed_kept(
    sample: CallSample, campaign: Campaign, signed_in: Callable[[str], Client], actors: dict[str, Actor], noon: datetime
) -> None:
    client = signed_in("Abe")
    decline_sample(actors["Ann"], sample, code=DeclineReason.TOO_OLD, at=noon)
    answer = client.post(f"/intake/samples/{sample.pk}/vet/", vetting(campaign))
    assert answer.status_code == 409
    assert "moved on" in answer.content.decode()


def test_a_vetting_without_its_reasons_is_not_taken(
    sample: CallSample, campaign: Campaign, signed_in: Callable[[str], Client]
) -> None:
    answer = signed_in("Abe").post(
        f"/intake/samples/{sample.pk}/vet/", vetting(campaign, reason="", basis=[], violations=[], campaign="")
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "4 things have to be looked at" in page
    sample.refresh_from_db()
    assert sample.stage == "candidate"


def test_whom_the_directory_does_not_know_cannot_be_asked_and_the_number_waits_for_a_person(
    sample: CallSample, campaign: Campaign, signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("Abe")
    answer = client.post(f"/intake/samples/{sample.pk}/vet/", vetting(campaign, provider="other", other="P77"))
    assert answer.status_code == 403
    assert "not in the directory" in answer.content.decode()
    sample.refresh_from_db()
    assert sample.stage == "candidate"
    answer = client.post(f"/intake/samples/{sample.pk}/vet/", vetting(campaign, then="keep"), follow=True)
    assert "Next: say who is asked first" in answer.content.decode()
    assert Leaf.objects.filter(action="number.resolved").exists()
    other = {"provider": "other", "other": "coalbrook networks inc."}
    answer = client.post(f"/intake/samples/{sample.pk}/open/", other)
    assert answer.status_code == 302
    sample.refresh_from_db()
    assert (sample.stage, sample.resolved["provider"], sample.resolved["how"]) == ("opened", "P2", "person")


def test_a_providers_sample_is_vetted_by_two_and_says_so(
    actors: dict[str, Actor],
    facts: Callable[..., Facts],
    campaign: Campaign,
    signed_in: Callable[[str], Client],
    noon: datetime,
) -> None:
    (row,) = propose(actors["Cole"], "P2", [facts()], at=noon, via="api").fresh
    abe, ann = signed_in("Abe"), signed_in("Ann")
    assert "Two people decide here" in abe.get(f"/intake/samples/{row.pk}/").content.decode()
    abe.post(f"/intake/samples/{row.pk}/vet/", vetting(campaign, then="keep"))
    assert "It waits for another analyst" in abe.get(f"/intake/samples/{row.pk}/").content.decode()
    assert "needs a second person" in ann.get("/intake/").content.decode()
    again = abe.post(f"/intake/samples/{row.pk}/vet/", vetting(campaign, seen="2"))
    assert again.status_code == 403
    ann.post(f"/intake/samples/{row.pk}/vet/", vetting(campaign, seen="2"))
    row.refresh_from_db()
    assert row.stage == "opened"


def test_what_a_source_writes_is_never_markup(
    actors: dict[str, Actor],
    facts: Callable[..., Facts],
    campaign: Campaign,
    signed_in: Callable[[str], Client],
    noon: datetime,
) -> None:
    Source.objects.create(pk="evil", name=SCRIPT, kind="brand", since=noon)
    hostile = {
        name: f"{SCRIPT}{name}"
        for name in (
            "transcript", "why", "calling_name", "terminating", "sip_call_id", "identity", "headers_anomalies",
            "source_record_id", "complainant_ref",
        )
    }  # fmt: skip
    (row,) = propose(actors["Abe"], "evil", [facts(**hostile)], at=noon, via="form").fresh
    client = signed_in("Abe")
    file = SimpleUploadedFile(f"{SCRIPT}.wav", speech())
    client.post(
        f"/intake/samples/{row.pk}/recording/", {"recording-recording": file, "recording-consent_basis": SCRIPT}
    )
    for path in ("/intake/", f"/intake/samples/{row.pk}/", "/intake/sources/", "/intake/sources/evil/", "/intake/new/"):
        page = client.get(path).content.decode()
        assert SCRIPT not in page, path
        assert path == "/intake/new/" or "&lt;script&gt;" in page, path


def test_an_urgent_sample_stands_first_and_people_are_written_to_without_its_numbers(
    sample: CallSample,
    actors: dict[str, Actor],
    facts: Callable[..., Facts],
    signed_in: Callable[[str], Client],
    noon: datetime,
) -> None:
    (row,) = propose(actors["Fay"], "FTC", [facts(lane="swatting", called="+12025550177")], at=noon, via="form").fresh
    page = signed_in("Abe").get("/intake/").content.decode()
    assert page.index(row.pk) < page.index(sample.pk)
    assert "Told by mail: Ada, Abe, Ann" in signed_in("Abe").get(f"/intake/samples/{row.pk}/").content.decode()
    letters = Message.objects.filter(kind="sample.urgent")
    assert letters.count() == 3
    for letter in letters:
        assert row.pk.encode() in bytes(letter.raw)
        assert b"5550177" not in bytes(letter.raw)


def test_a_recording_is_played_whole_and_in_stretches_by_the_consortium_alone(
    sample: CallSample, signed_in: Callable[[str], Client]
) -> None:
    client, sound = signed_in("Abe"), speech()
    path = f"/intake/samples/{sample.pk}/recording/"
    assert client.post(path, {"recording-recording": SimpleUploadedFile("a.wav", sound)}).status_code == 302
    row = Recording.objects.get()
    assert "<audio controls" in client.get(f"/intake/samples/{sample.pk}/").content.decode()
    address = f"/intake/recordings/{row.pk}/"
    whole = client.get(address)
    assert whole.getvalue() == sound
    assert whole.headers["Content-Type"] == "audio/wav"
    assert whole.headers["Content-Disposition"].startswith('inline; filename="recording-')
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    part = client.get(address, headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.getvalue()) == (206, sound[4:10])
    assert part.headers["Content-Range"] == f"bytes 4-9/{len(sound)}"
    assert client.get(address, headers={"Range": "bytes=-5"}).getvalue() == sound[-5:]
    assert client.get(address, headers={"Range": "bytes=10-"}).getvalue() == sound[10:]
    assert client.get(address, headers={"Range": "bytes=9-4"}).status_code == 200
    assert client.get(address, headers={"Range": f"bytes={len(sound)}-"}).status_code == 416
    for name in ("Sol", "Fay", "Bell", "Dana"):
        assert signed_in(name).get(address).status_code == 404


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"<html><script>", "no sound"), (b"MZ\x90\x00", "no sound"), (b"%PDF-1.4", "no sound")],
)
def test_what_is_no_sound_is_not_kept(
    sample: CallSample, signed_in: Callable[[str], Client], data: bytes, words: str
) -> None:
    path = f"/intake/samples/{sample.pk}/recording/"
    answer = signed_in("Abe").post(path, {"recording-recording": SimpleUploadedFile("call.wav", data, "audio/wav")})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Recording.objects.exists()


def test_the_same_recording_of_two_samples_is_noted(
    sample: CallSample,
    actors: dict[str, Actor],
    facts: Callable[..., Facts],
    signed_in: Callable[[str], Client],
    noon: datetime,
) -> None:
    (other,) = propose(actors["Fay"], "FTC", [facts(called="+12025550199")], at=noon, via="form").fresh
    client = signed_in("Abe")
    for row in (sample, other):
        file = SimpleUploadedFile("a.wav", speech())
        client.post(f"/intake/samples/{row.pk}/recording/", {"recording-recording": file})
    pair = Resemblance.objects.get()
    assert pair.reasons == ["same_recording"]
    assert "byte for byte" in client.get(f"/intake/samples/{sample.pk}/").content.decode()
    client.post(f"/intake/pairs/{pair.pk}/", {"verdict": "same", "back": sample.pk})
    assert "The same call" in client.get(f"/intake/samples/{other.pk}/").content.decode()


def test_several_are_declined_after_a_page_that_asks(sample: CallSample, signed_in: Callable[[str], Client]) -> None:
    client = signed_in("Abe")
    page = client.post("/intake/decline/", {"pick": [sample.pk]})
    assert "Decline 1 sample" in page.content.decode()
    assert client.post("/intake/decline/", {"pick": [sample.pk], "code": ""}).status_code == 422
    client.post("/intake/decline/", {"pick": [sample.pk], "code": "out_of_scope", "note": "no pattern"})
    sample.refresh_from_db()
    assert (sample.stage, sample.decline_code) == ("declined", "out_of_scope")
    sources = client.get("/intake/sources/").content.decode()
    assert "Out of scope" in sources


def test_a_source_sees_its_own_and_how_far_it_is(
    sample: CallSample,
    actors: dict[str, Actor],
    facts: Callable[..., Facts],
    signed_in: Callable[[str], Client],
    noon: datetime,
) -> None:
    (other,) = propose(actors["Fay"], "FTC", [facts(called="+12025550199")], at=noon, via="form").fresh
    decline_sample(actors["Abe"], sample, code=DeclineReason.OUT_OF_SCOPE, at=noon, note="a secret of ours")
    page = signed_in("Sol").get("/intake/own/").content.decode()
    assert "Out of scope" in page
    assert "555-0143" in page
    for hidden in ("555-0199", other.pk, "a secret of ours", sample.traceback_id):
        assert hidden not in page
    assert "555-0199" in signed_in("Fay").get("/intake/own/").content.decode()
    for name in ("Bell", "Dana", "Abe"):
        assert signed_in(name).get("/intake/own/").status_code == 404


def test_a_source_puts_a_call_forward_in_its_own_name_whatever_it_sends(
    sample: CallSample, signed_in: Callable[[str], Client]
) -> None:
    answer = signed_in("Sol").post("/intake/new/", typed(source="FTC", called="+12025550111"))
    assert answer.status_code == 302
    assert CallSample.objects.get(called=12025550111).source_id == "honeypots"


def test_the_queue_takes_as_many_queries_for_many_samples_as_for_one(
    sample: CallSample,
    actors: dict[str, Actor],
    facts: Callable[..., Facts],
    signed_in: Callable[[str], Client],
    noon: datetime,
    django_assert_max_num_queries: Any,
) -> None:
    propose(actors["Abe"], "honeypots", [facts(called=f"+120255501{n:02}") for n in range(60)], at=noon, via="form")
    client = signed_in("Abe")
    client.get("/intake/")
    with django_assert_max_num_queries(8):
        page = client.get("/intake/").content.decode()
    assert len(set(re.findall(r"/intake/samples/(S\w+)/", page))) == 50
    client.get(f"/intake/samples/{sample.pk}/")
    with django_assert_max_num_queries(20):
        client.get(f"/intake/samples/{sample.pk}/")
    sol = signed_in("Sol")
    sol.get("/intake/own/")
    with django_assert_max_num_queries(10):
        assert sol.get("/intake/own/").content.decode().count('data-label="How far"') == 25


def test_a_campaign_begun_on_the_way_leads_back_to_its_sample(
    sample: CallSample, signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("Abe")
    given = {
        "name": "Power off",
        "category": "utility",
        "kind": "robocall",
        "description": "A recording threatens to cut the power off.",
        "first_seen": "2026-10-20T10:00",
        "last_seen": "2026-11-01T10:00",
        "basis": ["call_transcript"],
        "violations": ["spoofed_caller_id"],
        "priority": "normal",
        "status": "open",
        "next": f"/intake/samples/{sample.pk}/",
    }
    answer = client.post("/campaigns/new/", given)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"/intake/samples/{sample.pk}/?campaign=C")
    page = client.get(answer.headers["Location"]).content.decode()
    assert re.search(r'<option value="C\w+" selected>Power off', page)
    away = client.post("/campaigns/new/", given | {"name": "Gas off", "next": "https://evil.example/"})
    assert away.headers["Location"].startswith("/intake/campaigns/C")


def test_a_campaigns_page_shows_its_samples_with_what_their_tracebacks_came_to(
    sample: CallSample, campaign: Campaign, signed_in: Callable[[str], Client]
) -> None:
    client = signed_in("Abe")
    client.post(f"/intake/samples/{sample.pk}/vet/", vetting(campaign))
    page = client.get(f"/intake/campaigns/{campaign.pk}/").content.decode()
    assert sample.pk in page
    assert "tracing" in page
    assert f"/tracebacks/{sample.traceback_id}/" in page


def test_a_source_may_be_called_anything_its_organisation_is(
    actors: dict[str, Actor], signed_in: Callable[[str], Client], noon: datetime
) -> None:
    Source.objects.create(pk="P1.east", name="East", kind="provider", provider="P1", since=noon)
    client = signed_in("Abe")
    assert "/intake/sources/P1.east/" in client.get("/intake/sources/").content.decode()
    assert client.get("/intake/sources/P1.east/").status_code == 200
    assert client.get("/intake/sources/%00/").status_code == 404


def test_what_a_campaign_says_stands_for_its_sample_where_that_is_ticked(
    sample: CallSample, campaign: Campaign, signed_in: Callable[[str], Client]
) -> None:
    given = vetting(campaign, basis=[], violations=[], as_campaign="on", other_violation="the state's own act")
    assert signed_in("Abe").post(f"/intake/samples/{sample.pk}/vet/", given).status_code == 302
    trace = load(sample.traceback_id).now
    assert trace.basis == ("call_transcript",)
    assert trace.violations == ("the state's own act", "business_impersonation")
