"""Of what lies on a database only the columns are fetched that readers here may use, and no reader notices."""

from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.cells.database import Statement
from dataapp.cells.sql import sql
from dataapp.connect.connection import Connection
from dataapp.connect.source import source
from dataapp.engines.duckdb_file import DuckDBFile, FileQuestion
from dataapp.errors import QueryError
from dataapp.runtime import headless
from dataapp.runtime.session import Demand, Session
from tests.runtime.bench import ENGINE, defaults, error, knob, rows, session
from tests.runtime.test_projection import FRAME, LAST, TEXTS


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    path = tmp_path_factory.mktemp("desk") / "desk.duckdb"
    with duckdb.connect(path) as written:
        written.register("frame", FRAME.to_arrow())
        written.execute("CREATE TABLE t AS FROM frame")
        written.execute('CREATE TABLE odd AS SELECT 1 AS "a ""b", 2 AS "select", 3 AS c')
    return da.connect(path)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The columns of all that is read from databases from now on."""
    found: list[list[str]] = []
    read = FileQuestion.read

    def noted(question: FileQuestion) -> pa.RecordBatchReader:
        reader = read(question)
        found.append(reader.schema.names)
        return reader

    monkeypatch.setattr(FileQuestion, "read", noted)
    return found


def demand(viewer: Session, text: str, **wiring: Any) -> Demand:
    return viewer.demand(sql(text, **wiring), "frame")


def test_only_what_is_used_is_fetched(con: Connection, fetched: list[list[str]]) -> None:
    assert rows(demand(session(), "SELECT sum(a)::INT FROM t WHERE b > $low", t=con.table("t"), low=4)) == [(7,)]
    assert fetched == [["a", "B"]]


def test_it_is_the_query_of_a_chain_that_gives_fewer_columns(con: Connection, fetched: list[list[str]]) -> None:
    t, low, viewer = con.table("t"), knob(1), session()
    large = da.sql("SELECT *, a + 1 AS next FROM t WHERE a > $low", on=con, t=t, low=low)
    total = demand(viewer, "SELECT sum(next)::INT AS n FROM large", large=large)
    assert rows(total) == [(10,)]
    viewer.set(low, 2)
    assert rows(total) == [(4,)]
    assert fetched == [["next"], ["next"]]
    viewer.check_invariants()


def test_counting_rows_fetches_one_column(con: Connection, fetched: list[list[str]]) -> None:
    assert rows(demand(session(), "SELECT count(*) FROM t", t=con.table("t"))) == [(4,)]
    assert fetched == [["a"]]


def test_who_looks_at_all_of_it_gets_all_of_it(con: Connection, fetched: list[list[str]]) -> None:
    t, viewer = con.table("t"), session()
    demand(viewer, "SELECT a FROM t", t=t)
    viewer.demand(t, "table")
    assert fetched == [["a"], FRAME.columns]


def test_a_function_that_takes_the_rows_gets_all_columns(con: Connection, fetched: list[list[str]]) -> None:
    @da.cell(t=con.table("t"))
    def columns(t: pl.DataFrame) -> list[str]:
        return t.columns

    assert columns.evaluate() == FRAME.columns
    assert fetched == [FRAME.columns]


def test_the_columns_of_several_readers_are_fetched_together(con: Connection, fetched: list[list[str]]) -> None:
    t = con.table("t")
    both = [sql("SELECT a FROM t", t=t), sql("SELECT d FROM t", t=t)]
    demand(session(), "SELECT (SELECT max(a) FROM x) AS a, (SELECT max(d) FROM y) AS d", x=both[0], y=both[1])
    assert fetched == [["a", "d"]]


def test_a_reader_that_comes_later_gets_its_columns_and_nobody_loses_any(
    con: Connection, fetched: list[list[str]]
) -> None:
    t, viewer = con.table("t"), session()
    first, second = (demand(viewer, f"SELECT sum({name})::INT FROM t", t=t) for name in "ac")
    assert (rows(first), rows(second)) == ([(8,)], [(32,)])
    second.release()
    viewer.refresh()
    assert fetched == [["a"], ["a", "c"], ["a", "c"]]
    viewer.check_invariants()


def test_names_that_need_quotes_are_quoted(con: Connection, fetched: list[list[str]]) -> None:
    text = 'SELECT "a ""b" + "select" AS n FROM odd'
    assert rows(demand(session(), text, odd=con.table("odd"))) == [(3,)]
    assert fetched == [['a "b', "select"]]


def test_a_column_that_is_told_apart_by_a_number_is_the_second_one(con: Connection) -> None:
    twice = da.sql("SELECT a, -a AS a, c FROM t", on=con)
    assert rows(demand(session(), "SELECT sum(a_1)::INT FROM twice", twice=twice)) == [(-8,)]


def test_an_error_is_told_where_its_author_wrote_it(con: Connection) -> None:
    wrong = da.sql("SELECT a,\n  d::INTEGER AS e, c FROM t", on=con, name="wrong")
    failed = error(demand(session(), "SELECT e FROM wrong", wrong=wrong).look().outcome)
    assert isinstance(failed, QueryError)
    assert (failed.cell, failed.line) in (("wrong", 2), ("wrong", None))


def test_explaining_fetches_what_the_cell_needs(con: Connection, fetched: list[list[str]]) -> None:
    total = da.sql("SELECT sum(a) AS n FROM t", t=con.table("t", name="t"))
    headless.explain(ENGINE, total, defaults, analyze=True)
    assert fetched == [["a"]]


def test_a_database_is_asked_for_its_own_text_inside(con: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = DuckDBFile.ask

    def noted(server: DuckDBFile, statement: Statement) -> FileQuestion:
        asked.append(statement.sql)
        return ask(server, statement)

    monkeypatch.setattr(DuckDBFile, "ask", noted)
    demand(session(), "SELECT b FROM t", t=con.table("t"))
    assert asked[-1] == 'SELECT "B" FROM (SELECT * FROM "t"\n) AS rows'


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(TEXTS), max_size=3), st.lists(st.sampled_from(LAST), min_size=1, max_size=2), st.data())
def test_what_readers_get_does_not_depend_on_what_is_fetched(
    con: Connection, chain: list[str], last: list[str], data: st.DataObject
) -> None:
    there = data.draw(st.integers(0, len(chain)), label="cells that run on the database")
    found: list[list[list[str]]] = []
    on_database = con.table("t")
    for base in (on_database, source(FRAME)):
        node, viewer = base, session()
        for index, text in enumerate(chain):
            is_there = base is on_database and index < there
            node = sql(text, on=con if is_there else None, r=node)
        found.append([sorted(map(repr, rows(demand(viewer, text, r=node)))) for text in last])
        viewer.check_invariants()
    assert found[0] == found[1]
