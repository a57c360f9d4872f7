"""Where providers are reached, and what became of the mail that went there."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django.template.loader import render_to_string

from hopback.kernel.errors import BadInput, Conflict, NotFound
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.directory.access import may_keep_contacts, may_tend
from hopback.portal.directory.models import Contact, Duty, Provider, Source
from hopback.portal.messages.actions import send
from hopback.portal.messages.writing import Letter

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime, time
    from typing import Any

    from hopback.portal.audit.actors import Actor

__all__ = [
    "CHECK",
    "TOKEN_LASTS",
    "ContactDraft",
    "add_contact",
    "ask_to_verify",
    "change_contact",
    "end_contact",
    "note_bounce",
    "note_delivery",
    "verify_contact",
]

TOKEN_LASTS: Final = timedelta(days=7)

CHECK: Final = "contact.check"
"""The kind of letter that asks whether a mailbox is read."""

_DAYS: Final = re.compile(r"(?!.*(.).*\1)[1-7]{1,7}")
_PHONE: Final = re.compile(r"[+0-9 ().x-]{3,40}")


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """A contact as somebody wants it."""

    duty: str
    name: str = ""
    mailbox: str = ""
    phone: str = ""
    zone: str = ""
    opens: time | None = None
    closes: time | None = None
    days: str = "12345"
    source: str = Source.ANALYST
    active_from: date | None = None
    active_to: date | None = None

    def values(self) -> dict[str, Any]:
        """The columns; raises :class:`BadInput` naming the field that will not do."""
        mailbox, phone, zone = self.mailbox.strip(), self.phone.strip(), self.zone.strip()
        days = "".join(sorted(self.days.strip()))
        self._check_reach(mailbox, phone)
        self._check_office(zone, days)
        return {
            "duty": self.duty,
            "name": self.name.strip()[:200],
            "mailbox": mailbox,
            "phone": phone,
            "zone": zone,
            "opens": self.opens,
            "closes": self.closes,
            "days": days,
            "source": self.source,
            "active_from": self.active_from,
            "active_to": self.active_to,
        }

    def _check_reach(self, mailbox: str, phone: str) -> None:
        if self.duty not in Duty.values:
            raise BadInput(f"{self.duty!r} is no duty", where="duty")
        if not mailbox and not phone:
            raise BadInput("neither mailbox nor phone", where="mailbox", mend="give one of them")
        if mailbox:
            try:
                validate_email(mailbox)
            except ValidationError:
                raise BadInput(f"{mailbox!r} is no mailbox", where="mailbox") from None
        if phone and not _PHONE.fullmatch(phone):
            raise BadInput(f"{phone!r} is no phone number", where="phone")

    def _check_office(self, zone: str, days: str) -> None:
        if zone:
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise BadInput(f"{zone!r} is no IANA time zone", where="zone", mend="like America/Chicago") from None
        if (self.opens is None) != (self.closes is None):
            raise BadInput("opening and closing time go together", where="closes")
        if self.opens and self.closes and self.closes <= self.opens:
            raise BadInput("closes before it opens", where="closes")
        if days and not _DAYS.fullmatch(days):
            raise BadInput("days are digits from 1, Monday, to 7", where="days")
        if self.active_from and self.active_to and self.active_to < self.active_from:
            raise BadInput("ends before it begins", where="active_to")


@action("contact.added", may=may_keep_contacts)
def add_contact(_actor: Actor, provider: Provider, draft: ContactDraft, *, at: datetime) -> Contact:  # noqa: ARG001 -- recorded by the decorator
    """Add a contact. Raises :class:`Conflict` where the same one stands for this duty."""
    values = draft.values()
    entry().about(provider.audit_name)
    entry().facts = {"duty": draft.duty}
    try:
        with transaction.atomic():
            return Contact.objects.create(provider=provider, **values)
    except IntegrityError:
        raise Conflict("this contact stands for this duty already", where="mailbox") from None


@action("contact.changed", may=may_keep_contacts)
def change_contact(_actor: Actor, contact: Contact, draft: ContactDraft, *, seen: int, at: datetime) -> Contact:  # noqa: ARG001 -- recorded by the decorator
    """Change a contact. Another mailbox starts without bounces, and unverified.

    ``seen`` is the version that was looked at; raises :class:`Conflict` if it has changed since.
    """
    values = draft.values()
    entry().about(f"provider:{contact.provider_id}")
    entry().facts = {"contact": contact.pk, "duty": draft.duty}
    if values["mailbox"] != contact.mailbox:
        values |= {"bounces": 0, "last_bounce_at": None, "last_bounce": "", "verified_at": None, "token_digest": ""}
    try:
        with transaction.atomic():
            standing = Contact.objects.filter(pk=contact.pk, version=seen)
            if not standing.update(**values, version=F("version") + 1):
                raise Conflict("the contact was changed meanwhile", mend="look at it as it is now")
    except IntegrityError:
        raise Conflict("this contact stands for this duty already", where="mailbox") from None
    return Contact.objects.get(pk=contact.pk)


@action("contact.ended", may=may_keep_contacts)
def end_contact(_actor: Actor, contact: Contact, *, on: date, at: datetime) -> None:  # noqa: ARG001 -- recorded by the decorator
    """Reach a provider here until ``on`` and no longer. The contact stays on record."""
    entry().about(f"provider:{contact.provider_id}")
    entry().facts = {"contact": contact.pk, "until": on.isoformat()}
    begun = contact.active_from
    until = max(on, begun) if begun else on
    if not Contact.objects.filter(pk=contact.pk, active_to__isnull=True).update(
        active_to=until, version=F("version") + 1
    ):
        raise Conflict("the contact has ended already")


@action("contact.bounced", may=may_tend)
def note_bounce(_actor: Actor, mailbox: str, *, why: str, at: datetime) -> int:
    """Note that a mail to a mailbox came back; returns how many contacts it concerns."""
    entry().about(f"mailbox:{_digest(mailbox.casefold())[:16]}")
    rows = Contact.objects.filter(mailbox__iexact=mailbox, active_to__isnull=True)
    count = rows.update(bounces=F("bounces") + 1, last_bounce_at=at, last_bounce=why[:300])
    entry().facts = {"contacts": count}
    return count


@action("contact.reached", may=may_tend)
def note_delivery(_actor: Actor, mailbox: str, *, at: datetime) -> int:  # noqa: ARG001 -- recorded by the decorator
    """Note that a mailbox takes mail again: its bounces are counted anew. The last one stays on record."""
    entry().about(f"mailbox:{_digest(mailbox.casefold())[:16]}")
    return Contact.objects.filter(mailbox__iexact=mailbox, bounces__gt=0).update(bounces=0)


@action("contact.asked_to_verify", may=may_keep_contacts)
def ask_to_verify(_actor: Actor, contact: Contact, *, link: Callable[[str], str], at: datetime) -> None:
    """Send a mailbox a link whose use shows that it is read. The token in it is kept as a digest, for a week.

    ``link`` makes the address of the page for a token.
    """
    entry().about(f"provider:{contact.provider_id}")
    entry().facts = {"contact": contact.pk}
    if not contact.mailbox:
        raise BadInput("there is no mailbox to ask", where="mailbox")
    token = secrets.token_urlsafe(32)
    Contact.objects.filter(pk=contact.pk).update(token_digest=_digest(token), asked_at=at)
    text = render_to_string(
        "directory/mail/verify.txt", {"contact": contact, "link": link(token), "days": TOKEN_LASTS.days}
    )
    letter = Letter(
        kind=CHECK,
        mailbox=contact.mailbox,
        subject="Is this mailbox read?",
        text=text,
        about=contact.audit_name,
        organisation=contact.provider_id,
        is_confidential=True,
    )
    send(SYSTEM, letter, at=at)


@action("contact.verified", may=lambda _actor, _token: None)
def verify_contact(_actor: Actor, token: str, *, at: datetime) -> Contact:
    """Take the token back. Raises :class:`NotFound` for one that is not, or no longer, good."""
    entry().about("contact")  # never the token itself
    contact = Contact.objects.filter(token_digest=_digest(token), asked_at__gt=at - TOKEN_LASTS).first()
    if contact is None:
        raise NotFound("this link is not good, or no longer", mend="ask for a new one")
    entry().about(contact.audit_name)
    Contact.objects.filter(pk=contact.pk).update(verified_at=at, token_digest="", bounces=0)
    contact.refresh_from_db()
    return contact


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
