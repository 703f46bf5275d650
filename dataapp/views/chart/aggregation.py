"""Views that aggregate: the engine groups, and one row per group travels.

The encodings stay as the author wrote them. Vega aggregates the rows it gets once more, and the mean, the sum, the
minimum or a quantile of a single value is that value, so titles, legends, sorting and stacking remain Altair's own.
Time units and bins stay as well: a row carries a value of its group from which Vega makes the same unit or bin. Only
aggregates for which this does not hold (counts, variances) are turned into the sum of a column that carries them.

Invariant: a view is rewritten only if Vega would draw the same from all rows; everything else is left alone. The
tests draw both with Vega and compare.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, cast

from dataapp.compile.identifiers import quote_identifier
from dataapp.engines.relation import Column
from dataapp.views.chart.binning import Binning, Extents, definition_to_binning
from dataapp.views.chart.fields import field_definitions, mentions_expression, shows_order
from dataapp.views.chart.wire import Kind, Sent, column_to_sent, kind_of, may_be_nan, moment_to_milliseconds

_CHANNELS = {
    *("x", "y", "x2", "y2", "xOffset", "yOffset", "theta", "theta2", "radius", "radius2"),
    *("color", "fill", "stroke", "opacity", "fillOpacity", "strokeOpacity", "strokeWidth", "strokeDash"),
    *("size", "shape", "angle", "text", "tooltip", "detail", "order", "row", "column", "facet"),
}
_MARKS = {"arc", "area", "bar", "circle", "line", "point", "rect", "rule", "square", "text", "tick", "trail"}
_ADDITIVE = {"count", "valid", "missing", "sum", "min", "max"}  # of parts of a group, these give those of the group
_ROW = "__row"  # the number of a row
_HIGH = "__high_"  # the greatest value of a binned field in a group
# NaN is greater than all numbers, so it is the least of a group only where there is nothing else. Elsewhere it becomes
# NULL, row by row: that is cheaper than a filter of the aggregate, which takes the rows apart.
_VALID, _FINITE = "CASE WHEN NOT isnan({0}) THEN {0} END", "CASE WHEN isfinite({0}) THEN {0} END"
_NAN = "CAST('nan' AS DOUBLE)"
SAME_OF_ONE = {  # of values without NaN
    "sum": "sum({0}){1}",
    "mean": "avg({0}){1}",
    "average": "avg({0}){1}",
    "min": "min({0}){1}",
    "max": "max({0}){1}",
    "median": "quantile_cont({0}, 0.5){1}",
    "q1": "quantile_cont({0}, 0.25){1}",
    "q3": "quantile_cont({0}, 0.75){1}",
}
_CARRIED = {  # of finite values; of a single one, Vega knows none of them
    "variance": "var_samp({0}){1}",
    "variancep": "CASE WHEN count({0}){1} > 1 THEN var_pop({0}){1} END",
    "stdev": "stddev_samp({0}){1}",
    "stdevp": "CASE WHEN count({0}){1} > 1 THEN stddev_pop({0}){1} END",
}
# What counts as missing differs: for Vega, an empty text is missing, and NaN is neither missing nor valid.
_COUNTED = {"missing": "count(*){1} - count({0}){1}", "valid": "count({0}){1}"}
_COUNTED_TEXTS = {
    "missing": "count(*) FILTER (WHERE {0} IS NULL OR {0} = ''){1}",
    "valid": "count(*) FILTER (WHERE {0} <> ''){1}",
}
_COUNTS = {"count", "valid", "missing", "distinct"}
# A null is a value of its own.
_DISTINCT = "count(DISTINCT {0}){1} + CAST(count(*){1} > count({0}){1} AS INTEGER)"

_TRUNCATED = {
    "year": "year",
    "yearquarter": "quarter",
    "yearmonth": "month",
    "yearmonthdate": "day",
    "yearmonthdatehours": "hour",
    "yearmonthdatehoursminutes": "minute",
    "yearmonthdatehoursminutesseconds": "second",
}
_PARTS = {
    "quarter": ("quarter",),
    "month": ("month",),
    "date": ("day",),
    "day": ("dayofweek",),
    "hours": ("hour",),
    "minutes": ("minute",),
    "monthdate": ("month", "day"),
    "dayhours": ("dayofweek", "hour"),
    "hoursminutes": ("hour", "minute"),
}


@dataclass(frozen=True, slots=True)
class Aggregated:
    """A view whose rows are groups.

    Attributes:
        unit: The view, with the columns that the query gives.
        query: SQL over ``relation``; `binnings` tell the parameters that it needs.
        columns: The columns of the query, in order.
        binnings: The bins; for each, the query needs the extent of a field.
    """

    unit: dict[str, Any]
    query: str
    columns: tuple[Sent, ...]
    binnings: tuple[Binning, ...] = ()

    @property
    def extents(self) -> Extents | None:
        """Low and high of each binned field, or None."""
        return Extents(tuple(binning.field for binning in self.binnings), "relation") if self.binnings else None


@dataclass(frozen=True, slots=True)
class Left:
    """A view whose rows Vega groups, if it has aggregates.

    Attributes:
        reason: Why, or an empty text for a view without aggregates.
    """

    reason: str = ""


class _NotExact(Exception):
    """The view is left to Vega; the message says why."""


@dataclass(slots=True)
class _Groups:
    """What is collected while the encodings of one view are read."""

    columns: Mapping[str, Column]
    taken: set[str]
    read: dict[str, str] = field(default_factory=dict[str, str])  # columns of `source`: SQL by name
    keys: dict[str, list[str]] = field(default_factory=dict[str, list[str]])  # partition expressions by field
    starts: dict[str, str] = field(default_factory=dict[str, str])  # of time units: what is sent for a unit, by its SQL
    measures: dict[str, tuple[str, Kind]] = field(default_factory=dict[str, tuple[str, Kind]])  # by output name
    binnings: dict[tuple[str, object], Binning] = field(default_factory=dict[tuple[str, object], Binning])
    in_order: bool = False  # of the rows

    def sent(self, name: str) -> Sent:
        if name not in self.columns or any(special in name for special in ".[]\\'\""):
            raise _NotExact(f"`{name}` is no column of the rows")
        sent = column_to_sent(self.columns[name])
        self.read[name] = sent.expression
        return sent


def aggregate_unit(
    unit: Mapping[str, Any],
    columns: Iterable[Column],
    *,
    config: Mapping[str, Any],
    siblings: Iterable[Mapping[str, Any]] = (),
) -> Aggregated | Left:
    """Return a view with its aggregates in the engine, or why not, where that might draw something else.

    Args:
        unit: A view: mark, encodings and, at most, parameters.
        columns: The columns of its data.
        config: The chart's configuration.
        siblings: The other layers of its layer, with which it shares axis titles.
    """
    known = {column.name: column for column in columns}
    rewritten = deepcopy(dict(unit))
    definitions = list(field_definitions(rewritten))
    try:
        if is_compound(unit):
            return Left("a mark of many parts computes with all rows")
        if not any("aggregate" in definition for _, definition in definitions):
            return Left()
        _check_unit(unit)
        groups = _Groups(known, set(known))
        for channel, definition in definitions:
            groups.in_order |= channel != "order" and shows_order(definition)
            if "aggregate" not in definition:
                _add_key(groups, channel, definition)
        if groups.in_order and _ROW in known:
            raise _NotExact(f"a column is named `{_ROW}`")
        if groups.binnings and (taken := [name for name in known if name.lower().startswith(_HIGH)]):
            raise _NotExact(f"a column is named `{taken[0]}`")
        _check_sorts(rewritten, definitions)
        _check_missing(definitions)
        for channel, definition in definitions:
            if "aggregate" in definition:
                _add_measure(groups, channel, definition, definitions, config, list(siblings))
    except _NotExact as why:
        return Left(str(why))
    return _groups_to_query(rewritten, groups)


def is_compound(unit: Mapping[str, Any]) -> bool:
    """Whether a view's mark is a box plot, an error bar or an error band."""
    mark = unit.get("mark")
    return (mark.get("type") if isinstance(mark, dict) else mark) in {"boxplot", "errorbar", "errorband"}


def _check_unit(unit: Mapping[str, Any]) -> None:
    mark = unit.get("mark")
    kind = mark.get("type") if isinstance(mark, dict) else mark
    if kind not in _MARKS or unit.get("transform") or mentions_expression(unit):
        raise _NotExact("it computes with rows, or has a mark of many parts")
    if isinstance(mark, dict) and isinstance(mark.get("tooltip"), dict):
        raise _NotExact("its tooltip shows whole rows")
    if not set(unit.get("encoding", {})) <= _CHANNELS:
        raise _NotExact("it encodes a channel that every row is needed for")


def _add_key(groups: _Groups, channel: str, definition: Mapping[str, Any]) -> None:
    name = definition.get("field")
    if not isinstance(name, str) or "impute" in definition:
        raise _NotExact("a channel is imputed or has no plain field")
    sent = groups.sent(name)
    partition = _source(name)
    if "timeUnit" in definition:
        unit = _time_unit_to_sql(definition["timeUnit"], groups.columns[name])
        alias = next((known for known, sql in groups.read.items() if sql == unit), f"__unit_{len(groups.read)}")
        groups.read[alias] = unit
        partition = _source(alias)
        if unit.startswith("date_trunc("):
            groups.starts[partition] = moment_to_milliseconds(partition)
    elif "bin" in definition and definition["bin"] not in (False, None):
        partition = _bin(groups, channel, name, definition["bin"], sent).expression(partition)
    elif sent.kind is Kind.NESTED or (sent.kind.is_temporal and definition.get("type") in {"nominal", "ordinal"}):
        raise _NotExact("it groups by nested values, or by times as names")
    expressions = groups.keys.setdefault(name, [])
    if partition not in expressions:
        expressions.append(partition)


def _bin(groups: _Groups, channel: str, name: str, bin_: object, sent: Sent) -> Binning:
    binning = definition_to_binning(name, channel, bin_, f"__bin_{len(groups.binnings)}")
    if binning is None or sent.kind is not Kind.NUMBER:
        raise _NotExact("such bins are not translated")
    return groups.binnings.setdefault((name, binning.options), binning)


def _time_unit_to_sql(unit: object, column: Column) -> str:
    """Return the SQL that tells the groups of a time unit apart."""
    name, moment = _unit_and_moment(unit, column)
    if name in _TRUNCATED:
        return f"date_trunc('{_TRUNCATED[name]}', {moment})"
    return "row(" + ", ".join(f"date_part('{part}', {moment})" for part in _PARTS[name]) + ")"


def _unit_and_moment(unit: object, column: Column) -> tuple[str, str]:
    """Return a time unit's name without ``utc``, and the SQL of the reading of a clock that it is taken of."""
    if isinstance(unit, dict) and set(cast("dict[str, object]", unit)) == {"unit"}:
        unit = cast("dict[str, object]", unit)["unit"]
    kind, name = kind_of(column), str(unit)
    is_utc = name.startswith("utc")
    if kind is not (Kind.INSTANT if is_utc else Kind.WALL):
        raise _NotExact("the reader's time zone says which unit a time falls into")
    if (name := name.removeprefix("utc")) not in _TRUNCATED.keys() | _PARTS:
        raise _NotExact(f"the time unit `{name}` is not translated")
    if is_utc:
        instant = quote_identifier(column.name)
        return name, f"CASE WHEN isfinite({instant}) THEN make_timestamp(epoch_ms({instant}) * 1000) END"
    return name, f"CAST({quote_identifier(column.name)} AS TIMESTAMP)"


def time_unit_start(unit: object, column: Column) -> str | None:
    """Return the SQL of the time at which a value's unit starts, or None for units that are not translated.

    Units without a year start in 2012, which began on a Sunday.
    """
    try:
        name, moment = _unit_and_moment(unit, column)
    except _NotExact:
        return None
    if name in _TRUNCATED:
        start = f"date_trunc('{_TRUNCATED[name]}', {moment})"
    else:
        parts = {part: f"date_part('{part}', {moment})" for part in _PARTS[name]}
        month = f"3 * {parts['quarter']} - 2" if "quarter" in parts else parts.get("month", "1")
        day = f"1 + {parts['dayofweek']}" if "dayofweek" in parts else parts.get("day", "1")
        start = f"make_timestamp(2012, {month}, {day}, {parts.get('hour', '0')}, {parts.get('minute', '0')}, 0)"
    if kind_of(column) is Kind.INSTANT:
        start = f"to_timestamp(epoch_ms({start}) / 1000)"
    return f"CASE WHEN isfinite({quote_identifier(column.name)}) THEN {start} END"


def _check_sorts(unit: Mapping[str, Any], definitions: list[tuple[str, dict[str, Any]]]) -> None:
    """Refuse sorts that Vega computes from all rows, unless groups give the same."""
    keys = {definition["field"] for _, definition in definitions if "aggregate" not in definition}
    for channel, definition in definitions:
        if definition.get("scale") and cast("dict[str, Any]", definition["scale"]).get("domain") == "unaggregated":
            raise _NotExact("its scale spans the values before they are aggregated")
        sort = definition.get("sort", "ascending")
        if channel == "order" or sort is None or isinstance(sort, list) or sort in ("ascending", "descending"):
            continue
        by = sort.removeprefix("-") if isinstance(sort, str) else sort.get("encoding")
        target = unit["encoding"].get(by)
        aggregate = target.get("aggregate") if isinstance(target, dict) else None
        if not (aggregate in _ADDITIVE or (aggregate in SAME_OF_ONE and keys == {definition.get("field")})):
            raise _NotExact("it is sorted by what Vega computes of all rows")


def _check_missing(definitions: list[tuple[str, dict[str, Any]]]) -> None:
    """Refuse a field of several uses that differ in what is missing: Vega-Lite leaves out marks by one of them."""
    uses: dict[object, set[object]] = {}
    for _, definition in definitions:
        if isinstance(name := definition.get("field"), str):
            uses.setdefault(name, set()).add(str(definition.get("aggregate")))
    if any(len(ops) > 1 and ops & _CARRIED.keys() for ops in uses.values()):
        raise _NotExact("marks are left out by one of several uses of a field, which differ in what is missing")


def _add_measure(
    groups: _Groups,
    channel: str,
    definition: dict[str, Any],
    definitions: list[tuple[str, dict[str, Any]]],
    config: Mapping[str, Any],
    siblings: list[Mapping[str, Any]],
) -> None:
    aggregate, name = definition["aggregate"], definition.get("field")
    if {"timeUnit", "bin", "impute"} & definition.keys() or not isinstance(aggregate, str):
        raise _NotExact("an aggregate has a form that is not translated")
    if aggregate in SAME_OF_ONE and isinstance(name, str):
        others = {other.get("aggregate") for _, other in definitions if other.get("field") == name}
        if others == {aggregate}:
            groups.measures[name] = _measure(groups, aggregate, name)
            return
    elif aggregate != "count" and not isinstance(name, str):
        raise _NotExact(f"`{aggregate}` has no plain field")
    output = f"__{aggregate}" if aggregate == "count" else f"__{aggregate}_{name}"
    if output in groups.taken:
        raise _NotExact(f"a column is named `{output}`")
    counted = ("count(*)", Kind.NUMBER)
    groups.measures[output] = counted if aggregate == "count" else _measure(groups, aggregate, str(name))
    if channel.endswith("2") or any(other == f"{channel}2" for other, _ in definitions):
        raise _NotExact("both fields of a range are in the title of its axis")
    _keep_title(channel, definition, config, siblings)
    definition["field"] = output
    if aggregate not in SAME_OF_ONE:
        definition["aggregate"] = "sum"
    if aggregate in _COUNTS:  # Vega-Lite takes these for numbers whatever type is stated
        definition["type"] = "quantitative"


def _measure(groups: _Groups, aggregate: str, name: str) -> tuple[str, Kind]:
    """Return the SQL of an aggregate and what it is in the browser."""
    sent = groups.sent(name)
    sql = measure_to_sql(aggregate, sent.kind, _source(name), has_nan=may_be_nan(groups.columns[name]))
    if sql is None:
        raise _NotExact(f"`{aggregate}` of `{name}` is not translated")
    return sql, sent.kind if aggregate in {"min", "max"} else Kind.NUMBER


def measure_to_sql(aggregate: str, kind: Kind, reference: str, over: str = "", *, has_nan: bool = True) -> str | None:
    """Return the SQL of an aggregate as Vega means it, or None where there is none.

    Args:
        aggregate: Vega's name of it.
        kind: What the values are in the browser.
        reference: Their SQL, as they are sent.
        over: An OVER clause with a space before it, for an aggregate over the rows around each row.
        has_nan: Whether numbers among them may be NaN.
    """
    template = _measure_template(aggregate, kind)
    if template is None:
        return None
    if kind is not Kind.NUMBER or not has_nan or aggregate in {"distinct", "missing"}:
        return template.format(reference, over)
    if aggregate == "min":
        return f"nullif({template.format(reference, over)}, {_NAN})"
    values = _FINITE if aggregate in _CARRIED else _VALID
    return template.format(values.format(reference), over)


def _measure_template(aggregate: str, kind: Kind) -> str | None:
    if aggregate == "distinct" and kind is not Kind.NESTED:
        return _DISTINCT
    if aggregate in _COUNTED and kind is not Kind.NESTED:
        return (_COUNTED_TEXTS if kind is Kind.TEXT else _COUNTED)[aggregate]
    if kind is Kind.NUMBER or (kind.is_temporal and aggregate in {"min", "max"}):
        return (SAME_OF_ONE | _CARRIED).get(aggregate)
    return None


def _keep_title(
    channel: str, definition: dict[str, Any], config: Mapping[str, Any], siblings: list[Mapping[str, Any]]
) -> None:
    """Give a renamed field the title that Vega-Lite would have given it."""
    if "title" in definition:
        return
    if {"fieldTitle", "countTitle"} & config.keys():
        raise _NotExact("titles are made in another way")
    aggregate, name = definition["aggregate"], definition.get("field")
    for sibling in siblings:  # a stated title displaces the others on a shared axis; Vega-Lite's own would join them
        other = sibling.get("encoding", {}).get(channel)
        same = isinstance(other, dict) and (other.get("aggregate"), other.get("field")) == (aggregate, name)
        if isinstance(other, dict) and "title" not in other and not same and "value" not in other:
            raise _NotExact("an axis would have another title")
    definition["title"] = "Count of Records" if aggregate == "count" else f"{aggregate.capitalize()} of {name}"


def _groups_to_query(unit: dict[str, Any], groups: _Groups) -> Aggregated:
    sent = [*map(groups.sent, groups.keys)]
    partitions = [expression for expressions in groups.keys.values() for expression in expressions]
    outputs = [f"{_representative(groups, column.name)} AS {quote_identifier(column.name)}" for column in sent]
    measures = [
        f"CAST({expression} AS DOUBLE) AS {quote_identifier(name)}" for name, (expression, _) in groups.measures.items()
    ]
    read = ", ".join(f"{expression} AS {quote_identifier(name)}" for name, expression in groups.read.items())
    if groups.in_order:
        read = f"{read or '1'}, row_number() OVER () AS {_ROW}"
        measures.append(f"min({_source(_ROW)}) AS {_ROW}")
    grouping = f"GROUP BY {', '.join(partitions)}" if partitions else "HAVING count(*) > 0"
    source = f"WITH source AS (SELECT {read or '1'} FROM relation)"
    query = f"SELECT {', '.join([*outputs, *measures])} FROM source {grouping}"
    if binned := {binning.field: _greatest(groups, binning.field) for binning in groups.binnings.values()}:
        highest = [f"{value} AS {_HIGH}{number}" for number, value in enumerate(binned.values())]
        query = f"SELECT {', '.join([*outputs, *measures, *highest])} FROM source {grouping}"
        ends = "".join(_row_with_greatest(name, number, sent, len(measures)) for number, name in enumerate(binned))
        source = f"{source}, grouped AS MATERIALIZED ({query})"
        query = (
            f"SELECT * EXCLUDE ({', '.join(f'{_HIGH}{number}' for number in range(len(binned)))}) FROM grouped{ends}"
        )
    return _aggregated(unit, groups, f"{source} {query}", sent)


def _aggregated(unit: dict[str, Any], groups: _Groups, query: str, sent: list[Sent]) -> Aggregated:
    carried = tuple(Sent(name, kind, "") for name, (_, kind) in groups.measures.items())
    columns = (*sent, *carried)
    if groups.in_order:  # a group is where its first row is
        names = ", ".join(quote_identifier(column.name) for column in columns)
        ordered = f"SELECT {names} FROM ({query}) ORDER BY {_ROW} NULLS LAST"
    else:
        ordered = f"{query} ORDER BY ALL NULLS FIRST"
    return Aggregated(unit, ordered, columns, tuple(groups.binnings.values()))


def _source(name: str) -> str:
    return f"source.{quote_identifier(name)}"


def _representative(groups: _Groups, name: str) -> str:
    """Return the value that stands for a group: itself, where its time unit starts, or the least of it."""
    value, partitions = _source(name), groups.keys[name]
    if partitions == [value]:
        return value
    start = groups.starts.get(partitions[0]) if len(partitions) == 1 else None
    return start or f"min({value})"


def _greatest(groups: _Groups, name: str) -> str:
    """Return the SQL of the greatest number in a group."""
    value = _source(name)
    numbers = f" FILTER (WHERE NOT isnan({value}))" if may_be_nan(groups.columns[name]) else ""
    return f"CAST(max({value}){numbers} AS DOUBLE)"


def _row_with_greatest(field: str, number: int, sent: list[Sent], measures: int) -> str:
    """Return the SQL of one more row, which keeps the upper end of a binned field, and measures nothing.

    The group that begins highest holds the greatest value, so the row is one of it, whatever else it is grouped by.
    """
    name, high = quote_identifier(field), f"(SELECT max({_HIGH}{number}) FROM grouped)"
    row = ", ".join(high if one.name == field else quote_identifier(one.name) for one in sent)
    numbers = f"FROM grouped WHERE NOT isnan({name}) ORDER BY {name} DESC LIMIT 1"
    return f" UNION ALL (SELECT {row}{', NULL' * measures} {numbers})"
