"""The same charts in VegaFusion, in Panel's Vega pane and in marimo, each at the largest size that it survives.

They are tried from the largest size down. A size is survived when a chart is drawn within `_PATIENCE`, and the server
takes no more than half of the machine's memory.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import ConsoleMessage, Error, Page, ViewportSize
from playwright.sync_api import TimeoutError as LateError

from benchmarks.chart_specs import PICTURE_QUESTIONS
from benchmarks.explorer_data import table_of
from benchmarks.memory import bounded
from benchmarks.peers_python import peers_python
from benchmarks.report import Figure, compared
from benchmarks.serving import PAGES, Server, chromium, serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample
from benchmarks.wire import Wire

_SIZES = (100_000_000, 20_000_000, 5_000_000, 1_000_000, 100_000)  # rows
_PATIENCE = 30  # seconds
_OPENS_WITHIN = 180  # seconds, in which the page is there and the rows are in memory; they are no part of what is timed
_MEMORY = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20 / 2 if hasattr(os, "sysconf") else 8000  # MB
_PAUSE = 300  # milliseconds
_VIEWPORT = ViewportSize(width=1400, height=900)

type Ours = Mapping[tuple[str, int], Sample]


@dataclass(frozen=True, slots=True)
class _Peer:
    """Another framework: how its page is served, and what of its traffic hands out rows as files."""

    name: str
    serve: Callable[[Path, Path], AbstractContextManager[Server]]
    path: str
    fetched: str | None = None


@dataclass(frozen=True, slots=True)
class _Survived:
    """What was measured at a size."""

    drawn: Sample
    sent: float  # kB


class _GaveUp(Exception):
    """Why a size was not survived."""


def _panel(python: Path, file: Path) -> AbstractContextManager[Server]:
    command = [str(python), "-m", "panel", "serve", str(PAGES / "pixels_peer_page.py")]
    return serve(command, port_option="--port", env={"BENCHMARK_TABLE": str(file)})


def _marimo(python: Path, file: Path) -> AbstractContextManager[Server]:
    command = [str(python), "-m", "marimo", "run", str(PAGES / "pixels_marimo.py"), "--headless", "--no-token"]
    return serve(
        command, port_option="--port", env={"BENCHMARK_TABLE": str(file), "MARIMO_OUTPUT_MAX_BYTES": str(2**40)}
    )


_PEERS = (
    _Peer("VegaFusion", _panel, "pixels_peer_page?peer=vegafusion&"),
    _Peer("Panel's Vega pane", _panel, "pixels_peer_page?peer=plain&"),
    _Peer("marimo", _marimo, "?", "/@file/"),
)


def measure_peers(most: int, ours: Ours, settings: Settings) -> Iterator[Figure]:
    """Measure each chart in each framework, on as many rows as it survives and `most` allows.

    Args:
        most: The largest size that is tried.
        ours: Our times, by chart and rows.
        settings: How thorough the run is.
    """
    python = peers_python()
    if python is None:
        return
    for peer in _PEERS:
        for name in PICTURE_QUESTIONS:
            yield from _largest(peer, python, name, most, ours, settings)


def _largest(peer: _Peer, python: Path, name: str, most: int, ours: Ours, settings: Settings) -> Iterator[Figure]:
    failures: list[str] = []
    for rows in (size for size in _SIZES if size <= most):
        try:
            found = _measured(peer, partial(peer.serve, python, table_of(rows)), name, settings.repetitions(5))
        except (_GaveUp, Error, RuntimeError) as error:
            failures.append(f"not {rows / 1e6:g} million rows: {str(error).splitlines()[0][:160]}")
            continue
        nearest = min(size for one, size in ours if one == name and size >= rows)
        what = f"{peer.name}, {rows / 1e6:g} million rows: {name} appears"
        notes = [*failures] if nearest == rows else [f"ours of {nearest / 1e6:g} million rows", *failures]
        yield compared(what, ours[name, nearest], found.drawn, notes)
        yield Figure(f"  {name}, sent by {peer.name}", Sample((found.sent,), "kB"))
        return
    print(f"{peer.name} survives no size of {name}: {'; '.join(failures)}", flush=True)


def _measured(peer: _Peer, served: Callable[[], AbstractContextManager[Server]], name: str, turns: int) -> _Survived:
    """Let the chart appear on page after page; the first is not counted, but has to be drawn in time, too."""
    drawn: list[float] = []
    sent: list[float] = []
    with chromium() as browser, served() as server, bounded(server.pid, _MEMORY) as is_beyond:
        try:
            with browser.new_context(viewport=_VIEWPORT) as context:
                for least in range(1, turns + 2):
                    page = context.new_page()
                    wire = Wire(page, peer.fetched)
                    said = _listen(page)
                    page.goto(
                        server.url(peer.path + urlencode({"show": name, "least": least})), timeout=1000 * _OPENS_WITHIN
                    )
                    page.evaluate((PAGES / "probe.js").read_text("utf-8"))
                    page.wait_for_function("probe.isWaiting()", timeout=1000 * _OPENS_WITHIN)
                    page.wait_for_timeout(_PAUSE)
                    before = wire.total()
                    page.evaluate("probe.appear()")
                    try:
                        page.wait_for_function("probe.drawn", timeout=1000 * _PATIENCE)
                    except LateError as error:
                        because = f" ({said[-1]})" if said else ""
                        raise _GaveUp(f"not drawn within {_PATIENCE} seconds{because}") from error
                    drawn.append(page.evaluate("probe.drawn"))
                    sent.append((wire.total() - before) / 1000)
                    page.close()
        except (_GaveUp, Error) as error:
            if is_beyond():
                raise _GaveUp(f"the server took more than {_MEMORY / 1024:.0f} GB of memory") from error
            raise
    return _Survived(Sample(tuple(drawn[1:])), sent[-1])


def _listen(page: Page) -> Sequence[str]:
    """Return what a page says of errors: the list grows."""
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said
