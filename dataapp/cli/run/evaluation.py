"""Cells of one session, read as streams: what several of them share is computed once, and all see the same rows."""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from dataapp.cells.adapters import is_frame
from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell
from dataapp.cells.limited import own_limit
from dataapp.cells.relation import is_relation
from dataapp.connect.connection import database_of
from dataapp.connect.frames import to_arrow
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.relation import Relation
from dataapp.errors import BlockedError, DataAppError
from dataapp.runtime.limits import limits_of_process
from dataapp.runtime.outcomes import Blocked, Done, Failed
from dataapp.runtime.session import Demand, Form, Session
from dataapp.runtime.tables import Table
from dataapp.runtime.waves import Node
from dataapp.runtime.workers import Cancel, InlinePool

_BATCH = 122_880  # rows: a row group of DuckDB's own Parquet files


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table, to be taken once."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


class Evaluation:
    """One session that evaluates some cells.

    Args:
        engine: Where queries run.
        initial: Values of inputs that differ from their defaults.
        replaced: Values that stand in for cells.
        wanted: The cells.
        above: Everything that a cell reads, itself included.
    """

    def __init__(
        self,
        engine: DuckDB,
        initial: Mapping[InputCell, object],
        replaced: Mapping[Cell, object],
        wanted: Iterable[Cell],
        above: Callable[[Cell], Iterable[Cell]],
    ) -> None:
        self.wanted = list(dict.fromkeys(wanted))
        self._engine = engine
        read = {cell for root in self.wanted for cell in above(root) if cell is not root}
        self.session: Session = _Streaming(
            engine,
            InlinePool(),
            initial=lambda cell: initial[cell] if cell in initial else cell.kind.default(),
            replaced=replaced,
            streamed={cell for cell in self.wanted if cell not in read and database_of(cell) is None},
        )
        self._demands: dict[Cell, Demand] = {}

    def demand(self) -> None:
        """Compute what is kept, of all cells together; asking is pressing every button."""
        for cell in self.wanted:
            form: Form = "table" if is_relation(cell) else "value"
            self._demands[cell] = self.session.demand(cell, form)
        self.session.press_all()

    def refresh(self) -> None:
        """Look at the sources again, after one has moved."""
        self.session.refresh()

    def result(self, cell: Cell) -> object:
        """Return the relation of a table that the engine reads, a function's frame or reader, or a plain value.

        Raises:
            DataAppError: Whatever keeps the cell from having a value.
        """
        match self._demands[cell].look().outcome:
            case Done(Table() as table):
                return table.relation(self._engine)
            case Done(value):
                return value
            case Failed(error):
                raise error
            case Blocked(_, DataAppError() as error):
                raise error
            case Blocked(by, error):
                raise BlockedError(f"`{cell.label}` is blocked by `{by}`: {error}", cell=cell.label) from error
            case _:
                raise BlockedError(f"`{cell.label}` has no value.", cell=cell.label)


class _Streaming(Session):
    """A session whose wanted queries are read as streams, also those whose rows other readers would have to share."""

    def __init__(
        self,
        engine: DuckDB,
        pool: InlinePool,
        *,
        initial: Callable[[InputCell], object],
        replaced: Mapping[Cell, object],
        streamed: set[Cell],
    ) -> None:
        super().__init__(engine, pool, initial=initial, replaced=replaced)
        self._streamed = streamed

    def _node(self, cell: Cell, form: Form) -> Node:
        node = super()._node(cell, form)
        return self.nodes.lazies.get(cell, node) if form == "table" and cell in self._streamed else node


def is_table(result: object) -> bool:
    """Whether a result has rows and columns."""
    return isinstance(result, Relation) or is_frame(result)


@contextmanager
def open_rows(result: object, cell: Cell, reading: Callable[[Callable[[], float | None]], None]) -> Generator[Rows]:
    """Read a result that is a table.

    Args:
        result: What `Evaluation.result` returned.
        cell: Its cell.
        reading: Told how to ask for the engine's progress.

    Raises:
        DataAppError: The engine failed.
        SourceMoved: A file changed while it was read.
        TimeLimitError: It took longer than the cell or the process allows.
    """
    if isinstance(result, pa.RecordBatchReader):
        yield Rows(result.schema, iter(result))
        return
    if not isinstance(result, Relation):
        table = to_arrow(result, cell.label)
        yield Rows(table.schema, iter(table.to_batches(max_chunksize=_BATCH)))
        return
    cancel = Cancel()
    with limits_of_process().watch(cell.label, own_limit(cell), cancel), result.open() as reader:
        cancel.on_cancel(reader.cancel)
        reading(reader.progress)
        stream = interruptible(lambda: reader.batches(_BATCH), reader)
        yield Rows(stream.schema, _taken(stream, reader))


def _taken(stream: pa.RecordBatchReader, reader: Reader) -> Iterator[pa.RecordBatch]:
    while (batch := interruptible(lambda: next(stream, None), reader)) is not None:
        yield batch


def interruptible[T](read: Callable[[], T], reader: Reader) -> T:
    """Read on another thread: while the engine works, it lets no signal through to its own."""
    found: Future[T] = Future()

    def work() -> None:
        try:
            found.set_result(read())
        except BaseException as error:  # it is raised where it is waited for
            found.set_exception(error)

    thread = threading.Thread(target=work, name="dataapp-rows", daemon=True)
    try:
        thread.start()
        return found.result()
    finally:
        if thread.is_alive() and not found.done():  # a signal came
            reader.cancel()
            wait([found])


def first_rows(result: object, cell: Cell, rows: int) -> pa.Table:
    """Return the first rows of a result that is a table."""
    if isinstance(result, Relation):
        with result.open() as reader:
            return reader.fetch(f"FROM relation LIMIT {rows}")
    if isinstance(result, pa.RecordBatchReader):
        return pa.Table.from_batches([batch.slice(0, rows) for batch in result][:1], schema=result.schema)
    return to_arrow(result, cell.label).slice(0, rows)
