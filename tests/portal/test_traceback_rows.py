"""What lists read of a traceback follows from its events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from hopback.kernel.errors import BrokenProof
from hopback.portal.audit.verify import verify
from hopback.portal.embedded import open_call, open_requests, run_clocks, seal_log, take_answer
from hopback.portal.tracebacks.models import Hop, Traceback

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hopback.kernel.calls import Sought
    from hopback.wire.hops import HopAnswer

pytestmark = pytest.mark.usefixtures("directory")


def test_a_row_says_whom_it_waits_for_since_when_and_until_when(
    sample: Sought, noon: datetime, answer: Callable[..., HopAnswer]
) -> None:
    open_call("K1", sample, terminating="P1", at=noon, campaign="parcel fee")
    row = Traceback.objects.get()
    assert (row.called, row.calling, row.call_started_at) == ("+12025550143", "+13125550188", sample.started_at)
    assert (row.waiting_on, row.waiting_since, row.next_due, row.turn) == ("P1", noon, None, "provider")
    (first,) = open_requests("P1", at=noon)
    row.refresh_from_db()
    assert (row.next_due, row.hops_count) == (Hop.objects.get().respond_by, 1)
    assert take_answer("P1", answer(first, "P1", upstream="P2"), at=noon + timedelta(hours=1))
    row.refresh_from_db()
    assert (row.waiting_on, row.next_due, row.hops_count) == ("P2", None, 2)
    assert row.updated_at == noon + timedelta(hours=1)
    (second,) = open_requests("P2", at=noon + timedelta(hours=2))
    take_answer("P2", answer(second, "P2", customer="C-77"), at=noon + timedelta(hours=3))
    row.refresh_from_db()
    assert (row.waiting_on, row.next_due, row.origin_provider, row.turn) == ("", None, "P2", "consortium")
    assert (row.waiting_since, row.concluded_at) == (noon + timedelta(hours=3), noon + timedelta(hours=3))
    assert not row.is_late


def test_a_row_says_what_is_overdue_and_what_was_late(sample: Sought, noon: datetime) -> None:
    open_call("K1", sample, terminating="P3", at=noon)
    run_clocks(now=noon, until=noon + timedelta(days=2))
    row = Traceback.objects.get()
    assert (row.is_overdue, row.is_late, row.waiting_on) == (True, False, "P3")


def test_a_row_that_was_meddled_with_is_found(sample: Sought, noon: datetime) -> None:
    open_call("K1", sample, terminating="P1", at=noon)
    seal_log(at=noon)
    verify()
    Traceback.objects.update(waiting_on="P2")
    with pytest.raises(BrokenProof, match="waiting_on"):
        verify()


def test_rows_from_before_there_were_these_columns_are_filled(sample: Sought, noon: datetime) -> None:
    open_call("K1", sample, terminating="P3", at=noon)
    wanted = Traceback.objects.values().get()
    last = next(name for app, name in MigrationExecutor(connection).loader.graph.leaf_nodes("tracebacks"))
    call_command("migrate", "tracebacks", "0002", verbosity=0)
    call_command("migrate", "tracebacks", last, verbosity=0)
    assert Traceback.objects.values().get() == wanted
