"""Campaigns: calls judged to share a script, a purpose or a source. People keep them."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hopback.portal.audit.models import AppendOnly

__all__ = ["Basis", "CallKind", "Campaign", "CampaignVersion", "Category", "Priority", "Status"]


class Category(models.TextChoices):
    """What the calls are about."""

    BRAND = "brand_impersonation", "Posing as a business"
    GOVERNMENT = "government_impersonation", "Posing as a government office"
    UTILITY = "utility", "Utility cut-off"
    DEBT = "debt_reduction", "Debt reduction"
    HEALTH = "health_insurance", "Health insurance"
    LEADS = "lead_generation", "Lead generation"
    BANK = "bank", "Bank and payment"
    SUPPORT = "tech_support", "Technical support"
    TDOS = "tdos", "Telephone denial of service"
    THREAT = "threat_swatting", "Threats and swatting"
    VISHING = "vishing_targeted", "Targeted live scam"
    OTHER = "other", "Other"


class CallKind(models.TextChoices):
    """Whether a recording speaks or a person."""

    ROBOCALL = "robocall", "Recorded or artificial voice"
    LIVE = "live", "Live caller"
    MIXED = "mixed", "Both"


class Priority(models.TextChoices):
    """How much it presses."""

    URGENT = "urgent", "Urgent"
    HIGH = "high", "High"
    NORMAL = "normal", "Normal"


class Status(models.TextChoices):
    """Whether it is worked on."""

    OPEN = "open", "Open"
    WATCH = "watch", "Watched"
    DORMANT = "dormant", "Dormant"
    CLOSED = "closed", "Closed"


class Basis(models.TextChoices):
    """Traits that make traffic suspicious, as the industry's group lists them (its policies of 2023, definition 7)."""

    HEADERS = "missing_header_data", "Header data is missing"
    VOLUME = "volume_anomaly", "Unusual volume of calls"
    ALTERED = "altered_party_data", "Calling or called number was altered"
    COMPLAINTS = "complaints_called_parties", "Complaints of called people"
    ENFORCEMENT = "law_enforcement", "Law enforcement named it"
    AGGREGATOR = "third_party_aggregator", "An aggregator or honeypot observed it"
    TRANSCRIPT = "call_transcript", "What was said in the call"


POLICY = "us-2026-1"
"""The version of the policy that a campaign is begun under, as tracebacks name it."""

RANKS = {Priority.URGENT: 0, Priority.HIGH: 1, Priority.NORMAL: 2}
"""The order of priorities, for lists."""


class Campaign(models.Model):
    """Calls judged to be the same call.

    ``rank`` is the priority as a number, urgent first. ``violations`` are pairs of a code of the
    jurisdiction's book and a person's own words. ``version`` counts the versions kept of what was said of
    it. ``merged_into`` is the campaign this one turned out to be: nothing moves, so that it can be undone.
    """

    id = models.CharField(primary_key=True, max_length=24)
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=32, choices=Category.choices)
    kind = models.CharField(max_length=10, choices=CallKind.choices)
    description = models.TextField()
    languages = models.JSONField(default=list)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    est_volume = models.PositiveBigIntegerField(null=True)
    volume_method = models.CharField(max_length=200, blank=True, default="")
    basis = models.JSONField(default=list)
    violations = models.JSONField(default=list)
    impersonated_brand = models.CharField(max_length=200, blank=True, default="")
    priority = models.CharField(max_length=8, choices=Priority.choices)
    priority_reason = models.CharField(max_length=300)
    rank = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    jurisdiction = models.CharField(max_length=8, default="us")
    legal_basis = models.CharField(max_length=100)
    policy = models.CharField(max_length=64)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    merge_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = (
            models.CheckConstraint(name="campaign_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(name="campaign_category_known", condition=Q(category__in=Category.values)),
            models.CheckConstraint(name="campaign_priority_known", condition=Q(priority__in=Priority.values)),
            models.CheckConstraint(name="campaign_status_known", condition=Q(status__in=Status.values)),
            models.CheckConstraint(
                name="campaign_last_seen_not_before_first", condition=Q(last_seen__gte=F("first_seen"))
            ),
            models.CheckConstraint(
                name="campaign_not_merged_into_itself",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
            ),
        )
        indexes = (
            models.Index(name="campaign_order", fields=["rank", "-last_seen", "id"]),
            models.Index(name="campaign_by_status", fields=["status", "rank", "-last_seen", "id"]),
            models.Index(name="campaign_changed", fields=["changed_at", "id"]),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"campaign:{self.id}"


class CampaignVersion(AppendOnly):
    """What was said of a campaign at one time, and why that was changed."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    why = models.CharField(max_length=300, blank=True, default="")
    body = models.JSONField()

    class Meta:
        constraints = (models.UniqueConstraint(name="campaign_version_once", fields=["campaign", "number"]),)

    def __str__(self) -> str:
        return f"version {self.number} of {self.campaign_id}"
