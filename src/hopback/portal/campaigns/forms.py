"""What is typed about campaigns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django import forms

from hopback.kernel.errors import BadInput
from hopback.portal.campaigns.models import Basis, CallKind, Category, Priority, Status
from hopback.portal.campaigns.particulars import Particulars, check
from hopback.rules.violations import load_violations

if TYPE_CHECKING:
    from hopback.portal.campaigns.models import Campaign

__all__ = ["CampaignForm", "FilterForm", "MergeForm", "ReasonForm", "violation_choices"]

ANY: Final = [("", "any")]
LOCAL: Final = "%Y-%m-%dT%H:%M"


def violation_choices(jurisdiction: str = "us") -> list[tuple[str, str]]:
    """The violations a person may tick, with their citations."""
    return [(code, f"{one.text} ({one.cite})") for code, one in load_violations(jurisdiction).items()]


class FilterForm(forms.Form):
    """Which campaigns are listed."""

    q = forms.CharField(label="Words in its name, brand or description", required=False, max_length=200)
    status = forms.ChoiceField(required=False, choices=[*ANY, *Status.choices])
    category = forms.ChoiceField(required=False, choices=[*ANY, *Category.choices])
    priority = forms.ChoiceField(required=False, choices=[*ANY, *Priority.choices])


class CampaignForm(forms.Form):
    """All that people say of a campaign. Times are in the reader's zone."""

    name = forms.CharField(
        max_length=200, help_text="What sets it apart, as a provider may read it: “Utility cut-off, northern states”."
    )
    category = forms.ChoiceField(choices=Category.choices)
    kind = forms.ChoiceField(label="Who speaks", choices=CallKind.choices)
    description = forms.CharField(
        widget=forms.Textarea, max_length=20_000, help_text="What the calls say and want. Name nobody as guilty."
    )
    impersonated_brand = forms.CharField(label="Whom the calls pose as", max_length=200, required=False)
    languages = forms.CharField(
        required=False, max_length=200, help_text="Language tags, separated by commas: en, es, zh-Hans."
    )
    first_seen = forms.DateTimeField(
        label="First seen", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL)
    )
    last_seen = forms.DateTimeField(
        label="Last seen", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL)
    )
    est_volume = forms.IntegerField(
        label="Estimated calls a day", min_value=0, max_value=10**12, required=False, localize=False
    )
    volume_method = forms.CharField(label="How that was estimated", max_length=200, required=False)
    basis = forms.MultipleChoiceField(
        label="What makes these calls suspicious", choices=Basis.choices, widget=forms.CheckboxSelectMultiple
    )
    violations = forms.MultipleChoiceField(
        label="What they appear to violate",
        choices=violation_choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    other_violation = forms.CharField(label="Something else they appear to violate", max_length=300, required=False)
    priority = forms.ChoiceField(choices=Priority.choices, initial=Priority.NORMAL)
    priority_reason = forms.CharField(
        label="Why it is urgent or high", max_length=300, required=False, help_text="Needed unless it is normal."
    )
    status = forms.ChoiceField(choices=Status.choices, initial=Status.OPEN)
    why = forms.CharField(
        label="Why it is changed", max_length=300, required=False, help_text="Kept with the version before."
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, zone: str, at: datetime, campaign: Campaign | None = None, **kwargs: Any) -> None:
        self.zone, self.at, self.campaign = ZoneInfo(zone), at, campaign
        if campaign is not None:
            kwargs.setdefault("initial", {})
            kwargs["initial"] = self._standing(campaign) | kwargs["initial"]
        super().__init__(*args, **kwargs)
        for name in ("first_seen", "last_seen"):
            self.fields[name].help_text = f"In the time of {self.zone.key}."
        if campaign is None:
            del self.fields["why"]
        self.particulars: Particulars | None = None

    def _standing(self, row: Campaign) -> dict[str, Any]:
        return {
            "name": row.name,
            "category": row.category,
            "kind": row.kind,
            "description": row.description,
            "impersonated_brand": row.impersonated_brand,
            "languages": ", ".join(row.languages),
            "first_seen": row.first_seen.astimezone(self.zone).replace(tzinfo=None),
            "last_seen": row.last_seen.astimezone(self.zone).replace(tzinfo=None),
            "est_volume": row.est_volume,
            "volume_method": row.volume_method,
            "basis": row.basis,
            "violations": [code for code, _ in row.violations if code != "other"],
            "other_violation": next((text for code, text in row.violations if code == "other"), ""),
            "priority": row.priority,
            "priority_reason": row.priority_reason,
            "status": row.status,
            "seen": row.version,
        }

    def clean(self) -> dict[str, Any]:
        """Make the particulars; what is wrong with them stands at its field."""
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        words = dict(self.campaign.violations) if self.campaign else {}
        violations = [(code, words.get(code, "")) for code in given["violations"]]
        if given["other_violation"]:
            violations.append(("other", given["other_violation"]))
        said = Particulars(
            name=given["name"],
            category=given["category"],
            kind=given["kind"],
            description=given["description"],
            first_seen=self._instant(given["first_seen"], "first_seen"),
            last_seen=self._instant(given["last_seen"], "last_seen"),
            basis=tuple(given["basis"]),
            violations=tuple(violations),
            priority=given["priority"],
            priority_reason=given["priority_reason"],
            languages=tuple(one.strip() for one in given["languages"].split(",") if one.strip()),
            est_volume=given["est_volume"],
            volume_method=given["volume_method"],
            impersonated_brand=given["impersonated_brand"],
            status=given["status"],
            jurisdiction=self.campaign.jurisdiction if self.campaign else "us",
        )
        try:
            check(said, at=self.at)
        except BadInput as error:
            self.add_error(
                error.where if error.where in self.fields else None, f"{error.message[:1].upper()}{error.message[1:]}"
            )
        else:
            self.particulars = said
        return given

    def _instant(self, typed: datetime, name: str) -> datetime:
        """The instant typed in the reader's zone; to the minute, an unchanged field keeps its seconds."""
        found = typed.replace(tzinfo=self.zone).astimezone(UTC)
        before: datetime | None = getattr(self.campaign, name) if self.campaign else None
        if before is not None and before.replace(second=0, microsecond=0) == found:
            return before
        return found


class MergeForm(forms.Form):
    """Which campaign this one turned out to be."""

    into = forms.ChoiceField(label="It is the same as")
    reason = forms.CharField(label="Why the two are one", max_length=300)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField's


class ReasonForm(forms.Form):
    """Why something is undone."""

    reason = forms.CharField(label="Why", max_length=300)
