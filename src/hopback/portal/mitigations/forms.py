"""What somebody fills in about an action."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django import forms

from hopback.kernel.clocks import office_zone, to_instant
from hopback.portal.mitigations.actions import ActionDraft
from hopback.portal.mitigations.models import ActionKind, Target

if TYPE_CHECKING:
    from datetime import date

__all__ = ["ActionForm", "VerifyForm"]


class _Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ActionForm(forms.Form):
    """One thing done. Days are those of the provider's office."""

    kind = forms.ChoiceField(label="What was done", choices=ActionKind.choices)
    target = forms.ChoiceField(label="About", choices=Target.choices)
    what = forms.CharField(
        label="Which one", max_length=300, help_text="An account, a trunk, a number, or a provider's name."
    )
    scope = forms.CharField(
        label="How far it goes", required=False, max_length=300, help_text="For example: all outbound traffic."
    )
    effective_at = forms.DateField(label="Since", widget=_Day())
    until = forms.DateField(label="Until", required=False, widget=_Day(), help_text="Empty if for good.")
    reason = forms.CharField(
        label="Why, or why nothing was done", max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    evidence = forms.CharField(
        label="What shows it", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def draft(self, zone: str) -> ActionDraft:
        """What was filled in, with the days of that zone."""
        data: dict[str, Any] = self.cleaned_data
        return ActionDraft(
            kind=ActionKind(data["kind"]),
            target=Target(data["target"]),
            what=data["what"],
            effective_at=_midnight(data["effective_at"], zone),
            reason=data["reason"],
            scope=data["scope"],
            until=_midnight(data["until"], zone) if data["until"] else None,
            evidence=data["evidence"],
        )


class VerifyForm(forms.Form):
    """What somebody of the consortium has seen."""

    how = forms.CharField(label="What you have seen", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


def _midnight(day: date, zone: str) -> datetime:
    return to_instant(datetime.combine(day, time()), zone=office_zone(zone))
