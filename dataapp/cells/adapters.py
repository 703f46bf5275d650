"""What a plain Python object means when a cell names it.

Floors above register adapters for what they know: widgets, Parameters and reactive values become inputs, expressions
over cells become queries. Frames become sources and plain values constants. While any graph holds a cell made here,
whoever names the object means that cell.
"""

import datetime as dt
import threading
import weakref
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.input import ConstantCell
from dataapp.cells.namespace import MISSING, Namespace
from dataapp.cells.source import SourceCell

type Adapter = Callable[[object, Namespace, str], Cell | None]

_PLAIN = (bool, int, float, str, bytes, Decimal, dt.date, dt.time, dt.timedelta, UUID, type(None))
_COLLECTIONS = (list, tuple, set, frozenset, dict)

_adapters: list[Adapter] = []
# By identity of the object: the cell holds the object, so while the entry lives, the identity is not given to another.
_adapted: weakref.WeakValueDictionary[tuple[object, ...], Cell] = weakref.WeakValueDictionary()
_lock = threading.RLock()  # sessions on two threads must find one cell


def register(adapter: Adapter) -> None:
    """Add an adapter; each is asked in the order of registration."""
    _adapters.append(adapter)


def as_cell(thing: object, name: str, namespace: Namespace) -> Cell | None:
    """Return the node that an object stands for, or None if a cell cannot read it.

    Args:
        thing: What the name is bound to.
        name: The name, which becomes the label of a node made here.
        namespace: Where the reading cell was written.
    """
    if isinstance(thing, ExploreCell):
        return thing.of
    if isinstance(thing, Cell):
        return thing
    with _lock:
        if not is_plain(thing):
            return _shared((id(thing),), lambda: _adapt(thing, name, namespace))
        # Equal plain values are often one object to Python, so it is the name that tells one constant from another.
        scope = namespace.bindings if namespace.bindings.get(name, MISSING) is thing else namespace.names
        return _shared((id(scope), name, id(thing)), lambda: ConstantCell(thing, namespace, name=name))


def is_plain(thing: object) -> bool:
    """Whether an object is a value by itself, neither a table nor something that changes.

    Example:
        >>> is_plain(5), is_plain([1, 2]), is_plain(object())
        (True, True, False)
    """
    return isinstance(thing, _PLAIN + _COLLECTIONS) or (type(thing).__module__ == "numpy" and hasattr(thing, "dtype"))


def _shared(key: tuple[object, ...], make: Callable[[], Cell | None]) -> Cell | None:
    made = _adapted.get(key)
    if made is None and (made := make()) is not None:
        _adapted[key] = made
    return made


def _adapt(thing: object, name: str, namespace: Namespace) -> Cell | None:
    for adapter in _adapters:
        found = adapter(thing, namespace, name)
        if found is not None:
            return found
    return SourceCell(thing, namespace, options={}, name=name) if is_frame(thing) else None


def is_frame(thing: object) -> bool:
    """Whether an object is a table in memory, or a lazy one of a library that cells may read.

    Example:
        >>> import polars as pl
        >>> is_frame(pl.DataFrame({"a": [1]})), is_frame({"a": [1]})
        (True, False)
    """
    if isinstance(thing, type):
        return False
    if hasattr(thing, "__arrow_c_stream__") or hasattr(thing, "__narwhals_dataframe__"):
        return True
    origin = f"{type(thing).__module__}.{type(thing).__name__}"
    return origin.startswith(
        ("polars.lazyframe", "narwhals.dataframe", "pandas.DataFrame", "pandas.core.frame", "ibis.expr.types.relations")
    )
