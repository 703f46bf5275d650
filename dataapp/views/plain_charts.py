"""Altair charts that a Python cell returns: their frames are queried and replaced in place as those of `da.chart`."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import altair as alt
import pyarrow as pa

from dataapp.cells.adapters import is_frame
from dataapp.cells.cell import Cell
from dataapp.cells.namespace import Namespace
from dataapp.cells.source import SourceCell
from dataapp.connect.frames import to_arrow
from dataapp.engines.relation import Column
from dataapp.runtime.session import Session
from dataapp.runtime.tables import digest, frame_table
from dataapp.views.chart.pane import ChartView
from dataapp.views.chart.schema import CellData, named_data
from dataapp.views.chart.sight import Sight

_NOWHERE = Namespace("dataapp", None, 0, {}, {})
_VIEWS = ("layer", "hconcat", "vconcat", "concat")
_stamps = itertools.count()


class PlainChart:
    """A chart with frames inside, shown through queries over them."""

    def __init__(
        self, session: Session, cell: Cell, chart: alt.TopLevelMixin, take_error: Callable[[Exception | None], None]
    ) -> None:
        self._session = session
        self._take_error = take_error
        self._data: list[CellData] = []
        bare, frames = self._adopt(chart)
        self._shape = _shape(bare, self._data, frames)
        self._view = ChartView(bare, partial(session.submit, cell=cell, together=True))
        self._view.param.watch(self._status_changed, ["status", "error"])
        self._show(frames)

    @property
    def view(self) -> Any:
        """The chart."""
        return self._view.__panel__()

    @property
    def sight(self) -> Sight:
        """Whether anybody sees it."""
        return self._view.sight

    def take(self, chart: alt.TopLevelMixin) -> bool:
        """Show another chart in place if only its rows differ; else return False."""
        known = len(self._data)
        bare, frames = self._adopt(chart)
        if len(self._data) != known or len(frames) != known or _shape(bare, self._data, frames) != self._shape:
            return False
        self._show(frames)
        return True

    def close(self) -> None:
        """Stop all work."""
        self._view.close()

    def _adopt(self, chart: Any) -> tuple[Any, list[pa.Table]]:
        """Return the chart with its frames, in order, replaced by this chart's data objects, and the frames."""
        frames: list[pa.Table] = []

        def put(frame: object) -> CellData:
            frames.append(to_arrow(frame))
            if len(frames) > len(self._data):
                cell = SourceCell(None, _NOWHERE, options={}, name=f"data {len(frames)}")
                self._data.append(CellData(cell, tuple))
            return self._data[len(frames) - 1]

        return _replace_frames(chart, put), frames

    def _show(self, frames: list[pa.Table]) -> None:
        engine = self._session.engine
        relations = {
            data: frame_table(cast("Cell", data.source), frame, digest("chart", next(_stamps))).relation(engine)
            for data, frame in zip(self._data, frames, strict=True)
        }
        self._view.show(relations)

    def _status_changed(self, *events: Any) -> None:
        if self._view.status == "failed" and self._view.error is not None:
            self._take_error(self._view.error)
        elif self._view.status == "fresh":
            self._take_error(None)


def _replace_frames(node: Any, put: Callable[[object], CellData]) -> Any:
    changed = node.copy(deep=False)
    known = changed._kwds
    if is_frame(known.get("data")) and not isinstance(known["data"], CellData):
        known["data"] = put(known["data"])
    for key in _VIEWS:
        if isinstance(views := known.get(key), list):
            known[key] = [_replace_frames(view, put) for view in views]
    if isinstance(known.get("spec"), alt.SchemaBase):
        known["spec"] = _replace_frames(known["spec"], put)
    return changed


def _shape(chart: Any, data: Sequence[CellData], frames: Sequence[pa.Table]) -> dict[str, Any]:
    """Return the specification without rows."""
    columns = {
        item: tuple(Column(field.name, str(field.type)) for field in frame.schema)
        for item, frame in zip(data, frames, strict=False)
    }
    with named_data(columns):
        return cast("dict[str, Any]", chart.to_dict())
