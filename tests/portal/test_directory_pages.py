from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hopback.portal.directory.actions import (
    ContactDraft,
    ProviderClaim,
    add_contact,
    import_file,
    propose_provisional,
    refresh_pairs,
    resolve_or_queue,
    state_claims,
)
from hopback.portal.directory.actions.imports import FileDraft, read_file
from hopback.portal.directory.claims import Claimed
from hopback.portal.directory.evidence import find_pairs
from hopback.portal.directory.models import (
    Contact,
    IdentityClaim,
    ImportedFile,
    LikelyPair,
    NumberDecision,
    OpenNumber,
    Provider,
    ProviderLink,
    ProvisionalProvider,
)
from hopback.portal.messages.models import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

CODES = b"code,ocn,company\n312-555,123A,Bellwether\n312-777,999Z,Nobody We Know\n012,1,x\n"
RMD = (
    b"number,frn,business_name,other_dba_names,previous_dba_names,state,implementation,last_updated\n"
    b"RMD1,0012345678,Bellwether Telephone LLC,Bell Voice,,IL,Yes,2024-02-26\n"
    b"RMD2,0000000022,Coalbrook Nets,,Coalbrook Networks,NY,No,\n"
)


@pytest.fixture
def full(cast: dict[str, Any], actors: dict[str, Actor], noon: datetime) -> None:
    """A directory with something on every page."""
    ada = actors["Ada"]
    for kind, data, day in (
        ("codes", CODES, 1),
        ("registry", RMD, 1),
        ("registry", RMD.replace(b"Bell Voice", b"Bell Vox"), 2),
    ):
        import_file(ada, read_file(FileDraft(kind, f"{kind}{day}.csv", "FCC", date(2026, 10, day)), data), at=noon)
    resolve_or_queue(ada, 13127770100, on=date(2026, 11, 1), at=noon, asked_for="C7")
    one, two, three = (Provider.objects.get(pk=pk) for pk in ("P1", "P2", "P3"))
    add_contact(ada, one, ContactDraft("traceback_primary", "Bell", "abuse@bell.example"), at=noon)
    add_contact(ada, two, ContactDraft("traceback_primary", "Cole", "abuse@cole.example"), at=noon)
    for row in (two, three):
        claims = [Claimed(row.pk, "principal", "Pat Secret", "rmd"), Claimed(row.pk, "phone", "312 555 0100", "rmd")]
        state_claims(ada, row, claims, at=noon)
    propose_provisional(actors["Bell"], ProviderClaim("Grey Area Telecom", country="US", about="R1"), at=noon)
    refresh_pairs(ada, find_pairs(), at=noon)


def pages() -> dict[str, str]:
    """Every page of the consortium's, with what is on it."""
    waiting, file, named = OpenNumber.objects.get(), ImportedFile.objects.first(), ProvisionalProvider.objects.get()
    contact, claim = Contact.objects.filter(provider="P1").first(), IdentityClaim.objects.filter(provider="P1").first()
    assert file
    assert contact
    assert claim
    pair = LikelyPair.objects.get(left="provider:P2", right="provider:P3")
    return {
        reverse("directory:list"): "Bellwether",
        reverse("directory:provider", args=["P1"]): "abuse@bell.example",
        reverse("directory:provider", args=["P2"]): "Pat Secret",
        reverse("directory:numbers"): "C7",
        reverse("directory:numbers") + "?number=312-555-0188&on=2026-11-01": "Bellwether",
        reverse("directory:decided"): "decided",
        reverse("directory:files"): "registry1.csv",
        reverse("directory:file", args=[file.pk]): "Rejected lines",
        reverse("directory:registry") + "?q=coalbrook": "Coalbrook Nets",
        reverse("directory:record", args=["RMD2"]): "0000000022",
        reverse("directory:changes"): "Bell Vox",
        reverse("directory:changes_sheet"): "Bell Vox",
        reverse("directory:likely"): "Silent Ridge",
        reverse("directory:pair", args=[pair.pk]): "the same person, pat secret",
        reverse("directory:provisional_list"): "Grey Area Telecom",
        reverse("directory:provisional", args=[named.pk]): "Grey Area Telecom",
        # what changes something
        reverse("directory:add"): "Add a provider",
        reverse("directory:change", args=["P1"]): "Bellwether",
        reverse("directory:claim_new", args=["P1"]): "A claim about",
        reverse("directory:claim_ends", args=["P1", claim.pk]): "stand no longer",
        reverse("directory:contact_new", args=["P1"]): "Add a contact",
        reverse("directory:contact", args=["P1", contact.pk]): "abuse@bell.example",
        reverse("directory:contact_ends", args=["P1", contact.pk]): "abuse@bell.example",
        reverse("directory:link", args=["P1"]) + "?q=coal": "Coalbrook",
        reverse("directory:waiting", args=[waiting.pk]) + "?q=elm": "Elm Originating",
        reverse("directory:decide", args=[13125550188]): "Bellwether",
        reverse("directory:redirected", args=[13125550188, "P1"]) + "?q=coal": "Nothing is held against it",
        reverse("directory:accept", args=[named.pk]): "Take Grey Area Telecom",
    }


STAFF_ONLY = 12
"""The last so many of the pages change something."""


def test_the_consortium_sees_every_page_and_its_auditor_those_that_change_nothing(
    full: None, signed_in: Callable[[str], Client]
) -> None:
    ada, otto = signed_in("Ada"), signed_in("Otto")
    shown = list(pages().items())
    for place, (address, words) in enumerate(shown):
        response = ada.get(address)
        assert response.status_code == 200, address
        assert words in response.content.decode(), address
        assert otto.get(address).status_code == (200 if place < len(shown) - STAFF_ONLY else 404), address


@pytest.mark.parametrize("name", ["Dana", "Bell", "Bea", "Fay", "Sol"])
def test_for_anybody_else_there_are_no_such_pages(full: None, signed_in: Callable[[str], Client], name: str) -> None:
    client = signed_in(name)
    for address in pages():
        assert client.get(address).status_code == 404, address
        assert client.post(address).status_code in (404, 405), address
    for address in ("directory:number_ask", "directory:likely_look"):
        assert client.post(reverse(address)).status_code == 404
    assert Client().get(reverse("directory:list")).status_code == 302


def test_an_auditor_changes_nothing(full: None, signed_in: Callable[[str], Client]) -> None:
    otto = signed_in("Otto")
    pair, named = LikelyPair.objects.filter(state="open").first(), ProvisionalProvider.objects.get()
    assert pair
    otto.post(reverse("directory:pair", args=[pair.pk]), {"reason": "x"})
    otto.post(reverse("directory:provisional", args=[named.pk]), {"do": "reject", "reason": "x"})
    data = {
        "kind": "codes",
        "source": "x",
        "as_of": "2026-11-01",
        "file": SimpleUploadedFile("c.csv", b"code,ocn\n312-999,1\n"),
    }
    assert otto.post(reverse("directory:files"), data).status_code == 403
    pair.refresh_from_db()
    named.refresh_from_db()
    assert (pair.state, named.state) == ("open", "waiting")
    assert ImportedFile.objects.count() == 3


def test_a_provider_sees_its_own_entry_and_nothing_of_anybody_else(
    full: None, signed_in: Callable[[str], Client]
) -> None:
    for name, administers in (("Bell", False), ("Bea", True)):
        page = signed_in(name).get(reverse("directory:own")).content.decode()
        assert "abuse@bell.example" in page
        assert ("Add a contact" in page) is administers
        for other in (
            "Coalbrook",
            "Silent",
            "cole.example",
            "Pat Secret",
            "Grey Area",
            "analyst (",
            "look alike",
            "Ada",
        ):
            assert other not in page, other
    dana = signed_in("Dana").get(reverse("directory:own")).content.decode()
    assert "no entry for your organisation" in dana
    assert "Bell" not in dana
    for name in ("Fay", "Sol", "Ada"):
        assert signed_in(name).get(reverse("directory:own")).status_code == 404


def test_a_provider_s_administrator_keeps_its_contacts_and_nobody_else_s(
    full: None, signed_in: Callable[[str], Client]
) -> None:
    bea, bell, cole = signed_in("Bea"), signed_in("Bell"), signed_in("Cole")
    own = Contact.objects.get(provider="P1")
    theirs = Contact.objects.get(provider="P2")
    form = {"duty": "noc", "mailbox": "noc@bell.example", "days": ["1", "2"]}
    assert bea.post(reverse("directory:own_contact_new"), form).status_code == 302
    made = Contact.objects.get(mailbox="noc@bell.example")
    assert (made.provider_id, made.source, made.days) == ("P1", "self", "12")
    for client in (bell, cole, signed_in("Dana")):
        assert client.get(reverse("directory:own_contact_new")).status_code == 404
        assert (
            client.post(reverse("directory:own_contact_ends", args=[own.pk]), {"on": "2026-11-02"}).status_code == 404
        )
    for address in ("own_contact", "own_contact_ends", "own_contact_ask"):
        assert (
            bea.post(reverse(f"directory:{address}", args=[theirs.pk]), form | {"on": "2026-11-02"}).status_code == 404
        )
    stale = form | {"seen": "1", "name": "First"}
    assert bea.post(reverse("directory:own_contact", args=[made.pk]), stale).status_code == 302
    again = bea.post(reverse("directory:own_contact", args=[made.pk]), stale | {"name": "Second"})
    assert again.status_code == 409
    assert "changed meanwhile" in again.content.decode()
    assert "Second" in again.content.decode()
    bad = bea.post(reverse("directory:own_contact_new"), {"duty": "noc"})
    assert bad.status_code == 422
    assert "neither mailbox nor phone" in bad.content.decode()
    assert bea.post(reverse("directory:own_claim"), {"kind": "dba", "value": "Bell Voice"}).status_code == 302
    assert IdentityClaim.objects.get(source="self").value == "Bell Voice"
    assert bea.post(reverse("directory:own_claim"), {"kind": "rmd_status", "value": "listed"}).status_code == 422


def test_a_mailbox_shows_that_it_is_read_by_a_button_and_not_by_opening_the_link(
    full: None, signed_in: Callable[[str], Client]
) -> None:
    contact = Contact.objects.get(provider="P1")
    assert signed_in("Bea").post(reverse("directory:own_contact_ask", args=[contact.pk])).status_code == 302
    mail = Message.objects.get(kind="contact.check")
    raw = bytes(mail.raw).decode().replace("=\r\n", "").replace("=3D", "=")
    found = re.search(r"/directory/verify/[\w-]+/", raw)
    assert found, raw
    scanner = Client()
    assert "Yes, it is read" in scanner.get(found[0]).content.decode()
    contact.refresh_from_db()
    assert contact.verified_at is None
    assert "abuse@bell.example" in scanner.post(found[0]).content.decode()
    contact.refresh_from_db()
    assert contact.verified_at is not None
    assert scanner.post(found[0]).status_code == 404


def test_a_provider_is_added_and_changed_on_its_page(full: None, signed_in: Callable[[str], Client]) -> None:
    abe = signed_in("Abe")
    form = {
        "id": "P7",
        "legal_name": "Oak Voice",
        "country": "us",
        "time_zone": "America/Denver",
        "answers": "agent",
        "source": "analyst",
    }
    bad = abe.post(reverse("directory:add"), form | {"time_zone": "Denver"})
    assert bad.status_code == 422
    assert "no IANA time zone" in bad.content.decode()
    assert "Oak Voice" in bad.content.decode()
    assert abe.post(reverse("directory:add"), form).status_code == 302
    assert abe.post(reverse("directory:add"), form).status_code == 409
    change = form | {"legal_name": "Oak Tree Voice", "seen": "1"}
    assert abe.post(reverse("directory:change", args=["P7"]), change).status_code == 302
    assert abe.post(reverse("directory:change", args=["P7"]), change | {"legal_name": "x"}).status_code == 409
    page = abe.get(reverse("directory:provider", args=["P7"])).content.decode()
    assert "Oak Tree Voice" in page
    assert "Abe" in page
    assert "user:" not in page
    claim = IdentityClaim.objects.get(provider="P7", kind="former_name")
    assert abe.post(reverse("directory:claim_ends", args=["P7", claim.pk]), {"reason": ""}).status_code == 422
    assert abe.post(reverse("directory:claim_ends", args=["P7", claim.pk]), {"reason": "a slip"}).status_code == 302
    assert abe.post(reverse("directory:claim_ends", args=["P1", claim.pk]), {"reason": "a slip"}).status_code == 404


def test_a_file_is_looked_at_before_it_counts_and_taken_over_once(
    full: None, signed_in: Callable[[str], Client]
) -> None:
    abe = signed_in("Abe")

    def bring(data: bytes, **changes: str) -> Any:
        form = {"kind": "codes", "source": "NANPA", "as_of": "2026-11-01"} | changes
        return abe.post(reverse("directory:files"), form | {"file": SimpleUploadedFile("codes.csv", data)})

    text = b"code,ocn\n312-666,123A\nnonsense,123A\n"
    response = bring(text)
    assert response.status_code == 302
    row = ImportedFile.objects.get(sha256__isnull=False, state="previewed")
    page = abe.get(response["Location"]).content.decode()
    assert "Take it over" in page
    assert "nonsense" in page
    assert not row.codes.exists()
    assert bring(text)["Location"] == response["Location"]
    take = reverse("directory:file_take_over", args=[row.pk])
    assert abe.get(take).status_code == 405
    abe.post(take)
    row.refresh_from_db()
    assert (row.state, row.added, row.content) == ("imported", 1, None)
    assert "meanwhile" in abe.post(take, follow=True).content.decode()
    assert row.codes.count() == 1
    assert "taken over" in abe.get(bring(text)["Location"]).content.decode().lower()
    assert bring(b"a,b\n1,2\n").status_code == 422
    assert bring(b"").status_code == 422
    other = bring(b"code,ocn\n312-667,123A\n")["Location"]
    abe.post(f"{other}discard/")
    assert abe.get(other).status_code == 404
    abe.post(reverse("directory:file_discard", args=[row.pk]))
    assert ImportedFile.objects.filter(pk=row.pk).exists()


def test_a_number_that_waits_is_decided_once(full: None, signed_in: Callable[[str], Client]) -> None:
    abe, ann = signed_in("Abe"), signed_in("Ann")
    row = OpenNumber.objects.get()
    address = reverse("directory:waiting", args=[row.pk])
    form = {"provider": "P5", "reason": "its own page", "since": "2026-11-01", "until": "2026-12-01"}
    assert abe.post(address, form | {"reason": ""}).status_code == 422
    assert abe.post(address, form | {"provider": "P99"}).status_code == 422
    assert abe.post(address, form | {"until": "2026-10-01"}).status_code == 422
    assert abe.post(address, form).status_code == 302
    assert ann.post(address, form).status_code == 409
    assert "was decided" in ann.get(address).content.decode()
    decision = NumberDecision.objects.get()
    shown = abe.get(reverse("directory:numbers") + "?number=%2B13127770100&on=2026-11-15").content.decode()
    assert "Elm Originating" in shown
    assert "user:" not in shown
    redirect = reverse("directory:redirected", args=[13127770100, "P5"])
    assert abe.post(redirect, form | {"provider": "P2"}).status_code == 422
    assert abe.post(redirect, form | {"provider": "P2", "said_by": "Elm's desk"}).status_code == 302
    end = reverse("directory:undecided", args=[decision.pk])
    assert "Elm" in abe.get(end).content.decode()
    abe.post(end)
    decision.refresh_from_db()
    assert decision.ended_at is not None


def test_a_provisional_provider_is_matched_taken_in_or_rejected_on_its_page(
    full: None, actors: dict[str, Actor], noon: datetime, signed_in: Callable[[str], Client]
) -> None:
    abe = signed_in("Abe")
    one = ProvisionalProvider.objects.get()
    two = propose_provisional(actors["Cole"], ProviderClaim("Nonsense"), at=noon)
    three = propose_provisional(actors["Cole"], ProviderClaim("Silent Ridge Voice"), at=noon)
    assert "Silent Ridge Voice LLC" in abe.get(reverse("directory:provisional", args=[three.pk])).content.decode()
    accept = {
        "id": "GREY",
        "legal_name": "Grey Area Telecom",
        "country": "US",
        "time_zone": "UTC",
        "answers": "silent",
        "source": "answer",
        "reason": "its site",
    }
    assert abe.post(reverse("directory:accept", args=[one.pk]), accept | {"id": "P1"}).status_code == 409
    assert abe.post(reverse("directory:accept", args=[one.pk]), accept).status_code == 302
    assert abe.post(reverse("directory:accept", args=[one.pk]), accept | {"id": "GREY2"}).status_code == 409
    address = reverse("directory:provisional", args=[two.pk])
    assert abe.post(address, {"do": "reject", "reason": ""}).status_code == 422
    assert abe.post(address, {"do": "reject", "reason": "a customer's name"}).status_code == 302
    match = reverse("directory:provisional", args=[three.pk])
    assert abe.post(match, {"do": "match", "reason": "same"}).status_code == 422
    assert abe.post(match, {"do": "match", "provider": "P3", "reason": "same"}).status_code == 302
    assert list(ProvisionalProvider.objects.order_by("pk").values_list("state", flat=True)) == [
        "accepted",
        "rejected",
        "matched",
    ]


def test_two_that_look_alike_are_merged_on_a_page_and_taken_apart_again(
    full: None, signed_in: Callable[[str], Client]
) -> None:
    abe = signed_in("Abe")
    address = reverse("directory:link", args=["P3"]) + "?with=P2"
    assert "Coalbrook" in abe.get(address).content.decode()
    form = {"kind": "same_as", "provider": "P2", "reason": "one person"}
    assert abe.post(address, form | {"reason": ""}).status_code == 422
    assert abe.post(address, form).status_code == 302
    assert abe.post(address, form).status_code == 409
    assert "Merged into" in abe.get(reverse("directory:provider", args=["P3"])).content.decode()
    assert "Silent Ridge" not in abe.get(reverse("directory:list")).content.decode()
    assert "Silent Ridge" in abe.get(reverse("directory:list") + "?show=merged").content.decode()
    link = ProviderLink.objects.get()
    assert abe.post(reverse("directory:link_undone", args=["P3", link.pk]), {"reason": "two"}).status_code == 302
    assert Provider.objects.get(pk="P3").merged_into is None
    pair = LikelyPair.objects.get(left="provider:P2", right="provider:P3")
    assert abe.post(reverse("directory:pair", args=[pair.pk]), {"reason": "cousins"}).status_code == 302
    assert abe.post(reverse("directory:likely_look")).status_code == 302


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=bell", {"P1"}),
        ("q=0012345678", {"P1"}),
        ("q=123a", {"P1"}),
        ("q=p4", {"P4"}),
        ("q=bell+nothing", set()),
        ("rmd=listed", {"P1"}),
        ("country=in", {"P4"}),
        ("show=unreachable", {"P3", "P4", "P5"}),
        ("show=bouncing", {"P2"}),
    ],
)
def test_the_list_is_searched_and_narrowed(
    full: None, signed_in: Callable[[str], Client], query: str, names: set[str]
) -> None:
    Contact.objects.filter(provider="P2").update(bounces=3)
    page = signed_in("Ada").get(f"{reverse('directory:list')}?{query}").content.decode()
    assert set(re.findall(r"/directory/providers/(\w+)/\"", page)) == names


def test_the_list_takes_as_many_queries_whatever_is_on_it(full: None, signed_in: Callable[[str], Client]) -> None:
    ada = signed_in("Ada")

    def count(address: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert ada.get(address).status_code == 200
        return len(caught)

    addresses = [reverse("directory:list"), reverse("directory:provider", args=["P1"]), reverse("directory:numbers")]
    before = [count(address) for address in addresses]
    Provider.objects.bulk_create(
        [Provider(id=f"X{n}", legal_name=f"X {n}", country="US", time_zone="UTC") for n in range(60)]
    )
    OpenNumber.objects.bulk_create(
        [
            OpenNumber(
                number=13120000000 + n,
                call_on=date(2026, 11, 1),
                why="no_assignment",
                first_at=row.first_at,
                last_at=row.last_at,
            )
            for row in OpenNumber.objects.all()
            for n in range(60)
        ]
    )
    Contact.objects.bulk_create([Contact(provider_id="P1", duty="noc", mailbox=f"n{n}@x.example") for n in range(30)])
    assert [count(address) for address in addresses] == before
    assert max(before) <= 25
    assert "after=" in ada.get(addresses[0]).content.decode()


def test_the_sheet_of_changes_is_plain_text_for_a_spreadsheet(
    full: None, actors: dict[str, Actor], noon: datetime, signed_in: Callable[[str], Client]
) -> None:
    data = RMD.replace(b"Coalbrook Nets", b"=HYPERLINK(1)")
    import_file(
        actors["Ada"],
        read_file(FileDraft("registry", "r3.csv", "FCC", date(2026, 10, 3)), data),
        at=noon + timedelta(days=1),
    )
    response = signed_in("Otto").get(reverse("directory:changes_sheet"))
    assert response["Content-Type"].startswith("text/csv")
    lines = response.content.decode().splitlines()
    assert lines[0].startswith("rmd_number,frn,name,provider_id")
    assert any(",'=HYPERLINK(1)," in line for line in lines)


def test_strange_addresses_lead_nowhere(full: None, signed_in: Callable[[str], Client]) -> None:
    ada = signed_in("Ada")
    for address in (
        "providers/P%00/",
        "providers/NOBODY/",
        "registry/%00/",
        "numbers/99999999999999999999/decide/",
        "numbers/1/decide/",
        "files/99999999999999999999/",
        "likely/999/",
        "provisional/999/",
        "numbers/waiting/999/",
        "numbers/decided/999/end/",
    ):
        assert ada.get(f"/directory/{address}").status_code == 404, address
    for query in ("?after=nonsense", "?number=x&on=y", "?q=%00"):
        assert ada.get(reverse("directory:list") + query).status_code in (200, 400, 422)
        assert ada.get(reverse("directory:numbers") + query).status_code in (200, 400, 422)
        assert ada.get(reverse("directory:registry") + query).status_code == 200
    assert ada.get(reverse("directory:changes") + "?from=-1&older=x&newer=y&kind=z").status_code == 200
