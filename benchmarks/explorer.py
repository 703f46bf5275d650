"""The table explorer over ten columns in one file, and in many: how long a reader waits for rows, in a browser.

The page looks at every frame whether the rows that were asked for are on screen, none of their cells still waiting.
"""

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep

import duckdb
from playwright.sync_api import Browser, Page, ViewportSize

from benchmarks.explorer_data import table_of, tables_of
from benchmarks.explorer_peers import measure_peers
from benchmarks.memory import resident_mb, watched
from benchmarks.report import Figure, Goal, compared, within_ratio
from benchmarks.serving import PAGES, Server, chromium, panel_serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample
from benchmarks.wire import Wire

_VIEWPORT = ViewportSize(width=1400, height=900)
_HUGE = 100_000_000  # rows, where the disk has room for them
_ROOM = 12 * 2**30  # bytes on the disk
_FIRST_ROWS, _WINDOW, _JUMP, _SORT, _MEMORY = 500, 50, 300, 1.2, 300  # ms, ms, ms, times, MB
_SETTLES = 2000  # milliseconds
_PICTURES = 300  # ms, and for a profile's first figures
_RESTS = 400  # milliseconds that a pointer is on what it clicks
_PRESS = 80  # milliseconds that a mouse's button is down
_PAUSE = 0.15  # seconds between two pages of somebody who reads fast
_PAGE = 17  # rows
_SORTED = {  # and what they hold
    "price": "a number",
    "size": "a whole number",
    "fee": "a decimal",
    "settles": "a day",
    "at": "a time, as the rows lie",
    "note": "a text",
    "symbol": "one of eight texts",
}
_FILES = 50
_SIZES = (17, 170, 1700, 3400, 4700)  # each is that of one in five thousand rows


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure our explorer on the large table, and on a huge one; then Tabulator and marimo on what they survive."""
    sizes = [settings.rows]
    if not settings.is_quick and shutil.disk_usage(table_of(settings.rows)).free > _ROOM:
        sizes.append(_HUGE)
    with chromium() as browser:
        for rows in sizes:
            yield from _ours(browser, table_of(rows), rows, settings)
        yield from _many_files(browser, settings)
        yield from measure_peers(browser, settings.rows)


def _ours(browser: Browser, file: Path, rows: int, settings: Settings) -> Iterator[Figure]:
    size = f"{rows / 1e6:g} million rows"
    with panel_serve(PAGES / "explorer_page.py", env={"BENCHMARK_TABLE": str(file)}) as server:
        first, pictures, profile = _first_rows(browser, server, settings.repetitions(7))
        yield _within(f"{size}: first rows after the page", first, _FIRST_ROWS)
        yield _within(f"{size}: from them to a picture in each header", pictures, _PICTURES)
        yield _within(f"{size}: press to the profile of a column", profile, _PICTURES)
        with _opened(browser, server) as (page, wire):
            before = resident_mb(server.pid)
            jumps = _jumps(page, settings.repetitions(24))
            scrolled, bytes_ = _scroll(page, wire, settings.repetitions(60))
            yield _within(f"{size}: next page while scrolling", scrolled, _WINDOW)
            yield _within(f"{size}: jump", jumps, _JUMP)
            yield Figure(f"{size}: sent per window", bytes_)
            grown = resident_mb(server.pid) - before
            goal = Goal(f"at most {_MEMORY} MB", grown, _MEMORY)
            yield Figure(f"{size}: growth of the server, unsorted", Sample((grown,), "MB"), goal=goal)
            yield _filters(page, file, size)
        with _opened(browser, server) as (page, _wire):
            before = resident_mb(server.pid)
            with watched(server.pid) as peak:
                yield from _sorts(page, str(file), size, _SORTED, settings)
            yield Figure(f"{size}: growth of the server, sorted", Sample((resident_mb(server.pid) - before,), "MB"))
            yield Figure(f"{size}: at its peak", Sample((peak() - before,), "MB"))
    env = {"BENCHMARK_TABLE": str(file)}  # a new server has no order yet
    with panel_serve(PAGES / "explorer_page.py", env=env) as server, _opened(browser, server) as (page, _wire):
        yield from _presses(page, str(file), size, _SORTED)


def _many_files(browser: Browser, settings: Settings) -> Iterator[Figure]:
    """Measure what depends on in how many files the rows are."""
    pattern = tables_of(settings.rows, _FILES)
    size = f"{_FILES} files"
    with panel_serve(PAGES / "explorer_page.py", env={"BENCHMARK_TABLE": pattern}) as server:
        first, pictures, profile = _first_rows(browser, server, settings.repetitions(4))
        yield _within(f"{size}: first rows after the page", first, _FIRST_ROWS)
        yield _within(f"{size}: from them to a picture in each header", pictures, _PICTURES)
        yield _within(f"{size}: press to the profile of a column", profile, _PICTURES)
        with _opened(browser, server) as (page, _wire):
            yield _within(f"{size}: jump", _jumps(page, settings.repetitions(12)), _JUMP)
            yield from _sorts(page, pattern, size, ("price", "note"), settings)


def _first_rows(browser: Browser, server: Server, times: int) -> tuple[Sample, Sample, Sample]:
    """Return the times from a page's load to its rows, from those to the pictures of columns, and to a profile.

    The first page of all is not counted.
    """
    rows: list[float] = []
    pictures: list[float] = []
    profiles: list[float] = []
    for _ in range(times + 1):
        with _opened(browser, server) as (page, _wire):
            rows.append(page.evaluate("grid.afterLoad()"))
            pictures.append(page.evaluate("grid.pictured()"))
            profiles.append(page.evaluate("grid.profile('price')"))
    return Sample(tuple(rows[1:])), Sample(tuple(pictures[1:])), Sample(tuple(profiles[1:]))


@contextmanager
def _opened(browser: Browser, server: Server) -> Iterator[tuple[Page, Wire]]:
    with browser.new_context(viewport=_VIEWPORT) as context:
        page = context.new_page()
        page.add_init_script((PAGES / "grid.js").read_text("utf-8"))
        wire = Wire(page)
        page.wait_for_timeout(_SETTLES)  # a new window loads pages of the browser's own
        page.goto(server.url("explorer_page"), timeout=60_000)
        page.wait_for_function("grid.isReady() && grid.isCounted()", timeout=60_000)
        yield page, wire


def _jumps(page: Page, times: int) -> Sample:
    """Return the times of jumps to the middle, and to other places so that no window is there already."""
    found: list[float] = []
    for turn in range(times):
        found.append(page.evaluate("at => grid.jump(at)", 0.5 + (turn * 37 % 100 - 50) / 150))
        sleep(_PAUSE)
    return Sample(tuple(found))


def _scroll(page: Page, wire: Wire, times: int) -> tuple[Sample, Sample]:
    """Return the times of pages that follow each other, and the bytes of the windows that came."""
    page.evaluate("grid.jump(0.37)")
    sleep(1)
    before = wire.received
    found: list[float] = []
    for _ in range(times):
        found.append(page.evaluate("rows => grid.scroll(rows)", _PAGE))
        sleep(_PAUSE)
    windows = max(1, times * _PAGE // 128)
    return Sample(tuple(found)), Sample(((wire.received - before) / windows / 1000,), "kB")


def _sorts(page: Page, file: str, size: str, columns: Collection[str], settings: Settings) -> Iterator[Figure]:
    """Sort by one column after the other and jump in each order; DuckDB alone finds the first rows of the same one.

    First rows differ by a factor of fifty, so that what is compared is all of them together; each stands in a note. In
    reverse, each is compared by itself.
    """
    ours: list[float] = []
    raw: list[float] = []
    reversed_: list[tuple[float, float]] = []
    orders: list[float] = []
    connection = duckdb.connect()
    for column in columns:
        raw.append(_raw_sort(connection, file, f'"{column}"'))
        start = perf_counter()
        ours.append(page.evaluate("name => grid.sort(name)", column))
        page.wait_for_function("grid.isFresh()", timeout=600_000)
        orders.append(perf_counter() - start)
        jumps = _jumps(page, settings.repetitions(12))
        yield _within(f"{size}: jump, sorted by {column} ({_SORTED[column]})", jumps, _JUMP)
        page.evaluate("at => grid.jump(at)", 0)
        alone = _raw_sort(connection, file, f'"{column}" DESC')
        page.mouse.move(*page.evaluate("name => grid.placeOf(name)", column))
        page.wait_for_timeout(_RESTS)
        reversed_.append((page.evaluate("name => grid.sort(name)", column), alone))
        page.wait_for_function("grid.isFresh()", timeout=600_000)
        page.mouse.move(0, 0)
    each = [f"{column} {one:.0f} against {other:.0f} ms" for column, one, other in zip(columns, ours, raw, strict=True)]
    name = f"{size}: first rows after {len(ours)} sorts"
    yield within_ratio(name, Sample((sum(ours),)), Sample((sum(raw),)), at_most=_SORT, notes=each)
    yield _slowest(f"{size}: first rows after a sort, the pointer there before", columns, reversed_)
    note = ", ".join(f"{column} {seconds:.1f} s" for column, seconds in zip(columns, orders, strict=True))
    yield Figure(f"{size}: until all rows are in order", Sample((sum(orders),), "s"), notes=(note,))


def _presses(page: Page, file: str, size: str, columns: Collection[str]) -> Iterator[Figure]:
    """Sort with a mouse that presses what it comes to at once: a header, and an entry of its menu."""
    headers: list[tuple[float, float]] = []
    entries: list[tuple[float, float]] = []
    connection = duckdb.connect()
    for column in columns:
        alone = _raw_sort(connection, file, f'"{column}"')
        headers.append((_press(page, page.evaluate("name => grid.placeOf(name)", column)), alone))
        alone = _raw_sort(connection, file, f'"{column}" DESC')
        place = page.evaluate("name => grid.entryOf(name, 'Sort descending')", column)
        entries.append((_press(page, place), alone))
    yield _slowest(f"{size}: first rows after a press on a header", columns, headers)
    yield _slowest(f"{size}: first rows after a press in a column's menu", columns, entries)


def _press(page: Page, place: tuple[float, float]) -> float:
    """Return the milliseconds from the click that a press ends with to other rows; then wait until all are in order."""
    page.evaluate("grid.awaitPress()")
    page.mouse.move(*place)
    page.mouse.down()
    page.wait_for_timeout(_PRESS)
    page.mouse.up()
    found: float = page.evaluate("grid.rows")
    page.mouse.move(0, 0)
    page.wait_for_function("grid.isFresh()", timeout=600_000)
    return found


def _slowest(name: str, columns: Collection[str], pairs: Sequence[tuple[float, float]]) -> Figure:
    """Return the figure of the column that takes longest in terms of DuckDB alone; the others stand in notes."""
    each = [f"{column} {one:.0f} against {other:.0f} ms" for column, (one, other) in zip(columns, pairs, strict=True)]
    one, other = max(pairs, key=lambda pair: pair[0] / pair[1])
    name = f"{name}, the slowest of {len(pairs)}"
    return within_ratio(name, Sample((one,)), Sample((other,)), at_most=_SORT, notes=each)


def _raw_sort(connection: duckdb.DuckDBPyConnection, file: str, order: str) -> float:
    """Return how many milliseconds DuckDB alone takes for the first rows of an order."""
    start = perf_counter()
    connection.execute(f"FROM '{file}' ORDER BY {order} LIMIT 256").to_arrow_table()
    return 1000 * (perf_counter() - start)


def _filters(page: Page, file: Path, size: str) -> Figure:
    """Filter again and again, and let DuckDB alone find and count the rows of the same filter."""
    ours: list[float] = []
    raw: list[float] = []
    connection = duckdb.connect()
    for wanted in _SIZES:
        start = perf_counter()
        connection.execute(f"FROM '{file}' WHERE size = {wanted} LIMIT 256").to_arrow_table()
        raw.append(1000 * (perf_counter() - start))
        ours.append(page.evaluate("text => grid.filter('size', text)", f"= {wanted}"))
        page.wait_for_function("grid.isFresh()", timeout=600_000)
    return compared(f"{size}: filter to first rows", Sample(tuple(ours)), Sample(tuple(raw)))


def _within(what: str, sample: Sample, limit: float) -> Figure:
    note = f"fastest {min(sample.values):.0f} ms, slowest {max(sample.values):.0f} ms"
    return Figure(what, sample, None, "", Goal(f"at most {limit:g} ms", sample.median, limit), (note,))
