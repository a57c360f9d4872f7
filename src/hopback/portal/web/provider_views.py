"""Pages about providers and people: records, silence, standings, the policy, the workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hopback.kernel.errors import BadInput, Conflict, HopbackError
from hopback.kernel.findings import Standing
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, STAFF, Role
from hopback.portal.clock import now
from hopback.portal.directory.access import providers_of
from hopback.portal.pages import paged, render, status_of
from hopback.portal.tracebacks.access import tracebacks_of
from hopback.portal.tracebacks.governing import write_policy
from hopback.portal.tracebacks.policies import (
    NOTICE,
    TOLD,
    Rung,
    Terms,
    Thresholds,
    current_policy,
    terms_of,
    versions_of,
)
from hopback.portal.web.actions import appeal_standing, move_standing, reply_to_standing
from hopback.portal.web.bulk import MOST, VERBS
from hopback.portal.web.bulk_views import BulkForm
from hopback.portal.web.records import record_of
from hopback.portal.web.silence import found_hops, silent_hops, told
from hopback.portal.web.standing import (
    counts_of,
    next_of,
    proposals_of,
    replies_of,
    standing_of,
    steps_of,
)
from hopback.portal.web.workload import loads_of
from hopback.render.states import told as in_words

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Provider

__all__ = ["findings", "own_standing", "policy", "provider", "reassign", "standing", "standings", "workload"]

RUNGS: Final = 6
GET_POST: Final = ["GET", "HEAD", "POST"]


@require_safe
@page(*READERS)
def provider(request: HttpRequest, actor: Actor, provider_id: str) -> HttpResponse:
    """What a provider was asked and how it answered, rates beside counts."""
    record = record_of(actor, provider_id, at=now())
    stands = standing_of(actor, provider_id)
    return render(request, "web/record.html", {"record": record, "standing": {"now": stands.value}})


@require_safe
@page(*READERS)
def findings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The requests at which a person may find that a provider did not respond, and those found."""
    at = now()
    if request.GET.get("show") == "found":
        shown = paged(found_hops(actor), request, order=("-respond_by", "-id"), per=30)
        return render(request, "web/found.html", {"page": shown})
    shown = paged(silent_hops(actor), request, order=("respond_by", "id"), per=20)
    context = {"page": shown, "silent": told(shown.rows, at=at), "at": at, "is_staff": actor.role in STAFF}
    return render(request, "web/findings.html", context)


@require_safe
@page(*READERS)
def standings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The providers that reach a threshold of the policy: proposals to look, nothing more."""
    at = now()
    terms = terms_of(current_policy(at=at).version)
    return render(request, "web/standings.html", {"proposals": proposals_of(actor, at=at), "limits": terms.thresholds})


class StepForm(forms.Form):
    """A step of a provider's standing."""

    to = forms.ChoiceField(label="It is to stand")
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=5000, label="Reason")
    evidence = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        label="Evidence",
        help_text="Ids of tracebacks, requests or messages, with spaces between. A finding needs some.",
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data: Any, *, choices: list[Standing], seen: int) -> None:
        super().__init__(data, initial={"seen": seen})
        field = self.fields["to"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(one.value, in_words(one.value).words) for one in choices]


def _provider(actor: Actor, provider_id: str) -> Provider:
    found = providers_of(actor).filter(pk=provider_id).first()
    if found is None:
        raise Http404
    return found


@require_http_methods(GET_POST)
@page(*READERS)
def standing(request: HttpRequest, actor: Actor, provider_id: str) -> HttpResponse:
    """How a provider stands, every step to it with its counts and replies; staff take the next."""
    row, at = _provider(actor, provider_id), now()
    steps = list(steps_of(actor, provider_id))
    stands, number = standing_of(actor, provider_id), steps[-1].number if steps else 0
    is_staff = actor.role in STAFF
    form, status = StepForm(None, choices=next_of(stands), seen=number), 200
    if request.method == "POST":
        if not is_staff:
            raise Http404
        form = StepForm(request.POST, choices=next_of(stands), seen=number)
        status = 422
        if form.is_valid():
            said = form.cleaned_data
            evidence = tuple(said["evidence"].replace(",", " ").split())
            try:
                move_standing(
                    actor, row, Standing(said["to"]), at=at, reason=said["reason"], evidence=evidence, seen=said["seen"]
                )
            except HopbackError as error:
                form.add_error(error.where if error.where in form.fields else None, _sentence(error))
                status = _status(error)
            else:
                messages.success(request, f"It stands: {in_words(said['to']).words}.")
                return redirect("web:standing", provider_id)
        elif str(request.POST.get("seen", "")) != str(number):
            status = 409
    context = {
        "provider": row,
        "steps": steps,
        "stands": stands.value,
        "replies": list(replies_of(actor, provider_id)),
        "counts": counts_of(actor, provider_id, at=at),
        "form": form if is_staff and next_of(stands) else None,
    }
    return render(request, "web/standing.html", context, status=status)


class ReplyForm(forms.Form):
    """What a provider says to how it stands."""

    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 5}), max_length=5000, label="What you have to say")


@require_http_methods(GET_POST)
@page(Role.PROVIDER)
def own_standing(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A provider's own standing, as far as it is told of it: it replies, and appeals what was found."""
    own = actor.provider or ""
    row = _provider(actor, own)
    steps = list(steps_of(actor, own))
    stands = Standing(steps[-1].now) if steps else Standing.CLEAR
    can_appeal = bool(steps) and stands in (
        Standing.NON_RESPONSIVE_PERIOD,
        Standing.REPEAT_ORIGIN,
        Standing.NON_COOPERATIVE,
    )
    form, status = ReplyForm(), 200
    if request.method == "POST":
        if not steps:
            raise Http404
        form, status = ReplyForm(request.POST), 422
        if form.is_valid():
            text = form.cleaned_data["text"]
            try:
                if "appeal" in request.POST:
                    appeal_standing(actor, row, at=now(), statement=text)
                else:
                    reply_to_standing(actor, steps[-1], at=now(), text=text)
            except HopbackError as error:
                form.add_error("text", _sentence(error))
                status = _status(error)
            else:
                messages.success(request, "Your words are kept, and shown with what is decided.")
                return redirect("web:own_standing")
    context = {
        "provider": row,
        "steps": steps,
        "stands": stands.value,
        "replies": list(replies_of(actor, own)),
        "form": form,
        "can_appeal": can_appeal,
    }
    return render(request, "web/own_standing.html", context, status=status)


class PolicyForm(forms.Form):
    """The ladder, the wait and the thresholds of the next version of the policy."""

    finding_wait_days = forms.IntegerField(
        min_value=1,
        max_value=60,
        label="Wait before a finding",
        help_text="Business days after the later reading of the deadline; the ladder has to be shorter",
    )
    days = forms.IntegerField(min_value=1, max_value=366, label="Days that count", help_text="For the thresholds")
    silent = forms.IntegerField(min_value=1, label="Requests found not answered, at least")
    silent_percent = forms.FloatField(min_value=0, max_value=100, label="That are also this share of those asked (%)")
    origins = forms.IntegerField(min_value=1, label="Tracebacks that began there, at least")
    campaigns = forms.IntegerField(min_value=1, label="In campaigns, at least")
    reason = forms.CharField(max_length=500, label="Reason for the change")

    def __init__(self, data: Any, *, terms: Terms) -> None:
        limits = terms.thresholds
        initial: dict[str, Any] = {
            "finding_wait_days": terms.finding_wait_days,
            "days": limits.days,
            "silent": limits.silent,
            "silent_percent": round(100 * limits.silent_share, 2),
            "origins": limits.origins,
            "campaigns": limits.campaigns,
        }
        super().__init__(data, initial=initial)
        for number in range(1, RUNGS + 1):
            rung = terms.ladder[number - 1] if number <= len(terms.ladder) else None
            self.fields[f"duty_{number}"] = forms.ChoiceField(
                choices=[("", "no such step"), *TOLD.items()],
                required=False,
                label=f"Step {number}: who is told",
                initial=rung.duty if rung else "",
            )
            self.fields[f"after_{number}"] = forms.IntegerField(
                min_value=1,
                max_value=60,
                required=False,
                label=f"Step {number}: business days after the one before",
                initial=rung.after_days if rung else 1,
            )
        order = [f"{name}_{number}" for number in range(1, RUNGS + 1) for name in ("duty", "after")]
        self.order_fields([*order, "finding_wait_days"])

    @property
    def rungs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The two fields of each step of the ladder."""
        return [(self[f"duty_{number}"], self[f"after_{number}"]) for number in range(1, RUNGS + 1)]

    @property
    def others(self) -> list[forms.BoundField]:
        """The fields besides the ladder's."""
        return [one for one in self if not one.name.startswith(("duty_", "after_"))]

    @property
    def terms(self) -> Terms:
        """What was said. Raises :class:`BadInput` for what cannot be."""
        said = self.cleaned_data
        ladder = tuple(
            Rung(said[f"duty_{number}"], said[f"after_{number}"] or 1)
            for number in range(1, RUNGS + 1)
            if said[f"duty_{number}"]
        )
        if not ladder or ladder[-1].duty != NOTICE:
            raise BadInput("the last step tells the provider that a finding is due", where="duty_1")
        return Terms(
            ladder=ladder,
            finding_wait_days=said["finding_wait_days"],
            thresholds=Thresholds(
                days=said["days"],
                silent=said["silent"],
                silent_share=said["silent_percent"] / 100,
                origins=said["origins"],
                campaigns=said["campaigns"],
            ),
        )


@require_http_methods(GET_POST)
@page(*READERS)
def policy(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The policy in force and the versions before it; a lead writes the next."""
    at = now()
    in_force = current_policy(at=at)
    terms = terms_of(in_force.version)
    form, status = PolicyForm(None, terms=terms), 200
    if request.method == "POST":
        if actor.role is not Role.LEAD:
            raise Http404
        form, status = PolicyForm(request.POST, terms=terms), 422
        if form.is_valid():
            try:
                row = write_policy(actor, form.terms, at=at, reason=form.cleaned_data["reason"])
            except HopbackError as error:
                form.add_error(error.where if error.where in form.fields else None, _sentence(error))
                status = _status(error)
            else:
                messages.success(request, f"Version {row.version} governs what is proposed from now on.")
                return redirect("web:policy")
    context = {
        "policy": in_force,
        "terms": terms,
        "versions": list(versions_of(actor)[:20]),
        "form": form if actor.role is Role.LEAD else None,
    }
    return render(request, "web/policy.html", context, status=status)


@require_safe
@page(*READERS)
def workload(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who has how much to do."""
    return render(request, "web/workload.html", {"loads": loads_of(actor, at=now()), "is_staff": actor.role in STAFF})


@require_POST
@page(*STAFF)
def reassign(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Hand somebody's tracebacks on: the oldest first, as the several they are."""
    owner = request.POST.get("owner", "")
    rows = tracebacks_of(actor).filter(turn__in=["consortium", "provider"]).order_by("proposed_at", "pk")
    rows = rows.filter(owner=int(owner)) if owner.isdigit() else rows.filter(owner__isnull=True)
    picks = [f"{key}:{version}" for key, version in rows.values_list("pk", "version")[:MOST]]
    if not picks:
        messages.info(request, "There is nothing to hand on.")
        return redirect("web:workload")
    context = {
        "verb": "assign",
        "words": VERBS["assign"],
        "rows": [],
        "picks": picks,
        "count": len(picks),
        "form": BulkForm(None, verb="assign", actor=actor),
        "is_ready": False,
        "query": f"owner={owner or 'none'}",
        "will": 0,
    }
    return render(request, "web/bulk.html", context)


def _sentence(error: HopbackError) -> str:
    words = error.message[:1].upper() + error.message[1:]
    return f"{words}: {error.mend}." if error.mend else f"{words}."


def _status(error: HopbackError) -> int:
    if isinstance(error, Conflict):
        return 409
    return 422 if isinstance(error, BadInput) else status_of(error)
