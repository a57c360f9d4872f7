"""What the library owes later: a letter to each of the people something was published for, some at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.template.loader import render_to_string

from hopback.kernel.errors import NotFound
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.jobs.working import handles
from hopback.portal.library.access import address_of, item_of, members_in
from hopback.portal.library.actions import NOTIFY
from hopback.portal.library.models import ItemState
from hopback.portal.messages.actions import send
from hopback.portal.messages.writing import Letter

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["notify"]

AT_ONCE: Final = 100


@handles(NOTIFY)
def notify(payload: dict[str, Any], /, *, at: datetime) -> None:
    """Write to the next hundred people; none once the item is withdrawn or has a newer edition. One letter a person."""
    uid, edition, after = payload["item"], payload["edition"], payload.get("after", 0)
    try:
        item = item_of(SYSTEM, uid)
    except NotFound:
        return
    if item.state != ItemState.PUBLISHED or item.edition != edition:
        return
    url = settings.CONFIGURATION.address.rstrip("/") + address_of(SYSTEM, uid)
    rows = list(members_in(SYSTEM, item, after=after, at=at)[:AT_ONCE])
    for row in rows:
        # the text itself stays behind the gate
        text = render_to_string("library/notice.txt", {"item": item, "name": row.user.name, "url": url})
        letter = Letter(
            kind="library.notice",
            mailbox=row.user.email,
            subject=f"{item.get_kind_display().capitalize()}: {item.title}"[:200],
            text=text,
            about=f"library:{uid}",
            organisation=row.organisation_id,
            key=f"library:{uid}:{edition}:{row.user.audit_name}",
        )
        send(SYSTEM, letter, at=at)
    if len(rows) == AT_ONCE:
        owe([Owed(NOTIFY, f"library:{uid}:{edition}:after:{rows[-1].pk}", at, payload | {"after": rows[-1].pk})])
