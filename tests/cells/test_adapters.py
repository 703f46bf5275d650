"""What plain objects mean when a cell names them."""

import gc
import threading
import weakref
from decimal import Decimal

import ibis
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dataapp.cells.adapters import as_cell, is_frame
from dataapp.cells.cell import Cell
from dataapp.cells.input import ConstantCell
from dataapp.cells.namespace import Namespace
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import sql
from tests.runtime.bench import ask, place

FRAME = pl.DataFrame({"n": [1, 2]})


def test_a_cell_means_itself() -> None:
    cell = sql("SELECT 1")
    assert as_cell(cell, "x", place()) is cell


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        FRAME.lazy(),
        FRAME["n"],
        FRAME.to_arrow(),
        FRAME.to_pandas(),
        ibis.memtable({"n": [1]}),
        nw.from_native(FRAME),
        nw.from_native(FRAME.lazy()),
    ],
    ids=lambda frame: f"{type(frame).__module__}.{type(frame).__name__}",
)
def test_a_frame_means_a_source(frame: object) -> None:
    assert isinstance(as_cell(frame, "x", place()), SourceCell)


@pytest.mark.parametrize("plain", [1, 1.5, "a", None, True, Decimal(1), [1], (1, 2), {"a": 1}, {1}, np.int64(3)])
def test_a_plain_value_means_a_constant(plain: object) -> None:
    assert isinstance(as_cell(plain, "x", place()), ConstantCell)


@pytest.mark.parametrize("thing", [print, threading, object(), pl.DataFrame, pd.DataFrame, np.sum])
def test_anything_else_means_nothing(thing: object) -> None:
    assert as_cell(thing, "x", place()) is None


def test_a_moment_of_pandas_is_no_frame() -> None:
    assert not is_frame(pd.Timestamp("2024-01-01"))


def test_one_frame_is_one_node_for_all_who_name_it() -> None:
    assert as_cell(FRAME, "x", place()) is as_cell(FRAME, "y", place())


def test_equal_frames_are_different_nodes() -> None:
    one, other = as_cell(FRAME.clone(), "x", place()), as_cell(FRAME.clone(), "x", place())
    assert one is not other


def test_one_constant_is_one_node_for_all_cells_of_its_module() -> None:
    names: dict[str, object] = {"window": 20}
    one, other = Namespace("desk", None, 1, names, {}), Namespace("desk", None, 2, names, {})
    assert as_cell(20, "window", one) is as_cell(20, "window", other)


def test_constants_of_equal_value_and_different_names_are_different_nodes() -> None:
    names: dict[str, object] = {"window": 20, "top": 20}
    module = Namespace("desk", None, 1, names, {})
    one, other = as_cell(20, "window", module), as_cell(20, "top", module)
    assert one is not other


def test_constants_of_two_modules_are_different_nodes() -> None:
    one = as_cell(20, "window", Namespace("desk", None, 1, {"window": 20}, {}))
    other = as_cell(20, "window", Namespace("risk", None, 1, {"window": 20}, {}))
    assert one is not other


def test_a_constant_bound_by_a_call_belongs_to_that_call() -> None:
    names: dict[str, object] = {}
    one = as_cell(20, "window", Namespace("desk", None, 1, names, {"window": 20}))
    other = as_cell(20, "window", Namespace("desk", None, 2, names, {"window": 20}))
    assert one is not other


def test_a_frame_that_was_read_is_not_kept() -> None:
    frame = pl.DataFrame({"n": [1, 2, 3]})
    alive = weakref.ref(frame)
    assert ask(sql("SELECT sum(n) AS n FROM frame", frame=frame)).item() == 6
    del frame
    gc.collect()
    assert alive() is None


def test_the_node_of_a_frame_lives_as_long_as_somebody_holds_it() -> None:
    frame = pl.DataFrame({"n": [1]})
    cell = as_cell(frame, "frame", place())
    key = id(cell)
    gc.collect()
    assert id(as_cell(frame, "frame", place())) == key


def test_sessions_on_many_threads_find_one_node() -> None:
    frame = pa.table({"n": [1]})
    found: list[Cell | None] = []
    start = threading.Barrier(8)

    def look() -> None:
        start.wait()
        found.append(as_cell(frame, "frame", place()))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(cell) for cell in found}) == 1
