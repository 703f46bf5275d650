"""Memory that each further session of the trading desk costs its server, and what remains when they are gone.

The first few sessions are not counted, because they fill what all share. Before each measurement the server collects
garbage. What its allocator keeps for later counts, unless a figure says `trimmed`.
"""

import json
import os
import signal
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import sample_data
from benchmarks.memory import resident_mb
from benchmarks.report import Figure, Goal
from benchmarks.serving import PAGES, ROOT, Server, panel_serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample
from benchmarks.viewers import Viewers

_GOAL = 2.0  # MB
_WARM_UP = 4
_WITHIN = 60.0  # seconds
_ENDS = ("--unused-session-lifetime", "5000", "--check-unused-sessions", "500")  # milliseconds after its page has gone


def measure(settings: Settings) -> Iterator[Figure]:
    """Open sessions in groups, measure after each group, then close all."""
    sample_data.trades()
    group, groups = (5, 3) if settings.is_quick else (25, 4)
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "memory.json"
        arguments = ("--setup", str(PAGES / "memory_on_signal.py"), *_ENDS)
        env = {"BENCHMARK_MEMORY_FILE": str(asked)}
        with panel_serve(ROOT / "notebooks" / "trading_desk.py", *arguments, env=env) as server:
            meter = Meter(server, asked)
            viewers = Viewers(server.url("trading_desk"))
            viewers.open(_WARM_UP)
            viewers.close()
            meter.wait_for(sessions=0)
            steps = [meter.read(trim=True)]
            for _ in range(groups):
                viewers.open(group)
                steps.append(meter.read())
            full = meter.read(trim=True)
            if full.sessions != group * groups:
                raise RuntimeError(f"{group * groups} pages are open, but {full.sessions} sessions")
            viewers.close()
            meter.wait_for(sessions=0)
            yield from _figures(steps, full, meter.read(), meter.read(trim=True))


@dataclass(frozen=True, slots=True)
class Reading:
    """Memory of the server at one moment, in MB, and what is in it."""

    resident: float
    sessions: int
    engine: float
    arrow: float
    objects: int


class Meter:
    """Asks the server about its memory."""

    def __init__(self, server: Server, answer: Path) -> None:
        self._server = server
        self._answer = answer

    def read(self, *, trim: bool = False) -> Reading:
        """Let the server collect garbage, and give free pages back if `trim`; then look."""
        self._answer.unlink(missing_ok=True)
        os.kill(self._server.pid, signal.SIGUSR2 if trim else signal.SIGUSR1)
        end = monotonic() + _WITHIN
        while not self._answer.exists():
            if monotonic() > end:
                raise RuntimeError("the server does not answer")
            sleep(0.05)
        told = json.loads(self._answer.read_text("utf-8"))
        resident = resident_mb(self._server.pid)
        return Reading(resident, told["sessions"], told["engine_mb"], told["arrow_mb"], told["objects"])

    def wait_for(self, *, sessions: int) -> None:
        """Wait until so many sessions are open."""
        end = monotonic() + _WITHIN
        while (found := self.read().sessions) != sessions:
            if monotonic() > end:
                raise RuntimeError(f"{found} sessions are open after {_WITHIN:g} seconds, not {sessions}")
            sleep(0.5)


def _figures(steps: list[Reading], full: Reading, left: Reading, trimmed: Reading) -> Iterator[Figure]:
    start, last = steps[0], steps[-1]
    count = last.sessions

    def each(name: str, reading: Reading) -> float:
        return (getattr(reading, name) - getattr(start, name)) / count

    grown = [(step.sessions, step.resident) for step in steps[1:]]
    per_session = statistics.linear_regression(*zip(*grown, strict=True)).slope
    by_sessions = ", ".join(f"{step.sessions}: {step.resident:.0f}" for step in steps)
    parts = f"of that in the engine, shared tables included, {each('engine', last):.2f} MB each"
    parts += f", in Arrow {each('arrow', last):.2f} MB each; {each('objects', last):,.0f} Python objects each"
    notes = (
        f"server in MB by open sessions: {by_sessions}; trimmed {full.resident:.0f}",
        f"from none to {count}: {each('resident', last):.2f} MB each, trimmed {each('resident', full):.2f}",
        parts,
    )
    goal = Goal(f"at most {_GOAL:g} MB", per_session, _GOAL)
    yield Figure(f"each further session, up to {count}", Sample((per_session,), "MB"), None, "", goal, notes)
    note = f"trimmed {trimmed.resident - start.resident:.0f} MB, of which {trimmed.engine - start.engine:.0f} in the"
    note += f" engine, and {each('objects', trimmed):,.0f} Python objects for each"
    remains = Sample((left.resident - start.resident,), "MB")
    yield Figure(f"what remains of {count} closed sessions", remains, None, "", None, (note,))
