"""Where a provider is reached, duty by duty."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q

from hopback.portal.directory.models.providers import Provider, Source

__all__ = ["BOUNCES_MOST", "Contact", "Duty"]

BOUNCES_MOST: Final = 3
"""Bounces in a row after which a mailbox is tried last."""


class Duty(models.TextChoices):
    """What a contact is for, in the order they are tried for a traceback."""

    PRIMARY = "traceback_primary", "tracebacks, first contact"
    BACKUP = "traceback_backup", "tracebacks, backup"
    MITIGATION = "robocall_mitigation", "robocall mitigation"
    NOC = "noc", "network operations"
    LEGAL = "legal", "legal"
    OFFICER = "executive", "officer"


class Contact(models.Model):
    """Where a provider is reached for one duty: a mailbox, a phone, or both.

    ``zone`` is the IANA zone of the office behind it, empty where it is the provider's own; ``opens``
    and ``closes`` are its hours there on ``days`` (1 is Monday), empty where nobody has said. It stands
    from ``active_from`` to ``active_to``, both included. ``bounces`` counts since mail last went through.
    """

    id = models.BigAutoField(primary_key=True)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="contacts")
    duty = models.CharField(max_length=20, choices=Duty.choices)
    name = models.CharField(max_length=200, blank=True, default="")
    mailbox = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    zone = models.CharField(max_length=64, blank=True, default="")
    opens = models.TimeField(null=True, blank=True)
    closes = models.TimeField(null=True, blank=True)
    days = models.CharField(max_length=7, blank=True, default="12345")
    source = models.CharField(max_length=20, choices=Source.choices, default=Source.ANALYST)
    active_from = models.DateField(null=True, blank=True)
    active_to = models.DateField(null=True, blank=True)
    bounces = models.PositiveIntegerField(default=0)
    last_bounce_at = models.DateTimeField(null=True, blank=True)
    last_bounce = models.CharField(max_length=300, blank=True, default="")
    verified_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    token_digest = models.CharField(max_length=64, blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="contact_once_a_duty",
                fields=["provider", "duty", "mailbox", "phone"],
                condition=Q(active_to__isnull=True),
            ),
            models.CheckConstraint(name="contact_duty_known", condition=Q(duty__in=Duty.values)),
            models.CheckConstraint(name="contact_can_be_reached", condition=~Q(mailbox="", phone="")),
        )
        indexes = (models.Index(name="contact_by_mailbox", fields=["mailbox"]),)

    def __str__(self) -> str:
        return f"{self.duty} of {self.provider_id}: {self.mailbox or self.phone}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"contact:{self.pk}"

    @property
    def is_bouncing(self) -> bool:
        """Whether mail to it has come back so often that others are tried first."""
        return self.bounces >= BOUNCES_MOST
