"""Moments that no calendar of Python has, in what is written as text, against the engine's own text of them."""

import json
from io import BytesIO
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.views.calendar import spelled_beyond_the_calendar
from dataapp.views.formats import open_writer

TYPES = {"DATE": pa.date32(), "TIMESTAMP_S": pa.timestamp("s"), "TIMESTAMP_MS": pa.timestamp("ms")}
TYPES |= {"TIMESTAMP": pa.timestamp("us"), "TIMESTAMP_NS": pa.timestamp("ns")}
PER_DAY = {"DATE": 1, "TIMESTAMP_S": 86_400, "TIMESTAMP_MS": 86_400_000, "TIMESTAMP": 86_400_000_000}


def written(column: pa.Array, kind: str = "jsonl") -> list[Any]:
    sink = BytesIO()
    batch = pa.RecordBatch.from_arrays([column], names=["x"])
    writer = open_writer(kind, sink, batch.schema)
    writer.write(batch)
    writer.close()
    return [json.loads(line)["x"] for line in sink.getvalue().splitlines()]


@pytest.mark.parametrize("type_", TYPES)
def test_infinities_are_written_as_the_engine_says_them(type_: str):
    sql = f"SELECT unnest(['infinity', '-infinity', NULL, '2024-03-05'])::{type_} AS x"
    column = duckdb.connect().execute(sql).to_arrow_table().column("x").combine_chunks()
    last = "2024-03-05" if type_ == "DATE" else "2024-03-05 00:00:00"
    assert written(column) == ["infinity", "-infinity", None, last]


@pytest.mark.parametrize("type_", PER_DAY)
@given(days=st.integers(3_000_000, 90_000_000), part=st.integers(0, 86_399))
def test_days_after_the_last_year_are_written_as_the_engine_says_them(type_: str, days: int, part: int):
    number = days if type_ == "DATE" else days * PER_DAY[type_] + part * PER_DAY[type_] // 86_400
    column = pa.array([number, None], pa.int32() if type_ == "DATE" else pa.int64()).cast(TYPES[type_])
    said = duckdb.sql("SELECT CAST(x AS VARCHAR) FROM given", connection=_with(column)).fetchall()
    assert written(column) == [said[0][0], None]


def _with(column: pa.Array) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.register("given", pa.table({"x": column}))
    return connection


@given(st.lists(st.none() | st.datetimes(), max_size=5))
def test_columns_within_the_calendar_stay_what_they_are(values: list[Any]):
    column = pa.array(values, pa.timestamp("us"))
    assert spelled_beyond_the_calendar(column) is column


def test_moments_within_others_are_written_where_they_stand():
    sql = """SELECT {'list': ['infinity'::DATE, NULL], 'map': MAP {'k': '20000-01-01'::TIMESTAMPTZ}, 'n': 1,
    'array': ['290000-01-01 12:00:00.5'::TIMESTAMP]::TIMESTAMP[1]} AS x"""
    column = duckdb.connect().execute(sql).to_arrow_table().column("x").combine_chunks()
    (found,) = spelled_beyond_the_calendar(column).to_pylist()
    assert found["list"] == ["infinity", None]
    assert dict(found["map"]) == {"k": "20000-01-01T00:00:00+00:00"}
    assert found["array"] == ["290000-01-01 12:00:00.500"]
    assert found["n"] == 1


def test_seconds_in_parquet_keep_their_infinities():
    sql = "SELECT unnest(['infinity', '-infinity', '290000-01-01', NULL])::TIMESTAMP_S AS x"
    table = duckdb.connect().execute(sql).to_arrow_table()
    sink = BytesIO()
    writer = open_writer("parquet", sink, table.schema)
    for batch in table.to_batches():
        writer.write(batch)
    writer.close()
    kept = pq.read_table(BytesIO(sink.getvalue())).column("x").cast(pa.int64()).to_pylist()
    later = 1000 * table.column("x").cast(pa.int64())[2].as_py()
    assert kept == [2**63 - 1, -(2**63 - 1), later, None]
