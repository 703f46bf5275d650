"""Vega-Lite's filters as the expressions that Vega-Lite makes of them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from dataapp.views.chart.pushdown.expressions import Value
from dataapp.views.chart.pushdown.parsing import NotTranslated
from dataapp.views.chart.wire import Kind

_COMPARED = {"equal": "===", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def filter_to_expression(predicate: object, columns: Mapping[str, Value]) -> str:
    """Return the expression of a filter.

    Args:
        predicate: An expression, a comparison of a field, or several of them under ``and``, ``or`` and ``not``.
        columns: The columns that a field can be.

    Raises:
        NotTranslated: It reads a parameter of the chart, a time unit, or a date.

    Example:
        >>> filter_to_expression({"not": {"field": "a", "oneOf": [1, 2]}}, {})
        '!(indexof([1, 2], datum["a"]) !== -1)'
    """
    if isinstance(predicate, str):
        return predicate
    if not isinstance(predicate, Mapping):
        raise NotTranslated("such a filter is not translated")
    known = cast("Mapping[str, Any]", predicate)
    for word, operator in (("and", "&&"), ("or", "||")):
        if word in known and len(known) == 1:
            return f" {operator} ".join(f"({filter_to_expression(part, columns)})" for part in known[word]) or "true"
    if "not" in known and len(known) == 1:
        return f"!({filter_to_expression(known['not'], columns)})"
    if "param" in known:
        raise NotTranslated(f"`{known['param']}` is known to the browser alone")
    if "field" not in known or "timeUnit" in known or len(known) != 2:
        raise NotTranslated("such a filter is not translated")
    return _field_to_expression(known, columns)


def _field_to_expression(predicate: Mapping[str, Any], columns: Mapping[str, Value]) -> str:
    name = predicate["field"]
    if not isinstance(name, str) or any(special in name for special in ".[]\\"):
        raise NotTranslated(f"`{name}` is a property of a value")
    (test,) = (key for key in predicate if key != "field")
    wanted, field = predicate[test], f"datum[{json.dumps(name)}]"
    if test in _COMPARED:
        return f"{field}{_COMPARED[test]}{_literal(wanted)}"
    if test == "oneOf":
        return f"indexof([{', '.join(map(_literal, wanted))}], {field}) !== -1"
    if test == "range" and isinstance(wanted, list) and len(cast("list[object]", wanted)) == 2:
        return _range_to_expression(field, *cast("list[object]", wanted))
    if test == "valid" and isinstance(wanted, bool):
        is_time = name in columns and columns[name].kind in {Kind.WALL, Kind.INSTANT}
        valid = f"isValid({field})" + ("" if is_time else f" && isFinite(+{field})")
        return valid if wanted else f"!({valid})"
    raise NotTranslated("such a filter is not translated")


def _range_to_expression(field: str, low: object, high: object) -> str:
    if low is not None and high is not None:
        return f"inrange({field}, [{_literal(low)}, {_literal(high)}])"
    ends = [f"{field} >= {_literal(low)}"] if low is not None else []
    ends += [f"{field} <= {_literal(high)}"] if high is not None else []
    return " && ".join(ends) or "true"


def _literal(value: object) -> str:
    if value is not None and not isinstance(value, bool | int | float | str):
        raise NotTranslated("a filter by a date or a signal is not translated")
    return json.dumps(value)


def parsed_texts(predicate: object) -> Iterator[str]:
    """Yield the fields that Vega-Lite reads as texts because a filter compares them with one.

    An empty text becomes null by that, for all transforms and marks.
    """
    if not isinstance(predicate, Mapping):
        return
    known = cast("Mapping[str, Any]", predicate)
    for word in ("and", "or", "not"):
        parts = known.get(word, [])
        for part in cast("list[object]", parts) if isinstance(parts, list) else [parts]:
            yield from parsed_texts(part)
    values = [known[test] for test in _COMPARED if test in known]
    values += [value for test in ("oneOf", "range") for value in list(known.get(test, []))[:1]]
    if isinstance(known.get("field"), str) and any(isinstance(value, str) and value for value in values):
        yield known["field"]
