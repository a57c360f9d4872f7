"""A campaign's page: what is said of it, its samples, and what its tracebacks came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from hopback.kernel.errors import HopbackError
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, Role
from hopback.portal.campaigns.access import campaign_of, choices_of, family_of
from hopback.portal.clock import now
from hopback.portal.intake.access import moves_of, outcomes_of_campaign, sample_of, samples_of_campaign
from hopback.portal.intake.actions import move_samples, undo_move
from hopback.portal.intake.forms import SplitForm
from hopback.portal.pages import paged, render, status_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign

DECIDERS: Final = (Role.LEAD, Role.ANALYST)
LATEST: Final = ("-received_at", "pk")
MOST_AT_ONCE: Final = 100


@require_GET
@page(*READERS, personal=True)
def show(request: HttpRequest, actor: Actor, campaign: str) -> HttpResponse:
    """What is said of a campaign, with its samples and their tracebacks."""
    return _page(request, actor, campaign_of(actor, campaign))


def _page(
    request: HttpRequest, actor: Actor, row: Campaign, *, split: SplitForm | None = None, status: int = 200
) -> HttpResponse:
    samples = samples_of_campaign(actor, row)
    may_keep = actor.role in DECIDERS
    moves: dict[str, list[object]] = {}
    for move in moves_of(actor, row)[:50]:
        moves.setdefault(str(move.batch), []).append(move)
    context = {
        "campaign": row,
        "family": family_of(row)[1:],
        "page": paged(samples, request, order=LATEST, per=25),
        "outcomes": outcomes_of_campaign(actor, row),
        "moves": [(batch, some[0], len(some)) for batch, some in moves.items()][:10],
        "may_keep": may_keep,
        "split": split or (SplitForm(campaigns=choices_of(actor, but=row.pk)) if may_keep else None),
        "at": now(),
    }
    return render(request, "intake/campaign.html", context, status=status)


@require_POST
@page(*DECIDERS, personal=True)
def split(request: HttpRequest, actor: Actor, campaign: str) -> HttpResponse:
    """Move samples to another campaign."""
    row = campaign_of(actor, campaign)
    form = SplitForm(request.POST, campaigns=choices_of(actor, but=row.pk))
    if form.is_valid():
        picked = [sample_of(actor, one) for one in request.POST.getlist("pick")[:MOST_AT_ONCE]]
        own = {one.pk for one in family_of(row)}
        try:
            target = campaign_of(actor, form.cleaned_data["target"])
            move_samples(
                actor,
                [one for one in picked if one.campaign_id in own],
                target=target,
                reason=form.cleaned_data["reason"],
                at=now(),
            )
        except HopbackError as error:
            form.add_error(None, f"{error.message[:1].upper()}{error.message[1:]}")
            return _page(request, actor, row, split=form, status=status_of(error))
        messages.success(request, f"Moved to {target.name}. This can be undone below.")
        return redirect("intake:campaign", row.pk)
    return _page(request, actor, row, split=form, status=422)


@require_POST
@page(*DECIDERS)
def undo(request: HttpRequest, actor: Actor, campaign: str, batch: str) -> HttpResponse:
    """Move samples back to where they were."""
    row = campaign_of(actor, campaign)
    count = undo_move(actor, batch, at=now())
    messages.success(request, f"{count} moved back.")
    return redirect("intake:campaign", row.pk)
