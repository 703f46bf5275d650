"""One run of an app: load, set, evaluate, write or print."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from dataapp.app.sessions import engine
from dataapp.cells.cell import Cell
from dataapp.cells.explore import ValueAtCell
from dataapp.cells.input import ConstantCell, InputCell
from dataapp.cells.predicate import PredicateCell
from dataapp.cli.app import cells_above, cells_by_name, fault_to_finding, find_cell, roots_of, seen
from dataapp.cli.check.inspection import failure_to_finding
from dataapp.cli.check.places import Places
from dataapp.cli.check.report import print_finding
from dataapp.cli.check.serving import Loaded, load, process_of
from dataapp.cli.run.evaluation import Evaluation
from dataapp.cli.run.interrupts import taking_interrupts
from dataapp.cli.run.outputs import Output, Pipe, read_outputs
from dataapp.cli.run.preview import print_preview
from dataapp.cli.run.progress import Progress
from dataapp.cli.run.settings import apply_fed, read_settings
from dataapp.cli.run.writing import CellFailed, failing, write_all
from dataapp.errors import Cancelled, DataAppError
from dataapp.runtime.resolution import Resolver
from dataapp.runtime.tables import SourceMoved


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for.

    Attributes:
        file: The app.
        settings: Texts of inputs, by name.
        outputs: What ``--out`` says.
        kind: What ``--format`` says.
        is_quiet: Whether to show no progress.
    """

    file: Path
    settings: Mapping[str, str]
    outputs: tuple[str, ...]
    kind: str | None
    is_quiet: bool


def run_job(job: Job) -> int:
    """Do it and return the exit status."""
    pipe = Pipe(sys.stdout.buffer)
    # The stream as it is now: what the app prints goes to standard error.
    tables = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    said = Console(stderr=True, highlight=False, markup=False, emoji=False)
    outputs = read_outputs(job.outputs, job.kind)
    interrupted = "Interrupted; no file was changed." if outputs else "Interrupted."
    with taking_interrupts() as interrupts:
        try:
            with load(job.file) as loaded, process_of(job.file):
                if loaded.failure is not None:
                    print_finding(failure_to_finding(loaded.failure, Places(job.file)), said)
                    return 1
                return _Run(job, loaded, said).finish(outputs, pipe, tables)
        except (KeyboardInterrupt, Cancelled):
            said.print(interrupted)
            return interrupts.status or 130
        except OSError as error:
            if interrupts.status is None:
                said.print(f"Cannot write: {error}; no file was changed.", soft_wrap=True)
                return 1
            said.print(interrupted)
            return interrupts.status
        except Exception:
            if interrupts.status is None:
                raise
            said.print(interrupted)
            return interrupts.status


class _Run:
    """A run of an app that was loaded."""

    def __init__(self, job: Job, loaded: Loaded, said: Console) -> None:
        self._job = job
        self._loaded = loaded
        self._said = said
        self._resolver = Resolver(engine(), engine().has_table)
        self._above = cells_above(roots_of(loaded), self._resolver)
        self._named = cells_by_name(loaded, self._above)

    def finish(self, outputs: list[Output], pipe: Pipe, tables: Console) -> int:
        """Write or print."""
        by_cell: dict[Cell, list[Output]] = {}
        for output in outputs:
            by_cell.setdefault(self._wanted(output.cell), []).append(output)
        settings = read_settings(self._job.settings, self._above, self._loaded.names)
        wanted = list(by_cell) or self._shown()
        evaluation = Evaluation(engine(), settings.initial, settings.replaced, wanted, self._above_of)
        progress = Progress(self._said, is_shown=self._said.is_terminal and not self._job.is_quiet)
        try:
            apply_fed(settings, evaluation.session)
            if not by_cell:
                evaluation.demand()
                return self._print(evaluation, tables)
            with progress.shown():
                with progress.task("evaluating"):
                    evaluation.demand()
                write_all(evaluation, by_cell, pipe, progress)
        except CellFailed as failed:
            self._tell(failed)
            return 1
        except DataAppError as error:  # of what feeds an input
            self._say(error, None)
            return 1
        finally:
            evaluation.session.close()
        return 0

    def _print(self, evaluation: Evaluation, tables: Console) -> int:
        status = 0
        for index, cell in enumerate(evaluation.wanted):
            try:
                with failing(cell):
                    result = evaluation.result(cell)
                    if index:
                        tables.print()
                    print_preview(result, cell, tables)
            except CellFailed as failed:
                self._tell(failed)
                status = 1
            except SourceMoved:
                evaluation.refresh()
        return status

    def _wanted(self, name: str) -> Cell:
        charts = [drawn.name for drawn in self._loaded.charts if drawn.name is not None]
        cell = find_cell(name, self._named, charts, "--out")
        if isinstance(cell, PredicateCell):
            raise click.BadParameter(f"`{name}` is a condition, which has no value.", param_hint="--out")
        return cell

    def _shown(self) -> list[Cell]:
        """Return the cells that the app shows; of one that shows nothing, those that no other reads."""
        shown = [cell for cell in dict.fromkeys(map(seen, self._loaded.shown)) if _is_result(cell)]
        if shown:
            return shown
        read = {read for cell in self._above for read in self._resolver.partial(cell).cells}
        return [cell for cell in self._above if cell not in read and _is_result(cell)]

    def _above_of(self, cell: Cell) -> Iterable[Cell]:
        return cells_above([cell], self._resolver)

    def _tell(self, failed: CellFailed) -> None:
        self._say(failed.error, failed.cell)

    def _say(self, error: DataAppError, cell: Cell | None) -> None:
        above = self._above if cell is None else self._above_of(cell)
        print_finding(fault_to_finding(error, cell, above, Places(self._job.file)), self._said)


def _is_result(cell: Cell) -> bool:
    return not isinstance(cell, InputCell | ConstantCell | PredicateCell | ValueAtCell)
