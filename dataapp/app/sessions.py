"""Which session is the current one: the document's under a server, the process's own everywhere else.

No thread ever falls back to another session: under a server, code that runs without a document has none.
"""

import asyncio
import threading
from collections.abc import Callable

import panel as pn
from bokeh.document import Document

from dataapp.app.url import Address
from dataapp.cells.input import Control, InputCell
from dataapp.engines.duckdb import DuckDB
from dataapp.errors import SessionError
from dataapp.runtime.resolution import no_shared_inputs
from dataapp.runtime.session import Session
from dataapp.runtime.workers import shared_pool


class _Process:
    """What one process shares. The engine is made on first use."""

    lock = threading.Lock()
    engine: DuckDB | None = None
    by_document: dict[Document, Session] = {}  # noqa: RUF012  # one per process is the point
    own: Session | None = None
    has_served = False


def engine() -> DuckDB:
    """Return the process's engine."""
    with _Process.lock:
        if _Process.engine is None:
            _Process.engine = DuckDB()
        return _Process.engine


def current_session() -> Session:
    """Return the session that the calling code belongs to, made on first use.

    Raises:
        SessionError: Under a server, outside of any session.
    """
    document = pn.state.curdoc
    if document is not None and is_serving():
        return _Process.by_document.get(document) or _open_for(document)
    if _Process.has_served and not _is_notebook():
        raise SessionError(
            "This code runs in a server, but in no session.",
            hint="show or bind cells in the app script or in a callback of a session",
        )
    if _Process.own is None or _Process.own.is_closed:
        _Process.own = Session(engine(), shared_pool(), deliver=_deliver_here(), open_control=_open_control)
    return _Process.own


def initial_value(cell: InputCell) -> object:
    """Return what an input is set to for `evaluate`: the current session's value, else its default."""
    document = pn.state.curdoc
    session = _Process.own if document is None else _Process.by_document.get(document)
    if session is None or session.is_closed or cell not in session.nodes.raws:
        return cell.kind.default()
    return session.get(cell)


def is_serving() -> bool:
    """Whether the calling code runs for a session of a server."""
    return pn.state.curdoc is not None and pn.state.curdoc.session_context is not None


def close_with_session(call: Callable[[], None]) -> None:
    """Call a function when the current session of the server ends."""
    document = pn.state.curdoc
    if document is not None and document.session_context is not None:
        document.on_session_destroyed(lambda session_context: call())


def open_sessions() -> int:
    """Return how many sessions of the server are open."""
    return len(_Process.by_document)


def _open_control(cell: InputCell) -> Control:
    return cell.kind.open(cell.label)


def _open_for(document: Document) -> Session:
    address = Address.of_current_session()

    def open_control(cell: InputCell) -> Control:
        control = _open_control(cell)
        address.restore(cell, control)
        control.watch(lambda value: address.mirror(cell, value))
        return control

    session = Session(
        engine(),
        shared_pool(),
        deliver=_deliver_to(document),
        open_control=open_control,
        initial=address.initial,
        check_shared=no_shared_inputs,
    )
    _Process.has_served = True
    _Process.by_document[document] = session
    document.on_session_destroyed(lambda session_context: _close_session(document))
    return session


def _close_session(document: Document) -> None:
    """End a session; called from this module because the app script's globals are gone by then."""
    session = _Process.by_document.pop(document, None)
    if session is not None:
        session.close()


def _deliver_to(document: Document) -> Callable[[Callable[[], None]], None]:
    def deliver(call: Callable[[], None]) -> None:
        if document in _Process.by_document:
            document.add_next_tick_callback(call)

    return deliver


def _deliver_here() -> Callable[[Callable[[], None]], None]:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return lambda call: call()
    return lambda call: loop.call_soon_threadsafe(call) and None


def _is_notebook() -> bool:
    return bool(pn.config.comms and pn.config.comms != "default") and pn.state.curdoc is None
