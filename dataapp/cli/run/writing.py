"""Writing results: every cell is read once, whatever the number of its outputs, and files appear together."""

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, BinaryIO, cast

from dataapp.cells.cell import Cell
from dataapp.cli.run.evaluation import Evaluation, Rows, is_table, open_rows
from dataapp.cli.run.outputs import Drafts, Output, Pipe
from dataapp.cli.run.progress import Progress
from dataapp.errors import DataAppError, SourceChangingError, WrongKindError
from dataapp.runtime.tables import SourceMoved
from dataapp.views.formats import Writer, open_writer, write_value

_MOST_RESTARTS = 5


def write_all(evaluation: Evaluation, outputs: Mapping[Cell, Sequence[Output]], pipe: Pipe, progress: Progress) -> None:
    """Write every output, or none.

    When a file that is read moves under way, all is written anew, so that the outputs belong together; what standard
    output has taken cannot be taken back, though.

    Raises:
        CellFailed: A cell has no value, or one that its format does not take.
    """
    for _ in range(_MOST_RESTARTS):
        drafts = Drafts()
        try:
            for cell, targets in outputs.items():
                with failing(cell):
                    _write(evaluation.result(cell), cell, targets, drafts, pipe, progress)
            drafts.publish()
        except SourceMoved:
            if any(output.path is None for targets in outputs.values() for output in targets):
                break
            evaluation.refresh()
        else:
            return
        finally:
            drafts.discard()
    cell = next(iter(outputs))
    message = "A file that the app reads changed while results were written."
    hint = "write to a temporary file and rename it when it is complete"
    raise CellFailed(cell, SourceChangingError(message, hint=hint, cell=cell.label))


class CellFailed(Exception):
    """A cell that was asked for has no value."""

    def __init__(self, cell: Cell, error: DataAppError) -> None:
        super().__init__(str(error))
        self.cell = cell
        self.error = error


@contextlib.contextmanager
def failing(cell: Cell) -> Generator[None]:
    """Say which cell an error belongs to."""
    try:
        yield
    except DataAppError as error:
        error.cell = error.cell or cell.label
        raise CellFailed(cell, error) from error


def _write(
    result: object, cell: Cell, targets: Sequence[Output], drafts: Drafts, pipe: Pipe, progress: Progress
) -> None:
    with contextlib.ExitStack() as files:
        sinks = [
            cast("BinaryIO", pipe) if output.path is None else files.enter_context(drafts.open(output.path))
            for output in targets
        ]
        if not is_table(result):
            for output, sink in zip(targets, sinks, strict=True):
                _write_value(result, cell, output, sink)
            return
        is_pipe_only = all(output.path is None for output in targets)
        with progress.task(targets[0].cell) as task, open_rows(result, cell, task.reading) as rows:
            writers = [
                open_writer(output.kind, sink, rows.schema, is_pipe=output.path is None)
                for output, sink in zip(targets, sinks, strict=True)
            ]
            try:
                _copy(rows, writers, task.advance, lambda: is_pipe_only and pipe.is_closed)
            except BaseException:  # else Parquet's writer ends its file when it is collected, and the file is closed
                for output, writer in zip(targets, writers, strict=True):
                    if output.path is not None:
                        with contextlib.suppress(Exception):
                            writer.close()
                raise
        pipe.flush()


def _copy(rows: Rows, writers: Sequence[Writer], advance: Callable[[int], None], is_enough: Callable[[], bool]) -> None:
    for batch in rows.batches:
        for writer in writers:
            writer.write(batch)
        advance(batch.num_rows)
        if is_enough():
            return
    for writer in writers:
        writer.close()


def _write_value(value: Any, cell: Cell, output: Output, sink: BinaryIO) -> None:
    if output.path is None and output.kind == "csv" and isinstance(value, str):
        sink.write(f"{value}\n".encode())
    elif output.kind == "json" or (output.path is None and output.kind == "csv"):
        write_value(value, sink)
    else:
        raise WrongKindError(
            f"`{cell.label}` is {type(value).__name__}, not a table, which {output.kind} cannot hold.",
            hint="write it to a .json file or to standard output",
            cell=cell.label,
        )
    sink.flush()
