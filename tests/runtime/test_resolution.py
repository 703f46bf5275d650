"""What names in cells stand for, and the errors when they stand for nothing or too much."""

from typing import Any

import polars as pl
import pytest

from dataapp.cells.cell import Cell
from dataapp.cells.namespace import Namespace
from dataapp.cells.python import PythonCell
from dataapp.cells.sql import SqlCell, sql
from dataapp.errors import (
    CycleError,
    DataAppError,
    NameClashError,
    NameNotFoundError,
    SessionError,
    SqlSyntaxError,
    StatementError,
    WrongKindError,
)
from dataapp.runtime.outcomes import Blocked, Failed
from dataapp.runtime.resolution import Resolver, no_shared_inputs
from dataapp.runtime.session import Session
from dataapp.runtime.workers import InlinePool
from tests.runtime.bench import ENGINE, Knob, ask, knob, session

FRAME = pl.DataFrame({"n": [1, 2]})


class Module:
    """A module whose globals are cells."""

    def __init__(self, name: str = "desk", **names: object) -> None:
        self.name = name
        self.names: dict[str, Any] = dict(names)

    def sql(self, text: str, name: str | None = None, **bindings: object) -> SqlCell:
        options: Any = {"on": None, "materialize": "auto", "run": "auto", "name": None}
        cell = SqlCell(text, Namespace(self.name, None, 1, self.names, bindings), **options)
        if name is not None:
            self.names[name] = cell
        return cell

    def cell(self, function: Any) -> PythonCell[..., Any]:
        cell = PythonCell(function, Namespace(self.name, None, 1, self.names, {}), run="auto", name=None)
        self.names[function.__name__] = cell
        return cell


def test_tables_and_parameters_are_globals() -> None:
    desk = Module(trades=FRAME, low=2)
    assert ask(desk.sql("FROM trades WHERE n >= $low")).rows() == [(2,)]


def test_keyword_arguments_come_first() -> None:
    desk = Module(trades=FRAME)
    assert ask(desk.sql("FROM trades", trades=pl.DataFrame({"n": [9]}))).rows() == [(9,)]


def test_a_cell_of_another_module_keeps_its_own_names() -> None:
    library = Module("library", trades=FRAME)
    bars = library.sql("FROM trades", "bars")
    desk = Module(trades=pl.DataFrame({"n": [9]}), bars=bars)
    assert ask(desk.sql("SELECT (FROM trades) AS own, n FROM bars")).rows() == [(9, 1), (9, 2)]


def test_parameters_of_one_name_in_two_modules_are_two() -> None:
    library = Module("library", top=1)
    one = library.sql("SELECT $top AS n", "one")
    desk = Module(top=2, one=one)
    assert ask(desk.sql("SELECT n, $top AS own FROM one")).rows() == [(1, 2)]


def test_table_names_do_not_mind_case() -> None:
    assert ask(Module(Trades=FRAME).sql("FROM TRADES")).height == 2


def test_names_that_differ_only_in_case_clash() -> None:
    with pytest.raises(NameClashError, match=r"`(Low` and `low|low` and `Low)`"):
        ask(Module(Low=1, low=2).sql("SELECT $low"))


def test_two_spellings_of_one_object_do_not_clash() -> None:
    assert ask(Module(Trades=FRAME, trades=FRAME).sql("FROM trades")).height == 2


def test_a_binding_settles_a_clash() -> None:
    assert ask(Module(Low=1, low=2).sql("SELECT $low AS n", low=3)).item() == 3


def test_one_parameter_in_two_spellings_is_one() -> None:
    assert ask(Module(low=2).sql("SELECT $low + $LOW AS n")).item() == 4


def test_an_unknown_table_is_named_with_near_names_and_place() -> None:
    with pytest.raises(NameNotFoundError) as found:
        ask(Module(trades=FRAME).sql("SELECT *\nFROM trade", "bars"))
    assert "`bars` reads table `trade`" in found.value.message
    assert "`trades`" in (found.value.hint or "")
    assert (found.value.line, found.value.column) == (2, 6)


def test_an_unknown_parameter_is_named_with_near_names() -> None:
    with pytest.raises(NameNotFoundError) as found:
        ask(Module(minutes=5).sql("SELECT $minute", "bars"))
    assert "`$minute`" in found.value.message
    assert "`minutes`" in (found.value.hint or "")


def test_a_number_is_no_table() -> None:
    with pytest.raises(WrongKindError) as found:
        ask(Module(trades=5).sql("FROM trades"))
    assert "an int" in found.value.message
    assert "$trades" in (found.value.hint or "")


def test_an_input_is_no_table() -> None:
    with pytest.raises(WrongKindError, match="an input"):
        ask(Module(trades=knob(5)).sql("FROM trades"))


def test_a_table_of_the_engine_is_found_last() -> None:
    assert ask(Module().sql("SELECT count(*) > 0 AS n FROM duckdb_types")).item() is True


def test_ctes_are_no_tables_of_the_graph() -> None:
    assert ask(Module().sql("WITH trades AS (SELECT 1 AS n) FROM trades")).item() == 1


def test_text_that_is_not_sql_has_a_place() -> None:
    with pytest.raises(SqlSyntaxError) as found:
        ask(Module().sql("SELECT\n  FROM FROM", "bars"))
    assert (found.value.cell, found.value.line) == ("bars", 2)


@pytest.mark.parametrize("text", ["CREATE TABLE t (n INT)", "SELECT 1; SELECT 2", "", "DELETE FROM t"])
def test_only_one_query_is_a_cell(text: str) -> None:
    with pytest.raises(StatementError):
        ask(Module().sql(text))


def test_a_circle_is_named() -> None:
    desk = Module()
    desk.sql("FROM b", "a")
    desk.sql("FROM c", "b")
    with pytest.raises(CycleError, match="`a` → `b` → `c` → `a`"):
        ask(desk.sql("FROM a", "c") and desk.names["a"])


def test_a_cell_that_reads_itself_is_told_what_to_do() -> None:
    desk = Module(trades=FRAME)
    with pytest.raises(CycleError) as found:
        ask(desk.sql("FROM trades", "trades"))
    assert "reads itself" in found.value.message
    assert "another name" in (found.value.hint or "")


def test_a_circle_through_values_and_functions_is_found() -> None:
    desk = Module()

    def total(bars: pl.DataFrame) -> int:
        return bars.height

    desk.cell(total)
    with pytest.raises(CycleError, match="`total`"):
        ask(desk.sql("SELECT $total AS n", "bars"))


def test_every_cell_of_a_circle_has_failed_and_its_readers_are_blocked() -> None:
    desk = Module()
    a, b = desk.sql("FROM b", "a"), desk.sql("FROM a", "b")
    reader = desk.sql("FROM a", "reader")
    viewer = session()
    outcomes = [viewer.demand(cell, "frame").look().outcome for cell in (a, b, reader)]
    assert [type(outcome) for outcome in outcomes] == [Failed, Failed, Blocked]


def test_two_circles_are_both_found() -> None:
    desk = Module()
    cells = [desk.sql("FROM b", "a"), desk.sql("FROM a", "b"), desk.sql("FROM d", "c"), desk.sql("FROM c", "d")]
    both = desk.sql("FROM a, c", "both")
    viewer = session()
    viewer.demand(both, "frame")
    assert all(isinstance(viewer.demand(cell, "frame").look().outcome, Failed) for cell in cells)


def test_the_rest_goes_on_beside_a_broken_cell() -> None:
    desk = Module(trades=FRAME)
    viewer = session()
    broken, good = desk.sql("FROM nothing"), desk.sql("FROM trades")
    assert isinstance(viewer.demand(broken, "frame").look().outcome, Failed)
    assert not isinstance(viewer.demand(good, "frame").look().outcome, Failed | Blocked)


def test_a_long_chain_of_cells_does_not_exhaust_the_stack() -> None:
    desk = Module(c0=FRAME)
    for number in range(300):
        desk.sql(f"FROM c{number}", f"c{number + 1}")
    viewer = session()
    assert not isinstance(viewer.demand(desk.names["c300"], "table").look().outcome, Failed | Blocked)


def test_names_are_looked_up_once_per_session() -> None:
    desk = Module(low=1)
    cell = desk.sql("SELECT $low AS n")
    resolver = Resolver(ENGINE, ENGINE.has_table)
    first = resolver.reads(cell)
    desk.names.clear()
    assert resolver.reads(cell) is first


def test_a_shared_widget_is_refused_where_sessions_would_share_it() -> None:
    shared = knob(5, name="size")
    kind = shared.kind
    assert isinstance(kind, Knob)
    kind.is_shared = True
    viewer = Session(ENGINE, InlinePool(), check_shared=no_shared_inputs)
    outcome = viewer.demand(Module(size=shared).sql("SELECT $size"), "frame").look().outcome
    assert isinstance(outcome, Blocked | Failed)
    assert isinstance(outcome.error, SessionError)


class TestFind:
    """`evaluate` replaces what a name means."""

    def test_an_input_by_name(self) -> None:
        desk = Module(low=knob(1), trades=FRAME)
        assert ask(desk.sql("FROM trades WHERE n > $low"), low=0).height == 2

    def test_a_constant_by_name_everywhere_above(self) -> None:
        desk = Module(low=2)
        desk.sql("SELECT $low AS n", "one")
        assert ask(desk.sql("SELECT n, $low AS own FROM one"), low=7).rows() == [(7, 7)]

    def test_a_whole_table(self) -> None:
        desk = Module(trades=FRAME)
        desk.sql("SELECT sum(n)::INT AS n FROM trades", "total")
        assert ask(desk.sql("FROM total"), trades=pl.DataFrame({"n": [5]})).item() == 5

    def test_a_cell_between(self) -> None:
        desk = Module(trades=FRAME)
        desk.sql("SELECT sum(n)::INT AS n FROM trades", "total")
        assert ask(desk.sql("FROM total"), total=pl.DataFrame({"n": [5]})).item() == 5

    def test_a_table_that_is_read_as_a_value(self) -> None:
        desk = Module(trades=FRAME)
        desk.sql("SELECT sum(n)::INT AS n FROM trades", "total")
        reader = desk.sql("SELECT $total AS n")
        assert ask(reader, total=pl.DataFrame({"n": [5]})).item() == 5
        assert ask(reader, total=6).item() == 6

    def test_what_is_replaced_is_not_run(self) -> None:
        desk = Module()
        desk.sql("FROM 'no such file.parquet'", "trades")
        assert ask(desk.sql("FROM trades"), trades=FRAME).height == 2

    def test_by_cell_for_cells_without_a_name(self) -> None:
        unnamed: Cell = sql("FROM range(3)")
        assert ask(sql("FROM t", t=unnamed), {unnamed: FRAME}).height == 2

    def test_a_python_cell(self) -> None:
        desk = Module(trades=FRAME)

        def total(trades: pl.DataFrame) -> int:
            raise AssertionError("it is replaced")

        desk.cell(total)
        assert ask(desk.sql("SELECT $total AS n"), total=5).item() == 5

    def test_names_do_not_mind_case_in_sql(self) -> None:
        assert ask(Module(Low=1).sql("SELECT $low AS n"), Low=5).item() == 5

    def test_an_unknown_name_is_an_error_with_near_names(self) -> None:
        with pytest.raises(NameNotFoundError) as found:
            ask(Module(minutes=5).sql("SELECT $minutes"), minute=1)
        assert "`minutes`" in (found.value.hint or "")

    def test_the_cells_own_meaning_wins(self) -> None:
        library = Module("library", top=1)
        one = library.sql("SELECT $top AS n", "one")
        desk = Module(top=2, one=one)
        assert ask(desk.sql("SELECT n, $top AS own FROM one"), top=9).rows() == [(1, 9)]

    def test_two_meanings_above_are_an_error(self) -> None:
        one = Module("a", top=1).sql("SELECT $top AS n")
        other = Module("b", top=1).sql("SELECT $top AS n")
        with pytest.raises(NameClashError, match="2 different nodes"):
            ask(sql("FROM one, other", one=one, other=other), top=5)

    def test_two_keywords_for_one_node_are_an_error(self) -> None:
        desk = Module(trades=FRAME)
        cell = desk.sql("FROM t", t=FRAME)
        with pytest.raises(NameClashError, match="replace the same node"):
            ask(desk.sql("FROM cell, trades", cell=cell), t=FRAME, trades=FRAME)

    def test_a_table_without_the_columns_is_an_error_of_its_reader(self) -> None:
        desk = Module(trades=FRAME)
        with pytest.raises(DataAppError) as found:
            ask(desk.sql("SELECT n FROM trades", "bars"), trades=pl.DataFrame({"x": [1]}))
        assert found.value.cell == "bars"

    def test_a_value_that_is_no_table_is_an_error(self) -> None:
        with pytest.raises(WrongKindError, match="not a table"):
            ask(Module(trades=FRAME).sql("FROM trades"), trades=5)
