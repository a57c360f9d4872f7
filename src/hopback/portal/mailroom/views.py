"""Pages of messages: the list, one message, the outbox, the inbox, and the door through which mail is handed in."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib import messages as notices
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hopback.kernel.errors import HopbackError, NotFound
from hopback.portal.accounts.access import page
from hopback.portal.accounts.readings import note_read
from hopback.portal.audit.actors import READERS, STAFF, SYSTEM, Role
from hopback.portal.clock import now
from hopback.portal.mailroom.forms import FilterForm, HandleForm, OutboxForm, PlaceForm
from hopback.portal.messages.access import (
    attachment_of,
    deliveries_of,
    inbox_item_of,
    inbox_of,
    is_shown,
    may_see_webhooks,
    message_of,
    messages_of,
    outbox_of,
)
from hopback.portal.messages.actions import handle, place, take_in
from hopback.portal.messages.channels import link_to
from hopback.portal.messages.incoming import headers_of, part_of
from hopback.portal.messages.models import Direction
from hopback.portal.pages import at_form, paged, render

if TYPE_CHECKING:
    from django.http import HttpRequest

    from hopback.portal.audit.actors import Actor
    from hopback.portal.messages.models import InboxItem, Message

__all__ = ["attachment", "inbox", "inbox_item", "list_messages", "message", "outbox", "raw", "take_in_mail"]

MEMBERS: Final = (*READERS, Role.PROVIDER, Role.AGENCY, Role.SOURCE)
TOLERANCE_S: Final = 300
"""How far the clock of whoever hands in mail may be off, as for Standard Webhooks."""


@require_GET
@page(*MEMBERS)
def list_messages(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Every message on record that the reader may see, the newest first."""
    form = FilterForm(request.GET, is_staff=actor.role in READERS)
    rows = messages_of(actor).select_related("dispatch").defer("raw", "text")
    if form.is_valid():
        rows = rows.filter(**{name: value for name, value in form.cleaned_data.items() if value})
    shown = paged(rows, request, order=("-at", "-pk"))
    context = {
        "form": form,
        "page": shown,
        "lines": [_line(actor, row) for row in shown.rows],
        "is_staff": actor.role in READERS,
        "has_webhooks": may_see_webhooks(actor),
    }
    return render(request, "mailroom/list.html", context)


@require_GET
@page(*MEMBERS, personal=True)
def message(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """One message: what it says, its headers, what became of it."""
    row = message_of(actor, uid)
    note_read(actor, row.audit_name, at=now())
    context = _shown(actor, row) | {
        "deliveries": deliveries_of(actor, row),
        "is_staff": actor.role in READERS,
    }
    return render(request, "mailroom/message.html", context)


@require_GET
@page(*MEMBERS, personal=True)
def raw(_request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """The exact bytes, to be saved."""
    row = message_of(actor, uid)
    if not is_shown(row):
        raise NotFound("there is no such message")
    note_read(actor, row.audit_name, at=now())
    return _saved(bytes(row.raw), f"{row.uid}.eml", "message/rfc822")


@require_GET
@page(*MEMBERS, personal=True)
def attachment(_request: HttpRequest, actor: Actor, uid: str, part: int) -> HttpResponse:
    """One attachment, to be saved: a browser never opens what a stranger sent."""
    row = attachment_of(actor, uid, part)
    if not is_shown(row.message):
        raise NotFound("there is no such attachment")
    note_read(actor, row.message.audit_name, at=now())
    return _saved(part_of(bytes(row.message.raw), row.part), row.name or "attachment", "application/octet-stream")


@require_GET
@page(*READERS)
def outbox(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What was written, and how its sending stands."""
    form = OutboxForm(request.GET)
    state = form.cleaned_data["state"] if form.is_valid() else ""
    shown = paged(outbox_of(actor, state=state), request, order=("-pk",))
    configuration = settings.CONFIGURATION
    context = {
        "form": form,
        "page": shown,
        "keeps_mail": configuration.keeps_mail,
        "sends_mail": configuration.sends_mail,
    }
    return render(request, "mailroom/outbox.html", context)


@require_GET
@page(*READERS)
def inbox(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What came in and waits for a person."""
    is_handled = request.GET.get("show") == "handled"
    shown = paged(inbox_of(actor, is_handled=is_handled), request, order=("-pk",))
    lines = [(item, link_to(actor, item.about)) for item in shown.rows]
    return render(request, "mailroom/inbox.html", {"page": shown, "lines": lines, "is_handled": is_handled})


@require_http_methods(["GET", "POST"])
@page(*READERS, personal=True)
def inbox_item(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """One message of the inbox: say what it is about, then what was done about it."""
    item = inbox_item_of(actor, uid)
    if request.method == "GET":
        note_read(actor, item.message.audit_name, at=now())
        return _show_item(request, actor, item)
    if actor.role not in STAFF:
        raise NotFound("there is no such page")
    is_placing = request.POST.get("do") == "place"
    form: PlaceForm | HandleForm = PlaceForm(request.POST) if is_placing else HandleForm(request.POST)
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY
    if form.is_valid():
        try:
            if is_placing:
                place(actor, item, at=now(), **form.cleaned_data)
                notices.success(request, "It is placed.")
                return redirect("messages:inbox_item", uid)
            handle(actor, item, at=now(), **form.cleaned_data)
            notices.success(request, "It is off the list.")
            return redirect("messages:inbox")
        except HopbackError as error:
            status = at_form(form, error)
    return _show_item(request, actor, item, form=form, status=status)


@csrf_exempt
@require_POST
def take_in_mail(request: HttpRequest) -> HttpResponse:
    """Where a mail server hands in mail: the raw message, signed.

    ``X-Hopback-Signature: v1=<hex>`` is HMAC-SHA256, under the mail hook's secret, of ``X-Hopback-Timestamp`` (Unix
    seconds), a dot and the body. The same message may be handed in again: it is taken in once.
    """
    at, largest = now(), settings.CONFIGURATION.mail_in_largest
    body = request.read(largest + 1)
    if not _is_signed(request, body, at=int(at.timestamp())):
        return JsonResponse({"title": "the signature does not hold"}, status=HTTPStatus.UNAUTHORIZED)
    if len(body) > largest:
        return JsonResponse({"title": "the message is too large"}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        taken = take_in(SYSTEM, body, via="hook", at=at)
    except HopbackError as error:
        return JsonResponse({"title": error.message}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"message": taken.uid}, status=HTTPStatus.ACCEPTED)


def _is_signed(request: HttpRequest, body: bytes, *, at: int) -> bool:
    secret = settings.CONFIGURATION.mail_hook()
    stamp = request.headers.get("X-Hopback-Timestamp", "")
    if not secret or not (stamp.isascii() and stamp.isdigit()) or abs(at - int(stamp[:12])) > TOLERANCE_S:
        return False
    expected = "v1=" + hmac.new(secret, f"{stamp}.".encode() + body, "sha256").hexdigest()
    return hmac.compare_digest(expected.encode(), request.headers.get("X-Hopback-Signature", "").encode())


def _show_item(
    request: HttpRequest,
    actor: Actor,
    item: InboxItem,
    *,
    form: PlaceForm | HandleForm | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    given: dict[str, Any] = {"seen": item.version}
    placing = PlaceForm(initial=given | {"about": item.about, "organisation": item.organisation})
    handling = HandleForm(initial=given)
    context = _shown(actor, message_of(actor, item.message.uid)) | {
        "item": item,
        "item_link": link_to(actor, item.about),
        "placing": form if isinstance(form, PlaceForm) else placing,
        "handling": form if isinstance(form, HandleForm) else handling,
        "may_handle": actor.role in STAFF and item.handled_at is None,
    }
    return render(request, "mailroom/inbox_item.html", context, status=status)


def _shown(actor: Actor, row: Message) -> dict[str, Any]:
    """What a page shows of a message."""
    is_open = is_shown(row)
    return {
        "row": row,
        "line": _line(actor, row),
        "is_shown": is_open,
        "headers": headers_of(bytes(row.raw)) if is_open else [],
        "attachments": row.attachments.order_by("part") if is_open else [],
        "is_received": row.direction == Direction.IN,
    }


def _line(actor: Actor, row: Message) -> dict[str, Any]:
    """A message in a list. What it is about is said in ids to the consortium only, to others where it leads."""
    return {
        "row": row,
        "about": row.about if actor.role in READERS else "",
        "link": link_to(actor, row.about),
        "state": row.dispatch.state if hasattr(row, "dispatch") else row.nature,
    }


def _saved(data: bytes, name: str, media_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    # the name is a stranger's: ASCII, quoted, and nothing in it ends the header (RFC 6266)
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\%;' else "_" for sign in name)
    response.headers["Content-Disposition"] = f'attachment; filename="{plain}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
