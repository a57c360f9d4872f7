"""Campaigns for the consortium's own programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, cast

from django.http import HttpRequest  # noqa: TC002 -- django-ninja reads the annotations
from ninja import Query, Router, Status

from hopback.portal.accounts.keys import Key
from hopback.portal.campaigns.access import campaign_of, campaigns_of
from hopback.portal.campaigns.actions import change_campaign, create_campaign
from hopback.portal.campaigns.models import POLICY
from hopback.portal.campaigns.particulars import Particulars
from hopback.portal.clock import now
from hopback.portal.cursors import cursor_of, following
from hopback.wire import campaigns as wire
from hopback.wire.hops import Utc  # noqa: TC001 -- the same

if TYPE_CHECKING:
    from hopback.portal.audit.actors import Actor
    from hopback.portal.campaigns.models import Campaign

__all__ = ["router"]

router = Router(tags=["campaigns"])

READ: Final = Key("campaigns:read")
WRITE: Final = Key("campaigns:write")
ORDER: Final = ("changed_at", "pk")


@router.get("/campaigns", response=wire.CampaignList, exclude_none=True, auth=READ)
def list_campaigns(
    request: HttpRequest,
    updated_since: Utc | None = None,
    cursor: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> wire.CampaignList:
    """The campaigns in the order they were last changed: those that change meanwhile come at the end."""
    rows = campaigns_of(_actor(request))
    if updated_since is not None:
        rows = rows.filter(changed_at__gte=updated_since)
    found = list(following(rows, cursor, ORDER)[: limit + 1])
    after = cursor_of(found[limit - 1], ORDER) if len(found) > limit else None
    return wire.CampaignList(campaigns=[_campaign(row) for row in found[:limit]], next=after)


@router.post("/campaigns", response={201: wire.Campaign}, exclude_none=True, auth=WRITE)
def create(request: HttpRequest, draft: wire.CampaignDraft) -> Status[wire.Campaign]:
    """Begin a campaign."""
    return Status(201, _campaign(create_campaign(_actor(request), POLICY, _said(draft), at=now())))


@router.get("/campaigns/{campaign}", response=wire.Campaign, exclude_none=True, auth=READ)
def read(request: HttpRequest, campaign: str) -> wire.Campaign:
    """One campaign."""
    return _campaign(campaign_of(_actor(request), campaign))


@router.put("/campaigns/{campaign}", response=wire.Campaign, exclude_none=True, auth=WRITE)
def change(request: HttpRequest, campaign: str, given: wire.CampaignChange) -> wire.Campaign:
    """Say something else of a campaign. What was said before is kept."""
    actor = _actor(request)
    row = campaign_of(actor, campaign)
    said = _said(given, jurisdiction=row.jurisdiction)
    return _campaign(change_campaign(actor, row, said, at=now(), seen=given.version, why=given.why))


def _said(draft: wire.CampaignDraft, *, jurisdiction: str = "us") -> Particulars:
    return Particulars(
        name=draft.name,
        category=draft.category,
        kind=draft.kind,
        description=draft.description,
        first_seen=draft.first_seen,
        last_seen=draft.last_seen,
        basis=tuple(draft.basis),
        violations=tuple((one.code, one.text) for one in draft.violations),
        priority=draft.priority,
        priority_reason=draft.priority_reason,
        languages=tuple(draft.languages),
        est_volume=draft.est_volume,
        volume_method=draft.volume_method,
        impersonated_brand=draft.impersonated_brand,
        status=draft.status,
        jurisdiction=jurisdiction,
    )


def _campaign(row: Campaign) -> wire.Campaign:
    return wire.Campaign(
        id=row.pk,
        name=row.name,
        category=row.category,
        kind=row.kind,
        description=row.description,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        basis=list(row.basis),
        violations=[wire.ApparentViolation(code=code, text=text) for code, text in row.violations],
        priority=row.priority,
        priority_reason=row.priority_reason,
        languages=list(row.languages),
        est_volume=row.est_volume,
        volume_method=row.volume_method,
        impersonated_brand=row.impersonated_brand,
        status=row.status,
        jurisdiction=row.jurisdiction,
        legal_basis=row.legal_basis,
        policy=row.policy,
        version=row.version,
        created_at=row.created_at,
        changed_at=row.changed_at,
        merged_into=row.merged_into_id,
    )


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.auth)  # type: ignore[attr-defined]  # set by django-ninja
