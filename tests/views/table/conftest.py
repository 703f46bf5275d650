"""An engine, an explorer without a browser, and relations made from SQL."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from tests.views.table.by_hand import Explorer


class Same:
    """Equal to what holds the same table. It keeps the table, so that no other one comes to stand at its address."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._table is other._table

    def __hash__(self) -> int:
        return id(self._table)


@pytest.fixture(scope="session")
def engine() -> DuckDB:
    return DuckDB()


@pytest.fixture
def explorer() -> Explorer:
    return Explorer()


@pytest.fixture
def relation(engine: DuckDB) -> Callable[..., Relation]:
    """Make a relation from SQL; its key is the SQL and the very frames."""

    def make(sql: str, *, fixed_order: bool = True, **frames: pa.Table) -> Relation:
        key = (sql, fixed_order, tuple(map(Same, frames.values())))
        return Relation(sql, key=key, engine=engine, frames=frames, fixed_order=fixed_order)

    return make
