"""Providers that an answer named and nobody knows yet."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hopback.portal.directory.models.providers import Provider

__all__ = ["ProvisionalProvider", "ProvisionalState"]


class ProvisionalState(models.TextChoices):
    """What became of it."""

    WAITING = "waiting", "waiting for an analyst"
    MATCHED = "matched", "known already"
    ACCEPTED = "accepted", "new in the directory"
    REJECTED = "rejected", "not a provider"


class ProvisionalProvider(models.Model):
    """A provider as an answer named it: ``name``, what else is ``known``, and who claims it.

    ``claimed_by`` is the directory id of the provider that named it (empty where an analyst did),
    ``about`` what it was named in, such as a request. ``provider`` is what it turned out to be.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200)
    known = models.JSONField(default=dict)
    claimed_by = models.CharField(max_length=64, blank=True, default="")
    claimed_by_actor = models.CharField(max_length=100)
    about = models.CharField(max_length=100, blank=True, default="")
    claimed_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ProvisionalState.choices, default=ProvisionalState.WAITING)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, null=True, related_name="provisional")
    reason = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = (
            models.CheckConstraint(name="provisional_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(name="provisional_state_known", condition=Q(state__in=ProvisionalState.values)),
            models.CheckConstraint(
                name="provisional_leads_somewhere",
                condition=Q(state__in=("matched", "accepted"), provider__isnull=False)
                | Q(state__in=("waiting", "rejected"), provider__isnull=True),
            ),
        )
        indexes = (
            models.Index(name="provisional_waiting", fields=["state", "claimed_at", "id"]),
            models.Index(name="provisional_by_claimant", fields=["claimed_by", "name_key"]),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"provisional:{self.pk}"
