"""What a card runs, and when: while it is on a page, until it is stopped, and again when it is resumed."""

import gc
import weakref
from collections.abc import Callable, Generator, Mapping
from typing import Any

import panel as pn
import pytest

import dataapp as da
from dataapp.app.sessions import engine, initial_value
from dataapp.cells.cell import Cell
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from dataapp.views.card import Card


class Remembered:
    """A body that remembers what it was told."""

    def __init__(self, _take_error: Callable[[Exception | None], None]) -> None:
        self.view: Any = pn.Column()
        self.shown: list[object] = []
        self.closed = 0

    def show(self, values: Mapping[Cell, object]) -> None:
        self.shown += values.values()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def session() -> Generator[Session]:
    session = Session(engine(), InlinePool(), initial=initial_value)
    yield session
    session.close()


@pytest.fixture
def ran() -> list[int]:
    return []


@pytest.fixture
def low() -> Any:
    return da.input(pn.widgets.IntInput, value=1)


@pytest.fixture
def doubled(low: Any, ran: list[int]) -> Any:
    """A cell that reads the input, and notes each of its runs."""

    @da.cell(low=low)
    def doubled(low: int) -> int:
        ran.append(low)
        return 2 * low

    return doubled


@pytest.fixture
def card(session: Session, doubled: Any) -> Card:
    return Card(session, doubled, {doubled: "value"}, Remembered)


def body(card: Card) -> Remembered:
    assert isinstance(card._body, Remembered)
    return card._body


def text(card: Card) -> str:
    message = card._message
    return message.object if message is not None and message.visible else ""


def test_the_end_of_the_session_closes_a_card_and_nothing_else_keeps_it(session: Session, doubled: Any):
    def show() -> tuple[weakref.ref[Card], weakref.ref[Any]]:
        gone = Card(session, doubled, {doubled: "value"}, Remembered)
        root = gone.get_root()
        pn.state._views.pop(root.ref["id"])
        gone._cleanup(root)
        return weakref.ref(gone), weakref.ref(gone._body)

    kept = Card(session, doubled, {doubled: "value"}, Remembered)
    kept.get_root()
    gone = show()
    gc.collect()
    assert [thing() for thing in gone] == [None, None]
    session.close()
    assert body(kept).closed == 1


def test_what_is_on_no_page_does_not_run(card: Card, ran: list[int]):
    assert ran == []


def test_what_is_on_a_page_runs_and_is_shown(card: Card):
    card.get_root()
    assert body(card).shown == [2]


def test_what_was_stopped_says_so(card: Card):
    card.get_root()
    card.stop()
    assert "`doubled` was stopped" in text(card)


def test_stopping_stops_the_body_too(card: Card):
    card.get_root()
    card.stop()
    assert body(card).closed == 1


def test_what_was_stopped_does_not_run_when_something_changes(card: Card, session: Session, low: Any, ran: list[int]):
    card.get_root()
    card.stop()
    session.set(low, 5)
    assert ran == [1]


def test_resuming_runs_with_what_changed_meanwhile(card: Card, session: Session, low: Any):
    card.get_root()
    card.stop()
    session.set(low, 5)
    card.resume()
    assert (body(card).shown, text(card)) == ([2, 10], "")


def test_resuming_shows_again_what_did_not_change(card: Card, ran: list[int]):
    card.get_root()
    card.stop()
    card.resume()
    assert (body(card).shown, text(card)) == ([2, 2], "")


def test_resuming_what_runs_does_nothing(card: Card):
    card.get_root()
    card.resume()
    assert body(card).shown == [2]


def test_resuming_what_is_on_no_page_runs_nothing(card: Card, ran: list[int]):
    card.resume()
    assert ran == []


def test_stopping_twice_is_stopping_once(card: Card):
    card.get_root()
    card.stop()
    card.stop()
    card.resume()
    assert body(card).shown == [2, 2]


class Watched(Remembered):
    """A body of which a page tells whether it is seen."""

    is_seen = True

    def on_sight(self, changed: Callable[[], None]) -> None:
        self.changed = changed

    def see(self, *, is_seen: bool) -> None:
        self.is_seen = is_seen
        self.changed()


@pytest.fixture
def watched(session: Session, doubled: Any) -> Card:
    return Card(session, doubled, {doubled: "value"}, Watched)


def see(card: Card, *, is_seen: bool) -> None:
    assert isinstance(card._body, Watched)
    card._body.see(is_seen=is_seen)


def test_what_is_out_of_sight_does_not_run(watched: Card, session: Session, low: Any, ran: list[int]) -> None:
    watched.get_root()
    see(watched, is_seen=False)
    session.set(low, 5)
    assert ran == [1]


def test_what_comes_into_sight_runs_with_what_changed_meanwhile(watched: Card, session: Session, low: Any) -> None:
    watched.get_root()
    see(watched, is_seen=False)
    session.set(low, 5)
    session.set(low, 6)
    see(watched, is_seen=True)
    assert body(watched).shown == [2, 12]


def test_what_was_stopped_does_not_run_when_it_comes_into_sight(watched: Card, ran: list[int]) -> None:
    watched.get_root()
    see(watched, is_seen=False)
    watched.stop()
    see(watched, is_seen=True)
    assert ran == [1]
    watched.resume()
    assert body(watched).shown == [2, 2]


def test_what_is_on_no_page_does_not_run_when_it_comes_into_sight(watched: Card, ran: list[int]) -> None:
    see(watched, is_seen=True)
    assert ran == []
