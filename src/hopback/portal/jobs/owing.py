"""Owe something, or owe it no longer. Both belong to the transaction they are called in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hopback.portal.jobs.models import Job, JobState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

__all__ = ["INDEX", "Owed", "cancel", "due_steps", "is_done", "owe", "owe_index"]


INDEX: Final = "search.index"
"""The kind of job that takes down the words by which one thing is found."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A thing to be done at ``due``: ``kind`` finds its handler, ``key`` is unique to it."""

    kind: str
    key: str
    due: datetime
    payload: dict[str, Any] = field(default_factory=dict)


def owe(owed: Iterable[Owed]) -> None:
    """Write the rows; what is owed under a known key already is moved to its new time."""
    rows = [Job(kind=one.kind, key=one.key, due_at=one.due, payload=one.payload) for one in owed]
    if rows:
        Job.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=[
                "kind",
                "payload",
                "due_at",
                "state",
                "lease",
                "leased_until",
                "attempts",
                "error",
                "finished_at",
            ],
        )


def cancel(keys: Sequence[str], *, at: datetime) -> int:
    """Owe these no longer, even if a worker is at one of them: it will find its claim gone. Returns how many."""
    open_rows = Job.objects.filter(key__in=keys, state__in=(JobState.WAITING, JobState.RUNNING))
    return open_rows.update(state=JobState.CANCELLED, lease=None, leased_until=None, finished_at=at)


def due_steps(keys: Iterable[str]) -> dict[str, tuple[datetime, dict[str, Any]]]:
    """When what is owed under these keys is due, and its payload; without what is owed no longer."""
    rows = Job.objects.filter(key__in=list(keys), state__in=(JobState.WAITING, JobState.RUNNING))
    return {key: (due, payload) for key, due, payload in rows.values_list("key", "due_at", "payload")}


def is_done(key: str) -> bool:
    """Whether what was owed under a key has been done."""
    return Job.objects.filter(key=key, state=JobState.DONE).exists()


def owe_index(kind: str, keys: Iterable[str], *, at: datetime) -> None:
    """Owe it to those who search that what changed is found by its new words: a traceback, a provider and so on."""
    owe(Owed(INDEX, f"{INDEX}:{kind}:{key}", at, {"kind": kind, "key": key}) for key in keys)
