from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from hopback.kernel.errors import Refused
from hopback.portal.audit.actions import action
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.audit.models import Leaf
from hopback.portal.jobs.jobs import begin_sealing
from hopback.portal.jobs.models import Job, JobState
from hopback.portal.jobs.owing import Owed, cancel, owe
from hopback.portal.jobs.working import handles, next_due, runs, work, work_in_lanes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hopback.portal.config import Configuration

seen: list[tuple[Any, datetime]] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    seen.clear()


@handles("test.note")
def note(payload: dict[str, Any], /, *, at: datetime) -> None:
    seen.append((payload.get("n"), at))
    if payload.get("again"):
        owe([Owed("test.note", "again", at + timedelta(hours=1), {"n": payload["n"] + 1, "again": payload["n"] < 3})])


@handles("test.fail")
def fail(payload: dict[str, Any], /, *, at: datetime) -> None:
    seen.append((payload.get("n"), at))
    owe([Owed("test.note", "never", at)])
    raise ValueError("it cannot be done")


def nobody(actor: Actor, _subject: Any, /) -> None:
    raise Refused(f"{actor.name} may not")


@action("test.refused", may=nobody)
def refused(_actor: Actor, _subject: str, *, at: datetime) -> None:
    raise AssertionError("never reached")


@handles("test.refused")
def try_it(_payload: dict[str, Any], /, *, at: datetime) -> None:
    refused(Actor("cole", Role.OUTSIDER), "x", at=at)


def test_what_is_due_is_done_in_the_order_it_is_due(portal: Configuration, noon: datetime) -> None:
    hour = timedelta(hours=1)
    owe([Owed("test.note", f"n{n}", noon + n * hour, {"n": n}) for n in (3, 1, 2, 9)])
    assert next_due() == noon + hour
    worked = work(now=noon, until=noon + 4 * hour)
    assert (worked.done, worked.failed) == (3, 0)
    assert seen == [(1, noon + hour), (2, noon + 2 * hour), (3, noon + 3 * hour)]
    assert next_due() == noon + 9 * hour


def test_what_is_overdue_is_done_at_the_time_it_is_done(portal: Configuration, noon: datetime) -> None:
    owe([Owed("test.note", "late", noon - timedelta(days=1), {"n": 1})])
    work(now=noon, until=noon)
    assert seen == [(1, noon)]


def test_a_job_may_owe_itself_again(portal: Configuration, noon: datetime) -> None:
    owe([Owed("test.note", "again", noon, {"n": 1, "again": True})])
    work(now=noon, until=noon + timedelta(days=1))
    assert [n for n, _ in seen] == [1, 2, 3, 4]
    assert seen[-1][1] == noon + timedelta(hours=3)


def test_owing_the_same_again_moves_it(portal: Configuration, noon: datetime) -> None:
    owe([Owed("test.note", "one", noon, {"n": 1})])
    owe([Owed("test.note", "one", noon + timedelta(hours=1), {"n": 2})])
    assert Job.objects.count() == 1
    work(now=noon, until=noon)
    assert not seen
    work(now=noon, until=noon + timedelta(hours=1))
    assert [n for n, _ in seen] == [2]


def test_what_is_cancelled_is_not_done(portal: Configuration, noon: datetime) -> None:
    owe([Owed("test.note", "one", noon)])
    assert cancel(["one", "unknown"], at=noon) == 1
    assert work(now=noon, until=noon).done == 0
    assert next_due() is None


def test_a_failing_job_is_undone_pushed_on_and_wedges_nothing(portal: Configuration, noon: datetime) -> None:
    owe(
        [Owed("test.fail", "bad", noon, {"n": "bad"}), Owed("test.note", "good", noon + timedelta(seconds=1), {"n": 1})]
    )
    worked = work(now=noon, until=noon + timedelta(minutes=10))
    assert worked.done == 1
    assert [at - noon for n, at in seen if n == "bad"] == [timedelta(seconds=s) for s in (0, 15, 45, 105, 225, 465)]
    bad = Job.objects.get(key="bad")
    assert (bad.state, bad.attempts, bad.error) == (JobState.WAITING, 6, "ValueError: it cannot be done")
    assert not Job.objects.filter(key="never").exists()


def test_a_kind_nobody_handles_is_kept_with_its_error(portal: Configuration, noon: datetime) -> None:
    owe([Owed("test.unknown", "odd", noon)])
    assert work(now=noon, until=noon).failed == 1
    assert "test.unknown" in Job.objects.get().error


def test_a_refusal_inside_a_job_is_recorded_though_the_job_is_rolled_back(
    portal: Configuration, noon: datetime
) -> None:
    owe([Owed("test.refused", "r", noon)])
    assert work(now=noon, until=noon).failed == 1
    (leaf,) = Leaf.objects.all()
    assert (leaf.is_refusal, leaf.actor, leaf.action) == (True, "cole", "test.refused")


def test_a_claim_that_was_taken_over_undoes_its_effects(portal: Configuration, noon: datetime) -> None:
    owe([Owed("test.note", "one", noon, {"n": 1})])
    Job.objects.update(state=JobState.RUNNING, lease="0" * 32, leased_until=noon + timedelta(seconds=60), attempts=1)
    assert work(now=noon, until=noon).done == 0  # another worker is at it
    assert next_due() == noon + timedelta(seconds=60)
    later = noon + timedelta(seconds=60)
    assert work(now=later, until=later).done == 1  # that worker is taken for dead
    assert [n for n, _ in seen] == [1]


def test_the_log_is_sealed_every_ten_minutes(portal: Configuration, noon: datetime) -> None:
    begin_sealing(at=noon)
    assert work(now=noon, until=noon + timedelta(minutes=35)).done == 4


WORKER = """
import sys
from datetime import timedelta, UTC, datetime
from pathlib import Path
from hopback.portal.config import Configuration
from hopback.portal.embedded import use
use(Configuration(data=Path(sys.argv[2]), database=sys.argv[1], synchronous="NORMAL"))
from django.db import connection
from hopback.portal.jobs.working import handles, work_until_stopped
@handles("test.count")
def count(payload, /, *, at):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effects (n) VALUES (%s)", [payload["n"]])
print("ready", flush=True)
work_until_stopped(clock=lambda: datetime.now(UTC), is_stopped=lambda: False, pause_s=0.02, lease=timedelta(seconds=0.5))
"""


def test_killed_workers_lose_nothing_and_do_nothing_twice(portal: Configuration, tmp_path: Path) -> None:
    jobs = 600
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE effects (n integer NOT NULL)")
    owe([Owed("test.count", f"count{n}", datetime.now(UTC), {"n": n}) for n in range(jobs)])
    command = [sys.executable, "-c", WORKER, portal.database, str(tmp_path)]
    kills, done = 0, 0
    deadline = time.monotonic() + 90
    while done < jobs and time.monotonic() < deadline:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
            before = Job.objects.filter(state=JobState.DONE).count()
            while time.monotonic() < deadline:
                time.sleep(0.01)
                done = Job.objects.filter(state=JobState.DONE).count()
                if done >= jobs or (kills < 6 and done - before >= 60):
                    break
            os.kill(worker.pid, signal.SIGKILL)
            kills += done < jobs
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT n) FROM effects")
        assert cursor.fetchone() == (jobs, jobs)
    assert done == jobs
    assert kills >= 5


def test_an_errand_that_hangs_keeps_no_clock_from_striking(portal: Configuration) -> None:
    go_on, stopped, begun = threading.Event(), threading.Event(), threading.Event()

    def hang(_payload: dict[str, Any], /, *, at: datetime) -> Callable[[], None]:
        begun.set()
        go_on.wait(20)
        return lambda: seen.append(("hung", at))

    runs("test.hang")(hang)
    at = datetime.now(UTC)
    owe([Owed("test.hang", "h1", at - timedelta(minutes=1)), Owed("test.note", "n1", at, {"n": 1})])
    worker = threading.Thread(
        target=work_in_lanes,
        kwargs={"clock": lambda: datetime.now(UTC), "is_stopped": stopped.is_set, "pause_s": 0.02},
        daemon=True,
    )
    worker.start()
    assert begun.wait(10)
    deadline = time.monotonic() + 10
    while not seen and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [what for what, _ in seen] == [1]
    go_on.set()
    while len(seen) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    stopped.set()
    worker.join(10)
    assert [what for what, _ in seen] == [1, "hung"]
    assert Job.objects.get(key="h1").state == JobState.DONE


def test_what_an_errand_brings_is_written_down_only_while_its_claim_holds(portal: Configuration) -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)

    def run(_payload: dict[str, Any], /, *, at: datetime) -> Callable[[], None]:
        cancel(["e1"], at=at)
        return lambda: seen.append(("written", at))

    runs("test.errand")(run)
    owe([Owed("test.errand", "e1", at)])
    work(now=at, until=at)
    assert not seen
    assert Job.objects.get(key="e1").state == JobState.CANCELLED


def test_a_lane_outlives_a_database_that_is_gone_for_a_moment(portal: Configuration) -> None:
    stopped, failures = threading.Event(), [1, 2, 3]

    def clock() -> datetime:
        if failures:
            raise OSError(f"gone {failures.pop()}")
        return datetime.now(UTC)

    owe([Owed("test.note", "n1", datetime.now(UTC) - timedelta(minutes=1), {"n": 1})])
    worker = threading.Thread(
        target=work_in_lanes, kwargs={"clock": clock, "is_stopped": stopped.is_set, "pause_s": 0.02}, daemon=True
    )
    worker.start()
    deadline = time.monotonic() + 20
    while not seen and time.monotonic() < deadline:
        time.sleep(0.02)
    stopped.set()
    worker.join(20)
    assert [what for what, _ in seen] == [1]
    assert not failures
