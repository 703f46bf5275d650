"""What is known of cells without running anything."""

import polars as pl
import pytest

import dataapp as da
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column
from dataapp.runtime.binding import Broken, Held, Known, Opaque, Plain, bind

ROWS = da.sql("SELECT 'A' AS symbol, 1 AS n", name="rows")


@pytest.fixture
def engine() -> DuckDB:
    return DuckDB()


def test_columns_of_a_chain_are_those_of_one_query(engine: DuckDB):
    top = da.sql("SELECT n * 2.5 AS m FROM rows", rows=ROWS)
    assert bind(engine, [top]).states[top] == Known((Column("m", "DECIMAL(12,1)"),))


def test_what_is_read_comes_before_who_reads_it(engine: DuckDB):
    top = da.sql("FROM rows", rows=ROWS)
    assert list(bind(engine, [top]).states) == [ROWS, top]


def test_a_cell_without_one_meaning_is_bound_and_not_run(engine: DuckDB):
    loud = da.sql("SELECT error('it ran')::INTEGER AS n, random() AS r")
    top = da.sql("SELECT n FROM loud", loud=loud)
    assert bind(engine, [top]).states[top] == Known((Column("n", "INTEGER"),))


def test_a_broken_cell_holds_its_readers(engine: DuckDB):
    wrong = da.sql("SELECT m FROM rows", rows=ROWS)
    top = da.sql("FROM wrong", wrong=wrong)
    further = da.sql("FROM top", top=top)
    states = bind(engine, [further]).states
    assert isinstance(states[wrong], Broken)
    assert states[further] == Held(wrong)


def test_all_members_of_a_circle_hold_one_error(engine: DuckDB):
    names: dict[str, object] = {}
    exec("import dataapp as da\na = da.sql('FROM b')\nb = da.sql('FROM a')", names)  # noqa: S102  # a module of its own
    states = bind(engine, [names["a"]]).states  # pyright: ignore[reportArgumentType]
    assert len({id(state.faults[""]) for state in states.values() if isinstance(state, Broken)}) == 1


def test_a_python_cell_is_not_called(engine: DuckDB):
    @da.cell(rows=ROWS)
    def made(rows: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError

    top = da.sql("FROM made", made=made)
    assert bind(engine, [top]).states[top] == Opaque("a Python cell makes it")


def test_an_explorer_is_what_it_shows(engine: DuckDB):
    seen = da.explore(ROWS)
    assert isinstance(bind(engine, [seen]).states[seen], Known)


def test_every_unresolved_name_is_a_fault_of_its_own(engine: DuckDB):
    wrong = da.sql("SELECT $nowhere FROM nothing")
    state = bind(engine, [wrong]).states[wrong]
    assert isinstance(state, Broken)
    assert sorted(state.faults) == ["nothing", "nowhere"]


def test_an_unresolved_name_says_where_it_stands(engine: DuckDB):
    wrong = da.sql("SELECT 1\nFROM nothing")
    state = bind(engine, [wrong]).states[wrong]
    assert isinstance(state, Broken)
    assert (state.faults["nothing"].line, state.faults["nothing"].column) == (2, 6)


def test_what_a_cell_with_faults_reads_is_still_known(engine: DuckDB):
    wrong = da.sql("FROM rows, nothing", rows=ROWS)
    assert bind(engine, [wrong]).reads(wrong) == [ROWS]


def test_an_empty_choice_names_its_column_all_the_same(engine: DuckDB):
    top = da.sql("FROM rows WHERE $chosen", rows=ROWS, chosen=da.match("nowhere", []))
    state = bind(engine, [top]).states[top]
    assert isinstance(state, Broken)
    assert state.faults[""].code == "DA204"


def test_a_value_of_several_columns_is_a_fault(engine: DuckDB):
    top = da.sql("SELECT $rows", rows=ROWS)
    state = bind(engine, [top]).states[top]
    assert isinstance(state, Broken)
    assert state.faults["rows"].code == "DA104"


def test_constants_are_plain(engine: DuckDB):
    top = da.sql("SELECT $n AS n", n=5)
    assert [type(state) for state in bind(engine, [top]).states.values()] == [Plain, Known]


def test_a_view_that_a_selection_cannot_filter_is_found_without_running_anything(engine: DuckDB):
    chosen = da.match("symbol", ["A"], name="chosen")
    fine = da.sql("SELECT symbol, count(*) AS n FROM rows GROUP BY ALL", rows=ROWS)
    first = da.sql("SELECT n FROM rows ORDER BY ALL LIMIT 1", rows=ROWS, name="first")
    views = da.crossfilter(chosen, fine, first)[1:]
    states = bind(engine, views).states
    faults = [state.faults[""].code for state in states.values() if isinstance(state, Broken)]
    assert faults == ["DA703"]
    assert states[views[0]] == Known((Column("symbol", "VARCHAR"), Column("n", "BIGINT")))
