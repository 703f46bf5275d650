"""Values in the URL: round trips, what a link may not do, and which inputs have a key."""

import contextlib
import datetime as dt
import json
import logging
from types import SimpleNamespace

import panel as pn
import param
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dataapp as da
from dataapp.app.url import Address, decode, encode
from dataapp.cells.adapters import as_cell
from dataapp.cells.input import InputCell
from dataapp.cells.namespace import Namespace
from dataapp.runtime.equality import is_same

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_DAYS = st.dates()
_MOMENTS = st.datetimes().map(lambda moment: moment.replace(fold=0))
_ENDS = dt.datetime.fromisoformat("2024-01-01"), dt.datetime.fromisoformat("2024-01-02")
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
_WHOLE = st.integers(-(2**53), 2**53)


def _lists(items: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
    return st.lists(items, max_size=5)


def _pairs(items: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, object]]:
    return st.tuples(items, items)


_TYPED = st.one_of(
    *(
        st.tuples(values, st.just(sql_type), st.just(like))
        for values, sql_type, like in [
            (_TEXTS, "VARCHAR", ""),
            (st.booleans(), "BOOLEAN", False),
            (_WHOLE, "INTEGER", 0),
            (_WHOLE, "BIGINT", 0),
            (_NUMBERS, "DOUBLE", 0.0),
            (_DAYS, "DATE", None),
            (_MOMENTS, "TIMESTAMP", None),
            (_DAYS, "TIMESTAMP", None),
            (st.times().map(lambda time: time.replace(fold=0)), "TIME", None),
            (_lists(_TEXTS), "VARCHAR[]", []),
            (_lists(_WHOLE), "BIGINT[]", []),
            (_lists(_NUMBERS), "DOUBLE[]", []),
            (_lists(st.one_of(_TEXTS, _WHOLE, st.none())), None, []),
            (_pairs(_WHOLE), "INTEGER[]", (0, 1)),
            (_pairs(_NUMBERS), "DOUBLE[]", (0.0, 1.0)),
            (_pairs(_DAYS), "DATE[]", None),
            (_pairs(_MOMENTS), "TIMESTAMP[]", _ENDS),
            (_pairs(_MOMENTS), None, _ENDS),
            (st.none(), "DOUBLE", None),
        ]
    )
)


@given(_TYPED)
def test_what_is_written_into_a_link_is_what_comes_out(case: tuple[object, str | None, object]) -> None:
    value, sql_type, like = case
    text = encode(value)
    assert text is not None
    assert is_same(decode(text, sql_type, like), value)


@given(
    st.text(max_size=30),
    st.sampled_from(["INTEGER", "DOUBLE", "BOOLEAN", "DATE", "TIME", "DOUBLE[]", None]),
)
def test_any_text_is_decoded_or_refused_with_a_value_error(text: str, sql_type: str | None) -> None:
    with contextlib.suppress(ValueError):
        decode(text, sql_type, None)


@pytest.mark.parametrize(
    ("text", "sql_type"),
    [
        ("1e999", "INTEGER"),
        ("NaN", "DOUBLE"),
        ("Infinity", "DOUBLE"),
        ("true", "DOUBLE"),
        ("5.5", "INTEGER"),
        ("yes", "BOOLEAN"),
        ("20240301", "DATE"),
        ("[" * 100_000, "DOUBLE"),
        ("1" * 5000, "INTEGER"),
    ],
)
def test_ill_typed_text_is_refused(text: str, sql_type: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(text, sql_type, None)


def test_text_without_quotes_is_taken_as_it_is_written() -> None:
    assert [decode(text, "VARCHAR", "") for text in ("AAPL", "5", "1e5", "true", "[1]")] == [
        "AAPL",
        "5",
        "1e5",
        "true",
        "[1]",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes", "\ud800", "x" * 3000])
def test_what_has_no_short_text_is_left_out(value: object) -> None:
    assert encode(value) is None


# One address, without a server.

minutes = da.input(pn.widgets.IntSlider, start=1, end=120, value=15)
depth = da.input(pn.ui.IntSlider, start=1, end=9, value=3)
word = da.input(pn.ui.TextInput, value="")
secret = da.input(pn.ui.PasswordInput, value="")
old_secret = da.input(pn.widgets.PasswordInput, value="")
side = da.input(pn.widgets.Select, options=["buy", "sell"])
sides = da.input(pn.widgets.MultiChoice, options={"Buying": "buy", "Selling": "sell"})
span = da.input(pn.widgets.RangeSlider, start=0.0, end=10.0, value=(2.0, 3.0))
day = da.input(pn.widgets.DatePicker, start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
days = da.input(pn.ui.DateRangePicker)
flag = da.input(pn.ui.Checkbox, value=False)
free = da.input(pn.widgets.AutocompleteInput, options=["a"], restrict=False)
fed = da.input(pn.widgets.MultiChoice, options=da.sql("SELECT 'a' AS letter UNION ALL SELECT 'b'"))
fed_one = da.input(pn.widgets.Select, options=da.sql("SELECT 'a' AS letter"))
fed_end = da.input(pn.widgets.IntSlider, start=0, end=da.sql("SELECT 50"))
fed_ends = da.input(pn.widgets.RangeSlider, end=da.sql("SELECT 50.0"))


def _open(cell: InputCell, **given: str) -> tuple[object, Address, list[str]]:
    written: list[str] = []
    address = Address(given, written.append)
    control = cell.kind.open(cell.label)
    address.restore(cell, control)
    return address.initial(cell), address, written


@pytest.mark.parametrize(
    ("cell", "text", "value"),
    [
        (minutes, "30", 30),
        (depth, "9", 9),
        (word, "hello", "hello"),
        (word, '"<b>"', "<b>"),
        (side, "sell", "sell"),
        (sides, '["sell"]', ["sell"]),
        (sides, "sell", ["sell"]),
        (span, "[1, 4]", (1.0, 4.0)),
        (day, "2024-05-01", dt.date(2024, 5, 1)),
        (days, '["2024-05-01", "2024-05-02"]', (dt.date(2024, 5, 1), dt.date(2024, 5, 2))),
        (flag, "true", True),
        (free, "zebra", "zebra"),
        (fed, '["z"]', ["z"]),
        (fed, "z", ["z"]),
        (fed_one, "z", "z"),
        (fed_end, "999", 999),
        (fed_ends, "[1, 999]", (1.0, 999.0)),
    ],
)
def test_link_restores(cell: InputCell, text: str, value: object) -> None:
    assert is_same(_open(cell, **{cell.label: text})[0], value)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (minutes, "121"),
        (minutes, "0"),
        (minutes, "1e999"),
        (minutes, "null"),
        (minutes, "[5]"),
        (minutes, "DROP TABLE trades"),
        (depth, "-1"),
        (side, "steal"),
        (side, '["buy"]'),
        (side, '{"a": 1}'),
        (sides, '["steal"]'),
        (sides, '[["buy"]]'),
        (span, "[1]"),
        (span, "[1, 2, 3]"),
        (span, "[1, null]"),
        (span, "[1, 11]"),
        (span, '["a", "b"]'),
        (day, "2025-01-01"),
        (day, "yesterday"),
        (days, '["2024-05-01"]'),
        (flag, "1"),
        (secret, "hunter2"),
        (old_secret, "hunter2"),
        (fed_one, '["a"]'),
        (fed_end, "-1"),
        (fed_end, "null"),
        (fed_ends, "[1]"),
        (fed_ends, "[null, 1]"),
    ],
)
def test_forged_value_is_ignored(cell: InputCell, text: str) -> None:
    default = cell.kind.default()
    assert is_same(_open(cell, **{cell.label: text})[0], default)


def test_default_is_left_out_and_what_else_the_link_says_stays() -> None:
    _, address, written = _open(minutes, tab="2")
    address.mirror(minutes, 30)
    address.mirror(minutes, 15)
    assert written == ["?tab=2&minutes=30", "?tab=2"]


@pytest.mark.parametrize("cell", [secret, old_secret])
def test_password_is_never_in_a_link(cell: InputCell) -> None:
    _, address, written = _open(cell)
    address.mirror(cell, "hunter2")
    assert written == []


def test_input_without_a_name_is_left_out_with_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    held = SimpleNamespace(cell=da.input(pn.widgets.IntInput))  # bound to no variable of the module
    with caplog.at_level(logging.WARNING, "dataapp"):
        _, address, written = _open(held.cell)
        address.mirror(held.cell, 1)
        address.mirror(held.cell, 2)
    assert written == []
    assert [record.getMessage() for record in caplog.records] == [
        f"An input at {held.cell.namespace.place} has no name, so the URL leaves it out."
    ]


def test_second_input_of_a_name_has_its_module_in_the_key() -> None:
    kind = minutes.kind
    other = InputCell(kind, Namespace("other.desk", None, 1, {}, {}), name="minutes")
    written: list[str] = []
    address = Address({"other.desk.minutes": "20"}, written.append)
    for cell in (minutes, other):
        address.restore(cell, cell.kind.open(cell.label))
    assert (address.initial(minutes), address.initial(other)) == (15, 20)
    address.mirror(minutes, 7)
    assert written == ["?other.desk.minutes=20&minutes=7"]


class Settings(param.Parameterized):
    level = param.Integer(default=1, bounds=(0, 5))


def test_parameter_is_restored_within_its_bounds() -> None:
    namespace = Namespace("desk", None, 1, {}, {})
    starts: list[object] = []
    for text in ("4", "9"):
        cell = as_cell(Settings().param.level, "level", namespace)
        assert isinstance(cell, InputCell)
        starts.append(_open(cell, level=text)[0])
    assert starts == [4, 1]


def test_computed_input_is_not_in_a_link() -> None:
    slider = pn.widgets.IntSlider(value=2, end=9)
    cell = as_cell(pn.bind(lambda n: n * 2, slider), "double", Namespace("desk", None, 1, {}, {}))
    assert isinstance(cell, InputCell)
    start, address, written = _open(cell, double="100")
    address.mirror(cell, 8)
    assert (start, written) == (4, [])


numbers = da.sql("SELECT range AS n, range AS m FROM range(10)")
dragged = da.brush(da.chart(numbers).mark_tick().encode(x="n:Q"))


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ('{"n": [2, 4]}', {"n": (2, 4)}),
        ('{"other": [2, 4]}', None),
        ('{"n": 5}', None),
        ("[2, 4]", None),
        ("<script>", None),
    ],
)
def test_brush_is_restored_when_it_fits_the_chart(text: str, selected: object) -> None:
    assert isinstance(dragged.of, InputCell)
    assert _open(dragged.of, dragged=text)[0] == selected


def test_brush_survives_a_round_trip() -> None:
    assert isinstance(dragged.of, InputCell)
    ends = {"n": tuple(map(dt.datetime.fromisoformat, ("2024-01-02T09:30:00", "2024-01-02T16:00:00")))}
    text = encode(ends)
    assert text is not None
    assert json.loads(text) == {"n": ["2024-01-02T09:30:00", "2024-01-02T16:00:00"]}
    assert _open(dragged.of, dragged=text)[0] == ends
