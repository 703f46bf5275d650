"""Lazy cells fused into one query: each becomes a CTE around its author's own text.

Into the text are spliced, by offset: names where the CTE or the parameter is called differently than the author wrote,
absolute locations in place of relative ones, and predicates. A source map leads from a position in the fused query
back to the cell, line and column that the author wrote.

Invariants:

- Every part that the root reaches appears once, behind everything that it reads (again in each dynamic PIVOT).
- No chosen name equals a CTE, an unresolved table or a file name written in any of the texts: nothing is captured.
- `values` (or `variables`) holds exactly the parameters that the query uses.

What DuckDB 1.5.5 does with CTEs (by EXPLAIN): one that is read once is inlined, and filters and column choices reach
the scan. One that is read more often is materialised by default, below an OR of its readers' filters, and its rows
pass through memory. `NOT MATERIALIZED` brings each reader's own filter to its own scan. So it is said for scans and
for parts that keep their rows; parts that reduce them are left to DuckDB, which computes them once; parts without one
meaning are `MATERIALIZED`, so that all readers see the same rows. Inlining parts that are read twice by parts that
are read twice doubles the plan each time, so it stops at `_MOST_COPIES`.

DuckDB orders the joins inside a CTE, as inside any subquery, before those around it, and moves none across. So a chain
that joins dimensions with each other in one cell, and with the facts in the next on more than one column (TPC-H's
query 5), can take many times as long as one join of all; filters and computed columns in cells of their own cost
nothing.

DuckDB parses no query that begins with WITH or SUMMARIZE behind CTEs of ours, so a root with CTEs stands in
`FROM (...)`. That numbers columns of equal names (`a`, `a_1`), as reading the root from another cell does.

A PIVOT whose columns come from the data becomes two statements in DuckDB. The first does not reliably see CTEs
around the text, so what such a text reads is written in its place, as a complete query in parentheses, instead of as a
CTE. And it takes no prepared parameters: when the closure holds one, every value travels in a session variable
instead (`SET VARIABLE k = $v`, read as `getvariable('k')`).

Texts for another engine are fused in the same way, written as its `Target` says. Their root follows the CTEs, in
parentheses, or, where it has CTEs of its own, with those behind ours: so that its ORDER BY still counts.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from graphlib import TopologicalSorter
from typing import assert_never

from dataapp.compile.identifiers import fold, quote_identifier, quote_literal, unused
from dataapp.compile.names import TableRef
from dataapp.compile.query import Query
from dataapp.compile.spans import Assembly, SourceMap, Span, line_and_column
from dataapp.compile.target import DUCKDB, Target

type Key = Hashable

_MOST_COPIES = 8
_OWN_CTES = re.compile(r"(?is)(?:\s|--[^\n]*\n|/\*.*?\*/)*with\b(\s+recursive\b)?")


@dataclass(frozen=True, slots=True)
class ValueOf:
    """A value inside a predicate."""

    key: Key


@dataclass(frozen=True, slots=True)
class Predicate:
    """A boolean expression: SQL text and values in turn. No pieces mean TRUE."""

    pieces: tuple[str | ValueOf, ...]


@dataclass(frozen=True, slots=True)
class TextPart:
    """A lazy SQL cell. The keys of all four mappings but `files` are folded names.

    Attributes:
        query: The cell's text, read.
        tables: The part that each table name stands for; names that are absent are the engine's own tables.
        values: The value that each parameter stands for.
        predicates: The predicate that each remaining parameter stands for.
        files: Absolute locations for locations as written; those that are absent stay as written.
        fields: The value that each `$name.field` stands for that is a value of its own, by where it starts.
        is_fenced: Whether nothing of its readers may run on rows that its WHERE leaves out.
    """

    query: Query
    tables: Mapping[str, Key]
    values: Mapping[str, Key]
    predicates: Mapping[str, Predicate]
    files: Mapping[str, str]
    fields: Mapping[int, Key] = field(default_factory=dict[int, Hashable])
    is_fenced: bool = False

    def reads(self, table: TableRef) -> Key | None:
        """Return the part that a table reference stands for, or None for the engine's own table."""
        return None if table.qualified else self.tables.get(fold(table.name))


@dataclass(frozen=True, slots=True)
class ScanPart:
    """Rows behind a table expression that may follow FROM, such as `read_parquet(['/a', '/b'])`."""

    sql: str


@dataclass(frozen=True, slots=True)
class FramePart:
    """A table that the caller registers on the connection, under the name that fusing chooses."""


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table that the engine has itself: its name stands in place of the reader's, so no CTE is made of it.

    Attributes:
        schema: The schema that it lies in, or None to let the engine look.
        name: Its name, as the engine spells it.
    """

    schema: str | None
    name: str

    @property
    def sql(self) -> str:
        """The name as it is written in a query."""
        names = [self.name] if self.schema is None else [self.schema, self.name]
        return ".".join(map(quote_identifier, names))


type Part = TextPart | ScanPart | FramePart | TablePart


@dataclass(frozen=True, slots=True)
class Place:
    """A line and column, from 1, in the author's own text of a part."""

    key: Key
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Fused:
    """One complete query.

    Attributes:
        sql: The query.
        values: The value of each prepared parameter in it.
        variables: The value of each session variable to set before running it; then `values` is empty.
        frames: The part behind each table name to register.
    """

    sql: str
    values: Mapping[str, Key]
    variables: Mapping[str, Key]
    frames: Mapping[str, Key]
    source_map: SourceMap[Key]
    texts: Mapping[Key, str]

    def locate(self, position: int) -> Place | None:
        """Return the author's place for a byte offset in `sql`, or None where the text is ours."""
        found = self.source_map.find(position)
        if found is None:
            return None
        key, offset = found
        return Place(key, *line_and_column(self.texts[key], offset))


def fuse(
    root: Key,
    parts: Mapping[Key, Part],
    labels: Mapping[Key, str],
    casts: Mapping[Key, str] | None = None,
    target: Target = DUCKDB,
) -> Fused:
    """Fuse a part and everything that it reads into one query.

    Args:
        root: The part whose rows are wanted.
        parts: At least the parts that the root reaches.
        labels: Names for people: CTEs and parameters are called so where that is unambiguous.
        casts: The SQL type of each value that does not show its type by itself, such as NULL or an empty list.
        target: The engine that the texts are written for.

    Raises:
        graphlib.CycleError: If parts read each other in a circle.
        KeyError: If a part, a label or the meaning of a parameter is missing.
    """
    order = _dependency_order(root, parts, _reads)
    reached = {key: parts[key] for key in order}
    return _Fusion(root, reached, labels, casts or {}, target).fused()


class _Fusion:
    """One run of `fuse`: names first, then text."""

    def __init__(
        self,
        root: Key,
        parts: Mapping[Key, Part],
        labels: Mapping[Key, str],
        casts: Mapping[Key, str],
        target: Target,
    ) -> None:
        self._root = root
        self._parts = parts
        self._casts = casts
        self._target = target
        self._names = _choose_table_names(root, parts, labels)
        self._values = _choose_names({key: _word(labels[key]) for key in _value_keys(parts)}, set())
        self._numbers = {key: number for number, key in enumerate(self._values, 1)}
        self._copies = _copies(root, parts)
        self._by_variable = any(_is_dynamic(part) for part in parts.values())
        self._out: Assembly[Key] = Assembly()

    def fused(self) -> Fused:
        self._whole(self._root)
        sql, source_map = self._out.finish()
        values = {name: key for key, name in self._values.items()}
        return Fused(
            sql=sql,
            values={} if self._by_variable else values,
            variables=values if self._by_variable else {},
            frames={self._names[key]: key for key, part in self._parts.items() if isinstance(part, FramePart)},
            source_map=source_map,
            texts={key: part.query.text for key, part in self._parts.items() if isinstance(part, TextPart)},
        )

    def _whole(self, root: Key) -> None:
        """Write a part with everything that it reads as CTEs."""
        order = _dependency_order(root, self._parts, _cte_reads)
        ctes = [key for key in order if key != root and not isinstance(self._parts[key], FramePart | TablePart)]
        part = self._parts[root]
        is_joined = bool(ctes) and isinstance(part, TextPart) and not self._target.starts_with_from
        own = _OWN_CTES.match(part.query.text) if is_joined and isinstance(part, TextPart) else None
        for index, key in enumerate(ctes):
            opening = "WITH RECURSIVE " if own is not None and own[1] else "WITH "
            self._out.add(opening if index == 0 else ",\n")
            hint = _materialisation(self._parts[key], self._copies[key])
            self._out.add(f"{quote_identifier(self._names[key])} AS {hint}(")
            self._query(key, is_wrapped=False)
            self._out.add("\n)")  # the line break ends a comment in the text's last line
        if own is not None and isinstance(part, TextPart):
            self._out.add(",")
            self._text(root, part, start=len(part.query.text[: own.end()].encode()))
            return
        if ctes:
            self._out.add("\n")
        self._query(root, is_wrapped=bool(ctes))

    def _query(self, key: Key, *, is_wrapped: bool) -> None:
        """Write a part as a query; texts that are no plain SELECT are always wrapped."""
        part = self._parts[key]
        match part:
            case ScanPart():
                self._out.add(f"FROM {part.sql}")
            case FramePart():
                self._out.add(f"FROM {quote_identifier(self._names[key])}")
            case TablePart():
                self._out.add(f"SELECT * FROM {part.sql}")
            case TextPart():
                is_wrapped = is_wrapped or part.query.form != "select"
                opening = "FROM (" if self._target.starts_with_from else "("
                before, after = self._target.fence if part.is_fenced else ("", "")
                self._out.add((opening if is_wrapped else "") + before)
                self._text(key, part)
                self._out.add(after + ("\n)" if is_wrapped else ""))
            case _:
                assert_never(part)

    def _text(self, key: Key, part: TextPart, start: int = 0) -> None:
        """Write an author's text from some byte on, with what is spliced into it."""
        source = part.query.text.encode()
        done = start
        splices = list(self._splices(key, part))
        splices += self._names_of_columns(part, [span for span, _ in splices])
        for span, write in sorted(splices, key=lambda splice: splice[0].start):
            self._out.copy(key, source, Span(done, span.start))
            write()
            done = span.end
        self._out.copy(key, source, Span(done, len(source)))

    def _splices(self, key: Key, part: TextPart) -> Iterator[tuple[Span, Callable[[], None]]]:
        for table in part.query.tables:
            read = part.reads(table)
            if read is None:
                continue
            is_inlined = part.query.form == "pivot" and not isinstance(self._parts[read], FramePart)
            is_known = fold(self._names[read]) == fold(table.name) and not isinstance(self._parts[read], TablePart)
            if is_inlined or self._target.keeps_case or not is_known:
                yield table.span, partial(self._reference, key, table, read, is_inlined=is_inlined)
        for parameter in part.query.parameters:
            name = fold(parameter.name)
            if parameter.field is not None and parameter.span.start in part.fields:
                text = self._value(part.fields[parameter.span.start])
                yield parameter.field.span, partial(self._out.replace, key, parameter.span.start, text)
                continue
            predicate = part.predicates.get(name)
            text = self._value(part.values[name]) if predicate is None else self._predicate(predicate)
            if text != f"${parameter.name}":
                yield parameter.span, partial(self._out.replace, key, parameter.span.start, text)
        for file in part.query.files:
            if file.location in part.files:
                text = quote_literal(part.files[file.location])
                if file.scanned_as is not None:
                    name = f" AS {quote_identifier(file.scanned_as)}" if file.scanned_as else ""
                    opening = "FROM " if file.statement is not None else ""
                    text = f"{opening}read_parquet({text}){name}"
                yield file.statement or file.span, partial(self._out.replace, key, file.span.start, text)

    def _names_of_columns(self, part: TextPart, places: Sequence[Span]) -> Iterator[tuple[Span, Callable[[], None]]]:
        """Yield the names of columns that would be called otherwise than their author wrote them."""
        if self._target.name != DUCKDB.name:
            return
        for column in part.query.unnamed:
            start, end = column.span.start, column.span.end
            if column.reads_parquet or any(start <= place.start < end for place in places):
                yield Span(end, end), partial(self._out.add, f" AS {quote_identifier(column.name)}")

    def _reference(self, key: Key, table: TableRef, read: Key, *, is_inlined: bool) -> None:
        """Write what stands in place of a table's name; columns keep the written name."""
        at, part = table.span.start, self._parts[read]
        opening = "FROM " if self._target.starts_with_from else "SELECT * FROM "
        self._out.replace(key, at, opening if table.is_statement else "")
        if is_inlined:
            self._out.add("(")
            self._whole(read)
            self._out.add("\n)")
        else:
            name = part.sql if isinstance(part, TablePart) else quote_identifier(self._names[read])
            self._out.replace(key, at, name)
        if table.can_alias and not table.alias:
            alias = self._as_written(key, table) if self._target.keeps_case else quote_identifier(table.name)
            self._out.replace(key, at, f" AS {alias}")

    def _as_written(self, key: Key, table: TableRef) -> str:
        """Return a table's name with the quotes that it has in the text, or without."""
        part = self._parts[key]
        assert isinstance(part, TextPart)
        written = part.query.text.encode()[table.span.start : table.span.end].decode()
        return re.sub(r"(?is)^table\b\s*", "", written) if table.is_statement else written

    def _predicate(self, predicate: Predicate) -> str:
        text = ""
        for piece in predicate.pieces:
            if isinstance(piece, str):
                text += piece
            elif self._target.takes_lists_by_any and text.endswith(" IN "):
                text = f"{text.removesuffix('IN ')}= ANY({self._value(piece.key)})"
            else:
                text += self._value(piece.key)
        return f"({text or 'TRUE'})"

    def _value(self, key: Key) -> str:
        name = self._values[key]
        parameter = self._target.parameter(name, self._numbers[key])
        text = f"getvariable({quote_literal(name)})" if self._by_variable else parameter
        return f"CAST({text} AS {self._target.type_name(self._casts[key])})" if key in self._casts else text


def _materialisation(part: Part, copies: int) -> str:
    if copies < 2:
        return ""
    if isinstance(part, TextPart):
        if part.query.unstable:
            return "MATERIALIZED "
        if part.query.reduces or copies > _MOST_COPIES:
            return ""
    return "NOT MATERIALIZED "


def _copies(root: Key, parts: Mapping[Key, Part]) -> dict[Key, int]:
    """Return how often each part would stand in the plan if all that may be inlined are."""
    copies: dict[Key, int] = dict.fromkeys(parts, 0) | {root: 1}
    for key in reversed(list(parts)):
        part = parts[key]
        is_inlined = copies[key] == 1 or _materialisation(part, copies[key]).startswith("NOT")
        for read in _reads(part):
            copies[read] += copies[key] if is_inlined else 1
    return copies


def _is_dynamic(part: Part) -> bool:
    return isinstance(part, TextPart) and part.query.form == "pivot"


def _reads(part: Part) -> list[Key]:
    """Return the part behind each table reference, as often as it is referenced."""
    if not isinstance(part, TextPart):
        return []
    return [read for table in part.query.tables if (read := part.reads(table)) is not None]


def _cte_reads(part: Part) -> list[Key]:
    """Return the parts that must stand before this one as CTEs."""
    return [] if _is_dynamic(part) else _reads(part)


def _dependency_order(
    root: Key, parts: Mapping[Key, Part], reads_of: Callable[[Part], Sequence[Key]]
) -> tuple[Key, ...]:
    """Return the root and everything that it reaches, each behind what it reads."""
    sorter: TopologicalSorter[Key] = TopologicalSorter()
    pending, seen = [root], {root}
    while pending:
        key = pending.pop()
        reads = list(dict.fromkeys(reads_of(parts[key])))
        sorter.add(key, *reads)
        pending.extend(read for read in reads if read not in seen)
        seen.update(reads)
    return tuple(sorter.static_order())


def _choose_table_names(root: Key, parts: Mapping[Key, Part], labels: Mapping[Key, str]) -> dict[Key, str]:
    """Name frames and CTEs by their labels, but not by a name that means something of its own in some text."""
    frames = {key: labels[key] for key, part in parts.items() if isinstance(part, FramePart)}
    own = {key: part.name for key, part in parts.items() if isinstance(part, TablePart)}
    ctes = {key: labels[key] for key in parts if key != root and key not in frames and key not in own}
    plain: set[str] = set(map(fold, own.values()))
    qualified: set[str] = set()
    for part in parts.values():
        if isinstance(part, TextPart):
            plain |= part.query.ctes
            plain.update(fold(part.files.get(file.location, file.location)) for file in part.query.files)
            for table in part.query.tables:
                if part.reads(table) is None:
                    (qualified if table.qualified else plain).add(fold(table.name))
    names = _choose_names(frames, plain | qualified)  # a registered frame may hide main.trades, a CTE cannot
    return own | names | _choose_names(ctes, plain | {fold(name) for name in names.values()})


def _value_keys(parts: Mapping[Key, Part]) -> Iterator[Key]:
    """Yield the values that the texts use, in order; some more than once."""
    for part in parts.values():
        if not isinstance(part, TextPart):
            continue
        for parameter in part.query.parameters:
            name = fold(parameter.name)
            if name in part.predicates:
                yield from (piece.key for piece in part.predicates[name].pieces if isinstance(piece, ValueOf))
            elif parameter.span.start in part.fields:
                yield part.fields[parameter.span.start]
            else:
                yield part.values[name]


def _choose_names(preferred: Mapping[Key, str], taken: set[str]) -> dict[Key, str]:
    names: dict[Key, str] = {}
    for key, label in preferred.items():
        names[key] = unused(label, taken)
        taken.add(fold(names[key]))
    return names


def _word(label: str) -> str:
    """Return a label as a name that may follow `$`."""
    word = re.sub(r"\W", "_", label)
    return word if word and not word[0].isdigit() else f"p{word}"
