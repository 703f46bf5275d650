"""The queries that the explorer asks: pure functions from what a reader wants to see to SQL and bound values.

A relation is read as the table ``relation`` or, once its rows are kept, as ``kept``, whose columns are ``c0``, ``c1``,
... and whose ``rowid`` numbers the rows from 0 in the relation's own order. ``arranged`` then lists the rowids of rows
that pass the filters, in the order asked for; its own ``rowid`` is the row number on screen. Ties keep the relation's
order, so every order is total and windows of it fit together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dataapp.compile.identifiers import fold, quote_identifier, unused
from dataapp.engines.relation import Column
from dataapp.views.table.columns import cell_expression, exact_text
from dataapp.views.table.filters.predicates import RowFilter, Values, Writer, predicate
from dataapp.views.table.groups.grouping import Grouping
from dataapp.views.table.selection import Rows

BLOCK = 128  # rows; spans start at multiples of it, and are multiples of it
CHUNK = 32  # columns that are read at first, and further ones at a time
KEPT = "kept"
ARRANGED = "arranged"


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column to sort by, by its position."""

    column: int
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows of a relation, in which order, and in which groups, if any."""

    filters: tuple[RowFilter, ...] = ()
    order: tuple[SortKey, ...] = ()
    groups: Grouping | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Cells to read: `count` rows from `first` of some columns, by their positions."""

    first: int
    count: int
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """SQL for `dataapp.engines.duckdb.Reader`, and the values of its parameters."""

    sql: str
    parameters: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows are read, and by which quoted names."""

    source: str  # what stands behind FROM; goes by `name`
    name: str
    columns: tuple[Column, ...]
    references: tuple[str, ...]
    number: str | None = None  # what tells rows apart and rises in the table's own order, where it has such

    @classmethod
    def of_relation(cls, columns: tuple[Column, ...]) -> "Table":
        """The relation itself. Its names are qualified: bare ones could be taken for those that `cells` gives."""
        references = tuple(f"relation.{quote_identifier(column.name)}" for column in columns)
        return cls("relation", "relation", columns, references)

    @classmethod
    def of_kept(cls, columns: tuple[Column, ...], source: str) -> "Table":
        """The rows that `keep` made, in a table of the engine."""
        references = tuple(f"{KEPT}.c{position}" for position in range(len(columns)))
        return cls(f"{source} AS {KEPT}", KEPT, columns, references, f"{KEPT}.rowid")

    def cells(self, span: Span) -> str:
        """The columns of a span as they travel, named by position."""
        cells = (f"{cell_expression(self.columns[at], self.references[at])} AS c{at}" for at in span.columns)
        return ", ".join(cells)


class _BoundElsewhere:
    """Lets somebody else bind values."""

    def __init__(self, bind: Callable[[object], str]) -> None:
        self._bind = bind

    def bind(self, value: object, type_: str | None = None) -> str:
        """Return what stands for a value."""
        return self._bind(value) if type_ is None else f"CAST({self._bind(value)} AS {type_})"


def restriction(columns: tuple[Column, ...], question: Question, bind: Callable[[object], str]) -> str:
    """The condition that rows of a question meet, on columns by their bare names.

    Args:
        columns: The columns.
        question: The question.
        bind: Returns the SQL that stands for a value.
    """
    table = Table("", "", columns, tuple(quote_identifier(column.name) for column in columns))
    return where_clause(table, question.filters, _BoundElsewhere(bind)).removeprefix(" WHERE ") or "TRUE"


def count(table: Table, filters: tuple[RowFilter, ...]) -> Query:
    """How many rows pass the filters."""
    values = Values()
    return Query(f"SELECT count(*) FROM {table.source}{where_clause(table, filters, values)}", values.parameters)


def window(table: Table, filters: tuple[RowFilter, ...], span: Span) -> Query:
    """A window of a table that always gives its rows in the same order; nothing is kept."""
    values = Values()
    rows = f"FROM {table.source}{where_clause(table, filters, values)} {_limit(span)}"
    return _cells_of(rows, table, span, values)


def top(table: Table, question: Question, span: Span) -> Query:
    """The first rows in the order asked for, without sorting the others."""
    values = Values()
    where = where_clause(table, question.filters, values)
    if table.number is not None:
        source, number = f"FROM {table.source}{where}", table.number
    else:
        number = unused("dataapp_row", {fold(column.name) for column in table.columns})
        source = f"FROM (SELECT *, row_number() OVER () AS {number} FROM {table.source}{where}) AS {table.name}"
    rows = f"{source} {order_by(table, question.order, number)} {_limit(span)}"
    return _cells_of(rows, table, span, values)


def top_numbers(table: Table, question: Question, count: int) -> Query:
    """The numbers of the first rows in the order asked for, of a table whose rows have numbers."""
    values = Values()
    assert table.number is not None
    where = where_clause(table, question.filters, values)
    order = f" {order_by(table, question.order, table.number)}" if question.order else ""
    return Query(f"SELECT {table.number} AS number FROM {table.source}{where}{order} LIMIT {count}", values.parameters)


def top_ranks(table: Table, question: Question, count: int) -> Query:
    """The numbers of first rows by the first key, its values as text, and their ranks: the same for equal values.

    That those stand by the other keys, and as their numbers rise, is left to these few: with one key, the engine rules
    out row groups.
    """
    values = Values()
    assert table.number is not None
    keys = [(f"key_{at}", key) for at, key in enumerate(question.order)]
    orders = [f"{name} {'DESC' if key.descending else 'ASC'} NULLS LAST" for name, key in keys]
    references = (f"{table.references[key.column]} AS {name}" for name, key in keys)
    rows = f"SELECT {', '.join([f'{table.number} AS number', *references])} FROM {table.source}"
    rows += f"{where_clause(table, question.filters, values)} ORDER BY {orders[0]} LIMIT {count}"
    text = exact_text(table.columns[question.order[0].column].type, "key_0")
    ranked = f"SELECT number, {text} AS text, rank() OVER (ORDER BY {orders[0]}) AS place FROM ({rows})"
    return Query(f"{ranked} ORDER BY {', '.join([*orders, 'number'])}", values.parameters)


def keys(table: Table, question: Question, count: int) -> Query:
    """The first keys in the order asked for, as text: those of the first column that it names."""
    values = Values()
    key = question.order[0]
    rows = f"SELECT {table.references[key.column]} AS first_key FROM {table.source}"
    rows += where_clause(table, question.filters, values)
    order = f"ORDER BY first_key {'DESC' if key.descending else 'ASC'} NULLS LAST LIMIT {count}"
    text = exact_text(table.columns[key.column].type, "first_key")
    return Query(f"SELECT {text} FROM ({rows} {order}) AS first_keys", values.parameters)


def keep(table: Table, filters: tuple[RowFilter, ...]) -> Query:
    """All rows that pass the filters, with their columns named by position: the table ``kept``."""
    values = Values()
    columns = ", ".join(f"{reference} AS c{at}" for at, reference in enumerate(table.references))
    return Query(f"SELECT {columns} FROM {table.source}{where_clause(table, filters, values)}", values.parameters)


def arrange(table: Table, question: Question) -> Query:
    """The rowids of kept rows that pass the filters, in order: the table ``arranged``."""
    values = Values()
    where = where_clause(table, question.filters, values)
    order = order_by(table, question.order, f"{KEPT}.rowid")
    return Query(f"SELECT {KEPT}.rowid AS kept_row FROM {table.source}{where} {order}", values.parameters)


class Terms:
    """Makes SQL for parts of one query over a table."""

    def __init__(self, table: Table, values: Values) -> None:
        self._table = table
        self._values = values

    def bind(self, value: object) -> str:
        """Return the SQL for a value."""
        return self._values.bind(value)

    def passes(self, filters: tuple[RowFilter, ...]) -> str:
        """Return the SQL for the condition that a row passes filters."""
        return where_clause(self._table, filters, self._values).removeprefix(" WHERE ") or "TRUE"


def aggregate(table: Table, filters: tuple[RowFilter, ...], select: Callable[[Terms], str], rest: str = "") -> Query:
    """Figures of the rows that pass the filters.

    Args:
        table: The table.
        filters: What rows must pass.
        select: Returns the SQL of the figures.
        rest: What follows the conditions: groups, an order, a limit.
    """
    values = Values()
    figures = select(Terms(table, values))
    return Query(
        f"SELECT {figures} FROM {table.source}{where_clause(table, filters, values)} {rest}", values.parameters
    )


def pieces_of(rows: int, count: int, piece: int) -> tuple[Span, ...]:
    """Return pieces of a table, of no columns, that lie as far apart as they can and do not overlap.

    Example:
        >>> [(piece.first, piece.count) for piece in pieces_of(900, 3, 10)]
        [(0, 10), (300, 10), (600, 10)]
    """
    starts = sorted({rows * at // count for at in range(count)})
    ends = (*starts[1:], rows)
    return tuple(Span(start, min(piece, end - start), ()) for start, end in zip(starts, ends, strict=True))


def sample(table: Table, ats: tuple[int, ...], pieces: tuple[Span, ...]) -> Query:
    """Some columns of pieces of a table, named by position."""
    values = Values()
    columns = ", ".join(f"{table.references[at]} AS c{at}" for at in ats)
    if table.name == KEPT:
        chosen = (f"WHERE {_rows(f'{KEPT}.rowid', piece, values)}" for piece in pieces)
    else:
        chosen = (_limit(piece) for piece in pieces)
    return Query(
        " UNION ALL ".join(f"(SELECT {columns} FROM {table.source} {rest})" for rest in chosen), values.parameters
    )


def kept_window(table: Table, span: Span) -> Query:
    """A window of the kept rows in the relation's own order."""
    values = Values()
    chosen = f"{table.source} WHERE {_rows(f'{KEPT}.rowid', span, values)}"
    return Query(f"SELECT {table.cells(span)} FROM {chosen} ORDER BY {KEPT}.rowid", values.parameters)


def listed(table: str, column: str, rows: tuple[Rows, ...]) -> str:
    """Return the SQL for the ``number`` of each row that a list has in some stretches, and for its ``place`` in it."""
    return f"SELECT rowid AS place, {column} AS number FROM {table} WHERE {_any_of('rowid', rows)}"


def numbers(wanted: str) -> Query:
    """The numbers of rows that `listed` finds."""
    return Query(f"SELECT number FROM ({wanted}) ORDER BY place")


def kept_by_number(table: Table, numbers: Sequence[int], select: str) -> Query:
    """Kept rows by their numbers, in the order of these; few enough to be named one by one.

    Numbers that are constants let the engine pass over all rows around them, which a join alone would read.
    """
    if not numbers:
        return Query(f"SELECT {select} FROM {table.source} WHERE false")
    wanted = ", ".join(map(str, numbers))
    places = f"SELECT unnest([{wanted}]) AS number, unnest(range({len(numbers)})) AS place"
    rows = f"SELECT *, {KEPT}.rowid AS number FROM {table.source} WHERE {KEPT}.rowid IN ({wanted})"
    join = f"({places}) AS wanted JOIN ({rows}) AS {KEPT} ON {KEPT}.number = wanted.number"
    return Query(f"SELECT {select} FROM {join} ORDER BY wanted.place")


def every(table: Table, question: Question, select: str) -> Query:
    """All rows of a question, put in order anew: what is streamed, or summed up."""
    values = Values()
    assert table.number is not None or not question.order
    order = f" {order_by(table, question.order, table.number or '')}" if question.order else ""
    return Query(
        f"SELECT {select} FROM {table.source}{where_clause(table, question.filters, values)}{order}", values.parameters
    )


def selected(table: Table, filters: tuple[RowFilter, ...], rows: tuple[Rows, ...], select: str) -> Query:
    """Rows by their numbers, of a table that always gives its rows in the same order."""
    values = Values()
    first, end = rows[0].first, rows[-1].end
    source = f"{table.source}{where_clause(table, filters, values)}"
    stretch = f"(SELECT {table.name}.* FROM {source} LIMIT {end - first} OFFSET {first})"
    if len(rows) > 1:
        number = unused("dataapp_row", {fold(column.name) for column in table.columns})
        numbered = f"(SELECT *, {first} + row_number() OVER () - 1 AS {number} FROM {stretch})"
        stretch = f"(SELECT * FROM {numbered} WHERE {_any_of(number, rows)})"
    return Query(f"SELECT {select} FROM {stretch} AS {table.name}", values.parameters)


def kept_selected(table: Table, rows: tuple[Rows, ...], select: str, *, ordered: bool) -> Query:
    """Kept rows by their numbers in the relation's own order."""
    order = f" ORDER BY {KEPT}.rowid" if ordered else ""
    return Query(f"SELECT {select} FROM {table.source} WHERE {_any_of(f'{KEPT}.rowid', rows)}{order}")


def arranged_selected(table: Table, rows: tuple[Rows, ...], select: str, *, ordered: bool) -> Query:
    """Kept rows by their numbers in the order asked for."""
    wanted = f"({listed(ARRANGED, 'kept_row', rows)}) AS wanted"
    order = " ORDER BY wanted.place" if ordered else ""
    return Query(f"SELECT {select} FROM {wanted} JOIN {table.source} ON {KEPT}.rowid = wanted.number{order}")


def _any_of(number: str, rows: tuple[Rows, ...]) -> str:
    terms = (f"({number} >= {stretch.first} AND {number} < {stretch.end})" for stretch in rows)
    return f"({' OR '.join(terms)})"


def _cells_of(rows: str, table: Table, span: Span, values: Values) -> Query:
    """Make cells of the chosen rows alone: next to LIMIT, the engine would make them of the rows before it, too."""
    return Query(f"SELECT {table.cells(span)} FROM (SELECT {table.name}.* {rows}) AS {table.name}", values.parameters)


def _limit(span: Span) -> str:
    return f"LIMIT {span.count} OFFSET {span.first}"  # numbers of our own; the first value that is bound costs 0.5 s


def _rows(number: str, span: Span, values: Values) -> str:
    return f"{number} >= {values.bind(span.first)} AND {number} < {values.bind(span.first + span.count)}"


def order_by(table: Table, keys: tuple[SortKey, ...], tie_break: str) -> str:
    """Return the clause for an order by keys, in which equal rows stand as `tie_break` rises."""
    terms = [f"{table.references[key.column]} {'DESC' if key.descending else 'ASC'} NULLS LAST" for key in keys]
    return f"ORDER BY {', '.join([*terms, tie_break])}"


def where_clause(table: Table, filters: tuple[RowFilter, ...], values: Writer) -> str:
    """Return the clause for the rows that pass the filters, with a space before it; nothing without filters."""
    terms = [predicate(one, table.columns, table.references, values) for one in filters]
    return f" WHERE {' AND '.join(terms)}" if terms else ""
