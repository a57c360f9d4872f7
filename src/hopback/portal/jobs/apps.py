"""The job rows as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """Finds every app's ``jobs`` module, in which its handlers register themselves."""

    name = "hopback.portal.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Register the handlers."""
        autodiscover_modules("jobs")
