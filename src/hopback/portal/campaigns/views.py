"""The list of campaigns, and what is said of one. A campaign's own page stands above, with its tracebacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_GET, require_http_methods

from hopback.kernel.errors import BadInput, Conflict, HopbackError
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, Role
from hopback.portal.campaigns.access import campaign_of, choices_of, found, versions_of
from hopback.portal.campaigns.actions import change_campaign, create_campaign, merge, unmerge
from hopback.portal.campaigns.forms import CampaignForm, FilterForm, MergeForm, ReasonForm
from hopback.portal.campaigns.models import POLICY
from hopback.portal.clock import now
from hopback.portal.pages import paged, render, status_of

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor

__all__ = ["change", "list_campaigns", "merge_campaign", "new", "unmerge_campaign", "versions"]

KEEPERS: Final = (Role.LEAD, Role.ANALYST)


@require_GET
@page(*READERS)
def list_campaigns(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The campaigns, the urgent first, then those seen last."""
    form = FilterForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    rows = found(
        actor,
        text=asked.get("q", ""),
        status=asked.get("status", ""),
        category=asked.get("category", ""),
        priority=asked.get("priority", ""),
    )
    shown = paged(rows.select_related("merged_into"), request, order=("rank", "-last_seen", "pk"))
    context = {"form": form, "page": shown, "is_narrowed": any(asked.values()), "may_keep": actor.role in KEEPERS}
    return render(request, "campaigns/list.html", context)


@require_http_methods(["GET", "POST"])
@page(*KEEPERS)
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Begin a campaign. ``next`` leads back to where one was needed, with its id."""
    at = now()
    form = CampaignForm(request.POST or None, zone=_zone(request), at=at, initial=_suggested(request))
    if request.method == "POST" and form.is_valid() and form.particulars is not None:
        try:
            row = create_campaign(actor, POLICY, form.particulars, at=at)
        except HopbackError as error:
            return _again(request, form, error, {"next": _next(request)})
        messages.success(request, f"The campaign {row.name} is kept.")
        back = _next(request)
        return redirect(
            f"{back}?{urlencode({'campaign': row.pk})}" if back else reverse("intake:campaign", args=[row.pk])
        )
    status = 422 if form.is_bound else 200
    return render(request, "campaigns/form.html", {"form": form, "next": _next(request)}, status=status)


@require_http_methods(["GET", "POST"])
@page(*KEEPERS)
def change(request: HttpRequest, actor: Actor, campaign: str) -> HttpResponse:
    """Say something else of a campaign."""
    at = now()
    row = campaign_of(actor, campaign)
    form = CampaignForm(request.POST or None, zone=_zone(request), at=at, campaign=row)
    if request.method == "POST" and form.is_valid() and form.particulars is not None:
        seen, why = form.cleaned_data["seen"] or 0, form.cleaned_data["why"]
        try:
            change_campaign(actor, row, form.particulars, at=at, seen=seen, why=why)
        except HopbackError as error:
            return _again(request, form, error, {"campaign": row})
        messages.success(request, "The change is kept, and so is what was said before.")
        return redirect("intake:campaign", row.pk)
    return render(request, "campaigns/form.html", {"form": form, "campaign": row}, status=422 if form.is_bound else 200)


@require_GET
@page(*READERS)
def versions(request: HttpRequest, actor: Actor, campaign: str) -> HttpResponse:
    """What was said of a campaign before."""
    row = campaign_of(actor, campaign)
    shown = paged(versions_of(actor, row), request, order=("-number", "pk"), per=20)
    kept = [
        (one, _differences(one.body, shown.rows[place + 1].body if place + 1 < len(shown.rows) else None))
        for place, one in enumerate(shown.rows)
    ]
    return render(request, "campaigns/versions.html", {"campaign": row, "page": shown, "kept": kept})


@require_http_methods(["GET", "POST"])
@page(*KEEPERS)
def merge_campaign(request: HttpRequest, actor: Actor, campaign: str) -> HttpResponse:
    """Say that a campaign is the same as another; asks once, and can be undone."""
    row = campaign_of(actor, campaign)
    form = MergeForm(request.POST or None, choices=choices_of(actor, but=row.pk))
    context = {"campaign": row, "form": form}
    if request.method == "POST" and form.is_valid():
        try:
            into = campaign_of(actor, form.cleaned_data["into"])
            merge(actor, row, into=into, reason=form.cleaned_data["reason"], at=now())
        except HopbackError as error:
            return _again(request, form, error, context, template="campaigns/merge.html")
        messages.success(request, f"{row.name} is now shown under {into.name}. This can be undone.")
        return redirect("intake:campaign", into.pk)
    return render(request, "campaigns/merge.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@page(*KEEPERS)
def unmerge_campaign(request: HttpRequest, actor: Actor, campaign: str) -> HttpResponse:
    """Let a campaign stand by itself again."""
    row = campaign_of(actor, campaign)
    form = ReasonForm(request.POST or None)
    context = {"campaign": row, "form": form, "is_undoing": True}
    if request.method == "POST" and form.is_valid():
        try:
            unmerge(actor, row, reason=form.cleaned_data["reason"], at=now())
        except HopbackError as error:
            return _again(request, form, error, context, template="campaigns/merge.html")
        messages.success(request, f"{row.name} stands by itself again.")
        return redirect("intake:campaign", row.pk)
    return render(request, "campaigns/merge.html", context, status=422 if form.is_bound else 200)


def _again(
    request: HttpRequest,
    form: Form,
    error: HopbackError,
    context: dict[str, Any],
    *,
    template: str = "campaigns/form.html",
) -> HttpResponse:
    """The form once more, with what was typed and what is wrong."""
    words = f"{error.message[:1].upper()}{error.message[1:]}" + (f": {error.mend}" if error.mend else "")
    form.add_error(error.where if error.where in form.fields else None, words)
    status = 422 if isinstance(error, BadInput) else 409 if isinstance(error, Conflict) else status_of(error)
    return render(request, template, {**context, "form": form}, status=status)


def _zone(request: HttpRequest) -> str:
    return str(getattr(request.user, "time_zone", "") or "UTC")


def _next(request: HttpRequest) -> str:
    given = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = given.startswith("/") and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    return given if is_ours and "?" not in given else ""


def _suggested(request: HttpRequest) -> dict[str, Any]:
    return {"seen": None, "name": request.GET.get("name", "")[:200]}


def _differences(body: dict[str, Any], before: dict[str, Any] | None) -> list[tuple[str, Any, Any]]:
    """What a version says otherwise than the one before: field, before, after."""
    if before is None:
        return []
    names = [*body, *(name for name in before if name not in body)]
    return [
        (name.replace("_", " "), before.get(name), body.get(name))
        for name in names
        if before.get(name) != body.get(name)
    ]
