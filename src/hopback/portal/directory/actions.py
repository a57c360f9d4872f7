"""Every write to the directory."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import NotFound
from hopback.portal.audit.actions import action, entry
from hopback.portal.directory.access import may_change
from hopback.portal.directory.models import ApiKey, Provider

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from hopback.portal.audit.actors import Actor
    from hopback.portal.directory.sheets import ProviderSheet

__all__ = ["KEY_MARK", "PREFIX_SIZE", "import_providers", "issue_key", "key_digest", "revoke_key"]

KEY_MARK: Final = "hb_"
PREFIX_SIZE: Final = 11


@action("directory.imported", may=may_change)
def import_providers(_actor: Actor, sheet: ProviderSheet, *, at: datetime) -> int:  # noqa: ARG001 -- recorded by the decorator
    """Take over a sheet: new providers are added, known ones brought up to date. Returns how many are in it."""
    entry().about("directory")
    entry().facts = {"providers": len(sheet.providers), "sha256": sheet.sha256}
    fields = ["legal_name", "country", "frn", "ocn", "time_zone", "answers"]
    Provider.objects.bulk_create(
        sheet.providers, update_conflicts=True, unique_fields=["id"], update_fields=fields, batch_size=500
    )
    return len(sheet.providers)


@action("key.issued", may=may_change)
def issue_key(
    _actor: Actor, provider: Provider, *, at: datetime, lasts: timedelta, scopes: tuple[str, ...] = ("hops",)
) -> str:
    """Issue a key to a provider's program. The text returned is shown once and kept nowhere."""
    prefix = KEY_MARK + secrets.token_hex(4)
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    ApiKey.objects.create(
        prefix=prefix,
        digest=key_digest(secret),
        provider=provider,
        scopes=list(scopes),
        created_at=at,
        expires_at=at + lasts,
    )
    entry().about(provider.audit_name)
    entry().facts = {"prefix": prefix, "scopes": list(scopes), "expires_at": (at + lasts).isoformat()}
    return secret


@action("key.revoked", may=may_change)
def revoke_key(_actor: Actor, prefix: str, *, at: datetime) -> None:
    """Let a key in no longer."""
    entry().about(f"key:{prefix}")
    if not ApiKey.objects.filter(prefix=prefix, revoked_at__isnull=True).update(revoked_at=at):
        raise NotFound(f"no key {prefix} that is still good")


def key_digest(secret: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(secret.encode()).hexdigest()
