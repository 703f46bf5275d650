"""Codes, classes and the reference page belong together."""

import re
from pathlib import Path

import pytest

from dataapp import errors
from dataapp.cli.check.findings import CODES
from dataapp.errors import DataAppError, near

PAGE = Path(__file__).resolve().parents[1] / "docs" / "errors.md"
ROW = re.compile(r"^\| (DA\d{3}) \| (.+?) \| (.*?) \| (.+?) \|$", re.MULTILINE)


def classes(root: type[DataAppError] = DataAppError) -> list[type[DataAppError]]:
    own = [root] if root.__module__ == errors.__name__ else []
    return [*own, *(found for child in root.__subclasses__() for found in classes(child))]


def documented() -> list[tuple[str, str]]:
    return [(code, situation) for code, situation, _, _ in ROW.findall(PAGE.read_text("utf-8"))]


def test_every_class_has_a_code_of_its_own():
    codes = [kind.code for kind in classes()]
    assert sorted(codes) == sorted(set(codes))


def test_every_class_states_its_code_itself():
    assert [kind.__name__ for kind in classes() if "code" not in vars(kind)] == []


def test_codes_of_the_check_are_not_those_of_classes():
    assert {kind.code for kind in classes()} & set(CODES) == set()


def test_every_code_is_documented_once_and_nothing_else_is():
    codes = [kind.code for kind in classes()] + list(CODES)
    assert sorted(code for code, _ in documented()) == sorted(codes)


@pytest.mark.parametrize("kind", [kind for kind in classes() if kind is not DataAppError])
def test_the_page_says_the_situation_as_the_class_does(kind: type[DataAppError]):
    assert dict(documented())[kind.code] == (kind.__doc__ or "").splitlines()[0]


@pytest.mark.parametrize("code", CODES)
def test_the_page_says_the_situation_as_the_check_does(code: str):
    assert dict(documented())[code] == CODES[code]


def test_every_row_of_the_page_has_four_fields():
    text = PAGE.read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("| DA") and not ROW.match(line)] == []


def test_an_error_prints_what_where_hint_and_code():
    error = errors.ColumnNotFoundError("There is no column `clse`.", hint="did you mean `close`?", line=2, column=8)
    assert str(error) == "There is no column `clse`. (line 2, column 8) Hint: did you mean `close`? [DA204]"


def test_an_error_without_place_and_hint_prints_message_and_code():
    assert str(errors.BlockedError("`bars` is blocked.")) == "`bars` is blocked. [DA801]"


def test_a_cancellation_is_no_error_of_the_tree():
    assert not issubclass(errors.Cancelled, DataAppError)


def test_near_offers_names_as_they_are_written():
    assert near("TRADE", ["Trades", "quotes"]) == "did you mean `Trades`?"


def test_near_offers_at_most_three_names():
    assert (near("bar", ["bar1", "bar2", "bar3", "bar4"]) or "").count("`") == 6


def test_near_is_silent_about_distant_names():
    assert near("xyz", ["trades", "quotes"]) is None


def test_near_is_silent_when_nothing_is_known():
    assert near("trades", []) is None
