"""What a browser may ask of the list of tables."""

from pathlib import Path

import pytest

from dataapp.errors import DataAppError
from dataapp.workbench.listing import listing as module
from dataapp.workbench.listing.listing import Listing, Wish


def wishes(message: object) -> list[Wish]:
    found: list[Wish] = []
    Listing(found.append)._handle_msg(message)
    return found


@pytest.mark.parametrize("action", ["open", "insert", "recall"])
def test_a_wish_is_told(action: str):
    assert wishes({"type": action, "text": "trades"}) == [Wish(action, "trades")]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "message",
    [
        None,
        "open",
        [],
        {},
        {"type": "open"},
        {"type": "open", "text": 7},
        {"type": "remove", "text": "trades"},
        {"type": ["open"], "text": "trades"},
    ],
)
def test_whatever_else_a_browser_says_is_ignored(message: object):
    assert wishes(message) == []


def test_a_front_end_that_is_not_built_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(module, "_BUNDLE", tmp_path / "listing.bundle.js")
    with pytest.raises(DataAppError, match="not built"):
        Listing(print)
