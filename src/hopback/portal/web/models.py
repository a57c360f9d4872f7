"""What the consortium's people keep for their own work: filters, and the index they search in."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hopback.kernel.findings import Standing
from hopback.portal.accounts.models import User
from hopback.portal.audit.models import AppendOnly
from hopback.portal.directory.models import Provider

__all__ = ["ProviderReply", "SavedFilter", "SearchEntry", "StandingStep"]

STANDINGS = [standing.value for standing in Standing]


class SavedFilter(models.Model):
    """A filter of the list of tracebacks that somebody keeps under a name.

    ``query`` is the list's query string in its one normal form. Whoever is of the consortium may use it when
    ``is_shared``; only its owner changes it.
    """

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="filters")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=1000, blank=True)
    is_shared = models.BooleanField(default=False)
    kept_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="filter_once_a_name", fields=["owner", "name"]),
            models.CheckConstraint(name="filter_has_a_name", condition=~Q(name="")),
        )

    def __str__(self) -> str:
        return f"{self.name} of {self.owner_id}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"filter:{self.pk}"


class SearchEntry(models.Model):
    """The words of one thing, for one audience, as the gate showed it when they were taken down.

    ``audience`` is ``consortium`` or ``provider:`` and the id of the one that may find it; ``kind`` says what it is,
    ``key`` which (``T…``, ``R…``, a provider's id …). ``scope`` stands for the audience and, for the consortium,
    the jurisdiction in one word, so that the index itself keeps others' rows out. ``title_words`` and ``words`` are
    title and body as they are searched; both databases keep an index of them beside the table (see the migrations).
    """

    id = models.BigAutoField(primary_key=True)
    audience = models.CharField(max_length=80)
    jurisdiction = models.CharField(max_length=8, default="us")
    scope = models.CharField(max_length=20)
    kind = models.CharField(max_length=12)
    key = models.CharField(max_length=64)
    title = models.TextField()
    body = models.TextField(blank=True)
    title_words = models.TextField()
    words = models.TextField(blank=True)
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(name="search_once", fields=["audience", "kind", "key"]),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key} for {self.audience}"


class StandingStep(AppendOnly):
    """One step of a provider's standing over a period, taken by a person for a reason; the last is how it stands.

    ``counts`` are what was counted then, with what each is a share of, and the thresholds; ``evidence`` are ids of
    tracebacks, requests and messages. ``noticed_at`` is when the provider was told, null where it was not.
    """

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="standing_steps")
    number = models.PositiveIntegerField()
    was = models.CharField(max_length=24)
    now = models.CharField(max_length=24)
    at = models.DateTimeField()
    author = models.CharField(max_length=200)
    reason = models.TextField()
    evidence = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    policy = models.CharField(max_length=64)
    noticed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="standing_once_a_number", fields=["provider", "number"]),
            models.CheckConstraint(name="standing_known", condition=Q(now__in=STANDINGS, was__in=STANDINGS)),
            models.CheckConstraint(name="standing_has_a_reason", condition=~Q(reason="")),
        )

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.was} to {self.now}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"provider:{self.provider_id}/standing:{self.number}"


class ProviderReply(AppendOnly):
    """What a provider says to a step of its standing; it is shown wherever the step is."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    step = models.ForeignKey(StandingStep, on_delete=models.PROTECT, related_name="replies")
    at = models.DateTimeField()
    author = models.CharField(max_length=200)
    text = models.TextField()

    class Meta:
        constraints = (models.CheckConstraint(name="reply_says_something", condition=~Q(text="")),)

    def __str__(self) -> str:
        return f"reply to {self.step_id}"
