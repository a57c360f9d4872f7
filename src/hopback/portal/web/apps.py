"""The web as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The shell around every page, the homes and the worklists."""

    name = "hopback.portal.web"
    label = "web"
