"""Findings for people, in the manner of linters, and for programs, as one JSON object."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

import dataapp
from dataapp.cells.cell import Cell
from dataapp.cells.explore import BEHIND, ExploreCell, FilteredCell, SelectedCell, ValueAtCell
from dataapp.cells.input import ConstantCell, InputCell
from dataapp.cells.policy import PolicyCell
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.python import PythonCell
from dataapp.cells.selection import SelectionCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.cli.check.findings import Finding
from dataapp.cli.check.inspection import Inspected
from dataapp.cli.check.source import Place
from dataapp.runtime.binding import Broken, Held, Known, Opaque, Plain, State

_UNCOUNTED = (ConstantCell, *BEHIND)
FORMAT_VERSION = 1  # of the JSON object; it grows when a field changes its meaning or goes away

_KINDS: tuple[tuple[type[Cell], str], ...] = (
    (SelectionCell, "selection"),
    (InputCell, "input"),
    (PredicateCell, "predicate"),
    (PolicyCell, "source"),
    (FilteredCell, "selection"),
    (SelectedCell, "selection"),
    (ValueAtCell, "selection"),
    (SqlCell, "sql"),
    (SourceCell, "source"),
    (PythonCell, "python"),
    (ExploreCell, "explorer"),
)


def print_report(inspected: Sequence[Inspected], console: Console) -> None:
    """Print findings by file, and a line that sums up."""
    findings = all_findings(inspected)
    for index, found in enumerate(findings):
        if index and found.place.file != findings[index - 1].place.file:
            console.print()
        print_finding(found, console)
    if findings:
        console.print()
    console.print(_summary(inspected, findings), soft_wrap=True)


def print_finding(found: Finding, console: Console) -> None:
    """Print one finding: a line that says where and what, and one with its hint."""
    console.print(_line(found), soft_wrap=True)
    if found.hint is not None:
        console.print(Text(f"    hint: {found.hint}", style="dim"), soft_wrap=True)


def all_findings(inspected: Sequence[Inspected]) -> list[Finding]:
    """Return the findings of all files, each once: cells of a module that several apps import are found by each."""
    return sorted({found for app in inspected for found in app.findings}, key=lambda found: found.order)


def report_to_json(inspected: Sequence[Inspected]) -> dict[str, Any]:
    """Return everything that was found, for programs.

    ``columns`` of a cell is null where it has none or only a run tells them; ``note`` says why.
    """
    findings = all_findings(inspected)
    return {
        "version": FORMAT_VERSION,
        "dataapp": dataapp.__version__,
        "files": [shown_path(app.file) for app in inspected],
        "findings": [_finding_to_json(found) for found in findings],
        "cells": [
            _cell_to_json(app, cell, state)
            for app in inspected
            for cell, state in app.binding.states.items()
            if not isinstance(cell, _UNCOUNTED)
        ],
        "errors": _count(findings, "error"),
        "warnings": _count(findings, "warning"),
    }


def shown_path(file: Path) -> str:
    """Return a file's path from the working directory, or its whole path if it lies elsewhere."""
    return file.relative_to(Path.cwd()).as_posix() if file.is_relative_to(Path.cwd()) else file.as_posix()


def _line(found: Finding) -> Text:
    line = Text()
    line.append(_shown_place(found.place), style="bold")
    line.append(" ")
    line.append(f"{found.code} {found.severity}", style="bold red" if found.severity == "error" else "bold yellow")
    line.append(f" {found.cell}:" if found.cell else ":", style="cyan")
    line.append(f" {' '.join(found.message.split())}")
    return line


def _shown_place(place: Place) -> str:
    return ":".join([shown_path(place.file), *(str(part) for part in (place.line, place.column) if part is not None)])


def _summary(inspected: Sequence[Inspected], findings: Sequence[Finding]) -> Text:
    cells = len({cell for app in inspected for cell in app.binding.states if not isinstance(cell, _UNCOUNTED)})
    looked = f"{_counted(cells, 'cell')} in {_counted(len(inspected), 'file')}"
    errors, warnings = _count(findings, "error"), _count(findings, "warning")
    if not findings:
        return Text(f"Nothing wrong with {looked}.", style="green")
    found = " and ".join(
        _counted(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number
    )
    return Text(f"Found {found}; checked {looked}.", style="red" if errors else "yellow")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _count(findings: Sequence[Finding], severity: str) -> int:
    return sum(found.severity == severity for found in findings)


def _finding_to_json(found: Finding) -> dict[str, Any]:
    return {
        "severity": found.severity,
        "code": found.code,
        "cell": found.cell,
        "file": shown_path(found.place.file),
        "line": found.place.line,
        "column": found.place.column,
        "message": found.message,
        "hint": found.hint,
    }


def _cell_to_json(app: Inspected, cell: Cell, state: State) -> dict[str, Any]:
    place = app.places.of_cell(cell)
    columns = (
        [{"name": column.name, "type": column.type} for column in state.columns] if isinstance(state, Known) else None
    )
    return {
        "label": cell.label,
        "kind": next(name for kind, name in _KINDS if isinstance(cell, kind)),
        "file": shown_path(place.file),
        "line": place.line,
        "reads": [read.label for read in app.binding.reads(cell)],
        "columns": columns,
        "state": _STATES[type(state)],
        "note": _note(state),
    }


_STATES: Mapping[type, str] = {
    Known: "known",
    Plain: "known",
    Opaque: "unknown",
    Broken: "broken",
    Held: "blocked",
}


def _note(state: State) -> str | None:
    match state:
        case Opaque(reason):
            return reason
        case Held(by):
            return f"`{by.label}` is broken"
        case _:
            return None
