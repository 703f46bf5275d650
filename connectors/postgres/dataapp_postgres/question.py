"""One query on one connection: its columns, its rows as Arrow, its plan, and how it is stopped."""

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from time import sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import adbc_driver_postgresql.dbapi as driver  # pyright: ignore[reportMissingTypeStubs]
import pyarrow as pa

from dataapp.cells.database import Statement
from dataapp.errors import Cancelled, ConnectionFailedError
from dataapp_postgres.faults import refusal
from dataapp_postgres.parameters import row_of
from dataapp_postgres.types import marked_schema, plain_batch, plain_schema

if TYPE_CHECKING:
    from dataapp_postgres.server import PostgresServer

_CANCEL_EVERY = 0.05  # a cancel that comes before the query has started is lost, so it is repeated


class PostgresQuestion:
    """See `dataapp.cells.database.Question`."""

    def __init__(self, server: "PostgresServer", statement: Statement) -> None:
        self._server = server
        self._statement = statement
        self._connection: driver.Connection | None = None
        self._cursor: Any = None
        self._is_broken = False
        self._cancelled = threading.Event()
        self._cancelling = threading.Lock()  # a cancel must never hit whoever leases the connection next

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def schema(self) -> pa.Schema:
        """Return the columns; Postgres prepares the query, and runs nothing."""
        with self._asking():
            found = self._open().adbc_execute_schema(self._statement.sql, self._row())
        return marked_schema(found, plain_schema(found, self._server.is_enum))

    def read(self) -> pa.RecordBatchReader:
        """Run the query; rows arrive as they are read."""
        with self._asking():
            cursor = self._open()
            cursor.execute(self._statement.sql, self._row())
            batches: pa.RecordBatchReader = cursor.fetch_record_batch()
            self._is_broken = True  # until all is read: what is left on the connection would meet its next query
        schema = plain_schema(batches.schema, self._server.is_enum)
        return pa.RecordBatchReader.from_batches(schema, self._plain(batches, schema))

    def explain(self) -> str:
        """Return Postgres's plan."""
        with self._asking():
            cursor = self._open()
            cursor.execute(f"EXPLAIN {self._statement.sql}", self._row())
            return "\n".join(str(row[0]) for row in cursor.fetchall())

    def cancel(self) -> None:
        """Stop what runs on the server, and refuse what comes."""
        self._cancelled.set()
        threading.Thread(target=self._cancel_until_closed, name="dataapp-postgres-cancel", daemon=True).start()

    def close(self) -> None:
        """Give the connection back; again does nothing."""
        with self._cancelling:
            connection, self._connection = self._connection, None
            cursor, self._cursor = self._cursor, None
        if connection is None:
            return
        if cursor is not None:
            if self._is_broken:
                cursor.adbc_cancel()  # else closing waits for the rows that nobody reads
            cursor.close()
        if self._is_broken or self._cancelled.is_set():
            connection.close()
        else:
            self._server.give_back(connection)

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = self._server.lease()
        if self._cursor is None:
            self._cursor = self._connection.cursor()
        if self._cancelled.is_set():
            raise Cancelled
        return self._cursor

    def _row(self) -> pa.RecordBatch | None:
        return row_of(self._statement.parameters.items())

    def _plain(self, batches: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with self._asking():
            for batch in batches:
                yield plain_batch(batch, schema)
            self._is_broken = False

    @contextmanager
    def _asking(self) -> Generator[None]:
        try:
            yield
        except (driver.Error, pa.ArrowException, OSError) as error:
            self._is_broken = True  # as cheap to make anew as to find out what is left on it
            if self._cancelled.is_set():
                raise Cancelled from None
            refused = refusal(error, self._statement.sql, self._server.secrets)
            if isinstance(refused.error, ConnectionFailedError):
                self._server.forget_idle()
            raise refused from None  # the driver's own error may hold secrets

    def _cancel_until_closed(self) -> None:
        while True:
            with self._cancelling:
                if self._connection is None:
                    return
                if self._cursor is not None:
                    self._cursor.adbc_cancel()
            sleep(_CANCEL_EVERY)
