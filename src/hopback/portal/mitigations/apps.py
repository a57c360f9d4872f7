"""Mitigations as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class MitigationsConfig(AppConfig):
    """What providers did about the source of calls."""

    name = "hopback.portal.mitigations"
    label = "mitigations"

    def ready(self) -> None:
        """Put the tables under the audit log."""
        from hopback.portal.mitigations.covering import register  # noqa: PLC0415 -- models exist only now

        register()
