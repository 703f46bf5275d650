"""The ends of bins: round ones, of every type, up to the last value that the type can hold."""

from datetime import datetime
from decimal import Decimal

import pytest

from dataapp.engines.relation import Column
from dataapp.views.table.summaries.bins import MOST_BINS, Axis, Bin, merged, moment_axis, number_axis


def numbers(type_: str, low: object, high: object) -> list[Bin]:
    return list(number_axis(Column("x", type_), Decimal(str(low)), Decimal(str(high))).bins)


def moments(type_: str, low: datetime, high: datetime) -> list[Bin]:
    return list(moment_axis(Column("x", type_), low, high).bins)


def at(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - the column's own clock


def test_a_few_whole_numbers_have_a_bar_each():
    assert [one.filter for one in numbers("INTEGER", 1, 5)] == ["1", "2", "3", "4", "5"]


def test_whole_numbers_are_in_ranges_whose_ends_both_belong_to_them():
    found = numbers("INTEGER", 3, 998)
    assert [one.filter for one in found][:2] == ["0..49", "50..99"]
    assert found[-1].label == "950 – 999"


def test_fractions_are_in_ranges_without_their_end():
    assert numbers("DOUBLE", 0.02, 0.9)[0].filter == "0..<0.05"
    assert numbers("DECIMAL(8,2)", "-5", "5")[0].filter == "-5..<-4.5"


def test_one_value_is_one_bar():
    assert [one.filter for one in numbers("DOUBLE", 0.1, 0.1)] == ["0.1"]
    assert [one.filter for one in numbers("BIGINT", 7, 7)] == ["7"]
    assert [one.filter for one in moments("DATE", at(2024, 3, 5), at(2024, 3, 5))] == ["2024-03-05"]


@pytest.mark.parametrize(
    ("type_", "low", "high"),
    [
        ("TINYINT", -128, 127),
        ("BIGINT", -(2**63), 2**63 - 1),
        ("UBIGINT", 0, 2**64 - 1),
        ("HUGEINT", -(2**127), 2**127 - 1),
        ("DECIMAL(38,10)", "-" + 28 * "9", 28 * "9"),
        ("DOUBLE", "-1.7976931348623157e308", "1.7976931348623157e308"),
        ("DOUBLE", "5e-324", "1e-323"),
        ("DOUBLE", "1", "1.0000000000000002"),
        ("FLOAT", "-3.4028234663852886e38", "3.4028234663852886e38"),
    ],
)
def test_the_ends_of_a_type_are_no_ends_of_the_picture(type_: str, low: object, high: object):
    found = numbers(type_, low, high)
    assert 1 <= len(found) <= MOST_BINS + 2
    assert Decimal(found[-1].last) >= Decimal(str(high)) or float(found[-1].last) >= float(str(high))


def test_no_filter_of_the_largest_floats_asks_for_infinity():
    found = numbers("DOUBLE", "-1.7976931348623157e308", "1.7976931348623157e308")
    assert "inf" not in f"{found[0].filter} {found[-1].filter}"


def test_bins_end_with_the_last_nanosecond_that_the_type_has():
    found = moment_axis(Column("x", "TIMESTAMP_NS"), at(1677, 9, 22), at(2262, 4, 11, 23, 47, 16, 854775))
    assert (found.below, found.bins[-1].last) == ("-infinity", "2262-04-11 23:47:16.854775806")


def test_the_outermost_bins_of_the_widest_decimals_ask_for_what_is_beyond_their_ends():
    found = numbers("DECIMAL(38,38)", "-0." + 38 * "9", "0." + 38 * "9")
    assert (found[0].filter, found[9].filter, found[10].filter) == ("..<-0.9", "-0.1..<0", "0..<0.1")
    assert found[-1].filter == "0.9.."


def test_what_the_language_cannot_say_has_no_filter():
    assert numbers("HUGEINT", -(2**127), 2**127 - 1)[0].filter is None


@pytest.mark.parametrize(
    ("low", "high", "first", "last"),
    [
        (at(1990, 1, 5), at(2010, 1, 1), "1990", "2010"),
        (at(2013, 1, 5), at(2014, 9, 30), "2013-01", "2014-09"),
        (at(2024, 3, 5), at(2024, 3, 20), "2024-03-05", "2024-03-20"),
        (at(2024, 1, 3), at(2024, 4, 1), "2024-01-01..2024-01-07", "2024-04-01..2024-04-07"),
        (at(2024, 3, 5, 9), at(2024, 3, 5, 15), "2024-03-05 09:00..<2024-03-05 09:15", None),
        (at(2024, 3, 5, 9, 0, 1), at(2024, 3, 5, 9, 0, 20), "2024-03-05 09:00:01..<2024-03-05 09:00:02", None),
    ],
)
def test_moments_have_ends_of_a_calendar(low: datetime, high: datetime, first: str, last: str | None):
    found = moments("TIMESTAMP", low, high)
    assert found[0].filter == first
    assert last is None or found[-1].filter == last
    assert len(found) <= MOST_BINS + 2


def test_dates_have_no_times():
    assert moments("DATE", at(2024, 3, 5), at(2024, 3, 6))[0].filter == "2024-03-05"


def test_the_last_year_and_the_last_hour_have_no_end():
    assert moments("DATE", at(1, 1, 1), at(9999, 12, 31))[-1].filter == "9500..9999"
    assert moments("TIME", at(1, 1, 1), at(1, 1, 1, 23, 59))[-1].filter == "23:00.."


def test_what_the_clock_skips_is_joined_to_what_came_before():
    bins = tuple(
        Bin(f"{hour}", f"{hour}..<{hour + 1}", f"{hour}", f"<{hour + 1}", f"{hour + 1}") for hour in range(1, 5)
    )
    found = merged(Axis(bins, "TIMESTAMP WITH TIME ZONE", "1"), [1, 3, 3, 4])
    assert [one.filter for one in found.bins] == ["1..<2", "2..<4", "4..<5"]
