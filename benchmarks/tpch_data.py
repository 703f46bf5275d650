"""The data of TPC-H: tables as Parquet files, the standard's own queries, and the answers that are published for them.

All three come from DuckDB's extension `tpch`, which is installed as a Python package and loaded from its file: nothing
is fetched. `cells_over` makes the cells of `benchmarks.tpch_cells` over the files of a folder.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from importlib.resources import as_file, files
from importlib.util import find_spec, module_from_spec
from pathlib import Path

import duckdb
import polars as pl

from dataapp.cells.cell import Cell

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
_READ = {pl.Date: date.fromisoformat, pl.Decimal: Decimal, pl.Float64: float, pl.Int32: int, pl.Int64: int}
_folder: ContextVar[Path] = ContextVar("folder")


def connect() -> duckdb.DuckDBPyConnection:
    """Return a connection to an empty database that has the extension."""
    connection = duckdb.connect()
    name = f"extensions/v{duckdb.__version__}/tpch.duckdb_extension"
    with as_file(files("duckdb_extension_tpch").joinpath(name)) as extension:
        connection.load_extension(str(extension))
    return connection


def write_tables(folder: Path, scale: float) -> None:
    """Write a Parquet file per table; the largest has six million rows times the scale."""
    folder.mkdir(parents=True, exist_ok=True)
    with connect() as connection:
        connection.execute("CALL dbgen(sf = ?)", [scale])
        for table in TABLES:
            connection.table(table).write_parquet(str(folder / f"{table}.parquet"))


def plain_queries() -> dict[int, str]:
    """Return the standard's queries by number, with the parameters of its validation written in."""
    with connect() as connection:
        return dict(connection.execute("SELECT query_nr, query FROM tpch_queries()").fetchall())


def published_answers(scale: float) -> dict[int, list[list[str]]]:
    """Return the rows of the published answers by query number, as texts; there are some for scales 0.01, 0.1 and 1."""
    with connect() as connection:
        found = connection.execute(
            "SELECT query_nr, answer FROM tpch_answers() WHERE scale_factor = CAST(? AS DOUBLE)", [scale]
        ).fetchall()
    return {number: [line.split("|") for line in answer.splitlines()[1:]] for number, answer in found}


def answer_to_rows(answer: list[list[str]], schema: Mapping[str, pl.DataType]) -> list[tuple[object, ...]]:
    """Return a published answer as values of a frame's types: exact for all but floating-point numbers."""
    read = [_READ.get(type(kind), str) for kind in schema.values()]
    return [tuple(one(text) if text else None for one, text in zip(read, line, strict=True)) for line in answer]


def cells_over(folder: Path) -> dict[int, Cell]:
    """Return the last cell of each query's chain, by number, over the files of a folder."""
    spec = find_spec("benchmarks.tpch_cells")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)  # not the one that an import gives: each folder has cells of its own
    token = _folder.set(folder)
    try:
        spec.loader.exec_module(module)
    finally:
        _folder.reset(token)
    return module.QUERIES


def file_of(table: str) -> Path:
    """Return the file of a table, in the folder that cells are being made over."""
    return _folder.get() / f"{table}.parquet"
