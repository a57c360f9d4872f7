"""A session with a table engine, chosen by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopback.kernel.errors import BadInput
from hopback.tables.engines.duckdb import DuckDB

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ENGINES", "open_session"]

ENGINES = ("duckdb",)
"""Engines that can be run here. Questions can be written for more dialects: :func:`hopback.tables.sql.transpile`."""


def open_session(
    engine: str = "duckdb", *, memory_limit: str = "2GB", threads: int | None = None, spill: Path | None = None
) -> DuckDB:
    """Open a session; close it, or use it in a ``with`` block. Raises :class:`BadInput` for an unknown engine."""
    if engine not in ENGINES:
        raise BadInput(
            f"no table engine is called {engine!r}", where="engine", mend=f"choose one of {', '.join(ENGINES)}"
        )
    return DuckDB(memory_limit=memory_limit, threads=threads, spill=spill)
