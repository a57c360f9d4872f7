"""The worker: claim what is due, do it, once.

A claim is a conditional update; whoever changed the row has it. The job's effects and its completion
are one transaction, in which the claim is checked again: a worker that was taken for dead and wakes up
finds its claim gone and its effects rolled back. So a worker may be killed at any moment: nothing is
lost, nothing is done twice.

What reaches out of the machine, such as a mail, cannot be rolled back and must not hold the database's
lock meanwhile: it is an *errand*, run before the transaction that writes down what came of it. Each kind of
errand has a lane of its own, so that a mail server that does not answer keeps no clock from striking.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog
from django.db import connections, transaction
from django.db.models import F, Q

from hopback.kernel.errors import HopbackError
from hopback.portal.audit.actions import recording_refusals
from hopback.portal.jobs.models import Job, JobState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = [
    "ERRAND_LEASE",
    "LEASE",
    "Errand",
    "Handler",
    "Worked",
    "begin_all",
    "begins",
    "handles",
    "next_due",
    "runs",
    "work",
    "work_in_lanes",
    "work_until_stopped",
]

LEASE: Final = timedelta(seconds=60)
"""How long a claim holds. Every handler is far shorter; a killed worker's row waits this long."""

ERRAND_LEASE: Final = timedelta(minutes=5)
"""How long a claim on an errand holds: longer than any server is waited for."""

FIRST_BACKOFF: Final = timedelta(seconds=15)
LONGEST_BACKOFF: Final = timedelta(hours=6)

log = structlog.get_logger(__name__)


class Handler(Protocol):
    """Does one kind of job, inside the transaction that completes it."""

    def __call__(self, payload: dict[str, Any], /, *, at: datetime) -> None:
        """Raise whatever went wrong: the job is then undone, kept and tried again."""


class Errand(Protocol):
    """Does what cannot be undone, outside any transaction, and returns what writes down what came of it.

    What is returned runs inside the transaction that completes the job. A worker that is killed between
    the two leaves the job to be done again: an errand is run at least once, written down once.
    """

    def __call__(self, payload: dict[str, Any], /, *, at: datetime) -> Callable[[], None]:
        """Raise whatever went wrong: the job is then kept and tried again."""


class Beginning(Protocol):
    """Owes what is always owed."""

    def __call__(self, *, at: datetime) -> None:
        """Owe it."""


@dataclass(frozen=True, slots=True)
class Worked:
    """What a round did: jobs completed, jobs that failed and were pushed on, and the clock at its end."""

    done: int
    failed: int
    at: datetime


_handlers: dict[str, Handler] = {}
_errands: dict[str, Errand] = {}
_beginnings: list[Beginning] = []


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Register the handler of a kind of job."""

    def register(handler: Handler) -> Handler:
        known = _handlers.setdefault(kind, handler)
        if known is not handler:
            raise RuntimeError(f"two handlers for {kind}")
        return handler

    return register


def runs(kind: str) -> Callable[[Errand], Errand]:
    """Register an errand for a kind of job."""

    def register(errand: Errand) -> Errand:
        known = _errands.setdefault(kind, errand)
        if known is not errand:
            raise RuntimeError(f"two errands for {kind}")
        return errand

    return register


def begins(beginning: Beginning) -> Beginning:
    """Register what a worker does when it starts: owe what is owed again and again."""
    _beginnings.append(beginning)
    return beginning


def begin_all(*, at: datetime) -> None:
    """Owe everything that is always owed. A worker calls this when it starts."""
    for beginning in _beginnings:
        beginning(at=at)


def next_due(*, kinds: tuple[str, ...] = ()) -> datetime | None:
    """When the next job is due, or a dead worker's claim runs out; None when nothing is owed."""
    rows = Job.objects.filter(kind__in=kinds) if kinds else Job.objects.all()
    waiting = rows.filter(state=JobState.WAITING).order_by("due_at").values_list("due_at", flat=True).first()
    running = rows.filter(state=JobState.RUNNING).order_by("leased_until").values_list("leased_until", flat=True)
    return min((instant for instant in (waiting, running.first()) if instant is not None), default=None)


def work(
    *, now: datetime, until: datetime, lease: timedelta = LEASE, limit: int | None = None, lane: Q | None = None
) -> Worked:
    """Do everything that is due by ``until``, in the order it is due; what that brings about as well.

    With a ``limit`` no more than so many jobs are done, with a ``lane`` only those in it.

    The clock each job is given begins at ``now`` and moves on to the time a job was due: a worker
    passes the same instant twice, a simulation passes the end of the time it skips.
    """
    done = failed = 0
    while (limit is None or done + failed < limit) and (
        job := _claim(now=now, until=until, lease=lease, lane=lane)
    ) is not None:
        now = max(now, job.due_at)
        if _run(job, at=now):
            done += 1
        else:
            failed += 1
    return Worked(done, failed, max(now, until))


def work_until_stopped(
    *,
    clock: Callable[[], datetime],
    is_stopped: Callable[[], bool],
    pause_s: float = 1.0,
    lease: timedelta = LEASE,
    lane: Q | None = None,
) -> None:
    """A worker's loop, on a real clock, which is looked at before each job."""
    while not is_stopped():
        now = clock()
        worked = work(now=now, until=now, lease=lease, limit=1, lane=lane)
        if not worked.done:
            time.sleep(pause_s)


def work_in_lanes(*, clock: Callable[[], datetime], is_stopped: Callable[[], bool], pause_s: float = 1.0) -> None:
    """A worker process: a thread for each kind of errand, and one for everything else.

    A lane outlives what goes wrong with the database itself: it is said in the log, and tried again.
    """
    kinds = sorted(_errands)
    lanes = [~Q(kind__in=kinds), *(Q(kind=kind) for kind in kinds)]

    def go(lane: Q) -> None:
        while not is_stopped():
            try:
                work_until_stopped(clock=clock, is_stopped=is_stopped, pause_s=pause_s, lane=lane)
            except Exception:  # a database that is gone for a moment must not end a lane
                log.exception("worker.stumbled", lane=str(lane))
                time.sleep(pause_s)
            finally:
                connections.close_all()

    threads = [threading.Thread(target=go, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _claim(*, now: datetime, until: datetime, lease: timedelta, lane: Q | None) -> Job | None:
    free = Q(state=JobState.WAITING, due_at__lte=until) | Q(state=JobState.RUNNING, leased_until__lte=until)
    if lane is not None:
        free &= lane
    while (found := Job.objects.filter(free).order_by("due_at", "id").first()) is not None:
        mine = uuid.uuid4()
        holds = max(lease, ERRAND_LEASE) if found.kind in _errands else lease
        start = max(now, found.due_at)
        # the condition names the row as it was read: another worker's claim, or a new due time, changes it
        claimed = Job.objects.filter(
            pk=found.pk, state=found.state, lease=found.lease, due_at=found.due_at, attempts=found.attempts
        )
        if claimed.update(state=JobState.RUNNING, lease=mine, leased_until=start + holds, attempts=F("attempts") + 1):
            found.lease, found.attempts = mine, found.attempts + 1
            return found
    return None


def _run(job: Job, *, at: datetime) -> bool:
    errand = _errands.get(job.kind)
    try:
        finish = errand(job.payload, at=at) if errand else partial(_handlers[job.kind], job.payload, at=at)
        with recording_refusals(), transaction.atomic():
            # before the handler, so that a handler may owe the same key again
            held = Job.objects.filter(pk=job.pk, lease=job.lease, state=JobState.RUNNING)
            if not held.update(
                state=JobState.DONE, lease=None, leased_until=None, finished_at=at, error="", attempts=job.attempts
            ):
                return True  # cancelled, or taken over, meanwhile
            finish()
    except Exception as error:  # noqa: BLE001 -- whatever one job does must not stop the others
        _push_on(job, error, at=at)
        return False
    return True


def _push_on(job: Job, error: Exception, *, at: datetime) -> None:
    pause = min(FIRST_BACKOFF * 2 ** min(job.attempts - 1, 20), LONGEST_BACKOFF)
    sentence = str(error) if isinstance(error, HopbackError) else f"{type(error).__name__}: {error}"
    log.warning("job.failed", kind=job.kind, key=job.key, attempts=job.attempts, error=sentence)
    Job.objects.filter(pk=job.pk, lease=job.lease, state=JobState.RUNNING).update(
        state=JobState.WAITING, lease=None, leased_until=None, due_at=at + pause, error=sentence[:2000]
    )
