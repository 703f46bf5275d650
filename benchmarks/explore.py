"""`dataapp explore`: from its start to the first rows on screen, and from Ctrl-Enter to the rows of a query.

The page looks at every frame whether there are rows. What it found is compared with the start of the process by the
machine's clock, which the page and this process share.
"""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from time import time

import duckdb
from playwright.sync_api import Browser, Page, ViewportSize

from benchmarks.report import Figure, Goal
from benchmarks.serving import PAGES, chromium, panel_serve, serve
from benchmarks.settings import Settings, cache_folder
from benchmarks.timing import Sample, added, ratio

_COMMAND = (sys.executable, "-m", "dataapp", "explore")
_OPTIONS = ("--no-browser", "--no-token", "--no-history")
_GOAL = 3000  # milliseconds
_REPEATED = 5  # times the trades in the largest file
_PAUSE = 300  # milliseconds between runs: nothing is under way when the next begins
_VALUES = range(200, 30_000, 700)
_VIEWPORT = ViewportSize(width=1200, height=900)
_QUERY = """SELECT symbol, {least} AS least, count(*) AS trades, sum(size)::DOUBLE AS volume, max(price) AS high
FROM trades WHERE size >= {least} GROUP BY symbol ORDER BY symbol"""
_WATCH = """
(() => {
  const look = () => {
    if (probe.isReady("table")) window.rowsAt = performance.timeOrigin + performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""
_MOMENTS = """
() => {
  const {responseEnd, loadEventEnd} = performance.getEntriesByType("navigation")[0];
  return [performance.timeOrigin + responseEnd, performance.timeOrigin + loadEventEnd, window.rowsAt];
}
"""
_CTRL_ENTER = """
(least) => probe.move("table", least, () => {
  const find = (root) => {
    const found = root.querySelector(".cm-content");
    if (found) return found;
    for (const one of root.querySelectorAll("*")) {
      const inner = one.shadowRoot && find(one.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const key = {key: "Enter", code: "Enter", keyCode: 13, ctrlKey: true, bubbles: true, cancelable: true};
  find(document).dispatchEvent(new KeyboardEvent("keydown", key));
})
"""
_ENGINE = """
import sys
from time import perf_counter
start = perf_counter()
import duckdb
imported = perf_counter()
connection = duckdb.connect()
connection.execute(f"FROM '{sys.argv[1]}' LIMIT 256").to_arrow_table()
connection.execute(f"SELECT count(*) FROM '{sys.argv[1]}'").fetchall()
print(1000 * (imported - start), 1000 * (perf_counter() - imported))
"""


def measure(settings: Settings) -> Iterator[Figure]:
    """Start the command over files of each size, then run a query again and again over the smaller."""
    files = {settings.rows: _one_file(settings, 1)}
    if not settings.is_quick:
        files[settings.rows * _REPEATED] = _one_file(settings, _REPEATED)
    with chromium() as browser:
        for rows, file in files.items():
            yield _cold(browser, rows, file, settings.repetitions(5))
        yield _ctrl_enter(browser, files[settings.rows], settings.repetitions(15))


def _one_file(settings: Settings, times: int) -> Path:
    """Return all trades as one file, repeated so often; it is written when first asked for."""
    file = cache_folder() / f"one-file-{settings.rows * times}" / "trades.parquet"
    if not file.exists():
        trades = settings.trades() * times
        print(f"writing {settings.rows * times:,} trades to {file}", flush=True)
        file.parent.mkdir(exist_ok=True)
        partial = file.with_suffix(".partial")
        duckdb.connect().execute(f"COPY (FROM read_parquet({trades})) TO '{partial}' (FORMAT parquet)")
        partial.rename(file)
    return file


@dataclass(frozen=True, slots=True)
class Start:
    """What one start took, in milliseconds from the moment before to this one."""

    listening: float
    received: float
    loaded: float
    rows: float


@dataclass(frozen=True, slots=True)
class Alone:
    """The processor time of the command until it was ended, and what DuckDB takes without it; in milliseconds."""

    processor: float
    imported: float
    asked: float


def _cold(browser: Browser, rows: int, file: Path, repetitions: int) -> Figure:
    """Start the command again and again; the first is not counted, after which the files are in the system's cache."""
    starts, others = [], []
    for turn in range(repetitions + 1):
        before = _processor_of_children()
        start = _start(browser, file)
        processor = _processor_of_children() - before
        if turn:
            starts.append(start)
            others.append(Alone(processor, *_engine_alone(file)))
    whole = Sample(tuple(sum(astuple(start)) for start in starts))
    listening, received, loaded, shown = (Sample(part).median for part in zip(*map(astuple, starts), strict=True))
    processor, imported, asked = (Sample(part).median for part in zip(*map(astuple, others), strict=True))
    notes = (
        f"fastest {min(whole.values):.0f} ms; processor time of the server {processor:.0f} ms",
        f"listening after {listening:.0f} ms, page received +{received:.0f}, loaded +{loaded:.0f}, rows +{shown:.0f}",
        f"DuckDB alone, in a fresh process: {asked:.0f} ms for 256 rows and the count, imported in {imported:.0f} ms",
    )
    goal = Goal(f"{_GOAL / 1000:g} s", whole.median, _GOAL)
    return Figure(f"start to first rows, {rows / 1e6:g} million", whole, None, "", goal, notes)


def _start(browser: Browser, file: Path) -> Start:
    """Start the command, and open its page in a profile without a cache as soon as the server listens."""
    with browser.new_context(viewport=_VIEWPORT) as context:
        page = context.new_page()
        page.add_init_script((PAGES / "probe.js").read_text("utf-8") + _WATCH)
        begun = time()
        with serve([*_COMMAND, str(file), *_OPTIONS], port_option="--port", env={}) as server:
            listens = time()
            page.goto(server.url(""), timeout=60_000)
            page.wait_for_function("window.rowsAt", timeout=60_000)
            received, loaded, rows = page.evaluate(_MOMENTS)
        milliseconds = 1000 * (listens - begun)
        return Start(milliseconds, received - 1000 * listens, loaded - received, rows - loaded)


def _processor_of_children() -> float:
    """Return the milliseconds that processes computed which this one has started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (used.ru_utime + used.ru_stime)


def _engine_alone(file: Path) -> tuple[float, float]:
    """Return what DuckDB's import takes, and then what the page asks it, in a process of its own."""
    command = [sys.executable, "-c", _ENGINE, str(file)]
    imported, asked = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return float(imported), float(asked)


def _ctrl_enter(browser: Browser, file: Path, turns: int) -> Figure:
    """Run an aggregate query with another number each time, in turns with the same query by hand."""
    env = {"BENCHMARK_TRADES": str(file)}
    with browser.new_context(viewport=_VIEWPORT) as context, panel_serve(PAGES / "explore_page.py", env=env) as server:
        page = context.new_page()
        page.goto(server.url("explore_page"), timeout=60_000)
        page.evaluate((PAGES / "probe.js").read_text("utf-8"))
        page.wait_for_function("probe.isReady('table')", timeout=60_000)
        steps: dict[str, Callable[[int], float]] = {
            "ours": lambda least: _run(page, least),
            "raw": lambda least: page.evaluate("least => probe.raw(least)", least),
        }
        taken: dict[str, list[float]] = {name: [] for name in steps}
        for turn, least in zip(range(turns + 1), _VALUES, strict=False):
            for name in steps if turn % 2 else reversed(steps):
                milliseconds = steps[name](least)
                page.wait_for_timeout(_PAUSE)
                if turn:  # the first warms up
                    taken[name].append(milliseconds)
    ours, raw = (Sample(tuple(taken[name])) for name in steps)
    goal = Goal("1.05x raw + 60 ms", ours.median, 1.05 * raw.median + 60)
    note = f"fastest {min(ours.values):.0f} against {min(raw.values):.0f} ms"
    return Figure(
        "Ctrl-Enter to rows", ours, raw, f"{ratio(ours, raw):.2f}x, {added(ours, raw):+.0f} ms", goal, (note,)
    )


def _run(page: Page, least: int) -> float:
    """Write the query, wait until the page has looked at it, and return what Ctrl-Enter takes."""
    page.locator(".cm-content").fill(_QUERY.format(least=least))
    page.wait_for_timeout(_PAUSE)
    return page.evaluate(_CTRL_ENTER, least)
