"""The shell around whatever a cell shows: its state looks the same everywhere.

A card demands its nodes only while it is rendered somewhere, and while its body is seen where pages tell that, so what
is not shown does not run. What was shown stays, dimmed, until the new value is there; an error takes its place.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import panel as pn
from panel.viewable import Layoutable
from pyviz_comms import JupyterComm

from dataapp.cells.cell import Cell
from dataapp.cells.python import PythonCell
from dataapp.cells.sql import SqlCell
from dataapp.errors import DataAppError
from dataapp.runtime.outcomes import Blocked, Done, Failed, Waiting
from dataapp.runtime.session import Demand, Form, Session, Shown
from dataapp.views.chart import canvas as _canvas  # noqa: F401  # a page must know it when it is loaded
from dataapp.views.faults import FAULT_STYLE, Fault, blocked_by, error_to_fault, is_author
from dataapp.views.kernel import Arrival
from dataapp.views.still import Keeping, is_saved, still_session

_STYLE = """
:host { position: relative; transition: visibility 1ms; /* reports that a tab is left: see sight.js */ }
:host(.dataapp-running)::before { content: ""; position: absolute; z-index: 3; top: 0; left: 0; height: 2px;
  width: var(--dataapp-done, 30%); background: var(--mui-palette-primary-main, #0072b5); opacity: 0;
  transition: width .3s; animation: dataapp-appear .2s .3s forwards, dataapp-slide 1.2s .3s infinite ease-in-out; }
:host(.dataapp-measured)::before { animation: dataapp-appear .2s forwards; }
@keyframes dataapp-appear { to { opacity: 1; } }
@keyframes dataapp-slide { 0% { left: 0; } 50% { left: 70%; } 100% { left: 0; } }
@media (prefers-reduced-motion: reduce) { :host(.dataapp-running)::before { animation-duration: .2s, 0s; } }
.dataapp-body { transition: opacity .15s .15s; }
:host(.dataapp-running) > .dataapp-body { opacity: .55; }
:host(.dataapp-empty) > .dataapp-body { display: none !important; }
"""
_LOOK_AGAIN_MS = 400
_OWN = {"name", "css_classes", "styles", "tags"}  # which a card says for itself


class Body(Protocol):
    """What a card holds: something that shows the values of its nodes."""

    @property
    def view(self) -> Any:
        """The Panel object."""
        ...

    def show(self, values: Mapping[Cell, object]) -> None:
        """Show new values; raises what the card then shows as an error."""
        ...

    def close(self) -> None:
        """Stop all work."""
        ...


@runtime_checkable
class Filling(Protocol):
    """A body that can be as high as its card."""

    def fill(self, *, fills: bool) -> None:
        """Be as high as the card, or as high as what is shown needs."""
        ...


@runtime_checkable
class Sighted(Protocol):
    """A body of which pages tell whether it is seen."""

    @property
    def is_seen(self) -> bool:
        """Whether somebody sees it, or may see it."""
        ...

    def on_sight(self, changed: Callable[[], None]) -> None:
        """Call back when that changes."""
        ...


class Card(pn.Column):
    """A cell on screen.

    Args:
        session: Whose values are shown.
        cell: The cell that it is about, for its label and its button.
        wants: The nodes that the body needs.
        make_body: Makes the body; it is given a function that takes the body's own errors (None when it recovered).
        looked: Called whenever something may have become of the cell: see `look`.
        again: Makes such a card for another session, for a page that is saved to a file; without it that page gets
            the card as it is.
    """

    def __init__(
        self,
        session: Session,
        cell: Cell,
        wants: Mapping[Cell, Form],
        make_body: Callable[[Callable[[Exception | None], None]], Body],
        looked: Callable[[], None] = lambda: None,
        again: "Callable[[Session], Card] | None" = None,
        **params: Any,
    ) -> None:
        self._session = session
        self._again = again
        self._cell = cell
        self._wants = wants
        self._looked = looked
        self._demands: dict[Cell, Demand] = {}
        self._shown: dict[Cell, object] = {}
        self._own_error: Exception | None = None
        self._is_author = is_author()
        self._roots: set[str] = set()
        self._look_is_due = False
        self._is_stopped = False
        self._body = make_body(self._take_error)
        if isinstance(self._body, Sighted):
            self._body.on_sight(self._see)
        self._is_closed_with_session = False
        view = self._body.view
        view.css_classes = [*view.css_classes, "dataapp-body"]
        self._arrival: Arrival | None = None
        self._message: pn.pane.HTML | None = None  # made with the first fault: most cards never have one
        objects: list[Any] = [view]
        if isinstance(cell, SqlCell | PythonCell) and cell.run == "button":
            objects.insert(0, self._button(cell))
        layout = {"sizing_mode": "stretch_width", "margin": (4, 8)} | params
        super().__init__(*objects, stylesheets=[_STYLE], css_classes=["dataapp-empty"], **layout)
        self._fit()
        self.param.watch(self._fit, "sizing_mode")

    def _button(self, cell: "SqlCell | PythonCell[..., Any]") -> Any:
        button = pn.ui.Button(label=f"Run {cell.label}", color="primary", margin=(0, 0, 6, 0))
        button.on_click(lambda _: self._session.press(cell))
        return button

    def _fit(self, *_events: Any) -> None:
        if isinstance(self._body, Filling):
            self._body.fill(fills=self.sizing_mode in ("stretch_height", "stretch_both"))

    # Shown somewhere, or nowhere.

    def _get_model(self, doc: Any, root: Any = None, parent: Any = None, comm: Any = None) -> Any:
        if self._again is not None and is_saved(comm):
            return self._get_still_model(self._again, doc, root, parent, comm)
        is_in_notebook = isinstance(comm, JupyterComm)
        if is_in_notebook and self._arrival is None:
            self._arrival = Arrival(self._appear)
            self.insert(0, self._arrival)
        model = super()._get_model(doc, root, parent, comm)
        self._roots.add((root or model).ref["id"])
        if not is_in_notebook:
            self._appear()
        return model

    def _get_still_model(self, again: "Callable[[Session], Card]", doc: Any, root: Any, parent: Any, comm: Any) -> Any:
        """Return a model that is complete as it is: nobody answers the page that it is for."""
        with still_session(self._session) as (session, settle):
            card = again(session)
            card.param.update(**{name: getattr(self, name) for name in Layoutable.param if name not in _OWN})
            card.complete(settle)
            model = pn.Column._get_model(card, doc, root, parent, comm)
        ref = (root or model).ref["id"]
        self._models[ref] = (model, parent)
        return model

    def complete(self, settle: Callable[[], None]) -> None:
        """Run all that is needed for a page that no server answers; `settle` lets work come to its end."""
        self._roots.add("")
        self._appear()
        settle()
        self._session.press_all()  # who saves a page wants what it shows
        settle()
        self._look()
        settle()
        if isinstance(self._body, Keeping) and self._shown:
            self._body.keep(settle)

    def _cleanup(self, root: Any = None) -> None:
        if root is not None:
            self._roots.discard(root.ref["id"])
        super()._cleanup(root)
        if not self._roots:
            self._vanish()

    @property
    def _is_seen(self) -> bool:
        return not isinstance(self._body, Sighted) or self._body.is_seen

    def _see(self) -> None:
        if self._is_seen:
            self._appear()
        else:
            self._vanish()

    def _appear(self) -> None:
        if self._demands or not self._roots or not self._is_seen or self._is_stopped or self._session.is_closed:
            return
        if not self._is_closed_with_session:  # not before: layouts make cards that they throw away
            self._is_closed_with_session = True
            self._session.on_close(self._body.close)
        for cell, form in self._wants.items():
            self._demands[cell] = self._session.demand(cell, form, self._look)
        self._look()

    def _vanish(self) -> None:
        demands, self._demands = self._demands, {}
        for demand in demands.values():
            demand.release()

    # Stopped by the reader.

    def stop(self) -> None:
        """Stop what runs for this card, until `resume`."""
        self._is_stopped = True
        self._vanish()
        self._body.close()
        self._shown = {}
        self._tell(Fault("waiting", f"`{self._cell.label}` was stopped"), is_stale=False, progress=None)

    def resume(self) -> None:
        """Run again after `stop`; else nothing happens."""
        self._is_stopped = False
        self._appear()

    # What it says.

    def look(self) -> Shown | None:
        """Return what became of the cell, or None while it is not shown, or stopped."""
        demand = self._demands.get(self._cell)
        return None if demand is None else demand.look()

    def shows(self, value: object) -> bool:
        """Whether this very value is what the card shows, or shows as an error."""
        return self._shown.get(self._cell) is value

    def _look(self) -> None:
        if not self._demands:
            return
        looks = {cell: demand.look() for cell, demand in self._demands.items()}
        outcomes = {cell: look.outcome for cell, look in looks.items()}
        is_stale = any(look.is_stale for look in looks.values())
        progress = next((look.progress for look in looks.values() if look.progress is not None), None)
        fault = None if is_stale else self._fault(outcomes)
        if fault is None and all(isinstance(outcome, Done) for outcome in outcomes.values()):
            fault = self._show({cell: outcome.value for cell, outcome in outcomes.items() if isinstance(outcome, Done)})
        self._tell(fault, is_stale=is_stale, progress=progress)
        self._looked()
        if is_stale:
            self._look_later()

    def _show(self, values: dict[Cell, object]) -> Fault | None:
        if all(self._shown.get(cell) is value for cell, value in values.items()) and self._shown:
            return self._fault_of(self._own_error) if self._own_error is not None else None
        self._own_error = None
        try:
            self._body.show(values)
        except Exception as error:  # whatever a value's own view raises is shown in its place
            self._shown = {}
            return self._fault_of(error)
        self._shown = values
        return self._fault_of(self._own_error) if self._own_error is not None else None

    def _take_error(self, error: Exception | None) -> None:
        self._own_error = error
        if error is not None:
            self._tell(self._fault_of(error), is_stale=False, progress=None)
        else:
            self._tell(None, is_stale=False, progress=None)

    def _fault(self, outcomes: Mapping[Cell, object]) -> Fault | None:
        for cell, outcome in outcomes.items():
            match outcome:
                case Failed(error):
                    return self._fault_of(error, cell.label)
                case Blocked(by, error):
                    return blocked_by(error, by, is_author=self._is_author)
                case Waiting(on):
                    what = "Press the button to run it." if on == self._cell.label else f"It waits for `{on}`."
                    return Fault("waiting", f"`{cell.label}` has not run yet", what)
                case _:
                    continue
        return None

    def _fault_of(self, error: Exception, label: str | None = None) -> Fault:
        label = label or self._cell.label
        if isinstance(error, DataAppError) and error.cell not in (None, label, self._cell.label):
            return blocked_by(error, error.cell or "", is_author=self._is_author)
        cell = self._session.resolver.current(self._cell)
        text = cell.text if isinstance(cell, SqlCell) else None
        return error_to_fault(error, label, text, is_author=self._is_author)

    def _tell(self, fault: Fault | None, *, is_stale: bool, progress: float | None) -> None:
        classes = [] if self._shown and fault is None else ["dataapp-empty"]
        if is_stale:
            classes += ["dataapp-running"] if progress is None else ["dataapp-running", "dataapp-measured"]
        styles = {"--dataapp-done": f"{progress:.0%}"} if is_stale and progress is not None else {}
        self._say(fault)
        self._update(self, css_classes=classes, styles=styles)

    def _say(self, fault: Fault | None) -> None:
        if fault is not None and self._message is None:
            layout: dict[str, Any] = {"margin": 0, "sizing_mode": "stretch_width"}
            self._message = pn.pane.HTML(fault.to_html(), stylesheets=[FAULT_STYLE], **layout)
            self.insert(len(self) - 1, self._message)
        elif fault is not None:
            self._update(self._message, object=fault.to_html(), visible=True)
        elif self._message is not None:
            self._update(self._message, visible=False)

    @staticmethod
    def _update(view: Any, **values: object) -> None:
        changed = {name: value for name, value in values.items() if getattr(view, name) != value}
        if changed:
            view.param.update(**changed)

    def _look_later(self) -> None:
        """Look again while it runs: progress changes without anybody telling."""
        doc = pn.state.curdoc
        if doc is None or doc.session_context is None or self._look_is_due:
            return
        self._look_is_due = True

        def look() -> None:
            self._look_is_due = False
            self._look()

        doc.add_timeout_callback(look, _LOOK_AGAIN_MS)
