"""A slider that moves over an aggregate: answered by a cube, and by the plain query.

One page in a browser, from each move of the slider to the other picture on screen; and six views of one filter in a
live session without a screen, from the move until all six have their rows. Nothing is asked twice. The plain query
answers until a cube is there, so the slider first moves thrice and then rests.
"""

import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from time import sleep

import panel as pn
from playwright.sync_api import Browser

import dataapp as da
from benchmarks.report import Figure, Goal
from benchmarks.screen import open_page
from benchmarks.serving import PAGES, chromium, panel_serve
from benchmarks.settings import Settings
from benchmarks.sharing import Crowd
from benchmarks.timing import Sample, ratio, take_turns

_MEDIAN, _SLOWEST = 33.0, 60.0  # milliseconds: thirty pictures a second, and one frame in twenty that is late
_BYTES = 512 * 2**20
_RESTS = 20.0  # seconds in which cubes are built
_PAUSE = 100  # milliseconds between moves in the browser
_VIEWS = (
    "SELECT symbol, count(*) AS n, avg(price) AS price FROM chosen GROUP BY ALL",
    "SELECT date_trunc('week', ts) AS week, sum(size)::BIGINT AS volume FROM chosen GROUP BY ALL",
    "SELECT side, max(price) AS high, min(price) AS low FROM chosen GROUP BY ALL",
    "SELECT hour(ts) AS hour, count(*) AS n FROM chosen GROUP BY ALL",
    "SELECT floor(price / 10)::INTEGER AS bin, count(*) AS n FROM chosen GROUP BY ALL",
    "SELECT count(*) AS n, sum(size * price) AS worth, stddev(price) AS spread FROM chosen",
)


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure a page with and without cubes, then six views at once."""
    turns = settings.repetitions(60)
    with chromium() as browser:
        fast, raw = _page(browser, settings, str(_BYTES), turns)
        slow, _ = _page(browser, settings, "0", settings.repetitions(15))
    goal = Goal(f"at most {_MEDIAN:g} ms", fast.median, _MEDIAN)
    yield Figure("move to chart on screen, against raw", fast, raw, f"{ratio_of(fast, raw):.2f}x", goal)
    slowest = statistics.quantiles(fast.values, n=20, method="inclusive")[-1]
    goal = Goal(f"at most {_SLOWEST:g} ms", slowest, _SLOWEST)
    yield Figure("  95th percentile", Sample((slowest,)), goal=goal)
    yield Figure("  by the plain query", slow, raw, f"{ratio_of(slow, raw):.2f}x")
    yield from _six_views(settings)


def ratio_of(one: Sample, other: Sample) -> float:
    """Return how much longer one takes than another, both in the middle."""
    return one.median / other.median


def _page(browser: Browser, settings: Settings, cubes: str, turns: int) -> tuple[Sample, Sample]:
    """Return the times from moves of the slider to the other chart, and those of the raw query."""
    env = {"BENCHMARK_TRADES": os.pathsep.join(settings.trades()), "DATAAPP_CUBES": cubes}
    with panel_serve(PAGES / "dataapp_page.py", env=env) as server, browser.new_context() as context:
        page = open_page(context, server.url("dataapp_page?show=chart"), "chart")
        values = iter(range(300, 40_000, 300))
        for _ in range(3):
            page.evaluate("value => probe.move('chart', value)", next(values))
        sleep(_RESTS)
        moved: list[float] = []
        for _ in range(turns):
            moved.append(page.evaluate("value => probe.move('chart', value)", next(values)))
            page.wait_for_timeout(_PAUSE)
        raw = [page.evaluate("value => probe.raw(value)", next(values)) for _ in range(5)]
        return Sample(tuple(moved)), Sample(tuple(raw))


def _six_views(settings: Settings) -> Iterator[Figure]:
    trades = da.source(settings.trades())
    least = da.input(pn.widgets.IntSlider, start=0, end=40_000, step=100, value=0)
    chosen = da.sql("FROM trades WHERE size >= $least", trades=trades, least=least)
    views = [da.sql(text, chosen=chosen) for text in _VIEWS]
    with ExitStack() as opened:
        crowds = {
            "cubes": opened.enter_context(Crowd(1, views, least, cube_bytes=_BYTES)),
            "plain": opened.enter_context(Crowd(1, views, least, shares_scans=False)),
        }
        for step in (1, 2, 3):
            crowds["cubes"].set(100 * step)
        crowds["cubes"].engine.cubes.wait(60 * _RESTS)
        taken = take_turns(
            {
                "cubes": lambda turn: crowds["cubes"].set(100 * (turn + 10)),
                "plain": lambda turn: crowds["plain"].set(100 * (turn + 10)),
            },
            settings.repetitions(12),
        )
        cubes = [cube for view in views for cube in crowds["cubes"].cubes_of(view)]
        ready = [cube for cube in cubes if cube.state == "ready"]
        gain = 1 / ratio(taken["cubes"], taken["plain"])
        yield Figure(
            "six views of one filter, all of them", taken["cubes"], taken["plain"], f"{gain:.0f} times as fast"
        )
        yield Figure("  building a cube", Sample(tuple(1000 * cube.built for cube in ready)))
        size = sum(cube.bytes for cube in ready) / 2**20
        note = f"{len(ready)} of {len(cubes)} views have one; {sum(cube.rows for cube in ready):,} rows in all"
        yield Figure("  all of them in memory", Sample((size,), "MB"), notes=(note,))
