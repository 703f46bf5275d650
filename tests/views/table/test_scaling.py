"""Between which numbers the scales of columns go, held to Polars."""

import math
from collections.abc import Callable
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.cells.formats import read_formats
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter
from dataapp.views.table.scaling import Scaled
from tests.views.table.by_hand import Explorer, Job


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.tuples(st.none() | st.integers(-99, 99), st.none() | st.floats()), max_size=50),
    fixed_order=st.booleans(),
)
def test_ends_are_those_of_the_finite_numbers_that_pass(
    engine: DuckDB, numbers: list[tuple[int | None, float | None]], fixed_order: bool
):
    frame = pl.DataFrame(numbers, schema={"n": pl.Int64, "x": pl.Float64}, orient="row")
    relation = Relation("FROM t", key=object(), engine=engine, frames={"t": pa.table(frame)}, fixed_order=fixed_order)
    job: Any = Job(lambda _: None, lambda _: None, lambda _: None)
    columns = relation.columns()
    condition = parse_filter(">= 0", columns[0])
    assert condition is not None
    found = Scaled(relation, columns, (ColumnFilter(0, condition),), (0, 1)).extents(job)
    passed = frame.filter(pl.col("n") >= 0)
    for at, name in enumerate(frame.columns):
        finite = [value for value in passed[name].to_list() if value is not None and math.isfinite(value)]
        assert found.get(at) == ((min(finite), max(finite)) if finite else None)


@pytest.fixture
def scaled() -> Explorer:
    return Explorer(read_formats({"n": "bar"}))


def extents(explorer: Explorer) -> list[Any]:
    return [message["extents"] for message in explorer.messages if message["type"] == "extents"]


def test_the_page_is_told_the_ends_of_each_filter_once(scaled: Explorer, relation: Callable[..., Relation]):
    scaled.controller.show(relation("SELECT i AS n, i % 2 AS k FROM range(10) t(i)"))
    scaled.jobs.run()
    assert extents(scaled) == [[[0, 0.0, 9.0]]]
    assert scaled.view["columns"][0]["format"]["scale"] == "bar"
    scaled.say("sort", order=[{"column": 0, "descending": True}])
    scaled.jobs.run()
    assert len(extents(scaled)) == 1
    scaled.say("filter", column=0, text="< 5")
    scaled.jobs.run()
    assert extents(scaled)[1:] == [[[0, 0.0, 4.0]]]
    view = scaled.view["view"]
    scaled.controller.receive({"type": "ready", "view": view, "counted": True})  # opened before the ends were known
    assert extents(scaled)[2:] == [[[0, 0.0, 4.0]]]


def test_a_table_without_scales_is_asked_nothing_more(explorer: Explorer, relation: Callable[..., Relation]):
    explorer.controller.show(relation("SELECT i AS n FROM range(10) t(i)"))
    explorer.jobs.run()
    assert extents(explorer) == []


def test_a_format_that_does_not_fit_is_told(scaled: Explorer, relation: Callable[..., Relation]):
    scaled.controller.show(relation("SELECT 'a' AS n"))
    scaled.jobs.run()
    assert scaled.state.error is not None
    assert "DA721" in str(scaled.state.error)
