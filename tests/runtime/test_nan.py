"""NaN is greater than any number, wherever rows come from: frames of all kinds, and files, whoever wrote them."""

import math
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataapp as da

ROWS = pa.table(
    {
        "n": [1, 2, 3, 4],
        "z": [2.0, 1.0, math.nan, 0.5],
        "x": [1.0, math.nan, 2.0, None],
        "s": [{"y": 1.0}, {"y": math.nan}, None, None],
    }
)
QUERIES = [
    "SELECT n FROM rows WHERE x > 5",
    "SELECT n FROM rows WHERE x >= 2 ORDER BY n",
    "SELECT n FROM rows WHERE NOT x <= 5",
    "SELECT max(x) AS n, min(x) AS least FROM rows",
    "SELECT n FROM rows WHERE s.y > 5",
    "SELECT max(z) AS n FROM rows",
    "SELECT n FROM rows ORDER BY x DESC NULLS LAST LIMIT 1",
    "SELECT nullif(x, 'nan') AS n FROM rows ORDER BY rows.n",
    "SELECT r.n FROM rows r JOIN (SELECT 'nan'::DOUBLE AS x) o USING (x)",
]


WRITERS = ["duckdb", "pyarrow", "polars"]


def write(path: Path, rows: pa.Table, writer: str = "duckdb") -> None:
    match writer:
        case "duckdb":
            with duckdb.connect() as connection:
                connection.register("written", rows)
                connection.execute(f"COPY written TO '{path}'")
        case "pyarrow":
            plain = rows.cast(
                pa.schema([(f.name, pa.string() if f.type == pa.string_view() else f.type) for f in rows.schema])
            )
            pq.write_table(plain, path, row_group_size=3)
        case _:
            frame = pl.from_arrow(rows)
            assert isinstance(frame, pl.DataFrame)
            frame.write_parquet(path, row_group_size=3)


def answer(query: str, rows: pa.Table = ROWS) -> str:
    with duckdb.connect() as connection:
        connection.register("given", rows)
        connection.execute("CREATE TABLE rows AS FROM given")
        return shown(connection.execute(query).to_arrow_table().to_pylist())


def asked(query: str, **tables: Any) -> str:
    return shown(da.sql(query, **tables).evaluate().to_arrow().to_pylist())


def shown(rows: list[dict[str, Any]]) -> str:
    """Return rows as text; which of two zeros, which are equal, is the greatest depends on the order of rows."""
    return repr(rows).replace("-0.0", "0.0")


@pytest.mark.parametrize("query", QUERIES)
def test_of_frames(query: str) -> None:
    assert asked(query, rows=ROWS) == answer(query)
    assert asked(query, rows=da.sql("FROM given", given=ROWS)) == answer(query)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("query", QUERIES)
def test_of_files(query: str, writer: str, tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", ROWS, writer)
    path = f"{tmp_path}/rows.parquet"
    assert asked(query, rows=da.source(path)) == answer(query)
    assert asked(query, rows=da.sql(f"FROM '{path}'")) == answer(query)
    assert asked(query.replace("rows r ", f"'{path}' r ").replace("FROM rows", f"FROM '{path}'")) == answer(query)
    assert asked(f"WITH rows AS (FROM read_parquet(['{path}'], filename = false)) {query}") == answer(query)
    ways = [
        "read_parquet($file)",
        "read_parquet([$file])",
        "read_parquet(left($file, 1) || $file[2:])",
        f"(TABLE '{path}')",
    ]
    for way in ways:
        chosen = da.sql(f"SELECT * FROM {way} WHERE $file <> ''", file=path)
        assert asked(query, rows=chosen) == answer(query)
    assert asked(query, rows=da.sql(f"TABLE '{path}'")) == answer(query)


@pytest.mark.parametrize("file", ["'{}'", "read_parquet('{}')", "read_parquet('{}' || '')"])
def test_of_files_that_a_value_without_a_name_is_read_from(file: str, tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", ROWS, "pyarrow")
    file = file.format(f"{tmp_path}/rows.parquet")
    query = f"SELECT DISTINCT (SELECT max(x) FROM {file}), n > 1 AND EXISTS (FROM {file} WHERE x > 5) FROM {file}"
    names = duckdb.sql(query).columns
    found = da.sql(query)
    assert list(found.schema) == names
    assert repr(found.evaluate().sort(names[1]).rows()) == "[(nan, False), (nan, True)]"


@pytest.mark.parametrize("writer", WRITERS[1:])
def test_extremes_of_files_are_taken_from_rows_only_where_nan_may_be(writer: str, tmp_path: Path) -> None:
    rows = pa.table({"n": [1, 2, 3], "price": [1.0, 2.0, 0.5], "file_index": [7, 8, 9]})
    path = f"{tmp_path}/rows.parquet"
    write(Path(path), rows.drop_columns("file_index"), writer)
    assert asked("SELECT max(price) AS x, min(price) AS y FROM rows", rows=da.source(path)) == "[{'x': 2.0, 'y': 0.5}]"
    assert asked("SELECT max(n) AS x FROM rows", rows=da.source(path)) == "[{'x': 3}]"
    assert asked("SELECT max(b) AS x FROM rows t(a, b)", rows=da.source(path)) == "[{'x': 2.0}]"
    assert asked("SELECT max(COLUMNS('p.*')) AS x FROM rows", rows=da.source(path)) == "[{'x': 2.0}]"
    chosen = da.sql("SELECT max(price) AS x, max(file_row_number) AS y FROM read_parquet($file)", file=path)
    assert repr(chosen.evaluate().rows()) == "[(2.0, 2)]"
    assert asked(f"SELECT max(read_parquet.price) AS x FROM read_parquet('{path}')") == "[{'x': 2.0}]"
    for kept in (f"'{path}'", f"rows: '{path}'", f"('{path}' JOIN (SELECT 1) ON true)", f"'{path}' AS rows(a, price)"):
        assert asked(f"SELECT max(rows.price) AS x FROM {kept}") == "[{'x': 2.0}]"
    other = f"{tmp_path}/a.b.parquet"
    write(Path(other), rows, writer)
    assert asked(f"SELECT max(a.price) AS x, max(file_index) AS i FROM '{other}'") == "[{'x': 2.0, 'i': 9}]"
    assert asked(f"SELECT max(\"{tmp_path}/*.b.parquet\".price) AS x FROM '{tmp_path}/*.b.parquet'") == "[{'x': 2.0}]"
    pivoted = f"SELECT count(*) AS n FROM (PIVOT '{other}' ON n USING count(*) GROUP BY price) WHERE price > 1.5"
    assert asked(pivoted) == "[{'n': 1}]"


FLOATS = st.none() | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 2.5, -3.0])
SINGLE = st.none() | st.sampled_from([math.nan, math.inf, 0.5, 1.0])
CONDITIONS = st.sampled_from(
    [
        *["x > 1", "x >= 0", "NOT x < 1", "x <> 1", "x = 'nan'", "x <= 2", "f > 0.5", "x > f", "TRUE", "isnan(x)"],
        *["x BETWEEN 0 AND 'nan'", "x IN (1, 'nan')", "s.x > 0", "x IS NOT NULL"],
        "EXISTS (FROM rows o WHERE o.x = {t}.x AND o.f > 0)",
    ]
)
LAST = st.sampled_from(
    [
        "SELECT n FROM b ORDER BY n",
        "SELECT count(*) AS c, count(x) AS k, max(x) AS x, min(x) AS m, max(f) AS f FROM b",
        "SELECT x, count(*) AS c FROM b GROUP BY x ORDER BY x NULLS FIRST",
        "SELECT n FROM b ORDER BY x DESC NULLS LAST, n LIMIT 2",
        "SELECT b.n FROM b JOIN (SELECT DISTINCT x FROM rows WHERE n < 3) o USING (x) ORDER BY n",
    ]
)


@st.composite
def rows_of_floats(draw: st.DrawFn) -> pa.Table:
    count = draw(st.integers(0, 8))
    xs = draw(st.lists(FLOATS, min_size=count, max_size=count))
    fs = draw(st.lists(SINGLE, min_size=count, max_size=count))
    table = pa.table(
        {
            "n": pa.array(range(count), pa.int64()),
            "x": pa.array(xs, pa.float64()),
            "f": pa.array(fs, pa.float32()),
            "s": pa.array([{"x": x} for x in fs], pa.struct([("x", pa.float64())])),
        }
    )
    kind = draw(st.sampled_from([None, pa.string(), pa.string_view()]))
    return table if kind is None else table.append_column("t", pa.array(["a"] * count, kind))


@settings(max_examples=120)
@given(
    table=rows_of_floats(),
    first=CONDITIONS,
    second=CONDITIONS,
    last=LAST,
    writer=st.none() | st.sampled_from(WRITERS),
)
def test_fused_equals_step_by_step(
    table: pa.Table,
    first: str,
    second: str,
    last: str,
    writer: str | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    steps = [f"FROM rows WHERE {first.format(t='rows')}", f"FROM a WHERE {second.format(t='a')}", last]
    expected = answer(
        f"WITH a AS MATERIALIZED ({steps[0]}), b AS MATERIALIZED ({steps[1]}) SELECT * FROM ({last})", table
    )
    rows: Any = table
    if writer is not None:
        path = tmp_path_factory.mktemp("nan") / "rows.parquet"
        write(path, table, writer)
        rows = da.source(str(path))
    a = da.sql(steps[0], rows=rows)
    b = da.sql(steps[1], a=a, rows=rows)
    assert asked(last, b=b, rows=rows) == expected
    made = da.sql(steps[1], a=a.evaluate(), rows=rows).evaluate()
    assert asked(last, b=made, rows=rows) == expected
