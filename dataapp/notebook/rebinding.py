"""Running a notebook cell again: what reads the names that it binds reads the new things.

Names in cells (tables and ``$parameters`` of SQL, parameters of Python cells) are looked up again after each notebook
cell that ran. What is held as an object instead (what is displayed, the cell of a chart, an input of a predicate)
stays what it was, unless the notebook cell that bound its name runs again: then the new thing takes its place. A name
that *another* notebook cell uses anew says nothing about what was displayed under it before.
"""

from collections.abc import Callable, Mapping
from typing import Any

from dataapp.app.sessions import own_session
from dataapp.cells.cell import Cell
from dataapp.cells.input import InputCell
from dataapp.cells.predicate import PredicateCell
from dataapp.notebook.display import Follower, is_shown
from dataapp.runtime.resolution import TABLES
from dataapp.views.displayed import Displayed, Running

_HISTORY = "_"  # names that start so are IPython's history, or not meant to be read


class Rebinding:
    """What the names of one notebook were bound to, and by which notebook cell.

    Args:
        names: The notebook's globals.
    """

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names
        self._bound: dict[str, tuple[object, str | None]] = {}

    def follow(self, notebook_cell: str | None) -> None:
        """Let cells and displays follow what a notebook cell has just bound.

        Args:
            notebook_cell: The id of the notebook cell that ran, where the front-end tells it.
        """
        replaced = self._note(notebook_cell)
        successors = {
            old: new
            for old, new in replaced
            if isinstance(old, Cell) and isinstance(new, Cell) and _kind_of(old) == _kind_of(new) is not None
        }
        if (session := own_session()) is not None:
            session.rebind(self._names, successors)
        for shown in list(Follower.alive):
            for old, new in replaced:
                if shown.thing is old:
                    shown.follow(new)

    def _note(self, notebook_cell: str | None) -> list[tuple[object, object]]:
        """Take down what names are bound to now; return what was replaced by running a notebook cell again."""
        replaced: list[tuple[object, object]] = []
        now = {name: thing for name, thing in list(self._names.items()) if name[:1] != _HISTORY and is_shown(thing)}
        for name, thing in now.items():
            old, by = self._bound.get(name, (thing, notebook_cell))
            if old is thing:
                self._bound.setdefault(name, (thing, by))
                continue
            if by == notebook_cell and not any(other is old for other in now.values()):
                replaced.append((old, thing))
            self._bound[name] = (thing, notebook_cell)
        for name in self._bound.keys() - now.keys():
            del self._bound[name]
        return replaced


def _kind_of(cell: Cell) -> type | None:
    """Return what cells must have in common for one to be read where another one was."""
    if isinstance(cell, InputCell):
        return InputCell
    if isinstance(cell, PredicateCell):
        return PredicateCell
    return Cell if isinstance(cell, TABLES) else None


def watch(shell: Any) -> Callable[[Any], None]:
    """Follow what the notebook cells of an IPython shell bind, from now on.

    Returns:
        The callback that IPython calls, to be unregistered with.
    """
    rebinding = Rebinding(shell.user_ns)

    def runs(info: Any) -> None:
        Running.notebook_cell = cell_id = getattr(info, "cell_id", None)
        if cell_id is not None:
            for shown in list(Displayed.displays):
                shown.take_down(cell_id)

    def ran(result: Any) -> None:
        rebinding.follow(getattr(result.info, "cell_id", None))

    shell.events.register("pre_run_cell", runs)
    shell.events.register("post_run_cell", ran)
    return ran
