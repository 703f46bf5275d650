"""Cells as references in plain Python: bound functions, reactive expressions, parameters, `param.depends`."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic, sleep
from typing import Any, cast

import ibis
import panel as pn
import param
import polars as pl
import pytest
from param.parameterized import resolve_value

import dataapp as da
from dataapp.app import sessions
from dataapp.errors import SessionError


def _bind(function: Callable[..., Any], *cells: object, **options: Any) -> Callable[[], Any]:
    """`pn.bind`; to a type checker it gives a function that still takes all arguments."""
    return cast("Callable[[], Any]", pn.bind(function, *cells, **options))


class Gate:
    """Holds the work of a session back until it is opened; then everything runs in the calling thread."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def start(self, work: Callable[[], None]) -> None:
        self.waiting.append(work)

    def open(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """The work of the process's own session, which is a new one."""
    held = Gate()
    monkeypatch.setattr(sessions._Process, "own", None)
    monkeypatch.setattr(sessions._Process, "has_served", False)
    monkeypatch.setattr(sessions, "session_lane", lambda: held)
    yield held
    if sessions._Process.own is not None:
        sessions._Process.own.close()


low = pn.widgets.IntSlider(name="low", start=0, end=9, value=7)
numbers = da.sql("SELECT range AS n FROM range(10) WHERE range >= $low")
top = da.input(pn.widgets.IntSlider, start=0, end=9, value=4)


chosen = da.match("n", low)


@da.cell
def total(numbers: pl.DataFrame) -> int:
    return int(numbers["n"].sum())


@pytest.fixture(autouse=True)
def _low_is_seven() -> None:
    low.value = 7


def test_bound_function_is_not_called_before_there_is_a_value(gate: Gate) -> None:
    calls: list[object] = []
    bound = _bind(calls.append, numbers)
    with pytest.raises(param.Skip):
        bound()
    assert calls == []


def test_bound_function_gets_a_polars_frame_of_a_table(gate: Gate) -> None:
    bound = _bind(lambda frame: frame["n"].to_list(), numbers)
    gate.open()
    assert bound() == [7, 8, 9]


def test_bound_function_gets_a_polars_frame_of_a_query_in_ibis(gate: Gate) -> None:
    @da.cell(numbers=numbers)
    def even(numbers: ibis.Table) -> ibis.Table:
        return numbers.filter(numbers.n % 2 == 0)  # pyright: ignore[reportOperatorIssue]

    bound = _bind(lambda frame: frame["n"].to_list(), even)
    gate.open()
    assert bound() == [8]


def test_bound_function_follows_the_inputs(gate: Gate) -> None:
    heard: list[int] = []
    _bind(heard.append, total, watch=True)
    gate.open()
    low.value = 8
    gate.open()
    assert heard == [24, 17]


def test_function_of_several_cells_waits_for_all(gate: Gate) -> None:
    bound = _bind(lambda frame, number: (frame.height, number), numbers, total)
    with pytest.raises(param.Skip):
        bound()
    gate.open()
    assert bound() == (3, 24)


def test_reactive_expression_of_a_cell(gate: Gate) -> None:
    doubled = pn.rx(total) * 2
    gate.open()
    assert doubled.rx.value == 48
    low.value = 9
    gate.open()
    assert doubled.rx.value == 18


class Report(param.Parameterized):
    frame = param.Parameter(allow_refs=True)
    number = param.Integer(default=-1, allow_refs=True)


def test_expression_is_built_before_there_is_a_value(gate: Gate) -> None:
    heard: list[object] = []
    text = pn.rx("{} of {}").format(total, pn.rx(total) + 1)
    text.rx.watch(heard.append)
    assert text.rx.value in (None, param.Undefined)
    gate.open()
    assert text.rx.value == "24 of 25"
    assert set(heard) == {"24 of 25"}


def test_parameter_with_references_takes_the_value_when_it_comes(gate: Gate) -> None:
    report = Report(frame=numbers, number=total)
    assert (report.frame, report.number) == (None, -1)
    gate.open()
    assert (report.frame["n"].to_list(), report.number) == ([7, 8, 9], 24)


def test_parameter_keeps_its_last_value_while_the_cell_fails(gate: Gate) -> None:
    @da.cell(low=low)
    def inverse(low: int) -> int:
        return 72 // (low - 8)

    report = Report(number=inverse)
    gate.open()
    low.value = 8
    gate.open()
    assert report.number == -72
    low.value = 9
    gate.open()
    assert report.number == 72


def test_depends_decorates_a_function_of_an_input(gate: Gate) -> None:
    @pn.depends(number=cast("Any", top))
    def shown(number: int) -> str:
        return f"top {number}"

    assert resolve_value(shown) == "top 4"


def test_pane_of_a_bound_function_is_empty_until_there_is_a_value(gate: Gate) -> None:
    shown = pn.pane.Str(_bind(lambda number: f"sum {number}", total))
    assert shown.object is None
    gate.open()
    assert shown.object == "sum 24"


def test_input_is_a_reference_at_once(gate: Gate) -> None:
    bound = _bind(lambda n: n + 1, top)
    assert bound() == 5


def test_fed_input_is_a_reference_to_its_fitted_value(gate: Gate) -> None:
    letter = da.input(pn.widgets.Select, options=da.sql("SELECT 'x' AS letter"))
    bound = _bind(lambda chosen: chosen, letter)
    with pytest.raises(param.Skip):
        bound()
    gate.open()
    assert bound() == "x"


def test_explored_cell_stands_for_its_table(gate: Gate) -> None:
    bound = _bind(lambda frame: frame.height, da.explore(numbers))
    gate.open()
    assert bound() == 3


def test_predicate_is_refused(gate: Gate) -> None:
    for bind in (lambda: _bind(print, chosen)(), lambda: pn.rx(chosen), lambda: Report(frame=chosen)):
        with pytest.raises(SessionError, match="`chosen` is a predicate, which only SQL reads"):
            bind()


def test_watcher_that_raises_stops_nothing(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    def fail(number: int) -> None:
        raise ValueError(f"cannot take {number}")

    _bind(fail, total, watch=True)
    bound = _bind(lambda frame: frame.height, numbers)
    gate.open()
    assert bound() == 3
    assert "A watcher of a cell failed." in caplog.text


def test_two_references_to_a_cell_share_one_demand(gate: Gate) -> None:
    ran: list[int] = []

    @da.cell(low=low)
    def counted(low: int) -> int:
        ran.append(low)
        return low

    first, second = _bind(lambda n: n, counted), _bind(lambda n: -n, counted)
    gate.open()
    assert (first(), second(), ran) == (7, -7, [7])


def test_without_a_gate_the_value_comes_from_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions._Process, "own", None)
    monkeypatch.setattr(sessions._Process, "has_served", False)
    bound = _bind(lambda number: number, total)  # not watched: the value may be there before anybody watches
    found, end = None, monotonic() + 60
    while found is None and monotonic() < end:
        with suppress(param.Skip):
            found = bound()
        sleep(0.01)
    assert found == 7 + 8 + 9
    assert sessions._Process.own is not None
    sessions._Process.own.close()
