"""A specification that holds its rows: a chart that any reader of Vega-Lite draws, without this package or an engine.

Readings of a clock are written without a zone, so that they are the same reading wherever the file is opened; instants
in UTC. JSON has no number for NaN, which is null, as Vega leaves out both; what is infinite is a text that Vega reads
as a number, for an axis to the infinite has no marks.
"""

import json
import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, cast

import altair as alt
import pyarrow as pa

from dataapp.views.chart.dataset import Dataset
from dataapp.views.chart.plan import Plan, with_parsers
from dataapp.views.chart.wire import Kind, Sent

CONTAINER_WIDTH = 600  # pixels of a chart that fills the width of its place on a page: a file has none
_PARSERS = {Kind.NUMBER: "number", Kind.FLAG: "boolean", Kind.WALL: "date", Kind.INSTANT: "date"}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a reading of a clock


def filled_spec(plan: Plan, tables: Sequence[pa.Table], *, width: object = None) -> dict[str, Any]:
    """Return the specification with its rows inside.

    Args:
        plan: The chart.
        tables: The rows of each of its datasets, as they travel.
        width: What the author said of the width, or None: the chart is then as wide as Vega-Lite makes it.
    """
    spec = deepcopy(dict(plan.spec))
    if spec.get("width") == "container":
        spec.pop("width")
        if width == "container":
            spec["width"] = CONTAINER_WIDTH
    filled = with_parsers(spec, {dataset.name: dataset for dataset in plan.datasets}, _parsers)
    rows = {
        dataset.name: table_to_rows(table, dataset.columns)
        for dataset, table in zip(plan.datasets, tables, strict=True)
    }
    return filled | {"datasets": filled.get("datasets", {}) | rows}


def stated_width(chart: Any) -> object:
    """Return what the author of a chart said of its width, or None: its plan has one also where nothing was said."""
    width = chart._kwds.get("width", alt.Undefined)
    return None if width is alt.Undefined else width


def table_to_rows(table: pa.Table, columns: Sequence[Sent]) -> list[dict[str, Any]]:
    """Return rows that travel as values of JSON."""
    converted = [[_plain(value, sent.kind) for value in table.column(sent.name).to_pylist()] for sent in columns]
    names = [sent.name for sent in columns]
    if not names:
        return [{} for _ in range(table.num_rows)]
    return [dict(zip(names, row, strict=True)) for row in zip(*converted, strict=True)]


def spec_to_json(spec: Mapping[str, Any], *, indent: int | None = None) -> str:
    r"""Return a specification as JSON that can also stand in a script of a page.

    Example:
        >>> print(spec_to_json({"title": "</script>"}))
        {"title": "\u003c/script>"}
    """
    return json.dumps(spec, allow_nan=False, ensure_ascii=False, indent=indent).replace("<", r"\u003c")


def _plain(value: Any, kind: Kind) -> object:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and math.isinf(value):
        return ("Infinity" if value > 0 else "-Infinity") if kind is Kind.NUMBER else None
    match kind:
        case Kind.WALL:
            return _reading(value)
        case Kind.INSTANT:
            return None if (reading := _reading(value)) is None else f"{reading}Z"
        case Kind.NESTED:
            return json.loads(cast("str", value))
        case Kind.NUMBER:
            return int(value) if value == int(value) and abs(value) < 2**53 else value
        case _:
            return value


def _reading(milliseconds: float) -> str | None:
    try:
        return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")
    except OverflowError:  # a year that has not four digits
        return None


def _parsers(dataset: Dataset) -> dict[str, str | None]:
    """Return what each column is written as; texts that transforms made stay texts, as on a page."""
    parsers: dict[str, str | None] = {
        column.name: _PARSERS[column.kind] for column in dataset.columns if column.kind in _PARSERS
    }
    texts = (column.name for column in dataset.columns if column.kind is Kind.TEXT and column.name in dataset.derived)
    return parsers | dict.fromkeys(texts)
