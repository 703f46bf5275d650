"""The base of all cells: an immutable description of one node, shared by every session that reads it."""

from collections.abc import Mapping
from typing import Any, NewType

from dataapp.cells import host
from dataapp.cells.namespace import Namespace
from dataapp.errors import WrongKindError

CellId = NewType("CellId", str)


class Cell:
    """A node of the graph: what it is and where it was written, never what its value is.

    Two cells are equal only if they are the same object.
    """

    __slots__ = ("__weakref__", "_label", "_name", "namespace")

    namespace: Namespace
    _name: str | None
    _label: str | None

    def __init__(self, namespace: Namespace, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise WrongKindError(
                f"`name=` says what to call the cell, but is a {type(name).__name__}.",
                hint="call the parameter otherwise: `name` cannot be bound to anything else",
            )
        self.namespace = namespace
        self._name = name
        self._label = None

    @property
    def label(self) -> str:
        """What people call it: the given name, the variable that it is bound to, or file and line."""
        if self._label is None:
            found = self._name or self.namespace.name_of(self)
            if found is None:
                return self.namespace.place  # not kept: the cell may be bound to a variable later
            self._label = found  # kept: a server empties an app module's globals when its session ends
        return self._label

    @property
    def is_named(self) -> bool:
        """Whether the label is a name rather than a place."""
        return (self._label or self._name or self.namespace.name_of(self)) is not None

    @property
    def key(self) -> CellId:
        """Module and label: stable from run to run."""
        return CellId(f"{self.namespace.module}.{self.label}")

    def evaluate(self, values: Mapping["Cell", object] | None = None, /, **names: object) -> Any:
        """Return the cell's value, without a server or a screen.

        Every keyword is looked up as a name in this cell's namespace, then above it, and what it names is replaced
        everywhere: inputs by values, tables by frames. Everything else takes the current session's value, or its
        default.

        Args:
            values: Replacements by cell, for cells without a name.
            **names: Replacements by name.

        Returns:
            A Polars frame for a table, else the value itself.

        Raises:
            NameNotFoundError: Nothing above this cell has that name.
            DataAppError: Whatever keeps the cell from having a value.

        Example:
            >>> import dataapp as da
            >>> da.sql("SELECT $n + 1 AS next", n=41).evaluate().item()
            42
        """
        return host.current().evaluate(self, values or {}, names)

    @property
    def schema(self) -> Mapping[str, str]:
        """Column names and SQL types of a cell that is a table, found without running it.

        Example:
            >>> import dataapp as da
            >>> dict(da.sql("SELECT 1 AS n, 'a' AS letter").schema)
            {'n': 'INTEGER', 'letter': 'VARCHAR'}
        """
        return host.current().schema(self)

    def compile(self, dialect: str = "duckdb") -> host.Compiled:
        """Return the one query that this cell and the lazy cells above it become, with its parameters.

        Of a cell that runs on a database it is a query in the SQL of that database, unless another dialect is named.

        Example:
            >>> import dataapp as da
            >>> numbers = da.sql("SELECT range AS n FROM range(10)")
            >>> print(da.sql("FROM numbers WHERE n > $low", numbers=numbers, low=5).compile().sql)
            WITH "numbers" AS (SELECT range AS n FROM range(10)
            )
            FROM (FROM numbers WHERE n > $low
            )
        """
        return host.current().compile(self, dialect)

    def explain(self, *, analyze: bool = True) -> str:
        """Return a text for people: the one query that this cell becomes, what it reads and costs, and what is kept.

        It names the cells that are fused, time and rows, and for each source the columns, filters, files, row groups
        and bytes that the query needs. Which rows are kept for several readers, and why, stands beside it.
        A database tells its own plan of what runs on it.

        The time limit of the cell holds, or that of the app that is open; the end of the session stops it, too.

        Args:
            analyze: Run the query, once and without shared results, to measure it; otherwise only plan it.

        Raises:
            DataAppError: Whatever keeps the query from being planned or run.
            TimeLimitError: It took longer than the cell or the app allows.

        Example:
            >>> import dataapp as da
            >>> numbers = da.sql("SELECT range AS n FROM range(10)")
            >>> print(da.sql("FROM numbers WHERE n > 4", name="high", numbers=numbers).explain().splitlines()[0])
            `high` is one query in DuckDB of 2 cells: numbers, high.
        """
        return host.current().explain(self, analyze=analyze)

    def ibis(self) -> Any:
        """Return a table of Ibis that stands for this cell; what is built on it is a lazy cell, read by its name.

        Its columns are those that the cell has now, with the values that inputs have now or start with.

        Returns:
            An unbound `ibis.Table`.

        Example:
            >>> import dataapp as da
            >>> numbers = da.sql("SELECT range AS n FROM range(10)").ibis()
            >>> even = numbers.filter(numbers.n % 2 == 0)
            >>> da.sql("SELECT max(n) AS top FROM even", even=even).evaluate().item()
            8
        """
        return host.current().ibis(self)

    def __panel__(self) -> object:
        return host.current().panel(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.label}>"
