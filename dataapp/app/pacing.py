"""What is told between browser and server goes at once.

The first move of a widget is answered at once; those that follow closely are gathered, as Panel does with all.
Panel waits 50 ms after each change in the browser for more changes of the same widget: most of the time that passes
between a slider's single move and the new table on screen, other than the query's own. While somebody drags, the wait
is useful, because every move that is told starts queries, interrupts those of the move before, and rewrites the URL.

A message of the server is several frames of a websocket. Unless it is told not to, TCP holds the later ones back until
the browser's system has acknowledged the first, which it puts off: many a message would come tens of milliseconds late.

What browsers say, and what answers them, takes some milliseconds of the event loop each. Of all that is ready at the
same moment the loop does one thing per turn, and looks after timers and sockets in between, so that they wait for one
of them and not for all.

Before it takes a change, Panel opens every parameter of the widget, and of its own state, for writing, and closes them
all again, several times per change: a large part of what a move takes of the loop. A parameter that nobody closed need
not be opened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from weakref import WeakKeyDictionary, WeakMethod

from bokeh.document import Document

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def turn() -> None:
    """Wait for a turn of the event loop in which no other piece of work that asked for one is done."""
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        await asyncio.sleep(0)


def answer_first_move_at_once(widget: Any, document: Document) -> None:
    """Let Panel wait for more changes only while changes follow each other.

    Args:
        widget: A widget of the document's session.
        document: Whose clock counts.
    """
    # Panel has no public name for it; measured: a slider's move is on screen 50 ms earlier with 0.
    gather_for: int = getattr(widget, "_debounce", 0)
    if not gather_for:
        return
    widget._debounce = 0
    moves = 0

    def moved(_event: object) -> None:
        nonlocal moves
        moves += 1
        this = moves
        widget._debounce = gather_for

        def end_of_series() -> None:
            if moves == this:
                widget._debounce = 0

        document.add_timeout_callback(end_of_series, gather_for)

    widget.param.watch(moved, "value")


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


def change_in_turn(widget: Any) -> None:
    """Let each change that browsers make of a widget have a turn of the loop.

    Panel gathers moves, and those of all viewers that it has gathered it would take in one turn.

    Args:
        widget: Panel's; anything else is left alone.
    """
    if not hasattr(widget, "_change_coroutine"):
        return

    async def change(*args: Any, **options: Any) -> None:
        await turn()
        await type(widget)._change_coroutine(widget, *args, **options)

    widget._change_coroutine = change


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
        handler.set_nodelay(True)
        if "on_message" not in vars(handler):
            handler.on_message = _in_turn(WeakMethod(handler.on_message))


def _in_turn(method: WeakMethod[Callable[[str | bytes], Awaitable[None]]]) -> Callable[[str | bytes], Awaitable[None]]:
    """Return what stands in for a method; held weakly, or its object would be garbage that only a collection finds."""

    async def receive(message: str | bytes) -> None:
        await turn()
        take = method()
        if take is not None:
            await take(message)

    return receive
