"""Frames as Arrow, without copies: the addresses of the buffers say so."""

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ibis
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dataapp.connect import frames
from dataapp.connect.files import version_of
from dataapp.connect.frames import read_ipc, to_arrow, to_polars
from dataapp.engines.relation import Relation
from dataapp.errors import WrongKindError
from tests.runtime.bench import ENGINE

FRAME = pl.DataFrame({"n": list(range(1000)), "s": [f"a text of more than twelve letters {n}" for n in range(1000)]})


def data_addresses(table: pa.Table) -> list[int]:
    """Where the values of each column start, without validity and offsets."""
    found: list[int] = []
    for column in table.columns:
        for chunk in column.chunks:
            found += [buffer.address for buffer in chunk.buffers()[1:] if buffer is not None]
    return found


@pytest.mark.parametrize(
    "convert",
    [
        lambda: FRAME,
        lambda: FRAME.lazy(),
        lambda: FRAME.to_arrow(),
        lambda: FRAME.to_arrow().to_batches()[0],
        lambda: FRAME.to_arrow().to_reader(),
        lambda: FRAME.to_pandas(),
        lambda: ibis.memtable(FRAME.to_arrow()),
        lambda: nw.from_native(FRAME),
        lambda: nw.from_native(FRAME.lazy()),
    ],
)
def test_every_kind_of_frame_becomes_arrow(convert: Callable[[], object]) -> None:
    assert to_arrow(convert()).to_pydict() == FRAME.to_dict(as_series=False)


def test_a_series_becomes_a_table_of_one_column() -> None:
    assert to_arrow(FRAME["n"]).column_names == ["n"]


def test_a_reader_of_batches_is_read_once_for_all_who_ask() -> None:
    reader = FRAME.to_arrow().to_reader(max_chunksize=10)
    with ThreadPoolExecutor(4) as threads:
        read = list(threads.map(to_arrow, [reader] * 4))
    assert [table.num_rows for table in read] == [1000] * 4


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, "x", None], ["1", "x", None]),
        ([2**70, 1], [str(2**70), "1"]),
        ([{"a": 1}, 2], ["{'a': 1}", "2"]),
        ([1 + 2j, 3j], ["(1+2j)", "3j"]),
    ],
)
def test_what_arrow_has_no_type_for_becomes_text(values: list[object], texts: list[str]) -> None:
    frame = pd.DataFrame({0: values, 1: [1.5] * len(values)})
    assert to_arrow(frame).to_pydict() == {"0": texts, "1": [1.5] * len(values)}
    assert frame[0].tolist()[0] == values[0]  # the frame itself is left as it was


def test_columns_of_one_name_are_refused() -> None:
    with pytest.raises(WrongKindError, match="Several columns of a pandas frame are called `1`"):
        to_arrow(pd.DataFrame([[1, 2]], columns=[1, "1"]))


def test_something_else_is_no_table() -> None:
    with pytest.raises(WrongKindError, match="A int is not a table"):
        to_arrow(5)


def test_polars_to_arrow_copies_nothing() -> None:
    assert data_addresses(to_arrow(FRAME)) == data_addresses(pa.table(FRAME))


def test_arrow_to_polars_copies_nothing() -> None:
    table = to_arrow(FRAME)
    assert set(data_addresses(pa.table(to_polars(table)))) & set(data_addresses(table))


def test_the_engines_rows_reach_polars_without_a_copy() -> None:
    query = "SELECT range AS n, 'a text of more than twelve letters' || range AS s FROM range(1000)"
    with Relation(query, "k", ENGINE).open() as reader:
        table = reader.fetch()
    assert table.schema.field("s").type == pa.string_view()
    assert set(data_addresses(table)) <= set(data_addresses(pa.table(to_polars(table), schema=table.schema)))


def test_a_frame_is_converted_once() -> None:
    assert to_arrow(FRAME) is to_arrow(FRAME)


def test_what_was_converted_goes_with_its_frame() -> None:
    frame = pl.DataFrame({"n": [1]})
    table = weakref.ref(to_arrow(frame))
    del frame
    gc.collect()
    assert table() is None


def test_what_one_reader_changes_in_a_polars_frame_no_other_sees() -> None:
    table = pa.table({"n": [1, 2], "text": ["a", "b"]})
    first = to_polars(table)
    first[0, "n"] = 9
    first.columns = ["m", "words"]
    first.insert_column(0, pl.Series("new", [0, 0]))
    first.extend(first)
    assert to_polars(table).to_dict(as_series=False) == {"n": [1, 2], "text": ["a", "b"]} == table.to_pydict()


@pytest.mark.parametrize("rows", [2, 200_000])
def test_polars_frames_go_with_their_rows(rows: int) -> None:
    table = pa.table({"n": pa.array(range(rows), pa.int64())})
    reference = weakref.ref(table)
    before = len(frames._handed_out)
    frame = to_polars(table)
    assert len(frames._handed_out) - before == (rows == 2)
    del table
    gc.collect()
    assert reference() is None
    assert len(frames._handed_out) == before
    assert frame["n"].sum() == rows * (rows - 1) // 2


def test_a_frame_that_can_be_changed_in_place_is_converted_each_time() -> None:
    frame = FRAME.to_pandas()
    to_arrow(frame)
    frame.loc[0, "n"] = 99
    assert to_arrow(frame).column("n")[0].as_py() == 99


def test_sessions_share_one_copy_of_an_arrow_file(tmp_path: Path) -> None:
    FRAME.write_ipc(tmp_path / "x.arrow")
    (state,) = version_of([str(tmp_path / "x.arrow")])
    assert read_ipc(state) is read_ipc(state)


def test_an_arrow_file_that_is_cut_short_later_can_still_be_read(tmp_path: Path) -> None:
    FRAME.write_ipc(tmp_path / "x.arrow")
    (state,) = version_of([str(tmp_path / "x.arrow")])
    table = read_ipc(state)
    with (tmp_path / "x.arrow").open("r+b") as file:
        file.truncate(8)
    assert table.column("n").to_pylist() == FRAME["n"].to_list()
