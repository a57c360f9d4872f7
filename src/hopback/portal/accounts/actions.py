"""Every write to people, organisations and keys."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from hopback.kernel.errors import BadInput, NotFound
from hopback.portal.accounts.access import may_begin_access, may_keep_keys
from hopback.portal.accounts.keys import KEY_MARK, SCOPES, key_digest
from hopback.portal.accounts.models import AccessSession, ApiKey, Kind, Organisation, User
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import PURPOSE

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from hopback.portal.audit.actors import Actor

__all__ = ["begin_access", "issue_key", "revoke_key"]


@action("key.issued", may=may_keep_keys)
def issue_key(
    actor: Actor,
    organisation: Organisation,
    *,
    at: datetime,
    lasts: timedelta,
    scopes: tuple[str, ...] = ("hops",),
    label: str = "",
) -> str:
    """Issue a key to an organisation's program. The text returned is shown once and kept nowhere."""
    if strange := set(scopes) - set(SCOPES[Kind(organisation.kind)]):
        raise BadInput(f"no key of {organisation} is for {min(strange)}", where="scopes")
    prefix = KEY_MARK + secrets.token_hex(4)
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    ApiKey.objects.create(
        organisation=organisation,
        label=label,
        prefix=prefix,
        digest=key_digest(secret),
        scopes=list(scopes),
        created_by=actor.name,
        created_at=at,
        expires_at=at + lasts,
    )
    entry().about(organisation.audit_name)
    entry().facts = {"key": prefix, "scopes": list(scopes), "until": (at + lasts).isoformat()}
    return secret


@action("key.revoked", may=may_keep_keys)
def revoke_key(_actor: Actor, prefix: str, *, at: datetime) -> None:
    """Let a key in no longer. Raises :class:`NotFound` where there is none that is still good."""
    entry().about(f"key:{prefix}")
    if not ApiKey.objects.filter(prefix=prefix, revoked_at__isnull=True).update(revoked_at=at):
        raise NotFound(f"no key {prefix} that is still good")


@action("access.begun", may=may_begin_access)
def begin_access(_actor: Actor, user: User, *, at: datetime, reason: str, lasts: timedelta) -> AccessSession:
    """Say why one looks at what is personal; what is read until it ends is read for that reason."""
    if not reason.strip():
        raise BadInput("no reason", where="reason", mend="say what this is for, for example a traceback or a demand")
    session = AccessSession.objects.create(user=user, reason=reason.strip(), begun_at=at, ends_at=at + lasts)
    entry().about(user.audit_name)
    entry().facts = {"reason": reason.strip(), "until": (at + lasts).isoformat(), "under": PURPOSE}
    return session
