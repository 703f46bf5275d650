"""Which cells are relations: read as a query where that is enough, and as rows only where rows are needed."""

from dataapp.cells.cell import Cell
from dataapp.cells.python import PythonCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell


def is_query(cell: Cell) -> bool:
    """Whether a cell is a query that is made of the queries it reads: SQL, or an expression of Ibis.

    Example:
        >>> import dataapp as da
        >>> is_query(da.sql("SELECT 1 AS n")), is_query(da.cell(lambda: 1))
        (True, False)
    """
    return isinstance(cell, SqlCell) or (isinstance(cell, PythonCell) and cell.stays_lazy)


def is_relation(cell: Cell) -> bool:
    """Whether a cell is a table that the engine reads: a query, or a source."""
    return is_query(cell) or isinstance(cell, SourceCell)
