"""What is owed to those who search: the words of what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopback.portal.jobs.owing import INDEX
from hopback.portal.jobs.working import handles
from hopback.portal.web.indexing import index

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["take_down_words"]


@handles(INDEX)
def take_down_words(payload: dict[str, Any], /, *, at: datetime) -> None:  # noqa: ARG001 -- words have no time
    """Take down the words of one thing."""
    index(payload["kind"], [payload["key"]])
