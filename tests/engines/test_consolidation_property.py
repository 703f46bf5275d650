"""What one scan for several queries answers is what each answers by itself, for random tables and queries."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from dataapp.cells.values import Bound
from dataapp.engines.consolidation import Scans
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation
from dataapp.errors import DataAppError
from tests.engines.random_tables import AGGREGATES, COLUMNS, is_same, sorted_rows, tables

_AGGREGATES = (
    *AGGREGATES,
    "stddev(x)",
    "bool_and(yes)",
    "bit_xor(i)",
    "arg_max(row, row)",
    "min_by({c}, row)",
    "max(x) - min(x)",
    "$low",
    "count(*) * $factor",
    "sum(i + $factor)",
    "sum(x) / nullif(count(x), 0)",
    "round(100.0 * count(*) / sum(count(*)) OVER (), 6)",
    "count(DISTINCT {c})",
    "median(x)",
    "quantile_cont(x, 0.25)",
    "list({c} ORDER BY row)",
    "string_agg(t, '-' ORDER BY row)",
    "first({c} ORDER BY row DESC)",
    "last(t ORDER BY i, row) FILTER (WHERE yes)",
    "approx_count_distinct(i)",
    "mode(yes) IS NULL",
    "histogram(i)",
)
_KEYS = (
    "t",
    "T",
    "rows.t",
    "i % 3",
    "i",
    "i::INTEGER",
    "f",
    "d",
    "tz",
    "day",
    "day::DATE",
    "date_trunc('hour', ts)",
    "coalesce(t, 'none')",
    "yes",
    "i + $factor",
    "CASE WHEN x > 1e0 THEN 'high' END",
)
_SOURCES = (
    "FROM rows WHERE i >= $low",
    "FROM rows WHERE i >= $low AND (x < 5 OR t = 'a')",
    "FROM rows",
    "FROM (SELECT *, i + 1 AS more FROM rows WHERE i > $low) AS rows WHERE more < 12",
    "FROM few AS rows",
    "FROM few AS rows WHERE yes",
    "FROM ({layer} FROM rows WHERE i >= $low) AS rows",
    "FROM ({layer} FROM few AS rows) AS rows WHERE yes OR t = 'A'",
    "FROM rows LEFT JOIN (SELECT 1 AS one, 2 AS two) AS other ON one = i",
)


_MADE = {
    "i": ("b % 5", "2"),
    "x": ("x * 2",),
    "t": ("upper(t)",),
    "yes": ("NOT rows.yes",),
    "d": ("d + 1",),
    "b": ("i::BIGINT",),
}
_keys = st.lists(st.sampled_from(_KEYS), max_size=2, unique=True)
_layers = st.fixed_dictionaries({name: st.sampled_from([name, *others]) for name, others in _MADE.items()})


@st.composite
def _queries(draw: st.DrawFn, source: str, groups: Sequence[str], made: Mapping[str, str]) -> str:
    """Draw a query over rows of a source, with groups and a layer that most others have, too."""
    column = draw(st.sampled_from(sorted(COLUMNS)))
    values = draw(st.lists(st.sampled_from(_AGGREGATES), min_size=1, max_size=3))
    is_alike = draw(st.integers(0, 3)) > 0
    keys = draw(st.permutations(groups) if is_alike else _keys)
    made = made if is_alike else draw(_layers)
    layer = ", ".join(f"{made.get(name, name)} AS {name}" for name in draw(st.permutations([*COLUMNS, "row"])))
    items = [f"{text} AS k{number}" if draw(st.booleans()) else text for number, text in enumerate(keys)]
    items += [f"{text.format(c=column)} AS v{number}" for number, text in enumerate(values)]
    by = draw(st.sampled_from(["ALL", ", ".join(str(number + 1) for number in range(len(keys))), ", ".join(keys)]))
    tail = f" GROUP BY {by}" if keys else ""
    if draw(st.booleans()):
        tail += " HAVING count(*) > $least"
    if keys and draw(st.booleans()):
        tail += " ORDER BY ALL LIMIT 3"
    inner = f"SELECT {', '.join(items)} {source.replace('{layer}', f'SELECT {layer}')}{tail}"
    around = draw(
        st.sampled_from(
            [
                "{}",
                "FROM ({})",
                "SELECT * FROM ({}) AS inner_rows WHERE v0 IS NOT NULL",
                "SELECT *, count(*) OVER () AS among FROM ({}) AS inner_rows",
                "SELECT count(*) AS n, max(v0) AS most FROM ({}) AS inner_rows",
            ]
        )
    )
    head = "WITH few AS (FROM rows WHERE i <> $low AND x IS NOT NULL)\n"
    return f"{head}{around.format(inner)}"


def _relation(query: str, table: pa.Table, values: Mapping[str, Bound], engine: DuckDB) -> Relation:
    return Relation(
        query,
        key=(query, repr(values)),
        engine=engine,
        parameters={name: bound for name, bound in values.items() if f"${name}" in query},
        frames={"rows": table},
        is_versioned=True,
        base="one",
    )


def _answer(relation: Relation) -> pa.Table | str:
    """Return a relation's rows, or what is wrong with it."""
    try:
        with relation.open() as reader:
            return reader.fetch()
    except DataAppError as error:
        return str(error)


def check(queries: Sequence[str], table: pa.Table, moves: Sequence[Mapping[str, Bound]]) -> int:
    """Hold queries that wait together equal to each by itself, and return how many scans answered several."""
    engine, plain = DuckDB(cube_bytes=0), DuckDB(cube_bytes=0, shares_scans=False)
    engine.scans = Scans(engine, worth=0.0)
    for values in moves:
        relations = [_relation(query, table, values, engine) for query in queries]
        expected = [engine.scans.expect(one) for one in relations]
        for query, relation, waits in zip(queries, relations, expected, strict=True):
            apart, together = (_answer(one) for one in (_relation(query, table, values, plain), relation))
            waits.drop()
            if isinstance(apart, str) or isinstance(together, str):
                assert together == apart
                continue
            assert together.schema.names == apart.schema.names
            assert together.schema.types == apart.schema.types
            for one, other in zip(sorted_rows(together), sorted_rows(apart), strict=True):
                assert all(map(is_same, one, other)), (query, values, one, other)
        assert len(engine.kept) == 0
    return engine.scans.count


_MOVES = st.lists(
    st.fixed_dictionaries(
        {
            "low": st.integers(-4, 13).map(Bound),
            "least": st.integers(0, 3).map(Bound),
            "factor": st.sampled_from([Bound(2), Bound(2.5, "DOUBLE")]),
        }
    ),
    min_size=2,
    max_size=2,
)
_found: dict[bool, int] = {}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_scan_answers_what_each_query_answers_by_itself(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(_SOURCES))
    alike = _queries(source, data.draw(_keys), data.draw(_layers))
    queries = data.draw(st.lists(alike, min_size=2, max_size=5, unique=True))
    count = check(queries, data.draw(tables()), data.draw(_MOVES))
    _found[count > 0] = _found.get(count > 0, 0) + 1
