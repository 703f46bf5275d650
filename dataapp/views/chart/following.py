"""How a chart follows what is dragged over in others, and widgets: on the page itself, where that has tiles for it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from time import monotonic
from typing import TYPE_CHECKING
from weakref import ref

from dataapp.engines.tiles import Tile
from dataapp.views.chart.dataset import Dataset, Ends
from dataapp.views.chart.drags import Drags
from dataapp.views.chart.tiling import Relations, Tiling, differing, tile
from dataapp.views.jobs import Cancel, Handle, Submit, note_failure

if TYPE_CHECKING:
    from dataapp.engines.duckdb import DuckDB

type Later = Callable[[float, Callable[[], None]], Callable[[], None]]
"""Calls a function on the screen's thread after some seconds; returns what prevents it."""

_TOLD = 2  # a page may yet tell what it has drawn with those before the last
_AHEAD = 2.0  # seconds, for which a page may be the only one that draws where a widget moves
_REFUSED = 2.0  # seconds, in which the same tiles are not made again
_RESTS = 0.6  # seconds, by when a widget that is pressed again and again has come to rest
type Drawn = Sequence[tuple[Dataset, Ends | None]]
type Told = tuple["DuckDB", ref[Tile]]


class Following:
    """Keeps tiles for the selection that is dragged, and knows when the page draws with them.

    Args:
        submit: Runs jobs.
        drags: What is dragged over on the page.
        send: Tells the page of tiles, or with None that there are none any more.
        draw: Draws what cells stand for, by the engine.
        later: Calls back after a while.
        when_idle: Calls back when all that was asked for is there.

    Attributes:
        is_ahead: Whether the page has drawn by itself what nobody else knows.
    """

    is_ahead: bool

    def __init__(
        self,
        submit: Submit,
        drags: Drags,
        send: Callable[[dict[str, object] | None], None],
        draw: Callable[[], None],
        later: Later,
        when_idle: Callable[[Callable[[], None]], None],
    ) -> None:
        self._submit = submit
        self._drags = drags
        self._send = send
        self._draw = draw
        self._later = later
        self._when_idle = when_idle
        self._ahead_since = 0.0
        self._refused_until = 0.0
        self._rest_no_more: Callable[[], None] = lambda: None
        self._tiling: Tiling | None = None
        self._told: dict[int, list[Told]] = {}  # by their numbers, the last tiles that the page was given
        self._making: Handle | None = None
        self._made: object = None  # what tiles are, or are being made, for
        self._refused: object = None  # what those were for that the page could not draw with
        self._relations: Relations = {}
        self.is_ahead = False
        drags.watch(self._released)

    def show(self, relations: Relations) -> bool:
        """Take what cells stand for now; return whether the page draws it by itself."""
        self._relations = relations
        self._rest_no_more()
        if self._tiling is not None and not self._tiling.covers(relations):
            self.drop()
        was_ahead, self.is_ahead = self.is_ahead, self._is_followed()
        if self.is_ahead and not was_ahead:
            self._ahead_since = monotonic()
        return self.is_ahead

    def _is_followed(self) -> bool:
        """Whether the page draws what it is about by itself: not for long with a widget, which may have gone."""
        if self._tiling is None or self._drags.is_held(self._tiling.mover):
            return self._tiling is not None
        if self._drags.widget(self._tiling.mover) is None:
            return False
        if self.is_ahead and monotonic() - self._ahead_since > _AHEAD:
            return False
        self._rest_no_more = self._later(_RESTS, self._catch_up)
        return True

    def drawn(self, drawn: Drawn) -> None:
        """Make tiles after the engine has drawn something, if something that it follows may move."""
        movers = {mover for relation in self._relations.values() for mover in relation.movers.values()}
        moving = sorted(filter(self._drags.may_move, movers), key=self._drags.is_held)  # what is held counts most
        if not moving or (self._tiling is not None and self._tiling.mover is moving[-1]):
            return
        mover, relations = moving[-1], self._relations
        about = mover, differing(relations, mover), [ends for _, ends in drawn]
        is_refused = about == self._refused and monotonic() < self._refused_until
        if about == self._made or is_refused:
            return

        def make(cancel: Cancel) -> Tiling | None:
            with ExitStack() as opened:
                readers = {data: opened.enter_context(relation.open()) for data, relation in relations.items()}
                for reader in readers.values():
                    cancel.on_cancel(reader.cancel)
                return tile(drawn, relations, readers, mover)

        def take(made: Tiling | None) -> None:
            self._making = None
            if made is None:  # there may be a cube after the next answer
                self._made = None
            elif made.covers(self._relations):
                self._tiling = made
                self.send()

        def fail(error: Exception) -> None:  # the engine goes on to draw
            self._making = self._made = None
            note_failure("tile", error)

        self._stop()
        self._made = about
        self._making = self._submit(make, take, fail)

    def send(self) -> None:
        """Tell the page of tiles, if there are any."""
        if self._tiling is not None:
            mover = self._tiling.mover
            engines = [self._relations[dataset.data].engine for dataset, _, _ in self._tiling.tiles]
            tiles = [ref(one) for _, _, one in self._tiling.tiles]  # others say how long they are kept
            self._told[self._tiling.number] = list(zip(engines, tiles, strict=True))
            for old in list(self._told)[:-_TOLD]:
                del self._told[old]
            self._send(self._tiling.message(self._drags.name(mover), self._drags.widget(mover)))

    def drop(self) -> None:
        """Let the engine draw from now on."""
        self._stop()
        self._rest_no_more()
        if self._tiling is not None:
            self._tiling = None
            self._send(None)

    def give_up(self, number: int) -> None:
        """The page cannot draw what is shown now with the tiles of a number."""
        if self._tiling is None or self._tiling.number != number:
            return
        self._refused, self._refused_until = self._made, monotonic() + _REFUSED
        self.drop()
        self._catch_up()

    def note(self, number: int, moves: int) -> None:
        """The page has drawn some moves with the tiles of a number."""
        for engine, tile_ref in self._told.get(number, ()):
            if (made := tile_ref()) is not None:
                engine.cubes.note_drawn(made, moves)

    def close(self) -> None:
        """Make nothing more of it."""
        self.is_ahead = False
        self._relations = {}
        self._told.clear()
        self.drop()

    def _stop(self) -> None:
        self._made = None
        if self._making is not None:
            self._making.cancel()
            self._making = None

    def _released(self) -> None:
        self._refused = None
        if self._tiling is None or not self._drags.is_held(self._tiling.mover):
            self._when_idle(self._catch_up)  # where it was let go may not be known here yet

    def _catch_up(self) -> None:
        """Draw what only the page has drawn."""
        if self.is_ahead:
            self.is_ahead = False
            self._draw()
