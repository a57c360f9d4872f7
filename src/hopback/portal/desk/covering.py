"""What the audit log answers for here: what was said about a request, and which files were handed in."""

from __future__ import annotations

from typing import Any

from hopback.portal.audit import covering
from hopback.portal.desk.models import Attachment, Line

__all__ = ["attachment_form", "line_form", "register"]


def register() -> None:
    """Put the tables under the log."""
    covering.cover(Line, form=line_form)
    covering.cover(Attachment, form=attachment_form)


def line_form(row: Line) -> dict[str, Any]:
    """What the log answers for of a line."""
    return {"hop": row.hop_id, "side": row.side, "author": row.author, "at": row.at.isoformat(), "text": row.text}


def attachment_form(row: Attachment) -> dict[str, Any]:
    """What the log answers for of a file: its digest stands for its bytes."""
    return {
        "hop": row.hop_id,
        "sha256": row.sha256,
        "name": row.name,
        "kind": row.kind,
        "size": row.size,
        "added_by": row.added_by,
        "added_at": row.added_at.isoformat(),
    }
