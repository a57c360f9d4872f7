from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from records.workbench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hopback.kernel.calls import CallRecord


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def one(bench: Bench) -> Callable[..., CallRecord]:
    """Load a file of these lines and give its only record."""

    def load(*lines: str, **source: object) -> CallRecord:
        report = bench.load(bench.write("one.csv", "\n".join(lines) + "\n"), **source)
        assert report.total("rejected") == 0, report
        (record,) = bench.all()
        return record

    return load
