"""The first rows of tables, and plain values, for people."""

import pyarrow as pa
from rich.console import Console
from rich.pretty import Pretty
from rich.table import Table
from rich.text import Text

from dataapp.cells.cell import Cell
from dataapp.cli.run.evaluation import first_rows, is_table

MOST_ROWS = 10
_MOST_COLUMNS = 12
_LONGEST = 60  # characters of one value


def print_preview(result: object, cell: Cell, console: Console) -> None:
    """Print the first rows of a table, or a value."""
    if not is_table(result):
        console.print(Text(cell.label, style="bold"))
        console.print(Pretty(result, max_length=20, max_string=400))
        return
    rows = first_rows(result, cell, MOST_ROWS + 1)
    console.print(_table(rows, cell.label))


def _table(rows: pa.Table, label: str) -> Table:
    more = rows.num_rows > MOST_ROWS
    hidden = rows.num_columns - _MOST_COLUMNS
    notes = [f"the first {MOST_ROWS} rows" if more else f"{rows.num_rows} row{'' if rows.num_rows == 1 else 's'}"]
    notes += [f"{hidden} more columns"] if hidden > 0 else []
    title = Text.assemble((label, "bold"), (f"  {', '.join(notes)}", "dim"))
    table = Table(title=title, title_justify="left", title_style="", box=None, pad_edge=False, header_style="bold")
    shown = rows.slice(0, MOST_ROWS).select(list(range(min(rows.num_columns, _MOST_COLUMNS))))
    for column in shown.schema:
        is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        is_number = is_number or pa.types.is_decimal(column.type)
        table.add_column(Text(column.name), justify="right" if is_number else "left", no_wrap=True)
    for row in zip(*(column.to_pylist() for column in shown.columns), strict=True):
        table.add_row(*map(_cell, row))
    return table


def _cell(value: object) -> Text:
    if value is None:
        return Text("NULL", style="dim")
    text = " ".join((f"{value:.6g}" if isinstance(value, float) else str(value)).split())
    return Text(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
