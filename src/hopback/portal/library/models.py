"""Announcements and documents in tables: what was published in which edition, for whom, and who has read it.

Editions, their files and receipts are written once. An item says how things stand now.
"""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hopback.portal.accounts.models import Kind, Organisation
from hopback.portal.audit.models import AppendOnly

__all__ = ["Audience", "Edition", "EditionFile", "File", "Item", "ItemKind", "ItemState", "Receipt"]


class ItemKind(models.TextChoices):
    """What an item of the library is."""

    ANNOUNCEMENT = "announcement", "announcement"
    DOCUMENT = "document", "document"


class ItemState(models.TextChoices):
    """Who may see an item: the consortium alone, its audience, or the consortium alone again."""

    DRAFT = "draft", "draft"
    PUBLISHED = "published", "published"
    WITHDRAWN = "withdrawn", "withdrawn"


class Item(models.Model):
    """An announcement or a document. ``edition`` is the newest; who has read one from ``read_from`` on has read it.

    ``version`` counts every change, so that two people do not undo each other's.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.CharField(max_length=13, unique=True)
    kind = models.CharField(max_length=12, choices=ItemKind.choices)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.DRAFT)
    edition = models.PositiveIntegerField(default=1)
    read_from = models.PositiveIntegerField(default=1)
    version = models.PositiveIntegerField(default=1)
    published_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    why_withdrawn = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="item_kind_known", condition=Q(kind__in=ItemKind.values)),
            models.CheckConstraint(name="item_state_known", condition=Q(state__in=ItemState.values)),
            models.CheckConstraint(
                name="item_published_at_some_time", condition=Q(state="draft") | Q(published_at__isnull=False)
            ),
        )
        indexes = (
            models.Index(name="item_newest", fields=["-changed_at", "-id"]),
            models.Index(name="item_state", fields=["state", "-changed_at", "-id"]),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}: {self.title}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"library:{self.uid}"


class Edition(AppendOnly):
    """What an item said from one moment on. ``is_small``: whoever has read the one before need not read it again."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField()
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    note = models.CharField(max_length=300, blank=True)
    is_small = models.BooleanField(default=False)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(name="edition_once", fields=["item", "number"]),)

    def __str__(self) -> str:
        return f"edition {self.number} of {self.item_id}"


class File(AppendOnly):
    """A file's bytes, kept once however often it is attached."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    size = models.PositiveIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.sha256


class EditionFile(AppendOnly):
    """A file attached to an edition, under a name."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField()
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="files")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="+")
    size = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(name="edition_file_once", fields=["edition", "number"]),)

    def __str__(self) -> str:
        return f"{self.name} of {self.edition_id}"


class Audience(models.Model):
    """Whom an item is for: every organisation of a kind, or one by name."""

    id = models.BigAutoField(primary_key=True)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="audience")
    kind = models.CharField(max_length=10, choices=Kind.choices, blank=True)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="audience_is_a_kind_or_one",
                condition=Q(kind__in=Kind.values, organisation__isnull=True) | Q(kind="", organisation__isnull=False),
            ),
            models.UniqueConstraint(name="audience_once", fields=["item", "kind", "organisation"]),
        )

    def __str__(self) -> str:
        return f"{self.item_id} for {self.kind or self.organisation_id}"


class Receipt(AppendOnly):
    """Somebody said that they have read an edition: a deliberate act, never a page that was merely opened."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField()
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="receipts")
    edition = models.PositiveIntegerField()
    reader = models.CharField(max_length=200)
    organisation = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(name="receipt_once", fields=["item", "edition", "reader"]),)
        indexes = (models.Index(name="receipt_organisation", fields=["item", "organisation"]),)

    def __str__(self) -> str:
        return f"{self.reader} has read {self.edition} of {self.item_id}"
