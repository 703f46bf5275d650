"""Aggregates of the engine draw what Vega draws from all rows."""

from datetime import datetime

import altair as alt
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.schema import chart
from tests.views.chart.drawing import draw_planned, plainly, relation_of, rows_of

ROWS = """
    SELECT TIMESTAMPTZ '2021-01-30 05:00:00+02' + to_hours(CAST(i * i * 5 % 9000 AS INT)) AS met,
           CASE WHEN i % 7 > 0 THEN ['a', 'b', 'c', 'd'][1 + (i * 7919) % 4] END AS symbol,
           CASE WHEN i % 11 > 0 THEN (i * 37 % 101) * 1.5 - 20 END AS price,
           CAST(i * 13 % 17 AS BIGINT) AS size,
           CASE WHEN i % 13 > 0 THEN TIMESTAMP '2021-01-30 05:00' + to_hours(CAST(i * i * 5 % 9000 AS INT)) END AS ts,
           DATE '2020-02-27' + CAST(i * 5 % 400 AS INT) AS day,
           CASE WHEN i % 5 > 0 THEN 'x' || (i % 3) ELSE '' END AS tag
    FROM range(300) AS numbers(i)
"""
RELATION = relation_of(ROWS)
COLUMNS = RELATION.columns()
C = chart("trades", lambda: COLUMNS)
PICKED = alt.selection_point(name="picked", encodings=["x"])

PUSHED = {
    "month of a year, stacked": C.mark_bar().encode(x="yearmonth(ts)", y="count()", color="symbol"),
    "month of any year": C.mark_line(point=True).encode(x="month(ts):O", y="mean(price)", color="symbol:N"),
    "weekday and hour": C.mark_rect().encode(x="day(ts):O", y="hours(ts):O", color="median(price)"),
    "month of an instant": C.mark_bar().encode(x="utcyearmonth(met)", y="count()", color="utcday(met):O"),
    "histogram": C.mark_bar().encode(x=alt.X("price").bin(), y="count()"),
    "histogram of many bins": C.mark_bar().encode(x=alt.X("price").bin(maxbins=33), y="count()", color="symbol"),
    "histogram of a step": C.mark_bar().encode(x=alt.X("price").bin(step=7), y="mean(size)"),
    "two bins": C.mark_rect().encode(x=alt.X("price").bin(), y=alt.Y("size").bin(), color="count()"),
    "sorted by a sum": C.mark_bar().encode(x=alt.X("symbol").sort("-y"), y="sum(size)", tooltip=["mean(size)"]),
    "sorted by a mean": C.mark_bar().encode(x=alt.X("symbol").sort("y"), y="mean(size)"),
    "order of rows": C.mark_bar().encode(x=alt.X("tag").sort(None), y="count()"),
    "order of rows, by month": C.mark_line().encode(x=alt.X("month(ts):O").sort(None), y="count()", color="symbol"),
    "order of rows, by bin": C.mark_bar().encode(x=alt.X("price:O").bin().sort(None), y="count()"),
    "sorted by a list that leaves some out": C.mark_bar().encode(x=alt.X("size:O").sort([7, 3]), y="count()"),
    "sorted by what is equal": C.mark_bar().encode(x=alt.X("size:O").sort("-y"), y="count()"),
    "text": C.mark_text().encode(x="symbol", y="tag", text="count()"),
    "distinct": C.mark_bar().encode(x="symbol", y="distinct(tag)"),
    "missing": C.mark_bar().encode(x="symbol", y="missing(price)", color="tag"),
    "valid": C.mark_bar().encode(x="symbol", y="valid(tag)"),
    "deviation": C.mark_point().encode(x="symbol", y="stdev(price)", size="variance(size)"),
    "deviation of all": C.mark_point().encode(x="symbol", y="variancep(price)", color="stdevp(size)"),
    "quartile": C.mark_point().encode(x="symbol", y="q1(price)", color="q3(size)"),
    "pie": C.mark_arc().encode(theta="count()", color="symbol"),
    "rows": C.mark_bar().encode(x="count()", y="tag", row="symbol"),
    "total": C.mark_bar().encode(x="count()"),
    "stacked area": C.mark_area().encode(x="yearquarter(day)", y="sum(size)", color="symbol"),
    "shares": C.mark_area().encode(x="yearmonth(day)", y=alt.Y("sum(size)").stack("normalize"), color="symbol"),
    "two layers": C.mark_bar().encode(x="symbol", y="mean(price)")
    + C.mark_text(dy=-5).encode(x="symbol", y="mean(price)", text="count()"),
    "by a number": C.mark_circle().encode(x="size:Q", y="max(price)", color="min(price)"),
    "two aggregates of a field": C.mark_bar().encode(x="symbol", y="max(price)", color="mean(price)"),
    "least time": C.mark_point().encode(x="min(ts):T", y="symbol", color="max(ts):T"),
    "own title": C.mark_bar().encode(x="symbol", y=alt.Y("count()").title("n").axis(format=".0f")),
    "condition": C.mark_bar()
    .encode(x="symbol", y="count()", color=alt.condition(PICKED, "tag:N", alt.value("gray")))
    .add_params(PICKED),
}
LEFT_TO_VEGA = {
    "filter": C.mark_bar().encode(x="symbol", y="count()").transform_filter("length(datum.symbol) > 0"),
    "range of aggregates": C.mark_rule().encode(x="symbol", y="q1(price)", y2="q3(price)"),
    "box plot": C.mark_boxplot().encode(x="symbol", y="price"),
    "sorted by a mean over groups": C.mark_bar().encode(x=alt.X("symbol").sort("y"), y="mean(size)", color="tag"),
    "sorted by another field": C.mark_bar().encode(x=alt.X("symbol").sort(field="price", op="sum"), y="count()"),
    "argmax": C.mark_point().encode(
        x="symbol", y=alt.Y("price", aggregate=alt.ArgmaxDef(argmax="size")).type("quantitative")
    ),
    "week": C.mark_bar().encode(x="yearweek(ts)", y="count()"),
    "function titles": C.mark_bar().encode(x="symbol", y="count()").configure(fieldTitle="functional"),
    "whole rows": C.mark_bar(tooltip=alt.TooltipContent("data")).encode(x="symbol", y="count()"),
    "shared axis title": C.mark_bar().encode(x="symbol", y="count()") + C.mark_rule().encode(y="mean(size)"),
}


@pytest.mark.parametrize("name", PUSHED)
def test_engine_aggregates_draw_the_same(name: str) -> None:
    plan = chart_to_plan(PUSHED[name], {C.data: COLUMNS})
    assert all("FROM source" in dataset.query for dataset in plan.datasets)
    assert draw_planned(plan, RELATION) == plainly(PUSHED[name], RELATION)


@pytest.mark.parametrize("name", LEFT_TO_VEGA)
def test_what_may_differ_is_left_to_vega(name: str) -> None:
    plan = chart_to_plan(LEFT_TO_VEGA[name], {C.data: COLUMNS})
    assert any("FROM source" not in dataset.query for dataset in plan.datasets)
    assert draw_planned(plan, RELATION) == plainly(LEFT_TO_VEGA[name], RELATION)


AGGREGATES = ("count()", *(f"{op}(price):Q" for op in ("sum", "mean", "min", "max", "median", "q1", "stdev", "valid")))
DIMENSIONS = (
    "symbol:N",
    "size:Q",
    "size:O",
    "yearmonth(ts):T",
    "year(ts):O",
    "month(ts):O",
    "yearmonthdate(ts):T",
    "bin",
)
YEAR_2020, YEAR_2022 = map(datetime.fromisoformat, ("2020-01-01", "2022-12-31"))
number = st.none() | st.integers(-40, 40).map(lambda eighths: eighths / 8)
row = st.tuples(
    st.none() | st.sampled_from(["a", "b", "", "it's"]),
    number,
    st.integers(0, 3),
    st.none() | st.datetimes(YEAR_2020, YEAR_2022).map(lambda moment: moment.replace(microsecond=0)),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(row, min_size=1, max_size=12),
    mark=st.sampled_from(["bar", "line", "point", "area", "rect"]),
    across=st.sampled_from(DIMENSIONS),
    up=st.sampled_from(AGGREGATES),
    color=st.sampled_from([None, "symbol:N", "size:O", "median(size):Q", "count()"]),
)
def test_any_aggregate_of_any_rows_draws_the_same(rows, mark, across, up, color) -> None:
    # An area through the bin of NULL has no width: Vega writes a path for it or not, by the order of its rows.
    assume(mark != "area" or across != "bin" or all(price is not None for _, price, _, _ in rows))
    # Vega stacks what is at NULL and at an empty text in one place, in the order of rows, which a query does not have.
    is_stacked = mark in ("bar", "area") and across == "symbol:N"
    assume(not is_stacked or not {None, ""} <= {symbol for symbol, _, _, _ in rows})
    values = ", ".join(f"({', '.join(_literal(value) for value in one)})" for one in rows)
    typed = "SELECT symbol::VARCHAR AS symbol, price::DOUBLE AS price, size::BIGINT AS size, ts::TIMESTAMP AS ts"
    relation = relation_of(f"{typed} FROM (VALUES {values}) AS rows(symbol, price, size, ts)")
    columns = relation.columns()
    base = chart("rows", lambda: columns)
    encodings = {"x": alt.X("price:Q").bin(maxbins=7) if across == "bin" else across, "y": up}
    view = getattr(base, f"mark_{mark}")().encode(**encodings, **({"color": color} if color else {}))
    plan = chart_to_plan(view, {base.data: columns})
    assert draw_planned(plan, relation) == plainly(view, relation)


def _literal(value: object) -> str:
    return (
        "NULL"
        if value is None
        else str(value)
        if isinstance(value, int | float)
        else "'" + str(value).replace("'", "''") + "'"
    )


def test_not_a_number_is_no_value() -> None:
    relation = relation_of("SELECT unnest([1.0, 'nan'::DOUBLE, 3.0, NULL]) AS x")
    view = (
        chart("x", relation.columns)
        .mark_point()
        .encode(x="mean(x):Q", y="max(x):Q", size="valid(x):Q", color="missing(x):Q")
    )
    plan = chart_to_plan(view, {view.data: relation.columns()})
    (sent,) = rows_of(relation, plan.datasets[0])
    assert sent == {"__mean_x": 2.0, "x": 3.0, "__valid_x": 2.0, "__missing_x": 1.0}


@pytest.mark.parametrize("name", ["histogram", "histogram of many bins", "two bins"])
def test_a_histogram_reads_the_rows_once_beside_their_extent(name: str) -> None:
    (dataset,) = chart_to_plan(PUSHED[name], {C.data: COLUMNS}).datasets
    assert dataset.query.count("FROM relation") == dataset.query.count("FROM source") == 1


def test_a_time_unit_is_sent_as_its_start() -> None:
    relation = relation_of("SELECT unnest(['2020-02-03 04:05:06'::TIMESTAMP, '2020-02-07', 'infinity', NULL]) AS t")
    view = chart("t", relation.columns).mark_bar().encode(x="yearmonth(t):T", y="count()")
    plan = chart_to_plan(view, {view.data: relation.columns()})
    february = 1_580_515_200_000.0
    assert sorted(row["__count"] for row in rows_of(relation, plan.datasets[0])) == [1.0, 1.0, 2.0]
    with relation.open() as reader:
        assert plan.datasets[0].fetch(reader.fetch)["t"].to_pylist() == [None, None, february]


@pytest.mark.parametrize("type_", ["DOUBLE", "FLOAT"])
def test_least_of_numbers_and_nan_is_a_number_if_there_is_one(type_: str) -> None:
    values = "(0, '2'), (0, 'nan'), (0, '-1'), (1, 'nan'), (1, NULL)) AS t(g, x)"
    relation = relation_of(f"SELECT g, x::{type_} AS x FROM (VALUES {values}")
    view = chart("x", relation.columns).mark_point().encode(x="g:N", y="min(x):Q", size="sum(x):Q")
    plan = chart_to_plan(view, {view.data: relation.columns()})
    assert rows_of(relation, plan.datasets[0]) == [
        {"g": 0, "x": -1.0, "__sum_x": 1.0},
        {"g": 1, "x": None, "__sum_x": None},
    ]


@pytest.mark.parametrize(("type_", "tests"), [("INTEGER", False), ("DECIMAL(9,2)", False), ("FLOAT", True)])
def test_only_numbers_that_may_be_nan_are_tested_for_it(type_: str, tests: bool) -> None:
    relation = relation_of(f"SELECT 1 AS g, 1::{type_} AS x")
    view = chart("x", relation.columns).mark_point().encode(x="g:Q", y="mean(x):Q")
    plan = chart_to_plan(view, {view.data: relation.columns()})
    assert ("isnan" in plan.datasets[0].query) is tests


def test_empty_relation_gives_no_total() -> None:
    relation = Relation("SELECT 1 AS x WHERE false", key=0, engine=DuckDB())
    view = chart("x", relation.columns).mark_bar().encode(x="count()")
    plan = chart_to_plan(view, {view.data: relation.columns()})
    assert rows_of(relation, plan.datasets[0]) == []


def test_hostile_column_names_are_left_to_vega() -> None:
    relation = relation_of('SELECT 1 AS "a\'b", 2 AS "c""d"')
    view = chart("x", relation.columns).mark_bar().encode(x="a'b:N", y='sum(c"d):Q')
    plan = chart_to_plan(view, {view.data: relation.columns()})
    assert rows_of(relation, plan.datasets[0]) == [{"a'b": 1.0, 'c"d': 2.0}]
