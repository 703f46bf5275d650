"""Who sees a chart, by what pages tell."""

import pytest

from dataapp.views.chart.sight import Sight


class Model:
    """What stands for a chart in the document of a page."""

    def _detach_document(self) -> None:
        pass


@pytest.fixture
def told() -> list[bool]:
    return []


@pytest.fixture
def sight(told: list[bool]) -> Sight:
    sight = Sight()
    sight.watch(lambda: told.append(sight.is_seen))
    return sight


def test_without_a_page_a_chart_counts_as_seen(sight: Sight) -> None:
    assert sight.is_seen


def test_a_page_that_has_not_told_counts_as_seeing(sight: Sight, told: list[bool]) -> None:
    sight.enter("page", Model())
    assert sight.is_seen
    sight.tell("page", "view", is_seen=True)
    assert told == []


def test_a_page_tells_what_is_out_of_sight_and_what_comes_back(sight: Sight, told: list[bool]) -> None:
    sight.enter("page", Model())
    for is_seen in (False, False, True):
        sight.tell("page", "view", is_seen=is_seen)
    assert told == [False, True]


def test_one_view_that_is_seen_is_enough(sight: Sight) -> None:
    for page in ("one", "two"):
        sight.enter(page, Model())
        sight.tell(page, "above", is_seen=False)
    sight.tell("two", "below", is_seen=True)
    assert sight.is_seen
    sight.leave("two")
    assert not sight.is_seen


def test_another_page_that_is_about_to_show_it_counts_as_seeing(sight: Sight) -> None:
    sight.enter("one", Model())
    sight.tell("one", "view", is_seen=False)
    sight.enter("two", Model())
    assert sight.is_seen


def test_what_a_page_has_drawn_nowhere_is_not_seen(sight: Sight) -> None:
    sight.enter("page", Model())
    sight.wait("page")
    assert not sight.is_seen
    sight.tell("page", "view", is_seen=True)
    sight.wait("page")  # late
    assert sight.is_seen


def test_what_leaves_the_document_is_not_seen_until_a_page_tells(sight: Sight, told: list[bool]) -> None:
    model = Model()
    sight.enter("page", model)
    model._detach_document()  # while the document is being put together
    assert sight.is_seen
    sight.tell("page", "view", is_seen=True)
    model._detach_document()
    assert not sight.is_seen
    sight.tell("page", "later", is_seen=True)
    assert told == [False, True]


def test_pages_that_do_not_show_it_tell_nothing(sight: Sight) -> None:
    sight.tell("elsewhere", "view", is_seen=False)
    sight.wait("elsewhere")
    assert sight.is_seen
