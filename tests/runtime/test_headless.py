"""Evaluate, schema, compile and explain, without a session of their own to be seen."""

from typing import Any

import polars as pl
import pytest

from dataapp.cells import host
from dataapp.cells.cell import Cell
from dataapp.cells.python import cell
from dataapp.cells.sql import sql
from dataapp.connect.source import source
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.relation import Relation
from dataapp.errors import StatementError
from dataapp.runtime import headless
from tests.runtime.bench import ENGINE, ask, defaults, knob

FRAME = pl.DataFrame({"n": [1, 2, 2]})


class Watched(DuckDB):
    """An engine that notes what is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def read(self, relation: Relation) -> Reader:
        reader = super().read(relation)
        fetch: Any = reader.fetch

        def noting(*arguments: object, **options: object) -> object:
            self.fetched.append(relation.sql)
            return fetch(*arguments, **options)

        reader.fetch = noting  # pyright: ignore[reportAttributeAccessIssue]
        return reader


dice = sql("SELECT n, random() AS r FROM t", t=FRAME, name="dice")
gated = sql("SELECT n FROM t", t=FRAME, run="button", name="gated")
totals = sql("SELECT sum(r) AS total FROM dice", dice=dice, name="totals")


@pytest.mark.parametrize(
    ("cell", "columns"),
    [
        (dice, {"n": "BIGINT", "r": "DOUBLE"}),
        (gated, {"n": "BIGINT"}),
        (totals, {"total": "DOUBLE"}),
        (source(FRAME), {"n": "BIGINT"}),
        (sql("SUMMARIZE t", t=FRAME), None),
    ],
)
def test_columns_are_known_without_running(cell: Cell, columns: dict[str, str] | None) -> None:
    engine = Watched()
    found = headless.schema(engine, cell, defaults)
    assert engine.fetched == []
    assert columns is None or found == columns


def test_compiling_runs_nothing() -> None:
    engine = Watched()
    query = headless.compile_query(engine, totals, "duckdb", defaults)
    assert "random()" in query.sql
    assert engine.fetched == []


def test_the_compiled_query_has_its_values() -> None:
    query = headless.compile_query(ENGINE, sql("SELECT $n AS n", n=knob(5, name="n")), "duckdb", defaults)
    assert (query.sql, query.parameters) == ("SELECT $n AS n", {"n": 5})


def test_a_query_can_be_said_in_another_dialect() -> None:
    query = headless.compile_query(ENGINE, sql("SELECT 1 AS n LIMIT 1"), "tsql", defaults)
    assert "TOP 1" in query.sql


def test_an_unknown_dialect_gets_near_names() -> None:
    with pytest.raises(StatementError) as found:
        headless.compile_query(ENGINE, sql("SELECT 1"), "snowflak", defaults)
    assert "`snowflake`" in (found.value.hint or "")


def test_explain_says_what_is_kept_and_why() -> None:
    text = headless.explain(ENGINE, totals, defaults, analyze=False)
    assert "`dice`: random() is volatile" in text


def test_evaluate_gives_polars_for_tables() -> None:
    assert isinstance(ask(sql("FROM t", t=FRAME)), pl.DataFrame)


def test_evaluate_gives_what_a_function_returned() -> None:
    @cell
    def nothing() -> None:
        return None

    assert ask(nothing) is None


def test_evaluate_gives_an_inputs_value() -> None:
    assert ask(knob(5)) == 5


def test_cells_ask_their_host(monkeypatch: pytest.MonkeyPatch) -> None:
    class Host:
        def evaluate(self, cell: Cell, values: object, names: object) -> object:
            return (cell, values, names)

    monkeypatch.setattr(host._Slot, "host", Host())
    one = sql("SELECT 1")
    assert one.evaluate({one: 5}, n=1) == (one, {one: 5}, {"n": 1})
