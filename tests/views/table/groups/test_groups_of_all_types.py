"""Groups by columns of every type, against Polars: as many, and each opens to its own rows."""

from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.table.filters.value_list import read_values
from dataapp.views.table.groups.grouping import Grouping, GroupKey
from dataapp.views.table.groups.rows import GroupedRows
from dataapp.views.table.relation.queries import BLOCK, Question, Span
from dataapp.views.table.relation.source import open_whole
from tests.views.table.relation.test_rows_of_all_types import NAMES, SHOWN, frames, new_job

CHECKS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NESTED = {"tags", "pair"}


def relation_of(engine: DuckDB, frame: pl.DataFrame, fixed_order: bool) -> Relation:
    shown = pa.table(frame.with_columns(pl.col("kind").cast(pl.String)))
    return Relation(SHOWN, key=object(), engine=engine, frames={"shown": shown}, fixed_order=fixed_order)


def key_of(name: str, values: pl.Series) -> pl.Series:
    """What tells values apart, in a form that Polars groups by."""
    if name in NESTED:
        return pl.Series([None if value is None else repr(value) for value in values.to_list()], dtype=pl.String)
    return values + 0.0 if values.dtype.is_float() else values  # zeros are one group whatever their sign


@CHECKS
@given(frame=frames(), name=st.sampled_from(NAMES[1:]), fixed_order=st.booleans())
def test_every_group_opens_to_the_rows_that_polars_puts_in_it(
    engine: DuckDB, frame: pl.DataFrame, name: str, fixed_order: bool
):
    rows = GroupedRows(relation_of(engine, frame, fixed_order))
    key = GroupKey(NAMES.index(name))
    closed = rows.settle(Question(groups=Grouping((key,))), Span(0, BLOCK, (0,)), new_job())
    assert closed.lines is not None
    numbers: list[Any] = closed.lines.column("group").to_pylist()
    paths = [rows.path(Question(groups=Grouping((key,))), number, new_job())[0] for number in numbers]
    opened = Question(groups=Grouping((key,), open=frozenset(paths)))
    settled = rows.settle(opened, Span(0, 2 * BLOCK, (0,)), new_job())
    assert settled.lines is not None
    found: dict[Any, list[Any]] = {number: [] for number in numbers}
    for line, id_ in zip(settled.lines.to_pylist(), settled.cells.column("c0").to_pylist(), strict=True):
        if line["state"] == 0:
            found[line["group"]].append(id_)
    keyed = frame.select("id", key=key_of(name, frame[name]))
    expected = keyed.group_by("key").agg(pl.col("id").sort())["id"].to_list()
    assert sorted(found.values()) == sorted(expected)
    rows.close()


@CHECKS
@given(frame=frames(), name=st.sampled_from(NAMES[1:]), fixed_order=st.booleans())
def test_values_of_every_type_are_counted_as_polars_counts_them(
    engine: DuckDB, frame: pl.DataFrame, name: str, fixed_order: bool
):
    relation = relation_of(engine, frame, fixed_order)
    with open_whole(relation, relation.columns(), new_job()) as source:
        listed = read_values(source, NAMES.index(name), (), None, "")
    assert listed is not None
    values = frame[name]
    if name == "single":  # as text, zeros differ
        values = pl.Series([None if value is None else repr(value) for value in values.to_list()], dtype=pl.String)
    expected = frame.select(key=key_of(name, values)).group_by("key").len()["len"].to_list()
    assert sorted(value.rows for value in listed.values) == sorted(expected)
    assert listed.distinct == len(expected)


@pytest.mark.parametrize("text", ["a\0b", "\u202eabc", "<script>alert(1)</script>", "=1+1", "'; DROP TABLE x --", ""])
def test_a_group_of_any_text_opens(engine: DuckDB, text: str):
    frame: Any = pa.table({"name": [text, text, None], "n": [1, 2, 3]})
    relation = Relation("FROM shown", key=object(), engine=engine, frames={"shown": frame}, fixed_order=True)
    rows = GroupedRows(relation)
    question = Question(groups=Grouping((GroupKey(0),), open=frozenset({(text,)})))
    settled = rows.settle(question, Span(0, BLOCK, (0, 1)), new_job())
    assert settled.totals is not None
    assert settled.totals.lines == 2 + 2
    rows.close()
