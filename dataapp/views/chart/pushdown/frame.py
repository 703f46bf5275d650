"""The rows of a view on their way through its transforms: a query over ``relation``, and what its columns mean."""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace

import pyarrow as pa

from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.engines.relation import Column
from dataapp.views.chart.binning import Binning, Extents
from dataapp.views.chart.pushdown.expressions import Value
from dataapp.views.chart.pushdown.parsing import NotTranslated
from dataapp.views.chart.wire import Kind, column_to_sent, kind_of, may_be_nan

type Fetch = Callable[[str, Mapping[str, object]], pa.Table]

ROW = "__row"  # the number of a row, where an order has to survive
_SPECIAL = frozenset(".[]\\'\"")


@dataclass(frozen=True, slots=True)
class Field:
    """A column.

    Attributes:
        column: Its name and its type in the engine.
        is_derived: Whether a transform made it.
        is_nullable: Whether it may be NULL.
        is_lack: Whether NULL is JavaScript's undefined instead of its null.
        is_parsed: Whether Vega-Lite reads it as something else than it is, before all transforms.
    """

    column: Column
    is_derived: bool = False
    is_nullable: bool = True
    is_lack: bool = False
    is_parsed: bool = False

    @property
    def kind(self) -> Kind:
        """What it is in the browser."""
        return kind_of(self.column)

    @property
    def value(self) -> Value:
        """Its SQL as part of an expression."""
        sql = column_to_sent(self.column).expression
        return Value(sql, self.kind, self.is_nullable, self.is_lack, may_be_nan(self.column))


@dataclass(frozen=True, slots=True)
class Bounds:
    """A binning whose parameters follow from the extent of its field.

    Attributes:
        binning: The binning.
        extent: Low and high, by SQL over ``relation``; the parameters of the bounds before it may be in it.
    """

    binning: Binning
    extent: Extents


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows after some transforms.

    Attributes:
        fields: The columns by name.
        source: What stands behind FROM.
        bounds: Bins, whose bounds are parameters of the query.
        is_ordered: Whether the rows are in the order in which Vega has them.
        unique: Where they are not, the columns that no two of them have equal, if known.
        keeps_order: Whether groups are to be in the order of their first rows, too, which is not for nothing.
    """

    fields: Mapping[str, Field]
    source: str = "relation"
    bounds: tuple[Bounds, ...] = ()
    is_ordered: bool = True
    unique: frozenset[str] | None = None
    keeps_order: bool = False

    @property
    def values(self) -> Mapping[str, Value]:
        """The columns that an expression can read."""
        return {name: known.value for name, known in self.fields.items() if not known.is_parsed}

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, with their types in the engine."""
        return tuple(known.column for known in self.fields.values())

    @property
    def query(self) -> str:
        """The rows as a query."""
        return f"SELECT {self._names()} FROM {self.source}"

    def field(self, name: object) -> Field:
        """Return a column that a transform reads.

        Raises:
            NotTranslated: There is none of that name, or not before the browser reads it.
        """
        if not isinstance(name, str) or _SPECIAL & set(name) or name not in self.fields:
            raise NotTranslated(f"`{name}` is no column that is known before there are rows")
        if self.fields[name].is_parsed:
            raise NotTranslated(f"`{name}` is a text that the browser reads as a number or a time")
        return self.fields[name]

    def number(self, name: object) -> Value:
        """Return a column of numbers."""
        found = self.field(name)
        if found.kind is not Kind.NUMBER:
            raise NotTranslated(f"`{name}` is no number")
        return found.value

    def is_told_apart_by(self, names: Set[str]) -> bool:
        """Whether rows that agree in these columns have an order."""
        return self.is_ordered or (self.unique is not None and self.unique <= names)

    def where(self, condition: str) -> "Frame":
        """Return the rows for which a condition is true."""
        return replace(self, source=f"(SELECT {self._names()} FROM {self.source} WHERE {condition})")

    def extended(
        self, made: Mapping[str, tuple[Field, str]], *, by_row: bool = False, is_single: bool = True
    ) -> "Frame":
        """Return the rows with more columns, or others of the same name.

        Args:
            made: What they are, and their SQL, by name.
            by_row: Number the rows first, as `ROW`, and keep them in their order: windows do not.
            is_single: Whether each row stays one row.
        """
        unique = self.unique if is_single and self.unique is not None and not self.unique & made.keys() else None
        fields = {**self.fields, **{name: known for name, (known, _) in made.items()}}
        self._check(fields, made)
        outputs = [
            f"{made[name][1]} AS {quote_identifier(name)}" if name in made else quote_identifier(name)
            for name in fields
        ]
        if not by_row:
            source = f"(SELECT {', '.join(outputs)} FROM {self.source})"
            return replace(self, fields=fields, source=source, unique=unique)
        numbered = f"(SELECT {self._names()}, row_number() OVER () AS {ROW} FROM {self.source})"
        inner = f"(SELECT {', '.join(outputs)}, {ROW} FROM {numbered})"
        names = ", ".join(map(quote_identifier, fields))
        source = f"(SELECT {names} FROM {inner} ORDER BY {ROW})"
        return replace(self, fields=fields, source=source, unique=unique)

    def sampled(self, rows: int) -> "Frame":
        """Return so many rows at random, in their order; the same ones when asked again."""
        numbered = f"(SELECT {self._names()}, row_number() OVER () AS {ROW} FROM {self.source})"
        picked = f"(SELECT * FROM {numbered} USING SAMPLE reservoir({rows} ROWS) REPEATABLE (1))"
        return replace(self, source=f"(SELECT {self._names()} FROM {picked} ORDER BY {ROW})")

    def grouped(
        self,
        keys: Mapping[str, tuple[Field, str]],
        measures: Mapping[str, tuple[Field, str]],
        *,
        is_single: bool = True,
        of_nothing: bool = False,
    ) -> "Frame":
        """Return one row for each group.

        Args:
            keys: What tells groups apart, and its SQL, by name.
            measures: What there is of each group, and its SQL, by name.
            is_single: Whether `measures` make one row.
            of_nothing: Whether no rows are a group, too, where there are no keys.
        """
        fields = {name: known for name, (known, _) in (*keys.items(), *measures.items())}
        self._check(fields, fields)
        if len(fields) != len(keys) + len(measures):
            raise NotTranslated("a key and an aggregate of one name are not translated")
        outputs = [f"{sql} AS {quote_identifier(name)}" for name, (_, sql) in (*keys.items(), *measures.items())]
        by = ", ".join(sql for _, sql in keys.values())
        grouping = f"GROUP BY {by}" if by else "" if of_nothing else "HAVING count(*) > 0"
        rows = f"(SELECT {', '.join(outputs)} FROM {self.source} {grouping})"
        is_ordered = is_single and self.keeps_order and self.is_ordered
        if is_ordered:  # a group is where its first row is
            numbered = f"(SELECT {self._names()}, row_number() OVER () AS {ROW} FROM {self.source})"
            rows = f"(SELECT {', '.join(outputs)} FROM {numbered} {grouping} ORDER BY min({ROW}))"
        return replace(
            self, fields=fields, source=rows, is_ordered=is_ordered, unique=frozenset(keys) if is_single else None
        )

    def _names(self) -> str:
        return ", ".join(map(quote_identifier, self.fields)) or 'true AS "__any"'

    @staticmethod
    def _check(fields: Iterable[str], made: Iterable[str]) -> None:
        folded = [fold(name) for name in fields]
        for name in made:
            if not name or _SPECIAL & set(name) or name.startswith("__") or folded.count(fold(name)) > 1:
                raise NotTranslated(f"`{name}` as the name of a column is not translated")


@dataclass(frozen=True, slots=True)
class Source:
    """The rows that a view starts from, in place of those of its cell.

    Attributes:
        frame: The rows, or None for those of the cell as they are.
    """

    frame: Frame | None = None

    @property
    def bounds(self) -> tuple[Bounds, ...]:
        """The bins in it."""
        return () if self.frame is None else self.frame.bounds

    def over(self, query: str) -> str:
        """Return SQL over the cell's ``relation``, given SQL over these rows under the same name."""
        if self.frame is None:
            return query
        inner = f"WITH relation AS (FROM __transformed) {query}"  # whose WITH is not that of the name's own meaning
        return f"SELECT * FROM (WITH __transformed AS ({self.frame.query}) SELECT * FROM ({inner}))"

    def through(self, fetch: Fetch) -> Fetch:
        """Return what runs SQL over these rows, given what runs SQL over those of the cell."""
        if self.frame is None:
            return fetch
        own: dict[str, object] = {}
        for bounds in self.bounds:
            known = dict(own)
            [(low, high)] = bounds.extent.fetch(lambda query, known=known: fetch(query, known))
            own |= bounds.binning.parameters(low, high)
        return lambda query, parameters: fetch(self.over(query), {**own, **parameters})


CELL = Source()
