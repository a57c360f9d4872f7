"""Let an organisation's program in by its key."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ninja.security import HttpBearer

from hopback.kernel.errors import Refused
from hopback.portal.accounts.models import ApiKey, Kind
from hopback.portal.audit.actions import record_refusal
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.clock import now

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

__all__ = ["KEY_MARK", "PREFIX_SIZE", "SCOPES", "Key", "key_digest", "let_in"]

KEY_MARK: Final = "hb_"
PREFIX_SIZE: Final = 11

SCOPES: Final = {
    Kind.CONSORTIUM: (
        "tracebacks:read",
        "tracebacks:write",
        "intake:read",
        "intake:write",
        "directory:read",
        "directory:write",
        "campaigns:read",
        "campaigns:write",
        "messages:read",
    ),
    Kind.PROVIDER: ("hops", "webhooks", "intake:write", "messages:read"),
    Kind.AGENCY: ("referrals:read", "referrals:write", "intake:write", "messages:read"),
    Kind.SOURCE: ("intake:read", "intake:write", "messages:read"),
}
"""What a key of each kind of organisation may be made for."""

USE_NOTED_EVERY: Final = timedelta(minutes=1)
"""The last use is written down at most this often, so that asking often does not mean writing often."""

ROLES: Final = {
    Kind.CONSORTIUM: Role.ANALYST,
    Kind.PROVIDER: Role.PROVIDER,
    Kind.AGENCY: Role.AGENCY,
    Kind.SOURCE: Role.SOURCE,
}


def key_digest(secret: str) -> str:
    """What is kept of a key: the SHA-256 of its text, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def let_in(secret: str, *, scope: str, at: datetime) -> Actor | None:
    """The actor a key stands for; None for a key that is unknown, expired or revoked.

    Raises :class:`Refused`, which is recorded, when the key is good but not for this scope.
    """
    if not secret.startswith(KEY_MARK):
        return None
    key = ApiKey.objects.select_related("organisation").filter(prefix=secret[:PREFIX_SIZE]).first()
    # an unknown prefix is compared as well: the time taken says nothing
    if not hmac.compare_digest(key_digest(secret), key.digest if key else "0" * 64) or key is None:
        return None
    if key.revoked_at is not None or not key.created_at <= at < key.expires_at:
        return None
    kind = Kind(key.organisation.kind)
    actor = Actor(
        f"key:{key.prefix}",
        ROLES[kind],
        provider=key.organisation_id if kind is Kind.PROVIDER else None,
        organisation=key.organisation_id,
        scopes=frozenset(key.scopes),
        jurisdictions=frozenset({key.organisation.jurisdiction}),
    )
    if scope not in key.scopes:
        refused = Refused(f"the key {key.prefix} is not for {scope}", mend="ask the consortium for one that is")
        record_refusal(actor, "key.used", f"scope:{scope}", refused, at=at)
        raise refused
    if key.last_used_at is None or at - key.last_used_at >= USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)
    return actor


class Key(HttpBearer):
    """``Authorization: Bearer hb_…``: a key in force, for one scope. ``request.auth`` is then the actor."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:  # noqa: ARG002 -- django-ninja's signature
        """The program behind the key, None if the key lets nobody in."""
        return let_in(token, scope=self.scope, at=now())
