"""What may stand at the cursor of a ``%%sql`` cell: names of the notebook, columns, functions, keywords."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from dataapp.app.sessions import engine
from dataapp.cells.adapters import as_cell
from dataapp.cells.cell import Cell
from dataapp.cells.explore import FilteredCell, ValueAtCell
from dataapp.cells.input import ConstantCell, InputCell
from dataapp.cells.namespace import Namespace
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.engines.functions import functions, keywords
from dataapp.errors import DataAppError
from dataapp.runtime.resolution import TABLES

_MAGIC = re.compile(r"\s*(?:%%sql\b[^\n]*\n|(?:[^\n]*=\s*)?%sql\s)")
_AT_CURSOR = re.compile(r"(?P<sign>\$?)(?:(?P<of>\w+)\.)?(?P<word>\w*)\Z")
_FILE = re.compile(r"'([^'\n]+\.\w+)'")
_PLAIN = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that may stand at the cursor.

    Attributes:
        text: What is written.
        kind: table, column, parameter, function or keyword.
    """

    text: str
    kind: str


def offers(text: str, cursor: int, names: Mapping[str, object]) -> tuple[str, list[Offer]] | None:
    r"""Return what is typed at the cursor, and what may complete it; None outside of SQL.

    Args:
        text: The whole notebook cell.
        cursor: Where the cursor is.
        names: The notebook's globals.

    Example:
        >>> import pyarrow as pa
        >>> offers("%%sql\nSELECT 1 FROM trade", 25, {"trades": pa.table({"size": [1]})})
        ('trade', [Offer(text='trades', kind='table')])
    """
    start = _MAGIC.match(text)
    if start is None or cursor < start.end():
        return None
    typed = _AT_CURSOR.search(text[start.end() : cursor])
    assert typed is not None  # it also matches nothing
    namespace = Namespace("__main__", None, 1, names, {})
    word = typed["word"]
    if typed["sign"]:
        found = _parameters(namespace)
    elif typed["of"]:
        found = _columns(namespace, text[start.end() :], typed["of"])
    else:
        found = _words(namespace, text[start.end() :], word)
    return word, list(dict.fromkeys(offer for offer in found if fold(offer.text.strip('"')).startswith(fold(word))))


def _words(namespace: Namespace, text: str, typed: str) -> Iterator[Offer]:
    yield from _columns(namespace, text, None)
    yield from (Offer(_quoted(name), "table") for name, _ in _cells(namespace, TABLES))
    if typed:  # without a letter they are too many to choose from
        yield from (Offer(f"{function.name}(", "function") for function in functions(engine()))
        is_lower = typed == typed.lower()
        yield from (Offer(word if is_lower else word.upper(), "keyword") for word in keywords(engine()))


def _parameters(namespace: Namespace) -> Iterator[Offer]:
    kinds = (InputCell, ConstantCell, PredicateCell, FilteredCell, ValueAtCell)
    yield from (Offer(name, "parameter") for name, _ in _cells(namespace, kinds))


def _columns(namespace: Namespace, text: str, of: str | None) -> Iterator[Offer]:
    """Yield the columns of tables and files that a text mentions, or of the one that it calls so."""
    mentioned: dict[str, Cell] = {}
    for name, cell in _cells(namespace, (SqlCell, SourceCell)):
        if use := re.search(rf"\b{re.escape(name)}\b\"?(?:\s+AS)?(?:\s+(\w+))?", text, re.IGNORECASE):
            mentioned |= {fold(name): cell} | ({fold(use[1]): cell} if of is not None and use[1] else {})
    for path in _FILE.findall(text):
        mentioned[path] = SqlCell(f"FROM '{path}'", namespace, on=None, materialize="auto", run="auto", name=path)
    for name, cell in mentioned.items():
        if of is None or name == fold(of):
            yield from (Offer(_quoted(column), "column") for column in _schema(cell))


def _schema(cell: Cell) -> list[str]:
    try:
        return list(cell.schema)
    except DataAppError:
        return []


def _cells(namespace: Namespace, kinds: tuple[type, ...]) -> Iterator[tuple[str, Cell]]:
    for name in namespace.known():
        found = as_cell(namespace.lookup(name), name, namespace)
        if found is not None and isinstance(found, kinds):
            yield name, found


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else quote_identifier(name)


def make_matcher(shell: Any) -> Any:
    """Return what IPython's completer asks.

    Args:
        shell: IPython's.
    """

    @context_matcher()
    def sql_matcher(context: CompletionContext) -> SimpleMatcherResult:
        lines = context.full_text.split("\n")
        cursor = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        found = offers(context.full_text, cursor, shell.user_ns)
        if found is None:
            return {"completions": []}
        typed, offered = found
        completions = [SimpleCompletion(text=offer.text, type=offer.kind) for offer in offered]
        return {"completions": completions, "matched_fragment": typed, "ordered": True, "suppress": True}

    return sql_matcher
