"""The first move of a widget is answered at once; those that follow closely are gathered, as Panel does with all.

Panel waits 50 ms after each change in the browser for more changes of the same widget: most of the time that passes
between a slider's single move and the new table on screen, other than the query's own. While somebody drags, the wait
is useful, because every move that is told starts queries, interrupts those of the move before, and rewrites the URL.
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
