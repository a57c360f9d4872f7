"""The provider's pages: what waits, one request, its history and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hopback.kernel.errors import BadInput, HopbackError
from hopback.portal.accounts.access import READERS, STAFF, page
from hopback.portal.audit.actors import Role
from hopback.portal.clock import now
from hopback.portal.desk import access, reading, sheets
from hopback.portal.desk.actions import (
    ask_back,
    confirm_receipt,
    keep_sheet,
    reply,
    revoke_links,
    say_what_travels,
    send_sheet,
    settle_conversation,
)
from hopback.portal.desk.answering import filled_in, is_fillable
from hopback.portal.desk.files import path_of
from hopback.portal.desk.forms import DisputeForm, LineForm, SheetForm, TravelsForm
from hopback.portal.desk.models import Side, Travels
from hopback.portal.desk.reading import Bucket
from hopback.portal.desk.upstreams import choices_for, chosen
from hopback.portal.mitigations.access import actions_of, with_returns
from hopback.portal.pages import paged, render, status_of
from hopback.portal.tracebacks.access import hop_of
from hopback.portal.tracebacks.actions import collect_requests, dispute

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest

    from hopback.portal.audit.actors import Actor
    from hopback.portal.tracebacks.models import Hop

SEEN: Final = "opened on the portal by somebody signed in"
PER_PAGE: Final = 25


@page(Role.PROVIDER)
@require_GET
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What waits on the provider, due soonest first; what is late; what is answered; what needs more."""
    _collect(actor)
    counts = reading.counts_of(actor)
    wanted = request.GET.get("show", "")
    bucket = Bucket(wanted) if wanted in set(Bucket) else _first(counts)
    number = "".join(one for one in request.GET.get("number", "") if one.isdigit())[-15:]
    campaign = request.GET.get("campaign", "")[:200]
    rows = reading.rows_in(actor, bucket, campaign=campaign, number=number)
    found = paged(rows, request, order=reading.ORDERS[bucket], per=PER_PAGE)
    return render(
        request,
        "desk/list.html",
        {
            "bucket": bucket.value,
            "counts": {one.value: counts.get(one) for one in Bucket},
            "asked": reading.asked(actor, found.rows),
            "page": found,
            "number": number,
            "campaign": campaign,
            "is_filtered": bool(number or campaign),
            "office": access.office_of(actor),
        },
    )


def _first(counts: dict[Bucket, int]) -> Bucket:
    """What is most pressing of what there is."""
    pressing = (Bucket.LATE, Bucket.NEEDS_MORE, Bucket.WAITING)
    return Bucket.WAITING if counts[Bucket.WAITING] else next((one for one in pressing if counts[one]), Bucket.WAITING)


def _collect(actor: Actor) -> None:
    """Whoever sees a list of requests has received them."""
    fresh = reading.uncollected(actor)
    if fresh:
        collect_requests(actor, fresh, at=now(), proof=SEEN)


def _receive(actor: Actor, request_id: str) -> Hop:
    hop = access.own_hop(actor, request_id)
    if hop.received_at is None and hop.state == "sent":
        collect_requests(actor, [hop], at=now(), proof=SEEN)
        hop.refresh_from_db()
    return hop


@page(Role.PROVIDER)
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """One request: the call, the clock, what was said, and the answer to fill in."""
    hop = _receive(actor, request_id)
    ask = reading.one_asked(actor, hop)
    is_correcting = ask.own.can_correct and ("correct" in request.GET or request.method == "POST")
    context: dict[str, Any] = {
        "ask": ask,
        "is_correcting": is_correcting,
        "actions": list(with_returns(actions_of(actor).filter(hop=hop)).order_by("-effective_at", "-pk")),
        "links": [one for one in access.links_of(actor, hop) if one.revoked_at is None and one.expires_at > now()],
        "line_form": LineForm(prefix="line"),
        "can_dispute": ask.own.state.value in ("accepted", "non_responsive", "denied"),
    }
    if request.method == "POST" and not (is_fillable(ask) or ask.own.can_correct):
        raise BadInput("this request cannot be answered any more")
    if not (is_fillable(ask) or is_correcting):
        return render(request, "desk/request.html", context)
    done = filled_in(request, actor, hop, ask, at=now())
    if done.is_sent:
        messages.success(request, f"Your answer to {request_id} was sent.")
        return redirect("desk:request", request_id)
    template = "desk/preview.html" if done.preview else "desk/request.html"
    return render(request, template, context | done.context, status=done.status)


@page(Role.PROVIDER)
@require_GET
def upstreams(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Whom a search finds: part of a page."""
    access.own_hop(actor, request_id)
    text = request.GET.get("find", "")[:100]
    return render(request, "desk/found.html", {"found": choices_for(actor, text), "text": text})


@page(Role.PROVIDER)
@require_POST
def receive(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Say that somebody looks after it."""
    confirm_receipt(actor, access.own_hop(actor, request_id), at=now(), proof=SEEN)
    messages.success(request, "Noted that you look after this. The clock runs on.")
    return redirect("desk:request", request_id)


@page(Role.PROVIDER)
@require_POST
def ask(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Ask the consortium about a request."""
    hop = access.own_hop(actor, request_id)
    return _say(request, hop, lambda text: ask_back(actor, hop, text=text, at=now()), back="desk:request")


@page(Role.PROVIDER)
@require_http_methods(["GET", "HEAD", "POST"])
def contest(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Dispute how an answer was read, or a finding."""
    hop = access.own_hop(actor, request_id)
    form = DisputeForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                dispute(actor, hop, at=now(), statement=form.cleaned_data["statement"])
            except HopbackError as error:
                form.add_error(None, _told(error))
                status = status_of(error)
            else:
                messages.success(request, "Your dispute is with the consortium. It decides within five business days.")
                return redirect("desk:request", request_id)
    return render(request, "desk/dispute.html", {"ask": reading.one_asked(actor, hop), "form": form}, status=status)


@page(Role.PROVIDER, *READERS)
@require_GET
def file(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:  # noqa: ARG001 -- every view has a request
    """A file that was handed in, as a download that no browser opens by itself."""
    row = access.attachment_of(actor, pk)
    response = HttpResponse(path_of(row.sha256).read_bytes(), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=row.name) or ""
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@page(Role.PROVIDER)
@require_POST
def close_links(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """Close the links that were mailed for a request."""
    hop = access.own_hop(actor, request_id)
    link = access.links_of(actor, hop).last()
    if link is None:
        raise Http404
    count = revoke_links(actor, link, at=now())
    messages.success(request, f"{count} {'link opens' if count == 1 else 'links open'} nothing any more.")
    return redirect("desk:request", request_id)


@page(Role.PROVIDER)
@require_GET
def history(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The provider's own figures by month, and what it answered last."""
    at = now()
    rows = reading.rows_in(actor, Bucket.ANSWERED)
    found = paged(rows, request, order=reading.ORDERS[Bucket.ANSWERED], per=PER_PAGE)
    return render(
        request,
        "desk/history.html",
        {
            "months": reading.months_of(actor, at=at),
            "asked": reading.asked(actor, found.rows),
            "page": found,
            "office": access.office_of(actor),
        },
    )


@page(Role.PROVIDER)
@require_GET
def history_sheet(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What was asked and answered in the last twelve months, or in one of them, as a sheet."""
    since, until = _span(request.GET.get("month", ""), actor)
    lines = sheets.history_sheet(reading.past_answers(actor, since=since, until=until))
    return _csv("".join(lines), "answers.csv")


def _span(month: str, actor: Actor) -> tuple[datetime, datetime]:
    """From when to when: the month that is asked for, or the last twelve."""
    spans = reading.months_until(now(), zone=access.office_of(actor).time_zone)
    if not month:
        return spans[-1][0], now()
    known = {f"{first:%Y-%m}": (first, following) for first, following in spans}
    if month not in known:
        raise Http404
    return known[month]


@page(Role.PROVIDER)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What may travel with an answer: the provider's administrator decides."""
    office = access.office_of(actor)
    travels = access.travels_of(office.pk)
    form = TravelsForm(request.POST or None, initial={"travels": travels})
    if request.method == "POST" and form.is_valid():
        say_what_travels(actor, office, Travels(form.cleaned_data["travels"]), at=now())
        messages.success(request, "Set. It holds for the next answer.")
        return redirect("desk:settings")
    status = 422 if request.method == "POST" else 200
    return render(request, "desk/settings.html", {"form": form, "travels": travels, "office": office}, status=status)


# Sheets


@page(Role.PROVIDER)
@require_GET
def open_sheet(request: HttpRequest, actor: Actor) -> HttpResponse:  # noqa: ARG001 -- every view has a request
    """The open requests as a sheet to fill in."""
    _collect(actor)
    rows = [
        row
        for bucket in (Bucket.LATE, Bucket.NEEDS_MORE, Bucket.WAITING)
        for row in reading.rows_in(actor, bucket).order_by(*reading.ORDERS[bucket])[: sheets.MOST_LINES]
    ]
    text = sheets.sheet_of_open(reading.asked(actor, rows[: sheets.MOST_LINES]))
    return _csv(text, "open-requests.csv")


@page(Role.PROVIDER)
@require_http_methods(["GET", "HEAD", "POST"])
def upload_sheet(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Hand a sheet of answers in. It is looked over before anything is sent."""
    form = SheetForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            _collect(actor)
            given = form.cleaned_data["sheet"]
            try:
                text, lines = sheets.read_sheet(given.read(sheets.LARGEST + 1))
            except BadInput as error:
                form.add_error("sheet", _told(error))
            else:
                kept = keep_sheet(
                    actor,
                    access.office_of(actor),
                    name=given.name or "sheet.csv",
                    text=text,
                    lines=len(lines),
                    at=now(),
                )
                return redirect("desk:sheet", kept.pk)
    return render(request, "desk/upload.html", {"form": form, "columns": sheets.ASKED}, status=status)


@page(Role.PROVIDER)
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest, actor: Actor, pk: str) -> HttpResponse:
    """What each line of a sheet comes to; then send those that can be sent."""
    row = access.sheet_of(actor, pk)
    if row.sent_at is not None:
        return render(request, "desk/sheet_sent.html", {"sheet": row})
    entries = _entries(request, actor, row.text)
    good = [one for one in entries if one.is_good]
    context: dict[str, Any] = {
        "sheet": row,
        "good": good,
        "wrong": [one for one in entries if one.wrong],
        "open": sum(one.is_open for one in entries),
    }
    if request.method == "POST":
        if not request.POST.get("certified"):
            return render(request, "desk/sheet.html", context | {"is_uncertified": True}, status=422)
        at = now()
        answers = []
        for one in good:
            form = one.form
            if form is None:
                continue
            upstream, name = None, ""
            if form.cleaned_data["said"] in ("upstream", "foreign"):
                upstream, name = chosen(actor, form.cleaned_data["upstream"], form.claim(), at=at)
            filled = form.filled(actor.provider or "", upstream=upstream, name=name, key=one.key)
            answers.append((one.request_id, filled))
        refused = send_sheet(actor, row, answers, at=at)
        messages.success(request, f"{len(answers) - len(refused)} answers were sent.")
        return redirect("desk:sheet", pk)
    return render(request, "desk/sheet.html", context)


@page(Role.PROVIDER)
@require_GET
def sheet_errors(request: HttpRequest, actor: Actor, pk: str) -> HttpResponse:
    """The lines that cannot be sent, with what is wrong, to mend and hand in again."""
    row = access.sheet_of(actor, pk)
    entries = _entries(request, actor, row.text)
    if row.sent_at is not None:  # what was sent is answered now, and not wrong
        sent = set(row.result.get("sent", ()))
        entries = [one for one in entries if one.request_id not in sent]
    return _csv(sheets.errors_sheet(entries), "to-mend.csv")


def _entries(request: HttpRequest, actor: Actor, text: str) -> list[sheets.Entry]:
    lines = sheets.parse(text)
    ids = {line.get("request_id", "").strip() for line in lines}
    rows = list(access.own_hops(actor).filter(request_id__in=ids))
    asked = {one.request_id: one for one in reading.asked(actor, rows)}
    return sheets.look_over(actor, lines, asked, at=now(), name=str(request.user))


def _csv(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# The consortium's side of the conversations


@page(*READERS)
@require_GET
def conversations(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The questions of providers that wait for a reply, oldest first."""
    rows = access.conversations_of(actor).filter(last=Side.PROVIDER, is_settled=False)
    found = paged(rows, request, order=("last_at", "pk"), per=PER_PAGE)
    return render(request, "desk/conversations.html", {"page": found})


@page(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def conversation(request: HttpRequest, actor: Actor, request_id: str) -> HttpResponse:
    """What was said about one request; people of the consortium reply here."""
    hop = hop_of(actor, request_id)
    if request.method == "POST":
        if actor.role not in STAFF:
            raise Http404
        if "settle" in request.POST:
            settle_conversation(actor, hop, at=now())
            messages.success(request, "Taken off the list.")
            return redirect("desk:conversations")
        return _say(request, hop, lambda text: reply(actor, hop, text=text, at=now()), back="desk:conversation")
    context = {
        "hop": hop,
        "provider": hop.provider,
        "lines": access.lines_of(actor, hop),
        "files": access.attachments_of(actor, hop),
        "form": LineForm(prefix="line"),
        "may_reply": actor.role in STAFF,
    }
    return render(request, "desk/conversation.html", context)


def _say(request: HttpRequest, hop: Hop, say: Callable[[str], object], *, back: str) -> HttpResponse:
    form = LineForm(request.POST, prefix="line")
    if not form.is_valid():
        messages.error(request, "Write something first: at most 4,000 characters.")
    else:
        say(form.cleaned_data["text"])
        messages.success(request, "Sent.")
    return redirect(f"{reverse(back, args=[hop.request_id])}#conversation")


def _told(error: HopbackError) -> str:
    return f"{error.message}. {error.mend}." if error.mend else f"{error.message}."
