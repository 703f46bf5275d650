"""The command: which benchmarks to run, and where to put the figures."""

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from pathlib import Path

from benchmarks.report import Figure, figure_to_lines, heading, summary, write_json
from benchmarks.settings import Settings

BENCHMARKS = {
    "overhead": "a cell against the same query in raw DuckDB",
    "chain": "five fused cells against one query by hand, and against a frame per cell",
    "tpch": "TPC-H's 22 queries as chains of cells, against their plain text in raw DuckDB",
    "sharing": "six readers of one aggregate, a question asked before, and a hundred sessions that ask the same",
    "imports": "time to import, on top of Panel",
    "screen": "slider to table and chart in a browser, against the raw query",
    "completion": "keystroke to completions on screen, over the sample data, with the engine's functions",
    "explore": "start of `dataapp explore` to first rows in a browser, and Ctrl-Enter to rows",
    "explorer": "rows of the table explorer in a browser: first ones, scrolled to, jumped to, sorted, filtered",
    "charts": "data of charts over a file, against the same question in SQL, VegaFusion and plain Altair",
    "points": "data of scatter plots and lines of more rows than pixels, against DuckDB's own aggregate",
    "pixels": "charts in a browser, from where they appear to pixels, and after a move; VegaFusion, Panel and marimo",
    "cubes": "a slider that moves over aggregates, answered by cubes and by plain queries",
    "crossfilter": "six linked views in a browser, one and two sessions, and the same page in other frameworks",
    "cancel": "change of an input to the end of the query that it made useless",
    "fairness": "a light query, and a light explorer, beside other sessions' heavy ones, against its time alone",
    "stall": "longest stall of the event loop while eight viewers move sliders",
    "sessions": "memory of each further session of the trading desk",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 if a benchmark could not run, whatever the goals."""
    options = _parser().parse_args(arguments)
    settings = Settings(is_quick=options.quick)
    os.environ.setdefault("DATAAPP_CUBES", "0")  # what is measured is the plain query, but where cubes are
    facts = _facts(settings)
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    found: dict[str, list[Figure]] = {}
    failures: list[str] = []
    for name in options.names or BENCHMARKS:
        print(f"\n{name}: {BENCHMARKS[name]}\n{heading()}", flush=True)
        found[name] = []
        try:
            for figure in import_module(f"benchmarks.{name}").measure(settings):
                found[name].append(figure)
                print("\n".join(figure_to_lines(figure)), flush=True)
        except Exception as error:
            failures.append(name)
            print(f"{name} could not run: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    print(f"\n{summary([figure for figures in found.values() for figure in figures])}")
    if options.json is not None:
        write_json(options.json, found, facts)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    lines = "\n".join(f"  {name:<11} {what}" for name, what in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Figures with goals and verdicts.\n\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME", help="all by default")
    parser.add_argument("--quick", action="store_true", help="2 million rows and fewer repetitions")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement, too")
    return parser


def _facts(settings: Settings) -> dict[str, object]:
    versions = {name: metadata.version(name) for name in ("duckdb", "polars", "panel")}
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    facts: dict[str, object] = {
        "rows": f"{settings.rows:,}",
        "cores": os.cpu_count(),
        "load": load,
        "python": platform.python_version(),
    }
    return facts | versions
