"""The desk as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The provider's desk: requests waiting on it, and answering them."""

    name = "hopback.portal.desk"
    label = "desk"
