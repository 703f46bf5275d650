"""What a query's text refers to, rewritten in place: everything else keeps its bytes."""

from collections.abc import Callable, Iterable

from dataapp.compile.identifiers import fold, quote_literal
from dataapp.compile.names import TableRef
from dataapp.compile.query import Parser, Query
from dataapp.compile.spans import Span
from dataapp.compile.tokens import tokenize
from dataapp.errors import DataAppError, NameClashError
from dataapp.runtime.resolution import parse_text


def rename_references(sql: str, old: str, new: str, parser: Parser) -> str:
    """Return a query that reads a table or parameter under another name, with the same meaning.

    Where the text names the table elsewhere too (``SELECT busy.symbol``), it keeps the old name as an alias.

    Args:
        sql: The query; what is not a query is returned as it is.
        old: The name that it reads.
        new: The name to read instead.
        parser: The engine's parser.

    Raises:
        NameClashError: The query gives the new name to a CTE of its own.

    Example:
        >>> from dataapp.engines.duckdb import DuckDB
        >>> rename_references("FROM busy WHERE n > 1 -- busy", "busy", "hot", DuckDB())
        'FROM hot WHERE n > 1 -- busy'
        >>> rename_references("SELECT busy.n FROM busy", "busy", "hot", DuckDB())
        'SELECT busy.n FROM hot AS busy'
    """
    try:
        query = parse_text(sql, parser)
    except DataAppError:
        return sql
    tables = [table for table in query.tables if not table.qualified and fold(table.name) == fold(old)]
    parameters = [parameter for parameter in query.parameters if fold(parameter.name) == fold(old)]
    if tables and fold(new) in query.ctes:
        raise NameClashError(f"A query that reads `{old}` calls a part of itself `{new}`.", hint="choose another name")
    needs_alias = _is_mentioned(query, (old, new), [table.span for table in tables], parser)
    changes = [(table.span, _reference(table, new, needs_alias=needs_alias)) for table in tables]
    changes += [(parameter.span, f"${new}") for parameter in parameters]
    return _replaced(sql, changes)


def move_files(sql: str, moved: Callable[[str], str], parser: Parser) -> str:
    """Return a query whose files are given by other locations.

    Example:
        >>> from dataapp.engines.duckdb import DuckDB
        >>> move_files("SELECT count(*) FROM 'a.csv' -- 'a.csv'", lambda location: f"data/{location}", DuckDB())
        "SELECT count(*) FROM 'data/a.csv' -- 'a.csv'"
    """
    files = parse_text(sql, parser).files
    changes = [(file.span, moved(file.location)) for file in files]
    known = {file.span: file.location for file in files}
    return _replaced(sql, [(span, quote_literal(there)) for span, there in changes if there != known[span]])


def _is_mentioned(query: Query, names: Iterable[str], besides: list[Span], parser: Parser) -> bool:
    folded = {fold(name) for name in names}
    parameters = {parameter.span.end for parameter in query.parameters}
    return any(
        token.kind in ("identifier", "keyword")
        and fold(token.name) in folded
        and token.span.end not in parameters
        and not any(span.start <= token.span.start < span.end for span in besides)
        for token in tokenize(query.text, parser)
    )


def _reference(table: TableRef, new: str, *, needs_alias: bool) -> str:
    if not needs_alias or table.alias or not table.can_alias:
        return f"TABLE {new}" if table.is_statement else new
    return f"FROM {new} AS {table.name}" if table.is_statement else f"{new} AS {table.name}"


def _replaced(sql: str, changes: list[tuple[Span, str]]) -> str:
    data = sql.encode()
    for span, text in sorted(changes, key=lambda change: change[0].start, reverse=True):
        data = data[: span.start] + text.encode() + data[span.end :]
    return data.decode()
