"""What the audit log answers for here."""

from __future__ import annotations

from hopback.portal.audit import covering
from hopback.portal.web.actions import reply_form, step_form
from hopback.portal.web.models import ProviderReply, StandingStep

__all__ = ["register"]


def register() -> None:
    """Put the steps of providers' standings and their replies under the log."""
    covering.cover(StandingStep, form=step_form)
    covering.cover(ProviderReply, form=reply_form)
