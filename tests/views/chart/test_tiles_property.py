"""What a page adds up from a tile is what the plain query answers, for random tables, queries and drags."""

import sys
from collections.abc import Iterator
from typing import Any

import altair as alt
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from dataapp.cells.namespace import Namespace
from dataapp.cells.predicate import PredicateCell
from dataapp.cells.steps import Steps
from dataapp.cells.values import Bound
from dataapp.engines.cube import Expected
from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column, Relation
from dataapp.views.chart.dataset import Ends
from dataapp.views.chart.plans import Plans
from dataapp.views.chart.schema import chart, find_cell_data
from dataapp.views.chart.tiling import Tiling, tile, told
from dataapp.views.chart.window import Window
from tests.engines.random_tables import is_same, tables
from tests.views.chart.page_code import Page, page

_KEYS = ("t", "i % 3", "coalesce(t, 'none')", "yes", "CASE WHEN x > 1e0 THEN 'high' END", "f")
_AGGREGATES = (
    "count(*)",
    "count({c})",
    "count(*) FILTER (WHERE i > 3)",
    "min({c})",
    "max({c})",
    "sum(i)",
    "sum(b % 1000)",
    "sum(abs(i) * 3000000000)",
    "sum(x)",
    "sum(x) FILTER (WHERE yes)",
    "coalesce(sum(x), 0)",
    "coalesce(sum(x), 0)::BIGINT",
    "avg(i)",
    "avg(x)",
    "nullif(min(f), CAST('nan' AS DOUBLE))",
    "CAST(max(f) AS DOUBLE)",
)
_NUMBERS = ("i", "f", "x", "d")
_TENTHS, _WHOLE = Steps("number", 0.0, 1.0, 100, 10.0), Steps("number", 0.0, 1.0, 10)
_RANGES = {"x": _TENTHS, "f": _TENTHS, "i": _WHOLE, "d": _TENTHS}
_CONDITIONS = (
    "{x} >= $low AND {x} <= $high",
    "{x} BETWEEN $low AND $high",
    "{x} > $low AND {x} < $high",
    "$low <= {x}",
    "{x} < $high",
)
_SELECTION = PredicateCell(None, {"along": "x"}, Namespace.of(sys._getframe(), {}))
_SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with page(tmp_path_factory.mktemp("page")) as opened:
        yield opened


def _engine(*, has_cubes: bool = True) -> DuckDB:
    engine = DuckDB()
    most = {} if has_cubes else {"most_bytes": 0}
    engine.cubes = Cubes(engine, worth=0.0, least_shrinking=0.0, layered_from=60, **most)
    return engine


def _relation(engine: DuckDB, query: str, rows: pa.Table, steps: Steps, ends: tuple[float, float]) -> Relation:
    used = [name for name in ("low", "high") if f"${name}" in query]
    values = {name: Bound(end, None, steps) for name, end in zip(("low", "high"), ends, strict=True) if name in used}
    return Relation(
        query,
        key=(query, ends),
        engine=engine,
        parameters=values,
        frames={"rows": rows},
        movers=dict.fromkeys(used, _SELECTION),
        is_versioned=True,
    )


@st.composite
def _drags(draw: st.DrawFn, steps: Steps) -> list[tuple[float, float]]:
    places = st.integers(0, steps.count).map(lambda at: (steps.start + at * steps.step) / steps.scale)
    return [(low, high) for low, high in draw(st.lists(st.tuples(places, places), min_size=4, max_size=6))]


@st.composite
def _asked(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a query, and the column whose range moves."""
    along = draw(st.sampled_from(sorted(_RANGES)))
    condition = draw(st.sampled_from(_CONDITIONS)).format(x=along)
    keys = draw(st.lists(st.sampled_from(_KEYS), min_size=1, max_size=2, unique=True))
    column = draw(st.sampled_from(_NUMBERS))
    aggregates = draw(st.lists(st.sampled_from(_AGGREGATES), min_size=1, max_size=4, unique=True))
    items = [f"{key} AS k{at}" for at, key in enumerate(keys)]
    items += [f"{text.format(c=column)} AS v{at}" for at, text in enumerate(aggregates)]
    groups = ", ".join(str(at + 1) for at in range(len(keys)))
    order = draw(st.sampled_from(["ORDER BY ALL", "ORDER BY ALL NULLS FIRST", "ORDER BY ALL DESC NULLS LAST"]))
    query = f"SELECT {', '.join(items)} FROM rows WHERE {condition} GROUP BY {groups} {order}"
    if draw(st.booleans()):
        names = [f"k{at}" for at in range(len(keys))] + [f"v{at} AS v{at}" for at in range(len(aggregates))]
        query = f"WITH grouped AS ({query}) SELECT * FROM (SELECT {', '.join(names)} FROM grouped) LIMIT 200001"
    return query, along


def _as_numbers(rows: pa.Table) -> list[list[Any]]:
    """Return rows with numbers as a page has them."""
    columns: list[list[Any]] = []
    for column in rows.columns:
        is_number = (
            pa.types.is_integer(column.type) or pa.types.is_decimal(column.type) or pa.types.is_floating(column.type)
        )
        columns.append((column.cast(pa.float64()) if is_number else column).to_pylist())
    return [list(row) for row in zip(*columns, strict=True)]


@_SLOW
@given(tables(), _asked(), st.data())
def test_it_answers_as_the_plain_query_does(node: Page, rows: pa.Table, asked: tuple[str, str], data: Any) -> None:
    query, along = asked
    steps = _RANGES[along]
    drag = data.draw(_drags(steps))
    engine, plain = _engine(), _engine(has_cubes=False)
    for ends in drag[:3]:
        with _relation(engine, query, rows, steps, ends).open() as reader:
            reader.fetch()
        assert engine.cubes.wait()
    with _relation(engine, query, rows, steps, drag[-1]).open() as reader:
        found = engine.cubes.tile(reader, query, {}, _SELECTION)
    event(f"tile: {found is not None}")
    if found is None:
        return
    names = [name for name, _ in found.columns]
    kinds = {name: "text" if name.startswith("k") else "number" for name in names}
    message = {"field": "along", "datasets": [told(found, "data", kinds)]}
    for ends, answer in zip(drag, node.answers(message, drag), strict=True):
        with _relation(plain, query, rows, steps, ends).open() as reader:
            expected = _as_numbers(reader.fetch())
        [dataset] = answer
        answered = [[row[name] for name in names] for row in dataset["rows"]]
        answered = [[float(value) if type(value) is int else value for value in row] for row in answered]
        assert len(answered) == len(expected)
        for one, other in zip(answered, expected, strict=True):
            assert all(map(is_same, one, other)), (answered, expected)


@st.composite
def _charts(draw: st.DrawFn) -> alt.Chart:
    """Draw a chart of groups."""
    column = draw(st.sampled_from(["i", "x", "d"]))
    x = draw(
        st.sampled_from(
            [
                alt.X(f"{column}:Q").bin(maxbins=draw(st.sampled_from([3, 10, 40]))),
                alt.X(f"{column}:Q").bin(step=draw(st.sampled_from([0.5, 2, 5]))),
                alt.X("t:N"),
                alt.X("yearmonthdate(ts):T"),
                alt.X("day:T"),
                alt.X(f"{column}:O"),
            ]
        )
    )
    y = draw(st.sampled_from(["count()", "sum(i)", "sum(x)", "mean(i)", "mean(f)", "min(x)", "max(f)", "valid(f)"]))
    color = draw(st.sampled_from([None, "t:N", "yes:N"]))
    mark = draw(st.sampled_from(["mark_bar", "mark_point", "mark_area"]))
    data = chart("rows", lambda: tuple(Column(name, kind) for name, kind in _TYPES.items()))
    made: alt.Chart = getattr(data, mark)().encode(x=x, y=y)
    return made if color is None else made.encode(color=color)


_TYPES = {
    "i": "INTEGER",
    "x": "DOUBLE",
    "f": "DOUBLE",
    "d": "DECIMAL(12,2)",
    "t": "VARCHAR",
    "ts": "TIMESTAMP",
    "day": "DATE",
    "yes": "BOOLEAN",
}


class _Screen:
    """Draws a chart as the server does, place by place."""

    def __init__(self, drawn: alt.Chart, rows: pa.Table, along: str, *, has_cubes: bool) -> None:
        self._engine = _engine(has_cubes=has_cubes)
        self._expected = Expected(frozenset({_SELECTION}))  # a pointer is on it, so cubes are made after one answer
        self._engine.cubes.expect(self._expected, [])
        self._query = f"SELECT {', '.join(_TYPES)} FROM rows WHERE {along} >= $low AND {along} <= $high"
        self._rows, self._steps = rows, _RANGES[along]
        [self.data] = find_cell_data(drawn)
        columns = tuple(Column(name, kind) for name, kind in _TYPES.items())
        [self.dataset] = Plans(drawn, {self.data: columns}).plan().datasets
        self.ends: Ends | None = None

    def draw(self, place: tuple[float, float]) -> pa.Table:
        with self._relation(place).open() as reader:
            table, _ = self.dataset.fetch_zoomed(reader.fetch, Window(), ends=self.ends)
        assert self._engine.cubes.wait()
        self.ends = self.dataset.ends(table)
        return table

    def tiling(self, place: tuple[float, float]) -> Tiling | None:
        relations = {self.data: self._relation(place)}
        with relations[self.data].open() as reader:
            return tile([(self.dataset, self.ends)], relations, {self.data: reader}, _SELECTION)

    def _relation(self, place: tuple[float, float]) -> Relation:
        return _relation(self._engine, self._query, self._rows, self._steps, place)


@_SLOW
@given(tables(), _charts(), st.sampled_from(sorted(_RANGES)), st.data())
def test_a_chart_is_drawn_as_by_the_engine(node: Page, rows: pa.Table, drawn: alt.Chart, along: str, data: Any) -> None:
    drag = [(min(ends), max(ends)) for ends in data.draw(_drags(_RANGES[along]))]
    screen = _Screen(drawn, rows, along, has_cubes=True)
    for place in [*drag[:3], drag[2]]:
        screen.draw(place)
    tiling = screen.tiling(drag[2])
    event(f"tiles: {tiling is not None}, bins: {bool(screen.dataset.binnings)}")
    if tiling is None:
        return
    names = [column.name for column in screen.dataset.columns]
    plain = _Screen(drawn, rows, along, has_cubes=False)
    for place, answer in zip(drag, node.answers(tiling.message("selection"), drag), strict=True):
        plain.ends = None
        table = plain.draw(place)
        event(f"drawn: {answer is not None}")
        if answer is None:
            known = list(zip(screen.dataset.binnings, screen.ends or (), plain.ends or (), strict=True))
            has_none = any(found == (None, None) for _, _, found in known)
            assert has_none or not all(binning.is_guessed(*ends) for binning, *ends in known)
            continue
        [dataset] = answer
        answered = [[_float(row[name]) for name in names] for row in dataset["rows"]]
        expected = _as_numbers(table)
        assert len(answered) == len(expected), (answered, expected)
        rest = [one for one in expected if not _took(answered, one)]
        # Of several rows with the greatest value, any may hand its facts to the row for the upper end of the bins.
        assert len(rest) <= len(screen.dataset.binnings), (answered, expected)
        for one, other in zip(rest, answered, strict=True):
            assert all(same or name in ("t", "yes") for name, same in zip(names, map(is_same, one, other), strict=True))


def _took(rows: list[list[object]], wanted: list[object]) -> bool:
    """Take a row away from others, if it is one of them."""
    at = next((at for at, row in enumerate(rows) if all(map(is_same, row, wanted))), None)
    if at is not None:
        rows.pop(at)
    return at is not None


def _float(value: object) -> object:
    return float(value) if type(value) is int else value


@pytest.mark.parametrize("x", [alt.X("x:Q").bin(maxbins=10), alt.X("t:N"), alt.X("yearmonthdate(ts):T")])
@pytest.mark.parametrize("y", ["count()", "sum(i)", "mean(x)", "min(x)"])
def test_common_charts_get_tiles(x: alt.X, y: str) -> None:
    rows = pa.table({name: pa.array(values, kind) for name, (kind, values) in _COMMON.items()})
    drawn = (
        chart("rows", lambda: tuple(Column(name, kind) for name, kind in _TYPES.items())).mark_bar().encode(x=x, y=y)
    )
    screen = _Screen(drawn, rows, "i", has_cubes=True)
    for high in (9.0, 8.0, 7.0, 8.0):
        screen.draw((0.0, high))
    assert screen.tiling((0.0, 8.0)) is not None


_COMMON: dict[str, tuple[Any, list[Any]]] = {
    "i": (pa.int32(), [at % 11 for at in range(500)]),
    "x": (pa.float64(), [at % 97 / 4 for at in range(500)]),
    "f": (pa.float64(), [at / 3 for at in range(500)]),
    "d": (pa.decimal128(12, 2), [at % 50 for at in range(500)]),
    "t": (pa.string(), ["abc"[at % 3] for at in range(500)]),
    "ts": (pa.timestamp("us"), [at * 3_600_000_000 for at in range(500)]),
    "day": (pa.date32(), [at // 24 for at in range(500)]),
    "yes": (pa.bool_(), [at % 2 == 0 for at in range(500)]),
}
