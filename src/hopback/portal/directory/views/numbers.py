"""Numbers: who serves one, which wait for a person, what people decided."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from hopback.kernel.errors import HopbackError, NotFound
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, STAFF
from hopback.portal.clock import now
from hopback.portal.directory.access import decisions_of, open_numbers_of
from hopback.portal.directory.actions import decide_number, end_decision, redirect_number
from hopback.portal.directory.consulting import consult
from hopback.portal.directory.forms import DecideNumberForm, NumberForm, take_back
from hopback.portal.directory.models import OpenState
from hopback.portal.directory.reading import find_providers, people_of, provider_of, waiting_counts
from hopback.portal.directory.resolving import resolve
from hopback.portal.pages import paged, render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import NumberDecision, OpenNumber, Provider

__all__ = ["ask", "decide", "decided", "index", "redirected", "undecided", "waiting"]


@require_safe
@page(*READERS)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who serves a number on a day, and the numbers that wait for a person."""
    asked = "number" in request.GET
    form = NumberForm(request.GET if asked else None, initial={"on": now().date()})
    is_good = asked and form.is_valid()
    found = resolve(form.cleaned_data["number"], on=form.cleaned_data["on"]) if is_good else None
    decided = decisions_of(actor).filter(number=found.number).order_by("-decided_at", "-pk")[:20] if found else ()
    waiting = open_numbers_of(actor).filter(state=OpenState.WAITING)
    names = {row.decided_by for row in decided} | {step.source for step in (found.how if found else ())}
    context = {
        "form": form,
        "found": found,
        "decided": decided,
        "page": paged(waiting, request, order=("first_at", "pk")),
        "counts": waiting_counts(actor),
        "people": people_of(names),
        "is_staff": actor.role in STAFF,
        "today": now().date(),
    }
    return render(request, "directory/numbers.html", context, status=422 if asked and not is_good else 200)


@require_http_methods(["POST"])
@page(*STAFF)
def ask(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask the look-ups about a number, and put it before a person if it needs one."""
    form = NumberForm(request.POST)
    if form.is_valid():
        number, on = form.cleaned_data["number"], form.cleaned_data["on"]
        found, failed = consult(actor, number, on=on, at=now())
        for sentence in failed:
            messages.warning(request, f"A look-up could not be asked: {sentence}")
        if found.needs_person:
            messages.info(request, "It waits for a person in the list below.")
        return redirect(f"{request.path.removesuffix('ask/')}?number=%2B{number}&on={on.isoformat()}")
    return redirect("directory:numbers")


@require_safe
@page(*READERS)
def decided(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What people decided about numbers."""
    shown = paged(decisions_of(actor), request, order=("-decided_at", "-pk"))
    context = {
        "page": shown,
        "people": people_of({name for row in shown.rows for name in (row.decided_by, row.ended_by) if name}),
        "counts": waiting_counts(actor),
        "is_staff": actor.role in STAFF,
        "today": now().date(),
    }
    return render(request, "directory/decided.html", context)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def waiting(request: HttpRequest, actor: Actor, open_id: int) -> HttpResponse:
    """A number that waits, to be decided."""
    row: OpenNumber | None = open_numbers_of(actor).filter(pk=open_id).first()
    if row is None:
        raise NotFound("no such number")
    if row.state != OpenState.WAITING and request.method == "GET":
        return render(request, "directory/number_settled.html", {"row": row, "people": people_of({row.settled_by})})
    return _decide(request, actor, row.number, waiting=row)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def decide(request: HttpRequest, actor: Actor, number: int) -> HttpResponse:
    """Any number, to be decided."""
    return _decide(request, actor, number)


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def redirected(request: HttpRequest, actor: Actor, number: int, provider_id: str) -> HttpResponse:
    """A number that led to a provider that does not serve it."""
    return _decide(request, actor, number, instead_of=provider_of(actor, provider_id))


@require_http_methods(["GET", "POST"])
@page(*STAFF)
def undecided(request: HttpRequest, actor: Actor, decision_id: int) -> HttpResponse:
    """A decision, to be ended."""
    row: NumberDecision | None = decisions_of(actor).filter(pk=decision_id).first()
    if row is None:
        raise NotFound("no such decision")
    if request.method == "POST":
        try:
            end_decision(actor, row, at=now())
        except HopbackError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, "The decision is ended; the tables lead again.")
        return redirect("directory:decided")
    return render(request, "directory/undecided.html", {"row": row, "people": people_of({row.decided_by})})


def _decide(
    request: HttpRequest,
    actor: Actor,
    number: int,
    *,
    waiting: OpenNumber | None = None,
    instead_of: Provider | None = None,
) -> HttpResponse:
    if not 10**6 < number < 10**15:
        raise NotFound("no such number")
    on = waiting.call_on if waiting else _day(request.GET.get("on", ""))
    found = resolve(number, on=on)
    text = request.GET.get("q", "")
    also = [*found.candidates, found.provider.pk if found.provider else "", request.POST.get("provider", "")]
    providers = find_providers(actor, text or found.carrier, also=also, apart_from=instead_of.pk if instead_of else "")
    initial = {"since": on, "reseller": found.reseller, "is_reseller_held": found.is_reseller_held}
    form = DecideNumberForm(request.POST or None, found=providers, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                if instead_of is None:
                    decide_number(actor, form.draft(number), waiting=waiting, at=now())
                else:
                    redirect_number(actor, form.draft(number), instead_of=instead_of, at=now())
            except HopbackError as error:
                status = take_back(form, error)
            else:
                messages.success(request, "Calls of this number lead there from now on.")
                return redirect("directory:numbers")
    context = {
        "form": form,
        "number": number,
        "found": found,
        "row": waiting,
        "instead_of": instead_of,
        "q": text,
        "on": on.isoformat() if request.GET.get("on") else "",
        "providers": providers,
        "people": people_of({step.source for step in found.how}),
    }
    return render(request, "directory/number.html", context, status=status)


def _day(text: str) -> date:
    """The day of the call that the page came from, else today."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return now().date()
