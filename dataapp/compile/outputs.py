"""Where the columns of a query's result come from, as far as its text says so.

A column may be a column of a table that the query reads, under the same name or another one, or an expression of the
columns of one table that is computed row by row. All else, such as a sum, comes from nowhere in this sense. Only a
plain SELECT over tables and joins of them is understood.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dataapp.compile.columns import tree_nodes
from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.compile.meaning import Functions
from dataapp.compile.names import Node
from dataapp.compile.tokens import Token

_ENDS = ("from", "where", "group", "having", "qualify", "window", "order", "limit", "offset", "using", "union")
_ROW_BY_ROW = ("COLUMN_REF", "CONSTANT", "FUNCTION", "CAST", "COMPARISON", "CONJUNCTION", "OPERATOR", "CASE", "BETWEEN")
_ROW_MAKERS = frozenset({"unnest", "unlist", "regexp_split_to_table", "generate_subscripts"})


@dataclass(frozen=True, slots=True)
class Star:
    """All columns of one source, or of all of them.

    Attributes:
        source: The folded name that the source goes by in the query, or None for all.
        left_out: Folded names that it does not give as they are.
    """

    source: str | None
    left_out: frozenset[str]


@dataclass(frozen=True, slots=True)
class Item:
    """One column of the result.

    Attributes:
        name: Its folded name.
        source: The folded name of the source that it names, if it is a column and names one.
        uses: Folded names of the columns that it is made of.
        text: The expression as written, or None of a column as it is.
    """

    name: str
    source: str | None
    uses: frozenset[str]
    text: str | None


@dataclass(frozen=True, slots=True)
class Outputs:
    """The result of a query.

    Attributes:
        sources: By the folded names that tables go by in the query the folded names of the tables.
        items: The columns, in order; None stands for one that comes from nowhere.
        names: The folded names of those that come from nowhere.
    """

    sources: Mapping[str, str]
    items: tuple[Star | Item, ...]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a column is.

    Attributes:
        table: The folded name of the table that it comes from.
        column: The folded name of the column there, or None of an expression.
        sql: What it is there, in SQL.
    """

    table: str
    column: str | None
    sql: str


def read_outputs(tree: Node, tokens: Sequence[Token], functions: Functions) -> Outputs | None:
    """Return where the columns of a query come from, or None where that is not understood."""
    if tree["type"] != "SELECT_NODE" or tree["cte_map"]["map"]:
        return None
    sources = _sources(tree["from_table"])
    if sources is None:
        return None
    select = tree["select_list"]
    texts = _texts(tokens, len(select))
    items: list[Star | Item] = []
    computed: set[str] = set()
    for index, node in enumerate(select):
        name = fold(node["alias"] or (node["column_names"][-1] if node["class"] == "COLUMN_REF" else ""))
        match _item(node, name, None if texts is None else texts[index], functions):
            case None:
                computed.add(name)
            case item:
                items.append(item)
    return Outputs(sources, tuple(items), frozenset(computed))


def origin(outputs: Outputs, name: str, columns: Mapping[str, Collection[str]]) -> Origin | None:
    """Return where a column of the result comes from, or None if it comes from nowhere or from several places.

    Args:
        outputs: The result.
        name: The folded name of the column.
        columns: By folded name of each table the folded names of its columns.
    """
    found = {each for item in outputs.items if (each := _origin_by(outputs, item, name, columns)) is not None}
    is_told = name not in outputs.names and all(columns.get(table) for table in outputs.sources.values())
    return found.pop() if is_told and len(found) == 1 else None


def _origin_by(outputs: Outputs, item: Star | Item, name: str, columns: Mapping[str, Collection[str]]) -> Origin | None:
    if isinstance(item, Star):
        if name in item.left_out:
            return None
        return _column(outputs, name, item.source, columns)
    if item.name != name:
        return None
    if item.text is None:
        (column,) = item.uses
        return _column(outputs, column, item.source, columns)
    tables = {each.table for use in item.uses if (each := _column(outputs, use, None, columns)) is not None}
    known = all(_column(outputs, use, None, columns) is not None for use in item.uses)
    return Origin(tables.pop(), None, f"TRY({item.text})") if known and len(tables) == 1 else None


def _column(outputs: Outputs, name: str, source: str | None, columns: Mapping[str, Collection[str]]) -> Origin | None:
    within = [source] if source is not None else list(outputs.sources)
    tables = [outputs.sources[each] for each in within if each in outputs.sources]
    having = [table for table in tables if name in columns.get(table, ())]
    return Origin(having[0], name, quote_identifier(name)) if len(having) == 1 else None


def _sources(node: Node) -> dict[str, str] | None:
    """Return the tables of a FROM by the names that they go by, or None if there is more than tables and joins."""
    match node["type"]:
        case "BASE_TABLE" if not (node["schema_name"] or node["catalog_name"] or node["column_name_alias"]):
            return {fold(node["alias"] or node["table_name"]): fold(node["table_name"])}
        case "JOIN":
            left, right = _sources(node["left"]), _sources(node["right"])
            return None if left is None or right is None or left.keys() & right.keys() else {**left, **right}
        case _:
            return None


def _item(node: Node, name: str, text: str | None, functions: Functions) -> Star | Item | None:
    if node["class"] == "STAR":
        return _star(node)
    if node["class"] == "COLUMN_REF" and len(node["column_names"]) <= 2:
        *source, column = map(fold, node["column_names"])
        return Item(name, source[0] if source else None, frozenset({column}), None)
    return None if text is None or not node["alias"] else _expression(node, name, text, functions)


def _star(node: Node) -> Star | None:
    if node["columns"] or node["expr"] or node["rename_list"] or node["qualified_exclude_list"]:
        return None
    replaced = [entry["key"] for entry in node["replace_list"]]
    left_out = frozenset(fold(column) for column in [*node["exclude_list"], *replaced])
    return Star(fold(node["relation_name"]) or None, left_out)


def _expression(node: Node, name: str, text: str, functions: Functions) -> Item | None:
    uses: set[str] = set()
    for part in tree_nodes(node):
        kind = part.get("class")
        if kind is None:
            continue
        called = fold(part.get("function_name", ""))
        if kind not in _ROW_BY_ROW or called in functions.aggregates | functions.unstable | _ROW_MAKERS:
            return None
        if kind == "COLUMN_REF":
            if len(part["column_names"]) > 1:
                return None
            uses.add(fold(part["column_names"][0]))
    return Item(name, None, frozenset(uses), text) if uses else None


def _texts(tokens: Sequence[Token], count: int) -> list[str | None] | None:
    """Return the text of each expression behind SELECT without its alias, empty where it has none behind AS."""
    start = next((at for at, depth in _at_depth(tokens) if depth == 0 and tokens[at].is_keyword("select")), None)
    if start is None:
        return None
    found: list[list[Token]] = [[]]
    for at, depth in _at_depth(tokens):
        token = tokens[at]
        if at <= start:
            continue
        if depth == 0 and token.is_keyword(*_ENDS):
            break
        if depth == 0 and token.text == ",":
            found.append([])
        else:
            found[-1].append(token)
    if found and not found[-1]:  # a comma may stand behind the last one
        found.pop()
    return [_without_alias(item) for item in found] if len(found) == count else None


def _without_alias(item: Sequence[Token]) -> str | None:
    is_named = len(item) > 2 and item[-2].is_keyword("as") and not item[0].is_keyword("distinct", "all")
    return " ".join(token.text for token in item[:-2]) if is_named else None


def _at_depth(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    depth = 0
    for at, token in enumerate(tokens):
        depth -= token.text in (")", "]", "}")
        yield at, depth
        depth += token.text in ("(", "[", "{")
