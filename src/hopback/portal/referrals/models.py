"""What agencies ask for, what is put together for them, and what they were shown.

A request's numbers, providers and campaigns are its targets. What was disclosed is written down once and never changed.
"""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from hopback.portal.accounts.models import Organisation
from hopback.portal.audit.models import AppendOnly
from hopback.portal.intake.models import CallSample
from hopback.portal.tracebacks.models import Traceback

__all__ = [
    "OPEN",
    "Addressed",
    "AgencyRequest",
    "Authority",
    "Disclosure",
    "Match",
    "Package",
    "PackageState",
    "Preservation",
    "RequestKind",
    "RequestState",
    "RequestedCall",
    "Target",
]


class RequestKind(models.TextChoices):
    """What a request is about."""

    CALLS = "calls", "Calls"
    NUMBER = "number", "A telephone number"
    PROVIDER = "provider", "A provider"
    CAMPAIGN = "campaign", "A campaign"


class Authority(models.TextChoices):
    """By what an agency asks. All but the first are legal process."""

    VOLUNTARY = "voluntary", "Voluntary"
    SUBPOENA = "subpoena", "Subpoena"
    CID = "cid", "Civil investigative demand"
    COURT_ORDER = "court_order", "Court order"


class RequestState(models.TextChoices):
    """Where a request stands."""

    FILED = "filed", "filed, not decided yet"
    GRANTED = "granted", "taken on"
    DECLINED = "declined", "declined"
    SENT = "sent", "answered"
    WITHDRAWN = "withdrawn", "withdrawn"


OPEN = (RequestState.FILED, RequestState.GRANTED)
"""The states in which something is still to be done."""


class AgencyRequest(models.Model):
    """What an agency asks of the consortium, by what authority, for what, and by when.

    ``opted_in`` says that the investigator would hear of a colleague with the same target. ``version``
    counts what was done with it, so that nobody decides on an older sight of it.
    """

    id = models.CharField(primary_key=True, max_length=24)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="agency_requests")
    kind = models.CharField(max_length=10, choices=RequestKind.choices)
    authority = models.CharField(max_length=12, choices=Authority.choices)
    instrument = models.CharField(max_length=100, blank=True, default="")
    purpose = models.TextField()
    reference = models.CharField(max_length=100, blank=True, default="")
    due_on = models.DateField()
    filed_by = models.CharField(max_length=200)
    filed_at = models.DateTimeField()
    opted_in = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.FILED)
    decided_by = models.CharField(max_length=200, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, default="")
    changed_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.CheckConstraint(name="agency_request_kind_known", condition=Q(kind__in=RequestKind.values)),
            models.CheckConstraint(name="agency_request_state_known", condition=Q(state__in=RequestState.values)),
            models.CheckConstraint(name="agency_request_authority_known", condition=Q(authority__in=Authority.values)),
            models.CheckConstraint(name="agency_request_has_a_purpose", condition=~Q(purpose="")),
            models.CheckConstraint(
                name="agency_request_process_has_an_instrument",
                condition=Q(authority=Authority.VOLUNTARY) | ~Q(instrument=""),
            ),
            models.CheckConstraint(
                name="agency_request_declined_with_a_reason",
                condition=~Q(state=RequestState.DECLINED) | ~Q(reason=""),
            ),
        )
        indexes = (
            models.Index(name="agency_request_queue", fields=["state", "due_on", "id"]),
            models.Index(name="agency_request_due", fields=["due_on", "id"]),
            models.Index(name="agency_request_own", fields=["organisation", "-filed_at", "id"]),
            models.Index(name="agency_request_changed", fields=["organisation", "changed_at", "id"]),
        )

    def __str__(self) -> str:
        return f"{self.id} of {self.organisation_id}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"agency-request:{self.id}"

    @property
    def is_on_process(self) -> bool:
        """Whether a legal process stands behind it."""
        return self.authority != Authority.VOLUNTARY

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.state in OPEN


class Target(models.Model):
    """What a request is about: as written, and ``key``, by which two that mean the same are found."""

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(AgencyRequest, on_delete=models.PROTECT, related_name="targets")
    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=200)
    text = models.CharField(max_length=200)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="target_once_a_request", fields=["request", "kind", "key"]),
            models.CheckConstraint(name="target_has_a_key", condition=~Q(key="")),
        )
        indexes = (models.Index(name="target_same", fields=["kind", "key"]),)

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"


class RequestedCall(models.Model):
    """A call an agency asks to be traced, as the candidate that was put forward for it."""

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(AgencyRequest, on_delete=models.PROTECT, related_name="calls")
    sample = models.ForeignKey(CallSample, on_delete=models.PROTECT, related_name="asked_by")

    class Meta:
        constraints = (models.UniqueConstraint(name="requested_call_once", fields=["request", "sample"]),)

    def __str__(self) -> str:
        return f"{self.sample_id} for {self.request_id}"


class Preservation(models.Model):
    """That an agency asks for records to be kept, and until when they are."""

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(AgencyRequest, on_delete=models.PROTECT, related_name="preservations")
    what = models.TextField()
    asked_until = models.DateField()
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    kept_until = models.DateField(null=True)
    confirmed_by = models.CharField(max_length=200, blank=True, default="")
    confirmed_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="preservation_confirmed_until_when",
                condition=Q(confirmed_at__isnull=True, kept_until__isnull=True)
                | Q(confirmed_at__isnull=False, kept_until__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"for {self.request_id} until {self.kept_until or self.asked_until}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"preservation:{self.pk}"


class PackageState(models.TextChoices):
    """Where a package stands."""

    DRAFT = "draft", "being put together"
    APPROVED = "approved", "approved by a second person"
    SENT = "sent", "sent"
    RECALLED = "recalled", "recalled"


class Package(models.Model):
    """Tracebacks addressed to an agency.

    ``on_process``: a legal process obliges the consortium to show their path; a second person approves it
    before it is sent. What is in a package is fixed once it is approved or sent.
    """

    id = models.CharField(primary_key=True, max_length=24)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="packages")
    request = models.ForeignKey(AgencyRequest, null=True, on_delete=models.PROTECT, related_name="packages")
    title = models.CharField(max_length=200)
    note = models.TextField(blank=True, default="")
    on_process = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=PackageState.choices, default=PackageState.DRAFT)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    approved_by = models.CharField(max_length=200, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=200, blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    recalled_at = models.DateTimeField(null=True)
    recall_reason = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.CheckConstraint(name="package_state_known", condition=Q(state__in=PackageState.values)),
            models.CheckConstraint(
                name="package_on_process_needs_a_second_person",
                condition=Q(on_process=False)
                | Q(state__in=[PackageState.DRAFT])
                | ~Q(approved_by="") & ~Q(approved_by=F("made_by")),
            ),
            models.CheckConstraint(
                name="package_on_process_answers_a_request", condition=Q(on_process=False) | Q(request__isnull=False)
            ),
            models.CheckConstraint(
                name="package_sent_when", condition=~Q(state=PackageState.SENT) | Q(sent_at__isnull=False)
            ),
        )
        indexes = (
            models.Index(name="package_of_agency", fields=["organisation", "state"]),
            models.Index(name="package_order", fields=["-made_at", "id"]),
        )

    def __str__(self) -> str:
        return f"{self.id} to {self.organisation_id}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"package:{self.id}"


class Addressed(models.Model):
    """A traceback in a package."""

    id = models.BigAutoField(primary_key=True)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="addressed")
    traceback = models.ForeignKey(Traceback, on_delete=models.PROTECT, related_name="addressed")
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(name="addressed_once_a_package", fields=["package", "traceback"]),)

    def __str__(self) -> str:
        return f"{self.traceback_id} in {self.package_id}"


class Disclosure(AppendOnly):
    """What an agency was shown: by whom it was sent or who looked, under what, and the digest of what was shown."""

    id = models.BigAutoField(primary_key=True)
    leaf = models.UUIDField(db_index=True)
    organisation = models.CharField(max_length=64)
    package = models.CharField(max_length=24, blank=True, default="")
    subject = models.CharField(max_length=200)
    how = models.CharField(max_length=10)
    basis = models.CharField(max_length=120)
    actor = models.CharField(max_length=200)
    at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="disclosure_how_known", condition=Q(how__in=["sent", "shown", "exported", "fetched", "recalled"])
            ),
        )
        indexes = (
            models.Index(name="disclosure_of_agency", fields=["organisation", "-at", "id"]),
            models.Index(name="disclosure_newest", fields=["-at", "id"]),
            models.Index(name="disclosure_same", fields=["subject", "actor", "sha256"]),
        )

    def __str__(self) -> str:
        return f"{self.subject} {self.how} to {self.organisation} at {self.at}"


class Match(models.Model):
    """Two requests of two agencies that opted in and have a target in common.

    Each side is told that a colleague exists, and nothing else, until both have shared how they are
    reached. ``first`` is the one filed first.
    """

    id = models.BigAutoField(primary_key=True)
    first = models.ForeignKey(AgencyRequest, on_delete=models.PROTECT, related_name="matches_later")
    second = models.ForeignKey(AgencyRequest, on_delete=models.PROTECT, related_name="matches_earlier")
    found_at = models.DateTimeField()
    first_contact = models.CharField(max_length=300, blank=True, default="")
    first_shared_at = models.DateTimeField(null=True)
    second_contact = models.CharField(max_length=300, blank=True, default="")
    second_shared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="match_once_a_pair", fields=["first", "second"]),
            models.CheckConstraint(name="match_of_two", condition=~Q(first=F("second"))),
        )

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"match:{self.pk}"
