"""What an explorer starts with, and its filtered rows as a cell: against Polars, without a screen."""

from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dataapp as da
from dataapp.cells.view import View, json_to_view, view_to_json
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column
from dataapp.runtime.binding import Broken, Held, Known, bind
from dataapp.views.table.arrangement import Arrangement
from dataapp.views.table.groups.grouping import Aggregate, Grouping, GroupKey
from dataapp.views.table.layout import Layout
from dataapp.views.table.relation.queries import SortKey
from dataapp.views.table.start import Start, view_of
from tests.views.table.relation.test_rows import FILTERS, frames

TRADES = pl.DataFrame({"symbol": ["AAPL", "MSFT", "IBM"], "price": [1.0, 5.0, 9.0]})


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(frame=frames(), filters=st.lists(st.sampled_from(FILTERS), max_size=3, unique_by=lambda one: one[0]))
def test_filtered_rows_are_those_that_polars_gives(frame: pl.DataFrame, filters: list[tuple[str, str, pl.Expr]]):
    rows = da.explore(frame, where={name: text for name, text, _ in filters})
    expected = frame.filter(*(condition for _, _, condition in filters))
    assert rows.filtered.evaluate()["id"].to_list() == expected["id"].to_list()
    same = da.sql("SELECT id FROM frame WHERE $passes", frame=frame, passes=rows.filtered)
    assert same.evaluate()["id"].to_list() == expected["id"].to_list()


def test_filtered_rows_are_fused_into_who_reads_them():
    rows = da.explore(TRADES, where={"price": ">= 5"}, name="tape")
    total = da.sql("SELECT sum(price) AS total FROM f", f=rows.filtered)
    assert total.evaluate().item() == 14
    compiled = total.compile()
    assert compiled.sql.count("SELECT") == 1
    assert compiled.parameters == {"tape_filtered_0": 5.0}


def test_other_filters_can_be_given_and_other_rows():
    rows = da.explore(TRADES, where={"price": ">= 5"})
    symbols = da.sql("SELECT symbol FROM f", f=rows.filtered)
    assert symbols.evaluate({rows.filtered: {"symbol": "aap"}})["symbol"].to_list() == ["AAPL"]
    assert symbols.evaluate({rows.filtered: TRADES.head(1)})["symbol"].to_list() == ["AAPL"]
    assert symbols.evaluate(f={"price": "< 5"})["symbol"].to_list() == ["AAPL"]


def test_a_search_filters_like_any_filter():
    rows = da.explore(TRADES)
    view = View({"price": "> 1"}, (), {"search": "m"})
    assert da.sql("SELECT symbol FROM f", f=rows.filtered).evaluate({rows.view: view})["symbol"].to_list() == [
        "MSFT",
        "IBM",
    ]


def test_a_column_with_any_name_can_be_filtered():
    frame = pl.DataFrame({'a "b" $c': [1, 2], "<script>": ["x", "y"], "WHERE": [3, 4]})
    rows = da.explore(frame, where={'a "b" $c': "2", "<script>": "y", "where": "4"})
    assert rows.filtered.evaluate().rows() == [(2, "y", 4)]


def test_nothing_is_selected_without_a_screen_and_no_row_is_current():
    rows = da.explore(TRADES)
    assert rows.selected.evaluate().is_empty()
    assert rows.selected.evaluate().schema == TRADES.schema
    symbol = rows.value_at("symbol")
    assert symbol.evaluate() is None
    found = da.sql("FROM trades WHERE symbol = $symbol", trades=TRADES, symbol=symbol)
    assert found.evaluate().is_empty()
    assert found.evaluate({symbol: "IBM"})["price"].to_list() == [9.0]
    count = da.sql("SELECT count(*) FROM s", s=rows.selected)
    assert count.evaluate({rows.selected: TRADES}).item() == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"where": {"prise": "> 5"}}, "column `prise`.*did you mean `price`"),
        ({"where": {"price": "cheap"}}, "`cheap` of column `price` has no meaning.*try 5"),
    ],
)
def test_a_wrong_start_is_an_error_of_what_reads_it(arguments: Any, said: str):
    with pytest.raises(da.DataAppError, match=said):
        da.explore(TRADES, **arguments).filtered.evaluate()


@pytest.mark.parametrize("arguments", [{"where": {"price": 5}}, {"where": "price > 5"}, {"sort": 1}, {"sort": [1]}])
def test_arguments_of_another_shape_are_refused_at_once(arguments: Any):
    with pytest.raises(da.DataAppError, match="DA104"):
        da.explore(TRADES, **arguments)


def test_a_column_that_is_not_there_has_no_value():
    with pytest.raises(da.DataAppError, match="did you mean `price`"):
        da.explore(TRADES).value_at("pric").evaluate()


def test_explorers_are_checked_without_running_anything():
    wrong = da.explore(TRADES, sort="-prise", where={"symbol": "= IBM"})
    right = da.explore(TRADES, sort=["-price", "symbol"], where={"PRICE": ">= 5"})
    reader = da.sql("SELECT price FROM f WHERE $f2", f=wrong.filtered, f2=right.filtered)
    states = bind(DuckDB(), [wrong, right, reader, right.filtered, right.selected, right.value_at("size")]).states
    broken = states[wrong]
    assert isinstance(broken, Broken)
    assert list(broken.faults) == ["sort"]
    assert states[reader] == Held(wrong)
    assert isinstance(states[right], Known)
    assert states[right.selected] == states[right.filtered] == states[right]
    assert isinstance(states[right.value_at("size")], Broken)


def test_a_cell_that_reads_what_is_chosen_in_its_own_explorer_is_a_circle():
    names: dict[str, Any] = {}
    exec("def make(da):\n    return da.sql('SELECT 1 AS n WHERE $picked IS NULL')", names)  # noqa: S102
    names["rows"] = names["make"](da)
    names["picked"] = da.explore(names["rows"]).value_at("n")
    with pytest.raises(da.DataAppError, match="DA103"):
        names["rows"].evaluate()


# Views of JSON.

COLUMNS = (Column("ts", "TIMESTAMP"), Column("-odd", "INTEGER"), Column("price", "DOUBLE"))
GROUPS = Grouping((GroupKey(0, "month"),), (Aggregate("sum", 2),), frozenset({("2024-01-01",), (None,)}))


@pytest.mark.parametrize(
    "arrangement",
    [
        Arrangement(),
        Arrangement({2: ">= 5", 0: "nonsense"}, (SortKey(1), SortKey(2, descending=True))),
        Arrangement({}, (SortKey(4, descending=True), SortKey(1, descending=True), SortKey(3)), GROUPS),
        Arrangement({}, (), GROUPS, Layout(hidden=frozenset({0, 4}), widths={1: 80, 3: 120})),
        Arrangement({0: "2024"}, search="a & b"),
        Arrangement(layout=Layout((2,), frozenset({0}), frozenset({1}), {2: 90}), search="AAPL"),
    ],
)
def test_a_view_survives_its_link(arrangement: Arrangement):
    start = Start.of("price", {"price": "> 1"})
    said = view_to_json(view_of(arrangement, COLUMNS), start.view)
    assert start.arrangement(json_to_view(said, start.view), COLUMNS) == arrangement


def test_what_is_as_it_starts_is_not_in_a_link():
    start = Start.of("-price", {"price": "> 1"})
    assert view_to_json(view_of(start.arrangement(start.view, COLUMNS), COLUMNS), start.view) == {}


@pytest.mark.parametrize(
    "said", [5, [], {"where": ["x"]}, {"where": {"price": 5}}, {"sort": "price"}, {"sort": [None]}]
)
def test_a_link_that_says_no_view_is_refused(said: object):
    with pytest.raises(ValueError, match=r"not|no texts"):
        json_to_view(said, View())


@pytest.mark.parametrize(
    "said",
    [
        {"where": {"gone": "> 5"}, "sort": ["-gone"]},
        {"layout": {"hidden": ["gone", 5], "widths": {"price": "wide"}}},
        {"search": 5},
        {"groups": 5},
        {"groups": {"by": []}},
        {"groups": {"by": [["gone", "value"]]}},
        {"groups": {"by": [["ts", "week"]]}},
        {"groups": {"by": [["ts", "day"]], "open": [[5]]}},
        {"groups": {"by": [["price", "day"]]}},
        {"groups": {"by": [["ts", "day"]], "open": 5}},
        {"more": "of anything"},
    ],
)
def test_what_a_link_says_of_other_columns_or_nonsense_is_left_out(said: object):
    assert Start.of((), None).arrangement(json_to_view(said, View()), COLUMNS) == Arrangement()


def test_what_a_link_says_of_figures_that_groups_do_not_have_is_left_out():
    figures = {"sort": [[0, 1, True], [0, [], 1]], "hidden": [-1, 1, "0"], "widths": [[5, 90], [0, "wide"], [0, 5]]}
    view = json_to_view({"groups": {"by": [["ts", "day"]], **figures}}, View())
    assert Start.of((), None).arrangement(view, COLUMNS) == Arrangement(groups=Grouping((GroupKey(0, "day"),)))


def test_a_link_opens_no_more_groups_than_one_says():
    view = json_to_view({"groups": {"by": [["price", "value"]], "open": [[str(at)] for at in range(500)]}}, View())
    groups = Start.of((), None).arrangement(view, COLUMNS).groups
    assert groups is not None
    assert len(groups.open) == 40


def test_a_search_is_in_the_link_and_in_the_filtered_rows():
    view = view_of(Arrangement(search="Ms"), COLUMNS)
    assert view.more == {"search": "Ms"}
    start = Start.of((), None)
    assert not start.is_unrestricted(view)
    condition = start.condition(da.sql("SELECT 1 AS one"), view, {"symbol": "VARCHAR", "price": "DOUBLE"})
    assert "contains(lower(" in "".join(piece for piece in condition.pieces if isinstance(piece, str))
    assert [bound.value for bound in condition.values.values()] == ["Ms"]


def test_filtered_rows_can_be_negated():
    rows = da.explore(TRADES, where={"price": "1..5", "symbol": "not in AAPL, null"})
    others = da.sql("SELECT symbol FROM t WHERE NOT $passes", t=TRADES, passes=rows.filtered)
    assert others.evaluate()["symbol"].to_list() == ["AAPL", "IBM"]


@pytest.mark.parametrize(
    "said", [{"where": {"symbol": "\ud800"}}, {"search": "\ud800"}, {"groups": {"by": [["\ud800", "value"]]}}]
)
def test_a_link_with_halves_of_characters_is_refused(said: object):
    with pytest.raises(ValueError, match="surrogates"):
        json_to_view(said, View())


@pytest.mark.parametrize(
    "groups",
    [
        {"by": [["n", "value"]] * 2},
        {"by": [[f"c{at}", "value"] for at in range(9)]},
        {"by": [["n", "value"]], "show": [["sum", "n"]] * 2},
        {"by": [["n", "value"]], "show": [[f, f"c{at}"] for at in range(40) for f in ("min", "max")]},
    ],
)
def test_groups_that_no_page_asks_for_are_left_out_of_a_link(groups: object):
    columns = (Column("n", "INTEGER"), *(Column(f"c{at}", "INTEGER") for at in range(40)))
    assert Start.of((), None).arrangement(View(more={"groups": groups}), columns).groups is None


def test_a_link_opens_some_groups_at_most():
    groups = {"by": [["n", "value"]], "open": [[str(at)] for at in range(5000)]}
    found = Start.of((), None).arrangement(View(more={"groups": groups}), (Column("n", "INTEGER"),)).groups
    assert found is not None
    assert len(found.open) <= 40
