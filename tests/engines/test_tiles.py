"""Which queries a page can answer by itself: those whose answers are parts of a cube, added up."""

from collections.abc import Mapping

import pyarrow as pa
import pytest

from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.engines.tiles import Tile

_STEPS = Steps.between(0, 100, 1)
_ROWS = pa.table(
    {
        "i": [number % 101 for number in range(3000)],
        "n": [number % 7 for number in range(3000)],
        "x": [number % 7 + 0.25 for number in range(3000)],
        "d": pa.array([number % 7 for number in range(3000)], pa.decimal128(9, 2)),
        "t": ["abc"[number % 3] for number in range(3000)],
        "ts": pa.array([number % 50 for number in range(3000)], pa.timestamp("us")),
        "big": [2**60 + number for number in range(3000)],
    }
)
_GROUPED = "SELECT t, count(*) AS n FROM rows WHERE i <= $high GROUP BY t"


def _engine(**options: int) -> DuckDB:
    engine = DuckDB()
    engine.cubes = Cubes(engine, worth=0.0, least_shrinking=0.0, **options)
    return engine


def _relation(engine: DuckDB, query: str, values: Mapping[str, Bound]) -> Relation:
    return Relation(
        query,
        key=(query, repr(values)),
        engine=engine,
        parameters={name: value for name, value in values.items() if f"${name}" in query},
        frames={"rows": _ROWS},
        movers={name: "the input" for name in values if f"${name}" in query},
        is_versioned=True,
    )


def _tile(query: str, steps: Steps | None = _STEPS, engine: DuckDB | None = None) -> tuple[Tile | None, list[str]]:
    """Return the tile of a query, and the states of its cubes."""
    engine = engine or _engine()
    for high in (90, 80, 70):
        relation = _relation(engine, query, {"low": Bound(3, None, steps), "high": Bound(high, None, steps)})
        with relation.open() as reader:
            reader.fetch()
            assert engine.cubes.wait()
            found = engine.cubes.tile(reader, query, {}, "the input")
    return found, [cube.state for cube in engine.cubes.of(None)]


@pytest.mark.parametrize(
    "query",
    [
        _GROUPED,
        "SELECT t, sum(n), avg(n), avg(x), max(d), min(big) FROM rows WHERE i BETWEEN $low AND $high GROUP BY t",
        "SELECT t, coalesce(sum(x), 0) AS total FROM rows WHERE i < $high GROUP BY t ORDER BY ALL",
        "SELECT t, count(*) AS n FROM rows WHERE i < $high GROUP BY t ORDER BY t, n LIMIT 100000",
        "SELECT t, sum(n)::BIGINT AS n, count(*)::BIGINT AS c FROM rows WHERE i < $high GROUP BY ALL ORDER BY ALL",
        f"WITH g AS ({_GROUPED}) SELECT upper(t) AS name, n FROM g",
        f"WITH g AS ({_GROUPED}) SELECT g.t || '!' AS name, CAST(g.n AS DOUBLE) AS n FROM g ORDER BY 1",
        f"SELECT * FROM (SELECT * FROM ({_GROUPED} ORDER BY t)) LIMIT 200001",
    ],
)
def test_what_is_added_up(query: str) -> None:
    found, _ = _tile(query)
    assert found is not None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) AS n FROM rows WHERE i <= $high",  # one row, whatever passes
        "SELECT t, coalesce(sum(x), 0)::BIGINT AS n FROM rows WHERE i <= $high GROUP BY t",  # rounded afterwards
        "SELECT t, sum(x)::BIGINT AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, avg(n)::BIGINT AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, max(x)::HUGEINT AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, count(*)::SMALLINT AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, try_cast(sum(x) AS DOUBLE) AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, sum(n) + 1 AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, sum(n) OVER () AS n FROM rows WHERE i <= $high GROUP BY t, n",
        "SELECT t, sum(d) AS n FROM rows WHERE i <= $high GROUP BY t",  # a page has no decimals
        "SELECT t, avg(d) AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, sum(big) AS n FROM rows WHERE i <= $high GROUP BY t",  # nor so large numbers
        "SELECT t, min(ts) AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, min(t || 'x') AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, var_pop(x) AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, arg_max(n, x) AS n FROM rows WHERE i <= $high GROUP BY t",
        "SELECT t, count(*) AS n FROM rows WHERE i <= $high GROUP BY t HAVING n > 2",
        "SELECT t, count(*) AS n FROM rows WHERE i <= $high GROUP BY t ORDER BY n",
        "SELECT t, count(*) AS n FROM rows WHERE i <= $high GROUP BY t ORDER BY count(*) + 1",
        "SELECT upper(t)[1:0] AS k, count(*) AS n FROM rows WHERE i <= $high GROUP BY t ORDER BY k, n",
        "SELECT t, count(*) AS n FROM rows WHERE i <= $high GROUP BY t LIMIT 2",
        "SELECT t, count(*) AS n FROM rows WHERE i <= $high GROUP BY t LIMIT 2000.1",
        "SELECT t, count(*) AS n FROM rows WHERE i <= $high GROUP BY t LIMIT 100000 OFFSET 1",
        "SELECT DISTINCT t, count(*) AS n FROM rows WHERE i <= $high GROUP BY t, x",
        "SELECT t, count(*) AS n FROM rows WHERE i <= $high OR i = 99 GROUP BY t",
        "SELECT t, count(*) AS n FROM rows WHERE i <> $high GROUP BY t",
        "SELECT t, count(*) FILTER (WHERE i <= $high) AS n FROM rows GROUP BY t",
        f"WITH g AS ({_GROUPED}) SELECT t, n FROM g ORDER BY COLUMNS('n') DESC",
        f"WITH g AS ({_GROUPED}) SELECT t, n FROM g WHERE n > 3",
        f"WITH g AS ({_GROUPED}) SELECT t, n, rank() OVER (ORDER BY n) AS place FROM g",
        f"WITH g AS ({_GROUPED}) SELECT t, n / 2 AS half FROM g",
        f"WITH g AS ({_GROUPED}) SELECT upper(g::VARCHAR) AS whole, n FROM g",
        f"WITH g AS ({_GROUPED}) SELECT g AS t, n FROM g",
        f"WITH g AS ({_GROUPED}) SELECT max(n) AS n FROM g",
        f"WITH g AS ({_GROUPED}) SELECT g.t, g.n FROM g JOIN rows ON g.t = rows.t",
        f"WITH g AS ({_GROUPED}) SELECT t, n FROM g UNION ALL SELECT 'all', 0",
        "WITH g AS (SELECT {'n': t} AS s, count(*) AS c FROM rows WHERE i <= $high GROUP BY 1) SELECT s.n, c FROM g",
        "WITH g AS (SELECT {'c': t} AS s, count(*) AS c FROM rows WHERE i <= $high GROUP BY 1) SELECT s.c, c FROM g",
    ],
)
def test_what_the_engine_has_to_answer(query: str) -> None:
    found, _ = _tile(query)
    assert found is None or found.is_inner  # of a UNION, where whoever wrote it has to know what stands above


def test_a_query_without_a_tile_has_its_cube() -> None:
    query = "WITH g AS (SELECT {'n': t} AS s, count(*) AS c FROM rows WHERE i <= $high GROUP BY 1) SELECT s.n, c FROM g"
    assert _tile(query) == (None, ["ready"])


def test_without_known_steps_there_is_none() -> None:
    assert _tile(_GROUPED, None) == (None, ["ready"])


def test_with_very_many_steps_there_is_none() -> None:
    assert _tile(_GROUPED, Steps.between(0, 3_000_000, 1)) == (None, ["ready"])


def test_all_who_ask_get_the_same() -> None:
    engine = _engine()
    first, _ = _tile(_GROUPED, engine=engine)
    assert first is not None
    assert _tile(_GROUPED, engine=engine)[0] is first
    [cube] = engine.cubes.of(None)
    assert cube.bytes > first.nbytes > 0


def test_one_for_which_there_is_no_room_goes_with_its_cube() -> None:
    engine = _engine(most_bytes=303 * 3 * 12 + 1)  # the cube alone fits
    assert _tile(_GROUPED, engine=engine)[1] in (["unfit"], ["watched"])
    assert len(engine.kept) == 0
