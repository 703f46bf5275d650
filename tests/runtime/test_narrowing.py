"""What databases are asked for: statements of their own, with names quoted and values bound."""

from decimal import Decimal

import pyarrow as pa

from dataapp.cells.database import COMPARES_ALIKE, Statement
from dataapp.cells.values import Bound
from dataapp.compile.restrictions import (
    EVERY_ROW,
    Comparison,
    Constant,
    Membership,
    NullTest,
    Restriction,
    all_of,
    any_of,
)
from dataapp.compile.target import DUCKDB, Target
from dataapp.runtime.narrowing import Narrowed, narrowed
from dataapp.runtime.projection import Wanted

ALIKE = {COMPARES_ALIKE: b""}
SCHEMA = pa.schema(
    [
        pa.field("n", pa.int16(), metadata=ALIKE),
        pa.field('Odd "name"', pa.string_view(), metadata=ALIKE),
        pa.field("m", pa.decimal128(4, 1), metadata=ALIKE),
        pa.field("other", pa.int16()),
        pa.field("at", pa.timestamp("us", "UTC"), metadata=ALIKE),
    ]
)
NUMBERED = Target("numbered", numbers_parameters=True, fence=("", "\nOFFSET 0"))
ONE, TWO = Constant("integer", 1), Constant("integer", 2)


def narrow(
    *rows: Restriction, columns: frozenset[str] | None = None, target: Target = NUMBERED, is_fenced: bool = False
) -> Narrowed:
    statement = Statement("TABLE t", {"low": Bound(7)})
    return narrowed(statement, SCHEMA, Wanted(columns, frozenset(rows) or None), target, is_fenced=is_fenced)


def test_values_are_bound_behind_those_that_are_there_and_names_are_quoted() -> None:
    text = Membership('odd "name"', (Constant("literal", "it's"), Constant("literal", "")))
    found = narrow(all_of([Comparison("n", ">=", TWO), text, NullTest("m", is_null=False)]), columns=frozenset("n"))
    assert found.statement.sql == (
        'SELECT "n" FROM (TABLE t\n) AS rows WHERE "n" >= $2 AND "Odd ""name""" IN ($3, $4) AND "m" IS NOT NULL'
    )
    assert list(found.statement.parameters.values()) == [Bound(7), Bound(2), Bound("it's"), Bound("")]
    assert str(found.restriction) == "n >= 2 AND \"odd \"\"name\"\"\" IN ('it''s', '') AND m IS NOT NULL"


def test_the_rows_of_every_reader_pass() -> None:
    found = narrow(Comparison("n", "=", ONE), all_of([Comparison("n", "<", TWO), NullTest("m", is_null=True)]))
    assert found.statement.sql.endswith(' AS rows WHERE ("n" < $2 AND "m" IS NULL OR "n" = $3)')


def test_columns_that_a_database_may_compare_in_its_own_way_restrict_nothing() -> None:
    for column in ("other", "at", "nope"):
        assert narrow(NullTest(column, is_null=True)).restriction == EVERY_ROW
        either = any_of([NullTest(column, is_null=True), Comparison("n", "=", ONE)])
        assert narrow(either).statement.sql == "TABLE t"
    assert str(narrow(all_of([NullTest("at", is_null=True), Comparison("n", "=", ONE)])).restriction) == "n = 1"


def test_of_text_only_equality_is_asked_for() -> None:
    for comparator in ("<>", "<", "<=", ">", ">="):
        assert narrow(Comparison('odd "name"', comparator, Constant("literal", "a"))).restriction == EVERY_ROW
    for text in ("\0", "\ud800"):
        assert narrow(Comparison('odd "name"', "=", Constant("literal", text))).restriction == EVERY_ROW
    assert narrow(Comparison('odd "name"', "=", Constant("literal", "☃"))).restriction != EVERY_ROW


def test_decimals_are_compared_with_what_they_can_hold() -> None:
    assert narrow(Comparison("m", "<", Constant("decimal", 999.9))).statement.parameters["pushed2"] == Bound(
        Decimal("999.9")
    )
    for constant in (Constant("decimal", 0.25), Constant("integer", 1000), Constant("double", 0.5)):
        assert narrow(Comparison("m", "<", constant)).restriction == EVERY_ROW


def test_a_text_of_a_cell_is_behind_a_fence() -> None:
    found = narrow(Comparison("n", "=", ONE), columns=frozenset("m"), is_fenced=True).statement
    assert found.sql == (
        'SELECT "m" FROM (SELECT "n", "m" FROM (TABLE t\n) AS fenced\nOFFSET 0\n) AS rows WHERE "n" = $2'
    )
    assert found.sql.encode()[found.before :].startswith(b"TABLE t")
    assert "fenced" not in narrow(columns=frozenset("m"), is_fenced=True).statement.sql


def test_names_of_values_do_not_meet() -> None:
    statement = Statement("SELECT $Pushed AS n", {"Pushed": Bound(1)})
    wanted = Wanted(None, frozenset([Comparison("n", "=", ONE)]))
    found = narrowed(statement, SCHEMA, wanted, DUCKDB, is_fenced=False).statement
    assert found.parameters == {"Pushed": Bound(1), "pushed_2": Bound(1)}
    assert found.sql.endswith('WHERE "n" = $pushed_2')


def test_a_great_many_values_restrict_nothing() -> None:
    many = Membership("n", tuple(Constant("integer", number) for number in range(1_001)))
    assert narrow(many).restriction == EVERY_ROW


def test_names_that_differ_in_case_only_restrict_nothing() -> None:
    schema = pa.schema([pa.field(name, pa.int32(), metadata=ALIKE) for name in ("n", "N")])
    wanted = Wanted(frozenset("n"), frozenset([Comparison("n", "=", ONE)]))
    assert narrowed(Statement("TABLE t", {}), schema, wanted, DUCKDB, is_fenced=False).statement.sql == "TABLE t"
