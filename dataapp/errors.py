"""Every error that dataapp raises: what happened, to which thing, what was found, and what to do.

The tree has one root, :class:`DataAppError`. A subclass names the situation and carries a stable code, which
``docs/errors.md`` lists with a cause and a cure.

Example:
    >>> print(NameNotFoundError("Cell `bars` reads table `trade`.", hint="did you mean `trades`?"))
    Cell `bars` reads table `trade`. Hint: did you mean `trades`? [DA101]
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class DataAppError(Exception):
    """The root of all errors of this package.

    Attributes:
        message: What happened, to which thing, and what was found.
        hint: What to do about it, or None.
        code: A stable code such as ``DA101``.
        cell: The label of the cell that the error belongs to, or None.
        line: The line in the cell's own text, from 1, or None.
        column: The column in that line, from 1, or None.

    Example:
        >>> import dataapp as da
        >>> try:
        ...     da.sql("SELECT 1 AS n, m").evaluate()
        ... except da.DataAppError as error:
        ...     print(error.code, error.line, error.column)
        DA204 1 16
    """

    code: ClassVar[str] = "DA000"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        cell: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.cell = cell
        self.line = line
        self.column = column

    def __str__(self) -> str:
        where = "" if self.line is None else f" (line {self.line}, column {self.column})"
        hint = "" if self.hint is None else f" Hint: {self.hint}"
        return f"{self.message}{where}{hint} [{self.code}]"


class NameNotFoundError(DataAppError):
    """A cell reads a name that nothing defines."""

    code = "DA101"


class NameClashError(DataAppError):
    """One name stands for two different things."""

    code = "DA102"


class CycleError(DataAppError):
    """Cells read each other in a circle."""

    code = "DA103"


class WrongKindError(DataAppError):
    """A name is defined, but as something that cannot be read in this place."""

    code = "DA104"


class InvalidNameError(DataAppError):
    """A name cannot be used in Python and SQL alike."""

    code = "DA105"


class SqlSyntaxError(DataAppError):
    """The text of a SQL cell is not SQL."""

    code = "DA201"


class StatementError(DataAppError):
    """The text of a SQL cell is not exactly one query."""

    code = "DA202"


class QueryError(DataAppError):
    """The engine refused a query, or failed while running it."""

    code = "DA203"


class ColumnNotFoundError(QueryError):
    """A query names a column that its tables do not have."""

    code = "DA204"


class TableNotFoundError(QueryError):
    """A query names a table or function that the engine does not have."""

    code = "DA205"


class TypeMismatchError(QueryError):
    """A value or an expression has a type that the query cannot use there."""

    code = "DA206"


class SourceNotFoundError(DataAppError):
    """A source names a file or table that does not exist."""

    code = "DA301"


class SourceUnreadableError(DataAppError):
    """A source exists, but cannot be read as what it is said to be."""

    code = "DA302"


class SourceChangingError(DataAppError):
    """A source changed again and again while it was being read."""

    code = "DA303"


class SourceNotAllowedError(DataAppError):
    """An input chose a file outside the directories that may be read."""

    code = "DA304"


class PolicyError(DataAppError):
    """The policy of a source is not one condition."""

    code = "DA305"


class ConnectorNotFoundError(DataAppError):
    """No installed connector knows the scheme of a database's URL."""

    code = "DA311"


class ConnectionFailedError(DataAppError):
    """A database cannot be reached, or refuses the connection."""

    code = "DA312"


class NotOnDatabaseError(DataAppError):
    """A cell that runs on a database reads something that cannot be read there."""

    code = "DA313"


class PythonCellError(DataAppError):
    """A Python cell raised an exception; the cause is chained."""

    code = "DA401"


class SignatureError(DataAppError):
    """The signature of a Python cell cannot be honoured."""

    code = "DA402"


class ExpressionError(DataAppError):
    """An Ibis expression cannot become a part of a query over cells."""

    code = "DA403"


class InputError(DataAppError):
    """An input is declared wrongly or was given a value that it does not take."""

    code = "DA501"


class ClaimNotFoundError(DataAppError):
    """A query reads a claim of who is looking that the server was not told."""

    code = "DA502"


class SessionError(DataAppError):
    """Something needs a session and there is none, or it would be shared between sessions."""

    code = "DA601"


class SettingError(DataAppError):
    """A setting of the environment has no meaning."""

    code = "DA611"


class ChartError(DataAppError):
    """A chart names a field or uses a feature that its cell does not offer."""

    code = "DA701"


class ChartNotSavedError(DataAppError):
    """A chart cannot be written to a file."""

    code = "DA702"


class CrossfilterError(DataAppError):
    """A view cannot be filtered by a selection, or a crossfilter is given something that it cannot take."""

    code = "DA703"


class FormatError(DataAppError):
    """A format of an explorer has no meaning, or does not fit its column."""

    code = "DA721"


class NotSavedError(DataAppError):
    """An app cannot be written to the place where it should be saved."""

    code = "DA751"


class FileTakenError(NotSavedError):
    """There is a file of that name already, and nobody said to replace it."""

    code = "DA752"


class BookUnreadableError(DataAppError):
    """A stored state of the workbench cannot be read."""

    code = "DA753"


class BlockedError(DataAppError):
    """A cell cannot run because a cell that it reads failed."""

    code = "DA801"


class TimeLimitError(DataAppError):
    """A cell took longer than its time limit allows."""

    code = "DA811"


class Cancelled(Exception):
    """A run was superseded or its session ended. Never shown, never swallowed."""


def near(name: str, known: Iterable[str]) -> str | None:
    """Return a hint with the known names closest to a mistyped one, or None.

    Example:
        >>> near("trade", ["trades", "quotes"])
        'did you mean `trades`?'
    """
    names = {candidate.lower(): candidate for candidate in known}
    found = [f"`{names[match]}`" for match in get_close_matches(name.lower(), names, n=3, cutoff=0.6)]
    return f"did you mean {' or '.join(found)}?" if found else None
