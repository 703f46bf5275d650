"""What is measured of runs, with a clock that the test turns."""

from dataclasses import dataclass

import pytest

from dataapp.engines.measured import Measured, Readings, Uses


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def measured(clock: Clock) -> Measured:
    return Measured(clock)


def show(measured: Measured, clock: Clock, shown: object, seconds: float, inner: object = "rows") -> None:
    with measured.run(Uses("chart", taken={"trades": inner}, kept={"totals": inner}), shown):
        clock.now += seconds


def reading(measured: Measured, cell: str = "trades", *, is_kept: bool = False) -> Readings:
    found = measured.reading("chart", cell, is_kept=is_kept)
    assert found is not None
    return found


def test_a_run_counts_for_all_that_it_holds(measured: Measured, clock: Clock):
    show(measured, clock, "a", 2.0)
    assert reading(measured).seconds == 2
    assert reading(measured, "totals", is_kept=True).seconds == 2
    assert measured.reading("chart", "totals", is_kept=False) is None
    assert measured.reading("table", "trades", is_kept=False) is None


def test_questions_about_the_same_rows_are_one_showing_for_a_while(measured: Measured, clock: Clock):
    show(measured, clock, "a", 0.5)
    show(measured, clock, "a", 0.25)
    clock.now += 10
    show(measured, clock, "a", 7.0)  # somebody scrolls
    assert (reading(measured).count, reading(measured).seconds) == (1, 0.75)


def test_the_first_showing_counts_only_while_it_is_the_only_one(measured: Measured, clock: Clock):
    for shown, seconds in enumerate((9.0, 1.0, 3.0)):
        show(measured, clock, shown, seconds)
    assert (reading(measured).count, reading(measured).seconds) == (3, 2.0)


def test_the_latest_showings_count(measured: Measured, clock: Clock):
    for shown in range(20):
        show(measured, clock, shown, 9.0 if shown < 12 else 1.0)
    assert (reading(measured).count, reading(measured).seconds) == (20, 1.0)


def test_how_often_the_inner_rows_were_others(measured: Measured, clock: Clock):
    for shown, inner in enumerate("abbbb"):
        show(measured, clock, shown, 1.0, inner)
    assert reading(measured).changes == 1 / 4


def test_runs_side_by_side_share_the_time(measured: Measured, clock: Clock):
    uses = {name: Uses(name, taken={"trades": 1}, kept={}) for name in ("long", "short")}
    with measured.run(uses["long"], "a"):
        clock.now += 1
        with measured.run(uses["short"], "a"):
            clock.now += 4
        clock.now += 2
    seconds = [measured.reading(name, "trades", is_kept=False) for name in uses]
    assert [one and one.seconds for one in seconds] == [1 + 4 / 2 + 2, 4 / 2]


def test_what_fails_is_not_measured(measured: Measured, clock: Clock):
    with pytest.raises(ValueError, match="no"), measured.run(Uses("chart", {"trades": 1}, {}), "a"):
        raise ValueError("no")
    assert measured.reading("chart", "trades", is_kept=False) is None
    show(measured, clock, "a", 1.0)
    assert reading(measured).seconds == 1.0  # nothing runs beside it any more


def test_rows_that_were_too_many_are_counted_until_they_are_not(measured: Measured):
    for size in (None, None, 5, None):
        measured.made("trades", size)
    made = measured.last_made("trades")
    assert made is not None
    assert (made.bytes, made.failures) == (None, 1)


def test_what_is_forgotten_is_found_out_again(measured: Measured, clock: Clock):
    show(measured, clock, "a", 1.0)
    measured.choose("trades", is_kept=True, why="first")
    clock.now += 60
    measured.forget("trades", ["chart"], is_kept=False)
    measured.choose("trades", is_kept=False, why="then")
    chosen = measured.chosen("trades")
    assert chosen is not None
    assert (chosen.is_kept, chosen.why, chosen.at, chosen.times) == (False, "then", clock.now, 1)
    assert measured.reading("chart", "trades", is_kept=False) is None
    assert reading(measured, "totals", is_kept=True).count == 1


def test_only_so_much_is_known(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dataapp.engines.measured._MOST", 3)
    measured = Measured()
    for cell in range(10):
        measured.made(cell, 1)
        measured.choose(cell, is_kept=True, why="")
        with measured.run(Uses("chart", taken={cell: 1}, kept={}), "a"):
            pass
    assert [measured.last_made(cell) is not None for cell in range(10)] == [False] * 7 + [True] * 3
    assert [measured.chosen(cell) is not None for cell in range(10)] == [False] * 7 + [True] * 3
    known = [measured.reading("chart", cell, is_kept=False) is not None for cell in range(10)]
    assert known == [False] * 7 + [True] * 3
