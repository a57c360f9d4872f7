"""The accounts as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who comes in: people, organisations, keys."""

    name = "hopback.portal.accounts"
    label = "accounts"
