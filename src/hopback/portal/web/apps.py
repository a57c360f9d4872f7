"""The web as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The shell around every page, the homes and the worklists."""

    name = "hopback.portal.web"
    label = "web"

    def ready(self) -> None:
        """Put what providers are found, and what they reply, under the audit log."""
        from hopback.portal.web.covering import register  # noqa: PLC0415 -- models exist only now

        register()
