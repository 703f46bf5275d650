"""A slider that moves over an aggregate: answered by a cube, and by the plain query.

One page in a browser, from each move of the slider to the other picture on screen; and views of one filter in a live
session without a screen, from the move until all have their rows: six, and two histograms as Mosaic has measured them.
Over 20 million rows, over 100 million where the disk has room, and over a billion where they have been written. Nothing
is asked twice. The plain query answers until a cube is there, so the slider first moves thrice and then rests.
"""

import math
import os
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import panel as pn
from playwright.sync_api import Browser
from polars.testing import assert_frame_equal

import dataapp as da
from benchmarks.grown import BILLION, has_room, large_trades, trades_of
from benchmarks.report import Figure, Goal
from benchmarks.screen import open_page
from benchmarks.serving import PAGES, SLIDER, chromium, panel_serve
from benchmarks.settings import Settings
from benchmarks.sharing import Crowd
from benchmarks.timing import Sample, take_turns

_MEDIAN, _SLOWEST = 33.0, 60.0  # milliseconds: thirty pictures a second, and one frame in twenty that is late
_RATE = 30.0  # updates a second
_BYTES = 512 * 2**20
_BUILT_WITHIN = 1200.0  # seconds
_PAUSE = 100  # milliseconds between moves in the browser
_HUGE = 100_000_000  # rows, where the disk has room for them
_ROOM = 3.0  # GB on the disk
_CHASED = 24  # moves without a pause
_DRAGGED = 240  # frames
_WARM = 3  # moves before a cube is waited for
_MOSAIC = {  # rows: ours, theirs, and milliseconds of a move's queries in their database and of the cubes' building
    20_000_000: ("10 million", 2.2, 70),
    _HUGE: ("100 million", 1.6, 589),
    BILLION: ("1 billion", 1.3, 8070),
}
_HISTOGRAMS = (
    "SELECT floor(price / 10)::INTEGER AS bin, count(*) AS n FROM chosen GROUP BY ALL",
    "SELECT hour(ts) AS hour, count(*) AS n FROM chosen GROUP BY ALL",
)
_VIEWS = (
    "SELECT symbol, count(*) AS n, avg(price) AS price FROM chosen GROUP BY ALL",
    "SELECT date_trunc('week', ts) AS week, sum(size)::BIGINT AS volume FROM chosen GROUP BY ALL",
    "SELECT side, max(price) AS high, min(price) AS low FROM chosen GROUP BY ALL",
    "SELECT hour(ts) AS hour, count(*) AS n FROM chosen GROUP BY ALL",
    "SELECT floor(price / 10)::INTEGER AS bin, count(*) AS n FROM chosen GROUP BY ALL",
    "SELECT count(*) AS n, sum(size * price) AS worth, stddev(price) AS spread FROM chosen",
)


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure a page with and without cubes, then views of one filter at once, on each size that there is."""
    sizes = {settings.rows: settings.trades()}
    if not settings.is_quick and has_room(_ROOM):
        sizes[_HUGE] = trades_of(_HUGE)
    if not settings.is_quick and (files := large_trades()) is not None:
        sizes[BILLION] = files
    for rows, files in sizes.items():
        with chromium() as browser:
            yield from _on_screen(browser, settings, rows, files)
        # Playwright's event loop has ended: sessions of this thread would wait for it.
        yield from _six_views(settings, rows, files)
        yield from _histograms(settings, rows, files)


def _on_screen(browser: Browser, settings: Settings, rows: int, files: Sequence[str]) -> Iterator[Figure]:
    is_huge = rows >= _HUGE
    fast, raw, (rate, dragged), cubes = _page(
        browser, files, str(_BYTES), settings.repetitions(60), 2 if is_huge else 5
    )
    slow, _, (slow_rate, slow_dragged), _ = _page(browser, files, "0", 3 if is_huge else settings.repetitions(15), 1)
    size = _size(rows)
    goal = Goal(f"at most {_MEDIAN:g} ms", fast.median, _MEDIAN)
    yield Figure(f"{size}: move to chart on screen, against raw", fast, raw, f"{ratio_of(fast, raw):.2f}x", goal)
    slowest = statistics.quantiles(fast.values, n=20, method="inclusive")[-1]
    goal = Goal(f"at most {_SLOWEST:g} ms", slowest, _SLOWEST)
    yield Figure("  95th percentile", Sample((slowest,)), goal=goal)
    goal = Goal(f"at least {_RATE:g} a second", 1000 / dragged if dragged else math.inf, 1000 / _RATE)
    yield Figure("  updates while it is dragged", Sample((dragged,), "/s"), Sample((slow_dragged,), "/s"), goal=goal)
    yield Figure("  updates, each after the one before", Sample((rate,), "/s"), Sample((slow_rate,), "/s"))
    gain = f"cubes {ratio_of(slow, fast):.1f} times as fast"
    yield Figure("  by the plain query", slow, raw, f"{ratio_of(slow, raw):.2f}x", notes=(gain,))
    ready = [cube for cube in cubes if cube["state"] == "ready"]
    if not ready:
        raise RuntimeError(f"there is no cube: {'; '.join(str(cube['why']) for cube in cubes)}")
    note = f"{sum(cube['bytes'] for cube in ready) / 2**20:.1f} MB; {sum(cube['rows'] for cube in ready):,} rows"
    yield Figure("  building the cube", Sample(tuple(1000 * cube["built"] for cube in ready)), notes=(note,))


def _size(rows: int) -> str:
    return f"{rows / 1e6:g} million" if rows < BILLION else "1 billion"


def ratio_of(one: Sample, other: Sample) -> float:
    """Return how much longer one takes than another, both in the middle."""
    return one.median / other.median


def _page(
    browser: Browser, files: Sequence[str], cubes: str, turns: int, raw_turns: int
) -> tuple[Sample, Sample, tuple[float, float], Sequence[dict[str, Any]]]:
    """Return the times from moves of the slider to the other chart, and those of the raw query.

    Beside them, how many moves a second there were without a pause, how many charts while the slider moved in each
    frame, and what cubes.
    """
    env = {"BENCHMARK_TRADES": os.pathsep.join(files), "DATAAPP_CUBES": cubes}
    with panel_serve(PAGES / "dataapp_page.py", env=env) as server, browser.new_context() as context:
        page = open_page(context, server.url("dataapp_page?show=chart"), "chart")
        page.locator(SLIDER).hover()  # as whoever moves it does
        values = iter(range(300, 40_000, 300))
        for _ in range(_WARM):
            page.evaluate("value => probe.move('chart', value)", next(values))
        page.evaluate("probe.facts(1)")
        moved: list[float] = []
        for _ in range(turns):
            moved.append(page.evaluate("value => probe.move('chart', value)", next(values)))
            page.wait_for_timeout(_PAUSE)
        chased = [next(values) for _ in range(min(turns, _CHASED))]
        rate = len(chased) / page.evaluate("values => probe.chase('chart', values)", chased)
        dragged = page.evaluate("values => probe.drag('chart', values)", [*range(300, 300 + 100 * _DRAGGED, 100)])
        raw = [page.evaluate("value => probe.raw(value)", next(values)) for _ in range(raw_turns)]
        return Sample(tuple(moved)), Sample(tuple(raw)), (rate, dragged), page.evaluate("probe.facts(2)")


def _six_views(settings: Settings, rows: int, files: Sequence[str]) -> Iterator[Figure]:
    plain_turns = 1 if rows >= BILLION else 3 if rows >= _HUGE else settings.repetitions(12)
    with ExitStack() as opened:
        fast, views = _crowd(opened, files, _VIEWS, cube_bytes=_BYTES)
        slow, _ = _crowd(opened, files, _VIEWS, shares_scans=False)
        _build(fast)
        taken = take_turns(
            {"cubes": lambda turn: fast.set(_value(turn)), "plain": lambda turn: slow.set(_value(turn))}, plain_turns
        )
        for one, other in zip(fast.frames(), slow.frames(), strict=True):  # sums of floats are added in another order
            assert_frame_equal(one, other, check_row_order=False, check_exact=False, rel_tol=1e-9)
        cubes = [cube for view in views for cube in fast.cubes_of(view)]
        ready = [cube for cube in cubes if cube.state == "ready"]
        gain = f"{ratio_of(taken['plain'], taken['cubes']):.0f} times as fast"
        name = f"{_size(rows)}: six views of one filter, all of them"
        yield Figure(name, taken["cubes"], taken["plain"], gain)
        if not ready:
            raise RuntimeError(f"there is no cube: {'; '.join(cube.why for cube in cubes)}")
        yield Figure("  building a cube", Sample(tuple(1000 * cube.built for cube in ready)))
        size = sum(cube.bytes for cube in ready) / 2**20
        note = f"{len(ready)} of {len(cubes)} views have one; {sum(cube.rows for cube in ready):,} rows in all"
        yield Figure("  all of them in memory", Sample((size,), "MB"), notes=(note,))


def _histograms(settings: Settings, rows: int, files: Sequence[str]) -> Iterator[Figure]:
    """Measure what Mosaic's authors have measured: the queries of a move for two histograms, and their cubes."""
    turns = settings.repetitions(60)
    with ExitStack() as opened:
        crowd, views = _crowd(opened, files, _HISTOGRAMS, cube_bytes=_BYTES)
        _build(crowd)
        each: list[float] = []
        for turn in range(turns):
            crowd.set(_value(turn))
            each.append(sum(crowd.milliseconds(len(views))))
        built = sum(1000 * cube.built for view in views for cube in crowd.cubes_of(view))
        ready = [cube.state for view in views for cube in crowd.cubes_of(view)]
        if ready != ["ready"] * len(views):
            raise RuntimeError(f"the histograms have no cubes: {ready}")
    theirs = _MOSAIC.get(rows)
    published = () if theirs is None else (f"Mosaic, {theirs[0]} rows, as published: {theirs[1]:g} ms",)
    yield Figure(f"{_size(rows)}: two histograms of one filter, in the engine", Sample(tuple(each)), notes=published)
    published = () if theirs is None else (f"Mosaic, {theirs[0]} rows, as published: {theirs[2]:,} ms",)
    yield Figure("  building their cubes", Sample((built,)), notes=published)


def _crowd(opened: ExitStack, files: Sequence[str], texts: Sequence[str], **options: Any) -> tuple[Crowd, list[Any]]:
    """Return a session that shows views of the trades of some size or more, and these views."""
    trades = da.source(list(files))
    least = da.input(pn.widgets.IntSlider, start=0, end=40_000, step=100, value=0)
    chosen = da.sql("FROM trades WHERE size >= $least", trades=trades, least=least)
    views = [da.sql(text, chosen=chosen) for text in texts]
    return opened.enter_context(Crowd(1, views, least, **options)), views


def _build(crowd: Crowd) -> None:
    """Move thrice, and wait until all cubes are there."""
    for step in range(1, _WARM + 1):
        crowd.set(100 * step)
    crowd.engine.cubes.wait(_BUILT_WITHIN)


def _value(turn: int) -> int:
    return 100 * (turn + 10)
