"""Campaigns as programs of the consortium read and keep them, version 1."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hopback.wire.hops import Utc  # noqa: TC001 -- pydantic reads the annotations

__all__ = ["ApparentViolation", "Campaign", "CampaignChange", "CampaignDraft", "CampaignList"]

Code = Annotated[str, Field(max_length=64)]


class ApparentViolation(BaseModel):
    """What calls appear to violate: a code of the jurisdiction's book or ``other``, and a person's own words."""

    code: Code
    text: str = Field(default="", max_length=300)


class CampaignDraft(BaseModel):
    """All that is said of a campaign."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200)
    category: Code
    kind: Literal["robocall", "live", "mixed"]
    description: str = Field(max_length=20_000)
    first_seen: Utc
    last_seen: Utc
    basis: list[Code] = Field(max_length=20)
    violations: list[ApparentViolation] = Field(max_length=40)
    priority: Literal["urgent", "high", "normal"] = "normal"
    priority_reason: str = Field(default="", max_length=300)
    languages: list[Annotated[str, Field(max_length=35)]] = Field(default=[], max_length=40)
    est_volume: int | None = Field(default=None, ge=0, lt=10**15)
    volume_method: str = Field(default="", max_length=200)
    impersonated_brand: str = Field(default="", max_length=200)
    status: Literal["open", "watch", "dormant", "closed"] = "open"


class CampaignChange(CampaignDraft):
    """A campaign as it shall be. ``version`` is the one that was looked at; ``why`` is kept with the change."""

    version: int = Field(ge=1)
    why: str = Field(default="", max_length=300)


class Campaign(BaseModel):
    """A campaign as it stands. ``merged_into`` is the campaign that it turned out to be."""

    id: str
    name: str
    category: str
    kind: str
    description: str
    first_seen: Utc
    last_seen: Utc
    basis: list[str]
    violations: list[ApparentViolation]
    priority: str
    priority_reason: str
    languages: list[str]
    est_volume: int | None = None
    volume_method: str
    impersonated_brand: str
    status: str
    jurisdiction: str
    legal_basis: str
    policy: str
    version: int
    created_at: Utc
    changed_at: Utc
    merged_into: str | None = None


class CampaignList(BaseModel):
    """Campaigns in the order they were last changed. ``next`` is the cursor of what follows, absent at the end."""

    campaigns: list[Campaign]
    next: str | None = None
