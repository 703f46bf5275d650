"""A Postgres server in use: connections that are lent and kept, what it holds, and when it changes.

Connections only read: each is told so when it is made, whatever its user may do. One that broke, or whose query was
cancelled, is not lent again.
"""

import threading
import weakref
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

import adbc_driver_postgresql.dbapi as driver  # pyright: ignore[reportMissingTypeStubs]

from dataapp.cells.database import Refused, Statement
from dataapp.cells.values import Bound
from dataapp.compile.identifiers import quote_identifier
from dataapp.compile.target import Target
from dataapp.connect.address import secrets_of
from dataapp.errors import ConnectionFailedError, TableNotFoundError, near
from dataapp_postgres import catalog
from dataapp_postgres.faults import connection_failure
from dataapp_postgres.parameters import TYPES
from dataapp_postgres.question import PostgresQuestion

TARGET = Target(
    "postgres",
    numbers_parameters=True,
    starts_with_from=False,
    keeps_case=True,
    takes_lists_by_any=True,
    types=TYPES,
    fence=("", "\nOFFSET 0"),  # no condition is moved into a subquery that has one
)
_MOST_IDLE = 4
_ONLY_READ = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"


def open_server(url: str, options: Mapping[str, object]) -> "PostgresServer":
    """Describe the server of a URL; it is connected to when it is first asked something.

    Args:
        url: ``postgresql://user:password@host:port/database?keyword=value``, each part optional. What is left out comes
            from PGHOST, PGUSER, PGPASSWORD and so on, or from ``~/.pgpass``, as in every program that uses libpq.
        options: ``versions``, and keywords of libpq such as ``password``, ``sslmode`` or ``connect_timeout``.

    Raises:
        ConnectionFailedError: `versions` is neither ``tables`` nor ``snapshot``.
    """
    keywords = dict(options)
    versions = keywords.pop("versions", "snapshot")
    if versions not in ("tables", "snapshot"):
        raise ConnectionFailedError(
            f"`versions` of a Postgres connection is {versions!r}.", hint="use 'tables' or 'snapshot'"
        )
    added = "&".join(f"{quote(name, safe='')}={quote(str(value), safe='')}" for name, value in keywords.items())
    whole = url + ("&" if "?" in url else "?") * bool(added) + added
    return PostgresServer(whole, secrets_of(url, options), by_snapshot=versions == "snapshot")


class PostgresServer:
    """Postgres behind one URL; see `dataapp.cells.database.Server`. Any thread may use it."""

    def __init__(self, url: str, secrets: tuple[str, ...], *, by_snapshot: bool) -> None:
        self._url = url
        self._by_snapshot = by_snapshot
        self._enums: frozenset[str] = frozenset()
        self._idle: list[driver.Connection] = []
        weakref.finalize(self, _close_all, self._idle)  # at the latest when Python ends, while the driver still can
        self._lock = threading.Lock()
        self.secrets = secrets

    @property
    def target(self) -> Target:
        """How its SQL is written."""
        return TARGET

    def ask(self, statement: Statement) -> PostgresQuestion:
        """Prepare to run a statement; nothing is sent yet."""
        return PostgresQuestion(self, statement)

    def tables(self) -> Sequence[str]:
        """Return the tables and views that may be read: those on the search path by name, the others with schema."""
        return [str(name) for (name,) in self._rows(catalog.TABLES)]

    def columns(self, table: str, schema: str | None) -> Mapping[str, str]:
        """Return the columns of a table and Postgres's names of their types."""
        names = [table] if schema is None else [schema, table]
        rows = self._rows(catalog.COLUMNS, {"table": Bound(".".join(map(quote_identifier, names)))})
        if not rows:
            written = ".".join(names)
            raise TableNotFoundError(f"There is no table `{written}`.", hint=near(written, self.tables()))
        return {str(name): str(kind) for name, kind in rows}

    def version(self, tables: Sequence[str]) -> Hashable | None:
        """Return what changes when the rows of tables do; see `dataapp_postgres.catalog`."""
        try:
            if self._by_snapshot:
                return tuple(self._rows(catalog.SNAPSHOT))
            rows = self._rows(catalog.CHANGES, {"tables": Bound(list(tables), "VARCHAR[]")})
        except Refused as refused:
            if isinstance(refused.error, ConnectionFailedError):
                raise
            return None  # a name that is none, or a server that does not let its statistics be read
        return None if any(None in row for row in rows) else tuple(rows)

    def is_enum(self, name: str) -> bool:
        """Whether the driver's name of a type is that of an enum."""
        if name not in self._enums:  # it may have been made since
            self._enums = frozenset(str(word) for row in self._rows(catalog.ENUMS) for word in row)
        return name in self._enums

    def lease(self) -> driver.Connection:
        """Lend a connection; `give_back` it, or close it when it is not as it was.

        Raises:
            Refused: The server cannot be reached, or refuses.
        """
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            connection: driver.Connection = cast("Any", driver).connect(self._url, autocommit=True)
            with connection.cursor() as cursor:
                cast("Any", cursor).execute(_ONLY_READ)
        except driver.Error as error:
            failure = connection_failure(error, self.secrets)
            raise Refused(failure) from None  # the driver's own error may hold the URL
        return connection

    def give_back(self, connection: driver.Connection) -> None:
        """Take a connection back."""
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def forget_idle(self) -> None:
        """Close the connections that wait to be lent: one broke, so the server has been away."""
        with self._lock:
            idle = self._idle.copy()
            self._idle.clear()
        _close_all(idle)

    def _rows(self, sql: str, parameters: Mapping[str, Bound] | None = None) -> list[tuple[object, ...]]:
        with self.ask(Statement(sql, parameters or {})) as question:
            return [tuple(row.values()) for row in question.read().read_all().to_pylist()]


def _close_all(connections: list[driver.Connection]) -> None:
    while connections:
        connections.pop().close()
