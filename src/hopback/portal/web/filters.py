"""Which tracebacks a list shows, and in which order: read from a query string, written back as one."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django import forms
from django.db.models import Exists, OuterRef, Q

from hopback.kernel.hops import WORKING, SourceKind, TraceState
from hopback.kernel.outcomes import Outcome
from hopback.portal.directory.access import providers_of
from hopback.portal.tracebacks.access import hops_of, tracebacks_of
from hopback.portal.tracebacks.models import Priority, Traceback, Turn
from hopback.portal.web.access import number_of
from hopback.render.states import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

    from hopback.portal.accounts.models import User
    from hopback.portal.audit.actors import Actor

__all__ = ["FAR", "SORTS", "FilterForm", "filtered", "normal_query", "order_of", "provider_names"]

ANY: Final = ("", "any")
FEW: Final = 2_000
"""A provider in fewer hops than this is looked up from its hops, a busier one from the list."""
FAR: Final = timedelta(days=1)

SORTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "newest": ("newest first", ("-proposed_at", "-id")),
    "oldest": ("oldest first", ("proposed_at", "id")),
    "due": ("next due first", ("next_due", "id")),
    "waiting": ("waiting longest first", ("waiting_since", "id")),
    "changed": ("changed last first", ("-updated_at", "-id")),
}
"""The orders of the list, by name; each has an index."""

STATES: Final = (
    ANY,
    ("working", "being traced"),
    *((state.value, told(state.value).words) for state in TraceState),
)
WAITING: Final = (
    ANY,
    ("person", "a person of the consortium"),
    ("provider", "a provider"),
    ("late", "a provider that is late"),
    ("nobody", "nobody"),
)
PLACES: Final = (
    ("path", "anywhere in the path"),
    ("waiting", "owing an answer"),
    ("origin", "where it began"),
    ("entry", "where it came into the country"),
    ("terminating", "where it ended"),
)


class FilterForm(forms.Form):
    """What the list can be narrowed by. Nothing of it has to be given."""

    use_required_attribute = False

    state = forms.ChoiceField(choices=STATES, required=False, label="State")
    outcome = forms.ChoiceField(
        choices=(ANY, *((one.value, told(one.value).words) for one in Outcome)), required=False, label="Outcome"
    )
    waiting = forms.ChoiceField(choices=WAITING, required=False, label="Waiting for")
    owner = forms.ChoiceField(required=False, label="Owner")
    priority = forms.ChoiceField(choices=(ANY, *Priority.choices), required=False, label="Priority")
    late = forms.ChoiceField(
        choices=(ANY, ("now", "an answer is late now"), ("was", "an answer came late"), ("no", "nothing late")),
        required=False,
        label="Late",
    )
    provider = forms.CharField(max_length=64, required=False, label="Provider", help_text="Its id in the directory")
    place = forms.ChoiceField(choices=PLACES, required=False, label="The provider is")
    campaign = forms.CharField(max_length=200, required=False, label="Campaign")
    source = forms.CharField(max_length=200, required=False, label="Source")
    source_kind = forms.ChoiceField(
        choices=(ANY, *((one.value, one.value) for one in SourceKind)), required=False, label="Kind of source"
    )
    opened_from = forms.DateField(required=False, label="Opened from", widget=forms.DateInput(attrs={"type": "date"}))
    opened_to = forms.DateField(required=False, label="Opened to", widget=forms.DateInput(attrs={"type": "date"}))
    jurisdiction = forms.ChoiceField(required=False, label="Jurisdiction")
    sort = forms.ChoiceField(choices=[(key, words) for key, (words, _) in SORTS.items()], required=False, label="Order")

    def __init__(self, data: Mapping[str, Any] | None, *, owners: Iterable[User], jurisdictions: Iterable[str]) -> None:
        super().__init__(data)
        people = [(str(user.pk), user.name or user.email) for user in owners]
        self._choose("owner", (ANY, ("me", "me"), ("none", "nobody"), *people))
        self._choose("jurisdiction", (ANY, *((one, one.upper()) for one in sorted(jurisdictions))))

    def _choose(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(choices)

    def clean(self) -> dict[str, Any]:
        """A span begins before it ends."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("opened_from"), cleaned.get("opened_to")
        if first and last and first > last:
            self.add_error("opened_to", "This is before the first day.")
        return cleaned

    @property
    def asked(self) -> dict[str, Any]:
        """What is asked for, without what is not."""
        return {name: value for name, value in getattr(self, "cleaned_data", {}).items() if value not in ("", None)}

    @property
    def narrowed(self) -> list[str]:
        """What is asked for, in words."""
        words = []
        for name, value in self.asked.items():
            if name == "place" and "provider" not in self.asked:
                continue
            field = self.fields[name]
            choices: Any = field.choices if isinstance(field, forms.ChoiceField) else ()
            said = dict(choices).get(value, value)
            words.append(f"{str(field.label).lower()} {said}")
        return words

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return any(name not in ("sort", "place") for name in self.asked)


def normal_query(form: FilterForm) -> str:
    """The query string of a good form in its one normal form: names in order, nothing that says nothing."""
    asked = form.asked
    if asked.get("sort") == "newest":
        del asked["sort"]
    if "provider" not in asked or asked.get("place") == "path":
        asked.pop("place", None)
    return urlencode(sorted((name, str(value)) for name, value in asked.items()))


def order_of(form: FilterForm) -> tuple[str, ...]:
    """The order asked for."""
    return SORTS[form.asked.get("sort", "newest")][1]


def filtered(actor: Actor, form: FilterForm) -> QuerySet[Traceback]:
    """The tracebacks an actor may list and asked for, in no order. What the order hangs on is never null."""
    rows, asked = tracebacks_of(actor), form.asked
    for name in ("outcome", "priority", "campaign", "source", "source_kind", "jurisdiction"):
        if name in asked:
            rows = rows.filter(**{name: asked[name]})
    if "state" in asked:
        states = [one.value for one in WORKING] if asked["state"] == "working" else [asked["state"]]
        rows = rows.filter(state__in=states)
    if "waiting" in asked:
        rows = rows.filter(_WAITS[asked["waiting"]])
    if "late" in asked:
        rows = rows.filter(_LATE[asked["late"]])
    rows = _opened(_owned(actor, rows, asked.get("owner", "")), asked)
    if "provider" in asked:
        rows = _of_provider(actor, rows, asked["provider"], asked.get("place") or "path")
    if asked.get("sort") in ("due", "waiting"):
        rows = rows.filter(**{f"{order_of(form)[0]}__isnull": False})
    return rows


def _owned(actor: Actor, rows: QuerySet[Traceback], owner: str) -> QuerySet[Traceback]:
    if not owner:
        return rows
    if owner == "none":
        return rows.filter(owner__isnull=True)
    return rows.filter(owner=number_of(actor) if owner == "me" else int(owner))


def _opened(rows: QuerySet[Traceback], asked: Mapping[str, Any]) -> QuerySet[Traceback]:
    if "opened_from" in asked:
        rows = rows.filter(opened_at__gte=datetime.combine(asked["opened_from"], time(), UTC))
    if "opened_to" in asked:
        rows = rows.filter(opened_at__lt=datetime.combine(asked["opened_to"], time(), UTC) + FAR)
    return rows


_WAITS: Final = {
    "person": Q(turn=Turn.CONSORTIUM),
    "provider": Q(turn=Turn.PROVIDER),
    "late": Q(turn=Turn.PROVIDER, is_overdue=True),
    "nobody": Q(turn=""),
}
_LATE: Final = {"now": Q(is_overdue=True), "was": Q(is_late=True), "no": Q(is_overdue=False, is_late=False)}


def _of_provider(actor: Actor, rows: QuerySet[Traceback], provider: str, place: str) -> QuerySet[Traceback]:
    match place:
        case "waiting":
            return rows.filter(waiting_on=provider)
        case "origin":
            return rows.filter(origin_provider=provider)
        case "entry":
            return rows.filter(point_of_entry=provider)
        case "terminating":
            return rows.filter(terminating=provider)
    hops = hops_of(actor).filter(provider=provider)
    if len(hops.order_by()[:FEW].values_list("pk", flat=True)) < FEW:
        return rows.filter(pk__in=hops.values("traceback"))
    return rows.filter(Exists(hops.filter(traceback=OuterRef("pk"))))


def provider_names(actor: Actor, ids: Iterable[str]) -> dict[str, str]:
    """The legal names of providers that an actor may see, by id."""
    return dict(providers_of(actor).filter(pk__in=set(ids) - {""}).values_list("pk", "legal_name"))
