"""Frames with columns of views: joined, filtered and projected, though Arrow cannot filter them."""

from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.connect.frames import to_arrow
from dataapp.engines.arrow_scan import has_views, without_views
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation

ENGINE = DuckDB()
FRAME = pl.DataFrame(
    {
        "n": [1, 2, 3] * 1000,
        "text": ["x", "a text that is too long to be inlined", None] * 1000,
        "inner": [{"t": ["x"]}, {"t": ["y"]}, {"t": []}] * 1000,
        "kind": pl.Series(["x", "y", "x"] * 1000, dtype=pl.Enum(["x", "y"])),
        "raw": [b"x", b"y", None] * 1000,
    }
)


def rows(sql: str, **frames: object) -> list[dict[str, Any]]:
    tables = {name: to_arrow(frame) for name, frame in frames.items()}
    with Relation(sql, key=sql, engine=ENGINE, frames=tables).open() as reader:
        return reader.fetch().to_pylist()


@pytest.mark.parametrize("column", ["n", "text", "inner", "kind", "raw"])
def test_a_join_gives_what_it_gives_without_views(column: str) -> None:
    twin = to_arrow(FRAME)
    plain = pa.table({"n": FRAME["n"].to_list(), "text": FRAME["text"].to_list()})
    one = "(SELECT * FROM (VALUES (2, 'x'), (1, 'x')) v(n, text) WHERE n = 2)"
    query = f"SELECT count(*) AS rows, count(t.{column}) AS found FROM t JOIN {one} o USING (n)"
    assert rows(query, t=twin)[0]["rows"] == rows("SELECT count(*) AS rows FROM t WHERE n = 2", t=plain)[0]["rows"]
    assert rows(query, t=twin)[0]["found"] == 1000


def test_a_join_by_text() -> None:
    one = "(SELECT DISTINCT text FROM t WHERE n = 2)"
    assert rows(f"SELECT count(*) AS n FROM t JOIN {one} o USING (text)", t=FRAME) == [{"n": 1000}]


@pytest.mark.parametrize("columns", ["n", "text", "n, text", "count(*)"])
@pytest.mark.parametrize("condition", ["n > 1", "text = 'x'", "text IS NULL AND n = 3", "n IN (1, 3)"])
def test_filters_hold(columns: str, condition: str) -> None:
    plain = pa.table({"n": FRAME["n"].to_list(), "text": FRAME["text"].to_list()})
    query = f"SELECT {columns} FROM t WHERE {condition}"
    assert rows(query, t=FRAME.select("n", "text")) == rows(query, t=plain)


CORRELATED = {
    "exists": "SELECT n FROM p WHERE EXISTS (SELECT 1 FROM g WHERE g.text = p.text AND kind = 'x')",
    "not exists": "SELECT n FROM p WHERE NOT EXISTS ( -- no x\n FROM g WHERE g.text = p.text AND kind = 'x')",
    "scalar": "SELECT n, (SELECT count(*) FROM g WHERE g.text = p.text AND kind = 'x') AS c FROM p",
    "lateral": "SELECT n, c FROM p, LATERAL (SELECT count(*) AS c FROM g WHERE g.text = p.text AND kind = 'x')",
    "behind a name": "WITH h AS (SELECT * FROM g WHERE kind = 'x') FROM p WHERE EXISTS (FROM h WHERE h.text = p.text)",
    "in": "SELECT n FROM p WHERE n IN (SELECT max(n) FROM p AS q WHERE q.text = p.text AND kind = 'x')",
    "nested": "SELECT n FROM p WHERE EXISTS (SELECT 1 FROM g WHERE g.text = p.text AND raw = 'x'::BLOB)",
}


@pytest.mark.parametrize("name", CORRELATED)
def test_correlated_subqueries_leave_the_engine_alive(name: str) -> None:
    frames = {"p": FRAME.head(9), "g": FRAME.head(3).with_columns(pl.col("kind").cast(pl.String))}
    frames["p"] = frames["p"].with_columns(pl.col("kind").cast(pl.String))
    plain = {key: pa.table({one: frame[one].to_list() for one in frame.columns}) for key, frame in frames.items()}
    order = f"SELECT * FROM ({CORRELATED[name]}) ORDER BY n"
    select = "SELECT n" if name == "behind a name" else "SELECT *"
    order = order.replace("SELECT *", select, 1)
    assert rows(order, **frames) == rows(order, **plain)
    assert rows("SELECT 1 AS n") == [{"n": 1}]


def test_a_table_without_views_has_the_same_rows() -> None:
    table = to_arrow(FRAME)
    assert has_views(table)
    assert not has_views(without_views(table))
    assert without_views(table).to_pylist() == table.to_pylist()


def test_filters_hold_beside_categories_of_views():
    rows = pl.DataFrame({"symbol": ["AAPL", "MSFT"], "price": [1, 5]}, schema_overrides={"symbol": pl.Categorical})
    nested = rows.select(pl.struct("symbol").alias("of"), "price", name=pl.lit("x"))
    assert da.sql("FROM rows WHERE price > 1", rows=rows).evaluate()["price"].to_list() == [5]
    assert da.sql("FROM rows WHERE symbol = 'MSFT'", rows=rows).evaluate()["price"].to_list() == [5]
    assert da.sql("FROM nested WHERE price > 1", nested=nested).evaluate()["price"].to_list() == [5]
