import re
import subprocess
import sys
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
from dataapp.engines.relation import Relation
from dataapp.errors import ColumnNotFoundError, SourceUnreadableError

COLUMNS = [("price", "DOUBLE"), ("at", "TIMESTAMP"), ("s", "STRUCT(a FLOAT)"), ('n"q', "DOUBLE")]


class Files:
    """Answers what is asked of files, and counts."""

    def __init__(self, count: int = 1, columns: Sequence[tuple[str, str]] = COLUMNS, *, are_ours: bool = False) -> None:
        self.count, self.columns, self.are_ours = count, columns, are_ours
        self.asked: list[object] = []

    def __call__(self, query: str, values: Mapping[str, object] | None = None, /) -> Sequence[tuple[Any, ...]]:
        if query.startswith("SELECT ("):
            try:
                return duckdb.execute(query, values or {}).fetchall()
            except duckdb.Error:
                return []
        if "file_metadata" in query:
            self.asked.append(query.split("parquet_file_metadata")[1])
            return [(self.are_ours, self.count, "/a.parquet")]
        if query.startswith("COPY"):
            Path(query.split("TO '")[1].split("'")[0]).touch()
            return []
        return self.columns


def exact(sql: str, files: Files | None = None, **values: object) -> str:
    found = ParquetScans(DuckDB()).exact(sql, values, "now", files or Files()).sql
    return re.sub(r"'[^']*/empty.parquet'", "EMPTY", found)


CALL = "read_parquet('/it''s.parquet')"
OPTION = "read_parquet('/it''s.parquet', can_have_nan = true)"
BOTH = "read_parquet(['/it''s.parquet', EMPTY], can_have_nan = true)"


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("FROM ", ""),
        ("SELECT max(at) FROM ", " AS t WHERE at > 1"),
        ("SELECT max(t.At) AS latest, sum(price) AS p FROM main.", " t WITH ORDINALITY"),
        ("WITH t AS NOT MATERIALIZED (FROM ", ") SELECT max(at), CAST(sum(n) AS DECIMAL(9, 2)) FROM t GROUP BY (n)"),
        ("SELECT 'read_parquet(' || \"min\" FROM ", " -- read_parquet('x')"),
        ("SELECT at FROM t WHERE at = (SELECT max(at) FROM ", ")"),
        ("SELECT coalesce((SELECT min(at) FROM ", "), now()) AS first FROM t"),
        ("SELECT 1, (SELECT avg(price) FROM ", ") b FROM t"),
        ("SELECT b: (SELECT avg(price) FROM ", "), 1 FROM t"),
        ("SELECT b: abs((SELECT avg(price) FROM ", ")), 1 FROM t"),
    ],
)
def test_the_statistics_of_floats_are_not_gone_by(before: str, behind: str) -> None:
    assert exact(f"{before}{CALL}{behind}") == f"{before}{OPTION}{behind}"


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("SELECT max(price) FROM ", ""),
        ('SELECT "MAX"(Price) FROM ', " AS t"),
        ('SELECT max("n""q") FROM ', " AS t"),
        ("SELECT max(s) FROM ", " AS t"),
        ("WITH t AS (SELECT price AS p FROM ", ") SELECT min(p) FROM t"),
        ("WITH t AS (SELECT price AS at FROM ", ") SELECT min(at) FROM t"),
        ("WITH t AS (SELECT price at FROM ", ") SELECT min(at) FROM t"),
        ("SELECT max(at) FROM ", " AS t(at, b)"),
        ("SELECT max(at) FROM ", " log(at, b)"),
        ("SELECT max(at) FROM ", " AS first(at, b)"),
        ("WITH t(at, b) AS (FROM ", ") SELECT max(at) FROM t"),
        ("WITH day AS (SELECT price FROM ", ") SELECT max(at) FROM day last(at)"),
        ("WITH trim AS (SELECT price FROM ", ") SELECT max(at) FROM trim trim(at)"),
        ("WITH year(at, b) AS NOT MATERIALIZED (FROM ", ") SELECT max(at) FROM year"),
        ("SELECT max(COLUMNS(*)) FROM ", ""),
        ("SELECT max(#1) FROM ", ""),
    ],
)
def test_extremes_are_not_taken_from_statistics(before: str, behind: str) -> None:
    assert exact(f"{before}{CALL}{behind}") == f"{before}{BOTH}{behind}"


def test_of_several_files_no_extremes_are_taken_from_statistics() -> None:
    assert exact(f"SELECT max(price) FROM {CALL}", Files(2)) == f"SELECT max(price) FROM {OPTION}"


@pytest.mark.parametrize(
    ("path", "value", "both"),
    [
        ("['/a']", None, "list_concat(['/a'], [EMPTY])"),
        ("['/a',]", None, "list_concat(['/a',], [EMPTY])"),
        ("'/' || 'a'", None, "['/' || 'a', EMPTY]"),
        ("[concat('/', $file)]", "a", "list_concat([concat('/', $file)], [EMPTY])"),
        ("[$file]", "/a", "list_concat([$file], [EMPTY])"),
        ("$file", "/a", "[$file, EMPTY]"),
        ("$file", ["/a"], "list_concat($file, [EMPTY])"),
    ],
)
def test_the_empty_file_stands_beside_the_other_one(path: str, value: object, both: str) -> None:
    found = exact(f"SELECT max(price) FROM read_parquet({path}, filename = true)", file=value)
    assert found == f"SELECT max(price) FROM read_parquet({both}, filename = true, can_have_nan = true)"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT max(price) FROM parquet",
        "SELECT max('read_parquet(''x'')')",
        "SELECT read_parquet FROM read_parquet('x', can_have_nan = false)",
        "WITH read_parquet(v) AS (SELECT 1) SELECT max(v) FROM read_parquet",
        "FROM read_parquet(",
        "FROM read_parquet()",
        "FROM read_parquet('/a' || getvariable('b'))",
        "FROM read_parquet('/a' || 1 / 0 || wrong)",
        "FROM parquet_schema('x')",
    ],
)
def test_all_else_is_left_alone(query: str) -> None:
    assert exact(query) == query


def test_files_of_the_engine_and_files_without_floats_are_left_alone() -> None:
    query = f"SELECT max(price) FROM {CALL}"
    assert exact(query, Files(are_ours=True)) == query
    assert exact(query, Files(columns=[("price", "BIGINT")])) == query


@pytest.mark.parametrize(
    ("path", "value", "looked_at"),
    [
        ("'/a.parquet'", None, "(['/a.parquet'])"),
        ("['/a', '/b*']", None, "(['/a', '/b*'])"),
        ("['/it''s']", None, "(['/it''s'])"),
        ("$file", "/a", "(['/a'])"),
        ("$file", ["/a", "/b"], "(['/a', '/b'])"),
        ("'/' || 'a'", None, "(['/a'])"),
        ("['/a', '/' || $file]", "b", "(['/a', '/b'])"),
    ],
)
def test_files_are_looked_at_once_for_each_state(path: str, value: object, looked_at: str) -> None:
    scans, files = ParquetScans(DuckDB()), Files()
    for state in ("now", "now", "then", None, None):
        scans.exact(f"SELECT $other FROM read_parquet({path}) WHERE n > 1", {"file": value, "other": 1}, state, files)
    scans.exact(f"FROM parquet_scan({path})", {"file": value}, "now", files)
    assert files.asked == [looked_at] * 4


def test_places_are_those_of_the_query_as_it_was() -> None:
    query = f"SELECT max(price), 'ä' FROM {CALL} AS t, {CALL} WHERE wrong"
    found = ParquetScans(DuckDB()).exact(query, {}, "now", Files())
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


def test_the_files_of_a_folder_that_makes_a_column_keep_it(tmp_path: Path) -> None:
    folder = tmp_path / "year=2024"
    folder.mkdir()
    pq.write_table(pa.table({"x": [1.0, 3.0], "n": [1, 2]}), folder / "rows.parquet")
    rows = da.source(f"{tmp_path}/*/*.parquet")
    found = da.sql("SELECT max(x) AS x, max(year) AS year, count(*) AS n FROM rows", rows=rows)
    assert found.evaluate().rows() == [(3.0, 2024, 2)]
    assert "1 file opened" in found.explain()


def test_a_file_is_followed_whose_state_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    rows = da.source(f"file://{path}")
    found = da.sql("SELECT count(*) AS n FROM rows WHERE x > 100", rows=rows)
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1.0::DOUBLE AS x) TO '{path}'")
    assert found.evaluate().item() == 0
    pq.write_table(pa.table({"x": [1.0, float("nan")]}), path)
    assert found.evaluate().item() == 1


def test_columns_are_called_as_they_are_written(tmp_path: Path) -> None:
    path = f"{tmp_path}/rows.parquet"
    pq.write_table(pa.table({"x": [1.0, float("nan")]}), path)
    found = da.sql(f"SELECT (SELECT max(x) FROM read_parquet('{path}')) FROM range(1)")
    assert list(found.schema) == found.evaluate().columns == [f"(SELECT max(x) FROM read_parquet('{path}'))"]


def test_pandas_is_not_imported_for_it(tmp_path: Path) -> None:
    path = f"{tmp_path}/rows.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0]}), path)
    script = (
        "import sys\n"
        "from dataapp.engines.duckdb import DuckDB\n"
        "from dataapp.engines.relation import Relation\n"
        f"relation = Relation('''SELECT max(x) AS x FROM read_parquet('{path}')''', key=1, engine=DuckDB())\n"
        "with relation.open() as reader:\n"
        "    assert reader.fetch().to_pylist() == [{'x': 2.0}]\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_one_empty_file_is_made_however_often_a_query_runs(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0]}), path)
    engine = DuckDB()
    relation = Relation(f"SELECT max(x) AS x, random() AS r FROM read_parquet('{path}')", key=1, engine=engine)
    for _ in range(3):
        with relation.open() as reader:
            assert reader.fetch().column("x").to_pylist() == [2.0]
    assert len(list(engine.folder().rglob("*.parquet"))) == 1
