"""From a move of the slider to the new table or chart on screen.

The browser sets the slider's value and looks at every frame whether what it changes is there: in a table a cell that
holds the slider's value, in a chart other pixels. The raw query runs in turns with the moves, in the process that
serves the page, with the page open.
"""

import os
from collections.abc import Iterator

from playwright.sync_api import Browser, Page

from benchmarks.report import Figure, Goal, compared
from benchmarks.serving import PAGES, Server, chromium, panel_serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample, added, ratio

_PAUSE = 300  # milliseconds between moves: nothing is under way when the next begins
_VALUES = range(200, 30_000, 700)


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure both views in `dataapp` and in plain Panel."""
    env = {"BENCHMARK_TRADES": os.pathsep.join(settings.trades())}
    turns = settings.repetitions(15)
    ours: dict[str, Sample] = {}
    with chromium() as browser:
        with panel_serve(PAGES / "dataapp_page.py", env=env) as server:
            for show in ("table", "chart"):
                moved, raw = _measure_page(browser, server, "dataapp_page", show, turns)
                ours[show] = moved
                limit = 1.05 * raw.median + 60
                goal = Goal("1.05x raw + 60 ms", moved.median, limit)
                result = f"{ratio(moved, raw):.2f}x, {added(moved, raw):+.0f} ms"
                yield Figure(f"slider to {show}, against raw", moved, raw, result, goal)
        with panel_serve(PAGES / "panel_page.py", env=env) as server:
            for show in ("table", "chart"):
                moved, raw = _measure_page(browser, server, "panel_page", show, turns)
                notes = (f"plain Panel is {added(moved, raw):+.0f} ms over its raw query of {raw.median:.0f} ms",)
                yield compared(f"  {show}, against plain Panel", ours[show], moved, notes=notes)


def _measure_page(browser: Browser, server: Server, name: str, show: str, turns: int) -> tuple[Sample, Sample]:
    """Return the times from slider to screen, and those of the raw query in turns with them."""
    with browser.new_context(viewport={"width": 1200, "height": 900}) as context:
        page = context.new_page()
        page.goto(server.url(f"{name}?show={show}"))
        page.evaluate((PAGES / "probe.js").read_text("utf-8"))
        page.wait_for_function("show => probe.isReady(show)", arg=show, timeout=60_000)
        moved: list[float] = []
        raw: list[float] = []
        for turn, value in enumerate(_VALUES[: turns + 1]):
            page.wait_for_timeout(_PAUSE)
            taken = _take(page, show, value, is_raw_first=bool(turn % 2))
            if turn:  # the first warms up
                moved.append(taken[0])
                raw.append(taken[1])
    return Sample(tuple(moved)), Sample(tuple(raw))


def _take(page: Page, show: str, value: int, *, is_raw_first: bool) -> tuple[float, float]:
    def move() -> float:
        taken = page.evaluate("([show, value]) => probe.move(show, value)", [show, value])
        page.wait_for_timeout(_PAUSE)
        return taken

    def ask() -> float:
        taken = page.evaluate("value => probe.raw(value)", value)
        page.wait_for_timeout(_PAUSE)
        return taken

    if is_raw_first:
        raw = ask()
        return move(), raw
    return move(), ask()
