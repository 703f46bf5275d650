"""Which paths copy rows and which do not: the addresses of the buffers say so, here as in docs/memory.md."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dataapp.cells.python import cell
from dataapp.cells.sql import sql
from dataapp.connect.frames import to_arrow, to_polars
from dataapp.connect.source import source
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.runtime.tables import Table
from tests.runtime.bench import ENGINE, ask, session, value

ROWS = 50_000  # several of the engine's batches
LONG = [f"a text of more than twelve letters {n}" for n in range(ROWS)]
FRAME = pl.DataFrame({"n": pl.int_range(ROWS, eager=True), "x": pl.int_range(ROWS, eager=True) / 2, "s": LONG})
QUERY = f"SELECT range AS n, range / 2 AS x, 'a text of more than twelve letters ' || range AS s FROM range({ROWS})"


def addresses(table: pa.Table, *names: str) -> set[int]:
    """Where the values of columns start, without validity; empty buffers have no place of their own."""
    columns: list[Any] = [table.column(name) for name in names or table.column_names]
    return {
        buffer.address
        for column in columns
        for chunk in column.chunks
        for buffer in chunk.buffers()[1:]
        if buffer is not None and buffer.size
    }


def polars_addresses(frame: pl.DataFrame) -> set[int]:
    """The same of a Polars frame, asked piece by piece, as Polars makes one of several when it exports a frame."""
    found: set[int] = set()
    for column in frame.get_columns():
        for piece in column.get_chunks():
            found |= addresses(pa.table([pa.chunked_array(piece)], names=["piece"]))
    return found


def engine_result() -> pa.Table:
    with Relation(QUERY, "k", ENGINE).open() as reader:
        return reader.fetch()


def in_pieces(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame.head(100), frame.slice(100)], rechunk=False)


# Into the engine.


def test_polars_to_arrow_copies_nothing():
    assert addresses(to_arrow(FRAME)) == polars_addresses(FRAME)


def test_polars_in_pieces_to_arrow_copies_nothing():
    frame = pl.concat([FRAME.clone(), pl.DataFrame(FRAME.to_dict(as_series=False))], rechunk=False)
    table = to_arrow(frame)
    assert table.column("s").num_chunks == 2
    assert addresses(table) == polars_addresses(frame)


@pytest.mark.parametrize("type_", [pl.Categorical(), pl.Enum(["a", "b"])])
def test_pieces_of_categories_arrive_right(type_: Any):
    frame = pl.DataFrame({"c": pl.Series(["a", "b", None] * 100, dtype=type_)})
    assert ask(sql("SELECT c::VARCHAR AS c FROM f", f=in_pieces(frame)))["c"].to_list() == ["a", "b", None] * 100


def test_pieces_of_nested_columns_arrive_right():
    frame = pl.DataFrame({"l": [[1, 2], None, []] * 50, "t": [{"a": 1, "b": "x"}, None, {"a": 2, "b": None}] * 50})
    assert ask(sql("FROM f", f=in_pieces(frame))).to_dict(as_series=False) == frame.to_dict(as_series=False)


@pytest.mark.parametrize(("type_", "is_copied"), [(pl.Categorical(), True), (pl.Enum(["a", "b"]), False)])
def test_codes_of_categories_are_copied_and_those_of_enums_are_not(type_: Any, is_copied: bool):
    frame = pl.DataFrame({"c": pl.Series(["a", "b"] * 100, dtype=type_)})
    places: list[int] = []
    for _ in range(2):
        codes: Any = pa.table(frame).column("c").chunk(0)
        places.append(codes.indices.buffers()[1].address)
    assert (places[0] != places[1]) is is_copied


def test_a_series_and_a_lazy_frame_are_no_exceptions():
    assert addresses(to_arrow(FRAME["s"])) == addresses(to_arrow(FRAME), "s")
    assert addresses(to_arrow(FRAME.lazy())) == addresses(to_arrow(FRAME))


def test_an_arrow_table_is_itself():
    table = engine_result()
    assert to_arrow(table) is table


def test_arrow_batches_keep_their_buffers():
    table = engine_result()
    assert addresses(to_arrow(table.to_reader())) == addresses(table)
    assert addresses(to_arrow(table.to_batches()[0])) <= addresses(table)


def test_pandas_on_arrow_copies_nothing():
    frame = FRAME.to_pandas(use_pyarrow_extension_array=True)
    columns: dict[str, Any] = {str(name): frame[name].array for name in frame.columns}
    kept = pa.table({name: column.__arrow_array__() for name, column in columns.items()})
    assert addresses(to_arrow(frame)) == addresses(kept)


def test_numbers_of_pandas_on_numpy_are_not_copied():
    frame = pd.DataFrame({"n": np.arange(ROWS), "x": np.arange(ROWS) / 2})
    places = {frame[name].to_numpy().__array_interface__["data"][0] for name in ("n", "x")}
    assert addresses(to_arrow(frame)) == places


def test_objects_of_pandas_on_numpy_are_copied():
    frame = pd.DataFrame({"s": pd.Series(LONG, dtype=object)})
    assert addresses(to_arrow(frame)).isdisjoint(addresses(to_arrow(frame)))


def test_registering_a_frame_copies_nothing():
    table = to_arrow(pl.DataFrame({"n": range(100_000)}))
    before = pa.total_allocated_bytes()
    with Relation("FROM f", "k", DuckDB(), frames={"f": table}).open() as reader:
        reader.describe()
        assert pa.total_allocated_bytes() - before < table.nbytes // 100  # the scanner itself takes a kilobyte


# Once per frame.


def tables_of(*cells: Any) -> list[pa.Table]:
    held = session()
    demands = [held.demand(item, "table") for item in cells]
    return [frame for demand in demands for frame in table(value(demand)).frames.values()]


def table(made: object) -> Table:
    assert isinstance(made, Table)
    return made


def test_cells_over_one_frame_share_its_arrow_table():
    one, other = tables_of(sql("SELECT n FROM f", f=FRAME), sql("SELECT s FROM f WHERE n > 5", f=FRAME))
    assert one is other is to_arrow(FRAME)


def test_sources_of_one_frame_share_its_arrow_table():
    one, other = tables_of(sql("FROM f", f=source(FRAME)), source(FRAME))
    assert one is other


def test_sessions_share_the_arrow_table_of_a_frame():
    reading = sql("FROM f", f=FRAME)
    assert tables_of(reading)[0] is tables_of(reading)[0]


def test_what_a_function_returned_enters_once_for_all_its_readers():
    made = cell(name="made")(lambda: FRAME.with_columns(m=pl.col("n") + 1))
    one, other = tables_of(sql("SELECT m FROM made", made=made), sql("SELECT n FROM made", made=made))
    assert one is other


# Out of the engine.


def test_the_engines_rows_reach_polars_without_a_copy():
    rows = engine_result()
    assert rows.column("s").num_chunks > 1
    assert rows.schema.field("s").type == pa.string_view()
    assert addresses(rows) == polars_addresses(to_polars(rows))


def seen_by_a_cell(annotation: Any) -> tuple[Any, pa.Table]:
    """What a function is given, and the rows that its session holds for the cell above it."""
    given: list[Any] = []

    def look(rows: object) -> int:
        given.append(rows)
        return 1

    look.__annotations__["rows"] = annotation
    above, held = sql(QUERY), session()
    frame = held.demand(above, "frame")
    held.demand(cell(rows=above)(look), "value")
    made: Any = value(frame)
    return given[0], made.rows


def test_a_python_cell_gets_polars_without_a_copy():
    given, rows = seen_by_a_cell(pl.DataFrame)
    assert polars_addresses(given) == addresses(rows)


def test_a_python_cell_gets_arrow_without_a_copy():
    given, rows = seen_by_a_cell(pa.Table)
    assert given is rows


def test_pandas_gets_copies():
    given, rows = seen_by_a_cell(pd.DataFrame)
    assert given["n"].to_numpy().__array_interface__["data"][0] not in addresses(rows)


def test_evaluate_gives_the_engines_buffers(monkeypatch: pytest.MonkeyPatch):
    fetched: list[pa.Table] = []
    original = DuckDB.read

    def read(engine: DuckDB, relation: Relation) -> Any:
        reader = original(engine, relation)
        fetch = reader.fetch
        monkeypatch.setattr(reader, "fetch", lambda: fetched.append(fetch()) or fetched[-1])
        return reader

    monkeypatch.setattr(DuckDB, "read", read)
    assert polars_addresses(ask(sql(QUERY))) == addresses(fetched[0])


def test_evaluating_a_frame_gives_its_own_buffers():
    assert polars_addresses(ask(source(FRAME))) == polars_addresses(FRAME)


def test_a_frame_put_in_a_cells_place_keeps_its_buffers():
    given: list[pl.DataFrame] = []
    above = sql(QUERY, name="above")

    def take(above: pl.DataFrame) -> None:
        given.append(above)

    ask(cell(above=above)(take), {above: FRAME})
    assert polars_addresses(given[0]) == polars_addresses(FRAME)


# Streams.

ENDLESS = "SELECT range AS n FROM range(1_000_000_000_000_000)"  # nobody could collect it


def reading_batches(function: Any, query: str = ENDLESS, **values: Any) -> Any:
    def read(rows: pa.RecordBatchReader) -> object:
        return function(rows)

    return ask(cell(rows=sql(query, **values), name="read")(read))


def test_a_stream_is_computed_as_it_is_taken():
    assert reading_batches(lambda rows: [rows.read_next_batch().num_rows for _ in range(3)]) == [65_536] * 3


def test_a_stream_can_be_read_to_its_end():
    assert reading_batches(lambda rows: sum(batch.num_rows for batch in rows), QUERY) == ROWS


def test_a_frame_is_streamed_from_its_own_buffers():
    def read(rows: pa.RecordBatchReader) -> object:
        return addresses(pa.Table.from_batches(list(rows)), "n")

    assert ask(cell(rows=source(FRAME))(read)) == addresses(to_arrow(FRAME), "n")
