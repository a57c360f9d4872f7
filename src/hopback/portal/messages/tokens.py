"""Names for messages, and the signed token by which a reply finds the message it answers.

A token is a message's uid and 60 bits of an HMAC over it, in letters that survive a mail system's folding of case:
25 characters of ``a-z2-7``. It proves that the portal wrote the message it names and nothing about who replied.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b32encode
from typing import Final

from django.conf import settings

__all__ = ["TOKEN", "UID_SIZE", "new_uid", "token_of", "uid_in"]

PURPOSE: Final = "mail.reply"
UID_SIZE: Final = 13
MAC_SIZE: Final = 12
TOKEN: Final = re.compile(rf"(?<![a-z0-9])([a-z2-7]{{{UID_SIZE + MAC_SIZE}}})(?![a-z0-9])", re.IGNORECASE)
"""What looks like a token."""


def new_uid() -> str:
    """A fresh name: 64 random bits."""
    return _letters(secrets.token_bytes(8))[:UID_SIZE]


def token_of(uid: str) -> str:
    """The signed token that names a message."""
    return uid + _mac(uid, settings.CONFIGURATION.keys(PURPOSE)[0])


def uid_in(token: str) -> str | None:
    """The uid in a token that this portal signed, also under a key it used before; None for any other text."""
    token = token.lower()
    uid, given = token[:UID_SIZE], token[UID_SIZE:]
    for key in settings.CONFIGURATION.keys(PURPOSE):
        if hmac.compare_digest(given.encode(), _mac(uid, key).encode()):
            return uid
    return None


def _mac(uid: str, key: bytes) -> str:
    return _letters(hmac.digest(key, uid.encode(), "sha256"))[:MAC_SIZE]


def _letters(data: bytes) -> str:
    return b32encode(data).decode().lower()
