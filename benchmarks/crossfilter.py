"""Six views that filter each other in a browser: a brush is dragged in one, and all others follow.

Over flights and over trades, by cubes and by plain queries, which have to draw the same pictures in the end; by two
sessions of one server at once, in different views; and six views of one slider, beside the same page in other
frameworks.
"""

import os
import statistics
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Error, Page, ViewportSize

from benchmarks.crossfilter_peers import measure_peers
from benchmarks.grown import flights_of
from benchmarks.report import Figure, Goal
from benchmarks.serving import PAGES, Server, chromium, panel_serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample

_MEDIAN, _SLOWEST = 33.0, 60.0  # milliseconds: thirty pictures a second, and one frame in twenty that is late
_RATE, _RATE_OF_TWO = 30.0, 20.0  # updates a second, by one session and by each of two
_CUBES = str(512 * 2**20)
_VIEWS = 6
_BRUSHED, _OTHER = 0, 1  # views: what the first session drags in, and the second
_LOW, _HIGH = 0.3, 0.8  # where the brush begins, and how far it goes, of the width of a chart
_PIXELS = 2  # per move
_ROUNDS = 3  # of moves and waits, after which all cubes are there
_MOVES_A_SECOND = 60
_PATIENCE = 120_000  # milliseconds
_QUIET = 1500  # milliseconds without another picture: nothing is under way
_REST = 0.6  # of where the brush may go to: there it stays in the end
_SAME = 3.0  # of 255: how much the ink in a square of 8 by 8 pixels may differ; a bar's edge is many times that
_FOLLOWED = "before => drawn.changes().filter((now, at) => now > before[at]).length > 1"
_VIEWPORT = ViewportSize(width=1350, height=900)


@dataclass(frozen=True, slots=True)
class _Drag:
    """What was found while a brush was dragged.

    Attributes:
        moves: Milliseconds from each move to another picture of the last of the other views, one move at a time.
        rate: How many pictures a second the slowest view had during a drag without pause.
        ink: What all views showed in the end.
        cubes: What cubes there were.
    """

    moves: Sample
    rate: float
    ink: Sequence[Sequence[float]]
    cubes: Sequence[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure linked views of flights and of trades, then six views of one slider in several frameworks."""
    with chromium() as browser:
        for what, files in (("flights", flights_of(settings.rows)), ("trades", settings.trades())):
            yield from _linked(browser, settings, what, files)
        yield from measure_peers(browser, settings)


def _linked(browser: Browser, settings: Settings, what: str, files: Sequence[str]) -> Iterator[Figure]:
    seconds = 3 if settings.is_quick else 10
    with _served(files, _CUBES) as server:
        fast = _drag(browser, server, what, settings.repetitions(60), seconds)
        both = _two_sessions(browser, server, what, seconds)
    with _served(files, "0") as server:
        slow = _drag(browser, server, what, settings.repetitions(9), seconds)
    different = [
        at
        for at, (one, other) in enumerate(zip(fast.ink, slow.ink, strict=True))
        if len(one) != len(other) or any(abs(a - b) > _SAME for a, b in zip(one, other, strict=True))
    ]
    if different:
        raise RuntimeError(f"{what}: cubes and plain queries drew other pictures, in views {different}")
    gain = f"{slow.moves.median / fast.moves.median:.1f} times as fast"
    goal = Goal(f"at most {_MEDIAN:g} ms", fast.moves.median, _MEDIAN)
    yield Figure(
        f"{what}: move of a brush to the last view", fast.moves, slow.moves, gain, goal, _cube_notes(fast.cubes)
    )
    slowest = statistics.quantiles(fast.moves.values, n=20, method="inclusive")[-1]
    yield Figure("  95th percentile", Sample((slowest,)), goal=Goal(f"at most {_SLOWEST:g} ms", slowest, _SLOWEST))
    yield _rate("  updates of the slowest view", fast.rate, _RATE, Sample((slow.rate,), "/s"))
    for which, (rate, notes) in zip(("first", "second"), both, strict=True):
        yield _rate(f"  two sessions at once, the {which}", rate, _RATE_OF_TWO, notes=notes)


def _rate(what: str, rate: float, least: float, other: Sample | None = None, notes: Sequence[str] = ()) -> Figure:
    """Return a figure of updates a second. What is held against the goal is the time between two."""
    goal = Goal(f"at least {least:g} a second", 1000 / rate if rate else float("inf"), 1000 / least)
    return Figure(what, Sample((rate,), "/s"), other, "", goal, notes)


def _cube_notes(cubes: Sequence[dict[str, Any]]) -> Sequence[str]:
    ready = [cube for cube in cubes if cube["state"] == "ready" and cube["rows"]]
    size, built = sum(cube["bytes"] for cube in ready) / 2**20, sum(cube["built"] for cube in ready)
    largest = max((cube["built"] for cube in ready), default=0.0)
    text = f"{len(ready)} cubes, {size:.1f} MB, built in {built:.2f} s, the slowest in {largest:.2f} s"
    misfits = {cube["why"] for cube in cubes if cube["state"] == "unfit"}
    return (text, *(f"no cube: {why}" for why in sorted(misfits)))


def _served(files: Sequence[str], cubes: str) -> Any:
    env = {"BENCHMARK_TABLE": os.pathsep.join(files), "DATAAPP_CUBES": cubes}
    return panel_serve(PAGES / "crossfilter_page.py", env=env)


@contextmanager
def _opened(browser: Browser, server: Server, what: str) -> Generator[Page]:
    with browser.new_context(viewport=_VIEWPORT) as context:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.add_init_script((PAGES / "drawn.js").read_text("utf-8"))
        page.goto(server.url(f"crossfilter_page?of={what}"))
        page.wait_for_function("views => drawn.charts() === views", arg=_VIEWS)
        page.wait_for_function("drawn.changes().every((one) => one > 0)")
        page.evaluate("quiet => drawn.rests(quiet)", _QUIET)
        yield page


def _grab(page: Page, view: int) -> list[dict[str, Any]]:
    """Begin to drag in a view, and wait until the cubes for that are built; return what there is."""
    cubes: list[dict[str, Any]] = []
    for _ in range(_ROUNDS):  # a chart that is still being laid out slips away below the pointer
        before = page.evaluate("drawn.changes()")
        page.evaluate("of => drawn.grab(...of)", [view, _LOW, _HIGH, _PIXELS])
        try:
            page.wait_for_function(_FOLLOWED, arg=before, timeout=_PATIENCE / 4)
            break
        except Error:
            page.evaluate("drawn.release()")
    else:
        raise RuntimeError("no view follows the brush")
    for _ in range(_ROUNDS):
        for _ in range(2):
            _move(page)
        page.evaluate("quiet => drawn.rests(quiet)", _QUIET / 3)
        cubes = _facts(page)
    return cubes


def _facts(page: Page) -> list[dict[str, Any]]:
    """Wait until no cube is being built, and return what there is."""
    return page.evaluate("patience => drawn.facts(patience)", 10 * _PATIENCE)


def _move(page: Page) -> float:
    taken = page.evaluate("patience => drawn.move(patience)", _PATIENCE)
    if taken is None:
        raise RuntimeError("a view did not follow the brush")
    return taken


def _drag(browser: Browser, server: Server, what: str, turns: int, seconds: int) -> _Drag:
    with _opened(browser, server, what) as page:
        _grab(page, _BRUSHED)
        moves: list[float] = []
        for _ in range(turns):
            moves.append(_move(page))
            page.wait_for_timeout(100)
        page.evaluate("of => drawn.start(...of)", [_MOVES_A_SECOND, seconds])
        rate, _ = _told(page.evaluate("drawn.result()"))
        cubes = _facts(page)
        page.evaluate("at => drawn.place(at)", _REST)
        page.evaluate("quiet => drawn.rests(quiet)", 3 * _QUIET)
        return _Drag(Sample(tuple(moves)), rate, page.evaluate("drawn.ink()"), cubes)


def _two_sessions(browser: Browser, server: Server, what: str, seconds: int) -> Sequence[tuple[float, Sequence[str]]]:
    """Drag in one view in a session, and in another in a second one; return the updates a second of each, and notes."""
    with _opened(browser, server, what) as first, _opened(browser, server, what) as second:
        for page, view in ((first, _BRUSHED), (second, _OTHER)):
            _grab(page, view)
        for page in (first, second):
            page.evaluate("of => drawn.start(...of)", [_MOVES_A_SECOND, seconds])
        return [_told(page.evaluate("drawn.result()")) for page in (first, second)]


def _told(told: dict[str, Any]) -> tuple[float, Sequence[str]]:
    """Return the updates a second of the slowest view, and what tells where they were lost."""
    pictures: list[int] = told["pictures"]
    note = f"{told['moves']} moves in {told['seconds']:.1f} s; pictures of the other views: {sorted(pictures)}"
    return min(pictures) / told["seconds"], (note,)
