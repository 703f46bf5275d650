"""An app with charts over a slider, for the browser tests: `panel serve` runs it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import altair as alt
import panel as pn

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.views.chart.pane import ChartView
from dataapp.views.chart.schema import chart, find_cell_data
from dataapp.views.chart.selection import Selection
from dataapp.views.jobs import Cancel, Handle

ROWS = """
    SELECT TIMESTAMP '2024-01-01' + to_hours(CAST(i AS INT)) AS ts,
           ['<script>window.broken = 1</script>', 'AAPL', 'MSFT'][1 + i % 3] AS symbol,
           100 + 10 * (i % 3) + 8 * sin(i / 40.0 + $shift) AS price
    FROM range(2000) AS numbers(i)
"""


class _Cancel:
    def __init__(self) -> None:
        self.event = threading.Event()
        self.callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self.event.is_set()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def cancel(self) -> None:
        self.event.set()
        for callback in self.callbacks:
            callback()


_POOL = ThreadPoolExecutor(2)
_DOCUMENT = pn.state.curdoc


def submit[T](job: Callable[[Cancel], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> Handle:
    cancel = _Cancel()

    def answer(call: Callable[[], None]) -> None:
        _DOCUMENT.add_next_tick_callback(lambda: None if cancel.cancelled else call())

    def run() -> None:
        try:
            value = job(cancel)
        except Exception as error:  # noqa: BLE001 - reported to the view
            failure = error
            answer(lambda: failed(failure))
        else:
            answer(lambda: done(value))

    _POOL.submit(run)
    return cancel


engine = DuckDB()


def relation(shift: float) -> Relation:
    return Relation(ROWS.replace("$shift", str(float(shift))), key=shift, engine=engine)


prices = chart("prices", lambda: relation(0).columns())
line = prices.mark_line().encode(x="ts:T", y=alt.Y("price:Q").scale(zero=False), color="symbol:N", tooltip=["symbol"])
bars = prices.mark_bar().encode(x=alt.X("mean(price):Q"), y="symbol:N", tooltip=["symbol:N", "count()"])
find_cell_data(line)[0].selections.append(Selection("interval", x=True, name="brush"))

shift = pn.ui.Button(name="Shift")
heard = pn.widgets.StaticText(name="Heard", css_classes=["heard"])


def on_selection(name: str, value: object) -> None:
    heard.value = f"{name}={value!r}"


views = [ChartView(line, submit, on_selection=on_selection), ChartView(bars, submit)]


def show(_: object = None) -> None:
    for view in views:
        view.show({find_cell_data(line)[0]: relation(shift.clicks)})


shift.param.watch(show, "clicks")
pn.state.onload(show)
page = pn.ui.Page(title="Charts", main=[shift, heard, *views], theme_toggle=True)
page.servable()
