"""Who serves a telephone number: code assignments, ports, what people decided, and what waits for one."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q

from hopback.portal.directory.models.imports import ImportedFile
from hopback.portal.directory.models.providers import Provider

__all__ = ["CodeAssignment", "DecisionKind", "NumberDecision", "OpenNumber", "OpenState", "PortRecord"]


class CodeAssignment(models.Model):
    """A range of numbers and the company it is assigned to.

    ``prefix`` is the digits every number of the range begins with, country code first: 1 and NPA-NXX,
    or one digit more for a thousands block. It stands from ``valid_from`` (None: since before anybody
    asks) to ``valid_to``, both included.
    """

    id = models.BigAutoField(primary_key=True)
    prefix = models.CharField(max_length=15)
    ocn = models.CharField(max_length=10, blank=True, default="")
    company = models.CharField(max_length=200, blank=True, default="")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    file = models.ForeignKey(ImportedFile, on_delete=models.PROTECT, related_name="codes")
    line = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(name="code_by_prefix", fields=["prefix", "-valid_from"]),)

    def __str__(self) -> str:
        return f"{self.prefix} {self.ocn} {self.company}"


class PortRecord(models.Model):
    """Where a number was ported to, by a file or by a look-up.

    ``lrn`` is the location routing number (digits, country code first), ``spid`` the service provider
    that holds it, ``reseller`` the alternative SPID: who resells it. A row with neither LRN, SPID nor
    OCN says that the number was not ported. A look-up that did not say since when stands for the
    day it was asked about; ``source`` names the file's maker or the look-up.
    """

    id = models.BigAutoField(primary_key=True)
    number = models.BigIntegerField()
    lrn = models.BigIntegerField(null=True)
    spid = models.CharField(max_length=10, blank=True, default="")
    ocn = models.CharField(max_length=10, blank=True, default="")
    company = models.CharField(max_length=200, blank=True, default="")
    reseller = models.CharField(max_length=200, blank=True, default="")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    source = models.CharField(max_length=100)
    file = models.ForeignKey(ImportedFile, on_delete=models.PROTECT, null=True, related_name="ports")
    line = models.PositiveIntegerField(null=True)
    seen_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(name="port_by_number", fields=["number", "-valid_from"]),)

    def __str__(self) -> str:
        return f"{self.number} -> {self.lrn or self.spid or self.ocn or 'not ported'}"


class DecisionKind(models.TextChoices):
    """What a person decided about a number."""

    CARRIER = "carrier", "served by this provider"
    RESELLER = "reseller", "held by a reseller of this provider"


class NumberDecision(models.Model):
    """What a person decided about who serves a number, from ``valid_from`` to ``valid_to``.

    It goes before every table. ``instead_of`` is the provider that the tables, or an earlier decision,
    had led to and that said it was not its number; it is recorded and never held against anybody.
    ``said_by`` is who said so. Rows are written once; a later one replaces an earlier one.
    """

    id = models.BigAutoField(primary_key=True)
    number = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=DecisionKind.choices)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="numbers_decided")
    reseller = models.CharField(max_length=200, blank=True, default="")
    instead_of = models.ForeignKey(Provider, on_delete=models.PROTECT, null=True, related_name="numbers_redirected")
    said_by = models.CharField(max_length=200, blank=True, default="")
    reason = models.TextField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=100)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=100, null=True)  # noqa: DJ001 -- set once, from NULL
    leaf = models.UUIDField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="decision_kind_known", condition=Q(kind__in=DecisionKind.values)),
            models.CheckConstraint(name="decision_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="decision_ends_after_it_begins",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
            ),
        )
        indexes = (
            models.Index(name="decision_by_number", fields=["number", "-decided_at"]),
            models.Index(name="decision_by_leaf", fields=["leaf"]),
        )

    def __str__(self) -> str:
        return f"{self.number}: {self.kind} {self.provider_id}"


class OpenState(models.TextChoices):
    """Whether a number still waits for a person."""

    WAITING = "waiting", "waiting"
    SETTLED = "settled", "settled"


class OpenNumber(models.Model):
    """A called number whose carrier of record the tables do not give, waiting for a person.

    ``why`` is a code of :class:`~hopback.portal.directory.resolving.Why`, ``steps`` what was looked at.
    A number waits once, whatever the number of calls; ``call_on`` is the date of the first.
    """

    id = models.BigAutoField(primary_key=True)
    number = models.BigIntegerField()
    call_on = models.DateField()
    why = models.CharField(max_length=30)
    ocn = models.CharField(max_length=10, blank=True, default="")
    company = models.CharField(max_length=200, blank=True, default="")
    steps = models.JSONField(default=list)
    asked_for = models.CharField(max_length=200, blank=True, default="")
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=OpenState.choices, default=OpenState.WAITING)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=100, blank=True, default="")
    decision = models.ForeignKey(NumberDecision, on_delete=models.PROTECT, null=True, related_name="settles")

    class Meta:
        constraints = (
            models.UniqueConstraint(name="number_waits_once", fields=["number"], condition=Q(state="waiting")),
            models.CheckConstraint(name="open_number_state_known", condition=Q(state__in=OpenState.values)),
        )
        indexes = (models.Index(name="open_number_waiting", fields=["state", "first_at", "id"]),)

    def __str__(self) -> str:
        return f"{self.number}: {self.why}, {self.state}"

    @property
    def audit_name(self) -> str:
        """What the log calls it."""
        return f"open-number:{self.pk}"
