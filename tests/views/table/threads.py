"""A `Submit` for served test apps: jobs run in threads, and answers come back on the document's."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bokeh.document import Document

from dataapp.views.jobs import Cancel

POOL = ThreadPoolExecutor(4)


class Running:
    """A job that runs, or waits to."""

    def __init__(self) -> None:
        self.cancelled = False
        self._callbacks: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self._callbacks.append(callback)
            is_late = self.cancelled
        if is_late:
            callback()

    def cancel(self) -> None:
        with self._lock:
            self.cancelled = True
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()


class ThreadSubmit:
    """Submits to threads on behalf of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def __call__[T](
        self, job: Callable[[Cancel], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> Running:
        running = Running()

        def answer(call: Callable[[], None]) -> None:
            self._document.add_next_tick_callback(lambda: None if running.cancelled else call())

        def run() -> None:
            try:
                result = job(running)
            except Exception as error:
                answer(partial(failed, error))
            else:
                answer(partial(done, result))

        POOL.submit(run)
        return running
