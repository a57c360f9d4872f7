"""The pages about people, organisations, keys, sessions and access."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth import logout
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hopback.kernel.errors import HopbackError, NotFound
from hopback.portal.accounts import access, actions
from hopback.portal.accounts.access import page
from hopback.portal.accounts.forms import (
    AcceptForm,
    AccessForm,
    InviteForm,
    KeyForm,
    OrganisationForm,
    PartForm,
    SelfForm,
)
from hopback.portal.accounts.models import Kind, Organisation, User
from hopback.portal.accounts.sessions import device_of
from hopback.portal.audit.actors import NOBODY, READERS, Actor, Role
from hopback.portal.clock import now
from hopback.portal.pages import paged, render, status_of

if TYPE_CHECKING:
    from django import forms
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

UNPROCESSABLE = 422


def _fail(form: forms.Form, error: HopbackError) -> int:
    """Show an action's refusal at the form; returns the page's status."""
    text = f"{error.message[:1].upper()}{error.message[1:]}." + (
        f" What you can do: {error.mend}." if error.mend else ""
    )
    form.add_error(error.where if error.where in form.fields else None, text)
    status = status_of(error)
    return UNPROCESSABLE if status == 400 else status  # noqa: PLR2004 -- bad input in a form


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise NotFound("nobody has signed in")
    return request.user


# One's own account


@require_http_methods(["GET", "HEAD", "POST"])
@page(own=True)
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """One's account: name, time zone, what one signs in with, for whom one acts."""
    user, at, status = _person(request), now(), 200
    form = SelfForm(request.POST or None, initial={"name": user.name, "time_zone": user.time_zone})
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            try:
                actions.change_self(actor, user, **form.cleaned_data, at=at)
            except HopbackError as error:
                status = _fail(form, error)
            else:
                messages.success(request, "Saved.")
                return redirect("accounts:home")
        user.refresh_from_db()
    context = {
        "form": form,
        "memberships": list(access.memberships_of(user, at=at)),
        "current": actor.organisation,
        "factors": access.factors_of(actor),
        "is_administrator": actor.administers,
        "has_keys": actor.administers or actor.role in {Role.AGENCY, Role.SOURCE},
        "is_reader": actor.role in READERS,
    }
    return render(request, "accounts/home.html", context, status=status)


@require_safe
@page(own=True)
def protect(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Set up a second factor: what whoever must have one and has none is led to."""
    if not getattr(request, "lacks_second_factor", False):
        return redirect("mfa_index")
    return render(request, "accounts/protect.html", {"actor": actor})


@require_safe
@page(own=True)
def email(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The mail address one signs in with, and why it does not change here."""
    return render(request, "accounts/email.html", {"actor": actor})


@require_http_methods(["GET", "HEAD", "POST"])
@page(own=True)
def sessions(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Where one is signed in; a POST signs out in one of them, or in all others."""
    here = request.session.session_key
    rows = list(access.sessions_of(actor)[:100])
    if request.method == "POST":
        chosen = request.POST.get("session", "")
        if chosen == "others":
            ending = [row for row in rows if row.session_key != here]
        else:
            ending = [access.session_of(actor, int(chosen) if chosen.isdigit() else 0)]
        actions.end_session(actor, _person(request), sessions=ending, at=now())
        messages.success(request, "Signed out there.")
        return redirect("accounts:sessions")
    shown = [{"row": row, "device": device_of(row.user_agent), "is_here": row.session_key == here} for row in rows]
    return render(request, "accounts/sessions.html", {"sessions": shown})


@require_http_methods(["GET", "HEAD", "POST"])
@page(own=True)
def choose(request: HttpRequest, actor: Actor) -> HttpResponse:
    """For which organisation one acts, for somebody who is a member of several."""
    user, at = _person(request), now()
    rows = list(access.memberships_of(user, at=at))
    if request.method == "POST":
        chosen = next((row for row in rows if str(row.pk) == request.POST.get("membership")), None)
        if chosen is None:
            raise NotFound("there is no such membership")
        actions.choose_membership(actor, chosen, at=at)
        access.choose(request, chosen)
        return redirect("web:home")
    return render(request, "accounts/choose.html", {"memberships": rows, "current": actor.organisation})


# Coming in


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Come in by an invitation. Looking at it changes nothing: mail scanners look at every link."""
    at, status = now(), 200
    try:
        invited = actions.invited_by_token(token, at=at)
    except NotFound:
        return render(request, "accounts/invitation_over.html", status=404)
    known = access.invited_person(invited)
    signed_in = request.user if isinstance(request.user, User) else None
    context: dict[str, Any] = {
        "invitation": invited,
        "known": known,
        "is_theirs": known is not None and known == signed_in,
    }
    form = None if known else AcceptForm(request.POST or None, email=invited.email, initial={"name": invited.name})
    if request.method == "POST":
        if known is not None:
            return _join(request, token)
        status = UNPROCESSABLE
        if form is not None and form.is_valid():
            given = {name: form.cleaned_data[name] for name in ("name", "password", "time_zone")}
            try:
                user = actions.accept_invitation(NOBODY, invited, **given, at=at)
            except HopbackError as error:
                status = _fail(form, error)
            else:
                logout(request)  # whoever was signed in here before
                # the password was typed this moment: it is not asked for again to set up a second factor
                record_authentication(request, user, method="password", email=user.email, reauthenticated=True)
                answer: HttpResponse = perform_login(request, Login(user=user, email=user.email))
                return answer
    return render(request, "accounts/invitation.html", {**context, "form": form}, status=status)


def _join(request: HttpRequest, token: str) -> HttpResponse:
    if not isinstance(request.user, User):
        return redirect(f"{reverse('account_login')}?next={reverse('accounts:invitation', args=[token])}")
    at = now()
    row = actions.join(access.actor_of(request), actions.invited_by_token(token, at=at), user=request.user, at=at)
    access.choose(request, row)
    messages.success(request, f"You now act for {row.organisation.name}.")
    return redirect("web:home")


# Organisations and their people


@require_http_methods(["GET", "HEAD", "POST"])
@page(*READERS)
def organisations(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The organisations people act for; a lead takes in agencies and sources."""
    form, status = OrganisationForm(request.POST or None), 200
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            given = form.cleaned_data
            try:
                row = actions.found_organisation(
                    actor, given["id"], name=given["name"], kind=Kind(given["kind"]), at=now()
                )
            except HopbackError as error:
                status = _fail(form, error)
            else:
                return redirect("accounts:organisation", row.pk)
    rows: QuerySet[Organisation] = access.organisations_of(actor)
    kind = request.GET.get("kind", "")
    if kind in Kind.values:
        rows = rows.filter(kind=kind)
    context = {
        "page": paged(rows, request, order=("name", "pk")),
        "kinds": Kind.choices,
        "kind": kind,
        "form": form,
        "may_found": actor.role is Role.LEAD,
    }
    return render(request, "accounts/organisations.html", context, status=status)


@require_safe
@page()
def organisation(request: HttpRequest, actor: Actor, organisation_id: str) -> HttpResponse:
    """Who is in an organisation, who was, and who is invited."""
    row = access.organisation_of(actor, organisation_id)
    people = list(access.people_of(actor, row)[:500])
    context = {
        "organisation": row,
        "people": [one for one in people if one.ended is None],
        "former": [one for one in people if one.ended is not None],
        "invitations": list(access.invitations_of(actor, row)[:200]),
        "may_keep": access.administers(actor, row),
    }
    return render(request, "accounts/organisation.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def invite(request: HttpRequest, actor: Actor, organisation_id: str) -> HttpResponse:
    """Invite somebody by mail."""
    row, status = access.organisation_of(actor, organisation_id), 200
    if not access.administers(actor, row):
        raise NotFound("no such page")
    form = InviteForm(request.POST or None, organisation=row)
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            try:
                actions.invite(actor, row, **form.cleaned_data, at=now(), address=request.build_absolute_uri("/"))
            except HopbackError as error:
                status = _fail(form, error)
            else:
                messages.success(request, f"An invitation is on its way to {form.cleaned_data['email']}.")
                return redirect("accounts:organisation", row.pk)
    return render(request, "accounts/invite.html", {"organisation": row, "form": form}, status=status)


@require_POST
@page()
def withdraw(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """Withdraw an invitation."""
    row = access.invitation_of(actor, number)
    actions.withdraw_invitation(actor, row, at=now())
    messages.success(request, f"The invitation of {row.email} is withdrawn.")
    return redirect("accounts:organisation", row.organisation_id)


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def part(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """Make somebody something else to the organisation."""
    row, status = access.membership_of(actor, number), 200
    if not access.administers(actor, row.organisation):
        raise NotFound("no such page")
    form = PartForm(request.POST or None, organisation=row.organisation, initial={"part": row.part})
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            try:
                actions.change_part(actor, row, part=form.cleaned_data["part"], at=now())
            except HopbackError as error:
                status = _fail(form, error)
            else:
                messages.success(request, f"{row.user}'s part is changed.")
                return redirect("accounts:organisation", row.organisation_id)
    return render(request, "accounts/part.html", {"membership": row, "form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def end(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """End somebody's membership, after asking once."""
    row = access.membership_of(actor, number)
    if not access.administers(actor, row.organisation):
        raise NotFound("no such page")
    if request.method == "POST":
        actions.end_membership(actor, row, at=now())
        messages.success(request, f"{row.user} is no longer a member, and signed out everywhere.")
        return redirect("accounts:organisation", row.organisation_id)
    return render(request, "accounts/end.html", {"membership": row})


# Keys


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def keys(request: HttpRequest, actor: Actor, organisation_id: str) -> HttpResponse:
    """The keys of an organisation's programs; a new one is shown once, in the answer to the form."""
    row, at, status = access.keys_shown(actor, organisation_id), now(), 200
    form, secret = KeyForm(request.POST or None, organisation=row), ""
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            given = form.cleaned_data
            try:
                secret = actions.issue_key(
                    actor, row, label=given["label"], scopes=tuple(given["scopes"]), lasts=form.lasts, at=at
                )
            except HopbackError as error:
                status = _fail(form, error)
            else:
                form, status = KeyForm(organisation=row), 200
    rows = list(access.keys_of(actor).filter(organisation=row).order_by("-created_at", "-pk")[:200])
    context = {
        "organisation": row,
        "keys": [one for one in rows if one.revoked_at is None and one.expires_at > at],
        "former": [one for one in rows if one.revoked_at is not None or one.expires_at <= at],
        "form": form,
        "secret": secret,
        "may_keep": _may(access.may_keep_keys, actor, row),
    }
    return render(request, "accounts/keys.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def revoke(request: HttpRequest, actor: Actor, prefix: str) -> HttpResponse:
    """Revoke a key, after asking once."""
    row = access.key_of(actor, prefix)
    if not _may(access.may_keep_keys, actor, row.organisation):
        raise NotFound("no such page")
    if request.method == "POST":
        actions.revoke_key(actor, row.prefix, at=now())
        messages.success(request, f"The key {row.prefix} lets nobody in any more.")
        return redirect("accounts:keys", row.organisation_id)
    return render(request, "accounts/revoke.html", {"key": row})


def _may(guard: Any, actor: Actor, subject: Any) -> bool:
    try:
        guard(actor, subject)
    except HopbackError:
        return False
    return True


# Access to what is personal


@require_safe
@page(*READERS)
def accesses(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who looked at what is personal, when and why: one's own; for leads and auditors everybody's."""
    shown = paged(access.accesses_of(actor), request, order=("-begun_at", "pk"))
    return render(request, "accounts/accesses.html", {"page": shown, "sees_all": actor.role is not Role.ANALYST})


@require_http_methods(["GET", "HEAD", "POST"])
@page(*READERS)
def begin_access(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Say why one looks at what is personal, and for how long."""
    form, status = AccessForm(request.POST or None, initial={"next": request.GET.get("next", "/")}), 200
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            try:
                actions.begin_access(
                    actor, _person(request), reason=form.cleaned_data["reason"], lasts=form.lasts, at=now()
                )
            except HopbackError as error:
                status = _fail(form, error)
            else:
                return redirect(_inside(request, form.cleaned_data["next"]))
    return render(request, "accounts/begin_access.html", {"form": form}, status=status)


@require_POST
@page(*READERS)
def end_access(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """End an access session before its time."""
    actions.end_access(actor, access.access_of(actor, number), at=now())
    messages.success(request, "The access session is over.")
    return redirect("accounts:accesses")


def _inside(request: HttpRequest, address: str) -> str:
    """An address of ours, or the first page."""
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if address and is_ours else "/"
