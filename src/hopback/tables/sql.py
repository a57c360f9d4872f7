"""Pieces of SQL, and one question written for several engines.

The pieces return text in DuckDB's dialect. :func:`transpile` rewrites a whole question for another
engine, so that it is written once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hopback.kernel.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["DIALECTS", "any_of", "first_of", "name", "numbers", "steps", "text", "transpile"]

DIALECTS: Final = ("duckdb", "clickhouse", "postgres", "spark", "trino")
"""Dialects that questions are written for."""


def name(identifier: str) -> str:
    """A column or table name, quoted so that any spelling is safe."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def numbers(values: Iterable[int]) -> str:
    """A list of integers for ``IN``; a list without members matches nothing."""
    listed = ", ".join(str(int(value)) for value in values)
    return f"({listed})" if listed else "(NULL)"


def any_of(conditions: Iterable[str]) -> str:
    """True where any of the conditions is; false where there is none."""
    joined = " OR ".join(f"({condition})" for condition in conditions)
    return f"({joined})" if joined else "(FALSE)"


def first_of(expressions: Sequence[str]) -> str:
    """The first expression that is not NULL; NULL where there is none."""
    if not expressions:
        return "NULL"
    return expressions[0] if len(expressions) == 1 else f"coalesce({', '.join(expressions)})"


def steps(value: str, bounds: Sequence[str], results: Sequence[str]) -> str:
    """A step function: ``results[0]`` below ``bounds[0]``, ``results[i]`` from ``bounds[i - 1]`` on.

    ``bounds`` are ascending literals; there is one more result than bounds. Nested in halves, so
    that a hundred bounds cost seven comparisons a row.
    """
    if len(results) != len(bounds) + 1:
        raise BadInput(f"{len(bounds)} bounds need {len(bounds) + 1} results, not {len(results)}", where="steps")
    if not bounds:
        return results[0]
    middle = len(bounds) // 2
    below = steps(value, bounds[:middle], results[: middle + 1])
    above = steps(value, bounds[middle + 1 :], results[middle + 1 :])
    return f"CASE WHEN {value} < {bounds[middle]} THEN {below} ELSE {above} END"


def transpile(question: str, *, to: str) -> str:
    """Write a question in DuckDB's dialect for another engine.

    Raises :class:`BadInput` when the dialect is unknown or the question cannot be said in it.
    """
    import sqlglot  # noqa: PLC0415 -- only a question for another engine needs it
    from sqlglot.errors import ErrorLevel, SqlglotError  # noqa: PLC0415

    if to not in DIALECTS:
        raise BadInput(f"no dialect is called {to!r}", where="to", mend=f"choose one of {', '.join(DIALECTS)}")
    try:
        written = sqlglot.transpile(question, read="duckdb", write=to, unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise BadInput(f"the question cannot be written for {to}: {error}", where="to") from error
    return ";\n".join(written)
