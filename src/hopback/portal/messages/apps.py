"""Messages as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """Mail out and in, and signed webhooks."""

    name = "hopback.portal.messages"
    label = "messages"

    def ready(self) -> None:
        """Put the tables under the audit log."""
        from hopback.portal.messages.covering import register  # noqa: PLC0415 -- models exist only now

        register()
