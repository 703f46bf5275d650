"""Values in SQL: each has the type of its input, whatever it is at the moment."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dataapp.cells.sql import sql
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime import headless
from tests.runtime.bench import ask, defaults, knob

NOON = dt.datetime(2024, 2, 29, 12)  # noqa: DTZ001  # what a picker gives


def type_of(value: object, sql_type: str | None) -> str:
    return ask(sql("SELECT typeof($x) AS t", x=knob(value, sql_type))).item()


@pytest.mark.parametrize("value", [2, 2.5, None])
def test_a_float_input_is_a_double_whatever_it_holds(value: object) -> None:
    assert type_of(value, "DOUBLE") == "DOUBLE"


@pytest.mark.parametrize("value", [[], ["a"], None, [None]])
def test_a_choice_of_texts_is_a_list_of_texts_also_when_empty(value: object) -> None:
    assert type_of(value, "VARCHAR[]") == "VARCHAR[]"


@pytest.mark.parametrize("value", [(1, 2.5), (1, 2), (None, None)])
def test_a_range_of_floats_is_a_list_of_doubles(value: object) -> None:
    assert type_of(value, "DOUBLE[]") == "DOUBLE[]"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5, "INTEGER"),
        (2**31, "BIGINT"),
        (True, "BOOLEAN"),
        ("a", "VARCHAR"),
        (dt.date(2024, 2, 29), "DATE"),
        (NOON, "TIMESTAMP"),
        (NOON.replace(tzinfo=dt.UTC), "TIMESTAMP WITH TIME ZONE"),
        (dt.time(12), "TIME"),
        (dt.timedelta(minutes=5), "INTERVAL"),
        (Decimal("1.5"), "DECIMAL(2,1)"),
        ([1, 2], "INTEGER[]"),
        ((1, 2), "INTEGER[]"),
        ({"a"}, "VARCHAR[]"),
        (np.float64(1), "DOUBLE"),
        (np.int64(1), "INTEGER"),
        (np.array([1.5]), "DOUBLE[]"),
        (pd.Timestamp(NOON), "TIMESTAMP"),
        (pd.Timedelta(minutes=1), "INTERVAL"),
        ({"desk": "fx"}, "STRUCT(desk VARCHAR)"),
    ],
)
def test_without_a_promise_the_value_gives_the_type(value: object, found: str) -> None:
    assert type_of(value, None) == found


def test_none_of_a_known_type_computes_like_one() -> None:
    prices = pl.DataFrame({"price": [1]})
    cell = sql("SELECT typeof(price * $k) AS t FROM prices", prices=prices, k=knob(None, "DOUBLE"))
    assert ask(cell).item() == "DOUBLE"


def test_the_types_of_columns_do_not_depend_on_what_is_chosen() -> None:
    engine = DuckDB()
    columns = [
        headless.schema(engine, sql("SELECT $k AS k, $m AS m", k=knob(k, "DOUBLE"), m=knob(m, "DATE[]")), defaults)
        for k, m in [(None, []), (1, [dt.date(2024, 1, 1)])]
    ]
    assert columns[0] == columns[1] == {"k": "DOUBLE", "m": "DATE[]"}


def test_an_empty_choice_leaves_no_row() -> None:
    cell = sql("FROM t WHERE s IN $chosen", t=pl.DataFrame({"s": ["a"]}), chosen=knob([], "VARCHAR[]"))
    assert ask(cell).height == 0


def test_a_cast_reaches_cells_above() -> None:
    upper = sql("SELECT typeof($x) AS t", x=knob(None, "DOUBLE", name="x"))
    assert ask(sql("FROM upper", upper=upper)).item() == "DOUBLE"


def test_a_cast_is_also_made_where_values_travel_in_variables() -> None:
    wide = sql("PIVOT (SELECT typeof($x) AS t, 1 AS n) ON t USING sum(n)", x=knob(None, "DOUBLE"))
    assert ask(wide).columns == ["DOUBLE"]


def test_what_is_bound_may_hold_anything() -> None:
    evil = '\'; DROP TABLE x; --\0$y "z" \N{GRINNING FACE}'
    assert ask(sql("SELECT $x AS x", x=knob(evil, "VARCHAR"))).item() == evil


def test_a_limit_may_be_a_parameter() -> None:
    assert ask(sql("SELECT range AS n FROM range(10) ORDER BY n LIMIT $n", n=knob(3, "INTEGER"))).height == 3
