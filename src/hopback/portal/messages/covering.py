"""What the audit log answers for here: every message with its exact bytes, what became of it, what was announced."""

from __future__ import annotations

import hashlib
from datetime import UTC
from typing import Any

from hopback.portal.audit import covering
from hopback.portal.messages.models import Announced, Attachment, Delivery, Message

__all__ = ["announced_form", "attachment_form", "delivery_form", "message_form", "register"]


def register() -> None:
    """Put the tables under the log."""
    covering.cover(Message, form=message_form)
    covering.cover(Attachment, form=attachment_form)
    covering.cover(Delivery, form=delivery_form)
    covering.cover(Announced, form=announced_form)


def message_form(row: Message) -> dict[str, Any]:
    """A message in plain JSON: its bytes by a digest taken anew, not the one kept beside them."""
    return {
        "uid": row.uid,
        "direction": row.direction,
        "kind": row.kind,
        "nature": row.nature,
        "about": row.about,
        "organisation": row.organisation,
        "sender": row.sender,
        "mailbox": row.mailbox,
        "subject": row.subject,
        "text": row.text,
        "message_id": row.message_id,
        "raw": hashlib.sha256(_bytes(row.raw)).hexdigest(),
        "sha256": row.sha256,
        "is_confidential": row.is_confidential,
        "answers": row.answers_id,
        "via": row.via,
        "at": row.at.astimezone(UTC).isoformat(),
    }


def attachment_form(row: Attachment) -> dict[str, Any]:
    """An attachment in plain JSON."""
    return {
        "message": row.message_id,
        "part": row.part,
        "name": row.name,
        "media_type": row.media_type,
        "size": row.size,
        "sha256": row.sha256,
    }


def delivery_form(row: Delivery) -> dict[str, Any]:
    """A delivery in plain JSON."""
    return {
        "message": row.message_id,
        "outcome": row.outcome,
        "server": row.server,
        "status": row.status,
        "proof": row.proof,
        "report": row.report_id,
        "duration_ms": row.duration_ms,
        "at": row.at.astimezone(UTC).isoformat(),
    }


def announced_form(row: Announced) -> dict[str, Any]:
    """An announcement in plain JSON."""
    return {
        "uid": row.uid,
        "organisation": row.organisation,
        "type": row.type,
        "key": row.key,
        "body": row.body,
        "at": row.at.astimezone(UTC).isoformat(),
    }


def _bytes(value: Any) -> bytes:
    """A column's bytes; SQLite gives text for what somebody changed into text: it is found, not stumbled over."""
    return value.encode() if isinstance(value, str) else bytes(value)
