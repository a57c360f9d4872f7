"""Who looks alike: pairs as evidence, to be decided by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from hopback.kernel.errors import HopbackError, NotFound
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, STAFF
from hopback.portal.clock import now
from hopback.portal.directory.access import pairs_of
from hopback.portal.directory.actions import refresh_pairs, settle_pair
from hopback.portal.directory.evidence import find_pairs
from hopback.portal.directory.forms import ReasonForm, take_back
from hopback.portal.directory.models import PairState
from hopback.portal.directory.reading import people_of, side_of, waiting_counts
from hopback.portal.pages import paged, render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import LikelyPair

__all__ = ["index", "look", "pair"]


@require_safe
@page(*READERS)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The pairs, the strongest first."""
    state = PairState.SETTLED if request.GET.get("state") == "settled" else PairState.OPEN
    shown = paged(pairs_of(actor).filter(state=state), request, order=("-weight", "pk"))
    context = {"page": shown, "state": state, "counts": waiting_counts(actor), "is_staff": actor.role in STAFF}
    return render(request, "directory/likely.html", context)


@require_http_methods(["GET", "POST"])
@page(*READERS)
def pair(request: HttpRequest, actor: Actor, pair_id: int) -> HttpResponse:
    """Two side by side."""
    row: LikelyPair | None = pairs_of(actor).filter(pk=pair_id).first()
    if row is None:
        raise NotFound("no such pair")
    form = ReasonForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                settle_pair(actor, row, why=form.cleaned_data["reason"], at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "They stay two; the reason is on record.")
                return redirect("directory:likely")
    context = {
        "row": row,
        "sides": [side_of(actor, key) for key in (row.left, row.right)],
        "form": form,
        "people": people_of({row.settled_by}),
        "is_staff": actor.role in STAFF,
    }
    return render(request, "directory/pair.html", context, status=status)


@require_http_methods(["POST"])
@page(*STAFF)
def look(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Compare everybody now."""
    count = refresh_pairs(actor, find_pairs(), at=now())
    messages.success(request, f"{count} pairs to be looked at.")
    return redirect("directory:likely")
