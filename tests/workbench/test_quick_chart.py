"""Quick charts: the code says what is drawn, and what is drawn can be drawn."""

import altair as alt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.cells.sql import SqlCell
from dataapp.engines.relation import Column
from dataapp.errors import ChartError
from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.schema import find_cell_data, named_data
from dataapp.workbench.quick_chart import AGGREGATES, MARKS, ChartSpec, build_chart, chart_to_code, suggest_chart

COLUMNS = (
    Column("ts", "TIMESTAMP"),
    Column("day", "DATE"),
    Column("symbol", "VARCHAR"),
    Column("side", "ENUM('buy', 'sell')"),
    Column("is_open", "BOOLEAN"),
    Column("price", "DOUBLE"),
    Column("volume", "BIGINT"),
    Column("cost", "DECIMAL(18,3)"),
    Column("sum(volume)", "HUGEINT"),
    Column("a.b[0]", "DOUBLE"),
    Column("time: to market", "INTEGER"),
    Column('it\'s "quoted"', "VARCHAR"),
    Column("back\\slash", "VARCHAR"),
    Column("prix moyen", "FLOAT"),
)
NAMES = [column.name for column in COLUMNS]


@pytest.fixture(scope="module")
def busy() -> SqlCell:
    quoted = ", ".join(
        f'CAST(NULL AS {column.type}) AS "{column.name.replace(chr(34), chr(34) * 2)}"' for column in COLUMNS
    )
    return da.sql(f"SELECT {quoted}", name="busy")


def code(spec: ChartSpec) -> str:
    return chart_to_code(spec, "busy", COLUMNS)


def spec_of(chart: alt.Chart) -> dict[str, object]:
    with named_data(dict.fromkeys(find_cell_data(chart), COLUMNS)):
        return {name: value for name, value in chart.to_dict().items() if name != "data"}


SPECS = st.builds(
    ChartSpec,
    st.sampled_from(MARKS),
    st.none() | st.sampled_from(NAMES),
    st.none() | st.sampled_from(NAMES),
    st.none() | st.sampled_from(NAMES),
    st.none() | st.sampled_from(AGGREGATES),
)


@settings(max_examples=300, deadline=None)
@given(SPECS)
def test_the_code_gives_the_chart_that_is_shown(busy: SqlCell, spec: ChartSpec):
    try:
        shown = build_chart(spec, busy, COLUMNS)
    except ChartError:
        with pytest.raises(ChartError):
            code(spec)
        return
    written = eval(code(spec), {"da": da, "alt": alt, "busy": busy})  # noqa: S307
    assert spec_of(written) == spec_of(shown)
    assert [data.source for data in find_cell_data(written)] == [busy]


@settings(max_examples=300, deadline=None)
@given(SPECS)
def test_every_chart_can_be_planned_over_its_columns(busy: SqlCell, spec: ChartSpec):
    try:
        chart = build_chart(spec, busy, COLUMNS)
    except ChartError:
        return
    plan = chart_to_plan(chart, dict.fromkeys(find_cell_data(chart), COLUMNS))
    used = {name for name in (spec.x, spec.y, spec.color) if name is not None}
    sent = {column.name for dataset in plan.datasets for column in dataset.columns}
    assert spec.aggregate is not None or spec.mark == "rect" or used <= sent


def test_bars_of_a_category_come_with_the_greatest_first():
    assert 'x=alt.X("symbol:N", sort="-y")' in code(ChartSpec("bar", "symbol", "volume", None, "sum"))


def test_a_short_chart_stands_in_one_line():
    assert code(ChartSpec("line", "ts", "volume", None, "sum")) == (
        'da.chart(busy).mark_line(tooltip=True).encode(x="ts:T", y="sum(volume):Q")'
    )


def test_a_line_need_not_start_at_zero():
    assert 'y=alt.Y("price:Q").scale(zero=False)' in code(ChartSpec("line", "ts", "price"))


@pytest.mark.parametrize("mark", ["bar", "area"])
def test_lengths_start_at_zero(mark: str):
    assert "zero" not in code(ChartSpec(mark, "ts", "price"))


def test_points_start_at_zero_on_neither_axis():
    assert code(ChartSpec("point", "price", "volume")).count("scale(zero=False)") == 2


def test_bars_lie_when_the_numbers_are_on_x():
    assert 'y=alt.Y("symbol:N", sort="-x")' in code(ChartSpec("bar", "volume", "symbol", None, "sum"))


def test_a_number_alone_becomes_a_histogram():
    assert code(ChartSpec("bar", "price", aggregate="count")) == (
        'da.chart(busy).mark_bar(tooltip=True).encode(x=alt.X("price:Q", bin=True), y="count()")'
    )


def test_a_heat_map_counts_where_no_colour_is_chosen():
    assert 'color="count()"' in code(ChartSpec("rect", "symbol", "side"))


def test_a_heat_map_aggregates_its_colour():
    assert 'color="mean(price):Q"' in code(ChartSpec("rect", "symbol", "side", "price", "mean"))


@pytest.mark.parametrize("name", ["a.b[0]", "time: to market", "sum(volume)", "back\\slash", 'it\'s "quoted"'])
def test_a_column_that_shorthand_would_misread_is_named_in_full(busy: SqlCell, name: str):
    encoding = spec_of(build_chart(ChartSpec("tick", name), busy, COLUMNS))["encoding"]
    assert isinstance(encoding, dict)
    assert encoding["x"]["title"] == name


def test_a_name_with_dots_is_a_column_and_no_path(busy: SqlCell):
    chart = build_chart(ChartSpec("tick", "a.b[0]"), busy, COLUMNS)
    plan = chart_to_plan(chart, dict.fromkeys(find_cell_data(chart), COLUMNS))
    assert [column.name for column in plan.datasets[0].columns] == ["a.b[0]"]


def test_an_unknown_column_is_offered_the_nearest():
    with pytest.raises(ChartError, match=r"no column `prize`.*did you mean `price`"):
        code(ChartSpec("bar", "symbol", "prize"))


def test_a_list_is_no_column_to_draw():
    with pytest.raises(ChartError, match="no column `tags`"):
        chart_to_code(ChartSpec("bar", "tags"), "busy", [Column("tags", "VARCHAR[]")])


def test_text_has_no_mean():
    with pytest.raises(ChartError, match="`symbol` has no mean"):
        code(ChartSpec("bar", "side", "symbol", None, "mean"))


def test_nothing_has_no_sum():
    with pytest.raises(ChartError, match="nothing on y to take the sum of"):
        code(ChartSpec("bar", "symbol", None, None, "sum"))


def test_a_chart_without_axes_is_refused():
    with pytest.raises(ChartError, match="neither x nor y"):
        code(ChartSpec("bar"))


def test_rectangles_need_both_axes():
    with pytest.raises(ChartError, match="needs x and y"):
        code(ChartSpec("rect", "symbol"))


@pytest.mark.parametrize(("mark", "aggregate"), [("pie", None), ("bar", "mode")])
def test_unknown_marks_and_aggregates_are_refused(mark: str, aggregate: str | None):
    with pytest.raises(ChartError, match="There is no"):
        code(ChartSpec(mark, "symbol", "price", None, aggregate))


def columns(**types: str) -> list[Column]:
    return [Column(name, type_) for name, type_ in types.items()]


@pytest.mark.parametrize(
    ("known", "suggested"),
    [
        (columns(day="DATE", close="DOUBLE"), ChartSpec("line", "day", "close")),
        (columns(symbol="VARCHAR", day="DATE", close="DOUBLE"), ChartSpec("line", "day", "close", "symbol")),
        (columns(symbol="VARCHAR", n="BIGINT"), ChartSpec("bar", "symbol", "n", aggregate="sum")),
        (columns(symbol="VARCHAR", vwap="DOUBLE"), ChartSpec("bar", "symbol", "vwap", aggregate="mean")),
        (columns(trade_id="BIGINT", x="DOUBLE", y="DOUBLE"), ChartSpec("point", "x", "y")),
        (columns(x="DOUBLE"), ChartSpec("bar", "x", aggregate="count")),
        (columns(symbol="VARCHAR"), ChartSpec("bar", "symbol", aggregate="count")),
        (columns(tags="VARCHAR[]"), None),
        ([], None),
    ],
)
def test_the_first_chart_follows_from_the_types(known: list[Column], suggested: ChartSpec | None):
    assert suggest_chart(known) == suggested


@pytest.mark.parametrize(
    ("known", "held", "suggested"),
    [
        (columns(symbol="VARCHAR", day="DATE", close="DOUBLE"), ["symbol"], ChartSpec("line", "day", "close")),
        (
            columns(symbol="VARCHAR", side="VARCHAR", day="DATE", close="DOUBLE"),
            ["symbol"],
            ChartSpec("line", "day", "close", "side"),
        ),
        (columns(day="DATE", lot="DOUBLE", close="DOUBLE"), ["lot"], ChartSpec("line", "day", "close")),
        (columns(day="DATE", x="DOUBLE", y="DOUBLE"), ["day"], ChartSpec("point", "x", "y")),
        (columns(symbol="VARCHAR", n="BIGINT"), ["n"], ChartSpec("bar", "symbol", aggregate="count")),
    ],
)
def test_what_is_the_same_in_all_rows_is_not_drawn(known: list[Column], held: list[str], suggested: ChartSpec):
    assert suggest_chart(known, held) == suggested


def test_a_number_that_stays_the_same_is_a_line_all_the_same():
    assert suggest_chart(columns(day="DATE", rate="DOUBLE"), ["rate"]) == ChartSpec("line", "day", "rate")


def test_a_single_row_is_drawn():
    known = columns(symbol="VARCHAR", n="BIGINT")
    assert suggest_chart(known, ["symbol", "n"]) == suggest_chart(known)


@given(st.lists(st.sampled_from(COLUMNS), unique=True), st.sets(st.sampled_from(COLUMNS)))
def test_what_is_suggested_can_be_drawn(known: list[Column], held: set[Column]):
    suggested = suggest_chart(known, [column.name for column in held])
    assert suggested is None or chart_to_code(suggested, "busy", known).lstrip("(\n ").startswith("da.chart(busy)")
