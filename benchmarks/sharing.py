"""What is asked again, or by many: one run serves all, where that is cheaper.

Every session is live, with worker threads and without a screen. A value is used for one turn only, so that what is
shared within a turn was not there before it.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from time import perf_counter
from typing import Any, cast

import panel as pn
import polars as pl

import dataapp as da
from benchmarks.report import Figure, Goal, within_added, within_ratio
from benchmarks.settings import Settings, forget_results
from benchmarks.timing import Sample, ratio, take_turns
from dataapp.cache.results import Results
from dataapp.cells.input import InputCell
from dataapp.engines.cube import Cube
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime.frames import Frame
from dataapp.runtime.outcomes import Done
from dataapp.runtime.pool import ThreadPool
from dataapp.runtime.session import Session
from dataapp.runtime.tables import cell_key

_SESSIONS = 100
_BUDGET = 256 * 2**20
TOTALS = """
    SELECT symbol, CAST(ts AS DATE) AS day, max(price) AS high, sum(size)::BIGINT AS volume
    FROM trades WHERE size <> $least GROUP BY ALL
"""
FEW = "FROM trades WHERE size >= $least"
FEW_READERS = (
    "SELECT symbol, sum(size)::DOUBLE AS volume, $top AS top FROM few GROUP BY ALL",
    "SELECT CAST(ts AS DATE) AS day, avg(price) AS price, $top AS top FROM few GROUP BY ALL",
    "SELECT side, count(*) AS trades, $top AS top FROM few GROUP BY ALL",
)
_FEW_FROM = 60_000  # shares: one trade in fifty is as large
_LEARNS = 6  # moves
READERS = (
    "SELECT symbol, max(high) AS high FROM totals GROUP BY ALL",
    "SELECT day, sum(volume)::BIGINT AS volume FROM totals GROUP BY ALL",
    "SELECT count(*) AS days FROM totals",
    "FROM totals WHERE high > 100",
    "SELECT symbol, min(day) AS first_day FROM totals GROUP BY ALL",
    "SELECT symbol, sum(volume)::BIGINT AS volume FROM totals GROUP BY ALL",
)


FIGURES = (
    "SELECT symbol, count(*) AS trades FROM chosen GROUP BY ALL HAVING count(*) > 9",
    "SELECT symbol, sum(size * price) AS worth, avg(price) AS price FROM chosen GROUP BY ALL",
    "SELECT symbol, max(price) AS high, min(price) AS low FROM chosen GROUP BY ALL",
    "SELECT symbol, sum(size)::BIGINT AS volume FROM chosen GROUP BY ALL ORDER BY volume DESC LIMIT 9",
    "SELECT symbol, stddev(price) AS spread FROM chosen GROUP BY ALL",
)


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure readers of one aggregate, a question that was asked before, and many who ask at once."""
    trades = da.source(settings.trades())
    least = da.input(pn.widgets.IntSlider, start=0, end=1_000_000, value=0)
    totals = da.sql(TOTALS, trades=trades, least=least)
    readers = [da.sql(text, totals=totals) for text in READERS]
    turns = settings.repetitions(12)
    yield from _six_readers(readers, least, turns)
    yield _figures(trades, turns)
    yield from _chosen(trades, settings.repetitions(8))
    yield _asked_again(totals, turns)
    yield _many_sessions(totals, least, settings.repetitions(6))


def _six_readers(readers: Sequence[Any], least: InputCell, turns: int) -> Iterator[Figure]:
    with ExitStack() as opened:
        six, one = (opened.enter_context(Crowd(1, cells, least)) for cells in (readers, readers[:1]))
        taken = take_turns(
            {"six": lambda turn: six.set(_value(turn)), "one": lambda turn: one.set(_value(turn))}, turns
        )
    yield within_ratio("six readers of one aggregate, against one", taken["six"], taken["one"], at_most=1.3)


def _figures(trades: Any, turns: int) -> Figure:
    """Let five figures of the same groups over one filter be answered by one scan, and each by its own."""
    least = da.input(pn.widgets.IntSlider, start=0, end=1_000_000, value=0)
    chosen = da.sql("FROM trades WHERE size >= $least", trades=trades, least=least, materialize=False)
    cells = [da.sql(text, chosen=chosen) for text in FIGURES]
    with ExitStack() as opened:
        together, apart = (opened.enter_context(Crowd(1, cells, least, shares_scans=on)) for on in (True, False))
        for crowd in (together, apart):
            crowd.set(1)
        before = together.engine.scans.count
        taken = take_turns(
            {"together": lambda turn: together.set(_value(turn)), "apart": lambda turn: apart.set(_value(turn))}, turns
        )
        notes = (f"{together.engine.scans.count - before} scans for several in {turns} moves",)
    times = ratio(taken["apart"], taken["together"])
    return Figure(
        "five figures of the same groups over one filter, by one scan",
        taken["together"],
        taken["apart"],
        f"{times:.1f} times as fast",
        notes=notes,
    )


def _chosen(trades: Any, turns: int) -> Iterator[Figure]:
    """Let three readers share a filter that leaves few rows, with rows kept or not as measured, never, and always."""
    least = da.input(pn.widgets.IntSlider, start=0, end=1_000_000, value=_FEW_FROM)
    top = da.input(pn.widgets.IntSlider, start=0, end=1_000_000, value=0)
    ways: dict[str, Any] = {"chosen": "auto", "never": False, "always": True}
    with ExitStack() as opened:
        crowds: dict[str, dict[str, Crowd]] = {"the filter": {}, "what reads it": {}}
        for moved, known in crowds.items():
            for way, materialize in ways.items():
                few = da.sql(FEW, trades=trades, least=least, materialize=materialize)
                cells = [da.sql(text, few=few, top=top) for text in FEW_READERS]
                known[way] = opened.enter_context(Crowd(1, cells, least if moved == "the filter" else top))
        for moved, known in crowds.items():
            first = _FEW_FROM if moved == "the filter" else 0
            for turn in range(_LEARNS):
                known["chosen"].set(first + _value(turn))
            moves = {way: partial(_move, crowd, first + _value(_LEARNS)) for way, crowd in known.items()}
            taken = take_turns(moves, turns)
            better = min("never", "always", key=lambda way: taken[way].median)
            notes = [f"never keeping {taken['never'].median:.0f} ms, always {taken['always'].median:.0f} ms"]
            notes += [f"chosen last: {why}" for why in known["chosen"].choices()]
            what = f"rows kept as measured, moving {moved}"
            yield within_added(what, taken["chosen"], taken[better], share=0.3, at_most=5, notes=notes)


def _move(crowd: "Crowd", first: int, turn: int) -> None:
    crowd.set(first + _value(turn))


def _asked_again(totals: Any, turns: int) -> Figure:
    def ask(_: int) -> None:
        totals.evaluate(least=-1)

    def first(turn: int) -> None:
        forget_results()
        ask(turn)

    ask(0)
    taken = take_turns({"again": ask, "first": first}, turns)
    again = taken["again"]
    goal = Goal("at most 2 ms", again.median, 2)
    return Figure("evaluate, asked before", again, taken["first"], f"{ratio(again, taken['first']):.3f}x", goal)


def _many_sessions(totals: Any, least: InputCell, turns: int) -> Figure:
    with ExitStack() as opened:
        many, one = (opened.enter_context(Crowd(count, [totals], least)) for count in (_SESSIONS, 1))
        taken = take_turns(
            {"many": lambda turn: many.set(_value(turn)), "one": lambda turn: one.set(_value(turn))}, turns
        )
        used = Sample(many.milliseconds(turns)), Sample(one.milliseconds(turns))
        runs = len(many.results.seconds) - 2  # without those of the start and the warm-up
    times = ratio(used[0], used[1])
    goal = Goal("at most 1.2x in engine time", times, 1.2)
    shown = f"all {_SESSIONS} show it after {taken['many'].median:.0f} ms, one alone after {taken['one'].median:.0f} ms"
    notes = (f"{runs} runs for {turns} values", shown)
    return Figure(f"{_SESSIONS} identical sessions, against one", used[0], used[1], f"{times:.2f}x", goal, notes)


def _value(turn: int) -> int:
    return 100 * (turn + 1)


class TimedResults(Results):
    """Results, and how long each took to make."""

    def __init__(self) -> None:
        super().__init__(_BUDGET)
        self.seconds: list[float] = []

    def get(
        self, key: Any, make: Any, size: Any, is_cancelled: Any = lambda: False, lasting_key: str | None = None
    ) -> Any:
        """See `Results.get`."""

        def timed() -> Any:
            start = perf_counter()
            made = make()
            self.seconds.append(perf_counter() - start)
            return made

        return super().get(key, timed, size, is_cancelled, lasting_key)


class Crowd:
    """Sessions that show the same cells, on an engine of their own."""

    def __init__(
        self, count: int, cells: Sequence[Any], moved: InputCell, *, cube_bytes: int = 0, shares_scans: bool = True
    ) -> None:
        self._moved = moved
        self.results = TimedResults()
        self._told = threading.Event()
        self.engine, pool = DuckDB(self.results, cube_bytes=cube_bytes, shares_scans=shares_scans), ThreadPool()
        self._cells = cells
        self._sessions = [Session(self.engine, pool.lane()) for _ in range(count)]
        self._demands = [session.demand(cell, "frame", self._told.set) for session in self._sessions for cell in cells]
        self._wait()

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *error: object) -> None:
        for session in self._sessions:
            session.close()

    def choices(self) -> list[str]:
        """Why rows of what the cells read are kept or not."""
        read = {cell_key(one) for cell in self._cells for one in cell.namespace.bindings.values()}
        chosen = [self.engine.measured.chosen(key) for key in read]
        return [one.why for one in chosen if one is not None]

    def cubes_of(self, cell: Any) -> Sequence[Cube]:
        """The cubes that answer for a cell."""
        return self.engine.cubes.of(cell_key(cell))

    def frames(self) -> list[pl.DataFrame]:
        """The rows of all cells, session by session."""
        values = [cast("Done", demand.look().outcome).value for demand in self._demands]
        return [cast("pl.DataFrame", pl.from_arrow(cast("Frame", value).rows)) for value in values]

    def milliseconds(self, turns: int) -> tuple[float, ...]:
        """How long the latest results took to make."""
        return tuple(1000 * seconds for seconds in self.results.seconds[-turns:])

    def set(self, value: int) -> None:
        """Set the input in every session, and wait until all show the new value."""
        for session in self._sessions:
            session.set(self._moved, value)
        self._wait()

    def _wait(self) -> None:
        while not all(session.is_settled for session in self._sessions) or any(
            demand.look().outcome is None for demand in self._demands
        ):
            self._told.wait(0.05)
            self._told.clear()
