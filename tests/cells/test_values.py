"""Values and the SQL types that their inputs give them."""

import pytest

from dataapp.cells.values import Bound


@pytest.mark.parametrize("value", [None, [], [None, None]])
def test_a_value_that_does_not_show_its_type_needs_a_cast(value: object) -> None:
    assert Bound(value, "DOUBLE[]").needs_cast


@pytest.mark.parametrize("value", [0, "", [1], [None, 1], False])
def test_a_value_that_shows_its_type_needs_none(value: object) -> None:
    assert not Bound(value, "DOUBLE[]").needs_cast


def test_without_a_promised_type_there_is_nothing_to_cast_to() -> None:
    assert not Bound(None).needs_cast
