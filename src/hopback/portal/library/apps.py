"""The library as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class LibraryConfig(AppConfig):
    """Announcements and documents, and who has read them."""

    name = "hopback.portal.library"
    label = "library"
