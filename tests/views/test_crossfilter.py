"""`da.crossfilter`: each view is filtered by what is selected in all others, never by its own selection."""

from itertools import count
from typing import Any

import altair as alt
import panel as pn
import param
import polars as pl
import pytest

import dataapp as da
from dataapp.app.sessions import engine
from dataapp.cells.input import InputCell
from dataapp.cells.selection import SelectionControl
from dataapp.cells.view import View, ViewControl
from dataapp.errors import CrossfilterError
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from dataapp.views.crossfilter.bar import SelectionBar
from dataapp.views.crossfilter.history import History
from dataapp.views.crossfilter.serving import Serving
from tests.runtime.bench import ManualPool

ROWS = pl.DataFrame(
    {
        "carrier": ["UA", "UA", "HA", "HA", "AA", "AA"],
        "delay": [1.0, 20.0, 3.0, 40.0, 5.0, 60.0],
        "departure": [600, 660, 720, 780, 600, 720],
    }
)
flights = da.source(ROWS)
hours = da.sql("SELECT departure // 60 AS hour, delay FROM flights")
counts = da.sql("SELECT carrier, count(*) AS n, avg(delay) AS delay FROM flights GROUP BY carrier ORDER BY carrier")
carriers = pn.widgets.MultiChoice(options=["UA", "HA", "AA"])
table = da.explore(flights)


def made():
    by_delay = da.chart(flights).mark_bar().encode(x=alt.X("delay:Q", bin=True), y="count()")
    by_hour = da.chart(hours).mark_bar().encode(x="hour:Q", y="count()")
    return da.crossfilter(
        da.brush(by_delay, x="delay"), da.brush(by_hour, x="hour"), da.match("carrier", carriers), table, counts
    )


def rows_of(chart: alt.Chart) -> Any:
    return chart.data.source


def test_views_come_back_in_their_order():
    cross = made()
    by_delay, by_hour, chosen, explorer, counted = cross
    assert len(cross) == 5
    assert by_delay.encoding.x.shorthand == "delay:Q"
    assert by_hour.encoding.x.shorthand == "hour:Q"
    assert chosen is carriers
    assert explorer.label == "table"
    assert counted.label == "counts"


def test_a_view_is_filtered_by_all_others_and_not_by_its_own_selection():
    by_delay, by_hour, _, explorer, counted = made()
    chosen = {"delay": {"delay": (0.0, 10.0)}, "carriers": ["UA", "HA"]}
    assert counted.evaluate(**chosen)["n"].to_list() == [1, 1]
    assert explorer.of.evaluate(**chosen)["delay"].to_list() == [1.0, 3.0]
    assert rows_of(by_hour).evaluate(**chosen)["delay"].to_list() == [1.0, 3.0]
    assert rows_of(by_delay).evaluate(carriers=["UA", "HA"])["delay"].to_list() == [1.0, 20.0, 3.0, 40.0]


def test_a_computed_column_filters_the_rows_that_it_is_computed_of():
    *_, explorer, counted = made()
    assert explorer.of.evaluate(hour={"hour": (10.0, 11.0)})["delay"].to_list() == [1.0, 20.0, 5.0]
    assert counted.evaluate(hour={"hour": (12.0, 12.0)})["carrier"].to_list() == ["AA", "HA"]


def test_the_filters_of_an_explorer_are_a_selection():
    by_delay, *_, explorer, counted = made()
    chosen = {table.filtered: {"delay": ">= 40"}}
    assert counted.evaluate(chosen)["carrier"].to_list() == ["AA", "HA"]
    assert rows_of(by_delay).evaluate(chosen)["delay"].to_list() == [40.0, 60.0]
    assert explorer.of.evaluate(chosen).height == ROWS.height


def test_a_condition_is_on_rows_and_not_on_what_is_made_of_them():
    counted = made()[4]
    assert counted.evaluate(delay={"delay": (1.0, 5.0)})["delay"].to_list() == [5.0, 3.0, 1.0]


def test_with_nothing_selected_the_query_is_the_authors():
    assert made()[4].compile().sql == counts.compile().sql


def test_importing_asks_nothing_of_the_engine():
    missing = da.source("nowhere.parquet")
    chart, rows = da.crossfilter(
        da.brush(da.chart(missing).mark_tick().encode(x="n:Q")), da.sql("FROM missing", missing=missing)
    )
    assert (chart.mark, rows.label[:12]) == ("tick", "test_crossfi")


def test_what_is_no_view_is_refused():
    with pytest.raises(CrossfilterError, match="is given a object"):
        da.crossfilter(object())


def test_explain_of_a_chart_says_where_selections_stand():
    text = da.explain(made()[1])
    assert "Selections, and what they are on\n    `delay` on delay: `flights`\n" in text


def test_a_drag_is_one_step_and_so_is_a_reset():
    now = 0.0
    opened = Session(engine(), InlinePool(), open_control=lambda cell: cell.kind.open(cell.label))
    cross = made()
    history = History(opened, cross.selections, clock=lambda: now)
    dragged = opened.choice_of(cross.selections[0])
    assert isinstance(dragged, InputCell)
    control = opened.control(dragged)
    assert isinstance(control, SelectionControl)
    for high in (2.0, 3.0, 4.0):
        control.put({"delay": (1.0, high)})
        now += 0.1
    assert [chip.text for chip in history.chips()] == ["delay: 1 – 4"]
    now += 2.0
    control.put({"delay": (1.0, 9.0)})
    history.undo()
    assert control.read() == {"delay": (1.0, 4.0)}
    carriers.value = ["UA"]
    assert [chip.text for chip in history.chips()] == ["delay: 1 – 4", "carrier: UA"]
    history.reset()
    assert (control.read(), carriers.value, history.chips()) == (None, [], [])
    history.undo()
    assert (control.read(), carriers.value) == ({"delay": (1.0, 4.0)}, ["UA"])
    history.clear(history.chips()[1].key)
    assert carriers.value == []
    history.undo()
    history.undo()
    history.undo()
    assert (control.read(), history.can_undo) == (None, False)


def test_a_default_that_was_cleared_can_be_reset():
    opened = Session(engine(), InlinePool(), open_control=lambda cell: cell.kind.open(cell.label))
    chosen = pn.widgets.MultiChoice(options=["UA", "HA"], value=["UA"])
    cross = da.crossfilter(da.match("carrier", chosen), da.explore(counts))
    history = History(opened, cross.selections)
    bar = SelectionBar(history, Serving(opened, cross.bar.members))
    assert (bar.chips, bar.can_undo, bar.can_reset) == ([], False, False)
    chosen.value = []
    assert (bar.chips, bar.can_undo, bar.can_reset) == ([], True, True)
    bar._handle_msg({"type": "reset"})
    assert (chosen.value, bar.can_reset) == (["UA"], False)


class Fitted:
    """A crossfilter with one input that cells feed, in a session, and its history."""

    def __init__(self, fed: InputCell, column: str, *, is_inline: bool) -> None:
        self.pool = InlinePool() if is_inline else ManualPool()
        opened = self.session = Session(engine(), self.pool, open_control=lambda cell: cell.kind.open(cell.label))
        cross = da.crossfilter(da.match(column, fed), da.explore(flights))
        self.history = History(opened, cross.selections, clock=count(0, 2).__next__)  # each move is a step
        control: Any = opened.control(fed)
        self.widget = control.widget
        self.demand = opened.demand(fed, "setting")

    def settle(self) -> None:
        if isinstance(self.pool, ManualPool):
            self.pool.run_all()

    def said(self) -> tuple[object, list[str], bool, bool]:
        """Let all settle, and return the value and what the line of the crossfilter shows."""
        self.settle()
        history = self.history
        return self.widget.value, [chip.text for chip in history.chips()], history.can_undo, history.can_reset


@pytest.mark.parametrize("is_inline", [True, False])
def test_what_an_input_is_fitted_to_is_no_step(is_inline: bool):
    offered = da.sql("SELECT DISTINCT carrier FROM flights ORDER BY ALL")
    fitted = Fitted(da.input(pn.widgets.Select, options=offered, name="chosen"), "carrier", is_inline=is_inline)
    assert fitted.said() == ("AA", [], False, False)
    fitted.widget.value = "UA"
    assert fitted.said() == ("UA", ["carrier: UA"], True, True)
    fitted.history.reset()
    assert fitted.said() == ("AA", [], True, False)
    fitted.history.undo()
    assert fitted.said() == ("UA", ["carrier: UA"], True, True)
    fitted.history.undo()
    assert fitted.said() == ("AA", [], False, False)


@pytest.mark.parametrize("throttled", [True, False])
@pytest.mark.parametrize("is_inline", [True, False])
def test_ends_that_are_fed_are_no_step(is_inline: bool, throttled: bool):
    first, last = da.sql("SELECT min(delay) FROM flights"), da.sql("SELECT max(delay) FROM flights")
    delays = da.input(pn.widgets.RangeSlider, start=first, end=last, value=(0.0, 99.0), name="d", throttled=throttled)
    fitted = Fitted(delays, "delay", is_inline=is_inline)
    assert fitted.said() == ((1.0, 60.0), [], False, False)
    fitted.widget.value = (2.0, 30.0)
    with param.edit_constant(fitted.widget):
        fitted.widget.value_throttled = (2.0, 30.0)
    assert fitted.said() == ((2.0, 30.0), ["delay: 2 – 30"], True, True)
    fitted.history.reset()
    assert fitted.said() == ((1.0, 60.0), [], True, False)
    fitted.history.undo()
    assert fitted.said() == ((2.0, 30.0), ["delay: 2 – 30"], True, True)
    fitted.history.undo()
    assert fitted.said() == ((1.0, 60.0), [], False, False)


@pytest.mark.parametrize("is_inline", [True, False])
def test_what_is_no_longer_offered_is_fitted_when_it_is_put_back(is_inline: bool):
    without = da.input(pn.widgets.TextInput, value="", name="without")
    offered = da.sql("SELECT DISTINCT carrier FROM flights WHERE carrier <> $without ORDER BY ALL", without=without)
    fitted = Fitted(da.input(pn.widgets.Select, options=offered, name="chosen"), "carrier", is_inline=is_inline)
    fitted.settle()
    for carrier in ("UA", "HA"):
        fitted.widget.value = carrier
        fitted.settle()
    fitted.session.set(without, "UA")
    assert fitted.said() == ("HA", ["carrier: HA"], True, True)
    fitted.history.undo()
    assert fitted.said() == ("AA", [], True, False)


def test_what_was_set_by_hand_before_the_options_were_known_can_be_taken_back():
    offered = da.sql("SELECT DISTINCT carrier FROM flights ORDER BY ALL")
    fitted = Fitted(da.input(pn.widgets.Select, options=offered, name="chosen"), "carrier", is_inline=False)
    fitted.widget.value = "UA"
    assert fitted.said() == ("UA", ["carrier: UA"], True, True)
    fitted.history.reset()
    assert fitted.said() == ("AA", [], True, False)


def test_undo_leaves_the_order_of_a_table_as_it_is():
    opened = Session(engine(), InlinePool(), open_control=lambda cell: cell.kind.open(cell.label))
    cross = made()
    history = History(opened, cross.selections)
    control = opened.control(table.view)
    assert isinstance(control, ViewControl)
    control.put(View({}, (("carrier", True),)))
    assert (history.can_undo, history.can_reset) == (False, False)
    control.put(View({"delay": "> 3"}))
    control.put(View({"delay": "> 3"}, (("delay", True),)))
    assert history.can_reset
    history.undo()
    assert control.read() == View({}, (("delay", True),))
    assert not history.can_undo
