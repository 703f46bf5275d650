"""What `dataapp` adds to the time that a program needs to start, when it imports Panel anyway."""

import re
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.report import Figure, Goal
from benchmarks.settings import Settings
from benchmarks.timing import Sample, ratio

_TIMED = """
from time import perf_counter, process_time
start = perf_counter(), process_time()
import panel
then = perf_counter(), process_time()
{first}
end = perf_counter(), process_time()
print(*(1000 * (b - a) for a, b in [*zip(start, then), *zip(then, end)]))
"""
_PUBLIC = "and the first public name"
_LIBRARIES = "for comparison: altair, duckdb, polars, pyarrow"
_FIRSTS = {
    "import dataapp": "import dataapp",
    _PUBLIC: "import dataapp; dataapp.sql",
    _LIBRARIES: "import altair, duckdb, polars, pyarrow",
}
_GOAL = 300  # milliseconds
_IMPORT = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*([\w.]+)$", re.MULTILINE)


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure in fresh processes, in turns."""
    taken: dict[str, list[list[float]]] = {what: [] for what in _FIRSTS}
    for first in _FIRSTS.values():
        _run(first)  # the files are in memory from here on
    for _ in range(settings.repetitions(9)):
        for what, first in _FIRSTS.items():
            taken[what].append([float(text) for text in _run(first).split()])
    for what, runs in taken.items():
        panel, panel_used, added, added_used = map(tuple, zip(*runs, strict=True))
        ours, panel = Sample(added, "ms", added_used), Sample(panel, "ms", panel_used)
        goal = None if what == _LIBRARIES else Goal(f"at most {_GOAL} ms", ours.median, _GOAL)
        notes = _parts() if what == _PUBLIC else ()
        yield Figure(what, ours, panel, f"{ratio(ours, panel):.2f}x panel", goal, notes)


def _run(first: str) -> str:
    command = [sys.executable, "-c", _TIMED.format(first=first)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _parts() -> tuple[str, ...]:
    """Say which packages take the time of the first public name; measuring it so makes everything slower."""
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-c",
        "import panel; import sys; sys.stderr.write('-- ours\\n'); import dataapp; dataapp.sql",
    ]
    traced = subprocess.run(command, check=True, capture_output=True, text=True).stderr.partition("-- ours\n")[2]
    by_package: dict[str, float] = {}
    for microseconds, module in _IMPORT.findall(traced):
        package = module.partition(".")[0]
        by_package[package] = by_package.get(package, 0) + int(microseconds) / 1000
    largest = sorted(by_package.items(), key=lambda item: -item[1])[:8]
    total = sum(by_package.values())
    return (
        f"by package, of {total:.0f} ms with tracing: " + ", ".join(f"{name} {time:.0f}" for name, time in largest),
    )
