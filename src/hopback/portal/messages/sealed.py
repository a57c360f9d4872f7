"""Secrets that must be read again, encrypted in the database: a copy of it alone gives none of them away."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from secrets import token_bytes
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from hopback.kernel.errors import BrokenProof

__all__ = ["new_webhook_secret", "open_sealed", "seal"]

PURPOSE: Final = "webhook.secrets"


def new_webhook_secret() -> str:
    """A fresh signing secret, as Standard Webhooks writes it: ``whsec_`` and 256 bits in base64."""
    return f"whsec_{b64encode(token_bytes(32)).decode()}"


def seal(secret: str) -> str:
    """Encrypt a secret under the key in use."""
    return _keys().encrypt(secret.encode()).decode()


def open_sealed(sealed: str) -> str:
    """The secret; raises :class:`BrokenProof` where it was encrypted under a key that is gone."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise BrokenProof(
            "a webhook secret was encrypted under another key",
            mend="give HOPBACK_OLD_SECRET_KEY, or replace the endpoint's secret",
        ) from None


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in settings.CONFIGURATION.keys(PURPOSE)])
