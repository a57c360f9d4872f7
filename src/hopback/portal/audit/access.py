"""Who may see what of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count

from hopback.portal.audit.actors import READERS
from hopback.portal.audit.models import Leaf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["deeds_since"]


def deeds_since(actor: Actor, since: datetime, *, names: Sequence[str], by: Sequence[str]) -> dict[str, int]:
    """How many of some actions each of some people did since an instant, for whoever sees what the consortium sees."""
    if actor.role not in READERS:
        return {}
    leaves = (
        Leaf.objects.filter(actor__in=by, at__gte=since, is_refusal=False, action__in=names).values("actor").order_by()
    )
    return {row["actor"]: row["count"] for row in leaves.annotate(count=Count("pk"))}
