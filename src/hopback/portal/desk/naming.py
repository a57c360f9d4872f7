"""Once a person has found out which provider a name meant, the answer that named it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.kernel.errors import Refused
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.desk.upstreams import provisional_id
from hopback.portal.tracebacks.actions import name_upstream
from hopback.portal.tracebacks.models import Hop

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.directory.models import ProvisionalProvider

__all__ = ["note_who_is_meant"]


def note_who_is_meant(row: ProvisionalProvider, /, *, at: datetime) -> None:
    """Let the answer stand that named a provider nobody knew, now that somebody has said who it is.

    Nothing follows where the answer has changed meanwhile or was given without sign-in: a person judges it then.
    """
    if row.provider is None or not row.about:
        return
    hop = Hop.objects.filter(request_id=row.about, upstream=provisional_id(row.pk)).first()
    if hop is None or not _is_signed(hop):
        return
    try:
        name_upstream(Actor(row.decided_by, Role.ANALYST), hop, row.provider, at=at, reason=row.reason)
    except Refused:
        return  # the traceback ended or went another way: the directory's decision stands all the same


def _is_signed(hop: Hop) -> bool:
    latest = hop.responses.order_by("-version").first()
    return latest is not None and not latest.submitted_by.startswith("link:")
