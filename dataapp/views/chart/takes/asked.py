"""Files that a page asks for: the specification with data as the chart stands on screen, or the rows that it draws."""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

import pyarrow as pa

from dataapp.engines.relation import Column, Relation
from dataapp.views.chart.plan import Plan
from dataapp.views.chart.schema import CellData
from dataapp.views.chart.takes.rows import distinct_datasets, fetch_rows, rows_to_file
from dataapp.views.chart.takes.specs import filled_spec, spec_to_json, stated_width
from dataapp.views.jobs import Cancel
from dataapp.views.table.takes.downloads import file_name

type AskedKind = Literal["json", "csv", "parquet"]


def chart_name(source: object) -> str:
    """Return what the files of a chart over a cell are called, without an ending.

    Example:
        >>> chart_name("daily/bars")
        'daily bars'
    """
    return file_name(str(getattr(source, "label", source)), "csv").removesuffix(".csv")


def part_columns(plan: Plan) -> list[list[str]]:
    """Return the columns of each set of rows that a chart draws."""
    return [[column.name.removeprefix("__") for column in dataset.file_columns] for dataset in distinct_datasets(plan)]


def spec_file(chart: object, plan: Plan, payloads: Sequence[bytes]) -> bytes:
    """Return the specification of a chart with the rows that travelled."""
    tables = [cast("pa.Table", pa.ipc.open_stream(payload).read_all()) for payload in payloads]
    return spec_to_json(filled_spec(plan, tables, width=stated_width(chart))).encode()


def rows_file(
    plan: Plan,
    columns: Mapping[CellData, tuple[Column, ...]],
    relations: Mapping[CellData, Relation],
    kind: Literal["csv", "parquet"],
    part: int,
    cancel: Cancel,
) -> bytes:
    """Return one set of rows that the chart draws. For a job.

    Raises:
        ChartError: There are too many.
    """
    dataset = distinct_datasets(plan)[part]
    with relations[dataset.data].open() as reader:
        cancel.on_cancel(reader.cancel)
        return rows_to_file(fetch_rows(dataset, columns[dataset.data], reader.fetch), kind)
