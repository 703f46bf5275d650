"""The Panel object around the grid."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import panel as pn
import pytest

from dataapp.engines.relation import Relation
from dataapp.errors import DataAppError
from dataapp.views.table import explorer as explorer_module
from dataapp.views.table.explorer import TableExplorer
from tests.views.table.by_hand import Jobs


@pytest.fixture(autouse=True)
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests do not look at the browser, and must run where the front-end is not built."""
    path = tmp_path / "explorer.bundle.js"
    path.write_text("export function render() {}", "utf-8")
    monkeypatch.setattr(explorer_module, "_BUNDLE", path)


def test_it_goes_into_a_layout():
    explorer = TableExplorer(Jobs())
    assert pn.Column(explorer)[0] is not None


def test_it_tells_the_card_around_it_what_happens(relation: Callable[..., Relation]):
    jobs = Jobs()
    explorer = TableExplorer(jobs)
    assert (explorer.status, explorer.rows) == ("empty", None)
    explorer.show(relation("FROM range(1000)"))
    assert (explorer.status, explorer.rows) == ("running", None)
    jobs.run()
    assert (explorer.status, explorer.rows, explorer.error) == ("fresh", 1000, None)
    explorer.show(relation("FROM nowhere"))
    jobs.run()
    assert explorer.status == "failed"
    assert isinstance(explorer.error, DataAppError)


def test_its_state_is_its_own_to_set():
    explorer: Any = TableExplorer(Jobs())
    with pytest.raises(TypeError, match="Constant"):
        explorer.status = "fresh"


def test_a_front_end_that_is_not_built_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(explorer_module, "_BUNDLE", tmp_path / "missing.js")
    with pytest.raises(DataAppError, match="make frontend"):
        TableExplorer(Jobs())
