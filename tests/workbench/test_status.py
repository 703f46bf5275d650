"""What is said beside a query while it runs, and afterwards."""

import pytest

from dataapp.workbench.status import Status


class Clock:
    """A clock that is turned by hand, and calls what is due."""

    def __init__(self) -> None:
        self.now = 100.0
        self.due: list[tuple[float, object]] = []

    def later(self, seconds: float, call: object) -> None:
        self.due.append((self.now + seconds, call))

    def turn(self, seconds: float) -> None:
        end = self.now + seconds
        while ready := sorted((one for one in self.due if one[0] <= end), key=lambda one: one[0]):
            self.due.remove(ready[0])
            self.now = ready[0][0]
            ready[0][1]()  # type: ignore[operator]
        self.now = end


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def status(clock: Clock) -> Status:
    return Status(clock.later, lambda: clock.now)


def test_a_short_query_leaves_what_is_said_until_it_ends(status: Status, clock: Clock):
    status.end_with_rows(16)
    status.begin()
    clock.turn(0.3)
    assert status.view.object == "16 rows"
    status.end_with_rows(3)
    assert status.view.object == "3 rows · 300 ms"


def test_a_long_query_counts_its_seconds(status: Status, clock: Clock):
    status.end_with_rows(16)
    status.begin()
    said: list[str] = []
    for seconds in (0.5, 0.6, 6.0):
        clock.turn(seconds)
        said.append(status.view.object)
    assert said == ["Running", "Running, 1 s", "Running, 7 s"]


def test_a_query_that_supersedes_another_counts_from_its_own_start(status: Status, clock: Clock):
    status.begin()
    clock.turn(5)
    status.begin()
    clock.turn(2)
    assert status.view.object == "Running, 2 s"
    status.end_with_rows(1)
    assert status.view.object == "1 row · 2.0 s"


def test_a_time_stays_when_the_rows_are_told_again(status: Status, clock: Clock):
    status.begin()
    clock.turn(2)
    status.end_with_rows(3)
    status.end_with_rows(3)
    assert status.view.object == "3 rows · 2.0 s"


def test_what_ended_counts_no_more(status: Status, clock: Clock):
    status.begin()
    clock.turn(2)
    status.end("stopped")
    clock.turn(5)
    assert (status.view.object, clock.due) == ("stopped", [])
