"""Who read what is personal: written down once for each access session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from hopback.portal.accounts.models import AccessSession, Reading
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import READERS

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["note_read"]


def note_read(actor: Actor, subject: str, *, at: datetime) -> None:
    """Record that somebody of the consortium reads what is personal about ``subject`` (``traceback:T1``).

    Under an access session it is recorded once for each subject; of a program, which has none, once a day.
    What others read of their own is recorded where it is disclosed, not here.
    """
    if actor.role not in READERS:
        return
    access = _access_of(actor, at=at)
    known = Reading.objects.filter(subject=subject)
    known = known.filter(access=access) if access else known.filter(access=None, actor=actor.name, day=at.date())
    if known.exists():
        return
    try:
        _note(actor, subject, access=access, at=at)
    except IntegrityError:
        return  # the same person, in another window, at the same moment


def _access_of(actor: Actor, *, at: datetime) -> AccessSession | None:
    kind, _, number = actor.name.partition(":")
    if kind != "user" or not number.isdigit():
        return None
    return AccessSession.objects.filter(user=int(number), begun_at__lte=at, ends_at__gt=at).order_by("-ends_at").first()


def _may_read(_actor: Actor, _subject: str, /) -> None:
    """Whether one may was asked where it is shown."""


@action("personal.read", may=_may_read)
def _note(actor: Actor, subject: str, *, access: AccessSession | None, at: datetime) -> None:
    entry().about(subject)
    entry().facts = {"under": access.audit_name} if access else {}
    with transaction.atomic():
        Reading.objects.create(access=access, actor=actor.name, subject=subject[:200], day=at.date(), at=at)
