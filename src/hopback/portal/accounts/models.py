"""People, organisations, who is what for whom, keys and access sessions."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower

__all__ = [
    "AccessSession",
    "ApiKey",
    "Invitation",
    "Kind",
    "Membership",
    "Organisation",
    "Part",
    "Reading",
    "Reply",
    "User",
    "Users",
]

models.CharField.register_lookup(Length)


class Users(BaseUserManager["User"]):
    """People, by their mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who may sign in; without a password only by a link or a passkey."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """By mail address, in whatever case it is typed."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person. What somebody may do follows from the memberships alone: there is no superuser."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(null=True)

    objects = Users()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_in_any_case"),)

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def audit_name(self) -> str:
        """What the log calls this person."""
        return f"user:{self.pk}"

    def get_full_name(self) -> str:
        """The name as given."""
        return self.name


class Kind(models.TextChoices):
    """What an organisation is to the consortium."""

    CONSORTIUM = "consortium", "the consortium"
    PROVIDER = "provider", "a voice service provider"
    AGENCY = "agency", "an agency"
    SOURCE = "source", "a source of call samples"


class Organisation(models.Model):
    """Whom somebody acts for. A provider's id is its id in the directory."""

    id = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    jurisdiction = models.CharField(max_length=8, default="us")

    class Meta:
        constraints = (
            models.CheckConstraint(name="organisation_has_an_id", condition=~Q(id="")),
            models.CheckConstraint(name="organisation_kind_known", condition=Q(kind__in=Kind.values)),
        )
        indexes = (
            models.Index(name="organisation_by_name", fields=["name", "id"]),
            models.Index(name="organisation_of_kind", fields=["kind", "name", "id"]),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"organisation:{self.id}"


class Part(models.TextChoices):
    """What a person is to an organisation."""

    ANALYST = "analyst", "analyst"
    LEAD = "lead", "lead analyst"
    AUDITOR = "auditor", "auditor"
    RESPONDER = "provider_responder", "responder"
    ADMINISTRATOR = "provider_administrator", "administrator"
    INVESTIGATOR = "agency_investigator", "investigator"
    SOURCE = "source", "source"


PARTS_OF = {
    Kind.CONSORTIUM: (Part.ANALYST, Part.LEAD, Part.AUDITOR),
    Kind.PROVIDER: (Part.RESPONDER, Part.ADMINISTRATOR),
    Kind.AGENCY: (Part.INVESTIGATOR,),
    Kind.SOURCE: (Part.SOURCE,),
}
"""The parts there are in each kind of organisation."""


class Membership(models.Model):
    """A person's part in an organisation, from ``since`` until ``ended``. Kept when it ends."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    part = models.CharField(max_length=24, choices=Part.choices)
    since = models.DateTimeField()
    ended = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="membership_once_at_a_time", fields=["user", "organisation"], condition=Q(ended__isnull=True)
            ),
            models.CheckConstraint(name="membership_part_known", condition=Q(part__in=Part.values)),
            models.CheckConstraint(
                name="membership_ends_after_it_began", condition=Q(ended__isnull=True) | Q(ended__gte=F("since"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.part} of {self.organisation_id}"


class Invitation(models.Model):
    """An invitation of a mail address into an organisation.

    Its token is in the mail alone; ``digest`` is the token's SHA-256. It is good once, until ``expires_at``.
    """

    id = models.BigAutoField(primary_key=True)
    email = models.EmailField()
    name = models.CharField(max_length=200, blank=True, default="")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invitations")
    part = models.CharField(max_length=24, choices=Part.choices)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=200)
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="invitation_once_at_a_time",
                fields=["email", "organisation"],
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(name="invitation_digest_is_sha256", condition=Q(digest__length=64)),
            models.CheckConstraint(name="invitation_part_known", condition=Q(part__in=Part.values)),
            models.CheckConstraint(name="invitation_expires", condition=Q(expires_at__gt=F("invited_at"))),
        )

    def __str__(self) -> str:
        return f"{self.email} into {self.organisation_id} as {self.part}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"invitation:{self.pk}"


class AccessSession(models.Model):
    """Why somebody of the consortium looks at what is personal, and for how long."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="access_sessions")
    reason = models.CharField(max_length=300)
    begun_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="access_session_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(name="access_session_ends", condition=Q(ends_at__gt=F("begun_at"))),
        )
        indexes = (
            models.Index(name="access_session_of_user", fields=["user", "ends_at"]),
            models.Index(name="access_session_begun", fields=["-begun_at", "id"]),
        )

    def __str__(self) -> str:
        return f"{self.user_id} until {self.ends_at}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"access:{self.pk}"


class Reading(models.Model):
    """That somebody read what is personal about a subject: once for each access session, of a program each day."""

    id = models.BigAutoField(primary_key=True)
    access = models.ForeignKey(AccessSession, null=True, on_delete=models.PROTECT, related_name="readings")
    actor = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    day = models.DateField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="reading_once_an_access_session",
                fields=["access", "subject"],
                condition=Q(access__isnull=False),
            ),
            models.UniqueConstraint(
                name="reading_once_a_day", fields=["actor", "subject", "day"], condition=Q(access__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.actor} read {self.subject} at {self.at}"


class ApiKey(models.Model):
    """A key by which an organisation's program comes in.

    The key itself is shown once and not kept: ``digest`` is the SHA-256 of its 256 random bits, which
    need no slow hash. ``prefix`` finds the row and may be shown. ``scopes`` name what it may do.
    """

    id = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="keys")
    label = models.CharField(max_length=100, blank=True, default="")
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_by = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="key_digest_is_sha256", condition=Q(digest__length=64)),
            models.CheckConstraint(name="key_expires_after_it_began", condition=Q(expires_at__gt=F("created_at"))),
        )

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.organisation_id}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"key:{self.prefix}"


class Reply(models.Model):
    """What the API answered to a request that came under an ``Idempotency-Key``.

    ``name`` is a digest of who sent it, where to and the key; ``asked`` one of the request.
    """

    name = models.CharField(primary_key=True, max_length=64)
    asked = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=100, blank=True, default="")
    body = models.TextField(blank=True, default="")
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.status} at {self.at}"
