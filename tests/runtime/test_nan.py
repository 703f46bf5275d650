"""NaN is greater than any number, wherever rows come from: frames of all kinds, and files that the engine wrote."""

import math
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataapp as da

ROWS = pa.table({"n": [1, 2, 3, 4], "x": [1.0, math.nan, 2.0, None], "s": [{"y": 1.0}, {"y": math.nan}, None, None]})
QUERIES = [
    "SELECT n FROM rows WHERE x > 5",
    "SELECT n FROM rows WHERE x >= 2 ORDER BY n",
    "SELECT n FROM rows WHERE NOT x <= 5",
    "SELECT max(x) AS n, min(x) AS least FROM rows",
    "SELECT n FROM rows WHERE s.y > 5",
    "SELECT n FROM rows ORDER BY x DESC NULLS LAST LIMIT 1",
    "SELECT nullif(x, 'nan') AS n FROM rows ORDER BY rows.n",
    "SELECT r.n FROM rows r JOIN (SELECT 'nan'::DOUBLE AS x) o USING (x)",
]


def write(path: Path, rows: pa.Table) -> None:
    with duckdb.connect() as connection:
        connection.register("written", rows)
        connection.execute(f"COPY written TO '{path}'")


def answer(query: str, rows: pa.Table = ROWS) -> str:
    with duckdb.connect() as connection:
        connection.register("given", rows)
        connection.execute("CREATE TABLE rows AS FROM given")
        return repr(connection.execute(query).to_arrow_table().to_pylist())


def asked(query: str, **tables: Any) -> str:
    return repr(da.sql(query, **tables).evaluate().to_arrow().to_pylist())


@pytest.mark.parametrize("query", QUERIES)
def test_of_frames(query: str) -> None:
    assert asked(query, rows=ROWS) == answer(query)
    assert asked(query, rows=da.sql("FROM given", given=ROWS)) == answer(query)


@pytest.mark.parametrize("query", QUERIES)
def test_of_files_that_the_engine_wrote(query: str, tmp_path: Path) -> None:
    write(tmp_path / "rows.parquet", ROWS)
    path = f"{tmp_path}/rows.parquet"
    assert asked(query, rows=da.source(path)) == answer(query)
    assert asked(query, rows=da.sql(f"FROM '{path}'")) == answer(query)


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
@given(table=rows_of_floats(), first=CONDITIONS, second=CONDITIONS, last=LAST, in_file=st.booleans())
def test_fused_equals_step_by_step(
    table: pa.Table,
    first: str,
    second: str,
    last: str,
    in_file: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    steps = [f"FROM rows WHERE {first.format(t='rows')}", f"FROM a WHERE {second.format(t='a')}", last]
    expected = answer(
        f"WITH a AS MATERIALIZED ({steps[0]}), b AS MATERIALIZED ({steps[1]}) SELECT * FROM ({last})", table
    )
    rows: Any = table
    if in_file:
        path = tmp_path_factory.mktemp("nan") / "rows.parquet"
        write(path, table)
        rows = da.source(str(path))
    a = da.sql(steps[0], rows=rows)
    b = da.sql(steps[1], a=a, rows=rows)
    assert asked(last, b=b, rows=rows) == expected
    made = da.sql(steps[1], a=a.evaluate(), rows=rows).evaluate()
    assert asked(last, b=made, rows=rows) == expected
