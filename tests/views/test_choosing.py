"""What a reader selects in a table as cells: in a session whose work is done in the calling thread."""

from collections.abc import Iterator
from typing import Any

import panel as pn
import polars as pl
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.cells.cell import Cell
from dataapp.cells.view import ChoiceControl, Chosen
from dataapp.engines.duckdb import DuckDB
from dataapp.errors import Cancelled
from dataapp.inputs.kinds import WidgetControl
from dataapp.runtime.outcomes import Done, Failed
from dataapp.runtime.session import Demand, Session
from dataapp.runtime.workers import InlinePool
from dataapp.views import choosing
from dataapp.views.bodies import TableBody
from dataapp.views.card import Card
from dataapp.views.cells import view_of

FRAME = pl.DataFrame({"symbol": ["AAPL", "MSFT", "IBM", "SAP"], "price": [1.0, 5.0, 9.0, 2.5]})


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(DuckDB(), InlinePool(), open_control=lambda cell: cell.kind.open(cell.label))
    yield session
    session.close()


class Shown:
    """An explorer on a page that a test plays."""

    def __init__(self, session: Session, explorer: Any) -> None:
        self._session = session
        self._body = TableBody(session, explorer.of, lambda error: None, explorer=explorer)
        self._demand: Demand | None = None
        self.cell = explorer.of
        self._demand = session.demand(explorer.of, "table", self.show)
        self.show()

    def show(self) -> None:
        outcome = None if self._demand is None else self._demand.look().outcome
        if isinstance(outcome, Done):
            self._body.show({self.cell: outcome.value})

    def say(self, type_: str, **data: Any) -> None:
        controller: Any = self._body.explorer._controller
        self._body.explorer._receive({"type": type_, "view": controller._shown.view, **data})


class Reading:
    """Somebody who wants a cell."""

    def __init__(self, session: Session, cell: Cell, form: Any) -> None:
        self._demand = session.demand(cell, form)

    @property
    def outcome(self) -> Any:
        return self._demand.look().outcome

    @property
    def rows(self) -> list[Any]:
        return self.outcome.value.rows.to_pylist()


def symbols(reading: Reading) -> list[str]:
    return [row["symbol"] for row in reading.rows]


def test_selected_rows_are_a_table_until_another_view_is_shown(session: Session):
    table = da.explore(FRAME, sort="-price")
    selected = Reading(session, da.sql("SELECT symbol FROM s", s=table.selected), "frame")
    shown = Shown(session, table)
    assert symbols(selected) == []
    shown.say("select", rows=[[0, 2], [3, 1]])
    assert symbols(selected) == ["IBM", "MSFT", "AAPL"]
    shown.say("select")
    assert symbols(selected) == []
    shown.say("select", rows=[[1, 1]])
    assert symbols(selected) == ["MSFT"]
    shown.say("sort", order=[])
    assert symbols(selected) == []


def test_groups_are_no_rows(session: Session):
    table = da.explore(FRAME)
    selected = Reading(session, da.sql("SELECT symbol FROM s", s=table.selected), "frame")
    price = Reading(session, table.value_at("price"), "value")
    shown = Shown(session, table)
    shown.say("select", rows=[[0, 2]], current=1)
    assert price.outcome == Done(5.0)
    shown.say("group", keys=[[0, "value"]], aggregates=[])
    shown.say("select", rows=[[0, 2]], current=1)
    assert symbols(selected) == []
    assert price.outcome == Done(None)


def test_the_row_clicked_last_gives_values(session: Session):
    table = da.explore(FRAME)
    symbol = table.value_at("symbol")
    price = Reading(session, table.value_at("price"), "value")
    found = Reading(session, da.sql("SELECT count(*) AS n FROM t WHERE symbol = $it", t=FRAME, it=symbol), "frame")
    shown = Shown(session, table)
    assert price.outcome == Done(None)
    shown.say("select", rows=[[1, 3]], current=2)
    assert price.outcome == Done(9.0)
    assert found.rows == [{"n": 1}]
    before = found.outcome
    shown.say("select", rows=[[2, 1]])  # the same row: nothing runs
    assert found.outcome is before
    shown.say("select")
    assert price.outcome == Done(None)


def test_what_is_chosen_is_forgotten_in_the_wave_that_brings_other_rows(session: Session):
    low = da.input(pn.widgets.IntSlider, end=10, name="low")
    rows = da.sql("SELECT range AS n FROM range($low, 20)", low=low)
    table = da.explore(rows)
    value = Reading(session, da.sql("SELECT $n AS n", n=table.value_at("n")), "frame")
    shown = Shown(session, table)
    shown.say("select", rows=[[3, 1]])
    assert value.rows == [{"n": 3}]
    control = session.control(low)
    assert isinstance(control, WidgetControl)
    control.widget.value = 5
    assert value.rows == [{"n": None}]
    control.widget.value = 0  # as it was: but the page has shown other rows since
    assert value.rows == [{"n": None}]


def test_more_rows_than_can_be_read_are_an_error_of_who_reads_them(session: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choosing, "MOST_SELECTED", 2)
    table = da.explore(FRAME)
    selected, price = Reading(session, table.selected, "frame"), Reading(session, table.value_at("price"), "value")
    shown = Shown(session, table)
    shown.say("select", rows=[[0, 3]])
    assert isinstance(selected.outcome, Failed)
    assert "3 rows are selected" in str(selected.outcome.error)
    assert price.outcome == Done(1.0)
    shown.say("select", rows=[[0, 2]])
    assert symbols(selected) == ["AAPL", "MSFT"]


def test_a_selection_that_gave_up_chooses_nothing(session: Session, monkeypatch: pytest.MonkeyPatch):
    def give_up(*_: object) -> Chosen:
        raise Cancelled

    monkeypatch.setattr(choosing, "_read", give_up)
    table = da.explore(FRAME)
    selected = Reading(session, table.selected, "frame")
    Shown(session, table).say("select", rows=[[0, 3]])
    assert selected.rows == []


def test_a_row_beyond_the_last_one_has_no_value(session: Session):
    table = da.explore(FRAME)
    price = Reading(session, table.value_at("price"), "value")
    Shown(session, table)
    control = session.control(table.choice)
    assert isinstance(control, ChoiceControl)
    relation = Reading(session, table.of, "table").outcome.value.relation(session.engine)
    control.put(Chosen(relation.key, None, pa.table({"price": pa.array([], pa.float64())})))
    assert price.outcome == Done(None)


def test_nothing_is_read_where_nobody_asks_for_what_is_chosen(session: Session):
    table = da.explore(FRAME)
    shown = Shown(session, table)
    shown.say("select", rows=[[0, 3]])
    assert table.choice not in session.nodes.controls


def test_two_explorers_over_one_cell_have_their_own_view_and_choice(session: Session):
    one, other = da.explore(FRAME, where={"price": "> 2"}), da.explore(FRAME)
    passing = Reading(session, one.filtered, "frame")
    all_rows = Reading(session, other.filtered, "frame")
    chosen = Reading(session, other.selected, "frame")
    shown, _ = Shown(session, one), Shown(session, other)
    shown.say("filter", column=0, text="a")
    shown.say("select", rows=[[0, 1]])
    assert symbols(passing) == ["SAP"]
    assert len(all_rows.rows) == 4
    assert chosen.rows == []


def test_a_filter_that_lets_the_same_rows_pass_reruns_nothing(session: Session):
    table = da.explore(FRAME)
    total = Reading(session, da.sql("SELECT sum(price) AS total FROM f", f=table.filtered), "frame")
    shown = Shown(session, table)
    shown.say("filter", column=1, text=">= 5")
    assert total.rows == [{"total": 14.0}]
    before = total.outcome
    shown.say("sort", order=[{"column": 0, "descending": True}])
    shown.say("filter", column=1, text=" >=  5 ")
    assert total.outcome is before


def test_a_value_of_the_current_row_can_be_shown(session: Session):
    table = da.explore(FRAME)
    shown: Any = view_of(table.value_at("price"), session)
    assert isinstance(shown, Card)
