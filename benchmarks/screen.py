"""From a move of the slider to the new table or chart on screen.

The browser sets the slider's value and looks at every frame whether what it changes is there: in a table a cell that
holds the slider's value, in a chart other pixels. The raw query runs in turns with the moves, in the process that
serves the page, with the page open.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from benchmarks.report import Figure, Goal, compared
from benchmarks.serving import PAGES, chromium, panel_serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample, added, ratio

_PAUSE = 300  # milliseconds between moves: nothing is under way when the next begins
_VIEWPORT = ViewportSize(width=1200, height=900)
_VALUES = range(200, 30_000, 700)


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure both views in `dataapp` and in plain Panel, in turns with the raw query."""
    env = {"BENCHMARK_TRADES": os.pathsep.join(settings.trades())}
    turns = settings.repetitions(15)
    with (
        chromium() as browser,
        panel_serve(PAGES / "dataapp_page.py", env=env) as ours,
        panel_serve(PAGES / "panel_page.py", env=env) as plain,
    ):
        for show in ("table", "chart"):
            addresses = [ours.url(f"dataapp_page?show={show}"), plain.url(f"panel_page?show={show}")]
            yield from _figures(show, _measure_pages(browser, addresses, show, turns))


def _figures(show: str, taken: dict[str, Sample]) -> Iterator[Figure]:
    moved, raw, panel = taken["ours"], taken["raw"], taken["panel"]
    goal = Goal("1.05x raw + 60 ms", moved.median, 1.05 * raw.median + 60)
    result = f"{ratio(moved, raw):.2f}x, {added(moved, raw):+.0f} ms"
    note = f"fastest {min(moved.values):.0f} against {min(raw.values):.0f} ms"
    yield Figure(f"slider to {show}, against raw", moved, raw, result, goal, (note,))
    note = f"plain Panel against raw: {ratio(panel, raw):.2f}x, {added(panel, raw):+.0f} ms"
    yield compared(f"  {show}, against plain Panel", moved, panel, notes=(note,))


def _measure_pages(browser: Browser, addresses: list[str], show: str, turns: int) -> dict[str, Sample]:
    """Return the times from slider to screen of both pages, and those of the raw query, all in turns."""
    with ExitStack() as opened:
        pages = [
            open_page(opened.enter_context(browser.new_context(viewport=_VIEWPORT)), url, show) for url in addresses
        ]
        values = iter(_VALUES)

        def move(page: Page, value: int) -> float:
            taken = page.evaluate("([show, value]) => probe.move(show, value)", [show, value])
            page.wait_for_timeout(_PAUSE)
            return taken

        def ask(page: Page, value: int) -> float:
            taken = page.evaluate("value => probe.raw(value)", value)
            page.wait_for_timeout(_PAUSE)
            return taken

        steps: list[tuple[str, Callable[[int], float]]] = [
            ("ours", lambda value: move(pages[0], value)),
            ("raw", lambda value: ask(pages[0], value)),
            ("panel", lambda value: move(pages[1], value)),
        ]
        taken: dict[str, list[float]] = {name: [] for name, _ in steps}
        for turn in range(turns + 1):
            value = next(values)
            for name, step in steps if turn % 2 else reversed(steps):
                milliseconds = step(value)
                if turn:  # the first warms up
                    taken[name].append(milliseconds)
        return {name: Sample(tuple(found)) for name, found in taken.items()}


def open_page(context: BrowserContext, url: str, show: str) -> Page:
    page = context.new_page()
    page.goto(url)
    page.evaluate((PAGES / "probe.js").read_text("utf-8"))
    page.wait_for_function("show => probe.isReady(show)", arg=show, timeout=60_000)
    return page
