"""What Python's garbage collector need not look at again and again, and when it had better not look.

A full collection holds Python's lock while it looks at every object, so that all sessions stand still. Most objects of
a server are those of imported modules, which stay: to 350,000 of them a page of a dozen cells adds 20,000. While
viewers move sliders without a pause, a full one comes all the same after a while, and takes as long as there is to
look at.
"""

import asyncio
import gc
import weakref
from collections.abc import Callable
from contextvars import Context

_LATE = 100  # collections of the middle generation after which a full one no longer waits; Python's own figure is 10
_EVERY = 1.0  # seconds between two looks whether all is quiet
_GROWTH = 1.25  # as Python's own collector, which waits until the old objects have grown by a quarter


class Sparing:
    """Leaves what is there at some moment out of all later collections.

    That may be done when the first session opens, whose script has imported what it needs by then; in quiet moments,
    with what is still there after a collection; and when no session is open. It must be undone when a session ends
    that was open then, since what it made is among what is left out. Objects that no cycle holds go as before.
    """

    def __init__(self) -> None:
        self._has_begun = False
        self._is_sparing = False
        self._open: set[int] = set()
        self._with: set[int] = set()  # the sessions that were open when things were left out
        self._is_late = False  # whether something still held a session then that had ended
        self._most = 0  # objects that may be left out before all are looked at again
        self._alive: weakref.WeakSet[object] = weakref.WeakSet()

    def opened(self, session: object) -> None:
        """Leave out what is there when the first session opens; the others are only noted."""
        self._alive.add(session)
        self._open.add(id(session))
        if not self._has_begun:
            self._has_begun = True
            self._freeze()
            self._most = int(_GROWTH * gc.get_freeze_count())

    def closed(self, session: object) -> None:
        """Look at everything again if what this session made may be left out."""
        self._open.discard(id(session))
        if id(session) in self._with:
            self._unfreeze()

    def renew(self) -> None:
        """Collect garbage, and leave out what is still there; look at everything again once that has grown by much.

        A session that stays open for days makes garbage of what was left out, too.
        """
        if self._is_late or gc.get_freeze_count() > self._most:
            self._unfreeze()
        is_whole = not self._is_sparing
        gc.collect()
        self._freeze()
        if is_whole:
            self._most = int(_GROWTH * gc.get_freeze_count())

    def emptied(self) -> bool:
        """Leave out what is there now that no session is open, and has been shared by all, and say whether that is so.

        What something still holds of a session must not be left out: then nothing is done, and it is for later.
        """
        if not self._is_sparing:
            gc.collect()
            if self._alive:
                return False
            self._freeze()
        return True

    def _freeze(self) -> None:
        self._is_sparing = True
        self._with |= self._open
        self._is_late = len(self._alive) > len(self._open)
        gc.freeze()

    def _unfreeze(self) -> None:
        self._is_sparing = self._is_late = False
        self._with.clear()
        gc.unfreeze()


class FullCollections:
    """Lets full collections wait for a moment in which nothing moves, as long as begun and not ended.

    Whoever drags a slider would see one, and the more sessions are open, the longer it takes. Young garbage, which is
    most of it, is collected as before.

    Args:
        is_quiet: Says whether nobody waits for anything.
        collect: Collects all garbage.
    """

    def __init__(self, is_quiet: Callable[[], bool], collect: Callable[[], object] = gc.collect) -> None:
        self._is_quiet = is_quiet
        self._collect = collect
        self._thresholds: tuple[int, int, int] | None = None
        self._next: asyncio.TimerHandle | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Put full collections off; again does nothing. Called on the loop's thread."""
        if self._thresholds is None:
            self._thresholds = young, middle, old = gc.get_threshold()
            gc.set_threshold(young, middle, max(old, _LATE))
            self._look_later(loop)

    def end(self) -> None:
        """Leave full collections to Python again."""
        if self._thresholds is not None:
            gc.set_threshold(*self._thresholds)
            self._thresholds = None
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        # In a context of its own: that of the caller holds the session in which it was begun.
        self._next = loop.call_later(_EVERY, self._look, loop, context=Context())

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._thresholds is not None
        if gc.get_count()[2] >= self._thresholds[2] and self._is_quiet():
            self._collect()
        self._look_later(loop)
