"""Providers and their contacts."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

__all__ = ["Answers", "Contact", "Duty", "Provider"]

models.CharField.register_lookup(Length)


class Answers(models.TextChoices):
    """How a provider answers."""

    AGENT = "agent", "its own kit answers"
    SILENT = "silent", "it never has"


class Provider(models.Model):
    """A voice service provider: its legal identity and the office that answers for it.

    ``id`` is the consortium's name for it, as given. ``time_zone`` is the IANA zone of that office:
    the business hours that its deadlines run in are those of this zone (47 CFR 64.1200(n)(1)).
    A provider's role is a matter of each call and is not kept here.
    """

    id = models.CharField(primary_key=True, max_length=64)
    legal_name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)
    frn = models.CharField(max_length=10, blank=True, default="")
    ocn = models.CharField(max_length=4, blank=True, default="")
    time_zone = models.CharField(max_length=64)
    answers = models.CharField(max_length=10, choices=Answers.choices, default=Answers.AGENT)

    class Meta:
        constraints = (
            models.CheckConstraint(name="provider_has_an_id", condition=~Q(id="")),
            models.CheckConstraint(name="provider_has_a_name", condition=~Q(legal_name="")),
            models.CheckConstraint(name="provider_country_has_two_letters", condition=Q(country__length=2)),
            models.CheckConstraint(name="provider_answers_known", condition=Q(answers__in=Answers.values)),
        )

    def __str__(self) -> str:
        return f"{self.legal_name} ({self.id})"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"provider:{self.id}"


class Duty(models.TextChoices):
    """What a contact is for, in the order they are tried."""

    PRIMARY = "traceback_primary"
    BACKUP = "traceback_backup"
    OFFICER = "executive"


class Contact(models.Model):
    """Where a provider is reached for one duty."""

    id = models.BigAutoField(primary_key=True)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="contacts")
    duty = models.CharField(max_length=20, choices=Duty.choices)
    name = models.CharField(max_length=200, blank=True, default="")
    mailbox = models.EmailField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="contact_once_a_duty", fields=["provider", "duty", "mailbox"]),
            models.CheckConstraint(name="contact_duty_known", condition=Q(duty__in=Duty.values)),
        )

    def __str__(self) -> str:
        return f"{self.duty} of {self.provider_id}: {self.mailbox}"
