"""Pages of webhooks: an organisation's endpoints, their secrets, what they were told and how they took it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages as notices
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hopback.kernel.errors import HopbackError, NotFound
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, Role
from hopback.portal.clock import now
from hopback.portal.mailroom.forms import EndpointForm
from hopback.portal.messages.access import (
    attempts_of,
    endpoint_of,
    endpoints_of,
    has_missed,
    is_manager,
    posting_of,
    postings_of,
    secrets_in_force,
)
from hopback.portal.messages.models import EndpointState, PostingState
from hopback.portal.messages.webhooks import (
    OVERLAP,
    add_endpoint,
    announce_test,
    change_endpoint,
    event_types,
    remove_endpoint,
    replay,
    replay_missed,
    rotate_secret,
    set_endpoint_state,
)
from hopback.portal.pages import at_form, paged, render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.messages.models import Endpoint

__all__ = ["add", "change", "endpoint", "list_endpoints", "posting", "remove", "replay_all", "secret", "switch", "test"]

MEMBERS: Final = (*READERS, Role.PROVIDER, Role.AGENCY, Role.SOURCE)
MANAGERS: Final = (Role.LEAD, Role.PROVIDER, Role.AGENCY, Role.SOURCE)


@require_GET
@page(*MEMBERS)
def list_endpoints(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The endpoints of the reader's organisation; to the consortium, everybody's."""
    shown = paged(endpoints_of(actor), request, order=("organisation", "pk"))
    context = {
        "page": shown,
        "is_staff": actor.role in READERS,
        "may_manage": is_manager(actor),
        "types": event_types(),
    }
    return render(request, "mailroom/webhooks.html", context)


@require_http_methods(["GET", "POST"])
@page(*MANAGERS)
def add(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Add an endpoint; the secret is shown on the page that answers, once."""
    _check_manages(actor)
    form = EndpointForm(request.POST or None)
    status: int = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            given = {name: form.cleaned_data[name] for name in ("url", "label", "mailbox", "types")}
            try:
                row, key = add_endpoint(actor, actor.organisation or "", at=now(), **given)
            except HopbackError as error:
                status = at_form(form, error)
            else:
                return _show_secret(request, row, key, is_new=True)
    return render(request, "mailroom/webhook_form.html", {"form": form}, status=status)


@require_GET
@page(*MEMBERS)
def endpoint(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """One endpoint and what it was told, the newest first."""
    row = endpoint_of(actor, uid)
    state = request.GET.get("state", "")
    postings = postings_of(actor, row)
    if state in PostingState.values:
        postings = postings.filter(state=state)
    context = {
        "row": row,
        "address": _address(actor, row),
        "page": paged(postings, request, order=("-at", "-pk")),
        "state": state,
        "states": PostingState.choices,
        "secrets": secrets_in_force(row, at=now()),
        "may_manage": _manages(actor, row),
        "has_missed": has_missed(row),
        "is_staff": actor.role in READERS,
    }
    return render(request, "mailroom/webhook.html", context)


@require_http_methods(["GET", "POST"])
@page(*MANAGERS)
def change(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Change where and what an endpoint is told."""
    row = _managed(actor, uid)
    given: dict[str, Any] = {"url": row.url, "label": row.label, "mailbox": row.mailbox, "types": row.types}
    form = EndpointForm(request.POST or None, initial=given | {"seen": row.version})
    status: int = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                change_endpoint(actor, row, at=now(), **form.cleaned_data | {"seen": form.cleaned_data["seen"] or 0})
            except HopbackError as error:
                status = at_form(form, error)
            else:
                notices.success(request, "The endpoint is changed.")
                return redirect("messages:webhook", uid)
    return render(request, "mailroom/webhook_form.html", {"form": form, "row": row}, status=status)


@require_http_methods(["GET", "POST"])
@page(*MANAGERS)
def secret(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Replace an endpoint's secret: asked once, then shown once."""
    row = _managed(actor, uid)
    if request.method == "POST":
        return _show_secret(request, row, rotate_secret(actor, row, at=now()), is_new=False)
    hours = int(OVERLAP.total_seconds() // 3600)
    return render(request, "mailroom/webhook_rotate.html", {"row": row, "hours": hours})


@require_POST
@page(*MANAGERS)
def switch(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Pause an endpoint, or make it active again."""
    row = _managed(actor, uid)
    state = EndpointState.PAUSED if request.POST.get("to") == EndpointState.PAUSED else EndpointState.ACTIVE
    set_endpoint_state(actor, row, state, seen=_seen(request), at=now())
    notices.success(request, "The endpoint is paused." if state == EndpointState.PAUSED else "The endpoint is active.")
    return redirect("messages:webhook", uid)


@require_POST
@page(*MANAGERS)
def test(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Post a test."""
    announce_test(actor, _managed(actor, uid), at=now())
    notices.success(request, "A test is on its way; the log below says how it was taken.")
    return redirect("messages:webhook", uid)


@require_POST
@page(*MANAGERS)
def replay_all(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Post again what was given up or held back."""
    count = replay_missed(actor, _managed(actor, uid), at=now())
    notices.success(request, f"{count} {'is' if count == 1 else 'are'} on the way again.")
    return redirect("messages:webhook", uid)


@require_http_methods(["GET", "POST"])
@page(*MANAGERS)
def remove(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Remove an endpoint: asked once."""
    row = _managed(actor, uid)
    if request.method == "GET":
        return render(request, "mailroom/webhook_remove.html", {"row": row})
    remove_endpoint(actor, row, seen=_seen(request), at=now())
    notices.success(request, "The endpoint is removed.")
    return redirect("messages:webhooks")


@require_http_methods(["GET", "POST"])
@page(*MEMBERS)
def posting(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """One thing an endpoint was told: the exact body, each attempt, and posting it again."""
    row = posting_of(actor, uid)
    if request.method == "POST":
        if not _manages(actor, row.endpoint):
            raise NotFound("there is no such page")
        replay(actor, row, at=now())
        notices.success(request, "It is on its way again.")
        return redirect("messages:webhook_posting", uid)
    is_active = row.endpoint.state == EndpointState.ACTIVE
    context = {
        "row": row,
        "address": _address(actor, row.endpoint),
        "attempts": attempts_of(actor, row),
        "may_replay": _manages(actor, row.endpoint) and is_active and row.state != PostingState.WAITING,
    }
    return render(request, "mailroom/webhook_posting.html", context)


def _show_secret(request: HttpRequest, row: Endpoint, key: str, *, is_new: bool) -> HttpResponse:
    return render(request, "mailroom/webhook_secret.html", {"row": row, "secret": key, "is_new": is_new})


def _address(actor: Actor, row: Endpoint) -> str:
    """Where it is, to the organisation itself; to anybody else without what a query may hold."""
    return row.url if row.organisation == actor.organisation else row.place


def _check_manages(actor: Actor) -> None:
    if not is_manager(actor):
        raise NotFound("there is no such page")


def _manages(actor: Actor, row: Endpoint) -> bool:
    return is_manager(actor) and row.organisation == actor.organisation


def _managed(actor: Actor, uid: str) -> Endpoint:
    """An endpoint that the actor looks after; to anybody else there is no such page."""
    row = endpoint_of(actor, uid)
    if not _manages(actor, row):
        raise NotFound("there is no such page")
    return row


def _seen(request: HttpRequest) -> int:
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0  # noqa: PLR2004 -- no version has as many
