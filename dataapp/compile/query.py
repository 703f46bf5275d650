"""The text of a SQL cell, read: is it one query, what does it name, what does it mean.

The engine's own parser does the reading and is handed in. Nothing is bound: tables, files and values need not exist.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from dataapp.compile.columns import ALL, UsedColumns, used_columns
from dataapp.compile.identifiers import fold
from dataapp.compile.meaning import Functions, is_volatile, reduces, unstable_reasons
from dataapp.compile.names import FileRef, HiddenNamesError, Names, Node, TableRef, UnplacedNameError, read_names
from dataapp.compile.outputs import Outputs, read_outputs
from dataapp.compile.passages import closed_tables
from dataapp.compile.pivots import freeze_pivots, has_pivot, without_parameters
from dataapp.compile.restrictions import ALL_ROWS, UsedRows, used_rows
from dataapp.compile.spans import line_and_column
from dataapp.compile.tokens import (
    ParameterRef,
    Token,
    parameters,
    plain_spaces,
    positional_parameter,
    statements,
    tokenize,
)
from dataapp.compile.unnamed import Unnamed, read_unnamed
from dataapp.errors import StatementError

type Form = Literal["select", "show", "pivot"]


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """Type (such as `SELECT`) and parameter names of one statement."""

    type: str
    parameters: frozenset[str]


class Parser(Protocol):
    """What compiling needs of an engine that speaks DuckDB's SQL."""

    def serialize(self, text: str) -> Mapping[str, Any]:
        """Return what `json_serialize_sql` gives, parsed."""
        ...

    def deserialize(self, tree: Mapping[str, Any]) -> str:
        """Return a query of what `serialize` gave."""
        ...

    def tokens(self, text: str) -> Sequence[tuple[int, str]]:
        """Return byte offset and kind of each token: identifier, numeric, string, operator, keyword or comment."""
        ...

    def statements(self, text: str) -> Sequence[StatementFacts]:
        """Return the facts of each statement; raise `SqlSyntaxError` with line and column for bad text."""
        ...

    def unstable_functions(self) -> frozenset[str]:
        """Return the lower-case names of scalar functions that may differ between calls or queries."""
        ...

    def aggregate_functions(self) -> frozenset[str]:
        """Return the lower-case names of aggregates."""
        ...


@dataclass(frozen=True, slots=True)
class Query:
    """One query as its author wrote it, and what it says. Offsets are bytes of `text`.

    Attributes:
        text: The query without semicolons and blanks at its end; offsets are those of the author's text.
        tables: Tables that no CTE of the text defines, in order.
        files: Locations written as literals, in order.
        parameters: Each occurrence of a named parameter, in order.
        path_parameters: Folded names of the parameters that choose a file.
        unversioned: What is read besides tables and files, and may change without anybody noticing; for people.
        ctes: Folded names of all CTEs, at any depth.
        form: `show` (SUMMARIZE, DESCRIBE, SHOW) is no table by itself and must be wrapped; `pivot` holds a PIVOT
            whose columns come from the data, and takes no prepared parameters.
        unstable: Reasons, for people, why the text has no one meaning; empty when it has.
        is_volatile: Whether it is meant to give other rows each time, and not just one of several that would do.
        reduces: Whether the outermost level groups, aggregates, is DISTINCT, sampled or limited.
        columns: Which columns of the tables that it reads it may use, predicates left out.
        rows: Which rows of the tables that it reads it may use, predicates left out.
        closed: By folded name of each table that no condition may stand on, the reason for people.
        outputs: Where the columns of its result come from, where that is understood.
        unnamed: Columns that are called as they are written.
    """

    text: str
    tables: tuple[TableRef, ...]
    files: tuple[FileRef, ...]
    parameters: tuple[ParameterRef, ...]
    path_parameters: frozenset[str]
    unversioned: tuple[str, ...]
    ctes: frozenset[str]
    form: Form
    unstable: tuple[str, ...]
    is_volatile: bool
    reduces: bool
    columns: UsedColumns
    rows: UsedRows
    closed: Mapping[str, str]
    outputs: Outputs | None
    unnamed: tuple[Unnamed, ...]


def parse(text: str, parser: Parser) -> Query:
    """Read the text of a SQL cell.

    Raises:
        SqlSyntaxError: If the text is not SQL (raised by the parser).
        StatementError: If it is not exactly one query, uses parameters without names, or cannot be read.
    """
    text = plain_spaces(text)
    tokens = tokenize(text, parser)
    names = parameters(tokens)
    is_dynamic = _check(text, tokens, names, parser)
    text = _without_semicolons(text, tokens)
    tokens = [token for token in tokens if token.text != ";"]
    functions = Functions(parser.unstable_functions(), parser.aggregate_functions())
    tree, found = _read_dynamic(text, tokens, parser) if is_dynamic else _read(text, tokens, parser)
    places = (*found.tables, *found.files, *names)
    return Query(
        text=text,
        tables=tuple(found.tables),
        files=tuple(found.files),
        parameters=names,
        path_parameters=frozenset(found.path_parameters),
        unversioned=tuple(found.unversioned),
        ctes=frozenset(found.ctes),
        form="pivot" if is_dynamic else _form(tree),
        unstable=unstable_reasons(tree, functions),
        is_volatile=is_volatile(tree, functions),
        reduces=reduces(tree, functions),
        columns=ALL if is_dynamic else used_columns(tree),
        rows=ALL_ROWS if is_dynamic else used_rows(tree, found.tables, found.ctes),
        closed=closed_tables(tree, found.tables),
        outputs=None if is_dynamic else read_outputs(tree, tokens, functions),
        unnamed=read_unnamed(text, tokens, [one.span for one in places], parser),
    )


def _check(text: str, tokens: Sequence[Token], names: Sequence[ParameterRef], parser: Parser) -> bool:
    """Refuse what is not one query with named parameters; return whether it holds a dynamic PIVOT."""
    unnamed = positional_parameter(tokens)
    if unnamed is not None:
        hint = "name it, such as $size: the name says which input it reads"
        raise _refusal(f"The parameter `{unnamed.text}` has no name.", hint, text, unnamed)
    may_pivot = has_pivot(tokens)
    facts = parser.statements(without_parameters(text, names) if may_pivot else text)
    written = statements(tokens)
    if not facts or not written:
        raise StatementError("The text holds no statement.", hint="write one query, such as FROM trades")
    if len(written) > 1:
        hint = "write each query on its own"
        raise _refusal(f"The text holds {len(written)} statements.", hint, text, written[1][0])
    first = written[0][0]
    is_query = facts[-1].type == "SELECT" and (len(facts) == 1 or may_pivot) and not first.is_keyword("pragma")
    if not is_query:
        hint = "write a query that gives a table: SELECT, FROM, WITH, VALUES, PIVOT, SUMMARIZE or DESCRIBE"
        kind = facts[0].type if len(facts) == 1 and facts[0].type != "SELECT" else first.text.upper()
        raise _refusal(f"{kind} is not a query.", hint, text, first)
    if not may_pivot and {fold(name.name) for name in names} != {fold(name) for name in facts[0].parameters}:
        raise StatementError("The parameters cannot be told apart from the text around them.", hint="put blanks around")
    return len(facts) > 1


def _read(text: str, tokens: Sequence[Token], parser: Parser) -> tuple[Node, Names]:
    tree = _serialize(text, parser)

    def origin(location: int) -> int | None:
        return location

    return tree, _names(tree, text, tokens, origin)


def _read_dynamic(text: str, tokens: Sequence[Token], parser: Parser) -> tuple[Node, Names]:
    frozen, source_map = freeze_pivots(text, tokens)
    tree = _serialize(frozen, parser)

    def origin(location: int) -> int | None:
        place = source_map.find(location)
        return None if place is None else place[1]

    return tree, _names(tree, text, tokens, origin)


def _serialize(text: str, parser: Parser) -> Node:
    try:
        answer = parser.serialize(text)
    except RecursionError as error:  # about 500 operators in a row without brackets around some of them
        hint = "split it into several queries, or write a long chain of operators as a list"
        raise StatementError("The query is nested too deeply to be read.", hint=hint) from error
    if answer["error"]:
        hint = "if it pivots, list the columns: PIVOT ... ON column IN ('a', 'b')"
        raise StatementError("DuckDB does not give the syntax tree of this query.", hint=hint)
    return answer["statements"][0]["node"]


def _names(tree: Node, text: str, tokens: Sequence[Token], origin: Callable[[int], int | None]) -> Names:
    try:
        return read_names(tree, tokens, origin)
    except HiddenNamesError as error:
        hint = "write the query or the table itself, so that it is known what is read"
        raise _refusal(f"`{error}` reads what a text names.", hint, text, error.token) from error
    except UnplacedNameError as error:
        hint = "write it as a plain name behind FROM or JOIN"
        raise StatementError(f"DuckDB does not say where `{error}` stands in the text.", hint=hint) from error


def _form(tree: Node) -> Form:
    is_show = tree["type"] == "SELECT_NODE" and tree["from_table"]["type"] == "SHOW_REF"
    return "show" if is_show else "select"


def _without_semicolons(text: str, tokens: Sequence[Token]) -> str:
    """Blank the semicolons, which keeps every offset; a comment behind them stays."""
    data = bytearray(text.encode())
    for token in tokens:
        if token.text == ";":
            data[token.span.start] = ord(" ")
    return data.decode().rstrip()


def _refusal(message: str, hint: str, text: str, token: Token) -> StatementError:
    line, column = line_and_column(text, token.span.start)
    return StatementError(message, hint=hint, line=line, column=column)
