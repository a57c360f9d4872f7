"""Providers that answers named and nobody knew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from hopback.kernel.errors import HopbackError, NotFound
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, STAFF
from hopback.portal.clock import now
from hopback.portal.directory.access import provisional_of
from hopback.portal.directory.actions import accept_provisional, match_provisional, reject_provisional
from hopback.portal.directory.evidence import like_provisional
from hopback.portal.directory.forms import PickForm, ProviderForm, ReasonForm, take_back
from hopback.portal.directory.models import ProvisionalState, Source
from hopback.portal.directory.reading import find_providers, people_of, waiting_counts
from hopback.portal.pages import paged, render

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import ProvisionalProvider

__all__ = ["accept", "index", "provisional"]


class MatchForm(PickForm, ReasonForm):
    """Which provider it is, and why."""

    field_order = ("provider", "reason")


class AcceptForm(ProviderForm, ReasonForm):
    """A new entry, and why."""


@require_safe
@page(*READERS)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Those that wait, or those decided."""
    asked = request.GET.get("state", "")
    state = asked if asked in ProvisionalState.values else ProvisionalState.WAITING.value
    order = ("claimed_at", "pk") if state == ProvisionalState.WAITING else ("-claimed_at", "-pk")
    shown = paged(provisional_of(actor).filter(state=state), request, order=order)
    context = {
        "page": shown,
        "state": state,
        "states": ProvisionalState.choices,
        "counts": waiting_counts(actor),
        "people": people_of({row.decided_by for row in shown.rows} | {row.claimed_by_actor for row in shown.rows}),
    }
    return render(request, "directory/provisional_list.html", context)


@require_http_methods(["GET", "POST"])
@page(*READERS)
def provisional(request: HttpRequest, actor: Actor, provisional_id: int) -> HttpResponse:
    """One, with whom it looks like; matched or rejected here."""
    row = _row(actor, provisional_id)
    text = request.GET.get("q", "")
    pairs = like_provisional(row) if row.state == ProvisionalState.WAITING else []
    keys = [pair.left.key if pair.right.key.startswith("provisional:") else pair.right.key for pair in pairs]
    also = [key.removeprefix("provider:") for key in keys if key.startswith("provider:")]
    found = find_providers(actor, text, also=(*also, request.POST.get("provider", "")))
    does = request.POST.get("do", "")
    match = MatchForm(request.POST if does == "match" else None, found=found, prefix=None)
    reject = ReasonForm(request.POST if does == "reject" else None, auto_id="reject_%s")
    form: Form = reject if does == "reject" else match
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                if form is reject:
                    reject_provisional(actor, row, reason=form.cleaned_data["reason"], at=now())
                else:
                    match_provisional(actor, row, match.chosen, reason=form.cleaned_data["reason"], at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "It is decided; whoever waited for it has been told.")
                return redirect("directory:provisional_list")
    context = {
        "row": row,
        "likes": list(zip(keys, pairs, strict=True)),
        "found": found,
        "q": text,
        "match": match,
        "reject": reject,
        "people": people_of({row.decided_by, row.claimed_by_actor}),
        "is_staff": actor.role in STAFF,
    }
    return render(request, "directory/provisional.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def accept(request: HttpRequest, actor: Actor, provisional_id: int) -> HttpResponse:
    """One, to be taken into the directory."""
    row = _row(actor, provisional_id)
    known = row.known
    initial = {
        "legal_name": row.name,
        "country": known.get("country", "US")[:2].upper(),
        "frn": known.get("frn", ""),
        "ocn": known.get("ocn", ""),
        "source": Source.ANSWER,
        "source_ref": row.audit_name,
    }
    form = AcceptForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            told = dict(form.cleaned_data)
            reason = told.pop("reason")
            form.cleaned_data = told
            try:
                accept_provisional(actor, row, form.draft(), reason=reason, at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(
                    request, f"{told['legal_name']} is in the directory; whoever waited for it has been told."
                )
                return redirect("directory:provider", told["id"])
    return render(request, "directory/accept.html", {"form": form, "row": row}, status=status)


def _row(actor: Actor, provisional_id: int) -> ProvisionalProvider:
    row = provisional_of(actor).filter(pk=provisional_id).first()
    if row is None:
        raise NotFound("no such provider")
    return row
