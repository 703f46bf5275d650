"""What must travel for a chart: a specification to embed, and one query for each of its datasets.

Each view is looked at by itself. Its aggregates go to the engine where that draws the same (`aggregation`); a long
line is thinned (`thinning`); everything else gets the columns that the chart mentions, up to `MOST_ROWS` rows. A plan
depends on the chart and the columns of its cells, so it is made once and run for each change. Rows decide one thing:
which scatter plots are too crowded and become rasters (`raster`), for which there are plans of their own.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeGuard, cast

import altair as alt
from altair.utils.schemapi import SchemaValidationError

from dataapp.compile.identifiers import quote_identifier
from dataapp.engines.relation import Column
from dataapp.errors import ChartError, near
from dataapp.views.chart.addresses import check_addresses
from dataapp.views.chart.aggregation import Aggregated, Left, aggregate_unit
from dataapp.views.chart.dataset import MOST_ROWS, Dataset
from dataapp.views.chart.drilling import Drill, drilled_unit, scale_parameters, zooms_of
from dataapp.views.chart.fields import encoded_views, field_definitions, field_to_column, mentioned_columns
from dataapp.views.chart.pushdown.frame import CELL, Source
from dataapp.views.chart.pushdown.views import Pushed, hand_down, push_repeated, push_transforms
from dataapp.views.chart.raster import Grid, fills_page, plot_size, rastered_unit, unit_to_grid
from dataapp.views.chart.schema import CellData, find_cell_data, named_data
from dataapp.views.chart.selection import attach_selection
from dataapp.views.chart.thinning import repeated_axes, spacing, thinnable_axes, thinned_query
from dataapp.views.chart.wire import Kind, Sent, column_to_sent

_CONTAINERS = ("layer", "hconcat", "vconcat", "concat")


@dataclass(frozen=True, slots=True)
class Work:
    """What is computed for a view, and where.

    Attributes:
        view: The view's mark, or what repeats it.
        in_engine: What runs in the engine, in order.
        in_vega: What Vega runs on the rows that travel.
        reasons: Why the latter runs there.
    """

    view: str
    in_engine: tuple[str, ...] = ()
    in_vega: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A specification whose datasets are named, and how each is filled.

    Attributes:
        spec: The specification.
        datasets: How each dataset is filled.
        works: What is computed for the views of each dataset, by its name.
    """

    spec: Mapping[str, Any]
    datasets: tuple[Dataset, ...]
    works: Mapping[str, Sequence[Work]]


def chart_to_plan(
    chart: alt.TopLevelMixin,
    columns: Mapping[CellData, tuple[Column, ...]],
    rasters: frozenset[int] = frozenset(),
) -> Plan:
    """Return what must travel for a chart.

    Args:
        chart: Any Altair chart over data of cells.
        columns: The columns of each cell in it.
        rasters: The numbers of the scatter plots that are drawn as counts.

    Raises:
        ChartError: The chart is not valid, or names a column that its cell has not.
    """
    spec = _chart_to_spec(chart, columns)
    for data in find_cell_data(chart):
        for selection in data.selections:
            spec = attach_selection(spec, selection, data.name)
    cells = {data.name: (data, known) for data, known in columns.items()}
    planner = _Planner(spec.get("config", {}), cells, rasters, not _keeps_width(spec), scale_parameters(spec))
    spec = planner.place(_data_to_views(spec))
    datasets = planner.finished(spec)
    typed = with_parsers(_sized(spec), {dataset.name: dataset for dataset in datasets}, _as_they_are)
    return Plan(typed, datasets, planner.works)


def _chart_to_spec(chart: Any, columns: Mapping[CellData, tuple[Column, ...]]) -> dict[str, Any]:
    names = [column.name for known in columns.values() for column in known]
    try:
        with named_data(columns):
            spec = chart.to_dict()
    except (SchemaValidationError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        quoted = first.split('"')[1] if first.count('"') >= 2 else ""
        raise ChartError(f"The chart is not valid: {first}", hint=near(quoted, names)) from error
    check_addresses(spec)
    spec.pop("usermeta", None)  # options for an embedding that is not used here
    return spec


def _data_to_views(spec: dict[str, Any]) -> dict[str, Any]:
    """Give each view its data itself where containers only hand it down, so that views can be told apart."""
    if "repeat" in spec and "data" in spec.get("spec", {}) and "data" not in spec:
        inner = {name: value for name, value in spec["spec"].items() if name != "data"}
        return spec | {"data": spec["spec"]["data"], "spec": inner}
    for key in _CONTAINERS:
        if key not in spec or (handing := hand_down(spec, key)) is None:
            continue
        spec = handing
        handed = spec.get("data")
        children = [_data_to_views({"data": handed} | child if handed else child) for child in spec[key]]
        return {name: value for name, value in spec.items() if name != "data"} | {key: children}
    return spec


@dataclass(slots=True)
class _Planner:
    """Walks the views of one chart and collects their datasets."""

    config: Mapping[str, Any]
    cells: Mapping[str, tuple[CellData, tuple[Column, ...]]]
    rasters: frozenset[int]
    fills: bool
    zooms: Mapping[str, tuple[str, ...]]
    datasets: dict[tuple[str, str], Dataset] = field(default_factory=dict[tuple[str, str], Dataset])
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    works: dict[str, list[Work]] = field(default_factory=dict[str, list[Work]])
    scatters: dict[str, dict[int, int]] = field(default_factory=dict[str, dict[int, int]])
    views: Iterator[int] = field(default_factory=count)

    def place(
        self,
        node: dict[str, Any],
        siblings: Sequence[Mapping[str, Any]] = (),
        layers: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return a part of the specification with datasets for the views that get one of their own."""
        if "mark" in node:
            return self._place_view(node, siblings, {**node, **(layers or {})})
        for key in _CONTAINERS:
            if key in node and "transform" not in node and "encoding" not in node:
                children = cast("list[dict[str, Any]]", node[key])
                beside = children if key == "layer" else []
                outer = {**node, **(layers or {})} if key == "layer" else None
                placed = [self.place(child, [b for b in beside if b is not child], outer) for child in children]
                return node | {key: placed}
        return self._place_repeated(node) if "spec" in node else node

    def _place_repeated(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return a facet or a repetition; its rows are those of all its copies."""
        name = node["data"].get("name") if isinstance(node.get("data"), dict) else None
        if not isinstance(name, str) or name not in self.cells or set(_named_datasets(node)) != {name}:
            return node
        data, columns = self.cells[name]
        found = push_repeated(node, columns)
        placed, pushed = found or (node, Pushed(node, columns))
        axes = repeated_axes(placed)
        axes = axes if self._may_thin(axes, _sent_columns(placed, pushed.columns)) else None
        if found is None and axes is None:
            return node
        if axes is not None:
            name, more = self._line(data, pushed, axes, placed), ("thinning",)
        else:
            sent = _sent_columns(placed, pushed.columns)
            name, more = self._keep(data, _projection(sent, pushed.source), sent, pushed), ()
        placed = placed | {"data": {"name": name}}
        self._note(placed, "repeat" if "repeat" in node else "facet", pushed, more, Left())
        return placed

    def _place_view(
        self, view: dict[str, Any], siblings: Sequence[Mapping[str, Any]], sized: Mapping[str, Any]
    ) -> dict[str, Any]:
        number = next(self.views)
        name = view["data"].get("name") if isinstance(view.get("data"), dict) else None
        if not isinstance(name, str) or name not in self.cells:
            return view
        data, columns = self.cells[name]
        pushed = push_transforms(view, columns)
        view = pushed.view
        _check_fields(view, pushed.columns, data)
        grouped = Left("it groups by a value that is missing")
        if pushed.groups_exactly:
            grouped = aggregate_unit(view, pushed.columns, config=self.config, siblings=siblings)
        if isinstance(grouped, Aggregated):
            zooms = zooms_of((view, *siblings), self.zooms)
            name = self._aggregated(data, grouped, pushed, zooms)
            placed, more = grouped.unit | {"data": {"name": name}}, ("aggregates",)
        elif grid := unit_to_grid(
            view,
            pushed.columns,
            size=plot_size(sized, self.config, fills=self.fills),
            fills=fills_page(sized, fills=self.fills),
            config=self.config,
            siblings=siblings,
        ):
            placed, more = self._scatter(data, pushed, grid, number, zooms_of((view, *siblings), self.zooms))
        elif self._may_thin(axes := thinnable_axes(view), _sent_columns(view, pushed.columns)):
            zooms = zooms_of((view, *siblings), self.zooms)
            placed, more = view | {"data": {"name": self._line(data, pushed, axes, pushed.view, zooms)}}, ("thinning",)
        else:
            placed, more = self._rows(data, pushed), ()
        self._note(placed, _mark(view), pushed, more, grouped)
        return placed

    def _note(
        self, placed: Mapping[str, Any], view: str, pushed: Pushed, more: tuple[str, ...], left: Aggregated | Left
    ) -> None:
        """Keep what `explain` says of a view."""
        in_vega, reasons = pushed.left, ((pushed.reason,) if pushed.left else ())
        if isinstance(left, Left) and left.reason and not more:
            in_vega, reasons = (*in_vega, "aggregates"), (*reasons, f"aggregates: {left.reason}")
        work = Work(view, (*pushed.translated, *more), in_vega, reasons)
        self.works.setdefault(placed["data"]["name"], []).append(work)

    def _aggregated(self, data: CellData, aggregated: Aggregated, pushed: Pushed, zooms: tuple[str, ...]) -> str:
        more: dict[str, Any] = {"binnings": aggregated.binnings, "extents": aggregated.extents}
        axes = thinnable_axes(aggregated.unit, of_groups=True)
        if self._may_thin(axes, aggregated.columns) and not aggregated.binnings:
            groups = [replace(one, expression=quote_identifier(one.name)) for one in aggregated.columns]
            more = _thinned(groups, axes, aggregated.unit, zooms, source=f"({aggregated.query})")
        return self._keep(data, aggregated.query, aggregated.columns, pushed, **more)

    def _may_thin(self, axes: tuple[str, ...] | None, columns: Sequence[Sent]) -> TypeGuard[tuple[str, ...]]:
        """Whether a view is a line without points, along numbers or times."""
        has_points = any(self.config.get(one, {}).get("point") for one in ("line", "mark"))
        kinds = {column.name: column.kind for column in columns}
        return axes is not None and not has_points and (kinds[axes[0]] is Kind.NUMBER or kinds[axes[0]].is_temporal)

    def _line(
        self,
        data: CellData,
        pushed: Pushed,
        axes: tuple[str, ...],
        view: Mapping[str, Any],
        zooms: tuple[str, ...] | None = None,
    ) -> str:
        sent = _sent_columns(view, pushed.columns)
        projection = _projection(sent, pushed.source)
        return self._keep(data, projection, sent, pushed, **_thinned(sent, axes, view, zooms))

    def _scatter(
        self, data: CellData, pushed: Pushed, grid: Grid, number: int, zooms: tuple[str, ...]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return a scatter plot, as counts or as points, and what runs in the engine for it."""
        if number in self.rasters and zooms:
            drill = Drill(grid, zooms)
            name = self._keep(data, grid.query, drill.columns, pushed, grid=grid, drill=drill)
            points = self._keep(data, drill.points_query, drill.point_columns, pushed, drill=drill)
            self.scatters.setdefault(name, {})[number] = grid.most_points
            self._note(
                {"data": {"name": points}}, _mark(pushed.view), pushed, ("points of what is zoomed into",), Left()
            )
            return drilled_unit(pushed.view, grid, points) | {"data": {"name": name}}, ("raster",)
        if number in self.rasters:
            name = self._keep(data, grid.query, grid.columns, pushed, grid=grid)
            self.scatters.setdefault(name, {})[number] = grid.most_points
            return rastered_unit(pushed.view, grid) | {"data": {"name": name}}, ("raster",)
        placed = self._rows(data, pushed)
        self.scatters.setdefault(placed["data"]["name"], {})[number] = grid.most_points
        return placed, ()

    def _rows(self, data: CellData, pushed: Pushed) -> dict[str, Any]:
        """Return a view that gets rows: those of the cell, which it shares, or what its transforms make of them."""
        if pushed.source is CELL:
            return pushed.view
        sent = _sent_columns(pushed.view, pushed.columns)
        query = _projection(sent, pushed.source)
        return pushed.restored() | {"data": {"name": self._keep(data, query, sent, pushed)}}

    def _keep(self, data: CellData, query: str, columns: tuple[Sent, ...], pushed: Pushed, **more: Any) -> str:
        own = [more.get(name, "") for name in ("grid", "drill", "thinned", "zooms", "is_rough")]
        key = data.name, f"{pushed.source.over(query)}{own}"
        known = self.datasets.get(key)
        if known is None:
            name = f"{data.name}_{next(self.numbers)}"
            known = Dataset(name, data, query, columns, source=pushed.source, derived=pushed.derived, **more)
            self.datasets[key] = known
        return known.name

    def finished(self, spec: Mapping[str, Any]) -> tuple[Dataset, ...]:
        """Return all datasets, those included that views share under the name of their cell."""
        shared = [
            Dataset(name, data, _projection(sent), sent)
            for name, (data, columns) in self.cells.items()
            if name in set(_named_datasets(spec))
            for sent in [_sent_columns(spec, columns)]
        ]
        readers = Counter(_named_datasets(spec))
        return tuple(self._watched(dataset, readers[dataset.name]) for dataset in (*self.datasets.values(), *shared))

    def _watched(self, dataset: Dataset, readers: int) -> Dataset:
        """Return a dataset that tells when scatter plots of it are crowded."""
        scatters = self.scatters.get(dataset.name)
        if not scatters:
            return dataset
        crowd = min(MOST_ROWS, *scatters.values())
        if dataset.grid is not None:
            return replace(dataset, crowd=crowd, scatters=frozenset(scatters))
        crowded = frozenset(number for number, most in scatters.items() if most <= crowd or crowd == MOST_ROWS)
        asked = crowd if len(scatters) == readers else MOST_ROWS
        return replace(dataset, crowd=crowd, asked=asked, scatters=crowded)


def _thinned(
    columns: Sequence[Sent],
    axes: tuple[str, ...],
    view: Mapping[str, Any],
    zooms: tuple[str, ...] | None,
    source: str = "relation",
) -> dict[str, Any]:
    """Return what a dataset has for a line that may be thinned."""
    spaced = spacing(view)
    thinned, zoomed = (
        thinned_query(columns, *axes, zoomed=one, is_log=spaced == "log", source=source) for one in (False, True)
    )
    return {"thinned": thinned, "zoomed": zoomed, "across": axes[0], "zooms": zooms, "is_rough": spaced is None}


def _mark(view: Mapping[str, Any]) -> str:
    mark = view["mark"]
    return str(mark["type"] if isinstance(mark, dict) else mark)


def _named_datasets(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        known = cast("dict[str, Any]", node)
        data = known.get("data")
        if isinstance(data, dict) and "name" in data:
            yield data["name"]
        for value in known.values():
            yield from _named_datasets(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from _named_datasets(value)


def with_parsers(node: Any, datasets: Mapping[str, Dataset], parsers: Callable[[Dataset], Mapping[str, Any]]) -> Any:
    """Say in a specification how the columns of its datasets are read: Vega-Lite would guess from how they are used."""
    if isinstance(node, list):
        return [with_parsers(value, datasets, parsers) for value in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    known = {name: with_parsers(value, datasets, parsers) for name, value in cast("dict[str, Any]", node).items()}
    data = known.get("data")
    if isinstance(data, dict) and (dataset := datasets.get(data.get("name", ""))):
        bare = {key: value for key, value in cast("dict[str, Any]", data).items() if key != "format"}
        known["data"] = bare | ({"format": {"parse": parse}} if (parse := dict(parsers(dataset))) else {})
    return known


def _as_they_are(dataset: Dataset) -> dict[str, None]:
    """Return the columns that arrive as what they are: Vega would parse each value of each of them again."""
    return {
        column.name: None
        for column in dataset.columns
        if column.kind is not Kind.TEXT or column.name in dataset.derived
    }


def _sent_columns(spec: Mapping[str, Any], columns: Sequence[Column]) -> tuple[Sent, ...]:
    """Return the columns that a specification mentions, as they are sent."""
    names = set(mentioned_columns(spec, [column.name for column in columns]))
    discrete = _only_discrete(spec)
    return tuple(column_to_sent(column, as_text=column.name in discrete) for column in columns if column.name in names)


def _only_discrete(spec: object) -> set[str]:
    """Return the fields that are names in each of their uses: as such, points in time are shown as text."""
    uses: dict[str, set[bool]] = {}
    for view in encoded_views(spec):
        for _, definition in field_definitions(view):
            if isinstance(name := definition.get("field"), str):
                plain = not {"timeUnit", "bin", "aggregate"} & definition.keys()
                uses.setdefault(field_to_column(name), set()).add(
                    plain and definition.get("type") in {"nominal", "ordinal"}
                )
    return {name for name, kinds in uses.items() if kinds == {True}}


def _projection(columns: Sequence[Sent], source: Source = CELL) -> str:
    sent = [f"{column.expression} AS {quote_identifier(column.name)}" for column in columns]
    is_ordered = source.frame is None or source.frame.is_ordered
    order = "" if is_ordered else " ORDER BY ALL NULLS FIRST"  # else marks would change places from query to query
    return f"SELECT {', '.join(sent) or 'true AS "__row"'} FROM relation{order}"


def _check_fields(view: Mapping[str, Any], columns: Sequence[Column], data: CellData) -> None:
    """Refuse a view that encodes a column which is neither in the data nor computed by a transform."""
    if view.get("transform"):
        return
    known = [column.name for column in columns]
    for channel, definition in field_definitions(view):
        name = definition.get("field")
        if isinstance(name, str) and (head := field_to_column(name)) not in known and name not in known:
            raise ChartError(
                f"The chart encodes `{head}` on {channel}, which {data.source} does not have.",
                hint=near(head, known) or f"its columns are {', '.join(f'`{column}`' for column in known[:12])}.",
            )


def _sized(spec: dict[str, Any]) -> dict[str, Any]:
    """Let a single or layered view fill the width that it is given, unless the author or its facets size it."""
    sized = deepcopy(spec)
    if not _keeps_width(sized):
        sized["width"] = "container"
    return sized


def _keeps_width(spec: dict[str, Any]) -> bool:
    if "width" in spec or not ({"mark", "layer"} & spec.keys()) or _has_facets(spec):
        return True
    config_view = spec.get("config", {}).get("view", {})
    return isinstance(config_view, dict) and "step" in config_view


def _has_facets(spec: Mapping[str, Any]) -> bool:
    encodings = [spec.get("encoding", {}), *(layer.get("encoding", {}) for layer in spec.get("layer", []))]
    return any({"row", "column", "facet"} & set(encoding) for encoding in encodings)
