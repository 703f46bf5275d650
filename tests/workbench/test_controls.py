"""A query's parameters become controls that fit its tables."""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import panel as pn
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.app.sessions import engine
from dataapp.engines.relation import Column, Relation
from dataapp.errors import SqlSyntaxError
from dataapp.workbench.controls import Control, OptionsQuery, infer_controls

DAY = dt.date(2024, 1, 1)
moment = dt.datetime.fromisoformat
MOMENT = moment("2024-01-01T09:30:12")
TRADES = pl.DataFrame(
    {
        "symbol": ["A", "B", "B", "C"],
        "price": [10.2, 11.0, 12.5, 98.7],
        "size": [100, 200, 300, 4900],
        "day": [DAY, DAY, dt.date(2024, 1, 9), dt.date(2024, 3, 1)],
        "ts": [MOMENT, MOMENT, MOMENT, moment("2024-01-01T16:00:00")],
        "is_buy": [True, False, True, True],
        "cost": [Decimal("1.50"), Decimal("2.50"), Decimal("3.50"), Decimal("7.50")],
        "code": [2**60, 1, 2, 3],
    }
).to_arrow()


class Bench:
    """Tables that can be asked, and what was asked of them."""

    def __init__(self, **tables: pa.Table) -> None:
        self.tables = tables
        self.asked: list[str] = []

    def columns_of(self, name: str) -> Sequence[Column] | None:
        table = self.tables.get(name.lower())
        if table is None:
            return None
        return Relation(f"FROM {name}", key=object(), engine=engine(), frames={name: table}).columns()

    def read(self, sql: str) -> pa.Table:
        self.asked.append(sql)
        with Relation(sql, key=object(), engine=engine(), frames=self.tables).open() as reader:
            return reader.fetch()

    def controls(self, sql: str) -> tuple[Control, ...]:
        return infer_controls(sql, self.columns_of, self.read)

    def control(self, sql: str) -> tuple[str, dict[str, object]]:
        (found,) = self.controls(sql)
        return found.widget, dict(found.options)

    def run(self, sql: str) -> pl.DataFrame:
        """Run a query with its controls as they stand at first."""
        tables = {name: da.source(table) for name, table in self.tables.items()}
        inputs = {control.name: _input(control, tables) for control in self.controls(sql)}
        return da.sql(sql, **tables, **inputs).evaluate()


def _input(control: Control, tables: dict[str, Any]) -> Any:
    options: dict[str, Any] = {}
    for name, value in control.options:
        as_list = name == "options" or control.widget == "MultiChoice"
        value = list(value) if isinstance(value, tuple) and as_list else value
        options[name] = da.sql(value.sql, **tables) if isinstance(value, OptionsQuery) else value
    return da.input(getattr(pn.widgets, control.widget), **options)


@pytest.fixture
def bench() -> Bench:
    return Bench(trades=TRADES)


@pytest.fixture
def control(bench: Bench) -> Callable[[str], tuple[str, dict[str, object]]]:
    return lambda condition: bench.control(f"FROM trades WHERE {condition}")


def test_at_least_a_number_starts_at_the_least(control: Any) -> None:
    assert control("size >= $size") == ("IntSlider", {"start": 100, "end": 4900, "value": 100, "step": 50})


def test_at_most_a_number_starts_at_the_greatest(control: Any) -> None:
    assert control("price <= $top") == ("FloatSlider", {"start": 10.0, "end": 99.0, "value": 99.0, "step": 0.5})


def test_a_comparison_may_be_written_the_other_way_round(control: Any) -> None:
    assert control("$size <= size") == control("size >= $size")


def test_a_slider_keeps_the_greatest_number_below_a_strict_end(control: Any) -> None:
    assert control("size < $size")[1]["value"] == 4950


def test_decimals_are_floats(control: Any) -> None:
    assert control("cost >= $cost") == ("FloatSlider", {"start": 1.5, "end": 7.5, "value": 1.5, "step": 0.05})


def test_numbers_that_a_browser_cannot_count_are_typed(control: Any) -> None:
    assert control("code >= $code") == ("IntInput", {"value": 1})


def test_two_parameters_around_a_column_are_two_controls(bench: Bench) -> None:
    found = bench.controls("FROM trades WHERE size BETWEEN $low AND $high")
    assert [(each.name, each.widget, dict(each.options)["value"]) for each in found] == [
        ("low", "IntSlider", 100),
        ("high", "IntSlider", 4900),
    ]


@pytest.mark.parametrize(
    ("column", "widget", "value"),
    [
        ("size", "IntRangeSlider", (100, 4900)),
        ("price", "RangeSlider", (10.0, 99.0)),
        ("day", "DateRangeSlider", (DAY, dt.date(2024, 3, 1))),
        ("ts", "DatetimeRangeSlider", (moment("2024-01-01T09:30:00"), moment("2024-01-01T16:00:00"))),
    ],
)
def test_both_ends_of_one_parameter_are_a_range(control: Any, column: str, widget: str, value: object) -> None:
    found, options = control(f"{column} BETWEEN $r[1] AND $r[2]")
    assert (found, options["value"]) == (widget, value)


def test_a_range_may_be_written_as_two_comparisons(control: Any) -> None:
    assert control("size >= $r[1] AND size <= $r[2]")[0] == "IntRangeSlider"


def test_a_text_is_selected_from_those_there_are(control: Any) -> None:
    assert control("symbol = $symbol") == (
        "Select",
        {"options": OptionsQuery("SELECT DISTINCT symbol FROM trades ORDER BY symbol")},
    )


def test_a_missing_text_is_no_option() -> None:
    bench = Bench(t=pa.table({"s": ["a", None]}))
    found = dict(bench.controls("FROM t WHERE s = $s")[0].options)["options"]
    assert found == OptionsQuery("SELECT DISTINCT s FROM t WHERE s IS NOT NULL ORDER BY s")


def test_one_of_very_many_texts_is_typed() -> None:
    bench = Bench(t=pa.table({"s": [f"{n:04}" for n in range(2000)]}))
    assert bench.control("FROM t WHERE s = $s") == ("TextInput", {"value": "0000"})


def test_all_of_few_values_are_chosen_at_first(control: Any) -> None:
    assert control("symbol IN $symbols")[1]["value"] == ("A", "B", "C")


@pytest.mark.parametrize(
    "condition", ["symbol = ANY($s)", "list_contains($s, symbol)", "symbol IN (SELECT unnest($s))"]
)
def test_a_list_may_be_written_in_other_ways(control: Any, condition: str) -> None:
    assert control(condition) == control("symbol IN $s")


def test_the_most_frequent_of_many_values_are_chosen_at_first() -> None:
    bench = Bench(t=pa.table({"s": [f"{n:02}" for n in range(50)] + ["42", "42", "07"]}))
    assert bench.control("FROM t WHERE s IN $s")[1]["value"] == ("42", "07", "00")


def test_nothing_is_chosen_at_first_where_the_chosen_are_left_out(control: Any) -> None:
    assert control("symbol NOT IN $symbols")[1]["value"] == ()


def test_names_in_brackets_are_single_choices(bench: Bench) -> None:
    found = bench.controls("FROM trades WHERE symbol IN ($one, $two)")
    assert [each.widget for each in found] == ["Select", "Select"]


def test_from_a_day_on_starts_at_the_first(control: Any) -> None:
    assert control("day >= $since") == ("DatePicker", {"start": DAY, "end": dt.date(2024, 3, 1), "value": DAY})


def test_before_a_day_starts_behind_the_last(control: Any) -> None:
    assert control("day < $until")[1]["value"] == dt.date(2024, 3, 2)


def test_a_moment_is_picked_around_the_data(control: Any) -> None:
    widget, options = control("ts >= $since")
    assert (widget, options["value"]) == ("DatetimePicker", moment("2024-01-01T09:30:00"))


DAYS = pa.table(
    {
        "opened": [moment("2024-01-01"), moment("2024-01-09"), None],
        "late": [moment("2024-01-01"), moment("2024-01-09T18"), None],
    }
)


@pytest.mark.parametrize(
    ("condition", "widget", "value"),
    [
        ("opened BETWEEN $p[1] AND $p[2]", "DateRangeSlider", (DAY, dt.date(2024, 1, 9))),
        ("opened >= $p", "DatePicker", DAY),
        ("opened <= $p", "DatePicker", dt.date(2024, 1, 9)),
        ("opened < $p", "DatePicker", dt.date(2024, 1, 10)),
        ("date_trunc('day', late) <= $p", "DatePicker", dt.date(2024, 1, 9)),
        ("opened::TIMESTAMPTZ <= $p", "DatePicker", dt.date(2024, 1, 9)),
        ("late <= $p", "DatetimePicker", moment("2024-01-09T18:00:00")),
    ],
)
def test_times_that_are_days_are_set_as_days(condition: str, widget: str, value: object) -> None:
    found, options = Bench(t=DAYS).control(f"FROM t WHERE {condition}")
    assert (found, options["value"]) == (widget, value)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("opened BETWEEN $p[1] AND $p[2]", 2),
        ("opened >= $p", 2),
        ("opened <= $p", 2),
        ("opened < $p", 2),
        ("opened = $p", 1),
    ],
)
def test_days_include_the_last_one(condition: str, rows: int) -> None:
    assert Bench(t=DAYS).run(f"FROM t WHERE {condition}").height == rows


def test_days_are_chosen_among_days() -> None:
    bench = Bench(t=DAYS)
    found, options = bench.control("FROM t WHERE opened IN $p")
    assert (found, options["value"]) == ("MultiChoice", (DAY, dt.date(2024, 1, 9)))
    assert bench.run("FROM t WHERE opened IN $p").height == 2


def test_times_between_days_are_no_days() -> None:
    ends_on_days = [moment("2024-01-01"), moment("2024-01-05T12:00"), moment("2024-01-09")]
    assert Bench(t=pa.table({"opened": ends_on_days})).control("FROM t WHERE opened >= $p")[0] == "DatetimePicker"


def test_whether_times_are_days_is_not_asked_where_an_end_is_none(bench: Bench) -> None:
    bench.controls("FROM trades WHERE ts >= $since")
    assert len(bench.asked) == 1


@pytest.mark.parametrize(
    ("condition", "value"),
    [("symbol LIKE $p", "%"), ("contains(symbol, $p)", ""), ("symbol ILIKE '%' || $p || '%'", "")],
)
def test_a_pattern_is_a_text_that_first_keeps_all(control: Any, condition: str, value: str) -> None:
    assert control(condition) == ("TextInput", {"value": value})


@pytest.mark.parametrize(
    ("condition", "value"),
    [("$flag", True), ("NOT $flag", False), ("is_buy = $flag", True), ("$flag OR size > 1", True)],
)
def test_a_condition_of_its_own_is_a_checkbox(control: Any, condition: str, value: bool) -> None:
    assert control(condition) == ("Checkbox", {"value": value})


def test_a_limit_is_a_slider(bench: Bench) -> None:
    assert bench.control("FROM trades LIMIT $n") == ("IntSlider", {"start": 1, "end": 1000, "value": 100})


def test_an_interval_is_made_of_a_number(bench: Bench) -> None:
    found = bench.control("SELECT time_bucket(to_minutes($m), ts) AS at FROM trades")
    assert found == ("IntSlider", {"start": 1, "end": 60, "value": 5})


def test_a_bucket_is_selected(bench: Bench) -> None:
    assert bench.control("SELECT time_bucket($width, ts) AS at FROM trades")[1]["value"] == "1 hour"


def test_constants_are_the_options_of_what_is_compared_with_them(bench: Bench) -> None:
    sql = "SELECT CASE WHEN $by = 'size' THEN size WHEN $by = 'code' THEN code END AS x FROM trades"
    assert bench.control(sql) == ("Select", {"options": ("size", "code"), "value": "size"})


def test_an_unknown_use_is_a_text(bench: Bench) -> None:
    assert bench.control("SELECT $thing AS x") == ("TextInput", {"value": ""})


def test_a_cast_tells_the_type(bench: Bench) -> None:
    assert bench.control("SELECT $day::DATE AS day")[0] == "DatePicker"


def test_a_cast_parameter_is_compared_like_any(control: Any) -> None:
    assert control("day >= $since::DATE") == control("day >= $since")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT t.size AS n FROM trades AS t WHERE t.size >= $size",
        "FROM (SELECT size AS n, symbol FROM trades) WHERE n >= $size",
        "WITH big AS (SELECT size AS n FROM trades WHERE price > 3) FROM big WHERE n >= $size",
        "WITH a AS (FROM trades), b AS (SELECT * FROM a) FROM b WHERE size >= $size",
        "FROM trades AS t JOIN trades AS u USING (code) WHERE u.size >= $size",
        "FROM trades AS t JOIN trades AS u ON t.code = u.code AND u.size >= $size",
        "FROM trades WHERE size >= $Size",
    ],
)
def test_a_column_is_followed_to_its_table(bench: Bench, sql: str) -> None:
    assert bench.control(sql) == ("IntSlider", {"start": 100, "end": 4900, "value": 100, "step": 50})


@pytest.mark.parametrize(
    ("sql", "end"),
    [
        ("FROM trades WHERE size * 2 >= $x", 9800),
        ("SELECT size * 2 AS twice FROM trades WHERE twice >= $x", 9800),
        ("SELECT symbol, sum(size) AS n FROM trades GROUP BY symbol HAVING n >= $x", 4900),
        ("SELECT symbol, sum(size) AS n FROM trades GROUP BY ALL HAVING sum(size) >= $x", 4900),
        ("WITH s AS (SELECT symbol, sum(size) AS n FROM trades GROUP BY ALL) FROM s WHERE n >= $x", 4900),
        ("WITH s AS (SELECT sum(size) AS n FROM trades WHERE price >= 11) FROM s WHERE n <= $x", 5402),
        ("FROM trades WHERE size * 2 >= $x AND price < 12.6", 600),
    ],
)
def test_the_ends_of_an_expression_are_asked_for(bench: Bench, sql: str, end: int) -> None:
    assert abs(int(str(bench.control(sql)[1]["end"])) - end) <= 50


def test_a_condition_with_another_parameter_is_left_out_of_the_question(bench: Bench) -> None:
    found = bench.controls("FROM trades WHERE size * 2 >= $x AND price < $y AND symbol <> 'C'")
    assert dict(found[0].options)["end"] == 600


def test_a_control_is_called_as_the_text_first_writes_it(bench: Bench) -> None:
    assert [each.name for each in bench.controls("FROM trades WHERE size > $Low AND price > $low")] == ["Low"]


def test_controls_stand_in_the_order_of_the_text(bench: Bench) -> None:
    found = bench.controls("FROM trades WHERE price > $b AND size > $a LIMIT $n")
    assert [each.name for each in found] == ["b", "a", "n"]


def test_the_use_that_says_most_decides(bench: Bench) -> None:
    assert bench.control("FROM trades WHERE $size IS NULL OR size >= $size")[0] == "IntSlider"


def test_a_column_is_asked_about_once(bench: Bench) -> None:
    bench.controls("FROM trades WHERE size >= $low AND size <= $high")
    assert len(bench.asked) == 1


def test_no_rows_have_no_ends() -> None:
    bench = Bench(trades=TRADES.slice(0, 0))
    assert bench.control("FROM trades WHERE size >= $size") == ("IntInput", {"value": 0})


@pytest.mark.parametrize("values", [[0.0, 1e30], [1.0, 1.0 + 2**-52]])
def test_numbers_too_far_from_round_ones_for_a_slider_are_typed(values: list[float]) -> None:
    bench = Bench(t=pa.table({"x": values}))
    assert bench.control("FROM t WHERE x >= $x") == ("FloatInput", {"value": values[0]})


def test_what_is_no_number_is_no_end() -> None:
    bench = Bench(t=pa.table({"x": [1.0, float("nan"), float("inf"), 2.0]}))
    assert bench.control("FROM t WHERE x <= $x")[1]["end"] == 2.0


def test_an_unknown_table_leaves_a_text(bench: Bench) -> None:
    assert bench.control("FROM nothing WHERE x * 2 > $x")[0] == "TextInput"


def test_a_pivot_by_the_data_still_has_controls(bench: Bench) -> None:
    found = bench.controls("PIVOT (FROM trades WHERE size > $size) ON symbol USING sum(size)")
    assert [each.name for each in found] == ["size"]


def test_names_that_are_words_of_the_grammar_are_quoted() -> None:
    bench = Bench(t=pa.table({"order": ["a"]}))
    found = dict(bench.controls('FROM t WHERE "order" = $x')[0].options)["options"]
    assert found == OptionsQuery('SELECT DISTINCT "order" FROM t ORDER BY "order"')


def test_text_that_is_not_sql_is_an_error(bench: Bench) -> None:
    with pytest.raises(SqlSyntaxError):
        bench.controls("FROM trades WHERE size > $")


@pytest.mark.parametrize(
    "condition", ["size >= $x", "price <= $x", "size BETWEEN $x[1] AND $x[2]", "ts BETWEEN $x[1] AND $x[2]", "ts <= $x"]
)
def test_a_limit_keeps_every_row_at_first(bench: Bench, condition: str) -> None:
    assert bench.run(f"FROM trades WHERE {condition}").height == TRADES.num_rows


VALUES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "whole": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "long": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "real": (pa.float64(), st.floats()),
    "money": (pa.decimal128(12, 3), st.decimals(-1000, 1000, places=3)),
    "text": (pa.string(), st.text("aB'%_ é", max_size=3)),
    "yes": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates()),
    "moment": (pa.timestamp("us"), st.datetimes()),
    "clock": (pa.time64("us"), st.times()),
}
COMPARISONS = ["{} >= $p", "{} > $p", "{} <= $p", "{} < $p", "{} = $p", "{} <> $p", "{} IN $p", "{} NOT IN $p"]
RANGES = ["{} BETWEEN $p[1] AND $p[2]"]


@st.composite
def tables_and_conditions(draw: st.DrawFn) -> tuple[pa.Table, str]:
    name = draw(st.sampled_from(list(VALUES)))
    kind, values = VALUES[name]
    rows = draw(st.lists(st.none() | values, max_size=6))
    has_range = name in ("whole", "real", "money", "day", "moment")
    condition = draw(st.sampled_from(COMPARISONS + (RANGES if has_range else [])))
    return pa.table({name: pa.array(rows, kind)}), condition.format(name)


@settings(deadline=None, max_examples=60)
@example((pa.table({"real": [0.0, float("inf")]}), "real IN $p"))
@given(tables_and_conditions())
def test_first_values_bind_and_run(case: tuple[pa.Table, str]) -> None:
    table, condition = case
    assert Bench(t=table).run(f"FROM t WHERE {condition}").height <= table.num_rows
