"""TPC-H's 22 queries as chains of cells, against the standard's own text in raw DuckDB.

Both sides read the same Parquet files with the same engine settings, and hand out the same kind of frame. Parameters
have the values of the standard's validation in every turn: what the process shares is forgotten before each one.
"""

import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from benchmarks.report import Figure, Goal
from benchmarks.settings import ENGINE, Settings, cache_folder, forget_results
from benchmarks.timing import Sample, ratio, take_turns
from benchmarks.tpch_data import TABLES, answer_to_rows, cells_over, plain_queries, published_answers, write_tables
from dataapp.cells.cell import Cell

_AT_MOST = 1.05
_RATIOS_PER_LINE = 11

type Turns = Mapping[int, Mapping[str, Sample]]


def measure(settings: Settings) -> Iterator[Figure]:
    """Measure each query both ways, in turns, and compare over all queries."""
    scale = 0.1 if settings.is_quick else 1
    folder = _tables(scale)
    cells, plain = cells_over(folder), plain_queries()
    _check_answers(cells, scale)
    with duckdb.connect(config=ENGINE) as raw:
        for table in TABLES:
            raw.read_parquet(str(folder / f"{table}.parquet")).create_view(table)
        turns = {
            number: _take_turns(cell, raw, plain[number], settings.repetitions(9)) for number, cell in cells.items()
        }
    yield _figure(f"TPC-H at scale {scale}, a query in the middle", turns, has_goal=scale == 1)


def _tables(scale: float) -> Path:
    """Return the folder of the tables, generated when first asked for."""
    folder = cache_folder() / f"tpch-{scale}"
    finished = folder / "finished"
    if not finished.exists():
        print(f"generating TPC-H at scale {scale} in {folder}", flush=True)
        write_tables(folder, scale)
        finished.touch()
    return folder


def _check_answers(cells: Mapping[int, Cell], scale: float) -> None:
    published = published_answers(scale)
    for number, cell in cells.items():
        frame = cell.evaluate()
        if frame.rows() != answer_to_rows(published[number], frame.schema):
            raise RuntimeError(f"query {number} does not give the published answer")


def _take_turns(cell: Cell, raw: duckdb.DuckDBPyConnection, query: str, turns: int) -> dict[str, Sample]:
    def run(_: int) -> object:
        forget_results()
        return cell.evaluate()

    return take_turns({"cells": run, "plain": lambda _: raw.execute(query).pl()}, turns)


def _figure(what: str, turns: Turns, *, has_goal: bool) -> Figure:
    ratios = {number: ratio(samples["cells"], samples["plain"]) for number, samples in turns.items()}
    middle = statistics.median(ratios.values())
    goal = Goal(f"at most {_AT_MOST:g}x", middle, _AT_MOST) if has_goal else None
    return Figure(
        what,
        _medians(turns, "cells"),
        _medians(turns, "plain"),
        f"{middle:.3f}x",
        goal,
        [*_lines(ratios), _used(turns)],
    )


def _medians(turns: Turns, side: str) -> Sample:
    return Sample(tuple(samples[side].median for samples in turns.values()))


def _lines(ratios: Mapping[int, float]) -> Iterator[str]:
    """Yield the ratio of each query behind its number."""
    texts = [f"{number}: {times:.2f}" for number, times in ratios.items()]
    for start in range(0, len(texts), _RATIOS_PER_LINE):
        yield "  ".join(texts[start : start + _RATIOS_PER_LINE])


def _used(turns: Turns) -> str:
    """Say the same of processor time, which other programs do not lengthen."""
    ratios = [
        statistics.median(samples["cells"].processor) / statistics.median(samples["plain"].processor)
        for samples in turns.values()
    ]
    return f"processor {statistics.median(ratios):.3f}x"
