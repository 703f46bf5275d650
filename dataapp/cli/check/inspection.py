"""What is wrong with an app that was loaded: every error of every cell, each once, then what is only suspicious."""

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from dataapp.app.sessions import engine
from dataapp.cells.cell import Cell
from dataapp.cells.explore import ExploreCell
from dataapp.cells.input import InputCell
from dataapp.cells.selection import SelectionCell
from dataapp.cli.check.findings import DOES_NOT_LOAD, Finding, error_to_finding
from dataapp.cli.check.places import Places
from dataapp.cli.check.serving import Drawn, Loaded
from dataapp.cli.check.source import Place
from dataapp.cli.check.usage import usage_findings
from dataapp.compile.identifiers import fold
from dataapp.engines.relation import Column
from dataapp.errors import ChartError, DataAppError, InputError, NameNotFoundError, near
from dataapp.inputs.choices import as_options
from dataapp.runtime.binding import Binding, Broken, Known, bind
from dataapp.runtime.resolution import no_shared_inputs
from dataapp.views.chart.plan import chart_to_plan
from dataapp.views.chart.schema import CellData, find_cell_data
from dataapp.views.table.formats import formats_by_column, layout_of


@dataclass(frozen=True, slots=True)
class Inspected:
    """One file, inspected.

    Attributes:
        file: The file.
        findings: What is wrong, in the order of the file.
        binding: What is known of its cells, and of all that they read.
        places: Where they are written.
    """

    file: Path
    findings: tuple[Finding, ...]
    binding: Binding
    places: Places


def inspect(loaded: Loaded) -> Inspected:
    """Find what is wrong with an app."""
    places = Places(loaded.file)
    charted = [cell for drawn in loaded.charts for cell in drawn.cells]
    roots = dict.fromkeys([*_own_cells(loaded), *loaded.shown, *charted])
    binding = bind(engine(), roots, check_shared=no_shared_inputs)
    findings = [] if loaded.failure is None else [failure_to_finding(loaded.failure, places)]
    findings += _cell_findings(binding, places, set() if loaded.failure is None else _missing_names(loaded, places))
    findings += _feed_findings(binding, places)
    findings += _explorer_findings(roots, binding, places)
    findings += [found for drawn in loaded.charts for found in _chart_findings(drawn, binding, places)]
    findings += usage_findings(loaded, binding, places)
    return Inspected(
        loaded.file, tuple(sorted(dict.fromkeys(findings), key=lambda found: found.order)), binding, places
    )


def _own_cells(loaded: Loaded) -> Iterator[Cell]:
    """Yield the cells that the module defines, those in its lists and dictionaries included."""
    for thing in list(loaded.names.values()):
        items = (
            list(thing.values()) if isinstance(thing, dict) else thing if isinstance(thing, list | tuple) else [thing]
        )
        for item in items:
            if isinstance(item, Cell) and item.namespace.names is loaded.names:
                yield item


# Loading.


def failure_to_finding(error: BaseException, places: Places) -> Finding:
    """Return what is wrong with a file that cannot be loaded."""
    if isinstance(error, SyntaxError) and error.filename == str(places.file):
        place = Place(places.file, error.lineno, error.offset)
        return Finding("error", DOES_NOT_LOAD, None, place, f"The file is not Python: {error.msg}.")
    place = _raised_at(error, places.file)
    if isinstance(error, DataAppError):
        return error_to_finding(error, error.cell, place)
    if isinstance(error, SystemExit):
        message = f"The file ends the process while it is loaded: SystemExit({error.code!r})."
        hint = "put what is only for the command line under `if __name__ == '__main__':`"
        return Finding("error", DOES_NOT_LOAD, None, place, message, hint)
    message = f"The file raises {type(error).__name__} while it is loaded: {error}"
    return Finding("error", DOES_NOT_LOAD, None, place, message)


def _raised_at(error: BaseException, file: Path) -> Place:
    """Return the innermost place of the file, or else of a module beside it, that an exception came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == str(file)]
    beside = [frame for frame in frames if Path(frame.filename).is_relative_to(file.parent)]
    for frame in [*reversed(own), *reversed(beside)]:
        return Place(Path(frame.filename), frame.lineno, None if frame.colno is None else frame.colno + 1)
    return Place(file)


def _missing_names(loaded: Loaded, places: Places) -> set[str]:
    """Return the names that the module would have bound if it had not failed before."""
    bound = set() if places.app is None else places.app.bound_names()
    return {fold(name) for name in bound if name not in loaded.names}


# Cells.


def _cell_findings(binding: Binding, places: Places, missing: set[str]) -> Iterator[Finding]:
    told: set[int] = set()  # the members of a circle share one error
    for cell, state in binding.states.items():
        if not isinstance(state, Broken):
            continue
        for name, error in state.faults.items():
            is_premature = isinstance(error, NameNotFoundError) and fold(name) in missing
            if id(error) not in told and not is_premature:
                told.add(id(error))
                place = places.of_cell(cell, name=name, line=error.line, column=error.column)
                yield error_to_finding(error, cell.label, place)


def _feed_findings(binding: Binding, places: Places) -> Iterator[Finding]:
    """Find queries that give an input something of another shape than the input takes."""
    for cell in binding.states:
        for option, feed in cell.feeds.items() if isinstance(cell, InputCell) else ():
            state = binding.states.get(feed)
            if not isinstance(state, Known):
                continue
            try:
                _check_feed(option, state.columns, cell.label)
            except DataAppError as error:
                yield error_to_finding(error, cell.label, places.of_cell(cell, name=option))


def _check_feed(option: str, columns: tuple[Column, ...], label: str) -> None:
    if option == "options":
        as_options(pa.Table.from_arrays([pa.nulls(0)] * len(columns), names=[column.name for column in columns]), label)
    elif len(columns) != 1:
        raise InputError(
            f"`{option}` of `{label}` takes one value, but its cell has {len(columns)} columns.",
            hint="let it return one row with one column",
            cell=label,
        )


def _explorer_findings(roots: Iterable[Cell], binding: Binding, places: Places) -> Iterator[Finding]:
    """Find columns and formats that the table of an explorer does not take."""
    for cell in roots:
        state = binding.states.get(cell.of) if isinstance(cell, ExploreCell) else None
        if not isinstance(cell, ExploreCell) or not isinstance(state, Known):
            continue
        try:
            layout_of(cell.columns, state.columns)
            formats_by_column(cell.formats, state.columns)
        except DataAppError as error:
            yield error_to_finding(error, cell.label, places.of_cell(cell))


# Charts.


def _chart_findings(drawn: Drawn, binding: Binding, places: Places) -> Iterator[Finding]:
    columns: dict[CellData, tuple[Column, ...]] = {}
    for data in find_cell_data(drawn.chart):
        state = binding.states.get(_seen(data.source))
        if not isinstance(state, Known):
            return
        columns[data] = state.columns
    label = drawn.name or f"chart of {drawn.cells[0].label}"
    try:
        chart_to_plan(drawn.chart, columns)
    except ChartError as error:
        field = error.message.split("`")[1] if error.message.count("`") > 1 else ""
        hint = None if error.hint is None else error.hint.rstrip(".")
        message = _with_labels(error.message, drawn)
        yield Finding("error", error.code, label, places.of_field(drawn.name, drawn.cells[0], field), message, hint)
    yield from _pick_findings(columns, binding, places)


def _pick_findings(columns: dict[CellData, tuple[Column, ...]], binding: Binding, places: Places) -> Iterator[Finding]:
    """Find clicks that take a field which the chart's cell does not have."""
    selections = {cell.selects: cell for cell in binding.states if isinstance(cell, SelectionCell)}
    for data, known in columns.items():
        names = [column.name for column in known]
        for selection in data.selections:
            cell = selections.get(data.key_of(selection))
            for field in selection.fields if cell is not None and selection.kind == "point" else ():
                if cell is not None and field not in names:
                    message = f"`{cell.label}` picks `{field}`, which the chart's cell does not have."
                    yield error_to_finding(
                        ChartError(message, hint=near(field, names)), cell.label, places.of_cell(cell)
                    )


def _seen(source: object) -> Cell:
    assert isinstance(source, Cell)
    return source.of if isinstance(source, ExploreCell) else source


def _with_labels(message: str, drawn: Drawn) -> str:
    """Return a message that names cells as people call them."""
    for cell in drawn.cells:
        message = message.replace(repr(cell), f"`{cell.label}`")
    return message
