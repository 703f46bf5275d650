"""What can be known of cells without running anything: names resolved, queries bound against the real schemas.

Each cell ends in one state. `Known`: its columns. `Plain`: a value, sound as far as can be told. `Opaque`: only a run
tells its columns. `Broken`: its own errors. `Held`: a cell that it reads is broken, so nothing is said of it.

Invariants:

- The engine is asked for schemas only (``DESCRIBE``), so no row is read. Python cells are never called.
- An error is in the state of one cell only, but for a circle: all its members hold the same error.
- A source with a policy and the rows behind it are one cell with one state.
- Inputs have their defaults. What only a run would give (a result of a Python cell, a scalar from a query, a choice
  among options that a query gives) is NULL, of the right type where that is known: NULL binds wherever a value does.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import polars as pl
import pyarrow as pa

from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import PlacedCell, PlacementCell
from dataapp.cells.explore import ExploreCell, FilterCell, SelectedCell, ValueAtCell
from dataapp.cells.input import ConstantCell, InputCell
from dataapp.cells.policy import GuardedRows, PolicyCell
from dataapp.cells.predicate import Condition, PredicateCell, is_empty
from dataapp.cells.python import PythonCell
from dataapp.cells.relation import is_query, is_relation
from dataapp.cells.source import SourceCell, is_location
from dataapp.cells.sql import SqlCell
from dataapp.connect.frames import is_lazy
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column
from dataapp.errors import (
    ColumnNotFoundError,
    CycleError,
    DataAppError,
    QueryError,
    SourceUnreadableError,
    TableNotFoundError,
    WrongKindError,
)
from dataapp.graph.dag import CycleFound, closure
from dataapp.runtime.assembly import sql_type
from dataapp.runtime.explored import EVERY_ROW, column_not_found
from dataapp.runtime.forms import form_name, table_to_form
from dataapp.runtime.nodes import Nodes
from dataapp.runtime.outcomes import Blocked, Done, Failed, Outcome
from dataapp.runtime.placing import place
from dataapp.runtime.resolution import Reads, Resolver, circle_error
from dataapp.runtime.tables import SourceMoved, Table
from dataapp.runtime.waves import Node, Waves
from dataapp.runtime.workers import Cancel

_ONE_ROW = pa.table({"value": [None]})


@dataclass(frozen=True, slots=True)
class Known:
    """A table whose columns are known."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """A value or a condition."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """Only a run tells what it is; `reason` says why, for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The cell itself is wrong: its errors by the name that they are about, or by an empty name."""

    faults: Mapping[str, DataAppError]


@dataclass(frozen=True, slots=True)
class Held:
    """A cell that it reads is broken."""

    by: Cell


type State = Known | Plain | Opaque | Broken | Held


@dataclass(frozen=True, slots=True)
class Binding:
    """What is known of cells.

    Attributes:
        states: The state of each cell, what is read before who reads it.
        resolver: What their names stand for.
    """

    states: Mapping[Cell, State]
    resolver: Resolver

    def reads(self, cell: Cell) -> list[Cell]:
        """Return what a cell reads, as far as its names resolve; an explorer reads the cell that it shows."""
        return _direct_reads(self.resolver, cell)

    def names(self, cell: Cell) -> Mapping[str, Cell]:
        """Return what a cell reads by the names that it uses, as far as they resolve."""
        named = self.resolver.partial(cell).named()
        return {name: read for name, read in named.items() if not isinstance(read, GuardedRows)}


def bind(engine: DuckDB, roots: Iterable[Cell], *, check_shared: Callable[[InputCell], None] | None = None) -> Binding:
    """Find out what can be known of cells, and of all above them, without running anything.

    Args:
        engine: What knows schemas.
        roots: The cells.
        check_shared: Raises if an input would be shared by all sessions of a server.

    Example:
        >>> import dataapp as da
        >>> wrong, right = da.sql("SELECT m FROM (SELECT 1 AS n)"), da.sql("SELECT 1 AS n")
        >>> states = bind(DuckDB(), [wrong, right]).states
        >>> states[wrong].faults[""].code, states[right].columns[0].name
        ('DA204', 'n')
    """
    return _Binder(engine, check_shared).bind(roots)


def _direct_reads(resolver: Resolver, cell: Cell) -> list[Cell]:
    if isinstance(cell, ExploreCell):
        return [cell.of]
    if isinstance(cell, FilterCell):  # what is wrong with it is told of the explorer, which need not be bound or shown
        return [cell.explorer, *resolver.partial(cell).cells]
    return [read for read in dict.fromkeys(resolver.partial(cell).cells) if not isinstance(read, GuardedRows)]


@dataclass(slots=True)
class _Binder:
    """One run of `bind`."""

    engine: DuckDB
    check_shared: Callable[[InputCell], None] | None
    states: dict[Cell, State] = field(default_factory=dict[Cell, State])
    samples: dict[Cell, object] = field(default_factory=dict[Cell, object])
    waves: Waves = field(default_factory=Waves)
    resolver: Resolver = field(init=False)
    nodes: Nodes = field(init=False)

    def __post_init__(self) -> None:
        self.resolver = Resolver(self.engine, self.engine.has_table, check_shared=self.check_shared)
        self.nodes = Nodes(
            self.waves,
            self.resolver,
            self.engine,
            replaced={},
            open_control=None,
            initial=lambda cell: self.samples.get(cell),
        )

    def bind(self, roots: Iterable[Cell]) -> Binding:
        for cell in self._in_order(list(roots)):
            if cell in self.states:
                continue
            try:
                self.states[cell] = self._state(cell)
            except DataAppError as error:
                self.states[cell] = _broken(cell, error)
        return Binding(self.states, self.resolver)

    def _in_order(self, roots: list[Cell]) -> list[Cell]:
        while True:
            try:
                return closure(roots, self._reads_above)
            except CycleFound as found:
                circle = cast("list[Cell]", found.nodes)
                error: CycleError = circle_error(circle)
                self.states |= dict.fromkeys(circle, Broken({"": error}))

    def _reads_above(self, cell: Cell) -> list[Cell]:
        return [] if cell in self.states else _direct_reads(self.resolver, cell)

    def _state(self, cell: Cell) -> State:
        if isinstance(cell, ExploreCell):
            return self._explored(cell)
        if isinstance(cell, FilterCell | SelectedCell | ValueAtCell):
            return self._of_explorer(cell)
        reads = self.resolver.partial(cell)
        faults = dict(self.resolver.faults(cell))
        if isinstance(cell, PythonCell):
            faults |= _signature_faults(cast("PythonCell[..., Any]", cell), reads)
        if faults:
            return Broken(faults)
        match cell:
            case SqlCell():
                if isinstance(cell, PolicyCell):
                    self._give_without_rows(cell.rows)
                self._give(cell, None)
                return self._blocking(reads) or self._scalar_fault(cell, reads) or self._query(cell, reads)
            case SourceCell():
                self._give_without_rows(cell)
                return self._described(cell)
            case PythonCell():
                node = cast("PythonCell[..., Any]", cell)
                self._give(node, None)
                return self._blocking(reads) or Opaque("a Python cell makes it")
            case PlacementCell():
                return self._placement(cell)
            case PlacedCell():
                self._give(cell, EVERY_ROW)
                return Plain()
            case PredicateCell():
                self._give(cell, self._condition(cell, reads.values[""]))
                return Plain()
            case InputCell():
                self._give(cell, cell.kind.default())
                return Plain()
            case _:
                return Plain()

    def _placement(self, cell: PlacementCell) -> State:
        """Say whether a view of a crossfilter can be filtered by all selections, where all columns are known."""
        readings = self.resolver.readings(cell)
        known = {read: state for read in readings if isinstance(state := self.states[read], Known)}
        if len(known) < len(readings):
            return Plain()
        error = place(cell.view, readings, {read: _types(state) for read, state in known.items()}).fault()
        return Plain() if error is None else Broken({"": error})

    def _explored(self, cell: ExploreCell) -> State:
        state = self.states[cell.of]
        if isinstance(state, Broken):
            return Held(cell.of)
        if isinstance(state, Known) and (faults := cell.view.meaning.faults(_types(state))):
            return Broken(faults)
        return state

    def _of_explorer(self, cell: FilterCell | SelectedCell | ValueAtCell) -> State:
        """Say what is known of what readers set or choose; nobody has chosen anything."""
        explorer = cell.explorer
        state = self.states[explorer.of]
        columns = _types(state) if isinstance(state, Known) else None
        match cell:
            case FilterCell():
                kind, is_broken = explorer.view.meaning, isinstance(self.states[explorer], Broken)
                known = None if is_broken else columns
                self._give(cell, EVERY_ROW if known is None else kind.condition(cell, kind.default(), known))
                return Held(explorer) if is_broken else Plain()
            case ValueAtCell():
                self._give(cell, None)
                is_unknown = columns is not None and cell.column not in columns
                return Broken({"": column_not_found(cell, list(columns or ()))}) if is_unknown else Plain()
            case SelectedCell():
                return Held(explorer.of) if isinstance(state, Broken) else state

    def _blocking(self, reads: Reads) -> Held | Opaque | None:
        """Say what a cell waits for: broken tables first. Inputs and predicates have samples whatever is above them."""
        for read in reads.cells:
            if isinstance(read, GuardedRows):
                continue
            match self.states[read]:
                case Broken() if not isinstance(read, InputCell | PredicateCell):
                    return Held(read)
                case Held(by):
                    return Held(by)
                case _:
                    continue
        for read in reads.tables.values():
            if not isinstance(read, GuardedRows) and isinstance(state := self.states[read], Opaque):
                return Opaque(state.reason)
        return None

    # SQL cells and sources.

    def _scalar_fault(self, cell: SqlCell, reads: Reads) -> Broken | None:
        faults: dict[str, DataAppError] = {}
        for name, read in reads.values.items():
            state = self.states[read]
            if isinstance(state, Known) and len(state.columns) != 1 and is_relation(read):
                faults[name] = WrongKindError(
                    f"`{read.label}` is read as one value, but has {len(state.columns)} columns.",
                    hint="read it as a table, or let it return one row with one column",
                    cell=cell.label,
                )
        return Broken(faults) if faults else None

    def _query(self, cell: SqlCell, reads: Reads) -> State:
        assert reads.query is not None
        if reads.query.form == "pivot":
            return Opaque("the columns of its PIVOT come from the data")
        if any(self._has_no_sample(reads.values[name]) for name in reads.query.path_parameters & set(reads.values)):
            return Opaque("an input chooses its file")
        state = self._described(cell)
        is_guess = any(self._has_no_sample(read) for read in reads.values.values())
        return Opaque("it depends on a value that only a run gives") if is_guess and _may_be_guess(state) else state

    def _has_no_sample(self, cell: Cell) -> bool:
        return not isinstance(cell, ConstantCell) and self.samples.get(cell) in (None, "", [])

    def _described(self, cell: Cell) -> State:
        match self._outcome(self.nodes.table(cell)):
            case Done(Table() as table):
                try:
                    return Known(table.relation(self.engine).columns())
                except SourceMoved:
                    return Opaque("its files changed while they were looked at")
            case Failed(error) | Blocked(_, error):
                if isinstance(error, DataAppError):
                    return _broken(cell, error)
                raise error
            case _:
                return Opaque("it has no value")

    def _outcome(self, node: Node) -> Outcome | None:
        """Demand a node. Text, values and states of files are all that is read, and Arrow files."""
        node.demand += 1
        self.nodes.note_files(self.waves.necessary())
        started = list(self.waves.begin().started)
        while started:
            run = started.pop(0)
            assert run.node.compute is not None
            try:
                outcome: Outcome = Done(run.node.compute(Cancel(), *run.arguments))
            except Exception as error:  # a failing node is a value of the graph
                outcome = Failed(error)
            started += self.waves.finish(run, outcome).started
        return node.outcome

    # Samples.

    def _give(self, cell: Cell, value: object) -> None:
        """Let everybody who reads a cell's value find this one."""
        node = self.waves.add(Node(cell.label))
        self.waves.stage(node, value)
        self.samples[cell] = value
        self.nodes.values[cell] = node

    def _give_without_rows(self, cell: SourceCell) -> None:
        if is_location(cell.location) or not is_lazy(cell.location):
            return
        try:
            self._give(cell, _without_rows(cast("Any", cell.location)))
        except Exception as error:
            raise SourceUnreadableError(f"The schema of `{cell.label}` cannot be told: {error}") from error

    def _condition(self, cell: PredicateCell, of: Cell) -> Condition:
        chosen = of.value if isinstance(of, ConstantCell) else self.samples.get(of)
        types = dict.fromkeys(cell.columns, sql_type(of) or self._offered_type(of))
        sample = {field: [None] for field in cell.columns}  # NULL is one of the chosen: that names every column
        return cell.condition(sample if is_empty(chosen) else chosen, types)

    def _offered_type(self, cell: Cell) -> str | None:
        """Return the type of the options that a query gives: a column of values, behind one of labels or not."""
        options = cell.feeds.get("options") if isinstance(cell, InputCell) else None
        state = None if options is None else self.states.get(options)
        return state.columns[-1].type if isinstance(state, Known) and len(state.columns) in (1, 2) else None


def _types(state: Known) -> dict[str, str]:
    return {column.name: column.type for column in state.columns}


def _signature_faults(cell: "PythonCell[..., Any]", reads: Reads) -> dict[str, DataAppError]:
    faults: dict[str, DataAppError] = {}
    for name, read in reads.arguments.items():
        try:
            _check_argument(cell, name, read)
        except DataAppError as error:
            faults[name] = error
    return faults


def _check_argument(cell: "PythonCell[..., Any]", name: str, read: Cell) -> None:
    if isinstance(read, PredicateCell):
        raise WrongKindError(f"`{read.label}` is a predicate, which only SQL reads.", cell=cell.label)
    form = cell.form(name)
    arrives_as_rows = is_query(read) or (isinstance(read, SourceCell) and is_location(read.location))
    if arrives_as_rows or (isinstance(read, SourceCell) and form_name(form) is not None):
        table_to_form(_ONE_ROW, form, name, cell.label)


def _without_rows(frame: Any) -> object:
    if isinstance(frame, pl.LazyFrame):
        return pl.DataFrame(schema=frame.collect_schema())
    if type(frame).__module__.startswith("ibis."):
        return frame.schema().to_pyarrow().empty_table()
    return frame.head(0)


def _may_be_guess(state: State) -> bool:
    if not isinstance(state, Broken):
        return False
    surely = (ColumnNotFoundError, TableNotFoundError)
    return all(isinstance(error, QueryError) and not isinstance(error, surely) for error in state.faults.values())


def _broken(cell: Cell, error: DataAppError) -> Broken:
    error.cell = error.cell or cell.label
    return Broken({"": error})
