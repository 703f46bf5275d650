"""Five charts over one file, from where they appear on a page to where they are drawn, and after moves of a slider.

The page looks at every frame of the browser for pixels of marks. DuckDB's own aggregate runs in turns with it, in the
process that serves the page. No value of the slider is used twice.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from benchmarks.chart_specs import PICTURE_QUESTIONS
from benchmarks.explorer_data import table_of
from benchmarks.pixels_peers import measure_peers
from benchmarks.report import Figure, Goal, compared
from benchmarks.serving import PAGES, SLIDER, Server, chromium, panel_serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample, added, ratio
from benchmarks.wire import Wire

VIEWPORT = ViewportSize(width=1400, height=900)
_SIZES = (5_000_000, 20_000_000, 100_000_000)
_MOVED = 20_000_000  # rows at most over which the slider moves
_ROOM = 12 * 2**30  # bytes on the disk, that the largest asks for
_STARTS_WITHIN = 120_000  # milliseconds, of the first page, for which the server imports everything
_PAUSE = 300  # milliseconds: nothing is under way when the next begins
_STEP = 97  # of the slider, so that each move takes some 2 % of the rows away


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure each chart on each size, and the peers on what they survive."""
    sizes = [rows for rows in _SIZES if _is_possible(rows, settings)]
    ours: dict[tuple[str, int], Sample] = {}
    with chromium() as browser:
        for rows in sizes:
            with panel_serve(PAGES / "pixels_page.py", env={"BENCHMARK_TABLE": str(table_of(rows))}) as server:
                for name in PICTURE_QUESTIONS:
                    appeared, sent = _appears(browser, server, name, rows, settings)
                    ours[name, rows] = appeared.ours
                    yield from (appeared, sent)
                    if rows <= _MOVED:
                        yield _moved(browser, server, name, rows, settings)
    yield from measure_peers(sizes[-1], ours, settings)


def _is_possible(rows: int, settings: Settings) -> bool:
    if rows == _SIZES[0]:
        return True
    return not settings.is_quick and (rows < _SIZES[-1] or shutil.disk_usage(table_of(_SIZES[0])).free > _ROOM)


def _appears(browser: Browser, server: Server, name: str, rows: int, settings: Settings) -> tuple[Figure, Figure]:
    """Let a chart appear on page after page; the first is not counted."""
    drawn: list[float] = []
    raw: list[float] = []
    sent: list[float] = []
    with browser.new_context(viewport=VIEWPORT) as context:
        for least in range(2, settings.repetitions(9) + 3):
            with _opened(context, server, name, least) as (page, wire):
                before = wire.total()
                page.evaluate("probe.appear()")
                page.wait_for_function("probe.drawn")
                drawn.append(page.evaluate("probe.drawn"))
                page.wait_for_timeout(_PAUSE)
                sent.append((wire.total() - before) / 1000)
                raw.append(page.evaluate("value => probe.raw(value)", least))
    what = f"{rows / 1e6:g} million rows: {name}"
    appeared = compared(f"{what} appears", Sample(tuple(drawn[1:])), Sample(tuple(raw[1:])))
    return appeared, Figure(f"  {what}, sent", Sample((sent[-1],), "kB"))


def _moved(browser: Browser, server: Server, name: str, rows: int, settings: Settings) -> Figure:
    """Move the slider again and again, in turns with the query by hand."""
    taken: dict[str, list[float]] = {"move": [], "raw": []}
    values = count(_STEP, _STEP)
    with browser.new_context(viewport=VIEWPORT) as context, _opened(context, server, name, 1) as (page, _):
        page.evaluate("probe.appear()")
        page.wait_for_function("probe.drawn")
        page.locator(SLIDER).hover()  # as whoever moves it does
        for turn in range(settings.repetitions(15) + 1):
            value = next(values)
            for step in ("move", "raw") if turn % 2 else ("raw", "move"):
                page.wait_for_timeout(_PAUSE)
                asked = "value => probe.raw(value)" if step == "raw" else "value => probe.move('chart', value)"
                milliseconds = page.evaluate(asked, value)
                if turn:  # the first warms up
                    taken[step].append(milliseconds)
    moved, raw = Sample(tuple(taken["move"])), Sample(tuple(taken["raw"]))
    goal = Goal("1.1x raw + 30 ms", moved.median, 1.1 * raw.median + 30)
    note = f"fastest {min(moved.values):.0f} against {min(raw.values):.0f} ms"
    result = f"{ratio(moved, raw):.2f}x, {added(moved, raw):+.0f} ms"
    return Figure(f"{rows / 1e6:g} million rows: {name} after a move", moved, raw, result, goal, (note,))


@contextmanager
def _opened(context: BrowserContext, server: Server, name: str, least: int) -> Iterator[tuple[Page, Wire]]:
    page = context.new_page()
    wire = Wire(page)
    page.set_default_timeout(_STARTS_WITHIN)
    page.goto(server.url("pixels_page?" + urlencode({"show": name, "least": least})))
    page.evaluate((PAGES / "probe.js").read_text("utf-8"))
    page.wait_for_function("probe.isWaiting()")
    page.wait_for_timeout(_PAUSE)
    yield page, wire
    page.close()
