"""What providers did about the source of calls they were asked about. A row is written once.

Whoever was wrong records it anew, naming what it replaces.
"""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hopback.kernel.answers import MitigationKind
from hopback.portal.audit.models import AppendOnly
from hopback.portal.directory.models import Provider
from hopback.portal.tracebacks.models import Hop

__all__ = ["Action", "ActionKind", "Target", "Verification"]


class Target(models.TextChoices):
    """What an action was taken against."""

    CUSTOMER = "customer", "a customer"
    TRUNK = "trunk", "a trunk"
    NUMBER = "number", "a number"
    UPSTREAM = "upstream", "a provider upstream"
    ROUTE = "route", "a route"


class ActionKind(models.TextChoices):
    """What was done."""

    WARNED = MitigationKind.WARNED.value, "warned"
    PAUSED = MitigationKind.PAUSED.value, "paused"
    SUSPENDED = MitigationKind.SUSPENDED.value, "suspended"
    TERMINATED = MitigationKind.TERMINATED.value, "terminated"
    BLOCKED_NUMBER = MitigationKind.BLOCKED_NUMBER.value, "number blocked"
    BLOCKED_TRAFFIC = MitigationKind.BLOCKED_TRAFFIC.value, "traffic blocked"
    KYC_REVIEW = MitigationKind.KYC_REVIEW.value, "customer's identity reviewed"
    ROUTE_REMOVED = MitigationKind.ROUTE_REMOVED.value, "route removed"
    NONE = MitigationKind.NONE.value, "nothing done"


class Action(AppendOnly):
    """One thing done, by the provider of a request, about whoever the call came from.

    ``what`` names the target in the provider's own words: an account, a trunk, a number, a provider's id.
    ``customer`` and ``upstream`` are whom the provider's answer named when it was recorded, by which later
    requests about the same are counted. ``recurrence`` is how many earlier requests to this provider came to
    the same target. ``on_behalf``: the consortium wrote down what the provider said. ``replaces`` is an action
    that was recorded wrongly. ``is_public`` lets it count in published figures.
    """

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    hop = models.ForeignKey(Hop, on_delete=models.PROTECT, related_name="actions")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="actions")
    target = models.CharField(max_length=10, choices=Target.choices)
    what = models.CharField(max_length=300)
    customer = models.CharField(max_length=300, blank=True, default="")
    upstream = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(max_length=20, choices=ActionKind.choices)
    scope = models.CharField(max_length=300, blank=True, default="")
    effective_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    reason = models.TextField()
    evidence = models.TextField(blank=True, default="")
    recurrence = models.PositiveIntegerField(default=0)
    is_public = models.BooleanField(default=True)
    on_behalf = models.BooleanField(default=False)
    authenticated = models.BooleanField(default=True)
    recorded_by = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")

    class Meta:
        constraints = (
            models.CheckConstraint(name="action_kind_known", condition=Q(kind__in=ActionKind.values)),
            models.CheckConstraint(name="action_target_known", condition=Q(target__in=Target.values)),
            models.CheckConstraint(name="action_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="action_has_a_target", condition=~Q(what="")),
        )
        indexes = (
            models.Index(name="action_effective", fields=["effective_at", "id"]),
            models.Index(name="action_of_provider", fields=["provider", "effective_at", "id"]),
            models.Index(name="action_of_kind", fields=["kind", "effective_at", "id"]),
            models.Index(name="action_of_customer", fields=["provider", "customer"]),
        )

    def __str__(self) -> str:
        return f"{self.provider_id} {self.kind} {self.what}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"action:{self.pk}"


class Verification(AppendOnly):
    """Somebody of the consortium has seen proof that an action was taken."""

    action = models.OneToOneField(Action, on_delete=models.PROTECT, primary_key=True, related_name="verification")
    leaf = models.UUIDField(db_index=True)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()
    how = models.TextField()

    class Meta:
        constraints = (models.CheckConstraint(name="verification_says_how", condition=~Q(how="")),)

    def __str__(self) -> str:
        return f"verified by {self.by}"
