import altair as alt
import pytest

from dataapp.engines.relation import Column
from dataapp.errors import ChartError
from dataapp.views.chart import dataset as datasets
from dataapp.views.chart.plan import Plan, chart_to_plan
from dataapp.views.chart.schema import chart, find_cell_data
from dataapp.views.chart.selection import Selection
from dataapp.views.chart.wire import Kind
from tests.views.chart.drawing import columns_of, draw_planned, plainly, relation_of, rows_of

COLUMNS = columns_of(
    ts="TIMESTAMP", at="TIMESTAMP WITH TIME ZONE", price="DECIMAL(10,2)", total="HUGEINT", symbol="VARCHAR"
)


@pytest.fixture
def bars() -> alt.Chart:
    return chart("bars", lambda: COLUMNS)


def planned(view: alt.TopLevelMixin) -> Plan:
    return chart_to_plan(view, dict.fromkeys(find_cell_data(view), COLUMNS))


def queries(view: alt.TopLevelMixin) -> list[str]:
    return [dataset.query for dataset in planned(view).datasets]


def test_only_mentioned_columns_travel_and_wide_numbers_become_double(bars: alt.Chart) -> None:
    assert queries(bars.mark_point().encode(x="price", y="total")) == [
        'SELECT CAST("price" AS DOUBLE) AS "price", CAST("total" AS DOUBLE) AS "total" FROM relation'
    ]


def test_count_by_month_is_grouped(bars: alt.Chart) -> None:
    assert queries(bars.mark_bar().encode(x="yearmonth(ts)", y="count()")) == [
        (
            'WITH source AS (SELECT CASE WHEN isfinite("ts") THEN CAST(epoch_ms("ts") AS DOUBLE) END AS "ts", '
            'date_trunc(\'month\', CAST("ts" AS TIMESTAMP)) AS "__unit_1" FROM relation) '
            'SELECT CASE WHEN isfinite(source."__unit_1") THEN CAST(epoch_ms(source."__unit_1") AS DOUBLE) END '
            'AS "ts", CAST(count(*) AS DOUBLE) AS "__count" FROM source '
            'GROUP BY source."__unit_1" ORDER BY ALL NULLS FIRST'
        )
    ]


def test_time_units_of_instants_are_left_to_the_browser(bars: alt.Chart) -> None:
    (query,) = queries(bars.mark_bar().encode(x="yearmonth(at)", y="count()"))
    assert "GROUP BY" not in query


def test_views_over_the_same_rows_share_a_dataset(bars: alt.Chart) -> None:
    assert len(queries(bars.mark_point().encode(x="price") | bars.mark_tick().encode(x="total"))) == 1


def test_layers_that_aggregate_differently_have_datasets_of_their_own(bars: alt.Chart) -> None:
    both = bars.mark_bar().encode(x="symbol", y="mean(price)") + bars.mark_point().encode(x="symbol", y="max(price)")
    plan = planned(both)
    assert [layer["data"]["name"] for layer in plan.spec["layer"]] == [dataset.name for dataset in plan.datasets]
    assert len(plan.datasets) == 2


def test_cells_of_one_chart_have_datasets_of_their_own(bars: alt.Chart) -> None:
    other = chart("other", lambda: COLUMNS)
    both = planned(bars.mark_point().encode(x="price") + other.mark_point().encode(x="price"))
    assert [dataset.data.source for dataset in both.datasets] == ["bars", "other"]


def test_times_as_names_travel_as_text(bars: alt.Chart) -> None:
    (dataset,) = planned(bars.mark_point().encode(x="ts:N", y="price")).datasets
    assert [column.kind for column in dataset.columns] == [Kind.TEXT, Kind.NUMBER]


def test_facets_get_rows(bars: alt.Chart) -> None:
    (dataset,) = planned(bars.mark_bar().encode(x="price", y="count()").facet("symbol")).datasets
    assert {column.name for column in dataset.columns} == {"price", "symbol"}


def test_single_views_fill_their_container(bars: alt.Chart) -> None:
    assert planned(bars.mark_bar().encode(x="price")).spec["width"] == "container"


@pytest.mark.parametrize(
    "own",
    [lambda c: c.properties(width=200), lambda c: c.encode(row="symbol"), lambda c: c | c, lambda c: c.facet("symbol")],
)
def test_other_views_keep_their_own_width(bars: alt.Chart, own) -> None:
    assert planned(own(bars.mark_bar().encode(x="price"))).spec.get("width") != "container"


def test_unknown_column_is_named_with_its_neighbours(bars: alt.Chart) -> None:
    with pytest.raises(ChartError, match=r"encodes `prise` on x.*did you mean `price`"):
        planned(bars.mark_bar().encode(x="prise:Q"))


def test_unknown_column_without_a_type_is_named_too(bars: alt.Chart) -> None:
    with pytest.raises(ChartError, match=r'"prise".*did you mean `price`'):
        planned(bars.mark_bar().encode(x="prise"))


def test_only_texts_are_parsed_in_the_browser(bars: alt.Chart) -> None:
    spec = planned(bars.mark_point().encode(x="ts", y="price", color="symbol:T")).spec
    assert spec["data"]["format"] == {"parse": {"ts": None, "price": None}}


def test_a_text_can_be_a_point_in_time() -> None:
    relation = relation_of("SELECT '2024-02-0' || day AS day, day * 1.5 AS price FROM range(1, 9) days(day)")
    view = chart("days", relation.columns).mark_point().encode(x="day:T", y="price")
    plan = chart_to_plan(view, {view.data: relation.columns()})
    assert draw_planned(plan, relation) == plainly(view, relation)


def test_computed_fields_are_not_looked_for(bars: alt.Chart) -> None:
    planned(bars.mark_bar().encode(x="twice:Q").transform_calculate(twice="datum.price * 2"))


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MOST_ROWS", 99)
    relation = relation_of("SELECT range AS x FROM range(100)")
    view = chart("numbers", relation.columns).mark_point().encode(x="x")
    plan = chart_to_plan(view, {view.data: relation.columns()})
    with pytest.raises(ChartError, match="more than 99 rows of numbers"):
        rows_of(relation, plan.datasets[0])


def test_long_lines_are_thinned() -> None:
    relation = relation_of("SELECT range AS x, sin(range / 1000) + (range % 997 = 0)::INT AS y FROM range(100_000)")
    view = chart("numbers", relation.columns).mark_line().encode(x="x", y="y")
    plan = chart_to_plan(view, {view.data: relation.columns()})
    rows = rows_of(relation, plan.datasets[0])
    assert 2_000 <= len(rows) <= 8_000
    assert {0, 99_999} <= {one["x"] for one in rows}


def test_charts_of_one_cell_share_its_selection(bars: alt.Chart) -> None:
    (data,) = find_cell_data(bars)
    data.selections.append(Selection("interval", x=True, name="brush"))
    try:
        spec = planned(bars.mark_line().encode(x="ts", y="price") + bars.mark_rule().encode(x="ts")).spec
    finally:
        data.selections.clear()
    assert [len(layer.get("params", [])) for layer in spec["layer"]] == [1, 0]


def test_column_types_without_a_meaning_in_charts_are_refused() -> None:
    columns = (Column("tags", "VARCHAR[]"),)
    view = chart("posts", lambda: columns).mark_bar().encode(x="tags")
    with pytest.raises(ChartError):
        chart_to_plan(view, {view.data: columns})
