"""When a cube is built, what it answers, and what becomes of it."""

import math
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.engines.cube import Cube, Expected
from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import DuckDB, Reader
from dataapp.engines.kept import KeptTable
from dataapp.engines.relation import Relation

_STEPS = Steps.between(0, 100, 1)
_I = [number % 101 for number in range(5000)]
_ROWS = pa.table({"i": _I, "k": [number % 3 for number in range(5000)]})
_QUERY = "SELECT k, count(*) AS n FROM rows WHERE i >= $low GROUP BY k ORDER BY k"


def _engine(**options: Any) -> DuckDB:
    engine = DuckDB()
    engine.cubes = Cubes(engine, **{"worth": 0.0, **options})
    return engine


def _ask(
    engine: DuckDB, low: object, query: str = _QUERY, base: str = "one", *, waits: bool = True, **options: Any
) -> pa.Table:
    relation = Relation(
        query,
        key=(query, base, low),
        engine=engine,
        parameters={"low": Bound(low, None, _STEPS)},
        frames={"rows": _ROWS},
        base=base,
        movers={"low": "slider"},
        **{"is_versioned": True, **options},
    )
    with relation.open() as reader:
        rows = reader.fetch()
    assert not waits or engine.cubes.wait()
    return rows


def _cube(engine: DuckDB) -> Cube:
    [cube] = engine.cubes.of(None)
    return cube


def _answers(engine: DuckDB) -> int:
    return sum(cube.answers for cube in engine.cubes.of(None))


def test_the_second_value_orders_a_cube_which_answers_the_third() -> None:
    engine = _engine()
    _ask(engine, 1)
    assert _cube(engine).state == "watched"
    _ask(engine, 2)
    assert _cube(engine).state == "ready"
    assert _ask(engine, 50).to_pylist() == [{"k": k, "n": n} for k, n in zip(range(3), _counts(50), strict=True)]
    assert _answers(engine) == 1


def _counts(low: int) -> list[int]:
    rows = _ROWS.to_pylist()
    return [sum(row["k"] == k and row["i"] >= low for row in rows) for k in range(3)]


def test_the_same_value_again_orders_none() -> None:
    engine = _engine()
    _ask(engine, 1)
    _ask(engine, 1)
    assert _cube(engine).state == "watched"


def test_a_fast_query_has_none() -> None:
    engine = _engine(worth=math.inf)
    for low in range(4):
        _ask(engine, low)
    assert _cube(engine).state == "watched"


def test_a_value_between_the_steps_is_answered_plainly() -> None:
    engine = _engine()
    for low in (1, 2, 2.5):
        rows = _ask(engine, low)
    assert rows["n"].to_pylist() == _counts(3)
    assert _answers(engine) == 0


def test_what_has_no_steps_is_a_bin_for_each_value() -> None:
    engine = _engine()
    query = "SELECT count(*) AS n FROM rows WHERE i % $low = 1"
    for low in (2, 3, 4):
        rows = _ask(engine, low, query)
    assert rows["n"].to_pylist() == [sum(i % 4 == 1 for i in _I)]
    assert _answers(engine) == 1


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT median(i) AS m FROM rows WHERE i >= $low", "median() needs all rows"),
        ("SELECT count(DISTINCT i) AS n FROM rows WHERE i >= $low", "count(DISTINCT) needs all rows"),
        ("FROM rows WHERE i >= $low", "nothing aggregates the rows that change"),
        ("SELECT count(*) AS n FROM rows WHERE i >= $low AND k < $low", "so many places"),
        ("SELECT count(*) AS n, $low AS low FROM rows WHERE i >= $low", "what moves stands in several places"),
        (
            "SELECT count(*) FILTER (WHERE i > $low) AS n FROM rows WHERE i >= $low",
            "what moves stands in several places",
        ),
        ("SELECT var_pop(i) FILTER (WHERE i > $low) AS v FROM rows", "what moves is in the FILTER of var_pop()"),
        ("SELECT max(i + $low) FILTER (WHERE i > $low) AS v FROM rows", "what moves is in no condition"),
        ("SELECT count(*) FILTER (WHERE k > 1) OVER () AS n FROM rows WHERE i >= $low", "nothing aggregates the rows"),
        ("SELECT k, count(*) FILTER (WHERE i > $low) OVER () AS n FROM rows", "what moves is in a function"),
        ("SELECT k, sum(i * $low) AS n FROM rows GROUP BY k", "what moves is computed with, and not compared"),
        ("SELECT k, median((i > $low)::INTEGER) AS m FROM rows GROUP BY k", "what moves is in median()"),
        ("SELECT sum(late) AS n FROM (SELECT (i > $low)::INT FROM rows) AS r (late)", "a column without a name"),
        ("SELECT sum(late) AS n FROM (SELECT (i > $low)::INT AS l FROM rows) AS r (late)", "renamed"),
        ("SELECT sum(l + k) AS n FROM (SELECT k, (i > $low)::INT AS l FROM rows)", "holds more than what moves"),
        ("SELECT l, count(*) AS n FROM (SELECT (i > $low)::INT AS l FROM rows) GROUP BY l", "more than what is aggr"),
        ("SELECT count(*) AS n FROM (SELECT i > $low AS l FROM rows) WHERE l", "more than what is aggregated"),
        ("SELECT sum(l) AS n FROM (SELECT (i > $low)::INT AS l FROM rows WHERE l = 1)", "more than what is aggregated"),
        ("SELECT count(r) AS n FROM (SELECT k, i > $low AS l FROM rows) AS r", "rows are taken as values"),
        (
            "SELECT sum(o.l) AS n FROM (SELECT k, i > $low AS l FROM rows) JOIN (SELECT 1 AS k, 2 AS l) AS o USING (k)",
            "another column is called like one that moves",
        ),
        ("SELECT k + $low AS k, count(*) AS n FROM rows GROUP BY ALL", "what moves is in no condition"),
        ("SELECT count(*) AS n FROM rows WHERE i + k >= $low", "so many places"),
        ("SELECT count(*) AS n FROM rows WHERE i >= $low + (SELECT max(k) FROM rows) - 2", "depends on other rows"),
        ("SELECT count(*) AS n FROM rows WHERE $low > 2", "is about no column"),
        ("SELECT count(*) AS n FROM (FROM rows WHERE i >= $low ORDER BY ALL LIMIT 9)", "rows are limited"),
        ("SELECT count(*) AS n FROM (SELECT DISTINCT k FROM rows WHERE i >= $low)", "made distinct"),
        ("SELECT sum(s) AS n FROM (SELECT sum(i) OVER () AS s FROM rows WHERE i >= $low)", "rows depend on each other"),
        (
            "WITH r AS (FROM rows WHERE i >= $low) SELECT count(*) AS n, (SELECT max(i) FROM r) AS m FROM r",
            "several places read the rows that change",
        ),
        (
            "SELECT count(k) AS n FROM (SELECT 200 AS j) LEFT JOIN (FROM rows WHERE i >= $low) ON i = j",
            "an outer join may make rows up",
        ),
        (
            "SELECT k, i, count(*) AS n FROM rows WHERE i >= $low GROUP BY CUBE (k, i)",
            "there are several sets of groups",
        ),
    ],
)
def test_where_none_fits_the_plain_query_answers(query: str, why: str) -> None:
    engine = _engine()
    answers = [_ask(engine, low, query) for low in (1, 2, 3)]
    plain = _ask(_engine(worth=math.inf), 3, query)
    assert sorted(map(str, answers[-1].to_pylist())) == sorted(map(str, plain.to_pylist()))
    if why == "so many places":  # two columns: a bin for each pair, or for each of what is made of them
        assert _answers(engine) == 1
    else:
        assert _cube(engine).state == "unfit"
        assert why in _cube(engine).why


@pytest.mark.parametrize(
    ("groups", "is_fit"), [("series", False), ("1", False), ("ALL", False), ("()", True), ("upper('all')", True)]
)
def test_groups_of_constants_have_no_row_where_nothing_is_left(groups: str, is_fit: bool) -> None:
    engine = _engine()
    query = f"SELECT 'all' AS series, count(*) AS n FROM rows WHERE i < $low GROUP BY {groups}"
    for low in (9, 50, 0):
        assert _ask(engine, low, query) == _ask(_engine(worth=math.inf), low, query)
    assert _cube(engine).state == ("ready" if is_fit else "unfit")


def test_another_version_of_the_source_is_another_cube() -> None:
    engine = _engine()
    for base in ("one", "two"):
        for low in (1, 2, 3):
            _ask(engine, low, base=base)
    assert [cube.answers for cube in engine.cubes.of(None)] == [1, 1]


def test_what_has_no_version_has_none() -> None:
    engine = _engine()
    for low in (1, 2, 3):
        _ask(engine, low, is_versioned=False)
    assert not engine.cubes.of(None)


def test_one_that_has_as_many_rows_as_the_table_is_dropped() -> None:
    engine = _engine()
    query = "SELECT i * 5000 + k AS key, k, count(*) AS n FROM rows WHERE i >= $low GROUP BY ALL"
    engine.cubes = Cubes(engine, worth=0.0, least_shrinking=100)
    for low in (1, 2):
        _ask(engine, low, query)
    assert "rows for 5,000" in _cube(engine).why
    assert len(engine.kept) == 0


def test_those_used_longest_ago_make_room() -> None:
    engine = _engine(most_bytes=25_000)  # about one of them
    for query in (_QUERY, _QUERY.replace("count(*)", "sum(i)")):
        for low in (1, 2, 3):
            _ask(engine, low, query)
    assert [cube.state for cube in engine.cubes.of(None)] == ["watched", "ready"]
    assert len(engine.kept) == 1


def test_dear_ones_stay_longer_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _engine()
    queries = [_QUERY, *(_QUERY.replace("count(*)", f"sum(i + {at})") for at in range(12))]

    def build(at: int) -> None:
        for low in (1, 2):
            _ask(engine, low, queries[at])

    def states() -> list[str]:
        return [next(cube.state for cube in engine.cubes.of(None) if cube.query == query) for query in queries[:2]]

    build(0)
    build(1)
    dear, cheap = engine.cubes.of(None)
    dear.built, dear.plain, cheap.built, cheap.plain = 5.0, 5.0, 1.0, 1.0
    for query in queries[:2]:
        _ask(engine, 3, query)  # the cheap one was used last
    monkeypatch.setattr(engine.cubes, "_most_bytes", dear.bytes + cheap.bytes + 1)
    build(2)
    assert states() == ["ready", "watched"]
    for at in range(3, 13):
        newest = engine.cubes.of(None)[-1]
        newest.built, newest.plain = 1.0, 1.0
        _ask(engine, 3, newest.query)
        build(at)
    assert states() == ["watched", "watched"]  # others were of use since


def test_clearing_drops_all() -> None:
    engine = _engine()
    for low in (1, 2):
        _ask(engine, low)
    engine.cubes.clear()
    assert len(engine.kept) == 0
    assert not engine.cubes.of(None)


def test_two_layers_are_counted_and_dropped_together() -> None:
    engine = _engine(layered_from=0)
    for low in (1, 2, 3):
        assert _ask(engine, low).to_pydict()["n"] == _counts(low)
    cube = _cube(engine)
    assert len(cube.tables) == 2
    assert cube.rows == sum(table.rows for table in cube.tables) == 3 * 101 + 3 * 32
    assert len(engine.kept) == 2, "the table that the layers were made of is gone"
    engine.cubes.clear()
    assert len(engine.kept) == 0


def test_one_that_is_forgotten_while_it_is_built_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _engine()
    make, forgotten = engine.kept.hold, engine.cubes

    def hold(*arguments: Any) -> Any:
        forgotten.clear()
        return make(*arguments)

    monkeypatch.setattr(engine.kept, "hold", hold)
    for low in (1, 2):
        _ask(engine, low)
    assert len(engine.kept) == 0


def test_small_numbers_are_put_into_bins_from_below_zero() -> None:
    engine = _engine()
    query = "SELECT count(*) AS n FROM (SELECT (i - 50)::TINYINT AS t FROM rows) WHERE t >= $low"
    steps = Steps.between(-100, 100, 1)
    for low in (-3, -2, 5):
        relation = Relation(
            query, ("t", low), engine, {"low": Bound(low, None, steps)}, {"rows": _ROWS},
            is_versioned=True, base="one", movers={"low": "slider"},
        )  # fmt: skip
        with relation.open() as reader:
            rows = reader.fetch()
        assert engine.cubes.wait()
        assert rows["n"].to_pylist() == [sum(i - 50 >= low for i in _I)]
    assert _answers(engine) == 1


def test_a_query_that_fails_fails_as_it_did() -> None:
    engine = _engine()
    query = "SELECT sum(CASE WHEN i > 99 THEN error('too large') ELSE i END) AS n FROM rows WHERE i < $low"
    for low in (10, 20, 30):
        rows = _ask(engine, low, query)
    assert rows["n"].to_pylist() == [sum(i for i in _I if i < 30)]
    assert "could not be built" in _cube(engine).why


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that read the rows while cubes are built."""
    found: list[str] = []
    make = Reader.make_kept

    def make_kept(reader: Reader, text: str, values: Any) -> KeptTable:
        if "rows" in text.replace("__dataapp_rows", "").replace("__rows", ""):
            found.append(text)
        return make(reader, text, values)

    monkeypatch.setattr(Reader, "make_kept", make_kept)
    return found


def _ask_at_once(
    engine: DuckDB, queries: Sequence[str], lows: Sequence[int], **options: Any
) -> list[list[dict[str, Any]]]:
    """Ask queries for each value, such that their cubes are to be built at the same time."""
    expected, answers = Expected(frozenset({"slider"})), []
    with engine.cubes.giving_way():
        engine.cubes.expect(expected, [])
        for query in queries:
            _ask(engine, lows[0], query, waits=False, **options)
    assert engine.cubes.wait()
    for low in lows[1:]:
        answers = [_ask(engine, low, query, **options).to_pylist() for query in queries]
    return answers


def test_cubes_with_the_same_groups_are_built_by_one_scan(scans: list[str]) -> None:
    engine = _engine()
    queries = [
        "SELECT k, count(*) AS n FROM rows WHERE i >= $low GROUP BY k ORDER BY k",
        "SELECT k, sum(i) AS total FROM rows WHERE i >= $low GROUP BY ALL HAVING count(*) > 1 ORDER BY k",
        "SELECT k AS kind, max(i) - min(i) AS spread, avg(i) AS mean FROM rows WHERE i >= $low GROUP BY 1 ORDER BY 1",
    ]
    answers = _ask_at_once(engine, queries, (1, 50, 97))
    assert answers == [_ask(_engine(worth=math.inf), 97, query).to_pylist() for query in queries]
    assert [(cube.state, cube.answers) for cube in engine.cubes.of(None)] == [("ready", 2)] * 3
    assert len(scans) == 1
    assert len(engine.kept) == 3
    engine.cubes.clear()
    assert len(engine.kept) == 0


def test_cubes_with_other_groups_conditions_or_values_are_built_by_themselves(scans: list[str]) -> None:
    engine = _engine()
    queries = [
        "SELECT k, count(*) AS n FROM rows WHERE i >= $low GROUP BY k ORDER BY k",
        "SELECT count(*) AS n FROM rows WHERE i >= $low",
        "SELECT k, sum(i) AS total FROM rows WHERE i >= $low AND k > 0 GROUP BY k ORDER BY k",
        "SELECT k, sum(i) AS total FROM rows WHERE i <= $low AND i >= $low GROUP BY k, i ORDER BY k",
    ]
    answers = _ask_at_once(engine, queries, (1, 50, 97))
    assert answers == [_ask(_engine(worth=math.inf), 97, query).to_pylist() for query in queries]
    assert [cube.state for cube in engine.cubes.of(None)] == ["ready"] * 4
    assert len(scans) == 4


def test_one_that_fits_none_does_not_keep_others_from_theirs(scans: list[str]) -> None:
    engine = _engine()
    queries = [
        "SELECT sum(CASE WHEN i > 99 THEN error('too large') ELSE i END) AS n FROM rows WHERE i < $low",
        "SELECT median(i) AS n FROM rows WHERE i < $low",
        "SELECT count(*) AS n FROM rows WHERE i < $low",
    ]
    answers = _ask_at_once(engine, queries, (1, 50, 97))
    assert answers == [_ask(_engine(worth=math.inf), 97, query).to_pylist() for query in queries]
    assert [cube.state for cube in engine.cubes.of(None)] == ["unfit", "unfit", "ready"]
    assert len(engine.kept) == 1


class _Moved(Exception):
    """A source is no longer what it was."""


def test_a_source_that_moves_while_cubes_are_built_does_not_end_the_building_of_others(scans: list[str]) -> None:
    engine = _engine()

    def check() -> None:
        if threading.current_thread().name == "dataapp-cubes":
            raise _Moved

    sums = "SELECT k, sum(i) AS total FROM rows WHERE i >= $low GROUP BY k"
    _ask_at_once(engine, [_QUERY, sums], (1,), check_sources=check)
    assert len(scans) == 3  # one for both, and then one for each
    assert {(cube.state, cube.why) for cube in engine.cubes.of(None)} == {("unfit", "it could not be built: _Moved")}
    assert len(engine.kept) == 0
    for low in (1, 2):
        _ask(engine, low, base="two")
    assert [cube.state for cube in engine.cubes.of(None)] == ["unfit", "unfit", "ready"]


def test_a_fault_while_cubes_are_built_does_not_end_the_building_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _engine()

    def fault(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(engine.cubes._orders, "_build", fault)
        for low in (1, 2):
            _ask(engine, low)
    assert (_cube(engine).state, _cube(engine).why) == ("unfit", "it could not be built: ZeroDivisionError")
    for low in (1, 2):
        _ask(engine, low, base="two")
    assert [cube.state for cube in engine.cubes.of(None)] == ["unfit", "ready"]


_LEAVES = """
import time
from dataapp.cells.values import Bound
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation

engine = DuckDB()
query = "SELECT i % 1000 AS k, sum(sqrt(i)) AS s FROM range(3_000_000) AS t(i) WHERE i % 7 < $low GROUP BY ALL"
for low in (1, 2):
    relation = Relation(query, ("q", low), engine, {"low": Bound(low)}, is_versioned=True, movers={"low": "slider"})
    with relation.open() as reader:
        reader.fetch()
while not any(cube.state == "building" for cube in engine.cubes.of(None)):
    time.sleep(0.001)
print("left while a cube is built")
"""


def test_a_process_ends_while_a_cube_is_built() -> None:
    ended = subprocess.run([sys.executable, "-c", _LEAVES], capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "left while a cube is built\n", "")
