"""Cancellation, pools, and coroutines on worker threads."""

import asyncio
import threading

import pytest

from dataapp.errors import Cancelled
from dataapp.runtime.workers import Cancel, InlinePool, run_coroutine


def test_cancelling_calls_back_once() -> None:
    cancel, called = Cancel(), []
    cancel.on_cancel(lambda: called.append(1))
    cancel.cancel()
    cancel.cancel()
    assert called == [1]


def test_who_comes_late_is_called_at_once() -> None:
    cancel, called = Cancel(), []
    cancel.cancel()
    cancel.on_cancel(lambda: called.append(1))
    assert called == [1]


def test_checking_raises_after_the_cancellation() -> None:
    cancel = Cancel()
    cancel.check()
    cancel.cancel()
    with pytest.raises(Cancelled):
        cancel.check()


def test_inline_work_that_starts_more_is_run_in_order() -> None:
    pool, order = InlinePool(), []

    def first() -> None:
        pool.start(lambda: order.append(2))
        order.append(1)

    pool.start(first)
    assert order == [1, 2]


def test_the_inline_pool_goes_on_after_an_error() -> None:
    pool, order = InlinePool(), []
    with pytest.raises(ZeroDivisionError):
        pool.start(lambda: 1 / 0)  # pyright: ignore[reportArgumentType]
    pool.start(lambda: order.append(1))
    assert order == [1]


def test_a_coroutine_runs_on_the_shared_loop() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    assert run_coroutine(answer(), Cancel()) == 42


def test_a_coroutine_is_cancelled_with_its_run() -> None:
    cancel, ended = Cancel(), threading.Event()

    async def waiting() -> None:
        try:
            cancel_from_elsewhere()
            await asyncio.Event().wait()
        finally:
            ended.set()

    def cancel_from_elsewhere() -> None:
        threading.Thread(target=cancel.cancel).start()

    with pytest.raises(Cancelled):
        run_coroutine(waiting(), cancel)
    assert ended.wait(10)


def test_a_coroutine_that_cancels_itself_has_failed() -> None:
    async def leaving() -> None:
        raise asyncio.CancelledError

    with pytest.raises(RuntimeError, match="cancelled itself"):
        run_coroutine(leaving(), Cancel())
