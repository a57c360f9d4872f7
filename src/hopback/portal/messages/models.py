"""Messages in tables: what was written, what became of it, and where programs are told of it.

A message, its deliveries and its attachments are written once. A dispatch, an inbox item and a posting say how
things stand, for lists and for the worker.
"""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hopback.portal.audit.models import AppendOnly

__all__ = [
    "Announced",
    "Attachment",
    "Attempt",
    "Delivery",
    "Direction",
    "Dispatch",
    "DispatchState",
    "Endpoint",
    "EndpointSecret",
    "EndpointState",
    "InboxItem",
    "Mailbox",
    "Message",
    "Nature",
    "Outcome",
    "Posting",
    "PostingState",
]


class Direction(models.TextChoices):
    """Which way a message went."""

    OUT = "out", "sent"
    IN = "in", "received"


class Nature(models.TextChoices):
    """What a message that came in is. Only a letter is put before a person as something said."""

    LETTER = "letter", "letter"
    AUTOMATIC = "automatic", "automatic reply"
    BOUNCE = "bounce", "delivery report"
    LOOP = "loop", "our own mail come back"
    UNREADABLE = "unreadable", "unreadable"


class Message(AppendOnly):
    """One message: its exact bytes, and what lists are asked by.

    ``uid`` is what a reply token names. ``about`` is what it concerns (``hop:R…``), ``organisation`` whom it was
    written to or came from, as far as that is known; for a message that came in both are those of the message it
    answers. ``kind`` is the sort of letter (``request.opened``). ``raw`` is the RFC 5322 message as it was handed to
    the mail server or taken from it, ``sha256`` its digest. ``is_confidential`` marks what carries a secret of the
    reader, such as a link by which a person signs in: nobody else is shown its text.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.CharField(max_length=13, unique=True)
    leaf = models.UUIDField()
    direction = models.CharField(max_length=3, choices=Direction.choices)
    kind = models.CharField(max_length=60)
    nature = models.CharField(max_length=12, choices=Nature.choices, default=Nature.LETTER)
    about = models.CharField(max_length=120, blank=True)
    organisation = models.CharField(max_length=64, blank=True)
    sender = models.CharField(max_length=320, blank=True)
    mailbox = models.CharField(max_length=320, blank=True)
    subject = models.TextField(blank=True)
    message_id = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    is_confidential = models.BooleanField(default=False)
    answers = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="answered_by")
    via = models.CharField(max_length=10, blank=True, default="")
    at = models.DateTimeField()
    # last in the row: SQLite reads past what is large to get at what stands behind it
    text = models.TextField(blank=True)
    raw = models.BinaryField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="message_direction_known", condition=Q(direction__in=Direction.values)),
            models.CheckConstraint(name="message_nature_known", condition=Q(nature__in=Nature.values)),
            models.UniqueConstraint(name="message_taken_in_once", fields=["direction", "message_id", "sha256"]),
        )
        indexes = (
            models.Index(name="message_newest", fields=["-at", "-id"]),
            models.Index(name="message_organisation", fields=["organisation", "-at", "-id"]),
            models.Index(name="message_about", fields=["about", "-at", "-id"]),
            models.Index(name="message_direction", fields=["direction", "-at", "-id"]),
            models.Index(name="message_mailbox", fields=["mailbox", "-at", "-id"]),
        )

    def __str__(self) -> str:
        return f"{self.direction} {self.uid} {self.kind} {self.about}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"message:{self.uid}"


class Attachment(AppendOnly):
    """A part of a message that came in: its place among the parts, by which it is taken out of the exact bytes."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField()
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="attachments")
    part = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    media_type = models.CharField(max_length=120)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = (models.UniqueConstraint(name="attachment_once", fields=["message", "part"]),)

    def __str__(self) -> str:
        return f"{self.name} ({self.media_type}, {self.size} bytes)"


class DispatchState(models.TextChoices):
    """How the sending of a letter stands."""

    WAITING = "waiting", "to be sent"
    ACCEPTED = "accepted", "accepted"
    REFUSED = "refused", "refused"
    BOUNCED = "bounced", "came back"
    GIVEN_UP = "given_up", "given up"
    WITHDRAWN = "withdrawn", "withdrawn"


class Dispatch(models.Model):
    """How the sending of one letter stands. ``key`` keeps the same letter from being written twice."""

    message = models.OneToOneField(Message, primary_key=True, on_delete=models.PROTECT, related_name="dispatch")
    key = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=DispatchState.choices, default=DispatchState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="dispatch_state_known", condition=Q(state__in=DispatchState.values)),
        )
        indexes = (models.Index(name="dispatch_state", fields=["state", "-message"]),)

    def __str__(self) -> str:
        return f"{self.key} {self.state}"


class Outcome(models.TextChoices):
    """What came of one attempt, or was reported of it later."""

    ACCEPTED = "accepted", "accepted by the mail server"
    DEFERRED = "deferred", "not yet, to be tried again"
    REFUSED = "refused", "refused for good"
    GIVEN_UP = "given_up", "given up after the last attempt"
    BOUNCED = "bounced", "came back"
    DELAYED = "delayed", "reported as delayed"
    RELAYED = "relayed", "reported as delivered"


class Delivery(AppendOnly):
    """One attempt to send a letter, or a report on it. ``proof`` is the server's own words."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField()
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    server = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=20, blank=True)
    proof = models.TextField(blank=True)
    report = models.ForeignKey(Message, null=True, on_delete=models.PROTECT, related_name="reports")
    duration_ms = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(name="delivery_outcome_known", condition=Q(outcome__in=Outcome.values)),)

    def __str__(self) -> str:
        return f"{self.outcome} {self.status} at {self.at:%Y-%m-%d %H:%M:%S}Z"


class InboxItem(models.Model):
    """A message that a person is to look at. It does nothing by itself, whoever wrote it."""

    message = models.OneToOneField(Message, primary_key=True, on_delete=models.PROTECT, related_name="inbox")
    is_placed = models.BooleanField()
    why = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    about = models.CharField(max_length=120, blank=True)
    organisation = models.CharField(max_length=64, blank=True)
    handled_at = models.DateTimeField(null=True)
    handled_by = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        indexes = (
            models.Index(name="inbox_open", fields=["-message"], condition=Q(handled_at__isnull=True)),
            models.Index(name="inbox_handled", fields=["-message"], condition=Q(handled_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{'placed' if self.is_placed else 'unplaced'} {self.message_id}"


class Mailbox(models.Model):
    """How far a mailbox has been read (RFC 3501 section 2.3.1.1)."""

    name = models.CharField(primary_key=True, max_length=255)
    validity = models.BigIntegerField()
    last_uid = models.BigIntegerField(default=0)
    read_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} up to {self.last_uid}"


class EndpointState(models.TextChoices):
    """Whether an endpoint is told anything."""

    ACTIVE = "active", "active"
    PAUSED = "paused", "paused"
    DISABLED = "disabled", "disabled after failing"
    REMOVED = "removed", "removed"


class Endpoint(models.Model):
    """Where an organisation's program is told of what happens: a URL and the types it wants (none: all).

    ``mailbox`` is told when it is disabled. ``failing_since`` is the first of its failures since the last success.
    ``quiet_until``: it could not be reached at all, so that nothing else is tried before.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.CharField(max_length=13, unique=True)
    organisation = models.CharField(max_length=64)
    url = models.CharField(max_length=500)
    label = models.CharField(max_length=100, blank=True)
    types = models.JSONField(default=list)
    mailbox = models.EmailField()
    state = models.CharField(max_length=10, choices=EndpointState.choices, default=EndpointState.ACTIVE)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    failing_since = models.DateTimeField(null=True)
    quiet_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="endpoint_state_known", condition=Q(state__in=EndpointState.values)),
            models.CheckConstraint(name="endpoint_has_an_organisation", condition=~Q(organisation="")),
        )
        indexes = (models.Index(name="endpoint_organisation", fields=["organisation", "id"]),)

    def __str__(self) -> str:
        return f"{self.organisation}: {self.url}"

    @property
    def place(self) -> str:
        """The URL without its query, in which an organisation may keep a secret of its own."""
        address, mark, _ = self.url.partition("?")
        return f"{address}?…" if mark else address

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"endpoint:{self.uid}"


class EndpointSecret(models.Model):
    """A signing secret of an endpoint, encrypted. More than one is in force while one is being replaced."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.TextField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"secret of {self.endpoint_id}"


class Announced(AppendOnly):
    """Something an organisation's programs are told of: ids and a URL, never content.

    ``uid`` is the ``webhook-id`` under which it is posted, every time; ``body`` the exact JSON text.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.CharField(max_length=40, unique=True)
    leaf = models.UUIDField()
    organisation = models.CharField(max_length=64)
    type = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    body = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(name="announced_once", fields=["organisation", "key"]),)
        indexes = (models.Index(name="announced_newest", fields=["organisation", "-at", "-id"]),)

    def __str__(self) -> str:
        return f"{self.type} {self.uid} to {self.organisation}"


class PostingState(models.TextChoices):
    """How the posting of one announcement to one endpoint stands."""

    WAITING = "waiting", "to be posted"
    DELIVERED = "delivered", "delivered"
    DEAD = "dead", "given up"
    HELD = "held", "held back"


class Posting(models.Model):
    """One announcement owed to one endpoint."""

    id = models.BigAutoField(primary_key=True)
    uid = models.CharField(max_length=13, unique=True)
    announced = models.ForeignKey(Announced, on_delete=models.PROTECT, related_name="postings")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="postings")
    state = models.CharField(max_length=10, choices=PostingState.choices, default=PostingState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="posting_state_known", condition=Q(state__in=PostingState.values)),
            models.UniqueConstraint(name="posting_once", fields=["announced", "endpoint"]),
        )
        indexes = (
            models.Index(name="posting_newest", fields=["endpoint", "-at", "-id"]),
            models.Index(name="posting_state", fields=["endpoint", "state", "-at", "-id"]),
        )

    def __str__(self) -> str:
        return f"{self.announced_id} to {self.endpoint_id} {self.state}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"posting:{self.uid}"


class Attempt(AppendOnly):
    """One attempt to post: the status that came back, how long it took, the first kilobyte of the reply."""

    id = models.BigAutoField(primary_key=True)
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="log")
    number = models.PositiveIntegerField()
    status = models.PositiveIntegerField(null=True)
    duration_ms = models.PositiveIntegerField()
    reply = models.TextField(blank=True)
    error = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(name="attempt_once", fields=["posting", "number"]),)

    def __str__(self) -> str:
        return f"{self.number}: {self.status or self.error}"
