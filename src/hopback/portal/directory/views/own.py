"""A provider's own entry; and the page a link in a mail opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.views.decorators.http import require_http_methods, require_safe

from hopback.kernel.errors import HopbackError, NotFound
from hopback.portal.accounts.access import actor_of, page
from hopback.portal.audit.actors import Role
from hopback.portal.clock import now
from hopback.portal.directory.actions import verify_contact
from hopback.portal.directory.forms import ClaimForm
from hopback.portal.directory.reading import provider_of, provider_page
from hopback.portal.directory.views.roster import ask_contact, finish_contact, keep_contact, state
from hopback.portal.pages import render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Provider

__all__ = ["ask", "claim", "contact", "contact_ends", "own", "verify"]


@require_safe
@page(Role.PROVIDER)
def own(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What the directory has of the reader's own provider, and its contacts."""
    try:
        shown = provider_page(actor, actor.provider or "", on=now().date())
    except NotFound:
        return render(request, "directory/own_none.html")
    return render(request, "directory/own.html", {"shown": shown, "administers": actor.administers})


@require_http_methods(["GET", "POST"])
@page(Role.PROVIDER)
def claim(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Something the provider says of itself."""
    return state(
        request, actor, _own(actor), ClaimForm(request.POST or None, is_own=True), template="directory/own_claim.html"
    )


@require_http_methods(["GET", "POST"])
@page(Role.PROVIDER)
def contact(request: HttpRequest, actor: Actor, contact_id: int | None = None) -> HttpResponse:
    """One of its contacts."""
    return keep_contact(request, actor, _own(actor), contact_id, is_own=True)


@require_http_methods(["GET", "POST"])
@page(Role.PROVIDER)
def contact_ends(request: HttpRequest, actor: Actor, contact_id: int) -> HttpResponse:
    """One of its contacts, to be ended."""
    return finish_contact(request, actor, _own(actor), contact_id, is_own=True)


@require_http_methods(["POST"])
@page(Role.PROVIDER)
def ask(request: HttpRequest, actor: Actor, contact_id: int) -> HttpResponse:
    """Ask one of its mailboxes to show that it is read."""
    return ask_contact(request, actor, _own(actor), contact_id, is_own=True)


@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """What the link in a mail opens. Opening it changes nothing; the button does."""
    if request.method == "POST":
        try:
            found = verify_contact(actor_of(request), token, at=now())
        except HopbackError:
            return render(request, "directory/verify.html", {"state": "bad"}, status=404)
        return render(request, "directory/verify.html", {"state": "done", "mailbox": found.mailbox})
    return render(request, "directory/verify.html", {"state": "ask"})


def _own(actor: Actor) -> Provider:
    """The reader's own provider, for those who look after it; for anybody else there is no such page."""
    if not actor.administers:
        raise Http404
    return provider_of(actor, actor.provider or "")
