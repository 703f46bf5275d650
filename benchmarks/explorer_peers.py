"""The same table in Panel's Tabulator and in marimo, at the largest size that they survive.

Both show pages of twenty rows. A jump is the button for the last page.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from playwright.sync_api import Browser, Error, Page, ViewportSize

from benchmarks.explorer_data import table_of
from benchmarks.memory import resident_mb
from benchmarks.peers_python import peers_python
from benchmarks.report import Figure
from benchmarks.serving import PAGES, Server, panel_serve, serve
from benchmarks.timing import Sample

_SIZES = (100_000, 1_000_000, 5_000_000, 20_000_000)  # rows that are tried, as long as the last one survived
_PATIENCE = 30_000  # milliseconds, after which a table has not survived
_TURNS = 5
_VIEWPORT = ViewportSize(width=1400, height=900)
_PRICE = 3  # which column is sorted by


@dataclass(frozen=True, slots=True)
class Peer:
    """Another table: how it is served, and where its rows and buttons are."""

    name: str
    serve: Callable[[Path], AbstractContextManager[Server]]
    path: str
    rows: str
    next_page: str
    last_page: str
    sort: str


def _tabulator(file: Path) -> AbstractContextManager[Server]:
    return panel_serve(PAGES / "tabulator_page.py", env={"BENCHMARK_TABLE": str(file)})


def _marimo(file: Path) -> AbstractContextManager[Server]:
    command = [str(peers_python()), "-m", "marimo", "run", str(PAGES / "marimo_page.py"), "--headless", "--no-token"]
    return serve(command, port_option="--port", env={"BENCHMARK_TABLE": str(file)})


_PEERS = (
    Peer(
        "Tabulator",
        _tabulator,
        "tabulator_page",
        ".tabulator-row",
        ".tabulator-page[data-page=next]",
        ".tabulator-page[data-page=last]",
        ".tabulator-col[role=columnheader]",
    ),
    Peer(
        "marimo",
        _marimo,
        "",
        "tbody tr",
        "[data-testid=next-page-button]",
        "[data-testid=last-page-button]",
        "[data-testid=data-table-sort-button]",
    ),
)


def measure_peers(browser: Browser, most: int) -> Iterator[Figure]:
    """Measure the tables that are installed, on as many rows as they survive and `most` allows."""
    for peer in _PEERS:
        if peer.name == "marimo" and peers_python() is None:
            continue
        figures: Sequence[Figure] = ()
        for rows in _SIZES:
            if rows > most:
                break
            try:
                figures = list(_figures(browser, peer, rows))
            except (Error, RuntimeError) as error:
                print(f"{peer.name} did not survive {rows:,} rows: {str(error).splitlines()[0][:100]}", flush=True)
                break
        yield from figures


def _figures(browser: Browser, peer: Peer, rows: int) -> Iterator[Figure]:
    what = f"{peer.name}, {rows / 1e6:g} million rows"
    with (
        peer.serve(table_of(rows)) as server,
        browser.new_context(viewport=ViewportSize(width=1400, height=900)) as own,
    ):
        page = own.new_page()
        page.set_default_timeout(_PATIENCE)
        page.add_init_script((PAGES / "peer.js").read_text("utf-8"))
        _first_rows(page, peer, server)  # the process reads the file for it
        yield Figure(f"{what}: first rows after the page", Sample((_first_rows(page, peer, server),)))
        yield Figure(f"{what}: next page", Sample(tuple(_press(page, peer, peer.next_page) for _ in range(_TURNS))))
        yield Figure(f"{what}: last page", Sample((_press(page, peer, peer.last_page),)))
        yield Figure(f"{what}: first rows after a sort", Sample((_press(page, peer, peer.sort, _PRICE),)))
        yield Figure(f"{what}: memory of the server", Sample((resident_mb(server.pid),), "MB"))


def _first_rows(page: Page, peer: Peer, server: Server) -> float:
    """Return what passes from the page's load to its rows."""
    page.goto(server.url(peer.path))
    loaded = perf_counter()
    page.wait_for_function("rows => peer.hasRows(rows)", arg=peer.rows)
    return 1000 * (perf_counter() - loaded)


def _press(page: Page, peer: Peer, button: str, at: int = 0) -> float:
    return page.evaluate(
        "what => peer.press(what)", {"rows": peer.rows, "button": button, "at": at, "patience": _PATIENCE}
    )
