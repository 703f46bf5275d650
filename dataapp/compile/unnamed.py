"""Columns that a query gives no name, which DuckDB calls as they are written.

``SELECT (SELECT max(price) FROM trades) > $low`` has a column ``((SELECT max(price) FROM trades) > $low)``. Where
fusing writes something else in place of a table, a file or a parameter, it would be called otherwise, so it is given
its name. DuckDB's tree does not say everything: in such a name ``DECIMAL(9)`` becomes ``DECIMAL(9, 0)``, ``lambda x:``
becomes ``x ->``, and types of intervals are in quotes. What is over a window with a name stays without a name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, cast

from dataapp.compile.identifiers import fold
from dataapp.compile.spans import Span
from dataapp.compile.tokens import Token

_READERS = frozenset({"read_parquet", "parquet_scan"})  # to which the engine adds; see `engines.parquet_scans`
_UNBOUND: Mapping[str, object] = {
    "type": "UNBOUND_TYPE_INFO",
    "alias": "",
    "extension_info": None,
    "catalog": "",
    "schema": "",
}
_INTEGER: Mapping[str, object] = {"type": {"id": "INTEGER", "type_info": None}, "is_null": False}
_ENDS = frozenset(
    {"from", "where", "group", "having", "window", "qualify", "order", "limit", "offset", "using", "fetch"}
    | {"union", "except", "intersect"}
)
# Types that the grammar knows; DuckDB puts the names of all others in quotes.
_PLAIN_TYPES = frozenset(
    {"BIGINT", "BIT", "BOOLEAN", "FLOAT", "INTEGER", "INTERVAL", "SMALLINT", "TIME", "TIMESTAMP", "VARCHAR"}
)
_WITHIN = {"from": "distinct", "group": "within"}  # `IS DISTINCT FROM`, `WITHIN GROUP`


class Parser(Protocol):
    """What this module needs of an engine that speaks DuckDB's SQL."""

    def serialize(self, text: str) -> Mapping[str, Any]:
        """Return what `json_serialize_sql` gives, parsed."""
        ...

    def deserialize(self, tree: Mapping[str, Any]) -> str:
        """Return a query of what `serialize` gave."""
        ...


@dataclass(frozen=True, slots=True)
class Unnamed:
    """An entry of a SELECT list without a name that holds a table, a file or a parameter.

    Attributes:
        span: Where it stands.
        name: What DuckDB calls it.
        reads_parquet: Whether it calls a reader of Parquet files, to whose arguments the engine may add.
    """

    span: Span
    name: str
    reads_parquet: bool


def read_unnamed(text: str, tokens: Sequence[Token], places: Sequence[Span], parser: Parser) -> tuple[Unnamed, ...]:
    """Return the entries without names of all SELECT lists of a query, also of subqueries.

    Args:
        text: The query.
        tokens: Its tokens.
        places: Where its tables, files and parameters stand.
        parser: The engine.
    """
    data, found = text.encode(), list[Unnamed]()
    for entry in _entries(tokens):
        span = Span(entry[0].span.start, entry[-1].span.end)
        reads_parquet = any(
            fold(token.name) in _READERS and behind.text == "("
            for token, behind in pairwise(entry)
            if token.kind in ("identifier", "keyword")
        )
        if not reads_parquet and not any(span.start <= place.start < span.end for place in places):
            continue
        name = _name(data[span.start : span.end].decode(), parser)
        if name is not None:
            found.append(Unnamed(span, name, reads_parquet))
    return tuple(found)


def _name(entry: str, parser: Parser) -> str | None:
    """Return what an entry of a SELECT list is called that has no name of its own, else None."""
    tree = parser.serialize(f"SELECT {entry}")
    entries: list[Mapping[str, Any]] = [] if tree["error"] else tree["statements"][0]["node"]["select_list"]
    if len(entries) != 1 or entries[0]["alias"] or _has_star(entries[0]):
        return None
    _write_types(tree)
    return parser.deserialize(tree).removeprefix("SELECT ")


def _has_star(expression: Mapping[str, Any]) -> bool:
    """Whether an expression gives several columns, each with a name of its own, as `max(COLUMNS(*))` does."""
    return any(node.get("class") == "STAR" for node in _nodes(expression, skipped="subquery"))


def _nodes(tree: Mapping[str, Any], skipped: str) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a tree, but for those below one key. A long chain of operators is as deep as it is long."""
    pending: list[Any] = [tree]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(cast("list[Any]", value))
        elif isinstance(value, dict):
            node = cast("dict[str, Any]", value)
            yield node
            pending.extend(part for key, part in node.items() if key != skipped)


def _write_types(tree: Mapping[str, Any]) -> None:
    """Make types names that nobody has looked up, as they are in the engine while it names columns."""
    for node in _nodes(tree, skipped="value"):  # a constant keeps its type, by which its value is read
        if set(node) != {"id", "type_info"}:
            continue
        about: Mapping[str, Any] = node["type_info"] or {}
        if node["id"] == "DECIMAL" and about:
            modifiers = [{**_INTEGER, "value": about["width"]}, {**_INTEGER, "value": about["scale"]}]
        elif about or node["id"] in _PLAIN_TYPES:
            continue
        else:
            modifiers = []
        node["type_info"] = {**_UNBOUND, "name": node["id"], "user_type_modifiers": modifiers}
        node["id"] = "UNBOUND"


def _entries(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield the tokens of each entry of each SELECT list, of the outer ones before those within."""
    for index, token in enumerate(tokens):
        if token.is_keyword("select") and not _is_name(tokens, index):
            yield from _split(tokens, _start(tokens, index + 1))


def _start(tokens: Sequence[Token], start: int) -> int:
    """Return the index of the first token of a SELECT list, behind `ALL`, `DISTINCT` and `DISTINCT ON (…)`."""
    words = [token.text.lower() for token in tokens[start : start + 2]]
    if words[:1] not in (["all"], ["distinct"]):
        return start
    if words != ["distinct", "on"]:
        return start + 1
    depth = 0
    for index in range(start + 2, len(tokens)):
        depth += _deeper(tokens[index])
        if depth == 0:
            return index + 1
    return len(tokens)


def _split(tokens: Sequence[Token], start: int) -> Iterator[Sequence[Token]]:
    """Yield the tokens of each entry of the SELECT list that starts at an index."""
    depth = 0
    for index in range(start, len(tokens)):
        token = tokens[index]
        depth += _deeper(token)
        word = token.text.lower()
        is_end = depth < 0 or (
            depth == 0
            and token.kind == "keyword"
            and word in _ENDS
            and tokens[index - 1].text.lower() != _WITHIN.get(word)
            and not _is_name(tokens, index)
        )
        if is_end or (depth == 0 and word == ","):
            if index > start:
                yield tokens[start:index]
            start = index + 1
        if is_end:
            return
    if start < len(tokens):
        yield tokens[start:]


def _is_name(tokens: Sequence[Token], index: int) -> bool:
    """Whether a keyword stands where any word is a name: `x AS select`, `t.select`."""
    return index > 0 and tokens[index - 1].text.lower() in ("as", ".")


def _deeper(token: Token) -> int:
    """Return how many brackets a token opens, less those that it closes."""
    if token.kind != "operator":
        return 0
    return sum(map(token.text.count, "([{")) - sum(map(token.text.count, ")]}"))
