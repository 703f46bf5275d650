"""What works but is suspicious: cells that nobody uses, imports that only texts read, inputs without a name."""

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from dataapp.cells.adapters import as_cell
from dataapp.cells.cell import Cell
from dataapp.cells.explore import BEHIND, ExploreCell
from dataapp.cells.input import InputCell
from dataapp.cells.python import PythonCell
from dataapp.cells.sql import SqlCell
from dataapp.cli.check.findings import INPUT_WITHOUT_NAME, READ_BY_TEXT_ONLY, UNUSED_CELL, Finding
from dataapp.cli.check.places import Places
from dataapp.cli.check.serving import Loaded
from dataapp.compile.identifiers import fold
from dataapp.runtime.binding import Binding, Broken


class _Names:
    """How an app's own statements use names.

    Args:
        tree: The module's syntax tree.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree

    @cached_property
    def loaded(self) -> set[str]:
        """Names that any expression reads."""
        return set(_loads(self._tree))

    @cached_property
    def loaded_later(self) -> set[str]:
        """Names that functions read: in callbacks, which loading does not run."""
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        return {name for node in ast.walk(self._tree) if isinstance(node, functions) for name in _loads(node)}

    @cached_property
    def imported(self) -> dict[str, ast.alias]:
        """Names that the module's imports bind."""
        imports = [node for node in ast.walk(self._tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        return {alias.asname or alias.name: alias for node in imports for alias in node.names}


def usage_findings(loaded: Loaded, binding: Binding, places: Places) -> Iterator[Finding]:
    """Find what is suspicious; of a file that failed to load, only what does not depend on the rest of it."""
    source = places.app
    if source is None:
        return
    names = _Names(source.tree)
    if loaded.failure is None:
        yield from _unused(loaded, binding, names, places)
        yield from _read_by_text_only(loaded, binding, names, places)
    yield from _without_name(binding, places)


def _unused(loaded: Loaded, binding: Binding, names: _Names, places: Places) -> Iterator[Finding]:
    charted = [cell for drawn in loaded.charts for cell in drawn.cells]
    shown = [*loaded.shown, *charted]
    if not loaded.shown:
        return  # a module of cells for other modules: whoever imports it uses them
    called = [cell for name, cell in _own(loaded).items() if name in _called(cell, names)]
    broken = [cell for cell, state in binding.states.items() if isinstance(state, Broken)]  # use is told when they work
    used = _reached([*shown, *called, *broken, *_mentioned(loaded, binding)], binding)
    read = {above for cell in _own(loaded).values() for above in binding.reads(cell)}
    for cell in dict.fromkeys(_own(loaded).values()):
        if cell not in used:
            why = (
                "only cells that are not used themselves read it"
                if cell in read
                else "nothing reads, shows or charts it"
            )
            message = f"Cell `{cell.label}` is not used: {why}."
            hint = "show it in the page, read it in another cell, or remove it"
            yield Finding("warning", UNUSED_CELL, cell.label, places.of_cell(cell), message, hint)


def _own(loaded: Loaded) -> dict[str, Cell]:
    return {
        name: thing
        for name, thing in loaded.names.items()
        if isinstance(thing, Cell) and thing.namespace.names is loaded.names
    }


def _mentioned(loaded: Loaded, binding: Binding) -> list[Cell]:
    """Return the cells whose names stand in texts that cannot be read: they may well be what those texts mean."""
    broken = [cell for cell, state in binding.states.items() if isinstance(state, Broken) and isinstance(cell, SqlCell)]
    texts = [cell.query for cell in broken if not binding.names(cell)]
    words = {fold(word) for text in texts for word in re.findall(r"\w+", text)}
    return [cell for name, cell in _own(loaded).items() if fold(name) in words]


def _called(cell: Cell, names: _Names) -> set[str]:
    """Return the names whose mention means use: a Python cell may be called as a function anywhere."""
    return names.loaded if isinstance(cell, PythonCell) else names.loaded_later


def _reached(roots: list[Cell], binding: Binding) -> set[Cell]:
    found: set[Cell] = set()
    while roots:
        cell = roots.pop()
        if cell not in found:
            found.add(cell)
            roots += binding.reads(cell)
            if isinstance(cell, ExploreCell):
                roots.append(cell.of)
    return found


def _read_by_text_only(loaded: Loaded, binding: Binding, names: _Names, places: Places) -> Iterator[Finding]:
    readers = {folded: cell for cell in binding.states for folded in _looked_up(cell, loaded, binding)}
    for name, alias in names.imported.items():
        reader = readers.get(fold(name))
        if reader is None or name in names.loaded or name not in loaded.names or places.app is None:
            continue
        if as_cell(loaded.names[name], name, reader.namespace) is None:
            continue
        how = f"da.sql(..., {name}={name})" if isinstance(reader, SqlCell) else f"@da.cell({name}={name})"
        what = "the text" if isinstance(reader, SqlCell) else "a parameter"
        message = (
            f"The imported `{name}` is read only by {what} of `{reader.label}`, so linters call the import unused."
        )
        place = places.app.place(alias)
        yield Finding("warning", READ_BY_TEXT_ONLY, reader.label, place, message, f"pass it: {how}")


def _looked_up(cell: Cell, loaded: Loaded, binding: Binding) -> set[str]:
    """Return the names that a cell of the module finds among the module's globals, in lower case."""
    if cell.namespace.names is not loaded.names or not isinstance(cell, SqlCell | PythonCell):
        return set()
    bound = {fold(name) for name in cell.namespace.bindings}
    return {fold(name) for name in binding.names(cell)} - bound


def _without_name(binding: Binding, places: Places) -> Iterator[Finding]:
    for cell in binding.states:
        if isinstance(cell, InputCell) and not isinstance(cell, BEHIND) and not cell.is_named:
            message = f"The input at {cell.label} has no name, so the URL cannot mirror it."
            hint = "bind it to a variable of the module"
            yield Finding("warning", INPUT_WITHOUT_NAME, cell.label, places.of_cell(cell), message, hint)


def _loads(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
