"""What a plain Python object means when a cell names it.

Floors above register adapters for what they know: widgets, Parameters and reactive values become inputs. Frames become
sources and plain values constants. While any graph holds a cell made here, everyone who names the object means that cell.
"""

import datetime as dt
import weakref
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from dataapp.cells.cell import Cell
from dataapp.cells.input import ConstantCell, InputCell
from dataapp.cells.namespace import Namespace
from dataapp.cells.source import SourceCell

type Adapter = Callable[[object, Namespace, str], InputCell | None]

_PLAIN = (bool, int, float, str, bytes, Decimal, dt.date, dt.datetime, dt.time, dt.timedelta, UUID, list, tuple, type(None))

_adapters: list[Adapter] = []
# By identity of the object: the cell holds the object, so while the entry lives, the identity is not given to another.
_adapted: weakref.WeakValueDictionary[int, Cell] = weakref.WeakValueDictionary()


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
    if isinstance(thing, Cell):
        return thing
    if isinstance(thing, _PLAIN):
        return ConstantCell(thing, namespace, name=name)
    made = _adapted.get(id(thing))
    if made is None and (made := _adapt(thing, name, namespace)) is not None:
        _adapted[id(thing)] = made
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
    return origin.startswith(("polars.lazyframe", "pandas.", "ibis.expr.types.relations"))

