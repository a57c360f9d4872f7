"""Providers: the list, one provider's page, and what the consortium changes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from hopback.kernel.errors import HopbackError, NotFound
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, STAFF
from hopback.portal.clock import now
from hopback.portal.directory.access import claims_of, contacts_of, links_of
from hopback.portal.directory.actions import (
    add_contact,
    add_provider,
    ask_to_verify,
    change_contact,
    change_provider,
    end_contact,
    link_providers,
    merge_providers,
    state_claims,
    supersede_claim,
    undo_link,
)
from hopback.portal.directory.forms import (
    ClaimForm,
    ContactForm,
    EndContactForm,
    LinkForm,
    ProviderForm,
    ReasonForm,
    RosterForm,
    take_back,
)
from hopback.portal.directory.models import LinkKind, Source
from hopback.portal.directory.reading import find_providers, provider_of, provider_page, roster, waiting_counts
from hopback.portal.pages import paged, render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Contact, IdentityClaim, Provider, ProviderLink

__all__ = [
    "add",
    "ask",
    "change",
    "claim",
    "claim_ends",
    "contact",
    "contact_ends",
    "index",
    "link",
    "link_undone",
    "provider",
]


@require_safe
@page(*READERS)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The list of providers."""
    form = RosterForm(request.GET)
    told = form.cleaned_data if form.is_valid() else {}
    rows = roster(
        actor,
        text=told.get("q", ""),
        rmd=told.get("rmd", ""),
        country=told.get("country", ""),
        show=told.get("show", ""),
        on=now().date(),
    )
    context = {
        "form": form,
        "page": paged(rows, request, order=("legal_name", "pk")),
        "is_narrowed": any(told.values()),
        "counts": waiting_counts(actor),
        "is_staff": actor.role in STAFF,
    }
    return render(request, "directory/list.html", context, status=200 if form.is_valid() else 422)


@require_safe
@page(*READERS)
def provider(request: HttpRequest, actor: Actor, provider_id: str) -> HttpResponse:
    """One provider."""
    shown = provider_page(actor, provider_id, on=now().date())
    return render(request, "directory/provider.html", {"shown": shown, "is_staff": actor.role in STAFF})


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def add(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A new provider."""
    form = ProviderForm(request.POST or None, initial={"country": "US"})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                row = add_provider(actor, form.draft(), at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, f"{row.legal_name} is in the directory.")
                return redirect("directory:provider", row.pk)
    return render(request, "directory/provider_form.html", {"form": form, "provider": None}, status=status)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def change(request: HttpRequest, actor: Actor, provider_id: str) -> HttpResponse:
    """A provider's entry, to be changed."""
    row = provider_of(actor, provider_id)
    names = ("id", "legal_name", "country", "state", "frn", "ocn", "time_zone", "answers")
    initial = {name: getattr(row, name) for name in names} | {"seen": row.version}
    data = request.POST.copy() if request.method == "POST" else None
    if data is not None:
        data["id"] = row.pk
    form = ProviderForm(data, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                change_provider(actor, row, form.draft(), seen=form.cleaned_data["seen"] or 0, at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "The entry is changed; what it said before is among its claims.")
                return redirect("directory:provider", row.pk)
    return render(request, "directory/provider_form.html", {"form": form, "provider": row}, status=status)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def claim(request: HttpRequest, actor: Actor, provider_id: str) -> HttpResponse:
    """Something said of a provider, to be taken down."""
    row = provider_of(actor, provider_id)
    form = ClaimForm(request.POST or None)
    return state(request, actor, row, form, template="directory/claim_form.html")


def state(request: HttpRequest, actor: Actor, row: Provider, form: ClaimForm, *, template: str) -> HttpResponse:
    """Take a claim down, or show the form."""
    status = 200
    is_own = template == "directory/own_claim.html"
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                written = state_claims(actor, row, [form.claim(row.pk)], at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "It is taken down." if written else "That is on record already.")
                return redirect("directory:own") if is_own else redirect("directory:provider", row.pk)
    return render(request, template, {"form": form, "provider": row}, status=status)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def claim_ends(request: HttpRequest, actor: Actor, provider_id: str, claim_id: int) -> HttpResponse:
    """A claim, to stand no longer."""
    row = provider_of(actor, provider_id)
    found: IdentityClaim | None = claims_of(actor).filter(provider=row, pk=claim_id).first()
    if found is None:
        raise NotFound("no such claim")
    form = ReasonForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                supersede_claim(actor, found, why=form.cleaned_data["reason"], at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "The claim stands no longer; it stays to be read.")
                return redirect("directory:provider", row.pk)
    return render(request, "directory/claim_ends.html", {"form": form, "provider": row, "claim": found}, status=status)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def contact(request: HttpRequest, actor: Actor, provider_id: str, contact_id: int | None = None) -> HttpResponse:
    """A contact, new or to be changed."""
    row = provider_of(actor, provider_id)
    return keep_contact(request, actor, row, contact_id, is_own=False)


def contact_of(actor: Actor, row: Provider, contact_id: int) -> Contact:
    """A contact of a provider; raises :class:`NotFound` for any other."""
    found = contacts_of(actor).filter(provider=row, pk=contact_id).first()
    if found is None:
        raise NotFound("no such contact")
    return found


def keep_contact(
    request: HttpRequest, actor: Actor, row: Provider, contact_id: int | None, *, is_own: bool
) -> HttpResponse:
    """Add or change a contact, or show the form."""
    found = contact_of(actor, row, contact_id) if contact_id is not None else None
    form = ContactForm(request.POST or None, initial=_contact_initial(found))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            draft = form.draft(source=Source.SELF if is_own else Source.ANALYST)
            try:
                if found is None:
                    add_contact(actor, row, draft, at=now())
                else:
                    change_contact(actor, found, draft, seen=form.cleaned_data["seen"] or 0, at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "The contact is on record.")
                return redirect("directory:own") if is_own else redirect("directory:provider", row.pk)
    context = {"form": form, "provider": row, "contact": found, "is_own": is_own}
    return render(request, "directory/contact_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def contact_ends(request: HttpRequest, actor: Actor, provider_id: str, contact_id: int) -> HttpResponse:
    """A contact, to be ended."""
    return finish_contact(request, actor, provider_of(actor, provider_id), contact_id, is_own=False)


def finish_contact(request: HttpRequest, actor: Actor, row: Provider, contact_id: int, *, is_own: bool) -> HttpResponse:
    """End a contact, or show the form."""
    found = contact_of(actor, row, contact_id)
    form = EndContactForm(request.POST or None, initial={"on": now().date()})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                end_contact(actor, found, on=form.cleaned_data["on"], at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "The contact ends that day.")
                return redirect("directory:own") if is_own else redirect("directory:provider", row.pk)
    context = {"form": form, "provider": row, "contact": found, "is_own": is_own}
    return render(request, "directory/contact_ends.html", context, status=status)


@require_http_methods(["POST"])
@page(*STAFF)
def ask(request: HttpRequest, actor: Actor, provider_id: str, contact_id: int) -> HttpResponse:
    """Ask a mailbox to show that it is read."""
    row = provider_of(actor, provider_id)
    return ask_contact(request, actor, row, contact_id, is_own=False)


def ask_contact(request: HttpRequest, actor: Actor, row: Provider, contact_id: int, *, is_own: bool) -> HttpResponse:
    """Send the mail that asks."""
    found = contact_of(actor, row, contact_id)

    def link_of(token: str) -> str:
        return request.build_absolute_uri(reverse("directory:verify", args=[token]))

    try:
        ask_to_verify(actor, found, link=link_of, at=now())
    except HopbackError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"A mail with a link is on its way to {found.mailbox}.")
    return redirect("directory:own") if is_own else redirect("directory:provider", row.pk)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def link(request: HttpRequest, actor: Actor, provider_id: str) -> HttpResponse:
    """What a provider is to another, to be put on record."""
    row = provider_of(actor, provider_id)
    text, other = request.GET.get("q", ""), request.GET.get("with", "")
    picked = request.POST.get("provider", "")
    found = find_providers(actor, text, also=(other, picked), apart_from=row.pk)
    form = LinkForm(request.POST or None, found=found, initial={"provider": other})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _link(actor, row, form)
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "It is on record, and can be taken back.")
                return redirect("directory:provider", row.pk)
    context = {"form": form, "provider": row, "q": text, "found": found}
    return render(request, "directory/link_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def link_undone(request: HttpRequest, actor: Actor, provider_id: str, link_id: int) -> HttpResponse:
    """A link, to be taken back."""
    row = provider_of(actor, provider_id)
    found: ProviderLink | None = links_of(actor).filter(pk=link_id).first()
    if found is None or row.pk not in (found.provider_id, found.other_id):
        raise NotFound("no such link")
    form = ReasonForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                undo_link(actor, found, why=form.cleaned_data["reason"], at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "It is taken back; it stays to be read.")
                return redirect("directory:provider", row.pk)
    return render(request, "directory/link_undone.html", {"form": form, "provider": row, "link": found}, status=status)


def _link(actor: Actor, row: Provider, form: LinkForm) -> None:
    told = form.cleaned_data
    if told["kind"] == LinkKind.SAME:
        merge_providers(actor, row, form.chosen, reason=told["reason"], at=now())
    else:
        link_providers(actor, row, form.chosen, told["kind"], reason=told["reason"], at=now())


def _contact_initial(row: Contact | None) -> dict[str, Any]:
    if row is None:
        return {}
    names = ("duty", "name", "mailbox", "phone", "zone", "opens", "closes", "active_from", "active_to")
    return {name: getattr(row, name) for name in names} | {"days": list(row.days), "seen": row.version}
