"""The same on PostgreSQL, where transactions really overlap; skipped where no server can be started."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from hopback.kernel.calls import Sought
from hopback.kernel.errors import BrokenProof
from hopback.portal.audit.actions import action
from hopback.portal.audit.actors import Actor, Role
from hopback.portal.audit.models import Leaf
from hopback.portal.audit.sealing import seal
from hopback.portal.audit.verify import verify
from hopback.portal.embedded import import_sheet, open_call, open_requests, results, run_clocks, take_answer
from hopback.portal.jobs.models import Job
from hopback.portal.jobs.owing import Owed, owe
from hopback.portal.jobs.working import handles, work

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopback.wire.hops import HopAnswer

ADA = Actor("ada", Role.LEAD)


def anybody(_actor: Actor, _subject: Any, /) -> None:
    """Let everybody."""


@action("thing.noted", may=anybody)
def do(_actor: Actor, _subject: str, *, at: datetime) -> None:
    """Leave a leaf."""


def test_two_that_commit_in_reverse_order_are_both_numbered(postgresql: None, noon: datetime) -> None:
    began, go_on = threading.Event(), threading.Event()
    errors: list[Exception] = []

    def slow() -> None:
        try:
            with transaction.atomic():
                do(ADA, "began first", at=noon)
                began.set()
                go_on.wait(10)
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow)
    thread.start()
    assert began.wait(10)
    do(ADA, "began second", at=noon)
    first = seal(at=noon)
    assert first is not None
    assert first.size == 1  # the other is not committed yet, and is not waited for
    go_on.set()
    thread.join()
    assert not errors
    second = seal(at=noon)
    assert second is not None
    assert second.size == 2
    by_number = list(Leaf.objects.order_by("number").values_list("subject", flat=True))
    assert by_number == ["began second", "began first"]
    assert verify().leaves == 2


def test_sealers_at_once_number_nothing_twice(postgresql: None, noon: datetime) -> None:
    errors: list[Exception] = []

    def write_and_seal(name: str) -> None:
        try:
            for number in range(10):
                do(ADA, f"{name}{number}", at=noon)
                seal(at=noon)
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write_and_seal, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seal(at=noon)
    assert not errors
    assert verify().leaves == 30


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_leaf SET body = 'x'",
        "DELETE FROM audit_leaf",
        "TRUNCATE audit_leaf",
        "DELETE FROM audit_checkpoint",
    ],
)
def test_the_database_refuses_to_change_the_log(postgresql: None, noon: datetime, statement: str) -> None:
    do(ADA, "one", at=noon)
    seal(at=noon)
    with pytest.raises(DatabaseError, match="written once"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_workers_at_once_do_each_job_once(postgresql: None, noon: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE effects (n integer NOT NULL)")
    owe([Owed("test.effect", f"effect{n}", noon, {"n": n}) for n in range(120)])
    errors: list[Exception] = []

    def run() -> None:
        try:
            work(now=noon, until=noon)
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT n) FROM effects")
        assert cursor.fetchone() == (120, 120)
    assert Job.objects.filter(state="done").count() == 120


@handles("test.effect")
def effect(payload: dict[str, Any], /, *, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effects (n) VALUES (%s)", [payload["n"]])


def test_a_call_is_traced_home_and_a_silent_one_found(
    postgresql: None, noon: datetime, tmp_path: Path, answer: Callable[..., HopAnswer]
) -> None:
    sheet = tmp_path / "providers.csv"
    sheet.write_text(
        "provider_id,legal_name,country,frn,ocn,time_zone,answers\n"
        "P1,Bell,US,,,America/Chicago,agent\nP2,Cole,US,,,America/New_York,agent\nP3,Silent,US,,,UTC,silent\n"
    )
    import_sheet(sheet, at=noon)
    sample = Sought(12025550143, 13125550188, noon.astimezone(UTC) - timedelta(days=1), 60.0)
    for call, upstream in (("K1", "P2"), ("K2", "P3")):
        open_call(call, sample, terminating="P1", at=noon)
        (request,) = open_requests("P1", at=noon)
        take_answer("P1", answer(request, "P1", upstream=upstream), at=noon)
    (request,) = open_requests("P2", at=noon)
    take_answer("P2", answer(request, "P2", customer="C-1"), at=noon)
    run_clocks(now=noon)
    assert [(one.call_id, one.outcome) for one in results()] == [("K1", "origin_identified"), ("K2", "non_responsive")]
    seal(at=noon)
    assert verify().rows["tracebacks.response"] == 3
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tracebacks_response DISABLE TRIGGER USER")
        cursor.execute("UPDATE tracebacks_response SET submitted_by = 'eve' WHERE version = 1")
    with pytest.raises(BrokenProof):
        verify()
