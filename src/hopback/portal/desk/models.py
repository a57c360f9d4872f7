"""What the desk keeps beside the tracebacks: links in mail, questions, files, sheets, and what may travel.

A line of a conversation and a file handed in are written once.
"""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length

from hopback.portal.audit.models import AppendOnly
from hopback.portal.directory.models import Provider
from hopback.portal.tracebacks.models import Hop

__all__ = ["Attachment", "Conversation", "Line", "RecordPolicy", "RequestLink", "Sheet", "Side", "Travels"]

models.CharField.register_lookup(Length)


class RequestLink(models.Model):
    """A link that opens one request, written into one mail.

    The link's token is not kept: ``digest`` is the SHA-256 of its 256 random bits. ``prefix`` names the link in
    the log and may be shown. ``letter`` is the message it went out in.
    """

    id = models.BigAutoField(primary_key=True)
    hop = models.ForeignKey(Hop, on_delete=models.PROTECT, related_name="links")
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    mailbox = models.CharField(max_length=320)
    letter = models.CharField(max_length=13, blank=True, default="")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = (
            models.CheckConstraint(name="request_link_digest_is_sha256", condition=Q(digest__length=64)),
            models.CheckConstraint(name="request_link_expires", condition=Q(expires_at__gt=F("issued_at"))),
        )

    def __str__(self) -> str:
        return f"link {self.prefix}… to {self.mailbox}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"link:{self.prefix}"


class Side(models.TextChoices):
    """Who speaks in a conversation about a request."""

    PROVIDER = "provider", "the provider"
    CONSORTIUM = "consortium", "the consortium"


class Line(AppendOnly):
    """One thing said about a request between its provider and the consortium. It moves no clock."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    hop = models.ForeignKey(Hop, on_delete=models.PROTECT, related_name="lines")
    side = models.CharField(max_length=10, choices=Side.choices)
    author = models.CharField(max_length=200)
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="line_side_known", condition=Q(side__in=Side.values)),
            models.CheckConstraint(name="line_says_something", condition=~Q(text="")),
        )

    def __str__(self) -> str:
        return f"{self.side} at {self.at:%Y-%m-%d %H:%M}Z"


class Conversation(models.Model):
    """Who spoke last about a request, and when: what the consortium's list of open questions is read from."""

    hop = models.OneToOneField(Hop, on_delete=models.PROTECT, primary_key=True, related_name="conversation")
    last = models.CharField(max_length=10, choices=Side.choices)
    last_at = models.DateTimeField()
    is_settled = models.BooleanField(default=False)

    class Meta:
        constraints = (models.CheckConstraint(name="conversation_side_known", condition=Q(last__in=Side.values)),)
        indexes = (models.Index(name="conversation_waiting", fields=["last", "is_settled", "last_at", "hop"]),)

    def __str__(self) -> str:
        return f"{self.last} spoke last at {self.last_at:%Y-%m-%d %H:%M}Z"


class Attachment(AppendOnly):
    """A file a provider handed in for one of its requests. The bytes lie in the data folder under ``sha256``."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    hop = models.ForeignKey(Hop, on_delete=models.PROTECT, related_name="attachments")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=60)
    size = models.PositiveIntegerField()
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="file_handed_in_once", fields=["hop", "sha256"]),
            models.CheckConstraint(name="file_digest_is_sha256", condition=Q(sha256__length=64)),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.size} bytes)"


class Travels(models.TextChoices):
    """Whether the one record that an answer rests on goes with it."""

    NEVER = "never", "never"
    ASK = "ask", "only if whoever answers says so each time"
    ALWAYS = "always", "always, if one is given"


class RecordPolicy(models.Model):
    """What a provider lets travel from its pages. Without a row nothing does unless whoever answers says so."""

    provider = models.OneToOneField(Provider, on_delete=models.PROTECT, primary_key=True, related_name="record_policy")
    travels = models.CharField(max_length=6, choices=Travels.choices, default=Travels.ASK)
    set_by = models.CharField(max_length=200)
    set_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(name="record_policy_known", condition=Q(travels__in=Travels.values)),)

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.travels}"


class Sheet(models.Model):
    """A sheet of answers as it was handed in, from when it is looked over until it is sent."""

    id = models.CharField(primary_key=True, max_length=24)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="sheets")
    name = models.CharField(max_length=200)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    lines = models.PositiveIntegerField()
    handed_in_by = models.CharField(max_length=200)
    handed_in_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)

    class Meta:
        constraints = (models.CheckConstraint(name="sheet_digest_is_sha256", condition=Q(sha256__length=64)),)
        indexes = (models.Index(name="sheet_of_provider", fields=["provider", "handed_in_at"]),)

    def __str__(self) -> str:
        return f"{self.name} of {self.provider_id}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"sheet:{self.id}"
