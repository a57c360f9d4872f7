"""DuckDB as the table engine, and pieces of SQL."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

from hopback.kernel.errors import BadInput
from hopback.tables import sql
from hopback.tables.sessions import open_session


def test_a_session_answers_again_and_again_without_draining_anything() -> None:
    with open_session(threads=1) as session:
        for _ in range(3):
            assert len(session.rows("SELECT * FROM range(5000)")) == 5000
        assert session.table("SELECT 1 AS one").to_pylist() == [{"one": 1}]


def test_times_without_a_zone_are_utc() -> None:
    with open_session(threads=1) as session:
        ((said,),) = session.rows("SELECT CAST(CAST('2026-11-01 01:30:00-05' AS TIMESTAMPTZ) AS TIMESTAMP)::VARCHAR")
        assert said == "2026-11-01 06:30:00"


def test_bad_sql_is_bad_input_with_the_engines_own_words() -> None:
    with open_session(threads=1) as session, pytest.raises(BadInput, match="no_such_table"):
        session.rows("SELECT * FROM no_such_table")


def test_shown_arrow_tables_and_python_functions_can_be_asked() -> None:
    with open_session(threads=1) as session:
        session.show("shown", pa.table({"a": [1, 2, None]}))
        session.define("twice", lambda value: None if value is None else 2 * value, takes=["BIGINT"], gives="BIGINT")
        assert session.rows("SELECT twice(a) FROM shown") == [(2,), (4,), (None,)]
        session.hide("shown")
        with pytest.raises(BadInput):
            session.rows("SELECT * FROM shown")


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(BadInput, match="duckdb"):
        open_session("abacus")


def test_the_engine_is_loaded_at_its_first_use_only() -> None:
    code = "import sys; import hopback.tables.sessions, hopback.tables.sql; sys.exit('duckdb' in sys.modules or 'sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_and_texts_are_quoted_whatever_they_hold() -> None:
    with open_session(threads=1) as session:
        ((value,),) = session.rows(f"SELECT {sql.name('a')} FROM (SELECT {sql.text(chr(39) + 'x')} AS {sql.name('a')})")  # noqa: S608
        assert value == "'x"
        assert sql.name('say "a"') == '"say ""a"""'


def test_empty_lists_match_nothing() -> None:
    with open_session(threads=1) as session:
        assert session.rows(f"SELECT 1 WHERE 1 IN {sql.numbers([])} OR {sql.any_of([])}") == []
        assert session.rows(f"SELECT {sql.first_of([])}") == [(None,)]


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_a_step_function_gives_the_result_of_the_last_bound_reached(count: int) -> None:
    bounds = [str(10 * number) for number in range(1, count + 1)]
    written = sql.steps("x", bounds, [str(number) for number in range(count + 1)])
    with open_session(threads=1) as session:
        rows = session.rows(f"SELECT x, {written} FROM (SELECT CAST(range AS INTEGER) AS x FROM range(100))")  # noqa: S608
    assert all(step == min(x // 10, count) for x, step in rows)


def test_steps_want_one_result_more_than_bounds() -> None:
    with pytest.raises(BadInput, match="need 2 results"):
        sql.steps("x", ["1"], ["1"])


@pytest.mark.parametrize("dialect", sql.DIALECTS)
def test_a_question_is_written_for_every_engine(dialect: str) -> None:
    question = "SELECT source, count(*) FILTER (WHERE answered) AS n FROM calls WHERE called_ruri % 10000000000 IN (1, 2) GROUP BY source"
    assert "called_ruri" in sql.transpile(question, to=dialect)


def test_a_question_for_an_unknown_engine_or_in_no_sql_is_refused() -> None:
    with pytest.raises(BadInput, match="abacus"):
        sql.transpile("SELECT 1", to="abacus")
    with pytest.raises(BadInput, match="cannot be written"):
        sql.transpile("SELECT FROM WHERE (", to="postgres")
