"""Frames as Arrow: converted once per frame, without copies where the library allows it.

``pa.table(polars_frame)`` goes through the PyCapsule interface and copies nothing but categoricals if the frame lies in
one piece; else its pieces are handed over one by one. ``polars_frame.to_arrow()`` and registering the frame itself copy
every string.
"""

import sys
import threading
import weakref
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from dataapp.connect.files import FileState
from dataapp.errors import SourceUnreadableError, WrongKindError

if TYPE_CHECKING:
    import polars as pl

_converted: dict[int, tuple[weakref.ref[object], pa.Table]] = {}
_handed_out: "dict[int, tuple[weakref.ref[object], pl.DataFrame]]" = {}
_MOST_HANDED_OUT = 2**20  # bytes of Arrow rows whose Polars frame is kept: some types are copied
_reading = threading.Lock()
_REFUSED = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError)  # by Arrow, of pandas
_read: weakref.WeakValueDictionary[FileState, pa.Table] = weakref.WeakValueDictionary()


def to_arrow(frame: object, cell: str | None = None) -> pa.Table:
    """Return a frame as an Arrow table.

    Args:
        frame: Polars, Arrow, pandas, Ibis, or anything with the Arrow PyCapsule interface or that narwhals reads.
        cell: The label of the cell that it comes from, for errors.

    Raises:
        WrongKindError: It is not a frame.
    """
    if isinstance(frame, pa.RecordBatchReader):
        with _reading:  # it can be read once: what others get of it meanwhile would be missing here
            return _to_arrow(frame, cell)
    return _to_arrow(frame, cell)


def _to_arrow(frame: object, cell: str | None) -> pa.Table:
    kept = _converted.get(id(frame))
    if kept is not None and kept[0]() is frame:
        return kept[1]
    table = _convert(frame, cell)
    # The others are no conversion, lazy, or can be changed in place.
    if type(frame).__module__.startswith("polars.") or isinstance(frame, pa.RecordBatchReader):
        _keep(_converted, frame, table)
    return table


def _convert(frame: object, cell: str | None) -> pa.Table:
    library = type(frame).__module__.partition(".")[0]
    thing = cast("Any", frame)
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, pa.RecordBatchReader):
        return frame.read_all()
    if library in {"polars", "narwhals"} and hasattr(frame, "collect"):
        return _convert(thing.collect(), cell)
    if library == "polars":
        return _polars_to_arrow(thing if hasattr(frame, "columns") else thing.to_frame())
    if library == "ibis":
        return thing.to_pyarrow()
    if library == "pandas":
        return _pandas_to_arrow(thing if hasattr(frame, "columns") else thing.to_frame(), cell)
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(thing)
    if hasattr(frame, "__narwhals_dataframe__"):
        return _convert(thing.__narwhals_dataframe__().to_arrow(), cell)
    raise WrongKindError(
        f"A {type(frame).__name__} is not a table.", hint="give a Polars, Arrow, pandas or Ibis frame", cell=cell
    )


def _pandas_to_arrow(frame: Any, cell: str | None) -> pa.Table:
    """Return a pandas frame as Arrow; what Arrow has no type for becomes text, such as texts among numbers.

    Raises:
        WrongKindError: Several columns have one name.
    """
    frame = _with_index(frame)
    if twice := [name for name, count in Counter(map(str, frame.columns)).items() if count > 1]:
        raise WrongKindError(
            f"Several columns of a pandas frame are called `{twice[0]}`.", hint="give each a name of its own", cell=cell
        )
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except _REFUSED:
        texts = frame.copy(deep=False)
    for at in range(frame.shape[1]):
        column = frame.iloc[:, at]
        if not _is_taken(column):
            texts.isetitem(at, column.map(str, na_action="ignore"))
    return pa.Table.from_pandas(texts, preserve_index=False)


def _is_taken(column: Any) -> bool:
    try:
        pa.array(column, from_pandas=True)
    except _REFUSED:
        return False
    return True


def _with_index(frame: Any) -> Any:
    """Return a pandas frame with the levels of its index that have a name of their own as its first columns."""
    names = [name for name in frame.index.names if name is not None and name not in frame.columns]
    return frame.reset_index(level=names) if names else frame


def _polars_to_arrow(frame: Any) -> pa.Table:
    """Return a Polars frame as Arrow; Polars itself copies one that lies in several pieces into a single one."""
    if all(pieces <= 1 for pieces in frame.n_chunks("all")):
        return pa.table(frame)
    columns: dict[str, Any] = {column.name: _column_to_arrow(column) for column in frame.get_columns()}
    return pa.table(columns)


def _column_to_arrow(column: Any) -> object:
    pieces: list[Any] = [pa.chunked_array(piece) for piece in column.get_chunks()]
    return pa.chunked_array([array for piece in pieces for array in piece.chunks])


def _is_strange(kind: pa.DataType) -> bool:
    fields: Any = kind
    inner: list[pa.DataType] = [fields.field(index).type for index in range(kind.num_fields)]
    return pa.types.is_interval(kind) or pa.types.is_union(kind) or any(map(_is_strange, inner))


def is_lazy(frame: object) -> bool:
    """Whether rows of a frame have to be computed before they can be read.

    Example:
        >>> import polars as pl
        >>> is_lazy(pl.LazyFrame()), is_lazy(pl.DataFrame())
        (True, False)
    """
    return hasattr(frame, "collect") or type(frame).__module__.startswith("ibis.")


def _keep[T](kept: dict[int, tuple[weakref.ref[object], T]], made_of: object, made: T) -> None:
    """Keep what a thing was converted to for as long as that lives, if it can tell."""
    key = id(made_of)
    try:
        reference = weakref.ref(made_of, lambda _: kept.pop(key, None))
    except TypeError:
        return
    kept[key] = (reference, made)


def panics() -> tuple[type[BaseException], ...]:
    """Return what Polars raises that is no `Exception`; nothing where Polars was never imported."""
    polars: Any = sys.modules.get("polars")
    return () if polars is None else (polars.exceptions.PanicException,)


def to_polars(table: pa.Table) -> "pl.DataFrame":
    """Return Arrow rows as a Polars frame; text and numbers are not copied, and stay in the pieces that they are in.

    Raises:
        WrongKindError: A column has a type that Polars does not have.
    """
    kept = _handed_out.get(id(table))
    if kept is not None and kept[0]() is table:
        return kept[1].clone()  # which copies nothing, and what its owner changes in it is not changed here
    # Polars panics at these when they are nested, which no `except Exception` catches.
    fields = cast("list[Any]", list(table.schema))
    if strange := [field for field in fields if _is_strange(field.type)]:
        raise WrongKindError(
            f"Column `{strange[0].name}` has type {strange[0].type}, which Polars does not have.",
            hint="cast it in SQL, such as epoch(x) or x::VARCHAR, or read the rows as pa.Table",
        )
    polars: Any = import_module("polars")  # here: it takes 0.1 s, and an app of tables and charts never needs it
    frame: pl.DataFrame = polars.from_arrow(table, rechunk=False)
    if table.nbytes <= _MOST_HANDED_OUT:
        _keep(_handed_out, table, frame)
        return frame.clone()
    return frame


def read_ipc(file: FileState, cell: str | None = None) -> pa.Table:
    """Return the rows of an Arrow IPC file or stream; sessions share one copy.

    They are read, not mapped: to read a mapping of a file that somebody cuts short ends the process.

    Raises:
        SourceUnreadableError: It is something else.
    """
    kept = _read.get(file)
    if kept is not None:
        return kept
    try:
        table = _read_ipc(file.path)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceUnreadableError(f"`{file.path}` is not an Arrow IPC file.", cell=cell) from error
    _read[file] = table
    return table


def _read_ipc(path: str) -> pa.Table:
    with pa.OSFile(path, "rb") as file:
        try:
            return pa.ipc.open_file(file).read_all()
        except pa.ArrowInvalid:
            file.seek(0)
            return pa.ipc.open_stream(file).read_all()
