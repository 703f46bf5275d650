"""Measures the charts' data in VegaFusion and in plain Altair; run by a Python that has them.

Prints one JSON object: per chart milliseconds of each turn, rows and bytes. The rows are in memory before it begins.
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any

import altair as alt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.chart_specs import COLUMNS, charts


def main(peer: str, file: str, turns: int) -> None:
    """Measure one peer."""
    rows = pq.read_table(file, columns=list(COLUMNS))
    measure = {"vegafusion": _vegafusion, "altair": _altair}[peer]
    found = {name: measure(chart, turns) for name, chart in charts(alt.Chart(rows)).items()}
    print(json.dumps(found))


def _vegafusion(chart: alt.Chart, turns: int) -> dict[str, Any]:
    runtime: Any = import_module("vegafusion").runtime  # which only the environment that runs this has

    def ask() -> tuple[int, int]:
        runtime.clear_cache()
        given: Any = chart.transformed_data(row_limit=None)
        rows = pa.table(given)
        return rows.num_rows, rows.nbytes

    return _timed(ask, turns)


def _altair(chart: alt.Chart, turns: int) -> dict[str, Any]:
    alt.data_transformers.enable("default", max_rows=None)
    table: Any = chart.data
    rows = table.num_rows
    return _timed(lambda: (rows, len(chart.to_json(indent=None))), turns)


def _timed(ask: Callable[[], tuple[int, int]], turns: int) -> dict[str, Any]:
    ask()
    taken: list[float] = []
    rows = size = 0
    for _ in range(turns):
        start = perf_counter()
        rows, size = ask()
        taken.append(1000 * (perf_counter() - start))
    return {"taken": taken, "rows": rows, "bytes": size}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
