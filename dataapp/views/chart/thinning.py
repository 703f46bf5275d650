"""Lines with more points than pixels: M4 keeps the first, last, lowest and highest row of each pixel column.

Drawn as wide as there are columns, the thinned line covers the pixels that the full one covers (Jugel et al., VLDB
2014). How many a screen has, only the page knows; it tells when it is resized. What a reader zooms into has pixel
columns of its own; the rest stays, so that scales do not change and there is something to see on the way out. A row
without a y value, or with NaN, is kept as well, because it is a gap in the line. Only lines are thinned: bars and
candles mean each row, and of too many points there are counts (`raster`). A line of aggregates, such as a mean for each
minute, is a line of its groups.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from dataapp.compile.identifiers import quote_identifier
from dataapp.views.chart.fields import field_definitions, field_to_column, mentions_expression
from dataapp.views.chart.wire import Sent

ALL_ROWS = "__all_rows"  # the column that says how many there were before
PIXEL_COLUMNS = 2_000  # until the page says how many it has
MOST_COLUMNS = 16_000  # more than any screen has
_SERIES_CHANNELS = {"color", "stroke", "detail", "strokeDash", "strokeWidth", "opacity", "row", "column", "facet"}
_FINE_UNITS = {
    *("yearmonthdate", "yearmonthdatehours", "yearmonthdatehoursminutes", "yearmonthdatehoursminutesseconds"),
}
_OF_GROUPS = {"x": {"timeUnit"}, "y": {"aggregate"}, "tooltip": {"timeUnit", "aggregate"}}  # what they compute
_EVERY_CHANNEL = _SERIES_CHANNELS | {"x", "y", "tooltip"}


def thinnable_axes(unit: Mapping[str, Any], *, of_groups: bool = False) -> tuple[str, str] | None:
    """Return the columns on x and y of a view whose line may be thinned, or None.

    Args:
        unit: The view.
        of_groups: Whether its rows are groups: there may be a time unit on x, whose start a row has, and there is an
            aggregate on y, of which a row has the value.
    """
    mark = unit.get("mark")
    kind, options = (mark.get("type"), cast("dict[str, Any]", mark)) if isinstance(mark, dict) else (mark, {})
    if kind != "line" or options.get("point") or unit.get("transform") or mentions_expression(unit):
        return None
    if not _is_drawn_along(unit, options):
        return None
    axes: dict[str, str] = {}
    series: set[str] = set()
    told: set[str] = set()
    for channel, definition in field_definitions(unit):
        computed = {"aggregate", "bin", "timeUnit", "impute"} & definition.keys()
        if channel not in _EVERY_CHANNEL or not computed <= (_OF_GROUPS.get(channel, set()) if of_groups else set()):
            return None
        if definition.get("sort", "ascending") not in ("ascending", "descending"):  # by what comes first among all rows
            return None
        field, kind = definition["field"], definition.get("type")
        if not isinstance(field, str) or "." in field or "[" in field:
            return None
        if channel in {"x", "y"}:
            if kind not in {"temporal", "quantitative"} or definition.get("stack"):
                return None
            axes[channel] = field_to_column(field)
        elif channel == "tooltip":
            told.add(field_to_column(field))
        elif kind in {"nominal", "ordinal"}:
            series.add(field_to_column(field))
        else:
            return None
    if of_groups and not (
        "aggregate" in unit["encoding"].get("y", {}) and _has_fine_unit(unit["encoding"].get("x", {}))
    ):
        return None
    if len(axes) != 2 or not told <= series | set(axes.values()):
        return None
    return axes["x"], axes["y"]


def _is_drawn_along(unit: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Whether a line goes along x, which all copies of it share, in that order."""
    encoding = unit.get("encoding", {})
    across, up = (cast("dict[str, Any]", encoding.get(channel, {})) for channel in ("x", "y"))
    is_upright = options.get("orient") == "horizontal" or (up.get("type") == "temporal" != across.get("type"))
    is_apart = unit.get("resolve", {}).get("scale", {}).get("x") == "independent"
    return not is_upright and not is_apart


def _has_fine_unit(definition: Mapping[str, Any]) -> bool:
    """Whether there may be more groups along an axis than pixels, each of which has the time at which it starts."""
    unit: Any = definition.get("timeUnit")
    name = cast("dict[str, Any]", unit).get("unit") if isinstance(unit, dict) else unit
    return name is None or str(name).removeprefix("utc") in _FINE_UNITS


def spacing(node: Mapping[str, Any]) -> str | None:
    """Return ``linear`` or ``log`` if that is how pixels lie along x, and the line goes straight from row to row.

    Else, as with a domain of the author's, None: then the pixel columns of `thinned_query` are not those of the screen.
    """
    unit = node.get("spec", node)
    options = unit["mark"] if isinstance(unit["mark"], dict) else {}
    if not str(options.get("interpolate", "linear")).startswith(("linear", "step")):
        return None
    encoding = node.get("encoding", {}) | unit.get("encoding", {})
    scale = encoding.get("x", {}).get("scale") or {}
    if any(option.startswith("domain") for option in scale):
        return None
    kind = scale.get("type", "linear")
    return "linear" if kind in {"linear", "time", "utc"} else "log" if kind == "log" else None


def repeated_axes(node: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the columns on x and on y of a facet or a repetition of lines that may be thinned together, or None.

    All copies get the rows that any of them needs: a row more changes no pixel.
    """
    spec, encoding = node["spec"], node["spec"].get("encoding", {})
    if (
        "mark" not in spec
        or node.get("transform")
        or node.get("resolve", {}).get("scale", {}).get("x") == "independent"
    ):
        return None
    if "facet" in node:
        copies = [{"facet": node["facet"]} if "field" in node["facet"] else node["facet"]]
    else:
        lists = node["repeat"] if isinstance(node["repeat"], dict) else {"repeat": node["repeat"]}
        y = encoding.get("y", {})
        repeated = y.get("field")
        if not isinstance(repeated, dict) or [repeated.get("repeat")] != list(cast("dict[str, Any]", lists)):
            return None
        copies = [{"y": y | {"field": name}} for names in cast("dict[str, Any]", lists).values() for name in names]
    axes = [thinnable_axes({**spec, "encoding": encoding | copy}) for copy in copies]
    known = [found for found in axes if found is not None]
    if len(known) < len(axes) or len({x for x, _ in known}) != 1:
        return None
    return known[0][0], *(y for _, y in known)


def thinned_query(
    columns: Sequence[Sent],
    x: str,
    *ys: str,
    zoomed: bool = False,
    is_log: bool = False,
    source: str = "relation",
) -> str:
    """Return the SQL over ``relation`` that keeps up to five rows of each series and pixel column.

    There are ``$__columns`` of these. The last column, `ALL_ROWS`, says how many rows there are in all.

    Args:
        columns: What travels.
        x: The column along the line.
        *ys: The other one; of repeated lines, there are several.
        zoomed: Whether the part from ``$__from`` to ``$__to``, and half as much on each side of it, has pixel columns
            of its own: the part as many as the whole.
        is_log: Whether pixels lie along x as on a logarithmic scale.
        source: What the columns are of, where that is not the relation itself.
    """
    sent = ", ".join(f"{column.expression} AS {quote_identifier(column.name)}" for column in columns)
    across, *ups = map(quote_identifier, (x, *ys))
    series = [quote_identifier(column.name) for column in columns if column.name not in {x, *ys}]
    row = "struct_pack(" + ", ".join(f"{name} := {name}" for name in map(quote_identifier, _names(columns))) + ")"
    numbers = [f"CASE WHEN NOT isnan(CAST({up} AS DOUBLE)) THEN {up} END" for up in ups]  # NaN is greater than all
    kept = ", ".join(f"{end}({row}, {axis})" for axis in (across, *numbers) for end in ("arg_min", "arg_max"))
    gap = ", ".join(f"arg_min({row}, {across}) FILTER (WHERE {number} IS NULL)" for number in numbers)

    def along(value: str) -> str:
        return f"CASE WHEN {value} <> 0 THEN ln(abs({value})) END" if is_log else value

    pixel = f"least($__columns - 1, floor($__columns * ({along(across)} - low) / nullif(high - low, 0)))"
    if zoomed:
        start, end = along("$__from"), along("$__to")
        place = f"({along(across)} - {start}) / ({end} - {start})"
        near = f"isfinite({across}) AND {place} >= -0.5 AND {place} < 1.5"
        pixel = f"CASE WHEN {near} THEN 2 * $__columns + floor($__columns * {place}) ELSE {pixel} END"
    return (
        f"WITH source AS (SELECT {sent} FROM {source}), "
        f"extent AS (SELECT min({along(across)}) FILTER (WHERE isfinite({across})) AS low,"
        f" max({along(across)}) FILTER (WHERE isfinite({across})) AS high, count(*) AS rows FROM source), "
        f"placed AS (SELECT source.*, {pixel} AS pixel FROM source, extent), "
        f"picked AS (SELECT DISTINCT unnest([{kept}, {gap}]) AS kept FROM placed"
        f" GROUP BY {', '.join([*series, 'placed.pixel'])}) "
        f"SELECT unnest(kept), (SELECT rows FROM extent) AS {ALL_ROWS} FROM picked WHERE kept IS NOT NULL ORDER BY ALL"
    )


def _names(columns: Sequence[Sent]) -> list[str]:
    return [column.name for column in columns]
