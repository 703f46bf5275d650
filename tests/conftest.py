"""Fixtures for tests that need a browser or a server, and hypothesis profiles."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Page, sync_playwright

from tools.browser import find_browser

if TYPE_CHECKING:
    from tests.connectors.postgres.server import Postgres

ROOT = Path(__file__).resolve().parents[1]
SERVER_STARTS_WITHIN = 60.0  # seconds
BROWSER_FLAGS = (
    "--no-sandbox",  # containers seldom allow Chromium's own
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark the tests that use a browser, and put them last.

    Playwright's synchronous interface keeps an event loop running in the main thread from the first use of `browser`
    to the end of the session, and `asyncio.run` refuses to start next to it.
    """
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    yield  # here `-m` looks at the marks
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A Postgres server for the whole run."""
    from tests.connectors.postgres.server import running_server  # here: few tests need its driver

    with running_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the whole run."""
    path = find_browser()
    if path is None:
        pytest.fail("No Chromium or Chrome was found. Hint: run `python tools/browser.py`, which installs one.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a browser profile of its own; the test fails when the page asks another machine for anything."""
    with browser.new_context() as context:
        outside: list[str] = []
        context.on("request", lambda request: None if _is_local(request.url) else outside.append(request.url))
        yield context.new_page()
    assert outside == [], "the page loads from the network"


def _is_local(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"about", "blob", "data"} or parts.hostname in {"localhost", "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class ServedApp:
    """An app that `panel serve` serves in a process group of its own."""

    url: str
    process: subprocess.Popen[bytes]
    log_file: Path

    def log(self) -> str:
        """What the server has written so far."""
        return self.log_file.read_text("utf-8", errors="replace")

    def stop(self) -> None:
        """End the server and all that it started. Calling it again does nothing."""
        for sent in (signal.SIGTERM, signal.SIGKILL):  # the second also ends workers that outlive their parent
            try:
                os.killpg(self.process.pid, sent)
            except ProcessLookupError:
                break
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()


type Serve = Callable[..., ServedApp]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve apps until the test ends: `serve(path_or_source, *arguments_of_panel_serve, env={...})`.

    A `Path` is served where it is; a `str` is the source of an app, and is written to a file first.
    """
    with _servers(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def serve_for_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """As `serve`, until the last test of the module ends: for module-scoped fixtures that several tests share."""
    with _servers(tmp_path_factory.mktemp("served")) as start:
        yield start


@contextmanager
def _servers(folder: Path) -> Iterator[Serve]:
    with ExitStack() as started:
        count = 0

        def start(app: Path | str, *arguments: str, env: dict[str, str] | None = None) -> ServedApp:
            nonlocal count
            count += 1
            if isinstance(app, str):
                source, app = app, folder / f"app{count}.py"
                app.write_text(textwrap.dedent(source), "utf-8")
            served = _start(app, arguments, env or {}, folder / f"server{count}.log")
            started.callback(served.stop)
            _wait_until_it_answers(served)
            return served

        yield start


def _start(app: Path, arguments: Sequence[str], env: dict[str, str], log_file: Path) -> ServedApp:
    port = _free_port()
    command = [sys.executable, "-m", "panel", "serve", os.fspath(app), "--port", str(port), *arguments]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return ServedApp(f"http://localhost:{port}/{app.stem}", process, log_file)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def _wait_until_it_answers(served: ServedApp) -> None:
    """Wait for the index, which unlike the app's own page creates no session; raise with the log if none comes."""
    give_up_at = time.monotonic() + SERVER_STARTS_WITHIN
    while not _answers(served.url):
        try:
            status = served.process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            if time.monotonic() < give_up_at:
                continue
            raise RuntimeError(f"The server did not answer within {SERVER_STARTS_WITHIN} s:\n{served.log()}") from None
        raise RuntimeError(f"The server ended with status {status}:\n{served.log()}")


def _answers(url: str) -> bool:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
