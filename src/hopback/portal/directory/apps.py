"""The directory as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """Providers and what is claimed of them, their contacts, numbers, the public registry."""

    name = "hopback.portal.directory"
    label = "directory"

    def ready(self) -> None:
        """Put the tables under the audit log."""
        from hopback.portal.directory.covering import register  # noqa: PLC0415 -- models exist only now

        register()
