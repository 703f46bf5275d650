"""``chart.save``: a chart over cells as a file, without a browser.

Altair's own ``save`` hands every row of a chart's data to Vega. For a chart over cells the method does what a page
does instead: the plan's queries run in the engine, and only what the marks need goes on. Charts over anything else are
Altair's. There is no other place for this: layers and concatenations are new objects, of classes of Altair.
"""

import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

import altair as alt
import pyarrow as pa
from altair.utils.html import spec_to_html

from dataapp.cells import host
from dataapp.cells.cell import Cell
from dataapp.engines.duckdb import Reader
from dataapp.engines.relation import Column
from dataapp.errors import ChartError, ChartNotSavedError
from dataapp.files import draft_of, place_of, take_over
from dataapp.views.chart.dataset import Dataset
from dataapp.views.chart.plans import Plans
from dataapp.views.chart.schema import CellData, find_cell_data
from dataapp.views.chart.takes.rows import ROWS_KINDS, distinct_datasets, fetch_rows, rows_to_file
from dataapp.views.chart.takes.specs import filled_spec, spec_to_json, stated_width

PICTURES = ("png", "svg", "pdf")
KINDS = ("json", "html", *PICTURES, *ROWS_KINDS)
_COLUMNS = 8_000  # pixels across up to which a line in a picture is as if it were not thinned
_altair_save = alt.TopLevelMixin.save


@wraps(_altair_save)
def _save(self: Any, fp: str | Path | IO[Any], format: str | None = None, **options: Any) -> None:  # noqa: A002
    data = find_cell_data(self)
    if data and all(isinstance(one.source, Cell) for one in data):
        save_chart(self, fp, format, **options)
    else:
        _altair_save(self, fp, cast("Any", format), **options)


def install() -> None:
    """Let charts over cells be saved by this module."""
    alt.TopLevelMixin.save = _save  # pyright: ignore[reportAttributeAccessIssue]


def save_chart(
    chart: alt.TopLevelMixin,
    fp: str | Path | IO[Any],
    format: str | None = None,  # noqa: A002  # Altair's name
    *,
    scale_factor: float = 1,
    **options: Any,
) -> None:
    """Write a chart over cells, with the rows of the moment.

    Args:
        chart: The chart.
        fp: The file, whose ending says the format; or an open one.
        format: ``json``, ``html``, ``png``, ``svg``, ``pdf``, or the rows that the chart draws as ``csv``, ``parquet``
            or ``arrow``.
        scale_factor: How many pixels of a picture stand for one of the chart.
        **options: For ``html``: ``inline=True`` puts the libraries into the file. For ``json``: ``json_kwds``.

    Raises:
        ChartNotSavedError: The format is not known or its library is missing, or the file cannot be written.
        ChartError: The chart draws more rows than a chart may have, or, for rows, from several sets of them.
        DataAppError: Whatever keeps a cell from having rows.
    """
    kind = _kind_of(fp, format)
    if kind in PICTURES:
        _converter()  # before any query runs
    file = None if not isinstance(fp, str | Path) else place_of(Path(fp), ChartNotSavedError)
    with ExitStack() as opened:
        drawn = _Drawn.open(chart, opened)
        rows, spec = (drawn.rows(kind), {}) if kind in ROWS_KINDS else (b"", drawn.spec())
    content = rows if kind in ROWS_KINDS else _to_content(spec, kind, scale_factor, options)  # nothing is held for it
    if file is not None:
        _write(file, content.encode() if isinstance(content, str) else content)
    else:
        cast("IO[Any]", fp).write(content)


class _Drawn:
    """A chart's plan and readers of its cells."""

    def __init__(self, chart: Any, readers: Mapping[CellData, Reader]) -> None:
        self._chart = chart
        self._readers = readers
        self._columns: dict[CellData, tuple[Column, ...]] = {data: one.describe() for data, one in readers.items()}
        self._plans = Plans(chart, self._columns)

    @classmethod
    def open(cls, chart: Any, opened: ExitStack) -> "_Drawn":
        data = find_cell_data(chart)
        cells = [cast("Cell", one.source) for one in data]
        work = opened.enter_context(host.current().working(cells))
        readers = {one: opened.enter_context(rows.open()) for one, rows in zip(data, work.relations, strict=True)}
        for reader in readers.values():
            work.cancel.on_cancel(reader.cancel)
        return cls(chart, readers)

    def spec(self) -> dict[str, Any]:
        plan, tables = self._plans.fill(self._fetch)
        return filled_spec(plan, tables, width=stated_width(self._chart))

    def _fetch(self, dataset: Dataset) -> pa.Table:
        return dataset.fetch(self._readers[dataset.data].fetch, _COLUMNS)

    def rows(self, kind: Any) -> bytes:
        datasets = distinct_datasets(self._plans.plan())
        if len(datasets) != 1:
            held = "; ".join(", ".join(column.name for column in dataset.columns) for dataset in datasets)
            raise ChartError(
                f"The chart draws from {len(datasets)} sets of rows ({held}), and a table is one.",
                hint="save a part of the chart, such as chart.layer[0] or chart.vconcat[0]",
            )
        (dataset,) = datasets
        return rows_to_file(fetch_rows(dataset, self._columns[dataset.data], self._readers[dataset.data].fetch), kind)


def _kind_of(fp: object, given: str | None) -> str:
    kind = given if given is not None else Path(fp).suffix[1:].lower() if isinstance(fp, str | Path) else None
    if kind in KINDS:
        return kind
    known = ", ".join(f"`.{one}`" for one in KINDS)
    if kind is None:
        raise ChartNotSavedError("An open file does not say its format.", hint='pass format="svg", for example')
    name = f"`{Path(fp).name}`" if given is None and isinstance(fp, str | Path) else f"format {given!r}"
    raise ChartNotSavedError(f"A chart cannot be saved as {name}.", hint=f"known endings are {known}")


def _converter() -> Any:
    try:
        return import_module("vl_convert")  # Vega in a V8 engine, which most apps do not need
    except ImportError as error:
        raise ChartNotSavedError(
            "Pictures of charts are drawn by vl-convert, which is not installed.",
            hint="pip install 'panel-dataapp[save]', or save as .json, .html, .csv or .parquet",
        ) from error


def _to_content(spec: Mapping[str, Any], kind: str, scale: float, options: Mapping[str, Any]) -> str | bytes:
    json_options = options.get("json_kwds") or {}
    match kind:
        case "json":
            return spec_to_json(spec, indent=json_options.get("indent"))
        case "html":
            return _to_html(spec, is_inline=bool(options.get("inline")))
        case _:
            return _to_picture(spec, kind, scale)


def _to_picture(spec: Mapping[str, Any], kind: str, scale: float) -> str | bytes:
    converter = _converter()
    text = spec_to_json(spec)
    closed: dict[str, Any] = {"allowed_base_urls": []}  # a chart loads nothing, here as on a page
    try:
        match kind:
            case "svg":
                return cast("str", converter.vegalite_to_svg(text, **closed))
            case "png":
                return cast("bytes", converter.vegalite_to_png(text, scale=scale, **closed))
            case _:
                return cast("bytes", converter.vegalite_to_pdf(text, **closed))
    except ValueError as error:
        raise ChartNotSavedError(f"Vega could not draw the chart: {str(error)[:500]}") from error


def _to_html(spec: Mapping[str, Any], *, is_inline: bool) -> str:
    place = uuid.uuid4().hex  # the rows go in afterwards: Altair's page would let a text of theirs end its script
    if is_inline:
        _converter()
    page = spec_to_html(
        {"$schema": spec["$schema"], "place": place},
        mode="vega-lite",
        vega_version=alt.VEGA_VERSION,
        vegaembed_version=alt.VEGAEMBED_VERSION,
        vegalite_version=alt.VEGALITE_VERSION,
        embed_options={"ast": True},
        template="inline" if is_inline else "standard",
    )
    before, held, after = page.partition(f'{{"$schema": "{spec["$schema"]}", "place": "{place}"}}')
    assert held, "Altair's page has the specification as JSON"
    return before + spec_to_json(spec) + after


def _write(path: Path, content: bytes) -> None:
    try:
        with draft_of(path, content) as draft:
            take_over(draft, path)
    except OSError as error:
        raise ChartNotSavedError(f"`{path}` cannot be written: {error.strerror or error}.") from error
