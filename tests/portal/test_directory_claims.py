from __future__ import annotations

import os
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, transaction

from hopback.kernel.errors import BadInput, BrokenProof, Conflict, NotFound, Refused
from hopback.portal.accounts.models import Organisation
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.audit.models import Leaf
from hopback.portal.audit.sealing import seal
from hopback.portal.audit.verify import verify
from hopback.portal.directory.access import claims_of, contacts_of, pairs_of, provisional_of, snapshots_of
from hopback.portal.directory.actions import (
    ContactDraft,
    ProviderClaim,
    ProviderDraft,
    accept_provisional,
    add_contact,
    add_provider,
    ask_to_verify,
    change_contact,
    change_provider,
    end_contact,
    import_file,
    link_providers,
    match_provisional,
    merge_providers,
    note_bounce,
    note_delivery,
    propose_provisional,
    refresh_pairs,
    reject_provisional,
    settle_pair,
    state_claims,
    supersede_claim,
    undo_link,
    verify_contact,
)
from hopback.portal.directory.actions.imports import FileDraft, read_file
from hopback.portal.directory.claims import Claimed
from hopback.portal.directory.evidence import find_pairs, like_provisional
from hopback.portal.directory.jobs import owe_likenesses
from hopback.portal.directory.likeness import Entity, likely_pairs
from hopback.portal.directory.links import canonical, is_same_provider
from hopback.portal.directory.models import (
    IdentityClaim,
    LikelyPair,
    Provider,
    ProvisionalProvider,
    RegistryRecord,
    RegistrySnapshot,
)
from hopback.portal.directory.names import address_key, name_key, words
from hopback.portal.directory.provisional import when_decided
from hopback.portal.directory.registry import compare, search_registry
from hopback.portal.embedded import import_sheet
from hopback.portal.jobs.working import next_due, work
from hopback.portal.messages.channels import Told, bounce_listeners, delivery_listeners

if TYPE_CHECKING:
    from datetime import datetime


ADA = Actor("ada", Role.ANALYST)
OTTO = Actor("otto", Role.AUDITOR)
BELL = Actor("bell", Role.PROVIDER, provider="P1")
BEA = Actor("bea", Role.PROVIDER, provider="P1", administers=True)
COLE = Actor("cole", Role.PROVIDER, provider="P2")
DANA = Actor("dana", Role.OUTSIDER)


def standing(provider: str, kind: str) -> list[tuple[str, str]]:
    rows = IdentityClaim.objects.filter(provider=provider, kind=kind, superseded_at__isnull=True)
    return list(rows.order_by("pk").values_list("value", "source"))


def test_a_sheet_is_taken_down_as_claims_and_what_it_said_before_stays(
    directory: None, noon: datetime, tmp_path: Path
) -> None:
    assert standing("P1", "ocn") == [("123A", "sheet")]
    path = tmp_path / "providers.csv"
    path.write_text(path.read_text().replace("Bellwether", "Bellweather").replace("123A", "123B"))
    state_claims(ADA, Provider.objects.get(pk="P1"), [Claimed("P1", "ocn", "777A", "analyst")], at=noon)
    import_sheet(path, at=noon + timedelta(days=1))
    assert standing("P1", "legal_name") == [("Bellweather Telephone LLC", "sheet")]
    assert sorted(standing("P1", "ocn")) == [("123B", "sheet"), ("777A", "analyst")]
    gone = IdentityClaim.objects.get(provider="P1", kind="legal_name", superseded_at__isnull=False)
    assert (gone.value, gone.superseded_why) == ("Bellwether Telephone LLC", "said anew")
    count = IdentityClaim.objects.count()
    import_sheet(path, at=noon + timedelta(days=2))
    assert IdentityClaim.objects.count() == count


def test_a_provider_is_added_changed_by_who_looked_at_it_and_its_old_name_is_kept(
    directory: None, noon: datetime
) -> None:
    draft = ProviderDraft("P6", "Fig Voice Inc.", "us", "America/New_York", frn="0000000006", source_ref="its letter")
    row = add_provider(ADA, draft, at=noon)
    assert (row.country, row.version) == ("US", 1)
    assert Organisation.objects.filter(pk="P6", kind="provider").exists()
    with pytest.raises(Conflict):
        add_provider(ADA, draft, at=noon)
    renamed = ProviderDraft("P6", "Figment Voice Inc.", "US", "America/New_York", frn="0000000006")
    row = change_provider(ADA, row, renamed, seen=1, at=noon)
    assert (row.legal_name, row.version) == ("Figment Voice Inc.", 2)
    assert standing("P6", "former_name") == [("Fig Voice Inc.", "analyst")]
    assert "fig voice" in row.search
    with pytest.raises(Conflict, match="changed meanwhile"):
        change_provider(ADA, row, renamed, seen=1, at=noon)
    for bad in ({"country": "USA"}, {"time_zone": "Mars"}, {"frn": "1"}, {"id": "no spaces"}):
        with pytest.raises(BadInput):
            add_provider(
                ADA,
                ProviderDraft(**({"id": "P7", "legal_name": "x", "country": "US", "time_zone": "UTC"} | bad)),
                at=noon,
            )  # type: ignore[arg-type]


def test_a_provider_speaks_of_itself_as_its_own_word_and_only_its_administrator(
    directory: None, noon: datetime
) -> None:
    one, two = Provider.objects.get(pk="P1"), Provider.objects.get(pk="P2")
    state_claims(BEA, one, [Claimed("P1", "dba", "Bell Voice", "self")], at=noon)
    assert standing("P1", "dba") == [("Bell Voice", "self")]
    for actor, provider, claim in (
        (BEA, one, Claimed("P1", "dba", "Bell", "analyst")),
        (BEA, one, Claimed("P1", "rmd_status", "listed", "self")),
        (BEA, two, Claimed("P2", "dba", "Bell", "self")),
        (BELL, one, Claimed("P1", "dba", "Bell", "self")),
        (OTTO, one, Claimed("P1", "dba", "Bell", "analyst")),
        (DANA, one, Claimed("P1", "dba", "Bell", "self")),
    ):
        with pytest.raises(Refused):
            state_claims(actor, provider, [claim], at=noon)
    assert [claim.value for claim in claims_of(BEA)] == ["Bell Voice"]
    assert not claims_of(COLE).exists()
    assert not claims_of(DANA).exists()


def test_a_claim_that_stands_no_longer_stays_to_be_read(directory: None, noon: datetime) -> None:
    claim = IdentityClaim.objects.get(provider="P1", kind="ocn")
    with pytest.raises(BadInput, match="no reason"):
        supersede_claim(ADA, claim, why=" ", at=noon)
    supersede_claim(ADA, claim, why="it was Coalbrook's", at=noon)
    with pytest.raises(Conflict):
        supersede_claim(ADA, claim, why="again", at=noon)
    claim.refresh_from_db()
    assert (claim.superseded_by, claim.superseded_why) == ("ada", "it was Coalbrook's")
    with pytest.raises(DatabaseError), transaction.atomic():
        IdentityClaim.objects.filter(pk=claim.pk).update(value="9999")
    with pytest.raises(DatabaseError), transaction.atomic():
        IdentityClaim.objects.filter(pk=claim.pk).delete()


def test_the_log_answers_for_claims_and_merges(directory: None, noon: datetime) -> None:
    merge_providers(ADA, Provider.objects.get(pk="P3"), Provider.objects.get(pk="P2"), reason="one", at=noon)
    seal(at=noon)
    assert verify().rows["directory.identityclaim"] == IdentityClaim.objects.count()
    Provider.objects.filter(pk="P3").update(merged_into="P5")
    with pytest.raises(BrokenProof, match="provider P3 leads to P5"):
        verify()


def test_a_contact_is_kept_by_the_consortium_and_its_own_administrator(directory: None, noon: datetime) -> None:
    one, two = Provider.objects.get(pk="P1"), Provider.objects.get(pk="P2")
    draft = ContactDraft("traceback_primary", "Bell", "abuse@bell.example", zone="America/Chicago")
    contact = add_contact(BEA, one, draft, at=noon)
    with pytest.raises(Conflict):
        add_contact(BEA, one, draft, at=noon)
    for actor, provider in ((BELL, one), (BEA, two), (COLE, two), (OTTO, one), (DANA, one)):
        with pytest.raises(Refused):
            add_contact(actor, provider, draft, at=noon)
    other = change_contact(BEA, contact, ContactDraft("noc", mailbox="noc@bell.example"), seen=1, at=noon)
    assert (other.duty, other.version) == ("noc", 2)
    with pytest.raises(Conflict):
        change_contact(BEA, contact, draft, seen=1, at=noon)
    end_contact(BEA, other, on=noon.date(), at=noon)
    with pytest.raises(Conflict):
        end_contact(BEA, other, on=noon.date(), at=noon)
    assert [row.mailbox for row in contacts_of(BELL)] == ["noc@bell.example"]
    assert not contacts_of(COLE).exists()
    for bad in (
        ContactDraft("boss", mailbox="a@b.example"),
        ContactDraft("noc"),
        ContactDraft("noc", mailbox="nobody"),
        ContactDraft("noc", mailbox="a@b.example", zone="Mars/Base"),
        ContactDraft("noc", phone="call me"),
        ContactDraft("noc", phone="+1 312 555 0100", days="11"),
    ):
        with pytest.raises(BadInput):
            add_contact(ADA, one, bad, at=noon)


def test_bounces_are_counted_until_mail_goes_through_and_a_mailbox_shows_that_it_is_read(
    directory: None, noon: datetime
) -> None:
    contact = add_contact(ADA, Provider.objects.get(pk="P1"), ContactDraft("noc", mailbox="noc@bell.example"), at=noon)
    for _ in range(3):
        note_bounce(ADA, "NOC@bell.example", why="550 no such user", at=noon)
    contact.refresh_from_db()
    assert (contact.bounces, contact.is_bouncing, contact.last_bounce) == (3, True, "550 no such user")
    note_delivery(ADA, "noc@bell.example", at=noon)
    contact.refresh_from_db()
    assert (contact.bounces, contact.last_bounce_at) == (0, noon)
    tokens: list[str] = []

    def link(token: str) -> str:
        tokens.append(token)
        return f"https://portal.example/{token}"

    ask_to_verify(ADA, contact, link=link, at=noon)
    (token,) = tokens
    assert token not in "".join(Leaf.objects.values_list("body", flat=True))
    with pytest.raises(NotFound):
        verify_contact(DANA, token, at=noon + timedelta(days=8))
    assert verify_contact(DANA, token, at=noon).verified_at == noon
    with pytest.raises(NotFound):
        verify_contact(DANA, token, at=noon)
    assert token not in "".join(Leaf.objects.values_list("body", flat=True))
    with pytest.raises(Refused):
        note_bounce(BELL, "noc@bell.example", why="x", at=noon)


def test_a_provider_that_an_answer_names_waits_for_an_analyst_once(directory: None, noon: datetime) -> None:
    told: list[str] = []

    @when_decided
    def note(row: ProvisionalProvider, /, *, at: datetime) -> None:
        told.append(f"{row.name}: {row.state} {row.provider_id}")

    claim = ProviderClaim("Grey  Area Telecom LLC", country="US", ip="192.0.2.7", ocn="9X9X", about="R1")
    row = propose_provisional(BELL, claim, at=noon)
    assert (row.name, row.claimed_by, row.known["ip"]) == ("Grey Area Telecom LLC", "P1", "192.0.2.7")
    assert (
        propose_provisional(
            BELL, ProviderClaim("Grey Area Telecom, L.L.C.", phone="+13125550100", about="R1"), at=noon
        ).pk
        == row.pk
    )
    assert propose_provisional(BELL, ProviderClaim("Grey Area Telecom", about="R2"), at=noon).pk != row.pk
    with pytest.raises(BadInput):
        propose_provisional(BELL, ProviderClaim("  "), at=noon)
    for actor in (DANA, OTTO, Actor("fay", Role.AGENCY), Actor("p", Role.PROVIDER)):
        with pytest.raises(Refused):
            propose_provisional(actor, claim, at=noon)
    assert provisional_of(BELL).count() == 2
    assert not provisional_of(COLE).exists()
    row.refresh_from_db()
    with pytest.raises(BadInput, match="no reason"):
        match_provisional(ADA, row, Provider.objects.get(pk="P3"), reason="", at=noon)
    match_provisional(ADA, row, Provider.objects.get(pk="P3"), reason="same address", at=noon)
    assert standing("P3", "dba") == [("Grey Area Telecom LLC", "answer")]
    # who serves a number never follows from what a neighbour said
    assert not standing("P3", "ocn")
    with pytest.raises(Conflict):
        reject_provisional(ADA, row, reason="no", at=noon)
    other = ProvisionalProvider.objects.get(about="R2")
    accept_provisional(ADA, other, ProviderDraft("GREY", "Grey Area Telecom LLC", "US", "UTC"), reason="new", at=noon)
    with pytest.raises(Conflict):
        accept_provisional(ADA, other, ProviderDraft("GREY2", "Grey", "US", "UTC"), reason="new", at=noon)
    assert not Provider.objects.filter(pk="GREY2").exists()
    assert told == ["Grey Area Telecom LLC: matched P3", "Grey Area Telecom: accepted GREY"]


RMD = """number,frn,business_name,other_dba_names,previous_dba_names,state,foreign_voice_provider,implementation,voice_service_provider_choice,gateway_provider_choice,intermediate_provider_choice,last_updated
RMD1,0012345678,"Bellwether Telephone, LLC",Bell Voice,none,IL,No,Yes,Yes,No,No,2024-02-26
RMD2,22,Coalbrook Networks,,"Old Coal; Older Coal, Inc.",NY,No,Partial,Yes,Yes,No,
RMD3,0000000033,Silent Ridge Voice,,,NY,No,No,Yes,No,No,2024-02-26
"""


def export(text: str, as_of: date, *, at: datetime) -> RegistrySnapshot:
    file = import_file(ADA, read_file(FileDraft("registry", "rmd.csv", "FCC", as_of), text.encode()), at=at)
    return file.snapshot


def test_an_export_of_the_registry_says_who_is_listed_removed_or_missing(directory: None, noon: datetime) -> None:
    Provider.objects.filter(pk="P2").update(frn="0000000022")
    Provider.objects.filter(pk="P3").update(frn="0000000099")
    export(RMD, date(2026, 1, 1), at=noon)
    states = dict(Provider.objects.values_list("pk", "rmd_status"))
    assert states == {"P1": "listed", "P2": "listed", "P3": "missing", "P4": "unknown", "P5": "unknown"}
    assert standing("P1", "rmd_number") == [("RMD1", "rmd")]
    export("\n".join(line for line in RMD.splitlines() if "RMD2" not in line), date(2026, 2, 1), at=noon)
    assert Provider.objects.get(pk="P2").rmd_status == "removed"
    assert standing("P2", "rmd_status") == [("removed", "rmd")]
    with pytest.raises(Conflict, match="as of 2026-02-01 already"):
        export(RMD + "RMD4,4,Four,,,,,,,,,\n", date(2026, 2, 1), at=noon)
    assert RegistrySnapshot.objects.count() == 2


def test_what_its_entry_says_of_a_provider_is_taken_down_and_ends_when_it_says_so_no_longer(
    directory: None, noon: datetime
) -> None:
    text = (
        "number,frn,business_name,dba,previous names,address,contact name,contact phone,contact email\n"
        "RMD1,12345678,Bellwether Telephone LLC,Bell Voice; Ding,none,1 Main St,Pat Zed,312 555 0100,pat@bell.example\n"
        "RMD2,22,Other LLC,,,2 Main St,Pat Zed,312 555 0100,x@other.example\n"
    )
    add_provider(ADA, ProviderDraft("P6", "Other LLC", "US", "UTC", frn="0000000022"), at=noon)
    export(text, date(2026, 1, 1), at=noon)
    assert standing("P1", "dba") == [("Bell Voice", "rmd"), ("Ding", "rmd")]
    assert standing("P1", "principal") == [("Pat Zed", "rmd")]
    assert "ding" in Provider.objects.get(pk="P1").search
    # two of the directory, brought together by what the registry says of each
    (pair,) = [pair for pair in find_pairs() if {pair.left.key, pair.right.key} == {"provider:P1", "provider:P6"}]
    assert [reason.code for reason in pair.reasons] == ["phone", "principal"]
    later = noon + timedelta(days=1)
    export(text.replace("Bell Voice; Ding", "Bell Voice").replace("1 Main St", "9 Side St"), date(2026, 2, 1), at=later)
    assert standing("P1", "dba") == [("Bell Voice", "rmd")]
    assert standing("P1", "address") == [("9 Side St", "rmd")]
    assert Provider.objects.get(pk="P1").changed_at == later
    assert Provider.objects.get(pk="P6").changed_at == noon
    gone = IdentityClaim.objects.get(provider="P1", value="Ding")
    assert (gone.superseded_by, gone.superseded_why) == ("registry 2026-02-01", "no longer in the export")


def test_two_exports_are_compared_field_by_field(directory: None, noon: datetime) -> None:
    older = export(RMD, date(2026, 1, 1), at=noon)
    text = RMD.replace("Bell Voice,none", "Bell Voice,Ding Inc.").replace("RMD3,0000000033,Silent", "RMD4,44,Loud")
    newer = export(text.replace("Partial,Yes,Yes", "Yes,Yes,No"), date(2026, 2, 1), at=noon)
    found = {one.number: one for one in compare(older, newer)}
    assert {number: [kind.value for kind in one.kinds] for number, one in found.items()} == {
        "RMD1": ["renamed"],
        "RMD2": ["roles", "implementation"],
        "RMD3": ["gone"],
        "RMD4": ["new"],
    }
    assert [(one.field, one.before, one.after) for one in found["RMD1"].changes] == [("former_names", "", "Ding Inc.")]
    assert compare(newer, newer) == []


def test_the_registry_is_searched_by_every_name_and_number_and_says_nothing_of_members(
    directory: None, noon: datetime
) -> None:
    assert search_registry("bell") == []
    export(RMD, date(2026, 1, 1), at=noon)
    assert [row.number for row in search_registry("older coal")] == ["RMD2"]
    assert [row.number for row in search_registry("BELL voice")] == ["RMD1"]
    assert [row.number for row in search_registry("0012345678")] == ["RMD1"]
    assert [row.number for row in search_registry("rmd3")] == ["RMD3"]
    assert [row.number for row in search_registry("l", limit=5)] == []
    assert len(search_registry("rmd", limit=2)) == 2
    assert search_registry("100%") == []
    fields = {field.name for field in RegistryRecord._meta.get_fields()}
    assert not fields & {"provider", "member", "answers", "hops"}


def shared_registry() -> Path:
    path = Path(os.environ.get("HOPBACK_SHARED", "/nowhere")) / "data" / "fcc_rmd_us.csv"
    if not path.is_file():
        pytest.skip("HOPBACK_SHARED names no folder with data/fcc_rmd_us.csv")
    return path


def test_the_whole_registry_is_taken_over_searched_and_compared_in_seconds(directory: None, noon: datetime) -> None:
    data = shared_registry().read_bytes()
    start = time.process_time()
    older = import_file(ADA, read_file(FileDraft("registry", "a.csv", "FCC", date(2025, 1, 15)), data), at=noon)
    taken = time.process_time() - start
    assert (older.rows, older.rejected) == (7346, 0)
    assert taken < 20, taken
    changed = data.replace(b",Partial,", b",Yes,", 40)
    newer = import_file(ADA, read_file(FileDraft("registry", "b.csv", "FCC", date(2025, 2, 15)), changed), at=noon)
    start = time.process_time()
    assert {one.kinds for one in compare(older.snapshot, newer.snapshot)} == {("implementation",)}
    assert [row.frn for row in search_registry("atlink")] == ["0016085920"]
    assert time.process_time() - start < 5
    start = time.process_time()
    add_provider(ADA, ProviderDraft("ALLEG", "Allegiant Networks Inc", "US", "UTC"), at=noon)
    pairs = find_pairs()
    assert time.process_time() - start < 20
    assert any(pair.left.key == "provider:ALLEG" for pair in pairs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bell Telephone, Inc.", "BELL TELEPHONE LLC"),
        ("The Fig Company", "Fig Co., Ltd."),
        ("A.B.C. Télécom S.A.", "ABC Telecom"),
        ("AT&T Corp.", "ATT"),
        ("O'Hara Voice, L.L.C.", "OHara Voice"),
    ],
)
def test_names_that_differ_only_in_form_are_one(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_a_name_of_nothing_but_legal_forms_stays_a_name() -> None:
    assert name_key("The Company, Inc.") == "the company inc"
    assert words("") == ()
    assert address_key("100 North Main Street, Suite 5") == address_key("100 N. Main St Ste 5")


def entity(key: str, name: str, **shared: str) -> Entity:
    return Entity(
        f"provider:{key}", name, frozenset({name_key(name)}), shared={k: frozenset({v}) for k, v in shared.items()}
    )


def test_each_thing_two_share_is_a_reason_and_what_many_share_is_none() -> None:
    many = [entity(f"N{n}", f"Unlike Name{n * 7919}", address="1 agent plaza") for n in range(20)]
    one = entity("A", "One Eye Voices LLC", phone="13125550100", address="1 agent plaza")
    other = entity("B", "PZ Telecommunication", phone="13125550100", principal="x")
    alike = entity("C", "One Eye Voice Inc", site="gmail.com")
    pairs = likely_pairs([one, other, alike, *many], least=30)
    assert [(p.left.key, p.right.key, [r.code for r in p.reasons]) for p in pairs] == [
        ("provider:A", "provider:B", ["phone"]),
        ("provider:A", "provider:C", ["similar_name"]),
    ]


def test_ten_thousand_are_compared_in_seconds() -> None:
    everybody = [
        Entity(
            f"provider:{n}",
            f"Carrier {n}",
            frozenset({f"carrier{n % 5000} of town{n % 700} voice"}),
            shared={"phone": frozenset({str(n % 9000)}), "principal": frozenset({f"p{n % 3000}"})},
        )
        for n in range(12_000)
    ]
    start = time.process_time()
    assert likely_pairs(everybody)
    assert time.process_time() - start < 20


def test_likely_pairs_are_evidence_until_a_person_decides_and_can_be_undone(directory: None, noon: datetime) -> None:
    two, three = Provider.objects.get(pk="P2"), Provider.objects.get(pk="P3")
    for provider in (two, three):
        state_claims(
            ADA,
            provider,
            [
                Claimed(provider.pk, "principal", "Pat Q. Zed", "rmd"),
                Claimed(provider.pk, "phone", "312 555 0100", "rmd"),
            ],
            at=noon,
        )
    refresh_pairs(ADA, find_pairs(), at=noon)
    pair = LikelyPair.objects.get()
    assert ((pair.left, pair.right), [one["code"] for one in pair.reasons]) == (
        ("provider:P2", "provider:P3"),
        ["phone", "principal"],
    )
    assert not Provider.objects.filter(merged_into__isnull=False).exists()
    assert not pairs_of(BELL).exists()
    with pytest.raises(BadInput, match="no reason"):
        merge_providers(ADA, three, two, reason="", at=noon)
    link = merge_providers(ADA, three, two, reason="one person runs both", at=noon)
    assert [one["code"] for one in link.evidence] == ["phone", "principal"]
    assert (canonical("P3"), canonical("P2"), canonical("P9")) == ("P2", "P2", "P9")
    assert is_same_provider("P2", "P3")
    with pytest.raises(Conflict):
        merge_providers(ADA, two, three, reason="the other way", at=noon)
    with pytest.raises(Conflict):
        merge_providers(ADA, three, Provider.objects.get(pk="P5"), reason="again", at=noon)
    refresh_pairs(ADA, find_pairs(), at=noon)
    assert not LikelyPair.objects.filter(state="open").exists()
    undo_link(ADA, link, why="two offices of one building", at=noon)
    assert canonical("P3") == "P3"
    with pytest.raises(Conflict):
        undo_link(ADA, link, why="again", at=noon)
    refresh_pairs(ADA, find_pairs(), at=noon)
    settle_pair(ADA, LikelyPair.objects.get(state="open"), why="cousins", at=noon)
    refresh_pairs(ADA, find_pairs(), at=noon)
    assert not LikelyPair.objects.filter(state="open").exists()
    link_providers(ADA, three, two, "successor_of", reason="took over its customers", at=noon)
    assert canonical("P3") == "P3"
    with pytest.raises(BadInput):
        link_providers(ADA, three, two, "same_as", reason="x", at=noon)
    for actor in (BEA, OTTO, DANA):
        with pytest.raises(Refused):
            merge_providers(actor, three, two, reason="x", at=noon)


def test_chains_of_merges_lead_to_one(directory: None, noon: datetime) -> None:
    rows = {row.pk: row for row in Provider.objects.all()}
    merge_providers(ADA, rows["P1"], rows["P2"], reason="x", at=noon)
    merge_providers(ADA, rows["P2"], rows["P3"], reason="x", at=noon)
    assert canonical("P1") == "P3"
    with pytest.raises(Conflict):
        merge_providers(ADA, rows["P3"], rows["P1"], reason="a ring", at=noon)


def test_a_provisional_provider_is_shown_beside_whom_it_looks_like(directory: None, noon: datetime) -> None:
    export(RMD, date(2026, 1, 1), at=noon)
    row = propose_provisional(BELL, ProviderClaim("Silent Ridge Voice, Incorporated"), at=noon)
    keys = {
        pair.left.key if pair.right.key.startswith("provisional") else pair.right.key for pair in like_provisional(row)
    }
    assert keys == {"provider:P3", "rmd:RMD3"}
    assert not snapshots_of(BELL).exists()


def test_what_comes_back_of_requests_and_digests_is_counted_at_the_contact(directory: None, noon: datetime) -> None:
    contact = add_contact(ADA, Provider.objects.get(pk="P1"), ContactDraft("noc", mailbox="noc@bell.example"), at=noon)

    def tell(kind: str, outcome: str) -> None:
        listeners = delivery_listeners(kind) if outcome == "accepted" else bounce_listeners(kind)
        told = Told("m", kind, "provider:P1", "P1", "noc@bell.example", outcome, "5.1.1", "no such user", noon, "")
        for listener in listeners:
            if listener.__module__ == "hopback.portal.directory.jobs":
                listener(told, at=noon)

    for kind in ("request.opened", "hop.digest", "contact.check"):
        tell(kind, "bounced")
    contact.refresh_from_db()
    assert (contact.bounces, contact.last_bounce) == (3, "5.1.1 no such user")
    tell("hop.digest", "accepted")
    contact.refresh_from_db()
    assert contact.bounces == 0


def test_the_worker_looks_for_likenesses_every_day(directory: None, noon: datetime) -> None:
    two, three = Provider.objects.get(pk="P2"), Provider.objects.get(pk="P3")
    for row in (two, three):
        state_claims(ADA, row, [Claimed(row.pk, "phone", "312 555 0100", "rmd")], at=noon)
    owe_likenesses(at=noon)
    work(now=noon, until=noon)
    assert LikelyPair.objects.get().weight == 50
    assert next_due(kinds=("directory.likeness",)) == noon + timedelta(days=1)
