"""A crossfilter shows what filtering by hand shows, and a condition that goes deep what one on the result shows."""

from typing import Any

import panel as pn
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import dataapp as da
from dataapp.cells.sql import SqlCell, sql

_NUMBERS = st.one_of(st.none(), st.integers(-3, 3).map(float), st.sampled_from([float("nan"), 0.5, -0.0]))
_LETTERS = st.sampled_from(["a", "b", "c", None])
ROWS = st.lists(st.fixed_dictionaries({"x": _NUMBERS, "y": st.integers(-3, 3), "k": _LETTERS}), max_size=12)
SCHEMA = {"x": pl.Float64, "y": pl.Int64, "k": pl.String}
RANGES = st.one_of(st.none(), st.tuples(st.integers(-3, 3), st.integers(-3, 3)).map(lambda ends: tuple(sorted(ends))))
SETS = st.lists(_LETTERS, max_size=3, unique=True)


def passing(rows: pl.DataFrame, x: Any, y: Any, k: list[str | None]) -> pl.DataFrame:
    """Filter by hand, as Polars means it."""
    if x is not None:
        rows = rows.filter(pl.col("x").is_between(*x) & pl.col("x").is_not_nan())
    if y is not None:
        rows = rows.filter(pl.col("y").is_between(*y))
    return rows.filter(pl.col("k").is_in(k, nulls_equal=True)) if k else rows


@settings(max_examples=25)
@given(rows=ROWS, x=RANGES, y=RANGES, k=SETS)
def test_a_crossfilter_is_filtering_by_hand(rows: list[dict[str, Any]], x: Any, y: Any, k: list[str | None]):
    frame = pl.DataFrame(rows, schema=SCHEMA)
    table = sql("SELECT x, y AS why, k FROM frame", frame=frame)
    over_x = da.brush(da.chart(table).mark_tick().encode(x="x:Q"), name="over_x")
    over_y = da.brush(da.chart(table).mark_tick().encode(x="why:Q"), name="over_y")
    among = da.match("k", pn.widgets.MultiChoice(), name="among")
    counts = sql("SELECT k, count(*) AS n, count(DISTINCT y) AS d FROM frame GROUP BY k", frame=frame)
    shares = sql("SELECT n, sum(n) OVER () AS total FROM counts", counts=counts)
    left, right, _, counted, shared = da.crossfilter(over_x, over_y, among, counts, shares)
    values: dict[Any, Any] = {over_x: x and {"x": x}, over_y: y and {"why": y}, among: k}

    def seen(cell: Any, *own: Any) -> pl.DataFrame:
        return cell.evaluate({other: value for other, value in values.items() if other not in own})

    def renamed(filtered: pl.DataFrame) -> pl.DataFrame:
        return filtered.rename({"y": "why"})

    assert_frame_equal(seen(left.data.source, over_x), renamed(passing(frame, None, y, k)), check_row_order=False)
    assert_frame_equal(seen(right.data.source, over_y), renamed(passing(frame, x, None, k)), check_row_order=False)
    grouped = passing(frame, x, y, k).group_by("k").agg(n=pl.len().cast(pl.Int64), d=pl.n_unique("y").cast(pl.Int64))
    assert_frame_equal(seen(counted), grouped, check_row_order=False)
    expected = [(n, sum(grouped["n"])) for n in sorted(grouped["n"])]
    assert sorted((n, int(total)) for n, total in seen(shared).rows()) == expected


PLAIN = st.sampled_from(
    [
        "SELECT * FROM t",
        "SELECT y, k, x FROM t WHERE y > -2",
        "SELECT k, x, y, y + 1 AS more FROM t",
        "SELECT x, k, y, count(*) AS n FROM t GROUP BY ALL",
        "SELECT DISTINCT x, y, k FROM t",
        "SELECT x, y, k FROM t UNION ALL SELECT x, y, k FROM t",
        "SELECT t.x, t.y, k FROM t JOIN (VALUES ('a'), ('b')) names(k) USING (k)",
        "SELECT x, t.y, k FROM t LEFT JOIN (VALUES (1, 'one')) names(y, label) ON t.y = names.y",
        "WITH u AS (SELECT * FROM t WHERE k <> 'c') SELECT x, y, k FROM u",
        "SELECT x, y, k FROM t EXCEPT SELECT x, y, 'b' FROM t",
        "SELECT x, y, k FROM t ORDER BY ALL LIMIT 4",
    ]
)


@settings(max_examples=40)
@given(rows=ROWS, texts=st.lists(PLAIN, min_size=1, max_size=3), y=RANGES, k=SETS)
def test_a_condition_that_goes_deep_shows_what_one_on_the_result_shows(
    rows: list[dict[str, Any]], texts: list[str], y: Any, k: list[str | None]
):
    frame = pl.DataFrame(rows, schema=SCHEMA)
    cell: Any = frame
    for text in texts:
        cell = sql(text, t=cell)
    inside, outside = cell, sql("FROM t", t=cell, filters="outside")
    within, among = da.match("y", pn.widgets.MultiChoice(), name="within"), da.match("k", pn.widgets.MultiChoice())
    values: dict[Any, Any] = {within: y, among: k}
    *_, deep, flat = da.crossfilter(within, among, inside, outside)
    assert_frame_equal(deep.evaluate(values), flat.evaluate(values), check_row_order=False)


def test_conditions_do_go_deep():
    base = pl.DataFrame({"y": [1, 2], "k": ["a", "b"]})
    cell: SqlCell = sql("SELECT k, y, count(*) AS n FROM t GROUP BY ALL", t=base, name="grouped")
    view = da.crossfilter(da.match("y", pn.widgets.MultiChoice(), name="within"), cell)[1]
    assert "`within` on y: `t`" in view.explain(analyze=False)
