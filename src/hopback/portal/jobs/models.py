"""One row for each thing that is owed later."""

# ruff: noqa: D106 -- a Meta holds its table's constraints and indexes

from __future__ import annotations

from django.db import models
from django.db.models import Q

__all__ = ["Job", "JobState"]


class JobState(models.TextChoices):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Job(models.Model):
    """Something owed at ``due_at``: what kind, with which payload.

    ``key`` is unique: owing the same thing again moves it, never doubles it. A worker claims a row
    by a conditional update that writes its ``lease`` and how long it holds (``leased_until``);
    when that has passed, the worker is taken for dead and the row is anybody's again. ``attempts``
    counts claims since the row was last owed; ``error`` keeps what went wrong the last time.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=80)
    payload = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.WAITING)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(default="")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="job_state_known", condition=Q(state__in=JobState.values)),
            models.CheckConstraint(
                name="job_lease_while_running",
                condition=Q(state="running", lease__isnull=False, leased_until__isnull=False)
                | (~Q(state="running") & Q(lease__isnull=True, leased_until__isnull=True)),
            ),
        )
        indexes = (
            models.Index(name="job_due", fields=["due_at", "id"], condition=Q(state="waiting")),
            models.Index(name="job_leased", fields=["leased_until"], condition=Q(state="running")),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.state}, due {self.due_at:%Y-%m-%d %H:%M:%S}Z"
