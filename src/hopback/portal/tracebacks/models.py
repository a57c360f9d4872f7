"""Tracebacks in tables: the events are what happened; traceback and hop rows follow from them.

An event and a response are written once. The other rows are projections, kept for lists and
deadlines, and recomputed from the events when the portal is verified.
"""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hopback.kernel.hops import HopState, TraceState
from hopback.kernel.outcomes import Outcome
from hopback.portal.audit.models import AppendOnly
from hopback.portal.directory.models import Provider

__all__ = ["Hop", "Response", "TraceEvent", "Traceback"]

STATES = [state.value for state in TraceState]
HOP_STATES = [state.value for state in HopState]
OUTCOMES = [outcome.value for outcome in Outcome]


class Traceback(models.Model):
    """One run upstream from one call.

    ``version`` counts its events, ``leaf`` is the audit entry under which the last were written.
    ``reference`` is whatever name the sample came with, ``terminating`` the provider it was reported to
    end at, as claimed: the directory may not know it. ``policy`` is the version of the policy that governs
    it, from its proposal to its end. ``review`` says why a person must look before it goes on; empty
    when nobody must.
    """

    id = models.CharField(primary_key=True, max_length=32)
    reference = models.CharField(max_length=100, blank=True, default="")
    identity = models.TextField(blank=True, default="")
    terminating = models.CharField(max_length=200, blank=True, default="")
    review = models.TextField(blank=True, default="")
    policy = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    leaf = models.UUIDField()
    state = models.CharField(max_length=12)
    campaign = models.CharField(max_length=200, blank=True, default="")
    proposed_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    concluded_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        constraints = (
            models.CheckConstraint(name="traceback_state_known", condition=Q(state__in=STATES)),
            models.CheckConstraint(name="traceback_outcome_known", condition=Q(outcome__in=["", *OUTCOMES])),
            models.CheckConstraint(
                name="traceback_concluded_with_an_outcome",
                condition=~Q(state__in=["concluded", "closed"]) | Q(concluded_at__isnull=False) & ~Q(outcome=""),
            ),
        )
        indexes = (
            models.Index(name="traceback_state", fields=["state", "id"]),
            models.Index(name="traceback_reference", fields=["reference"]),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"traceback:{self.id}"


class Hop(models.Model):
    """One provider asked once within a traceback.

    ``request_id`` is what the provider knows it by; it says nothing of the traceback. Only a provider of
    the directory is asked: a name it does not know waits for a person. ``working`` is the deadline's.
    """

    id = models.BigAutoField(primary_key=True)
    traceback = models.ForeignKey(Traceback, on_delete=models.PROTECT, related_name="hops")
    number = models.PositiveSmallIntegerField()
    request_id = models.CharField(max_length=32, unique=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="hops")
    state = models.CharField(max_length=16)
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    respond_by = models.DateTimeField(null=True)
    delinquent_after = models.DateTimeField(null=True)
    working = models.JSONField(default=list)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="hop_once_a_number", fields=["traceback", "number"]),
            models.CheckConstraint(name="hop_counts_from_one", condition=Q(number__gte=1)),
            models.CheckConstraint(name="hop_state_known", condition=Q(state__in=HOP_STATES)),
            models.CheckConstraint(
                name="hop_late_reading_is_not_earlier",
                condition=Q(respond_by__isnull=True, delinquent_after__isnull=True)
                | Q(delinquent_after__gte=F("respond_by")),
            ),
            models.CheckConstraint(
                name="hop_clock_starts_at_receipt", condition=Q(respond_by__isnull=True) | Q(received_at__isnull=False)
            ),
        )
        indexes = (models.Index(name="hop_of_provider", fields=["provider", "state"]),)

    def __str__(self) -> str:
        return f"hop {self.number} of {self.traceback_id}: {self.provider_id} {self.state}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"traceback:{self.traceback_id}/hop:{self.number}"


class TraceEvent(AppendOnly):
    """One thing that happened in a traceback; the traceback is a fold over these."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    traceback = models.ForeignKey(Traceback, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=60)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    purpose = models.CharField(max_length=100)
    policy = models.CharField(max_length=64)
    data = models.JSONField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="event_once_a_number", fields=["traceback", "number"]),
            models.CheckConstraint(name="event_counts_from_one", condition=Q(number__gte=1)),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.name} at {self.at:%Y-%m-%d %H:%M:%S}Z"


class Response(AppendOnly):
    """One version of an answer, as it came over the wire."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    hop = models.ForeignKey(Hop, on_delete=models.PROTECT, related_name="responses")
    version = models.PositiveSmallIntegerField()
    submitted_at = models.DateTimeField()
    submitted_by = models.CharField(max_length=200)
    body = models.JSONField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="response_once_a_version", fields=["hop", "version"]),
            models.CheckConstraint(name="response_counts_from_one", condition=Q(version__gte=1)),
        )

    def __str__(self) -> str:
        return f"response {self.version} to hop {self.hop_id}"
