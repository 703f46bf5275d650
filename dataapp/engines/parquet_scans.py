"""Scans of Parquet files that others than the engine wrote, as it must read them so that no NaN is lost.

The statistics in Parquet files leave NaN out. DuckDB 1.5.5 goes by them (`x > 5`, `max(x)`), except in files that it
wrote itself, where it writes none for what has NaN. With ``can_have_nan`` it takes it that any row group may have some,
and every filter and sort is right; but then a plain ``max(x)`` over whole files, which it answers from statistics
alone, is NaN for all files. It does so for ``count(*)``, ``min`` and ``max`` of columns, and not where rows are
filtered. So where a query may take extremes of a column of floats, the scan gets a filter that all rows pass: it costs
nothing for each row, and the extremes are then read from the rows.

Only the writers' names, from the footers, say that files were written by the engine. They are looked up once for each
state of the files. A query over such files alone, or over files without floats, stays as it is.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

from dataapp.compile.identifiers import fold
from dataapp.compile.spans import Span
from dataapp.compile.tokens import Token, Tokenizer, tokenize

_READERS = ("read_parquet", "parquet_scan")
_OPTION = "can_have_nan"
_EXTREMES = ("max", "min")
_VIRTUAL = ("filename", "file_index", "file_row_number")  # columns that a scan has and `*` leaves out
_MOST_TEXTS = 256
_MOST_STATES = 256
_WRITERS = "SELECT coalesce(bool_and(created_by LIKE 'DuckDB%'), true) FROM parquet_file_metadata($paths)"
_SCHEMA = """
    SELECT DISTINCT name, coalesce(type IN ('FLOAT', 'DOUBLE') OR logical_type ILIKE '%float%', false)
    FROM parquet_schema($paths)
"""
_NAMELESS = frozenset({"columns", "unpivot", "pivot"})  # reach columns that they do not name
# What stands before a parenthesis and is neither a function nor a table that gets new names for its columns.
_SYNTAX = frozenset(
    {
        "as",
        "materialized",
        "select",
        "from",
        "lateral",
        "join",
        "on",
        "using",
        "where",
        "having",
        "by",
        "limit",
        "offset",
    }
    | {"and", "or", "not", "in", "any", "all", "some", "exists", "between", "like", "ilike", "when", "then", "else"}
    | {"cast", "try_cast", "extract", "values", "row", "array", "over", "filter", "exclude", "replace", "rename"}
    | {"group", "sets", "rollup", "cube", "grouping", "decimal", "numeric", "varchar"}
)

type Ask = Callable[[str, Mapping[str, object]], Sequence[tuple[Any, ...]]]


class Engine(Tokenizer, Protocol):
    """What this module needs of the engine."""

    def functions(self) -> Collection[str]:
        """Return the lower-case names of all functions."""
        ...


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A query with additions.

    Attributes:
        sql: Its text.
        ends: Where in `sql` each addition ends, in bytes.
        added: How many bytes all additions up to it have.
    """

    sql: str
    ends: tuple[int, ...] = ()
    added: tuple[int, ...] = ()

    def origin(self, position: int) -> int:
        """Return the place in the query as it was, of one in `sql`.

        Example:
            >>> rewritten = insert("SELECT a, b", [(7, "x, ")])
            >>> rewritten.sql, rewritten.origin(10), rewritten.origin(0)
            ('SELECT x, a, b', 7, 0)
        """
        before = bisect_right(self.ends, position)
        return position - (self.added[before - 1] if before else 0)


def insert(sql: str, additions: Sequence[tuple[int, str]]) -> Rewritten:
    """Return a query with texts added at some bytes, in order."""
    if not additions:
        return Rewritten(sql)
    data, out, done = sql.encode(), b"", 0
    ends: list[int] = []
    added: list[int] = []
    for at, text in additions:
        out += data[done:at] + text.encode()
        done = at
        ends.append(len(out))
        added.append(len(out) - at)
    return Rewritten((out + data[done:]).decode(), tuple(ends), tuple(added))


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of a reader of Parquet files in a query.

    Attributes:
        span: From the name to the closing parenthesis.
        paths: Each file, glob, or (as a tuple of its one name) parameter; None where they are computed.
        words: All names in it, folded.
    """

    span: Span
    paths: tuple[str | tuple[str], ...] | None
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Text:
    """What a query calls, and what its other tokens say."""

    calls: tuple[_Call, ...]
    takes_extremes: bool
    names_columns: bool
    words: frozenset[str]
    rest: str


@dataclass(frozen=True, slots=True)
class _Facts:
    """Files whose statistics may leave NaN out; of files that cannot be looked at nothing is known.

    Attributes:
        floats: Folded names of their columns of floats, also within others; None where not known.
        columns: Folded names of all.
    """

    floats: frozenset[str] | None = None
    columns: frozenset[str] = frozenset()


class ParquetScans:
    """Rewrites queries so that scans of Parquet files lose no NaN.

    Args:
        engine: Whose queries.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._text_of = lru_cache(_MOST_TEXTS)(self._read)
        self._known: dict[Hashable, _Facts | None] = {}

    def exact(self, sql: str, values: Mapping[str, object], state: Hashable, ask: Ask) -> Rewritten:
        """Return a query that gives what the files hold.

        Args:
            sql: A query.
            values: The values of its parameters.
            state: In what state the files are.
            ask: Runs a query about them.
        """
        if "parquet" not in sql.lower():
            return Rewritten(sql)
        text = self._text_of(sql)
        additions: list[tuple[int, str]] = []
        for call in text.calls:
            facts = None if _OPTION in call.words else self._facts(_paths(call, values), state, ask)
            if facts is None:
                continue
            option = f", {_OPTION} = true"
            guard = self._guard(text, call, facts)
            if guard is not None:
                additions.append((call.span.start, guard[0]))
            additions.append((call.span.end - 1, option))
            if guard is not None:
                additions.append((call.span.end, guard[1]))
        return insert(sql, additions)

    def may_lack(self, paths: Sequence[str], state: Hashable, ask: Ask) -> bool:
        """Whether the statistics of files may leave out NaN."""
        return self._facts(tuple(paths), state, ask) is not None

    def _guard(self, text: _Text, call: _Call, facts: _Facts) -> tuple[str, str] | None:
        """Return what stands around a scan so that extremes are not taken from statistics, or None without need."""
        if not text.takes_extremes:
            return None
        is_named = facts.floats is None or any(name in text.rest for name in facts.floats)
        if not is_named and text.names_columns:
            return None
        number = "file_row_number" if "file_index" in facts.columns else "file_index"
        wanted = [
            name for name in _VIRTUAL if name in text.words and name not in facts.columns and name not in call.words
        ]
        alias = next((name for name in _READERS if name in call.words and f"{name}." in text.rest), None)
        columns = ", ".join(["*", *wanted])
        return f"(SELECT {columns} FROM ", f" WHERE {number} >= 0)" + (f" AS {alias}" if alias else "")

    def _facts(self, paths: tuple[str, ...] | None, state: Hashable, ask: Ask) -> _Facts | None:
        """Return what is known of files, or None where their statistics say all."""
        if paths is None:
            return _Facts()
        key = (paths, state)
        if key not in self._known:
            if len(self._known) >= _MOST_STATES:
                self._known.clear()
            self._known[key] = _look(paths, ask)
        return self._known[key]

    def _read(self, sql: str) -> _Text:
        tokens = tokenize(sql, self._engine)
        calls = [
            call
            for index, (token, behind) in enumerate(pairwise(tokens))
            if _is_name(token)
            and fold(token.name) in _READERS
            and behind.text == "("
            and (call := _call(tokens, index)) is not None
        ]
        spans = [call.span for call in calls]
        rest = [token for token in tokens if not any(span.start <= token.span.start < span.end for span in spans)]
        called = [fold(token.name) for token, behind in pairwise(rest) if _is_name(token) and behind.text == "("]
        words = frozenset(fold(token.name) for token in rest if _is_name(token))
        return _Text(
            calls=tuple(calls),
            takes_extremes=any(name in _EXTREMES for name in called),
            names_columns=not words & _NAMELESS
            and not any("#" in token.text for token in rest if token.kind == "operator")
            and all(name in _SYNTAX or name in self._engine.functions() for name in called),
            words=words,
            rest=fold("".join(token.text for token in rest)),
        )


def _look(paths: tuple[str, ...], ask: Ask) -> _Facts | None:
    values = {"paths": list(paths)}
    [(is_all_ours,)] = ask(_WRITERS, values) or [(None,)]
    if is_all_ours:
        return None
    if is_all_ours is None:
        return _Facts()
    schema = ask(_SCHEMA, values)
    floats = frozenset(fold(name) for name, is_float in schema if is_float)
    return _Facts(floats, frozenset(fold(name) for name, _ in schema)) if floats else None


def _paths(call: _Call, values: Mapping[str, object]) -> tuple[str, ...] | None:
    """Return the files of a call, or None where they are not known before it runs."""
    if call.paths is None:
        return None
    found: list[str] = []
    for path in call.paths:
        value = values.get(path[0]) if isinstance(path, tuple) else path
        for item in value if isinstance(value, list | tuple) else [value]:  # pyright: ignore[reportUnknownVariableType]
            if not isinstance(item, str):
                return None
            found.append(item)
    return tuple(found)


def _call(tokens: Sequence[Token], start: int) -> _Call | None:
    """Return the call whose name is at an index, or None if it does not end."""
    depth = 0
    for index in range(start + 1, len(tokens)):
        depth += sum(map(tokens[index].text.count, "([{")) if tokens[index].kind == "operator" else 0
        depth -= sum(map(tokens[index].text.count, ")]}")) if tokens[index].kind == "operator" else 0
        if depth == 0:
            inside = tokens[start + 2 : index]
            words = frozenset(fold(token.name) for token in tokens[start:index] if _is_name(token))
            return _Call(Span(tokens[start].span.start, tokens[index].span.end), _given(inside), words)
    return None


def _given(inside: Sequence[Token]) -> tuple[str | tuple[str], ...] | None:
    """Return the first argument of a call: literals or a parameter; None where it is anything else."""
    texts = [token.text for token in inside]
    if texts[:1] == ["$"] and len(texts) > 1 and texts[2:3] in ([], [","]):
        return ((inside[1].name,),)
    if texts[:1] == ["["]:
        end = texts.index("]") if "]" in texts else len(texts)
        items, separators, behind = inside[1:end:2], texts[2:end:2], texts[end + 1 : end + 2]
        if any(separator != "," for separator in separators):
            return None
    else:
        items, behind = inside[:1], texts[1:2]
    paths = [_literal(item) for item in items]
    return tuple(path for path in paths if path is not None) if None not in paths and behind in ([], [","]) else None


def _literal(token: Token) -> str | None:
    is_plain = token.kind == "string" and re.fullmatch(r"'(?:[^']|'')*'", token.text) is not None
    return token.text[1:-1].replace("''", "'") if is_plain else None


def _is_name(token: Token) -> bool:
    return token.kind in ("identifier", "keyword")
