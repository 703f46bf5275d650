"""What readers type, by type of column."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Column, Relation
from dataapp.errors import InputError
from dataapp.views.table.filters.conditions import NEVER, All, AnyOf, Compare, Contains, Equals, IsNull, Matches, OrNull
from dataapp.views.table.filters.parsing import parse_filter
from dataapp.views.table.filters.predicates import ColumnFilter
from dataapp.views.table.relation.queries import Table, count

INTEGER = Column("n", "INTEGER")
PRICE = Column("price", "DECIMAL(12,2)")
DOUBLE = Column("x", "DOUBLE")
TEXT = Column("name", "VARCHAR")
DATE = Column("day", "DATE")
MOMENT = Column("at", "TIMESTAMP")
ZONED = Column("at", "TIMESTAMP WITH TIME ZONE")
TIME = Column("clock", "TIME")
FLAG = Column("flag", "BOOLEAN")


@pytest.mark.parametrize("column", [INTEGER, PRICE, DOUBLE, TEXT, DATE, MOMENT, TIME, FLAG])
def test_blank_text_asks_for_nothing(column: Column):
    assert parse_filter("  ", column) is None


@pytest.mark.parametrize("column", [INTEGER, PRICE, DOUBLE, TEXT, DATE, MOMENT, TIME, FLAG])
def test_nulls_can_be_asked_for_in_every_column(column: Column):
    assert parse_filter("is null", column) == IsNull()
    assert parse_filter("Is Not  NULL", column) == IsNull(negated=True)


def test_the_word_null_is_looked_for_in_text():
    assert parse_filter("null", TEXT) == Contains("null")
    assert parse_filter("null", INTEGER) == IsNull()


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("5", Compare("=", 5)),
        ("= -5", Compare("=", -5)),
        ("!= 5", Compare("<>", 5)),
        ("≥1,000,000", Compare(">=", 1_000_000)),
        ("1e3", Compare("=", 1000)),
        ("5..10", All((Compare(">=", 5), Compare("<=", 10)))),
        ("..-10", All((Compare("<=", -10),))),
        ("5..<10", All((Compare(">=", 5), Compare("<", 10)))),
        ("..<10", All((Compare("<", 10),))),
    ],
)
def test_numbers_are_compared_and_ranged(text: str, condition: object):
    assert parse_filter(text, INTEGER) == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("> 2.5", Compare(">=", 3)),
        (">= 2.5", Compare(">=", 3)),
        ("< 2.5", Compare("<=", 2)),
        ("<= -2.5", Compare("<=", -3)),
        ("= 2.5", NEVER),
        ("!= 2.5", IsNull(negated=True)),
    ],
)
def test_a_fraction_is_compared_with_whole_numbers_without_rounding(text: str, condition: object):
    assert parse_filter(text, INTEGER) == condition


def test_decimals_keep_the_digits_of_the_column():
    assert parse_filter(">= 2.5", PRICE) == Compare(">=", Decimal("2.50"))
    assert parse_filter("= 2.505", PRICE) == NEVER


def test_floats_take_infinities_and_nan():
    assert parse_filter("-inf", DOUBLE) == Compare("=", float("-inf"), "DOUBLE")
    assert parse_filter("nan", DOUBLE) == Compare("=", "nan", "DOUBLE")


def test_a_number_too_large_for_a_float_is_infinite():
    assert parse_filter("< 1e300", Column("x", "FLOAT")) == Compare("<", float("inf"), "FLOAT")


def test_text_is_contained_unless_an_operator_says_otherwise():
    assert parse_filter("aapl", TEXT) == Contains("aapl")
    assert parse_filter('" x "', TEXT) == Contains(" x ")
    assert parse_filter("= AAPL", TEXT) == Equals("AAPL")
    assert parse_filter("!= AAPL", TEXT) == Equals("AAPL", negated=True)
    assert parse_filter('= ""', TEXT) == Equals("")
    assert parse_filter("<script>", TEXT) == Contains("<script>")
    assert parse_filter("a..b", TEXT) == Contains("a..b")


def test_a_month_is_all_of_its_days():
    assert parse_filter("2024-02", DATE) == All(
        (Compare(">=", "2024-02-01", "DATE"), Compare("<", "2024-03-01", "DATE"))
    )
    assert parse_filter("> 2024-02", DATE) == Compare(">=", "2024-03-01", "DATE")
    assert parse_filter("<= 2024-12", DATE) == Compare("<", "2025-01-01", "DATE")


def test_a_range_of_dates_includes_all_of_its_last_one():
    assert parse_filter("2023..2024-02-29", MOMENT) == All(
        (Compare(">=", "2023-01-01 00:00:00", "TIMESTAMP"), Compare("<", "2024-03-01 00:00:00", "TIMESTAMP"))
    )


def test_an_open_range_of_dates_ends_before_all_of_its_last_one():
    assert parse_filter("2023..<2024-02", MOMENT) == All(
        (Compare(">=", "2023-01-01 00:00:00", "TIMESTAMP"), Compare("<", "2024-02-01 00:00:00", "TIMESTAMP"))
    )


def test_a_minute_is_all_of_its_seconds():
    assert parse_filter("2024-02-29T09:30", ZONED) == All(
        (Compare(">=", "2024-02-29 09:30:00", "TIMESTAMPTZ"), Compare("<", "2024-02-29 09:31:00", "TIMESTAMPTZ"))
    )


def test_the_last_minute_of_a_day_ends_with_the_day():
    assert parse_filter("> 2024-02-29 23:59", MOMENT) == Compare(">=", "2024-03-01 00:00:00", "TIMESTAMP")
    assert parse_filter("23:59", TIME) == All((Compare(">=", "23:59:00", "TIME"),))


def test_after_the_last_year_come_days_that_only_columns_have():
    assert parse_filter("> 9999", DATE) == Compare(">=", "10000-01-01", "DATE")
    assert parse_filter("..9999", DATE) == All((Compare("<", "10000-01-01", "DATE"),))
    assert parse_filter("9999-12-31", ZONED) == All(
        (Compare(">=", "9999-12-31 00:00:00", "TIMESTAMPTZ"), Compare("<", "10000-01-01 00:00:00", "TIMESTAMPTZ"))
    )


def test_nothing_lies_after_the_last_microsecond_of_a_day():
    assert parse_filter("> 23:59:59.999999", TIME) == NEVER
    assert parse_filter("..23", TIME) == IsNull(negated=True)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("No", False), ("= 1", True), ("F", False)])
def test_booleans_have_many_names(text: str, value: bool):
    assert parse_filter(text, FLAG) == Compare("=", value)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("abc", INTEGER),
        (">", INTEGER),
        ("5..x", INTEGER),
        (">= 5..6", INTEGER),
        ("..", INTEGER),
        ("5..<", INTEGER),
        ("1,5", INTEGER),
        ("nan", INTEGER),
        ("1e40", INTEGER),
        ("1e999999999", INTEGER),
        ("1e-999999999", INTEGER),
        ("snan", DOUBLE),
        ("1e37", PRICE),
        ("tomorrow", DATE),
        ("last 0 days", DATE),
        ("last 9999 years", DATE),
        ("2024-Q5", DATE),
        ("today", TIME),
        ("in 1, x", INTEGER),
        ("in ,", INTEGER),
        ("in ..23", TIME),
        ("in maybe", FLAG),
        ('in "a', TEXT),
        ('in "a"b, c', TEXT),
        ("<..5", INTEGER),
        ("/(/", TEXT),
        ("!/[/", TEXT),
        (">= or null", INTEGER),
        ("2024-13", DATE),
        ("2024-02-30", DATE),
        ("2024-02-01 10:00", DATE),
        ("0000", DATE),
        ("2024-02-01 25:00", MOMENT),
        ("9", MOMENT),
        ("9:70", TIME),
        ("maybe", FLAG),
        ("> true", FLAG),
        ("= ", TEXT),
    ],
)
def test_nonsense_is_refused_with_an_example_or_a_reason(text: str, column: Column):
    with pytest.raises(InputError) as caught:
        parse_filter(text, column)
    assert caught.value.hint or len(caught.value.message) > 20


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("in AAPL", AnyOf((Equals("AAPL"),))),
        ('IN AAPL, "MS, FT", AAPL,', AnyOf((Equals("AAPL"), Equals("MS, FT")))),
        ('in "a ""b""", \'it\'\'s\'', AnyOf((Equals('a "b"'), Equals("it's")))),
        ("in O'Neil, x y", AnyOf((Equals("O'Neil"), Equals("x y")))),
        ("in a, NULL", AnyOf((Equals("a"),), null=True)),
        ('in "null", ""', AnyOf((Equals("null"), Equals("")))),
        ("not in a, null", AnyOf((Equals("a"),), null=True, negated=True)),
        ("in a or null", AnyOf((Equals("a"),), null=True)),
        ("not in a, null or null", AnyOf((Equals("a"),), negated=True)),
        ("in ()", NEVER),
        ("india", Contains("india")),
        ("!aapl", Contains("aapl", negated=True)),
        ("!", Contains("!")),
        ("starts AA", Contains("AA", "start")),
        ('!ends " x"', Contains(" x", "end", negated=True)),
        ('"starts AA"', Contains("starts AA")),
        ("/^a.*b$/", Matches("^a.*b$")),
        ("!/a b/", Matches("a b", negated=True)),
        ("//", Contains("//")),
        ("= AAPL or null", OrNull(Equals("AAPL"))),
        ('"x or null"', Contains("x or null")),
    ],
)
def test_text_is_listed_matched_and_left_out(text: str, condition: object):
    assert parse_filter(text, TEXT) == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("in 1, 2.5, 3", AnyOf((Compare("=", 1), Compare("=", 3)))),
        ("in 1..<3, 7, null", AnyOf((All((Compare(">=", 1), Compare("<", 3))), Compare("=", 7)), null=True)),
        ("1<..<3", All((Compare(">", 1), Compare("<", 3)))),
        ("1.5<..2.5", All((Compare(">=", 2), Compare("<=", 2)))),
        ("!= 1..3", All((Compare(">=", 1), Compare("<=", 3)), negated=True)),
        ("1..3 or null", OrNull(All((Compare(">=", 1), Compare("<=", 3))))),
        ("not null or null", AnyOf((), negated=True)),
        ("is null or null", IsNull()),
    ],
)
def test_numbers_are_listed_ranged_and_joined_by_nulls(text: str, condition: object):
    assert parse_filter(text, INTEGER) == condition


def test_booleans_are_listed():
    assert parse_filter("in yes, null", FLAG) == AnyOf((Compare("=", True),), null=True)


def test_a_span_after_the_last_one_is_empty():
    assert parse_filter("23<..", TIME) == NEVER
    assert parse_filter("!= 23<..", TIME) == IsNull(negated=True)
    assert parse_filter("!= ..23", TIME) == NEVER


def test_numbers_are_compared_as_the_column_holds_them():
    wide = Column("n", "UHUGEINT")
    assert parse_filter("5", wide) == Compare("=", 5, "UHUGEINT")
    assert parse_filter("> -5", wide) == IsNull(negated=True)
    assert parse_filter("in -5, 5", wide) == AnyOf((Compare("=", 5, "UHUGEINT"),))
    assert parse_filter("-5", wide) == NEVER
    assert parse_filter("0", Column("n", "DECIMAL(38,38)")) == Compare("=", Decimal(0).quantize(Decimal("1e-38")))
    single = Column("x", "FLOAT")
    assert parse_filter("3.4028235e38", single) == Compare("=", 3.4028235e38, "FLOAT")
    assert parse_filter("3.4028236e38", single) == Compare("=", float("inf"), "FLOAT")


def at_noon() -> datetime:
    return datetime(2024, 3, 31, 12, 30)  # noqa: DTZ001 - as readers see it


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("today", (2024, 3, 31), (2024, 4, 1)),
        ("Yesterday", (2024, 3, 30), (2024, 3, 31)),
        ("this week", (2024, 3, 25), (2024, 4, 1)),
        ("last week", (2024, 3, 18), (2024, 3, 25)),
        ("this  month", (2024, 3, 1), (2024, 4, 1)),
        ("last month", (2024, 2, 1), (2024, 3, 1)),
        ("this quarter", (2024, 1, 1), (2024, 4, 1)),
        ("last quarter", (2023, 10, 1), (2024, 1, 1)),
        ("this year", (2024, 1, 1), (2025, 1, 1)),
        ("LAST YEAR", (2023, 1, 1), (2024, 1, 1)),
        ("last 7 days", (2024, 3, 25), (2024, 4, 1)),
        ("last 1 day", (2024, 3, 31), (2024, 4, 1)),
        ("last 2 weeks", (2024, 3, 18), (2024, 4, 1)),
        ("last 1 month", (2024, 3, 1), (2024, 4, 1)),
        ("last 12 months", (2023, 4, 1), (2024, 4, 1)),
        ("2024-Q3", (2024, 7, 1), (2024, 10, 1)),
        ("2024q4", (2024, 10, 1), (2025, 1, 1)),
        ("last month..today", (2024, 2, 1), (2024, 4, 1)),
        ("2023-Q4..<this month", (2023, 10, 1), (2024, 3, 1)),
    ],
)
def test_words_for_dates_are_relative_to_now(text: str, first: tuple[int, int, int], after: tuple[int, int, int]):
    expected = All((Compare(">=", date(*first).isoformat(), "DATE"), Compare("<", date(*after).isoformat(), "DATE")))
    assert parse_filter(text, DATE, at_noon) == expected


def test_months_back_from_a_day_that_a_month_lacks_start_with_its_last_day():
    march_30 = lambda: datetime(2024, 3, 30)  # noqa: DTZ001, E731 - as above
    found = parse_filter("last 1 month", DATE, march_30)
    assert found == All((Compare(">=", "2024-02-29", "DATE"), Compare("<", "2024-03-31", "DATE")))


def test_a_wrong_pattern_is_explained_in_the_engines_words():
    with pytest.raises(InputError, match=r"missing \): \("):
        parse_filter("/(/", TEXT)


NANOSECONDS = ["1677-09-22 00:00:00.000000001", "2024-05-05", "2262-04-11 23:47:16.854775806", "infinity", "-infinity"]


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("2500", []),
        ("!= 2500", NANOSECONDS),
        (">= 2500", ["infinity"]),
        ("> 2500", ["infinity"]),
        ("< 2500", [*NANOSECONDS[:3], "-infinity"]),
        ("<= 2500", [*NANOSECONDS[:3], "-infinity"]),
        (">= 1500", [*NANOSECONDS[:3], "infinity"]),
        ("> 1500", [*NANOSECONDS[:3], "infinity"]),
        ("< 1500", ["-infinity"]),
        ("1500..2500", NANOSECONDS[:3]),
        ("1677", [NANOSECONDS[0]]),
        ("2262-04-11", [NANOSECONDS[2]]),
        ("in 1500, 2024", ["2024-05-05"]),
    ],
)
def test_nanoseconds_are_compared_with_moments_that_they_do_not_reach(engine: DuckDB, text: str, passing: list[str]):
    column = Column("moment", "TIMESTAMP_NS")
    condition = parse_filter(text, column)
    assert condition is not None
    listed = ", ".join(f"('{one}', TIMESTAMP_NS '{one}')" for one in NANOSECONDS)
    rows = Relation(f"SELECT * FROM (VALUES {listed}) AS t(said, moment)", key=text, engine=engine)
    query = count(Table.of_relation((Column("said", "VARCHAR"), column)), (ColumnFilter(1, condition),))
    with rows.open() as reader:
        found = reader.fetch(query.sql.replace("count(*)", "said"), query.parameters)
    assert found.column("said").to_pylist() == passing
