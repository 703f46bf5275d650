"""Scans of Parquet files that others than the engine wrote, as it must read them so that no NaN is lost.

The statistics in Parquet files leave NaN out. DuckDB 1.5.5 goes by them (`x > 5`, `max(x)`), except in files that it
wrote itself, where it writes none for what has NaN. With ``can_have_nan`` it takes it that any row group may have some,
and every filter and sort is right; but a plain ``max(x)`` over a whole file, which it answers from statistics alone, is
then NaN for all files. It does so where it reads one file, and not where it reads several. So where a query may take
extremes of floats from statistics, an empty file with the same columns is read as well.

Only the writers' names, from the footers, say that files were written by the engine. They are looked up once for each
state of the files. A query over such files alone stays as it is, as does one that names a result after the text of a
subquery: other text would be another name.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, pairwise
from pathlib import Path
from typing import Any, Protocol

from dataapp.compile.identifiers import fold, quote_literal
from dataapp.compile.spans import Span
from dataapp.compile.tokens import Token, Tokenizer, tokenize

_READERS = ("read_parquet", "parquet_scan")
_OPTION = "can_have_nan"
_EXTREMES = ("max", "min")
_MOST_TEXTS = 256
_MOST_STATES = 256
_WRITERS = "SELECT coalesce(bool_and(created_by LIKE 'DuckDB%'), true), count(*), any_value(file_name)"
_COLUMNS = "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet($paths, hive_partitioning = false))"
_FLOAT = re.compile(r"\b(FLOAT|DOUBLE)\b")
_KEY = re.compile(r"[^/\\=]+=[^/\\]*")  # a folder such as `year=2024`, which makes a column
_NAMELESS = frozenset({"columns", "unpivot", "pivot", "summarize"})  # reach columns that they do not name
# What may stand before a parenthesis by the grammar, and is no function of the catalog.
_SYNTAX = frozenset(
    {"select", "from", "lateral", "join", "on", "using", "where", "having", "by", "limit", "offset", "materialized"}
    | {"and", "or", "not", "in", "any", "all", "some", "exists", "between", "like", "ilike", "when", "then", "else"}
    | {"cast", "try_cast", "extract", "values", "row", "array", "over", "exclude", "replace", "rename", "as"}
    | {"coalesce", "ifnull", "nullif", "unnest", "position", "substring", "trim", "overlay", "try", "map", "interval"}
    | {"group", "sets", "rollup", "cube", "grouping", "decimal", "numeric", "varchar"}
)
_FOLLOWS = frozenset(
    {"filter", "over", "materialized", "in", "and", "or", "on", "using", "where", "not", "union", "all"}
)
_CLAUSES = ("select", "from", "where", "having", "on", "using", "qualify", "by", "limit", "values", "join")
_QUERIES = ("select", "from", "with", "values", "table")

type Ask = Callable[[str, Mapping[str, object]], Sequence[tuple[Any, ...]]]


class Engine(Tokenizer, Protocol):
    """What this module needs of the engine."""

    def functions(self) -> Collection[str]:
        """Return the lower-case names of all functions."""
        ...

    def folder(self) -> Path:
        """Return a folder for files that go away with the engine."""
        ...


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A query with additions.

    Attributes:
        sql: Its text.
        ends: Where in `sql` each addition ends, in bytes.
        added: How many bytes all additions up to it have.
        companions: How many empty files it reads besides those that it named.
    """

    sql: str
    ends: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    companions: int = 0

    def origin(self, position: int) -> int:
        """Return the place in the query as it was, of one in `sql`.

        Example:
            >>> rewritten = insert("SELECT a, b", [(7, "x, ")])
            >>> rewritten.sql, rewritten.origin(10), rewritten.origin(0)
            ('SELECT x, a, b', 7, 0)
        """
        before = bisect_right(self.ends, position)
        return position - (self.added[before - 1] if before else 0)


def insert(sql: str, additions: Sequence[tuple[int, str]], companions: int = 0) -> Rewritten:
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
    return Rewritten((out + data[done:]).decode(), tuple(ends), tuple(added), companions)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of a reader of Parquet files in a query.

    Attributes:
        span: From the name to the closing parenthesis.
        first: Its first argument.
        paths: What that is: each literal, or (as a tuple of its one name) a parameter.
        names_result: Whether a column of the result is named after it.
    """

    span: Span
    first: Span
    paths: tuple[str | tuple[str], ...]
    names_result: bool


@dataclass(frozen=True, slots=True)
class _Text:
    """What a query calls, and what its other tokens say.

    Attributes:
        calls: Calls that may be rewritten.
        extremes: Folded names of the columns of which it takes extremes; None where they may be any; without any it
            takes none.
    """

    calls: tuple[_Call, ...]
    extremes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """Files whose statistics may leave NaN out.

    Attributes:
        floats: Folded names of their columns that have floats.
        others: Folded names of those that have none.
        companion: An empty file with the same columns, if they are one file; else None.
    """

    floats: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    companion: str | None = None


class ParquetScans:
    """Rewrites queries so that scans of Parquet files lose no NaN.

    Args:
        engine: Whose queries.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._text_of = lru_cache(_MOST_TEXTS)(self._read)
        self._known: dict[Hashable, _Facts | None] = {}
        self._numbers = count()

    def exact(self, sql: str, values: Mapping[str, object], state: Hashable | None, ask: Ask) -> Rewritten:
        """Return a query that gives what the files hold.

        Args:
            sql: A query.
            values: The values of its parameters.
            state: In what state the files are, or None if nobody knows.
            ask: Runs a query about them; what fails gives no rows.
        """
        if "parquet" not in sql.lower():
            return Rewritten(sql)
        text, companions = self._text_of(sql), 0
        additions: list[tuple[int, str]] = []
        for call in text.calls:
            facts = self._facts(_paths(call, values), state, ask)
            if facts is None:
                continue
            if facts.companion is not None and self._takes_extremes(text, facts):
                additions += _companion(call, values, facts.companion)
                companions += 1
            additions.append((call.span.end - 1, f", {_OPTION} = true"))
        return insert(sql, additions, companions)

    def may_lack(self, paths: Sequence[str], state: Hashable | None, ask: Ask) -> bool:
        """Whether the statistics of files may leave out NaN."""
        return self._facts(tuple(paths), state, ask) is not None

    @staticmethod
    def _takes_extremes(text: _Text, facts: _Facts) -> bool:
        extremes = text.extremes
        return extremes is None or (
            bool(extremes) and not (extremes <= facts.others and extremes.isdisjoint(facts.floats))
        )

    def _facts(self, paths: tuple[str, ...] | None, state: Hashable | None, ask: Ask) -> _Facts | None:
        """Return what is known of files, or None where their statistics say all, or nothing can be known."""
        if not paths:
            return None
        if state is None:
            return self._look(paths, ask)
        key = (paths, state)
        if key not in self._known:
            if len(self._known) >= _MOST_STATES:
                self._known.clear()
            self._known[key] = self._look(paths, ask)
        return self._known.get(key)

    def _look(self, paths: tuple[str, ...], ask: Ask) -> _Facts | None:
        values = {"paths": list(paths)}
        [(is_all_ours, files, path)] = ask(f"{_WRITERS} FROM parquet_file_metadata($paths)", values) or [(True, 0, "")]
        if is_all_ours:
            return None
        if files > 1:  # of several, no extremes are taken from statistics
            return _Facts()
        columns = ask(_COLUMNS, values)
        floats = frozenset(fold(name) for name, kind in columns if _FLOAT.search(kind))
        if not floats:
            return None
        companion = self._make_companion(path, columns, ask)
        others = frozenset(fold(name) for name, _ in columns) - floats
        return None if companion is None else _Facts(floats, others, companion)

    def _make_companion(self, path: str, columns: Sequence[tuple[Any, ...]], ask: Ask) -> str | None:
        """Make the empty file that is read besides another one; return None if the two cannot be read together."""
        keys = [part for part in re.split(r"[/\\]", path) if _KEY.fullmatch(part)]
        file = Path(self._engine.folder(), str(next(self._numbers)), *keys, "empty.parquet")
        file.parent.mkdir(parents=True, exist_ok=True)
        source = f"read_parquet({quote_literal(path)}, hive_partitioning = false)"
        ask(f"COPY (FROM {source} LIMIT 0) TO {quote_literal(str(file))} (FORMAT parquet)", {})
        both = ask(_COLUMNS, {"paths": [path, str(file)]}) if file.is_file() else ()
        return str(file) if both == columns else None

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
        rest: list[Token] = []  # with a text in place of each call
        for token in tokens:
            call = next((one.span for one in calls if one.span.start <= token.span.start < one.span.end), None)
            if call is None:
                rest.append(token)
            elif token.span.start == call.start:
                rest.append(Token("string", call, "''"))
        return _Text(tuple(call for call in calls if not call.names_result), self._extremes(rest) if calls else None)

    def _extremes(self, tokens: Sequence[Token]) -> frozenset[str] | None:
        """Return the columns of which a query takes extremes, or None where they may be any."""
        found: set[str] = set()
        takes_others = False
        for index, (token, behind) in enumerate(pairwise(tokens)):
            if not _is_name(token) or behind.text != "(":
                continue
            if fold(token.name) in _EXTREMES:
                column = _column(tokens, index + 2)
                takes_others = takes_others or column is None
                found.add(column or "")
        if not found:
            return frozenset()
        words = {fold(token.name) for token in tokens if _is_name(token)}
        if takes_others or words & _NAMELESS or any("#" in token.text for token in tokens if token.kind == "operator"):
            return None
        is_renamed = self._renames(tokens) or any(
            _is_name(token) and fold(token.name) in found and _may_name(before) for before, token in pairwise(tokens)
        )
        return None if is_renamed else frozenset(found)

    def _renames(self, tokens: Sequence[Token]) -> bool:
        """Whether a query may give columns other names by a list, as in `FROM t(a, b)` and `WITH t(a, b) AS (…)`."""
        functions = self._engine.functions()
        for index, (token, behind) in enumerate(pairwise(tokens)):
            if not _is_name(token) or behind.text != "(":
                continue
            name, before = fold(token.name), tokens[index - 1] if index else None
            if name not in functions and name not in _SYNTAX and name not in _FOLLOWS:
                return True
            is_as = before is not None and before.is_keyword("as")
            if before is not None and name not in _FOLLOWS and _may_name(before) and not (is_as and name in _SYNTAX):
                return True
            end = _closing(tokens, index + 1)
            after = [one.text.lower() for one in tokens[end + 1 : end + 3]] if end is not None else []
            if after[:1] == ["as"] and after[1:] in (["("], ["not"], ["materialized"]):
                return True
        return False


def _may_name(before: Token) -> bool:
    """Whether a name behind a token may be a new name for what the token ends."""
    if before.kind == "keyword":
        return before.is_keyword("as", "end", "null", "true", "false")
    return before.kind != "operator" or before.text in (")", "]", "}")


def _column(tokens: Sequence[Token], start: int) -> str | None:
    """Return the folded name of the column that is all that a call takes, or None if it takes anything else."""
    index = start
    while index + 2 < len(tokens) and _is_name(tokens[index]) and tokens[index + 1].text == ".":
        index += 2
    if index + 1 >= len(tokens) or not _is_name(tokens[index]) or tokens[index + 1].text != ")":
        return None
    return fold(tokens[index].name)


def _companion(call: _Call, values: Mapping[str, object], companion: str) -> list[tuple[int, str]]:
    """Return what makes a call read another file as well."""
    path, other = call.paths[0], quote_literal(companion)
    start, end = call.first.start, call.first.end
    if isinstance(path, tuple) and isinstance(values.get(path[0]), list | tuple):
        return [(start, "list_concat("), (end, f", [{other}])")]
    return [(start, "["), (end, f", {other}]")] if _is_single(call) else [(end - 1, f", {other}")]


def _is_single(call: _Call) -> bool:
    """Whether the first argument is one literal or parameter, and no list of literals."""
    path = call.paths[0]
    return isinstance(path, tuple) or call.first.end - call.first.start == len(quote_literal(path).encode())


def _paths(call: _Call, values: Mapping[str, object]) -> tuple[str, ...] | None:
    """Return the files of a call, or None where they are not known before it runs."""
    found: list[str] = []
    for path in call.paths:
        value = values.get(path[0]) if isinstance(path, tuple) else path
        for item in value if isinstance(value, list | tuple) else [value]:  # pyright: ignore[reportUnknownVariableType]
            if not isinstance(item, str):
                return None
            found.append(item)
    return tuple(found)


def _closing(tokens: Sequence[Token], start: int) -> int | None:
    """Return the index of the parenthesis that closes the one at an index, or None."""
    depth = 0
    for index in range(start, len(tokens)):
        token = tokens[index]
        if token.kind == "operator":
            depth += sum(map(token.text.count, "([{")) - sum(map(token.text.count, ")]}"))
            if depth <= 0:
                return index
    return None


def _call(tokens: Sequence[Token], start: int) -> _Call | None:
    """Return the call whose name is at an index, or None if its files are not given there, or it says all itself."""
    end = _closing(tokens, start + 1)
    if end is None:
        return None
    inside = tokens[start + 2 : end]
    given = _given(inside)
    if given is None or any(_is_name(token) and fold(token.name) == _OPTION for token in inside):
        return None
    length, paths = given
    first = Span(inside[0].span.start, inside[length - 1].span.end)
    span = Span(tokens[start].span.start, tokens[end].span.end)
    return _Call(span, first, paths, _names_result(tokens, start))


def _given(inside: Sequence[Token]) -> tuple[int, tuple[str | tuple[str], ...]] | None:
    """Return the first argument of a call, literals or a parameter, and its number of tokens; None for all else."""
    texts = [token.text for token in inside]
    if texts[:1] == ["$"] and len(texts) > 1:
        length, paths = 2, [(inside[1].name,)]
    elif texts[:1] == ["["]:
        length = texts.index("]") + 1 if "]" in texts else 0
        paths = [_literal(item) for item in inside[1 : length - 1 : 2]]
        if any(separator != "," for separator in texts[2 : length - 1 : 2]):
            return None
    else:
        length, paths = 1, [_literal(item) for item in inside[:1]]
    known = tuple(path for path in paths if path is not None)
    is_all = length > 0 and len(known) == len(paths) > 0 and texts[length : length + 1] in ([], [","])
    return (length, known) if is_all else None


def _names_result(tokens: Sequence[Token], start: int) -> bool:
    """Whether a call lies in a subquery that stands for a value in a SELECT list, which gives it no name.

    Example:
        ``SELECT (SELECT max(x) FROM read_parquet('x')) FROM y`` has a column that is called as it is written.
    """
    opening = _around(tokens, start)
    while opening is not None:
        closing = _closing(tokens, opening)
        if closing is None:
            return True
        is_query = tokens[opening + 1].text.lower() in _QUERIES
        if is_query and _clause(tokens, opening) == "select" and not _is_named(tokens, opening, closing):
            return True
        opening = _around(tokens, opening)
    return False


def _around(tokens: Sequence[Token], index: int) -> int | None:
    """Return the index of the bracket around a token, or None."""
    depth = 0
    for at in range(index - 1, -1, -1):
        token = tokens[at]
        if token.kind == "operator":
            depth += sum(map(token.text.count, ")]}")) - sum(map(token.text.count, "([{"))
            if depth < 0:
                return at
    return None


def _clause(tokens: Sequence[Token], index: int) -> str:
    """Return the keyword of the clause, in any bracket around it, that a token is in."""
    depth = 0
    for at in range(index - 1, -1, -1):
        token = tokens[at]
        if token.kind == "operator":
            depth += sum(map(token.text.count, ")]}")) - sum(map(token.text.count, "([{"))
            depth = max(depth, 0)  # from within a bracket to what it is in
        elif depth == 0 and token.is_keyword("as", "materialized") and tokens[at + 1].text == "(":
            return "with"
        elif depth == 0 and token.is_keyword(*_CLAUSES):
            return token.text.lower()
    return ""


def _is_named(tokens: Sequence[Token], opening: int, closing: int) -> bool:
    """Whether AS follows what a bracket closes, or the expression that it is part of, before the next item."""
    around = _around(tokens, opening)
    while around is not None and tokens[around + 1].text.lower() not in _QUERIES:
        closing = _closing(tokens, around) or closing
        around = _around(tokens, around)
    depth = 0
    for token in tokens[closing + 1 :]:
        if token.kind == "operator":
            depth += sum(map(token.text.count, "([{")) - sum(map(token.text.count, ")]}"))
            depth = max(depth, 0)
        if depth == 0 and token.is_keyword("as"):
            return True
        if depth == 0 and (token.text == "," or token.is_keyword("from")):
            return False
    return False


def _literal(token: Token) -> str | None:
    is_plain = token.kind == "string" and re.fullmatch(r"'(?:[^']|'')*'", token.text) is not None
    return token.text[1:-1].replace("''", "'") if is_plain else None


def _is_name(token: Token) -> bool:
    return token.kind in ("identifier", "keyword")
