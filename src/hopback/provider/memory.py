"""What a kit remembers between two runs: the requests it has had, and what they show of its clocks.

Both lie in the kit's own store and leave it never. The requests are the evidence; the estimates
follow from them and are written out dated, with what each rests on, for a person to read.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from hopback.wire.hops import HopRequest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["recall", "remember", "write_estimates"]

_TABLE = "CREATE TABLE IF NOT EXISTS asked (request_id TEXT PRIMARY KEY, body TEXT NOT NULL)"


def recall(store: Path) -> list[HopRequest]:
    """The requests remembered in a store, in the order of their ids."""
    with closing(_open(store)) as memory:
        rows = memory.execute("SELECT body FROM asked ORDER BY request_id").fetchall()
    return [HopRequest.model_validate_json(body) for (body,) in rows]


def remember(store: Path, requests: Iterable[HopRequest]) -> None:
    """Keep requests; one with the id of an earlier one takes its place."""
    rows = [(request.request_id, request.model_dump_json()) for request in requests]
    with closing(_open(store)) as memory, memory:
        memory.executemany("INSERT OR REPLACE INTO asked VALUES (?, ?)", rows)


def write_estimates(store: Path, estimates: list[dict[str, Any]]) -> None:
    """Write what is believed of the sources' clocks to ``clocks.json`` in the store, whole or not at all."""
    part = store / "clocks.json.part"
    part.write_text(json.dumps(estimates, indent=1) + "\n", encoding="utf-8")
    part.replace(store / "clocks.json")


def _open(store: Path) -> sqlite3.Connection:
    memory = sqlite3.connect(store / "asked.sqlite", timeout=20)
    memory.execute(_TABLE)
    return memory
