"""Explorers as people start them, in processes of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import ServedApp

type Explore = Callable[..., ServedApp]


@contextmanager
def explorers(folder: Path) -> Iterator[Explore]:
    """Start explorers in a folder until the end: `explore(*arguments)` returns one that says where it listens.

    The history of whoever runs the tests is neither read nor written.
    """
    with ExitStack() as started:
        count = 0

        def explore(*arguments: object) -> ServedApp:
            nonlocal count
            count += 1
            log_file = folder / f"explore{count}.log"
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            options = ["--no-browser", "--no-history", "--port", str(port)]
            with log_file.open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "dataapp", "explore", *map(str, arguments), *options],
                    cwd=folder,
                    env=os.environ | {"PYTHONUNBUFFERED": "1", "XDG_STATE_HOME": str(folder), "HOME": str(folder)},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                )
            served = ServedApp(f"http://localhost:{port}/", process, log_file)
            started.callback(served.stop)
            assert process.stdout is not None
            started.callback(process.stdout.close)
            line = process.stdout.readline().decode()  # it listens by then
            if not line.startswith("Exploring "):
                raise RuntimeError(f"It ended with status {process.wait(10)}:\n{served.log()}")
            address = next(word for word in line.split() if word.startswith("http"))
            return ServedApp(address, process, log_file)

        yield explore


@pytest.fixture
def explore(tmp_path: Path) -> Iterator[Explore]:
    """Explore until the test ends: `explore(*arguments)`, in the folder `tmp_path`; whoever comes is let in."""
    with explorers(tmp_path) as start:
        yield lambda *arguments: start("--no-token", *arguments)
