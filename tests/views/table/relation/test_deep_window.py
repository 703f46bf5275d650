"""Windows far down in a file, against the plain query for them."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.relation import deep_window as module
from dataapp.views.table.relation.deep_window import deep_window
from dataapp.views.table.relation.queries import Question, Span, Table
from dataapp.views.table.relation.rows import RelationRows
from tests.views.table.by_hand import Job
from tests.views.table.relation.test_rows import SCHEMA, frames


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames(), first=st.integers(0, 310), count=st.integers(1, 130), is_bare=st.booleans())
def test_they_are_what_the_plain_query_gives(
    engine: DuckDB, tmp_path: Path, frame: pl.DataFrame, first: int, count: int, is_bare: bool
):
    file = tmp_path / "it's.parquet"
    frame.write_parquet(file, row_group_size=37)
    quoted = "'" + str(file).replace("'", "''") + "'"
    sql = f"FROM {quoted}" if is_bare else f"FROM read_parquet([{quoted}])"
    rows = RelationRows(Relation(sql, key=object(), engine=engine, fixed_order=True))
    job: Any = Job(lambda _: None, lambda _: None, lambda _: None)
    span = Span(first, count, tuple(range(len(SCHEMA))))
    plain = rows.window(Question(), span, job).cells.to_pylist()
    with patch.object(module, "DEEP", 0):
        assert deep_window(rows.relation, Table.of_relation(rows.columns(job)), span) is not None
        assert repr(rows.window(Question(), span, job).cells.to_pylist()) == repr(plain)


@pytest.mark.parametrize(
    "sql", ["FROM 'a*.parquet'", "FROM read_parquet(['a', 'b'])", "FROM 'a.parquet' LIMIT 5", "FROM read_csv(['a'])"]
)
def test_only_one_file_as_it_is_has_numbers(engine: DuckDB, sql: str):
    relation = Relation(sql, key=sql, engine=engine, fixed_order=True)
    assert deep_window(relation, Table.of_relation(()), Span(5_000_000, 128, ())) is None


def test_a_column_that_goes_by_the_same_name_is_read_as_it_is(engine: DuckDB, tmp_path: Path):
    file = tmp_path / "numbers.parquet"
    duckdb.execute(f"COPY (SELECT 7 AS File_Row_Number FROM range(300)) TO '{file}'")
    rows = RelationRows(Relation(f"FROM '{file}'", key=object(), engine=engine, fixed_order=True))
    job: Any = Job(lambda _: None, lambda _: None, lambda _: None)
    with patch.object(module, "DEEP", 0):
        assert rows.window(Question(), Span(128, 128, (0,)), job).cells.column(0).to_pylist() == [7] * 128
