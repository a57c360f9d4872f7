"""What is asked of somebody who acts on a traceback."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from hopback.kernel.answers import AnswerKind
from hopback.kernel.clocks import office_zone
from hopback.kernel.commands import DisputeResult
from hopback.kernel.errors import BadInput
from hopback.portal.tracebacks.actions import BEYOND_ANSWERS
from hopback.portal.tracebacks.docket import MAIL_TO
from hopback.portal.tracebacks.models import Priority
from hopback.portal.tracebacks.naming import Unclear, provider_meant
from hopback.portal.tracebacks.sentences import ANSWERED, FIELDS, OUTCOMES

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor
    from hopback.portal.tracebacks.dossier import Dossier, HopTold

__all__ = [
    "AcceptForm",
    "ActForm",
    "AnswerForm",
    "AssignForm",
    "BounceForm",
    "CloseForm",
    "ConcludeForm",
    "DeliverForm",
    "DisputeForm",
    "EscalateForm",
    "FindForm",
    "ForkForm",
    "LinkForm",
    "NameForm",
    "NoteForm",
    "OpenForm",
    "PriorityForm",
    "ReasonForm",
    "ReopenForm",
    "ResolveForm",
    "ReturnForm",
    "SendForm",
]

SURE: Final = (("1.0", "It is sure"), ("0.7", "It thinks so"), ("0.4", "It guesses"))
RETURNABLE: Final = (
    "upstream",
    "customer",
    "found_at",
    "source",
    "searched_from",
    "searched_until",
    "records_retained_since",
    "statement",
)


class Instant(forms.DateTimeField):
    """A time typed in the reader's zone."""

    def __init__(self, *, zone: str, **options: Any) -> None:
        self.zone = zone
        options.setdefault("help_text", f"In {zone} time.")
        options.setdefault("widget", forms.DateTimeInput(attrs={"type": "datetime-local", "class": "short"}))
        super().__init__(**options)

    def to_python(self, value: Any) -> datetime | None:
        """The instant in UTC."""
        read = super().to_python(value)
        if read is None:
            return None
        return read.replace(tzinfo=_zone(self.zone)).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return office_zone(name)
    except BadInput:
        return ZoneInfo("UTC")


class ProviderField(forms.CharField):
    """A provider of the directory, by its id or its name."""

    def __init__(self, *, actor: Actor, **options: Any) -> None:
        self.actor = actor
        options.setdefault("help_text", "Its id in the directory, or its name or part of it.")
        options.setdefault("widget", forms.TextInput(attrs={"autocomplete": "off"}))
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """The provider meant; an error that names those it could be."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return provider_meant(self.actor, text)
        except Unclear as unclear:
            raise ValidationError(unclear.message) from unclear


class ActForm(forms.Form):
    """Any of them. ``seen`` is the version of the traceback that whoever acts has looked at."""

    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["seen"].initial = dossier.trace.version
        self.shape(actor=actor, dossier=dossier, hop=hop, zone=zone)

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:
        """Fit the fields to the traceback at hand."""


class ReasonForm(ActForm):
    """An act that needs nothing but its reason."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea, max_length=2000)


class AcceptForm(ActForm):
    """The version of the answer that is judged."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """The latest version."""
        if hop is not None and hop.answers:
            self.fields["version"].initial = hop.answers[-1].version


class ReturnForm(ActForm):
    """For each field what is missing or wrong."""

    other = forms.CharField(
        label="Something else",
        required=False,
        max_length=300,
        help_text="What the provider is to add or explain.",
    )

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """A line for each field that can be missing."""
        missing = set(hop.answers[-1].answer.missing()) if hop is not None and hop.answers else set()
        for name in RETURNABLE:
            initial = "missing" if name in missing else ""
            label = FIELDS[name].capitalize()
            self.fields[f"field_{name}"] = forms.CharField(label=label, required=False, max_length=300, initial=initial)
        self.order_fields(["seen", *(f"field_{name}" for name in RETURNABLE), "other"])

    def clean(self) -> dict[str, Any]:
        """At least one reason."""
        data = super().clean() or {}
        if not self.missing():
            raise ValidationError("Say for at least one field what is missing or wrong.")
        return data

    def missing(self) -> tuple[str, ...]:
        """A reason for each missing field, the field's name before it."""
        said = [(name, self.cleaned_data.get(f"field_{name}", "").strip()) for name in RETURNABLE]
        lines = [f"{name}: {reason}" for name, reason in said if reason]
        other = self.cleaned_data.get("other", "").strip()
        return (*lines, *([other] if other else []))


class NameForm(ActForm):
    """Which provider of the directory is meant."""

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """A provider and how it is known."""
        self.fields["provider"] = ProviderField(actor=actor, label="Provider that is meant")
        self.fields["reason"] = forms.CharField(
            label="How you know",
            widget=forms.Textarea,
            max_length=2000,
            help_text="It stands beside the answer for as long as the answer does.",
        )


class ForkForm(ActForm):
    """Whom to ask besides."""

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """A provider and why."""
        self.fields["provider"] = ProviderField(actor=actor, label="Provider to ask besides")
        self.fields["reason"] = forms.CharField(label="Why it is asked", widget=forms.Textarea, max_length=2000)


class OpenForm(ActForm):
    """Whom to ask first."""

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """The provider the sample came with, to be changed."""
        self.fields["provider"] = ProviderField(
            actor=actor, label="Provider that serves the called number", initial=dossier.row.terminating
        )


class AnswerForm(ActForm):
    """What a provider said by other ways, written down on its behalf."""

    kind = forms.ChoiceField(
        label="The provider",
        widget=forms.RadioSelect,
        choices=[(kind.value, words) for kind, words in ANSWERED.items() if kind is not AnswerKind.NO_ANSWER],
    )

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """The fields of an answer."""
        add = self.fields
        add["upstream"] = ProviderField(actor=actor, label="Provider it named", required=False)
        add["customer"] = forms.CharField(
            label="Customer it named",
            required=False,
            max_length=300,
            help_text="Name and account, as the provider gave them.",
        )
        add["found_at"] = Instant(zone=zone, label="Time of the call in its records", required=False)
        add["source"] = forms.CharField(
            label="Trunk, route or address the call came in by", required=False, max_length=200
        )
        add["searched_from"] = Instant(zone=zone, label="It searched from", required=False)
        add["searched_until"] = Instant(zone=zone, label="It searched until", required=False)
        add["records_retained_since"] = Instant(zone=zone, label="Its records go back to", required=False)
        add["sure"] = forms.ChoiceField(label="How sure it is", choices=SURE, initial="1.0")
        add["statement"] = forms.CharField(
            label="What it said, and how",
            widget=forms.Textarea,
            max_length=2000,
            help_text="For example: by telephone, Maria of the network desk, 15:10.",
        )

    def clean(self) -> dict[str, Any]:
        """Each answer names what it has to, and nothing else."""
        data = super().clean() or {}
        kind = data.get("kind")
        if kind == AnswerKind.UPSTREAM_NAMED.value and not data.get("upstream") and "upstream" not in self.errors:
            self.add_error("upstream", "Say which provider it named.")
        if kind == AnswerKind.CUSTOMER_NAMED.value and not data.get("customer"):
            self.add_error("customer", "Say which customer it named.")
        if kind != AnswerKind.UPSTREAM_NAMED.value and data.get("upstream"):
            self.add_error("upstream", "This answer names no provider.")
        if kind != AnswerKind.CUSTOMER_NAMED.value and data.get("customer"):
            self.add_error("customer", "This answer names no customer.")
        return data


class SendForm(ActForm):
    """By which way the request goes out."""

    channel = forms.CharField(
        label="Sent to",
        max_length=200,
        help_text="For example: read out by telephone. “mail to noc@carrier.example” has the portal write there.",
    )

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """The contacts of the provider, to choose from."""
        contacts = hop.contacts if hop is not None else ()
        if contacts:
            listed = [(f"{MAIL_TO}{mailbox}", f"{mailbox} ({duty})") for mailbox, duty in contacts]
            self.fields["contact"] = forms.ChoiceField(
                label="Contact", choices=[*listed, ("", "another one, named below")], required=False
            )
            self.fields["channel"].required = False
            self.fields["channel"].label = "Or another way"
            self.order_fields(["seen", "contact", "channel"])

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        data = super().clean() or {}
        if not data.get("contact") and not data.get("channel"):
            self.add_error("channel", "Say where it was sent.")
        return data


class BounceForm(ActForm):
    """What came back."""

    channel = forms.CharField(label="It came back from", max_length=200)
    reason = forms.CharField(label="With these words", widget=forms.Textarea, max_length=1000)


class DeliverForm(ActForm):
    """When the request was received, and by what proof."""

    proof = forms.CharField(
        label="Proof",
        max_length=300,
        help_text="For example: read out and confirmed by telephone by Maria of the network desk.",
    )

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """A time in the reader's zone."""
        self.fields["received"] = Instant(
            zone=zone, label="Received at", help_text=f"In {zone} time. The clock of the office asked starts then."
        )
        self.order_fields(["seen", "received", "proof"])


class EscalateForm(ActForm):
    """Whom a person told."""

    told = forms.CharField(
        label="Who was told, and how",
        max_length=300,
        help_text="For example: the general counsel, by registered letter of 3 November.",
    )


class FindForm(ActForm):
    """A finding that a provider did not respond."""

    reason = forms.CharField(
        label="Reason", widget=forms.Textarea, max_length=2000, help_text="In sentences that the provider will read."
    )

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """The evidence on record, all of it proposed."""
        if hop is None:
            return
        choices = [(one.key, f"{one.text} {one.at:%Y-%m-%d %H:%M} UTC") for one in dossier.evidence(hop.number)]
        self.fields["evidence"] = forms.MultipleChoiceField(
            label="Evidence it rests on",
            choices=choices,
            widget=forms.CheckboxSelectMultiple,
            initial=[key for key, _ in choices],
        )
        told = hop.noticed_at
        self.fields["noticed"] = Instant(
            zone=zone,
            label="When the provider was told what is about to be found",
            required=told is None,
            help_text=(
                f"In {zone} time. On record: {told:%Y-%m-%d %H:%M} UTC. Leave this empty unless it was told otherwise."
                if told is not None
                else f"In {zone} time. The ladder has not told it; say when somebody did."
            ),
        )
        self.order_fields(["seen", "reason", "evidence", "noticed"])


class DisputeForm(ActForm):
    """What a provider contests, written down for it."""

    statement = forms.CharField(label="What it contests", widget=forms.Textarea, max_length=4000)

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """The providers affected: the hop's, and the one its answer names."""
        if hop is None:
            return
        named = hop.hop.standing.upstream if hop.hop.standing is not None else None
        choices = [(one, dossier.names.provider(one)) for one in (hop.hop.provider, named) if one]
        self.fields["provider"] = forms.ChoiceField(label="Provider that contests", choices=choices)
        self.order_fields(["seen", "provider", "statement"])


class ResolveForm(ActForm):
    """How a dispute ends."""

    result = forms.ChoiceField(label="Decision", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Reason", widget=forms.Textarea, max_length=2000, help_text="In sentences that the provider will read."
    )

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """The ends that are possible here."""
        if hop is None:
            return
        is_finding = hop.finding is not None
        choices = [
            (DisputeResult.UPHELD.value, "The finding is upheld" if is_finding else "Everything stays as it was")
        ]
        if hop.hop.standing is not None:
            words = "The finding is withdrawn; the answer stands" if is_finding else "The answer stands"
            choices.append((DisputeResult.ACCEPTED.value, words))
        choices.append(
            (
                DisputeResult.SUPERSEDED.value,
                "The finding is withdrawn; this hop no longer counts" if is_finding else "This hop no longer counts",
            )
        )
        if hop.hop.parent is not None:
            choices.append(
                (DisputeResult.REDIRECTED.value, "It was wrongly named; the hop before is asked to look again")
            )
        field = self.fields["result"]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


class ConcludeForm(ActForm):
    """The outcome, as proposed or another that rests on something else."""

    outcome = forms.ChoiceField(label="Outcome", widget=forms.RadioSelect)
    confidence = forms.FloatField(
        label="How sure you are, if you chose another outcome than the one proposed",
        required=False,
        min_value=0,
        max_value=1,
        help_text="From 0 to 1.",
        widget=forms.NumberInput(attrs={"class": "tiny", "step": "0.05"}),
    )
    reason = forms.CharField(label="Reason", required=False, widget=forms.Textarea, max_length=2000)

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """The outcome the answers come to first, where they come to one and nothing forbids it."""
        proposed = dossier.result.outcome
        choices = []
        if proposed is not None and "confirm" in dossier.possible.trace:
            words = f"{OUTCOMES[proposed.value]} (proposed, confidence {dossier.result.confidence:.2f})"
            choices.append((proposed.value, words))
        choices += [(one.value, OUTCOMES[one.value]) for one in BEYOND_ANSWERS if one is not proposed]
        field = self.fields["outcome"]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices
            field.initial = choices[0][0] if proposed is not None and choices[0][0] == proposed.value else None

    def clean(self) -> dict[str, Any]:
        """An outcome beyond the answers has its reason."""
        data = super().clean() or {}
        if data.get("outcome") in {one.value for one in BEYOND_ANSWERS} and not data.get("reason"):
            self.add_error("reason", "Say what this outcome rests on.")
        return data


class CloseForm(ActForm):
    """Who was told and asked to mitigate."""

    def shape(self, *, actor: Actor, dossier: Dossier, hop: HopTold | None, zone: str) -> None:  # noqa: ARG002
        """The providers on the path; the origin has to be among them."""
        providers = list(dict.fromkeys(one.hop.provider for one in dossier.hops if one.path.is_on_path))
        origin = dossier.result.origin_provider
        told = " (the call began there: it has to be told)"
        self.fields["notices"] = forms.MultipleChoiceField(
            label="Told of the outcome and asked to mitigate",
            required=False,
            widget=forms.CheckboxSelectMultiple,
            choices=[(one, f"{dossier.names.provider(one)}{told if one == origin else ''}") for one in providers],
        )


class ReopenForm(ActForm):
    """Why, and what published reports are to say."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea, max_length=2000)
    erratum = forms.CharField(
        label="Erratum",
        widget=forms.Textarea,
        max_length=2000,
        help_text="What reports that were published already are to say of it.",
    )


class NoteForm(forms.Form):
    """A note."""

    text = forms.CharField(
        label="Note",
        widget=forms.Textarea,
        max_length=4000,
        help_text="For the consortium's people only. It cannot be changed afterwards.",
    )


class AssignForm(forms.Form):
    """Who looks after it."""

    owner = forms.ChoiceField(label="Looked after by", required=False)

    def __init__(self, *args: Any, people: list[User], **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["owner"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "nobody yet"), *((str(one.pk), str(one)) for one in people)]


class PriorityForm(forms.Form):
    """How soon."""

    priority = forms.ChoiceField(label="Priority", choices=Priority.choices)


class LinkForm(forms.Form):
    """Another traceback that belongs here, or no longer does."""

    other = forms.CharField(label="Other traceback", max_length=32, help_text="Its id, as in its page's address.")
    reason = forms.CharField(label="Why they belong together", max_length=500)
