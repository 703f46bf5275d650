"""Any frame in an explorer: what is dropped in is what is shown, filtered and sorted."""

from collections.abc import Callable
from typing import Any

import ibis
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import dataapp as da

ROWS = {"symbol": ["AAPL", "MSFT", "IBM"], "price": [1.0, 5.0, None]}
FRAMES: dict[str, Callable[[], Any]] = {
    "Polars": lambda: pl.DataFrame(ROWS),
    "Polars, lazy": lambda: pl.LazyFrame(ROWS),
    "Polars, categorical": lambda: pl.DataFrame(ROWS).with_columns(pl.col("symbol").cast(pl.Categorical)),
    "pandas": lambda: pd.DataFrame(ROWS),
    "pandas, named index": lambda: pd.DataFrame(ROWS).set_index("symbol"),
    "pandas, index of two levels": lambda: pd.DataFrame(ROWS).set_index(["symbol", "price"]),
    "pandas, unnamed index": lambda: pd.DataFrame(ROWS, index=[7, 8, 9]),
    "pandas, categorical": lambda: pd.DataFrame(ROWS).astype({"symbol": "category"}),
    "Arrow": lambda: pa.table(ROWS),
    "Arrow, record batch": lambda: pa.record_batch(ROWS),
    "Arrow, dictionary": lambda: pa.table({**ROWS, "symbol": pa.array(ROWS["symbol"]).dictionary_encode()}),
    "Ibis": lambda: ibis.memtable(pd.DataFrame(ROWS)),
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES.keys())
def test_every_kind_of_frame_is_explored(make: Callable[[], Any]):
    table = da.explore(make(), where={"symbol": "= MSFT", "price": ">= 5"}, sort="-price")
    assert list(table.schema) == ["symbol", "price"]
    assert table.evaluate().height == 3
    assert [(str(symbol), price) for symbol, price in table.filtered.evaluate().rows()] == [("MSFT", 5.0)]


def test_an_index_whose_name_is_that_of_a_column_is_left_out():
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index([8, 9], name="a"))
    assert da.explore(frame).evaluate()["a"].to_list() == [1, 2]
