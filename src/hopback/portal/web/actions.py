"""Every write of the consortium's own work: filters kept, lists taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.kernel.errors import BadInput
from hopback.portal.audit.actions import action, entry
from hopback.portal.web.access import may_keep_filters, may_read, person_of
from hopback.portal.web.models import SavedFilter

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["keep_filter", "note_export", "remove_filter", "share_filter"]


@action("filter.kept", may=may_keep_filters)
def keep_filter(actor: Actor, name: str, *, at: datetime, query: str, is_shared: bool = False) -> SavedFilter:
    """Keep a filter under a name; one of the same name is replaced. Raises :class:`BadInput` without a name."""
    person = person_of(actor)
    if not name.strip() or person is None:
        raise BadInput("a filter has a name", where="name", mend="say what it shows, for example: late abroad")
    row, _ = SavedFilter.objects.update_or_create(
        owner=person, name=name.strip()[:80], defaults={"query": query, "is_shared": is_shared, "kept_at": at}
    )
    entry().about(row.audit_name)
    entry().facts = {"query": query, "shared": is_shared}
    return row


@action("filter.shared", may=may_keep_filters)
def share_filter(_actor: Actor, row: SavedFilter, *, at: datetime, is_shared: bool) -> None:
    """Let everybody of the consortium use a filter, or only oneself again."""
    SavedFilter.objects.filter(pk=row.pk).update(is_shared=is_shared, kept_at=at)
    entry().facts = {"shared": is_shared}


@action("filter.removed", may=may_keep_filters)
def remove_filter(_actor: Actor, row: SavedFilter, *, at: datetime) -> None:  # noqa: ARG001 -- the entry's time
    """Keep a filter no longer."""
    SavedFilter.objects.filter(pk=row.pk).delete()
    entry().facts = {"query": row.query}


@action("tracebacks.exported", may=may_read)
def note_export(_actor: Actor, query: str, *, at: datetime) -> None:  # noqa: ARG001 -- the entry's time
    """Note that a list of tracebacks is taken out of the portal, and which."""
    entry().about("tracebacks")
    entry().facts = {"filter": query}
