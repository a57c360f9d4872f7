"""What the audit log answers for here: every edition with its files, and every receipt."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from hopback.portal.audit import covering
from hopback.portal.library.models import Edition, EditionFile, Receipt

__all__ = ["edition_form", "file_form", "receipt_form", "register"]


def register() -> None:
    """Put the tables under the log."""
    covering.cover(Edition, form=edition_form)
    covering.cover(EditionFile, form=file_form)
    covering.cover(Receipt, form=receipt_form)


def edition_form(row: Edition) -> dict[str, Any]:
    """An edition in plain JSON."""
    return {
        "item": row.item_id,
        "number": row.number,
        "title": row.title,
        "body": row.body,
        "note": row.note,
        "is_small": row.is_small,
        "by": row.by,
        "at": row.at.astimezone(UTC).isoformat(),
    }


def file_form(row: EditionFile) -> dict[str, Any]:
    """A file of an edition in plain JSON; its bytes are named by their digest."""
    return {
        "edition": row.edition_id,
        "number": row.number,
        "name": row.name,
        "sha256": row.file_id,
        "size": row.size,
    }


def receipt_form(row: Receipt) -> dict[str, Any]:
    """A receipt in plain JSON."""
    return {
        "item": row.item_id,
        "edition": row.edition,
        "reader": row.reader,
        "organisation": row.organisation,
        "at": row.at.astimezone(UTC).isoformat(),
    }
