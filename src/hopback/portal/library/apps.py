"""The library as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class LibraryConfig(AppConfig):
    """Announcements and documents, and who has read them."""

    name = "hopback.portal.library"
    label = "library"

    def ready(self) -> None:
        """Put the tables under the audit log, and say where an item is shown."""
        from hopback.portal.library import access, covering  # noqa: PLC0415 -- models exist only now
        from hopback.portal.messages.channels import leads_to  # noqa: PLC0415

        covering.register()
        leads_to("library", access.address_of)
