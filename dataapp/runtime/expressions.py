"""Module-level expressions of Ibis that are built on cells: each is a SQL cell whose text Ibis wrote."""

from dataapp.cells import adapters
from dataapp.cells.cell import Cell
from dataapp.cells.expression import ExpressionCell
from dataapp.cells.namespace import Namespace
from dataapp.errors import DataAppError


def expression_to_cell(thing: object, namespace: Namespace, name: str) -> Cell | None:
    """Return the cell that an expression of Ibis over tables of cells is, or None for everything else."""
    if not type(thing).__module__.startswith("ibis.expr.types."):
        return None
    from dataapp.engines.ibis import is_over_cells, translate  # here: it imports Ibis, which takes 0.3 s

    if not is_over_cells(thing):
        return None
    name = namespace.name_of(thing) or name  # whoever asks first, such as a chart, may know it by no name
    try:
        made = translate(thing, name)
    except DataAppError as error:
        return ExpressionCell(thing, "", namespace, reads={}, name=name, fault=error)
    return ExpressionCell(thing, made.sql, namespace, reads={**made.tables, **made.frames}, name=name)


def install() -> None:
    """Let expressions be read as cells."""
    adapters.register(expression_to_cell)
