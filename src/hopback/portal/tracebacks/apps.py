"""Tracebacks as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class TracebacksConfig(AppConfig):
    """Tracebacks, their hops, events and responses."""

    name = "hopback.portal.tracebacks"
    label = "tracebacks"

    def ready(self) -> None:
        """Put the tables under the audit log."""
        from hopback.portal.tracebacks.covering import register  # noqa: PLC0415 -- models exist only now

        register()
