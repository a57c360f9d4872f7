"""Files that were taken over, or wait to be."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q

__all__ = ["ImportKind", "ImportState", "ImportedFile"]


class ImportKind(models.TextChoices):
    """What a file holds."""

    CODES = "codes", "code assignments"
    PORTS = "ports", "ported numbers"
    REGISTRY = "registry", "Robocall Mitigation Database"


class ImportState(models.TextChoices):
    """Whether a file's rows count yet."""

    PREVIEWED = "previewed", "read, not taken over"
    IMPORTED = "imported", "taken over"


class ImportedFile(models.Model):
    """A file by its SHA-256: the same bytes are taken over once.

    ``as_of`` is the date its content stands for, ``source`` who made it. ``report`` holds what was read:
    which column served as what, the first rows, what was rejected by line, and counts. ``content`` is
    kept only between the preview and the decision.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=10, choices=ImportKind.choices)
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    source = models.CharField(max_length=100)
    as_of = models.DateField()
    state = models.CharField(max_length=10, choices=ImportState.choices)
    size = models.BigIntegerField()
    rows = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict)
    content = models.BinaryField(null=True)
    seen_at = models.DateTimeField()
    seen_by = models.CharField(max_length=100)
    imported_at = models.DateTimeField(null=True)
    imported_by = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(name="imported_file_once", fields=["kind", "sha256"]),
            models.CheckConstraint(name="imported_file_kind_known", condition=Q(kind__in=ImportKind.values)),
            models.CheckConstraint(
                name="imported_file_has_its_time",
                condition=Q(state="imported", imported_at__isnull=False)
                | Q(state="previewed", imported_at__isnull=True),
            ),
        )
        indexes = (models.Index(name="imported_file_latest", fields=["-seen_at", "-id"]),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name} as of {self.as_of}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"file:{self.sha256[:16]}"
