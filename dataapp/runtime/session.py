"""A session: the input values, results and running work of one viewer.

Cells are shared descriptions; everything that changes lives here. A session owns its waves behind one lock. What is
long runs in a pool, never under the lock; whoever watches is told to look again, on the screen's thread, and then
takes a snapshot, so that no message can be older than the one before.

The module is long because all that holds the lock stands in it.
"""

import threading
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

from dataapp.cells.cell import Cell
from dataapp.cells.input import Control, InputCell, Setting
from dataapp.cells.limited import own_limit
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.python import PythonCell
from dataapp.cells.selection import SelectionCell
from dataapp.cells.sql import SqlCell
from dataapp.engines.consolidation import Expectation
from dataapp.engines.cube import Expected
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import Cancelled, DataAppError, SessionError, SourceChangingError, TimeLimitError
from dataapp.runtime.calls import as_exception, faults
from dataapp.runtime.limits import Limits, limits_of_process
from dataapp.runtime.nodes import Nodes
from dataapp.runtime.outcomes import Blocked, Done, Failed, Outcome
from dataapp.runtime.pool import giving_way
from dataapp.runtime.resolution import Resolver
from dataapp.runtime.tables import SourceMoved, Table
from dataapp.runtime.together import Deliver, Together
from dataapp.runtime.waves import Node, Run, Step, Waves
from dataapp.runtime.workers import Cancel, InlinePool, Pool, soon

type Form = Literal["value", "table", "query", "frame", "setting"]

_MOST_RESTARTS = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """What a viewer may see of a node now.

    Attributes:
        outcome: The last outcome, or None before the first.
        is_stale: Whether a newer one is on its way.
        is_running: Whether it is being computed itself.
        progress: How much of it is done, from 0 to 1, where the engine can tell.
    """

    outcome: Outcome | None
    is_stale: bool
    is_running: bool
    progress: float | None


class Demand:
    """Somebody wants a node's value, and to be told when to look again. Release it when nobody looks any more."""

    def __init__(
        self, session: "Session", node: Node, changed: Callable[[], None], *, cell: Cell, form: "Form"
    ) -> None:
        self._session = session
        self.cell = cell
        self.form: Form = form
        self.node = node
        self.changed = changed

    def look(self) -> Shown:
        """Take a snapshot."""
        return self._session.look(self.node)

    def release(self) -> None:
        """Stop wanting it; again does nothing."""
        self._session.release(self)


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work of a view; cancelling interrupts it and drops its result."""

    cancellation: Cancel

    def cancel(self) -> None:
        """Give it up."""
        self.cancellation.cancel()


def _no_controls(cell: InputCell) -> object:
    return cell.kind.default()


def _call(call: Callable[[], None]) -> None:
    call()


class Session:
    """One viewer's values and work.

    Args:
        engine: What runs queries.
        pool: Where work runs.
        deliver: Calls a function on the screen's thread, soon; by default on the thread that has news, at once.
        replaced: Values that stand in for cells.
        open_control: Opens the control of an input; without it inputs have values but no controls.
        initial: What an input starts with.
        check_shared: Raises if an input would be shared by all sessions of a server.
        keeps_rows: Whether rows of SQL cells are kept where that is better; else every reader takes the query, which
            is what somebody who only asks for the query or its columns wants.
        fetches_rows: Whether rows of databases are fetched even so, for whoever runs what reads them; else only where
            a value is made of them.
        limits: How long work may take; by default what the process allows.
        resolver: What looked up names of the cells already, and is this session's from now on.
    """

    def __init__(
        self,
        engine: DuckDB,
        pool: Pool,
        *,
        deliver: Deliver | None = None,
        replaced: Mapping[Cell, object] | None = None,
        open_control: Callable[[InputCell], Control] | None = None,
        initial: Callable[[InputCell], object] = _no_controls,
        check_shared: Callable[[InputCell], None] | None = None,
        keeps_rows: bool = True,
        fetches_rows: bool = False,
        limits: Limits | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self.engine = engine
        self.limits = limits or limits_of_process()
        self.resolver = resolver or Resolver(engine, engine.has_table, check_shared=check_shared)
        self._pool = pool
        self._deliver = deliver or _call
        self._lock = threading.RLock()
        self._waves = Waves()
        self.nodes = Nodes(
            self._waves,
            self.resolver,
            engine,
            replaced=replaced or {},
            open_control=None if open_control is None else lambda cell: self._open(cell, open_control),
            initial=initial,
            keeps_rows=keeps_rows,
            fetches_rows=fetches_rows,
        )
        self._demands: dict[Node, dict[Demand, None]] = {}
        self._cancels: dict[Run, Cancel] = {}
        self._jobs: set[Cancel] = set()
        self._joint: set[Cancel] = set()  # of the jobs, those whose results are shown together
        is_direct = deliver is None or isinstance(pool, InlinePool)  # one thing after the other is not together
        self._together = None if is_direct else Together(self._deliver)
        self._kept: dict[Cell, object] = {}
        self._closing: dict[weakref.WeakMethod[Callable[[], None]], None] = {}
        self._restarts: Counter[Node] = Counter()
        self._expected = Expected()
        self._pinged: dict[Demand, None] = {}
        self._patient: list[Callable[[], None]] = []  # called when nothing is on its way any more
        self._held: list[Callable[[], None]] | None = None  # work of views that begins when all were told
        self._fitted: dict[InputCell, None] = {}
        self._fitting: InputCell | None = None  # whose control is brought in line right now, on the screen's thread
        self._is_flush_due = False
        self._is_wave_due = False
        self.is_closed = False

    # What viewers do.

    def demand(self, cell: Cell, form: Form, changed: Callable[[], None] = lambda: None) -> Demand:
        """Want a cell's value, table, rows or setting from now on."""
        with self._lock:
            self._check_open()
            node = self._node(cell, form)
            demand = Demand(self, node, changed, cell=cell, form=form)
            node.demand += 1
            self._demands.setdefault(node, {})[demand] = None
        self._wave_soon()
        return demand

    def release(self, demand: Demand) -> None:
        """See `Demand.release`."""
        with self._lock:
            demands = self._demands.get(demand.node, {})
            if demand not in demands:
                return
            del demands[demand]
            self._pinged.pop(demand, None)
            demand.node.demand -= 1
        self._wave_soon()

    def look(self, node: Node) -> Shown:
        """Take a snapshot of a node."""
        with self._lock:
            cancel = None if node.run is None else self._cancels.get(node.run)
            waits = self._is_wave_due and not self._waves.is_up_to_date(node)
        progress = cancel.progress() if cancel is not None and cancel.progress is not None else None
        return Shown(node.outcome, node.unsettled or waits, node.run is not None, progress)

    def set(self, cell: InputCell, value: object) -> None:
        """Set an input; all that is set in one tick becomes one wave."""
        with self._lock:
            if self.is_closed:
                return
            self.nodes.value(cell)
            self._waves.stage(self.nodes.raws[cell], value)
        self._wave_soon()

    def get(self, cell: InputCell) -> object:
        """Return what an input was last set to."""
        with self._lock:
            self._check_open()
            self.nodes.value(cell)
            outcome = self._waves.staged_or_current(self.nodes.raws[cell])
        return outcome.value if isinstance(outcome, Done) else None

    def is_fitting(self, cell: InputCell) -> bool:
        """Whether what a control tells now is what its value was fitted to, and not what a hand has set."""
        return self._fitting is cell

    def press(self, cell: SqlCell | PythonCell[..., Any]) -> None:
        """Press the button of a cell that waits for one."""
        with self._lock:
            if (gate := self.nodes.gates.get(self.resolver.current(cell))) is None:
                return
            presses = gate.outcome.value if isinstance(gate.outcome, Done) else 0
            self._waves.stage(gate, (presses if isinstance(presses, int) else 0) + 1)
        self._wave_soon()

    def press_all(self) -> None:
        """Press every button: without a screen, asking for a value is the press."""
        for cell in list(self.nodes.gates):
            self.press(cast("SqlCell", cell))

    def refresh(self, *, within_ttl: bool = False) -> None:
        """Look at the sources again, databases included, which no other wave asks whether they changed.

        Args:
            within_ttl: Whether answers that ``ttl=`` allows to reuse stand; else their sources are asked anew, too.
        """
        with self._lock:
            if not within_ttl:
                self.nodes.ask_anew()
            self.nodes.looks += 1
            for node in self.nodes.fetched():
                self._waves.invalidate(node)
        self._wave_soon()

    def expect(self, cells: Collection[InputCell]) -> None:
        """Take it that inputs are about to move, and no others: what answers moves of them is prepared meanwhile."""
        self._pool.start(lambda: self._prepare_cubes(frozenset(cells)))

    def expects(self, mover: object) -> bool:
        """Whether an input, or a condition on one, is about to move."""
        return mover in self._expected.movers

    def _prepare_cubes(self, cells: frozenset[Cell]) -> None:
        with self._lock:
            outcomes = [node.outcome for node in self._waves.necessary()]
        values = [outcome.value for outcome in outcomes if isinstance(outcome, Done)]
        tables = {value.digest: value for value in values if isinstance(value, Table)}
        shown = [table for table in tables.values() if table.database is None and table.whole_frame is None]
        relations = [relation for table in shown if (relation := self._relation(table)) is not None]
        conditions = {mover for each in relations for mover in each.movers.values() if isinstance(mover, PredicateCell)}
        conditions |= {cell.predicate for cell in cells if isinstance(cell, SelectionCell) and cell.predicate}
        with self._lock:
            if self.is_closed:
                return
            moved = [condition for condition in conditions if self.resolver.choice_of(condition) in cells]
            self._expected.movers = cells | frozenset(moved)
        self.engine.cubes.expect(self._expected, relations)

    def _relation(self, table: Table) -> Relation | None:
        """Return a table as a relation, or None where it is none, which whoever reads it is told."""
        try:
            return table.relation(self.engine)
        except DataAppError:
            return None

    def rebind(self, names: Mapping[str, object], successors: Mapping[Cell, Cell]) -> None:
        """Look up again what cells read, since names of a notebook may be bound to something else.

        What reads something else now runs again, and what reads that, if it comes out differently. What nobody looks
        at and no name leads to is forgotten.

        Args:
            names: The notebook's globals.
            successors: By cell what is shown, charted and read in its place from now on.
        """
        with self._lock:
            if self.is_closed:
                return
            changed = self.resolver.renew(names, successors)
            runs = self.nodes.renew(changed) if changed else []
            cancels = [cancel for run in runs if (cancel := self._cancels.pop(run, None)) is not None]
            self._move_demands()
            for cell in self.nodes.retire(cell for cell in list(names.values()) if isinstance(cell, Cell)):
                self.resolver.forget(cell)
                self._kept.pop(cell, None)
        for cancel in cancels:
            cancel.cancel()
        self._wave_soon()

    def _move_demands(self) -> None:
        for demand in [demand for demands in self._demands.values() for demand in demands]:
            node, old = self._node(demand.cell, demand.form), demand.node
            if node is old:
                continue
            del self._demands[old][demand]
            old.demand -= 1
            demand.node = node
            node.demand += 1
            self._demands.setdefault(node, {})[demand] = None
        self._demands = {node: demands for node, demands in self._demands.items() if demands}

    def control(self, cell: InputCell) -> Control:
        """Return the control of an input in this session, opened if need be."""
        with self._lock:
            self._check_open()
            self.nodes.value(cell)
            return self.nodes.controls[cell]

    def choice_of(self, predicate: PredicateCell) -> Cell:
        """Return what holds the choice that a predicate is a condition on."""
        with self._lock:
            return self.resolver.choice_of(predicate)

    def kept[T](self, cell: Cell, make: Callable[[], T]) -> T:
        """Return what is kept for a cell as long as the session lives, made on first use."""
        if cell not in self._kept:
            self._kept[cell] = make()
        return cast("T", self._kept[cell])

    def submit[T](
        self,
        job: Callable[[Cancel], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        *,
        cell: Cell | None = None,
        together: bool = False,
    ) -> Job:
        """Run a view's work on a worker; tell the result on the screen's thread, unless it was cancelled.

        Work for a cell has the cell's time limit. Results may wait a moment, to be told together with those of others.
        """
        cancel = Cancel()
        with self._lock:
            if self.is_closed:
                cancel.cancel()
                return Job(cancel)
            self._jobs.add(cancel)
            if together and self._together is not None:
                self._joint.add(cancel)
            held = self._held

        def work() -> None:
            self._work(job, cancel, done, failed, cell)

        if held is not None:
            held.append(work)
        else:
            self._pool.start(work)
        return Job(cancel)

    @contextmanager
    def working(self, cell: Cell) -> Generator[Cancel]:
        """Let the calling thread work for a cell, within its time limit and as long as the session lives.

        Raises:
            Cancelled: The session has ended.
            TimeLimitError: It took longer.
        """
        cancel = Cancel()
        with self._lock:
            if self.is_closed:
                raise Cancelled
            self._jobs.add(cancel)
        try:
            with self.limits.watch(cell.label, own_limit(cell), cancel):
                yield cancel
        except Exception as stopped:
            if cancel.is_dropped and not isinstance(stopped, Cancelled):  # a database calls its own interrupt an error
                raise Cancelled from stopped
            raise
        finally:
            with self._lock:
                self._jobs.discard(cancel)

    def forget(self, cell: Cell) -> None:
        """Let go of a cell that comes and goes, and of frames that it reads; what is wanted or read elsewhere stays."""
        with self._lock:
            if self.is_closed:
                return
            for gone in self.nodes.drop(cell):
                self.resolver.forget(gone)
                self._kept.pop(gone, None)
            nodes = self._waves.nodes
            self._demands = {node: demands for node, demands in self._demands.items() if demands or node in nodes}
            cancels = [self._cancels.pop(run) for run in list(self._cancels) if run.node not in nodes]
        for cancel in cancels:
            cancel.cancel()

    def on_screen(self, call: Callable[[], None]) -> None:
        """Call a function on the screen's thread, soon, unless the session has ended by then."""
        self._deliver(lambda: None if self.is_closed else call())

    def on_close(self, call: Callable[[], None]) -> None:
        """Call a method when the session ends, unless what it belongs to is gone by then."""
        closing = self._closing
        closing[weakref.WeakMethod(call, lambda gone: closing.pop(gone, None))] = None

    def close(self) -> None:
        """End the session: stop what runs, forget what is known."""
        with self._lock:
            if self.is_closed:
                return
            self.is_closed = True
            cancels = [*self._cancels.values(), *self._jobs]
            controls = list(self.nodes.controls.values())
            self._expected.movers = frozenset()
            self._cancels.clear()
            self._jobs.clear()
            self._joint.clear()
            if self._together is not None:
                self._together.close()
            self._demands.clear()
            self._pinged.clear()
            self._patient.clear()
            self._kept.clear()
            self._fitted.clear()
            self._restarts.clear()
            self._waves.clear()
            self.nodes.clear()
            self.resolver.clear()
        for cancel in cancels:
            cancel.cancel()
        for control in controls:
            control.close()
        for method in list(self._closing):
            if (call := method()) is not None:
                call()
        self._closing.clear()

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way."""
        with self._lock:
            return not self._is_wave_due and self._waves.is_settled

    @property
    def is_idle(self) -> bool:
        """Whether nothing is on its way, and no view's work either."""
        with self._lock:
            return not self._is_wave_due and self._waves.is_settled and not self._jobs

    def when_idle(self, call: Callable[[], None]) -> None:
        """Call a function on the screen's thread, once nothing is on its way, and no view's work either."""
        with self._lock:
            if self.is_closed:
                return
            self._patient.append(call)
        self._tell_patient()

    def _tell_patient(self) -> None:
        for call in self._no_more_patient():
            self._deliver(call)

    def _no_more_patient(self, told: Cancel | None = None) -> list[Callable[[], None]]:
        """Return the calls that wait until nothing is on its way, if nothing is but a job that is being told."""
        with self._lock:
            is_under_way = self._is_wave_due or not self._waves.is_settled or bool(self._jobs - {told})
            if not self._patient or self._is_flush_due or self._held is not None or is_under_way:
                return []
            calls = list(self._patient)
            self._patient.clear()
            return calls

    def check_invariants(self) -> None:
        """Raise AssertionError if the waves contradict their invariants."""
        with self._lock:
            self._waves.check_invariants()

    # What happens then.

    def _node(self, cell: Cell, form: Form) -> Node:
        cell = self.resolver.current(cell)
        match form:
            case "value":
                return self.nodes.value(cell)
            case "table":
                return self.nodes.table(cell)
            case "query":
                return self.nodes.query(cell)
            case "frame":
                return self.nodes.frame(cell)
            case "setting":
                assert isinstance(cell, InputCell)
                return self.nodes.setting(cell)

    def _check_open(self) -> None:
        if self.is_closed:
            raise SessionError("The session has ended.", hint="reload the page")

    def _open(self, cell: InputCell, open_control: Callable[[InputCell], Control]) -> Control:
        control = open_control(cell)
        control.watch(lambda value: self.set(cell, value))
        return control

    def _wave_soon(self) -> None:
        with self._lock:
            if self._is_wave_due or self.is_closed:
                return
            self._is_wave_due = True
        soon(self._pool, self._wave)

    def _wave(self) -> None:
        with self._lock:
            self._is_wave_due = False
            if self.is_closed:
                return
            self.nodes.plan()
            self._note_sources()
            carried = self._prepare(self._waves.begin())
        self._carry_out(*carried)

    def _note_sources(self) -> None:
        necessary = self._waves.necessary()
        noted = self.nodes.noted = {}
        self.nodes.note_files(necessary)
        for node in self.nodes.remote:
            if node in necessary:
                self.nodes.note_remote(node)
        for node in self.nodes.expired():
            if node in necessary:
                self._waves.invalidate(node)
        for node, chosen in self.nodes.chosen.items():
            if node in necessary and chosen.have_moved(noted):
                self._waves.invalidate(node)

    def _prepare(self, step: Step) -> tuple[list[Cancel], list[tuple[Run, Cancel]]]:
        """Under the lock: pair runs with their cancellations and note whom to tell."""
        superseded = [cancel for run in step.superseded if (cancel := self._cancels.pop(run, None)) is not None]
        started: list[tuple[Run, Cancel]] = []
        for run in step.started:
            self._cancels[run] = Cancel()
            started.append((run, self._cancels[run]))
        for node in step.touched:
            self._pinged.update(self._demands.get(node, {}))
            if node.run is None and not node.unsettled:
                self._restarts.pop(node, None)
        for cell, node in self.nodes.settings.items():
            if node in step.touched and cell in self.nodes.controls and cell.feeds:
                self._fitted[cell] = None
        return superseded, started

    def _show_setting(self, cell: InputCell) -> None:
        """Bring a control in line with what is known now, which may be newer than what it was told about."""
        with self._lock:
            if self.is_closed or cell not in self.nodes.controls:
                return
            control, outcome = self.nodes.controls[cell], self.nodes.settings[cell].outcome
        if isinstance(outcome, Done) and isinstance(outcome.value, Setting):
            before, self._fitting = self._fitting, cell
            try:
                control.show(outcome.value)
            finally:
                self._fitting = before

    def _carry_out(self, superseded: list[Cancel], started: list[tuple[Run, Cancel]]) -> None:
        for cancel in superseded:
            cancel.cancel()
        with self._lock:
            fitted = list(self._fitted)
            self._fitted.clear()
        for cell in fitted:
            self._deliver(lambda cell=cell: self._show_setting(cell))
        self._flush_soon()
        expected = self._expect(started) if len(started) > 1 and self.engine.scans.is_on else {}
        for run, cancel in started:
            self._pool.start(lambda run=run, cancel=cancel: self._execute(run, cancel, expected.get(run)))
        self._tell_patient()

    def _expect(self, started: list[tuple[Run, Cancel]]) -> dict[Run, Expectation]:
        """Say beforehand which rows will be asked for, so that one scan may answer for several."""
        expected: dict[Run, Expectation] = {}
        for run, cancel in started:
            table = self.nodes.asks(run)
            if table is None:
                continue
            try:
                found = expected[run] = self.engine.scans.expect(table.relation(self.engine))
            except DataAppError:  # which the run meets, and tells, itself
                continue
            cancel.on_cancel(found.drop)
        return expected

    def _flush_soon(self) -> None:
        with self._lock:
            if self._is_flush_due or not self._pinged:
                return
            self._is_flush_due = True
        self._deliver(self._flush)

    def _flush(self) -> None:
        with self._lock:
            pinged = list(self._pinged)
            self._pinged.clear()
            self._is_flush_due = False
            held = self._held = []
        if self._together is not None:
            self._together.show_here()  # what is new now takes its place
        try:
            for demand in pinged:
                if demand in self._demands.get(demand.node, {}):  # one before may have released it, or closed
                    demand.changed()
        finally:
            with self._lock:
                self._held = None
            for work in held:
                self._pool.start(work)
            self._tell_patient()

    def _execute(self, run: Run, cancel: Cancel, expected: Expectation | None) -> None:
        try:
            self._compute(run, cancel)
        finally:
            if expected is not None:
                expected.drop()

    def _compute(self, run: Run, cancel: Cancel) -> None:
        compute = run.node.compute
        if cancel.cancelled or compute is None:  # superseded before it began, or the session has ended
            return
        outcome: Outcome
        try:
            with self.limits.watch(
                run.node.name, run.node.limit, cancel, lambda error: self._expire(run, cancel, error)
            ):
                outcome = Done(compute(cancel, *run.arguments))
        except SourceMoved:
            self._start_again(run)
            return
        except faults() as error:  # a failing cell is a value of the graph; all else goes on
            if cancel.is_dropped:
                return  # superseded: nobody waits for it
            outcome = self._failure(run.node, as_exception(error, run.node.name))
        self._finish(run, outcome)

    def _expire(self, run: Run, cancel: Cancel, error: TimeLimitError) -> None:
        """Stop a run whose time is over, and let the wave go on: a plain function may run for long yet."""
        cancel.expire(error)
        if not isinstance(self._pool, InlinePool):  # else the calling thread waits for the run, and ends it itself
            self._finish(run, Failed(error))

    def _finish(self, run: Run, outcome: Outcome) -> None:
        with self._lock:
            if self.is_closed or self._cancels.pop(run, None) is None:
                return
            carried = self._prepare(self._waves.finish(run, outcome))
        self._carry_out(*carried)

    def _failure(self, node: Node, error: Exception) -> Outcome:
        if isinstance(error, DataAppError):
            error.cell = error.cell or node.name
            if error.cell != node.name:
                return Blocked(error.cell, error)
        return Failed(error)

    def _start_again(self, run: Run) -> None:
        with self._lock:
            if run not in self._cancels:
                return
            self._restarts[run.node] += 1
            if self._restarts[run.node] > _MOST_RESTARTS:
                self._restarts.pop(run.node)
                self._cancels.pop(run)
                error = SourceChangingError(
                    f"A file that `{run.node.name}` reads changed {_MOST_RESTARTS + 1} times while it was read.",
                    hint="write to a temporary file and rename it when it is complete",
                    cell=run.node.name,
                )
                carried = self._prepare(self._waves.finish(run, Failed(error)))
            else:
                self._waves.invalidate(run.node)
                carried = None
        if carried is not None:
            self._carry_out(*carried)
        else:
            self._wave_soon()

    def _work[T](
        self,
        job: Callable[[Cancel], T],
        cancel: Cancel,
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        cell: Cell | None,
    ) -> None:
        try:
            cancel.check()
            with giving_way():
                result = job(cancel) if cell is None else self._limited(job, cancel, cell)
        except SourceMoved:
            self._wave_soon()  # the view is shown a new relation, which supersedes this job
        except faults() as error:  # told to the view, which shows it in place; also that it gave up by itself
            kept = as_exception(error, "a view" if cell is None else cell.label)
            self._tell(cancel, lambda: None if cancel.is_dropped else failed(kept))
        else:
            self._tell(cancel, lambda: None if cancel.is_dropped else done(result))
        finally:
            if self._is_over(cancel) and self._together is not None:
                self._together.show()
            self._tell_patient()

    def _tell(self, cancel: Cancel, call: Callable[[], None]) -> None:
        """Tell what came of a job: at once, or together with that of others."""
        if self._together is None or cancel not in self._joint:
            self._deliver(call)
            return
        with self._lock:  # or the last one could be over before this one is held
            is_last = self._joint == {cancel}
            if not is_last and not self.is_closed:
                self._together.hold(call)
                self._is_over(cancel)
        if is_last:  # it is over when it is told
            self._together.show([call, *self._no_more_patient(cancel)])

    def _is_over(self, cancel: Cancel) -> bool:
        """Let a job be over; return whether it was the last of those whose results are shown together."""
        with self._lock:
            self._jobs.discard(cancel)
            was_joint = cancel in self._joint
            self._joint.discard(cancel)
            return was_joint and not self._joint

    def _limited[T](self, job: Callable[[Cancel], T], cancel: Cancel, cell: Cell) -> T:
        with self.limits.watch(cell.label, own_limit(cell), cancel):
            return job(cancel)
