"""Two thousand answers by eight clients at once, while the worker is killed ten times."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
import requests
from django.db import connections, transaction

from hopback.kernel.calls import Sought
from hopback.portal.accounts.actions import issue_key
from hopback.portal.accounts.models import Organisation
from hopback.portal.audit.actors import SYSTEM
from hopback.portal.embedded import open_call, seal_log, verify_log
from hopback.portal.jobs.models import Job, JobState
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.tracebacks.models import Hop, Response, TraceEvent

if TYPE_CHECKING:
    from pathlib import Path

    from hopback.portal.config import Configuration

pytestmark = pytest.mark.usefixtures("directory")

ANSWERS = 2000
CLIENTS = 8
KILLS = 10
MAIN = "from hopback.cli import main; main()"


def test_nothing_is_lost_and_nothing_counts_twice(portal: Configuration, tmp_path: Path) -> None:
    at = datetime.now(UTC) - timedelta(minutes=5)
    with transaction.atomic():
        for number in range(ANSWERS):
            sample = Sought(12025550143 + number, 13125550188, at - timedelta(hours=2), 60.0)
            open_call(f"K{number}", sample, terminating="P1", at=at)
    key = issue_key(SYSTEM, Organisation.objects.get(pk="P1"), at=at, lasts=timedelta(days=1))
    environment = os.environ | {
        "HOPBACK_DATA": str(tmp_path),
        "HOPBACK_DATABASE": portal.database,
        "HOPBACK_SYNCHRONOUS": "NORMAL",
        "HOPBACK_EXERCISE": "true",
    }
    connections.close_all()
    serving = [sys.executable, "-c", MAIN, "portal", "up", "--port", "0", "--no-worker"]
    with subprocess.Popen(serving, stderr=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stderr is not None
            said = re.search(r"http://\S+/api/v1/", server.stderr.readline())
            assert said is not None
            Thread(target=server.stderr.read, daemon=True).start()
            asked = _get(said[0], key)
            assert len(asked) == ANSWERS
            # the clocks of all of them have something to bring while the answers come in
            owe([Owed(job.kind, job.key, at, job.payload) for job in Job.objects.filter(kind="hop.clock")])
            done = Event()
            killer = Thread(target=_kill_workers, args=(environment, done))
            killer.start()
            shares = [asked[share::CLIENTS] for share in range(CLIENTS)]
            with ThreadPoolExecutor(CLIENTS) as clients:
                statuses = sum(clients.map(lambda share: _answer_all(said[0], key, share), shares), Counter())
            done.set()
            killer.join()
        finally:
            server.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                server.wait(20)
            server.kill()
    assert statuses == {202: 2 * ANSWERS}
    assert Hop.objects.filter(answered_at__isnull=False).count() == ANSWERS
    assert Response.objects.count() == ANSWERS
    assert TraceEvent.objects.filter(name="hop.answered").count() == ANSWERS
    reminded = Counter(
        (event.traceback_id, event.data["data"]["key"] if "data" in event.data else event.data.get("key"))
        for event in TraceEvent.objects.filter(name="hop.reminded")
    )
    assert all(count == 1 for count in reminded.values())
    assert not Job.objects.filter(state=JobState.RUNNING, leased_until__gt=datetime.now(UTC) + timedelta(minutes=2))
    seal_log(at=datetime.now(UTC))
    verify_log()


def _get(address: str, key: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{address}requests", headers={"Authorization": f"Bearer {key}"}, timeout=120)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found


def _answer_all(address: str, key: str, asked: list[dict[str, Any]]) -> Counter[int]:
    """Answer each twice, as a client does whose connection broke; every other one under a key of its own."""
    statuses: Counter[int] = Counter()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        for number, request in enumerate(asked):
            body = {
                "request_id": request["request_id"],
                "provider": "P1",
                "answer": "customer_named",
                "customer": f"C-{number}",
                "found_at": request["started_at"],
                "source": "core",
                "time_offset_s": 0.0,
                "confidence": 0.98,
                "why": ["one record fits"],
            }
            headers = {"Idempotency-Key": request["request_id"]} if number % 2 else {}
            for _ in range(2):
                address_of = f"{address}requests/{request['request_id']}/answer"
                statuses[session.post(address_of, json=body, headers=headers, timeout=120).status_code] += 1
    return statuses


def _kill_workers(environment: dict[str, str], done: Event) -> None:
    working = [sys.executable, "-c", MAIN, "portal", "work"]
    for _ in range(KILLS):
        worker = subprocess.Popen(working, env=environment, stderr=subprocess.DEVNULL)
        done.wait(2.5)
        time.sleep(0.05)
        worker.kill()
        worker.wait()
