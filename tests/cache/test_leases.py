"""A question has one lease at a time, for as long as whoever asks finds it young enough."""

import pytest

from dataapp.cache.leases import Leases
from dataapp.cache.results import Results


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leases(clock: Clock) -> Leases:
    return Leases(clock)


def test_questions_have_leases_of_their_own(leases: Leases):
    assert leases.take("a", 60)[0] != leases.take("b", 60)[0]


def test_the_next_one_knows_the_one_before(leases: Leases, clock: Clock):
    first, before = leases.take("a", 60)
    clock.now = 60
    assert before is None
    assert leases.take("a", 60)[1] == first


def test_a_lease_is_over_for_who_wants_it_younger(leases: Leases, clock: Clock):
    number, _ = leases.take("a", 60)
    clock.now = 30
    assert (leases.current("a", 20), leases.current("a", 60)) == (None, number)


def test_a_mark_ends_older_leases_for_who_holds_it(leases: Leases):
    number, _ = leases.take("a", 60)
    since = leases.mark()
    assert (leases.current("a", 60, since), leases.current("a", 60)) == (None, number)
    assert leases.take("a", 60, since)[0] > since


def test_only_the_lease_of_that_number_ends(leases: Leases):
    number, _ = leases.take("a", 60)
    leases.end("a", number - 1)
    assert leases.current("a", 60) == number
    leases.end("a", number)
    assert leases.current("a", 60) is None


def test_leases_that_are_over_are_forgotten_and_no_number_comes_twice(leases: Leases, clock: Clock):
    leases.take("long", 10_000)
    numbers = {leases.take(index, 1)[0] for index in range(1000)}
    clock.now = 1
    numbers |= {leases.take(index, 1)[0] for index in range(1000, 2000)}
    assert len(numbers) == 2000
    assert len(leases._leases) < 1500
    assert leases.current("long", 10_000) is not None


def test_a_result_that_is_withdrawn_takes_no_memory():
    results = Results(100)
    results.get("a", lambda: {1, 2, 3}, lambda _: 30)
    assert results.withdraw("a") == {1, 2, 3}
    assert (results.withdraw("a"), results.bytes) == (None, 0)
    results.check_invariants()
