from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dataapp as da
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.parquet_scans import ParquetScans
from dataapp.errors import ColumnNotFoundError, SourceUnreadableError

FLOATS = [(False,)], [("price", True), ("at", False), ("duckdb_schema", False)]


class Files:
    """Answers what is asked of files, and counts."""

    def __init__(self, *answers: Sequence[tuple[Any, ...]]) -> None:
        self.answers = answers
        self.asked: list[Mapping[str, object]] = []

    def __call__(self, query: str, values: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
        self.asked.append(values)
        return self.answers[0 if "file_metadata" in query else 1]


def exact(sql: str, files: Files | None = None, **values: object) -> str:
    return ParquetScans(DuckDB()).exact(sql, values, "now", files or Files(*FLOATS)).sql


def option(call: str) -> str:
    return f"{call.removesuffix(')')}, can_have_nan = true)"


def guard(call: str) -> str:
    return f"(SELECT * FROM {option(call)} WHERE file_index >= 0)"


CALL = "read_parquet(['/a.parquet', '/it''s.parquet'])"


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("FROM ", ""),
        ("SELECT max(at) FROM ", " AS t WHERE at > 1"),
        ("WITH t AS NOT MATERIALIZED (FROM ", ") SELECT max(at), CAST(sum(n) AS DECIMAL(9, 2)) FROM t GROUP BY (n)"),
        ("SELECT 'read_parquet(' || \"min\" FROM ", " -- read_parquet('x')"),
    ],
)
def test_the_statistics_of_floats_are_not_gone_by(before: str, behind: str) -> None:
    assert exact(f"{before}{CALL}{behind}") == f"{before}{option(CALL)}{behind}"


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("SELECT max(price) FROM ", ""),
        ('SELECT "MAX"(Price) FROM ', " AS t"),
        ("WITH t AS (SELECT price AS p FROM ", ") SELECT min(p) FROM t"),
        ("SELECT max(b) FROM ", " AS t(a, b)"),
        ("WITH t(a, b) AS (FROM ", ") SELECT max(b) FROM t"),
        ("SELECT max(COLUMNS(*)) FROM ", ""),
        ("SELECT max(#1) FROM ", ""),
    ],
)
def test_extremes_are_not_taken_from_statistics(before: str, behind: str) -> None:
    assert exact(f"{before}{CALL}{behind}") == f"{before}{guard(CALL)}{behind}"


def test_columns_of_the_scan_itself_are_kept() -> None:
    query = f"SELECT max(t.price), max(t.file_row_number) FROM {CALL} AS t"
    assert f"(SELECT *, file_row_number FROM {option(CALL)} WHERE file_index >= 0) AS t" in exact(query)
    own = Files([(False,)], [("price", True), ("file_index", False)])
    assert exact(f"SELECT max(price) FROM {CALL}", own).endswith(" WHERE file_row_number >= 0)")
    assert exact(f"SELECT max(read_parquet.price) FROM {CALL}").endswith(" WHERE file_index >= 0) AS read_parquet")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT max(price) FROM parquet",
        "SELECT max('read_parquet(''x'')')",
        "SELECT read_parquet FROM read_parquet('x', can_have_nan = false)",
        "FROM read_parquet(",
        "FROM parquet_schema('x')",
    ],
)
def test_all_else_is_left_alone(query: str) -> None:
    assert exact(query) == query


def test_files_of_the_engine_and_files_without_floats_are_left_alone() -> None:
    query = f"SELECT max(price) FROM {CALL}"
    assert exact(query, Files([(True,)])) == query
    assert exact(query, Files([(False,)], [("price", False)])) == query


def test_of_files_that_cannot_be_looked_at_anything_may_be_true() -> None:
    assert exact(f"FROM {CALL}", Files([])) == f"FROM {option(CALL)}"
    assert exact(f"SELECT max(at) FROM {CALL}", Files([])) == f"SELECT max(at) FROM {guard(CALL)}"
    computed = "read_parquet('/a' || getvariable('b'), hive_partitioning = true)"
    assert exact(f"FROM {computed}", files := Files(*FLOATS)) == f"FROM {option(computed)}"
    assert not files.asked


@pytest.mark.parametrize(
    ("path", "value", "looked_at"),
    [
        ("'/a.parquet'", None, ["/a.parquet"]),
        ("['/a', '/b*']", None, ["/a", "/b*"]),
        ("['/it''s']", None, ["/it's"]),
        ("$file", "/a", ["/a"]),
        ("$file", ["/a", "/b"], ["/a", "/b"]),
    ],
)
def test_files_are_looked_at_once_for_each_state(path: str, value: object, looked_at: list[str]) -> None:
    scans, files = ParquetScans(DuckDB()), Files(*FLOATS)
    for state in ("now", "now", "then"):
        scans.exact(f"SELECT 1 FROM read_parquet({path}) WHERE n > 1", {"file": value}, state, files)
        scans.exact(f"FROM parquet_scan({path})", {"file": value}, state, files)
    assert [asked["paths"] for asked in files.asked] == [looked_at] * 4


def test_places_are_those_of_the_query_as_it_was() -> None:
    query = f"SELECT max(price), 'ä' FROM {CALL} AS t, {CALL} WHERE wrong"
    found = ParquetScans(DuckDB()).exact(query, {}, "now", Files(*FLOATS))
    before, after = query.encode(), found.sql.encode()
    for word in (b"price", b"read_parquet", b" AS t", b"WHERE wrong"):
        assert found.origin(after.rindex(word)) == before.rindex(word), word


def test_an_error_is_placed_where_the_author_wrote(tmp_path: Path) -> None:
    path = f"{tmp_path}/rows.parquet"
    pq.write_table(pa.table({"price": [1.0]}), path)
    rows = da.source(path)
    for query in ("SELECT max(price),\n  wrong FROM rows", f"SELECT max(price),\n  wrong FROM '{path}'"):
        with pytest.raises(ColumnNotFoundError) as caught:
            da.sql(query, rows=rows).evaluate()
        assert (caught.value.line, caught.value.column) == (2, 3)
    Path(path).write_bytes(b"no file of this kind")
    with pytest.raises(SourceUnreadableError):
        da.sql(f"SELECT max(price) FROM '{path}'").evaluate()


def test_files_that_are_written_anew_are_looked_at_anew(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    rows = da.sql("SELECT count(*) AS n FROM rows WHERE x > 5", rows=da.source(str(path)))
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1.0::DOUBLE AS x) TO '{path}'")
    assert rows.evaluate().item() == 0
    pq.write_table(pa.table({"x": [1.0, float("nan")]}), path)
    assert rows.evaluate().item() == 1
