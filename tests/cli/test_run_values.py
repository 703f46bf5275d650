"""From the text of an option to the value that an input takes."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.cli.run.values import Takes, describe, text_to_value

MOMENT = dt.datetime.fromisoformat("2024-03-01T09:30")
CHOICE = Takes(like="a", options={"Apple": "AAPL", "Ford, Inc.": "F"})


@pytest.mark.parametrize(
    ("text", "takes", "value"),
    [
        ("15", Takes("INTEGER"), 15),
        ("1e3", Takes("INTEGER"), 1000),
        ("15", Takes("DOUBLE"), 15.0),
        ("yes", Takes("BOOLEAN"), True),
        ("off", Takes("BOOLEAN"), False),
        ("Daily, bars", Takes("VARCHAR"), "Daily, bars"),
        ("2024-03-01", Takes("DATE"), MOMENT.date()),
        ("2024-03-01T09:30", Takes("TIMESTAMP"), MOMENT),
        ("09:30", Takes("TIME"), MOMENT.time()),
        ("2..8", Takes("INTEGER[]", (0, 9)), (2, 8)),
        ("[2,8]", Takes("INTEGER[]", (0, 9)), (2, 8)),
        ("2..", Takes("INTEGER[]", (0, 9), start=0, end=9), (2, 9)),
        ("..8", Takes("INTEGER[]", (0, 9), start=0, end=9), (0, 8)),
        ("2024-03-01..2024-03-02", Takes("DATE[]"), (dt.date(2024, 3, 1), dt.date(2024, 3, 2))),
        ("Apple", CHOICE, "AAPL"),
        ("AAPL", CHOICE, "AAPL"),
        ("2", Takes(like=1, options=[1, 2]), 2),
        ("AAPL,F", Takes(like=[], options=["AAPL", "F"]), ["AAPL", "F"]),
        ('["AAPL","F"]', Takes(like=[], options=["AAPL", "F"]), ["AAPL", "F"]),
        ("Ford, Inc.", Takes(like=[], options={"Ford, Inc.": "F"}), ["F"]),
        ("", Takes(like=["AAPL"], options=["AAPL"]), []),
        ("else", Takes(like="a", options=["a"], is_free=True), "else"),
        ('{"a": 1}', Takes(), {"a": 1}),
    ],
)
def test_a_text_stands_for_a_value(text: str, takes: Takes, value: object):
    found = text_to_value(text, takes)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "takes", "message"),
    [
        ("many", Takes("INTEGER"), "`many` is no number"),
        ("1.5", Takes("INTEGER"), "`1.5` is no whole number"),
        ("nan", Takes("DOUBLE"), "`nan` is no finite number"),
        ("perhaps", Takes("BOOLEAN"), "`perhaps` is neither true nor false"),
        ("March", Takes("DATE"), "`March` is no date in ISO form"),
        ("25:00", Takes("TIME"), "`25:00` is no time of day in ISO form"),
        ("3", Takes("INTEGER[]", (0, 9)), "it is no range"),
        ("3..", Takes("INTEGER[]", (0, 9)), "an end is missing"),
        ("Appel", CHOICE, "`Appel` is not offered; did you mean `Apple`?"),
    ],
)
def test_a_text_that_stands_for_nothing_is_refused(text: str, takes: Takes, message: str):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        text_to_value(text, takes)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("takes", "words"),
    [
        (Takes("INTEGER", 5, start=1, end=9), "a whole number from 1 to 9"),
        (Takes("DOUBLE[]", (0.0, 1.0)), "a range of numbers, such as 0.5..1.5"),
        (Takes("DATE"), "a date such as 2024-03-01"),
        (CHOICE, "one of `Apple`, `Ford, Inc.`"),
        (Takes(like=[], options=[]), "any of nothing: it has no options"),
    ],
)
def test_what_an_input_takes_is_said_in_words(takes: Takes, words: str):
    assert describe(takes) == words


@given(st.integers())
def test_every_whole_number_is_read_as_it_is_written(number: int):
    assert text_to_value(str(number), Takes("BIGINT")) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_as_it_is_written(number: float):
    assert text_to_value(repr(number), Takes("DOUBLE")) == number


@given(st.datetimes())
def test_every_moment_is_read_as_it_is_written(moment: dt.datetime):
    assert text_to_value(moment.isoformat(), Takes("TIMESTAMP")) == moment


@given(st.text())
def test_every_text_stands_for_itself(text: str):
    assert text_to_value(text, Takes("VARCHAR")) == text
