"""Several charts above each other along one time axis, with one crosshair through all of them.

They are layers of one view, each with a share of its height as the range of its y scale. So they fill the width that
they are given, as concatenated views cannot, and have the same places on x by construction.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, cast

import altair as alt

from dataapp.errors import WrongKindError
from dataapp.finance.axis import PLACE, along
from dataapp.views.chart.levels import in_levels
from dataapp.views.chart.schema import CellData

GAP = 24  # pixels between two
_numbers = count(1)


def panes(first: alt.TopLevelMixin, /, *others: alt.TopLevelMixin, height: int = 440) -> alt.LayerChart:
    """Put charts of this module that run along time above each other.

    They share the axis, and a crosshair runs through all. Each gets a part of the height in proportion to its own.
    What belongs over each other, such as candles and an average, is layered first: ``candles + average``.

    Args:
        first: The chart on top.
        *others: Those below.
        height: Of all together, in pixels.

    Raises:
        WrongKindError: A chart is none of this module, or there is no room.

    Example:
        >>> import dataapp as da
        >>> from dataapp import finance
        >>> days = da.sql("FROM (VALUES (DATE '2024-03-01', 10, 12, 9, 11, 5)) t(bar, open, high, low, close, volume)")
        >>> chart = finance.panes(finance.candlestick(days), finance.volume(days))
        >>> chart.resolve.scale.y
        'independent'
    """
    charts = (first, *others)
    room = height - GAP * (len(charts) - 1)
    if room < 20 * len(charts):
        raise WrongKindError(f"{len(charts)} panes do not fit into {height} pixels.", hint="give more: height=600")
    for chart in charts:
        list(_views(chart))  # refuses what is none
    shares = [_height_of(chart) for chart in charts]
    placed: list[Any] = []
    top = 0.0
    for chart, share in zip(charts, shares, strict=True):
        bottom = top + room * share / sum(shares)
        placed.append(_in_range(chart, [round(bottom), round(top)]))
        top = bottom + GAP
    layered: Any = alt.layer(*placed, _crosshair(first))
    return cast("alt.LayerChart", layered.resolve_scale(y="independent").properties(width="container", height=height))


def _height_of(chart: Any) -> float:
    height = chart._kwds.get("height", alt.Undefined)
    return float(height) if isinstance(height, int | float) else 300.0


def _views(chart: Any, handed: object = alt.Undefined) -> Iterator[tuple[alt.Chart, CellData]]:
    """Yield the views of a chart with their data, which Altair hands to what holds them where they share it."""
    own = chart._kwds.get("data", alt.Undefined) if isinstance(chart, alt.SchemaBase) else alt.Undefined
    data = handed if own is alt.Undefined else own
    layers = chart._kwds.get("layer", alt.Undefined) if isinstance(chart, alt.SchemaBase) else None
    if isinstance(layers, list):
        for layer in cast("list[Any]", layers):
            yield from _views(layer, data)
    elif isinstance(chart, alt.Chart) and isinstance(data, CellData):
        yield chart, data
    else:
        raise WrongKindError(f"`finance.panes` takes charts of `finance`, but got a {type(chart).__name__}.")


def _in_range(chart: Any, pixels: Sequence[int]) -> Any:
    """Return a copy without a size, whose y scales have a range in pixels."""
    copy = chart.copy(deep=True)
    for size in ("height", "width"):
        copy._kwds[size] = alt.Undefined
    layers = copy._kwds.get("layer", alt.Undefined)
    if isinstance(layers, list):
        copy._kwds["layer"] = [_in_range(layer, pixels) for layer in cast("list[Any]", layers)]
        return copy
    if isinstance(top := getattr(copy.mark, "y", alt.Undefined), int | float):  # a text in a corner
        copy.mark.y = top + pixels[1]
    y = copy.encoding.y
    if isinstance(y, str):
        y = alt.Y(y)
    if y is alt.Undefined:
        return copy
    scale = y._kwds.get("scale", alt.Undefined)
    axis = y._kwds.get("axis", alt.Undefined)
    changed = y.copy(deep=True)
    changed._kwds["scale"] = alt.Scale(**cast("Any", {**_options(scale), "range": list(pixels)}))
    changed._kwds["axis"] = alt.Axis(**cast("Any", {"orient": "left", "titleAnchor": "middle"} | _options(axis)))
    copy.encoding.y = changed
    return copy


def _options(thing: Any) -> dict[str, Any]:
    if thing is alt.Undefined or thing is None:
        return {}
    known = thing if isinstance(thing, dict) else thing._kwds
    return {name: value for name, value in cast("dict[str, Any]", known).items() if value is not alt.Undefined}


def _crosshair(first: Any) -> Any:
    """Return a line at the place under the pointer, over the whole height, that tells of the first pane."""
    views = list(_views(first))
    source, data = next((one for one in views if one[0].encoding.tooltip is not alt.Undefined), views[0])
    over = alt.selection_point(
        name=f"crosshair_{next(_numbers)}", fields=[PLACE], on="pointerover", clear="pointerout", empty=False
    )
    line = (
        in_levels(alt.Chart(cast("Any", data)))
        .mark_rect(color="#808080")
        .encode(x=along(), opacity=alt.condition(over, alt.value(0.25), alt.value(0)), tooltip=source.encoding.tooltip)
    )
    return line.add_params(over)
