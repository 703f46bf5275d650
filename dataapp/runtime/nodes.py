"""From descriptions to nodes: what each cell becomes in one session's waves.

A query has up to three nodes: *lazy*, its text and values (a SQL cell's is computed within the wave and asks nothing of
the engine; for a Python cell over Ibis tables see `lazy_calls`); *frame*, its rows (work); and *table*, what readers
get: the lazy one, or a scan of the frame where the rows are kept. `plan` chooses before each wave. Both answer with the
same digest, so the choice alone never causes a rerun.
What runs on a database has the same nodes: only cells that run there, too, read its lazy one, all others its rows.

The module is long because making nodes and making them anew keep one invariant over the same tables: a cell has at most
one node of each kind, and whoever reads it is wired to that one.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import pyarrow as pa

from dataapp.cells.adapters import is_frame
from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import NarrowedCell, OutlineCell, PlacedCell, PlacementCell
from dataapp.cells.explore import FilterCell, SelectedCell, ValueAtCell
from dataapp.cells.input import ConstantCell, Control, InputCell, Setting
from dataapp.cells.limited import own_limit
from dataapp.cells.predicate import Condition, PredicateCell
from dataapp.cells.python import PythonCell
from dataapp.cells.relation import is_query, is_relation
from dataapp.cells.source import SourceCell, is_location
from dataapp.cells.sql import SqlCell
from dataapp.compile.query import Query
from dataapp.connect.connection import database_of, table_of
from dataapp.connect.files import (
    Noted,
    absolute,
    absolute_all,
    are_scanned_by_engine,
    choose_format,
    is_local,
    is_scanned_by_engine,
    remote_among,
    scan,
    version_of,
)
from dataapp.connect.frames import is_lazy, read_ipc, to_arrow
from dataapp.engines.duckdb import DuckDB
from dataapp.errors import (
    CycleError,
    DataAppError,
    WrongKindError,
)
from dataapp.graph.dag import CycleFound, closure
from dataapp.runtime.answers import Leased, fetch
from dataapp.runtime.assembly import build_table, range_steps, sql_type
from dataapp.runtime.calls import call_function
from dataapp.runtime.costs import keep_rows, note, same_rows
from dataapp.runtime.databases import describe, source_table
from dataapp.runtime.equality import is_same
from dataapp.runtime.explored import condition_of, selected_rows, value_at
from dataapp.runtime.forms import is_streamed, table_to_form, value_to_form
from dataapp.runtime.frames import Frame, read_frame, same_frame, single_item, stamp
from dataapp.runtime.keeping import Keeping, Readable
from dataapp.runtime.lazy_calls import LazyCall, query_of, takes_table
from dataapp.runtime.outcomes import Done, Failed, Outcome
from dataapp.runtime.paths import choose_files
from dataapp.runtime.placing import Placement, place
from dataapp.runtime.projection import WHOLE, Projection, Wanted
from dataapp.runtime.remote import RemoteSource
from dataapp.runtime.resolution import Resolver, circle_error
from dataapp.runtime.streams import Streams
from dataapp.runtime.tables import Files, SourceMoved, Table, digest, frame_table, same_table, scan_table
from dataapp.runtime.usage import Usage
from dataapp.runtime.waves import Node, Run, Waves
from dataapp.runtime.workers import Cancel


@dataclass(slots=True)
class ChosenFiles:
    """Files that a parameter chose when a query was last made of it, and their state then."""

    patterns: tuple[str, ...]
    label: str
    seen: Outcome

    def have_moved(self, noted: Noted) -> bool:
        """Whether the query must be made anew, by states of files that were noted already."""
        match file_outcome(self.patterns, self.label, noted), self.seen:
            case Done(now), Done(seen):
                return now != seen
            case now, seen:
                return type(now) is not type(seen)


class Nodes:
    """Makes the nodes of cells on demand, each once.

    Args:
        waves: Where the nodes go.
        resolver: What names mean.
        engine: What runs queries.
        replaced: Values that stand in for cells.
        initial: What an input starts with, given its cell; by default what its control holds.
        opened: Called with each control that is opened.
        keeps_rows: Whether rows are kept where that is better; else nothing is read to find out what a query is.
        fetches_rows: Whether readers take rows of databases even so; else only where a value is made of them.
    """

    def __init__(
        self,
        waves: Waves,
        resolver: Resolver,
        engine: DuckDB,
        *,
        replaced: Mapping[Cell, object],
        open_control: Callable[[InputCell], Control] | None,
        initial: Callable[[InputCell], object],
        keeps_rows: bool = False,
        fetches_rows: bool = False,
    ) -> None:
        self._keeps_rows = keeps_rows
        self._fetches_rows = fetches_rows
        self._learns_columns = keeps_rows or fetches_rows
        self._waves = waves
        self._resolver = resolver
        self._engine = engine
        self._replaced = replaced
        self._open_control = open_control
        self._initial = initial
        self._looked_above: set[Cell] = set()
        self._circles: dict[Cell, CycleError] = {}
        self.values: dict[Cell, Node] = {}
        self.tables: dict[Cell, Node] = {}
        self.lazies: dict[Cell, Node] = {}
        self.frames: dict[Cell, Node] = {}
        self.shared: dict[Cell, Node] = {}
        self.files: dict[Node, tuple[tuple[str, ...], str]] = {}
        self.chosen: dict[Node, ChosenFiles] = {}
        self.noted: Noted = {}  # files as this wave knows them
        self.raws: dict[InputCell, Node] = {}
        self.settings: dict[InputCell, Node] = {}
        self.gates: dict[Cell, Node] = {}
        self.since = 0
        self.looks = 0
        self.remote: dict[Node, RemoteSource | None] = {}
        self.placements: dict[PlacementCell, Node] = {}
        self._states: set[Node] = set()
        self._onlookers: set[Node] = set()
        self._leased: dict[Node, list[Leased]] = {}
        self.controls: dict[InputCell, Control] = {}
        self.usage = Usage(waves, resolver, replaced)

    # What readers ask for.

    def value(self, cell: Cell) -> Node:
        """Return the node of a cell's value: a number of an input, what a function returned, a 1 x 1 table's item."""
        return self._made(cell, self.values, self._make_value)

    def table(self, cell: Cell) -> Node:
        """Return the node of a cell as a table that can be queried."""
        return self._made(cell, self.tables, self._make_table)

    def query(self, cell: Cell) -> Node:
        """Return the node of a cell's query, also where readers take its rows."""
        table = self.table(cell)
        return self.lazies.get(cell, table)

    def frame(self, cell: Cell) -> Node:
        """Return the node of a cell's rows."""
        return self._made(cell, self.frames, self._make_frame)

    def _shared(self, cell: Cell) -> Node:
        """Return the node of a cell's rows for several readers, or of its query if they are too many."""
        return self._made(cell, self.shared, self._make_shared)

    def asks(self, run: Run) -> Table | None:
        """Return the table whose rows a run is about to ask the engine for, if it is one that makes a frame."""
        table = run.arguments[0] if run.arguments else None
        if not isinstance(table, Table) or self.frames.get(table.root) is not run.node:
            return None
        return None if table.database is not None or table.whole_frame is not None else table

    def fetched(self) -> list[Node]:
        """Return the nodes of rows that come from databases."""
        return [node for cell, node in self.frames.items() if cell in self.lazies and database_of(cell) is not None]

    def expired(self) -> list[Node]:
        """Return the nodes of rows that come from databases and are older than their ``ttl=`` allows."""
        results = self._engine.results
        if results is None:
            return []
        settled = [node for node in self.fetched() if node.run is None]  # what runs asks anew already
        return [node for node in settled if any(held.is_over(results, self.since) for held in self._leased[node])]

    def ask_anew(self) -> None:
        """Let no answer count that was given before now, whatever its ``ttl=``."""
        if (results := self._engine.results) is not None:
            self.since = results.leases.mark()

    def setting(self, cell: InputCell) -> Node:
        """Return the node of an input's value together with the options that cells feed into it."""
        if cell not in self.settings:
            self.value(cell)
        return self.settings[cell]

    def clear(self) -> None:
        """Forget all nodes and controls."""
        for kind in (self.values, self.tables, self.lazies, self.frames, self.shared, self.gates):
            kind.clear()
        for kind in (self.raws, self.settings, self.controls, self.usage.wanted, self.files, self.chosen, self.noted):
            kind.clear()
        for kind in (self._leased, self.remote, self.placements):
            kind.clear()
        self._states.clear()
        self._onlookers.clear()

    def plan(self) -> None:
        """Choose, for every query that somebody reads, whether its rows are kept; see `dataapp.runtime.keeping`."""
        necessary = self._waves.necessary()
        kept = self._kept(necessary)
        for cell, lazy in list(self.lazies.items()):
            table = self.tables.get(cell)
            if table is not None and table in necessary:
                takes_rows = cell in kept.reasons and (self._keeps_rows or self._fetches(cell, table, necessary))
                rows = self._shared if cell in kept.shared else self.frame
                self._waves.rewire(table, (rows(cell) if takes_rows else lazy,))
        if self._keeps_rows:
            note(self._engine.measured, kept.shared)
        if self._learns_columns:
            self.usage.plan(self._handing_on(), self.lazies)

    def _fetches(self, cell: Cell, table: Node, necessary: set[Node]) -> bool:
        """Whether a table of a database is read, where otherwise no rows are kept: a value is made of rows."""
        if database_of(cell) is None or self._fetches_rows:
            return database_of(cell) is not None
        runs = {*self.frames.values(), *self.values.values()} - self._onlookers
        pending, seen = [table], {table}
        while pending:
            readers = [node for node in pending.pop().outputs if node in necessary and node not in seen]
            if not runs.isdisjoint(readers):
                return True
            seen.update(readers)
            pending += readers
        return False

    def computed_frames(self) -> dict[str, str]:
        """Return, by label, what is computed of lazy frames of Polars for what is read at present."""
        return self.usage.described_frames(self._handing_on(), self.lazies)

    def fetched_rows(self, cancel: Cancel) -> dict[str, str]:
        """Return, by label, what is fetched from databases for what is read at present; they are asked for columns."""
        return self.usage.described_fetches(self._handing_on(), self.lazies, cancel)

    def placed_selections(self) -> list[str]:
        """Return, for people, where the selections of crossfilters stand for what is read at present."""
        outcomes = [node.outcome for node in self.placements.values()]
        found = [outcome.value for outcome in outcomes if isinstance(outcome, Done)]
        return [line for placement in found if isinstance(placement, Placement) for line in placement.lines()]

    def _handing_on(self) -> dict[Node, Cell]:
        """Return the nodes that give readers the rows of a query as they are, whether or not they are kept."""
        return {node: cell for kind in (self.tables, self.shared) for cell, node in kind.items()}

    def kept_rows(self) -> dict[str, str]:
        """Return, by label, why the rows of queries are kept at present."""
        return {cell.label: reason for cell, reason in self._kept(self._waves.necessary()).reasons.items()}

    def _kept(self, necessary: set[Node]) -> Keeping:
        cells = {self.lazies[cell]: cell for cell in self.lazies if cell in self.tables}
        order = closure(list(cells), lambda node: node.inputs)
        found = ((cells[node], node) for node in order if node in cells)
        kinds = (self.lazies, self.tables, self.frames, self.shared)
        roots = {node: cell for kind in kinds for cell, node in kind.items()}
        return Keeping(necessary - self._onlookers, self._engine.measured, roots).choose(
            Readable(cell, self._query(cell), self.tables[cell], lazy, self.frames.get(cell)) for cell, lazy in found
        )

    # What names stand for may change in a notebook.

    def renew(self, cells: Iterable[Cell]) -> list[Run]:
        """Make anew what depends on the names of cells that read something else now; their readers stay.

        Returns:
            The runs to interrupt.
        """
        known = dict.fromkeys([*self.values, *self.tables, *self.frames])
        circles = dict.fromkeys(self._circles)
        self._looked_above.clear()
        self._circles.clear()
        for cell in known:
            self._look_above(cell)
        changed = {**dict.fromkeys(cells), **circles, **dict.fromkeys(self._circles)}
        return [run for cell in changed if cell in known and cell not in self._replaced for run in self._renew(cell)]

    def retire(self, kept: Iterable[Cell]) -> list[Cell]:
        """Forget cells that nobody looks at and that none of the kept ones reads; inputs stay, with what they hold.

        Returns:
            The forgotten cells.
        """
        kinds, made = self._kinds(), self._made_cells()
        necessary = self._waves.necessary()
        shown = [cell for cell in made if any(cell in kind and kind[cell] in necessary for kind in kinds)]
        used: dict[Cell, None] = {}
        waiting = [*shown, *self.raws, *kept]
        while waiting:
            cell = waiting.pop()
            if cell not in used:
                used[cell] = None
                waiting += self._resolver.partial(cell).cells
        gone = [cell for cell in made if cell not in used]
        self._remove([kind.pop(cell) for cell in gone for kind in kinds if cell in kind])
        self._looked_above.difference_update(gone)
        self.placements = {cell: node for cell, node in self.placements.items() if cell not in gone}
        return gone

    def drop(self, cell: Cell) -> list[Cell]:
        """Forget a cell, and frames that it reads, as far as nobody looks at them and no other cell reads them.

        Returns:
            The forgotten cells.
        """
        made = self._made_cells()
        if cell not in made:
            return []
        free = {cell, *(one for one in self._resolver.partial(cell).cells if _is_frame_source(one))}
        return self.retire([one for one in made if one not in free])

    def _kinds(self) -> tuple[dict[Cell, Node], ...]:
        return self.values, self.tables, self.frames, self.shared, self.lazies, self.gates

    def _made_cells(self) -> dict[Cell, None]:
        return dict.fromkeys(cell for kind in self._kinds() for cell in kind)

    def _renew(self, cell: Cell) -> list[Run]:
        runs: list[Run | None] = []
        if isinstance(cell, InputCell):
            feeds = (self._feed(read) for read in self._resolver.reads(cell).arguments.values())
            self._waves.rewire(self.settings[cell], (self.raws[cell], *feeds))
        elif not is_query(cell):
            runs.append(self._replace(cell, self.values, self._make_value))
        else:
            lazy = self.lazies.get(cell)
            if lazy is not None and cell not in self._circles and not self._resolver.faults(cell):
                runs.append(self._replace(cell, self.lazies, self._make_lazy))
            else:
                self.lazies.pop(cell, None)
                runs += [
                    self._replace(cell, self.tables, self._make_table),
                    self._replace(cell, self.frames, self._make_frame),
                    self._replace(cell, self.shared, self._make_shared),
                ]
                if cell in self.tables:
                    self._rewire_there(cell, lazy)
                self._remove([] if lazy is None else [lazy])
        return [run for run in runs if run is not None]

    def _rewire_there(self, cell: Cell, lazy: Node | None) -> None:
        """Let cells on a database read the query of one that there was none of, or no longer the one that there was."""
        stale, query = (lazy, self.tables[cell]), self.query(cell)
        for reader, node in self.lazies.items():
            if isinstance(reader, SqlCell) and reader.on is not None and not {*stale}.isdisjoint(node.inputs):
                self._waves.rewire(node, tuple(query if source in stale else source for source in node.inputs))

    def _replace(self, cell: Cell, kind: dict[Cell, Node], make: Callable[[Cell], Node]) -> Run | None:
        old = kind.pop(cell, None)
        if old is None:
            return None
        sources = old.inputs
        run = self._waves.replace(old, self._made(cell, kind, make))
        self._remove([node for node in sources if node in self.files])
        self.chosen.pop(old, None)
        self._leased.pop(old, None)
        if (wanted := self.usage.wanted.pop(old, None)) is not None:
            self._waves.remove(wanted)
        return run

    def _remove(self, nodes: list[Node]) -> None:
        """Remove nodes as far as nobody reads them, and with them the files that only they watch."""
        waiting = nodes
        while free := [node for node in waiting if not node.outputs]:
            waiting = [node for node in waiting if node.outputs]
            for node in free:
                waiting += [source for source in node.inputs if self._watches(source) and source not in waiting]
                self._waves.remove(node)
                self.files.pop(node, None)
                self.remote.pop(node, None)
                self._states.discard(node)
                self._onlookers.discard(node)
                self.chosen.pop(node, None)
                self._leased.pop(node, None)
                if (wanted := self.usage.wanted.pop(node, None)) is not None:
                    self._waves.remove(wanted)

    def _watches(self, node: Node) -> bool:
        return node in self.files or node in self.remote or node in self._states

    # How they are made.

    def _made(self, cell: Cell, kind: dict[Cell, Node], make: Callable[[Cell], Node]) -> Node:
        if cell in kind:
            return kind[cell]
        self._look_above(cell)
        try:
            if (error := self._circles.get(cell)) is not None:
                raise error.with_traceback(None)
            node = make(cell)
        except DataAppError as error:
            node = self._failing(cell, error)
        kind[cell] = node
        return node

    def _look_above(self, cell: Cell) -> None:
        """Find circles before anything is made, and make what is above first: no chain is too long to recurse."""
        if cell in self._looked_above:
            return
        while True:
            try:
                above = closure([cell], self._reads_above)
            except CycleFound as found:
                circle = cast("list[Cell]", found.nodes)
                self._circles |= dict.fromkeys(circle, circle_error(circle))
            else:
                break
        self._looked_above.update(above)
        for read in above[:-1]:
            if is_query(read):
                self.table(read)
            elif isinstance(read, PythonCell):
                self.value(cast("Cell", read))

    def _reads_above(self, cell: Cell) -> list[Cell]:
        done = cell in self._looked_above or cell in self._replaced or cell in self._circles
        return [] if done else self._reads_of(cell)

    def _reads_of(self, cell: Cell) -> list[Cell]:
        try:
            return list(dict.fromkeys(self._resolver.reads(cell).cells))
        except DataAppError:  # which becomes the value of the cell's own node
            return []

    def _failing(self, cell: Cell, error: DataAppError) -> Node:
        node = self._waves.add(Node(cell.label))
        self._waves.stage_outcome(node, Failed(error))
        return node

    def _fixed(self, cell: Cell, value: object) -> Node:
        node = self._waves.add(Node(cell.label, same=is_same))
        self._waves.stage(node, value)
        return node

    def _make_value(self, cell: Cell) -> Node:
        if cell in self._replaced:
            value = self._replaced[cell]
            if is_relation(cell) and is_frame(value):
                return self._item(cell)
            return self._fixed(cell, cell.condition(value, {}) if isinstance(cell, PredicateCell) else value)
        match cell:
            case InputCell():
                return self._input_value(cell, self._initial(cell))
            case ConstantCell():
                return self._fixed(cell, cell.value)
            case FilterCell():
                return self._looking_at(cell, cell.explorer.view, partial(condition_of, cell, self._engine), _equal)
            case SelectedCell():
                return self._looking_at(cell, cell.explorer.choice, partial(selected_rows, self._engine), is_same)
            case ValueAtCell():
                return self._looking_at(cell, cell.explorer.choice, partial(value_at, cell, self._engine), is_same)
            case PlacementCell():
                return self._placement(cell)
            case PlacedCell():
                return self._placed(cell)
            case PredicateCell():
                return self._condition(cell)
            case PythonCell() if not is_query(cell := cast("PythonCell[..., Any]", cell)):
                return self._python_value(cell)
            case SourceCell() if not is_location(cell.location):
                return self._fixed(cell, cell.location)
            case _:
                return self._item(cell)

    def _item(self, cell: Cell) -> Node:
        def item(frame: Frame) -> object:
            return single_item(cell, frame)

        return self._waves.add(Node(cell.label, (self.frame(cell),), compute=item, same=is_same))

    def _make_table(self, cell: Cell) -> Node:
        if cell in self._replaced:
            return self._scanning(cell, self._fixed(cell, self._replaced[cell]))
        if isinstance(cell, NarrowedCell | OutlineCell) and cell.of in self._replaced:
            return self.table(cell.of)
        if database_of(cell) is not None:
            return self._database_table(cell)
        if is_query(cell):
            lazy = self.lazies[cell] = self._make_lazy(cell)

            def readable(source: object) -> Table:
                return _readable(cell, source)

            return self._waves.add(Node(cell.label, (lazy,), compute=readable, same=same_table, renews=True))
        match cell:
            case SourceCell() if is_location(cell.location):
                return self._file_table(cell)
            case SourceCell() | PythonCell():
                return self._scanning(cast("Cell", cell), self.value(cast("Cell", cell)))
            case _:
                raise WrongKindError(f"`{cell.label}` is not a table.", cell=cell.label)

    def _make_frame(self, cell: Cell) -> Node:
        source = self.query(cell)
        is_text = isinstance(cell, SqlCell) and cell in self.lazies  # an expression's barrier is its lazy node
        has_one_meaning = not (is_text and (query := self._query(cell)) is not None and query.unstable)

        leased: list[Leased] = []

        def read(cancel: Cancel, table: Table, wanted: Wanted = WHOLE) -> Frame:
            if table.database is None:
                return read_frame(table, self._engine, cancel, has_one_meaning=has_one_meaning)
            results, since = self._engine.results, self.since
            answer = fetch(table, cancel, results, has_one_meaning=has_one_meaning, wanted=wanted, since=since)
            leased[:] = [] if answer.leased is None else [answer.leased]
            return answer.frame

        gate = self.gates.get(cell) if is_text else None
        is_fetched = cell in self.lazies and database_of(cell) is not None
        inputs = (source, self._wanted(cell, is_known=not self._learns_columns)) if is_fetched else (source,)
        node = Node(cell.label, inputs, compute=read, is_work=True, same=same_frame, gate=gate)
        node.limit = own_limit(cell)
        if is_fetched:
            self.usage.wanted[node], self._leased[node] = inputs[-1], leased
        return self._waves.add(node)

    def _make_shared(self, cell: Cell) -> Node:
        def keep(cancel: Cancel, table: Table) -> Frame | Table:
            return keep_rows(table, self._engine, cancel)

        node = Node(cell.label, (self.query(cell),), compute=keep, is_work=True, same=same_rows, limit=own_limit(cell))
        return self._waves.add(node)

    def _database_table(self, cell: Cell) -> Node:
        """Make the nodes of what runs on a database; without `plan`, readers learn its columns and nothing is read."""
        if isinstance(cell, SqlCell):
            lazy = self._make_lazy(cell)
        else:
            assert isinstance(cell, SourceCell)
            location = table_of(cell)
            assert location is not None
            lazy = self._fixed(cell, source_table(cell, location))
        self.lazies[cell] = lazy

        def readable(cancel: Cancel, source: object) -> Table:
            if isinstance(source, Frame):
                return frame_table(cell, source.rows, source.digest)
            table = cast("Table", source)
            columns = describe(table, cancel)
            return frame_table(cell, columns, digest("columns", table.digest, str(columns.schema)))

        node = Node(cell.label, (lazy,), compute=readable, is_work=True, same=same_table, limit=own_limit(cell))
        return self._waves.add(node)

    def _query(self, cell: Cell) -> Query | None:
        """Return the query of a cell, if it has one; an expression's is known once its function was called."""
        if isinstance(cell, SqlCell):
            return self._resolver.reads(cell).query
        outcome = self.lazies[cell].outcome
        return query_of(outcome.value) if isinstance(outcome, Done) else None

    def _scanning(self, cell: Cell, value: Node) -> Node:
        def scanned(frame: object) -> Table:
            return frame_table(cell, to_arrow(frame, cell.label), stamp())

        given = self._replaced.get(cell, cell.location if isinstance(cell, SourceCell) else None)
        if given is None or is_lazy(given):  # a function may return a lazy frame, too: computing it may take long
            wanted = self._wanted(cell, is_known=not self._keeps_rows)
            inputs = (value, wanted)
            node = Node(cell.label, inputs, compute=Projection(cell), is_work=True, same=same_table)
            node.limit = own_limit(cell)
            self.usage.wanted[node] = wanted
            return self._waves.add(node)
        return self._waves.add(Node(cell.label, (value,), compute=scanned, same=same_table))

    def _wanted(self, cell: Cell, *, is_known: bool) -> Node:
        """Make the node of what readers may use, which `plan` tells; it is known where it will not."""
        wanted = self._waves.add(Node(cell.label, same=_equal))
        if is_known:
            self._waves.stage(wanted, WHOLE)
        return wanted

    def _input_value(self, cell: InputCell, value: object) -> Node:
        if self._open_control is not None and cell not in self.controls:
            self.controls[cell] = self._open_control(cell)
        raw = self._waves.add(Node(cell.label, same=is_same))
        self._waves.stage(raw, value)
        self.raws[cell] = raw
        fed = self._resolver.reads(cell).arguments
        names = list(fed)
        feeds = tuple(map(self._feed, fed.values()))

        def settle(value: object, *fed: object) -> Setting:
            return cell.kind.settle(value, dict(zip(names, map(_fed, fed), strict=True)))

        setting = self._waves.add(Node(cell.label, (raw, *feeds), compute=settle, same=_same_setting))
        self.settings[cell] = setting

        def set_to(setting: Setting) -> object:
            return setting.value

        return self._waves.add(Node(cell.label, (setting,), compute=set_to, same=is_same))

    def _feed(self, cell: Cell) -> Node:
        return self.frame(cell) if _has_rows(cell) else self.value(cell)

    def _condition(self, cell: PredicateCell) -> Node:
        of = self._resolver.reads(cell).values[""]
        types = {field: sql_type(of) for field in cell.columns}

        def condition(choice: object) -> Condition:
            return cell.condition(choice, types, steps=range_steps(cell, of, choice))

        return self._waves.add(Node(cell.label, (self.value(of),), compute=condition, same=_equal))

    def _placement(self, cell: PlacementCell) -> Node:
        readings = self._resolver.readings(cell)
        tables = [
            cell.view.outline(cast("SqlCell", read)) if self._resolver.outlined(read) else read for read in readings
        ]

        def look(_: Cancel, *found: Table) -> Placement:
            known = (table.relation(self._engine).columns() for table in found)
            columns = [{column.name: column.type for column in each} for each in known]
            return place(cell.view, readings, dict(zip(readings, columns, strict=True)))

        node = Node(cell.label, tuple(map(self.table, tables)), compute=look, is_work=True, same=_equal)
        self._onlookers.add(node)
        self.placements[cell] = node
        return self._waves.add(node)

    def _placed(self, cell: PlacedCell) -> Node:
        selections = cell.view.selections
        choices = [self._choice(selection) for selection in selections]
        types = [
            {name: sql_type(of) for name in each.columns} for each, (_, of) in zip(selections, choices, strict=True)
        ]

        def condition(placement: Placement, *chosen: object) -> Condition:
            steps = [
                range_steps(each, of, choice) for each, (_, of), choice in zip(selections, choices, chosen, strict=True)
            ]
            return placement.condition(cell, chosen, types, steps)

        inputs = (self.value(cell.view.placement), *(node for node, _ in choices))
        return self._waves.add(Node(cell.label, inputs, compute=condition, same=_equal))

    def _choice(self, cell: PredicateCell) -> tuple[Node, Cell]:
        """Return the node of what is chosen in a selection, and whose it is."""
        of = self._resolver.choice_of(cell)
        return (self._fixed(cell, self._replaced[cell]) if cell in self._replaced else self.value(of)), of

    def _looking_at(
        self,
        cell: FilterCell | SelectedCell | ValueAtCell,
        of: InputCell,
        compute: Callable[[object, Table], object],
        same: Callable[[object, object], bool],
    ) -> Node:
        """Make the node of what a reader sets or chooses in an explorer, which looks at its table without reading it.

        Args:
            cell: The cell.
            of: The input that holds it.
            compute: Makes the value of what the input holds, and of the table.
            same: Whether readers see no difference.
        """

        def look(_: Cancel, held: object, table: Table) -> object:
            return compute(held, table)

        node = Node(cell.label, (self.value(of), self.table(cell.explorer.of)), compute=look, is_work=True, same=same)
        self._onlookers.add(node)
        return self._waves.add(node)

    def _gate(self, cell: SqlCell | PythonCell[..., Any]) -> Node | None:
        if cell.run != "button":
            return None
        if cell in self.gates:
            return self.gates[cell]
        gate = self._waves.add(Node(f"{cell.label} (button)"))
        gate.outcome = Done(0)  # not staged: what is staged counts as a first press
        self.gates[cell] = gate
        return gate

    def _file_node(self, patterns: tuple[str, ...], label: str) -> Node:
        node = self._waves.add(Node(label, same=_equal))
        self.files[node] = (patterns, label)  # whose state is noted as a wave begins
        return node

    def _file_table(self, cell: SourceCell) -> Node:
        location: Any = cell.location
        given = cast("list[object]", location if isinstance(location, list | tuple) else [location])
        locations = absolute_all(tuple(given), cell.namespace.folder)

        def scanned(version: Any, remote: Any = 0) -> Table:
            kind = choose_format(locations, version, cell.options, cell.label)
            if not is_scanned_by_engine(kind):
                return _arrow_table(cell, Files(locations, version, cell.label))
            sql = scan(version, locations, kind, cell.options)
            return scan_table(cell, sql, Files(locations, version, cell.label), remote)

        def read(_: Cancel, *states: Any) -> Table:
            return scanned(*states)

        files = (self._file_node(locations, cell.label), *self._remote_nodes(cell, locations))
        said = cell.options.get("format")
        if are_scanned_by_engine(locations) if said is None else is_scanned_by_engine(str(said)):
            return self._waves.add(Node(cell.label, files, compute=scanned, same=same_table))
        node = Node(cell.label, files, compute=read, is_work=True, same=same_table, limit=own_limit(cell))
        return self._waves.add(node)

    def _remote_nodes(self, cell: SourceCell, locations: tuple[str, ...]) -> tuple[Node, ...]:
        """Make the node of the state of remote files, or of how often they were looked at without a ``ttl=``."""
        remote = remote_among(locations)
        if not remote:
            return ()
        watched = self._waves.add(Node(cell.label, same=_equal))
        results = self._engine.results
        if cell.ttl is None or results is None:
            self.remote[watched] = None
            self.note_remote(watched)
            return (watched,)
        source = self.remote[watched] = RemoteSource(remote, cell.ttl, cell.label)
        self.note_remote(watched)

        def state(cancel: Cancel, lease: tuple[int, int | None]) -> Files:
            return source.files(self._engine, results, lease, cancel)

        node = Node(cell.label, (watched,), compute=state, is_work=True, same=_equal, limit=own_limit(cell))
        self._states.add(node)
        return (self._waves.add(node),)

    def note_files(self, necessary: Set[Node]) -> None:
        """Note the state of the files that these nodes watch, each as `noted` has it or else as it is now."""
        for node, (patterns, label) in self.files.items():
            if node in necessary:
                self._waves.stage_outcome(node, file_outcome(patterns, label, self.noted))

    def note_remote(self, node: Node) -> None:
        """Note which lease the state of remote files is of now, or how often they were looked at."""
        source, results = self.remote[node], self._engine.results
        if source is None or results is None:
            self._waves.stage(node, self.looks)
        else:
            self._waves.stage(node, source.lease(results, self.since))

    def _make_lazy(self, cell: Cell) -> Node:
        if isinstance(cell, SqlCell):
            self._gate(cell)
            return self._lazy(cell)
        assert isinstance(cell, PythonCell)
        return self._expression(cast("PythonCell[..., Any]", cell))

    def _expression(self, cell: "PythonCell[..., Any]") -> Node:
        reads = self._resolver.reads(cell)
        inputs = tuple(
            self.table(read) if takes_table(cell, name, read) else self._argument(read, None)
            for name, read in reads.arguments.items()
        )
        call = LazyCall(cell, reads, self._engine, self._keeps_rows)
        node = Node(cell.label, inputs, compute=call, is_work=True, same=same_table, gate=self._gate(cell))
        node.limit = own_limit(cell)
        return self._waves.add(node)

    def _lazy(self, cell: SqlCell) -> Node:
        reads = self._resolver.reads(cell)
        query = reads.query
        assert query is not None
        files = {file.location: absolute(file.location, cell.namespace.folder) for file in query.files}
        inputs: dict[tuple[str, str], Node] = {}
        for name, read in reads.tables.items():
            inputs["table", name] = self.table(read) if cell.on is None else self.query(read)
        for name, read in reads.values.items():
            inputs["value", name] = self.value(read)
        for name, predicate in reads.predicates.items():
            inputs["predicate", name] = self.value(predicate)
        if local := tuple(filter(is_local, files.values())):
            inputs["files", ""] = self._file_node(local, cell.label)

        chosen_by = {name: read for name, read in reads.values.items() if name in query.path_parameters}
        by_input = {name: self._is_chosen_by_input(read) for name, read in chosen_by.items()}

        def choose(name: str, value: object) -> tuple[object, Files]:
            chosen = choose_files(query, name, value, cell.namespace.folder, by_input=by_input[name], cell=cell.label)
            patterns = self.chosen[node].patterns + chosen.files if node in self.chosen else chosen.files
            self.chosen[node] = ChosenFiles(patterns, cell.label, file_outcome(patterns, cell.label, self.noted))
            return chosen.value, Files(chosen.files, version_of(chosen.files, cell.label, self.noted), cell.label)

        def build(*values: object) -> Table:
            self.chosen.pop(node, None)
            return build_table(cell, query, reads, files, dict(zip(inputs, values, strict=True)), choose)

        node = Node(cell.label, tuple(inputs.values()), compute=build, same=same_table)
        return self._waves.add(node)

    def _is_chosen_by_input(self, cell: Cell) -> bool:
        """Whether a viewer chooses a value; what a Python cell makes of an input is the author's choice."""
        if isinstance(cell, PythonCell) or cell in self._replaced:
            return False
        return isinstance(cell, InputCell) or any(map(self._is_chosen_by_input, self._reads_of(cell)))

    def _python_value(self, cell: "PythonCell[..., Any]") -> Node:
        reads = self._resolver.reads(cell).arguments
        forms = {name: cell.form(name) for name in reads}
        inputs = tuple(self._argument(read, forms[name]) for name, read in reads.items())

        def call(cancel: Cancel, *values: object) -> object:
            arguments: dict[str, object] = {}
            with Streams(cancel, cell.label) as streams:
                for name, value in zip(reads, values, strict=True):
                    if isinstance(value, Frame):
                        arguments[name] = table_to_form(value.rows, forms[name], name, cell.label)
                    elif isinstance(value, Table):
                        arguments[name] = streams.open(value, self._engine)
                    else:
                        arguments[name] = value_to_form(value, forms[name], name, cell.label)
                cancel.check()
                return streams.call(lambda: call_function(cell, arguments, cancel))

        node = Node(cell.label, inputs, compute=call, is_work=True, same=is_same, gate=self._gate(cell))
        node.limit = own_limit(cell)
        return self._waves.add(node)

    def _argument(self, cell: Cell, form: object) -> Node:
        if isinstance(cell, PredicateCell):
            raise WrongKindError(f"`{cell.label}` is a predicate, which only SQL reads.")
        is_replaced = cell in self._replaced and is_relation(cell)
        if not (is_replaced or _has_rows(cell)):
            return self.value(cell)
        in_batches = is_streamed(form) and database_of(cell) is None  # rows of a database are here as a whole
        return self.table(cell) if in_batches else self.frame(cell)


def _is_frame_source(cell: Cell) -> bool:
    return isinstance(cell, SourceCell) and is_frame(cell.location)


def _has_rows(cell: Cell) -> bool:
    return is_query(cell) or (isinstance(cell, SourceCell) and is_location(cell.location))


def _readable(cell: Cell, source: object) -> Table:
    if isinstance(source, Frame):
        return frame_table(cell, source.rows, source.digest)
    return cast("Table", source)


def _same_setting(old: object, new: object) -> bool:
    if not (isinstance(old, Setting) and isinstance(new, Setting)):
        return False
    return is_same(old.value, new.value) and is_same(dict(old.options), dict(new.options))


def _equal(old: object, new: object) -> bool:
    return old == new


def _fed(value: object) -> object:
    return value.rows if isinstance(value, Frame) else value


def file_outcome(patterns: tuple[str, ...], label: str, noted: Noted) -> Outcome:
    """Return how a node that watches files ends, by states that were noted or else as they are now."""
    try:
        return Done(version_of(patterns, label, noted))
    except DataAppError as error:
        return Failed(error)


def _arrow_table(cell: SourceCell, files: Files) -> Table:
    tables = [read_ipc(state, cell.label) for state in files.version]
    rows = pa.concat_tables(tables, promote_options="default")
    table = frame_table(cell, rows, digest("arrow", files.version))
    if files.have_moved():
        raise SourceMoved
    return table
