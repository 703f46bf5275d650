"""A raw query on demand in a Panel page: the browser sets `ask`, and finds `answer` changed."""

import asyncio
from collections.abc import Callable

import panel as pn


def raw_clock(time: Callable[[int], float]) -> pn.Row:
    """Return the two widgets, by which the benchmark has the raw query timed under the page's own conditions.

    Args:
        time: Runs the query with a value of its parameter, and returns milliseconds.
    """
    ask = pn.widgets.IntInput(name="raw ask", value=0)
    answer = pn.widgets.TextInput(name="raw answer", value="")

    async def run(_event: object) -> None:
        taken = await asyncio.to_thread(time, ask.value or 0)
        answer.value = f"{ask.value} {taken}"

    ask.param.watch(run, "value")
    return pn.Row(ask, answer)
