"""An IPython shell without a kernel, and a session whose work runs at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from dataapp.app import sessions
from dataapp.notebook import extension
from tests.notebook.by_hand import Notebook
from tests.runtime import bench


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A notebook with the extension loaded and `da` imported."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config)
    session = bench.session(open_control=lambda cell: cell.kind.open(cell.label))
    monkeypatch.setattr(sessions._Process, "own", session)
    extension.load(shell)
    shell.run_cell("import dataapp as da")
    yield Notebook(shell, session)
    session.close()
