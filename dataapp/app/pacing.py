"""What is told between browser and server goes at once.

The first move of a widget is answered at once; those that follow closely are gathered, as Panel does with all.
Panel waits 50 ms after each change in the browser for more changes of the same widget: most of the time that passes
between a slider's single move and the new table on screen, other than the query's own. While somebody drags, the wait
is useful, because every move that is told starts queries, interrupts those of the move before, and rewrites the URL.

A message of the server is several frames of a websocket. Unless it is told not to, TCP holds the later ones back until
the browser's system has acknowledged the first, which it puts off: many a message would come tens of milliseconds late.
"""

from typing import Any

from bokeh.document import Document


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


def send_at_once(session_context: Any) -> None:
    """Let no frame of a session's websockets wait for the frame before.

    Args:
        session_context: Of the document; one without websockets, as of a script, is left alone.
    """
    # Tornado's set_nodelay is what it is for; Bokeh, which has no option for it, keeps the handlers to itself.
    for connection in list(getattr(getattr(session_context, "session", None), "_subscribed_connections", ())):
        handler: Any = getattr(connection, "_socket", None)
        if getattr(handler, "ws_connection", None) is not None:  # it may be closing
            handler.set_nodelay(True)
