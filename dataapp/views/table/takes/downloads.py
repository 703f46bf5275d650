"""A file made of all rows of a question while it is taken: memory holds a batch and a chunk, whatever the rows.

Nothing waits for the page: a file is made step by step, each a piece of work of its own, and no thread is held between
two of them.
"""

import re
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal, cast

import pyarrow as pa

from dataapp.engines.duckdb import Reader
from dataapp.errors import Cancelled
from dataapp.views.formats import Writer, open_writer
from dataapp.views.jobs import Cancel
from dataapp.views.table.relation.queries import Question
from dataapp.views.table.relation.rows import RelationRows
from dataapp.views.table.takes.exports import as_text, as_typed

type FileKind = Literal["csv", "parquet", "arrow"]
type FileOf = Literal["rows", "groups"]

FILE_KINDS: tuple[FileKind, ...] = ("csv", "parquet", "arrow")
_CHUNK = 1 << 20  # bytes that a message carries at most
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')  # in names of files
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file.

    Attributes:
        data: The next bytes.
        rows: How many rows have been written by now.
        is_last: Whether the file is complete.
    """

    data: bytes
    rows: int
    is_last: bool


class Download:
    """A file in the making. `step` runs in jobs, one after the other; `stop` is called from any thread.

    Args:
        rows: What is read.
        question: Which rows, in which order.
        positions: Which columns, in which order.
        kind: The format.
    """

    def __init__(self, rows: RelationRows, question: Question, positions: tuple[int, ...], kind: FileKind) -> None:
        self._rows = rows
        self._question = question
        self._positions = positions
        self._kind: FileKind = kind
        self._sink = _Sink()
        self._open = ExitStack()
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        self._batches: pa.RecordBatchReader | None = None
        self._writer: Writer | None = None
        self._written = 0
        self._is_complete = False
        self._is_stopped = False

    def step(self, cancel: Cancel) -> Chunk:
        """Return the next piece.

        Raises:
            Cancelled: It was stopped.
        """
        try:
            with self._lock:
                try:
                    return self._step(cancel)
                except BaseException:
                    self._is_stopped = True
                    raise
        finally:
            if self._is_stopped:
                self.stop()

    def stop(self) -> None:
        """Stop what runs and let all go, here or in the step that runs. Again does nothing."""
        self._is_stopped = True
        if self._reader is not None:
            self._reader.cancel()
        if self._lock.acquire(blocking=False):
            try:
                self._open.close()
            finally:
                self._lock.release()

    def _step(self, cancel: Cancel) -> Chunk:
        if self._is_stopped:
            raise Cancelled
        if self._reader is None:
            self._begin(cancel)
        else:
            cancel.on_cancel(self._reader.cancel)
        assert self._batches is not None
        assert self._writer is not None
        while self._sink.size < _CHUNK and not self._is_complete:
            batch = next(self._batches, None)
            if batch is None:
                self._writer.close()
                self._is_complete = True
                self._open.close()
            else:
                self._writer.write(batch)
                self._written += batch.num_rows
        data = self._sink.take(_CHUNK)
        return Chunk(data, self._written, self._is_complete and self._sink.size == 0)

    def _begin(self, cancel: Cancel) -> None:
        select = as_text(self._positions, guarded=True) if self._kind == "csv" else as_typed(self._positions)
        self._reader, table = self._open.enter_context(self._rows.beside(self._question, cancel))
        self._batches = self._rows.stream(self._question, self._reader, table, select)
        self._writer = open_writer(self._kind, cast("Any", self._sink), self._batches.schema)


class _Sink:
    """A file that is taken away while it is written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0
        self.size = 0
        self.closed = False  # Arrow asks

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        self.size += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        pass

    def take(self, most: int) -> bytes:
        """Take the oldest bytes that are there."""
        whole = b"".join(self._parts)
        rest = whole[most:]
        self._parts = [rest] if rest else []
        self.size = len(rest)
        return whole[:most]


def file_name(name: str, kind: FileKind) -> str:
    """Return how a file is called.

    Example:
        >>> file_name("daily/bars", "csv")
        'daily bars.csv'
    """
    fit = _UNFIT.sub(" ", name).strip(" .")[:_LONGEST_NAME]
    return f"{fit or 'table'}.{kind}"
