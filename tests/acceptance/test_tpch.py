"""TPC-H's 22 queries, each a chain of cells over Parquet files, held against the published answers."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.tpch_data import TABLES, answer_to_rows, cells_over, plain_queries, published_answers, write_tables
from dataapp.cells.cell import Cell
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.relation import Relation
from dataapp.runtime import headless
from tests.runtime.bench import defaults

type Folder = Callable[[float], Path]
NUMBERS = range(1, 23)


class Watched(DuckDB):
    """An engine that notes which queries it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[str] = []

    def read(self, relation: Relation) -> Reader:
        self.queries.append(relation.sql)
        return super().read(relation)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The folder of the tables at a scale."""

    @cache
    def written(scale: float) -> Path:
        made = tmp_path_factory.mktemp("tpch")
        write_tables(made, scale)
        return made

    return written


@pytest.fixture(scope="module")
def chains(folder: Folder) -> Callable[[float], dict[int, Cell]]:
    """The last cell of each chain, at a scale."""
    return cache(lambda scale: cells_over(folder(scale)))


@pytest.fixture(scope="module")
def raw(folder: Folder) -> Iterator[duckdb.DuckDBPyConnection]:
    """Raw DuckDB over the small files."""
    with duckdb.connect() as connection:
        for table in TABLES:
            connection.read_parquet(str(folder(0.01) / f"{table}.parquet")).create_view(table)
        yield connection


answers, queries = cache(published_answers), cache(plain_queries)


@pytest.mark.parametrize("scale", [0.01, 0.1])
@pytest.mark.parametrize("number", NUMBERS)
def test_a_chain_gives_the_published_answer(chains: Any, scale: float, number: int) -> None:
    frame = chains(scale)[number].evaluate()
    assert frame.rows() == answer_to_rows(answers(scale)[number], frame.schema)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_chain_has_the_types_of_the_plain_query(chains: Any, raw: duckdb.DuckDBPyConnection, number: int) -> None:
    types = [str(kind) for kind in raw.sql(queries()[number]).types]
    assert list(chains(0.01)[number].schema.values()) == types


@pytest.mark.parametrize("number", NUMBERS)
def test_a_chain_runs_as_one_query(chains: Any, number: int) -> None:
    engine = Watched()
    headless.evaluate(engine, chains(0.01)[number], {}, {}, defaults)
    assert len(engine.queries) == 1


@pytest.mark.parametrize("number", NUMBERS)
def test_a_chain_compiles_to_one_query_that_gives_the_answer(chains: Any, number: int) -> None:
    compiled = chains(0.01)[number].compile()
    with duckdb.connect() as connection:
        assert len(connection.extract_statements(compiled.sql)) == 1
        frame = connection.execute(compiled.sql, dict(compiled.parameters)).pl()
    assert frame.rows() == answer_to_rows(answers(0.01)[number], frame.schema)


@pytest.mark.parametrize(
    ("number", "values", "written"),
    [
        (1, {"days_before_end": 60}, {"1998-09-02": "1998-10-02"}),
        (2, {"part_size": 23, "metal": "TIN"}, {"= 15": "= 23", "BRASS": "TIN"}),
        (3, {"segment": "MACHINERY"}, {"BUILDING": "MACHINERY"}),
        (4, {"quarter": date(1996, 11, 1)}, {"1993-07-01": "1996-11-01", "1993-10-01": "1997-02-01"}),
        (5, {"local_region": "EUROPE"}, {"ASIA": "EUROPE"}),
        (6, {"discount": Decimal("0.03")}, {"0.05": "0.02", "0.07": "0.04"}),
        (9, {"colour": "rose"}, {"green": "rose"}),
        (12, {"ship_modes": ["AIR", "RAIL"]}, {"'MAIL', 'SHIP'": "'AIR', 'RAIL'"}),
        (16, {"sizes": [1, 2, 50]}, {"49, 14, 23, 45, 19, 3, 36, 9": "1, 2, 50"}),
    ],
)
def test_a_parameter_is_as_good_as_its_value_in_the_plain_query(
    chains: Any, raw: duckdb.DuckDBPyConnection, number: int, values: dict[str, object], written: dict[str, str]
) -> None:
    query = queries()[number]
    for old, new in written.items():
        assert old in query
        query = query.replace(old, new)
    found = chains(0.01)[number].evaluate(**values).rows()
    assert found
    assert found == raw.execute(query).fetchall()
