"""Python cells that read tables in batches: errors, changes and cancellation in the middle of a stream."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from dataapp.cells.python import cell
from dataapp.cells.sql import sql
from dataapp.connect.source import source
from dataapp.errors import PythonCellError, QueryError, TypeMismatchError, WrongKindError
from dataapp.runtime.pool import ThreadPool
from tests.runtime.bench import ENGINE, ManualPool, ask, error, knob, session, value

ENDLESS = "SELECT range + $low AS n FROM range(1_000_000_000_000_000)"
LATE_FAULT = "SELECT CASE WHEN range < 150_000 THEN '1' ELSE 'x' END::INTEGER AS n FROM range(200_000)"


def reader_of(rows: Any, function: Callable[[pa.RecordBatchReader], object], *, name: str = "read") -> Any:
    def read(rows: pa.RecordBatchReader) -> object:
        return function(rows)

    return cell(rows=rows, name=name)(read)


def count(rows: pa.RecordBatchReader) -> int:
    return sum(batch.num_rows for batch in rows)


def test_files_are_streamed(tmp_path: Path):
    pl.DataFrame({"n": range(200_000)}).write_parquet(tmp_path / "n.parquet")
    assert ask(reader_of(source(str(tmp_path / "n.parquet")), count)) == 200_000


def test_a_cell_with_several_meanings_is_kept_and_read_from_there():
    numbers = sql("SELECT random() AS x FROM range(10)")
    held = session()
    kept = held.demand(numbers, "frame")
    read = held.demand(reader_of(numbers, lambda rows: rows.read_all().column("x").to_pylist()), "value")
    frame: Any = value(kept)
    assert value(read) == frame.rows.column("x").to_pylist()


def test_two_streams_are_read_by_one_function():
    def zipped(one: pa.RecordBatchReader, other: pa.RecordBatchReader) -> int:
        return sum(a.num_rows + b.num_rows for a, b in zip(one, other, strict=True))

    assert ask(cell(one=sql("FROM range(100_000)"), other=sql("FROM range(100_000)"))(zipped)) == 200_000


def test_an_error_in_the_middle_is_the_querys_own():
    query = sql(LATE_FAULT, name="late")
    held = session()
    outcome = held.demand(reader_of(query, count), "value").look().outcome
    assert isinstance(error(outcome), TypeMismatchError)
    assert getattr(outcome, "by", None) == "late"


def test_an_error_of_the_function_is_the_functions_own():
    def fail(rows: pa.RecordBatchReader) -> int:
        return rows.read_next_batch().num_rows // 0

    with pytest.raises(PythonCellError, match="ZeroDivisionError"):
        ask(reader_of(sql(ENDLESS, low=1), fail))


def test_a_stream_that_is_returned_is_read_to_its_end():
    read = reader_of(sql("FROM range(100_000)"), lambda rows: rows)
    assert ask(sql("SELECT count(*) AS c FROM read UNION ALL SELECT count(*) FROM read", read=read))["c"].to_list() == [
        100_000,
        100_000,
    ]


def test_a_stream_ends_with_its_call():
    taken: list[pa.RecordBatchReader] = []
    ask(reader_of(sql(ENDLESS, low=1), lambda rows: taken.append(rows) or rows.read_next_batch().num_rows))
    with pytest.raises(WrongKindError, match="after its function had returned"):
        taken[0].read_next_batch()


def test_a_stream_that_is_left_early_leaves_its_connection_clean():
    ask(reader_of(sql(ENDLESS, low=1), lambda rows: rows.read_next_batch().num_rows))
    assert ask(sql("SELECT 1 AS n")).item() == 1


def test_a_file_that_moves_meanwhile_is_read_again(tmp_path: Path):
    path = tmp_path / "n.parquet"
    pl.DataFrame({"n": range(10)}).write_parquet(path)
    calls: list[None] = []

    def read(rows: pa.RecordBatchReader) -> int:
        calls.append(None)
        if len(calls) == 1:
            pl.DataFrame({"n": range(20)}).write_parquet(tmp_path / "new")
            (tmp_path / "new").rename(path)
        return count(rows)

    assert ask(reader_of(source(str(path)), read)) == 20
    assert len(calls) == 2


def test_a_change_stops_a_stream_in_the_middle():
    low, began = knob(1, "BIGINT", name="low"), threading.Event()

    def take(rows: pa.RecordBatchReader) -> int:
        first = rows.read_next_batch().column("n")[0].as_py()
        began.set()
        if first == 1:
            count(rows)  # never ends by itself
        return first

    told = threading.Event()
    held = session(pool=ThreadPool().lane())
    demand = held.demand(reader_of(sql(ENDLESS, low=low), take), "value", told.set)
    assert began.wait(20)
    held.set(low, 2)
    while not held.is_settled:
        assert told.wait(20)
        told.clear()
    assert value(demand) == 2
    held.close()


def test_a_stream_of_an_equal_query_is_not_read_again():
    runs: list[int] = []
    low = knob(1, "BIGINT", name="low")
    pool = ManualPool()
    held = session(pool=pool)
    held.demand(reader_of(sql("SELECT $low AS n", low=low), lambda rows: runs.append(count(rows))), "value")
    pool.run_all()
    held.set(low, 1)
    pool.run_all()
    assert runs == [1]


def test_what_the_engine_refuses_is_no_error_of_the_function():
    with pytest.raises(QueryError):
        ask(reader_of(sql("SELECT nothing FROM range(1)"), count))
    assert len(ENGINE._idle) > 0
