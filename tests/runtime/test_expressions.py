"""Ibis expressions as cells: fused with SQL in both directions, nothing run for them, errors that name them."""

# What Ibis does with columns is hidden from type checkers:
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import polars as pl
import pyarrow as pa
import pytest
from ibis import _

from dataapp import chart, explore
from dataapp.cells.cell import Cell
from dataapp.cells.python import PythonCell, cell
from dataapp.cells.sql import sql
from dataapp.connect.source import source
from dataapp.errors import (
    ColumnNotFoundError,
    DataAppError,
    ExpressionError,
    PythonCellError,
    SignatureError,
    WrongKindError,
)
from dataapp.runtime import headless
from dataapp.runtime.binding import Known, Opaque, bind
from dataapp.runtime.outcomes import Waiting
from dataapp.runtime.tables import Table
from tests.runtime.bench import ENGINE, ask, defaults, knob, place, rows, session, value

by_ibis_alone = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # what Ibis 12 calls of DuckDB
SNAPSHOT = Path(__file__).parent / "snapshots" / "sql_and_ibis.sql"

trades = source(
    pa.table({"symbol": ["A", "B", "A", "C"], "price": [1.0, 2.0, 3.0, 4.0], "size": [10, 20, 30, 40]}),
    name="trades",
)


@cell(trades=trades)
def totals(trades: ibis.Table) -> ibis.Table:
    """Shares by symbol."""
    return trades.group_by("symbol").agg(shares=trades["size"].sum())


def lazy(function: Callable[..., object], **wiring: object) -> PythonCell[..., Any]:
    """A cell of a function over the trades, annotated to stay lazy."""
    function.__annotations__ = {"trades": ibis.Table, "return": ibis.Table} | function.__annotations__
    return cell(**{"trades": trades, **wiring})(function)  # pyright: ignore[reportArgumentType]


def compiled(root: Cell) -> headless.CompiledQuery:
    return headless.compile_query(ENGINE, root, "duckdb", defaults)


def relation_of(root: Cell) -> Any:
    return headless.table(ENGINE, root, defaults).relation(ENGINE)


# Lazy, and fused.


def test_the_function_gets_columns_and_no_rows() -> None:
    seen: list[ibis.Table] = []

    def note(trades: ibis.Table) -> ibis.Table:
        seen.append(trades)
        return trades

    ask(lazy(note))
    assert seen[0].schema() == ibis.schema({"symbol": "string", "price": "float64", "size": "int64"})
    assert "UnboundTable" in type(seen[0].op()).__name__


def test_sql_reads_the_expression_in_one_query() -> None:
    top = sql("SELECT max(shares)::INT AS top FROM totals", totals=totals)
    assert list(relation_of(top).frames) == ["trades"]
    assert ask(top).item() == 40


def test_the_expression_reads_sql_in_one_query() -> None:
    small = sql("FROM trades WHERE size < $most", trades=trades, most=35, name="small")

    @cell(small=small)
    def counted(small: ibis.Table) -> ibis.Table:
        return small.agg(n=small.count())

    assert compiled(counted).parameters == {"most": 35}
    assert ask(counted).item() == 3


def test_an_expression_reads_an_expression_in_one_query() -> None:
    @cell(totals=totals)
    def large(totals: ibis.Table) -> ibis.Table:
        return totals.filter(totals.shares > 20)

    assert list(relation_of(large).frames) == ["trades"]
    assert sorted(ask(large)["symbol"]) == ["A", "C"]


def test_the_query_is_one_and_reads_as_written() -> None:
    small = sql("FROM trades WHERE size < $most", trades=trades, most=35, name="small")

    @cell(small=small, least=1.5)
    def dear(small: ibis.Table, least: float) -> ibis.Table:
        return small.filter(small.price > least).mutate(value=small.price * small["size"])

    by_symbol = sql("SELECT symbol, sum(value) AS value FROM dear GROUP BY ALL", dear=dear, name="by_symbol")

    @cell(by_symbol=by_symbol)
    def ranked(by_symbol: ibis.Table) -> ibis.Table:
        return by_symbol.order_by(ibis.desc("value"))

    assert compiled(ranked).sql + "\n" == SNAPSHOT.read_text("utf-8")
    assert ask(ranked).rows() == [("A", 90.0), ("B", 40.0)]


def test_filters_and_columns_reach_the_file(tmp_path: Path) -> None:
    pl.DataFrame({"symbol": ["A", "B"], "size": [1, 2], "note": ["x", "y"]}).write_parquet(tmp_path / "t.parquet")

    @cell(table=source(str(tmp_path / "t.parquet"), name="table"))
    def some(table: ibis.Table) -> ibis.Table:
        return table.filter(table["size"] > 1)

    plan = headless.explain(ENGINE, sql("SELECT symbol FROM chosen", chosen=some), defaults, analyze=False)
    assert "size>1" in plan
    assert "note" not in plan.partition("┌")[2]


def test_asking_for_the_query_calls_nothing_but_the_function() -> None:
    def noisy(trades: ibis.Table) -> ibis.Table:
        return trades.mutate(noise=ibis.random())

    table = headless.table(ENGINE, lazy(noisy), defaults)
    assert list(table.frames) == [trades]
    assert "RANDOM()" in table.fused.sql


def test_columns_are_known_without_rows() -> None:
    assert dict(headless.schema(ENGINE, totals, defaults)) == {"symbol": "VARCHAR", "shares": "BIGINT"}


def test_sums_of_integers_have_the_type_that_ibis_says() -> None:
    def sums(trades: ibis.Table) -> ibis.Table:
        whole = trades["size"].sum()
        return trades.select(over=whole.over(ibis.window(group_by="symbol")), part=trades["size"] / whole.over())

    assert dict(headless.schema(ENGINE, lazy(sums), defaults)) == {"over": "BIGINT", "part": "DOUBLE"}
    assert sorted(ask(lazy(sums))["over"]) == [20, 40, 40, 40]


def test_a_cell_is_still_the_plain_function() -> None:
    table = ibis.memtable({"symbol": ["Z", "Z"], "size": [1, 2]})
    assert totals(table).to_pyarrow().to_pylist() == [{"symbol": "Z", "shares": 3}]


def test_it_is_a_value_where_it_has_one() -> None:
    def count(trades: ibis.Table) -> ibis.Table:
        return trades.agg(n=trades.count())

    assert ask(sql("SELECT $count + 1 AS n", count=lazy(count))).item() == 5


def test_it_arrives_as_rows_where_rows_are_asked_for() -> None:
    @cell(totals=totals)
    def height(totals: pl.DataFrame) -> int:
        return totals.height

    assert ask(height) == 3


def test_what_it_reads_can_be_replaced() -> None:
    one = pl.DataFrame({"symbol": ["Z"], "price": [1.0], "size": [5]})
    assert ask(totals, {trades: one}).rows() == [("Z", 5)]


def test_it_can_be_replaced_itself() -> None:
    top = sql("SELECT max(shares) AS top FROM totals", totals=totals)
    assert ask(top, totals=pl.DataFrame({"shares": [7]})).item() == 7


# Other annotations.


def test_an_argument_alone_arrives_with_rows() -> None:
    @cell(trades=trades)
    def count(trades: ibis.Table) -> int:
        return trades.count().to_pyarrow().as_py()

    assert ask(count) == 4


def test_a_result_alone_is_run_by_ibis() -> None:
    @cell(trades=trades)
    def doubled(trades: pl.DataFrame) -> ibis.Table:
        return ibis.memtable(trades.select(pl.col("size") * 2))

    assert ask(sql("SELECT sum(size)::INT AS n FROM doubled", doubled=doubled)).item() == 200


def test_next_to_a_table_in_another_form_it_gets_rows() -> None:
    @cell(trades=trades, frame=trades)
    def both(trades: ibis.Table, frame: pl.DataFrame) -> ibis.Table:
        return trades.filter(trades["size"] > int(frame["size"].min()))  # pyright: ignore[reportArgumentType]

    assert ask(sql("SELECT count(*) AS n FROM mixed", mixed=both)).item() == 3


def test_async_functions_get_rows() -> None:
    @cell(trades=trades)
    async def later(trades: ibis.Table) -> ibis.Table:
        await asyncio.sleep(0)
        return trades.filter(trades["size"] > 10)

    assert ask(sql("SELECT count(*) AS n FROM later", later=later)).item() == 3


# Values.


def larger(trades: ibis.Table, least: int) -> ibis.Table:
    return trades.filter(trades["size"] > least)


def larger_bound(trades: ibis.Table, least: ibis.Scalar) -> ibis.Table:
    return trades.filter(trades["size"] > least)


@pytest.mark.parametrize("function", [larger, larger_bound])
def test_a_changed_value_gives_other_rows(function: Callable[..., object]) -> None:
    least = knob(15)
    viewer = session()
    demand = viewer.demand(lazy(function, least=least), "frame")
    assert len(rows(demand)) == 3
    viewer.set(least, 35)
    assert len(rows(demand)) == 1


def test_a_plain_value_is_written_by_ibis() -> None:
    found = compiled(lazy(larger, least=15))
    assert "> 15" in found.sql
    assert not found.parameters


def test_text_stays_text() -> None:
    def named(trades: ibis.Table, who: str) -> ibis.Table:
        return trades.filter(trades.symbol == who)

    evil = "A' OR 1=1 --\n$x \\"
    assert ask(lazy(named, who=evil)).height == 0
    assert ask(lazy(named, who=evil), {trades: pl.DataFrame({"symbol": [evil]})}).height == 1


def test_a_scalar_of_ibis_is_bound() -> None:
    found = compiled(lazy(larger_bound, least=15))
    assert found.parameters == {"least": 15}
    assert "CAST($least AS BIGINT)" in found.sql


def test_a_scalar_of_ibis_has_the_type_of_its_input() -> None:
    def halves(trades: ibis.Table, part: ibis.Scalar) -> ibis.Table:
        return trades.select(part=part / 4)

    assert ask(lazy(halves, part=knob(2, "DOUBLE")))["part"].to_list() == [0.5] * 4
    assert ask(lazy(halves, part=knob(None, "DOUBLE")))["part"].to_list() == [None] * 4


def test_a_range_is_bound_as_a_list() -> None:
    def between(trades: ibis.Table, sizes: ibis.Scalar) -> ibis.Table:
        ends: Any = sizes
        return trades.filter(trades["size"].between(ends[0], ends[1]))

    assert ask(lazy(between, sizes=knob((15, 35))))["size"].to_list() == [20, 30]


def test_an_empty_list_is_bound_with_its_type() -> None:
    def chosen(trades: ibis.Table, symbols: ibis.Scalar) -> ibis.Table:
        listed: Any = symbols
        return trades.filter(listed.length() == 0)

    assert ask(lazy(chosen, symbols=knob([], "VARCHAR[]"))).height == 4


def test_a_value_that_changes_nothing_stops_the_wave() -> None:
    runs: list[int] = []
    least = knob(15)

    @cell(chosen=lazy(lambda trades, least: trades.filter(trades["size"] > max(least, 20)), least=least))
    def count(chosen: pl.DataFrame) -> int:
        runs.append(chosen.height)
        return chosen.height

    viewer = session()
    demand = viewer.demand(count, "value")
    viewer.set(least, 16)
    assert (value(demand), runs) == (2, [2])


def test_the_function_is_called_again_only_when_its_expression_may_differ() -> None:
    calls: list[object] = []
    most, least = knob(35), knob(15)
    below = sql("FROM trades WHERE size < $most", trades=trades, most=most)

    def counted(trades: ibis.Table, least: int) -> ibis.Table:
        calls.append(least)
        return trades.filter(trades["size"] > least).agg(n=_.count())

    viewer = session()
    demand = viewer.demand(lazy(counted, trades=below, least=least), "frame")
    viewer.set(most, 25)
    assert (rows(demand), calls) == ([(1,)], [15])
    viewer.set(least, 5)
    assert (rows(demand), calls) == ([(2,)], [15, 5])


# Meaning.


@pytest.mark.parametrize(
    "make",
    [
        lambda trades: trades.mutate(x=ibis.random()),
        lambda trades: trades.mutate(x=ibis.uuid().cast("string")),
        lambda trades: trades.limit(2).mutate(x=1),
    ],
    ids=["random", "uuid", "limit"],
)
def test_all_readers_see_the_same_rows_of_what_has_no_one_meaning(make: Callable[..., Any]) -> None:
    some = lazy(lambda trades: make(trades))
    one, two = sql("FROM chosen", chosen=some), sql("SELECT * FROM chosen", chosen=some)
    viewer = session()
    first, second = viewer.demand(one, "frame"), viewer.demand(two, "frame")
    assert sorted(map(repr, rows(first))) == sorted(map(repr, rows(second)))
    both = sql("FROM one EXCEPT ALL FROM two", one=one, two=two)
    assert ask(both).height == 0


def test_what_has_no_one_meaning_is_read_again_when_what_it_reads_changes() -> None:
    least = knob(15)
    some = lazy(lambda trades, least: trades.filter(trades["size"] > least).mutate(x=ibis.random()), least=least)
    viewer = session()
    demand = viewer.demand(sql("SELECT count(*) AS n FROM chosen", chosen=some), "frame")
    viewer.set(least, 35)
    assert rows(demand) == [(1,)]


def test_an_order_that_is_total_gives_one_answer() -> None:
    first = lazy(lambda trades: trades.order_by(["symbol", "price", "size"]).limit(2))
    assert ask(first).rows() == [("A", 1.0, 10), ("A", 3.0, 30)]


def test_an_aggregate_that_two_read_is_kept() -> None:
    least = knob(0)
    some = lazy(
        lambda trades, least: trades.filter(trades["size"] > least).group_by("symbol").agg(n=_.count()),
        least=least,
    )
    viewer = session()
    demands = [viewer.demand(sql(f"SELECT {column} FROM chosen", chosen=some), "table") for column in ("symbol", "n")]
    viewer.set(least, 15)
    assert "2 readers share it and it reduces rows" in viewer.nodes.kept_rows().values()
    assert all(isinstance(value(demand), Table) and some in value(demand).frames for demand in demands)
    viewer.check_invariants()


def test_it_waits_for_its_button() -> None:
    least = knob(15)
    waiting = cell(trades=trades, least=least, run="button")(larger)
    viewer = session()
    demand = viewer.demand(sql("SELECT count(*) AS n FROM waiting", waiting=waiting), "frame")
    assert isinstance(demand.look().outcome, Waiting)
    viewer.press(waiting)
    viewer.set(least, 35)
    assert rows(demand) == [(3,)]
    viewer.press(waiting)
    assert rows(demand) == [(1,)]


def test_evaluating_presses_the_button() -> None:
    assert ask(cell(trades=trades, least=15, run="button")(larger)).height == 3


# Names.


def test_names_that_ibis_makes_up_capture_nothing() -> None:
    @cell(t0=trades, t1=totals, T2=trades)
    def joined(t0: ibis.Table, t1: ibis.Table, T2: ibis.Table) -> ibis.Table:  # noqa: N803  # like Ibis's own names
        twice = t0.union(t0)
        return twice.join(t1, "symbol").join(T2.select("symbol").distinct(), "symbol").distinct()

    assert ask(joined).height == 4


def test_an_alias_captures_no_other_table() -> None:
    @cell(trades=trades, other=sql("SELECT 'A' AS symbol"))
    def joined(trades: ibis.Table, other: ibis.Table) -> ibis.Table:
        return trades.filter(trades["size"] > 10).alias("other").join(other, "symbol")

    assert ask(joined)["size"].to_list() == [30]


def test_one_cell_may_be_two_parameters() -> None:
    @cell(left=trades, right=trades)
    def pairs(left: ibis.Table, right: ibis.Table) -> ibis.Table:
        return left.join(right, "symbol").agg(n=_.count())

    assert ask(pairs).item() == 6


def test_tables_of_equal_names_and_columns_stay_two() -> None:
    one, two = (sql(f"SELECT {n} AS n", name="same") for n in (1, 2))
    expression = one.ibis().union(two.ibis())
    assert sorted(ask(sql("FROM e", e=expression))["n"]) == [1, 2]


# Expressions of the module.


def test_an_expression_is_read_by_its_name_in_sql() -> None:
    expression = totals.ibis().filter(_.shares > 20)
    assert sorted(ask(sql("SELECT symbol FROM large", large=expression))["symbol"]) == ["A", "C"]


def test_an_expression_is_fused() -> None:
    expression = totals.ibis().filter(_.shares > 20)
    reader = sql("FROM large", large=expression)
    assert list(relation_of(reader).frames) == ["trades"]


def test_an_expression_follows_the_inputs_above_it() -> None:
    least = knob(15)
    expression = sql("FROM trades WHERE size > $least", trades=trades, least=least).ibis().agg(n=_.count())
    viewer = session()
    demand = viewer.demand(sql("FROM counted", counted=expression), "frame")
    viewer.set(least, 35)
    assert rows(demand) == [(1,)]


def test_a_parameter_of_a_python_cell_may_name_an_expression() -> None:
    @cell(some=totals.ibis().filter(_.shares > 20))
    def height(some: pl.DataFrame) -> int:
        return some.height

    @cell(some=totals.ibis().filter(_.shares > 20))
    def lower(some: ibis.Table) -> ibis.Table:
        return some.mutate(symbol=some.symbol.lower())

    assert ask(height) == 2
    assert sorted(ask(lower)["symbol"]) == ["a", "c"]


def test_a_scalar_expression_is_read_as_a_value() -> None:
    total = trades.ibis()["size"].sum()
    assert ask(sql("SELECT $total::INT AS n", total=total)).item() == 100


def test_an_expression_is_explored_and_charted() -> None:
    expression = totals.ibis().filter(_.shares > 20)
    assert explore(expression).evaluate().height == 2
    drawn: Any = chart(expression).mark_bar().encode(x="symbol", y="shares")
    assert drawn.to_dict()["encoding"]["y"]["type"] == "quantitative"


def test_rows_that_an_expression_holds_are_joined() -> None:
    names = ibis.memtable({"symbol": ["A"], "name": ["Alpha"]})
    expression = totals.ibis().join(names, "symbol")
    assert ask(sql("SELECT name, shares::INT AS n FROM e", e=expression)).rows() == [("Alpha", 40)]


def test_equal_rows_that_a_function_makes_anew_stop_the_wave() -> None:
    runs: list[int] = []
    ignored = knob(1)

    def named(trades: ibis.Table, ignored: int) -> ibis.Table:
        return trades.join(ibis.memtable({"symbol": ["A"], "name": ["Alpha"]}), "symbol")

    @cell(chosen=lazy(named, ignored=ignored))
    def count(chosen: pl.DataFrame) -> None:
        runs.append(chosen.height)

    viewer = session()
    viewer.demand(count, "value")
    viewer.set(ignored, 2)
    assert runs == [2]


def test_an_expression_over_rows_of_its_own_is_a_source_as_before() -> None:
    expression = ibis.memtable({"n": [1, 2]}).filter(_.n > 1)
    assert ask(sql("FROM e", e=expression)).rows() == [(2,)]


@by_ibis_alone
def test_an_expression_over_a_connection_is_a_source_as_before() -> None:
    connection: Any = ibis.duckdb.connect()
    connection.create_table("numbers", pa.table({"n": [1, 2]}))
    assert ask(sql("FROM e", e=connection.table("numbers").filter(_.n > 1))).rows() == [(2,)]


def test_columns_of_an_expression_are_known_without_running_anything() -> None:
    reader = sql("FROM e", e=trades.ibis().select("size"))
    state = bind(ENGINE, [reader]).states[reader]
    assert isinstance(state, Known)
    assert state.columns[0].name == "size"


def test_checking_does_not_call_the_function() -> None:
    def broken(trades: ibis.Table) -> ibis.Table:
        raise AssertionError

    node = lazy(broken)
    assert isinstance(bind(ENGINE, [node]).states[node], Opaque)


# Errors.


def test_what_is_no_expression_is_refused() -> None:
    with pytest.raises(WrongKindError, match=r"`<lambda>` is annotated to return an ibis\.Table, but returned a int"):
        ask(lazy(lambda trades: 5))


def test_a_missing_column_is_told_with_those_that_there_are() -> None:
    with pytest.raises(PythonCellError) as found:
        ask(lazy(lambda trades: trades.select("volume")))
    assert "columns of `trades`: symbol, price, size" in (found.value.hint or "")
    assert found.value.cell == "<lambda>"


def test_a_type_that_does_not_fit_is_told() -> None:
    with pytest.raises(PythonCellError, match="<lambda>"):
        ask(lazy(lambda trades: trades.filter(trades.symbol + 1 > 2)))


def test_what_duckdb_refuses_is_an_error_of_the_cell() -> None:
    @ibis.udf.scalar.builtin
    def no_such_function(x: int) -> int: ...

    with pytest.raises(DataAppError, match="no_such_function") as found:
        ask(lazy(lambda trades: trades.mutate(n=no_such_function(trades["size"]))))
    assert found.value.cell == "<lambda>"


def test_a_function_in_python_has_no_place_in_a_query() -> None:
    @ibis.udf.scalar.python
    def half(x: int) -> int:
        return x // 2

    with pytest.raises(ExpressionError, match="`half`, which is written in Python"):
        ask(lazy(lambda trades: trades.mutate(n=half(trades["size"]))))


@by_ibis_alone
def test_a_table_of_a_connection_has_no_place_in_a_query() -> None:
    connection: Any = ibis.duckdb.connect()
    connection.create_table("names", pa.table({"symbol": ["A"]}))
    with pytest.raises(ExpressionError, match="`names` of a connection"):
        ask(lazy(lambda trades: trades.join(connection.table("names"), "symbol")))


def test_an_unbound_table_that_is_no_cell_is_named() -> None:
    other = ibis.table({"symbol": "string"}, name="other")
    with pytest.raises(ExpressionError, match="the unbound table `other`"):
        ask(lazy(lambda trades: trades.join(other, "symbol")))
    mixed = trades.ibis().join(other, "symbol")
    with pytest.raises(ExpressionError, match="the unbound table `other`"):
        ask(sql("FROM mixed", mixed=mixed))


def test_a_table_that_is_no_parameter_is_named() -> None:
    with pytest.raises(ExpressionError, match="reads `totals`, which is none of its parameters"):
        ask(lazy(lambda trades: trades.join(totals.ibis(), "symbol")))


def test_a_parameter_of_ibis_needs_a_value() -> None:
    with pytest.raises(ExpressionError, match="a parameter of Ibis that has no value"):
        ask(lazy(lambda trades: trades.filter(trades["size"] > ibis.param("int64"))))


def test_what_ibis_cannot_write_for_duckdb_is_told() -> None:
    with pytest.raises(ExpressionError, match="Ibis cannot write `<lambda>` as SQL"):
        ask(lazy(lambda trades: trades.agg(c=trades.price.corr(trades["size"], how="sample"))))


def test_a_value_is_no_table() -> None:
    with pytest.raises(WrongKindError, match="is not a table"):
        ask(lazy(lambda trades: trades, trades=knob(5)))


def test_a_table_needs_its_annotation() -> None:
    def two(trades: ibis.Table, other: Any) -> ibis.Table:
        return trades

    with pytest.raises(SignatureError, match=r"annotate it ibis\.Table"):
        ask(lazy(two, other=totals))


def test_an_error_above_keeps_its_cell() -> None:
    broken = sql("SELECT nothing FROM trades", trades=trades, name="broken")
    with pytest.raises(ColumnNotFoundError) as found:
        ask(lazy(lambda trades: trades, trades=broken))
    assert found.value.cell == "broken"


def test_a_changed_name_makes_the_expression_anew() -> None:
    names: dict[str, object] = {"numbers": sql("SELECT 1 AS n")}

    def doubled(numbers: ibis.Table) -> ibis.Table:
        return numbers.mutate(n=numbers.n * 2)

    node: PythonCell[..., Any] = PythonCell(doubled, place(names=names), run="auto", name=None)
    names["doubled"] = node
    viewer = session()
    demand = viewer.demand(node, "frame")
    assert rows(demand) == [(2,)]
    names["numbers"] = sql("SELECT 4 AS n")
    viewer.rebind(names, {})
    assert rows(demand) == [(8,)]
    viewer.check_invariants()
