from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hopback.kernel.errors import BadInput, Conflict, Refused
from hopback.portal.audit.sealing import seal
from hopback.portal.audit.verify import verify
from hopback.portal.campaigns.access import campaigns_of, family_of, found, versions_of
from hopback.portal.campaigns.actions import change_campaign, create_campaign, merge, unmerge
from hopback.portal.campaigns.models import CampaignVersion
from hopback.portal.tracebacks.policies import STANDARD
from hopback.rules.violations import load_violations, read_violations

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign
    from hopback.portal.campaigns.particulars import Particulars

POLICY = STANDARD.version


@pytest.fixture
def campaign(actors: dict[str, Actor], said: Callable[..., Particulars], noon: datetime) -> Campaign:
    return create_campaign(actors["Abe"], POLICY, said(), at=noon)


def test_each_change_keeps_a_version_that_the_log_answers_for(
    campaign: Campaign, actors: dict[str, Actor], said: Callable[..., Particulars], noon: datetime
) -> None:
    changed = change_campaign(
        actors["Ann"], campaign, said(status="watch"), at=noon, seen=1, why="it has gone quiet this week"
    )
    assert (changed.version, changed.status) == (2, "watch")
    kept = list(versions_of(actors["Otto"], campaign))
    assert [(one.number, one.body["status"], one.why) for one in kept] == [
        (2, "watch", "it has gone quiet this week"),
        (1, "open", ""),
    ]
    seal(at=noon)
    assert verify().rows["campaigns.campaignversion"] == 2


def test_a_version_cannot_be_written_over(campaign: Campaign) -> None:
    with pytest.raises(Refused):
        CampaignVersion.objects.filter(campaign=campaign).update(why="x")


def test_saying_the_same_again_changes_nothing(
    campaign: Campaign, actors: dict[str, Actor], said: Callable[..., Particulars], noon: datetime
) -> None:
    assert change_campaign(actors["Ann"], campaign, said(), at=noon, seen=1).version == 1


def test_a_change_to_something_that_changed_meanwhile_is_a_conflict(
    campaign: Campaign, actors: dict[str, Actor], said: Callable[..., Particulars], noon: datetime
) -> None:
    change_campaign(actors["Ann"], campaign, said(status="watch"), at=noon, seen=1)
    with pytest.raises(Conflict, match="changed meanwhile"):
        change_campaign(actors["Abe"], campaign, said(status="closed"), at=noon, seen=1)


@pytest.mark.parametrize(
    ("otherwise", "where"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"category": "nonsense"}, "category"),
        ({"basis": ()}, "basis"),
        ({"basis": ("because",)}, "basis"),
        ({"violations": ()}, "violations"),
        ({"violations": (("made_up", ""),)}, "violations"),
        ({"violations": (("other", " "),)}, "violations"),
        ({"priority": "urgent"}, "priority_reason"),
        ({"est_volume": 5}, "volume_method"),
        ({"languages": ("x",)}, "languages"),
    ],
)
def test_what_cannot_be_kept_is_named_by_its_field(
    actors: dict[str, Actor],
    said: Callable[..., Particulars],
    noon: datetime,
    otherwise: dict[str, Any],
    where: str,
) -> None:
    with pytest.raises(BadInput) as error:
        create_campaign(actors["Abe"], POLICY, said(**otherwise), at=noon)
    assert error.value.where == where


def test_two_open_campaigns_do_not_share_a_name(
    campaign: Campaign, actors: dict[str, Actor], said: Callable[..., Particulars], noon: datetime
) -> None:
    with pytest.raises(BadInput, match="already"):
        create_campaign(actors["Ann"], POLICY, said(name="utility CUT-OFF, north"), at=noon)


def test_a_merging_moves_nothing_and_is_undone(
    campaign: Campaign, actors: dict[str, Actor], said: Callable[..., Particulars], noon: datetime
) -> None:
    other = create_campaign(actors["Abe"], POLICY, said(name="Power off"), at=noon)
    third = create_campaign(actors["Abe"], POLICY, said(name="Gas off"), at=noon)
    merge(actors["Abe"], other, into=campaign, reason="one script", at=noon)
    merge(actors["Abe"], third, into=other, reason="one script", at=noon)
    assert {one.pk for one in family_of(campaign)} == {campaign.pk, other.pk, third.pk}
    with pytest.raises(BadInput, match="into itself"):
        merge(actors["Abe"], campaign, into=third, reason="round in a circle", at=noon)
    with pytest.raises(Conflict):
        merge(actors["Abe"], other, into=third, reason="twice", at=noon)
    unmerge(actors["Ann"], other, reason="two scripts after all", at=noon)
    assert {one.pk for one in family_of(campaign)} == {campaign.pk}
    with pytest.raises(Conflict):
        unmerge(actors["Ann"], other, reason="again", at=noon)


@pytest.mark.parametrize("name", ["Otto", "Bell", "Dana", "Fay", "Sol"])
def test_only_the_consortiums_staff_keep_campaigns(
    campaign: Campaign, actors: dict[str, Actor], said: Callable[..., Particulars], noon: datetime, name: str
) -> None:
    with pytest.raises(Refused):
        change_campaign(actors[name], campaign, said(status="closed"), at=noon, seen=1)
    assert campaigns_of(actors[name]).exists() is (name == "Otto")


def test_campaigns_are_found_by_words_and_by_what_they_are(
    campaign: Campaign, actors: dict[str, Actor], said: Callable[..., Particulars], noon: datetime
) -> None:
    create_campaign(actors["Abe"], POLICY, said(name="Warranty", category="lead_generation"), at=noon)
    assert [one.name for one in found(actors["Ada"], text="warr")] == ["Warranty"]
    assert found(actors["Ada"], text="power off").count() == 2
    assert [one.name for one in found(actors["Ada"], category="utility")] == [campaign.name]
    assert not found(actors["Bell"], text="warr").exists()


def test_each_violation_has_words_and_a_citation() -> None:
    known = load_violations("us")
    assert known["spoofed_caller_id"].cite.startswith("47 U.S.C. 227(e)")
    assert all(one.text and one.cite for one in known.values())
    with pytest.raises(BadInput, match="text and a cite"):
        read_violations('[x]\ntext = "something"\n')
