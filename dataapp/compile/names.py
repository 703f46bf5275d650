"""Which tables, files and path parameters a query names, read from DuckDB's own syntax tree.

A table that a CTE in scope defines is no reference. Scopes are DuckDB's: a CTE sees those written before it and those
around it, never itself (`WITH trades AS (FROM trades)` reads the outer `trades`); only the second half of a recursive
CTE sees itself. Names are compared without case.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from dataapp.compile.identifiers import fold
from dataapp.compile.spans import Span
from dataapp.compile.tokens import Token

type Node = Mapping[str, Any]
type Scope = frozenset[str]

# Table functions outside the `read_` family whose first argument is a path.
_PATH_FUNCTIONS = frozenset(
    {"parquet_scan", "parquet_metadata", "parquet_schema", "parquet_file_metadata", "parquet_kv_metadata"}
    | {"parquet_full_metadata", "parquet_bloom_probe", "glob", "sniff_csv", "delta_scan", "iceberg_scan"}
    | {"iceberg_metadata", "iceberg_snapshots", "sqlite_scan", "st_read", "st_read_meta"}
)
# Table functions that give the same rows for the same arguments and, of the second kind, the same files.
_PURE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "repeat", "repeat_row", "generate_subscripts"})
_FILE_READERS = frozenset(
    {"read_parquet", "parquet_scan", "read_csv", "read_csv_auto", "read_json", "read_json_auto", "read_json_objects"}
    | {"read_json_objects_auto", "read_ndjson", "read_ndjson_auto", "read_ndjson_objects", "read_text", "read_blob"}
)
_OF_TEXTS = ("query", "query_table")
_FILE_NAME = re.compile(
    r"[/*]|\.(parquet|csv|tsv|json|jsonl|ndjson|arrow|arrows|feather|ipc|avro|xlsx|duckdb|db)(\.(gz|zst))?$",
    re.IGNORECASE,
)
_PARQUET = re.compile(r"([^/\\.]*)[^/\\]*\.parquet$", re.IGNORECASE)
_BEFORE_CALLS = ("from", "join", ",", ":", "pivot", "unpivot")
_SHOW = ("summarize", "describe", "desc", "show")


@dataclass(frozen=True, slots=True)
class TableRef:
    """A table that the text reads and that no CTE of its own defines.

    Attributes:
        name: The table's name as written, without quotes, schema and catalog.
        span: Where the reference stands; for `TABLE t` with the keyword.
        alias: Whether the text gives it an alias.
        qualified: Whether it names a schema or catalog, and so can only be the engine's own table.
        can_alias: Whether an alias may follow it: not in `SUMMARIZE t`.
        is_statement: Whether it is a `TABLE t`, to be replaced by a FROM clause.
    """

    name: str
    span: Span
    alias: bool
    qualified: bool
    can_alias: bool
    is_statement: bool


@dataclass(frozen=True, slots=True)
class FileRef:
    """A location written as a literal (or as a quoted name that looks like a file).

    Attributes:
        location: As written, without quotes.
        span: Where it stands.
        scanned_as: Of a Parquet file that stands where a table may, by what name its columns can be told apart: the
            file's, or none where the text gives an alias. None for all else.
        statement: Of such a file in `TABLE 'file'`, where it stands with the keyword, to be replaced by a FROM clause.
    """

    location: str
    span: Span
    scanned_as: str | None = None
    statement: Span | None = None


@dataclass(slots=True)
class Names:
    """What a walk over a syntax tree found."""

    tables: list[TableRef] = field(default_factory=list[TableRef])
    files: list[FileRef] = field(default_factory=list[FileRef])
    path_parameters: set[str] = field(default_factory=set[str])
    unversioned: dict[str, None] = field(default_factory=dict[str, None])
    ctes: set[str] = field(default_factory=set[str])


class HiddenNamesError(LookupError):
    """A table function is given the names of tables as text, or a whole query."""

    def __init__(self, token: Token) -> None:
        super().__init__(token.text)
        self.token = token


class UnplacedNameError(LookupError):
    """The engine does not say where in the text a table stands."""


def read_names(tree: Node, tokens: Sequence[Token], origin: Callable[[int], int | None]) -> Names:
    """Collect the names of a query.

    Args:
        tree: The node of the statement.
        tokens: The tokens of the text.
        origin: Maps a location in the tree to a byte offset in the text.

    Raises:
        UnplacedNameError: If a table or file cannot be found in the text.
        HiddenNamesError: If a table function is given names as text.
    """
    walk = _Walk(tokens, origin)
    pending: list[tuple[Any, Scope]] = [(tree, frozenset())]
    while pending:
        value, scope = pending.pop()
        if isinstance(value, Mapping):
            pending.extend(walk.enter(cast("Node", value), scope))
        elif isinstance(value, list):
            pending.extend((item, scope) for item in cast("list[Any]", value))
    walk.names.tables.sort(key=lambda table: table.span.start)
    walk.names.files.sort(key=lambda file: file.span.start)
    return walk.names


class _Walk:
    """One pass over a tree. `enter` takes a node in and returns what is below it, with the scope of each part."""

    def __init__(self, tokens: Sequence[Token], origin: Callable[[int], int | None]) -> None:
        self.names = Names()
        self._tokens = tokens
        self._origin = origin
        self._by_start = {token.span.start: index for index, token in enumerate(tokens)}

    def enter(self, node: Node, scope: Scope) -> list[tuple[Any, Scope]]:
        below: list[tuple[Any, Scope]] = []
        if node.get("cte_map"):
            for entry in node["cte_map"]["map"]:
                below.append((entry["value"], scope))
                scope |= {fold(entry["key"])}
                self.names.ctes.add(fold(entry["key"]))
        kind = node.get("type")
        if kind == "BASE_TABLE":
            self._table(node, scope)
        elif kind == "TABLE_FUNCTION":
            self._table_function(node["function"])
        for key, value in node.items():
            if key == "right" and kind == "RECURSIVE_CTE_NODE":
                below.append((value, scope | {fold(node["cte_name"])}))
            elif key != "cte_map":
                below.append((value, scope))
        return below

    def _table(self, node: Node, scope: Scope) -> None:
        qualifiers = [part for part in (node["catalog_name"], node["schema_name"]) if part]
        name = node["table_name"]
        if fold(name) in scope and qualifiers in ([], ["recurring"]):
            return
        first = self._token(node)
        token = self._tokens[first]
        if not qualifiers and (token.kind == "string" or (token.text.startswith('"') and _FILE_NAME.search(name))):
            scanned_as = self._scanned_as(node, first)
            is_statement = scanned_as is not None and self._tokens[first - 1].text.lower() == "table"
            statement = Span(self._tokens[first - 1].span.start, token.span.end) if is_statement else None
            self.names.files.append(FileRef(name, token.span, scanned_as, statement))
            return
        last = first + 2 * len(qualifiers)
        before = [token.text.lower() for token in self._tokens[max(0, first - 2) : first]]
        is_shown = before[-1:] != [] and (before[-1] in _SHOW or (before[-1] == "table" and before[0] in _SHOW))
        is_statement = not is_shown and before[-1:] == ["table"]
        start = self._tokens[first - 1 if is_statement else first].span.start
        span = Span(start, self._tokens[last].span.end)
        self.names.tables.append(
            TableRef(name, span, bool(node["alias"]), bool(qualifiers), not is_shown, is_statement)
        )

    def _scanned_as(self, node: Node, at: int) -> str | None:
        """Return the name of a Parquet file as a table, or None where a call cannot stand in its place."""
        before, after = (
            self._tokens[index].text.lower() if 0 <= index < len(self._tokens) else "" for index in (at - 1, at + 1)
        )
        is_shown = at > 1 and self._tokens[at - 2].text.lower() in _SHOW  # `DESCRIBE TABLE t`
        is_called = before in _BEFORE_CALLS or (before == "(" and after != ")") or (before == "table" and not is_shown)
        found = _PARQUET.search(node["table_name"])
        if not is_called or found is None or node.get("at_clause"):
            return None
        if node["alias"]:
            return ""
        return node["table_name"] if any(mark in node["table_name"] for mark in "*?[") else found[1]

    def _table_function(self, function: Node) -> None:
        name = fold(function["function_name"])
        arguments = function["children"]
        if name in _OF_TEXTS:
            raise HiddenNamesError(self._tokens[self._token(function)])
        if name not in _PURE_FUNCTIONS and not (name in _FILE_READERS and arguments and _is_plain_path(arguments[0])):
            self.names.unversioned[f"{name}()"] = None
        if not arguments or not (name.startswith("read_") or name in _PATH_FUNCTIONS):
            return
        path = arguments[0]
        self.names.path_parameters.update(_parameters_in(path))
        parts = path["children"] if path.get("function_name") == "list_value" else [path]
        for part in parts:
            if (
                part["class"] == "CONSTANT"
                and part["value"]["type"]["id"] == "VARCHAR"
                and not part["value"]["is_null"]
            ):
                span = self._tokens[self._token(part)].span
                self.names.files.append(FileRef(part["value"]["value"], span))

    def _token(self, node: Node) -> int:
        offset = self._origin(node["query_location"])
        index = None if offset is None else self._by_start.get(offset)
        if index is None:
            raise UnplacedNameError(node.get("table_name", "file"))
        return index


def _is_plain_path(path: Node) -> bool:
    """Whether a path is a literal, a parameter, or a list of literals: all else names files that nobody watches."""
    parts = path["children"] if path.get("function_name") == "list_value" else [path]
    return all(part["class"] == "CONSTANT" for part in parts) or path["class"] == "PARAMETER"


def _parameters_in(expression: Node) -> set[str]:
    found: set[str] = set()
    pending: list[Any] = [expression]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(cast("list[Any]", value))
        elif isinstance(value, Mapping):
            node = cast("Node", value)
            if node.get("class") == "PARAMETER":
                found.add(fold(node["identifier"]))
            pending.extend(node.values())
    return found
