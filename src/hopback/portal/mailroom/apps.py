"""The mail room as a Django app. It has no tables: those of messages are in ``messages``."""

from __future__ import annotations

from django.apps import AppConfig


class MailroomConfig(AppConfig):
    """Pages of messages and webhooks."""

    name = "hopback.portal.mailroom"
    label = "mailroom"
