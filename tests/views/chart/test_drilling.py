"""Rasters that are zoomed into, held against Polars on the rows that are in sight."""

import math

import altair as alt
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataapp.views.chart.dataset import Dataset
from dataapp.views.chart.drilling import SHADE, Drill, Part
from dataapp.views.chart.plan import Plan, chart_to_plan
from dataapp.views.chart.raster import Grid, Side
from dataapp.views.chart.schema import chart
from dataapp.views.chart.takes.rows import distinct_datasets
from dataapp.views.chart.window import Window
from dataapp.views.chart.wire import column_to_sent
from tests.views.chart.drawing import relation_of

type Ends = tuple[float, float]

MANY = relation_of("SELECT 3 + sin(i) AS x, i % 977 - 100.5 AS y, i % 7 AS n FROM range(30000) numbers(i)")
C = chart("rows", MANY.columns).properties(width=300)
value = st.none() | st.sampled_from([math.inf, -math.inf, math.nan, 0.0, 5.0]) | st.floats(-100, 100)
ends = st.tuples(st.floats(-120, 100), st.floats(0.5, 150)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def _relation(frame: pl.DataFrame):
    listed = ", ".join(f"({_literal(x)}, {_literal(y)})" for x, y in frame.rows())
    return relation_of(f"SELECT x::DOUBLE AS x, y::DOUBLE AS y FROM (VALUES {listed}) AS rows(x, y)")


def _literal(number: float | None) -> str:
    return "NULL" if number is None else f"'{number!r}'::DOUBLE"


def _cells(frame: pl.DataFrame, bounds: dict[str, float]) -> list[tuple[float, ...]]:
    """Return the cells of rows, with their ends and how many rows each has."""
    edges: list[pl.Expr] = []
    for name in "xy":
        low, high, step, cells = (bounds[f"__{name}_{part}"] for part in ("low", "high", "step", "cells"))
        number = ((pl.col(name) - low) / step).floor().clip(upper_bound=cells - 1)
        for one in (number, number + 1):
            edge = pl.when(one == cells).then(pl.lit(high)).otherwise(low + one * step)
            edges.append(edge.alias(f"edge{len(edges)}"))
    counted = frame.select(edges).group_by(pl.all()).len()
    return sorted((*map(float, row),) for row in counted.rows())


@settings(max_examples=80)
@given(
    rows=st.lists(st.tuples(value, value), min_size=1, max_size=70),
    x=st.none() | ends,
    y=ends,
    zero=st.booleans(),
)
@example(rows=[(i / 2, i % 7.0) for i in range(60)], x=(-3.0, 20.0), y=(1.0, 5.0), zero=True)
@example(rows=[(1.0, 2.0)] * 40, x=(1.0, 3.0), y=(0.0, 2.0), zero=False)
@example(rows=[(1.0, 2.0)] * 40, x=None, y=(3.0, 4.0), zero=False)
def test_what_is_in_sight_is_that_of_polars(rows, x: Ends | None, y: Ends, zero: bool) -> None:
    frame = pl.DataFrame(rows, schema={"x": pl.Float64, "y": pl.Float64}, orient="row")
    relation = _relation(frame)
    sent = [column_to_sent(column) for column in relation.columns()]
    drill = Drill(Grid(Side("x", sent[0], 12, zero), Side("y", sent[1], 8, zero)), ("zoom",))
    part = Part(drill.grid, x, y)
    assert drill.part(Window({"zoom": {"y": y} | ({} if x is None else {"x": x})})) == part
    with relation.open() as reader:
        cells, points = drill.cells(part, reader.fetch), drill.points(part, reader.fetch)
    whole = frame.filter(pl.all_horizontal(pl.all().is_finite()))
    is_inside = pl.col("y").is_between(*y) & (pl.lit(True) if x is None else pl.col("x").is_between(*x))
    inside = whole.filter(is_inside)
    found = [tuple(cell.values()) for cell in cells.to_pylist()]
    left, right = x or (-math.inf, math.inf)
    shown = [one for one in found if one[0] >= left and one[1] <= right and one[2] >= y[0] and one[3] <= y[1]]
    if inside.height <= drill.grid.most_points == 24:
        assert points.to_pylist() == inside.sort("x", "y").to_dicts()
        assert sum(one[4] for one in found) == whole.height - inside.height
    else:
        assert points.num_rows == 0
        spans = [end for name in "xy" for end in (whole[name].min(), whole[name].max())]
        by_polars = _cells(inside, part.bounds(spans))  # type: ignore[arg-type]
        assert sorted(one[:5] for one in found[len(found) - len(by_polars) :]) == by_polars
        assert sum(one[4] for one in found) == whole.height
        assert {(*one[:5], one[4]) for one in shown} >= {(*one, one[4]) for one in by_polars}
        assert max(one[5] for one in found) == max(one[4] for one in by_polars)
        found = found[: len(found) - len(by_polars)]
    for low, high, bottom, top, _, shade in found:  # around it, nothing lies over it
        assert high <= left or low >= right or top <= y[0] or bottom >= y[1]
        assert shade >= 1


def _planned(view: alt.TopLevelMixin) -> Plan:
    return chart_to_plan(view, {C.data: MANY.columns()}, frozenset({0, 1}))


def _fetched(dataset: Dataset, window: Window) -> pa.Table:
    with MANY.open() as reader:
        return dataset.fetch_zoomed(reader.fetch, window)[0]


POINTS = C.mark_point().encode(x="x:Q", y="y:Q")
MEAN = C.mark_circle().encode(x=alt.X("mean(x):Q", title="x"), y=alt.Y("mean(y):Q", title="y"))
zoom = alt.selection_interval(name="zoom", bind="scales")


@pytest.mark.parametrize(
    "view",
    [
        POINTS.add_params(zoom),
        POINTS.add_params(zoom) | C.mark_bar().encode(x="count()", y="n:O"),
        (POINTS + MEAN).add_params(zoom),
        (MEAN.add_params(zoom) + POINTS) | C.mark_bar().encode(x="count()", y="n:O"),
    ],
)
def test_a_raster_that_can_be_zoomed_has_points_for_what_is_in_sight(view: alt.TopLevelMixin) -> None:
    cells, points = [dataset for dataset in _planned(view).datasets if dataset.drill is not None]
    assert cells.drill is not None
    assert "zoom" in cells.drill.zoomed_by
    assert _fetched(points, Window()).num_rows == 0
    whole = _fetched(cells, Window())
    assert whole[SHADE].equals(whole["__rows"])
    few = Window({"zoom": {"x": (2.5, 3.5), "y": (0.0, 100.0)}})
    assert _fetched(points, few).num_rows + sum(cell["__rows"] for cell in _fetched(cells, few).to_pylist()) == 30_000
    assert _fetched(points, Window({"other": {"x": (2.5, 3.5)}})).num_rows == 0


def test_a_raster_that_nothing_zooms_is_drawn_as_one_layer() -> None:
    assert [dataset.drill for dataset in _planned(POINTS).datasets] == [None]


def test_only_the_view_that_is_zoomed_shows_more() -> None:
    plan = _planned(POINTS.add_params(zoom) | POINTS)
    assert [dataset.drill is not None for dataset in plan.datasets] == [True, True, False]


def test_files_have_the_counts_of_the_whole_and_no_shades() -> None:
    plan = _planned(POINTS.add_params(zoom))
    (dataset,) = distinct_datasets(plan)
    assert [column.name for column in dataset.file_columns] == ["x", "__x_high", "y", "__y_high", "__rows"]
