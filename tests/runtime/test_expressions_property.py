"""Random chains of cells: written in Ibis, in SQL, or in both in turn, they give the same rows, in one query."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import ibis
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis import _

from dataapp.cells.cell import Cell
from dataapp.cells.python import cell
from dataapp.cells.sql import sql
from dataapp.connect.source import source
from dataapp.runtime import headless
from tests.runtime.bench import ENGINE, ask, defaults

type Language = Literal["sql", "ibis"]

BASE = (
    source(pa.table({"k": [0, 1, 1, None], "x": [5, -3, None, 8], "y": [1, 2, 2, 4]}), name="t0"),
    source(pa.table({"k": [1, 0, 2], "x": [2, 2, None], "y": [9, 7, 7]}), name="T1"),
)


@dataclass(frozen=True)
class Operation:
    """One operation over tables of columns k, x and y, in both languages."""

    sql: str
    ibis: Callable[[Any, Any, int], Any]


# Each keeps the columns and their type, so that any may follow any.
OPERATIONS = [
    Operation("FROM a WHERE x > $n", lambda a, b, n: a.filter(a.x > n)),
    Operation(
        "FROM a WHERE y <> $n OR k IS NULL",
        lambda a, b, n: a.filter((a.y != n) | a.k.isnull()),
    ),
    Operation(
        "SELECT k, (x + y)::BIGINT % 50 AS x, ($n - y)::BIGINT AS y FROM a",
        lambda a, b, n: a.select("k", x=(a.x + a.y).cast("int64") % 50, y=(n - a.y).cast("int64")),
    ),
    Operation(
        "SELECT k, (sum(x) % 50)::BIGINT AS x, max(y) AS y FROM a GROUP BY k",
        lambda a, b, n: a.group_by("k").agg(x=(a.x.sum() % 50).cast("int64"), y=a.y.max()),
    ),
    Operation(
        "SELECT NULL::BIGINT AS k, count(*) AS x, min(y) AS y FROM a",
        lambda a, b, n: a.agg(k=ibis.null("int64"), x=a.count(), y=a.y.min()),
    ),
    Operation(
        "SELECT a.k, a.x, o.z AS y FROM a JOIN (SELECT DISTINCT k, y AS z FROM b) o ON a.k = o.k",
        lambda a, b, n: a.join(b.select("k", z="y").distinct(), "k").select("k", "x", y=_.z),
    ),
    Operation(
        "FROM a ANTI JOIN b ON a.k = b.k",
        lambda a, b, n: a.anti_join(b, "k"),
    ),
    Operation(
        "FROM a ORDER BY ALL LIMIT 2",
        lambda a, b, n: a.order_by(["k", "x", "y"]).limit(2),
    ),
    Operation("FROM a UNION ALL FROM b", lambda a, b, n: a.union(b)),
    Operation("FROM a UNION FROM b", lambda a, b, n: a.union(b, distinct=True)),
]


@dataclass(frozen=True)
class Step:
    """One cell: its operation, what it reads (by index, behind the base tables), its value and its label."""

    operation: Operation
    left: int
    right: int
    value: int
    is_bound: bool
    label: str


@st.composite
def chains(draw: st.DrawFn) -> list[Step]:
    steps: list[Step] = []
    for index in range(draw(st.integers(1, 6))):
        latest = len(BASE) + index - 1
        steps.append(
            Step(
                draw(st.sampled_from(OPERATIONS)),
                latest if index else draw(st.integers(0, latest)),
                draw(st.integers(0, latest)),
                draw(st.integers(-2, 9)),
                draw(st.booleans()),
                draw(st.sampled_from(["t1", "T2", "a", "b", "step", "odd name"])),
            )
        )
    return steps


def written(steps: list[Step], languages: list[Language]) -> Cell:
    """The last cell of a chain."""
    cells: list[Cell] = list(BASE)
    for step, language in zip(steps, languages, strict=True):
        make = in_sql if language == "sql" else in_ibis
        cells.append(make(step, cells[step.left], cells[step.right]))
    return cells[-1]


def in_sql(step: Step, left: Cell, right: Cell) -> Cell:
    return sql(step.operation.sql, name=step.label, a=left, b=right, n=step.value)


def in_ibis(step: Step, left: Cell, right: Cell) -> Cell:
    def expression(a: ibis.Table, b: ibis.Table, n: int) -> ibis.Table:
        return step.operation.ibis(a, b, n)

    if step.is_bound:
        expression.__annotations__["n"] = ibis.Scalar
    wiring: dict[str, Any] = {"a": left, "b": right, "n": step.value}
    return cell(name=step.label, **wiring)(expression)


def rows(root: Cell) -> list[str]:
    return sorted(map(repr, ask(root).select("k", "x", "y").rows()))


@settings(deadline=None, max_examples=60)
@given(chains(), st.booleans())
def test_a_chain_in_ibis_equals_its_twin_in_sql_also_in_turns(steps: list[Step], starts_with_sql: bool) -> None:
    turns: list[Language] = ["sql", "ibis"] if starts_with_sql else ["ibis", "sql"]
    expected = rows(written(steps, ["sql"] * len(steps)))
    assert rows(written(steps, ["ibis"] * len(steps))) == expected
    assert rows(written(steps, [turns[index % 2] for index in range(len(steps))])) == expected


@settings(deadline=None, max_examples=30)
@given(chains())
def test_a_chain_is_one_query_over_what_it_reads_first(steps: list[Step]) -> None:
    root = written(steps, ["ibis"] * len(steps))
    table = headless.table(ENGINE, root, defaults)
    assert set(table.frames) <= set(BASE)
    assert len(ENGINE.statements(headless.compile_query(ENGINE, root, "duckdb", defaults).sql)) == 1
