"""A chart by mark, columns and aggregate: the Altair code that a person would write, and the chart that it gives.

Both come from one expression, so what is shown, copied and saved is the same.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal

from dataapp.cells.cell import Cell
from dataapp.engines.relation import Column
from dataapp.errors import ChartError, near
from dataapp.views.chart.wire import Kind, kind_of
from dataapp.workbench.expressions import Call, Chain, Constant, Expression, Name, evaluate, to_code

if TYPE_CHECKING:
    import altair as alt

type Type = Literal["quantitative", "temporal", "nominal"]
type Axis = Literal["x", "y"]

MARKS = ("bar", "line", "area", "point", "tick", "rect")
AGGREGATES = ("count", "sum", "mean", "median", "min", "max")

_IN_SHORTHAND = re.compile(r"[^\W\d][\w \-]*")  # all else could be taken for a path, a type or an aggregate
_IN_PATH = re.compile(r"[.\[\]\\'\"]")
_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_IDENTITY = re.compile(r"(.*_)?(id|key|code|no|nr)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """What a quick chart shows.

    Attributes:
        mark: One of `MARKS`.
        x: The column along x, or None.
        y: The column along y, or None.
        color: The column that colours the marks, or None; of a ``rect``, what is aggregated.
        aggregate: One of `AGGREGATES`, of the numbers on y, else of those on x; or None for the rows as they are.
    """

    mark: str
    x: str | None = None
    y: str | None = None
    color: str | None = None
    aggregate: str | None = None


@dataclass(frozen=True, slots=True)
class _Channel:
    """An encoding: a field or none (which counts), and what is made of it."""

    field: str | None
    type: Type
    aggregate: str | None = None
    bin: bool = False
    zero: bool = True
    sort: str | None = None


def chart_to_code(spec: ChartSpec, query_name: str, columns: Sequence[Column], *, before: int = 0) -> str:
    """Return the Altair expression of a chart, laid out as `ruff format` does.

    Args:
        spec: The chart.
        query_name: The variable that the query is bound to.
        columns: The columns of the query.
        before: How many columns of the first line are taken: ``busy_chart = `` takes 13.

    Raises:
        ChartError: The chart cannot be drawn of these columns.

    Example:
        >>> print(chart_to_code(ChartSpec("bar", "symbol", "n"), "busy", [Column("symbol", "VARCHAR"), Column("n", "INTEGER")]))
        da.chart(busy).mark_bar(tooltip=True).encode(x=alt.X("symbol:N", sort="-y"), y="n:Q")
    """  # noqa: E501  # an example in one line
    return to_code(chart_expression(spec, query_name, columns), before=before)


def build_chart(spec: ChartSpec, cell: Cell, columns: Sequence[Column]) -> "alt.Chart":
    """Return the chart that the code of `chart_to_code` gives.

    Raises:
        ChartError: The chart cannot be drawn of these columns.
    """
    import altair as alt  # here: it takes 0.2 s, and 3 s beside JupyterLab; the first rows need not wait for it

    from dataapp.views.charts import chart

    names = {"da": SimpleNamespace(chart=chart), "alt": alt, "cell": cell}
    built = evaluate(chart_expression(spec, "cell", columns), names)
    assert isinstance(built, alt.Chart)
    return built


def chart_expression(spec: ChartSpec, query_name: str, columns: Sequence[Column]) -> Expression:
    """Return the expression of a chart.

    Raises:
        ChartError: The chart cannot be drawn of these columns.
    """
    channels = _channels(spec, _types(columns))
    encoding = tuple((name, _encoding(name, channel)) for name, channel in channels.items())
    tooltip = (("tooltip", Constant(value=True)),)
    methods = (Call(f"mark_{spec.mark}", options=tooltip), Call("encode", options=encoding))
    return Chain(Call("da.chart", (Name(query_name),)), methods)


def drawable(columns: Sequence[Column]) -> list[str]:
    """Return the names of the columns that a chart can show: those with a single value in each row.

    Example:
        >>> drawable([Column("day", "DATE"), Column("tags", "VARCHAR[]")])
        ['day']
    """
    return list(_types(columns))


def suggest_chart(columns: Sequence[Column], held: Collection[str] = ()) -> ChartSpec | None:
    """Return a good first chart of some columns, or None where there is nothing to draw.

    Args:
        columns: The columns of the query.
        held: Those that hold one value in all rows. They tell nothing, so others are drawn; a number is drawn all the
            same along a time, where none varies.

    Example:
        >>> suggest_chart([Column("day", "DATE"), Column("close", "DOUBLE")])
        ChartSpec(mark='line', x='day', y='close', color=None, aggregate=None)
        >>> suggest_chart([Column("symbol", "VARCHAR"), Column("volume", "BIGINT")])
        ChartSpec(mark='bar', x='symbol', y='volume', color=None, aggregate='sum')
    """
    types = _types(columns)
    if all(name in held for name in types):
        held = ()
    times, texts, numbers = (
        [name for name, type_ in types.items() if type_ == wanted] for wanted in ("temporal", "nominal", "quantitative")
    )
    times, texts, varying = ([name for name in names if name not in held] for names in (times, texts, numbers))
    numbers = varying or (numbers if times else [])
    numbers.sort(key=lambda name: _IDENTITY.fullmatch(name) is not None)
    color = texts[0] if len(texts) == 1 else None
    if times and numbers:
        return ChartSpec("line", times[0], numbers[0], color)
    if texts and numbers:
        is_whole = any(column.name == numbers[0] and _INTEGER.fullmatch(column.type) for column in columns)
        return ChartSpec("bar", texts[0], numbers[0], aggregate="sum" if is_whole else "mean")
    if len(numbers) > 1:
        return ChartSpec("point", numbers[0], numbers[1])
    found = next(iter([*numbers, *times, *texts]), None)
    return None if found is None else ChartSpec("bar", found, aggregate="count")


def _types(columns: Sequence[Column]) -> dict[str, Type]:
    """Return what each column is to a chart; columns that hold no single value each are left out."""
    types: dict[str, Type] = {}
    for column in columns:
        match kind_of(column):
            case Kind.NUMBER:
                types[column.name] = "quantitative"
            case Kind.WALL | Kind.INSTANT:
                types[column.name] = "temporal"
            case Kind.TEXT | Kind.FLAG:
                types[column.name] = "nominal"
            case Kind.NESTED:
                pass
    return types


def _channels(spec: ChartSpec, types: dict[str, Type]) -> dict[str, _Channel]:
    if spec.mark not in MARKS:
        raise ChartError(f"There is no mark `{spec.mark}`.", hint=f"use one of {', '.join(MARKS)}")
    if spec.aggregate is not None and spec.aggregate not in AGGREGATES:
        raise ChartError(f"There is no aggregate `{spec.aggregate}`.", hint=f"use one of {', '.join(AGGREGATES)}")
    for name in (spec.x, spec.y, spec.color):
        if name is not None and name not in types:
            hint = near(name, types) or "choose a column with one number, text or time in each row"
            raise ChartError(f"The query has no column `{name}` that a chart can show.", hint=hint)
    if spec.x is None and spec.y is None:
        raise ChartError("The chart has neither x nor y.", hint="choose a column for x")
    return _heat_map(spec, types) if spec.mark == "rect" else _plot(spec, types)


def _heat_map(spec: ChartSpec, types: dict[str, Type]) -> dict[str, _Channel]:
    if spec.x is None or spec.y is None:
        raise ChartError("A chart of rectangles needs x and y.", hint="choose both, or bars")
    aggregate = spec.aggregate or ("count" if spec.color is None else None)
    channels = {
        axis: _Channel(name, types[name], bin=types[name] == "quantitative")
        for axis, name in (("x", spec.x), ("y", spec.y))
    }
    if aggregate is None:
        assert spec.color is not None
        return channels | {"color": _Channel(spec.color, types[spec.color])}
    return channels | {"color": _measure(spec.color, aggregate, types, "colour")}


def _plot(spec: ChartSpec, types: dict[str, Type]) -> dict[str, _Channel]:
    measured = _measured_axis(spec, types)
    channels: dict[str, _Channel] = {}
    for axis, name in (("x", spec.x), ("y", spec.y)):
        if spec.aggregate is not None and axis == measured:
            channels[axis] = _measure(name, spec.aggregate, types, axis, zero=_starts_at_zero(spec))
        elif name is not None:
            channels[axis] = _dimension(spec, axis, name, types, measured)
    if spec.color is not None:
        channels["color"] = _Channel(spec.color, types[spec.color])
    return channels


def _measured_axis(spec: ChartSpec, types: dict[str, Type]) -> Axis:
    """Return the axis along which values are read: that of the numbers, y before x."""
    if spec.aggregate == "count" and (spec.x is None or spec.y is None):
        return "x" if spec.x is None else "y"
    if spec.y is not None and types[spec.y] == "quantitative":
        return "y"
    if spec.x is not None and types[spec.x] == "quantitative":
        return "x"
    return "x" if spec.x is None else "y"


def _measure(name: str | None, aggregate: str, types: dict[str, Type], place: str, *, zero: bool = True) -> _Channel:
    if aggregate == "count":
        return _Channel(None, "quantitative", "count")
    if name is None:
        raise ChartError(f"There is nothing on {place} to take the {aggregate} of.", hint="choose a column of numbers")
    type_ = types[name]
    if type_ == "quantitative" or (type_ == "temporal" and aggregate in ("min", "max")):
        return _Channel(name, type_, aggregate, zero=zero)
    raise ChartError(
        f"Column `{name}` has no {aggregate}: it holds no numbers.", hint="choose `count`, or another column"
    )


def _dimension(spec: ChartSpec, axis: str, name: str, types: dict[str, Type], measured: Axis) -> _Channel:
    type_ = types[name]
    if type_ == "quantitative":
        is_binned = spec.mark == "bar" and spec.aggregate is not None
        needs_zero = _starts_at_zero(spec) or (axis != measured and spec.mark != "point")
        return _Channel(name, type_, bin=is_binned, zero=needs_zero)
    other = spec.y if axis == "x" else spec.x
    has_values = spec.aggregate is not None or (other is not None and types[other] == "quantitative")
    is_sorted = spec.mark == "bar" and type_ == "nominal" and axis != measured and has_values
    return _Channel(name, type_, sort=f"-{measured}" if is_sorted else None)


def _starts_at_zero(spec: ChartSpec) -> bool:
    """Whether lengths are compared: bars and areas lie if they start elsewhere, and so do counts and sums."""
    return spec.mark in ("bar", "area") or spec.aggregate in ("count", "sum")


def _encoding(name: str, channel: _Channel) -> Expression:
    options: list[tuple[str, Expression]] = []
    shorthand = _shorthand(channel)
    if shorthand is None:
        assert channel.field is not None
        if channel.aggregate is not None:
            options.append(("aggregate", Constant(channel.aggregate)))
        field = _IN_PATH.sub(r"\\\g<0>", channel.field)
        options += [("field", Constant(field)), ("type", Constant(channel.type)), ("title", Constant(_title(channel)))]
    if channel.bin:
        options.append(("bin", Constant(value=True)))
    if channel.sort is not None:
        options.append(("sort", Constant(channel.sort)))
    if shorthand is not None and not options and channel.zero:
        return Constant(shorthand)
    arguments = () if shorthand is None else (Constant(shorthand),)
    made = Call(f"alt.{name.capitalize()}", arguments, tuple(options))
    return made if channel.zero else Chain(made, (Call("scale", options=(("zero", Constant(value=False)),)),))


def _shorthand(channel: _Channel) -> str | None:
    """Return Altair's short form of an encoding, or None if the column's name would be misread in it."""
    if channel.field is None:
        return "count()"
    if not _IN_SHORTHAND.fullmatch(channel.field):
        return None
    field = channel.field if channel.aggregate is None else f"{channel.aggregate}({channel.field})"
    return f"{field}:{channel.type[0].upper()}"


def _title(channel: _Channel) -> str:
    if channel.aggregate is None:
        return f"{channel.field} (binned)" if channel.bin else f"{channel.field}"
    return f"{channel.aggregate.capitalize()} of {channel.field}"
