"""The longest time that the server's event loop stands still while eight viewers of the trading desk move sliders.

While it does, nobody's browser gets an answer. Making a session is Panel's own work for the most part, and stands
beside it: for the trading desk, and for a page of plain Panel. What the machine takes is told as well: the delays of
a thread of the server that does nothing, and those of a process that does nothing, which no lock of Python holds up.

The longest of thousands of delays hangs on what the machine does at that moment: a process that does nothing may wait
as long. So there are several rounds, of which the middle one counts; all of them are told.
"""

import json
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, perf_counter, sleep

import sample_data
from benchmarks.report import Figure, Goal
from benchmarks.serving import PAGES, ROOT, Server, panel_serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample
from benchmarks.viewers import Viewers

_GOAL = 30.0  # milliseconds
_VIEWERS = 8
_EVERY = 0.1  # seconds between two moves of all sliders
_SLEEP = 0.005  # seconds, as the loop's beats
_WITHIN = 60.0  # seconds
_ROUNDS = 5


def measure(settings: Settings) -> Iterator[Figure]:
    """Open the pages, then move their sliders."""
    sample_data.trades()
    desk, plain = ROOT / "notebooks" / "trading_desk.py", PAGES / "panel_page.py"
    with tempfile.TemporaryDirectory() as folder:
        opening, quiet, rounds = _run(desk, "trading_desk", Path(folder), settings.repetitions(120))
        files = {"BENCHMARK_TRADES": os.pathsep.join(settings.trades())}
        panels, _, _ = _run(plain, "panel_page?show=table", Path(folder), 0, files)
    longest = Sample(tuple(moving.longest for moving in rounds))
    goal = Goal(f"at most {_GOAL:g} ms", longest.median, _GOAL)
    notes = (
        f"the middle one of {_ROUNDS} rounds",
        *(f"{moving.longest:.1f} ms, after it {moving.second:.1f}; {moving.others}" for moving in rounds),
        f"while nothing moves {quiet.longest:.1f} ms; {quiet.others}",
    )
    yield Figure(f"longest stall, {_VIEWERS} viewers move", longest, None, "", goal, notes)
    yield Figure("longest stall while they open the page", Sample((opening.longest,)), Sample((panels.longest,)))


@dataclass(frozen=True, slots=True)
class Stalls:
    """The longest delays of the loop's beats, and of a thread and a process beside it, in milliseconds."""

    longest: float
    second: float
    thread: float
    process: float

    @property
    def others(self) -> str:
        """What happened to those who did nothing."""
        return f"doing nothing, a thread was delayed by {self.thread:.1f} ms, a process by {self.process:.1f} ms"


class Meter:
    """Asks the server how long its loop stood still."""

    def __init__(self, server: Server, answer: Path, process: Connection) -> None:
        self._server = server
        self._answer = answer
        self._process = process

    def start(self) -> None:
        """Forget what was found before."""
        self._delay_of_process()
        os.kill(self._server.pid, signal.SIGUSR1)

    def read(self) -> Stalls:
        """Return what was found since."""
        self._answer.unlink(missing_ok=True)
        os.kill(self._server.pid, signal.SIGUSR2)
        end = monotonic() + _WITHIN
        while not self._answer.exists():
            if monotonic() > end:
                raise RuntimeError("the server does not answer")
            sleep(0.05)
        told = json.loads(self._answer.read_text("utf-8"))
        loop = sorted(told["loop"], reverse=True)
        if len(loop) < 2:
            raise RuntimeError("the server's loop did not beat")
        return Stalls(loop[0], loop[1], max(told["thread"]), self._delay_of_process())

    def _delay_of_process(self) -> float:
        self._process.send(None)
        delay: float = self._process.recv()
        return delay


def _do_nothing(asked: Connection) -> None:
    """Sleep, and tell when asked how much longer than it should the longest sleep since then was; until hung up."""
    longest = 0.0
    try:
        while True:
            since = perf_counter()
            sleep(_SLEEP)
            longest = max(longest, 1000 * (perf_counter() - since - _SLEEP))
            if asked.poll():
                asked.recv()
                asked.send(longest)
                longest = 0.0
    except (EOFError, BrokenPipeError):
        pass


@contextmanager
def _process_beside() -> Iterator[Connection]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_do_nothing, args=(there,), daemon=True)
    process.start()
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.join()


def _run(
    app: Path, path: str, folder: Path, moves: int, env: dict[str, str] | None = None
) -> tuple[Stalls, Stalls, list[Stalls]]:
    """Return the stalls while pages open, while nothing moves, and in each round in which sliders move."""
    answer = folder / "stalls.json"
    settings = {"BENCHMARK_STALLS_FILE": str(answer)} | (env or {})
    setup = ("--setup", str(PAGES / "heartbeat.py"))
    with panel_serve(app, *setup, env=settings) as server, _process_beside() as process:
        meter, viewers = Meter(server, answer, process), Viewers(server.url(path))
        viewers.open(1)  # what all sessions share is made with the first
        meter.start()
        viewers.open(_VIEWERS - 1)
        opening = meter.read()
        meter.start()
        sleep(1)
        quiet = meter.read()
        rounds: list[Stalls] = []
        for start in range(0, _ROUNDS * moves, moves) if moves else ():
            meter.start()
            sleep(0.2)
            for move in range(start, start + moves):
                viewers.move(move)
                sleep(_EVERY)
            rounds.append(meter.read())
        viewers.close()
    return opening, quiet, rounds
