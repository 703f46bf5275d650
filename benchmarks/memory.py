"""Memory of processes, as the operating system counts it."""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

_MB = 2**20
_EVERY = 0.1  # seconds between two looks at a process


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True).stdout
    return int(shown) * 1024 / _MB


@contextmanager
def watched(pid: int) -> Generator[Callable[[], float]]:
    """Look at a process again and again; the block is handed what tells the largest resident memory seen since."""
    seen = [resident_mb(pid)]
    with _looking(pid, seen.append):
        yield lambda: max(seen)


@contextmanager
def bounded(pid: int, most: float) -> Generator[Callable[[], bool]]:
    """End a process as soon as it takes more megabytes; the block is handed what tells whether that happened."""
    is_beyond = threading.Event()

    def look(resident: float) -> None:
        if resident > most and not is_beyond.is_set():
            is_beyond.set()
            os.kill(pid, signal.SIGKILL)

    with _looking(pid, look):
        yield is_beyond.is_set


@contextmanager
def _looking(pid: int, see: Callable[[float], object]) -> Generator[None]:
    is_over = threading.Event()

    def look() -> None:
        with suppress(subprocess.CalledProcessError):  # the process ended
            while not is_over.wait(_EVERY):
                see(resident_mb(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def peak_mb() -> float:
    """Return the largest resident memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():  # elsewhere, and on Linux after `exec`, `ru_maxrss` includes the parent's
        line = next(line for line in status.read_text("utf-8").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / _MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (_MB if sys.platform == "darwin" else 1024)
