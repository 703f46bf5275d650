"""Charts whose transforms run in the engine draw what Vega draws from all rows."""

import altair as alt
import pytest

from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.schema import chart
from tests.views.chart.drawing import draw_planned, plainly, relation_of, rows_of

ROWS = """
    SELECT CASE WHEN i % 7 > 0 THEN ['a', 'b', 'c', 'd'][1 + (i * 7919) % 4] END AS symbol,
           CASE WHEN i % 11 > 0 THEN (i * 37 % 101) * 1.5 - 20 END AS price,
           CAST(i * 13 % 17 AS BIGINT) AS size,
           CASE WHEN i % 13 > 0 THEN TIMESTAMP '2021-01-30 05:00' + to_hours(CAST(i * i * 5 % 9000 AS INT)) END AS ts
    FROM range(300) AS numbers(i)
"""
RELATION = relation_of(ROWS)
COLUMNS = RELATION.columns()
C = chart("trades", lambda: COLUMNS)
BRUSH = alt.selection_interval(name="brush", encodings=["x"])
CHARTS = {
    "filter, then bars": C.mark_bar().encode(x="symbol", y="count()").transform_filter("datum.price > 3"),
    "filter of fields": C.mark_bar()
    .encode(x="symbol", y="sum(size)")
    .transform_filter(alt.FieldRangePredicate("price", [0, 50]) & ~alt.FieldEqualPredicate("a", field="symbol")),
    "calculated axis": C.mark_bar()
    .encode(x=alt.X("double:Q").bin(), y="count()")
    .transform_calculate(double="datum.price * 2 + 1"),
    "calculated names": C.mark_bar()
    .encode(x="sign:N", y="mean(size)", color="symbol")
    .transform_calculate(sign="datum.price > 0 ? 'gain' : datum.price < 0 ? 'loss' : 'none'"),
    "share of a total": C.mark_bar()
    .encode(x="share:Q", y="symbol", tooltip="total:Q")
    .transform_aggregate(of="sum(size)", groupby=["symbol"])
    .transform_joinaggregate(total="sum(of)")
    .transform_calculate(share="datum.of / datum.total"),
    "aggregate without values": C.mark_text()
    .encode(x="size:O", text="most:Q")
    .transform_filter("datum.price === null")
    .transform_aggregate(most="max(price)", groupby=["size"]),
    "running total": C.mark_line()
    .encode(x="ts:T", y="sold:Q")
    .transform_filter("isValid(datum.ts)")
    .transform_window(sold="sum(size)", sort=[{"field": "ts"}], frame=[None, 0]),
    "best of each": C.mark_point()
    .encode(x="price", y="symbol", color="place:O")
    .transform_window(place="rank()", sort=[{"field": "price", "order": "descending"}], groupby=["symbol"])
    .transform_filter("datum.place < 4"),
    "binned by hand": C.mark_bar()
    .encode(x="from:Q", x2="from_end:Q", y="n:Q")
    .transform_bin("from", "price")
    .transform_aggregate(n="count()", groupby=["from", "from_end"]),
    "months by hand": C.mark_line()
    .encode(x="month:T", y="mean:Q")
    .transform_timeunit(month="yearmonth(ts)")
    .transform_aggregate(mean="mean(price)", groupby=["month"]),
    "folded": C.mark_boxplot().encode(x="key:N", y="value:Q").transform_fold(["price", "size"]),
    "folded and grouped": C.mark_bar().encode(x="key:N", y="mean(value):Q").transform_fold(["price", "size"]),
    "layers that share": (
        alt.layer(C.mark_bar().encode(x="symbol", y="mean(price)"), C.mark_rule().encode(y="mean(price)"), data=C.data)
    ).transform_filter("datum.size > 4"),
    "side by side": (
        alt.hconcat(C.mark_bar().encode(x="symbol", y="count()"), C.mark_tick().encode(x="price"), data=C.data)
    ),
    "facets": C.mark_bar()
    .encode(x="symbol", y="count()")
    .transform_filter("datum.size > 4")
    .facet(facet="size:O", columns=5),
    "repeated": C.mark_point()
    .encode(x=alt.X(alt.repeat("column"), type="quantitative"), y="size:Q")
    .transform_filter("datum.price > 90")
    .repeat(column=["price", "size"]),
    "filter by a selection": C.mark_bar().encode(x="symbol", y="count()")
    & C.mark_point().encode(x="price", y="size").add_params(BRUSH).transform_filter(BRUSH),
    "stacked by hand": C.mark_bar()
    .encode(x="from:Q", x2="to:Q", y="size:O", color="symbol:N")
    .transform_filter("datum.size < 9")
    .transform_aggregate(n="count()", groupby=["size", "symbol"])
    .transform_stack(
        stack="n", groupby=["size"], as_=["from", "to"], sort=[alt.SortField("symbol")], offset="normalize"
    ),
    "quantiles": C.mark_line()
    .encode(x="prob:Q", y="value:Q", color="symbol")
    .transform_quantile("price", groupby=["symbol"], step=0.05),
    "groups in the order of rows": C.mark_point()
    .encode(x="n:Q", y=alt.Y("tens:O").sort("-x"))
    .transform_calculate(tens="floor(datum.price / 20)")
    .transform_aggregate(n="distinct(symbol)", groupby=["tens"]),
    "stacked groups in the order of rows": C.mark_bar()
    .encode(x="n:Q", y="symbol:N", stroke=alt.value("white"))
    .transform_aggregate(n="count()", groupby=["size", "symbol"]),
    "ranked groups": C.mark_text()
    .encode(x="place:O", text="size:Q")
    .transform_aggregate(n="distinct(symbol)", groupby=["size"])
    .transform_window(place="row_number()", sort=[{"field": "n"}]),
    "pivoted": C.mark_point()
    .encode(x="a:Q", y="b:Q", color="size:O")
    .transform_filter("datum.price > 0")
    .transform_pivot("symbol", value="price", groupby=["size"], op="mean"),
    "nothing left": C.mark_bar().encode(x="symbol", y="count()").transform_filter("datum.size > 1e6"),
}


@pytest.mark.parametrize("name", CHARTS)
def test_transforms_in_the_engine_draw_the_same(name: str) -> None:
    plan = chart_to_plan(CHARTS[name], {C.data: COLUMNS})
    assert draw_planned(plan, RELATION) == plainly(CHARTS[name], RELATION)


def test_groups_travel_for_a_pivot() -> None:
    (dataset,) = chart_to_plan(CHARTS["pivoted"], {C.data: COLUMNS}).datasets
    rows = rows_of(RELATION, dataset)
    assert len({(row["size"], row["symbol"]) for row in rows}) == len(rows)


@pytest.mark.parametrize("name", [name for name in CHARTS if name not in ("side by side", "filter by a selection")])
def test_their_transforms_do_run_in_the_engine(name: str) -> None:
    plan = chart_to_plan(CHARTS[name], {C.data: COLUMNS})
    assert any(dataset.source.frame is not None for dataset in plan.datasets)
