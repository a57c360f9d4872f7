"""The pages of agencies, and the consortium's side of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hopback.kernel.errors import BadInput, HopbackError, NotFound
from hopback.portal.accounts.access import note_read, page
from hopback.portal.audit.actors import READERS, Actor, Role
from hopback.portal.clock import now
from hopback.portal.pages import paged, render, status_of
from hopback.portal.referrals import access, actions
from hopback.portal.referrals.exporting import sheet_of
from hopback.portal.referrals.forms import (
    ConfirmForm,
    ContactForm,
    DecideForm,
    FileForm,
    PackageForm,
    PreservationForm,
    ReasonForm,
    TargetForm,
    TracebacksForm,
)
from hopback.portal.referrals.models import OPEN, RequestState
from hopback.portal.referrals.targets import read_calls

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.referrals.models import AgencyRequest, Package

UNPROCESSABLE = 422
DECIDERS = (Role.LEAD, Role.ANALYST)


def _fail(form: forms.Form, error: HopbackError) -> int:
    """Show an action's refusal at the form; returns the page's status."""
    text = f"{error.message[:1].upper()}{error.message[1:]}." + (
        f" What you can do: {error.mend}." if error.mend else ""
    )
    form.add_error(error.where if error.where in form.fields else None, text)
    status = status_of(error)
    return UNPROCESSABLE if status == 400 else status  # noqa: PLR2004 -- bad input in a form


@require_safe
@page(*READERS, Role.AGENCY)
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """An agency's requests and packages; the consortium's queue of all agencies' requests."""
    if actor.role is Role.AGENCY:
        return _agency_home(request, actor)
    return _queue(request, actor)


def _agency_home(request: HttpRequest, actor: Actor) -> HttpResponse:
    rows = access.requests_of(actor).prefetch_related("targets")
    context = {
        "page": paged(rows, request, order=("-filed_at", "pk"), per=25),
        "packages": list(access.packages_of(actor).order_by("-sent_at", "pk")[:20]),
        "colleagues": access.colleagues_of(actor),
        "today": now().date(),
    }
    return render(request, "referrals/home.html", context)


def _queue(request: HttpRequest, actor: Actor) -> HttpResponse:
    chosen = request.GET.get("state", "open")
    agency = request.GET.get("agency", "")
    rows = access.requests_of(actor)
    if chosen in RequestState.values:
        rows = rows.filter(state=chosen)
    elif chosen != "all":
        chosen, rows = "open", rows.filter(state__in=OPEN)
    if agency:
        rows = rows.filter(organisation=agency)
    context = {
        "page": paged(rows, request, order=("due_on", "pk")),
        "counts": access.counts_of(actor),
        "states": [("open", "open"), *RequestState.choices, ("all", "all")],
        "state": chosen,
        "agencies": list(access.agencies_of(actor)[:500]),
        "agency": agency,
        "today": now().date(),
        "decides": actor.role in DECIDERS,
    }
    return render(request, "referrals/queue.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.AGENCY)
def file(request: HttpRequest, actor: Actor) -> HttpResponse:
    """File a request."""
    at, status = now(), 200
    initial = {"kind": "calls", "authority": "voluntary", "due_on": (at + timedelta(days=14)).date().isoformat()}
    form = FileForm(request.POST or None, initial=initial)
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            given = dict(form.cleaned_data)
            text = given.pop("calls")
            given["targets"] = form.listed if given["kind"] != "calls" else []
            try:
                if given["kind"] == "calls":
                    given["calls"] = read_calls(text, why=given["purpose"], at=at)
                row = actions.file_request(actor, access.own_agency(actor), **given, at=at)
            except HopbackError as error:
                status = _fail(form, error)
            else:
                messages.success(request, "Your request is filed.")
                return redirect("referrals:request", row.pk)
    return render(request, "referrals/file.html", {"form": form}, status=status)


@require_safe
@page(*READERS, Role.AGENCY, personal=True)
def detail(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """One request: what is asked, where it stands, what came of it."""
    row = access.request_of(actor, request_id)
    note_read(actor, row.audit_name, at=now())
    return _detail(request, actor, row)


def _detail(
    request: HttpRequest, actor: Actor, row: AgencyRequest, *, status: int = 200, **forms_given: Any
) -> HttpResponse:
    decides, is_agency = actor.role in DECIDERS, actor.role is Role.AGENCY
    context = {
        "row": row,
        "targets": list(row.targets.order_by("kind", "pk")[:200]),
        "calls": access.calls_of(actor, row),
        "preservations": list(row.preservations.order_by("-asked_at", "-pk")[:50]),
        "packages": list(access.packages_of(actor).filter(request=row).order_by("-made_at", "pk")[:50]),
        "colleagues": access.colleagues_of(actor, row),
        "is_agency": is_agency,
        "decides": decides,
        "is_late": row.is_open and row.due_on < now().date(),
        "decide_form": DecideForm(initial={"seen": row.version}) if decides and row.state == "filed" else None,
        "target_form": TargetForm() if decides and row.is_open else None,
        "preservation_form": PreservationForm() if is_agency and row.state not in {"declined", "withdrawn"} else None,
        "contact_form": ContactForm(),
        "confirm_form": ConfirmForm(),
    }
    return render(request, "referrals/request.html", context | forms_given, status=status)


@require_POST
@page(Role.AGENCY)
def withdraw(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Withdraw one's request."""
    row = access.request_of(actor, request_id)
    actions.withdraw_request(actor, row, seen=_seen(request), at=now())
    messages.success(request, "Your request is withdrawn.")
    return redirect("referrals:request", row.pk)


@require_POST
@page(Role.AGENCY)
def opt(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Opt in to, or out of, hearing of colleagues."""
    row = access.request_of(actor, request_id)
    actions.opt(actor, row, is_in=request.POST.get("opted_in") == "yes", seen=_seen(request), at=now())
    return redirect("referrals:request", row.pk)


@require_POST
@page(Role.AGENCY)
def preserve(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Ask that records be kept."""
    row, form, status = access.request_of(actor, request_id), PreservationForm(request.POST), UNPROCESSABLE
    if form.is_valid():
        try:
            actions.ask_preservation(actor, row, **form.cleaned_data, at=now())
        except HopbackError as error:
            status = _fail(form, error)
        else:
            messages.success(request, "The consortium is asked to keep the records.")
            return redirect("referrals:request", row.pk)
    return _detail(request, actor, row, status=status, preservation_form=form)


@require_POST
@page(Role.AGENCY)
def share(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """Share how one is reached with a colleague who has the same target."""
    match = access.match_of(actor, number)
    mine = match.first_id if match.first.organisation_id == actor.organisation else match.second_id
    form, status = ContactForm(request.POST), UNPROCESSABLE
    if form.is_valid():
        try:
            actions.share_contact(actor, match, contact=form.cleaned_data["contact"], at=now())
        except HopbackError as error:
            status = _fail(form, error)
        else:
            messages.success(request, "Your contact is shared once your colleague shares theirs.")
            return redirect("referrals:request", mine)
    return _detail(request, actor, access.request_of(actor, mine), status=status, contact_form=form)


@require_POST
@page(*DECIDERS, personal=True)
def decide(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Take a request on, or decline it."""
    row, form, status = access.request_of(actor, request_id), DecideForm(request.POST), UNPROCESSABLE
    if form.is_valid():
        do = actions.decline_request if request.POST.get("decision") == "decline" else actions.grant_request
        try:
            do(actor, row, **form.cleaned_data, at=now())
        except HopbackError as error:
            status = _fail(form, error)
        else:
            messages.success(request, "Decided.")
            return redirect("referrals:request", row.pk)
    row.refresh_from_db()
    return _detail(request, actor, row, status=status, decide_form=form)


@require_POST
@page(*DECIDERS, personal=True)
def target(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Name what a request is about as the consortium knows it."""
    row, form, status = access.request_of(actor, request_id), TargetForm(request.POST), UNPROCESSABLE
    if form.is_valid():
        try:
            actions.add_target(actor, row, **form.cleaned_data, at=now())
        except HopbackError as error:
            status = _fail(form, error)
        else:
            return redirect("referrals:request", row.pk)
    return _detail(request, actor, row, status=status, target_form=form)


@require_POST
@page(*DECIDERS, personal=True)
def confirm(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """Say until when records are kept."""
    preservation = access.preservation_of(actor, number)
    form, status = ConfirmForm(request.POST), UNPROCESSABLE
    if form.is_valid():
        try:
            actions.confirm_preservation(actor, preservation, **form.cleaned_data, at=now())
        except HopbackError as error:
            status = _fail(form, error)
        else:
            return redirect("referrals:request", preservation.request_id)
    return _detail(request, actor, preservation.request, status=status, confirm_form=form)


# Packages


@require_safe
@page(*READERS)
def packages(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The packages made for agencies."""
    shown = paged(access.packages_of(actor), request, order=("-made_at", "pk"))
    return render(request, "referrals/packages.html", {"page": shown, "decides": actor.role in DECIDERS})


@require_http_methods(["GET", "HEAD", "POST"])
@page(*DECIDERS)
def make(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Begin a package; with ``request`` in the query, one that answers a request."""
    asked, status = request.GET.get("request", ""), 200
    answered = access.request_of(actor, asked) if asked else None
    agencies = [answered.organisation] if answered else list(access.agencies_of(actor)[:500])
    initial = {"organisation": answered.organisation_id, "on_process": answered.is_on_process} if answered else {}
    form = PackageForm(request.POST or None, agencies=agencies, initial=initial)
    if request.method == "POST":
        status = UNPROCESSABLE
        if form.is_valid():
            given = dict(form.cleaned_data)
            agency = next(one for one in agencies if one.pk == given.pop("organisation"))
            try:
                row = actions.make_package(actor, agency, request=answered, **given, at=now())
            except HopbackError as error:
                status = _fail(form, error)
            else:
                return redirect("referrals:package", row.pk)
    return render(request, "referrals/make.html", {"form": form, "answered": answered}, status=status)


@require_safe
@page(*READERS, Role.AGENCY)
def package(request: HttpRequest, actor: Actor, package_id: str) -> HttpResponse:
    """One package: for its agency what the gate shows, for the consortium what goes out and who said so."""
    return _package(request, actor, access.package_of(actor, package_id))


def _package(
    request: HttpRequest, actor: Actor, row: Package, *, status: int = 200, **forms_given: Any
) -> HttpResponse:
    shown = paged(row.addressed.all(), request, order=("added_at", "pk"))
    context: dict[str, Any] = {"row": row, "page": shown, "is_agency": actor.role is Role.AGENCY}
    if actor.role is Role.AGENCY:
        views = access.views_of_agency(actor, [one.traceback_id for one in shown.rows])
        actions.note_shown(actor, views, how="shown", at=now())
        context |= {"shown": access.named(views)}
    else:
        people = access.people_named([row.made_by, row.approved_by, row.sent_by])
        context |= {
            "decides": actor.role in DECIDERS,
            "made_by": people.get(row.made_by, ""),
            "approved_by": people.get(row.approved_by, ""),
            "sent_by": people.get(row.sent_by, ""),
            "tracebacks_form": TracebacksForm(),
            "suggested": access.suggested_for(actor, row),
            "reason_form": ReasonForm(),
            "has_made": row.made_by == actor.name,
        }
    return render(request, "referrals/package.html", context | forms_given, status=status)


@require_POST
@page(*DECIDERS)
def address(request: HttpRequest, actor: Actor, package_id: str) -> HttpResponse:
    """Put tracebacks into a package, or take one out."""
    row, form, status = access.package_of(actor, package_id), TracebacksForm(request.POST), UNPROCESSABLE
    gone = request.POST.get("out", "")
    if gone:
        actions.take_out(actor, row, traceback=gone, at=now())
        return redirect("referrals:package", row.pk)
    ticked = request.POST.getlist("traceback")[:50]
    if ticked or form.is_valid():
        try:
            found = [access.found_traceback(actor, text) for text in ticked or form.listed]
            actions.address(actor, row, tracebacks=found, at=now())
        except HopbackError as error:
            status = _fail(form, BadInput(error.message, where="tracebacks") if isinstance(error, NotFound) else error)
        else:
            return redirect("referrals:package", row.pk)
    return _package(request, actor, row, status=status, tracebacks_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@page(*DECIDERS)
def send(request: HttpRequest, actor: Actor, package_id: str) -> HttpResponse:
    """Send a package, after asking once."""
    row = access.package_of(actor, package_id)
    if request.method == "POST":
        actions.send_package(actor, row, seen=_seen(request), at=now())
        messages.success(request, "The package is sent.")
        return redirect("referrals:package", row.pk)
    return render(request, "referrals/send.html", {"row": row, "count": row.addressed.count()})


@require_POST
@page(*DECIDERS)
def approve(request: HttpRequest, actor: Actor, package_id: str) -> HttpResponse:
    """Approve a package on legal process, as a second person."""
    row = access.package_of(actor, package_id)
    actions.approve_package(actor, row, seen=_seen(request), at=now())
    messages.success(request, "Approved: it can be sent.")
    return redirect("referrals:package", row.pk)


@require_POST
@page(*DECIDERS)
def recall(request: HttpRequest, actor: Actor, package_id: str) -> HttpResponse:
    """Show a package no longer."""
    row, form, status = access.package_of(actor, package_id), ReasonForm(request.POST), UNPROCESSABLE
    if form.is_valid():
        try:
            actions.recall_package(actor, row, reason=form.cleaned_data["reason"], at=now())
        except HopbackError as error:
            status = _fail(form, error)
        else:
            messages.success(request, "The agency sees this package no longer.")
            return redirect("referrals:package", row.pk)
    return _package(request, actor, row, status=status, reason_form=form)


# What an agency is shown


@require_safe
@page(Role.AGENCY)
def tracebacks(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The tracebacks an agency may know of, with what the gate shows it."""
    shown = paged(access.tracebacks_of_agency(actor), request, order=("-proposed_at", "pk"))
    views = access.views_of_agency(actor, [row.pk for row in shown.rows])
    actions.note_shown(actor, [view for view in views if view.outcome is not None], how="shown", at=now())
    context = {"page": shown, "shown": access.named(views)}
    return render(request, "referrals/tracebacks.html", context)


@require_safe
@page(Role.AGENCY)
def traceback(request: HttpRequest, actor: Actor, traceback_id: str) -> HttpResponse:
    """One traceback, as the gate shows it to the agency."""
    view = access.seen_by_agency(actor, traceback_id)
    actions.note_shown(actor, [view], how="shown", at=now())
    return render(request, "referrals/traceback.html", {"shown": access.named([view])[0]})


@require_safe
@page(Role.AGENCY)
def export(_request: HttpRequest, actor: Actor) -> HttpResponse:
    """What the gate shows the agency of all of them, as a sheet."""
    answer = StreamingHttpResponse(sheet_of(actor, at=now()), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="tracebacks.csv"'
    return cast("HttpResponse", answer)  # Django's two kinds have only a hidden parent in common


@require_safe
@page(*READERS, Role.AGENCY)
def disclosures(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What was sent, shown and taken away: for the consortium to every agency, for an agency to itself."""
    shown = paged(access.disclosures_of(actor), request, order=("-at", "pk"))
    names = access.people_named(row.actor for row in shown.rows)
    rows = [(row, names.get(row.actor, row.actor)) for row in shown.rows]
    context = {"page": shown, "rows": rows, "is_agency": actor.role is Role.AGENCY}
    return render(request, "referrals/disclosures.html", context)


def _seen(request: HttpRequest) -> int | None:
    text = request.POST.get("seen", "")
    return int(text) if text.isdigit() else None
