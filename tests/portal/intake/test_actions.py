from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hopback.kernel.disclosure import SourceView, Stage
from hopback.kernel.errors import BadInput, Conflict, Refused
from hopback.kernel.hops import DeclineReason, SourceKind
from hopback.portal.audit.models import Leaf
from hopback.portal.audit.sealing import seal
from hopback.portal.audit.verify import verify
from hopback.portal.campaigns.actions import create_campaign
from hopback.portal.campaigns.particulars import particulars_of
from hopback.portal.intake.access import counts_of, samples_of, samples_of_campaign, sources_of, views_of
from hopback.portal.intake.actions import (
    decide_resemblance,
    decline_sample,
    decline_samples,
    keep_source,
    move_samples,
    open_sample,
    propose,
    undo_move,
    vet_sample,
)
from hopback.portal.intake.models import CallSample, Resemblance, Source
from hopback.portal.tracebacks.models import Traceback
from hopback.portal.tracebacks.policies import STANDARD, current_policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign
    from hopback.portal.intake.facts import Facts

WHY: dict[str, Any] = {
    "reason": "a running fraud with complaints",
    "basis": ("call_transcript",),
    "violations": ("business_impersonation",),
}


def test_a_sample_goes_from_intake_to_an_opened_traceback(
    sample: CallSample, campaign: Campaign, actors: dict[str, Actor], noon: datetime
) -> None:
    trace = Traceback.objects.get(pk=sample.traceback_id)
    assert (trace.state, trace.policy, trace.reference) == ("candidate", current_policy(at=noon).version, "hp-1")
    row = vet_sample(actors["Abe"], sample, campaign=campaign, at=noon, provider="P1", **WHY)
    assert (row.stage, row.campaign) == ("opened", campaign)
    trace.refresh_from_db()
    assert (trace.state, trace.campaign) == ("active", campaign.name)
    assert [hop.provider_id for hop in trace.hops.all()] == ["P1"]
    seal(at=noon)
    verify()


def test_a_sample_that_a_provider_supplied_waits_for_a_second_person(
    actors: dict[str, Actor], facts: Callable[..., Facts], campaign: Campaign, noon: datetime
) -> None:
    (row,) = propose(actors["Cole"], "P2", [facts()], at=noon, via="api").fresh
    assert (row.source.kind, row.source.provider) == ("provider", "P2")
    first = vet_sample(actors["Abe"], row, campaign=campaign, at=noon, provider="P1", **WHY)
    assert first.stage == "seconded"
    with pytest.raises(Refused, match="second person"):
        vet_sample(actors["Abe"], row, campaign=campaign, at=noon, **WHY)
    assert vet_sample(actors["Ann"], row, campaign=campaign, at=noon, provider="P1", **WHY).stage == "opened"


def test_the_same_record_of_a_source_is_taken_in_once(
    sample: CallSample, actors: dict[str, Actor], facts: Callable[..., Facts], noon: datetime
) -> None:
    again = propose(actors["Sol"], "honeypots", [facts(source_record_id="hp-1")], at=noon, via="api")
    assert not again.fresh
    assert [row.pk for row in again.known] == [sample.pk]
    assert Traceback.objects.count() == 1


@pytest.mark.parametrize(
    ("otherwise", "reasons"),
    [
        ({}, ["same_numbers_and_time"]),
        ({"calling": "anonymous"}, ["same_called_and_time"]),
        ({"call_start": "2026-10-31 18:40:00"}, ["same_numbers_near"]),
        ({"call_start": "2026-10-31 23:40:00"}, None),
        ({"called": "+12025550199"}, None),
    ],
)
def test_a_sample_that_may_be_one_known_is_shown_with_the_reasons(
    sample: CallSample,
    actors: dict[str, Actor],
    facts: Callable[..., Facts],
    noon: datetime,
    otherwise: dict[str, str],
    reasons: list[str] | None,
) -> None:
    (row,) = propose(actors["Ada"], "honeypots", [facts(**otherwise)], at=noon, via="form").fresh
    pairs = Resemblance.objects.filter(later=row)
    assert [(pair.earlier_id, pair.reasons) for pair in pairs] == ([(sample.pk, reasons)] if reasons else [])
    for pair in pairs:
        assert decide_resemblance(actors["Abe"], pair, is_same=True, at=noon).verdict == "same"
        with pytest.raises(Refused):
            decide_resemblance(actors["Sol"], pair, is_same=False, at=noon)


def test_an_urgent_sample_stands_first_and_names_who_was_told(
    sample: CallSample, actors: dict[str, Actor], facts: Callable[..., Facts], noon: datetime
) -> None:
    (row,) = propose(actors["Fay"], "FTC", [facts(lane="threat")], at=noon, via="form").fresh
    assert row.rank == 0
    assert row.told == ["Ada", "Abe", "Ann"]
    assert sample.told == []


def test_an_old_sample_is_marked(actors: dict[str, Actor], facts: Callable[..., Facts], noon: datetime) -> None:
    start = (noon - timedelta(days=11)).strftime("%Y-%m-%d %H:%M:%S")
    (row,) = propose(actors["Ada"], "honeypots", [facts(call_start=start)], at=noon, via="form").fresh
    assert CallSample.objects.select_related("traceback").get(pk=row.pk).is_aged(noon)


@pytest.mark.parametrize(("name", "source"), [("Sol", "FTC"), ("Fay", "honeypots"), ("Dana", "P1"), ("Otto", "FTC")])
def test_nobody_puts_calls_forward_in_anothers_name(
    sample: CallSample, actors: dict[str, Actor], facts: Callable[..., Facts], noon: datetime, name: str, source: str
) -> None:
    with pytest.raises(Refused):
        propose(actors[name], source, [facts()], at=noon, via="api")


def test_a_source_sees_its_own_samples_and_how_far_they_are(
    sample: CallSample, actors: dict[str, Actor], facts: Callable[..., Facts], noon: datetime
) -> None:
    (other,) = propose(actors["Fay"], "FTC", [facts()], at=noon, via="form").fresh
    own = list(samples_of(actors["Sol"]))
    assert [row.pk for row in own] == [sample.pk]
    assert views_of(actors["Sol"], own) == {sample.pk: SourceView(sample.traceback_id, Stage.PROPOSED, None)}
    assert views_of(actors["Sol"], [other]) == {}
    for name in ("Dana", "Bell"):
        assert not samples_of(actors[name]).exists()
        assert not sources_of(actors[name]).exists()


def test_refusals_are_counted_by_kind_of_source_and_reason(
    sample: CallSample, actors: dict[str, Actor], facts: Callable[..., Facts], noon: datetime
) -> None:
    propose(actors["Fay"], "FTC", [facts()], at=noon, via="form")
    decline_sample(actors["Abe"], sample, code=DeclineReason.OUT_OF_SCOPE, at=noon, note="no pattern")
    counted = counts_of(actors["Ada"], by=("source__kind", "stage", "decline_code"))
    assert {(row["source__kind"], row["stage"], row["decline_code"]): row["samples"] for row in counted} == {
        ("agency", "candidate", ""): 1,
        ("analytics", "declined", "out_of_scope"): 1,
    }
    assert counts_of(actors["Sol"], by=("stage",)) == []


def test_several_are_refused_at_once_and_those_decided_meanwhile_are_left(
    sample: CallSample, actors: dict[str, Actor], facts: Callable[..., Facts], campaign: Campaign, noon: datetime
) -> None:
    rows = propose(actors["Ada"], "honeypots", [facts(called=f"+1202555010{n}") for n in range(3)], at=noon, via="form")
    vet_sample(actors["Abe"], rows.fresh[0], campaign=campaign, at=noon, **WHY)
    done, left = decline_samples(actors["Abe"], rows.fresh, code=DeclineReason.DUPLICATE, at=noon)
    assert sorted(done) == sorted(row.pk for row in rows.fresh[1:])
    assert left == [rows.fresh[0].pk]


def test_what_was_decided_meanwhile_is_a_conflict(
    sample: CallSample, campaign: Campaign, actors: dict[str, Actor], noon: datetime
) -> None:
    decline_sample(actors["Abe"], sample, code=DeclineReason.TOO_OLD, at=noon, seen=1)
    with pytest.raises(Conflict):
        vet_sample(actors["Ann"], sample, campaign=campaign, at=noon, seen=1, **WHY)


@pytest.mark.parametrize("missing", ["reason", "basis", "violations"])
def test_reason_basis_and_violation_are_needed_to_take_a_sample_on(
    sample: CallSample, campaign: Campaign, actors: dict[str, Actor], noon: datetime, missing: str
) -> None:
    said = WHY | {missing: "" if missing == "reason" else ()}
    with pytest.raises(BadInput) as error:
        vet_sample(actors["Abe"], sample, campaign=campaign, at=noon, **said)
    assert error.value.where == missing


def test_a_provider_that_the_directory_does_not_know_is_not_asked(
    sample: CallSample, campaign: Campaign, actors: dict[str, Actor], noon: datetime
) -> None:
    row = vet_sample(actors["Abe"], sample, campaign=campaign, at=noon, **WHY)
    with pytest.raises(Refused, match="not in the directory"):
        open_sample(actors["Abe"], row, provider="P77", at=noon)
    row.refresh_from_db()
    assert row.stage == "vetted"
    assert Leaf.objects.filter(is_refusal=True, action="traceback.opened").exists()


def test_samples_are_moved_to_another_campaign_and_back(
    sample: CallSample, campaign: Campaign, actors: dict[str, Actor], noon: datetime
) -> None:
    vet_sample(actors["Abe"], sample, campaign=campaign, at=noon, **WHY)
    said = particulars_of(campaign)
    other = create_campaign(
        actors["Abe"], STANDARD.version, type(said)(**{**_fields(said), "name": "Power off"}), at=noon
    )
    batch = move_samples(actors["Abe"], [sample], target=other, reason="another script", at=noon)
    assert [row.pk for row in samples_of_campaign(actors["Otto"], other)] == [sample.pk]
    assert undo_move(actors["Ann"], str(batch), at=noon) == 1
    assert [row.pk for row in samples_of_campaign(actors["Otto"], campaign)] == [sample.pk]
    with pytest.raises(Conflict):
        undo_move(actors["Ann"], str(batch), at=noon)
    seal(at=noon)
    assert verify().rows["intake.move"] == 2


def _fields(said: Any) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__dataclass_fields__}


def test_a_source_is_kept_by_the_consortium_and_a_stale_change_is_a_conflict(
    actors: dict[str, Actor], noon: datetime
) -> None:
    row = keep_source(actors["Abe"], "brandco", at=noon, name="Brand Co", kind=SourceKind.BRAND)
    assert row.version == 1
    with pytest.raises(BadInput, match="already"):
        keep_source(actors["Abe"], "brandco", at=noon, name="Brand Co", kind=SourceKind.BRAND)
    keep_source(actors["Ann"], "brandco", at=noon, name="Brand Co", kind=SourceKind.BRAND, is_verified=True, seen=1)
    with pytest.raises(Conflict):
        keep_source(actors["Abe"], "brandco", at=noon, name="Other", kind=SourceKind.BRAND, seen=1)
    with pytest.raises(BadInput, match="which provider"):
        keep_source(actors["Abe"], "x", at=noon, name="X", kind=SourceKind.PROVIDER)
    with pytest.raises(Refused):
        keep_source(actors["Sol"], "honeypots", at=noon, name="Mine", kind=SourceKind.HONEYPOT)
    assert Source.objects.get(pk="brandco").is_verified
