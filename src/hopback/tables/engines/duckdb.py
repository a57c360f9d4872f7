"""DuckDB in this process: the default engine over Parquet and Arrow.

DuckDB 2 raises ``ResourceInUseException`` when a connection is asked again before the last result was
read to its end, so every question here is answered in full before the method returns. Nothing is
downloaded: only what the wheel brings (parquet, json, icu) is used.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    import duckdb

__all__ = ["DuckDB"]


class DuckDB:
    """One DuckDB database in memory, with bounds on what it takes from the machine.

    ``memory_limit`` is DuckDB's wording (``"1GB"``); what does not fit is spilled to ``spill``.
    ``threads`` of None leaves the choice to DuckDB. Times without a zone are UTC. Safe to share
    between threads: questions wait for each other.
    """

    name = "duckdb"
    dialect = "duckdb"

    def __init__(self, *, memory_limit: str = "2GB", threads: int | None = None, spill: Path | None = None) -> None:
        import duckdb  # noqa: PLC0415 -- loading the library takes longer than most commands' whole start may

        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": True,
            "preserve_insertion_order": True,
        }
        if threads is not None:
            settings["threads"] = threads
        if spill is not None:
            settings["temp_directory"] = str(spill)
        self._error: type[Exception] = duckdb.Error
        self._lock = RLock()
        self._functions: list[str] = []
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config=settings)
        self.run("SET TimeZone = 'UTC'")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Every row of the answer. Raises :class:`BadInput` with the engine's own words when SQL or data are bad."""
        with self._lock:
            try:
                # Passing no list at all skips the engine's preparation step.
                result = self._connection.execute(sql, parameters) if parameters else self._connection.execute(sql)
                return list(result.fetchall())
            except self._error as error:
                raise BadInput(f"the table engine refused: {error}", where="duckdb") from error

    def table(self, sql: str) -> Any:
        """The answer as a ``pyarrow.Table``; errors as in :meth:`rows`."""
        with self._lock:
            try:
                return self._connection.sql(sql).to_arrow_table()
            except self._error as error:
                raise BadInput(f"the table engine refused: {error}", where="duckdb") from error

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Execute a statement for its effect; errors as in :meth:`rows`."""
        self.rows(sql, parameters)

    def show(self, name: str, table: Any) -> None:
        """Let SQL see an Arrow table under ``name`` without copying it, until :meth:`hide`."""
        with self._lock:
            self._connection.register(name, table)

    def hide(self, name: str) -> None:
        """Take away what :meth:`show` showed."""
        with self._lock:
            self._connection.unregister(name)

    def define(self, name: str, function: Callable[..., Any], *, takes: Sequence[str], gives: str) -> None:
        """Let SQL call a Python function of values; NULL goes in and comes out as None."""
        with self._lock:
            connection: Any = self._connection  # its stubs want an enumeration that is not exported
            connection.create_function(name, function, list(takes), gives, null_handling="special")
            self._functions.append(name)

    @contextmanager
    def as_written(self) -> Iterator[None]:
        """Inside, no condition is moved below the step it stands on.

        The optimizer moves conditions towards the data and computes again there what later steps compute anyway;
        where every row is wanted and expressions are dear, that doubles the work.
        """
        with self._lock:
            self.run("SET disabled_optimizers = 'filter_pushdown'")
            self.run("SET preserve_insertion_order = false")
            try:
                yield
            finally:
                self.run("SET disabled_optimizers = ''")
                self.run("SET preserve_insertion_order = true")

    def close(self) -> None:
        """Give memory and files back; closing twice is fine."""
        with self._lock:
            for name in self._functions:
                self._connection.remove_function(name)
            self._functions.clear()
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
