"""What the names in a cell stand for, looked up once per session and then frozen.

`Reads` is a cell's part of the graph: which nodes its tables, parameters, predicates and arguments are.

The module is long because what each kind of cell reads is said in this one place, from which the graph is made.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import cast
from weakref import WeakKeyDictionary

from dataapp.cells.adapters import as_cell, is_plain
from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import (
    LinkedRows,
    NarrowedCell,
    NarrowedRows,
    OutlineCell,
    PlacedCell,
    PlacementCell,
)
from dataapp.cells.explore import FilterCell, FilteredCell, SelectedCell, ValueAtCell
from dataapp.cells.expression import ExpressionCell
from dataapp.cells.input import ConstantCell, InputCell
from dataapp.cells.namespace import MISSING, Namespace
from dataapp.cells.policy import GuardedRows, PolicyCell, check_condition
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.python import PythonCell
from dataapp.cells.selection import SelectionCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.cells.user import UserCell
from dataapp.compile.columns import ALL, UsedColumns
from dataapp.compile.identifiers import fold
from dataapp.compile.query import Parser, Query, parse
from dataapp.compile.restrictions import (
    EVERY_ROW,
    Comparison,
    Condition,
    Parameter,
    Restriction,
    map_conditions,
    plain_constant,
)
from dataapp.compile.spans import Span, line_and_column
from dataapp.compile.tokens import plain_spaces, tokenize
from dataapp.errors import (
    CycleError,
    DataAppError,
    NameClashError,
    NameNotFoundError,
    SessionError,
    SqlSyntaxError,
    WrongKindError,
    near,
)
from dataapp.graph.dag import CycleFound, closure
from dataapp.runtime.databases import check_text, refuse_unfit
from dataapp.runtime.equality import is_same
from dataapp.runtime.passing import passages
from dataapp.runtime.placing import Edge, Reading, source_of

TABLES = (SqlCell, SourceCell, PythonCell)

_UNNAMED = (GuardedRows, SelectionCell, NarrowedRows, NarrowedCell, OutlineCell, PlacementCell, PlacedCell)
"""What has the label of another cell, which is what people mean by it."""

type Faults = dict[str, DataAppError]
"""What is wrong with a cell's names, by name; the empty name stands for its text as a whole."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What one cell reads, by the name that it uses. Names of SQL are in lower case."""

    query: Query | None = None
    tables: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    values: Mapping[str, Cell] = field(default_factory=dict[str, Cell])
    predicates: Mapping[str, PredicateCell] = field(default_factory=dict[str, PredicateCell])
    arguments: Mapping[str, Cell] = field(default_factory=dict[str, Cell])

    @property
    def cells(self) -> list[Cell]:
        """Every cell that is read directly."""
        return [*self.tables.values(), *self.values.values(), *self.predicates.values(), *self.arguments.values()]

    def named(self) -> dict[str, Cell]:
        """Every cell that is read directly, by name."""
        return {**self.arguments, **self.predicates, **self.values, **self.tables}

    def map(self, change: Callable[[Cell], Cell]) -> "Reads":
        """Return the same with other cells in place of those that are read."""
        return Reads(
            self.query,
            {name: change(cell) for name, cell in self.tables.items()},
            {name: change(cell) for name, cell in self.values.items()},
            {name: cast("PredicateCell", change(cell)) for name, cell in self.predicates.items()},
            {name: change(cell) for name, cell in self.arguments.items()},
        )


class Resolver:
    """Looks names up and remembers what it found.

    Args:
        parser: The engine's parser.
        has_table: Whether the engine's own catalog has a table.
        replace: What stands in for a cell, if anything; used by `evaluate`.
        check_shared: Raises if an input would be shared by all sessions of a server.
    """

    def __init__(
        self,
        parser: Parser,
        has_table: Callable[[str], bool],
        *,
        check_shared: Callable[[InputCell], None] | None = None,
    ) -> None:
        self._parser = parser
        self._has_table = has_table
        self._check_shared = check_shared
        self._found: dict[Cell, tuple[Reads, Faults]] = {}
        self._successors: WeakKeyDictionary[Cell, Cell] = WeakKeyDictionary()

    def reads(self, cell: Cell) -> Reads:
        """Return what a cell reads.

        Raises:
            DataAppError: A name stands for nothing, for two things, or for something that cannot be read there; or the
                text is not a query.
        """
        reads, faults = self._looked_up(cell)
        for error in faults.values():
            raise error.with_traceback(None)  # each raise would otherwise make the kept traceback longer
        return reads

    def faults(self, cell: Cell) -> Mapping[str, DataAppError]:
        """Return everything that is wrong with a cell's names, by name; the empty name stands for its whole text."""
        return self._looked_up(cell)[1]

    def partial(self, cell: Cell) -> Reads:
        """Return what a cell reads as far as its names resolve; see `faults` for the others."""
        return self._looked_up(cell)[0]

    def used_columns(self, cell: Cell) -> UsedColumns | None:
        """Return the columns that a SQL cell may use of what it reads, or None if that is not known."""
        reads = self.partial(cell)
        if reads.query is None:
            return None
        used = reads.query.columns
        if any(isinstance(predicate, FilterCell | PlacedCell) for predicate in reads.predicates.values()):
            return ALL  # a reader may filter any column
        chosen = [fold(name) for predicate in reads.predicates.values() for name in predicate.columns.values()]
        return replace(used, names=used.names.union(chosen))

    def used_rows(self, cell: Cell, read: Cell, fixed: Callable[[Cell], bool]) -> Restriction:
        """Return what rows of a table pass that a SQL cell may use of it.

        Args:
            cell: The SQL cell.
            read: The table's cell.
            fixed: Whether a cell of a constant is one in this session.
        """
        reads = self.partial(cell)
        names = [name for name, table in reads.tables.items() if table is read]
        if reads.query is None or len(names) != 1:
            return EVERY_ROW

        def bind(condition: Condition) -> Restriction:
            if not (isinstance(condition, Comparison) and isinstance(condition.value, Parameter)):
                return condition
            value = reads.values.get(condition.value.name)
            if not (isinstance(value, ConstantCell) and fixed(value)):
                return EVERY_ROW
            constant = plain_constant(value.value)
            return EVERY_ROW if constant is None else replace(condition, value=constant)

        return map_conditions(reads.query.rows.by_table.get(names[0], EVERY_ROW), bind)

    def hands_on_rows(self, cell: Cell) -> bool:
        """Whether the result of a SQL cell are rows of the one table that it reads, as they are."""
        query = self.partial(cell).query
        return query is not None and query.rows.hands_on

    def _looked_up(self, cell: Cell) -> tuple[Reads, Faults]:
        if cell not in self._found:
            faults: Faults = {}
            reads = Reads()
            with _noting(faults, ""):
                reads = self._look_up(cell, faults)
            for error in faults.values():
                error.cell = error.cell or cell.label
            self._found[cell] = (reads.map(self.current) if self._successors else reads, faults)
        return self._found[cell]

    def clear(self) -> None:
        """Forget everything."""
        self._found.clear()
        self._successors.clear()

    def current(self, cell: Cell) -> Cell:
        """Return the cell that stands for a cell now: the one that running its notebook cell again made."""
        return self._successors.get(cell, cell)

    def renew(self, names: Mapping[str, object], successors: Mapping[Cell, Cell]) -> list[Cell]:
        """Look up again what the cells of a namespace read.

        Args:
            names: The namespace.
            successors: What takes the place of cells that are held as objects.

        Returns:
            The cells that read something else now.
        """
        for old, new in list(self._successors.items()):
            self._successors[old] = successors.get(new, new)
        self._successors.update(successors)
        changed: list[Cell] = []
        for cell, known in list(self._found.items()):
            if cell.namespace.names is not names:
                continue
            self.forget(cell)
            if _is_same_lookup(known, self._looked_up(cell)):
                self._found[cell] = known
            else:
                changed.append(cell)
        return changed

    def forget(self, cell: Cell) -> None:
        """Look a cell's names up anew when they are next asked for."""
        self._found.pop(cell, None)

    def closure(self, *roots: Cell) -> list[Cell]:
        """Return cells and all above them, what is read before who reads it.

        Raises:
            CycleError: Cells read each other in a circle.
        """
        try:
            return closure(roots, lambda cell: list(dict.fromkeys(self.reads(cell).cells)))
        except CycleFound as found:
            raise circle_error([cell for cell in found.nodes if isinstance(cell, Cell)]) from None

    def find(self, root: Cell, name: str) -> Cell:
        """Return the node that a name means for a cell: what the cell itself calls so, else what a cell above does.

        Raises:
            NameNotFoundError: Nothing above has that name.
            NameClashError: Cells above mean different nodes by it.
        """
        above = self.closure(root)
        own = self.reads(root).named()
        if (direct := own.get(name) or own.get(fold(name))) is not None:
            return direct
        scope = as_cell(root.namespace.lookup(name), name, root.namespace)
        if scope is not None and scope in above:
            return scope
        named: dict[Cell, None] = {}
        known: dict[str, None] = {}
        for cell in above:
            for used, read in self.reads(cell).named().items():
                known[used] = None
                if fold(name) == fold(used):
                    named[read] = None
            known[cell.label] = None
            if cell.label == name and not isinstance(cell, _UNNAMED):
                named[cell] = None
        for cell in list(named):  # an input without a name is called what its predicate is called
            if isinstance(cell, PredicateCell):
                named = {other: None for other in named if other not in self.reads(cell).cells}
        if not named:
            raise NameNotFoundError(
                f"`{root.label}` reads nothing called `{name}`, neither directly nor through other cells.",
                hint=near(name, known),
                cell=root.label,
            )
        if len(named) > 1 and not all(isinstance(found, UserCell) for found in named):  # these are one person
            raise NameClashError(
                f"Above `{root.label}`, `{name}` means {len(named)} different nodes.",
                hint="give the cell itself: evaluate({cell: value})",
                cell=root.label,
            )
        return next(iter(named))

    def _look_up(self, cell: Cell, faults: Faults) -> Reads:
        match cell:
            case NarrowedRows() | NarrowedCell() | OutlineCell():
                return self._narrowed(cell)
            case SqlCell():
                return self._sql_reads(cell, faults)
            case PythonCell():
                arguments: dict[str, Cell] = {}
                for name in cell.reads:
                    with _noting(faults, name):
                        arguments[name] = self._argument(cell, name)  # pyright: ignore[reportUnknownArgumentType]
                return Reads(arguments=arguments)
            case FilterCell():
                return Reads(tables={"": cell.explorer.of}, arguments={"": cell.explorer.view})
            case PlacementCell():
                above = self.readings(cell)
                columns = {f"columns {at}": self._outline(cell, read) for at, read in enumerate(above)}
                return Reads(arguments={f"cell {at}": read for at, read in enumerate(above)} | columns)
            case PlacedCell():
                named = {selection.label: selection for selection in cell.view.selections}
                return Reads(arguments={"": cell.view.placement}, predicates=named)
            case PredicateCell():
                return Reads(values={"": self._thing(cell.of, cell)})
            case SelectedCell() | ValueAtCell():
                return Reads(tables={"": cell.explorer.of}, arguments={"": cell.explorer.choice})
            case InputCell():
                if self._check_shared is not None:
                    self._check_shared(cell)
                return Reads(arguments=dict(cell.feeds))
            case _:
                return Reads()

    def choice_of(self, cell: PredicateCell) -> Cell:
        """Return what holds the choice that a predicate is a condition on."""
        reads = self.reads(cell)
        return reads.arguments[""] if isinstance(cell, FilterCell) else reads.values[""]

    def readings(self, cell: PlacementCell) -> dict[Cell, Reading]:
        """Return what each cell above a view of a crossfilter reads, and above what selections are made in."""
        made_in = [source for selection in cell.view.selections if (source := source_of(selection)) is not None]
        led_to = [table for pair in cell.view.keys for table in pair]
        found: dict[Cell, Reading] = {}
        waiting = [*cell.view.roots, *made_in, *led_to]
        while waiting:
            read = waiting.pop()
            if read not in found:
                found[read] = self._reading(read)
                waiting += [edge.read for edge in found[read].edges]
        return found

    def _reading(self, cell: Cell) -> Reading:
        reads = self.partial(cell)
        if not isinstance(cell, SqlCell) or isinstance(cell, PolicyCell) or reads.query is None:
            return Reading()
        through = passages(cell, reads.query)
        edges = (Edge(name, read, through[name]) for name, read in reads.tables.items())
        return Reading(tuple(edges), reads.query.outputs)

    def outlined(self, cell: Cell) -> bool:
        """Whether a cell's columns are found from its text and the columns of what it reads."""
        reads = self.partial(cell) if isinstance(cell, SqlCell) and not isinstance(cell, PolicyCell) else Reads()
        return isinstance(cell, SqlCell) and cell.on is None and reads.query is not None and reads.query.form != "pivot"

    def _outline(self, cell: PlacementCell, read: Cell) -> Cell:
        return cell.view.outline(read) if isinstance(read, SqlCell) and self.outlined(read) else read

    def _narrowed(self, cell: NarrowedRows | NarrowedCell | OutlineCell) -> Reads:
        view = cell.view
        if isinstance(cell, NarrowedRows):
            goes_on = any(edge.passage.kind != "closed" for edge in self._reading(cell.of).edges)
            inner = view.narrowed(cell.of) if isinstance(cell.of, SqlCell) and goes_on else cell.of
            tables = {"rows": inner}
            if isinstance(cell, LinkedRows):
                tables = {"rows": cell.rows, "others": cell.link.others.rows(cell.link.others.root)}
            return Reads(parse_text(cell.query, self._parser), tables, predicates={"selections": cell.placed})
        reads = self.reads(cell.of)
        if isinstance(cell, OutlineCell):
            return replace(reads, tables={n: self._outline(view.placement, read) for n, read in reads.tables.items()})
        through = {edge.name: edge.passage for edge in self._reading(cell.of).edges}
        tables = {
            name: read if through[name].kind == "closed" else view.rows(read) for name, read in reads.tables.items()
        }
        return replace(reads, tables=tables)

    def _sql_reads(self, cell: SqlCell, faults: Faults) -> Reads:
        if isinstance(cell, ExpressionCell) and cell.fault is not None:
            raise cell.fault.with_traceback(None)
        query = self._query(cell)
        tables: dict[str, Cell] = {}
        for table in query.tables:
            if not table.qualified and fold(table.name) not in tables:
                with _noting(faults, table.name, cell, query, table.span):
                    found = self._table(cell, table.name)
                    if found is not None:
                        tables[fold(table.name)] = found
        values: dict[str, Cell] = {}
        predicates: dict[str, PredicateCell] = {}
        for parameter in query.parameters:
            with _noting(faults, parameter.name, cell, query, parameter.span):
                found = self._parameter(cell, parameter.name)
                if isinstance(found, PredicateCell):
                    predicates[fold(parameter.name)] = found
                else:
                    values[fold(parameter.name)] = found
        return Reads(query, tables, values, predicates)

    def _query(self, cell: SqlCell) -> Query:
        if isinstance(cell, PolicyCell):
            check_condition(cell, tokenize(plain_spaces(cell.condition), self._parser))
        try:
            return parse_text(cell.query, self._parser) if cell.on is None else self._text_elsewhere(cell)
        except DataAppError as error:
            if error.line is not None:
                error.line, error.column = cell.place(error.line, error.column or 1)
            raise

    def _text_elsewhere(self, cell: SqlCell) -> Query:
        try:
            query = parse_text(cell.query, self._parser)
        except SqlSyntaxError as error:
            hint = error.hint or "DuckDB's parser finds the names in it, so it must be able to read it, too"
            raise SqlSyntaxError(error.message, hint=hint, line=error.line, column=error.column) from error
        check_text(cell, query)
        return query

    def _table(self, cell: SqlCell, name: str) -> Cell | None:
        found = _matching(cell, name, "table")
        if found is None:
            if cell.on is not None or self._has_table(name):  # a database tells by itself what it does not have
                return None
            known = [other for other in cell.namespace.known() if other != cell.label]
            wording = cell.namespace.wording
            hints = [near(name, [other for other in known if _is_table(cell.namespace, other)]), wording.no_table_hint]
            raise NameNotFoundError(
                f"{wording.reader} `{cell.label}` reads table `{name}`, {wording.no_table}.",
                hint=" If not, ".join(hint for hint in hints if hint) or None,
            )
        if not isinstance(found, TABLES):
            raise WrongKindError(
                f"{cell.namespace.wording.reader} `{cell.label}` reads `{name}` as a table, but it is {_kind(found)}.",
                hint=f"read a value as ${name}" if isinstance(found, InputCell | ConstantCell | ValueAtCell) else None,
            )
        node = cast("Cell", found)
        if cell.on is not None:
            refuse_unfit(cell, node, parse_text(node.query, self._parser) if isinstance(node, SqlCell) else None)
        return node

    def _parameter(self, cell: SqlCell, name: str) -> Cell:
        found = _matching(cell, name, "parameter")
        if found is None:
            hint = near(name, [known for known in cell.namespace.known() if _readable(cell.namespace, known)])
            wording = cell.namespace.wording
            raise NameNotFoundError(
                f"{wording.reader} `{cell.label}` uses parameter `${name}`, {wording.no_value}.", hint=hint
            )
        return found.filters if isinstance(found, FilteredCell) else found

    def _argument(self, cell: Cell, name: str) -> Cell:
        thing = cell.namespace.lookup(name)
        if thing is MISSING:
            raise NameNotFoundError(
                f"Cell `{cell.label}` has a parameter `{name}`, which no cell, input or value defines.",
                hint=near(name, [known for known in cell.namespace.known() if known != cell.label]),
            )
        return as_cell(thing, name, cell.namespace) or ConstantCell(thing, cell.namespace, name=name)

    def _thing(self, thing: object, cell: Cell) -> Cell:
        # Equal plain values are often one object to Python, so a global that is one says nothing.
        name = (None if is_plain(thing) else cell.namespace.name_of(thing)) or cell.label
        found = as_cell(thing, name, cell.namespace)
        if found is None or isinstance(found, PredicateCell):
            raise WrongKindError(
                f"`{cell.label}` is a condition on {_article(type(thing).__name__)}, which holds no choice.",
                hint="give an input, a widget or a plain value",
            )
        return found


@contextmanager
def _noting(
    faults: Faults, name: str, cell: SqlCell | None = None, query: Query | None = None, span: Span | None = None
) -> Generator[None]:
    """Note what is wrong with a name, and where it first stands in the text, and go on with the next name."""
    try:
        yield
    except DataAppError as error:
        if cell is not None and query is not None and span is not None and error.line is None:
            error.line, error.column = cell.place(*line_and_column(query.text, span.start))
        faults.setdefault(name, error)


def circle_error(cells: Sequence[Cell]) -> CycleError:
    """Return the error that names a circle: each cell reads the next, the first is also the last."""
    labels = [cell.label for cell in cells]
    wording = cells[0].namespace.wording
    if len(labels) == 2:
        return CycleError(f"{wording.reader} `{labels[0]}` reads itself.", hint=wording.circle_hint, cell=labels[0])
    circle = " → ".join(f"`{label}`" for label in labels)
    return CycleError(f"{wording.readers} read each other in a circle: {circle}.", cell=labels[0])


@lru_cache(maxsize=4096)
def parse_text(text: str, parser: Parser) -> Query:
    """Parse a text; the same text is parsed once per process."""
    return parse(text, parser)


def _is_same_lookup(old: tuple[Reads, Faults], new: tuple[Reads, Faults]) -> bool:
    (reads, faults), (now, now_faults) = old, new
    if {name: str(error) for name, error in faults.items()} != {name: str(error) for name, error in now_faults.items()}:
        return False
    read, read_now = reads.named(), now.named()
    return read.keys() == read_now.keys() and all(_is_same_cell(read[name], read_now[name]) for name in read)


def _is_same_cell(old: Cell, new: Cell) -> bool:
    if isinstance(old, ConstantCell) and isinstance(new, ConstantCell):
        return is_same(old.value, new.value)
    return old is new


def _matching(cell: SqlCell, name: str, role: str) -> Cell | None:
    """Return the node that a SQL name stands for: names differ by more than case, so two such globals are an error."""
    found: dict[Cell, str] = {}
    for written, thing in cell.namespace.matching(name):
        node = as_cell(thing, written, cell.namespace)
        if node is None:
            continue
        if written in cell.namespace.bindings and cell.namespace.bindings[written] is thing:
            return node
        found[node] = written
    if len(found) > 1:
        names = " and ".join(f"`{written}`" for written in found.values())
        reader = cell.namespace.wording.reader
        raise NameClashError(
            f"{reader} `{cell.label}` uses {role} `{name}`, but {names} differ only in case, which SQL does not see.",
            hint="rename one of them",
        )
    return next(iter(found), None)


def _is_table(namespace: Namespace, name: str) -> bool:
    return isinstance(as_cell(namespace.lookup(name), name, namespace), TABLES)


def _readable(namespace: Namespace, name: str) -> bool:
    return as_cell(namespace.lookup(name), name, namespace) is not None


def _kind(cell: Cell) -> str:
    match cell:
        case InputCell():
            return "an input"
        case PredicateCell():
            return "a predicate"
        case ValueAtCell():
            return "a value of an explorer"
        case ConstantCell():
            return _article(type(cell.value).__name__)
        case _:
            return _article(type(cell).__name__)


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def no_shared_inputs(cell: InputCell) -> None:
    """Raise if all sessions of a server would use one widget.

    Raises:
        SessionError: The input is a plain widget that is a global of an imported module.
    """
    if cell.kind.is_shared:
        raise SessionError(
            f"`{cell.label}` is a widget of an imported module, so all sessions would share it.",
            hint=f"write {cell.label} = da.input(...): one widget per session",
            cell=cell.label,
        )
