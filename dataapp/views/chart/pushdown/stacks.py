"""Vega's stacks: each row begins where the one before it in its group ends."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataapp.engines.relation import Column
from dataapp.views.chart.pushdown.frame import ROW, Field, Frame
from dataapp.views.chart.pushdown.groups import check_order, key_of_group, order_of_rows, partition
from dataapp.views.chart.pushdown.parsing import NotTranslated
from dataapp.views.chart.wire import Kind

_NAN = "CAST('nan' AS DOUBLE)"


def stack(frame: Frame, transform: Mapping[str, Any]) -> Frame:
    """Return the rows with the start and the end of each in its stack.

    Raises:
        NotTranslated: No SQL means the same; the message says why.
    """
    name, names = transform["stack"], transform.get("as")
    groupby, sorts = transform.get("groupby", []), transform.get("sort") or []
    start, end = names if isinstance(names, list) else (names, f"{names}_end")
    value = frame.number(name)
    if value.is_lack or not isinstance(start, str) or start == end:
        raise NotTranslated(f"such a stack of `{name}` is not translated")
    if {start, end} & {name, *groupby, *(sort["field"] for sort in sorts)}:
        raise NotTranslated("a stack over one of the columns that it reads is not translated")
    check_order(frame, groupby, sorts)
    keys, length = _keys(frame, groupby), f"coalesce({value.sql}, 0)"
    rows = f"{partition(keys)} ORDER BY {', '.join([*order_of_rows(frame, sorts), ROW])} ROWS UNBOUNDED PRECEDING"
    match transform.get("offset", "zero"):
        case "zero" | None:
            ends = _from_zero(length, rows)
        case "normalize":
            ends = _normalized(length, rows, f"sum(abs({length})) OVER ({partition(keys)})")
        case "center":
            ends = _centred(frame, length, rows, keys)
        case other:
            raise NotTranslated(f"the offset `{other}` is not translated")
    made = {
        output: (Field(Column(output, "DOUBLE"), True, False), sql)
        for output, sql in zip((start, end), ends, strict=True)
    }
    return frame.extended(made, by_row=True)


def _keys(frame: Frame, groupby: Sequence[object]) -> list[str]:
    """Return what tells stacks apart: Vega joins the values with commas, where null and no text are the same."""
    keys = [key_of_group(frame, name) for name in groupby]
    texts = [f"coalesce(CAST({sql} AS VARCHAR), '')" for known, sql in keys if known.kind is Kind.TEXT]
    if len(texts) == len(keys):
        return [" || ',' || ".join(texts)] if texts else []
    if len(texts) > 1:
        raise NotTranslated("stacks by several texts and something else are not translated")
    return [*texts, *(sql for known, sql in keys if known.kind is not Kind.TEXT)]


def _from_zero(length: str, rows: str) -> tuple[str, str]:
    """Return the ends where what is negative is stacked downwards."""
    up, down = f"CASE WHEN {length} < 0 THEN 0 ELSE {length} END", f"CASE WHEN {length} < 0 THEN {length} ELSE 0 END"
    end = f"CASE WHEN {length} < 0 THEN {_until(down, rows)} ELSE {_until(up, rows)} END"
    return f"CASE WHEN {length} < 0 THEN {_before(down, rows)} ELSE {_before(up, rows)} END", end


def _normalized(length: str, rows: str, total: str) -> tuple[str, str]:
    """Return the ends in parts of the whole; of nothing there are none, though the first row still starts at 0."""
    until, before = _until(f"abs({length})", rows), _before(f"abs({length})", rows)
    is_first = f"row_number() OVER ({rows}) = 1"
    start = f"CASE WHEN {is_first} THEN 0 WHEN {total} = 0 THEN {_NAN} ELSE 1 / {total} * {before} END"
    return start, f"CASE WHEN {total} = 0 THEN {_NAN} ELSE 1 / {total} * {until} END"


def _centred(frame: Frame, length: str, rows: str, keys: Sequence[str]) -> tuple[str, str]:
    """Return the ends where the middle of each stack is that of the longest."""
    grouping = f" GROUP BY {', '.join(keys)}" if keys else ""
    totals = f"SELECT sum(abs({length})) AS total FROM {frame.source}{grouping}"
    longest = f"(SELECT coalesce(max(total) FILTER (WHERE NOT isnan(total)), 0) FROM ({totals}))"
    first = f"({longest} - sum(abs({length})) OVER ({partition(keys)})) / 2"
    until, before = _until(f"abs({length})", rows), _before(f"abs({length})", rows)
    return f"{first} + {before}", f"{first} + {until}"


def _until(length: str, rows: str) -> str:
    return f"sum({length}) OVER ({rows})"


def _before(length: str, rows: str) -> str:
    upto_last = rows.removesuffix("UNBOUNDED PRECEDING") + "BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    return f"coalesce(sum({length}) OVER ({upto_last}), 0)"
