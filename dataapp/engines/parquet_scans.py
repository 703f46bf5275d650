"""Scans of Parquet files that others than the engine wrote, as it must read them so that no NaN is lost.

The statistics in Parquet files leave NaN out. DuckDB 1.5.5 goes by them (`x > 5`, `max(x)`), except in files that it
wrote itself, where it writes none for what has NaN. With ``can_have_nan`` it takes it that any row group may have some,
and every filter and sort is right; but a plain ``max(x)`` over a whole file, which it answers from statistics alone, is
then NaN for all files. It does so where it reads one file, and not where it reads several. So where a query may take
extremes of floats from statistics, an empty file with the same columns is read as well.

Only the writers' names, from the footers, say that files were written by the engine. They are looked up once for each
state of the files. A query over such files alone stays as it is. A column without a name would be called after the
other text, so fusing has named those that call a reader (`compile.unnamed`).
"""

import re
from bisect import bisect_right
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from typing import Any, Protocol, cast

from dataapp.compile.identifiers import fold, quote_literal
from dataapp.compile.parquet_calls import OPTION, Call, CallsInText, read_calls
from dataapp.compile.parquet_calls import Engine as KnownFunctions

_MOST_TEXTS = 256
_MOST_STATES = 256
_WRITERS = "SELECT coalesce(bool_and(created_by LIKE 'DuckDB%'), true), count(*), any_value(file_name)"
_COLUMNS = "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet({}, hive_partitioning = false))"
_FLOAT = re.compile(r"\b(FLOAT|DOUBLE)\b")
_KEY = re.compile(r"[^/\\=]+=[^/\\]*")  # a folder such as `year=2024`, which makes a column


class Ask(Protocol):
    """What runs queries about files."""

    def __call__(self, query: str, values: Mapping[str, object] | None = None, /) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a query; of one that fails, none."""
        ...


class Engine(KnownFunctions, Protocol):
    """What this module needs of the engine."""

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
        self._text_of = lru_cache(_MOST_TEXTS)(partial(read_calls, engine=engine))
        self._known: dict[Hashable, _Facts | None] = {}
        self._companions: dict[Hashable, str | None] = {}
        self._numbers = count()

    def exact(self, sql: str, values: Mapping[str, object], state: Hashable | None, ask: Ask) -> Rewritten:
        """Return a query that gives what the files hold.

        Args:
            sql: A query.
            values: The values of its parameters.
            state: In what state the files are, or None if nobody knows.
            ask: Runs a query about them.
        """
        if "parquet" not in sql.lower():
            return Rewritten(sql)
        text, companions = self._text_of(sql), 0
        additions: list[tuple[int, str]] = []
        for call in text.calls:
            paths = _paths(call, sql, values, ask)
            facts = self._facts(tuple([paths] if isinstance(paths, str) else paths), state, ask)
            if facts is None:
                continue
            if facts.companion is not None and self._takes_extremes(text, facts):
                opening, behind = ("[", ", ") if isinstance(paths, str) else ("list_concat(", ", [")
                closing = "]" if isinstance(paths, str) else "])"
                additions.append((call.first.start, opening))
                additions.append((call.first.end, f"{behind}{quote_literal(facts.companion)}{closing}"))
                companions += 1
            additions.append((call.span.end - 1, f", {OPTION} = true"))
        return insert(sql, additions, companions)

    def may_lack(self, paths: Sequence[str], state: Hashable | None, ask: Ask) -> bool:
        """Whether the statistics of files may leave out NaN."""
        return self._facts(tuple(paths), state, ask) is not None

    @staticmethod
    def _takes_extremes(text: CallsInText, facts: _Facts) -> bool:
        extremes = text.extremes
        return extremes is None or (
            bool(extremes) and not (extremes <= facts.others and extremes.isdisjoint(facts.floats))
        )

    def _facts(self, paths: tuple[str, ...], state: Hashable | None, ask: Ask) -> _Facts | None:
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
        listed = _listed(paths)
        [(is_all_ours, files, path)] = ask(f"{_WRITERS} FROM parquet_file_metadata({listed})") or [(True, 0, "")]
        if is_all_ours:
            return None
        if files > 1:  # of several, no extremes are taken from statistics
            return _Facts()
        columns = ask(_COLUMNS.format(listed))
        floats = frozenset(fold(name) for name, kind in columns if _FLOAT.search(kind))
        if not floats:
            return None
        companion = self._make_companion(path, columns, ask)
        others = frozenset(fold(name) for name, _ in columns) - floats
        return None if companion is None else _Facts(floats, others, companion)

    def _make_companion(self, path: str, columns: Sequence[tuple[Any, ...]], ask: Ask) -> str | None:
        """Make the empty file that is read besides another one; return None if the two cannot be read together."""
        known = (path, tuple(columns))
        if known in self._companions:
            return self._companions[known]
        keys = [part for part in re.split(r"[/\\]", path) if _KEY.fullmatch(part)]
        file = Path(self._engine.folder(), str(next(self._numbers)), *keys, "empty.parquet")
        file.parent.mkdir(parents=True, exist_ok=True)
        source = f"read_parquet({quote_literal(path)}, hive_partitioning = false)"
        ask(f"COPY (FROM {source} LIMIT 0) TO {quote_literal(str(file))} (FORMAT parquet)")
        both = ask(_COLUMNS.format(_listed((path, str(file))))) if file.is_file() else ()
        self._companions[known] = str(file) if both == columns else None
        return self._companions[known]


def _listed(paths: Sequence[str]) -> str:
    """Return the SQL of paths. They are not bound: with the first value that is, the engine's client imports Pandas."""
    return f"[{', '.join(map(quote_literal, paths))}]"


def _paths(call: Call, sql: str, values: Mapping[str, object], ask: Ask) -> str | Sequence[str]:
    """Return the file or files that a call is given; none where that is unknown."""
    if call.paths is not None:
        return call.paths if call.is_list else call.paths[0]
    text = sql.encode()[call.first.start : call.first.end].decode()
    if call.parameters and text == f"${call.parameters[0]}":
        found = values.get(call.parameters[0])
    else:
        used = {name: values[name] for name in call.parameters if name in values}
        [(found,)] = ask(f"SELECT ({text})", used) or [(None,)]
    if isinstance(found, list | tuple):
        items = cast("Sequence[object]", found)
        return [item for item in items if isinstance(item, str)] if all(isinstance(i, str) for i in items) else ()
    return found if isinstance(found, str) else ()
