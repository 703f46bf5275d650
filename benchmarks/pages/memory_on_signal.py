"""Lets a server say how its memory is used, for `panel serve --setup`: SIGUSR1 collects garbage, SIGUSR2 also trims.

The answer appears in the file that `BENCHMARK_MEMORY_FILE` names.
"""

import ctypes
import gc
import json
import os
import signal
from pathlib import Path

import pyarrow as pa

from dataapp.app.sessions import engine, open_sessions

_FILE = Path(os.environ["BENCHMARK_MEMORY_FILE"])


def _tell(signal_number, _frame):
    gc.collect()
    if signal_number == signal.SIGUSR2 and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
    connection = engine().lease()
    in_engine = connection.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchall()[0][0]
    engine().give_back(connection)
    told = {
        "sessions": open_sessions(),
        "engine_mb": int(in_engine) / 2**20,
        "arrow_mb": pa.total_allocated_bytes() / 2**20,
        "objects": len(gc.get_objects()),
    }
    partial = _FILE.with_suffix(".partial")
    partial.write_text(json.dumps(told))
    partial.rename(_FILE)


signal.signal(signal.SIGUSR1, _tell)
signal.signal(signal.SIGUSR2, _tell)
