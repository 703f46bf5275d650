"""What the commands that work on an app share: its cells by name, all that they read, and errors with their places."""

from collections.abc import Iterable, Iterator, Mapping

import click

from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.input import InputCell
from dataapp.cells.predicate import PredicateCell
from dataapp.cli.check.findings import Finding, error_to_finding
from dataapp.cli.check.places import Places
from dataapp.cli.check.serving import Loaded
from dataapp.errors import DataAppError, near
from dataapp.runtime.resolution import Resolver


def roots_of(loaded: Loaded) -> list[Cell]:
    """Return every cell that an app defines, shows or charts; an explorer stands for the cell that it shows."""
    charted = [cell for drawn in loaded.charts for cell in drawn.cells]
    return list(dict.fromkeys(map(seen, [*_own_cells(loaded.names), *loaded.shown, *charted])))


def seen(cell: Cell) -> Cell:
    """Return the cell that an explorer shows, or the cell itself."""
    return cell.of if isinstance(cell, ExploreCell) else cell


def cells_above(roots: Iterable[Cell], resolver: Resolver) -> list[Cell]:
    """Return cells and all that they read, what is read before who reads it, as far as names resolve.

    Cells that read each other in a circle are in it, each once.
    """
    found: dict[Cell, None] = {}
    entered: set[Cell] = set()
    for root in roots:
        stack = [(root, False)]
        while stack:
            cell, is_done = stack.pop()
            if is_done:
                found[cell] = None
            elif cell not in entered:
                entered.add(cell)
                stack.append((cell, True))
                stack += [(read, False) for read in reversed(resolver.partial(cell).cells)]
    return list(found)


def cells_by_name(loaded: Loaded, above: Iterable[Cell]) -> dict[str, Cell]:
    """Return the cells that people can name: globals of the app, and labels of what its cells read."""
    own = {name: seen(thing) for name, thing in loaded.names.items() if isinstance(thing, Cell)}
    return {cell.label: cell for cell in above if cell.is_named} | own


def find_cell(name: str, cells: Mapping[str, Cell], charts: Iterable[str], option: str) -> Cell:
    """Return the cell that a person names.

    Raises:
        click.BadParameter: There is none, or it is a chart.
    """
    if name in cells:
        return cells[name]
    if name in charts:
        raise click.BadParameter(f"`{name}` is a chart; name the cell that it is over.", param_hint=option)
    tables = [known for known, cell in cells.items() if not isinstance(cell, InputCell | PredicateCell)]
    hint = near(name, cells) or (f"it has {', '.join(f'`{known}`' for known in tables)}" if tables else "it has none")
    raise click.BadParameter(f"The app has no cell `{name}`; {hint}", param_hint=option)


def fault_to_finding(error: DataAppError, cell: Cell | None, above: Iterable[Cell], places: Places) -> Finding:
    """Return what to print of an error that evaluating a cell raised: it may belong to one that the cell reads."""
    guilty = next((one for one in above if one.label == error.cell), cell)
    if guilty is None:
        raise error
    place = places.of_cell(guilty, line=error.line, column=error.column)
    return error_to_finding(error, error.cell or guilty.label, place)


def _own_cells(names: Mapping[str, object]) -> Iterator[Cell]:
    for thing in list(names.values()):
        if isinstance(thing, Cell) and thing.namespace.names is names:
            yield thing
