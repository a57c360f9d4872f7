"""What an agency was shown, as a sheet."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from hopback.portal.intake.sheets import safe
from hopback.portal.referrals.access import names_of, tracebacks_of_agency, views_of_agency
from hopback.portal.referrals.actions import note_shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hopback.kernel.disclosure import AgencyView
    from hopback.portal.audit.actors import Actor

__all__ = ["COLUMNS", "sheet_of"]

COLUMNS: Final = (
    "traceback", "stage", "outcome", "origin_provider", "origin_provider_name", "customer", "point_of_entry",
    "point_of_entry_name", "hop", "hop_provider", "hop_provider_name", "hop_state", "hop_answer", "hop_upstream",
    "hop_respond_by",
)  # fmt: skip
BATCH: Final = 200


class _Line:
    """A file of which each line is handed on as it is written."""

    def write(self, text: str) -> str:
        return text


def sheet_of(actor: Actor, *, at: datetime) -> Iterator[str]:
    """The sheet a line at a time: a row for each traceback and, on legal process, one for each hop of its path.

    What leaves is written down before it does.
    """
    writer = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(COLUMNS)
    last = ""
    while ids := list(
        tracebacks_of_agency(actor).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        last = ids[-1]
        views = views_of_agency(actor, ids)
        names = names_of(views)
        note_shown(actor, views, how="exported", at=at)
        for view in views:
            for row in _rows(view, names):
                yield writer.writerow([safe(cell) for cell in row])


def _rows(view: AgencyView, names: dict[str, str]) -> Iterator[list[object]]:
    head = [
        view.trace,
        view.stage.value,
        view.outcome.value if view.outcome else "",
        view.origin_provider or "",
        names.get(view.origin_provider or "", ""),
        view.customer or "",
        view.point_of_entry or "",
        names.get(view.point_of_entry or "", ""),
    ]
    yield [*head, *[""] * 7]
    for number, hop in enumerate(view.path, 1):
        answer = hop.answer
        yield [
            *head,
            number,
            hop.provider,
            names.get(hop.provider, ""),
            hop.state.value,
            answer.kind.value if answer else "",
            (answer.upstream or "") if answer else "",
            hop.respond_by.isoformat() if hop.respond_by else "",
        ]
