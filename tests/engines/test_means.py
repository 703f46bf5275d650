"""Means that cubes give are the engine's own, to the last bit."""

import operator
import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.means import mean_of
from dataapp.engines.relation import Relation
from tests.engines.test_cubes_property import check

_STEPS = Steps.between(0, 20, 1)
_TYPES = {  # with the digits of the values, of which some stand behind the point
    "TINYINT": (2, 0),
    "UTINYINT": (2, 0),
    "SMALLINT": (4, 0),
    "USMALLINT": (4, 0),
    "INTEGER": (9, 0),
    "UINTEGER": (9, 0),
    "BIGINT": (18, 0),
    "UBIGINT": (19, 0),
    "HUGEINT": (34, 0),
    "DECIMAL(2,1)": (2, 1),
    "DECIMAL(4,0)": (4, 0),
    "DECIMAL(4,4)": (4, 4),
    "DECIMAL(5,2)": (5, 2),
    "DECIMAL(9,9)": (9, 9),
    "DECIMAL(18,0)": (18, 0),
    "DECIMAL(18,4)": (18, 4),
    "DECIMAL(20,5)": (20, 5),
    "DECIMAL(34,30)": (34, 30),
}


def _values(sql_type: str, rows: int, *, seed: int) -> list[str | None]:
    digits, scale = _TYPES[sql_type]
    drawn = random.Random(seed)
    signs = [""] if sql_type.startswith("U") else ["", "-"]

    def value() -> str | None:
        if drawn.random() < 0.1:
            return None
        number = str(drawn.randrange(10 ** drawn.randint(1, digits))).zfill(scale + 1)
        return drawn.choice(signs) + (f"{number[:-scale]}.{number[-scale:]}" if scale else number)

    return [value() for _ in range(rows)]


@pytest.mark.parametrize("sql_type", _TYPES)
def test_means_of_a_cube_are_those_of_the_plain_query_to_the_last_bit(sql_type: str) -> None:
    rows = 30_000
    table = pa.table(
        {
            "k": [row % 4001 for row in range(rows)],
            "i": [row % 21 for row in range(rows)],
            "v": _values(sql_type, rows, seed=len(sql_type)),
        }
    )
    query = f"""
        WITH typed AS (SELECT k, i, v::{sql_type} AS v FROM rows)
        SELECT k, avg(v) AS mean, mean(v) FILTER (WHERE k % 2 = 0) AS even FROM typed WHERE i >= $low GROUP BY k
        HAVING avg(v) IS NOT NULL ORDER BY avg(v) DESC, k LIMIT 3000
    """
    moves = [{"low": Bound(value, None, _STEPS)} for value in (3, 12, 0, 19)]
    assert check(query, table, moves, same=operator.eq) == "answered"
    assert check(query, table, moves, same=operator.eq, layered=True) == "answered by layers"


_SUMS = st.integers(1 - 2**126, 2**126 - 1) | st.integers(-(2**70), 2**70) | st.integers(-300, 300)


@settings(max_examples=200)
@given(st.lists(st.none() | _SUMS, min_size=1, max_size=20), st.integers(0, 30))
def test_of_one_value_the_mean_is_the_value_as_the_engine_has_it(values: list[int | None], scale: int) -> None:
    mean = mean_of(f"DECIMAL(38,{scale})")
    assert mean is not None
    engine = DuckDB()
    assert engine.division(f"DECIMAL(38,{scale})") == mean.sql
    assert engine.division(f"DECIMAL(38,{scale})") == mean.sql  # it is there already
    known = [None if value is None else value % 10**37 * (-1 if value < 0 else 1) for value in values]
    texts = [None if value is None else f"{'-' * (value < 0)}{_point(abs(value), scale)}" for value in known]
    table = pa.table({"row": range(len(texts)), "v": pa.array(texts, pa.string())})
    query = f"""
        SELECT row, avg(v) AS mean, {mean.sql} AS ours
        FROM (SELECT row, v::DECIMAL(38,{scale}) AS v FROM rows) GROUP BY row
    """.replace("__sum", "sum(v)").replace("__count", "count(v)")
    with Relation(query, key="means", engine=engine, frames={"rows": table}).open() as reader:
        answered = reader.fetch()
    assert answered["ours"].to_pylist() == answered["mean"].to_pylist()


def _point(number: int, scale: int) -> str:
    text = str(number).zfill(scale + 1)
    return f"{text[:-scale]}.{text[-scale:]}" if scale else text
