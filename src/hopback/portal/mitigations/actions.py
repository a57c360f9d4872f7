"""Every write about what a provider did: recorded, recorded anew, verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hopback.kernel.errors import BadInput, Conflict
from hopback.portal.audit.actions import action, entry
from hopback.portal.audit.actors import Role
from hopback.portal.mitigations.access import earlier_requests, may_record, may_verify
from hopback.portal.mitigations.covering import action_form, verification_form
from hopback.portal.mitigations.models import Action, ActionKind, Target, Verification

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor
    from hopback.portal.tracebacks.models import Hop

__all__ = ["ActionDraft", "record_action", "verify_action"]


@dataclass(frozen=True, slots=True)
class ActionDraft:
    """What somebody says was done. ``what`` names the target, ``until`` is None for good."""

    kind: ActionKind
    target: Target
    what: str
    effective_at: datetime
    reason: str
    scope: str = ""
    until: datetime | None = None
    evidence: str = ""
    is_public: bool = True

    def check(self, *, at: datetime) -> None:
        """Raise :class:`BadInput` naming the first field that cannot be."""
        if not self.what.strip():
            raise BadInput("say against whom or what it was done", where="what")
        if not self.reason.strip():
            raise BadInput("say why it was done, or why nothing was", where="reason")
        if self.effective_at > at and self.kind is ActionKind.NONE:
            raise BadInput("nothing is not done in future", where="effective_at")
        if self.until is not None and self.until <= self.effective_at:
            raise BadInput("it ends before it begins", where="until")


@action("action.recorded", may=may_record)
def record_action(
    actor: Actor,
    hop: Hop,
    draft: ActionDraft,
    *,
    at: datetime,
    replaces: Action | None = None,
    authenticated: bool = True,
) -> Action:
    """Take down what a provider did about the source of a call.

    The same said again for the same request counts once. ``replaces`` takes the place of an action that was
    recorded wrongly; raises :class:`Conflict` if that was replaced already.
    """
    draft.check(at=at)
    hop.refresh_from_db(fields=["customer", "upstream"])
    if replaces is not None and (replaces.hop_id != hop.pk or Action.objects.filter(replaces=replaces).exists()):
        raise Conflict("this action was recorded anew meanwhile", mend="look at it as it stands now")
    values = {
        "target": draft.target.value,
        "what": draft.what.strip()[:300],
        "kind": draft.kind.value,
        "scope": draft.scope.strip()[:300],
        "effective_at": draft.effective_at,
        "until": draft.until,
        "reason": draft.reason.strip(),
        "evidence": draft.evidence.strip(),
    }
    known = Action.objects.filter(hop=hop, replaced_by__isnull=True, **values).first()
    if known is not None:
        return known
    row = Action(
        leaf=entry().uid,
        hop=hop,
        provider_id=hop.provider_id,
        customer=(hop.customer or draft.what.strip()[:300]) if draft.target is Target.CUSTOMER else "",
        upstream=hop.upstream if draft.target in (Target.UPSTREAM, Target.TRUNK, Target.ROUTE) else "",
        recurrence=earlier_requests(hop),
        is_public=draft.is_public,
        on_behalf=actor.role is not Role.PROVIDER,
        authenticated=authenticated,
        recorded_by=actor.name,
        recorded_at=at,
        replaces=replaces,
        **values,
    )
    row.save()
    entry().about(hop.audit_name)
    entry().facts = {"action": row.pk, "kind": row.kind, "replaces": replaces.pk if replaces else None}
    entry().wrote(Action._meta.label_lower, [action_form(row)])  # noqa: SLF001 -- Django documents it
    return row


@action("action.verified", may=may_verify)
def verify_action(actor: Actor, row: Action, *, how: str, at: datetime) -> Verification:
    """Say that proof of an action was seen, and which. Once is enough."""
    if not how.strip():
        raise BadInput("say what you have seen", where="how")
    if Action.objects.filter(replaces=row).exists():
        raise Conflict("this action was recorded anew meanwhile", mend="look at it as it stands now")
    known = Verification.objects.filter(action=row).first()
    if known is not None:
        raise Conflict("somebody has verified it already", mend="nothing more is to be done")
    made = Verification(action=row, leaf=entry().uid, by=actor.name, at=at, how=how.strip())
    made.save()
    entry().facts = {"action": row.pk}
    entry().wrote(Verification._meta.label_lower, [verification_form(made)])  # noqa: SLF001
    return made
