"""The messages as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """What was said by mail and webhook, exactly, and whether it arrived."""

    name = "hopback.portal.messages"
    label = "messages"
