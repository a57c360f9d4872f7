"""Who may see and keep campaigns: the consortium, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from hopback.kernel.errors import NotFound, Refused
from hopback.portal.audit.actors import READERS, STAFF, Actor, Role
from hopback.portal.campaigns.models import Campaign, CampaignVersion

if TYPE_CHECKING:
    from django.db.models import QuerySet

__all__ = ["campaign_of", "campaigns_of", "choices_of", "family_of", "found", "may_keep", "versions_of"]


def may_keep(actor: Actor, _subject: Any, /) -> None:
    """The consortium's staff keep campaigns."""
    if actor.role not in STAFF or actor.role is Role.EXERCISE_ANALYST:
        raise Refused(f"{actor.name} may not keep campaigns", mend="ask an analyst of the consortium")


def campaigns_of(actor: Actor) -> QuerySet[Campaign]:
    """The campaigns an actor may see: the consortium's people those of their jurisdictions, anybody else none."""
    if actor.role in READERS or actor.role is Role.SYSTEM:
        return Campaign.objects.filter(jurisdiction__in=actor.jurisdictions)
    return Campaign.objects.none()


def found(actor: Actor, *, text: str = "", **exactly: str) -> QuerySet[Campaign]:
    """The campaigns an actor may see whose name, brand or description holds ``text``, with these values."""
    rows = campaigns_of(actor)
    if text:
        rows = rows.filter(
            Q(name__icontains=text) | Q(impersonated_brand__icontains=text) | Q(description__icontains=text)
        )
    return rows.filter(**{name: value for name, value in exactly.items() if value})


def choices_of(actor: Actor, *, but: str = "") -> list[tuple[str, str]]:
    """The campaigns a call may be put to, by id and name, those last seen first."""
    rows = campaigns_of(actor).filter(merged_into__isnull=True).exclude(status="closed").exclude(pk=but)
    return list(rows.order_by("-last_seen", "pk").values_list("pk", "name")[:500])


def campaign_of(actor: Actor, campaign: str) -> Campaign:
    """One campaign; :class:`NotFound` if there is none or the actor may not see it."""
    rows = campaigns_of(actor).select_related("merged_into")
    row = rows.filter(pk=campaign).first() if campaign.isalnum() else None
    if row is None:
        raise NotFound(f"there is no campaign {campaign}")
    return row


def versions_of(actor: Actor, campaign: Campaign) -> QuerySet[CampaignVersion]:
    """What was said of a campaign before, the newest first."""
    return CampaignVersion.objects.filter(campaign__in=campaigns_of(actor).filter(pk=campaign.pk)).order_by("-number")


def family_of(campaign: Campaign) -> list[Campaign]:
    """A campaign and all that were merged into it, through several steps too."""
    family, fresh = [campaign], [campaign]
    while fresh:
        fresh = list(Campaign.objects.filter(merged_into__in=fresh).exclude(pk__in=[one.pk for one in family]))
        family += fresh
    return family
