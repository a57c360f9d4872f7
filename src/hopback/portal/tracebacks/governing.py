"""Every write to the consortium's policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopback.kernel.errors import BadInput, Conflict, Refused
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import Role
from hopback.portal.tracebacks.models import PolicyVersion
from hopback.portal.tracebacks.policies import Terms, policy_form, version_of

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["may_write_policy", "write_policy"]


def may_write_policy(actor: Actor, _subject: Any, /) -> None:
    """The consortium's lead analysts write its policy."""
    if actor.role is not Role.LEAD:
        raise Refused(f"{actor.name} may not write the policy", mend="ask a lead analyst")


@action("policy.written", may=may_write_policy)
def write_policy(
    actor: Actor, terms: Terms, *, at: datetime, reason: str, since: datetime | None = None, jurisdiction: str = "us"
) -> PolicyVersion:
    """Write a version of the policy, for what is proposed from ``since`` on (by default from now).

    What is under way keeps the version it was proposed under. Raises :class:`BadInput` without a reason or for
    a time that has passed, and :class:`Conflict` where this very version was written before.
    """
    since = since or at
    if not reason.strip():
        raise BadInput("a policy is changed for a reason", where="reason")
    if since < at:
        raise BadInput("a policy does not reach back", where="since", mend="let it begin now or later")
    version = version_of(terms, jurisdiction=jurisdiction, since=since)
    if PolicyVersion.objects.filter(pk=version).exists():
        raise Conflict(f"policy {version} was written before")
    row = PolicyVersion(
        version=version,
        leaf=entry().uid,
        jurisdiction=jurisdiction,
        since=since,
        author=actor.name,
        reason=reason.strip(),
        body=terms.plain(),
    )
    row.save(force_insert=True)
    entry().about(row.audit_name, policy=version)
    entry().wrote(PolicyVersion._meta.label_lower, [policy_form(row)])  # noqa: SLF001 -- Django's public _meta
    return row
