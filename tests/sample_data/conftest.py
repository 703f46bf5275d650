"""Generated data goes to a directory of the test's own."""

from pathlib import Path

import pytest

from sample_data.store import HOME_VARIABLE


@pytest.fixture
def sample_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory where this test's generated data goes."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    return home
