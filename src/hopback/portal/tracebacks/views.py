"""The page of a traceback, and what people do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hopback.kernel.errors import BadInput, Conflict, HopbackError
from hopback.kernel.hops import WORKING, TraceState
from hopback.portal.accounts.access import page
from hopback.portal.accounts.models import User
from hopback.portal.audit.actors import READERS, STAFF
from hopback.portal.clock import now
from hopback.portal.pages import render
from hopback.portal.tracebacks import actions
from hopback.portal.tracebacks.access import owners_of, traceback_of
from hopback.portal.tracebacks.acts import ACTS, HOP_ACTS, Doing
from hopback.portal.tracebacks.dossier import dossier_of
from hopback.portal.tracebacks.forms import AssignForm, LinkForm, NoteForm, PriorityForm
from hopback.portal.tracebacks.panels import panels
from hopback.portal.tracebacks.sentences import OUTCOMES, review_words
from hopback.render.portal_path import draw_path

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, QueryDict

    from hopback.portal.audit.actors import Actor
    from hopback.portal.tracebacks.acts import Act
    from hopback.portal.tracebacks.dossier import Dossier
    from hopback.portal.tracebacks.forms import ActForm

__all__ = ["act", "act_on_hop", "assign", "link", "note", "prioritise", "show"]

STALE: Final = (
    "Somebody else acted on this traceback while you looked at it. What happened since stands below; "
    "what you typed is still here."
)


@require_GET
@page(*READERS, personal=True)
def show(request: HttpRequest, actor: Actor, traceback_id: str) -> HttpResponse:
    """The whole traceback, where it waits first. With ``?print`` everything is open and nothing stands around it."""
    at = now()
    dossier = dossier_of(actor, traceback_id, at=at)
    context = {
        **_around(dossier),
        "print": "print" in request.GET,
        "drawing": _drawing(dossier),
        "panels": panels(request, actor, traceback_id, at=at),
        **_beside(actor, dossier),
    }
    return render(request, "tracebacks/page.html", context)


@require_http_methods(["GET", "POST"])
@page(*STAFF, personal=True)
def act(request: HttpRequest, actor: Actor, traceback_id: str, verb: str) -> HttpResponse:
    """Do something with a traceback as a whole."""
    return _act(request, actor, traceback_id, verb, number=None)


@require_http_methods(["GET", "POST"])
@page(*STAFF, personal=True)
def act_on_hop(request: HttpRequest, actor: Actor, traceback_id: str, number: int, verb: str) -> HttpResponse:
    """Do something at one hop."""
    return _act(request, actor, traceback_id, verb, number=number)


@require_POST
@page(*STAFF, personal=True)
def note(request: HttpRequest, actor: Actor, traceback_id: str) -> HttpResponse:
    """Write something down beside the traceback."""
    row, form = traceback_of(actor, traceback_id), NoteForm(request.POST)
    if not form.is_valid():
        return _again(request, actor, traceback_id, note_form=form)
    actions.note(actor, row, at=now(), text=form.cleaned_data["text"])
    return redirect(f"{row.get_absolute_url()}#notes")


@require_POST
@page(*STAFF, personal=True)
def assign(request: HttpRequest, actor: Actor, traceback_id: str) -> HttpResponse:
    """Say who looks after it."""
    at, row = now(), traceback_of(actor, traceback_id)
    people = list(owners_of(actor, at=at).order_by("name", "pk"))
    form = AssignForm(request.POST, people=people)
    if not form.is_valid():
        return _again(request, actor, traceback_id, assign_form=form)
    owner = next((one for one in people if str(one.pk) == form.cleaned_data["owner"]), None)
    actions.assign(actor, row, owner, at=at)
    messages.success(request, f"{owner or 'Nobody'} looks after it now.")
    return redirect(row.get_absolute_url())


@require_POST
@page(*STAFF, personal=True)
def prioritise(request: HttpRequest, actor: Actor, traceback_id: str) -> HttpResponse:
    """Say how soon people look at it."""
    row, form = traceback_of(actor, traceback_id), PriorityForm(request.POST)
    if not form.is_valid():
        return _again(request, actor, traceback_id, priority_form=form)
    actions.prioritise(actor, row, at=now(), priority=form.cleaned_data["priority"])
    return redirect(row.get_absolute_url())


@require_POST
@page(*STAFF, personal=True)
def link(request: HttpRequest, actor: Actor, traceback_id: str) -> HttpResponse:
    """Say that another traceback belongs here, or (``is_linked=0``) that it does not."""
    row, form = traceback_of(actor, traceback_id), LinkForm(request.POST)
    if form.is_valid():
        try:
            other = traceback_of(actor, form.cleaned_data["other"].strip())
            is_linked = request.POST.get("is_linked") != "0"
            actions.link(actor, row, other, at=now(), reason=form.cleaned_data["reason"], is_linked=is_linked)
        except HopbackError as error:
            form.add_error("other", _line(error))
        else:
            return redirect(f"{row.get_absolute_url()}#related")
    return _again(request, actor, traceback_id, link_form=form)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which act somebody wants the page of, or does."""

    request: HttpRequest
    actor: Actor
    traceback_id: str
    verb: str
    number: int | None
    kind: Act

    def dossier(self) -> Dossier:
        return dossier_of(self.actor, self.traceback_id, at=now())

    def form(self, dossier: Dossier, data: QueryDict | None = None) -> ActForm:
        user = self.request.user
        hop = None if self.number is None else dossier.hop(self.number)
        zone = user.time_zone if isinstance(user, User) else "UTC"
        return self.kind.form(data, actor=self.actor, dossier=dossier, hop=hop, zone=zone)

    def shown(
        self, dossier: Dossier, form: ActForm | None, *, status: int = 200, seen: int | None = None
    ) -> HttpResponse:
        """The page; ``seen`` is the version it was opened on, where something happened since."""
        context = {
            **_around(dossier),
            "act": self.kind,
            "verb": self.verb,
            "form": form,
            "hop": None if self.number is None else dossier.hop(self.number),
            "because": dossier.possible.because.get((self.verb, self.number), ""),
            "since": [one for one in dossier.events if seen is not None and one.number > seen],
        }
        return render(self.request, "tracebacks/act.html", context, status=status)


def _act(request: HttpRequest, actor: Actor, traceback_id: str, verb: str, *, number: int | None) -> HttpResponse:
    kind = (ACTS if number is None else HOP_ACTS).get(verb)
    if kind is None:
        raise Http404
    asked = _Asked(request, actor, traceback_id, verb, number, kind)
    dossier = asked.dossier()
    if request.method != "POST":
        if not dossier.possible.allows(verb, number):
            return asked.shown(dossier, None, status=409)
        return asked.shown(dossier, asked.form(dossier))
    form = asked.form(dossier, request.POST)
    if not form.is_valid():
        return asked.shown(dossier, form, status=422)
    hop = None if number is None else dossier.hop(number)
    try:
        kind.do(Doing(actor, dossier, hop, form.cleaned_data, form, now()))
    except HopbackError as error:
        return _refused(asked, form, error)
    messages.success(request, kind.done)
    anchor = "" if number is None else f"#hop-{number}"
    return redirect(f"{dossier.row.get_absolute_url()}{anchor}")


def _refused(asked: _Asked, form: ActForm, error: HopbackError) -> HttpResponse:
    """The form again with what was typed, what stands against it, and what happened since it was opened."""
    seen, dossier = form.cleaned_data["seen"], asked.dossier()
    if seen == dossier.trace.version:
        form.add_error(None, _line(error))
        status = 409 if isinstance(error, Conflict) else 422 if isinstance(error, BadInput) else 403
        return asked.shown(dossier, form, status=status)
    if not dossier.possible.allows(asked.verb, asked.number):
        return asked.shown(dossier, None, status=409, seen=seen)
    data = asked.request.POST.copy()
    fresh = asked.form(dossier)
    for name in ("seen", "version"):
        if name in fresh.fields:
            data[name] = str(fresh.fields[name].initial)
    form = asked.form(dossier, data)
    form.full_clean()
    form.add_error(None, STALE)
    return asked.shown(dossier, form, status=409, seen=seen)


def _again(request: HttpRequest, actor: Actor, traceback_id: str, **bound: Any) -> HttpResponse:
    at = now()
    dossier = dossier_of(actor, traceback_id, at=at)
    context = {
        **_around(dossier),
        "drawing": _drawing(dossier),
        "panels": panels(request, actor, traceback_id, at=at),
        **_beside(actor, dossier),
        **bound,
    }
    return render(request, "tracebacks/page.html", context, status=422)


def _around(dossier: Dossier) -> dict[str, Any]:
    trace, result, names = dossier.trace, dossier.result, dossier.names
    return {
        "dossier": dossier,
        "outcome_words": OUTCOMES[result.outcome.value] if result.outcome is not None else "",
        "origin": names.provider(result.origin_provider),
        "entry": names.provider(result.point_of_entry),
        "notices": [names.provider(one) for one in trace.notices],
        "has_finding": any(hop.finding is not None for hop in trace.hops),
        "not_closed": dossier.possible.because.get(("close", None), ""),
        "review": review_words(dossier.row.review, names),
        "trace": trace,
        "row": dossier.row,
        "possible": dossier.possible,
        "is_working": trace.state in WORKING,
        "is_ended": trace.state in (TraceState.CONCLUDED, TraceState.CLOSED),
    }


def _beside(actor: Actor, dossier: Dossier) -> dict[str, Any]:
    if actor.role not in STAFF:
        return {"is_staff": False}
    row = dossier.row
    owner = "" if row.owner_id is None else str(row.owner_id)
    return {
        "is_staff": True,
        "note_form": NoteForm(),
        "link_form": LinkForm(),
        "priority_form": PriorityForm(initial={"priority": row.priority}),
        "assign_form": AssignForm(initial={"owner": owner}, people=list(dossier.owners)),
    }


def _drawing(dossier: Dossier) -> str:
    drawn = draw_path(
        dossier.trace,
        names=dossier.names.providers,
        countries=dossier.countries,
        home=dossier.policy.home,
        outcome=dossier.result.outcome,
    )
    return mark_safe(drawn)  # noqa: S308 -- our own drawing, which escapes what it is given


def _line(error: HopbackError) -> str:
    line = error.message[:1].upper() + error.message[1:]
    return f"{line}: {error.mend}." if error.mend else f"{line}."
