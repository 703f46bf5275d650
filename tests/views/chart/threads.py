"""Jobs on threads, answered on the document of the session: what a runtime does for the views of an app."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import panel as pn

from dataapp.views.jobs import Cancel, Handle


class _Cancel:
    def __init__(self) -> None:
        self.event = threading.Event()
        self.callbacks: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        return self.event.is_set()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def cancel(self) -> None:
        self.event.set()
        for callback in self.callbacks:
            callback()


_POOL = ThreadPoolExecutor(2)


def submit[T](job: Callable[[Cancel], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> Handle:
    cancel = _Cancel()
    document = pn.state.curdoc
    assert document is not None

    def answer(call: Callable[[], None]) -> None:
        document.add_next_tick_callback(lambda: None if cancel.cancelled else call())

    def run() -> None:
        try:
            value = job(cancel)
        except Exception as error:
            failure = error
            answer(lambda: failed(failure))
        else:
            answer(lambda: done(value))

    _POOL.submit(run)
    return cancel
