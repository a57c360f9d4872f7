"""Providers, and what is claimed of them."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

__all__ = ["Answers", "ClaimKind", "IdentityClaim", "Provider", "RegistryStatus", "Source"]

models.CharField.register_lookup(Length)

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When an entry was changed whose change nobody noted."""


class Answers(models.TextChoices):
    """How a provider answers."""

    AGENT = "agent", "its own kit answers"
    SILENT = "silent", "it never has"


class RegistryStatus(models.TextChoices):
    """What the latest Robocall Mitigation Database export says of a provider's FRN."""

    LISTED = "listed", "listed"
    MISSING = "missing", "never seen in it"
    REMOVED = "removed", "no longer in it"
    UNKNOWN = "unknown", "not known"


class Provider(models.Model):
    """A voice service provider: its legal identity and the office that answers for it.

    ``id`` is the consortium's name for it, as given. ``time_zone`` is the IANA zone of that office:
    the business hours that its deadlines run in are those of this zone (47 CFR 64.1200(n)(1)).
    A provider's role is a matter of each call and is not kept here. What is known of it beyond this row,
    with sources and dates, are its claims. ``merged_into`` is where a merge by a person leads;
    ``rmd_status`` is what the registry last said of its FRN; ``search`` is what a search looks through,
    ``changed_at`` when it or its claims last changed.
    """

    id = models.CharField(primary_key=True, max_length=64)
    legal_name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)
    frn = models.CharField(max_length=10, blank=True, default="")
    ocn = models.CharField(max_length=4, blank=True, default="")
    time_zone = models.CharField(max_length=64)
    answers = models.CharField(max_length=10, choices=Answers.choices, default=Answers.AGENT)
    state = models.CharField(max_length=40, blank=True, default="")
    rmd_number = models.CharField(max_length=20, blank=True, default="")
    rmd_status = models.CharField(max_length=10, choices=RegistryStatus.choices, default=RegistryStatus.UNKNOWN)
    rmd_checked_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    added_at = models.DateTimeField(null=True, blank=True)
    search = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=LONG_AGO)

    class Meta:
        constraints = (
            models.CheckConstraint(name="provider_has_an_id", condition=~Q(id="")),
            models.CheckConstraint(name="provider_has_a_name", condition=~Q(legal_name="")),
            models.CheckConstraint(name="provider_country_has_two_letters", condition=Q(country__length=2)),
            models.CheckConstraint(name="provider_answers_known", condition=Q(answers__in=Answers.values)),
            models.CheckConstraint(name="provider_rmd_status_known", condition=Q(rmd_status__in=RegistryStatus.values)),
        )
        indexes = (
            models.Index(name="provider_by_name", fields=["legal_name", "id"]),
            models.Index(name="provider_by_frn", fields=["frn"]),
            models.Index(name="provider_by_ocn", fields=["ocn"]),
            models.Index(name="provider_by_change", fields=["changed_at", "id"]),
            models.Index(name="provider_by_rmd", fields=["rmd_status", "legal_name"]),
        )

    def __str__(self) -> str:
        return f"{self.legal_name} ({self.id})"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"provider:{self.id}"


class ClaimKind(models.TextChoices):
    """What a claim is about."""

    LEGAL_NAME = "legal_name", "legal name"
    DBA = "dba", "does business as"
    FORMER_NAME = "former_name", "former name"
    FRN = "frn", "FRN"
    RMD_NUMBER = "rmd_number", "RMD number"
    RMD_STATUS = "rmd_status", "RMD status"
    OCN = "ocn", "OCN"
    SPC = "spc", "service provider code"
    FILER_499 = "filer_499", "499 filer ID"
    COUNTRY = "country", "country"
    STATE = "state", "state or province"
    ADDRESS = "address", "address"
    PHONE = "phone", "phone"
    MAILBOX = "mailbox", "mailbox"
    WEBSITE = "website", "website"
    PRINCIPAL = "principal", "principal"


class Source(models.TextChoices):
    """Where something known of a provider comes from."""

    SHEET = "sheet", "the consortium's sheet"
    ANALYST = "analyst", "an analyst"
    SELF = "self", "the provider itself"
    RMD = "rmd", "Robocall Mitigation Database"
    FILER_499 = "499", "FCC Form 499 filer data"
    ANSWER = "answer", "another provider's answer"
    OTHER = "other", "elsewhere"


class IdentityClaim(models.Model):
    """One thing that somebody says a provider is, with the source and the dates.

    ``valid_from`` and ``valid_to`` say when it is said to be so, both included and both optional;
    ``seen_at`` when this portal learned it. A claim that no longer stands, because a newer one replaces
    it or because it was mistaken, is ``superseded_at`` and stays. Rows are written once.
    """

    id = models.BigAutoField(primary_key=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="claims")
    kind = models.CharField(max_length=20, choices=ClaimKind.choices)
    value = models.CharField(max_length=500)
    key = models.CharField(max_length=200)
    source = models.CharField(max_length=20, choices=Source.choices)
    source_ref = models.CharField(max_length=300, blank=True, default="")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    seen_at = models.DateTimeField()
    seen_by = models.CharField(max_length=100)
    superseded_at = models.DateTimeField(null=True)
    superseded_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 -- set once, from NULL
    superseded_why = models.CharField(max_length=300, null=True)  # noqa: DJ001 -- set once, from NULL
    leaf = models.UUIDField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="claim_kind_known", condition=Q(kind__in=ClaimKind.values)),
            models.CheckConstraint(name="claim_source_known", condition=Q(source__in=Source.values)),
            models.CheckConstraint(name="claim_says_something", condition=~Q(value="")),
        )
        indexes = (
            models.Index(name="claim_by_key", fields=["kind", "key"]),
            models.Index(name="claim_of_provider", fields=["provider", "kind", "seen_at"]),
            models.Index(name="claim_by_leaf", fields=["leaf"]),
        )

    def __str__(self) -> str:
        return f"{self.provider_id} {self.kind}: {self.value}"
