"""An app's file, loaded as `panel serve` loads it for one session, but with a session in which nothing ever runs.

The file is executed in a fresh module, for a document that belongs to no server. What it serves is built there, cards
and charts included, so that what they show is known; work that they ask for is never started.
"""

import contextlib
import logging
import sys
import uuid
import warnings
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import altair as alt
from panel.io.session import generate_session
from panel.io.state import set_curdoc

from dataapp.app.bootstrap import CellChart
from dataapp.app.sessions import answering, engine
from dataapp.cells import host
from dataapp.cells.cell import Cell
from dataapp.cells.input import Control, InputCell
from dataapp.runtime.resolution import no_shared_inputs
from dataapp.runtime.session import Demand, Form, Session
from dataapp.views.chart.schema import find_cell_data


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A chart over cells, and the variable that it is bound to, if any."""

    chart: alt.TopLevelMixin
    name: str | None

    @property
    def cells(self) -> list[Cell]:
        """The cells that it is over."""
        return [data.source for data in find_cell_data(self.chart) if isinstance(data.source, Cell)]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an app's file defines and shows.

    Attributes:
        file: The file.
        names: The globals of its module.
        shown: Cells in layouts, bound as references, or asked for a value while the file ran.
        charts: Charts over cells that the module's names or its layouts hold.
        failure: What the file raised, or None.
    """

    file: Path
    names: Mapping[str, object]
    shown: tuple[Cell, ...]
    charts: tuple[Drawn, ...]
    failure: BaseException | None


@dataclass(slots=True)
class _Shown:
    """Notes cells that the app shows, and answers for them as the real host does."""

    inner: host.Host
    cells: dict[Cell, None] = field(default_factory=dict[Cell, None])

    def evaluate(self, cell: Cell, values: Mapping[Cell, object], names: Mapping[str, object]) -> object:
        self.cells[cell] = None
        return self.inner.evaluate(cell, values, names)

    def schema(self, cell: Cell) -> Mapping[str, str]:
        self.cells[cell] = None
        return self.inner.schema(cell)

    def compile(self, cell: Cell, dialect: str) -> host.Compiled:
        self.cells[cell] = None
        return self.inner.compile(cell, dialect)

    def explain(self, cell: Cell, *, analyze: bool) -> str:
        self.cells[cell] = None
        return self.inner.explain(cell, analyze=analyze)

    def working(self, cells: Sequence[Cell]) -> AbstractContextManager[host.Work]:
        self.cells |= dict.fromkeys(cells)
        return self.inner.working(cells)

    def ibis(self, cell: Cell) -> object:
        self.cells[cell] = None
        return self.inner.ibis(cell)

    def session(self) -> object:
        return self.inner.session()

    def panel(self, cell: Cell) -> object:
        self.cells[cell] = None
        return self.inner.panel(cell)


class _NoPool:
    """Takes work and never starts it."""

    def start(self, work: Callable[[], None]) -> None:
        """Take a piece of work."""


class _Rehearsal(Session):
    """A session that notes what is wanted and runs nothing."""

    def __init__(self, shown: _Shown) -> None:
        def open_control(cell: InputCell) -> Control:
            return cell.kind.open(cell.label)

        super().__init__(engine(), _NoPool(), open_control=open_control, check_shared=no_shared_inputs)
        self._shown = shown

    def demand(self, cell: Cell, form: Form, changed: Callable[[], None] = lambda: None) -> Demand:
        """Note that a cell is wanted."""
        self._shown.cells[cell] = None
        return super().demand(cell, form, changed)

    def control(self, cell: InputCell) -> Control:
        """Note that an input is shown."""
        self._shown.cells[cell] = None
        return super().control(cell)


@contextlib.contextmanager
def load(file: Path) -> Generator[Loaded]:
    """Run an app's file as a server would for one session; modules of its folder stay imported within the context.

    Whatever it raises, `SystemExit` included, is part of the answer.
    """
    module = ModuleType(f"bokeh_app_{uuid.uuid4().hex}")
    module.__file__ = str(file)
    shown = _Shown(host.current())
    document = generate_session(None, initialize=False).document
    session = _Rehearsal(shown)
    failure: BaseException | None = None
    with _modules_of(file.parent):
        with process_of(file), _noting(shown), answering(document, session), set_curdoc(document):
            try:
                _execute(file, module)
            except (Exception, SystemExit) as error:
                failure = error
            in_layouts = [pane.object for pane in CellChart.alive if pane.session is session]
        yield Loaded(file, module.__dict__, tuple(shown.cells), _drawn(module.__dict__, in_layouts), failure)


def _drawn(names: Mapping[str, object], in_layouts: Iterable[alt.TopLevelMixin]) -> tuple[Drawn, ...]:
    found: dict[int, Drawn] = {}  # by identity: charts are compared by what they hold, which takes long
    for name, thing in names.items():
        if isinstance(thing, alt.TopLevelMixin):
            found.setdefault(id(thing), Drawn(thing, name))
    for chart in in_layouts:
        found.setdefault(id(chart), Drawn(chart, None))
    return tuple(drawn for drawn in found.values() if find_cell_data(drawn.chart))


def _execute(file: Path, module: ModuleType) -> None:
    code = compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102  # running the file that the author names is what loading an app is


@contextlib.contextmanager
def _noting(shown: _Shown) -> Generator[None]:
    host.install(shown)
    try:
        yield
    finally:
        host.install(shown.inner)


@contextlib.contextmanager
def process_of(file: Path) -> Generator[None]:
    """Set the process up as for a server's script, and put it back; what the script prints goes to standard error."""
    path, argv = list(sys.path), sys.argv
    disabled = logging.root.manager.disable
    sys.path.insert(0, str(file.parent))
    sys.argv = [str(file)]
    logging.disable(logging.ERROR)  # Panel says much about sessions that have no server
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
        sys.path[:] = path
        sys.argv = argv


@contextlib.contextmanager
def _modules_of(folder: Path) -> Generator[None]:
    """Forget what was imported from a folder: the next app's folder may hold other modules of the same names."""
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if _lies_in(sys.modules[name], folder):
                del sys.modules[name]


def _lies_in(module: ModuleType, folder: Path) -> bool:
    origin = getattr(module, "__file__", None)
    return isinstance(origin, str) and Path(origin).is_relative_to(folder) and "site-packages" not in origin
