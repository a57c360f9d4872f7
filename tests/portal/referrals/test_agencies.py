from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection

from hopback.kernel.disclosure import Agency, Nobody, Stage
from hopback.kernel.errors import BadInput, Conflict, NotFound, Refused
from hopback.portal.accounts.models import Membership, Organisation, User
from hopback.portal.audit.models import Leaf
from hopback.portal.audit.sealing import seal
from hopback.portal.audit.verify import verify
from hopback.portal.intake.models import CallSample
from hopback.portal.messages.models import Message
from hopback.portal.referrals import access, actions
from hopback.portal.referrals.models import AgencyRequest, Disclosure, Match, Package, RequestedCall
from hopback.portal.referrals.targets import read_calls, target_key
from hopback.portal.tracebacks.models import Traceback

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from hopback.portal.audit.actors import Actor


FORM = {
    "kind": "number",
    "targets": "+1 312 555 0188",
    "authority": "subpoena",
    "instrument": "S-77",
    "purpose": "an investigation of the toll scam",
    "calls": "",
    "reference": "our-4711",
}


# Filing


def test_an_investigator_files_a_request_and_the_consortium_finds_it_in_its_queue(
    signed_in: Callable[[str], Client], at: datetime
) -> None:
    fay = signed_in("Fay")
    assert fay.get("/agencies/").status_code == 200
    assert fay.get("/agencies/file/").status_code == 200
    due = (at + timedelta(days=9)).date().isoformat()
    answer = fay.post("/agencies/file/", FORM | {"due_on": due, "opted_in": "on"})
    assert answer.status_code == 302
    row = AgencyRequest.objects.get()
    assert (row.organisation_id, row.kind, row.opted_in, row.state) == ("FTC", "number", True, "filed")
    assert [(one.kind, one.key) for one in row.targets.all()] == [("number", "13125550188")]
    assert b"our-4711" in fay.get("/agencies/").content
    for name in ("Abe", "Ada", "Otto"):
        queue = signed_in(name).get("/agencies/")
        assert row.pk.encode() in queue.content
        page = signed_in(name).get(f"/agencies/requests/{row.pk}/").content.decode()
        assert "312" in page
        assert ("Take it on" in page) is (name != "Otto")
    assert Leaf.objects.filter(action="personal.read", subject=row.audit_name).count() == 3
    assert not Leaf.objects.filter(body__contains="13125550188").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"purpose": ""}, "This field is required"),
        ({"instrument": ""}, "a legal process has a number"),
        ({"targets": ""}, "othing it is about"),
        ({"targets": "no number"}, "no telephone number"),
        ({"due_on": "2020-01-01"}, "cannot be due that day"),
        ({"kind": "calls", "calls": ""}, "o calls"),
        ({"kind": "calls", "calls": "+1 202 555 0143, x, 2026-11-02 14:05, UTC"}, "ine 1: calling"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_and_what_was_typed_kept(
    signed_in: Callable[[str], Client], at: datetime, wrong: dict[str, str], said: str
) -> None:
    due = (at + timedelta(days=9)).date().isoformat()
    answer = signed_in("Fay").post("/agencies/file/", FORM | {"due_on": due} | wrong)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert said.lower() in text.lower()
    assert "our-4711" in text
    assert not AgencyRequest.objects.exists()


def test_calls_become_candidates_in_the_agencys_own_name(
    signed_in: Callable[[str], Client], at: datetime, actors: dict[str, Actor]
) -> None:
    fay = signed_in("Fay")
    start = (at - timedelta(days=2)).strftime("%Y-%m-%d %H:%M")
    calls = f"+1 202 555 0143, +1 312 555 0188, {start}, UTC\n+1 202 555 0144, anonymous, {start}"
    due = (at + timedelta(days=9)).date().isoformat()
    assert fay.post("/agencies/file/", FORM | {"kind": "calls", "calls": calls, "due_on": due}).status_code == 302
    row = AgencyRequest.objects.get()
    assert RequestedCall.objects.filter(request=row).count() == 2
    assert {one.source_id for one in CallSample.objects.all()} == {"FTC"}
    assert [one.key for one in row.targets.all()] == ["13125550188"]
    page = fay.get(f"/agencies/requests/{row.pk}/").content.decode()
    assert page.count("proposed") == 2
    (first, _) = Traceback.objects.order_by("pk")
    assert access.seen_by_agency(actors["Fay"], first.pk).stage is Stage.PROPOSED
    with pytest.raises(NotFound):
        access.seen_by_agency(actors["Gil"], first.pk)


def test_each_line_of_calls_is_read_or_named(at: datetime) -> None:
    with pytest.raises(BadInput, match=r"line 1: called .*line 3 has too many parts"):
        read_calls("x, +1 312 555 0188, 2026-11-02 14:05\n\na,b,c,d,e,f", why="", at=at)
    with pytest.raises(BadInput, match="at most 50"):
        read_calls("x\n" * 51, why="", at=at)


def test_two_spellings_of_one_target_are_one() -> None:
    assert target_key("number", "(312) 555-0188") == target_key("number", "+13125550188")
    assert target_key("provider", "Elm Originating, Inc.") == target_key("provider", "ELM ORIGINATING INC")
    assert target_key("provider", "FRN 0012345678") == target_key("provider", "0012345678")
    with pytest.raises(BadInput):
        target_key("campaign", " - ")


@pytest.mark.parametrize("name", ["Dana", "Bell", "Cole", "Sol", "Abe", "Otto"])
def test_nobody_else_files(
    signed_in: Callable[[str], Client], actors: dict[str, Actor], at: datetime, name: str
) -> None:
    assert signed_in(name).post("/agencies/file/", FORM).status_code == 404
    with pytest.raises(Refused):
        actions.file_request(
            actors[name],
            Organisation.objects.get(pk="FTC"),
            kind="number",
            authority="voluntary",
            purpose="x",
            due_on=at.date(),
            targets=["+13125550188"],
            at=at,
        )


# Who sees it


def test_another_agency_and_everybody_else_see_nothing_of_it(
    signed_in: Callable[[str], Client], sent: Callable[..., Package], concluded: Traceback, at: datetime
) -> None:
    package = sent(on_process=True)
    request = package.request
    assert request is not None
    addresses = [
        f"/agencies/requests/{request.pk}/",
        f"/agencies/packages/{package.pk}/",
        f"/agencies/tracebacks/{concluded.pk}/",
    ]
    for name in ("Gil", "Dana", "Bell", "Cole", "Sol", "Bea"):
        client = signed_in(name)
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 404, (name, address)
            assert b"CUSTOMER-X" not in answer.content
            unknown = client.get(
                address.replace(request.pk, "A0").replace(package.pk, "K0").replace(concluded.pk, "T0")
            )
            assert unknown.content.replace(b"\n", b"")[:200] == answer.content.replace(b"\n", b"")[:200]
        for post in ("withdraw", "opt", "preserve", "decide", "target"):
            assert client.post(f"/agencies/requests/{request.pk}/{post}/").status_code == 404, (name, post)
        for post in ("address", "approve", "send", "recall"):
            assert client.post(f"/agencies/packages/{package.pk}/{post}/").status_code == 404, (name, post)
    for name in ("Dana", "Bell", "Sol"):
        for address in (
            "",
            "file/",
            "packages/",
            "packages/make/",
            "tracebacks/",
            "tracebacks/export.csv",
            "disclosures/",
        ):
            assert signed_in(name).get(f"/agencies/{address}").status_code == 404, (name, address)
    gil = signed_in("Gil")
    for address in ("", "tracebacks/", "disclosures/"):
        text = gil.get(f"/agencies/{address}").content.decode()
        assert request.pk not in text
        assert package.pk not in text
        assert concluded.pk not in text
        assert "What we found" not in text
    sheet = b"".join(gil.get("/agencies/tracebacks/export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert len(sheet.splitlines()) == 1


def test_an_auditor_reads_and_does_nothing(signed_in: Callable[[str], Client], sent: Callable[..., Package]) -> None:
    package = sent()
    otto = signed_in("Otto")
    for address in ("", "packages/", f"packages/{package.pk}/", "disclosures/", f"requests/{package.request_id}/"):
        assert otto.get(f"/agencies/{address}").status_code == 200
    for post in ("recall", "send", "approve", "address"):
        assert otto.post(f"/agencies/packages/{package.pk}/{post}/", {"reason": "x"}).status_code == 404
    assert otto.post(f"/agencies/requests/{package.request_id}/decide/", {"seen": 1}).status_code == 404
    assert otto.get("/agencies/packages/make/").status_code == 404


# Deciding


def test_a_request_is_taken_on_or_declined_once_with_a_reason(
    signed_in: Callable[[str], Client], ask: Callable[..., AgencyRequest]
) -> None:
    abe, row = signed_in("Abe"), ask()
    path = f"/agencies/requests/{row.pk}/decide/"
    assert abe.post(path, {"decision": "decline", "reason": "", "seen": row.version}).status_code == 422
    assert abe.post(path, {"decision": "grant", "reason": "", "seen": 99}).status_code == 409
    assert abe.post(path, {"decision": "decline", "reason": "not our calls", "seen": row.version}).status_code == 302
    assert abe.post(path, {"decision": "grant", "reason": "", "seen": row.version + 1}).status_code == 409
    assert b"not our calls" in signed_in("Fay").get(f"/agencies/requests/{row.pk}/").content
    letter = Message.objects.get()
    assert letter.mailbox == "fay@example.org"
    assert "5550188" not in letter.text.replace(" ", "")


def test_an_agency_withdraws_and_a_stale_page_is_a_conflict(
    signed_in: Callable[[str], Client], ask: Callable[..., AgencyRequest]
) -> None:
    fay, row = signed_in("Fay"), ask()
    path = f"/agencies/requests/{row.pk}/withdraw/"
    assert fay.post(path, {"seen": row.version + 5}).status_code == 409
    assert fay.post(path, {"seen": row.version}).status_code == 302
    assert fay.post(path, {"seen": row.version + 1}).status_code == 409


def test_records_are_asked_to_be_kept_and_the_consortium_says_until_when(
    signed_in: Callable[[str], Client], ask: Callable[..., AgencyRequest], at: datetime
) -> None:
    fay, abe, row = signed_in("Fay"), signed_in("Abe"), ask()
    until = (at + timedelta(days=90)).date().isoformat()
    path = f"/agencies/requests/{row.pk}/preserve/"
    assert fay.post(path, {"what": "", "until": until}).status_code == 422
    assert fay.post(path, {"what": "records", "until": "2020-01-01"}).status_code == 422
    assert fay.post(path, {"what": "answers of the traceback", "until": until}).status_code == 302
    (kept,) = row.preservations.all()
    assert b"not confirmed yet" in fay.get(f"/agencies/requests/{row.pk}/").content
    assert signed_in("Gil").post(f"/agencies/preservations/{kept.pk}/confirm/", {"until": until}).status_code == 404
    assert abe.post(f"/agencies/preservations/{kept.pk}/confirm/", {"until": "2020-01-01"}).status_code == 422
    assert abe.post(f"/agencies/preservations/{kept.pk}/confirm/", {"until": until, "note": "held"}).status_code == 302
    page = fay.get(f"/agencies/requests/{row.pk}/").content
    assert b"held" in page
    assert b"not confirmed yet" not in page


# Packages


def test_what_is_in_a_package_is_seen_by_outcome_and_on_process_with_its_path(
    sent: Callable[..., Package],
    signed_in: Callable[[str], Client],
    concluded: Traceback,
    actors: dict[str, Actor],
    at: datetime,
) -> None:
    fay = signed_in("Fay")
    assert fay.get(f"/agencies/tracebacks/{concluded.pk}/").status_code == 404
    voluntary = sent()
    text = fay.get(f"/agencies/tracebacks/{concluded.pk}/").content.decode()
    assert "CUSTOMER-X" in text
    assert "Elm Originating Inc." in text
    assert "Coalbrook" not in text
    assert "Bellwether" not in text
    assert "2025550143" not in re.sub(r"\D", "", text)
    assert access.viewer_of_agency(actors["Fay"]) == Agency("FTC", frozenset({concluded.pk}), frozenset())
    sent(on_process=True)
    text = fay.get(f"/agencies/tracebacks/{concluded.pk}/").content.decode()
    assert "Coalbrook" in text
    assert "Bellwether" in text
    sheet = b"".join(fay.get("/agencies/tracebacks/export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(sheet.lstrip("\ufeff"))))
    assert [row["hop_provider"] for row in rows] == ["", "P1", "P2", "P5"]
    assert fay.get(f"/agencies/packages/{voluntary.pk}/").status_code == 200
    assert fay.get("/agencies/tracebacks/").status_code == 200
    request = AgencyRequest.objects.get(pk=voluntary.request_id)
    assert request.state == "sent"
    assert {one.about for one in Message.objects.all()} >= {request.audit_name}


def test_what_goes_out_on_process_is_approved_by_somebody_who_put_nothing_into_it(
    actors: dict[str, Actor],
    signed_in: Callable[[str], Client],
    concluded: Traceback,
    ask: Callable[..., AgencyRequest],
    at: datetime,
) -> None:
    request = actions.grant_request(actors["Abe"], ask(), at=at)
    abe = signed_in("Abe")
    made = abe.post(
        f"/agencies/packages/make/?request={request.pk}", {"organisation": "FTC", "title": "Path", "on_process": "on"}
    )
    path = made.headers["Location"]
    assert abe.post(f"{path}address/", {"tracebacks": "nothing"}).status_code == 422
    assert abe.post(f"{path}address/", {"tracebacks": concluded.pk}).status_code == 302
    assert abe.post(f"{path}send/").status_code == 409
    assert abe.post(f"{path}approve/").status_code == 403
    package = Package.objects.get()
    with pytest.raises(Conflict):
        actions.send_package(actors["Ada"], package, at=at)
    ann = signed_in("Ann")
    assert b"Approve it" in ann.get(path).content
    assert b"Approve it" not in abe.get(path).content
    assert ann.post(f"{path}approve/", {"seen": 99}).status_code == 409
    assert ann.post(f"{path}approve/", {"seen": package.version}).status_code == 302
    assert abe.post(f"{path}address/", {"tracebacks": concluded.pk}).status_code == 409
    assert abe.get(f"{path}send/").status_code == 200
    assert abe.post(f"{path}send/").status_code == 302
    assert Package.objects.get().state == "sent"


def test_finished_tracebacks_that_answer_a_request_are_offered(
    actors: dict[str, Actor],
    signed_in: Callable[[str], Client],
    concluded: Traceback,
    ask: Callable[..., AgencyRequest],
    at: datetime,
) -> None:
    fits, other = ask(), ask(targets=["+1 415 555 0199"])
    packages = []
    for filed in (fits, other):
        request = actions.grant_request(actors["Abe"], filed, at=at)
        packages.append(actions.make_package(actors["Abe"], request.organisation, title="x", request=request, at=at))
    abe = signed_in("Abe")
    path = f"/agencies/packages/{packages[0].pk}/"
    assert f'value="{concluded.pk}"' in abe.get(path).content.decode()
    assert concluded.pk not in abe.get(f"/agencies/packages/{packages[1].pk}/").content.decode()
    assert concluded.pk not in signed_in("Otto").get(path).content.decode()
    assert abe.post(f"{path}address/", {"traceback": [concluded.pk]}).status_code == 302
    assert [one.traceback_id for one in packages[0].addressed.all()] == [concluded.pk]
    assert f'name="traceback" value="{concluded.pk}"' not in abe.get(path).content.decode()


def test_a_path_is_shown_on_process_only(
    actors: dict[str, Actor], ask: Callable[..., AgencyRequest], at: datetime
) -> None:
    request = actions.grant_request(actors["Abe"], ask(authority="voluntary", instrument=""), at=at)
    for answered in (None, request):
        with pytest.raises(BadInput, match="no legal process"):
            actions.make_package(
                actors["Abe"], request.organisation, title="x", request=answered, on_process=True, at=at
            )
    filed = ask()
    with pytest.raises(Conflict):
        actions.make_package(actors["Abe"], filed.organisation, title="x", request=filed, at=at)
    other = Organisation.objects.get(pk="AG-IL")
    with pytest.raises(BadInput):
        actions.make_package(actors["Abe"], other, title="x", request=request, at=at)
    with pytest.raises(BadInput):
        actions.make_package(actors["Abe"], Organisation.objects.get(pk="P1"), title="x", at=at)


def test_a_recalled_package_is_seen_no_longer_and_stays_on_record(
    sent: Callable[..., Package], signed_in: Callable[[str], Client], concluded: Traceback, at: datetime
) -> None:
    package = sent()
    fay, abe = signed_in("Fay"), signed_in("Abe")
    assert fay.get(f"/agencies/packages/{package.pk}/").status_code == 200
    assert abe.post(f"/agencies/packages/{package.pk}/recall/", {"reason": ""}).status_code == 422
    assert abe.post(f"/agencies/packages/{package.pk}/recall/", {"reason": "wrong agency"}).status_code == 302
    assert fay.get(f"/agencies/packages/{package.pk}/").status_code == 404
    assert fay.get(f"/agencies/tracebacks/{concluded.pk}/").status_code == 404
    assert [row.how for row in Disclosure.objects.order_by("pk")] == ["sent", "shown", "recalled"]
    assert abe.post(f"/agencies/packages/{package.pk}/recall/", {"reason": "again"}).status_code == 409


def test_what_is_shown_is_on_record_once_and_exports_each_time(
    sent: Callable[..., Package], signed_in: Callable[[str], Client], concluded: Traceback, at: datetime
) -> None:
    sent()
    fay = signed_in("Fay")
    for _ in range(3):
        fay.get(f"/agencies/tracebacks/{concluded.pk}/")
    for _ in range(2):
        b"".join(fay.get("/agencies/tracebacks/export.csv").streaming_content)  # type: ignore[attr-defined]
    assert [row.how for row in Disclosure.objects.order_by("pk")] == ["sent", "shown", "exported", "exported"]
    with pytest.raises(DatabaseError, match="written once"), connection.cursor() as cursor:
        cursor.execute("UPDATE referrals_disclosure SET actor = 'eve'")
    seal(at=at)
    assert verify().rows["referrals.disclosure"] == 4
    assert b"subpoena S-1" in fay.get("/agencies/disclosures/").content


# Deconfliction


def test_two_agencies_on_one_target_learn_that_a_colleague_exists_and_nothing_else(
    signed_in: Callable[[str], Client],
    actors: dict[str, Actor],
    ask: Callable[..., AgencyRequest],
    cast: dict[str, User],
    at: datetime,
) -> None:
    mine = ask("Fay", opted_in=True, targets=["+1 312 555 0188", "+1 312 555 0111"], purpose="FAYS-PURPOSE")
    theirs = ask("Gil", opted_in=True, targets=["(312) 555-0188", "+1 312 555 0222"], purpose="GILS-PURPOSE")
    assert not access.colleagues_of(actors["Fay"])
    actions.grant_request(actors["Abe"], mine, at=at)
    assert not access.colleagues_of(actors["Fay"]), "a request that nobody has taken on takes no part"
    actions.grant_request(actors["Abe"], theirs, at=at)
    fay, gil = signed_in("Fay"), signed_in("Gil")
    hers = fay.get(f"/agencies/requests/{mine.pk}/").content.decode()
    assert "A colleague exists" in hers
    for hidden in ("Gil", "AG-IL", "GILS-PURPOSE", theirs.pk, "0222", "gil@example.org"):
        assert hidden not in hers, hidden
        assert hidden not in fay.get("/agencies/").content.decode()
    for letter in Message.objects.all():
        assert not re.search(r"0188|312|AG-IL|FTC|PURPOSE", letter.text)
    assert {letter.mailbox for letter in Message.objects.all()} == {"fay@example.org", "gil@example.org"}
    (match,) = Match.objects.all()
    path = f"/agencies/colleagues/{match.pk}/share/"
    assert fay.post(path, {"contact": ""}).status_code == 422
    assert fay.post(path, {"contact": "Fay, FTC, +1 202 555 0100"}).status_code == 302
    assert "+1 202 555 0100" not in gil.get(f"/agencies/requests/{theirs.pk}/").content.decode()
    assert "Gil of AG-IL" not in fay.get(f"/agencies/requests/{mine.pk}/").content.decode()
    assert gil.post(path, {"contact": "Gil of AG-IL"}).status_code == 302
    assert "+1 202 555 0100" in gil.get(f"/agencies/requests/{theirs.pk}/").content.decode()
    hers = fay.get(f"/agencies/requests/{mine.pk}/").content.decode()
    assert "Gil of AG-IL" in hers
    assert "0222" not in hers
    for name in ("Dana", "Bell", "Abe", "Otto"):
        assert signed_in(name).post(path, {"contact": "x"}).status_code == 404
    assert "+1 202 555 0100" not in signed_in("Otto").get(f"/agencies/requests/{theirs.pk}/").content.decode()


def test_whoever_has_not_opted_in_or_opts_out_again_is_never_told_of(
    actors: dict[str, Actor], ask: Callable[..., AgencyRequest], signed_in: Callable[[str], Client], at: datetime
) -> None:
    mine = actions.grant_request(actors["Abe"], ask("Fay", opted_in=True), at=at)
    theirs = actions.grant_request(actors["Abe"], ask("Gil"), at=at)
    assert not Match.objects.exists()
    assert not access.colleagues_of(actors["Fay"])
    gil = signed_in("Gil")
    assert (
        gil.post(f"/agencies/requests/{theirs.pk}/opt/", {"opted_in": "yes", "seen": theirs.version}).status_code == 302
    )
    assert len(access.colleagues_of(actors["Fay"])) == len(access.colleagues_of(actors["Gil"])) == 1
    assert (
        gil.post(f"/agencies/requests/{theirs.pk}/opt/", {"opted_in": "no", "seen": theirs.version + 1}).status_code
        == 302
    )
    assert not access.colleagues_of(actors["Fay"])
    assert not access.colleagues_of(actors["Gil"])
    match = Match.objects.get()
    assert signed_in("Fay").post(f"/agencies/colleagues/{match.pk}/share/", {"contact": "x"}).status_code == 404
    with pytest.raises(NotFound):
        actions.share_contact(actors["Fay"], match, contact="x", at=at)
    assert mine.pk


def test_two_of_one_agency_are_no_match(
    actors: dict[str, Actor], ask: Callable[..., AgencyRequest], at: datetime
) -> None:
    for _ in range(2):
        actions.grant_request(actors["Abe"], ask("Fay", opted_in=True), at=at)
    assert not Match.objects.exists()


def test_what_the_consortium_calls_a_target_makes_two_spellings_meet(
    actors: dict[str, Actor], ask: Callable[..., AgencyRequest], signed_in: Callable[[str], Client], at: datetime
) -> None:
    one = actions.grant_request(
        actors["Abe"], ask("Fay", opted_in=True, kind="campaign", targets=["the parcel scam"]), at=at
    )
    two = actions.grant_request(
        actors["Abe"], ask("Gil", opted_in=True, kind="campaign", targets=["package texts"]), at=at
    )
    assert not Match.objects.exists()
    abe = signed_in("Abe")
    for row in (one, two):
        form = {"kind": "campaign", "text": "Parcel fee"}
        assert abe.post(f"/agencies/requests/{row.pk}/target/", form).status_code == 302
    assert Match.objects.count() == 1


# The rest


def test_only_an_agency_is_an_agency_to_the_gate(actors: dict[str, Actor]) -> None:
    for name in ("Ada", "Otto", "Bell", "Dana", "Sol"):
        assert isinstance(access.viewer_of_agency(actors[name]), Nobody)


def test_a_removed_investigator_sees_nothing(
    sent: Callable[..., Package], signed_in: Callable[[str], Client], cast: dict[str, User], at: datetime
) -> None:
    package = sent()
    fay = signed_in("Fay")
    Membership.objects.filter(user=cast["Fay"]).update(ended=at)
    assert fay.get(f"/agencies/packages/{package.pk}/").status_code == 404


def test_a_page_costs_as_many_queries_for_many_rows_as_for_few(
    signed_in: Callable[[str], Client],
    ask: Callable[..., AgencyRequest],
    django_assert_max_num_queries: Any,
) -> None:
    for _ in range(30):
        ask()
    for name, address, most in (
        ("Fay", "/agencies/", 12),
        ("Abe", "/agencies/", 12),
        ("Fay", "/agencies/tracebacks/", 12),
    ):
        client = signed_in(name)
        client.get(address)
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200
