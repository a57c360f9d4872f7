"""Mitigations as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class MitigationsConfig(AppConfig):
    """What providers did about the source of calls."""

    name = "hopback.portal.mitigations"
    label = "mitigations"

    def ready(self) -> None:
        """Put the tables under the audit log, and what was done on the page of its traceback."""
        from hopback.portal.mitigations.covering import register  # noqa: PLC0415 -- models exist only now

        register()
        from hopback.portal.mitigations.panels import actions_panel  # noqa: PLC0415
        from hopback.portal.tracebacks import panels  # noqa: PLC0415

        panels.register("actions", actions_panel)
