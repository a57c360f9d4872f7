"""What people are written about their accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string

from hopback.portal.audit.actors import SYSTEM
from hopback.portal.messages.actions import send
from hopback.portal.messages.writing import Letter

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["write", "write_from"]


def write(kind: str, mailbox: str, *, subject: str, text: str, about: str = "account", at: datetime) -> None:
    """Write a letter with a secret of its reader in it; with the transaction it is called in, or not at all."""
    send(
        SYSTEM,
        Letter(kind=kind, mailbox=mailbox, subject=subject[:200], text=text, about=about, is_confidential=True),
        at=at,
    )


def write_from(template: str, mailbox: str, context: dict[str, Any], *, about: str, at: datetime) -> None:
    """Write what a template says: its first line is the subject."""
    subject, _, text = render_to_string(f"accounts/letters/{template}.txt", context).strip().partition("\n")
    write(template, mailbox, subject=" ".join(subject.split()), text=text.strip() + "\n", about=about, at=at)
