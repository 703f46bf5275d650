"""A Python that has the frameworks that ours is compared with. None of them is a dependency of ours."""

import os
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from benchmarks.settings import cache_folder

_SHARED = ("altair", "duckdb", "panel", "polars")  # of the same release as here
_OTHERS = ("marimo", "pyarrow", "streamlit", "vegafusion", "vl-convert-python")


@cache
def peers_python() -> Path | None:
    """Return the Python that `BENCHMARK_PEERS` names, else that of an environment, made when first asked for.

    None where it cannot be made, which is said once.
    """
    named = os.environ.get("BENCHMARK_PEERS")
    if named:
        return Path(named)
    folder = cache_folder() / "peers"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    finished = folder / "finished"
    if not finished.exists():
        wanted = [*(f"{name}=={metadata.version(name)}" for name in _SHARED), *_OTHERS]
        print(f"installing {', '.join(wanted)} in {folder}", flush=True)
        try:
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            _run(str(python), "-m", "pip", "install", "--quiet", *wanted)
        except (subprocess.SubprocessError, OSError) as error:
            said = getattr(error, "stderr", None) or str(error)
            print(f"no other frameworks are measured: {said.strip().splitlines()[-1][:200]}", flush=True)
            return None
        finished.touch()
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
