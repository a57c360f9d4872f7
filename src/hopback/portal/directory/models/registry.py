"""The FCC's Robocall Mitigation Database as it was published on a day."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models

from hopback.portal.directory.models.imports import ImportedFile

__all__ = ["RegistryRecord", "RegistrySnapshot"]


class RegistrySnapshot(models.Model):
    """One export, whole, as of a date."""

    id = models.BigAutoField(primary_key=True)
    as_of = models.DateField(unique=True)
    file = models.OneToOneField(ImportedFile, on_delete=models.PROTECT, related_name="snapshot")
    records = models.PositiveIntegerField()
    imported_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"registry as of {self.as_of}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"registry:{self.as_of}"


class RegistryRecord(models.Model):
    """One provider's entry in one export, as it stood there.

    ``number`` is the RMD number, ``frn`` joins it with the directory. ``digest`` is over every field,
    so that two exports are compared without reading them; ``text`` is what a search looks through.
    Nothing here says who is a member, who answers or who was traced: it is a public register.
    """

    id = models.BigAutoField(primary_key=True)
    snapshot = models.ForeignKey(RegistrySnapshot, on_delete=models.PROTECT, related_name="rows")
    number = models.CharField(max_length=20)
    frn = models.CharField(max_length=10, blank=True, default="")
    name = models.CharField(max_length=300)
    dbas = models.TextField(blank=True, default="")
    former_names = models.TextField(blank=True, default="")
    other_frns = models.TextField(blank=True, default="")
    address = models.TextField(blank=True, default="")
    state = models.CharField(max_length=40, blank=True, default="")
    country = models.CharField(max_length=60, blank=True, default="")
    is_foreign = models.BooleanField(null=True)
    is_voice_provider = models.BooleanField(null=True)
    is_gateway = models.BooleanField(null=True)
    is_intermediate = models.BooleanField(null=True)
    implementation = models.CharField(max_length=40, blank=True, default="")
    contact_name = models.CharField(max_length=200, blank=True, default="")
    contact_phone = models.CharField(max_length=60, blank=True, default="")
    contact_mailbox = models.CharField(max_length=254, blank=True, default="")
    updated_on = models.DateField(null=True)
    recertified_on = models.DateField(null=True)
    digest = models.CharField(max_length=32)
    text = models.TextField()

    class Meta:
        constraints = (models.UniqueConstraint(name="registry_number_once", fields=["snapshot", "number"]),)
        indexes = (
            models.Index(name="registry_by_frn", fields=["frn", "snapshot"]),
            models.Index(name="registry_by_number", fields=["number", "-snapshot"]),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.name}"
