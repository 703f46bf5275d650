"""What a chart's data cost: per dataset what ran in the engine, what runs in Vega and why, and what travels."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dataapp.runtime.explaining import bytes_to_text, count_to_text
from dataapp.views.chart.dataset import Dataset
from dataapp.views.chart.levels import BUCKET, FROM_ROOM
from dataapp.views.chart.plan import Plan, Work
from dataapp.views.chart.raster import ROWS


def plan_to_text(plan: Plan, payloads: Sequence[bytes]) -> str:
    """Return, for people, what a chart's data were.

    Args:
        plan: What travels.
        payloads: The rows of each dataset, as they travel.
    """
    rows = [_rows(payload) for payload in payloads]
    total = f"{count_to_text(sum(rows), 'row')}, {bytes_to_text(sum(map(len, payloads)))}"
    lines = [f"The chart has {count_to_text(len(payloads), 'dataset')}: {total} travel."]
    for dataset, payload, count in zip(plan.datasets, payloads, rows, strict=True):
        names = ", ".join(f"`{column.name}`" for column in dataset.columns)
        label: Any = getattr(dataset.data.source, "label", dataset.data.source)
        lines += ["", f"{dataset.name}, of `{label}`: {count_to_text(count, 'row')}, {bytes_to_text(len(payload))}"]
        lines.append(f"    {count_to_text(len(dataset.columns), 'column')}: {names}")
        if dataset.grid is not None:
            lines.append(
                f"    a raster of {count_to_text(_counted(payload), 'row')}: more than {dataset.grid.most_points:,}"
            )
        lines += _levels(payload)
        lines += _works(plan.works.get(dataset.name, ()))
        lines.append(f"    query: {_query(dataset)}")
    return "\n".join(lines)


def _levels(payload: bytes) -> Iterator[str]:
    """Yield a line for each level of detail, from the coarsest: a page shows one, by its width and its zoom."""
    with pa.ipc.open_stream(payload) as reader:
        table = reader.read_all()
    if not {BUCKET, FROM_ROOM} <= set(table.column_names):
        return
    found = table.select([BUCKET, FROM_ROOM]).unify_dictionaries().to_pylist()
    places = Counter((row[FROM_ROOM], row[BUCKET]) for row in found)
    for (room, bucket), number in sorted(places.items()):
        yield f"    each is {bucket}: {count_to_text(number, 'place')}, shown from {room:,.0f} pixels on"


def _works(works: Sequence[Work]) -> Iterator[str]:
    for work in dict.fromkeys(works):
        yield f"    {work.view}"
        yield f"        in the engine: {', '.join(work.in_engine) or 'the choice of columns'}"
        if work.in_vega:
            yield f"        in Vega: {', '.join(work.in_vega)}"
        for reason in work.reasons:
            yield f"            {reason}"


def _query(dataset: Dataset) -> str:
    return dataset.source.over(dataset.query)


def _counted(payload: bytes) -> int:
    """Return how many rows the cells of a raster stand for."""
    with pa.ipc.open_stream(payload) as reader:
        return int(pc.sum(reader.read_all().column(ROWS)).as_py() or 0)


def _rows(payload: bytes) -> int:
    with pa.ipc.open_stream(payload) as reader:
        return sum(batch.num_rows for batch in reader)
