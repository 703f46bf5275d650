"""A slider over six bar charts: in `dataapp`, and as the same page in plain Panel, Streamlit and marimo.

All draw the same Altair charts of the same queries, and each bar carries its number. A move is over when the numbers
that DuckDB gives for the slider's value are on screen in all six, so whoever shows other numbers does not survive.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import duckdb
from playwright.sync_api import Browser, Error, Page, ViewportSize

from benchmarks.grown import trades_of
from benchmarks.memory import resident_mb
from benchmarks.pages import six_views
from benchmarks.peers_python import peers_python
from benchmarks.report import Figure
from benchmarks.serving import PAGES, Server, panel_serve, serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample

_PATIENCE = 30_000  # milliseconds for one move, after which a page has not survived
_STARTS_WITHIN = 300_000  # milliseconds until the first charts are there
_MOVES_A_SECOND = 30
_PAUSE = 300  # milliseconds between moves: nothing is under way when the next begins
_SHRINK = 10  # times fewer rows are tried, where a page has not survived
_LEAST_ROWS = 20_000
_VIEWPORT = ViewportSize(width=1500, height=1000)


@dataclass(frozen=True, slots=True)
class _Framework:
    """A framework: how its page is served, and whether it is no dependency of ours."""

    name: str
    serve: Callable[[Mapping[str, str]], AbstractContextManager[Server]]
    path: str = ""
    is_foreign: bool = False


def _ours(env: Mapping[str, str]) -> AbstractContextManager[Server]:
    return panel_serve(PAGES / "six_dataapp_page.py", env={**env, "DATAAPP_CUBES": str(512 * 2**20)})


def _without_cubes(env: Mapping[str, str]) -> AbstractContextManager[Server]:
    return panel_serve(PAGES / "six_dataapp_page.py", env={**env, "DATAAPP_CUBES": "0"})


def _panel(env: Mapping[str, str]) -> AbstractContextManager[Server]:
    return panel_serve(PAGES / "six_panel_page.py", env=env)


def _streamlit(env: Mapping[str, str]) -> AbstractContextManager[Server]:
    flags = ["--server.headless=true", "--browser.gatherUsageStats=false", "--server.fileWatcherType=none"]
    command = [str(peers_python()), "-m", "streamlit", "run", str(PAGES / "six_streamlit_page.py"), *flags]
    return serve(command, port_option="--server.port", env=env)


def _marimo(env: Mapping[str, str]) -> AbstractContextManager[Server]:
    page = str(PAGES / "six_marimo_page.py")
    command = [str(peers_python()), "-m", "marimo", "run", page, "--headless", "--no-token"]
    return serve(command, port_option="--port", env=env)


_FRAMEWORKS = (
    _Framework("dataapp", _ours, "six_dataapp_page"),
    _Framework("dataapp, without cubes", _without_cubes, "six_dataapp_page"),
    _Framework("plain Panel", _panel, "six_panel_page"),
    _Framework("Streamlit", _streamlit, is_foreign=True),
    _Framework("marimo", _marimo, is_foreign=True),
)


def measure_peers(browser: Browser, settings: Settings) -> Iterator[Figure]:
    """Measure the same page in every framework that is installed, on as many rows as it survives."""
    ours: Sample | None = None
    for framework in _FRAMEWORKS:
        if framework.is_foreign and peers_python() is None:
            continue
        rows = settings.rows
        while rows >= _LEAST_ROWS:
            try:
                figures = _measure(browser, framework, rows, settings, ours)
            except (Error, RuntimeError) as error:
                why = str(error).splitlines()[0][:120]
                print(f"{framework.name} did not survive {rows:,} rows: {why}", flush=True)
                rows //= _SHRINK
                continue
            ours = ours or figures[0].ours
            yield from figures
            break


def _measure(
    browser: Browser, framework: _Framework, rows: int, settings: Settings, ours: Sample | None
) -> Sequence[Figure]:
    files = trades_of(rows)
    turns, seconds = settings.repetitions(15), 3 if settings.is_quick else 5
    numbers = Numbers(files, turns + 8 + 2 * _MOVES_A_SECOND * seconds)
    env = {"BENCHMARK_TRADES": os.pathsep.join(files)}
    with framework.serve(env) as server, browser.new_context(viewport=_VIEWPORT) as context:
        page = context.new_page()
        page.set_default_timeout(_STARTS_WITHIN)
        page.add_init_script((PAGES / "drawn.js").read_text("utf-8"))
        page.goto(server.url(framework.path))
        _wait_for_charts(page, numbers)
        at = 0
        for _ in range(4):  # a cube is built meanwhile, if there are any
            at += 1
            _press(page, numbers, at)
            page.wait_for_timeout(2 * _PAUSE)
        if framework.name == "dataapp":
            page.evaluate("patience => drawn.facts(patience)", _STARTS_WITHIN)
        moves: list[float] = []
        for _ in range(turns):
            at += 1
            moves.append(_press(page, numbers, at))
            page.wait_for_timeout(_PAUSE)
        witnesses = [numbers.witnesses(step) for step in range(at + 1, numbers.steps)]
        told = page.evaluate("of => drawn.hold(...of)", [_MOVES_A_SECOND, seconds, witnesses, _PATIENCE])
        memory = resident_mb(server.pid)
    size = f"{rows / 1e6:g} million rows"
    sample = Sample(tuple(moves))
    times = "" if ours is None else f"{sample.median / ours.median:.1f}x dataapp"
    late = "not" if told["last"] is None else f"{told['last']:.0f} ms"
    limit = f" within {_PATIENCE / 1000:g} s" if told["last"] is None else ""
    notes = (f"the last of {told['moves']} moves in {told['seconds']:.1f} s was there {late} after them{limit}",)
    return (
        Figure(f"six views of a slider, {framework.name}, {size}", sample, result=times),
        Figure("  values on screen in all six", Sample((told["seen"] / told["seconds"],), "/s"), notes=notes),
        Figure("  memory of the server", Sample((memory,), "MB")),
    )


def _wait_for_charts(page: Page, numbers: "Numbers") -> None:
    wanted = [label for labels in numbers.labels(0).values() for label in labels]
    if page.evaluate("of => drawn.shows(...of)", [wanted, _STARTS_WITHIN]) is None:
        raise RuntimeError(f"the charts do not show the numbers that DuckDB gives: {_missing(page, wanted)}")


def _press(page: Page, numbers: "Numbers", at: int) -> float:
    wanted = numbers.changed(at)
    taken = page.evaluate("of => drawn.press(...of)", [wanted, _PATIENCE])
    if taken is None:
        raise RuntimeError(f"a move was not on screen within {_PATIENCE / 1000:g} s: {_missing(page, wanted)}")
    return taken


def _missing(page: Page, wanted: Sequence[str]) -> str:
    there = set(page.evaluate("drawn.texts()"))
    missing = [label for label in wanted if label not in there]
    return f"{len(missing)} of {len(wanted)} are missing, such as {missing[:3]}"


class Numbers:
    """What the six views show for the first values of the slider, of one query for each view.

    Args:
        files: Those of the trades.
        steps: For how many values.
    """

    def __init__(self, files: Sequence[str], steps: int) -> None:
        self.steps = steps
        connection = duckdb.connect()
        connection.execute(f"CREATE VIEW trades AS FROM read_parquet({list(files)})")
        self._values = {view: self._read(connection, *six_views.GROUPS[view]) for view in six_views.GROUPS}

    def _read(self, connection: duckdb.DuckDBPyConnection, name: str, value: str) -> list[dict[str, int]]:
        """Return the values of all groups by step: those of all trades that are as large, added up from the largest."""
        place = f"least(size // {six_views.STEP} - {six_views.FIRST // six_views.STEP}, {self.steps - 1})"
        found = connection.execute(
            f"SELECT {place} AS place, {name} AS name, ({value})::BIGINT FROM trades WHERE size >= {six_views.FIRST} "
            "GROUP BY ALL"
        ).fetchall()
        values: list[dict[str, int]] = [{} for _ in range(self.steps)]
        for place_, group, number in found:
            values[place_][group] = number
        for step in reversed(range(self.steps - 1)):
            for group, number in values[step + 1].items():
                values[step][group] = values[step].get(group, 0) + number
        return values

    def labels(self, step: int) -> dict[str, set[str]]:
        """Return the numbers of each view."""
        return {view: {str(value) for value in values[step].values()} for view, values in self._values.items()}

    def changed(self, step: int) -> list[str]:
        """Return the numbers that the views have at a step and did not have at the one before: some of each."""
        before, now = self.labels(step - 1), self.labels(step)
        changed = {view: now[view] - before[view] for view in now}
        if still := [view for view, labels in changed.items() if not labels]:
            raise ValueError(f"{', '.join(still)} show the same numbers at steps {step - 1} and {step}")
        return sorted(label for labels in changed.values() for label in labels)

    def witnesses(self, step: int) -> list[str]:
        """Return the largest number of each view: every step has others."""
        return [str(max(values[step].values())) for values in self._values.values()]
