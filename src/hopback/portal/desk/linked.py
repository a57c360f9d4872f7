"""What a link in a mail opens: one request, to be received and answered without sign-in.

Looking changes nothing and is no receipt: mail scanners follow links. What is pressed is. An answer given here
stays as it was given until somebody who has signed in, or an analyst, stands by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hopback.kernel.errors import HopbackError
from hopback.portal.clock import now
from hopback.portal.desk import reading
from hopback.portal.desk.access import actor_by, link_of
from hopback.portal.desk.actions import ask_back, confirm_receipt
from hopback.portal.desk.answering import filled_in, is_fillable
from hopback.portal.desk.forms import LineForm
from hopback.portal.desk.upstreams import choices_for
from hopback.portal.pages import render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

__all__ = ["linked_ask", "linked_receive", "linked_request", "linked_upstreams"]

PROOF = "received, by the link in the mail"


@require_http_methods(["GET", "HEAD", "POST"])
def linked_request(request: HttpRequest, token: str) -> HttpResponse:
    """The one request a link opens. Sent without sign-in, an answer moves nothing."""
    at = now()
    link = link_of(token, at=at)
    actor = actor_by(link)
    ask = reading.one_asked(actor, link.hop, with_lines=False)
    is_signed_for = any(one.own.authenticated for one in ask.said)
    context = {
        "ask": ask,
        "token": token,
        "link": link,
        "provider": link.hop.provider,
        "is_linked": True,
        "is_signed_for": is_signed_for,
        "is_answered": bool(ask.said),
        "is_received": ask.own.received_at is not None,
        "line_form": LineForm(prefix="line"),
    }
    is_open = is_fillable(ask) and not is_signed_for
    if not is_open or (ask.said and request.method != "POST" and "again" not in request.GET):
        return _private(render(request, "desk/linked.html", context | {"may_answer_again": is_open}))
    done = filled_in(request, actor, link.hop, ask, at=at, is_signed_in=False)
    if done.is_sent:
        messages.success(request, "Your answer was sent.")
        return redirect("desk:linked", token)
    template = "desk/preview.html" if done.preview else "desk/linked.html"
    return _private(render(request, template, context | done.context, status=done.status))


@require_safe
def linked_upstreams(request: HttpRequest, token: str) -> HttpResponse:
    """Whom a search of the public registry finds: part of a page."""
    link = link_of(token, at=now())
    text = request.GET.get("find", "")[:100]
    found = choices_for(actor_by(link), text, shows_neighbours=False)
    return _private(render(request, "desk/found.html", {"found": found, "text": text}))


@require_POST
def linked_receive(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody pressed that they have received it: that is a receipt."""
    link = link_of(token, at=now())
    confirm_receipt(actor_by(link), link.hop, at=now(), proof=PROOF)
    messages.success(request, "Noted that you have received this.")
    return redirect("desk:linked", token)


@require_POST
def linked_ask(request: HttpRequest, token: str) -> HttpResponse:
    """Ask the consortium about the request."""
    link = link_of(token, at=now())
    form = LineForm(request.POST, prefix="line")
    if not form.is_valid():
        messages.error(request, "Write something first: at most 4,000 characters.")
        return redirect("desk:linked", token)
    try:
        ask_back(actor_by(link), link.hop, text=form.cleaned_data["text"], at=now())
    except HopbackError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Sent. The reply comes by mail, and stands on the request's page after sign-in.")
    return redirect("desk:linked", token)


def _private(response: HttpResponse) -> HttpResponse:
    """A page whose address is a secret names it to nobody else, and is found by no search engine."""
    # Under no-referrer a browser sends its forms from the origin "null", which no portal trusts.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
