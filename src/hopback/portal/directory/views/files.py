"""Files: brought, looked at, taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from hopback.kernel.errors import BadInput, HopbackError, NotFound
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, STAFF
from hopback.portal.clock import now
from hopback.portal.directory.access import files_of
from hopback.portal.directory.actions import discard_file, preview_file, take_over_file
from hopback.portal.directory.actions.imports import LARGEST_UPLOAD, FileDraft, handed_again, read_file
from hopback.portal.directory.files import codes, ports, registry
from hopback.portal.directory.forms import UploadForm, take_back
from hopback.portal.directory.models import ImportKind
from hopback.portal.directory.reading import people_of, waiting_counts
from hopback.portal.pages import paged, render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import ImportedFile

__all__ = ["discard", "file", "index", "take_over"]

COLUMNS = (
    (ImportKind.CODES, codes.COLUMNS),
    (ImportKind.PORTS, ports.COLUMNS),
    (ImportKind.REGISTRY, registry.COLUMNS),
)


@require_http_methods(["GET", "POST"])
@page(*READERS)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The files there are, and a form to bring one."""
    form = UploadForm(request.POST or None, request.FILES or None, initial={"as_of": now().date()})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                row = _look_at(actor, form)
            except HopbackError as error:
                status = take_back(form, error)
            else:
                return redirect("directory:file", row.pk)
    shown = paged(files_of(actor), request, order=("-seen_at", "-pk"))
    context = {
        "form": form,
        "page": shown,
        "people": people_of({row.seen_by for row in shown.rows}),
        "columns": [(kind.label, some) for kind, some in COLUMNS],
        "counts": waiting_counts(actor),
        "is_staff": actor.role in STAFF,
        "largest_mb": LARGEST_UPLOAD // 2**20,
    }
    return render(request, "directory/files.html", context, status=status)


@require_safe
@page(*READERS)
def file(request: HttpRequest, actor: Actor, file_id: int) -> HttpResponse:
    """What a file holds, before or after it is taken over."""
    row = _file(actor, file_id)
    context = {
        "row": row,
        "people": people_of({row.seen_by, row.imported_by}),
        "is_staff": actor.role in STAFF,
        "first": [list(cells.values()) for cells in row.report.get("first", ())],
    }
    return render(request, "directory/file.html", context)


@require_http_methods(["POST"])
@page(*STAFF)
def take_over(request: HttpRequest, actor: Actor, file_id: int) -> HttpResponse:
    """Take a file over."""
    row = _file(actor, file_id)
    try:
        row = take_over_file(actor, row, handed=handed_again(actor, row), at=now())
    except HopbackError as error:
        messages.error(request, f"{error.message}. {error.mend}".strip())
    else:
        messages.success(request, f"{row.added} of {row.rows} rows are new and count from now on.")
    return redirect("directory:file", row.pk)


@require_http_methods(["POST"])
@page(*STAFF)
def discard(request: HttpRequest, actor: Actor, file_id: int) -> HttpResponse:
    """Forget a file that was only looked at."""
    row = _file(actor, file_id)
    try:
        discard_file(actor, row, at=now())
    except HopbackError as error:
        messages.error(request, error.message)
        return redirect("directory:file", row.pk)
    messages.success(request, "The file is forgotten.")
    return redirect("directory:files")


def _look_at(actor: Actor, form: UploadForm) -> ImportedFile:
    told = form.cleaned_data
    upload = told["file"]
    if upload.size > LARGEST_UPLOAD:
        raise BadInput(f"larger than {LARGEST_UPLOAD // 2**20} MB", where="file", mend="bring it by the command line")
    draft = FileDraft(told["kind"], upload.name, told["source"], told["as_of"])
    return preview_file(actor, read_file(draft, upload.read()), at=now())


def _file(actor: Actor, file_id: int) -> ImportedFile:
    row = files_of(actor).filter(pk=file_id).first()
    if row is None:
        raise NotFound("no such file")
    return row
