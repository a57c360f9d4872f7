"""What is typed in the intake. The facts of a call are read by :mod:`hopback.portal.intake.facts`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import available_timezones

from django import forms

from hopback.portal.campaigns.forms import violation_choices
from hopback.portal.campaigns.models import Basis
from hopback.portal.intake.facts import FIELDS, Facts, read_facts
from hopback.portal.intake.models import Lane, Reliability, Stage
from hopback.portal.intake.words import DECLINES, SOURCE_KINDS

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.kernel.errors import HopbackError
    from hopback.portal.campaigns.models import Campaign

__all__ = [
    "BulkForm",
    "DeclineForm",
    "FilterForm",
    "ImportForm",
    "OpenForm",
    "RecordingForm",
    "SampleForm",
    "SourceForm",
    "SplitForm",
    "VetForm",
    "blame",
    "zones",
]

ACCURACIES: Final = [
    ("", "choose"),
    ("5", "To the second: a switch or a recorder wrote it"),
    ("60", "To the minute"),
    ("300", "Within five minutes"),
    ("900", "Within a quarter of an hour"),
    ("3600", "Within an hour: somebody remembered it"),
]
US_ZONES: Final = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico", "UTC",
)  # fmt: skip
STAGES: Final = [
    ("", "waiting for a person"),
    ("candidate", "to be vetted"),
    ("seconded", "needs a second person"),
    ("vetted", "to be opened"),
    ("opened", "opened"),
    ("declined", "declined"),
    ("set_aside", "set aside"),
    ("all", "all"),
]


@cache
def zones() -> list[Any]:
    """Time zones to choose from, those of the United States first."""
    rest = sorted(available_timezones() - set(US_ZONES))
    return [
        ("", "choose"),
        ("United States", [(name, name.replace("_", " ")) for name in US_ZONES]),
        ("All", [(name, name.replace("_", " ")) for name in rest if "/" in name and not name.startswith("Etc/")]),
    ]


def blame(form: forms.Form, error: HopbackError) -> None:
    """Put an action's error at the field it names, or above the form."""
    words = f"{error.message[:1].upper()}{error.message[1:]}" + (f": {error.mend}" if error.mend else "")
    form.add_error(error.where if error.where in form.fields else None, words)


class FilterForm(forms.Form):
    """Which samples are listed."""

    q = forms.CharField(label="Number, record id or campaign", required=False, max_length=100)
    stage = forms.ChoiceField(required=False, choices=STAGES)
    urgent = forms.ChoiceField(label="Urgency", required=False, choices=[("", "any"), ("1", "urgent only")])
    source = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, sources: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = [("", "any"), *sources]  # type: ignore[attr-defined]  # a ChoiceField's

    @property
    def stage_asked(self) -> str:
        """The stage to list: ``waiting`` unless another was asked for."""
        return (self.cleaned_data.get("stage") if self.is_valid() else "") or "waiting"

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the queue itself was asked for."""
        return self.is_valid() and any(self.cleaned_data.values())

    @property
    def known(self) -> list[str]:
        """The stages there are."""
        return list(Stage.values)


class SampleForm(forms.Form):
    """A call that is put forward."""

    source = forms.ChoiceField(label="Who supplied it")
    lane = forms.ChoiceField(
        label="Can it wait?",
        choices=[("", "Yes, in the ordinary queue"), *[one for one in Lane.choices if one[0]]],
        required=False,
        help_text="An urgent sample stands first and the consortium's people are told by mail.",
    )
    called = forms.CharField(
        label="Called number", help_text="With its area code, like +1 202 555 0143.", max_length=60
    )
    calling = forms.CharField(
        label="Calling number",
        help_text="The number that was shown. Write anonymous if it was withheld.",
        max_length=60,
    )
    call_start = forms.CharField(
        label="When the call began",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
        help_text="As the clock of whoever received it showed.",
    )
    call_start_zone = forms.ChoiceField(
        label="Time zone of that clock", choices=zones, help_text="Not where you are: where that clock was set."
    )
    accuracy_s = forms.ChoiceField(
        label="How exact that time is",
        choices=ACCURACIES,
        help_text="Providers search this far before and after.",
    )
    why = forms.CharField(
        label="Why it is put forward",
        widget=forms.Textarea,
        required=False,
        help_text="The pattern it belongs to, complaints, how many calls like it there were.",
    )
    transcript = forms.CharField(label="What was said", widget=forms.Textarea, required=False)
    recording = forms.FileField(required=False, help_text="wav, mp3, m4a, ogg, flac or webm, up to 25 MB.")
    consent_basis = forms.CharField(
        label="By what right it was recorded",
        required=False,
        help_text="For example: our own number, one-party consent.",
    )
    basis = forms.MultipleChoiceField(
        label="What makes it suspicious",
        choices=Basis.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    violations = forms.MultipleChoiceField(
        label="What it appears to violate",
        choices=violation_choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    terminating = forms.CharField(
        label="Who serves the called number",
        required=False,
        help_text="If you know: the company. The directory is asked in any case.",
    )
    calling_name = forms.CharField(label="Name shown", required=False)
    callback = forms.CharField(label="Number the caller asked to be called back on", required=False, max_length=60)
    answered = forms.ChoiceField(required=False, choices=[("", "not known"), ("yes", "yes"), ("no", "no")])
    duration_s = forms.CharField(label="Seconds of talk", required=False)
    sip_call_id = forms.CharField(label="SIP Call-ID", required=False)
    identity = forms.CharField(
        label="Identity header (SHAKEN)",
        widget=forms.Textarea,
        required=False,
        help_text="As it arrived, in one piece.",
    )
    headers_anomalies = forms.CharField(label="What is odd in the headers", widget=forms.Textarea, required=False)
    source_record_id = forms.CharField(
        label="The source's own id of this record",
        required=False,
        help_text="A record is taken in once, however often it is sent.",
    )
    complainant_ref = forms.CharField(
        label="Reference of the complaint", required=False, help_text="A pseudonym. Write nobody's name here."
    )
    is_honeypot = forms.BooleanField(label="The called number is a honeypot", required=False)
    targets_competitor = forms.BooleanField(
        label="The sample points at a competitor of who supplied it",
        required=False,
        help_text="A second person then vets it.",
    )

    def __init__(
        self, *args: Any, at: datetime, sources: list[tuple[str, str]] | None = None, zone: str = "", **kwargs: Any
    ) -> None:
        kwargs["initial"] = {"call_start_zone": zone} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        self.at = at
        self.facts: Facts | None = None
        if sources is None:
            del self.fields["source"]
        else:
            self.fields["source"].choices = [("", "choose"), *sources]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Read the facts; everything wrong with them stands at its field."""
        given: dict[str, Any] = super().clean() or {}
        raw: dict[str, str] = {name: _text(given[name]) for name in FIELDS if name in given}
        facts, wrong = read_facts(raw, at=self.at)
        for miss in wrong:
            if miss.field not in self.errors:
                self.add_error(
                    miss.field if miss.field in self.fields else None, f"{miss.message[:1].upper()}{miss.message[1:]}"
                )
        self.facts = facts
        return given


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value or "")


class VetForm(forms.Form):
    """Why a candidate is taken on, and who is asked first."""

    campaign = forms.ChoiceField(help_text="One traced sample stands for a campaign.")
    reason = forms.CharField(
        label="Why this call is traced",
        widget=forms.Textarea,
        max_length=2000,
        help_text="In a sentence or two. It is kept, and shown to nobody outside the consortium.",
    )
    as_campaign = forms.BooleanField(
        label="Suspicious for, and in violation of, what its campaign says",
        required=False,
        help_text="Then nothing more has to be ticked.",
    )
    basis = forms.MultipleChoiceField(
        label="What makes it suspicious", choices=Basis.choices, widget=forms.CheckboxSelectMultiple
    )
    violations = forms.MultipleChoiceField(
        label="What it appears to violate",
        choices=violation_choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick what fits, or write it below. Each provider that is asked reads this.",
    )
    other_violation = forms.CharField(label="Something else it appears to violate", max_length=300, required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, campaigns: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_as_campaign = self.is_bound and bool(self.data.get("as_campaign"))
        written = self.data.get("other_violation") if self.is_bound else ""
        self.fields["basis"].required = not is_as_campaign
        self.fields["violations"].required = not is_as_campaign and not (written or "").strip()
        self.fields["campaign"].choices = [("", "choose"), *campaigns]  # type: ignore[attr-defined]

    def basis_said(self, campaign: Campaign) -> tuple[str, ...]:
        """What makes it suspicious: what was ticked, and what the campaign says where that was asked for."""
        own = self.cleaned_data["basis"]
        return tuple(dict.fromkeys([*own, *(campaign.basis if self.cleaned_data["as_campaign"] else ())]))

    def violations_said(self, campaign: Campaign) -> tuple[str, ...]:
        """What it appears to violate: codes, and what was written; and the campaign's where that was asked for."""
        other = self.cleaned_data["other_violation"].strip()
        theirs = [text if code == "other" else code for code, text in campaign.violations]
        own = [*self.cleaned_data["violations"], *([other] if other else [])]
        return tuple(dict.fromkeys([*own, *(theirs if self.cleaned_data["as_campaign"] else ())]))


class OpenForm(forms.Form):
    """Who is asked first."""

    provider = forms.ChoiceField(label="Who is asked first", widget=forms.RadioSelect)
    other = forms.CharField(
        label="Another provider",
        required=False,
        max_length=200,
        help_text="Its id or its full legal name, as Providers has it.",
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["provider"].choices = [*choices, ("other", "Another provider, named below")]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Another provider has to be named."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("provider") == "other" and not (given.get("other") or "").strip():
            self.add_error("other", "Name the provider by its id or its legal name.")
        return given

    @property
    def chosen(self) -> str:
        """The provider's id."""
        chosen = str(self.cleaned_data["provider"])
        return str(self.cleaned_data["other"]).strip() if chosen == "other" else chosen


class DeclineForm(forms.Form):
    """Why a candidate is refused."""

    code = forms.ChoiceField(
        label="Reason",
        choices=[("", "choose"), *DECLINES],
        help_text="Counted by kind of source, to show that we choose evenly.",
    )
    note = forms.CharField(label="Anything more to say", widget=forms.Textarea, max_length=2000, required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)


class BulkForm(DeclineForm):
    """Why several are refused."""

    pick = forms.CharField(widget=forms.MultipleHiddenInput, required=False)


class RecordingForm(forms.Form):
    """A recording of a sample's call."""

    recording = forms.FileField(help_text="wav, mp3, m4a, ogg, flac or webm, up to 25 MB.")
    consent_basis = forms.CharField(label="By what right it was recorded", required=False, max_length=300)


class ImportForm(forms.Form):
    """A sheet of samples."""

    source = forms.ChoiceField(label="Who supplied it")
    file = forms.FileField(label="Sheet", help_text="CSV in UTF-8, up to 2,000 calls.")

    def __init__(self, *args: Any, sources: list[tuple[str, str]] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sources is None:
            del self.fields["source"]
        else:
            self.fields["source"].choices = [("", "choose"), *sources]  # type: ignore[attr-defined]


class SourceForm(forms.Form):
    """What is known of a source."""

    id = forms.SlugField(
        label="Short name",
        max_length=64,
        help_text="Letters, digits and dashes; its organisation's id if it signs in here.",
    )
    name = forms.CharField(max_length=200)
    kind = forms.ChoiceField(choices=SOURCE_KINDS)
    provider = forms.CharField(
        label="Its id in the directory", max_length=64, required=False, help_text="Of a provider alone."
    )
    contact = forms.CharField(max_length=300, required=False, help_text="Whom to ask about a sample.")
    is_verified = forms.BooleanField(label="We have made sure who this is", required=False)
    reliability = forms.ChoiceField(choices=Reliability.choices)
    note = forms.CharField(widget=forms.Textarea, max_length=4000, required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)


class SplitForm(forms.Form):
    """Where samples are moved, and why."""

    target = forms.ChoiceField(label="Move those picked to")
    reason = forms.CharField(label="Why they belong there", max_length=300)

    def __init__(self, *args: Any, campaigns: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"].choices = [("", "choose"), *campaigns]  # type: ignore[attr-defined]
