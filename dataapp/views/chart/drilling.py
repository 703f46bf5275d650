"""Rasters that show more where their reader zooms in: finer cells of what is in sight, or its points if they are few.

Two layers are drawn, so that neither a zoom nor a selection is lost on the way: cells, and points. Zoomed into a part
with too many rows for points, there are cells of the part, as large on screen as those of the whole; with fewer rows,
there are its points. Around it the cells of the whole stay, cut off where the part begins: scales do not change, and
there is something to see on the way out. A colour stands for rows per area of the screen, for which the cells of the
whole have a shade of their own. While there are points, no legend is shown: it would be that of the cells around.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pyarrow as pa

from dataapp.compile.identifiers import quote_identifier
from dataapp.views.chart.pushdown.frame import Fetch
from dataapp.views.chart.raster import ROWS, Grid, Side, rastered_unit
from dataapp.views.chart.window import Window, Zoom
from dataapp.views.chart.wire import Kind, Sent

SHADE = "__shade"  # the column that colours are of
_OF_UNIT = {"mark", "encoding", "params", "name"}  # the rest is said of the layers
_CONTAINERS = ("layer", "hconcat", "vconcat", "concat")


@dataclass(frozen=True, slots=True)
class Drill:
    """What a raster shows of what its reader zooms into.

    Attributes:
        grid: The cells of the whole.
        zoomed_by: The selections that zoom it.
    """

    grid: Grid
    zoomed_by: tuple[str, ...]

    def part(self, window: Window) -> "Part | None":
        """Return what is in sight, or None if that is all."""
        grid = self.grid.at(window.width)
        zooms = [ends for name in self.zoomed_by if (ends := window.ends.get(name))]
        along = [
            next((ends[side.sent.name] for ends in zooms if side.sent.name in ends), None)
            for side in (self.grid.x, self.grid.y)
        ]
        return Part(grid, along[0], along[1]) if any(along) else None

    @property
    def columns(self) -> tuple[Sent, ...]:
        """What the cells have."""
        return (*self.grid.columns, Sent(SHADE, Kind.NUMBER, ""))

    @property
    def point_columns(self) -> tuple[Sent, ...]:
        """What the points have."""
        return tuple(Sent(side.sent.name, side.sent.kind, "") for side in (self.grid.x, self.grid.y))

    @property
    def points_query(self) -> str:
        """SQL that gives the points of all rows."""
        return f"SELECT {', '.join(_named(self.grid))} FROM ({self.grid.points})"

    def points(self, part: "Part | None", fetch: Fetch) -> pa.Table:
        """Return the rows of a part if they are few, else none; of the whole, none."""
        if part is None:
            return fetch(f"{self.points_query} LIMIT 0", {})
        most = self.grid.most_points
        found = fetch(f"{self.points_query} WHERE {part.inside} LIMIT {most + 1}", part.parameters)
        if found.num_rows > most:
            return found.slice(0, 0)
        return found.sort_by([(name, "ascending") for name in found.column_names])

    def cells(self, part: "Part", fetch: Fetch) -> pa.Table:
        """Return the cells of a part, unless its points are drawn, and those around it."""
        rows, ends = part.counted(fetch)
        whole = part.grid.bounds(ends)
        if rows <= self.grid.most_points:
            return fetch(part.around, whole | part.parameters | _shades(whole, math.inf))
        bounds = part.bounds(ends)
        inside = shaded(fetch(self.grid.query_of(part.points), bounds | part.parameters))
        most = max(cast("list[float]", inside[ROWS].to_pylist()))
        return pa.concat_tables([fetch(part.around, whole | part.parameters | _shades(bounds, most)), inside])


def _shades(bounds: Mapping[str, object], most: float) -> dict[str, object]:
    """Return the parameters of shades, given those of the cells that they are to be like."""
    return {"__most": most, "__x_size": bounds["__x_step"], "__y_size": bounds["__y_step"]}


@dataclass(frozen=True, slots=True)
class Part:
    """What is in sight of a grid.

    Attributes:
        grid: The cells of the whole.
        x: Its ends, or None for all.
        y: Likewise.
    """

    grid: Grid
    x: Zoom | None
    y: Zoom | None

    @property
    def _axes(self) -> tuple[tuple[Side, Zoom | None], ...]:
        return (self.grid.x, self.x), (self.grid.y, self.y)

    @property
    def inside(self) -> str:
        """The SQL of whether a point is in it."""
        return " AND ".join(
            f"{side.channel} BETWEEN {_from(side)} AND {_to(side)}" for side, zoom in self._axes if zoom
        )

    @property
    def points(self) -> str:
        """The SQL of its points."""
        return f"SELECT x, y FROM ({self.grid.points}) WHERE {self.inside}"

    @property
    def parameters(self) -> dict[str, object]:
        """Its ends, as parameters of queries."""
        found: dict[str, object] = {}
        for side, zoom in self._axes:
            if zoom is not None:
                found |= {f"__{side.channel}_from": zoom[0], f"__{side.channel}_to": zoom[1]}
        return found

    def counted(self, fetch: Fetch) -> tuple[int, tuple[float | None, ...]]:
        """Return how many points are in it, and the ends of x and y of all points."""
        both = "min(x), max(x), min(y), max(y)"
        found = fetch(f"SELECT count(*) FILTER ({self.inside}), {both} FROM ({self.grid.points})", self.parameters)
        rows, *ends = (column[0].as_py() for column in found.columns)
        return rows, tuple(ends)

    def bounds(self, ends: Sequence[float | None]) -> dict[str, object]:
        """Return the parameters of cells that span it, as far as there are points, and have its pixels.

        Args:
            ends: The ends of x and y of all points.
        """
        found: dict[str, object] = {}
        for (side, zoom), low, high in zip(self._axes, ends[::2], ends[1::2], strict=True):
            low, high = low or 0.0, high or 0.0
            if zoom is not None:
                side, low, high = replace(side, domain=zoom), max(low, zoom[0]), min(high, zoom[1])
            found |= side.bounds(low, high)
        return found

    @property
    def around(self) -> str:
        """SQL that gives the cells of the whole without the part."""
        pieces = {side.channel: _pieces(side, zoom) for side, zoom in self._axes}
        x, y = self.grid.x, self.grid.y
        number = {side: side.last(side.cell()) for side in (x, y)}
        placed = (
            f"SELECT {number[x]} AS i, {number[y]} AS j, {pieces['x'].place} AS a, {pieces['y'].place} AS b"
            f" FROM ({self.grid.points}) WHERE NOT ({self.inside})"
        )
        counted = f"SELECT i, j, a, b, count(*) AS n FROM ({placed}) GROUP BY i, j, a, b"
        cut = (
            f"SELECT i, j, a, b, n, {pieces['x'].low('i')} AS left_, {pieces['x'].high('i')} AS right_,"
            f" {pieces['y'].low('j')} AS bottom_, {pieces['y'].high('j')} AS top_ FROM ({counted})"
        )
        names = [quote_identifier(name) for name in (x.sent.name, x.high, y.sent.name, y.high)]
        ends = ", ".join(
            f"{end} AS {name}" for end, name in zip(("left_", "right_", "bottom_", "top_"), names, strict=True)
        )
        return (
            f"SELECT {ends}, CAST(n AS DOUBLE) AS {ROWS}, CAST({_SHADE} AS DOUBLE) AS {SHADE}"
            f" FROM ({cut}) ORDER BY i, j, a, b"
        )


_SHADE = (  # as many rows as a cell of another size would have; at most what the part has, whose colours would pale
    "greatest(1.0, least($__most, coalesce("
    "n * ($__x_size / nullif(right_ - left_, 0)) * ($__y_size / nullif(top_ - bottom_, 0)), 1.0)))"
)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """How a part cuts cells along a side: each is before it, beside it or after it.

    Attributes:
        side: The side.
        column: The column of the place.
        is_cut: Whether it is zoomed along the side at all; else all is beside it.
    """

    side: Side
    column: str
    is_cut: bool

    @property
    def place(self) -> str:
        if not self.is_cut:
            return "1"
        name = self.side.channel
        return f"CASE WHEN {name} < {_from(self.side)} THEN 0 WHEN {name} > {_to(self.side)} THEN 2 ELSE 1 END"

    def low(self, number: str) -> str:
        edge = self.side.edge(number)
        if not self.is_cut:
            return edge
        cuts = f"WHEN 1 THEN greatest({edge}, {_from(self.side)}) ELSE greatest({edge}, {_to(self.side)})"
        return f"CASE {self.column} WHEN 0 THEN {edge} {cuts} END"

    def high(self, number: str) -> str:
        edge = self.side.edge(f"({number} + 1)")
        if not self.is_cut:
            return edge
        cuts = f"WHEN 0 THEN least({edge}, {_from(self.side)}) WHEN 1 THEN least({edge}, {_to(self.side)})"
        return f"CASE {self.column} {cuts} ELSE {edge} END"


def _pieces(side: Side, zoom: Zoom | None) -> _Pieces:
    return _Pieces(side, "a" if side.channel == "x" else "b", zoom is not None)


def _from(side: Side) -> str:
    return f"$__{side.channel}_from"


def _to(side: Side) -> str:
    return f"$__{side.channel}_to"


def _named(grid: Grid) -> list[str]:
    return [f"{side.channel} AS {quote_identifier(side.sent.name)}" for side in (grid.x, grid.y)]


def shaded(cells: pa.Table) -> pa.Table:
    """Return cells of one size with their shades."""
    return cells.append_column(SHADE, cells[ROWS])


def scale_parameters(spec: object) -> dict[str, tuple[str, ...]]:
    """Return the names of the selections that zoom views, by the names of the views: for those said outside of them."""
    found: dict[str, tuple[str, ...]] = {}
    if not isinstance(spec, dict):
        return found
    known = cast("dict[str, Any]", spec)
    for parameter in known.get("params", []):
        for view in parameter.get("views", []) if parameter.get("bind") == "scales" else []:
            found[view] = (*found.get(view, ()), parameter["name"])
    for key in _CONTAINERS:
        for child in known.get(key, []):
            for view, names in scale_parameters(child).items():
                found[view] = (*found.get(view, ()), *names)
    return found


def zooms_of(views: Sequence[Mapping[str, Any]], outside: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names of the selections that zoom views of one layer.

    Args:
        views: The views.
        outside: What zooms views by their names.
    """
    return tuple(dict.fromkeys(name for view in views for name in _own_zooms(view, outside)))


def _own_zooms(view: Mapping[str, Any], outside: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for parameter in view.get("params", []):
        if parameter.get("bind") == "scales":
            yield parameter["name"]
    yield from outside.get(str(view.get("name")), ())


def drilled_unit(unit: Mapping[str, Any], grid: Grid, points: str) -> dict[str, Any]:
    """Return layers that draw cells, and points of the part that is zoomed into.

    Args:
        unit: The view that draws the points of all.
        grid: The cells of the whole.
        points: The dataset of the points.
    """
    own = {name: value for name, value in unit.items() if name in _OF_UNIT}
    cells = rastered_unit(own, grid)
    encoding = cast("dict[str, Any]", cells["encoding"])
    has_points = f"length(data({json.dumps(points)})) > 0"
    faint = {
        "expr": f"{has_points} ? 0 : 1"
    }  # and not left out, which would make the plot wider under the reader's hand
    legend = encoding["color"]["legend"] | dict.fromkeys(("gradientOpacity", "labelOpacity", "titleOpacity"), faint)
    shade = encoding["color"] | {"field": SHADE, "legend": legend}
    same = {channel: encoding[channel] for channel in ("x", "y")}
    layers = [
        cells | {"encoding": encoding | {"color": shade}},
        {"mark": own["mark"], "encoding": own["encoding"] | same, "data": {"name": points}},
    ]
    return {name: value for name, value in unit.items() if name not in _OF_UNIT} | {"layer": layers}
