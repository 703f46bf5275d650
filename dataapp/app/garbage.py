"""What Python's garbage collector need not look at again and again.

A full collection holds Python's lock while it looks at every object, so that all sessions stand still. Most objects of
a server are those of imported modules, which stay: to 350,000 of them a page of a dozen cells adds 20,000.
"""

import gc
import weakref


class Sparing:
    """Leaves what is there at some moment out of all later collections.

    That may be done when the first session opens, whose script has imported what it needs by then, and must be undone
    when that session ends, since what it made is among what is left out; and again when no session is open.
    Objects that no cycle holds go as before.
    """

    def __init__(self) -> None:
        self._has_begun = False
        self._is_sparing = False
        self._first: int | None = None
        self._alive: weakref.WeakSet[object] = weakref.WeakSet()

    def opened(self, session: object) -> None:
        """Leave out what is there when the first session opens; the others are only noted."""
        self._alive.add(session)
        if not self._has_begun:
            self._has_begun = self._is_sparing = True
            self._first = id(session)
            gc.freeze()

    def closed(self, session: object) -> None:
        """Look at everything again if the first session has ended."""
        if id(session) == self._first:
            self._first = None
            self._is_sparing = False
            gc.unfreeze()

    def emptied(self) -> bool:
        """Leave out what is there now that no session is open, and has been shared by all, and say whether that is so.

        What something still holds of a session must not be left out: then nothing is done, and it is for later.
        """
        if not self._is_sparing:
            gc.collect()
            if self._alive:
                return False
            self._is_sparing = True
            gc.freeze()
        return True
