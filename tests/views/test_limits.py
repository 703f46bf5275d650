"""What cards show when the time of their queries is over: an explorer's, a chart's, and a value's."""

from collections.abc import Callable
from typing import Any

import panel as pn
import pytest

import dataapp as da
from dataapp.app.sessions import engine, initial_value
from dataapp.runtime.limits import Limits
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from dataapp.views.card import Card
from dataapp.views.cells import view_of, view_of_chart

ENDLESS = "SELECT sum(range) AS n FROM range(1_000_000_000_000_000)"


def over_at_once(_seconds: float, call: Callable[[], None]) -> Callable[[], None]:
    call()
    return lambda: None


class Screen:
    """Calls what a session delivers when the test looks, and not before: no job is answered while it is submitted."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def text_of(self, card: Any) -> str:
        assert isinstance(card, Card)
        pn.Column(card).get_root()
        while self.due:
            self.due.pop(0)()
        message = card._message
        return message.object if message is not None and message.visible else ""


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def session(screen: Screen) -> Session:
    return Session(
        engine(),
        InlinePool(),
        initial=initial_value,
        limits=Limits(start_timer=over_at_once),
        deliver=screen.due.append,
    )


def test_an_explorer_says_that_its_query_was_stopped(session: Session, screen: Screen):
    said = screen.text_of(view_of(da.sql(ENDLESS, name="endless").limited(seconds=4), session))
    assert "was stopped after 4 s" in said
    assert "DA811" in said


def test_a_chart_says_that_its_query_was_stopped(session: Session, screen: Screen):
    chart = da.chart(da.sql(ENDLESS, name="endless").limited(seconds=4)).mark_bar().encode(x="n:Q")
    assert "was stopped after 4 s" in screen.text_of(view_of_chart(chart, session))


def test_a_value_says_that_its_function_was_stopped(session: Session, screen: Screen):
    @da.cell
    def slow() -> int:
        return 1

    assert "was stopped after 4 s" in screen.text_of(view_of(slow.limited(seconds=4), session))
