"""The directory as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """Providers, their contacts and their keys."""

    name = "hopback.portal.directory"
    label = "directory"
