"""What every page shares: rendering, lists a page at a time, and errors as pages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.conf import settings
from django.db.models import Model
from django.shortcuts import render as django_render

from hopback.kernel.errors import BadInput, BrokenProof, Conflict, HopbackError, NotFound, Refused
from hopback.portal.cursors import backward, cursor_of, following

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.db.models import QuerySet
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

__all__ = ["ErrorsAsPages", "Page", "StrictHeaders", "at_form", "error_page", "paged", "render", "status_of"]

Row = TypeVar("Row", bound=Model)


def render(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page."""
    return django_render(request, template, dict(context or {}), status=status)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list. ``next`` and ``previous`` are query strings of the pages beside it, empty if none."""

    rows: list[Row]
    next: str
    previous: str


def paged(queryset: QuerySet[Row], request: HttpRequest, *, order: Sequence[str], per: int = 50) -> Page[Row]:
    """The part of a list that the query asks for (``after`` or ``before`` a cursor), without counting it.

    ``order`` names columns as for ``order_by``, none of them ever null, the last of them unique.
    """
    before = request.GET.get("before", "")
    after = "" if before else request.GET.get("after", "")
    if before:
        found = list(following(queryset, before, backward(order))[: per + 1])
        is_more, rows = len(found) > per, found[:per][::-1]
        has_previous, has_next = is_more, bool(rows)
    else:
        found = list(following(queryset, after, order)[: per + 1])
        is_more, rows = len(found) > per, found[:per]
        has_previous, has_next = bool(after and rows), is_more

    def query(name: str, row: Row) -> str:
        others = request.GET.copy()
        for gone in ("after", "before"):
            others.pop(gone, None)
        others[name] = cursor_of(row, order)
        return f"?{others.urlencode()}"

    return Page(
        rows,
        next=query("after", rows[-1]) if has_next else "",
        previous=query("before", rows[0]) if has_previous else "",
    )


TITLES = {
    400: "This cannot be used",
    403: "Not allowed",
    404: "There is no such page",
    409: "Somebody else was here meanwhile",
    422: "This cannot be used",
    500: "Something went wrong on our side",
}


def status_of(error: HopbackError) -> int:
    """The HTTP status of an error of our own tree, on a page."""
    if isinstance(error, BadInput):
        return 400
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, Conflict):
        return 409
    if isinstance(error, Refused):
        return 403
    return 500 if isinstance(error, BrokenProof) else 400


def at_form(form: Form, error: HopbackError) -> int:
    """Show an action's error at the form it came from, by its field where it names one. Returns the page's status."""
    field = error.where if error.where in form.fields and not form.fields[error.where].widget.is_hidden else None
    form.add_error(
        field,
        f"{error.message[:1].upper()}{error.message[1:]}."
        + (f" {error.mend[:1].upper()}{error.mend[1:]}." if error.mend else ""),
    )
    return 422 if isinstance(error, BadInput) else status_of(error)


def error_page(request: HttpRequest, status: int, *, message: str = "", mend: str = "") -> HttpResponse:
    """A page that says what is wrong, and what to do."""
    context = {"status": status, "title": TITLES.get(status, TITLES[400]), "message": message, "mend": mend}
    return render(request, "web/error.html", context, status=status)


class ErrorsAsPages:
    """Shows an error of our own tree that a view raised as a page; the API has its own way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A page for an error of our own tree."""
        if not isinstance(error, HopbackError) or request.path.startswith("/api/"):
            return None
        status = status_of(error)
        if status == 404:  # noqa: PLR2004 -- what there is not and what is not for the reader read the same
            return error_page(request, 404)
        return error_page(request, status, message=error.message, mend=error.mend)


CONTENT_SECURITY_POLICY = "; ".join(  # noqa: FLY002 -- one directive a line
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


@cache
def _policy(oidc_origin: str) -> str:
    """The policy; where people may sign in at an identity provider of their own, a form may lead there."""
    if not oidc_origin:
        return CONTENT_SECURITY_POLICY
    return CONTENT_SECURITY_POLICY.replace("form-action 'self'", f"form-action 'self' {oidc_origin}")


class StrictHeaders:
    """Says with every answer what a browser may load: only what comes from here, and nothing written inline.

    A page for somebody who has signed in is kept by no cache but the reader's own, and not there for long.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers that the view has not set itself."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _policy(settings.CONFIGURATION.oidc_origin))
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response
