"""What is told between browser and server goes at once.

A move of a widget is taken when the one before is answered; of what comes until then, the last value counts.
Panel waits 50 ms after each change in the browser for more changes of the same widget: most of the time that passes
between a slider's move and the new table on screen, other than the query's own. While somebody drags, to wait is useful
only as long as the engine is behind: every move that is taken starts queries and interrupts those of the move before.
A slow query is interrupted all the same when a move has waited too long for it, and at once when a slider is let go.

A message of the server is several frames of a websocket. Unless it is told not to, TCP holds the later ones back until
the browser's system has acknowledged the first, which it puts off: many a message would come tens of milliseconds late.

Messages to components that are sent in the same turn go as one: each by itself is three frames more, and a piece of
work for the browser.

What browsers say, and what answers them, takes some milliseconds of the event loop each. Of all that is ready at the
same moment the loop does one thing per turn, and looks after timers and sockets in between, so that they wait for one
of them and not for all.

Before it takes a change, Panel opens every parameter of the widget, and of its own state, for writing, and closes them
all again, several times per change: a large part of what a move takes of the loop. A parameter that nobody closed need
not be opened.

Under `--num-threads`, Panel takes each change on a thread of its own, and tells the widget's model of it later. Two
changes of one widget at once could end with the older value, and what came meanwhile was taken by none: the last move
of a slider was lost. So one thread takes all of a widget, one after the other, and what is newer is kept.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from itertools import groupby
from typing import Any
from weakref import WeakKeyDictionary, WeakMethod

import panel as pn
from bokeh.document import Document
from bokeh.document.events import MessageSentEvent
from bokeh.io.doc import patch_curdoc
from panel.io.state import set_curdoc

_LONGEST = 300  # ms that a move waits for the answer of the one before
_LET_GO = "value_throttled"  # what a slider tells when it is let go

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def turn() -> None:
    """Wait for a turn of the event loop in which no other piece of work that asked for one is done."""
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        await asyncio.sleep(0)


@contextmanager
def open_for_writing(parameterized: Any) -> Generator[None]:
    """Let the parameters be written that are read-only or constant, until the block ends.

    Args:
        parameterized: An object of param's.
    """
    closed = [
        (parameterized.param[name], what)  # its own, not that of its class
        for name, parameter in parameterized.param.objects("existing").items()
        for what in ("readonly", "constant")
        if _is_said(parameter, what)
    ]
    for parameter, what in closed:
        setattr(parameter, what, False)
    try:
        yield
    finally:
        for parameter, what in closed:
            setattr(parameter, what, True)


def _is_said(parameter: Any, what: str) -> bool:
    """Return what a parameter says about itself; param asks in Python for each, and takes ten times as long."""
    said = object.__getattribute__(parameter, what)
    return said if isinstance(said, bool) else bool(getattr(parameter, what))


def take_changes_quickly() -> None:
    """Let Panel open no more parameters than are closed, wherever it takes what browsers changed."""
    for name in ("panel.reactive", "panel.io.state"):
        module: Any = import_module(name)
        if hasattr(module, "edit_readonly"):  # no public name; where it is gone, Panel goes on as it does
            module.edit_readonly = open_for_writing


def send_messages_as_one() -> None:
    """Let Bokeh send messages to components that follow each other, to the same browsers, as one."""
    sessions: Any = import_module("bokeh.server.session")
    if hasattr(sessions, "_PendingPatch") and hasattr(sessions, "_serialize_patches"):  # no public names, as above
        sessions._serialize_patches = _as_few


def _as_few(pending: list[Any]) -> list[tuple[Any, Any]]:
    """Return patches of a document as messages, each with the connections that it is for."""
    found: list[tuple[Any, Any]] = []
    for (_, connections), patches in groupby(pending, _destination):
        group = list(patches)
        with patch_curdoc(group[0].event.document):
            message = group[0].protocol.create("PATCH-DOC", [patch.event for patch in group])
            message.prepare()
        found.append((message, connections))
    return found


def _destination(patch: Any) -> tuple[object, object]:
    """Return what patches in a row must have in common to go as one: only messages change nothing of the document."""
    return type(patch.event) if isinstance(patch.event, MessageSentEvent) else patch, patch.connections


def gather_while_behind(
    widget: Any, is_idle: Callable[[], bool], when_idle: Callable[[Callable[[], None]], None]
) -> None:
    """Take what browsers change of a widget once the changes before are answered, each in a turn of the loop.

    What waits holds no lock of the document, which the answer needs.

    Args:
        widget: Panel's; anything else is left alone.
        is_idle: Whether nothing is on its way.
        when_idle: Calls a function, on the loop, once nothing is on its way.
    """
    for part in (widget, getattr(widget, "_slider", None)):  # what a slider of choices is made of
        if getattr(part, "_debounce", 0) and hasattr(pn.state, "_change_callbacks"):
            _gather_while_behind(part, is_idle, when_idle)


def _gather_while_behind(
    widget: Any, is_idle: Callable[[], bool], when_idle: Callable[[Callable[[], None]], None]
) -> None:
    # Panel has no public names for it. It takes what it gathered with the first call for it; the others do nothing.
    longest: int = _LONGEST if _LET_GO in widget.param else widget._debounce
    note: Callable[..., None] = widget._server_change
    widget._debounce = 0

    async def take(*args: Any, **options: Any) -> None:
        await turn()
        await type(widget)._change_coroutine(widget, *args, **options)

    def take_now(document: Document) -> None:
        for call in list(pn.state._change_callbacks.get(document, {}).values()):
            if getattr(call, "func", None) is take:
                document.add_next_tick_callback(call)

    def change(document: Any, ref: str, subpath: str | None, attr: str, old: Any, new: Any) -> None:
        if not document.session_context:  # of a script, where each change is taken at once
            note(document, ref, subpath, attr, old, new)
            return
        with changes.guard:
            is_first = not widget._events
            widget._debounce = 0 if attr == _LET_GO or is_idle() else longest
            note(document, ref, subpath, attr, old, new)
        if is_first and widget._debounce:
            when_idle(lambda: take_now(document))
        elif attr == _LET_GO and not is_first:
            take_now(document)

    def forget(_event: object) -> None:
        if not changes.is_taking_here():  # set by the server, and newer than what a browser said before
            for name in ("value", _LET_GO):
                widget._events.pop(name, None)

    changes = _Changes(widget)
    widget._server_change = change
    widget._change_event = changes.take
    widget._scheduled_update_model = changes.update_later(widget._scheduled_update_model)
    widget._change_coroutine = take
    if "value" in widget.param:
        widget.param.watch(forget, "value")


class _Changes:
    """What browsers change of a widget, taken by one thread at a time."""

    def __init__(self, widget: Any) -> None:
        self.guard = threading.Lock()  # of what is noted, and of who takes it
        self._widget = widget
        self._taker: int | None = None  # the thread
        self._is_wanted = False  # by somebody else, meanwhile

    def is_taking_here(self) -> bool:
        """Whether this thread takes what a browser changed."""
        return self._taker == threading.get_ident()

    def take(self, document: Document | None) -> None:
        """Take all that is noted, unless another thread does and will."""
        with self.guard:
            self._is_wanted = True
            if self._taker is not None:
                return
            self._taker = threading.get_ident()
        failed: list[Exception] = []
        try:
            while (events := self._next()) is not None:
                try:
                    with set_curdoc(document):
                        self._widget._process_events(events)
                except Exception as error:  # of what watches the widget: what is newer is taken all the same
                    failed.append(error)
        except BaseException:
            self._taker = None
            raise
        if failed:
            raise failed[0]

    def update_later(self, update: Callable[..., None]) -> Callable[..., None]:
        """Return what tells the model of a change that a thread took, unless the model has a newer one already."""

        def updated(
            events: Any, message: dict[str, Any], root: Any, model: Any, document: Any, comm: Any, told: Any
        ) -> None:
            noted = self._widget._events
            known = {name: value for name, value in message.items() if not (name in told and name in noted)}
            update(events, known, root, model, document, comm, told)

        return updated

    def _next(self) -> dict[str, Any] | None:
        with self.guard:
            if not self._is_wanted:
                self._taker = None
                return None
            self._is_wanted = False
            events, self._widget._events = self._widget._events, {}
            return events


def pace(session_context: Any) -> None:
    """Let no frame of a session's websockets wait for the frame before, and each message have a turn of the loop.

    Args:
        session_context: Of the document; one without websockets, as of a script, is left alone.
    """
    # Tornado's set_nodelay is what it is for; Bokeh, which has no option for either, keeps the handlers to itself.
    for connection in list(getattr(getattr(session_context, "session", None), "_subscribed_connections", ())):
        handler: Any = getattr(connection, "_socket", None)
        if getattr(handler, "ws_connection", None) is None:  # it may be closing
            continue
        if "on_message" not in vars(handler):
            handler.set_nodelay(True)
            handler.on_message = _in_turn(WeakMethod(handler.on_message))


def _in_turn(method: WeakMethod[Callable[[str | bytes], Awaitable[None]]]) -> Callable[[str | bytes], Awaitable[None]]:
    """Return what stands in for a method; held weakly, or its object would be garbage that only a collection finds."""

    async def receive(message: str | bytes) -> None:
        await turn()
        take = method()
        if take is not None:
            await take(message)

    return receive
