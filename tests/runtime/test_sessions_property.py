"""Sessions over random graphs of real cells, in every order, against a fresh run from scratch.

A machine builds cells over frames, files, inputs and each other, and then turns inputs, rewrites files, presses
buttons, wants and releases cells, ends and opens sessions, and runs the pending work in any order; some of it happens
while a query or a function runs. Whatever has settled must equal what a new session gives for the same inputs. Cells
whose text has no one meaning, and cells behind a button, keep the rows that they gave: those are handed to the fresh
run, so that everybody must have read the same rows.
"""

import gc
import inspect
import itertools
import os
import random
import tempfile
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from dataapp.cache.results import Results
from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell, Setting
from dataapp.cells.namespace import Namespace
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.python import PythonCell
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.engines.consolidation import Expectation
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.relation import Relation
from dataapp.runtime.frames import Frame
from dataapp.runtime.outcomes import Blocked, Done, Failed, Outcome, Waiting
from dataapp.runtime.session import Session
from dataapp.runtime.tables import Table
from dataapp.runtime.waves import Run, Step
from dataapp.runtime.workers import Cancel, InlinePool
from tests.runtime.bench import KnobControl, ManualPool, knob, place

TEXTS = {
    "shift": "SELECT k, v + $a AS v FROM {t}",
    "group": "SELECT k, sum(v)::BIGINT AS v FROM {t} GROUP BY k",
    "cast": "SELECT k, v + CAST($b AS INTEGER) AS v FROM {t}",
    "late cast": "SELECT k, sum(v + CAST($b AS INTEGER))::BIGINT AS v FROM {t} GROUP BY k",
    "chosen": "SELECT k, v FROM {t} WHERE $p",
    "fed": "SELECT k, v + $c AS v FROM {t}",
    "join": "SELECT x.k, x.v + y.v AS v FROM {t} AS x JOIN {u} AS y USING (k)",
    "union": "FROM {t} UNION ALL SELECT k, -v FROM {u}",
    "random": "SELECT k, v + 1000 * floor(1000 * random())::BIGINT AS v FROM {t}",
    "limit": "FROM {t} LIMIT 2",
    "file": "SELECT k, v FROM 'numbers.parquet' WHERE v >= $a",
    "item": "SELECT k, v + $n AS v FROM {t}",
    "constant": "SELECT k, v FROM {t} WHERE v <> 1",
}
UNSTABLE = {"random", "limit"}
WHO = st.integers(0, 1)
FORMS = ("frame", "frame", "table")
RUNS = ("auto",) * 7 + ("button",)
MATERIALIZE = ("auto", True, False)
FAILS = (None, 3)
FRAME = pl.DataFrame({"k": [0, 1, 2, 2], "v": [1, 2, 3, 4]})


class HookedReader(Reader):
    """A reader during whose queries the world may change."""

    def fetch(self, *arguments: Any, **options: Any) -> pa.Table:
        table = super().fetch(*arguments, **options)
        cast("HookedDuckDB", self._engine).happen()
        return table


class HookedDuckDB(DuckDB):
    """An engine during whose queries the world may change."""

    happen: Callable[[], None] = staticmethod(lambda: None)

    def read(self, relation: Relation) -> Reader:
        reader = HookedReader(self, relation)
        self.happen()
        return reader


ENGINE = HookedDuckDB(Results(2_000))  # room for some results, so that they are shared, and go
FRESH = DuckDB()  # which shares nothing: cached must equal fresh


class WatchedSession(Session):
    """A session that checks each start of a run."""

    def __init__(self, world: "World", **options: Any) -> None:
        self.world = world
        self.starts: dict[tuple[object, int], int] = {}
        self.controls: dict[InputCell, KnobControl] = {}
        super().__init__(ENGINE, world.pool, open_control=self._control, **options)

    def _control(self, cell: InputCell) -> KnobControl:
        self.controls[cell] = cast("KnobControl", cell.kind.open(cell.label))
        return self.controls[cell]

    def _prepare(self, step: Step) -> Any:
        wanted = self._waves.necessary()
        for run in step.started:
            node, when = run.node, (run.node, self._waves.epoch)
            self.starts[when] = self.starts.get(when, 0) + 1
            assert self.starts[when] == 1, f"{node.name} is run twice in one wave"
            assert node in wanted, f"{node.name} runs although nobody wants it"
            is_pressed = node.gate is not None and node.gate.changed_at > node.opened_at
            changed = node.checked_at < 0 or any(source.changed_at > node.checked_at for source in node.inputs)
            assert is_pressed if node.gate is not None else changed, f"{node.name} runs for no reason"
        return super()._prepare(step)

    def _execute(self, run: Run, cancel: Cancel, expected: Expectation | None) -> None:
        before, self.world.running = self.world.running, self
        try:
            super()._execute(run, cancel, expected)
        finally:
            self.world.running = before

    @property
    def runs(self) -> int:
        """How many runs were started."""
        return sum(self.starts.values())

    def inputs(self) -> dict[Cell, object]:
        """The values of the inputs as this wave has them."""
        raws = self.nodes.raws.items()
        return {cell: raw.outcome.value for cell, raw in raws if isinstance(raw.outcome, Done)}


class World(RuleBasedStateMachine):
    """Cells, sessions, and a file."""

    cells = Bundle("cells")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.pool = ManualPool()
        self.running: WatchedSession | None = None
        self.texts: dict[Cell, str] = {}
        self.numbers = itertools.count()
        self.rewritten = 0
        self.rewritten_in: dict[WatchedSession, int] = {}
        self.surprises: list[Callable[[], None]] = []
        self.held: list[weakref.ref[object]] = []
        self.closed: list[Session] = []
        self.depth = 0
        self.write_file([1, 2])
        gc.freeze()  # only what the machine makes is worth collecting
        ENGINE.happen = self.happen

    def teardown(self) -> None:
        if hasattr(self, "sessions"):
            self.settle()
        gc.unfreeze()
        ENGINE.happen = lambda: None
        self.stack.close()

    # The cells.

    @initialize(target=cells, seed=st.integers(0, 2**32))
    def graph(self, seed: int) -> Any:
        chance = random.Random(seed)
        self.a = knob(1, "INTEGER", name="a")
        self.b = knob("1", "VARCHAR", name="b")
        self.m = knob([], "INTEGER[]", name="m")
        self.p = PredicateCell(self.m, {"": "k"}, place(), name="p")
        frame = SourceCell(FRAME, place(), options={}, name="frame")
        self.c = knob(1, "INTEGER", name="c", options=self.sql("SELECT DISTINCT k FROM {t} ORDER BY k", t=frame))
        self.n = self.python(lambda t, a: int(t["v"].sum()) % 2 + a % 2, t=frame, a=self.a)
        self.sessions = [self.open(), self.open()]
        known: list[Cell] = [frame, SourceCell("numbers.parquet", place(self.folder), options={}, name="file")]
        for _ in range(chance.randint(4, 9)):
            t, u = chance.choice(known[-4:]), chance.choice(known)
            run = chance.choice(RUNS)
            if chance.random() < 0.2:
                known.append(self.add_python(t, chance.choice(FAILS), run))
            else:
                kind = chance.choice(sorted(TEXTS))
                known.append(self.add_sql(kind, t, u, chance.choice(MATERIALIZE), run))
        for session in self.sessions:
            for _ in range(chance.randint(1, 4)):
                self.want_in(session, chance.choice(known), chance.choice(FORMS))
        return multiple(*known)

    def sql(self, text: str, kind: str = "", *, materialize: Any = "auto", run: Any = "auto", **bindings: Cell) -> Cell:
        tables = {name: name for name in bindings}
        namespace = Namespace("world", self.folder / "app.py", 1, {}, bindings)
        name = f"c{next(self.numbers)}"
        cell = SqlCell(text.format(**tables), namespace, on=None, materialize=materialize, run=run, name=name)
        self.texts[cell] = kind
        return cell

    def python(self, function: Callable[..., object], *, run: str = "auto", **wiring: Cell) -> PythonCell[..., Any]:
        namespace = Namespace("world", None, 1, {}, wiring)
        cell: PythonCell[..., Any]

        def seen(**arguments: object) -> object:
            self.check_arguments(cell, arguments)
            self.happen()
            return function(**arguments)

        seen.__signature__ = inspect.signature(function)  # pyright: ignore[reportFunctionMemberAccess]
        cell = PythonCell(seen, namespace, run=run, name=f"p{next(self.numbers)}")
        return cell

    def add_sql(self, kind: str, t: Cell, u: Cell, materialize: Any, run: Any) -> Cell:
        known = {"t": t, "u": u, "a": self.a, "b": self.b, "c": self.c, "p": self.p, "n": self.n}
        return self.sql(TEXTS[kind], kind, materialize=materialize, run=run, **known)

    def add_python(self, t: Cell, fails_at: int | None, run: str) -> Cell:
        def scaled(t: pl.DataFrame, a: int) -> pl.DataFrame:
            if a == fails_at:
                raise ValueError(f"{a} is too much")
            return t.select("k", v=pl.col("v") % (a + 2))

        return self.python(scaled, t=t, a=self.a, run=run)

    # What people and the world do.

    def open(self) -> WatchedSession:
        session = WatchedSession(self)
        self.wanted = getattr(self, "wanted", {})
        self.wanted[session] = []
        return session

    @rule(who=WHO, cell=cells, form=st.sampled_from(FORMS))
    def want(self, who: int, cell: Cell, form: Any) -> None:
        self.want_in(self.sessions[who], cell, form)

    def want_in(self, session: WatchedSession, cell: Cell, form: Any) -> None:
        form = "value" if isinstance(cell, PythonCell) and form == "frame" else form

        def changed() -> None:
            assert not session.is_closed, "a closed session tells nobody"
            assert demand in [known for _, _, known in self.wanted[session]], "who released it is not told"

        demand = session.demand(cell, form, changed)
        self.wanted[session].append((cell, form, demand))

    @rule(who=WHO, data=st.data())
    def release(self, who: int, data: st.DataObject) -> None:
        if wanted := self.wanted[self.sessions[who]]:
            wanted.pop(data.draw(st.integers(0, len(wanted) - 1)))[2].release()

    def turn(self, session: WatchedSession, name: str, value: int) -> None:
        values = {"a": value, "b": ["0", "1", "2", "no number"][value], "c": value, "m": list(range(value))}
        session.set(getattr(self, name), values[name])

    TURNS = st.lists(st.tuples(st.integers(0, 1), st.sampled_from("aabcm"), st.integers(0, 3)), min_size=1, max_size=3)

    @rule(turns=TURNS)
    def turn_inputs(self, turns: list[tuple[int, str, int]]) -> None:
        for who, name, value in turns:
            self.turn(self.sessions[who], name, value)

    def write_file(self, numbers: list[int]) -> None:
        self.rewritten += 1
        path = self.folder / f"{self.rewritten}.new"
        pl.DataFrame({"k": [n % 3 for n in numbers], "v": numbers}, {"k": pl.Int64, "v": pl.Int64}).write_parquet(path)
        os.utime(path, ns=(self.rewritten, self.rewritten))
        path.rename(self.folder / "numbers.parquet")

    NUMBERS = st.lists(st.integers(0, 5), min_size=1, max_size=4)

    @rule(numbers=NUMBERS)
    def rewrite_file(self, numbers: list[int]) -> None:
        self.write_file(numbers)

    @rule()
    def lose_file(self) -> None:
        self.rewritten += 1
        (self.folder / "numbers.parquet").unlink(missing_ok=True)

    @rule(who=WHO, cell=cells)
    def press(self, who: int, cell: Cell) -> None:
        if isinstance(cell, SqlCell | PythonCell):
            self.sessions[who].press(cast("SqlCell", cell))

    @precondition(lambda self: self.pool.work)
    @rule(picks=st.lists(st.integers(0, 20), min_size=1, max_size=4))
    def work(self, picks: list[int]) -> None:
        for pick in picks:
            if self.pool.work:
                self.pool.run(pick % len(self.pool.work))

    @rule(turns=TURNS, picks=st.lists(st.integers(0, 20), max_size=2))
    def surprise_with_turns(self, turns: list[tuple[int, str, int]], picks: list[int]) -> None:
        """Inputs are turned, and other work is done, while the next query or function runs."""

        def happen() -> None:
            self.turn_inputs(turns)
            for pick in picks:
                if self.pool.work:
                    self.pool.run(pick % len(self.pool.work))

        self.surprises.append(happen)

    @rule(numbers=NUMBERS)
    def surprise_with_a_file(self, numbers: list[int]) -> None:
        """The file is rewritten while the next query or function runs."""
        self.surprises.append(lambda: self.write_file(numbers))

    def happen(self) -> None:
        if self.running is not None and self.surprises and self.depth < 2:
            self.depth += 1
            self.surprises.pop()()
            self.depth -= 1

    @rule(who=WHO)
    def close(self, who: int) -> None:
        session = self.sessions[who]
        self.held += [weakref.ref(thing) for thing in kept_by(session)]
        session.close()
        self.closed.append(session)  # as long as somebody holds the session, it must hold nothing
        self.sessions[who] = self.open()

    # What must be true.

    @invariant()
    def waves_hold_their_invariants(self) -> None:
        for session in getattr(self, "sessions", ()):
            session.check_invariants()

    @rule(order=st.randoms(use_true_random=False))
    def settle_in_any_order(self, order: random.Random) -> None:
        """Run all work in a random order, and compare."""
        while self.pool.work:
            self.pool.run(order.randrange(len(self.pool.work)))
        self.settle()

    @rule()
    def settle(self) -> None:
        """Run all work, and compare what is wanted with a fresh run."""
        self.pool.run_all()
        self.surprises.clear()
        for session in self.sessions:  # a surprise may have come after the session last looked at the file
            session.refresh()
        self.pool.run_all()
        if self.held:  # only now, because work that was started holds what it reads
            gc.collect()
            assert not [thing() for thing in self.held if thing() is not None], "a closed session holds nothing"
            self.held.clear()
        for session in self.sessions:
            assert session.is_settled
            for cell, form, demand in self.wanted[session]:
                self.check_outcome(session, cell, form, demand.look())
            self.check_controls(session)

    @rule(who=WHO)
    def what_stays_the_same_runs_nothing(self, who: int) -> None:
        self.pool.run_all()
        self.surprises.clear()
        for session in self.sessions:
            session.refresh()
        self.pool.run_all()
        session = self.sessions[who]
        before = session.runs
        for cell, value in session.inputs().items():
            session.set(cast("InputCell", cell), value)
        session.refresh()
        self.pool.run_all()
        assert session.runs == before

    def check_controls(self, session: WatchedSession) -> None:
        for cell, control in session.controls.items():
            node = session.nodes.settings.get(cell)
            if cell.feeds and node is not None and control.shown and isinstance(node.outcome, Done):
                assert control.shown[-1] == cast("Setting", node.outcome.value)

    def check_outcome(self, session: WatchedSession, cell: Cell, form: Any, shown: Any) -> None:
        assert not shown.is_stale
        assert not shown.is_running
        pins, is_pinned = self.pins(session, cell)
        if any(isinstance(pinned, Failed | Blocked) for pinned in is_pinned.values()):
            return  # what a failed press leaves behind cannot be handed to a fresh run
        wanted = self.fresh(cell, form, session, pins)
        found = normal(shown.outcome)
        assert found == wanted, (cell, self.texts.get(cell), session.inputs(), found, wanted)

    def pins(self, session: Session, cell: Cell) -> tuple[dict[Cell, object], dict[Cell, Outcome | None]]:
        """What cells without one meaning gave in a session, and how those that wait for a button ended."""
        values: dict[Cell, object] = {}
        failed: dict[Cell, Outcome | None] = {}
        for above in session.resolver.closure(cell):
            is_gated = getattr(above, "run", "auto") == "button"
            if not is_gated and self.texts.get(above) not in UNSTABLE:
                continue
            frames = session.nodes.values if isinstance(above, PythonCell) else session.nodes.frames
            outcome = frames[above].outcome if above in frames else None
            if isinstance(outcome, Done):
                values[above] = outcome.value.rows if isinstance(outcome.value, Frame) else outcome.value
            elif is_gated:
                failed[above] = outcome
        return values, failed

    def fresh(self, cell: Cell, form: Any, like: WatchedSession, pins: dict[Cell, object]) -> object:
        """What a new session gives whose inputs are set as in another one."""
        inputs = like.inputs()
        session = Session(
            FRESH, InlinePool(), replaced=pins, initial=lambda cell: inputs.get(cell, cell.kind.default())
        )
        running, self.running = self.running, None
        try:
            return normal(session.demand(cell, form).look().outcome)
        finally:
            self.running = running
            session.close()

    def check_arguments(self, cell: PythonCell[..., Any], arguments: dict[str, object]) -> None:
        """All that a function is given comes from the inputs of one wave."""
        session = self.running
        if session is None:
            return
        for name, value in arguments.items():
            if isinstance(value, pl.DataFrame):
                read = cast("Cell", cell.namespace.bindings[name])
                if any(
                    above.label == "file" or self.texts.get(above) == "file" for above in session.resolver.closure(read)
                ):
                    continue  # the file may have moved since, which the wave notices on its own
                pins, failed = self.pins(session, read)
                if not failed:
                    form = "value" if isinstance(read, PythonCell) else "frame"
                    assert normal(Done(value)) == self.fresh(read, form, session, pins), (cell, name)
            else:
                assert value == session.inputs()[self.a]


def kept_by(session: Session) -> list[object]:
    """Tables that only a session holds; rows are shared."""
    nodes = session.nodes
    every = [*nodes.tables.values(), *nodes.lazies.values()]
    values = [node.outcome.value for node in every if isinstance(node.outcome, Done)]
    return [value for value in values if isinstance(value, Table)]


def normal(outcome: Outcome | None) -> object:
    """Outcomes in a form that can be compared: rows without order, errors by kind and cell."""
    match outcome:
        case Done(Frame(rows)):
            return ("rows", sorted(map(tuple, zip(*(column.to_pylist() for column in rows.columns), strict=True))))
        case Done(pl.DataFrame() as frame):
            return ("rows", sorted(frame.rows()))
        case Done(Table() as table):
            with table.relation(FRESH).open() as reader:
                try:
                    return normal(Done(Frame(reader.fetch(), "")))
                except Exception as error:
                    return normal(Failed(error))
        case Done(value):
            return ("value", value)
        case Failed(error) | Blocked(_, error):
            return ("error", type(error).__name__, getattr(error, "cell", None), str(error))
        case Waiting():
            return ("waiting",)
        case None:
            return None


TestSessions = World.TestCase
TestSessions.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
)
