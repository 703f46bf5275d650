import altair as alt
import pytest

import dataapp as da
from dataapp.errors import ChartError

NUMBERS = da.sql("SELECT range AS n, range % 3 AS k, 'x' || range AS t FROM range(1000)", name="numbers")


def explained(chart: alt.TopLevelMixin) -> list[str]:
    return [line.strip() for line in da.explain(chart).splitlines()]


def test_what_runs_in_the_engine_is_named_in_order() -> None:
    chart = da.chart(NUMBERS).mark_bar().encode(x="k:O", y="sum(twice):Q")
    lines = explained(chart.transform_filter("datum.n > 10").transform_calculate(twice="datum.n * 2"))
    assert lines[0].startswith("The chart has 1 dataset: 3 rows, ")
    assert "in the engine: filter, calculate, aggregates" in lines
    assert not any("Vega" in line for line in lines)


def test_what_is_left_to_vega_is_named_with_its_reason() -> None:
    chart = da.chart(NUMBERS).mark_bar().encode(x="size:Q", y="count()")
    lines = explained(chart.transform_filter("datum.n < 10").transform_calculate(size="length(datum.t)"))
    assert "in the engine: filter" in lines
    assert "in Vega: calculate, aggregates" in lines
    assert "calculate: `length` is not translated" in lines
    assert lines[0].startswith("The chart has 1 dataset: 10 rows, ")


def test_aggregates_that_are_left_have_a_reason() -> None:
    chart = da.chart(NUMBERS).mark_bar().encode(x="k:O", y=alt.Y("max(n):Q").scale(domain="unaggregated"))
    assert "aggregates: its scale spans the values before they are aggregated" in explained(chart)


def test_rows_that_views_share_are_told_once() -> None:
    base = da.chart(NUMBERS)
    lines = explained(base.mark_point().encode(x="n:Q") | base.mark_tick().encode(x="k:Q"))
    assert lines[0].startswith("The chart has 1 dataset: 1,000 rows, ")
    assert [line for line in lines if line in ("point", "tick")] == ["point", "tick"]


def test_cells_of_one_chart_are_told_apart() -> None:
    other = da.sql("SELECT 1 AS n", name="other")
    lines = explained(da.chart(NUMBERS).mark_point().encode(x="n:Q") + da.chart(other).mark_rule().encode(x="n:Q"))
    assert sum("of `numbers`" in line for line in lines) == sum("of `other`" in line for line in lines) == 1


def test_a_cell_under_two_charts_is_read_for_both() -> None:
    both = da.chart(NUMBERS).mark_point().encode(x="n:Q") | da.chart(NUMBERS).mark_point().encode(x="n:Q")
    assert da.explain(both).startswith("The chart has 2 datasets: 2,000 rows")


def test_a_chart_that_is_over_no_cell_has_no_explanation() -> None:
    with pytest.raises(ChartError, match="not over a cell"):
        da.explain(alt.Chart("trades.csv").mark_point())
