from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hopback.records.loading import load_files
from hopback.records.schema import Source
from hopback.records.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hopback.kernel.calls import CallRecord
    from hopback.records.loading import LoadReport

sys.path.insert(0, str(Path(__file__).parent))


class Bench:
    """A store in a temporary folder, and short words for loading into it and looking at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store.open(folder / "store")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def load(self, *paths: Path, **source: object) -> LoadReport:
        said = {"name": "core", "time_zone": "America/Chicago", **source}
        return load_files(self.store, Source(**said), paths, folder=self.folder)  # type: ignore[arg-type]

    def all(self) -> list[CallRecord]:
        self.store._refresh()
        return self.store._records(self.store._landings, "TRUE")


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
