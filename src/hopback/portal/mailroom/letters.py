"""The messages on record, for programs: an organisation's own, and the consortium's all.

What a program reads in full is noted as read, as it is of a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from django.http import HttpRequest  # noqa: TC002 -- django-ninja reads the annotations
from ninja import Query, Router

from hopback.portal.accounts.keys import Key
from hopback.portal.accounts.readings import note_read
from hopback.portal.clock import now
from hopback.portal.cursors import cursor_of, following
from hopback.portal.messages.access import deliveries_of, is_shown, message_of, messages_of
from hopback.wire import messages as wire
from hopback.wire.hops import Utc  # noqa: TC001 -- django-ninja reads the annotations

if TYPE_CHECKING:
    from hopback.portal.audit.actors import Actor
    from hopback.portal.messages.models import Message

__all__ = ["router"]

router = Router(tags=["messages"], auth=Key("messages:read"))

ORDER: Final = ("at", "pk")


@router.get("/messages", response=wire.LetterList, exclude_none=True)
def list_letters(
    request: HttpRequest,
    updated_since: Utc | None = None,
    cursor: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> wire.LetterList:
    """The messages in the order they were written or came in; nothing of one changes afterwards."""
    rows = messages_of(_actor(request)).defer("raw", "text")
    if updated_since is not None:
        rows = rows.filter(at__gte=updated_since)
    found = list(following(rows, cursor, ORDER)[: limit + 1])
    after = cursor_of(found[limit - 1], ORDER) if len(found) > limit else None
    return wire.LetterList(messages=[wire.LetterSummary(**_summary(row)) for row in found[:limit]], next=after)


@router.get("/messages/{message}", response=wire.LetterInFull, exclude_none=True)
def read_letter(request: HttpRequest, message: str) -> wire.LetterInFull:
    """One message: what it says, and what became of it."""
    actor = _actor(request)
    row = message_of(actor, message)
    note_read(actor, row.audit_name, at=now())
    attempts = [
        wire.MailAttempt(outcome=one.outcome, at=one.at, server=one.server, status=one.status, proof=one.proof)
        for one in deliveries_of(actor, row)
    ]
    return wire.LetterInFull(**_summary(row), text=row.text if is_shown(row) else None, attempts=attempts)


def _summary(row: Message) -> dict[str, Any]:
    names = ("direction", "at", "kind", "about", "organisation", "sender", "mailbox", "subject", "sha256", "size")
    return {"id": row.uid, **{name: getattr(row, name) for name in names}}


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.auth)  # type: ignore[attr-defined]  # set by django-ninja
