"""What is typed on the pages about people, organisations, keys and access."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.password_validation import validate_password

from hopback.portal.accounts.keys import SCOPES
from hopback.portal.accounts.models import PARTS_OF, Kind, Organisation, Part, User

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AcceptForm",
    "AccessForm",
    "InviteForm",
    "KeyForm",
    "OrganisationForm",
    "PartForm",
    "SelfForm",
]

SCOPE_WORDS: Final = {
    "hops": "Fetch and answer our requests",
    "webhooks": "Look after our webhooks",
    "intake:read": "Read how our call samples fare",
    "intake:write": "Hand in call samples",
    "referrals:read": "Read our requests and what is addressed to us",
    "referrals:write": "File requests",
    "tracebacks:read": "Read tracebacks",
    "tracebacks:write": "Decide on tracebacks",
    "directory:read": "Read the directory",
    "directory:write": "Change the directory",
    "campaigns:read": "Read campaigns",
    "campaigns:write": "Change campaigns",
    "messages:read": "Read messages",
}
ZONES: Final = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "UTC",
)
"""The zones offered first."""


def _zones() -> list[Any]:
    others = sorted(zone for zone in available_timezones() - set(ZONES) if "/" in zone and not zone.startswith("Etc/"))
    return [
        ("United States", [(zone, _spaced(zone)) for zone in ZONES]),
        ("Elsewhere", [(zone, _spaced(zone)) for zone in others]),
    ]


def _spaced(zone: str) -> str:
    return zone.replace("_", " ")


class SelfForm(forms.Form):
    """One's own name and time zone."""

    name = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    time_zone = forms.ChoiceField(label="Time zone", help_text="Times are shown to you in this zone.", choices=_zones)


class AccessForm(forms.Form):
    """Why, and for how long."""

    reason = forms.CharField(
        max_length=300,
        label="What you need to look at, and why",
        help_text="For example: vetting samples of the toll scam, or the demand CID-2026-114. It is kept in the log.",
    )
    hours = forms.TypedChoiceField(
        label="For how long",
        coerce=int,
        choices=[(1, "1 hour"), (2, "2 hours"), (4, "4 hours"), (8, "8 hours")],
        initial=4,
        widget=forms.RadioSelect,
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def lasts(self) -> timedelta:
        """The length chosen."""
        return timedelta(hours=self.cleaned_data["hours"])


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(label="Mail address")
    name = forms.CharField(max_length=200, required=False, label="Name")
    part = forms.ChoiceField(label="Their part", widget=forms.RadioSelect)

    def __init__(self, *given: Any, organisation: Organisation, **more: Any) -> None:
        super().__init__(*given, **more)
        self.fields["part"].choices = parts_of(organisation)  # type: ignore[attr-defined]  # a choice field


class PartForm(forms.Form):
    """What somebody is to be from now on."""

    part = forms.ChoiceField(label="Their part", widget=forms.RadioSelect)

    def __init__(self, *given: Any, organisation: Organisation, **more: Any) -> None:
        super().__init__(*given, **more)
        self.fields["part"].choices = parts_of(organisation)  # type: ignore[attr-defined]  # a choice field


def parts_of(organisation: Organisation) -> Iterable[tuple[str, str]]:
    """The parts there are in an organisation, with what each may do."""
    return [(part.value, PART_WORDS[part]) for part in PARTS_OF[Kind(organisation.kind)]]


PART_WORDS: Final = {
    Part.ANALYST: "Analyst: takes in samples, runs tracebacks",
    Part.LEAD: "Lead: as an analyst, and decides what two must decide, and who is here",
    Part.AUDITOR: "Auditor: sees everything, changes nothing",
    Part.RESPONDER: "Responder: answers requests",
    Part.ADMINISTRATOR: "Administrator: as a responder, and looks after people, keys and contacts",
    Part.INVESTIGATOR: "Investigator: files requests, reads what is addressed to the agency",
    Part.SOURCE: "Source: hands in call samples",
}


class KeyForm(forms.Form):
    """What a program's key is for."""

    label = forms.CharField(max_length=100, label="What it is for", help_text="So that you know it again.")
    scopes = forms.MultipleChoiceField(label="What it may do", widget=forms.CheckboxSelectMultiple)
    days = forms.TypedChoiceField(
        label="How long it lasts",
        coerce=int,
        choices=[(30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "one year")],
        initial=90,
        widget=forms.RadioSelect,
    )

    def __init__(self, *given: Any, organisation: Organisation, **more: Any) -> None:
        super().__init__(*given, **more)
        offered = SCOPES[Kind(organisation.kind)]
        choices = [(scope, SCOPE_WORDS.get(scope, scope)) for scope in offered]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]  # a choice field

    @property
    def lasts(self) -> timedelta:
        """The length chosen."""
        return timedelta(days=self.cleaned_data["days"])


class OrganisationForm(forms.Form):
    """An agency or a source to be taken in."""

    kind = forms.ChoiceField(
        label="What it is", choices=[(Kind.AGENCY, "An agency"), (Kind.SOURCE, "A source")], widget=forms.RadioSelect
    )
    id = forms.SlugField(max_length=64, label="Short id", help_text="Letters, digits, - and _, for example AG-IL.")
    name = forms.CharField(max_length=200, label="Name")


class AcceptForm(forms.Form):
    """The name and password of somebody new."""

    name = forms.CharField(max_length=200, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Password",
        help_text="At least 12 characters. A few words you will remember are best.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="The password again", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    time_zone = forms.ChoiceField(
        label="Your time zone", help_text="Times are shown to you in this zone.", choices=_zones, initial="UTC"
    )

    def __init__(self, *given: Any, email: str, **more: Any) -> None:
        super().__init__(*given, **more)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """Check the password against the rules, and that it was typed twice alike."""
        cleaned: dict[str, Any] = super().clean() or {}
        password = cleaned.get("password")
        if not password:
            return cleaned
        if cleaned.get("again") and cleaned["again"] != password:
            self.add_error("again", "The two are not the same.")
        try:
            validate_password(password, User(email=self.email, name=cleaned.get("name", "")))
        except forms.ValidationError as error:
            self.add_error("password", error)
        return cleaned
