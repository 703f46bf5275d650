"""Columns told once per shape of a relation."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.cells.values import Bound
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
ENGINE = DuckDB()  # shared by all examples, as by all sessions of a process
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-(2**127), 2**127 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_characters="\0"), max_size=3),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1_000, max_value=1_000),
    st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    st.datetimes(),
    st.times(),
    st.timedeltas(timedelta(0), timedelta(100)),
)
VALUES = SCALARS | st.lists(st.integers(-(2**40), 2**40), max_size=3) | st.lists(st.floats(0, 1), max_size=3)


def made(value: object, engine: DuckDB = ENGINE, sql: str = "SELECT $v AS v, [$v] AS list", **more: Any) -> Relation:
    return Relation(sql, key=object(), engine=engine, parameters={"v": Bound(value)}, **more)


@given(VALUES)
def test_columns_told_once_are_those_that_the_engine_tells_anew(value: object) -> None:
    relation = made(value)
    with relation.open() as reader:
        afresh = reader.fetch("SELECT column_name, column_type FROM (DESCRIBE FROM relation)")
    assert [(column.name, column.type) for column in relation.columns()] == list(
        zip(*(column.to_pylist() for column in afresh.columns), strict=True)
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 100),
        (-5, -6),
        (0.5, 2.0),
        (date(2024, 1, 1), date(2025, 1, 1)),
        ([1, 2], [4, 5, 6]),
        (time(1), time(2)),
    ],
)
def test_values_of_one_type_have_one_shape(one: object, other: object) -> None:
    assert made(one).shape() == made(other).shape() is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2**40),
        (1, True),
        (1, 1.0),
        (1, None),
        ("a.parquet", "b.parquet"),
        ([], [1]),
        ([1], [2**40]),
        (Decimal("1.5"), Decimal("1.25")),
        (NOON.replace(tzinfo=None), NOON),
        (date(2024, 1, 1), NOON.replace(tzinfo=None)),
    ],
)
def test_what_may_change_a_type_changes_the_shape(one: object, other: object) -> None:
    assert made(one).shape() != made(other).shape()


def test_another_version_of_a_source_is_another_shape() -> None:
    assert made(1, sources=("old",)).shape() != made(1, sources=("new",)).shape()


def test_frames_count_with_their_schema() -> None:
    numbers, texts = pa.table({"n": [1]}), pa.table({"n": ["a"]})
    assert made(1, frames={"f": numbers}).shape() == made(1, frames={"f": pa.table({"n": [7]})}).shape()
    assert made(1, frames={"f": numbers}).shape() != made(1, frames={"f": texts}).shape()


def test_a_remote_source_has_no_shape() -> None:
    assert made(1, sql="FROM read_parquet('s3://bucket/x.parquet') WHERE n > $v").shape() is None


def test_a_value_of_an_unknown_kind_has_no_shape() -> None:
    assert made(object()).shape() is None


def test_the_second_relation_of_a_shape_asks_nothing() -> None:
    engine = DuckDB()
    asked: list[None] = []
    for value in (1, 2):
        made(value, engine, check_sources=lambda: asked.append(None)).columns()
    assert len(asked) == 1
