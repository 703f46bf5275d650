"""Tabs that are open at the same time keep out of each other's way."""

import pytest

from dataapp.workbench.book import Book
from dataapp.workbench.tabs import Held, Tab, Tabs


class Opened:
    """A page in a browser."""

    def __init__(self, tabs: Tabs, key: str | None) -> None:
        self.is_open = True
        self.key = key
        self.tab = Tab(tabs, key, lambda: self.is_open, self.show)

    def show(self, key: str) -> None:
        self.key = key

    def hold(self, title: str) -> None:
        self.tab.hold(Held(Book(title)))

    def found(self) -> str | None:
        held = self.tab.found()
        return None if held is None else held.book.title


@pytest.fixture
def tabs() -> Tabs:
    return Tabs()


def test_the_first_tab_finds_nothing(tabs: Tabs):
    assert Opened(tabs, None).found() is None


def test_a_tab_that_is_loaded_again_finds_its_own(tabs: Tabs):
    one, other = Opened(tabs, None), Opened(tabs, None)
    one.hold("one")
    other.hold("other")
    assert Opened(tabs, one.key).found() == "one"
    assert Opened(tabs, other.key).found() == "other"


def test_a_new_tab_goes_on_from_what_was_held_last(tabs: Tabs):
    Opened(tabs, None).hold("one")
    Opened(tabs, None).hold("other")
    assert Opened(tabs, None).found() == "other"


def test_a_key_of_another_server_is_as_none(tabs: Tabs):
    Opened(tabs, None).hold("one")
    assert Opened(tabs, "unknown").found() == "one"


def test_the_address_of_an_open_tab_opened_elsewhere_has_a_key_of_its_own_from_its_first_change(tabs: Tabs):
    one = Opened(tabs, None)
    one.hold("one")
    copy = Opened(tabs, one.key)
    copy.hold("copy")
    assert copy.key != one.key
    assert Opened(tabs, one.key).found() == "one"


def test_a_tab_that_is_loaded_again_keeps_its_key(tabs: Tabs):
    before = Opened(tabs, None)
    before.hold("before")
    before.is_open = False
    again = Opened(tabs, before.key)
    again.hold("again")
    assert again.key == before.key


def test_what_was_held_long_ago_is_forgotten(tabs: Tabs):
    opened = [Opened(tabs, None) for _ in range(300)]
    for number, one in enumerate(opened):
        one.hold(str(number))
    assert Opened(tabs, opened[0].key).found() == "299"
    assert Opened(tabs, opened[200].key).found() == "200"
