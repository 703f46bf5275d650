"""Cells on databases among all others: whose query is read, whose rows are kept, and what is said of it."""

from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.cells.sql import SqlCell
from dataapp.connect.connection import Connection
from dataapp.errors import NotOnDatabaseError, TimeLimitError
from dataapp.runtime import headless
from dataapp.runtime.tables import Table
from tests.runtime.bench import ENGINE, ask, defaults, place, rows, session


@pytest.fixture
def con(tmp_path: Path) -> Connection:
    path = tmp_path / "desk.duckdb"
    with duckdb.connect(path) as written:
        written.execute("CREATE TABLE t AS SELECT range AS n FROM range(10)")
    return da.connect(path)


def elsewhere(text: str, con: Connection, names: dict[str, object]) -> SqlCell:
    return SqlCell(text, place(names=names), on=con, materialize="auto", run="auto", name=None)


def test_rows_of_a_table_and_of_a_cell_are_kept_because_they_come_from_there(con: Connection) -> None:
    t = con.table("t", name="t")
    large = da.sql("FROM t WHERE n > 4", on=con, name="large", t=t)
    viewer = session()
    demand = viewer.demand(da.sql("SELECT t.n FROM t JOIN large USING (n)", t=t, large=large), "frame")
    assert len(rows(demand)) == 5
    reason = f"they come from {con.label}"
    assert {name: viewer.nodes.kept_rows().get(name) for name in ("t", "large")} == {"t": reason, "large": reason}
    viewer.check_invariants()


def test_what_only_cells_on_the_database_read_is_not_kept(con: Connection) -> None:
    t = con.table("t", name="t")
    viewer = session()
    demand = viewer.demand(da.sql("SELECT sum(n) AS n FROM t", on=con, name="total", t=t), "frame")
    assert rows(demand) == [(45,)]
    assert "t" not in viewer.nodes.kept_rows()


def test_a_query_on_a_database_has_no_version_but_its_rows_have(con: Connection) -> None:
    constant = da.sql("SELECT 1 AS n", on=con, name="constant")
    assert not headless.table(ENGINE, constant, defaults, form="query").is_versioned
    viewer = session()
    demand = viewer.demand(da.sql("SELECT n + 1 AS n FROM constant", constant=constant), "table")
    outcome = demand.look().outcome
    table = getattr(outcome, "value", None)
    assert isinstance(table, Table)
    assert table.is_versioned


def test_a_chain_reads_the_query_of_a_cell_that_is_mended(con: Connection) -> None:
    names: dict[str, object] = {"other": 1}
    names["low"] = elsewhere("SELECT n FROM t WHERE n < $most", con, names)
    top = elsewhere("SELECT max(n) AS n FROM low", con, names)
    viewer = session()
    demand = viewer.demand(top, "frame")
    names["most"] = 4
    viewer.rebind(names, {})
    assert rows(demand) == [(3,)]
    viewer.check_invariants()
    del names["most"]
    viewer.rebind(names, {})
    assert "most" in str(demand.look().outcome)
    names["most"] = 6
    viewer.rebind(names, {})
    assert rows(demand) == [(5,)]
    viewer.check_invariants()


def test_expressions_read_the_rows_of_a_database(con: Connection) -> None:
    t = con.table("t", name="t")
    few = t.ibis().filter(lambda table: table.n < 3)
    assert ask(da.sql("SELECT count(*) AS n FROM few", few=few)).item() == 3


def test_a_lazy_frame_beside_a_database_gives_the_columns_that_are_read(con: Connection) -> None:
    frame = pl.LazyFrame({"n": [1, 2], "name": ["a", "b"], "other": [0, 0]})
    joined = da.sql("SELECT name FROM frame JOIN t USING (n)", frame=frame, t=con.table("t"))
    assert sorted(ask(joined)["name"]) == ["a", "b"]


def test_a_stand_in_is_here_and_not_on_the_database(con: Connection) -> None:
    t = con.table("t", name="t")
    here = da.sql("SELECT sum(n)::INTEGER AS n FROM t", t=t)
    there = da.sql("SELECT sum(n)::INTEGER AS n FROM t", on=con, t=t)
    assert here.evaluate({t: pl.LazyFrame({"n": [1, 2]})}).item() == 3
    with pytest.raises(NotOnDatabaseError):
        there.evaluate({t: pl.LazyFrame({"n": [1, 2]})})


def test_explaining_without_measuring_asks_for_columns_only(con: Connection) -> None:
    local = da.sql("SELECT n + 1 AS n FROM t", t=con.table("t", name="t"))
    assert "gave 10 rows" in headless.explain(ENGINE, local, defaults, analyze=True)
    text = headless.explain(ENGINE, local, defaults, analyze=False)
    assert f"    `t`: they come from {con.label}" in text.splitlines()
    assert "gave" not in text


def test_a_query_is_explained_by_its_database(con: Connection) -> None:
    t, low = con.table("t", name="t"), 7
    large = da.sql("FROM t WHERE n > $low", on=con, name="large", t=t, low=low)
    text = headless.explain(ENGINE, large, defaults, analyze=True)
    assert text.startswith(f"`large` is one query on {con.label} of 2 cells: t, large.")
    assert "gave 2 rows" in text
    assert "    $1 = 7" in text.splitlines() or "    $low = 7" in text.splitlines()


def test_a_value_is_made_of_rows_also_where_only_a_query_or_columns_are_asked_for(con: Connection) -> None:
    total = da.sql("SELECT sum(n)::INTEGER AS n FROM t", t=con.table("t"))
    above = da.sql("SELECT $total AS n", total=total)
    assert above.compile().parameters == {"total": 45}
    assert "gave" not in above.explain(analyze=False)


def test_a_function_takes_batches_of_a_database(con: Connection) -> None:
    t = con.table("t", name="t")

    @da.cell(t=t)
    def counted(t: pa.RecordBatchReader) -> int:
        return sum(batch.num_rows for batch in t)

    assert counted.evaluate() == 10
    assert da.sql("SELECT $counted AS n", counted=counted).compile().parameters == {"counted": 10}


def test_a_query_of_a_database_has_the_limit_of_its_cell(con: Connection) -> None:
    endless = da.sql("SELECT sum(range) AS n FROM range(1000000000000000)", on=con, name="endless")
    with pytest.raises(TimeLimitError, match="endless"):
        endless.limited(seconds=0.05).evaluate()


def test_an_explanation_on_a_database_has_the_limit_of_its_cell(con: Connection) -> None:
    endless = da.sql("SELECT sum(range) AS n FROM range(1_000_000_000_000_000)", on=con, name="endless")
    with pytest.raises(TimeLimitError, match=r"`endless` was stopped after 0.05 s"):
        endless.limited(seconds=0.05).explain()
