"""Where cells, and what is said about them, are written.

A cell knows the file and the line of the call that made it. The rest is read from the file's syntax tree: the call,
the literal that holds the query, the parameter or keyword that an error is about.
"""

import ast
import re
from pathlib import Path

from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell, FilterCell, FilteredCell, SelectedCell, ValueAtCell
from dataapp.cells.input import InputCell
from dataapp.cells.policy import PolicyCell
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.python import PythonCell
from dataapp.cells.selection import SelectionCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.cli.check.source import Place, Source

_MAKERS = {
    SqlCell: ("sql",),
    SourceCell: ("source",),
    PolicyCell: ("source", "table"),
    InputCell: ("input",),
    PredicateCell: ("match", "brush", "pick"),
    SelectionCell: ("brush", "pick"),
    **dict.fromkeys((ExploreCell, FilterCell, FilteredCell, SelectedCell), ("explore",)),
    ValueAtCell: ("value_at", "explore"),
}


class Places:
    """Finds places; files are read once.

    Args:
        file: The app's file, to which everything belongs that was not written in a file of its own.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._sources: dict[Path, Source | None] = {}

    @property
    def app(self) -> Source | None:
        """The app's file, or None if it cannot be read as Python."""
        return self.source(self.file)

    def source(self, file: Path) -> Source | None:
        """Return a file, or None if it cannot be read as Python."""
        if file not in self._sources:
            try:
                self._sources[file] = Source.read(file)
            except (OSError, SyntaxError, UnicodeDecodeError):
                self._sources[file] = None
        return self._sources[file]

    def of_cell(self, cell: Cell, *, name: str = "", line: int | None = None, column: int | None = None) -> Place:
        """Return where something about a cell is written.

        Args:
            cell: The cell.
            name: The parameter or option that it is about, if any.
            line: The line of the cell's own text, if any.
            column: The column in that line.
        """
        at = cell.namespace.line
        if cell.namespace.file is None or (source := self.source(cell.namespace.file)) is None:
            return Place(cell.namespace.file or self.file)
        if isinstance(cell, SqlCell) and line is not None:
            place = source.text_place(cell.text, at, line, column or 1)
            if place is not None:
                return place
        if isinstance(cell, PythonCell) and name and (place := source.parameter(cell.function, name)) is not None:
            return place
        call = source.call_at(at, _MAKERS.get(type(cell), ()))
        if call is None or isinstance(cell, PythonCell):
            return Place(source.path, at, 1)
        argument = next((keyword.value for keyword in call.keywords if name and keyword.arg == name), None)
        return source.place(argument or call)

    def of_field(self, chart: str | None, over: Cell, field: str) -> Place:
        """Return where a chart encodes a field.

        Args:
            chart: The variable that the chart is bound to, or None.
            over: The cell that it is over.
            field: The field.
        """
        if self.app is None:
            return Place(self.file)
        bound = None if chart is None else self.app.assignment(chart)
        statements = _chart_calls(self.app, over) if bound is None else [bound]
        named = re.compile(rf"(\w+\()?{re.escape(field)}\)?(:[A-Za-z]+)?")
        for node in [node for statement in statements for node in ast.walk(statement)]:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and named.fullmatch(node.value):
                return self.app.place(node)
        return self.app.place(statements[0]) if statements else Place(self.file)


def _chart_calls(source: Source, over: Cell) -> list[ast.stmt]:
    """Return the statements that start charts over a cell."""
    found: list[ast.stmt] = []
    for statement in source.tree.body:
        calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call) and node.args]
        charted = [call.args[0] for call in calls if ast.unparse(call.func).rpartition(".")[2] == "chart"]
        if any(isinstance(first, ast.Name) and first.id == over.label for first in charted):
            found.append(statement)
    return found
