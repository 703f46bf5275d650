"""Servers and browsers for the benchmarks, ended with the block that uses them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from playwright.sync_api import Browser, sync_playwright

from tools.browser import find_browser

ROOT = Path(__file__).resolve().parents[1]
PAGES = Path(__file__).parent / "pages"
SLIDER = ".noUi-target"
"""The slider of a page in Panel."""
_STARTS_WITHIN = 90.0  # seconds
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    port: int
    pid: int

    def url(self, path: str) -> str:
        """Return the address of a page."""
        return f"http://localhost:{self.port}/{path}"


@contextmanager
def panel_serve(app: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve an app with `panel serve`."""
    command = [sys.executable, "-m", "panel", "serve", str(app), *arguments]
    with serve(command, port_option="--port", env=env or {}) as server:
        yield server


@contextmanager
def serve(command: Sequence[str], *, port_option: str, env: Mapping[str, str]) -> Iterator[Server]:
    """Run a server in a process group of its own until the block ends."""
    port = _free_port()
    process = subprocess.Popen(
        [*command, port_option, str(port)],
        cwd=ROOT,
        env=os.environ | dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get("BENCHMARK_VERBOSE") else subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(process, port)
        yield Server(port, process.pid)
    finally:
        _stop(process)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless browser."""
    path = find_browser()
    if path is None:
        raise RuntimeError("no Chromium or Chrome was found; `python tools/browser.py` installs one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    end = monotonic() + _STARTS_WITHIN
    while monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}; BENCHMARK_VERBOSE=1 shows why")
        with socket.socket() as probe:  # asking for a page would create a session
            if probe.connect_ex(("localhost", port)) == 0:
                return
        sleep(0.02)
    raise RuntimeError(f"the server did not answer within {_STARTS_WITHIN:g} seconds")


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            break
    process.wait()
