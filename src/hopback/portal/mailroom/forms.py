"""What people fill in about messages and webhooks."""

from __future__ import annotations

from typing import Any

from django import forms

from hopback.portal.accounts.models import Organisation
from hopback.portal.messages.models import Direction, DispatchState
from hopback.portal.messages.webhooks import TEST, event_types

__all__ = ["EndpointForm", "FilterForm", "HandleForm", "OutboxForm", "PlaceForm"]


class FilterForm(forms.Form):
    """Which messages to list. Whoever is not the consortium is not asked for an organisation."""

    direction = forms.ChoiceField(
        label="Direction", required=False, choices=[("", "Sent and received"), *Direction.choices]
    )
    organisation = forms.CharField(label="Organisation", required=False, max_length=64)
    about = forms.CharField(label="About", required=False, max_length=120)
    mailbox = forms.CharField(label="Mailbox", required=False, max_length=320)

    def __init__(self, *args: Any, is_staff: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_staff:
            del self.fields["organisation"], self.fields["mailbox"], self.fields["about"]


class OutboxForm(forms.Form):
    """Which letters of the outbox to list."""

    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any state"), *DispatchState.choices])


class PlaceForm(forms.Form):
    """What a message in the inbox is about."""

    about = forms.CharField(label="What is it about?", max_length=120)
    organisation = forms.CharField(
        label="Whose is it?",
        max_length=64,
        required=False,
        help_text="The organisation's id. What a message says of its sender proves nothing: place it by what you know.",
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def clean_organisation(self) -> str:
        """One that there is, or none."""
        given: str = self.cleaned_data["organisation"].strip()
        if given and not Organisation.objects.filter(pk=given).exists():
            raise forms.ValidationError("There is no such organisation.")
        return given


class HandleForm(forms.Form):
    """What was done about a message in the inbox."""

    note = forms.CharField(
        label="What was done about it?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="A message answers no request by itself. Write the answer down at the request, then say so here.",
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)


class EndpointForm(forms.Form):
    """Where and what an endpoint is told."""

    url = forms.CharField(
        label="URL", max_length=500, help_text="https only, on the public internet, without user or password."
    )
    label = forms.CharField(label="Name", max_length=100, required=False, help_text="For your own use.")
    mailbox = forms.EmailField(label="Mailbox", help_text="Told when the endpoint is disabled after failing for days.")
    types = forms.MultipleChoiceField(
        label="What it is told",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Nothing marked: everything, also what is added later.",
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = [(name, f"{name}: {sentence}") for name, sentence in event_types().items() if name != TEST]
        self.fields["types"].choices = types  # type: ignore[attr-defined]  # a MultipleChoiceField
