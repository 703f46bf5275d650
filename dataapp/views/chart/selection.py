"""Selections on charts: what may be selected, where it is put in a specification, and what a browser says of it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import altair as alt

from dataapp.cells.selection import OnSteps
from dataapp.cells.steps import Steps
from dataapp.engines.relation import Column
from dataapp.views.chart.fields import field_to_column
from dataapp.views.chart.wire import Kind, kind_of

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall-clock reading has no zone
_MOST_VALUES = 10_000  # in one message; a picked or brushed list of categories is far shorter

_FOLLOWS = ("pointerover", "pointermove", "mouseover", "mousemove")

type Selected = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Selection:
    """Something that a viewer selects in a chart.

    Attributes:
        kind: ``interval`` (dragged) or ``point`` (clicked).
        x: Whether an interval runs along x.
        y: Whether an interval runs along y.
        fields: The fields of a point. For an interval: the columns that its axes must show, none for any.
        name: The name of the Vega-Lite parameter; a plain identifier, unique in the chart.
    """

    kind: Literal["interval", "point"]
    x: bool = False
    y: bool = False
    fields: tuple[str, ...] = ()
    name: str = "brush"

    def to_parameter(self) -> dict[str, Any]:
        """Return the Vega-Lite parameter."""
        if self.kind == "interval":
            encodings = [channel for channel, used in (("x", self.x), ("y", self.y)) if used]
            return {"name": self.name, "select": {"type": "interval", "encodings": encodings}}
        return {"name": self.name, "select": {"type": "point", "fields": list(self.fields)}}


def attach_selection(spec: Mapping[str, Any], selection: Selection, dataset: str) -> dict[str, Any]:
    """Return the specification with the selection in its first view over a dataset that can hold it.

    A chart without such a view comes back as it is, and so does one that has a parameter of that name: a selection
    belongs to data, of which this may be another picture.
    """
    if any(parameter["name"] == selection.name for parameter in selectable_parameters(spec)):
        return dict(spec)
    attached, _ = _attach(dict(spec), selection, dataset, None)
    return attached


def _attach(
    node: dict[str, Any], selection: Selection, dataset: str, inherited: str | None
) -> tuple[dict[str, Any], bool]:
    data = node.get("data")
    name = data.get("name") if isinstance(data, dict) else inherited
    if "mark" in node:
        if name != dataset or not _holds(node, selection):
            return node, False
        return node | {"params": [*node.get("params", []), selection.to_parameter()]}, True
    for key in ("layer", "hconcat", "vconcat", "concat"):
        for index, child in enumerate(node.get(key, [])):
            attached, found = _attach(child, selection, dataset, name)
            if found:
                return node | {key: [*node[key][:index], attached, *node[key][index + 1 :]]}, True
    if isinstance(child := node.get("spec"), dict):
        attached, found = _attach(child, selection, dataset, name)
        return node | {"spec": attached}, found
    return node, False


def _holds(view: Mapping[str, Any], selection: Selection) -> bool:
    """Whether an interval can be dragged in a view: its axes are no aggregates, and show the selection's fields."""
    for channel, used in (("x", selection.x), ("y", selection.y)):
        definition = view.get("encoding", {}).get(channel)
        if not used:
            continue
        field = definition.get("field") if isinstance(definition, dict) and "aggregate" not in definition else None
        if not isinstance(field, str) or (selection.fields and field_to_column(field) not in selection.fields):
            return False
    return True


def selectable_parameters(spec: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the interval and point parameters of a specification.

    Those that only zoom or pan are left out, and those that follow the pointer, such as a crosshair: they are a look
    and no choice, and would send a message with each move.
    """
    found = {parameter["name"]: parameter for parameter in _parameters(spec)}
    return tuple(found.values())


def _parameters(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        known = cast("dict[str, Any]", node)
        for parameter in known.get("params", []):
            if isinstance(parameter, dict) and "select" in parameter and parameter.get("bind") != "scales":
                select = cast("Any", parameter["select"])
                on: object = select.get("on") if isinstance(select, dict) else None
                if not (isinstance(on, str) and on.startswith(_FOLLOWS)):
                    yield cast("dict[str, Any]", parameter)
        for key in ("layer", "hconcat", "vconcat", "concat"):
            for child in known.get(key, []):
                yield from _parameters(child)
        yield from _parameters(known.get("spec"))


def chart_selections(chart: object) -> dict[str, dict[str, Any]]:
    """Return the interval and point parameters that an Altair chart was given, by name, as Vega-Lite writes them.

    Example:
        >>> chart_selections(alt.Chart().mark_bar().add_params(alt.selection_point("clicked", fields=["a"])))
        {'clicked': {'name': 'clicked', 'select': {'type': 'point', 'fields': ['a']}}}
    """
    found: dict[str, dict[str, Any]] = {}
    for part in _parts(chart):
        given = getattr(part, "_kwds", {}).get("params", alt.Undefined)
        for parameter in given if isinstance(given, list) else []:
            spec = parameter.to_dict() if isinstance(parameter, alt.SchemaBase) else parameter
            if "select" in spec:
                found.setdefault(spec["name"], {key: value for key, value in spec.items() if key != "views"})
    return found


def encoded_field(chart: object, channel: str) -> str | None:
    """Return the column that a chart encodes on a channel, or None: in layers and concatenations the first that does.

    Of an aggregate, a bin or a time unit it is the column underneath. Nothing is asked of the engine.

    Example:
        >>> encoded_field(alt.Chart().mark_line().encode(x="yearmonth(ts):T"), "x")
        'ts'
    """
    definition = next(_encodings(chart, channel), None)
    return None if definition is None else field_to_column(definition["field"])


def shows_rows(chart: object, channel: str) -> bool:
    """Whether a chart, or one in it, encodes a column on a channel and no aggregate: rows can have what is selected.

    Example:
        >>> shows_rows(alt.Chart().mark_bar().encode(y="mean(price)"), "y")
        False
    """
    return any("aggregate" not in definition for definition in _encodings(chart, channel))


def grouping(chart: object, channel: str) -> str | None:
    """Return what a chart groups a column by on a channel, a time unit or ``bins``, or None.

    Example:
        >>> grouping(alt.Chart().mark_bar().encode(x="yearmonth(ts):T"), "x")
        'yearmonth'
    """
    definition = next(_encodings(chart, channel), {})
    unit = definition.get("timeUnit")
    if isinstance(unit, alt.SchemaBase):
        unit = unit.to_dict()
    if isinstance(unit, Mapping):
        unit = None if unit.get("binned") else unit.get("unit", "time")
    if unit:
        return None if str(unit).startswith("binned") else str(unit)  # those are the column's own values
    return None if definition.get("bin") in (None, False, "binned") else "bins"


def repeating_unit(chart: object, channel: str) -> str | None:
    """Return the time unit of a channel if equal values may be far apart, or stand beside each other as names do.

    Example:
        >>> repeating_unit(alt.Chart().mark_bar().encode(x="month(ts):T"), "x")
        'month'
    """
    unit = grouping(chart, channel)
    if unit is None or unit == "bins":
        return None
    kind = next(_encodings(chart, channel), {}).get("type", "temporal")
    return None if unit.removeprefix("utc").startswith("year") and kind == "temporal" else unit


def _encodings(chart: object, channel: str) -> Iterator[Mapping[str, Any]]:
    """Yield the definitions of a channel that have a field."""
    for part in _parts(chart):
        if isinstance(part, alt.Chart) and (definition := _definition_of(getattr(part.encoding, channel, None))):
            yield definition


def _parts(chart: object) -> Iterator[object]:
    """Yield a chart and all charts in it."""
    yield chart
    for key in ("layer", "hconcat", "vconcat", "concat", "spec"):
        children = getattr(chart, "_kwds", {}).get(key, alt.Undefined)
        for child in children if isinstance(children, list) else [children]:
            if isinstance(child, alt.SchemaBase):
                yield from _parts(child)


def _definition_of(channel: Any) -> Mapping[str, Any] | None:
    """Return the definition of a channel that has a field."""
    if isinstance(channel, str):
        definition: Mapping[str, Any] = alt.parse_shorthand(channel)
    elif isinstance(channel, alt.SchemaBase):
        known = {key: value for key, value in channel._kwds.items() if value is not alt.Undefined}
        shorthand = known.get("shorthand")
        definition = (alt.parse_shorthand(shorthand) if isinstance(shorthand, str) else {}) | known
    else:
        return None
    return definition if isinstance(definition.get("field"), str) else None


def message_to_selected(
    message: object, parameter: Mapping[str, Any], columns: Mapping[str, Column], names: object = None
) -> Selected | None:
    """Return what a browser says is selected, typed by the columns; None is an empty selection.

    Numbers become float, timestamps datetime (aware for TIMESTAMP WITH TIME ZONE), the rest keeps its type.

    Args:
        message: The values by field.
        parameter: What selects.
        columns: The columns of the chart's data.
        names: The fields of which the browser says that their values stand side by side, as those of an ordinal axis.

    Raises:
        ValueError: The message has not the shape of a selection of this parameter over these columns.
    """
    if message is None:
        return None
    if not isinstance(message, dict) or not message:
        raise ValueError("not a mapping of fields")
    kind = _kind_of_parameter(parameter)
    listed = cast("list[object]", names) if isinstance(names, list) else []
    selected: Selected = {}
    for field, values in cast("dict[object, object]", message).items():
        column = columns.get(field_to_column(field)) if isinstance(field, str) else None
        if column is None or not isinstance(values, list) or not 0 < len(cast("list[object]", values)) <= _MOST_VALUES:
            raise ValueError(f"not a selection: {field!r}")
        typed: list[Any] = [_typed(value, kind_of(column)) for value in cast("list[object]", values)]
        ordered = any(isinstance(value, float | datetime) for value in typed)
        is_range = kind == "interval" and ordered and field not in listed
        if is_range and (len(typed) != 2 or None in typed or typed[0] > typed[1]):
            raise ValueError(f"not an interval: {field!r}")
        selected[column.name] = typed
    return selected


def on_pixels(selected: Selected, steps: object, columns: Mapping[str, Column], names: object = None) -> Selected:
    """Return a selection whose ranges end on the pixels of the chart, which are all that a hand can tell apart.

    Args:
        selected: What is selected.
        steps: What the browser says of each field: the values at both ends of its axis, and how many pixels lie
            between.
        columns: The columns of the chart's data.
        names: The fields whose values stand side by side.
    """
    listed = cast("list[object]", names) if isinstance(names, list) else []
    found: dict[str, Steps | None] = {}
    for field, axis in cast("dict[object, object]", steps if isinstance(steps, dict) else {}).items():
        column = columns.get(field_to_column(field)) if isinstance(field, str) else None
        if column is not None and column.name in selected:
            found[column.name] = _pixel_steps(axis, kind_of(column))
    ranges = {name: [_nearest(value, found.get(name)) for value in values] for name, values in selected.items()}
    snapped = OnSteps[list[Any]](ranges)
    snapped.steps = found
    snapped.names = frozenset(field_to_column(field) for field in listed if isinstance(field, str))
    return snapped


_STEP_KINDS: dict[Kind, Literal["number", "moment", "instant"]] = {
    Kind.NUMBER: "number",
    Kind.WALL: "moment",
    Kind.INSTANT: "instant",
}
_MOST_PIXELS = 20_000


def _pixel_steps(axis: object, kind: Kind) -> Steps | None:
    """Return the values of an axis' pixels; of times to the millisecond."""
    match axis:
        case [float() | int() as low, float() | int() as high, int(pixels)] if 0 < pixels <= _MOST_PIXELS:
            pass
        case _:
            return None
    known = _STEP_KINDS.get(kind)
    if known is None or not (math.isfinite(low) and math.isfinite(high) and high > low):
        return None
    step = (high - low) / pixels
    if known == "number":
        return Steps(known, float(low), step, pixels) if step > 0 else None
    whole = max(1, math.floor(step))
    start = math.floor(low)
    return Steps(known, 1000.0 * start, 1000.0 * whole, math.ceil((high - start) / whole))


def _nearest(value: object, steps: Steps | None) -> object:
    found = None if steps is None else steps.nearest(value)
    return value if found is None else found


def _kind_of_parameter(parameter: Mapping[str, Any]) -> str:
    select = parameter["select"]
    return str(select if isinstance(select, str) else select["type"])


def _typed(value: object, kind: Kind) -> object:
    """Return one value of a message as Python has it."""
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    match kind:
        case Kind.NUMBER if is_number:
            return float(cast("float", value))
        case Kind.WALL | Kind.INSTANT if is_number:
            try:
                moment = _EPOCH + timedelta(milliseconds=cast("float", value))
            except OverflowError as error:
                raise ValueError("not a time") from error
            return moment.replace(tzinfo=UTC) if kind is Kind.INSTANT else moment
        case Kind.FLAG if isinstance(value, bool):
            return value
        case Kind.TEXT | Kind.WALL | Kind.INSTANT if isinstance(value, str):
            return value
        case _:
            raise ValueError(f"not a value of a {kind} column")


def selected_to_message(selected: Mapping[str, list[Any]] | None) -> dict[str, list[Any]] | None:
    """Return a selection as the browser takes it: the reverse of `message_to_selected`."""
    if not selected:
        return None
    return {field: [_untyped(value) for value in values] for field, values in selected.items()}


def _untyped(value: object) -> object:
    if isinstance(value, datetime):
        naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return (naive - _EPOCH) / timedelta(milliseconds=1)
    return value
