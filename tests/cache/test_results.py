"""One question, one answer, made once, within the budget."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.cache.results import Results
from dataapp.errors import Cancelled


class Value:
    """A result of a size."""

    def __init__(self, size: int) -> None:
        self.size = size


def size(value: Value) -> int:
    return value.size


def made(log: list[object], name: object, of: int = 10) -> Callable[[], Value]:
    def make() -> Value:
        log.append(name)
        return Value(of)

    return make


@pytest.fixture
def log() -> list[object]:
    return []


def test_the_same_key_is_made_once(log: list[object]):
    results = Results(100)
    first, second = (results.get("a", made(log, "a"), size) for _ in range(2))
    assert first is second
    assert log == ["a"]


def test_another_key_is_another_result(log: list[object]):
    results = Results(100)
    assert results.get("a", made(log, "a"), size) is not results.get("b", made(log, "b"), size)


def test_what_was_not_asked_for_longest_goes_first(log: list[object]):
    results = Results(25)
    for key in ("a", "b", "a", "c", "a", "b"):
        results.get(key, made(log, key), size)
    assert log == ["a", "b", "c", "b"]


def test_what_is_in_use_is_shared_although_there_is_no_room_for_it(log: list[object]):
    results = Results(5)
    held = results.get("a", made(log, "a"), size)
    assert results.get("a", made(log, "a"), size) is held
    del held
    results.get("a", made(log, "a"), size)
    assert (log, results.bytes) == (["a", "a"], 0)


def test_a_failure_is_not_kept(log: list[object]):
    results = Results(100)

    def fail() -> Value:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        results.get("a", fail, size)
    assert results.get("a", made(log, "a"), size).size == 10


def test_who_asks_while_it_is_made_waits_for_it(log: list[object]):
    results, is_making, go = Results(100), threading.Event(), threading.Event()
    answers: list[Value] = []

    def make() -> Value:
        is_making.set()
        assert go.wait(10)
        return Value(1)

    maker = threading.Thread(target=lambda: answers.append(results.get("a", make, size)))
    maker.start()
    assert is_making.wait(10)
    asked = [threading.Thread(target=lambda: answers.append(results.get("a", made(log, "a"), size))) for _ in range(5)]
    for thread in asked:
        thread.start()
    go.set()
    for thread in [maker, *asked]:
        thread.join(10)
    assert (log, len(answers), len(set(map(id, answers)))) == ([], 6, 1)


def test_who_waits_makes_it_when_the_maker_gives_up(log: list[object]):
    results, is_making, is_waiting = Results(100), threading.Event(), threading.Event()
    answers: list[Value] = []

    def give_up() -> Value:
        is_making.set()
        assert is_waiting.wait(10)
        raise Cancelled

    def make() -> None:
        with pytest.raises(Cancelled):
            results.get("a", give_up, size)

    def looks() -> bool:
        is_waiting.set()
        return False

    maker = threading.Thread(target=make)
    maker.start()
    assert is_making.wait(10)
    answers.append(results.get("a", made(log, "second"), size, looks))
    maker.join(10)
    assert (log, answers[0].size) == (["second"], 10)


def test_who_waits_can_be_cancelled():
    results, is_making, go = Results(100), threading.Event(), threading.Event()

    def make() -> Value:
        is_making.set()
        assert go.wait(10)
        return Value(1)

    maker = threading.Thread(target=lambda: results.get("a", make, size))
    maker.start()
    assert is_making.wait(10)
    with pytest.raises(Cancelled):
        results.get("a", make, size, lambda: True)
    go.set()
    maker.join(10)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=40))
def test_the_budget_is_never_exceeded(asked: list[tuple[int, int]]):
    results = Results(100)
    for key, of in asked:
        results.get(key, lambda of=of: Value(of), size)
        results.check_invariants()


def test_forgetting_makes_anew(log: list[object]):
    results = Results(100)
    results.get("a", made(log, "a"), size)
    results.clear()
    results.get("a", made(log, "a"), size)
    assert log == ["a", "a"]
