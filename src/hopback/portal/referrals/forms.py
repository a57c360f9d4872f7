"""What is typed on the pages of agencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from hopback.portal.referrals.models import Authority, RequestKind
from hopback.portal.referrals.targets import MOST_CALLS, MOST_TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hopback.portal.accounts.models import Organisation

__all__ = [
    "ConfirmForm",
    "ContactForm",
    "DecideForm",
    "FileForm",
    "PackageForm",
    "PreservationForm",
    "ReasonForm",
    "TargetForm",
    "TracebacksForm",
]


def _day(**more: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **more)


def _few(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class FileForm(forms.Form):
    """A request of an agency."""

    kind = forms.ChoiceField(label="What it is about", choices=RequestKind.choices, widget=forms.RadioSelect)
    calls = forms.CharField(
        required=False,
        label="The calls, if it is about calls",
        help_text=(
            f"At most {MOST_CALLS}, one a line: called number, calling number (or anonymous), when it began, its time "
            "zone. For example: +1 202 555 0143, +1 312 555 0188, 2026-11-02 14:05, America/Chicago"
        ),
        widget=_few(5),
        max_length=20_000,
    )
    targets = forms.CharField(
        required=False,
        label="The numbers, providers or campaigns, if it is about those",
        help_text=f"At most {MOST_TARGETS}, one a line. A provider by its name or its FRN.",
        widget=_few(),
        max_length=4_000,
    )
    authority = forms.ChoiceField(label="By what authority", choices=Authority.choices, widget=forms.RadioSelect)
    instrument = forms.CharField(
        required=False, max_length=100, label="Number of the instrument", help_text="Of a subpoena, demand or order."
    )
    purpose = forms.CharField(label="What it is needed for", widget=_few(), max_length=4_000)
    due_on = _day(label="Needed by")
    reference = forms.CharField(required=False, max_length=100, label="Your own reference")
    opted_in = forms.BooleanField(
        required=False,
        label="Let me hear of a colleague at another agency who has the same target, and let them hear that I exist",
        help_text="Neither is told who the other is before both agree.",
    )

    @property
    def listed(self) -> list[str]:
        """The targets, one each."""
        return [line.strip() for line in self.cleaned_data["targets"].splitlines() if line.strip()]


class PreservationForm(forms.Form):
    """Which records to keep, and until when."""

    what = forms.CharField(label="Which records", widget=_few(), max_length=2_000)
    until = _day(label="Keep them until")


class ConfirmForm(forms.Form):
    """Until when records are kept."""

    until = _day(label="Kept until")
    note = forms.CharField(required=False, label="What the agency should know", widget=_few(2), max_length=2_000)


class DecideForm(forms.Form):
    """Whether a request is taken on."""

    reason = forms.CharField(
        required=False,
        label="Why, or what is to be expected",
        help_text="The agency reads it. Needed to decline.",
        widget=_few(),
        max_length=4_000,
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label="Why", widget=_few(), max_length=2_000)


class ContactForm(forms.Form):
    """How one is reached."""

    contact = forms.CharField(
        max_length=300, label="How you are reached", help_text="Your name, agency, mail address, telephone number."
    )


class TargetForm(forms.Form):
    """What a request is about, as the consortium knows it."""

    kind = forms.ChoiceField(label="It is", choices=[one for one in RequestKind.choices if one[0] != RequestKind.CALLS])
    text = forms.CharField(max_length=200, label="Number, provider or campaign")


class PackageForm(forms.Form):
    """A package for an agency."""

    organisation = forms.ChoiceField(label="For which agency")
    title = forms.CharField(max_length=200, label="What it is")
    note = forms.CharField(required=False, label="What the agency should know", widget=_few(), max_length=4_000)
    on_process = forms.BooleanField(
        required=False,
        label="A legal process obliges us to show the whole path",
        help_text="A second person then approves it before it is sent.",
    )

    def __init__(self, *given: Any, agencies: Iterable[Organisation], **more: Any) -> None:
        super().__init__(*given, **more)
        choices = [(one.pk, one.name) for one in agencies]
        self.fields["organisation"].choices = choices  # type: ignore[attr-defined]  # a choice field


class TracebacksForm(forms.Form):
    """Tracebacks by their ids."""

    tracebacks = forms.CharField(
        label="Tracebacks", help_text="Ids or references, one a line.", widget=_few(), max_length=8_000
    )

    @property
    def listed(self) -> list[str]:
        """The ids, one each."""
        return [line.strip() for line in self.cleaned_data["tracebacks"].split() if line.strip()][:500]
