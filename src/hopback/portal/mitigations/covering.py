"""What the audit log answers for here: every action recorded and every one verified."""

from __future__ import annotations

from typing import Any

from hopback.portal.audit import covering
from hopback.portal.mitigations.models import Action, Verification

__all__ = ["action_form", "register", "verification_form"]


def register() -> None:
    """Put the tables under the log."""
    covering.cover(Action, form=action_form)
    covering.cover(Verification, form=verification_form)


def action_form(row: Action) -> dict[str, Any]:
    """What the log answers for of an action."""
    return {
        "hop": row.hop_id,
        "provider": row.provider_id,
        "target": row.target,
        "what": row.what,
        "customer": row.customer,
        "upstream": row.upstream,
        "kind": row.kind,
        "scope": row.scope,
        "effective_at": row.effective_at.isoformat(),
        "until": row.until.isoformat() if row.until else None,
        "reason": row.reason,
        "evidence": row.evidence,
        "recurrence": row.recurrence,
        "is_public": row.is_public,
        "on_behalf": row.on_behalf,
        "authenticated": row.authenticated,
        "recorded_by": row.recorded_by,
        "recorded_at": row.recorded_at.isoformat(),
        "replaces": row.replaces_id,
    }


def verification_form(row: Verification) -> dict[str, Any]:
    """What the log answers for of a verification."""
    return {"action": row.action_id, "by": row.by, "at": row.at.isoformat(), "how": row.how}
