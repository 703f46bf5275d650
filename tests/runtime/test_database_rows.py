"""Of what lies on a database only the rows are fetched that readers here may use, and no reader notices."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.cache.results import Results
from dataapp.cells.sql import sql
from dataapp.connect.connection import Connection
from dataapp.connect.source import source
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.duckdb_file import FileQuestion
from dataapp.runtime import headless
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.workers import InlinePool
from tests.runtime.bench import ENGINE, ask, defaults, knob, rows, session, value
from tests.runtime.test_pushdown import TREES, VALUES, passing

FRAME = pl.DataFrame({"a": [1, 2, 3, 4], "B": [4, 5, 6, None], "c": ["w", "x", "y", "z"]})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "desk.duckdb"
    write(path, FRAME.to_arrow())
    return path


@pytest.fixture
def con(file: Path) -> Connection:
    return da.connect(file)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each read of a database gives from now on."""
    found: list[int] = []
    read = FileQuestion.read

    def noted(question: FileQuestion) -> pa.RecordBatchReader:
        table = read(question).read_all()
        found.append(table.num_rows)
        return table.to_reader()

    monkeypatch.setattr(FileQuestion, "read", noted)
    return found


def write(path: Path, frame: pa.Table, *statements: str) -> None:
    with duckdb.connect(path) as written:
        written.register("frame", frame)
        written.execute("CREATE OR REPLACE TABLE t AS FROM frame")
        for statement in statements:
            written.execute(statement)


def demand(viewer: Session, text: str, **wiring: Any) -> Demand:
    return viewer.demand(sql(text, **wiring), "frame")


@pytest.mark.parametrize(
    ("condition", "count"),
    [("a > 2", 2), ("b IS NULL", 1), ("c IN ('w', 'z')", 2), ("a BETWEEN 2 AND 3 AND b = 5", 1), ("a = 1 OR b = 6", 2)],
)
def test_only_rows_that_pass_are_fetched(con: Connection, fetched: list[int], condition: str, count: int) -> None:
    assert len(rows(demand(session(), f"FROM t WHERE {condition}", t=con.table("t")))) == count
    assert fetched == [count]


@pytest.mark.parametrize("condition", ["a > 2.5", "sqrt(a) > 1.5", "c <> 'x'", "c > 'x'", "c LIKE 'x%'"])
def test_what_databases_may_see_in_their_own_way_restricts_nothing(
    con: Connection, fetched: list[int], condition: str
) -> None:
    demand(session(), f"FROM t WHERE {condition}", t=con.table("t"))
    assert fetched == [4]


def test_who_looks_at_all_of_it_gets_all_of_it(con: Connection, fetched: list[int]) -> None:
    t, viewer = con.table("t"), session()
    demand(viewer, "FROM t WHERE a = 1", t=t)
    viewer.demand(t, "table")
    assert fetched == [1, 4]
    viewer.check_invariants()


def test_the_rows_of_several_readers_are_fetched_together(con: Connection, fetched: list[int]) -> None:
    t = con.table("t")
    both = [sql("SELECT a FROM t WHERE a = 1", t=t), sql("SELECT a FROM t WHERE c = 'z'", t=t)]
    assert rows(demand(session(), "SELECT (FROM x) AS x, (FROM y) AS y", x=both[0], y=both[1])) == [(1, 4)]
    assert fetched == [2]


def test_a_later_reader_of_other_rows_lets_them_be_fetched_once_more_and_whole(
    con: Connection, fetched: list[int]
) -> None:
    t, viewer = con.table("t"), session()
    shown = [demand(viewer, f"SELECT a FROM t WHERE a = {number}", t=t) for number in (1, 2, 3)]
    assert [rows(one) for one in shown] == [[(1,)], [(2,)], [(3,)]]
    assert fetched == [1, 4]


def test_more_columns_for_other_rows_fetch_the_rows_of_both(con: Connection, fetched: list[int]) -> None:
    t, viewer = con.table("t"), session()
    first, second = (
        demand(viewer, f"SELECT {name} FROM t WHERE {name} = {value}", t=t) for name, value in (("a", 1), ("c", "'z'"))
    )
    assert (rows(first), rows(second)) == ([(1,)], [("z",)])
    assert fetched == [1, 2]


def test_no_move_of_an_input_asks_the_database(con: Connection, fetched: list[int]) -> None:
    viewer, low = session(), knob(1, "BIGINT", name="low")
    shown = demand(viewer, "SELECT count(*) FROM t WHERE a > 1 AND a > $low", t=con.table("t"), low=low)
    for least in (2, 3, 0):
        viewer.set(low, least)
        assert rows(shown) == [(4 - max(least, 1),)]
    assert fetched == [3]


def test_a_function_that_takes_the_rows_gets_all_of_them(con: Connection, fetched: list[int]) -> None:
    @da.cell(t=con.table("t"))
    def height(t: pl.DataFrame) -> int:
        return t.height

    assert height.evaluate() == 4
    assert fetched == [4]


def test_other_rows_are_another_answer(con: Connection, fetched: list[int]) -> None:
    t, engine = con.table("t"), DuckDB(Results(2**20))
    for number in (1, 2, 1):
        viewer = Session(engine, InlinePool())
        assert rows(demand(viewer, f"SELECT c FROM t WHERE a = {number}", t=t)) == [("wxyz"[number - 1],)]
    assert fetched == [1, 1]


def test_a_lease_holds_for_its_rows(con: Connection, file: Path, fetched: list[int]) -> None:
    t, engine = con.table("t", ttl=3600), DuckDB(Results(2**20))

    def asked(number: int) -> list[Any]:
        return rows(demand(Session(engine, InlinePool()), f"SELECT c FROM t WHERE a = {number}", t=t))

    assert (asked(1), asked(2)) == ([("w",)], [("x",)])
    write(file, FRAME.with_columns(c=pl.lit("new")).to_arrow())
    assert (asked(1), asked(2), asked(3)) == ([("w",)], [("x",)], [("new",)])
    assert fetched == [1, 1, 1]


def test_a_policy_hides_what_it_hid(con: Connection, fetched: list[int]) -> None:
    t = con.table("t", policy="a >= $user.least")
    for least, expected in ((3, 1), (5, 0), (1, 2)):
        found = sql("SELECT a FROM t WHERE b IN (5, 6) OR c = 'nope'", t=t)
        assert headless.evaluate(ENGINE, found, {}, {"user": {"least": least}}, defaults).height == expected  # pyright: ignore[reportAttributeAccessIssue]
    assert fetched == [1, 0, 2]


def test_nothing_of_a_text_runs_on_rows_that_its_own_condition_leaves_out(con: Connection, fetched: list[int]) -> None:
    """A cast fails on `x`; in a policy that would tell of rows that it hides."""
    first = da.sql("SELECT a, CAST(replace(c, 'w', '1') AS INTEGER) AS n FROM t WHERE c = 'w'", on=con)
    assert ask(sql("SELECT a FROM first WHERE n = 1", first=first)).item() == 1
    assert ask(sql("SELECT a FROM first WHERE n = 2", first=first)).height == 0
    assert fetched == [1, 0]


def test_a_collation_lets_other_texts_pass_and_hides_none(con: Connection, file: Path) -> None:
    write(
        file, FRAME.to_arrow(), "CREATE TABLE u (s VARCHAR COLLATE NOCASE)", "INSERT INTO u VALUES ('a'), ('A'), ('b')"
    )
    u = con.table("u")
    assert ask(sql("FROM u WHERE s = 'a'", u=u))["s"].to_list() == ["a"]
    assert ask(sql("FROM u WHERE s <> 'a'", u=u))["s"].to_list() == ["A", "b"]
    assert ask(sql("FROM u WHERE s IN ('A', 'B')", u=u))["s"].to_list() == ["A"]


def test_json_and_other_kinds_of_text_restrict_nothing(con: Connection, file: Path, fetched: list[int]) -> None:
    table = "CREATE TABLE u AS SELECT '1'::JSON AS j, 'a'::ENUM('a') AS e, uuid() AS i, 5::HUGEINT AS h"
    write(file, FRAME.to_arrow(), table)
    for condition in ("j = '2'", "e = 'b'", "i = '2'", "h = 6"):
        text = f"FROM u WHERE {condition}"
        assert (
            ask(sql(text.replace("e =", "e::VARCHAR =").replace("i =", "i::VARCHAR ="), u=con.table("u"))).height == 0
        )
    assert fetched == [1, 1, 1, 1]


def test_it_is_explained(con: Connection) -> None:
    t = con.table("t", name="t")
    text = headless.explain(ENGINE, sql("SELECT b FROM t WHERE a > 1 AND length(c) = 1", t=t), defaults, analyze=True)
    assert "Fetched from databases\n    `t`: 3 of 3 columns, rows where a > 1" in text
    text = headless.explain(ENGINE, sql("SELECT max(b) FROM t", t=t), defaults, analyze=True)
    assert "`t`: 1 of 3 columns, every row" in text


# The same rows, whatever the values.

Load = Callable[[pa.Table], Any]


def hold(load: Load, frame: pl.DataFrame, condition: str) -> None:
    """Hold what readers of a table get against what readers of the same rows get."""
    on_database = load(frame.to_arrow())
    arrived = source(value(session().demand(on_database, "frame")).rows)
    plain = passing(arrived, condition)
    if plain is not None:
        assert passing(on_database, condition) == plain


@pytest.mark.parametrize("kind", VALUES, ids=str)
@pytest.mark.parametrize("is_text", [False, True])
def test_what_is_pushed_changes_no_result(file: Path, kind: Any, is_text: bool) -> None:
    con = da.connect(file)

    def load(table: pa.Table) -> Any:
        write(file, table)
        return da.sql("SELECT * FROM t WHERE n >= 0", on=con) if is_text else con.table("t")

    @settings(deadline=None, max_examples=30)
    @given(st.lists(st.none() | VALUES[kind], max_size=8), TREES)
    def holds(values: list[Any], condition: str) -> None:
        column = pl.Series(values, dtype=kind, strict=False)
        hold(load, pl.DataFrame({"n": range(len(values)), "x": column}), condition)

    holds()
