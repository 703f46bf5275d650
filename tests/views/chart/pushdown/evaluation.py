"""Lets Vega compute the rows behind the marks of a view, so that two ways to them can be compared."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

from dataapp.engines.relation import Relation
from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.schema import chart, find_cell_data, named_data
from dataapp.views.chart.wire import Kind, column_to_sent
from tests.views.chart.drawing import _replace_wall, rows_of

type Row = tuple[object, ...]
_CARRIED = 1e-6
_BETWEEN, _MARK = "\u00a6", "\u00b6"


def transformed(relation: Relation, transforms: Sequence[Mapping[str, Any]], fields: Mapping[str, str]) -> alt.Chart:
    """Return a chart whose marks stand for the rows after the transforms, with these fields of these types."""
    columns = relation.columns()
    view = chart("rows", lambda: columns).mark_text()
    view.transform = [dict(transform) for transform in transforms]
    return view.encode(detail=[alt.Detail.from_dict({"field": name, "type": kind}) for name, kind in fields.items()])


def rows_by_vega(view: alt.Chart, relation: Relation, fields: Sequence[str]) -> list[Row]:
    """Return the rows that Vega computes from all rows of the relation."""
    return _evaluate(plain_spec(view, relation), fields)


def rows_by_plan(view: alt.Chart, relation: Relation, fields: Sequence[str]) -> list[Row]:
    """Return the rows that Vega computes from what travels."""
    return _evaluate(planned_spec(view, relation), fields)


def plain_spec(view: alt.Chart, relation: Relation) -> dict[str, Any]:
    """Return the specification of a single view with all rows of the relation inside, as they would be sent."""
    (data,) = find_cell_data(view)
    with named_data({data: relation.columns()}):
        spec = view.to_dict()
    sent = [column_to_sent(column) for column in relation.columns()]
    with relation.open() as reader:
        expressions = ", ".join(f'{column.expression} AS "{column.name}"' for column in sent)
        rows = reader.fetch(f"SELECT {expressions} FROM relation").to_pylist()
    rows = _replace_wall(rows, sent, lambda wall: wall.timestamp() * 1000)
    return _filled(spec, data.name, rows, {column.name: column.kind for column in sent}, frozenset())


def planned_spec(view: alt.Chart, relation: Relation) -> dict[str, Any]:
    """Return the specification of a single view with what travels inside."""
    plan = chart_to_plan(view, {view.data: relation.columns()})
    (dataset,) = plan.datasets
    kinds = {column.name: column.kind for column in dataset.columns}
    return _filled(plan.spec, dataset.name, rows_of(relation, dataset), kinds, dataset.derived)


def _filled(
    spec: Mapping[str, Any],
    name: str,
    rows: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, Kind],
    derived: frozenset[str],
) -> dict[str, Any]:
    """Put rows into a specification.

    Numbers are texts that Vega reads as numbers: JSON knows no NaN, and what reads it here may miss the last digit.
    """
    parse = {name: "number" if kind is Kind.NUMBER else None for name, kind in kinds.items() if kind is not Kind.TEXT}
    parse |= {name: None for name in derived if kinds.get(name) is Kind.TEXT}
    return {
        **{key: value for key, value in spec.items() if key not in ("autosize", "width")},
        "data": {"name": name, "format": {"parse": parse}},
        "datasets": {name: [{key: _to_json(value, kinds.get(key)) for key, value in row.items()} for row in rows]},
    }


def _evaluate(spec: Mapping[str, Any], fields: Sequence[str]) -> list[Row]:
    told = f" + '{_BETWEEN}' + ".join(_told(field) for field in fields)
    whole = {
        **spec,
        "width": 10,
        "transform": [*spec.get("transform", []), {"calculate": told, "as": "__told"}],
        "encoding": {**spec["encoding"], "text": {"field": "__told", "type": "nominal"}},
    }
    scene = vl_convert.vegalite_to_scenegraph(json.dumps(whole, allow_nan=False), vl_version="6.4")
    return [tuple(map(_from_text, text.split(_BETWEEN))) for text in _texts(scene)]


def _told(field: str) -> str:
    value = f"datum[{json.dumps(field)}]"
    return (
        f"('{_MARK}' + (isString({value}) ? 's' + {value} : isBoolean({value}) ? 'b' + {value} : "
        f"{value} === null ? 'null' : isNumber({value}) || isDate({value}) ? 'n' + (+{value}) : 'undefined'))"
    )


def _to_json(value: object, kind: Kind | None) -> object:
    if kind is Kind.NESTED and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return repr(value) if isinstance(value, float) and kind is Kind.NUMBER else value


def _from_text(text: str) -> object:
    told = text.removeprefix(_MARK)
    return float(told[1:].replace("Infinity", "inf")) if told[0] == "n" and told != "null" else told


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        text = node.get("text")
        if isinstance(text, str) and text.startswith(_MARK):
            yield text
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def settled(by_vega: Sequence[Row], by_plan: Sequence[Row], carried: Sequence[int]) -> list[Row]:
    """Return the rows of Vega without the rounding errors that it carries along in some places, told from the others.

    Only where they are as small as such errors; the root of one is greater than itself.
    """

    def value(place: int, vega: object, engine: object) -> object:
        if place not in carried or not isinstance(vega, float) or not isinstance(engine, float):
            return vega
        is_same = abs(engine) < _CARRIED if math.isnan(vega) else math.isclose(vega, engine, abs_tol=_CARRIED)
        return engine if is_same else vega

    if len(by_vega) != len(by_plan):
        return list(by_vega)
    return [
        tuple(value(place, a, b) for place, (a, b) in enumerate(zip(*rows, strict=True)))
        for rows in zip(by_vega, by_plan, strict=True)
    ]


def same_rows(one: Sequence[Row], other: Sequence[Row], *, in_order: bool, exactly: bool) -> bool:
    """Whether two lists of rows are equal; sums may differ in their last digits."""
    if not in_order:
        one, other = sorted(one, key=_sort_key), sorted(other, key=_sort_key)
    values = [[value for row in rows for value in row] for rows in (one, other)]
    return len(one) == len(other) and all(_same(a, b, exactly=exactly) for a, b in zip(*values, strict=True))


def _sort_key(row: Row) -> tuple[object, ...]:
    return tuple((str(type(value)), f"{value:.6g}" if isinstance(value, float) else value) for value in row)


def _same(one: object, other: object, *, exactly: bool) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return one == other or (not exactly and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9))
    return one == other
