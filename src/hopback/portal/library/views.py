"""Pages of the library."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hopback.kernel.errors import HopbackError
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, STAFF, Role
from hopback.portal.clock import now
from hopback.portal.library.access import (
    edition_of,
    editions_of,
    file_of,
    item_of,
    items_of,
    names_of,
    organisations_in,
    read_items_of,
    receipt_of,
    receipts_by_organisation,
    unread_items_of,
)
from hopback.portal.library.actions import draft, publish, read, revise, withdraw
from hopback.portal.library.forms import KINDS, DraftForm, ReviseForm, WithdrawForm
from hopback.portal.library.models import ItemKind, ItemState
from hopback.portal.library.rendering import as_html
from hopback.portal.pages import at_form, paged, render

if TYPE_CHECKING:
    from django.http import HttpRequest

    from hopback.portal.audit.actors import Actor
    from hopback.portal.library.models import Item

__all__ = [
    "edition",
    "file",
    "item",
    "list_items",
    "publish_it",
    "read_it",
    "readers",
    "revise_it",
    "withdraw_it",
    "write",
]

MEMBERS: Final = (*READERS, Role.PROVIDER, Role.AGENCY, Role.SOURCE)
MOST_UNREAD: Final = 100


@require_GET
@page(*MEMBERS)
def list_items(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What is published for the reader, what they have not read first; to the consortium everything."""
    order = ("-changed_at", "-pk")
    if actor.role in READERS:
        state = request.GET.get("state", "")
        rows = items_of(actor).filter(state=state) if state in ItemState.values else items_of(actor)
        context = {
            "page": paged(rows, request, order=order),
            "state": state,
            "states": ItemState.choices,
            "may_write": actor.role in STAFF,
        }
        return render(request, "library/shelf.html", context)
    unread = list(unread_items_of(actor).order_by(*order)[:MOST_UNREAD])
    context = {"unread": unread, "page": paged(read_items_of(actor), request, order=order)}
    return render(request, "library/list.html", context)


@require_GET
@page(*MEMBERS)
def item(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """One item as it stands. Opening it is no receipt."""
    row = item_of(actor, uid)
    return _show(request, actor, row, row.edition)


@require_GET
@page(*MEMBERS)
def edition(request: HttpRequest, actor: Actor, uid: str, number: int) -> HttpResponse:
    """One edition, also one that a newer has taken the place of."""
    return _show(request, actor, item_of(actor, uid), number)


@require_GET
@page(*MEMBERS)
def file(_request: HttpRequest, actor: Actor, uid: str, edition: int, number: int) -> HttpResponse:
    """A file, to be saved."""
    row = file_of(actor, uid, edition, number)
    response = HttpResponse(bytes(row.file.content), content_type="application/octet-stream")
    plain = "".join(sign if sign.isascii() and sign not in '"\\' else "_" for sign in row.name)
    response.headers["Content-Disposition"] = f'attachment; filename="{plain}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@require_POST
@page(*MEMBERS)
def read_it(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Take down that the reader says they have read it."""
    row = item_of(actor, uid)
    text = request.POST.get("edition", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0  # noqa: PLR2004 -- no item has as many
    read(actor, row, edition=number, at=now())
    notices.success(request, "Thank you: it is taken down that you have read this.")
    return redirect("library:item", uid)


@require_GET
@page(*READERS)
def readers(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Who has read an item, organisation by organisation."""
    row = item_of(actor, uid)
    shown = paged(organisations_in(actor, row), request, order=("name", "pk"))
    receipts = receipts_by_organisation(actor, row, [one.pk for one in shown.rows])
    names = names_of([receipt.reader for some in receipts.values() for receipt in some])
    lines = [
        (one, [(names.get(receipt.reader, receipt.reader), receipt) for receipt in receipts[one.pk]])
        for one in shown.rows
    ]
    return render(request, "library/readers.html", {"item": row, "page": shown, "lines": lines})


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def write(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Write a draft."""
    form = DraftForm(request.POST or None, request.FILES or None, initial={"kind": ItemKind.ANNOUNCEMENT})
    status: int = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            kind = ItemKind(form.cleaned_data["kind"])
            try:
                row = draft(actor, kind, form.wanted(), at=now())
            except HopbackError as error:
                status = at_form(form, error)
            else:
                notices.success(request, "It is kept as a draft. Look at it, then publish it.")
                return redirect("library:item", row.uid)
    return render(request, "library/form.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def revise_it(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Write the next edition."""
    row = item_of(actor, uid)
    current = edition_of(actor, row, row.edition)
    meant = list(row.audience.all())
    given = {
        "title": row.title,
        "body": current.body,
        "kinds": [one.kind for one in meant if one.kind],
        "organisations": " ".join(one.organisation_id for one in meant if one.organisation_id),
        "keep": [one.number for one in current.files.all()],
        "seen": row.version,
    }
    form = ReviseForm(request.POST or None, request.FILES or None, edition=current, initial=given)
    status: int = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            said: dict[str, Any] = {name: form.cleaned_data[name] for name in ("note", "is_small", "seen")}
            try:
                revise(actor, row, form.wanted(), keep=form.cleaned_data.get("keep", []), at=now(), **said)
            except HopbackError as error:
                status = at_form(form, error)
            else:
                notices.success(request, "The new edition is kept.")
                return redirect("library:item", uid)
    return render(request, "library/form.html", {"form": form, "item": row}, status=status)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def publish_it(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Publish an item: asked once, with how many organisations it goes to."""
    row = item_of(actor, uid)
    problem: HopbackError | None = None
    if request.method == "POST":
        seen = request.POST.get("seen", "")
        number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0  # noqa: PLR2004 -- as above
        try:
            publish(actor, row, notify=request.POST.get("notify") == "on", seen=number, at=now())
        except HopbackError as error:
            problem = error
        else:
            notices.success(request, "It is published.")
            return redirect("library:item", uid)
    context = {"item": row, "count": organisations_in(actor, row).count(), "problem": problem}
    return render(request, "library/publish.html", context, status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def withdraw_it(request: HttpRequest, actor: Actor, uid: str) -> HttpResponse:
    """Withdraw an item: asked once, with a reason."""
    row = item_of(actor, uid)
    form = WithdrawForm(request.POST or None, initial={"seen": row.version})
    status: int = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                withdraw(actor, row, at=now(), **form.cleaned_data)
            except HopbackError as error:
                status = at_form(form, error)
            else:
                notices.success(request, "It is withdrawn.")
                return redirect("library:item", uid)
    return render(request, "library/withdraw.html", {"form": form, "item": row}, status=status)


def _show(request: HttpRequest, actor: Actor, row: Item, number: int) -> HttpResponse:
    shown = edition_of(actor, row, number)
    is_staff = actor.role in READERS
    context = {
        "item": row,
        "edition": shown,
        "html": as_html(shown.body),
        "files": shown.files.all(),
        "editions": editions_of(actor, row) if is_staff or row.edition > 1 else [],
        "receipt": receipt_of(actor, row),
        "is_current": number == row.edition,
        "is_staff": is_staff,
        "may_write": actor.role in STAFF,
        "may_read": not is_staff and row.state == ItemState.PUBLISHED and number == row.edition,
        "audience": _audience(row) if is_staff else [],
        "writer": names_of([shown.by]).get(shown.by, shown.by) if is_staff else "",
    }
    return render(request, "library/item.html", context)


def _audience(row: Item) -> list[str]:
    words = dict(KINDS)
    meant = row.audience.select_related("organisation")
    return sorted(words[one.kind] if one.kind else str(one.organisation) for one in meant)
