"""The data of charts over one Parquet file: from the chart to the bytes that travel, against the same question in SQL.

VegaFusion and plain Altair run in an environment of their own (`peers_python`). They begin with the columns in memory,
while the engine reads the file each time.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.chart_specs import QUESTIONS, charts
from benchmarks.explorer_data import table_of
from benchmarks.peers_python import peers_python
from benchmarks.report import Figure, compared, within_added
from benchmarks.settings import ENGINE, Settings
from benchmarks.timing import Sample, take_turns
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.runtime.workers import Cancel
from dataapp.views.chart.pane import chart_to_payloads
from dataapp.views.chart.schema import chart as chart_over

_SIZES = (5_000_000, 20_000_000)
_SERIALISED = 1_000_000  # rows that plain Altair writes as JSON: more take minutes, and no browser reads them
_PATIENCE = 300  # seconds, after which a peer has not survived


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure each chart on each size, in turns with its SQL; then the peers."""
    turns = settings.repetitions(9)
    for rows in _SIZES[:1] if settings.is_quick else _SIZES:
        ours = dict(_ours(table_of(rows), turns))
        for name, (sample, raw, note) in ours.items():
            what = f"{rows / 1e6:g} million rows: {name}"
            yield within_added(what, sample, raw, share=0.1, at_most=30, notes=(note,))
        for name, (sample, note) in _peer("vegafusion", table_of(rows), settings.repetitions(5)).items():
            yield compared(f"  {rows / 1e6:g} million rows: {name}, against VegaFusion", ours[name][0], sample, (note,))
    for name, (sample, note) in _peer("altair", table_of(_SERIALISED), 1).items():
        yield Figure(f"  plain Altair, {_SERIALISED / 1e6:g} million rows: {name}", sample, notes=(note,))


def _ours(file: Path, turns: int) -> Iterator[tuple[str, tuple[Sample, Sample, str]]]:
    engine, raw = DuckDB(cube_bytes=0), duckdb.connect(config=ENGINE)
    raw.execute(f"CREATE VIEW orders AS FROM '{file}'")
    relation = Relation(f"FROM '{file}'", key="columns", engine=engine)
    columns = relation.columns()
    base = chart_over("orders", lambda: columns)
    for name, view in charts(base).items():
        sent: list[bytes] = []

        def ask(turn: int, view: Any = view, sent: list[bytes] = sent) -> None:
            fresh = Relation(relation.sql, key=("turn", turn), engine=engine)
            sent[:] = chart_to_payloads(view, {view.data: fresh}, Cancel())

        taken = take_turns(
            {"ours": ask, "raw": lambda _, name=name: raw.execute(QUESTIONS[name]).to_arrow_table()}, turns
        )
        yield name, (taken["ours"], taken["raw"], f"{sum(map(len, sent)):,} bytes sent")


def _peer(peer: str, file: Path, turns: int) -> dict[str, tuple[Sample, str]]:
    python = peers_python()
    if python is None:
        return {}
    command = [str(python), "-m", "benchmarks.chart_peer", peer, str(file), str(turns)]
    try:
        done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=_PATIENCE)
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", None) or str(error)
        print(f"{peer} did not survive: {str(said).strip().splitlines()[-1][:200]}", file=sys.stderr, flush=True)
        return {}
    found: dict[str, Any] = json.loads(done.stdout)
    return {
        name: (Sample(tuple(one["taken"])), f"{peer}: {one['rows']:,} rows, {one['bytes']:,} bytes")
        for name, one in found.items()
    }
