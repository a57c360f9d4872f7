"""Let a provider's program in by its key."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import Refused
from hopback.portal.audit.actions import record_refusal
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.directory.actions import KEY_MARK, PREFIX_SIZE, key_digest
from hopback.portal.directory.models import ApiKey

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["let_in"]

USE_NOTED_EVERY: Final = timedelta(minutes=1)
"""The last use is written down at most this often, so that asking often does not mean writing often."""


def let_in(secret: str, *, scope: str, at: datetime) -> Actor | None:
    """The actor a key stands for; None for a key that is unknown, expired or revoked.

    Raises :class:`Refused`, which is recorded, when the key is good but not for this scope.
    """
    if not secret.startswith(KEY_MARK):
        return None
    key = ApiKey.objects.filter(prefix=secret[:PREFIX_SIZE]).first()
    # an unknown prefix is compared as well: the time taken says nothing
    if not hmac.compare_digest(key_digest(secret), key.digest if key else "0" * 64) or key is None:
        return None
    if key.revoked_at is not None or not key.created_at <= at < key.expires_at:
        return None
    actor = Actor(f"key:{key.prefix}", Role.PROVIDER, provider=key.provider_id)
    if scope not in key.scopes:
        refused = Refused(f"the key {key.prefix} is not for {scope}", mend="ask the consortium for one that is")
        record_refusal(actor, "key.used", f"scope:{scope}", refused, at=at)
        raise refused
    if key.last_used_at is None or at - key.last_used_at >= USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)
    return actor
