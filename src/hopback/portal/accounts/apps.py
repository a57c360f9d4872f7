"""The accounts as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who comes in: people, organisations, keys."""

    name = "hopback.portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Take down what allauth tells of sign-ins."""
        from hopback.portal.accounts.signins import listen  # noqa: PLC0415 -- models can be imported only now

        listen()
