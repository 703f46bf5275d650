"""What pages tell of inputs that the pointer or the focus is on, and what is made of it."""

from collections.abc import Collection

import panel as pn
import pytest

import dataapp as da
from dataapp.app.sessions import current_session
from dataapp.cells.input import InputCell
from dataapp.views.component import Messenger
from dataapp.views.nearing import mark


@pytest.fixture
def expected(monkeypatch: pytest.MonkeyPatch) -> list[Collection[InputCell]]:
    """What the session was told to expect."""
    found: list[Collection[InputCell]] = []
    monkeypatch.setattr(current_session(), "expect", found.append)
    return found


def test_an_input_that_is_near_is_expected_to_move(expected: list[Collection[InputCell]]) -> None:
    low, high = (da.input(pn.widgets.IntSlider, start=0, end=9) for _ in range(2))
    session = current_session()
    tags = [getattr(session.control(cell), "widget").tags for cell in (low, high)]  # noqa: B009
    heard: list[object] = []
    component = Messenger(heard.append)
    component._handle_msg({"type": "near", "input": tags[1][0]})  # pyright: ignore[reportPrivateUsage]
    assert expected == [[high]]
    assert heard == []


def test_what_no_input_of_the_session_is_called_means_none(expected: list[Collection[InputCell]]) -> None:
    heard: list[object] = []
    component = Messenger(heard.append)
    for message in ({"type": "near", "input": "dataapp-input-0"}, {"type": "near", "input": 7}, {"type": "ready"}):
        component._handle_msg(message)  # pyright: ignore[reportPrivateUsage]
    assert expected == [[]]
    assert heard == [{"type": "near", "input": 7}, {"type": "ready"}]


def test_a_widget_is_marked_once_and_keeps_its_own_tags() -> None:
    slider = pn.widgets.IntSlider(tags=["mine"])
    mark(slider)
    tags = slider.tags
    mark(slider)
    assert slider.tags == tags
    assert len(tags) == 2
    assert tags[0] == "mine"
    mark(None)
