"""Calling the function of a Python cell: coroutines, cancellation, and what it raises."""

import inspect
from pathlib import Path
from typing import Any

from dataapp.cells.python import PythonCell
from dataapp.connect.frames import panics
from dataapp.errors import Cancelled, PythonCellError
from dataapp.runtime.workers import Cancel, run_coroutine


def call_function(cell: "PythonCell[..., Any]", arguments: dict[str, object], cancel: Cancel) -> object:
    """Call a cell's function.

    Raises:
        PythonCellError: Whatever it raised, with the line.
        Cancelled: Nobody waits for it any more.
    """
    try:
        result = cell.function(**arguments)
        return run_coroutine(result, cancel) if inspect.iscoroutine(result) else result
    except Cancelled:
        raise
    except faults() as error:
        raise PythonCellError(
            f"`{cell.label}` raised {type(error).__name__}: {error}", cell=cell.label, hint=_raised_at(cell, error)
        ) from error


def faults() -> tuple[type[BaseException], ...]:
    """Return what code of an app may raise and the process lives on: some of it is no `Exception`."""
    return Exception, SystemExit, *panics()


def as_exception(error: BaseException, label: str) -> Exception:
    """Return an error as runs and views hold it, also where it is no `Exception`."""
    if isinstance(error, Exception):
        return error
    told = PythonCellError(f"`{label}` raised {type(error).__name__}: {error}", cell=label)
    told.__cause__ = error
    return told


def _raised_at(cell: "PythonCell[..., Any]", error: BaseException) -> str | None:
    code = inspect.unwrap(cell.function).__code__
    trace, found = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            found = trace
        trace = trace.tb_next
    return None if found is None else f"raised at {Path(code.co_filename).name}:{found.tb_lineno}"
