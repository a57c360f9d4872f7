"""What people write into the directory's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms

from hopback.kernel.errors import BadInput, HopbackError
from hopback.kernel.numbers import parse_number
from hopback.portal.directory.actions.contacts import ContactDraft
from hopback.portal.directory.actions.numbers import NumberDraft
from hopback.portal.directory.actions.providers import OWN_KINDS, ProviderDraft
from hopback.portal.directory.claims import Claimed
from hopback.portal.directory.models import (
    Answers,
    ClaimKind,
    Duty,
    ImportKind,
    LinkKind,
    Provider,
    RegistryStatus,
    Source,
)
from hopback.portal.pages import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ClaimForm",
    "ContactForm",
    "DecideNumberForm",
    "EndContactForm",
    "LinkForm",
    "NumberForm",
    "PickForm",
    "ProviderForm",
    "ReasonForm",
    "RosterForm",
    "UploadForm",
    "take_back",
]

DAYS: Final = (("1", "Mon"), ("2", "Tue"), ("3", "Wed"), ("4", "Thu"), ("5", "Fri"), ("6", "Sat"), ("7", "Sun"))
STAFF_SOURCES: Final = [choice for choice in Source.choices if choice[0] not in (Source.SHEET, Source.SELF)]
UNCHANGED: Final = 422


def take_back(form: forms.Form, error: HopbackError) -> int:
    """Show an action's error at the field it names, and say the status of the page that shows it."""
    text = f"{error.message} ({error.mend})" if error.mend else error.message
    form.add_error(error.where if error.where in form.fields else None, text)
    return UNCHANGED if isinstance(error, BadInput) else status_of(error)


def _day(label: str, help_text: str = "", *, required: bool = False) -> forms.DateField:
    return forms.DateField(
        label=label, help_text=help_text, required=required, widget=forms.DateInput(attrs={"type": "date"})
    )


class RosterForm(forms.Form):
    """What the list of providers is narrowed to."""

    q = forms.CharField(
        label="Name, id, FRN, OCN or RMD number",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"class": "usa-input", "type": "search", "autocomplete": "off"}),
    )
    rmd = forms.ChoiceField(
        label="Registry",
        required=False,
        choices=[("", "any"), *RegistryStatus.choices],
        widget=forms.Select(attrs={"class": "usa-select"}),
    )
    country = forms.CharField(
        label="Country", required=False, max_length=2, widget=forms.TextInput(attrs={"class": "usa-input short"})
    )
    show = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[
            ("", "providers"),
            ("merged", "merged into another"),
            ("bouncing", "with mail that bounces"),
            ("unreachable", "without a contact for tracebacks"),
        ],
        widget=forms.Select(attrs={"class": "usa-select"}),
    )


class ProviderForm(forms.Form):
    """A provider's entry."""

    id = forms.CharField(
        label="Id",
        max_length=64,
        help_text="What the consortium calls it. Letters, digits, dots, dashes; it never changes.",
    )
    legal_name = forms.CharField(label="Legal name", max_length=200)
    country = forms.CharField(
        label="Country",
        max_length=2,
        help_text="Two letters, like US",
        widget=forms.TextInput(attrs={"class": "short"}),
    )
    state = forms.CharField(label="State or province", max_length=40, required=False)
    frn = forms.CharField(label="FRN", max_length=10, required=False, help_text="Ten digits")
    ocn = forms.CharField(label="OCN", max_length=4, required=False, help_text="Its main one; others are claims")
    time_zone = forms.CharField(
        label="Office time zone", max_length=64, help_text="Its deadlines run in this zone, like America/Chicago"
    )
    answers = forms.ChoiceField(label="How it answers", choices=Answers.choices, initial=Answers.AGENT)
    source = forms.ChoiceField(label="Where this comes from", choices=STAFF_SOURCES, initial=Source.ANALYST)
    source_ref = forms.CharField(
        label="Reference", max_length=300, required=False, help_text="A letter, a page and its date, a call"
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def draft(self) -> ProviderDraft:
        """What was written."""
        return ProviderDraft(**{name: value for name, value in self.cleaned_data.items() if name != "seen"})


class ClaimForm(forms.Form):
    """One thing said of a provider."""

    kind = forms.ChoiceField(label="What it is about")
    value = forms.CharField(label="What is claimed", max_length=500)
    source = forms.ChoiceField(label="Who says so", choices=STAFF_SOURCES, initial=Source.ANALYST)
    source_ref = forms.CharField(
        label="Reference", max_length=300, required=False, help_text="A document, a page and its date, a call"
    )
    valid_from = _day("True from")
    valid_to = _day("True until", "The last day; empty while it is true")

    def __init__(self, *args: Any, is_own: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = OWN_KINDS if is_own else [kind for kind in ClaimKind if kind != ClaimKind.RMD_STATUS]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]  # a ChoiceField
        if is_own:
            del self.fields["source"]

    def claim(self, provider: str) -> Claimed:
        """What was written."""
        return Claimed(provider, **({"source": Source.SELF.value} | self.cleaned_data))


class ContactForm(forms.Form):
    """Where a provider is reached for a duty."""

    duty = forms.ChoiceField(label="For", choices=Duty.choices)
    name = forms.CharField(label="Name", max_length=200, required=False, help_text="A person or a desk")
    mailbox = forms.EmailField(label="Mailbox", required=False)
    phone = forms.CharField(label="Phone", max_length=40, required=False)
    zone = forms.CharField(
        label="Time zone",
        max_length=64,
        required=False,
        help_text="Like America/Chicago; empty if it is the provider's own",
    )
    opens = forms.TimeField(
        label="Opens", required=False, widget=forms.TimeInput(attrs={"type": "time", "class": "short"})
    )
    closes = forms.TimeField(
        label="Closes", required=False, widget=forms.TimeInput(attrs={"type": "time", "class": "short"})
    )
    days = forms.MultipleChoiceField(
        label="Days", choices=DAYS, required=False, initial=list("12345"), widget=forms.CheckboxSelectMultiple
    )
    active_from = _day("From")
    active_to = _day("Until", "The last day; empty while it stands")
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def draft(self, *, source: str) -> ContactDraft:
        """What was written."""
        told = {name: value for name, value in self.cleaned_data.items() if name != "seen"}
        return ContactDraft(**(told | {"days": "".join(told["days"]), "source": source}))


class EndContactForm(forms.Form):
    """The last day of a contact."""

    on = _day("Last day", required=True)


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label="Why", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class PickForm(forms.Form):
    """A provider of the directory, chosen from those that a search found."""

    provider = forms.ChoiceField(label="Provider", widget=forms.RadioSelect, error_messages={"required": "choose one"})

    def __init__(self, *args: Any, found: Iterable[Provider] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.found = {row.pk: row for row in found}
        self.fields["provider"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (row.pk, f"{row.legal_name} ({row.pk}, {row.country}{', OCN ' + row.ocn if row.ocn else ''})")
            for row in self.found.values()
        ]

    @property
    def chosen(self) -> Provider:
        """The provider that was chosen."""
        return self.found[self.cleaned_data["provider"]]


class LinkForm(PickForm):
    """What one provider is to another."""

    field_order = ("kind", "provider", "reason")
    kind = forms.ChoiceField(label="What it is to the other", choices=LinkKind.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label="What this rests on", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class NumberForm(forms.Form):
    """A called number and the day of the call."""

    number = forms.CharField(label="Called number", max_length=40)
    on = _day("Day of the call", required=True)

    def clean_number(self) -> int:
        """The number's digits."""
        return read_number(self.cleaned_data["number"])


class DecideNumberForm(PickForm):
    """Who serves a number."""

    field_order = ("provider", "is_reseller_held", "reseller", "said_by", "reason", "since", "until")
    is_reseller_held = forms.BooleanField(label="A reseller of this provider holds it", required=False)
    reseller = forms.CharField(label="The reseller's name", max_length=200, required=False)
    said_by = forms.CharField(
        label="Who says so", max_length=200, required=False, help_text="A person, a provider, a source"
    )
    reason = forms.CharField(label="What this rests on", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    since = _day("From", required=True)
    until = _day("Until", "The last day; empty until somebody finds otherwise")

    def draft(self, number: int) -> NumberDraft:
        """What was written."""
        told = {name: value for name, value in self.cleaned_data.items() if name != "provider"}
        return NumberDraft(number, self.chosen, **told)


class UploadForm(forms.Form):
    """A file to be looked at."""

    kind = forms.ChoiceField(label="What it holds", choices=ImportKind.choices)
    source = forms.CharField(label="Whose it is", max_length=100, help_text="Like NANPA, NPAC, FCC")
    as_of = _day("The day it stands for", required=True)
    file = forms.FileField(label="File (CSV)")


def read_number(text: str) -> int:
    """A number as people write it, as digits. Raises a form's error."""
    number = parse_number(text).e164
    if number is None:
        raise forms.ValidationError("This is no telephone number that can be read.")
    return number
