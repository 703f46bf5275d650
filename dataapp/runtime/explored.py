"""What readers set and choose in explorers, as conditions, rows and values: each looks at the explored table.

A choice is one among the rows of one table. When these are others, nothing is chosen any more; that is told from the
table itself, so no reader ever sees rows of one state with those of another.
"""

import pyarrow as pa

from dataapp.cells.explore import FilterCell, ValueAtCell
from dataapp.cells.predicate import Condition
from dataapp.cells.view import Chosen
from dataapp.engines.duckdb import DuckDB
from dataapp.errors import ColumnNotFoundError, near
from dataapp.runtime.tables import Table

EVERY_ROW = Condition(("TRUE",), {})


def condition_of(cell: FilterCell, engine: DuckDB, view: object, table: Table) -> Condition:
    """Return the condition that an explorer's filters and search are.

    Raises:
        DataAppError: What the author wrote does not fit the columns.
    """
    kind = cell.explorer.view.meaning
    return EVERY_ROW if kind.is_unrestricted(view) else kind.condition(cell, view, _types(table, engine))


def selected_rows(engine: DuckDB, chosen: object, table: Table) -> pa.Table:
    """Return the rows that are selected in a table.

    Raises:
        DataAppError: Too many are.
    """
    if isinstance(chosen, Chosen) and chosen.of == table.digest:
        if isinstance(chosen.selected, Exception):
            raise chosen.selected.with_traceback(None)
        if isinstance(chosen.selected, pa.Table):
            return chosen.selected
    with table.relation(engine).open() as reader:
        return reader.fetch("FROM relation LIMIT 0")


def value_at(cell: ValueAtCell, engine: DuckDB, chosen: object, table: Table) -> object:
    """Return the value of a column in the current row of a table, or None.

    Raises:
        ColumnNotFoundError: The table has no such column.
    """
    columns = list(_types(table, engine))
    if cell.column not in columns:
        raise column_not_found(cell, columns)
    if not isinstance(chosen, Chosen) or chosen.of != table.digest or not isinstance(chosen.current, pa.Table):
        return None
    if chosen.current.num_rows == 0:  # beyond the last row, which nobody knew yet
        return None
    return chosen.current.column(cell.column)[0].as_py()


def column_not_found(cell: ValueAtCell, columns: list[str]) -> ColumnNotFoundError:
    """Return the error of a value of a column that the table does not have."""
    return ColumnNotFoundError(
        f"`{cell.label}` is a value of column `{cell.column}`, which `{cell.explorer.of.label}` does not have.",
        hint=near(cell.column, columns),
        cell=cell.label,
    )


def _types(table: Table, engine: DuckDB) -> dict[str, str]:
    return {column.name: column.type for column in table.relation(engine).columns()}
