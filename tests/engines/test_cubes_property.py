"""What a cube answers is what the plain query answers, for random tables, queries and moves."""

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.engines.cube import Expected
from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from tests.engines.random_tables import AGGREGATES, COLUMNS, INSTANT, MOMENT, is_same, sorted_rows, tables

_AGGREGATES = (
    *AGGREGATES,
    "var_samp(i)",
    "variance(x)",
    "stddev(x)",
    "stddev_pop(d)",
    "stddev_samp(x)",
    "bool_and(yes)",
    "bool_or(yes)",
    "count_if(yes)",
    "bit_xor(i)",
    "arg_max(row, row)",
    "min_by({c}, row)",
    "arg_min({c}, row) FILTER (WHERE i > 3)",
    "first({c} ORDER BY row)",
    "last({c} ORDER BY row DESC)",
    "first({c} ORDER BY i, row)",
    "last({c} ORDER BY row) FILTER (WHERE yes)",
    "max(x) - min(x)",
    "sum(x) / nullif(count(x), 0)",
    "round(100.0 * count(*) / sum(count(*)) OVER (), 6)",
)
_KEYS = ("t", "i % 3", "i", "date_trunc('hour', ts)", "coalesce(t, 'none')", "yes", "CASE WHEN x > 1e0 THEN 'high' END")


def _numbers(start: float, end: float, step: float) -> tuple[Steps, list[object]]:
    steps = Steps.between(start, end, step)
    assert steps is not None
    return steps, [(steps.start + at * steps.step) / steps.scale for at in range(steps.count + 1)]


_TENTHS, _TENTH_VALUES = _numbers(0, 10, 0.1)
_WHOLE = Steps.between(0, 10, 1)
_MINUTES = Steps.between(MOMENT, MOMENT + dt.timedelta(hours=2), dt.timedelta(minutes=7))
_DAYS = Steps.between(dt.date(2024, 2, 25), dt.date(2024, 3, 5), 1)
_INSTANTS = Steps("instant", 1e6 * INSTANT.timestamp(), 6e7, 9)
_INSTANT_VALUES: list[object] = [INSTANT + dt.timedelta(minutes=step) for step in range(10)]
_WHOLE_VALUES: list[object] = list(range(11))
_MINUTE_VALUES: list[object] = [MOMENT + dt.timedelta(minutes=7 * step) for step in range(17)]
_DAY_VALUES: list[object] = [dt.date(2024, 2, 25) + dt.timedelta(days=day) for day in range(9)]
_RANGES: dict[str, tuple[Steps | None, list[object]]] = {
    "i": (_WHOLE, _WHOLE_VALUES),
    "b": (_WHOLE, _WHOLE_VALUES),
    "f": (_TENTHS, _TENTH_VALUES),
    "g": (_TENTHS, _TENTH_VALUES),
    "x": (_TENTHS, _TENTH_VALUES),
    "d": (_TENTHS, _TENTH_VALUES),
    "ts": (_MINUTES, _MINUTE_VALUES),
    "tz": (_INSTANTS, _INSTANT_VALUES),
    "day": (_DAYS, _DAY_VALUES),
}


@st.composite
def _conditions(draw: st.DrawFn) -> tuple[str, list[dict[str, Bound]]]:
    """Draw a condition, and the values of a drag."""
    name = draw(st.sampled_from(sorted(_RANGES)))
    steps, values = _RANGES[name]
    if draw(st.booleans()):
        steps = None
    kind = draw(
        st.sampled_from(["range", "between", "above", "below", "equal", "not", "in", "null", "made", "two", "other"])
    )
    value = st.sampled_from(values)

    def bound(drawn: object) -> Bound:
        return Bound(drawn, None, steps)

    if kind == "in":
        moves = draw(st.lists(st.lists(value, min_size=1, max_size=3), min_size=3, max_size=5))
        return f"{name} IN $low", [{"low": Bound(move)} for move in moves]
    moves = draw(st.lists(st.tuples(value, value), min_size=3, max_size=5))
    both = [{"low": bound(low), "high": bound(high)} for low, high in moves]
    low = [{"low": bound(low)} for low, _ in moves]
    match kind:
        case "range":
            return f"({name} >= $low AND {name} <= $high)", both
        case "between":
            return f"{name} BETWEEN $low AND $high", both
        case "above":
            return f"$low < {name}", low
        case "below":
            return f"{name} < $low", low
        case "equal":
            return f"{name} = $low", low
        case "not":
            return f"NOT {name} > $low", low
        case "null":
            return f"({name} >= $low OR {name} IS NULL)", low
        case "made":
            return f"TRY({name} + INTERVAL 0 DAY) >= $low" if name in ("ts", "day") else f"({name} >= $low OR yes)", low
        case "two":
            return f"({name} >= $low AND i + coalesce(row % 5, 0) < 9 + length($low::VARCHAR))", low
        case _:
            return f"abs(hash({name})::HUGEINT % 7) <> hash($low) % 7", low


def _under(aggregate: str, condition: str) -> str:
    """Return an aggregate with a condition in its FILTER, or as it is if it is an expression of several."""
    if " FILTER (WHERE " in aggregate:
        return aggregate.replace(" FILTER (WHERE ", f" FILTER (WHERE {condition} AND ")
    return f"{aggregate} FILTER (WHERE {condition})" if aggregate.count("(") == 1 else aggregate


@st.composite
def _queries(draw: st.DrawFn, condition: str) -> str:
    column = draw(st.sampled_from(sorted(COLUMNS)))
    aggregates = draw(st.lists(st.sampled_from(_AGGREGATES), min_size=1, max_size=4))
    is_in_filter = draw(st.booleans())
    if is_in_filter:
        aggregates = [_under(text, condition) if draw(st.booleans()) else text for text in aggregates]
        aggregates.append(_under("count(*)", draw(st.sampled_from([condition, f"NOT {condition}"]))))
    keys = draw(st.lists(st.sampled_from(_KEYS), max_size=2, unique=True))
    values = [f"{text.format(c=column)} AS v{number}" for number, text in enumerate(aggregates)]
    groups = [f"{text} AS k{number}" for number, text in enumerate(keys)]
    items = ", ".join([*groups, *values])
    grouped = draw(st.sampled_from(["ALL", "alias", "number", "text"]))
    by = {
        "ALL": "ALL",
        "alias": ", ".join(f"k{number}" for number in range(len(keys))),
        "number": ", ".join(str(number + 1) for number in range(len(keys))),
        "text": ", ".join(keys),
    }[grouped]
    tail = f" GROUP BY {by}" if keys else ""
    if keys and draw(st.booleans()):
        tail += f" HAVING {_under('count(*)', condition) if is_in_filter else 'count(*)'} > 1"
    source = draw(
        st.sampled_from(
            [
                "FROM rows WHERE {p}",
                "FROM rows WHERE {p} AND i < 9",
                "FROM (FROM rows WHERE {p})",
                "FROM (SELECT *, i + 1 AS more FROM (SELECT * FROM rows WHERE i > -2 AND {p})) WHERE more < 12",
                "FROM (FROM rows WHERE {p}) AS part JOIN (SELECT 'a' AS t, 1 AS one UNION ALL SELECT 'b', 2) USING (t)",
                "FROM (FROM rows WHERE {p}) AS part LEFT JOIN (SELECT 1 AS one, 2 AS two) AS other ON one = i",
            ]
        )
    )
    query = f"SELECT {items} {source.format(p='row >= 0' if is_in_filter else condition)}{tail}"
    around = draw(st.sampled_from(["{}", "WITH relation AS NOT MATERIALIZED ({}) SELECT * FROM relation", "FROM ({})"]))
    return around.format(query)


def _relation(query: str, table: pa.Table, values: Mapping[str, Bound], engine: DuckDB, key: object) -> Relation:
    return Relation(
        query,
        key=(key, query, repr(values)),
        engine=engine,
        parameters=values,
        frames={"rows": table},
        is_versioned=True,
        base=key,
        movers=dict.fromkeys(values, "input"),
    )


def check(
    query: str,
    table: pa.Table,
    moves: Sequence[Mapping[str, Bound]],
    *,
    layered: bool = False,
    is_early: bool = False,
    same: Callable[[object, object], bool] = is_same,
) -> str:
    """Hold a drag with a cube equal to one without, and return what became of the cube."""
    engine, plain = DuckDB(), DuckDB()
    engine.cubes = Cubes(engine, worth=0.0, least_shrinking=0.0, layered_from=0 if layered else 10**9)
    plain.cubes = Cubes(plain, worth=math.inf)
    state = ""
    dragged = Expected(frozenset({"input"} if is_early else ()))
    engine.cubes.expect(dragged, [])
    for values in [*moves, *moves]:
        with _relation(query, table, values, plain, "one").open() as reader:
            expected = reader.fetch()
        with _relation(query, table, values, engine, "one").open() as reader:
            answered = reader.fetch()
        assert answered.schema.names == expected.schema.names
        assert answered.schema.types == expected.schema.types
        rows = zip(sorted_rows(answered), sorted_rows(expected), strict=True)
        for one, other in rows:
            assert all(map(same, one, other)), (query, values, one, other)
        assert engine.cubes.wait()
        [cube] = engine.cubes.of(None)
        state = cube.state if not cube.why else cube.why
        if cube.state == "ready" and cube.answers:
            state = "answered" if len(cube.tables) == 1 else "answered by layers"
    return state


_found: dict[str, int] = {}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_cube_answers_what_the_plain_query_answers(data: st.DataObject) -> None:
    condition, moves = data.draw(_conditions())
    query = data.draw(_queries(condition))
    table = data.draw(tables())
    state = check(query, table, moves, layered=data.draw(st.booleans()), is_early=data.draw(st.booleans()))
    _found[state] = _found.get(state, 0) + 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_cubes_that_are_built_by_one_scan_answer_what_the_plain_queries_answer(data: st.DataObject) -> None:
    condition, moves = data.draw(_conditions())
    keys = data.draw(st.lists(st.sampled_from(_KEYS), max_size=2, unique=True))
    items = st.lists(st.sampled_from(_AGGREGATES), min_size=1, max_size=2)
    queries: list[str] = []
    for _ in range(3):
        column = data.draw(st.sampled_from(["t", "d", "x", "ts"]))
        named = [f"{item.format(c=column)} AS v{at}" for at, item in enumerate(data.draw(items))]
        listed = ", ".join([*(f"{key} AS k{at}" for at, key in enumerate(keys)), *named])
        source = data.draw(st.sampled_from(["FROM rows WHERE {}", "FROM (SELECT * FROM rows WHERE {})"]))
        queries.append(f"SELECT {listed} {source.format(condition)} GROUP BY ALL")
    table = data.draw(tables())
    engine, plain = DuckDB(), DuckDB()
    engine.cubes = Cubes(engine, worth=0.0, least_shrinking=0.0, layered_from=data.draw(st.sampled_from([0, 10**9])))
    plain.cubes = Cubes(plain, worth=math.inf)
    dragged = Expected(frozenset({"input"}))
    engine.cubes.expect(dragged, [])
    with engine.cubes.giving_way():  # so that all are to be built at the same time
        for query in queries:
            with _relation(query, table, moves[0], engine, "one").open() as reader:
                reader.fetch()
    assert engine.cubes.wait()
    for values in moves:
        for query in queries:
            with _relation(query, table, values, plain, "one").open() as reader:
                expected = sorted_rows(reader.fetch())
            with _relation(query, table, values, engine, "one").open() as reader:
                answered = sorted_rows(reader.fetch())
            for one, other in zip(answered, expected, strict=True):
                assert all(map(is_same, one, other)), (query, values, one, other)


@pytest.mark.parametrize("aggregate", _AGGREGATES)
def test_each_aggregate_is_answered_from_a_cube(aggregate: str) -> None:
    query = f"SELECT t, {aggregate.format(c='d')} AS value FROM rows WHERE i >= $low GROUP BY t"
    moves = [{"low": Bound(value, None, _WHOLE)} for value in (3, 5, 0, 11)]
    assert check(query, _example(), moves) == "answered"
    needs_others = any(name in aggregate for name in ("var", "stddev", "arg_", "_by", "first", "last"))
    assert check(query, _example(), moves, layered=True) == ("answered" if needs_others else "answered by layers")
    assert check(query, _example(), moves, is_early=True) == "answered"


@pytest.mark.parametrize(
    ("condition", "is_range"),
    [
        ("i BETWEEN $low AND $high", True),
        ("i >= $low AND $high > i", True),
        ("i = $low AND i = $high", True),
        ("(i <= $low OR i >= $high)", False),
        ("i <> $low AND i < $high", False),
        ("NOT i BETWEEN $low AND $high", False),
        ("(i >= $low OR i IS NULL) AND i <> $high", False),
    ],
)
def test_ranges_are_answered_by_layers(condition: str, is_range: bool) -> None:
    table = pa.table({"i": [*range(1000), None], "k": [*(row % 3 for row in range(1000)), 1]})
    steps = Steps.between(0, 1000, 10)
    pairs = [(0, 990), (200, 210), (200, 200), (10, 640), (990, 0), (650, 660), (None, 500)]
    moves = [{"low": Bound(low, None, steps), "high": Bound(high, None, steps)} for low, high in pairs]
    query = f"SELECT k, count(*) AS n, sum(i) AS total, max(i) AS high FROM rows WHERE {condition} GROUP BY k"
    assert check(query, table, moves, layered=True) == ("answered by layers" if is_range else "answered")


@pytest.mark.parametrize(
    ("sql_type", "days"),
    [
        ("DATE", [dt.date(2024, 1, day) for day in range(1, 9)]),
        ("TIMESTAMP", [dt.datetime(2024, 1, day) for day in range(1, 9)]),  # noqa: DTZ001  # of a column without a zone
        ("TIMESTAMP_S", [dt.datetime(2024, 1, day) for day in range(1, 9)]),  # noqa: DTZ001
        ("TIMESTAMP_MS", [dt.datetime(2024, 1, day) for day in range(1, 9)]),  # noqa: DTZ001
        ("TIMESTAMPTZ", [dt.datetime(2024, 1, day, tzinfo=dt.UTC) for day in range(1, 9)]),
    ],
)
def test_infinite_moments_are_neither_null_nor_each_other(sql_type: str, days: list[dt.date]) -> None:
    table = pa.table({"t": ["2024-01-02", None, "infinity", "-infinity"] * 3})
    steps = Steps.between(days[0], days[-1], 1)
    if sql_type == "TIMESTAMPTZ":
        steps = Steps("instant", 1e6 * dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp(), 8.64e10, 7)
    moves = [{"low": Bound(day, None, steps)} for day in days[::3]]
    for compared in ("due >= $low", "due <= $low", "(due > $low OR due IS NULL)"):
        query = f"SELECT count(*) AS n FROM (SELECT CAST(t AS {sql_type}) AS due FROM rows) WHERE {compared}"
        assert check(query, table, moves) == "answered"
        assert check(query, table, moves, layered=True).startswith("answered")


def _example() -> pa.Table:
    rows = [dict(zip(COLUMNS, values, strict=True)) | {"row": row} for row, values in enumerate(_ROWS)]
    schema = pa.schema([(name, kind) for name, (kind, _) in COLUMNS.items()] + [("row", pa.int64())])
    return pa.Table.from_pylist(rows, schema)


@pytest.mark.parametrize("aggregate", [text for text in _AGGREGATES if _under(text, "TRUE") != text])
def test_each_aggregate_is_answered_from_a_cube_under_a_filter_that_moves(aggregate: str) -> None:
    filtered = _under(aggregate, "i >= $low").format(c="d")
    query = (
        f"SELECT t, count(*) AS all_rows, {filtered} AS value, {aggregate.format(c='d')} AS whole FROM rows GROUP BY t"
    )
    moves = [{"low": Bound(value, None, _WHOLE)} for value in (3, 5, 0, 11)]
    is_variance = aggregate.startswith(("var", "stddev"))
    why = f"what moves is in the FILTER of {aggregate.partition('(')[0]}()"
    assert check(query, _example(), moves) == (why if is_variance else "answered")


_VALUES = {  # what may be computed of what moves, and what aggregates may take it
    "(i > $low)::INTEGER": ("sum({v})", "avg({v})", "min({v})", "max({v} * 2)", "count({v})", "avg({v} - 1) - 2"),
    "i > $low": ("bool_and({v})", "bool_or({v})", "count_if({v})", "count({v})", "avg(({v})::INTEGER)", "max({v})"),
    "CASE WHEN d >= $low THEN 1.5::DECIMAL(9,2) WHEN d < $low THEN 0.1::DECIMAL(9,2) END": (
        "sum({v})",
        "avg({v})",
        "max({v})",
        "count({v})",
    ),
    "CASE WHEN i <= $low AND $low > i THEN 0.3e0 ELSE 1e0 END": ("sum({v})", "avg({v})", "min({v}) + max({v})"),
    "if(x < $low, 'low', 'high')": ("min({v})", "max({v})", "count({v})"),
    "coalesce(i = $low, FALSE)::TINYINT": ("sum({v})", "avg({v})", "mean({v})"),
}
_HANDED = (
    "SELECT {k} AS k, {a} AS a FROM (SELECT t, yes, x, row, {v} AS v FROM rows) GROUP BY ALL",
    "SELECT {k} AS k, {a} AS a FROM (SELECT *, {v} AS v FROM rows) WHERE row < 30 GROUP BY 1 ORDER BY {a}",
    "SELECT 1 AS k, {a} AS a FROM (FROM (SELECT t, {v} AS v FROM rows) JOIN (SELECT 'a' AS t, 1 AS one) USING (t))",
    """
        WITH r AS (SELECT *, {v} AS v FROM rows), o AS (SELECT t, yes AS y, v AS v, x FROM r WHERE x > 0.2)
        SELECT t AS k, {a} AS a, avg(x) AS mean FROM o GROUP BY t HAVING count(*) > 1
    """,
)
_DIRECT = "SELECT {k} AS k, {a} AS a FROM rows GROUP BY ALL"


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_values_that_move_are_aggregated_as_the_plain_query_does(data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(sorted(_VALUES)))
    aggregate = data.draw(st.sampled_from(_VALUES[value]))
    if data.draw(st.booleans()) and aggregate.count("(") == 1 and aggregate.endswith(")"):
        aggregate += " FILTER (WHERE t <> 'b')"
    key = data.draw(st.sampled_from(["t", "row % 3", "'all'"]))
    if data.draw(st.booleans()):
        query = _DIRECT.format(k=key, a=aggregate.format(v=value))
    else:
        query = data.draw(st.sampled_from(_HANDED)).format(k=key, v=value, a=aggregate.format(v="v"))
    lows = data.draw(st.lists(st.sampled_from(_WHOLE_VALUES), min_size=3, max_size=5))
    state = check(query, data.draw(tables()), [{"low": Bound(low, None, _WHOLE)} for low in lows])
    assert state in ("answered", "ready", "watched", "constants are the only groups"), (query, state)


@pytest.mark.parametrize("value", _VALUES)
@pytest.mark.parametrize("handed", [*_HANDED, _DIRECT])
def test_values_that_move_are_aggregated_from_a_cube(value: str, handed: str) -> None:
    moves = [{"low": Bound(low, None, _WHOLE)} for low in (3, 5, 0, 11)]
    for aggregate in _VALUES[value]:
        query = handed.format(k="t", v=value, a=aggregate.format(v=value if handed is _DIRECT else "v"))
        assert check(query, _example(), moves) == "answered", query


_MOVED = "(SELECT t, CASE WHEN i > $low THEN 1 END AS v FROM rows)"


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT t, sum(z) AS n FROM (SELECT t, v AS w, (w IS NULL)::INTEGER AS z FROM {_MOVED}) GROUP BY t",
        f"SELECT t, count(*) AS n FROM (SELECT t, v AS w FROM {_MOVED} WHERE w IS NULL) GROUP BY t",
        f"SELECT t, count(z) AS n FROM (SELECT t, v AS w, w AS z FROM {_MOVED}) GROUP BY t",
        "SELECT t, count(i_1) AS n FROM (SELECT *, CASE WHEN i > $low THEN 1 END AS i FROM rows) GROUP BY t",
        f"SELECT t, count(v_1) AS n FROM (SELECT v, v, t FROM {_MOVED}) GROUP BY t",
        f"SELECT t, count(v_1) AS n FROM (FROM (SELECT 'a' AS t, 2 AS v) JOIN {_MOVED} USING (t)) GROUP BY t",
        f"SELECT t, count(COLUMNS('^v$')) AS n FROM {_MOVED} GROUP BY t",
        f"SELECT t, count(*) FILTER (WHERE COLUMNS('^v$') IS NULL) AS n FROM {_MOVED} GROUP BY t",
        f"SELECT t, count(*) AS n FROM {_MOVED} WHERE COLUMNS(*) IS NOT NULL GROUP BY t",
        "SELECT count(*) AS n FROM (SELECT t FROM rows WHERE nullif(i, 7) >= $low) WHERE COLUMNS(*) IS NOT NULL",
        f"SELECT t, count(v) AS n FROM (SELECT * LIKE 'v%', t FROM {_MOVED}) GROUP BY t",
        f"SELECT t, count(#2) AS n FROM {_MOVED} GROUP BY t",
        f"SELECT t, count(v) AS n FROM (SELECT t, #2 AS v FROM {_MOVED}) GROUP BY t",
        "SELECT count(*) AS n FROM (SELECT t, unnest(CASE WHEN i > $low THEN [1, 2] ELSE [1] END) AS v FROM rows)",
        "SELECT t, avg(CASE WHEN i > $low THEN 3e38::FLOAT ELSE 0.3::FLOAT END) AS n FROM rows GROUP BY t",
        "SELECT t, avg(CASE WHEN x > $low THEN $low ELSE 0 END) AS n FROM rows GROUP BY t",
        f"SELECT t, max(unnamed_subquery::VARCHAR) AS n FROM {_MOVED} GROUP BY t",
        f"SELECT t, max(s::VARCHAR) AS n FROM {_MOVED} AS s GROUP BY t",
        "SELECT t, max(r::VARCHAR) AS n FROM (SELECT t FROM rows WHERE i >= $low) AS r GROUP BY t",
    ],
)
def test_what_may_take_in_more_than_it_names_is_answered_plainly(query: str) -> None:
    moves = [{"low": Bound(low, None, _WHOLE)} for low in (3, 5, 0, 11)]
    assert check(query, _example(), moves) not in ("answered", "ready", "watched")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (SELECT count(*) FROM rows WHERE i >= $low) AS n, 5 AS m",
        "SELECT max(u) AS n FROM (SELECT t, (SELECT count(*) FROM rows WHERE i >= $low) AS u FROM rows)",
        "SELECT count(*) AS n FROM (FROM rows WHERE i >= $low) WHERE t IN (SELECT * FROM (SELECT 'a'))",
        "SELECT sum(row) AS n FROM (FROM rows WHERE i >= $low) AS row JOIN (SELECT * FROM (SELECT 'a' AS t)) USING (t)",
        f"SELECT avg(v) AS n FROM {_MOVED} JOIN (SELECT * FROM (SELECT 'a' AS t)) USING (t)",
    ],
)
def test_other_queries_beside_what_moves_are_no_matter(query: str) -> None:
    moves = [{"low": Bound(low, None, _WHOLE)} for low in (3, 5, 0, 11)]
    assert check(query, _example(), moves) == "answered"


def test_filters_may_ask_different_things_of_what_moves() -> None:
    query = """
        SELECT avg(x) FILTER (WHERE i >= $low AND yes) AS above, count(*) FILTER (WHERE NOT i >= $low) AS below,
               sum(d) FILTER (WHERE d < $low) AS cheap, var_pop(x) AS spread
        FROM rows WHERE t <> 'c' HAVING count(*) FILTER (WHERE i = $low) < 9
        ORDER BY max(x) FILTER (WHERE i < $low)
    """
    moves = [{"low": Bound(value, None, _WHOLE)} for value in (3, 5, 0, 11)]
    assert check(query, _example(), moves) == "answered"


_ROWS = [
    (
        row % 9,
        row * 10**9,
        float(row % 4),
        0.5,
        [0.1, 0.25, 9.9][row % 3],
        Decimal(row * 7) / 100,
        "abc"[row % 3],
        MOMENT + dt.timedelta(minutes=row),
        dt.datetime(2024, 3, 31, 1, row % 60, tzinfo=dt.UTC),
        dt.date(2024, 2, 1 + row % 20),
        row % 2 == 0,
    )
    for row in range(50)
]
