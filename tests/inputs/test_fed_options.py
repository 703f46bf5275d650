"""Options, starts and ends that cells feed: values follow them in the same wave."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import panel as pn
import polars as pl
import pytest

import dataapp as da
from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell
from dataapp.engines.duckdb import DuckDB
from dataapp.errors import DataAppError, InputError
from dataapp.inputs.choices import as_options, fit_between, fit_to_options
from dataapp.runtime.outcomes import Blocked, Done, Failed
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.workers import InlinePool

_ENGINE = DuckDB()

region = da.input(pn.widgets.Select, options=["north", "south"])
places = pl.DataFrame(
    {"region": ["north", "north", "south"], "city": ["Oslo", "Bergen", "Rome"], "code": ["OSL", "BGO", "ROM"]}
)
offered = da.sql("SELECT city FROM places WHERE region = $region ORDER BY 1")
city = da.input(pn.widgets.Select, options=offered)
cities = da.input(pn.widgets.MultiChoice, options=offered)
pairs = da.sql("SELECT city, code FROM places WHERE region = $region ORDER BY 1")
code = da.input(pn.widgets.Select, options=pairs)
shown = da.sql("SELECT $region AS region, $city AS city, $code AS code")
listed = da.sql("SELECT len($cities) AS n")
last = da.input(pn.widgets.IntSlider, start=1, end=100, value=80)
upper = da.sql("SELECT $last AS upper")
within = da.input(pn.widgets.IntSlider, start=0, end=upper, value=50)
half = da.sql("SELECT $within AS n")


class Opened:
    """A session with controls, whose work runs in the calling thread; `values` is what one wave showed."""

    def __init__(self, initial: dict[InputCell, object] | None = None) -> None:
        given = initial or {}
        self.session = Session(
            _ENGINE,
            InlinePool(),
            open_control=lambda cell: cell.kind.open(cell.label),
            initial=lambda cell: given.get(cell, cell.kind.default()),
        )

    def watch(self, cell: Cell) -> "tuple[Callable[[], tuple[object, ...]], list[tuple[object, ...]]]":
        seen: list[tuple[object, ...]] = []
        demands: list[Demand] = []

        def row() -> tuple[object, ...]:
            outcome = demands[0].look().outcome
            if isinstance(outcome, Failed | Blocked):
                raise outcome.error
            assert isinstance(outcome, Done)
            return tuple(outcome.value.rows.to_pylist()[0].values())  # type: ignore[attr-defined]

        def changed() -> None:
            if demands and isinstance(demands[0].look().outcome, Done):
                seen.append(row())

        demands.append(self.session.demand(cell, "frame", changed))
        return row, seen

    def widget(self, cell: InputCell) -> Any:
        self.session.demand(cell, "setting")
        return self.session.control(cell).widget  # type: ignore[attr-defined]


@pytest.fixture
def opened():
    return Opened()


def test_empty_choice_takes_the_first_option_of_one_column(opened: Opened) -> None:
    row, _ = opened.watch(shown)
    assert row() == ("north", "Bergen", "BGO")


def test_two_columns_are_labels_and_values(opened: Opened) -> None:
    assert opened.widget(code).options == {"Bergen": "BGO", "Oslo": "OSL"}


def test_value_no_longer_offered_is_replaced_in_the_same_wave(opened: Opened) -> None:
    opened.widget(city).value = "Oslo"
    opened.widget(code)
    row, seen = opened.watch(shown)
    assert row() == ("north", "Oslo", "BGO")
    opened.widget(region).value = "south"
    assert {row for row in seen if row[0] == "south"} == {("south", "Rome", "ROM")}  # never ("south", "Oslo", ...)
    assert (opened.widget(city).value, opened.widget(code).value) == ("Rome", "ROM")


def test_choices_no_longer_offered_are_dropped_and_the_rest_stays(opened: Opened) -> None:
    chosen = opened.widget(cities)
    chosen.value = ["Oslo", "Bergen"]
    row, _ = opened.watch(listed)
    assert row() == (2,)
    opened.widget(region).value = "south"
    assert (row(), chosen.value, chosen.options) == ((0,), [], ["Rome"])


def test_value_of_a_link_waits_for_the_options() -> None:
    opened = Opened({city: "Oslo", cities: ["Bergen", "Rome"]})
    assert opened.widget(city).value == "Oslo"
    assert opened.widget(cities).value == ["Bergen"]


def test_ends_move_a_value_to_the_nearer_one(opened: Opened) -> None:
    slider = opened.widget(within)
    row, _ = opened.watch(half)
    assert (slider.end, slider.value, row()) == (80, 50, (50,))
    opened.widget(last).value = 20
    assert (slider.end, slider.value, row()) == (20, 20, (20,))


def test_end_with_two_rows_is_an_error_of_the_input_which_recovers(opened: Opened) -> None:
    many = da.input(pn.widgets.IntSlider, start=0, end=da.sql("SELECT unnest(range($last)) AS n", last=last), value=0)
    reader = da.sql("SELECT $many AS n", many=many)
    opened.widget(last).value = 2
    row, _ = opened.watch(reader)
    with pytest.raises(InputError, match="`end` takes one value, but the cell that feeds it has 2 rows"):
        row()
    opened.widget(last).value = 1
    assert row() == (0,)


def test_options_of_three_columns_are_an_error() -> None:
    bad = da.input(pn.widgets.Select, options=da.sql("FROM places", places=places))
    with pytest.raises(DataAppError, match="3 columns"):
        da.sql("SELECT $bad", bad=bad).evaluate()


def test_options_may_come_from_a_python_cell() -> None:
    @da.cell
    def letters() -> list[str]:
        return ["x", "y"]

    letter = da.input(pn.widgets.Select, options=letters)
    assert da.sql("SELECT $letter", letter=letter).evaluate().item() == "x"


def test_options_of_no_rows_leave_nothing() -> None:
    none = da.input(pn.widgets.Select, options=da.sql("SELECT 1 AS n WHERE false"))
    assert da.sql("SELECT $none IS NULL", none=none).evaluate().item() is True


def test_labels_and_values_of_a_mapping() -> None:
    assert as_options({1: "a"}) == {"1": "a"}


def test_free_text_is_kept_only_while_offered() -> None:
    assert fit_to_options("z", ["a"], takes_first=False) is None


@pytest.mark.parametrize(
    ("value", "start", "end", "fitted"),
    [
        (5, 1, 9, 5),
        (0, 1, 9, 1),
        (10, 1, 9, 9),
        ((0, 10), 1, 9, (1, 9)),
        ((None, None), 1, 9, (1, 9)),
        (dt.date(2024, 1, 1), dt.date(2024, 2, 1), None, dt.date(2024, 2, 1)),
        (None, None, None, None),
    ],
)
def test_value_lies_between_the_ends(value: object, start: object, end: object, fitted: object) -> None:
    assert fit_between(value, start, end) == fitted


def test_throttled_slider_sends_only_what_it_is_released_at() -> None:
    control = da.input(pn.widgets.IntSlider, end=9, throttled=True).kind.open("n")
    heard: list[object] = []
    control.watch(heard.append)
    control.widget._process_events({"value": 5})  # type: ignore[attr-defined]  # as the browser sends it
    assert heard == []
    control.widget._process_events({"value_throttled": 5})  # type: ignore[attr-defined]
    assert heard == [5]


def test_a_new_widget_offers_its_first_values_until_the_options_come() -> None:
    """A browser drops what is not offered, and says so as if somebody had chosen nothing."""
    first = da.input(pn.widgets.MultiChoice, options=offered, value=["Oslo"])
    control: Any = first.kind.open("first")
    assert (control.widget.value, control.widget.options) == (["Oslo"], ["Oslo"])
