"""What a cell may run on besides the engine in this process: a database, described, and what a connector offers of it.

A connector is a function that opens a `Server`, found by the scheme of a URL. Everything here is a boundary: cells
hold a `Database`, connectors make a `Server`, and the runtime stands between them.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from dataapp.cells.values import Bound
from dataapp.compile.target import Target

if TYPE_CHECKING:
    import pyarrow as pa

    from dataapp.errors import DataAppError


COMPARES_ALIKE = b"dataapp.compares_alike"
"""In the metadata of a field of `Question.schema`: the server's `=`, `<` and so on mean for it what DuckDB's mean.

NaN is equal to itself and larger than all numbers, dates and times have no zone, and text is compared as it arrives. Of
text only equality is asked for, so a collation does no harm that lets other texts be equal, too.
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """One complete query for a server.

    Attributes:
        sql: The text, written as the server's `Target` says.
        parameters: The values of exactly its parameters, in the order of their numbers.
        before: How many bytes of the text stand before what cells wrote.
    """

    sql: str
    parameters: Mapping[str, Bound]
    before: int = 0


class Refused(Exception):
    """A server refused or failed a query. The runtime raises `error`, with the cell's own line and column.

    Attributes:
        error: What the author should read.
        position: The byte offset in the statement's text that it is about, or None.
    """

    def __init__(self, error: "DataAppError", position: int | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.position = position


class Question(Protocol):
    """A statement on a connection of its own. Not for two threads at once, but any thread may cancel it.

    All methods but `cancel` and `close` raise `Refused`, or `Cancelled` once `cancel` was called.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def schema(self) -> "pa.Schema":
        """Return the columns without running the statement; `COMPARES_ALIKE` marks those that readers may filter by."""
        ...

    def read(self) -> "pa.RecordBatchReader":
        """Run the statement; the batches are valid until `close`."""
        ...

    def explain(self) -> str:
        """Return the server's plan."""
        ...

    def cancel(self) -> None:
        """Stop what runs on the server, and refuse what comes."""
        ...

    def close(self) -> None:
        """Give the connection back; again does nothing."""
        ...


class Server(Protocol):
    """A database that is being used: connections are made when they are first needed. Any thread may use it."""

    @property
    def target(self) -> Target:
        """How its SQL is written."""
        ...

    def ask(self, statement: Statement) -> Question:
        """Prepare to run a statement; nothing is sent yet."""
        ...

    def tables(self) -> Sequence[str]:
        """Return the names of the tables and views that are found without a schema, then those of others with it."""
        ...

    def columns(self, table: str, schema: str | None) -> Mapping[str, str]:
        """Return the columns of a table and the server's names of their types.

        Raises:
            TableNotFoundError: There is no such table.
        """
        ...

    def version(self, tables: Sequence[str]) -> Hashable | None:
        """Return what changes when the rows of tables do, or None where the server cannot tell.

        Args:
            tables: Names as they are written in queries, with schema and quotes where these have them.
        """
        ...


type Connector = Callable[[str, Mapping[str, object]], Server]
"""Opens a server, given the URL and the options of `da.connect`; it makes no connection yet."""


@runtime_checkable
class Database(Protocol):
    """The description of a server. Equal ones describe the same."""

    @property
    def label(self) -> str:
        """What people may call it: an address without secrets."""
        ...

    @property
    def key(self) -> str:
        """What stands for it in keys of results; tells nothing of its secrets."""
        ...

    def server(self) -> Server:
        """Return the server, which the whole process shares.

        Raises:
            ConnectorNotFoundError: The package for it is not installed.
        """
        ...


@dataclass(frozen=True, slots=True)
class DatabaseTable:
    """The location of a source that is a table of a database."""

    database: Database
    name: str
    schema: str | None = None
