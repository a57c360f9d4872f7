from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError

from hopback.kernel.errors import BadInput, NotFound, Refused
from hopback.portal.accounts.access import keys_of
from hopback.portal.accounts.actions import issue_key, revoke_key
from hopback.portal.accounts.keys import let_in
from hopback.portal.accounts.models import ApiKey, Organisation
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.audit.models import Leaf
from hopback.portal.directory.access import providers_of
from hopback.portal.directory.actions import import_providers
from hopback.portal.directory.models import Provider
from hopback.portal.directory.sheets import read_providers

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from hopback.portal.config import Configuration

ADA = Actor("ada", Role.ANALYST)
BELL = Actor("bell", Role.PROVIDER, provider="P1", organisation="P1")
DANA = Actor("dana", Role.OUTSIDER)

HEADER = "provider_id,legal_name,country,frn,ocn,time_zone,answers\n"
SHEET = (
    HEADER
    + "P1,Bellwether Telephone LLC,US,0012345678,123A,America/Chicago,agent\n"
    + 'P2,"Coal, Cole & Co. Ltd",IN,,,Asia/Kolkata,silent\n'
)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "providers.csv"
    path.write_text(SHEET)
    return path


def test_a_sheet_is_taken_over_and_again_without_doubling(portal: Configuration, noon: datetime, sheet: Path) -> None:
    assert import_providers(ADA, read_providers(sheet), at=noon) == 2
    assert Provider.objects.get(id="P2").legal_name == "Coal, Cole & Co. Ltd"
    sheet.write_text(SHEET.replace("Bellwether", "Bellweather"))
    import_providers(ADA, read_providers(sheet), at=noon)
    assert sorted(Provider.objects.values_list("legal_name", flat=True)) == [
        "Bellweather Telephone LLC",
        "Coal, Cole & Co. Ltd",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("time_zone,", "zone,", "providers.csv:1: no column time_zone"),
        ("America/Chicago", "America/Chicgo", "providers.csv:2: time_zone: 'America/Chicgo' is no IANA time zone"),
        ("US", "usa", "providers.csv:2: country: 'usa' will not do (two capital letters, ISO 3166-1)"),
        ("0012345678", "12345678", "providers.csv:2: frn: '12345678' will not do (ten digits, or nothing)"),
        ("123A", "1234A", "providers.csv:2: ocn:"),
        ("silent", "quiet", "providers.csv:3: answers: 'quiet' will not do (agent or silent)"),
        ("P2", "P1", "providers.csv:3: provider_id: P1 is on line 2 already"),
        ("P2,", ",", "providers.csv:3: provider_id:"),
        ("Bellwether Telephone LLC", "", "providers.csv:2: legal_name: empty"),
        ('Co. Ltd"', 'Co". Ltd', "providers.csv:3: "),
    ],
)
def test_a_mistake_is_named_by_file_line_and_field(sheet: Path, old: str, new: str, line: str) -> None:
    sheet.write_text(SHEET.replace(old, new))
    with pytest.raises(BadInput) as caught:
        read_providers(sheet)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_or_one_in_another_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_providers(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"P1,Bell\xe9,US,,,UTC,agent\n")
    with pytest.raises(BadInput, match=r"latin\.csv:2: not UTF-8"):
        read_providers(tmp_path / "latin.csv")


def test_only_the_consortium_changes_the_directory_and_a_refusal_is_recorded(
    portal: Configuration, noon: datetime, sheet: Path
) -> None:
    for actor in (BELL, DANA):
        with pytest.raises(Refused):
            import_providers(actor, read_providers(sheet), at=noon)
    assert not Provider.objects.exists()
    assert list(Leaf.objects.values_list("actor", "is_refusal")) == [("bell", True), ("dana", True)]


def test_a_provider_sees_itself_and_dana_nobody(portal: Configuration, noon: datetime, sheet: Path) -> None:
    import_providers(ADA, read_providers(sheet), at=noon)
    for organisation in Organisation.objects.all():
        issue_key(ADA, organisation, at=noon, lasts=timedelta(days=1))
    assert providers_of(ADA).count() == 2
    assert [provider.id for provider in providers_of(BELL)] == ["P1"]
    assert [key.organisation_id for key in keys_of(BELL)] == ["P1"]
    assert not providers_of(DANA).exists()
    assert not keys_of(DANA).exists()


def test_a_key_lets_its_provider_in_until_it_ends(portal: Configuration, noon: datetime, sheet: Path) -> None:
    import_providers(ADA, read_providers(sheet), at=noon)
    secret = issue_key(ADA, Organisation.objects.get(pk="P1"), at=noon, lasts=timedelta(days=1))
    actor = let_in(secret, scope="hops", at=noon)
    assert actor is not None
    assert (actor.role, actor.provider) == (Role.PROVIDER, "P1")
    assert ApiKey.objects.get().last_used_at == noon
    assert let_in(secret, scope="hops", at=noon + timedelta(days=1)) is None
    assert let_in(secret, scope="hops", at=noon - timedelta(seconds=1)) is None
    assert let_in(secret[:-1] + ("a" if secret[-1] != "a" else "b"), scope="hops", at=noon) is None
    assert let_in("hb_00000000_x", scope="hops", at=noon) is None
    assert let_in("", scope="hops", at=noon) is None
    with pytest.raises(Refused, match="not for webhooks"):
        let_in(secret, scope="webhooks", at=noon)
    revoke_key(ADA, secret[:11], at=noon)
    assert let_in(secret, scope="hops", at=noon) is None
    with pytest.raises(NotFound):
        revoke_key(ADA, secret[:11], at=noon)


def test_a_key_is_kept_nowhere(portal: Configuration, noon: datetime, sheet: Path) -> None:
    import_providers(ADA, read_providers(sheet), at=noon)
    secret = issue_key(ADA, Organisation.objects.get(pk="P1"), at=noon, lasts=timedelta(days=1))
    tail = secret[12:]
    assert tail not in "".join(str(row) for row in ApiKey.objects.values())
    assert tail not in "".join(Leaf.objects.values_list("body", flat=True))


def test_the_database_keeps_the_rules_by_itself(portal: Configuration) -> None:
    good = {"id": "P1", "legal_name": "Bell", "country": "US", "time_zone": "UTC"}
    for bad in ({"id": ""}, {"legal_name": ""}, {"country": "U"}, {"answers": "perhaps"}):
        with pytest.raises(IntegrityError):
            Provider.objects.create(**(good | bad))
