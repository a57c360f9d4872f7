"""Django's mail backend here: what a library sends, such as a password reset, is written as a letter like any other.

So it is on record, is retried, and leaves only once the transaction that wrote it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.mail.backends.base import BaseEmailBackend

from hopback.portal.audit.actors import SYSTEM
from hopback.portal.clock import now
from hopback.portal.messages.actions import send
from hopback.portal.messages.writing import Letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.mail import EmailMessage

__all__ = ["LettersBackend"]


class LettersBackend(BaseEmailBackend):
    """Writes each mail as a confidential letter of the kind ``account``: it may hold a link by which one signs in."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the letters; one for each recipient."""
        count = 0
        for mail in email_messages:
            for mailbox in mail.recipients():
                subject = " ".join(str(mail.subject).split())[:200]
                fields: dict[str, Any] = {"kind": "account", "about": "account", "is_confidential": True}
                send(SYSTEM, Letter(mailbox=mailbox, subject=subject, text=str(mail.body), **fields), at=now())
            count += 1
        return count
