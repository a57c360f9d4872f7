"""Tracebacks in tables: the events are what happened; traceback and hop rows follow from them.

An event and a response are written once. The other rows are projections, kept for lists and
deadlines, and recomputed from the events when the portal is verified.
"""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from hopback.kernel.hops import HopState, SourceKind, TraceKind, TraceState
from hopback.kernel.outcomes import Outcome
from hopback.portal.accounts.models import User
from hopback.portal.audit.models import AppendOnly
from hopback.portal.directory.models import Provider

__all__ = ["Hop", "Note", "PolicyVersion", "Priority", "Response", "TraceEvent", "TraceLink", "Traceback", "Turn"]

STATES = [state.value for state in TraceState]
HOP_STATES = [state.value for state in HopState]
OUTCOMES = [outcome.value for outcome in Outcome]


class Priority(models.TextChoices):
    """How soon people look at it. Threats and live scams are urgent."""

    URGENT = "urgent", "urgent"
    HIGH = "high", "high"
    NORMAL = "normal", "normal"


class Turn(models.TextChoices):
    """Whose turn it is."""

    CONSORTIUM = "consortium", "the consortium"
    PROVIDER = "provider", "a provider"


class Traceback(models.Model):
    """One run upstream from one call.

    ``version`` counts its events, ``leaf`` is the audit entry under which the last were written.
    ``reference`` is whatever name the sample came with, ``terminating`` the provider it was reported to
    end at, as claimed: the directory may not know it. ``policy`` is the version of the policy that governs
    it, from its proposal to its end. ``review`` says why a person must look before it goes on; empty
    when nobody must.

    ``owner`` and ``priority`` are set by people. ``turn`` is whose turn it is, empty where nothing more is to
    come; where a person must look it is the consortium's, though a provider be asked. ``updated_at`` is
    when anything here was last changed. What is below it follows from the events
    (:mod:`hopback.portal.tracebacks.projections`): ``called`` and ``calling`` are E.164 with ``+``, ``calling``
    empty if withheld; ``waiting_on`` is the provider that owes an answer, of several the one due first,
    empty where none does; ``waiting_since`` is since when that provider, or else the consortium, is
    waited for, null where nothing more is to come; ``next_due`` is the earliest ``respond_by`` of an answer
    that is owed; ``hops_count`` the length of the path as it stands; ``is_overdue`` says that an owed
    answer's ``respond_by`` has passed, ``is_late`` that an answer came after it.
    """

    id = models.CharField(primary_key=True, max_length=32)
    reference = models.CharField(max_length=100, blank=True, default="")
    identity = models.TextField(blank=True, default="")
    terminating = models.CharField(max_length=200, blank=True, default="")
    review = models.TextField(blank=True, default="")
    policy = models.CharField(max_length=64)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="tracebacks")
    priority = models.CharField(max_length=6, choices=Priority.choices, default=Priority.NORMAL)
    leaf = models.UUIDField()
    turn = models.CharField(max_length=10, choices=Turn.choices, blank=True, default="")
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=12)
    campaign = models.CharField(max_length=200, blank=True, default="")
    proposed_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    concluded_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=32, blank=True, default="")
    kind = models.CharField(max_length=7, default=TraceKind.BACK.value)
    jurisdiction = models.CharField(max_length=8, default="us")
    source = models.CharField(max_length=200, blank=True, default="")
    source_kind = models.CharField(max_length=10, default=SourceKind.ANALYTICS.value)
    called = models.CharField(max_length=17, blank=True, default="")
    calling = models.CharField(max_length=17, blank=True, default="")
    call_started_at = models.DateTimeField()
    waiting_on = models.CharField(max_length=64, blank=True, default="")
    waiting_since = models.DateTimeField(null=True)
    next_due = models.DateTimeField(null=True)
    hops_count = models.PositiveSmallIntegerField(default=0)
    is_overdue = models.BooleanField(default=False)
    is_late = models.BooleanField(default=False)
    origin_provider = models.CharField(max_length=64, blank=True, default="")
    point_of_entry = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = (
            models.CheckConstraint(name="traceback_priority_known", condition=Q(priority__in=Priority.values)),
            models.CheckConstraint(name="traceback_state_known", condition=Q(state__in=STATES)),
            models.CheckConstraint(name="traceback_outcome_known", condition=Q(outcome__in=["", *OUTCOMES])),
            models.CheckConstraint(
                name="traceback_concluded_with_an_outcome",
                condition=~Q(state__in=["concluded", "closed"]) | Q(concluded_at__isnull=False) & ~Q(outcome=""),
            ),
        )
        indexes = (
            models.Index(name="traceback_reference", fields=["reference"]),
            models.Index(name="traceback_updated", fields=["updated_at", "id"]),
            models.Index(name="traceback_proposed", fields=["proposed_at", "id"]),
            models.Index(name="traceback_state", fields=["state", "proposed_at", "id"]),
            models.Index(name="traceback_outcome", fields=["outcome", "proposed_at", "id"]),
            models.Index(name="traceback_campaign", fields=["campaign", "proposed_at", "id"]),
            models.Index(name="traceback_source", fields=["source", "proposed_at", "id"]),
            models.Index(name="traceback_called", fields=["called"]),
            models.Index(name="traceback_calling", fields=["calling"]),
            # what began or came in at a provider is counted from these alone
            models.Index(
                name="traceback_origin", fields=["origin_provider", "proposed_at", "jurisdiction", "campaign"]
            ),
            models.Index(name="traceback_entry", fields=["point_of_entry", "proposed_at", "jurisdiction"]),
            models.Index(name="traceback_waiting", fields=["waiting_on", "next_due", "id"]),
            models.Index(name="traceback_turn", fields=["turn", "waiting_since", "id"]),
            models.Index(name="traceback_priority", fields=["priority", "proposed_at", "id"]),
            # SQLite sees that these serve only where the condition is that a column is not null.
            models.Index(name="traceback_due", fields=["next_due", "id"], condition=Q(next_due__isnull=False)),
            models.Index(name="traceback_owner", fields=["owner", "waiting_since"], condition=Q(owner__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    def get_absolute_url(self) -> str:
        """Where the consortium's people read it."""
        return reverse("tracebacks:page", args=[self.id])

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"traceback:{self.id}"


class Hop(models.Model):
    """One provider asked once within a traceback.

    ``request_id`` is what the provider knows it by; it says nothing of the traceback. Only a provider of
    the directory is asked: a name it does not know waits for a person. ``working`` is the deadline's.
    ``upstream`` and ``customer`` are whom its latest answer names, empty if nobody.

    For lists and rates: ``is_late`` says that an answer came after ``respond_by``, or is owed and that has
    passed; ``clock_s`` is how long the first answer took on the office's clock (None before it, or where
    receipt was never proven); ``level`` counts the steps of the ladder taken.
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
    upstream = models.CharField(max_length=200, blank=True, default="")
    customer = models.CharField(max_length=300, blank=True, default="")
    is_late = models.BooleanField(default=False)
    clock_s = models.PositiveIntegerField(null=True)
    level = models.PositiveSmallIntegerField(default=0)

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
        indexes = (
            models.Index(name="hop_of_provider", fields=["provider", "state", "respond_by", "id"]),
            models.Index(name="hop_sent", fields=["provider", "sent_at", "id"]),
            models.Index(name="hop_received", fields=["provider", "received_at", "id"]),
            models.Index(name="hop_answered", fields=["provider", "answered_at", "id"]),
            models.Index(name="hop_upstream", fields=["provider", "upstream"]),
            models.Index(name="hop_customer", fields=["provider", "customer", "sent_at"]),
            models.Index(name="hop_in_state", fields=["state", "respond_by", "id"]),
            # what a provider's record is counted from, without a look at the rows
            models.Index(name="hop_record", fields=["provider", "sent_at", "is_late", "state"]),
            models.Index(name="hop_speed", fields=["provider", "clock_s"]),
        )

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


class Note(AppendOnly):
    """What somebody of the consortium wrote down beside a traceback. Nobody else is shown it."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    traceback = models.ForeignKey(Traceback, on_delete=models.PROTECT, related_name="notes")
    at = models.DateTimeField()
    author = models.CharField(max_length=200)
    text = models.TextField()

    class Meta:
        constraints = (models.CheckConstraint(name="note_says_something", condition=~Q(text="")),)

    def __str__(self) -> str:
        return f"note {self.id} on {self.traceback_id}"


class TraceLink(AppendOnly):
    """Two tracebacks that somebody thinks belong together, or from now on no longer; the last row counts.

    ``first`` is the lesser id of the two.
    """

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    first = models.ForeignKey(Traceback, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Traceback, on_delete=models.PROTECT, related_name="+")
    is_linked = models.BooleanField()
    at = models.DateTimeField()
    author = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = (models.CheckConstraint(name="link_in_order", condition=Q(first__lt=F("second"))),)

    def __str__(self) -> str:
        return f"{self.first_id} {'with' if self.is_linked else 'without'} {self.second_id}"


class PolicyVersion(AppendOnly):
    """A version of the consortium's policy that people wrote: the ladder, the waits, the thresholds.

    ``version`` is made of the day and a digest of ``body``, so that one version never means two things. It governs
    what is proposed from ``since`` on; a traceback keeps its own to its end.
    """

    version = models.CharField(primary_key=True, max_length=64)
    leaf = models.UUIDField(db_index=True)
    jurisdiction = models.CharField(max_length=8)
    since = models.DateTimeField()
    author = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)
    body = models.JSONField()

    class Meta:
        constraints = (models.CheckConstraint(name="policy_has_a_reason", condition=~Q(reason="")),)
        indexes = (models.Index(name="policy_in_force", fields=["jurisdiction", "since"]),)

    def __str__(self) -> str:
        return f"{self.version} from {self.since:%Y-%m-%d}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"policy:{self.version}"
