"""The fused query in another engine's SQL, by sqlglot. What a dialect cannot say is an error, never a wrong answer."""

import sqlglot
from sqlglot.errors import ErrorLevel, ParseError, UnsupportedError

from dataapp.errors import StatementError, near


def translate(sql: str, dialect: str, *, read: str = "duckdb") -> str:
    """Return a query of DuckDB, or of the dialect `read`, in another dialect.

    Raises:
        StatementError: The dialect is unknown, or cannot say what the query says.

    Example:
        >>> translate("SELECT a FROM t WHERE b > $low", "mysql").split()
        ['SELECT', 'a', 'FROM', 't', 'WHERE', 'b', '>', ':low']
    """
    if dialect == read:
        return sql
    known = sorted(dialect.value for dialect in sqlglot.Dialects if dialect.value)
    if dialect not in known:
        raise StatementError(f"SQL dialect {dialect!r} is not known.", hint=near(dialect, known))
    try:
        return sqlglot.transpile(sql, read=read, write=dialect, unsupported_level=ErrorLevel.RAISE, pretty=True)[0]
    except (UnsupportedError, ParseError) as error:
        raise StatementError(f"The query cannot be said in {dialect}: {error}") from error
