"""Scatter plots with more rows than pixels can show: the engine counts the rows in each cell of a grid.

A point of Vega's covers some thirty pixels. With a row for every `PIXELS_PER_ROW` pixels of the plot, each pixel is
painted over seven times, and neither a point nor how many there are can be told; beyond that, the counts are drawn
instead, as rectangles in the places where the points would be. The grid spans the rows exactly, so scales have the
domain that the points would give them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pyarrow as pa

from dataapp.compile.identifiers import quote_identifier
from dataapp.engines.relation import Column
from dataapp.views.chart.pushdown.frame import Fetch
from dataapp.views.chart.wire import Kind, Sent, column_to_sent

CELL_PIXELS = 4  # a cell's side; smaller ones are too many to send, and single pixels are hard to see
PIXELS_PER_ROW = 4
PAGE_WIDTH = 1_200  # of a chart that fills the width it is given, which only the browser knows
ROWS = "__rows"  # the column of counts
CELLS = "dataapp-cells"  # the style by which a page knows the mark (cells.js)
_OF_PAGES = ("__shade", "__cells")  # further columns that rows of cells may have (drilling.py, cells.js)
_DEFAULT_SIZE = {"width": 300, "height": 300}  # Vega-Lite's
_MARKS = {"point", "circle", "square"}
_SCALES = {"quantitative": {None, "linear"}, "temporal": {None, "time", "utc"}}
_SCALE_OPTIONS = {"type", "zero", "nice", "domain"}
_CONSTANTS = {"color", "fill", "stroke", "opacity", "fillOpacity", "strokeOpacity", "strokeWidth", "size", "shape"}
_COLOURS = {"color", "fill", "stroke"}
_OVERLAP = 0.6  # pixels by which a cell reaches into the next: else the page shines through between them


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a grid.

    Attributes:
        channel: ``x`` or ``y``.
        sent: The column along it.
        pixels: How many pixels the plot has there.
        zero: Whether the scale begins at zero.
        domain: What the author says that the scale spans.
        fills: Whether the plot is as wide as the page lets it be; then the pixels are those of `PAGE_WIDTH`.
        shown: How many pixels it has on a page that fills, if it has said so.
    """

    channel: str
    sent: Sent
    pixels: float
    zero: bool = False
    domain: tuple[float, float] | None = None
    fills: bool = False
    shown: float | None = None

    @property
    def high(self) -> str:
        """The column of the upper ends."""
        return f"__{self.channel}_high"

    def bounds(self, low: float, high: float) -> dict[str, object]:
        """Return the parameters of the query for values from `low` to `high`."""
        shown = self.domain or ((min(low, 0.0), max(high, 0.0)) if self.zero else (low, high))
        span = shown[1] / 2 - shown[0] / 2  # whole, it may be no float
        share = (high / 2 - low / 2) / span if span > 0 else 1.0
        cells = max(1, math.ceil(min(share, 2.0) * (self.shown or self.pixels) / CELL_PIXELS)) if high > low else 1
        step = high / cells - low / cells
        if step <= 0:  # too close for a step
            cells, step = 1, 1.0
        return {
            f"__{self.channel}_{name}": value
            for name, value in (("low", low), ("high", high), ("step", step), ("cells", cells))
        }

    def cell(self) -> str:
        """Return the SQL of the number of a value's cell, which is too high by one for the greatest value."""
        low, step = (f"$__{self.channel}_{name}" for name in ("low", "step"))
        return f"CAST(floor(({self.channel} - {low}) / {step}) AS INTEGER)"

    def last(self, number: str) -> str:
        """Return the SQL of a cell's number, not beyond the last."""
        return f"least({number}, $__{self.channel}_cells - 1)"

    @property
    def counted(self) -> str:
        """The SQL of what is NULL only in rows without a value: or infinite, or NaN, which the ends tell of numbers."""
        return quote_identifier(self.sent.name) if self.sent.kind is Kind.NUMBER else self.sent.expression

    def ends(self) -> tuple[str, str]:
        """Return the SQL of the least and the greatest value as they are sent, by the column alone.

        So the engine mostly knows them without a look at the rows, from the statistics of files.
        """
        name = quote_identifier(self.sent.name)
        if self.sent.kind is Kind.NUMBER:
            return f"CAST(min({name}) AS DOUBLE)", f"CAST(max({name}) AS DOUBLE)"
        return f"min({self.sent.expression})", f"max({self.sent.expression})"

    def edge(self, number: str) -> str:
        """Return the SQL of where a cell begins, given its number; the last one ends at the greatest value."""
        low, high, step, cells = (f"$__{self.channel}_{name}" for name in ("low", "high", "step", "cells"))
        return f"CASE WHEN {number} = {cells} THEN {high} ELSE {low} + {number} * {step} END"


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells over a plot, and the SQL over ``relation`` that counts the rows in each."""

    x: Side
    y: Side

    def at(self, width: float) -> "Grid":
        """Return the grid for a page on which the plot has so many pixels across, if it fills the page."""
        return replace(self, x=replace(self.x, shown=width)) if self.x.fills else self

    @property
    def points(self) -> str:
        """SQL of the rows that have both x and y."""
        source = f"SELECT {self.x.sent.expression} AS x, {self.y.sent.expression} AS y FROM relation"
        return f"SELECT x, y FROM ({source}) WHERE isfinite(x) AND isfinite(y)"

    def extent(self, fetch: Fetch) -> "Extent":
        """Return what the grid spans if all rows have both x and y, which is known for sure once they are counted.

        Files may not tell of NaN in them.

        Args:
            fetch: Runs SQL with parameters.
        """
        both = ", ".join((*self.x.ends(), *self.y.ends()))
        valid = (f"count({side.counted})" for side in (self.x, self.y))
        found = fetch(f"SELECT {both}, count(*), {', '.join(valid)} FROM relation", {})
        *ends, rows, of_x, of_y = (column[0].as_py() for column in found.columns)
        is_whole = rows == of_x == of_y and all(end is not None and math.isfinite(end) for end in ends)
        return Extent(rows, tuple(ends) if is_whole else None)

    def ends(self, fetch: Fetch) -> tuple[float | None, ...]:
        """Return the ends of x and y among the rows that have both, None where there are none."""
        found = fetch(f"SELECT min(x), max(x), min(y), max(y) FROM ({self.points})", {})
        return tuple(column[0].as_py() for column in found.columns)

    def counts(self, extent: "Extent", fetch: Fetch) -> pa.Table:
        """Return the rows of the query.

        Args:
            extent: What the grid spans.
            fetch: Runs SQL with parameters.
        """
        if extent.ends is not None:
            table = fetch(self.query, self.bounds(extent.ends))
            if sum(cast("list[float]", table[ROWS].to_pylist())) == extent.rows:
                return table
        return fetch(self.query, self.bounds(self.ends(fetch)))

    def bounds(self, ends: Sequence[float | None]) -> dict[str, object]:
        """Return the parameters of the query.

        Args:
            ends: The least and the greatest x and y; None where there are no values.
        """
        low, high, bottom, top = (end or 0.0 for end in ends)
        return self.x.bounds(low, high) | self.y.bounds(bottom, top)

    @property
    def query(self) -> str:
        """SQL that gives a row per cell that has rows; its parameters are `bounds`."""
        return self.query_of(self.points)

    def query_of(self, points: str) -> str:
        """Return the same of some points only."""
        edges = [
            f"{side.edge(number)} AS {quote_identifier(name)}"
            for side, cell in ((self.x, "i"), (self.y, "j"))
            for name, number in ((side.sent.name, cell), (side.high, f"(1 + {cell})"))
        ]
        placed = f"SELECT {self.x.cell()} AS i, {self.y.cell()} AS j FROM ({points})"
        counted = f"SELECT i, j, count(*) AS n FROM ({placed}) GROUP BY i, j"
        numbers = f"SELECT {self.x.last('i')} AS i, {self.y.last('j')} AS j, n FROM ({counted})"
        merged = f"SELECT i, j, sum(n) AS n FROM ({numbers}) GROUP BY i, j"
        return f"SELECT {', '.join(edges)}, CAST(n AS DOUBLE) AS {ROWS} FROM ({merged}) ORDER BY i, j"

    @property
    def columns(self) -> tuple[Sent, ...]:
        """What the query gives."""
        return (
            *(Sent(name, side.sent.kind, "") for side in (self.x, self.y) for name in (side.sent.name, side.high)),
            Sent(ROWS, Kind.NUMBER, ""),
        )

    @property
    def most_points(self) -> int:
        """So many rows are drawn as points, however wide the page is: else a resize would turn one into the other."""
        return int(self.x.pixels * self.y.pixels / PIXELS_PER_ROW)


@dataclass(frozen=True, slots=True)
class Extent:
    """What a grid spans.

    Attributes:
        rows: How many rows there are.
        ends: The least and the greatest x and y, or None if some rows do not have both.
    """

    rows: int
    ends: tuple[float, ...] | None


def unit_to_grid(
    unit: Mapping[str, Any],
    columns: Sequence[Column],
    *,
    size: Mapping[str, float],
    fills: bool = False,
    config: Mapping[str, Any],
    siblings: Sequence[Mapping[str, Any]],
) -> Grid | None:
    """Return the grid of a scatter plot that may be drawn as a raster, or None.

    Args:
        unit: The view.
        columns: The columns of its rows.
        size: Of the plot, in pixels.
        fills: Whether it is as wide as its page lets it be.
        config: The chart's.
        siblings: The other views of the layer.
    """
    mark, encoding = unit.get("mark"), cast("Mapping[str, Any]", unit.get("encoding", {}))
    options = cast("dict[str, Any]", mark) if isinstance(mark, dict) else {"type": mark}
    if options.get("type") not in _MARKS or options.get("tooltip") or unit.get("transform") or "scale" in config:
        return None
    if {"tooltip", "href", "url"} & options.keys() or not _only_intervals(unit):
        return None
    if not all(_is_constant(channel, encoding[channel]) for channel in encoding.keys() - {"x", "y"}):
        return None
    if any("field" in _definition(sibling, colour) for sibling in siblings for colour in _COLOURS):
        return None  # they would share a scale with the counts
    sides = [_side(unit, channel, columns, size, siblings) for channel in ("x", "y")]
    if sides[0] is None or sides[1] is None or sides[0].sent.name == sides[1].sent.name:
        return None
    grid = Grid(replace(sides[0], fills=fills), sides[1])
    own = {grid.x.high, grid.y.high, ROWS, *_OF_PAGES}
    return None if own & {column.name for column in columns} else grid


def _side(
    unit: Mapping[str, Any],
    channel: str,
    columns: Sequence[Column],
    size: Mapping[str, float],
    siblings: Sequence[Mapping[str, Any]],
) -> Side | None:
    definition = _definition(unit, channel)
    kind, scale = str(definition.get("type")), definition.get("scale", {})
    if definition.keys() - {"field", "type", "title", "axis", "scale"} or not isinstance(scale, dict):
        return None
    known = cast("dict[str, Any]", scale)
    column = next((column for column in columns if column.name == definition.get("field")), None)
    if column is None or kind not in _SCALES or known.keys() - _SCALE_OPTIONS or set(".[]\\'\"") & set(column.name):
        return None
    sent = column_to_sent(column)
    if known.get("type") not in _SCALES[kind] or sent.kind.is_temporal is not (kind == "temporal"):
        return None
    if kind == "quantitative" and sent.kind is not Kind.NUMBER:
        return None
    domain = known.get("domain")
    if domain is not None and (kind == "temporal" or not _is_range(domain)):
        return None
    others = [other for sibling in siblings if (other := _definition(sibling, channel))]
    if any("scale" in other or ("title" not in other and _title(other) != column.name) for other in others):
        return None
    if kind == "quantitative" and "zero" not in known and not all(_mark(sibling) in _MARKS for sibling in siblings):
        return None  # whether a scale begins at zero is up to the first mark, unless it is stated
    zero = kind == "quantitative" and bool(known.get("zero", domain is None))
    return Side(channel, sent, size[channel], zero, None if domain is None else (float(domain[0]), float(domain[1])))


def _definition(unit: Mapping[str, Any], channel: str) -> dict[str, Any]:
    definition = unit.get("encoding", {}).get(channel)
    return cast("dict[str, Any]", definition) if isinstance(definition, dict) else {}


def _title(definition: Mapping[str, Any]) -> object:
    return None if {"aggregate", "timeUnit", "bin"} & definition.keys() else definition.get("field")


def _mark(unit: Mapping[str, Any]) -> object:
    mark = unit.get("mark")
    return cast("dict[str, Any]", mark).get("type") if isinstance(mark, dict) else mark


def _is_constant(channel: str, definition: object) -> bool:
    known = cast("dict[str, Any]", definition) if isinstance(definition, dict) else {"": None}
    return channel in _CONSTANTS and known.keys() == {"value"}


def _is_range(domain: object) -> bool:
    ends = cast("list[object]", domain) if isinstance(domain, list) else []
    return len(ends) == 2 and all(type(end) in (int, float) for end in ends) and cast("Any", ends[0] < ends[1])  # type: ignore[operator]


def _only_intervals(unit: Mapping[str, Any]) -> bool:
    """Whether nothing is selected but intervals of the scales: a point is no longer there to be clicked."""
    for parameter in unit.get("params", []):
        select = parameter.get("select", "interval")
        if (select.get("type") if isinstance(select, dict) else select) != "interval":
            return False
    return True


def fills_page(view: Mapping[str, Any], *, fills: bool) -> bool:
    """Whether a plot is as wide as its page lets it be; the arguments are those of `plot_size`."""
    return view.get("width", "container" if fills else None) == "container"


def plot_size(view: Mapping[str, Any], config: Mapping[str, Any], *, fills: bool) -> dict[str, float]:
    """Return how many pixels a plot has along x and y.

    Args:
        view: The view, or the layers that it is part of.
        config: The chart's.
        fills: Whether it fills the width that it is given, unless its width is stated.
    """
    stated = config.get("view", {})
    found: dict[str, float] = {}
    for channel, name in (("x", "width"), ("y", "height")):
        value = view.get(name, "container" if fills and name == "width" else None)
        usual = stated.get(f"continuous{name.capitalize()}", _DEFAULT_SIZE[name])
        if value == "container":
            value = PAGE_WIDTH if name == "width" else usual
        size = value if isinstance(value, int | float) else usual
        found[channel] = float(size) if isinstance(size, int | float) and size > 0 else float(_DEFAULT_SIZE[name])
    return found


def rastered_unit(unit: Mapping[str, Any], grid: Grid) -> dict[str, Any]:
    """Return a view that draws the counts where it would draw points."""
    encoding: dict[str, Any] = {}
    for side in (grid.x, grid.y):
        definition = _definition(unit, side.channel)
        encoding[side.channel] = {"title": side.sent.name, **definition}
        if definition["type"] == "quantitative":  # a range, other than a point, does not begin at zero by itself
            encoding[side.channel]["scale"] = {"zero": side.zero, **definition.get("scale", {})}
        encoding[f"{side.channel}2"] = {"field": side.high}
    counts = {"field": ROWS, "type": "quantitative", "title": "Rows"}
    encoding["color"] = counts | {
        "scale": {"type": "log", "scheme": {"name": "viridis", "extent": [0.12, 1]}},
        "legend": {"format": ",d"},
    }
    encoding["tooltip"] = [counts | {"format": ",d"}]  # a list of one says its name, too
    options = cast("dict[str, Any]", unit["mark"]) if isinstance(unit["mark"], dict) else {}
    clip = {"clip": options["clip"]} if "clip" in options else {}
    mark = {"type": "rect", "style": CELLS, "x2Offset": _OVERLAP, "y2Offset": -_OVERLAP, **clip}
    return {**unit, "mark": mark, "encoding": encoding}
