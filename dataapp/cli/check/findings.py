"""Findings: what is wrong, where, and what to do; and the codes of what only `dataapp check` finds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dataapp.cli.check.source import Place
from dataapp.errors import DataAppError

type Severity = Literal["error", "warning"]

DOES_NOT_LOAD = "DA901"
UNUSED_CELL = "DA911"
READ_BY_TEXT_ONLY = "DA912"
INPUT_WITHOUT_NAME = "DA913"

CODES = {
    DOES_NOT_LOAD: "The file is not Python, or raises an exception while it is loaded.",
    UNUSED_CELL: "A cell is defined, but nothing reads, shows or charts it.",
    READ_BY_TEXT_ONLY: "An imported name is read only by the text of cells, so linters call the import unused.",
    INPUT_WITHOUT_NAME: "An input has no name, so the URL cannot mirror it.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        severity: Errors keep a cell from working, warnings do not.
        code: As in ``docs/errors.md``.
        cell: The label of the cell, or None.
        place: Where it is written.
        message: What happened, to which thing, and what was found.
        hint: What to do, or None.
    """

    severity: Severity
    code: str
    cell: str | None
    place: Place
    message: str
    hint: str | None = None

    @property
    def order(self) -> tuple[Path, int, int, str, str]:
        """By file, then as the file is read."""
        return (self.place.file, self.place.line or 0, self.place.column or 0, self.code, self.message)


def error_to_finding(error: DataAppError, cell: str | None, place: Place) -> Finding:
    """Return the finding that an error of a cell is."""
    return Finding("error", error.code, cell, place, error.message, error.hint)
