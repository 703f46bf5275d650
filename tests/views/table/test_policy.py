"""Whatever the explorer asks of a source with a policy, its reader's rows are all that it tells of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import dataapp as da
from dataapp.cells.user import UserCell
from dataapp.engines.duckdb import DuckDB
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from tests.runtime.bench import defaults, value
from tests.views.table.by_hand import Explorer

EACH = 1000
ROWS = pl.DataFrame(
    {
        "desk": ["fx", "rates"] * EACH,
        "note": ["of-ann", "of-bob"] * EACH,
        "price": [1.0, 77_777.0] * EACH,
    }
)
TELLING = {"view", "cells", "summaries", "profile", "values", "copied", "card", "chunk"}


@pytest.fixture
def engine() -> DuckDB:
    return DuckDB()


def told(engine: DuckDB, file: Path, desk: str, *, is_ordered: bool) -> list[Mapping[str, Any]]:
    """All that a page hears when a reader looks at the rows in every way."""
    source = da.source(file, policy="desk = $user.desk", name="trades")
    text = "FROM trades" if is_ordered else "SELECT DISTINCT * FROM trades"
    cell = da.sql(text, trades=source)

    def initial(cell: Any) -> object:
        return {"desk": desk} if isinstance(cell, UserCell) else defaults(cell)

    session = Session(engine, InlinePool(), initial=initial)
    explorer = Explorer()
    explorer.controller.show(value(session.demand(cell, "query")).relation(engine))
    explorer.controller.receive({"type": "ready"})
    explorer.jobs.run()
    columns = [0, 1, 2]
    asked: list[tuple[str, Mapping[str, Any]]] = [
        ("summarize", {"columns": columns}),
        *(("profile", {"column": at}) for at in columns),
        *(("values", {"column": at, "search": ""}) for at in columns),
        ("want", {"first": 0, "count": 128, "columns": columns}),
        ("sort", {"order": [{"column": 2, "descending": True}]}),
        ("find", {"text": "of-"}),
        ("select", {"rows": [[0, 2]], "columns": columns}),
        ("measure", {"ticket": 1}),
        ("copy", {"ticket": 2, "kind": "tsv"}),
        ("card", {"ticket": 3, "row": 0}),
        ("fetch", {"ticket": 4, "kind": "csv", "of": "rows"}),
        ("group", {"keys": [[0, "value"]], "aggregates": [[2, "max"]]}),
        ("want", {"first": 0, "count": 128, "columns": columns}),
        ("fetch", {"ticket": 5, "kind": "csv", "of": "groups"}),
    ]
    for type_, data in asked:
        explorer.say(type_, **data)
        explorer.jobs.run()
    session.close()
    return explorer.messages


@pytest.mark.parametrize("is_ordered", [True, False])
def test_readers_are_told_of_their_own_rows_alone(engine: DuckDB, tmp_path: Path, is_ordered: bool):
    file = tmp_path / "trades.parquet"
    ROWS.write_parquet(file)
    for desk, own, others in [("fx", "of-ann", "of-bob"), ("rates", "of-bob", "of-ann"), ("fx", "of-ann", "of-bob")]:
        messages = told(engine, file, desk, is_ordered=is_ordered)
        for message in messages:
            assert others not in repr(message)
            assert ("77777" in repr(message)) <= (desk == "rates")
        assert {message["type"] for message in messages if own in repr(message)} >= TELLING
