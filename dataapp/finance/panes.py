"""Several charts above each other along one time axis, with one crosshair through all of them.

They are layers of one view, each with a share of its height as the range of its y scale. So they fill the width that
they are given, as concatenated views cannot, and have the same places on x by construction.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any, cast

import altair as alt

from dataapp.finance.axis import PLACE, along
from dataapp.errors import WrongKindError

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
    shares = [_height_of(chart) for chart in charts]
    placed: list[Any] = []
    top = 0.0
    for chart, share in zip(charts, shares, strict=True):
        bottom = top + room * share / sum(shares)
        placed.append(_in_range(chart, [round(bottom), round(top)]))
        top = bottom + GAP
    source = _first_view(first)
    return (
        alt.layer(*placed, _crosshair(source))
        .resolve_scale(y="independent")
        .properties(height=height)
    )


def _height_of(chart: Any) -> float:
    height = chart._kwds.get("height", alt.Undefined)
    return float(height) if isinstance(height, int | float) else 300.0


def _first_view(chart: Any) -> alt.Chart:
    layers = chart._kwds.get("layer", alt.Undefined)
    if isinstance(layers, list):
        return _first_view(cast("list[Any]", layers)[0])
    if not isinstance(chart, alt.Chart):
        raise WrongKindError(f"`finance.panes` takes charts of `finance`, but got a {type(chart).__name__}.")
    return chart


def _in_range(chart: Any, pixels: Sequence[int]) -> Any:
    """Return a copy without a size, whose y scales have a range in pixels."""
    copy = chart.copy(deep=True)
    for size in ("height", "width"):
        copy._kwds[size] = alt.Undefined
    layers = copy._kwds.get("layer", alt.Undefined)
    if isinstance(layers, list):
        copy._kwds["layer"] = [_in_range(layer, pixels) for layer in cast("list[Any]", layers)]
        return copy
    _first_view(copy)
    y = copy.encoding.y
    if isinstance(y, str):
        y = alt.Y(y)
    if y is alt.Undefined:
        return copy
    scale = y._kwds.get("scale", alt.Undefined)
    axis = y._kwds.get("axis", alt.Undefined)
    changed = y.copy(deep=True)
    changed._kwds["scale"] = alt.Scale(**{**_options(scale), "range": list(pixels)})
    changed._kwds["axis"] = alt.Axis(**{"orient": "left", "titleAnchor": "middle"} | _options(axis))
    copy.encoding.y = changed
    return copy


def _options(thing: Any) -> dict[str, Any]:
    if thing is alt.Undefined or thing is None:
        return {}
    known = thing if isinstance(thing, dict) else thing._kwds
    return {name: value for name, value in cast("dict[str, Any]", known).items() if value is not alt.Undefined}


def _crosshair(source: alt.Chart) -> Any:
    """Return a line at the place under the pointer, over the whole height."""
    over = alt.selection_point(
        name=f"crosshair_{next(_numbers)}", fields=[PLACE], on="pointerover", clear="pointerout", empty=False
    )
    line = alt.Chart(source.data).mark_rect(color="#808080").encode(
        x=along(),
        opacity=alt.condition(over, alt.value(0.25), alt.value(0)),
        tooltip=source.encoding.tooltip,
    )
    return line.add_params(over)
