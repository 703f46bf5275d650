"""Frames in a kernel as Jupyter starts it: as their libraries show them by themselves, as explorers where asked."""

import asyncio
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

LIVE = "application/vnd.holoviews_exec.v0+json"  # which JupyterLab gives to Panel's extension
EXPLORER = '"class_name":"TableGrid"'
CELLS = {
    "setup": "import dataapp as da\nimport ibis\nimport pandas as pd\nimport panel as pn\nimport polars as pl",
    "polars": "frame = pl.DataFrame({'n': [7101, 7102]})\nframe",
    "pandas": "other = pd.DataFrame({'n': [7201, 7202]})\nother",
    "explore": "da.explore(frame)",
    "explore pandas": "da.explore(other)",
    "explore ibis": "da.explore(ibis.memtable({'n': [1]}))",
    "layout": "layout = pn.Column(frame, other)\nlayout",
    "panel": "pn.panel(frame)",
    "by Panel's own pane": "pn.pane.DataFrame(other)",
}


@pytest.fixture(scope="module")
def displayed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each notebook cell displays."""
    folder = tmp_path_factory.mktemp("jupyter")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    with pytest.MonkeyPatch.context() as patched:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
            patched.setenv(name, str(folder / name))
        patched.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        client = NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
        asyncio.run(client.async_execute())
    return {what: cell.outputs for what, cell in zip(CELLS, book.cells, strict=True)}


def _result(outputs: list[Any]) -> dict[str, Any]:
    return next(output.data for output in outputs if output.output_type == "execute_result")


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_a_frame_itself_is_shown_as_its_library_does(displayed: dict[str, list[Any]], library: str) -> None:
    shown = _result(displayed[library])
    assert LIVE not in shown
    assert f"7{1 + (library == 'pandas')}02" in shown["text/html"]


@pytest.mark.parametrize("what", ["explore", "explore pandas", "explore ibis", "layout", "panel"])
def test_an_explorer_of_a_frame_is_shown_live(displayed: dict[str, list[Any]], what: str) -> None:
    shown = _result(displayed[what])
    assert LIVE in shown
    assert EXPLORER in shown["text/html"]


def test_panels_own_pane_is_shown_where_it_is_named(displayed: dict[str, list[Any]]) -> None:
    shown = _result(displayed["by Panel's own pane"])["text/html"]
    assert "7202" in shown
    assert EXPLORER not in shown


def test_nothing_is_written_to_the_error_stream(displayed: dict[str, list[Any]]) -> None:
    assert [output for outputs in displayed.values() for output in outputs if output.get("name") == "stderr"] == []
