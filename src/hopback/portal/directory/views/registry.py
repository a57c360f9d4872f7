"""The public registry: searched, one entry, two exports compared."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from hopback.kernel.errors import NotFound
from hopback.portal.accounts.access import page
from hopback.portal.audit.actors import READERS, STAFF
from hopback.portal.directory.access import snapshots_of
from hopback.portal.directory.files.registry import split_names
from hopback.portal.directory.reading import waiting_counts
from hopback.portal.directory.registry import ChangeKind, compare, providers_by_frn, record_of, search_registry
from hopback.portal.pages import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http import HttpRequest

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.models import Provider, RegistrySnapshot
    from hopback.portal.directory.registry import Difference

__all__ = ["changes", "changes_sheet", "index", "record"]

PER: Final = 50
SNAPSHOTS_MOST: Final = 60


class Line:
    """A file of one line, for the CSV writer."""

    def write(self, text: str) -> str:
        """Give the line back."""
        return text


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of a list that is worked out whole, with the ways to what is beside it."""

    rows: Sequence[Difference]
    next: str
    previous: str


@require_safe
@page(*READERS)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A search, and the exports there are."""
    text = request.GET.get("q", "").strip()[:100]
    found = search_registry(text, limit=PER) if text else []
    context = {
        "q": text,
        "found": found,
        "known": providers_by_frn(row.frn for row in found),
        "snapshots": list(snapshots_of(actor).order_by("-as_of")[:SNAPSHOTS_MOST]),
        "counts": waiting_counts(actor),
        "is_staff": actor.role in STAFF,
    }
    return render(request, "directory/registry.html", context)


@require_safe
@page(*READERS)
def record(request: HttpRequest, actor: Actor, number: str) -> HttpResponse:
    """One entry as it was last seen."""
    row = record_of(number)
    if row is None:
        raise NotFound("no such entry")
    context = {
        "row": row,
        "dbas": split_names(row.dbas),
        "former": split_names(row.former_names),
        "provider": providers_by_frn([row.frn]).get(row.frn),
        "latest": snapshots_of(actor).order_by("-as_of").first(),
        "is_staff": actor.role in STAFF,
    }
    return render(request, "directory/record.html", context)


@require_safe
@page(*READERS)
def changes(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What happened between two exports."""
    older, newer, everything = _compared(request, actor)
    found, kind = _of_kind(everything, request.GET.get("kind", ""))
    start = max(0, _whole(request.GET.get("from", "")))
    rows = found[start : start + PER]
    counts = Counter(told for one in everything for told in one.kinds)

    def query(begin: int) -> str:
        told = {
            "older": older.as_of if older else "",
            "newer": newer.as_of if newer else "",
            "kind": kind,
            "from": begin,
        }
        return f"?{urlencode(told)}"

    context = {
        "older": older,
        "newer": newer,
        "kind": kind,
        "kinds": [(one.value, counts[one]) for one in ChangeKind],
        "page": Slice(
            rows,
            next=query(start + PER) if start + PER < len(found) else "",
            previous=query(max(0, start - PER)) if start else "",
        ),
        "total": len(found),
        "known": providers_by_frn(row.frn for row in rows),
        "snapshots": list(snapshots_of(actor).order_by("-as_of")[:SNAPSHOTS_MOST]),
    }
    return render(request, "directory/changes.html", context)


@require_safe
@page(*READERS)
def changes_sheet(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The same as a CSV sheet."""
    older, newer, everything = _compared(request, actor)
    if older is None or newer is None:
        raise NotFound("there are no two exports to compare")
    found, _kind = _of_kind(everything, request.GET.get("kind", ""))
    known = providers_by_frn(row.frn for row in found)
    response = HttpResponse("".join(_lines(found, known)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rmd-{older.as_of}-{newer.as_of}.csv"'
    return response


def _compared(
    request: HttpRequest, actor: Actor
) -> tuple[RegistrySnapshot | None, RegistrySnapshot | None, list[Difference]]:
    """The two exports that the query names, or the last two, and what happened between them."""
    rows = {row.as_of.isoformat(): row for row in snapshots_of(actor).order_by("-as_of")[:SNAPSHOTS_MOST]}
    days = list(rows)
    newer = rows.get(request.GET.get("newer", ""), rows[days[0]] if days else None)
    before = [day for day in days if newer and day < newer.as_of.isoformat()]
    older = rows.get(request.GET.get("older", ""), rows[before[0]] if before else None)
    if older is None or newer is None:
        return None, newer, []
    return older, newer, compare(older, newer)


def _of_kind(found: list[Difference], kind: str) -> tuple[list[Difference], str]:
    if kind not in {one.value for one in ChangeKind}:
        return found, ""
    return [one for one in found if kind in one.kinds], kind


def _lines(found: Sequence[Difference], known: dict[str, Provider]) -> Iterator[str]:
    writer = csv.writer(Line())
    yield writer.writerow(["rmd_number", "frn", "name", "provider_id", "kinds", "field", "before", "after"])
    for one in found:
        provider = known.get(one.frn)
        head: list[Any] = [one.number, one.frn, one.name, provider.pk if provider else "", " ".join(one.kinds)]
        for change in one.changes or (None,):
            tail = [change.field, change.before, change.after] if change else ["", "", ""]
            yield writer.writerow([_plain(cell) for cell in (*head, *tail)])


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0  # noqa: PLR2004 -- no list is that long
