"""`da.connect`: a database, described. Nothing is connected before rows, columns or tables are asked for."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dataapp.cells.cell import Cell
from dataapp.cells.database import Database, DatabaseTable, Refused, Server
from dataapp.cells.lifetime import Lifetime, checked_ttl
from dataapp.cells.namespace import Namespace
from dataapp.cells.policy import GuardedRows, PolicyCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.connect.address import FILE_DATABASES, FILE_SYSTEMS, key_of, label_of, scheme_of
from dataapp.connect.registry import server_of
from dataapp.errors import WrongKindError


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """A database. Made by `connect`; equal ones describe the same.

    Attributes:
        url: The whole URL, secrets included: not for showing.
        options: What the connector is told, by name.
    """

    url: str
    options: tuple[tuple[str, object], ...] = field(default=())

    @property
    def label(self) -> str:
        """The URL without user, password and options."""
        return label_of(self.url)

    @property
    def key(self) -> str:
        """What stands for it in keys of results; tells nothing of its secrets."""
        return key_of(self.url, dict(self.options))

    def server(self) -> Server:
        """Return the process's server, which connects when it is first asked something.

        Raises:
            ConnectorNotFoundError: The package for it is not installed.
        """
        return server_of(self.key, scheme_of(self.url), self.url, dict(self.options))

    def tables(self) -> list[str]:
        """Return the names of tables and views: those that are found without a schema, then the others with it.

        Raises:
            ConnectionFailedError: The database cannot be reached.
        """
        try:
            return list(self.server().tables())
        except Refused as refused:
            raise refused.error from refused.__cause__

    def columns(self, table: str, *, schema: str | None = None) -> Mapping[str, str]:
        """Return the columns of a table and the database's names of their types.

        Raises:
            TableNotFoundError: There is no such table.
            ConnectionFailedError: The database cannot be reached.
        """
        try:
            return dict(self.server().columns(table, schema))
        except Refused as refused:
            raise refused.error from refused.__cause__

    def table(
        self,
        table: str,
        /,
        *,
        policy: str | None = None,
        schema: str | None = None,
        name: str | None = None,
        ttl: Lifetime = None,
    ) -> SourceCell | PolicyCell:
        """Make a source of a table or view.

        Args:
            table: Its name, as the database spells it.
            policy: A condition in the SQL of the database that every row must satisfy before anybody reads it; it
                becomes a part of the query that the database is sent. See `source`.
            schema: The schema that it lies in; by default where the database looks by itself.
            name: What to call the cell; by default the variable that it is bound to.
            ttl: For how many seconds (a number or a timedelta) an answer of the database may be reused, by all sessions
                of the process, before it is asked anew, whether anything changed meanwhile or not. By default the
                database is asked each time whether it changed, and where it cannot tell, for the rows.

        Returns:
            A table that cells read by its name: on the database those that run on it, else after its rows were fetched.

        Raises:
            WrongKindError: `ttl` is no time.
        """
        frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # the source's place is the caller's
        location, place, seconds = DatabaseTable(self, table, schema), Namespace.of(frame, {}), checked_ttl(ttl)
        if policy is None:
            return SourceCell(location, place, options={}, name=name, ttl=seconds)
        return PolicyCell(GuardedRows(location, place, options={}, name=name, ttl=seconds), policy, on=self)

    def __repr__(self) -> str:
        return f"<Connection {self.label}>"


def connect(url: str | Path, /, **options: object) -> Connection:
    """Describe a database.

    Nothing is connected yet, so the call may stand in a module that is imported. The process shares its connections.

    Args:
        url: Such as ``postgresql://localhost/desk``, ``duckdb:///data/desk.duckdb``, or the path of a ``.duckdb`` file,
            where a relative one starts at the file that the call stands in. Other schemes come with packages of their
            own; the error of a missing one names it.
        **options: What the connector takes, such as ``password=os.environ["DESK_PASSWORD"]``.

    Returns:
        A connection: ``con.table("trades")`` is a source, ``da.sql(query, on=con)`` runs there, ``con.tables()`` and
        ``con.columns("trades")`` look around.

    Example:
        >>> import dataapp as da, duckdb, tempfile
        >>> file = tempfile.mkdtemp() + "/desk.duckdb"
        >>> with duckdb.connect(file) as written:
        ...     _ = written.execute("CREATE TABLE trades AS SELECT range AS size FROM range(10)")
        >>> con = da.connect(file)
        >>> trades = con.table("trades")
        >>> large = da.sql("FROM trades WHERE size > $low", on=con, trades=trades, low=7)
        >>> con.tables(), large.evaluate()["size"].to_list()
        (['trades'], [8, 9])
    """
    text = os.fspath(url)
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise WrongKindError(f"The URL of a database is {type(url).__name__}.", hint="give a text")
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # a relative path starts at the caller's file
    return Connection(_absolute(text, Namespace.of(frame, {}).folder), tuple(sorted(options.items())))


def _absolute(url: str, folder: Path) -> str:
    """Return a URL that does not depend on the working directory, where it names a file.

    Example:
        >>> _absolute("desk.duckdb", Path("/apps")), _absolute("duckdb:///data/x.db", Path("/apps"))
        ('duckdb:///apps/desk.duckdb', 'duckdb:///data/x.db')
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme.lower() not in FILE_DATABASES:
        return url
    path = Path(rest if separator else url).expanduser()
    return f"{scheme_of(url)}://{os.path.normpath(folder / path)}"


def database_of(cell: Cell) -> Database | None:
    """Return the database that a cell runs on or lies in, or None for the engine in this process.

    Raises:
        WrongKindError: A source names a database, but no table.
    """
    if isinstance(cell, SqlCell):
        return cell.on
    location = table_of(cell) if isinstance(cell, SourceCell) else None
    return None if location is None else location.database


def table_of(cell: SourceCell) -> DatabaseTable | None:
    """Return the table of a database that a source is, or None.

    Raises:
        WrongKindError: It names a database, but no table.
    """
    location = cell.location
    if isinstance(location, DatabaseTable):
        return location
    if not isinstance(location, str) or "://" not in location or scheme_of(location) in FILE_SYSTEMS:
        return None
    options = dict(cell.options)
    table, schema = options.pop("table", None), options.pop("schema", None)
    if not isinstance(table, str) or not isinstance(schema, str | None):
        raise WrongKindError(
            f"`{cell.label}` names the database {label_of(location)}, but no table of it.",
            hint='pass table="..."',
            cell=cell.label,
        )
    return DatabaseTable(Connection(location, tuple(sorted(options.items()))), table, schema)
