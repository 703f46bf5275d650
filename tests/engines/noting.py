"""What the engine is asked, noted for tests."""

from typing import Any

import pytest

from dataapp.engines.duckdb import Reader


def note_scans(monkeypatch: pytest.MonkeyPatch, source: str) -> list[str]:
    """Return a list to which each query is added that reads the rows of a source of some name."""
    found: list[str] = []
    execute = Reader._execute  # pyright: ignore[reportPrivateUsage]

    def noting(self: Reader, text: str, *arguments: Any) -> Any:
        if source in text and not text.startswith(("DESCRIBE", "EXPLAIN")) and "(DESCRIBE" not in text:
            found.append(text)
        return execute(self, text, *arguments)

    monkeypatch.setattr(Reader, "_execute", noting)
    return found
