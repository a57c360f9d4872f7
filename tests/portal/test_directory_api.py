from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.models import Organisation
from hopback.portal.directory.actions import ContactDraft, ProviderDraft, add_contact, change_provider
from hopback.portal.directory.models import CodeAssignment, OpenNumber, Provider

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

BASE = "/api/v1/directory"
NUMBER = "%2B13125550188"


@pytest.fixture
def asking(actors: dict[str, Actor]) -> Callable[..., Client]:
    """A program with a key of an organisation."""

    def make(organisation: str = "consortium", *scopes: str) -> Client:
        row = Organisation.objects.get(pk=organisation)
        from hopback.portal.clock import now  # noqa: PLC0415 -- the key is good now

        secret = issue_key(actors["Ada"], row, at=now(), lasts=timedelta(days=1), scopes=scopes or ("directory:read",))
        return Client(headers={"Authorization": f"Bearer {secret}"})

    return make


def codes(data: bytes = b"code,ocn\n312-555,123A\n312-777,999Z\n9,9\n") -> dict[str, Any]:
    return {"source": "NANPA", "as_of": "2026-11-01", "file": SimpleUploadedFile("codes.csv", data)}


def test_a_file_is_taken_over_once_and_says_what_was_rejected(asking: Callable[..., Client]) -> None:
    client = asking("consortium", "directory:write")
    first = client.post(f"{BASE}/files/codes", codes()).json()
    assert (first["rows"], first["added"], first["rejected"], first["rejects"][0]["line"]) == (2, 2, 1, 4)
    assert client.post(f"{BASE}/files/codes", codes()).json() == first
    assert CodeAssignment.objects.count() == 2
    assert client.post(f"{BASE}/files/codes", codes(b"a,b\n1,2\n")).status_code == 422
    assert client.post(f"{BASE}/files/nonsense", codes()).status_code == 422
    assert client.post(f"{BASE}/files/codes", {"source": "x"}).status_code == 422


def test_a_number_is_resolved_by_what_is_on_record_and_queued_only_when_asked(asking: Callable[..., Client]) -> None:
    client = asking("consortium", "directory:read", "directory:write")
    client.post(f"{BASE}/files/codes", codes())
    found = client.get(f"{BASE}/resolve?number={NUMBER}&on=2026-11-20").json()
    assert (found["provider"], found["why"], found["needs_person"]) == ("P1", "found", False)
    assert found["how"][0] == {
        "rung": "code",
        "said": "assigned",
        "value": "312-555: 123A",
        "source": "NANPA",
        "since": "",
    }
    strange = client.get(f"{BASE}/resolve?number=%2B13127770100&on=2026-11-20").json()
    assert (strange.get("provider"), strange["why"], strange["needs_person"]) == (None, "unknown_identifier", True)
    assert not OpenNumber.objects.exists()
    body = {"number": "+13127770100", "on": "2026-11-20", "asked_for": "C1"}
    assert client.post(f"{BASE}/resolve", body, content_type="application/json").json()["needs_person"]
    assert [row["number"] for row in client.get(f"{BASE}/numbers/waiting").json()] == ["+13127770100"]
    assert client.get(f"{BASE}/resolve?number=312&on=2026-11-20").status_code == 422
    assert client.get(f"{BASE}/resolve?number={NUMBER}&on=soon").status_code == 422
    assert client.post(f"{BASE}/resolve", body | {"number": "1"}, content_type="application/json").status_code == 422


def test_providers_are_read_in_the_order_they_changed_from_a_cursor(
    asking: Callable[..., Client], actors: dict[str, Actor], noon: datetime
) -> None:
    client = asking()
    first = client.get(f"{BASE}/providers?limit=3").json()
    assert [row["id"] for row in first["providers"]] == ["P1", "P2", "P3"]
    later = noon + timedelta(days=1)
    row = Provider.objects.get(pk="P2")
    draft = ProviderDraft("P2", "Coalbrook Networks Inc.", "US", "America/New_York", ocn="222B")
    change_provider(actors["Ada"], row, draft, seen=row.version, at=later)
    rest = client.get(f"{BASE}/providers?limit=3&after={first['next']}").json()
    assert [row["id"] for row in rest["providers"]] == ["P4", "P5", "P2"]
    assert "next" not in rest
    since = client.get(f"{BASE}/providers", {"updated_since": later.isoformat()}).json()
    assert [row["id"] for row in since["providers"]] == ["P2"]
    assert client.get(f"{BASE}/providers?q=bell").json()["providers"][0]["id"] == "P1"
    assert client.get(f"{BASE}/providers?after=nonsense").status_code == 422
    assert client.get(f"{BASE}/providers?limit=0").status_code == 422


def test_one_provider_comes_with_its_claims_and_contacts(
    asking: Callable[..., Client], actors: dict[str, Actor], noon: datetime
) -> None:
    draft = ContactDraft("noc", mailbox="noc@bell.example")
    add_contact(actors["Ada"], Provider.objects.get(pk="P1"), draft, at=noon)
    shown = asking().get(f"{BASE}/providers/P1").json()
    assert {claim["kind"] for claim in shown["claims"]} == {"legal_name", "country", "frn", "ocn"}
    assert shown["contacts"][0]["zone"] == "America/Chicago"
    assert asking().get(f"{BASE}/providers/P99").status_code == 404


@pytest.mark.parametrize("organisation", ["P1", "P9", "FTC", "honeypots"])
def test_no_other_organisation_s_key_finds_anything(asking: Callable[..., Client], organisation: str) -> None:
    scope = {"P1": "hops", "P9": "hops", "FTC": "referrals:read", "honeypots": "intake:read"}[organisation]
    client = asking(organisation, scope)
    for path in (
        "providers",
        "providers/P1",
        f"resolve?number={NUMBER}&on=2026-11-20",
        "numbers/waiting",
        "registry?q=be",
    ):
        response = client.get(f"{BASE}/{path}")
        assert response.status_code == 403, path
        assert b"Bellwether" not in response.content
    assert client.post(f"{BASE}/files/codes", codes()).status_code == 403
    assert Client().get(f"{BASE}/providers").status_code == 401


def test_a_key_to_read_changes_nothing(asking: Callable[..., Client]) -> None:
    client = asking()
    assert client.post(f"{BASE}/files/codes", codes()).status_code == 403
    body = {"number": "+13127770100", "on": date(2026, 11, 20).isoformat()}
    assert client.post(f"{BASE}/resolve", body, content_type="application/json").status_code == 403
    assert not OpenNumber.objects.exists()


def test_the_registry_is_searched(asking: Callable[..., Client]) -> None:
    client = asking("consortium", "directory:read", "directory:write")
    data = b"number,frn,business_name,other_dba_names\nRMD1,1,Bellwether,Bell Voice; Bell Two\n"
    assert client.post(f"{BASE}/files/registry", codes(data)).status_code == 200
    (row,) = client.get(f"{BASE}/registry?q=bell+two").json()
    assert (row["number"], row["frn"], row["other_names"]) == ("RMD1", "0000000001", ["Bell Voice", "Bell Two"])
    assert client.get(f"{BASE}/registry?q=b").status_code == 422
