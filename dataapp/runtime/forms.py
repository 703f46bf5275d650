"""In which form a Python cell gets a table: what its annotation says."""

import types
import typing
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from dataapp.cells.adapters import is_frame
from dataapp.connect.frames import to_arrow, to_polars
from dataapp.errors import SignatureError, WrongKindError

if TYPE_CHECKING:
    import polars as pl


def _to_series(table: pa.Table) -> "pl.Series":
    if table.num_columns != 1:
        found = f"A series is one column, but the table has {table.num_columns}."
        raise WrongKindError(found, hint="select one column")
    return to_polars(table).to_series()


def _to_pandas(table: pa.Table) -> object:
    return cast("Any", table).to_pandas()


def _to_ibis(table: pa.Table) -> object:
    ibis: Any = import_module("ibis")  # here: it takes 0.25 s, and who annotates with it has imported it
    return ibis.memtable(table)


def _to_narwhals(frame: Any) -> object:
    import narwhals as nw  # here: it takes 30 ms, and who annotates with it has imported it

    return nw.from_native(frame)


_FORMS: dict[str, Callable[[pa.Table], object]] = {
    "polars.DataFrame": to_polars,
    "polars.LazyFrame": lambda table: to_polars(table).lazy(),
    "polars.Series": _to_series,
    "pyarrow.Table": lambda table: table,
    "pyarrow.RecordBatchReader": lambda table: table.to_reader(),
    "pandas.DataFrame": _to_pandas,
    "ibis.Table": _to_ibis,
    "narwhals.DataFrame": lambda table: _to_narwhals(to_polars(table)),
    "narwhals.LazyFrame": lambda table: _to_narwhals(to_polars(table).lazy()),
}


def form_name(annotation: object) -> str | None:
    """Return the name of the table form that an annotation asks for, or None if it asks for none.

    Example:
        >>> import polars as pl
        >>> form_name(pl.DataFrame), form_name(pa.Table | None), form_name(int)
        ('polars.DataFrame', 'pyarrow.Table', None)
    """
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        found = [name for item in typing.get_args(annotation) if (name := form_name(item)) is not None]
        return found[0] if found else None
    annotation = typing.get_origin(annotation) or annotation
    if not isinstance(annotation, type):
        return None
    name = f"{annotation.__module__.partition('.')[0]}.{annotation.__name__}"
    return name if name in _FORMS or name.rpartition(".")[0] in _UNKNOWN_LIBRARIES else None


_UNKNOWN_LIBRARIES: Mapping[str, str] = {"dask": "dask", "pyspark": "pyspark", "modin": "modin"}


def table_to_form(table: pa.Table, annotation: object, parameter: str, cell: str) -> object:
    """Return an Arrow table in the form that an annotation asks for; Polars without one.

    Raises:
        SignatureError: Tables do not come in that form.
    """
    name = form_name(annotation)
    if name is None and annotation not in (None, Any, object):
        raise SignatureError(
            f"Parameter `{parameter}` of `{cell}` reads a table, but is annotated {_shown(annotation)}.",
            hint="annotate it pl.DataFrame, pl.LazyFrame, pa.Table, pandas.DataFrame or ibis.Table",
            cell=cell,
        )
    convert = _FORMS.get(name or "polars.DataFrame")
    if convert is None:
        raise SignatureError(
            f"Parameter `{parameter}` of `{cell}` asks for {name}, which tables do not come as.",
            hint="annotate it pl.DataFrame, pl.LazyFrame, pa.Table, pandas.DataFrame or ibis.Table",
            cell=cell,
        )
    return convert(table)


def is_streamed(annotation: object) -> bool:
    """Whether a table arrives in batches.

    Example:
        >>> is_streamed(pa.RecordBatchReader), is_streamed(pa.Table)
        (True, False)
    """
    return form_name(annotation) == "pyarrow.RecordBatchReader"


def value_to_form(value: object, annotation: object, parameter: str, cell: str) -> object:
    """Return a value in the form that an annotation asks for: frames are converted, all else is passed as it is."""
    name = form_name(annotation)
    if name is None or not is_frame(value):
        return value
    own = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    return value if own == name else table_to_form(to_arrow(value, cell), annotation, parameter, cell)


def _shown(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
