"""Frames with columns of views: joined, filtered and projected, though Arrow cannot filter them."""

import math
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.connect.frames import to_arrow
from dataapp.engines.arrow_scan import has_nan, has_views, without_views
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import Cancelled

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


NAN = pa.table(
    {
        "x": pa.array([1.0, math.nan, None, -1.0, math.inf]),
        "f": pa.array([math.nan, 1.0, None, -1.0, -math.inf], pa.float32()),
        "s": pa.array([{"x": 1.0}, {"x": math.nan}, None, {"x": -1.0}, {"x": None}]),
        "n": pa.array([1, 2, 3, 4, 5]),
        "void": pa.nulls(5),
    }
)
CONDITIONS = [
    "x >= 0",
    "x > 1",
    "NOT x < 0",
    "x <> 1",
    "f >= 0",
    "s.x >= 0",
    "x BETWEEN 0 AND 'nan'",
    "x >= 0 AND n > 1",
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_rows_with_nan_pass_filters_as_in_a_table_of_the_engine(condition: str) -> None:
    query = f"SELECT n FROM t WHERE {condition} ORDER BY n"
    with duckdb.connect() as connection:
        connection.register("given", NAN)
        connection.execute("CREATE TABLE t AS FROM given")
        expected = connection.execute(query).to_arrow_table().to_pylist()
    assert any(row["n"] in (1, 2) for row in expected)
    assert rows(query, t=NAN) == expected


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("texts", [pa.string(), pa.string_view()])
def test_rows_with_nan_pass_filters_of_correlated_subqueries(condition: str, texts: pa.DataType) -> None:
    frame = NAN.append_column("t", pa.array(["a", "b", "c", "d", "e"], texts))
    plain = f"SELECT n, t, void FROM g WHERE {condition} ORDER BY n"
    query = f"SELECT n, t, void FROM p WHERE EXISTS (FROM g WHERE g.n = p.n AND ({condition.replace('x', 'g.x')}))"
    query = query.replace("s.g.x", "g.s.x").replace("f >=", "g.f >=").replace("AND n >", "AND g.n >")
    expected = rows(plain, g=frame)
    assert rows(f"{query} ORDER BY n", p=frame, g=frame) == expected
    assert len(expected) > 0
    assert rows("SELECT 1 AS n") == [{"n": 1}]


def test_a_frame_with_nan_is_read_as_it_is() -> None:
    with Relation("FROM t", key="all", engine=ENGINE, frames={"t": NAN}).open() as reader:
        found = reader.fetch()
    assert found.column_names == NAN.column_names
    assert found.drop_columns(["x", "f", "s"]).to_pylist() == NAN.drop_columns(["x", "f", "s"]).to_pylist()
    assert repr(found.to_pylist()) == repr(NAN.to_pylist())
    assert rows("SELECT count(*) AS n FROM t", t=NAN) == [{"n": 5}]


def test_joins_keep_nan() -> None:
    assert rows("SELECT count(*) AS n FROM t JOIN (SELECT x FROM t WHERE n < 3) o USING (x)", t=NAN) == [{"n": 2}]


def test_a_connection_is_given_back_without_frames_with_nan() -> None:
    for _ in range(3):
        assert rows("SELECT n FROM t WHERE EXISTS (FROM t u WHERE u.x = t.x AND u.x > 1)", t=NAN) == [
            {"n": 2},
            {"n": 5},
        ]
        left = (
            "SELECT view_name FROM duckdb_views() WHERE NOT internal UNION ALL SELECT table_name FROM duckdb_tables()"
        )
        assert rows(left) == []


def test_whether_a_table_has_nan_is_found_out_of_each() -> None:
    plain = pa.table({"x": [1.0, None]})
    assert [has_nan(plain), has_nan(NAN), has_nan(plain), has_nan(NAN.select(["n", "void"]))] == [
        False,
        True,
        False,
        False,
    ]
    assert has_nan(NAN.select(["s"]))
    assert has_nan(pa.concat_tables([plain, pa.table({"x": [math.nan]})]))
    assert not has_nan(plain.schema.empty_table())


def test_a_copy_that_is_stopped_leaves_no_plan_unsafe() -> None:
    frame = FRAME.head(9).with_columns(x=pl.lit(math.nan))
    frame = frame.with_columns(pl.col("kind").cast(pl.String))
    frames = {"p": to_arrow(frame), "g": to_arrow(frame.head(3))}
    relation = Relation(CORRELATED["exists"], key="stopped", engine=ENGINE, frames=frames)
    with relation.open() as reader:
        made, stopped = reader._frames.make_safe, []

        def stop(run: Any) -> None:
            def failing(statement: str) -> object:
                stopped.append(statement)
                raise Cancelled

            made(failing)

        reader._frames.make_safe = stop  # type: ignore[method-assign]
        with pytest.raises(Cancelled):
            reader.fetch()
        reader._frames.make_safe = made  # type: ignore[method-assign]
        assert len(stopped) == 1
        assert reader.fetch("SELECT count(*) AS n FROM relation").to_pylist() == [{"n": 3}]
    assert rows("SELECT 1 AS n") == [{"n": 1}]


def test_the_columns_of_a_frame_with_nan_may_have_any_names() -> None:
    names = ["__dataapp_unfiltered", "__DATAAPP_unfiltered_", 'a "b"']
    frame = pa.table({"x": [1.0, math.nan]} | {name: [1, 2] for name in names})
    query = "SELECT x, * EXCLUDE (x) FROM t WHERE x > 1"
    assert list(rows(query, t=frame)[0]) == ["x", *names]
    twins = pa.table({"x": [1.0, math.nan], "A": [5, 6], "a": pa.nulls(2)})
    found = rows("SELECT * EXCLUDE (x) FROM t WHERE EXISTS (FROM t u WHERE u.x = t.x AND u.x > 1)", t=twins)
    assert [list(row.values()) for row in found] == [[6, None]]


def test_nan_among_categories_counts_too() -> None:
    numbers = pa.array([1.0, math.nan, -1.0]).dictionary_encode()
    nested = pa.StructArray.from_arrays([numbers], names=["a"])
    frame = pa.table({"n": [1, 2, 3], "x": numbers, "p": nested})
    assert has_nan(frame.select(["x"]))
    for condition in ("x >= 0", "p.a >= 0"):
        assert rows(f"SELECT n FROM t WHERE {condition} ORDER BY n", t=frame) == [{"n": 1}, {"n": 2}]
