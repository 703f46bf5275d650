"""A frame of the user's on screen."""

from typing import Any

from dataapp.cells.cell import Cell
from dataapp.runtime.session import Session
from dataapp.views.bodies import TableBody
from dataapp.views.card import Card


class FrameCard(Card):
    """A table explorer over a frame, which others may follow; what its reader has set stays.

    The session lets go of a frame that is no longer shown: in an app that makes a frame with each move of a slider,
    all of them would else live as long as the session.

    Args:
        session: Whose view it is.
        cell: The cell that stands for the frame.
        height: In pixels, or None for the usual one.
        params: Of Panel's layout.
    """

    def __init__(self, session: Session, cell: Cell, *, height: int | None, **params: Any) -> None:
        super().__init__(
            session,
            cell,
            {cell: "table"},
            lambda take_error: TableBody(session, cell, take_error, height=height),
            again=lambda other: FrameCard(other, self._cell, height=height),
            **params,
        )

    def follow(self, cell: Cell) -> None:
        """Show another frame from now on, or the same one as it is now."""
        is_wanted = bool(self._demands)
        self._vanish()
        self._cell, self._wants = cell, {cell: "table"}
        assert isinstance(self._body, TableBody)
        self._body.follow(cell)
        if is_wanted:
            self._appear()

    def _vanish(self) -> None:
        super()._vanish()
        self._session.forget(self._cell)
