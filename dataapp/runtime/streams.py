"""Tables that a Python cell reads in batches: computed while its function takes them, never collected."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import pyarrow as pa

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import WrongKindError
from dataapp.runtime.tables import Table
from dataapp.runtime.workers import Cancel


class Streams:
    """The streams of one call; none outlives it.

    Args:
        cancel: Stops the queries.
        cell: The label of the cell that reads them.
    """

    def __init__(self, cancel: Cancel, cell: str) -> None:
        self._cancel = cancel
        self._cell = cell
        self._open = ExitStack()
        self._is_over = False
        self._relations: list[Relation] = []
        self._fault: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._open.close()

    def open(self, table: Table, engine: DuckDB) -> pa.RecordBatchReader:
        """Return a table's rows as a stream."""
        if (frame := table.whole_frame) is not None:
            return frame.to_reader()
        relation = table.relation(engine)
        reader = self._open.enter_context(relation.open())
        self._cancel.on_cancel(reader.cancel)
        self._cancel.progress = reader.progress
        self._relations.append(relation)
        batches = reader.batches()
        return pa.RecordBatchReader.from_batches(batches.schema, self._noted(batches))

    def call(self, function: Callable[[], object]) -> object:
        """Call a function that reads them.

        What goes wrong in a stream is told as what it is, not as something that the function raised. A stream that the
        function returns is read to its end, because a value can be read more than once.

        Raises:
            SourceMoved: A file changed while it was read.
        """
        try:
            result = function()
            if self._relations and isinstance(result, pa.RecordBatchReader):
                result = result.read_all()
        except Exception:
            if self._fault is not None:
                raise self._fault from self._fault.__cause__
            self._check_sources()
            raise
        self._check_sources()
        return result

    def _check_sources(self) -> None:
        for relation in self._relations:
            relation.check_sources()

    def _noted(self, batches: pa.RecordBatchReader) -> Generator[pa.RecordBatch]:
        while True:
            if self._is_over:
                raise WrongKindError(
                    f"`{self._cell}` read a stream after its function had returned.",
                    hint="read all of it in the function, or annotate the parameter pa.Table",
                    cell=self._cell,
                )
            try:
                batch = next(batches, None)
            except Exception as error:
                self._fault = error
                raise
            if batch is None:
                return
            yield batch
