"""Which session is the current one: the document's under a server, the process's own everywhere else.

No thread ever falls back to another session: under a server, code that runs without a document has none.
"""

import asyncio
import atexit
import importlib
import logging
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import panel as pn
from bokeh.document import Document
from panel.io.state import set_curdoc

from dataapp.app.garbage import FullCollections, Sparing
from dataapp.app.pacing import gather_while_behind, pace, send_messages_as_one, take_changes_quickly, turn
from dataapp.app.preloading import name_modules_unless_own
from dataapp.app.url import Address
from dataapp.cache.budget import (
    budget_from_environment,
    cubes_from_environment,
    disk_from_environment,
    scans_from_environment,
)
from dataapp.cache.results import Results
from dataapp.cells.cell import Cell
from dataapp.cells.input import Control, InputCell
from dataapp.engines.cubes import MOST_BYTES
from dataapp.engines.duckdb import DuckDB
from dataapp.errors import SessionError
from dataapp.runtime.priority import give_way
from dataapp.runtime.resolution import no_shared_inputs
from dataapp.runtime.session import Session
from dataapp.runtime.workers import session_lane, stop_workers, while_waiting
from dataapp.views.nearing import mark

_log = logging.getLogger(__name__)
# Seconds from a move to the URL, and until it is looked again whether what was moved has come: the browser answers with
# its new address, which would compete with it.
_URL_AFTER = 0.3
_MOST_LOOKS_FOR_URL = 10
_STAYS_EMPTY = 2.0  # seconds after the last session, when its objects are gone; else it is looked again
_MOST_LOOKS = 5
_ENDS_WITHIN = 3.0  # seconds that what runs is given to stop when the process ends
_QUIET = 1.0  # seconds without news for any page, after which a full collection of garbage disturbs nobody
_APP_MODULE = "bokeh_app_"  # the server runs an app script in a fresh module of such a name for each session


class _Process:
    """What one process shares. The engine is made on first use."""

    lock = threading.Lock()
    engine: DuckDB | None = None
    by_document: dict[Document, Session] = {}  # noqa: RUF012  # one per process is the point
    ended: WeakSet[Document] = WeakSet()  # noqa: RUF012
    addresses: dict[Document, Address] = {}  # noqa: RUF012
    waits: WeakKeyDictionary[Document, set[asyncio.TimerHandle]] = WeakKeyDictionary()  # noqa: RUF012
    own: Session | None = None
    has_served = False
    serves = False
    sparing = Sparing()
    news_at = 0.0
    collections = FullCollections(lambda: monotonic() - _Process.news_at > _QUIET, sparing.renew)


def engine() -> DuckDB:
    """Return the process's engine."""
    with _Process.lock:
        if _Process.engine is None:
            _Process.engine = _make_giving_way() if _Process.serves or is_serving() else _make_engine()
            atexit.register(_end)
        return _Process.engine


def _make_engine() -> DuckDB:
    results = Results(budget_from_environment(), waiting=while_waiting, disk=disk_from_environment())
    return DuckDB(
        results,
        cube_bytes=cubes_from_environment(MOST_BYTES),
        shares_scans=scans_from_environment(),
        waiting=while_waiting,
    )


def _make_giving_way() -> DuckDB:
    """Make the engine in a thread that gives way, and so do the engine's own threads, which start there."""
    with ThreadPoolExecutor(1, initializer=give_way) as thread:
        return thread.submit(_make_engine).result()


def _end() -> None:
    """Stop what runs before the process ends: a thread that comes back from the engine only then aborts it."""
    for session in [*_Process.by_document.values(), _Process.own]:
        if session is not None:
            try:
                session.close()
            except Exception:  # the loop, the browser: what it wants to tell may be gone already
                _log.debug("A session could not be closed at the end.", exc_info=True)
    stop_workers(_ENDS_WITHIN)


def current_session() -> Session:
    """Return the session that the calling code belongs to, made on first use.

    Raises:
        SessionError: Under a server, outside of any session, or of one that has ended.
    """
    document = pn.state.curdoc
    if document is not None and is_serving():
        if document in _Process.ended:  # a thread or a task of the app still runs: nobody would close another session
            raise SessionError("The session has ended.", hint="stop what runs with `pn.state.on_session_destroyed`")
        return _Process.by_document.get(document) or _open_for(document)
    if _Process.has_served and not _is_notebook():
        raise SessionError(
            "This code runs in a server, but in no session.",
            hint="show or bind cells in the app script or in a callback of a session",
        )
    if _Process.own is None or _Process.own.is_closed:
        _Process.own = Session(engine(), session_lane(), deliver=_deliver_here(), open_control=_open_control)
    return _Process.own


def current_address() -> Address | None:
    """Return the address of the current session's page, or None without a server."""
    document = pn.state.curdoc
    return None if document is None or not is_serving() else _Process.addresses.get(document)


def is_seen(document: Document) -> bool:
    """Whether a browser still shows a document."""
    session = getattr(document.session_context, "session", None)
    return document in _Process.by_document and session is not None and session.connection_count > 0


def own_session() -> Session | None:
    """Return the session of a notebook or a script, if one is open."""
    session = _Process.own
    return None if session is None or session.is_closed else session


def open_session() -> Session | None:
    """Return the session that the calling code belongs to, if it is open."""
    document = pn.state.curdoc
    session = _Process.own if document is None else _Process.by_document.get(document)
    return None if session is None or session.is_closed else session


def initial_value(cell: InputCell) -> object:
    """Return what an input is set to for `evaluate`: the current session's value, else its default."""
    session = open_session()
    return cell.kind.default() if session is None or cell not in session.nodes.raws else session.get(cell)


def is_serving() -> bool:
    """Whether the calling code runs for a session of a server."""
    return pn.state.curdoc is not None and pn.state.curdoc.session_context is not None


def close_with_session(call: Callable[[], None]) -> None:
    """Call a function when the current session of the server ends."""
    document = pn.state.curdoc
    if document is not None and document.session_context is not None:
        document.on_session_destroyed(lambda session_context: call())


@contextmanager
def answering(document: Document, session: Session) -> Generator[None]:
    """Let a session answer for a document that no server opened; both end with the context."""
    _Process.by_document[document] = session
    try:
        yield
    finally:
        if (context := document.session_context) is not None:
            for ended in list(document.session_destroyed_callbacks):
                ended(context)
        _close_session(document)


def refuse_while_importing(cell: Cell, done: str, hint: str) -> None:
    """Refuse to let a cell belong to the session that happens to import a module first.

    Args:
        cell: The cell.
        done: What is done to it: bound, shown.
        hint: What to do instead.

    Raises:
        SessionError: A module that all sessions share is being imported by the calling code.
    """
    if is_serving() and (module := _importing_module()) is not None:
        raise SessionError(
            f"`{cell.label}` is {done} while module `{module}` is imported, so all sessions would share it.",
            hint=hint,
            cell=cell.label,
        )


def _importing_module() -> str | None:
    """Return the module whose import is under way in this thread, if it is one that sessions share."""
    frame = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_name == "<module>" and not name.startswith(_APP_MODULE):
            spec = frame.f_globals.get("__spec__")
            if spec is not None and getattr(spec, "_initializing", False):
                return name
        if name.startswith(_APP_MODULE):
            return None
        frame = frame.f_back
    return None


def open_sessions() -> int:
    """Return how many sessions of the server are open."""
    return len(_Process.by_document)


def _open_control(cell: InputCell) -> Control:
    control = cell.kind.open(cell.label)
    mark(getattr(control, "widget", None))
    return control


def _open_for(document: Document) -> Session:
    if not _Process.serves:
        _import_pandas()
    _Process.sparing.opened(document)
    take_changes_quickly()
    send_messages_as_one()
    name_modules_unless_own(document)
    address = Address.of_current_session()

    opened: dict[InputCell, Control] = {}
    moved: dict[InputCell, object] = {}

    def is_idle() -> bool:
        session = _Process.by_document.get(document)  # not this function's own: widgets outlive their session
        return session is None or session.is_idle

    def when_idle(call: Callable[[], None]) -> None:
        if (session := _Process.by_document.get(document)) is not None:
            session.when_idle(call)

    def mirror() -> None:
        values = moved.copy()
        moved.clear()
        for cell, value in values.items():
            address.mirror(cell, value)

    def mirror_when_idle(looks: int) -> None:
        if looks < _MOST_LOOKS_FOR_URL and not is_idle():
            call_later(_URL_AFTER, lambda: mirror_when_idle(looks + 1))
        else:
            mirror()

    def mirror_soon(cell: InputCell, value: object) -> None:
        is_waiting = bool(moved)
        moved[cell] = value
        if pn.state.curdoc is not document:  # a thread of somebody's own, for which nothing can be put off
            mirror()
        elif not is_waiting:
            call_later(_URL_AFTER, lambda: mirror_when_idle(1))

    def open_control(cell: InputCell) -> Control:
        if cell not in opened:
            control = opened[cell] = _open_control(cell)
            address.restore(cell, control)
            control.watch(lambda value: mirror_soon(cell, value))
            gather_while_behind(getattr(control, "widget", None), is_idle, when_idle)
        return opened[cell]

    def initial(cell: InputCell) -> object:
        open_control(cell)  # a link may set it, and the session asks for the value before the control
        return address.initial(cell)

    session = Session(
        engine(),
        session_lane(),
        deliver=_deliver_to(document),
        open_control=open_control,
        initial=initial,
        check_shared=no_shared_inputs,
    )
    _Process.has_served = True
    _Process.by_document[document] = session
    if (loop := _loop_of(document)) is not None:
        loop.call_soon_threadsafe(_put_collections_off, loop)
    _Process.addresses[document] = address
    document.on_session_destroyed(lambda session_context: _close_session(document))
    return session


def serve_without_pandas() -> None:
    """Make this process a server whose pages import pandas once their first rows are there, and bind nothing before.

    To be called before the engine is used.
    """
    _Process.serves = True


def _import_pandas() -> None:
    """Import pandas before any thread does.

    The engine's client imports it with the first value that is bound, on a worker; Altair and narwhals, which look
    whether it is imported, would find half of it meanwhile. It takes 0.4 s, once, which the first query would take.
    """
    importlib.import_module("pandas")


def _close_session(document: Document) -> None:
    """End a session; called from this module because the app script's globals are gone by then."""
    session = _Process.by_document.pop(document, None)
    _Process.ended.add(document)
    _Process.addresses.pop(document, None)
    if session is not None:
        session.close()
        _Process.sparing.closed(document)
        if not _Process.by_document and (loop := _loop_of(document)) is not None:
            loop.call_soon_threadsafe(_all_gone, loop)


def _put_collections_off(loop: asyncio.AbstractEventLoop) -> None:
    if _Process.by_document:  # the session may have ended by now
        _Process.collections.begin(loop)


def _all_gone(loop: asyncio.AbstractEventLoop) -> None:
    if not _Process.by_document:
        _Process.collections.end()
    loop.call_later(_STAYS_EMPTY, _emptied, loop, context=Context())  # the caller's holds the last session


def _emptied(loop: asyncio.AbstractEventLoop, looks: int = 1) -> None:
    is_done = bool(_Process.by_document) or _Process.sparing.emptied()
    if not is_done and looks < _MOST_LOOKS:
        loop.call_later(_STAYS_EMPTY, _emptied, loop, looks + 1, context=Context())


def _deliver_to(document: Document) -> Callable[[Callable[[], None]], None]:
    """Return what calls a function with the document locked, soon, from whichever thread has news.

    Workers do not touch the document to say so. While Panel holds its events back, which happens in every update, a
    callback that another thread adds to it can get lost, and with it all later news.
    """
    loop = _loop_of(document)

    def deliver(call: Callable[[], None]) -> None:
        context = document.session_context
        if context is None or document not in _Process.by_document:
            return
        _Process.news_at = monotonic()
        if loop is None or getattr(context, "session", None) is None:  # the app script is still running
            document.add_next_tick_callback(call)
        else:
            loop.call_soon_threadsafe(lambda: _tasks.add(asyncio.ensure_future(call_locked(context, call))))

    async def call_locked(context: Any, call: Callable[[], None]) -> None:
        try:
            pace(context)
            await turn()
            await context.with_locked_document(lambda document: _call_in(document, call))
        except Exception:
            _log.exception("The screen of a session could not be updated.")
        finally:
            _tasks.discard(asyncio.current_task())

    return deliver


def call_later(seconds: float, call: Callable[[], None]) -> None:
    """Call a function with the current document locked, some time from now, unless its session ends before.

    Like news of workers it does without callbacks of the document, which can get lost while events are held back.
    """
    document = pn.state.curdoc
    if document is None or not is_serving():
        return
    loop, deliver = _loop_of(document), _deliver_to(document)
    if loop is None:
        document.add_timeout_callback(call, max(1, round(1000 * seconds)))
        return

    if document not in _Process.waits:
        _Process.waits[document] = set()
        document.on_session_destroyed(lambda session_context: _wait_no_more(document))

    def wait() -> None:
        waits = _Process.waits.get(document)
        if waits is not None:
            handle = loop.call_later(seconds, lambda: (waits.discard(handle), deliver(call)))
            waits.add(handle)

    loop.call_soon_threadsafe(wait)


def _wait_no_more(document: Document) -> None:
    for handle in _Process.waits.pop(document, ()):
        handle.cancel()  # else the event loop holds the document as long as was to be waited


_tasks: set[asyncio.Task[None] | None] = set()  # the event loop itself forgets tasks that nobody holds


def _call_in(document: Document, call: Callable[[], None]) -> None:
    if document in _Process.by_document:  # it may have ended while this waited for the lock
        with set_curdoc(document):
            call()


def _loop_of(document: Document) -> asyncio.AbstractEventLoop | None:
    context = getattr(getattr(document.session_context, "server_context", None), "application_context", None)
    loop = getattr(context, "io_loop", None)
    loop = getattr(loop, "asyncio_loop", loop)  # Tornado's is a wrapper
    return loop if isinstance(loop, asyncio.AbstractEventLoop) else None


def _deliver_here() -> Callable[[Callable[[], None]], None]:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _call_here
    return lambda call: loop.call_soon_threadsafe(call) and None


def _call_here(call: Callable[[], None]) -> None:
    """Tell watchers in the thread that has news; what they raise must not stop that thread's work."""
    try:
        call()
    except Exception:
        _log.exception("A watcher of a cell failed.")


def _is_notebook() -> bool:
    ipython: Any = sys.modules.get("IPython")  # where IPython was never imported, nothing is a notebook
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel") and pn.state.curdoc is None
