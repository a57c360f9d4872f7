"""The consortium's first page and its list of tracebacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from hopback.kernel.errors import BadInput, HopbackError
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, STAFF, Role
from hopback.portal.clock import now
from hopback.portal.pages import paged, render, status_of
from hopback.portal.web.access import colleagues_of, filter_of, filters_of
from hopback.portal.web.actions import keep_filter, note_export, remove_filter, share_filter
from hopback.portal.web.bulk import VERBS
from hopback.portal.web.filters import FilterForm, filtered, normal_query, order_of
from hopback.portal.web.finding import KINDS, find
from hopback.portal.web.navigation import pages_of
from hopback.portal.web.reading import home_of, named
from hopback.portal.web.sheets import traceback_lines
from hopback.portal.web.waiting import owed_by, owing, waiting_hops

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor

__all__ = ["export", "home", "keep", "remove", "search", "share", "tracebacks", "waiting"]


@require_safe
@page()
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Where somebody begins: the consortium at what waits, everybody else at their own requests."""
    if actor.role in READERS:
        shown = home_of(actor, at=now())
        return render(request, "web/home.html", {"home": shown, "is_staff": actor.role in STAFF})
    own = pages_of(actor)
    return redirect(own[0][1]) if own else render(request, "web/nothing.html")


def form_of(actor: Actor, data: Any) -> FilterForm:
    """The filter that a query asks for, read but not judged."""
    form = FilterForm(data, owners=colleagues_of(actor), jurisdictions=actor.jurisdictions)
    form.is_valid()
    for field in form.fields.values():
        field.required = True  # judged already: that each may be left empty is said once, not at each
    return form


@require_safe
@page(*READERS, personal=True)
def tracebacks(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The tracebacks that a filter lets through, a page at a time."""
    form = form_of(actor, request.GET)
    good = form if form.is_valid() else form_of(actor, {})
    shown = paged(filtered(actor, good).select_related("owner"), request, order=order_of(good))
    query = normal_query(good)
    context = {
        "form": form,
        "page": shown,
        "names": named(actor, shown.rows),
        "query": query,
        "is_narrowed": good.is_narrowed,
        "narrowed": good.narrowed,
        "kept": [(one, f"{reverse('web:tracebacks')}?{one.query}", one.query == query) for one in filters_of(actor)],
        "is_staff": actor.role in STAFF,
        "verbs": VERBS.items(),
    }
    return render(request, "web/tracebacks.html", context, status=200 if form.is_valid() else 422)


@require_safe
@page(*READERS, personal=True)
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A filter's tracebacks as a sheet, written while it is read. That it was taken is on record."""
    form = form_of(actor, request.GET)
    if not form.is_valid():
        raise BadInput("this filter cannot be read", where="filter", mend="set it again on the list")
    at = now()
    query = normal_query(form)
    note_export(actor, query, at=at)
    rows = filtered(actor, form).order_by(*order_of(form))
    answer = StreamingHttpResponse(traceback_lines(rows), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="tracebacks-{at:%Y%m%d-%H%M}.csv"'
    return cast("HttpResponse", answer)  # Django's two kinds have only a hidden parent in common


WORDS: Final = {
    "traceback": "tracebacks",
    "request": "requests",
    "provider": "providers",
    "campaign": "campaigns",
    "sample": "samples",
    "message": "messages",
}
PROVIDERS: Final = 15
"""How many providers a page of what waits shows."""


@require_safe
@page(*READERS)
def waiting(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What providers owe, by provider; with ``provider`` all that one owes."""
    at = now()
    provider = request.GET.get("provider", "")
    if provider:
        rows = waiting_hops(actor).filter(provider=provider, respond_by__isnull=request.GET.get("due") == "unknown")
        rows = rows.select_related("traceback", "traceback__owner", "provider")
        order = ("id",) if request.GET.get("due") == "unknown" else ("respond_by", "id")
        shown = paged(rows, request, order=order)
        context = {"page": shown, "provider": provider, "requests": owed_by(actor, shown.rows, at=at), "at": at}
        return render(request, "web/waiting_provider.html", context)
    text = request.GET.get("from", "0")
    start = min(int(text), 100_000) if text.isdigit() else 0
    groups, is_more = owing(actor, start=start, per=PROVIDERS, at=at)
    context = {
        "groups": groups,
        "previous": max(0, start - PROVIDERS) if start else None,
        "next": start + PROVIDERS if is_more else None,
        "at": at,
    }
    return render(request, "web/waiting.html", context)


@require_safe
@page(*READERS, Role.PROVIDER, personal=True)
def search(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What somebody may see that holds the words sought."""
    text, kind = request.GET.get("q", "")[:200].strip(), request.GET.get("kind", "")
    if kind not in KINDS:
        kind = ""
    hits = find(actor, text, kind=kind) if text else []
    kinds = [(one, WORDS[one]) for one in KINDS if actor.role in READERS and one != "request"]
    context = {"hits": hits, "text": text, "kind": kind, "kinds": kinds, "words": WORDS}
    return render(request, "web/search.html", context)


@require_POST
@page(*READERS)
def keep(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Keep the filter that is set under a name."""
    form = form_of(actor, request.POST)
    query = normal_query(form) if form.is_valid() else ""
    try:
        if not form.is_valid():
            raise BadInput("this filter cannot be read", where="filter", mend="set it again on the list")
        row = keep_filter(
            actor, request.POST.get("name", ""), at=now(), query=query, is_shared=bool(request.POST.get("is_shared"))
        )
    except HopbackError as error:
        return render(
            request, "web/error.html", {"message": error.message, "mend": error.mend}, status=status_of(error)
        )
    messages.success(request, f"Kept as “{row.name}”.")
    return redirect(f"{reverse('web:tracebacks')}?{query}")


@require_POST
@page(*READERS)
def share(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Share a filter of one's own, or keep it to oneself again."""
    row = filter_of(actor, pk)
    share_filter(actor, row, at=now(), is_shared=not row.is_shared)
    messages.success(request, f"“{row.name}” is {'yours alone again' if row.is_shared else 'shared'}.")
    return redirect(f"{reverse('web:tracebacks')}?{row.query}")


@require_POST
@page(*READERS)
def remove(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Keep a filter no longer."""
    row = filter_of(actor, pk)
    remove_filter(actor, row, at=now())
    messages.success(request, f"“{row.name}” is no longer kept.")
    return redirect(f"{reverse('web:tracebacks')}?{row.query}")
