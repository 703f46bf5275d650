"""What a run has cost: read from the engine's account, and from the statistics of files."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.profile import Comparison, RowGroups, Scan, read_profile
from dataapp.engines.relation import Relation

ENGINE = DuckDB()


def profiled(sql: str, **parameters: Any) -> tuple[Scan, ...]:
    with Relation(sql, key=sql, engine=ENGINE, parameters=parameters).open() as reader:
        return reader.profile()[1].scans


def write(folder: Path, frame: pl.DataFrame, rows: int) -> str:
    path = folder / "rows.parquet"
    frame.write_parquet(path, row_group_size=rows)
    return str(path)


def groups(path: str, condition: str) -> RowGroups:
    relation = Relation(f"SELECT a FROM '{path}' WHERE {condition}", key=condition, engine=ENGINE)
    with relation.open() as reader:
        scans = reader.profile()[1].scans  # none, where the engine sees before that no row passes
        return reader.row_groups([path], scans[0] if scans else Scan("READ_PARQUET", ("a",), ("a<-1000000",), 0, 0))


@pytest.fixture
def path(tmp_path: Path) -> str:
    days = [dt.datetime(2024, 1, 1) + dt.timedelta(days=n) for n in range(1000)]  # noqa: DTZ001 - wall-clock readings
    frame = pl.DataFrame({"a": range(1000), "b": [f"it's {n:04}" for n in range(1000)], "day": days})
    return write(tmp_path, frame, 100)


def test_a_scan_says_what_it_read(path: str):
    (scan,) = profiled(f"SELECT a FROM '{path}' WHERE a >= 990")
    assert (scan.columns, scan.filters, scan.files, scan.rows) == (("a",), ("a>=990",), 1, 10)


def test_a_query_over_nothing_scans_nothing():
    assert profiled("SELECT 1 AS n") == ()


def test_both_sides_of_a_join_are_scans(path: str):
    assert len(profiled(f"SELECT count(*) FROM '{path}' x JOIN '{path}' y USING (a)")) == 2


def test_rows_come_with_the_profile():
    with Relation("FROM range(3)", key="range", engine=ENGINE).open() as reader:
        rows, profile = reader.profile()
    assert rows.num_rows == 3
    assert profile.seconds > 0


def test_later_queries_are_not_profiled(path: str):
    with Relation("FROM range(3)", key="range", engine=ENGINE).open() as reader:
        reader.profile()
        setting = reader.fetch("SELECT current_setting('enable_profiling') AS s FROM relation LIMIT 1")
    assert setting["s"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("condition", "chosen"),
    [
        ("true", 10),
        ("a >= 950", 1),
        ("a > 899", 1),
        ("a < 100", 1),
        ("a <= 100", 2),
        ("a = 500", 1),
        ("a BETWEEN 150 AND 250", 2),
        ("b = 'it''s 0250'", 1),
        ("b >= 'it''s 0250' AND a < 500", 3),
        ("day > TIMESTAMP '2026-01-01'", 3),
        ("a % 2 = 0", 10),
        ("a IN (5, 995)", 10),
        ("a > 5000", 0),
    ],
)
def test_statistics_rule_row_groups_out(path: str, condition: str, chosen: int):
    assert (groups(path, condition).chosen, groups(path, condition).total) == (chosen, 10)


def test_bytes_are_those_of_the_columns_that_are_read(path: str):
    narrow, wide = groups(path, "a >= 0"), groups(path, "b >= ''")
    assert narrow.chosen_bytes < wide.chosen_bytes < narrow.total_bytes


_NUMBERS = st.lists(st.integers(-5, 5) | st.none(), min_size=1, max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(_NUMBERS, st.sampled_from([">", ">=", "<", "<=", "="]), st.integers(-6, 6))
def test_a_row_group_with_a_row_that_passes_is_never_ruled_out(
    tmp_path: Path, numbers: list[int | None], operator: str, value: int
):
    frame = pl.DataFrame({"a": numbers}, {"a": pl.Int64})
    path = write(tmp_path, frame, 5)
    passing = frame.with_row_index().sql(f"SELECT index FROM self WHERE a {operator} {value}")["index"] // 5
    assert groups(path, f"a {operator} {value}").chosen >= passing.n_unique()


def test_what_is_no_comparison_is_left_out():
    scan = Scan("READ_PARQUET", ("a",), ("a IS NOT NULL", "optional: a IN (1, 2)", "a>1 AND b<='it''s'"), 1, 0)
    assert scan.comparisons == (Comparison("a", ">", "1", "DOUBLE"), Comparison("b", "<=", "it's", "VARCHAR"))


def test_an_account_without_scans_is_read():
    assert read_profile('{"latency": 1, "cpu_time": 2, "children": [{"children": []}]}', 1.0).scans == ()
