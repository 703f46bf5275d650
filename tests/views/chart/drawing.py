"""Draws a specification with Vega itself, so that two ways of filling it can be compared."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import altair as alt
import vl_convert

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column, Relation
from dataapp.views.chart.dataset import Dataset
from dataapp.views.chart.plan import Plan
from dataapp.views.chart.schema import find_cell_data, named_data
from dataapp.views.chart.wire import Kind, Sent, column_to_sent

_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_OFF_TIES = 0.000314159  # numbers that differ in their last bit should not round to different sides of a tie
_ENGINE = DuckDB()
_NUMBERED = re.compile(r"(gradient_|clip)\d+")


def relation_of(query: str) -> Relation:
    return Relation(query, key=query, engine=_ENGINE)


def rows_of(relation: Relation, dataset: Dataset) -> list[dict[str, Any]]:
    """Return the rows that travel, as the browser decodes them: points in time as milliseconds."""
    with relation.open() as reader:
        table = dataset.fetch(reader.fetch)
    assert table.column_names == [column.name for column in dataset.columns]
    return _replace_wall(table.to_pylist(), dataset.columns, lambda wall: wall.timestamp() * 1000)


def all_rows(relation: Relation) -> list[dict[str, Any]]:
    """Return all rows as Vega would read them from JSON: points in time as texts without a zone."""
    sent = [column_to_sent(column) for column in relation.columns()]
    with relation.open() as reader:
        expressions = ", ".join(f'{column.expression} AS "{column.name}"' for column in sent)
        rows = reader.fetch(f"SELECT {expressions} FROM relation").to_pylist()
    return _replace_wall(rows, sent, lambda wall: wall.isoformat(timespec="milliseconds"))


def _replace_wall(
    rows: Sequence[dict[str, Any]], columns: Sequence[Sent], convert: Callable[[datetime], object]
) -> list[dict[str, Any]]:
    """Convert what is sent as the reading of a clock."""
    wall = {column.name for column in columns if column.kind is Kind.WALL}
    return [
        {name: convert(_reading(value)) if name in wall and value is not None else value for name, value in row.items()}
        for row in rows
    ]


def _reading(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)


def draw(spec: Mapping[str, Any], datasets: Mapping[str, list[dict[str, Any]]]) -> str:
    """Return the elements of the SVG: sorted, because groups come in any order, and with rounded numbers, because sums
    depend on the order of their terms."""
    whole = {**spec, "datasets": {**spec.get("datasets", {}), **datasets}}
    if whole.get("width") == "container":
        whole = {name: value for name, value in whole.items() if name not in {"width", "autosize"}}
    svg = vl_convert.vegalite_to_svg(json.dumps(whole, allow_nan=False), vl_version="6.4")
    rounded = _NUMBER.sub(_rounded, _NUMBERED.sub(r"\1", svg))
    return "\n".join(sorted(rounded.replace("><", ">\n<").split("\n")))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]) + _OFF_TIES:.3f}".rstrip("0").rstrip(".")


def draw_planned(plan: Plan, relation: Relation) -> str:
    return draw(plan.spec, {dataset.name: rows_of(relation, dataset) for dataset in plan.datasets})


def plainly(chart: alt.TopLevelMixin, relation: Relation) -> str:
    """Draw a chart from all rows, as if the engine could not aggregate."""
    (data,) = find_cell_data(chart)
    with named_data({data: relation.columns()}):
        spec = chart.to_dict()
    return draw(spec, {data.name: all_rows(relation)})


def columns_of(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name, type_) for name, type_ in types.items())
