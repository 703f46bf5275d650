"""How long changes of a widget are gathered; the clock is the document's, and driven by hand."""

from collections.abc import Callable

import panel as pn
import pytest

from dataapp.app.pacing import answer_first_move_at_once

_PANELS_OWN = pn.widgets.IntSlider._debounce


class _Clock:
    """A document that keeps what is due later."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def add_timeout_callback(self, call: Callable[[], None], milliseconds: int) -> None:
        assert milliseconds == _PANELS_OWN
        self.due.append(call)


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def slider(clock: _Clock) -> pn.widgets.IntSlider:
    widget = pn.widgets.IntSlider(start=0, end=10)
    answer_first_move_at_once(widget, clock)  # type: ignore[arg-type]
    return widget


def test_panel_gathers_changes_under_the_name_that_is_used_here():
    assert _PANELS_OWN == 50


def test_first_move_does_not_wait(slider: pn.widgets.IntSlider):
    assert slider._debounce == 0


def test_moves_that_follow_are_gathered(slider: pn.widgets.IntSlider):
    slider.value = 1
    assert slider._debounce == _PANELS_OWN


def test_after_a_pause_a_move_is_a_first_one_again(slider: pn.widgets.IntSlider, clock: _Clock):
    slider.value = 1
    clock.due.pop()()
    assert slider._debounce == 0


def test_a_pause_counts_from_the_last_move(slider: pn.widgets.IntSlider, clock: _Clock):
    slider.value = 1
    slider.value = 2
    clock.due.pop(0)()
    assert slider._debounce == _PANELS_OWN


def test_other_widgets_keep_panels_own_pace(slider: pn.widgets.IntSlider):
    assert pn.widgets.IntSlider()._debounce == _PANELS_OWN


def test_what_gathers_nothing_is_left_alone(clock: _Clock):
    answer_first_move_at_once(None, clock)  # type: ignore[arg-type]
    assert clock.due == []
