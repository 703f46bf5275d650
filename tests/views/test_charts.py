"""Predicates of what is selected in charts: of parameters that they are given, and of those that charts have."""

import altair as alt
import panel as pn
import pytest

import dataapp as da
from dataapp.app.bootstrap import CellChart
from dataapp.errors import ChartError

numbers = da.sql("SELECT range AS n, range % 3 AS k FROM range(10)")
base = da.chart(numbers).mark_point().encode(x="n:Q", y="k:O")
along_x = alt.selection_interval(name="along_x", encodings=["x"])
both = alt.selection_interval(name="both")
click = alt.selection_point(name="click", fields=["k"])
coloured = alt.selection_point(name="coloured", encodings=["y"])
row = alt.selection_point(name="row")
zoom = alt.selection_interval(name="zoom", bind="scales")
chart = base.add_params(along_x, both, click, coloured, row, zoom)


def rows(predicate: object, **selected: object) -> int:
    return da.sql("FROM numbers WHERE $it", numbers=numbers, it=predicate).evaluate(it=selected).height


@pytest.mark.parametrize("seen", [chart, chart + base, chart | base, chart.facet("k:N")])
@pytest.mark.parametrize("selection", [along_x, "along_x"])
def test_an_interval_parameter_of_the_chart_is_a_predicate(seen: alt.TopLevelMixin, selection: str) -> None:
    assert rows(da.brush(seen, selection=selection), n=(2.0, 4.0)) == 3


def test_a_rectangle_restricts_both_columns_and_each_may_be_called_otherwise() -> None:
    assert rows(da.brush(chart, selection=both), n=(2.0, 4.0), k=(0, 1)) == 2
    renamed = da.brush(chart, selection="both", y="n")
    assert rows(renamed, k=(1, 2)) == 2  # the rows whose n is 1 or 2


@pytest.mark.parametrize("selection", [click, "click", coloured, "coloured"])
def test_a_point_parameter_of_the_chart_is_a_predicate(selection: str) -> None:
    assert rows(da.pick(chart, selection=selection), k=[0, 2]) == 7
    assert rows(da.pick(chart, "k", column="n", selection=selection), k=[0, 2]) == 2


def test_nothing_selected_means_every_row() -> None:
    assert rows(da.brush(chart, selection="both")) == rows(da.pick(chart, selection="click")) == 10


def test_charts_of_different_cells_may_use_one_name() -> None:
    others = [da.sql("SELECT range AS n FROM range(20)"), da.sql("SELECT range AS n FROM range(30)")]
    marks = [da.chart(other).mark_tick().encode(x="n:Q").add_params(alt.selection_interval("x")) for other in others]
    first, second = (da.brush(each, selection="x") for each in marks)
    left, right = (
        da.sql("SELECT n FROM numbers WHERE $it", numbers=numbers, it=it)
        for numbers, it in zip(others, (first, second), strict=True)
    )
    pairs = da.sql("FROM a, b", a=left, b=right, p=first, q=second)
    assert pairs.evaluate(p={"n": (0, 1)}, q={"n": (0, 3)}).height == 2 * 4


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda: da.brush(chart, selection="along"), "no selection 'along'", "did you mean `along_x`?"),
        (lambda: da.brush(base, selection=along_x), "no selection 'along_x'", "add_params"),
        (lambda: da.brush(chart, selection="click"), "no interval parameter", "da.pick"),
        (lambda: da.pick(chart, selection="both"), "no point parameter", "da.brush"),
        (lambda: da.brush(chart, selection="zoom"), "selects nothing", None),
        (lambda: da.brush(chart, selection="along_x", y="k"), "does not run along y", None),
        (lambda: da.pick(chart, selection="row"), "tells no values", "fields="),
        (lambda: da.pick(chart, "n", selection="click"), "tells nothing of n", "fields="),
        (lambda: da.pick(chart), "needs a field", "da.pick(chart, 'symbol')"),
        (lambda: da.brush(base.encode(y="mean(n)"), y="n"), "an aggregate of n on y", "brush"),
        (lambda: da.brush(base.encode(y="count()"), y="n"), "no field on y", "encode y="),
    ],
)
def test_what_cannot_be_selected_is_refused(make, message: str, hint: str | None) -> None:
    with pytest.raises(ChartError) as caught:
        make()
    assert message in caught.value.message
    assert (hint or "") in (caught.value.hint or "")


def test_a_chart_may_stand_in_tabs_of_the_material_set() -> None:
    tabs = pn.ui.Tabs(("Numbers", base))
    assert isinstance(tabs[0], CellChart)
    assert tabs._names == ["Numbers"]
