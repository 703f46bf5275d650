"""Vega-Lite's transforms as SQL, each as exact as its translation: see the functions here for what is left to Vega.

Groups have no order of their own in SQL. Where the view or a later transform needs one, they are put in the order of
their first rows, as Vega has them (`Frame.keeps_order`); quantiles are not, and after them such a transform is left to
Vega, unless a sort tells all rows apart. Sums, means and deviations agree but for the order of
their terms, in the last digits.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil
from typing import Any, cast

from dataapp.compile.identifiers import quote_identifier, quote_literal
from dataapp.engines.relation import Column
from dataapp.views.chart.aggregation import SAME_OF_ONE, measure_to_sql, time_unit_start
from dataapp.views.chart.binning import Extents, definition_to_binning
from dataapp.views.chart.pushdown.expressions import (
    Value,
    expression_to_condition,
    expression_to_value,
    number_literal,
)
from dataapp.views.chart.pushdown.frame import ROW, Bounds, Field, Frame
from dataapp.views.chart.pushdown.groups import TYPES, check_order, key_of_group, order_of_rows, partition
from dataapp.views.chart.pushdown.parsing import NotTranslated
from dataapp.views.chart.pushdown.predicates import filter_to_expression
from dataapp.views.chart.pushdown.stacks import stack
from dataapp.views.chart.wire import Kind, kind_of, may_be_nan

type Transform = Mapping[str, Any]

AGGREGATES = (
    *("count", "valid", "missing", "distinct", "sum", "mean", "average", "min", "max", "median", "q1", "q3"),
    *("variance", "variancep", "stdev", "stdevp"),
)
WINDOWS = (*AGGREGATES, "row_number", "rank", "dense_rank", "lag", "lead")
_ALWAYS = {"count", "valid", "missing", "distinct"}  # aggregates that a group without values has, too
_PLAIN = {Kind.NUMBER, Kind.TEXT, Kind.FLAG}
_RANKED = {"row_number", "rank", "dense_rank"}


def apply(frame: Frame, transform: Transform) -> Frame:
    """Return the rows after a transform.

    Raises:
        NotTranslated: No SQL means the same; the message says why.
    """
    for kind, (translate, options) in _TRANSLATED.items():
        if kind in transform:
            if unknown := set(transform) - options:
                raise NotTranslated(f"the option `{min(unknown)}` is not translated")
            return translate(frame, transform)
    kind = next((key for key in transform if key in _LEFT), next(iter(transform), "nothing"))
    raise NotTranslated(f"`{kind}` is not translated")


def kind_of_transform(transform: Transform) -> str:
    """Return the name of a transform."""
    return next((kind for kind in (*_TRANSLATED, *_LEFT) if kind in transform), "transform")


def groups_before_pivot(frame: Frame, transform: Transform) -> Frame:
    """Return groups of which a pivot makes the same as of all rows: its columns have names that only rows tell.

    Raises:
        NotTranslated: No SQL means the same; the message says why.
    """
    op, value, groupby = transform.get("op") or "sum", transform["value"], transform.get("groupby", [])
    if op not in SAME_OF_ONE or frame.field(transform["pivot"]).kind not in _PLAIN:
        raise NotTranslated("such a pivot is left to Vega as a whole")
    frame.number(value)
    return _aggregate(
        frame, {"aggregate": [{"op": op, "field": value, "as": value}], "groupby": [*groupby, transform["pivot"]]}
    )


def _filter(frame: Frame, transform: Transform) -> Frame:
    values = frame.values
    return frame.where(expression_to_condition(filter_to_expression(transform["filter"], values), values))


def _calculate(frame: Frame, transform: Transform) -> Frame:
    value = expression_to_value(transform["calculate"], frame.values)
    if value.kind is None or value.kind is Kind.NESTED:
        raise NotTranslated("null as a column is not translated")
    if value.kind.is_temporal:
        raise NotTranslated("a time that is computed is not translated")
    return frame.extended({transform["as"]: (_field(transform["as"], value), value.sql)})


def _field(name: str, value: Value) -> Field:
    assert value.kind is not None
    return Field(Column(name, TYPES[value.kind]), True, value.is_nullable, value.is_lack)


def _aggregate(frame: Frame, transform: Transform) -> Frame:
    keys = {name: key_of_group(frame, name) for name in transform.get("groupby", [])}
    return frame.grouped(keys, _measures(frame, transform["aggregate"]))


def _joinaggregate(frame: Frame, transform: Transform) -> Frame:
    window = f"({_partition(frame, transform)})"
    measures = _measures(frame, transform["joinaggregate"], over=f" OVER {window}")
    return frame.extended(measures, by_row=True)


def _partition(frame: Frame, transform: Transform) -> str:
    return partition(key_of_group(frame, name)[1] for name in transform.get("groupby", []))


def _measures(frame: Frame, definitions: list[dict[str, Any]], *, over: str = "") -> dict[str, tuple[Field, str]]:
    found: dict[str, tuple[Field, str]] = {}
    if len({(one["op"], one.get("field")) for one in definitions}) < len(definitions):
        raise NotTranslated("the same aggregate twice, of which Vega makes one, is not translated")
    for definition in definitions:
        if definition["as"] in found:
            raise NotTranslated(f"two aggregates as `{definition['as']}` are not translated")
        found[definition["as"]] = _measure(frame, definition["op"], definition.get("field"), definition["as"], over)
    return found


def _measure(frame: Frame, op: object, name: object, output: str, over: str) -> tuple[Field, str]:
    if op not in AGGREGATES:
        raise NotTranslated(f"`{op}` is not translated")
    if op == "count":
        return Field(Column(output, "DOUBLE"), True, False), f"CAST(count(*){over} AS DOUBLE)"
    known = frame.field(name)
    sql = measure_to_sql(str(op), known.kind, known.value.sql, over, has_nan=may_be_nan(known.column))
    if sql is None or (known.is_lack and op == "distinct"):
        raise NotTranslated(f"`{op}` of `{name}` is not translated")
    kind = known.kind if op in {"min", "max"} else Kind.NUMBER
    if kind is Kind.NUMBER:
        sql = f"CAST({sql} AS DOUBLE)"
    elif kind is Kind.WALL:
        sql = f"make_timestamp(CAST({sql} AS BIGINT) * 1000)"
    else:
        sql = f"to_timestamp({sql} / 1000)"
    is_always = op in _ALWAYS
    return Field(Column(output, TYPES[kind]), True, not is_always, not is_always), sql


def _bin(frame: Frame, transform: Transform) -> Frame:
    value = frame.number(transform["field"])
    binning = definition_to_binning(transform["field"], "", transform["bin"], f"__steps_{len(frame.bounds)}")
    if binning is None:
        raise NotTranslated("such bins are not translated")
    names = transform["as"]
    start, end = names if isinstance(names, list) else (names, f"{names}_end")
    if value.is_lack:
        raise NotTranslated(f"bins of `{transform['field']}` are not translated")
    low, step = f"${binning.parameter}_start", f"${binning.parameter}_step"
    first = f"({low} + {step} * ({binning.expression(value.sql)}))"
    last = f"{low} + {step} * (1 + ({first} - {low}) / {step})"  # as Vega has it, to the last digit
    extent = Extents((str(transform["field"]),), frame.source)
    made = {
        start: (Field(Column(start, "DOUBLE"), True), f"CAST({first} AS DOUBLE)"),
        end: (Field(Column(end, "DOUBLE"), True), f"CAST({last} AS DOUBLE)"),
    }
    return replace(frame.extended(made), bounds=(*frame.bounds, Bounds(binning, extent)))


def _time_unit(frame: Frame, transform: Transform) -> Frame:
    known, name = frame.field(transform["field"]), transform["as"]
    if known.is_lack:
        raise NotTranslated(f"a time unit of `{transform['field']}` is not translated")
    sql = time_unit_start(transform["timeUnit"], known.column)
    if sql is None:
        raise NotTranslated("a time unit that depends on the reader's zone, or on weeks, is not translated")
    return frame.extended({name: (Field(Column(name, TYPES[known.kind]), True), sql)})


def _window(frame: Frame, transform: Transform) -> Frame:
    sorts = transform.get("sort", [])
    check_order(frame, transform.get("groupby", []), sorts)
    made: dict[str, tuple[Field, str]] = {}
    keys, order = _partition(frame, transform), order_of_rows(frame, sorts)
    for definition in transform["window"]:
        if definition["as"] in made or definition["as"] in transform.get("groupby", []):
            raise NotTranslated(f"`{definition['as']}` is needed as it was")
        made[definition["as"]] = _windowed(frame, definition, transform, keys, order)
    return frame.extended(made, by_row=True)


def _windowed(
    frame: Frame, definition: Mapping[str, Any], transform: Transform, keys: str, order: list[str]
) -> tuple[Field, str]:
    op, output, param = definition["op"], definition["as"], definition.get("param")
    by_peers = f"ORDER BY {', '.join(order)}" if order else f"ORDER BY {ROW}"
    by_row = f"ORDER BY {', '.join([*order, ROW])}"
    if op in _RANKED:
        ordering = by_row if op == "row_number" else by_peers
        sql = f"CAST({op}() OVER ({keys} {ordering}) AS DOUBLE)"
        return Field(Column(output, "DOUBLE"), True, False), sql
    if op in {"lag", "lead"}:
        known = frame.field(definition.get("field"))
        if known.is_lack or known.kind is Kind.NESTED or not isinstance(param or 1, int):
            raise NotTranslated(f"such a `{op}` is not translated")
        name = quote_identifier(known.column.name)
        sql = f"{op}({name}, {int(param or 1)}) OVER ({keys} {by_row})"
        return replace(known, column=Column(output, known.column.type), is_derived=True, is_nullable=True), sql
    over = f" OVER ({keys} {_rows(transform, by_peers, by_row, is_sorted=bool(order))})"
    return _measure(frame, op, definition.get("field"), output, over)


def _rows(transform: Transform, by_peers: str, by_row: str, *, is_sorted: bool) -> str:
    """Return the order and the rows around each row over which it aggregates."""
    ends = transform.get("frame") or [None, 0]
    if ends == [None, None]:
        return ""
    if not is_sorted or transform.get("ignorePeers"):
        return f"{by_row} ROWS BETWEEN {_end(ends[0], 'PRECEDING')} AND {_end(ends[1], 'FOLLOWING')}"
    if ends == [None, 0]:
        return f"{by_peers} RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    raise NotTranslated("a frame that is widened to equal rows is not translated; `ignorePeers` takes it as it is")


def _end(offset: object, unbounded: str) -> str:
    if offset is None:
        return f"UNBOUNDED {unbounded}"
    if not isinstance(offset, int):
        raise NotTranslated("such a frame is not translated")
    return "CURRENT ROW" if offset == 0 else f"{abs(offset)} {'PRECEDING' if offset < 0 else 'FOLLOWING'}"


def _fold(frame: Frame, transform: Transform) -> Frame:
    names = cast("list[object]", transform["fold"])
    known = [frame.field(name) for name in names]
    key, value = transform.get("as", ["key", "value"])
    kinds = {one.kind for one in known}
    if len(kinds) != 1 or not kinds <= _PLAIN or any(one.is_lack for one in known):
        raise NotTranslated("a fold of different kinds of columns is not translated")
    (kind,) = kinds
    keys = ", ".join(quote_literal(str(name)) for name in names)
    values = ", ".join(one.value.sql for one in known)
    made = {
        key: (Field(Column(key, "VARCHAR"), True, False), f"unnest([{keys}])"),
        value: (Field(Column(value, TYPES[kind]), True), f"unnest([{values}])"),
    }
    return frame.extended(made, is_single=False)


def _flatten(frame: Frame, transform: Transform) -> Frame:
    """Return a row for each value of a list; of several lists, the shorter ones end in nulls."""
    names, outputs = cast("list[object]", transform["flatten"]), cast("list[str]", transform.get("as", []))
    made: dict[str, tuple[Field, str]] = {}
    for at, name in enumerate(names):
        known = frame.field(name)
        value = Column(known.column.name, known.column.type.removesuffix("[]"))
        kind = kind_of(value)
        is_plain = kind in _PLAIN and (kind is not Kind.TEXT or value.type == "VARCHAR")
        if value.type == known.column.type or known.is_lack or not is_plain:
            raise NotTranslated(f"`{name}` is no list of numbers, texts or flags")
        output = outputs[at] if at < len(outputs) else value.name
        sql = f"CAST(unnest({quote_identifier(value.name)}) AS {TYPES[kind]})"
        made[output] = Field(Column(output, TYPES[kind]), True), sql
    if len(made) < len(names):
        raise NotTranslated("two lists as one column are not translated")
    return frame.extended(made, is_single=False)


def _quantile(frame: Frame, transform: Transform) -> Frame:
    value = frame.number(transform["quantile"])
    prob, output = transform.get("as") or ["prob", "value"]
    probs = transform.get("probs") or _steps(transform.get("step") or 0.01)
    if value.is_lack or not all(isinstance(one, int | float) and 0 <= one <= 1 for one in probs):
        raise NotTranslated("such quantiles are not translated")
    keys = {name: key_of_group(frame, name) for name in transform.get("groupby", [])}
    listed = ", ".join(number_literal(one) for one in probs)
    found = f"quantile_cont(CASE WHEN NOT isnan({value.sql}) THEN {value.sql} END, [{listed}])"
    nothing = ", ".join(["NULL"] * len(probs))
    made = {
        prob: (Field(Column(prob, "DOUBLE"), True, False), f"unnest([{listed}])"),
        output: (Field(Column(output, "DOUBLE"), True, True, True), f"unnest(coalesce({found}, [{nothing}]))"),
    }
    return frame.grouped(keys, made, is_single=False, of_nothing="groupby" not in transform)


def _steps(step: object) -> list[float]:
    """Return what Vega takes quantiles at, unless told: from half a step on, in steps."""
    if not isinstance(step, int | float) or not 0.001 <= step <= 1:
        raise NotTranslated("such quantiles are not translated")
    return [step / 2 + at * step for at in range(max(0, ceil((1 - 1e-14 - step / 2) / step)))]


def _sample(frame: Frame, transform: Transform) -> Frame:
    """Take rows at random: not those that Vega would take, which are others each time."""
    rows = transform["sample"]
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
        raise NotTranslated("such a sample is not translated")
    return frame.sampled(rows)


_TRANSLATED: Mapping[str, tuple[Callable[[Frame, Transform], Frame], set[str]]] = {
    "filter": (_filter, {"filter"}),
    "calculate": (_calculate, {"calculate", "as"}),
    "aggregate": (_aggregate, {"aggregate", "groupby"}),
    "joinaggregate": (_joinaggregate, {"joinaggregate", "groupby"}),
    "window": (_window, {"window", "groupby", "sort", "frame", "ignorePeers"}),
    "bin": (_bin, {"bin", "field", "as"}),
    "timeUnit": (_time_unit, {"timeUnit", "field", "as"}),
    "fold": (_fold, {"fold", "as"}),
    "flatten": (_flatten, {"flatten", "as"}),
    "sample": (_sample, {"sample"}),
    "stack": (stack, {"stack", "groupby", "sort", "offset", "as"}),
    "quantile": (_quantile, {"quantile", "groupby", "probs", "step", "as"}),
}
_LEFT = ("impute", "pivot", "lookup", "density", "regression", "loess", "extent")
TRANSLATED = tuple(_TRANSLATED)
