"""A raw query on demand in a Panel page: the browser sets `ask`, and finds `answer` changed."""

import asyncio

import panel as pn
from questions import Raw


def raw_clock(show: str) -> pn.Row:
    """Return the two widgets, by which the benchmark has the raw query timed under the page's own conditions."""
    raw = Raw()
    ask = pn.widgets.IntInput(name="raw ask", value=0)
    answer = pn.widgets.TextInput(name="raw answer", value="")

    async def time(_event: object) -> None:
        taken = await asyncio.to_thread(raw.time, show, ask.value or 0)
        answer.value = f"{ask.value} {taken}"

    ask.param.watch(time, "value")
    return pn.Row(ask, answer)
