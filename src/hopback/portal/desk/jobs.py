"""What the desk owes later: a mail to whoever answers for a provider, with a link to the one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopback.portal.jobs.working import handles
from hopback.portal.tracebacks.docket import TOLD

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["tell_a_provider"]


@handles(TOLD)
def tell_a_provider(payload: dict[str, Any], /, *, at: datetime) -> None:
    """Write to the provider's contact."""
