"""Cubes that are built before their input moves, since somebody is about to move it."""

import math
import threading
from typing import Any

import pyarrow as pa

from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.engines.cube import Cube, Expected
from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation

_STEPS = Steps.between(0, 100, 1)
_I = [number % 101 for number in range(5000)]
_ROWS = pa.table({"i": _I, "j": _I[::-1]})
_QUERY = "SELECT count(*) AS n FROM rows WHERE i >= $low AND j <= $high"
_LOW, _HIGH = frozenset({"low slider"}), frozenset({"high slider"})


def _engine(**options: Any) -> DuckDB:
    engine = DuckDB()
    engine.cubes = Cubes(engine, **{"worth": 0.0, "least_shrinking": 0.0, **options})
    return engine


def _relation(engine: DuckDB, low: int, high: int = 100, query: str = _QUERY) -> Relation:
    return Relation(
        query,
        key=(query, low, high),
        engine=engine,
        parameters={"low": Bound(low, None, _STEPS), "high": Bound(high, None, _STEPS)},
        frames={"rows": _ROWS},
        movers={"low": "low slider", "high": "high slider"},
        is_versioned=True,
    )


def _ask(engine: DuckDB, low: int, high: int = 100, query: str = _QUERY) -> int:
    with _relation(engine, low, high, query).open() as reader:
        [row] = reader.fetch().to_pylist()
    return row["n"]


def _cubes(engine: DuckDB, name: str) -> list[Cube]:
    return [cube for cube in engine.cubes.of(None) if cube.names == {name}]


def _states(engine: DuckDB, name: str) -> list[str]:
    assert engine.cubes.wait()
    return [cube.state for cube in _cubes(engine, name)]


def test_what_is_shown_gets_a_cube_when_its_input_is_about_to_move() -> None:
    engine, expected = _engine(), Expected(_LOW)
    _ask(engine, 1)
    assert _states(engine, "low") == ["watched"]
    engine.cubes.expect(expected, [_relation(engine, 1)])
    assert (_states(engine, "low"), _states(engine, "high")) == (["ready"], ["watched"])
    assert _ask(engine, 50) == sum(i >= 50 for i in _I)
    assert [cube.answers for cube in _cubes(engine, "low")] == [1]


def test_what_is_asked_only_then_gets_one_after_its_first_answer() -> None:
    engine, expected = _engine(), Expected(_LOW)
    engine.cubes.expect(expected, [])
    assert _ask(engine, 1) == sum(i >= 1 for i in _I)
    assert (_states(engine, "low"), _states(engine, "high")) == (["ready"], ["watched"])


def test_questions_over_the_rows_get_one_too() -> None:
    engine, expected = _engine(), Expected(_LOW)
    query = "FROM rows WHERE i >= $low AND j <= $high"
    relation = _relation(engine, 1, query=query)
    with relation.open() as reader:
        reader.fetch("SELECT count(*) AS n FROM relation WHERE j > $more", {"more": 3})
    engine.cubes.expect(expected, [relation])
    assert _states(engine, "low") == ["ready"]
    with _relation(engine, 60, query=query).open() as reader:
        rows = reader.fetch("SELECT count(*) AS n FROM relation WHERE j > $more", {"more": 3})
    assert rows.to_pylist() == [{"n": sum(i >= 60 and j > 3 for i, j in zip(_I, _I[::-1], strict=True))}]
    assert [cube.answers for cube in _cubes(engine, "low")] == [1]


def test_a_fast_query_gets_none() -> None:
    engine, expected = _engine(worth=math.inf), Expected(_LOW)
    _ask(engine, 1)
    engine.cubes.expect(expected, [_relation(engine, 1)])
    _ask(engine, 1)
    assert _states(engine, "low") == ["watched"]


def test_one_that_is_too_large_is_not_kept() -> None:
    engine, expected = _engine(most_bytes=10), Expected(_LOW)
    _ask(engine, 1)
    engine.cubes.expect(expected, [_relation(engine, 1)])
    assert _states(engine, "low") == ["unfit"]
    assert len(engine.kept) == 0


def test_values_that_are_no_longer_shown_get_none() -> None:
    engine, expected = _engine(), Expected(_LOW)
    for high in (10, 20):
        _ask(engine, 1, high)
    engine.cubes.clear()
    for high in (10, 20):
        _ask(engine, 1, high)
    engine.cubes.expect(expected, [_relation(engine, 1, 20)])
    assert _states(engine, "low") == ["watched", "ready"]


def test_what_cubes_of_another_input_answer_is_known_to_be_slow() -> None:
    engine, expected = _engine(), Expected(_LOW)
    for high in (10, 20, 30):
        _ask(engine, 1, high)
        assert engine.cubes.wait()
    [*_, answered] = _cubes(engine, "low")
    assert answered.plain is None
    engine.cubes.expect(expected, [_relation(engine, 1, 30)])
    assert _states(engine, "low")[-1] == "ready"


def test_nothing_is_built_early_while_the_engine_works() -> None:
    engine, expected = _engine(), Expected(_LOW)
    _ask(engine, 1)
    with engine.cubes.giving_way():
        engine.cubes.expect(expected, [_relation(engine, 1)])
        assert not engine.cubes.wait(0.2)
        assert [cube.state for cube in _cubes(engine, "low")] == ["waiting"]
    assert _states(engine, "low") == ["ready"]


def test_what_is_built_early_is_stopped_by_a_query_and_built_later() -> None:
    engine, expected = _engine(), Expected(_LOW)
    _ask(engine, 1)
    begun, hold, made = threading.Event(), engine.kept.hold, 0

    def slowly(key: Any, make: Any, is_cancelled: Any) -> Any:
        nonlocal made
        made += 1
        begun.set()
        if made == 1:  # until it is told to stop
            while not is_cancelled():
                pass
        return hold(key, make, is_cancelled)

    engine.kept.hold = slowly
    engine.cubes.expect(expected, [_relation(engine, 1)])
    assert begun.wait(30)
    assert _ask(engine, 1, query="SELECT 7 AS n WHERE $low + $high > 0") == 7
    assert _states(engine, "low")[0] == "ready"
    assert made == 2


def test_an_input_that_does_move_waits_for_nothing() -> None:
    engine, expected = _engine(), Expected(_LOW)
    _ask(engine, 1)
    with engine.cubes.giving_way():
        engine.cubes.expect(expected, [_relation(engine, 1)])
        _ask(engine, 2)
        assert _states(engine, "low") == ["ready"]


def test_another_input_takes_the_place_of_the_one_before() -> None:
    engine, expected = _engine(), Expected(_LOW)
    _ask(engine, 1)
    with engine.cubes.giving_way():
        engine.cubes.expect(expected, [_relation(engine, 1)])
        expected.movers = _HIGH
        engine.cubes.expect(expected, [_relation(engine, 1)])
    assert (_states(engine, "low"), _states(engine, "high")) == (["watched"], ["ready"])


def test_who_is_gone_expects_nothing() -> None:
    engine, expected = _engine(), Expected(_LOW)
    engine.cubes.expect(expected, [])
    del expected
    _ask(engine, 1)
    assert _states(engine, "low") == ["watched"]


def test_of_one_query_only_the_latest_is_built() -> None:
    engine, expected = _engine(), Expected(_LOW)
    with engine.cubes.giving_way():
        engine.cubes.expect(expected, [])
        for high in (10, 20, 30):
            _ask(engine, 1, high)
    assert _states(engine, "low") == ["watched", "watched", "ready"]
