"""Dynamic PIVOT, whose columns come from the data: made readable for the engine's serialiser.

DuckDB turns `PIVOT t ON a` into two statements and cannot serialise it. With a list of columns it is a plain query.
So, for reading names and meaning only, each dynamic column gets the list `IN ('x')`, and a subquery in place of the
list moves into the source, where it has the same scope: `PIVOT t ON a IN (FROM u)` reads as
`PIVOT t CROSS JOIN (FROM u) ON a IN ('x')`. A source map leads back to the user's text. The result is never run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dataapp.compile.spans import Assembly, SourceMap, Span
from dataapp.compile.tokens import ParameterRef, Token

_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_ENDS = ("using", "group", "order", "limit", "offset", "union", "intersect", "except")
_QUERY_STARTS = ("select", "from", "with", "values", "table", "pivot", "unpivot", "describe", "summarize", "show")


@dataclass(frozen=True, slots=True)
class _Edit:
    """Put `text`, then a copy of `moved`, in place of `span`."""

    span: Span
    text: str
    moved: Span | None = None


def has_pivot(tokens: Sequence[Token]) -> bool:
    """Whether the text may hold a PIVOT statement."""
    return any(token.is_keyword("pivot", "pivot_wider") for token in tokens)


def without_parameters(text: str, parameters: Sequence[ParameterRef]) -> str:
    """Put a name of the same length in place of each parameter: DuckDB parses no dynamic PIVOT over parameters."""
    data = bytearray(text.encode())
    for parameter in parameters:
        span = parameter.span
        data[span.start : span.end] = b"_".ljust(span.end - span.start)
    return data.decode()


def freeze_pivots(text: str, tokens: Sequence[Token]) -> tuple[str, SourceMap[None]]:
    """Return the text with a list of values for each dynamic pivot column, and the map back to the text."""
    source = text.encode()
    edits = [edit for index in range(len(tokens)) for edit in _edits(tokens, index)]
    assembly: Assembly[None] = Assembly()
    done = 0
    for edit in sorted(edits, key=lambda edit: edit.span.start):
        assembly.copy(None, source, Span(done, edit.span.start))
        assembly.add(edit.text)
        if edit.moved is not None:
            assembly.copy(None, source, edit.moved)
            assembly.add(" ")
        done = edit.span.end
    assembly.copy(None, source, Span(done, len(source)))
    return assembly.finish()


def _edits(tokens: Sequence[Token], index: int) -> Iterator[_Edit]:
    """Yield the edits for the PIVOT statement that starts at a token, if one does."""
    on = _on(tokens, index) if tokens[index].is_keyword("pivot", "pivot_wider") else None
    if on is None:
        return
    for column in _columns(tokens, on):
        at = _list_of_values(column)
        if at is None:
            end = column[-1].span.end
            yield _Edit(Span(end, end), " IN ('x')")
        elif column[at].text == "(" and column[at + 1].is_keyword(*_QUERY_STARTS):
            subquery = Span(column[at].span.start, column[-1].span.end)
            start = tokens[on].span.start
            yield _Edit(Span(start, start), "CROSS JOIN ", subquery)
            yield _Edit(subquery, "('x')")


def _on(tokens: Sequence[Token], pivot: int) -> int | None:
    """Return the index of the ON that starts the columns, behind the ONs of joins in the source."""
    conditions = 0
    for index, depth in _depths(tokens, pivot + 1):
        token = tokens[index]
        if depth == 1 and token.is_keyword("for") and tokens[pivot + 1].text == "(":
            return None  # the standard form: FROM t PIVOT (sum(b) FOR a IN (...))
        if depth > 0:
            continue
        if token.is_keyword("join"):
            conditions += _takes_condition(tokens, index)
        elif token.is_keyword("on", "using") and conditions:
            conditions -= 1
        elif token.is_keyword("on"):
            return index
        elif token.is_keyword(*_ENDS):
            return None
    return None


def _takes_condition(tokens: Sequence[Token], join: int) -> bool:
    before = tokens[max(0, join - 3) : join]
    return not (before[-1].is_keyword("cross", "positional") or any(token.is_keyword("natural") for token in before))


def _columns(tokens: Sequence[Token], on: int) -> Iterator[list[Token]]:
    """Yield the tokens of each element behind ON."""
    column: list[Token] = []
    for index, depth in _depths(tokens, on + 1):
        token = tokens[index]
        if depth == 0 and column and token.is_keyword(*_ENDS):
            break
        if depth == 0 and token.text == ",":
            yield column
            column = []
        else:
            column.append(token)
    if column:
        yield column


def _list_of_values(column: Sequence[Token]) -> int | None:
    """Return the index of what follows IN."""
    for index, depth in _depths(column, 0):
        if depth == 0 and column[index].is_keyword("in") and index + 1 < len(column):
            return index + 1
    return None


def _depths(tokens: Sequence[Token], start: int) -> Iterator[tuple[int, int]]:
    """Yield index and bracket depth of the tokens up to the end of the statement or of the brackets around it.

    A bracket counts as inside of itself.
    """
    depth = 0
    for index in range(start, len(tokens)):
        text = tokens[index].text
        if text == ";" or (depth == 0 and text in _CLOSING):
            return
        depth += text in _OPENING
        yield index, depth
        depth -= text in _CLOSING
