"""The quickstart, run from top to bottom in a kernel as Jupyter starts it."""

import asyncio
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

QUICKSTART = ROOT / "notebooks" / "quickstart.ipynb"
LIVE = "application/vnd.holoviews_exec.v0+json"  # which JupyterLab gives to Panel's extension


def _run(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Run a notebook; returns its code cells."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(folder / name))
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(
        book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    asyncio.run(client.async_execute())
    return [cell for cell in book.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        return _run(QUICKSTART, tmp_path_factory.mktemp("jupyter"), patched)


def _displayed(cells: list[Any], start: str) -> dict[str, Any]:
    cell = next(cell for cell in cells if cell.source.startswith(start))
    return next(output.data for output in cell.outputs if output.output_type == "execute_result")


@pytest.mark.parametrize("start", ["flights =", "least =", "%%sql late", "da.chart", "%%sql worst", "import polars"])
def test_a_cell_is_displayed_live(cells: list[Any], start: str) -> None:
    assert LIVE in _displayed(cells, start)


def test_a_value_is_displayed_as_rows(cells: list[Any]) -> None:
    assert "1974" in _displayed(cells, "late.evaluate")["text/plain"]


def test_nothing_is_written_to_the_error_stream(cells: list[Any]) -> None:
    assert [output for cell in cells for output in cell.outputs if output.get("name") == "stderr"] == []


def test_the_notebook_is_kept_without_outputs() -> None:
    book = nbformat.read(QUICKSTART, as_version=4)
    assert all(not cell.outputs and cell.execution_count is None for cell in book.cells if cell.cell_type == "code")


def test_the_notebook_is_valid() -> None:
    nbformat.validate(nbformat.read(QUICKSTART, as_version=4))
