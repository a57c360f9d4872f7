"""Every write to campaigns. Each change keeps a version of what was said."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from hopback.kernel.errors import BadInput, Conflict, Refused
from hopback.portal.audit.actions import action, entry
from hopback.portal.campaigns.access import family_of, may_keep
from hopback.portal.campaigns.models import RANKS, Campaign, CampaignVersion, Priority
from hopback.portal.campaigns.particulars import Particulars, check, particulars_of, plain
from hopback.portal.jobs.owing import owe_index

if TYPE_CHECKING:
    from datetime import datetime

    from hopback.portal.audit.actors import Actor

__all__ = ["change_campaign", "create_campaign", "merge", "unmerge", "version_form"]

ID_BYTES: Final = 8


def version_form(row: CampaignVersion) -> dict[str, Any]:
    """What the log answers for of a version."""
    return {
        "campaign": row.campaign_id,
        "number": row.number,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "why": row.why,
        "body": row.body,
    }


@action("campaign.created", may=may_keep)
def create_campaign(actor: Actor, policy: str, said: Particulars, *, at: datetime) -> Campaign:
    """Begin a campaign under a version of the policy. Two open campaigns do not share a name."""
    check(said, at=at)
    if said.jurisdiction not in actor.jurisdictions:
        raise Refused(f"{actor.name} does not keep campaigns of {said.jurisdiction}")
    row = Campaign(
        id=f"C{secrets.token_hex(ID_BYTES)}",
        jurisdiction=said.jurisdiction,
        legal_basis=actor.purpose.partition(":")[0],
        policy=policy,
        created_by=actor.name,
        created_at=at,
        changed_at=at,
    )
    _fill(row, said)
    _check_name(row)
    row.save(force_insert=True)
    entry().about(row.audit_name, policy=policy)
    _keep_version(row, actor, at=at, why="")
    return row


@action("campaign.changed", may=may_keep)
def change_campaign(
    actor: Actor, campaign: Campaign, said: Particulars, *, at: datetime, seen: int, why: str = ""
) -> Campaign:
    """Say something else of a campaign. ``seen`` is the version that was looked at: a newer one is a conflict."""
    check(said, at=at)
    if not why.isprintable():
        raise BadInput("is one line of words", where="why")
    row = _locked(campaign)
    if row.version != seen:
        raise Conflict(
            f"{row.name} was changed meanwhile (version {row.version}, you had seen {seen})",
            where=row.audit_name,
            mend="look at what it says now, then change it again",
        )
    if said == particulars_of(row):
        return row
    _fill(row, said)
    _check_name(row)
    return _kept(row, actor, at=at, why=why)


@action("campaign.merged", may=may_keep)
def merge(actor: Actor, campaign: Campaign, *, into: Campaign, reason: str, at: datetime) -> Campaign:
    """Say that a campaign is the same as another. Its samples are then shown there; nothing moves."""
    if not reason.strip():
        raise BadInput("say why the two are one campaign", where="reason")
    row = _locked(campaign)
    if row.merged_into_id is not None:
        raise Conflict(f"{row.name} has been merged already", where=row.audit_name, mend="undo that first")
    if into.pk in {one.pk for one in family_of(row)} or into.jurisdiction != row.jurisdiction:
        raise BadInput("a campaign cannot be merged into itself or into one of its own", where="into")
    row.merged_into, row.merge_reason = into, reason
    entry().facts = {"into": into.pk, "reason": reason}
    return _kept(row, actor, at=at, why=f"merged into {into.name}: {reason}"[:300])


@action("campaign.unmerged", may=may_keep)
def unmerge(actor: Actor, campaign: Campaign, *, reason: str, at: datetime) -> Campaign:
    """Undo a merging: the campaign stands by itself again, as it was."""
    row = _locked(campaign)
    if row.merged_into_id is None:
        raise Conflict(f"{row.name} is not merged into another", where=row.audit_name)
    entry().facts = {"from": row.merged_into_id, "reason": reason}
    row.merged_into, row.merge_reason = None, ""
    _check_name(row)
    return _kept(row, actor, at=at, why=f"stands by itself again: {reason}"[:300])


def _locked(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_for_update().get(pk=campaign.pk)


def _check_name(row: Campaign) -> None:
    same = Campaign.objects.filter(name__iexact=row.name, jurisdiction=row.jurisdiction, merged_into__isnull=True)
    if same.exclude(pk=row.pk).exclude(status="closed").exists():
        raise BadInput(
            f"there is a campaign called {row.name!r} already",
            where="name",
            mend="put the calls to that one, or name what sets this one apart",
        )


def _fill(row: Campaign, said: Particulars) -> None:
    row.name = said.name.strip()
    row.category, row.kind, row.description = said.category, said.kind, said.description
    row.languages, row.basis = list(said.languages), list(said.basis)
    row.violations = [[code, text] for code, text in said.violations]
    row.first_seen, row.last_seen = said.first_seen, said.last_seen
    row.est_volume, row.volume_method = said.est_volume, said.volume_method
    row.impersonated_brand = said.impersonated_brand
    row.priority, row.priority_reason = said.priority, said.priority_reason
    row.rank = RANKS[Priority(said.priority)]
    row.status = said.status


def _kept(row: Campaign, actor: Actor, *, at: datetime, why: str) -> Campaign:
    row.version += 1
    row.changed_at = at
    row.save()
    _keep_version(row, actor, at=at, why=why)
    return row


def _keep_version(row: Campaign, actor: Actor, *, at: datetime, why: str) -> None:
    body = plain(particulars_of(row)) | {"merged_into": row.merged_into_id}
    kept = CampaignVersion(
        leaf=entry().uid, campaign=row, number=row.version, at=at, actor=actor.name, why=why, body=body
    )
    kept.save()
    owe_index("campaign", [row.pk], at=at)
    entry().wrote(CampaignVersion._meta.label_lower, [version_form(kept)])  # noqa: SLF001 -- Django's public _meta
