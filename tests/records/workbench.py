from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hopback.records.loading import load_files
from hopback.records.schema import Source
from hopback.records.store import Store

if TYPE_CHECKING:
    from hopback.kernel.calls import CallRecord
    from hopback.records.loading import LoadReport


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
