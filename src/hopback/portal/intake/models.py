"""Call samples put forward, who supplied them, their recordings, and what people decided about them."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length

from hopback.kernel.hops import DeclineReason, SourceKind
from hopback.portal.audit.models import AppendOnly
from hopback.portal.campaigns.models import Campaign
from hopback.portal.tracebacks.models import Traceback
from hopback.portal.tracebacks.policies import policy_named

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "CallSample",
    "Lane",
    "Move",
    "Recording",
    "Rejected",
    "Reliability",
    "Resemblance",
    "SampleImport",
    "Source",
    "Stage",
    "Verdict",
]

models.CharField.register_lookup(Length)

KINDS = [kind.value for kind in SourceKind]


class Reliability(models.TextChoices):
    """What experience with a source has shown. A person says so, with a reason."""

    NEW = "new", "Not known yet"
    GOOD = "good", "Samples hold up"
    MIXED = "mixed", "Needs a close look"
    POOR = "poor", "Often wrong"


class Source(models.Model):
    """Who supplies samples. Its id is that of its organisation, where it has one here.

    ``is_verified``: the consortium knows who it is. ``provider`` is the directory's id of a provider that
    supplies samples: a second person then vets.
    """

    id = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in SourceKind])
    provider = models.CharField(max_length=64, blank=True, default="")
    contact = models.CharField(max_length=300, blank=True, default="")
    is_verified = models.BooleanField(default=False)
    reliability = models.CharField(max_length=8, choices=Reliability.choices, default=Reliability.NEW)
    note = models.TextField(blank=True, default="")
    since = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.CheckConstraint(name="source_has_an_id", condition=~Q(id="")),
            models.CheckConstraint(name="source_kind_known", condition=Q(kind__in=KINDS)),
            models.CheckConstraint(name="source_reliability_known", condition=Q(reliability__in=Reliability.values)),
            models.CheckConstraint(
                name="source_provider_is_named", condition=~Q(kind=SourceKind.PROVIDER.value) | ~Q(provider="")
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"source:{self.id}"


class Lane(models.TextChoices):
    """Why a sample cannot wait."""

    NONE = "", "Not urgent"
    THREAT = "threat", "Threat of violence or explosives"
    SWATTING = "swatting", "Swatting: a false emergency"
    LIVE = "live_scam", "Scam under way: somebody is losing money now"
    TDOS = "tdos", "Lines are being flooded"


class Stage(models.TextChoices):
    """Where a candidate stands in the intake. The traceback's own state follows from its events."""

    CANDIDATE = "candidate", "To be vetted"
    SECONDED = "seconded", "Needs a second person"
    VETTED = "vetted", "To be opened"
    DECLINED = "declined", "Declined"
    OPENED = "opened", "Opened"
    SET_ASIDE = "set_aside", "Set aside"


WAITING = (Stage.CANDIDATE, Stage.SECONDED, Stage.VETTED)
"""Stages at which a person is waited for."""


class CallSample(models.Model):
    """One observed call, put forward as an example.

    The row is what was supplied, and where the intake has come with it; ``traceback`` is the process that
    was begun for it, as a candidate. ``rank`` is 0 in the urgent lane, else 1. ``sha256`` is over what was
    supplied; the audit entry of its proposal names it. ``basis`` and ``violations`` are what whoever
    supplied it suggests, ``why`` its words. ``told`` are the people told of an urgent one.
    """

    id = models.CharField(primary_key=True, max_length=24)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="samples")
    source_record_id = models.CharField(max_length=200, blank=True, default="")
    via = models.CharField(max_length=8)
    received_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=200)
    lane = models.CharField(max_length=10, choices=Lane.choices, blank=True, default="")
    rank = models.PositiveSmallIntegerField(default=1)
    told = models.JSONField(default=list)
    call_start = models.DateTimeField()
    call_start_zone = models.CharField(max_length=64)
    accuracy_s = models.FloatField()
    called = models.BigIntegerField()
    calling = models.BigIntegerField(null=True)
    calling_name = models.CharField(max_length=100, blank=True, default="")
    callback = models.BigIntegerField(null=True)
    answered = models.BooleanField(null=True)
    duration_s = models.FloatField(null=True)
    terminating = models.CharField(max_length=200, blank=True, default="")
    sip_call_id = models.CharField(max_length=300, blank=True, default="")
    identity = models.TextField(blank=True, default="")
    headers_anomalies = models.TextField(blank=True, default="")
    transcript = models.TextField(blank=True, default="")
    why = models.TextField(blank=True, default="")
    basis = models.JSONField(default=list)
    violations = models.JSONField(default=list)
    is_honeypot = models.BooleanField(default=False)
    complainant_ref = models.CharField(max_length=100, blank=True, default="")
    targets_competitor = models.BooleanField(default=False)
    consent_basis = models.CharField(max_length=300, blank=True, default="")
    retention_class = models.CharField(max_length=20, default="sample")
    sha256 = models.CharField(max_length=64)
    campaign = models.ForeignKey(Campaign, null=True, on_delete=models.PROTECT, related_name="samples")
    traceback = models.OneToOneField(Traceback, on_delete=models.PROTECT, related_name="call_sample")
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.CANDIDATE)
    decline_code = models.CharField(max_length=24, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    resolved = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="sample_once_a_record", fields=["source", "source_record_id"], condition=~Q(source_record_id="")
            ),
            models.CheckConstraint(name="sample_lane_known", condition=Q(lane__in=Lane.values)),
            models.CheckConstraint(name="sample_stage_known", condition=Q(stage__in=Stage.values)),
            models.CheckConstraint(
                name="sample_urgent_first",
                condition=Q(lane="", rank=1) | ~Q(lane="") & Q(rank=0),
            ),
            models.CheckConstraint(name="sample_accuracy_sane", condition=Q(accuracy_s__gte=0, accuracy_s__lte=86400)),
            models.CheckConstraint(name="sample_digest_is_sha256", condition=Q(sha256__length=64)),
            models.CheckConstraint(
                name="sample_declined_with_a_code",
                condition=Q(stage="declined", decline_code__in=[one.value for one in DeclineReason])
                | ~Q(stage="declined") & Q(decline_code=""),
            ),
        )
        indexes = (
            models.Index(name="sample_queue", fields=["stage", "rank", "received_at", "id"]),
            models.Index(name="sample_at_stage", fields=["stage", "-received_at", "id"]),
            models.Index(name="sample_all", fields=["-received_at", "id"]),
            models.Index(name="sample_of_source", fields=["source", "stage", "decline_code"]),
            models.Index(name="sample_own", fields=["source", "-received_at", "id"]),
            models.Index(name="sample_of_campaign", fields=["campaign", "-received_at", "id"]),
            models.Index(name="sample_same_call", fields=["called", "call_start"]),
            models.Index(name="sample_changed", fields=["changed_at", "id"]),
            models.Index(name="sample_own_changed", fields=["source", "changed_at", "id"]),
        )

    def __str__(self) -> str:
        return f"{self.id} to {self.called}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"sample:{self.id}"

    def is_aged(self, at: datetime) -> bool:
        """Whether the call is older than the policy warns of: records of it may be gone."""
        return at - self.call_start > policy_named(self.traceback.policy).sample_age_warning


class Recording(models.Model):
    """A recording of a sample's call. The sound lies in the data folder under its SHA-256."""

    id = models.BigAutoField(primary_key=True)
    sample = models.ForeignKey(CallSample, on_delete=models.PROTECT, related_name="recordings")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=40)
    size = models.PositiveBigIntegerField()
    consent_basis = models.CharField(max_length=300, blank=True, default="")
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="recording_once_a_sample", fields=["sample", "sha256"]),
            models.CheckConstraint(name="recording_digest_is_sha256", condition=Q(sha256__length=64)),
        )
        indexes = (models.Index(name="recording_by_digest", fields=["sha256"]),)

    def __str__(self) -> str:
        return f"{self.name} of {self.sample_id}"


class Verdict(models.TextChoices):
    """What a person said about two samples that look alike."""

    OPEN = "", "Not decided"
    SAME = "same", "The same call"
    DIFFERENT = "different", "Two calls"


class Resemblance(models.Model):
    """Two samples that may be one call, why, and what a person decided. ``later`` came after ``earlier``."""

    id = models.BigAutoField(primary_key=True)
    later = models.ForeignKey(CallSample, on_delete=models.PROTECT, related_name="resembles")
    earlier = models.ForeignKey(CallSample, on_delete=models.PROTECT, related_name="resembled_by")
    reasons = models.JSONField(default=list)
    found_at = models.DateTimeField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True, default="")
    decided_by = models.CharField(max_length=200, blank=True, default="")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="resemblance_once_a_pair", fields=["later", "earlier"]),
            models.CheckConstraint(name="resemblance_of_two", condition=~Q(later=F("earlier"))),
            models.CheckConstraint(name="resemblance_verdict_known", condition=Q(verdict__in=Verdict.values)),
        )
        indexes = (models.Index(name="resemblance_open", fields=["later"], condition=Q(verdict="")),)

    def __str__(self) -> str:
        return f"{self.later_id} and {self.earlier_id}: {self.verdict or 'open'}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"resemblance:{self.pk}"


class SampleImport(models.Model):
    """A sheet of samples that was uploaded: looked at first, then taken over.

    The same bytes of the same source are one import. Until ``confirmed_at`` nothing of it has been proposed.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="imports")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    uploaded_by = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField()
    good = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="import_once_a_file", fields=["source", "sha256"]),
            models.CheckConstraint(name="import_digest_is_sha256", condition=Q(sha256__length=64)),
        )
        indexes = (models.Index(name="import_order", fields=["-uploaded_at", "id"]),)

    def __str__(self) -> str:
        return f"{self.name} of {self.source_id}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"import:{self.pk}"


class Rejected(models.Model):
    """A line of a sheet that was not taken over, and what is wrong with it. Kept, to be mended and sent again."""

    id = models.BigAutoField(primary_key=True)
    sheet = models.ForeignKey(SampleImport, on_delete=models.PROTECT, related_name="rejected")
    line = models.PositiveIntegerField()
    record = models.CharField(max_length=200, blank=True, default="")
    reasons = models.JSONField(default=list)
    raw = models.JSONField(default=dict)

    class Meta:
        constraints = (models.UniqueConstraint(name="rejected_once_a_line", fields=["sheet", "line"]),)

    def __str__(self) -> str:
        return f"line {self.line} of {self.sheet_id}"


class Move(AppendOnly):
    """A sample moved from one campaign to another by a person. Moving it back is another move."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    batch = models.UUIDField(db_index=True)
    sample = models.ForeignKey(CallSample, on_delete=models.PROTECT, related_name="moves")
    origin = models.ForeignKey(Campaign, null=True, on_delete=models.PROTECT, related_name="moved_away")
    target = models.ForeignKey(Campaign, null=True, on_delete=models.PROTECT, related_name="moved_here")
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    reason = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"{self.sample_id} from {self.origin_id} to {self.target_id}"
