"""The data of a chart over a cell: an object that Altair takes for a frame, and that asks the engine for nothing.

Altair looks at a chart's data in two moments. While a chart is built it only asks whether the object is a frame; the
answer needs no columns. In ``to_dict`` it asks for the types of columns whose encodings state none, and for the rows.
`CellData` answers the first with the cell's columns, and the second with the rows (Altair's own renderers, ``save``)
or, inside `named_data`, with a mere name (the pane, which sends the rows by itself).

Invariant: two `CellData` are equal only if they are the same object, and their names differ, so that cells with equal
columns never share a dataset. Copies of a chart, deep ones too, keep the object itself.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from itertools import count
from typing import Any, Self, cast

import altair as alt
import narwhals.stable.v1 as nw
import pyarrow as pa

from dataapp.engines.relation import Column
from dataapp.views.chart.selection import Selection
from dataapp.views.chart.wire import empty_table

_NAMES = count(1)
_TRANSFORMER = "dataapp-names"
_REGISTRY_LOCK = threading.Lock()  # Altair's registry of data transformers is global
_KNOWN: ContextVar[Mapping["CellData", tuple[Column, ...]] | None] = ContextVar("known_columns", default=None)


class CellData:
    """The data of a chart: a cell, seen as a lazy frame.

    Attributes:
        source: What the data was made from; nothing here looks into it.
        name: The name of its dataset in a specification, unique in the process.
        selections: What is selected in charts of this data; panes add it to the first view that holds the data.
        like: The data whose selections these are: its own, or those of the data that this one stands in for.
    """

    def __init__(
        self,
        source: object,
        columns: Callable[[], tuple[Column, ...]],
        frame: Callable[[], pa.Table] | None = None,
    ) -> None:
        self.source = source
        self.name = f"cell_{next(_NAMES)}"
        self.selections: list[Selection] = []
        self.like = self
        self._columns = columns
        self._frame = frame

    def columns(self) -> tuple[Column, ...]:
        """Return the columns, as `named_data` knows them, else as the cell says."""
        known = _KNOWN.get()
        return known[self] if known is not None and self in known else self._columns()

    def key_of(self, selection: Selection) -> str:
        """Return what a selection of this data is known by in the process: charts may use a parameter's name twice."""
        return f"{self.like.name}.{selection.name}"

    def over(
        self,
        source: object,
        columns: Callable[[], tuple[Column, ...]],
        frame: Callable[[], pa.Table],
        keys: Collection[str],
    ) -> "CellData":
        """Return data of other rows with the same columns, which has some of the selections of this one.

        Args:
            source: What the data is made from.
            columns: Gives the columns.
            frame: Gives the rows.
            keys: By what the selections are known.
        """
        other = CellData(source, columns, frame)
        other.like = self.like
        other.selections = [selection for selection in self.selections if self.key_of(selection) in keys]
        return other

    def frame(self) -> pa.Table:
        """Return the rows, for renderers that know nothing of this package."""
        return empty_table(self.columns()) if self._frame is None else self._frame()

    def __narwhals_dataframe__(self) -> "_Frame":
        return _Frame(self)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __repr__(self) -> str:
        return f"<{self.name} of {self.source!r}>"


class _Frame:
    """What Narwhals holds for a `CellData`: types come from the columns, everything else from the rows."""

    def __init__(self, data: CellData) -> None:
        self.data = data
        self._version: Any = None

    def __narwhals_dataframe__(self) -> Self:
        return self

    def _with_version(self, version: Any) -> Self:
        self._version = version
        return self

    @property
    def native(self) -> object:
        """The rows; inside `named_data` the data itself, of which the transformer takes the name."""
        return self.data.frame() if _KNOWN.get() is None else self.data

    @property
    def _native_frame(self) -> object:  # what Narwhals' own `to_native` reads
        return self.native

    @property
    def schema(self) -> Any:
        return self._typed().schema

    def get_column(self, name: str) -> Any:
        return self._typed().get_column(name)

    def __len__(self) -> int:
        return self.data.frame().num_rows

    def __getattr__(self, name: str) -> Any:
        return getattr(_compliant(self.data.frame(), self._version), name)

    def _typed(self) -> Any:
        return _compliant(empty_table(self.data.columns()), self._version)


def _compliant(table: pa.Table, version: Any) -> Any:
    frame = cast("Any", nw.from_native(table, eager_only=True))
    return frame._compliant_frame._with_version(version)


def _transform(data: Any, **options: object) -> Any:
    """Name the data of cells; leave everything else to Altair's default."""
    if isinstance(data, CellData):
        return {"name": data.name}
    return alt.default_data_transformer(data, max_rows=cast("int", options.get("max_rows")))


# Altair validates a look-up as soon as it is made, rows included. A chart is validated when it is rendered, which is
# early enough for its look-ups; so they are marked like Altair's own charts.
alt.LookupData._class_is_valid_at_instantiation = False
alt.LookupTransform._class_is_valid_at_instantiation = False


@contextmanager
def named_data(columns: Mapping[CellData, tuple[Column, ...]]) -> Iterator[None]:
    """Let ``to_dict`` give each cell's data as a name instead of rows, with these columns for its types."""
    # Altair looks pandas up among the loaded modules, and fails when another thread is in the middle of loading it:
    # a session's first charts are. It takes 0.3 s once, so it is not loaded with this module.
    import_module("pandas")
    token = _KNOWN.set(columns)
    try:
        with _REGISTRY_LOCK:
            # Each time: `with alt.data_transformers.enable(...)` forgets at its end what was registered in it.
            alt.data_transformers.register(_TRANSFORMER, _transform)
            with alt.data_transformers.enable(_TRANSFORMER, max_rows=None):
                yield
    finally:
        _KNOWN.reset(token)


def chart(
    source: object, columns: Callable[[], tuple[Column, ...]], frame: Callable[[], pa.Table] | None = None
) -> alt.Chart:
    """Return an Altair chart over a cell; building on it asks nothing of the engine.

    Args:
        source: The cell, kept for whoever shows the chart.
        columns: Gives the cell's columns; called when the chart becomes a specification.
        frame: Gives the cell's rows, for Altair's own renderers.

    Example:
        >>> over = chart("bars", lambda: (Column("close", "DOUBLE"),)).mark_line().encode(y="close")
        >>> [data.source for data in find_cell_data(over)]
        ['bars']
    """
    return alt.Chart(cast("Any", CellData(source, columns, frame)))


def find_cell_data(tree: object) -> tuple[CellData, ...]:
    """Return the data of cells in a chart, in order, each once; layers, facets, repeats and look-ups included."""
    return tuple(dict.fromkeys(_walk(tree)))


def _walk(node: object) -> Iterator[CellData]:
    if isinstance(node, CellData):
        yield node
    elif isinstance(node, alt.SchemaBase):
        for value in [*node._args, *node._kwds.values()]:
            yield from _walk(value)
    elif isinstance(node, Mapping):
        for value in cast("Mapping[object, object]", node).values():
            yield from _walk(value)
    elif isinstance(node, list | tuple):
        for value in cast("list[object]", node):
            yield from _walk(value)
