"""Scatter plots as counts, held against counts by hand and against the points that they stand for."""

import math
import re
from collections import Counter
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import cast

import altair as alt
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.views.chart.plan import Plan, chart_to_plan
from dataapp.views.chart.plans import Plans
from dataapp.views.chart.raster import Grid, Side
from dataapp.views.chart.schema import chart
from dataapp.views.chart.wire import column_to_sent
from tests.views.chart.drawing import columns_of, draw, draw_planned, relation_of, rows_of

MANY = relation_of(
    "SELECT 3 + sin(i) AS x, i % 977 - 100.5 AS y, TIMESTAMP '2024-01-01' + to_seconds(i::INT) AS t,"
    " if(i % 10 = 0, NULL, i) AS gaps, 'abc'[1 + i % 3] AS s FROM range(30000) numbers(i)"
)
COLUMNS = MANY.columns()
C = chart("rows", lambda: COLUMNS).properties(width=300)


def planned(view: alt.TopLevelMixin, rows=MANY) -> Plan:
    plans = Plans(view, {C.data: rows.columns()})
    plan, _ = plans.fill(lambda dataset: rows_of(rows, dataset))
    return plan


def is_raster(view: alt.TopLevelMixin) -> bool:
    return any(dataset.grid is not None for dataset in planned(view).datasets)


def relation_with(rows):
    listed = ", ".join(f"({_literal(x)}, {_literal(y)})" for x, y in rows)
    return relation_of(f"SELECT x::DOUBLE AS x, y::DOUBLE AS y FROM (VALUES {listed}) AS rows(x, y)")


def _literal(value: float | None) -> str:
    return "NULL" if value is None else f"'{value!r}'::DOUBLE"


PARTS = ("low", "high", "step", "cells")
value = st.none() | st.sampled_from([math.inf, -math.inf, math.nan, 0.0]) | st.floats(-1e6, 1e6)


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(value, value), min_size=1, max_size=60), zero=st.booleans())
@example(rows=[(0.0, 5e-324)], zero=True)
def test_each_count_is_that_by_hand(rows, zero: bool) -> None:
    relation = relation_with(rows)
    x, y = (column_to_sent(column) for column in relation.columns())
    grid = Grid(Side("x", x, 40, zero), Side("y", y, 24, zero))
    with relation.open() as reader:
        bounds = grid.bounds(grid.ends(reader.fetch))
        found = reader.fetch(grid.query, bounds).to_pylist()
    shown = [(a, b) for a, b in rows if a is not None and b is not None and math.isfinite(a) and math.isfinite(b)]

    def edges(channel: str, at: float) -> list[float]:
        low, high, step, cells = (cast("float", bounds[f"__{channel}_{name}"]) for name in PARTS)
        number = min(cells - 1, math.floor((at - low) / step))
        return [high if one == cells else low + one * step for one in (number, number + 1)]

    by_hand = Counter((*edges("x", a), *edges("y", b)) for a, b in shown)
    assert {(c["x"], c["__x_high"], c["y"], c["__y_high"]): c["__rows"] for c in found} == by_hand
    assert sum(c["__rows"] for c in found) == len(shown)
    if shown:
        assert (min(c["x"] for c in found), max(c["__x_high"] for c in found)) == (
            min(a for a, _ in shown),
            max(a for a, _ in shown),
        )


def _labels(svg: str) -> Counter[str]:
    return Counter(re.findall(r"<text[^>]*transform=\"translate\([^>]*>[^<]*</text>", svg))


@pytest.mark.parametrize(
    "view",
    [
        C.mark_point().encode(x="x:Q", y="y:Q"),
        C.mark_circle().encode(x=alt.X("x:Q", title="Across").scale(zero=False), y=alt.Y("y:Q").axis(title="Up")),
        C.mark_square().encode(x="t:T", y="gaps:Q"),
        C.mark_point().encode(x="x:Q", y=alt.Y("y:Q").scale(domain=[-200, 2000])).interactive(),
    ],
)
def test_axes_are_those_of_the_points(view: alt.Chart) -> None:
    points = chart_to_plan(view, {C.data: COLUMNS})
    raster = planned(view)
    assert raster.datasets[0].grid is not None
    drawn = _labels(draw(points.spec, {one.name: _thinned(one) for one in points.datasets}))
    counted = _labels(draw_planned(raster, MANY))
    assert drawn
    assert drawn <= counted  # which has a legend, too


def _thinned(dataset) -> list[dict[str, object]]:
    """Return rows that span what all rows span: points of all would take long to draw."""
    rows = [row for row in rows_of(MANY, _all(dataset)) if all(value is not None for value in row.values())]
    return [end(rows, key=itemgetter(name)) for name in rows[0] for end in (min, max)]


def _all(dataset):
    return replace(dataset, crowd=200_000, asked=200_000, scatters=frozenset())


def test_the_legend_says_rows_and_counts_add_up() -> None:
    view = C.mark_point().encode(x="x:Q", y="gaps:Q")
    plan = planned(view)
    assert sum(row["__rows"] for row in rows_of(MANY, plan.datasets[0])) == 27_000
    assert ">Rows</text>" in draw_planned(plan, MANY)


@pytest.mark.parametrize(
    "view",
    [
        C.mark_point().encode(x="x:Q", y="y:Q", tooltip="s:N"),
        C.mark_point().encode(x="x:Q", y="y:Q", color="s:N"),
        C.mark_point().encode(x="x:Q", y="y:Q", size="gaps:Q"),
        C.mark_point(tooltip=True).encode(x="x:Q", y="y:Q"),
        C.mark_point().encode(x="s:N", y="y:Q"),
        C.mark_point().encode(x="x:Q", y=alt.Y("gaps:Q").scale(type="log")),
        C.mark_point().encode(x="x:Q", y="y:Q").add_params(alt.selection_point(name="picked")),
        C.mark_point().encode(x="x:Q", y="y:Q").properties(width=900),
        C.mark_point().encode(x="x:Q", y="y:Q") + C.mark_rule().encode(y="mean(y):Q"),
    ],
)
def test_what_needs_rows_or_has_room_for_them_keeps_its_points(view: alt.TopLevelMixin) -> None:
    assert not is_raster(view)


def test_a_filter_before_the_counts_runs_in_the_engine() -> None:
    plan = planned(C.mark_point().encode(x="x:Q", y="y:Q").transform_filter("datum.gaps >= 1000"))
    (dataset,) = plan.datasets
    assert sum(row["__rows"] for row in rows_of(MANY, dataset)) == 26_100


def test_only_the_crowded_view_of_a_page_becomes_a_raster() -> None:
    both = C.mark_point().encode(x="x:Q", y="y:Q") | C.mark_point().encode(x="x:Q", y="t:T", color="s:N")
    assert [dataset.grid is not None for dataset in planned(both).datasets].count(True) == 1


def test_a_plan_is_made_once() -> None:
    plans = Plans(C.mark_point().encode(x="x:Q", y="y:Q"), {C.data: COLUMNS})
    first, _ = plans.fill(lambda dataset: rows_of(MANY, dataset))
    second, _ = plans.fill(lambda dataset: rows_of(MANY, dataset))
    assert first is second


@pytest.mark.parametrize(
    "rows",
    [
        "SELECT i % 1000 AS x, (i % 777)::DOUBLE AS y FROM range(30000) numbers(i)",
        "SELECT i % 1000 AS x, if(i % 7 = 0, 'nan'::DOUBLE, i % 777) AS y FROM range(30000) numbers(i)",
        "SELECT if(i = 9, -5000, i) AS x, if(i = 9, 'inf'::DOUBLE, i % 777) AS y FROM range(30000) numbers(i)",
        "SELECT if(i = 9, -5000, i) AS x, if(i = 9, NULL, i % 777)::DOUBLE AS y FROM range(30000) numbers(i)",
        "SELECT DATE '2024-01-01' + i::INT % 99 AS x, i AS y FROM range(30000) numbers(i)",
        "SELECT if(i = 9, DATE 'infinity', DATE '2024-01-01' + i::INT % 99) AS x, i AS y FROM range(30000) numbers(i)",
    ],
)
@pytest.mark.parametrize("made", ["a query", "a file that tells of no NaN"])
def test_the_grid_spans_the_rows_that_have_both(rows: str, made: str, tmp_path: Path) -> None:
    relation = relation_of(rows)
    if made != "a query":
        with relation.open() as reader:
            pq.write_table(reader.fetch(), tmp_path / "rows")
        relation = relation_of(f"FROM read_parquet('{tmp_path / 'rows'}')")
    columns = relation.columns()
    kind = "T" if columns[0].type == "DATE" else "Q"
    view = chart("rows", lambda: columns).properties(width=300).mark_point().encode(x=f"x:{kind}", y="y:Q")
    (dataset,) = chart_to_plan(view, {view.data: columns}, frozenset({0})).datasets
    assert dataset.grid is not None
    with relation.open() as reader:
        exact = reader.fetch(dataset.grid.query, dataset.grid.bounds(dataset.grid.ends(reader.fetch)))
        assert dataset.fetch(reader.fetch).equals(exact)


def test_the_plan_of_the_last_picture_is_tried_first() -> None:
    few = relation_of(f"FROM ({MANY.sql}) LIMIT 100")
    plans, asked = Plans(C.mark_point().encode(x="x:Q", y="y:Q"), {C.data: COLUMNS}), list[bool]()

    def fill(rows) -> list[bool]:
        def fetch(dataset):
            asked.append(dataset.grid is not None)
            return rows_of(rows, dataset)

        asked.clear()
        plan, _ = plans.fill(fetch)
        assert asked[-1] is (plan.datasets[0].grid is not None)
        return list(asked)

    assert [fill(rows) for rows in (few, MANY, MANY, few, few)] == [
        [False],
        [False, True],
        [True],
        [True, False],
        [False],
    ]


def test_each_view_of_a_page_is_drawn_as_its_rows_ask_for_whatever_came_before() -> None:
    both = C.mark_point().encode(x="x:Q", y="y:Q") | C.mark_point().encode(x="x:Q", y="gaps:Q").properties(height=500)
    rows = [relation_of(f"FROM ({MANY.sql}) LIMIT {n}") for n in (30_000, 100, 24_000, 30_000, 24_000)]
    plans = Plans(both, {C.data: COLUMNS})
    for relation in rows:
        plan, _ = plans.fill(lambda dataset, relation=relation: rows_of(relation, dataset))
        assert plan.spec == planned(both, relation).spec


def test_explain_says_that_it_is_a_raster_and_of_how_many_rows(tmp_path) -> None:
    rows = da.source(pl.DataFrame({"x": range(100_000), "y": [n % 7 for n in range(100_000)]}), name="rows")
    view = da.chart(rows).mark_point().encode(x="x:Q", y="y:Q")
    text = da.explain(view)
    assert "a raster of 100,000 rows" in text
    assert "in the engine: raster" in text
    view.save(tmp_path / "rows.csv")  # a file has the rows
    assert pl.read_csv(tmp_path / "rows.csv").height == 100_000


def test_columns_for_which_a_raster_has_no_name_left_stay_points() -> None:
    columns = columns_of(x="DOUBLE", __rows="DOUBLE")
    taken = chart("taken", lambda: columns).mark_point().encode(x="x:Q", y="__rows:Q")
    plan = chart_to_plan(taken, {taken.data: columns}, frozenset({0}))
    assert all(dataset.grid is None for dataset in plan.datasets)
