"""How providers hang together, as people found; and pairs that look alike, as evidence."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hopback.portal.directory.models.providers import Provider

__all__ = ["LikelyPair", "LinkKind", "PairState", "ProviderLink"]


class LinkKind(models.TextChoices):
    """What ``provider`` is to ``other``."""

    SAME = "same_as", "is the same provider as"
    SUCCESSOR = "successor_of", "succeeds"
    AFFILIATE = "affiliate_of", "is an affiliate of"
    DISTINCT = "distinct_from", "is not the same provider as"


class ProviderLink(models.Model):
    """What a person found about two providers, with the reason; undone, not deleted.

    ``same_as`` merges ``provider`` into ``other``: both keep their ids and rows, and
    :func:`~hopback.portal.directory.links.canonical` leads from one to the other.
    ``distinct_from`` says that two that look alike are two.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20, choices=LinkKind.choices)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="links")
    other = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="linked_from")
    reason = models.TextField()
    evidence = models.JSONField(default=list)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=100)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 -- set once, from NULL
    undone_why = models.TextField(null=True)  # noqa: DJ001 -- set once, from NULL
    leaf = models.UUIDField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="link_kind_known", condition=Q(kind__in=LinkKind.values)),
            models.CheckConstraint(name="link_joins_two", condition=~Q(provider=F("other"))),
            models.CheckConstraint(name="link_has_a_reason", condition=~Q(reason="")),
            models.UniqueConstraint(
                name="link_merged_once", fields=["provider"], condition=Q(kind="same_as", undone_at__isnull=True)
            ),
        )
        indexes = (models.Index(name="link_by_leaf", fields=["leaf"]),)

    def __str__(self) -> str:
        return f"{self.provider_id} {self.kind} {self.other_id}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"link:{self.pk}"


class PairState(models.TextChoices):
    """Whether a pair still waits for somebody to look at it."""

    OPEN = "open", "to be looked at"
    SETTLED = "settled", "looked at"


class LikelyPair(models.Model):
    """Two that look alike: a provider and another, or a provider and an entry of the public registry.

    ``left`` and ``right`` are ``provider:<id>`` or ``rmd:<number>``. ``reasons`` name each thing they
    share and how much it weighs; ``weight`` is their sum. It is evidence and decides nothing.
    """

    id = models.BigAutoField(primary_key=True)
    left = models.CharField(max_length=80)
    right = models.CharField(max_length=80)
    left_name = models.CharField(max_length=300)
    right_name = models.CharField(max_length=300)
    weight = models.PositiveIntegerField()
    reasons = models.JSONField(default=list)
    found_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=PairState.choices, default=PairState.OPEN)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=100, blank=True, default="")
    settled_why = models.TextField(blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(name="pair_once", fields=["left", "right"]),)
        indexes = (
            models.Index(name="pair_by_weight", fields=["state", "-weight", "id"]),
            models.Index(name="pair_by_right", fields=["right"]),
        )

    def __str__(self) -> str:
        return f"{self.left} and {self.right}: {self.weight}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"pair:{self.pk}"
