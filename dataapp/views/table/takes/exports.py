"""What is made of cells that leave the table: text for files and the clipboard, typed columns, sums.

Text is what a reader sees, but whole. Where a spreadsheet may open it, a text that looks like a formula gets a ``'`` in
front, as OWASP advises; numbers stay numbers.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from io import BytesIO
from typing import Any, Literal

import pyarrow as pa

from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.engines.relation import Column
from dataapp.views.formats import open_writer
from dataapp.views.table.columns import Kind, decimal_places, kind_of, text_expression
from dataapp.views.table.relation.queries import Table

type Select = Callable[[Table], str]
type CopyKind = Literal["tsv", "named_tsv", "csv", "markdown", "json"]

COPY_KINDS: tuple[CopyKind, ...] = ("tsv", "named_tsv", "csv", "markdown", "json")

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_STARTS_A_FORMULA = "'=', '+', '-', '@', chr(9), chr(13)"
_WITHOUT_A_FORMAT = re.compile(  # in Arrow, or not with all that they say; also within others, but not in quotes
    r"""(?<![\w"'])(UHUGEINT|BIGNUM|BIT|TIME WITH TIME ZONE|VARIANT)(?![\w"'])"""
)
_MARKUP = re.compile(r"[\\`*_\[\]<>|~&$]")
_BREAK = re.compile(r"\r\n|\r|\n")
_WIDEST_SUM = 28  # digits of decimals that the engine can add up ten billion of
_MOST_DIGITS = 60  # of a mean of exact numbers


def as_text(positions: Sequence[int], *, guarded: bool) -> Select:
    """Select columns as text, under the names that a reader knows.

    Args:
        positions: Which columns.
        guarded: Whether a spreadsheet may read it.
    """

    def select(table: Table) -> str:
        own = [table.columns[at].name for at in positions]
        names = guarded_names(own) if guarded else own
        texts = (_text(table.columns[at], table.references[at], guarded=guarded) for at in positions)
        return ", ".join(f"{text} AS {quote_identifier(name)}" for text, name in zip(texts, names, strict=True))

    return select


def as_typed(positions: Sequence[int]) -> Select:
    """Select columns as they are, under their names; what Arrow has no type for as text."""

    def select(table: Table) -> str:
        typed = ((table.columns[at], table.references[at]) for at in positions)
        return ", ".join(
            f"{_typed(column, reference)} AS {quote_identifier(column.name)}" for column, reference in typed
        )

    return select


def as_card(longest: int) -> Select:
    """Select all columns as text of at most so many characters, and one more where there is more."""

    def select(table: Table) -> str:
        texts = map(text_expression, table.columns, table.references)
        return ", ".join(f"left({text}, {longest + 1}) AS c{at}" for at, text in enumerate(texts))

    return select


def as_value(at: int, longest: int) -> Select:
    """Select one column as text of at most so many characters, and one more where there is more."""

    def select(table: Table) -> str:
        return f"left({text_expression(table.columns[at], table.references[at])}, {longest + 1}) AS c{at}"

    return select


def is_number(column: Column) -> bool:
    """Whether the values of a column can be added up."""
    return kind_of(column) in _NUMBERS


def guard(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    Example:
        >>> guard("=1+1"), guard("plain")
        ("'=1+1", 'plain')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def guarded_names(names: Sequence[str]) -> list[str]:
    """Return names of columns that no spreadsheet takes for a formula, and that still differ."""
    taken = {fold(name) for name in names}
    made: list[str] = []
    for name in names:
        safe = guard(name)
        while safe != name and fold(safe) in taken:
            safe = f"'{safe}"
        taken.add(fold(safe))
        made.append(safe)
    return made


def _text(column: Column, reference: str, *, guarded: bool) -> str:
    text = text_expression(column, reference)
    if not guarded or is_number(column) or kind_of(column) is Kind.BOOLEAN:
        return text
    return f"CASE WHEN left({text}, 1) IN ({_STARTS_A_FORMULA}) THEN '''' || {text} ELSE {text} END"


def _typed(column: Column, reference: str) -> str:
    return text_expression(column, reference) if _WITHOUT_A_FORMAT.search(column.type) else reference


def to_copy(cells: pa.Table, columns: Sequence[Column], kind: CopyKind) -> str:
    """Return cells as the text that a reader pastes: typed ones for JSON, else text."""
    match kind:
        case "tsv" | "named_tsv":
            return to_delimited(cells, "\t", named=kind == "named_tsv")
        case "csv":
            return to_delimited(cells, ",", named=True)
        case "markdown":
            return to_markdown(cells, columns)
        case "json":
            sink = BytesIO()
            writer = open_writer("json", sink, cells.schema)
            for batch in cells.to_batches():
                writer.write(batch)
            writer.close()
            return sink.getvalue().decode()


def to_delimited(table: pa.Table, separator: str, *, named: bool) -> str:
    """Return texts as lines: null is nothing, an empty text is ``""``.

    Args:
        table: Columns of text.
        separator: What stands between two cells.
        named: Whether the first line has the names.
    """
    import polars as pl  # here: most pages are never copied from

    frame = pl.DataFrame(table)
    return frame.write_csv(separator=separator, include_header=named).removesuffix("\n")


def to_markdown(table: pa.Table, columns: Sequence[Column]) -> str:
    r"""Return texts as a table of Markdown: whatever they hold is shown as it is, and null as nothing.

    Example:
        >>> print(to_markdown(pa.table({"a|b": ["<b>"]}), [Column("a|b", "VARCHAR")]))
        | a\|b |
        | --- |
        | \<b\> |
    """
    rules = ["---:" if is_number(column) else "---" for column in columns]
    rows = [table.column_names, *zip(*(column.to_pylist() for column in table.columns), strict=True)]
    lines = [[_MARKUP.sub(r"\\\g<0>", text or "") for text in row] for row in rows]
    escaped = [[_BREAK.sub("<br>", text) for text in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (escaped[0], rules, *escaped[1:]))


@dataclass(frozen=True, slots=True)
class Measures:
    """What the numbers among some cells come to; text, since no number of a browser holds them exactly.

    Attributes:
        numbers: How many there are. Nulls and NaN are none.
        nans: How many cells are NaN.
        sum: Their sum, or None where there are no numbers; as for all that follow.
        mean: Their mean.
        min: The least.
        max: The greatest.
    """

    numbers: int = 0
    nans: int = 0
    sum: str | None = None
    mean: str | None = None
    min: str | None = None
    max: str | None = None


def as_measures(positions: Sequence[int]) -> Select:
    """Select count, count of NaN, sum, least and greatest of each column; all of them must be numbers."""

    def select(table: Table) -> str:
        return ", ".join(_measured(table.columns[at], table.references[at], at) for at in positions)

    return select


def measures_of(found: pa.Table, columns: Sequence[tuple[int, Column]]) -> Measures:
    """Return what `as_measures` queries, of which each gave a row, say of all their columns together."""
    rows: list[dict[str, Any]] = found.to_pylist()
    parts = [_Part.of(row, at, column) for row in rows for at, column in columns]
    counted = [part for part in parts if part.count]
    nans = sum(part.nans for part in parts)
    if not counted:
        return Measures(nans=nans)
    numbers = sum(part.count for part in counted)
    total = _added([part.sum for part in counted])
    mean = total / numbers
    least, greatest = min(part.min for part in counted), max(part.max for part in counted)
    return Measures(numbers, nans, *map(_shown, (total, mean, least, greatest)))


type _Number = Fraction | float


@dataclass(frozen=True, slots=True)
class _Part:
    count: int
    nans: int
    sum: _Number
    min: _Number
    max: _Number

    @classmethod
    def of(cls, row: dict[str, Any], at: int, column: Column) -> "_Part":
        count, nans = int(row[f"n{at}"]), int(row[f"nan{at}"])
        if not count:
            return cls(0, nans, 0.0, 0.0, 0.0)
        read = float if kind_of(column) is Kind.FLOAT else Fraction
        total, least, greatest = (read(row[f"{what}{at}"]) for what in ("sum", "min", "max"))
        if _is_wide_decimal(column):  # was added up without its point
            total = Fraction(total) / 10 ** decimal_places(column)
        return cls(count, nans, total, least, greatest)


def _added(numbers: Sequence[_Number]) -> _Number:
    """Add exact numbers exactly; with a float among them, the sum is one."""
    exact = sum((number for number in numbers if isinstance(number, Fraction)), Fraction(0))
    floats = [number for number in numbers if isinstance(number, float)]
    if not floats:
        return exact
    try:
        return sum(floats, float(exact))
    except OverflowError:
        return math.copysign(math.inf, exact)


def _measured(column: Column, reference: str, at: int) -> str:
    if kind_of(column) is Kind.FLOAT:
        number = f"CASE WHEN NOT isnan({reference}) THEN {reference} END"
        nans = f"count(*) FILTER (isnan({reference}))"
    else:
        number, nans = reference, "0"
    added = number
    if column.type in {"HUGEINT", "UHUGEINT"}:
        added = f"CAST({number} AS BIGNUM)"  # the engine's other sums overflow, or round
    elif _is_wide_decimal(column):
        added = f"CAST(replace(CAST({number} AS VARCHAR), '.', '') AS BIGNUM)"
    made = {"n": f"count({number})", "nan": nans, "sum": _exact(f"sum({added})")}
    made |= {what: _exact(f"{what}({number})") for what in ("min", "max")}
    return ", ".join(f"{expression} AS {what}{at}" for what, expression in made.items())


def _exact(expression: str) -> str:
    return f"CAST({expression} AS VARCHAR)"


def _is_wide_decimal(column: Column) -> bool:
    if kind_of(column) is not Kind.DECIMAL:
        return False
    return int(column.type[len("DECIMAL(") :].partition(",")[0]) > _WIDEST_SUM


def _shown(number: _Number) -> str:
    if isinstance(number, float):
        return repr(number)
    if number.denominator == 1:
        return str(number.numerator)
    with localcontext(prec=_MOST_DIGITS):
        return f"{Decimal(number.numerator) / Decimal(number.denominator):f}"
