"""The intake as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Candidates: proposed, vetted, declined."""

    name = "hopback.portal.intake"
    label = "intake"
