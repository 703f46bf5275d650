"""What rows are told apart and sorted by, as Vega does: the keys of groups and the orders of windows and stacks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dataapp.compile.identifiers import quote_identifier, quote_literal
from dataapp.engines.relation import Column
from dataapp.views.chart.pushdown.frame import Field, Frame
from dataapp.views.chart.pushdown.parsing import NotTranslated
from dataapp.views.chart.wire import Kind

TYPES = {
    Kind.NUMBER: "DOUBLE",
    Kind.TEXT: "VARCHAR",
    Kind.FLAG: "BOOLEAN",
    Kind.WALL: "TIMESTAMP",
    Kind.INSTANT: "TIMESTAMP WITH TIME ZONE",
}
# JavaScript compares texts by UTF-16 units, of which characters past U+FFFF have two, from U+D800 on; the engine
# compares them by character. They agree once the characters from U+E000 to U+FFFF come after all others.
_UTF16 = f"regexp_replace({{0}}, '[\\x{{{{E000}}}}-\\x{{{{FFFF}}}}]', {quote_literal(chr(0x10FFFF))} || '\\0', 'g')"


def key_of_group(frame: Frame, name: object) -> tuple[Field, str]:
    """Return what rows are told apart by: values that are one in the browser are one."""
    known = frame.field(name)
    value = known.value
    if known.is_lack or known.kind is Kind.NESTED:
        raise NotTranslated(f"groups of `{name}` are not translated")
    if known.kind is Kind.WALL:
        sql = f"make_timestamp(CAST({value.sql} AS BIGINT) * 1000)"
    elif known.kind is Kind.INSTANT:
        sql = f"to_timestamp({value.sql} / 1000)"
    elif known.column.type.startswith("ENUM("):
        return known, quote_identifier(known.column.name)
    else:
        sql = value.sql
    return replace(known, column=Column(known.column.name, TYPES[known.kind])), sql


def partition(keys: Iterable[str]) -> str:
    """Return the clause of a window over rows with equal keys."""
    keys = list(keys)
    return f"PARTITION BY {', '.join(keys)}" if keys else ""


def order_of_rows(frame: Frame, sorts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the order of Vega: nothing, NaN, values; descending it is the reverse."""
    keys: list[str] = []
    for sort in sorts:
        known = frame.field(sort["field"])
        if known.kind is Kind.NESTED or known.is_lack:
            raise NotTranslated(f"the order of `{sort['field']}` is not translated")
        way = "DESC" if sort.get("order") == "descending" else "ASC"
        sql = known.value.sql
        tests = [f"{sql} IS NOT NULL", *([f"NOT isnan({sql})"] if known.kind is Kind.NUMBER else [])]
        value = _UTF16.format(sql) if known.kind is Kind.TEXT else sql
        keys += [f"{key} {way} NULLS FIRST" for key in (*tests, value)]
    return keys


def check_order(frame: Frame, groupby: Iterable[str], sorts: Iterable[Mapping[str, Any]]) -> None:
    """Refuse what depends on the order of rows if neither the rows have one nor the sort gives them one.

    Raises:
        NotTranslated: Rows could be in more than one order.
    """
    if not frame.is_told_apart_by({*groupby, *(sort["field"] for sort in sorts)}):
        raise NotTranslated("groups have no order of their own, and the sort leaves some of them equal")
