import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataapp.compile.identifiers import fold, quote_identifier, quote_literal, unused

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(NAMES)
def test_a_quoted_identifier_is_one_name(name: str) -> None:
    assert duckdb.sql(f"SELECT 1 AS {quote_identifier(name)}").columns == [name]


@given(NAMES)
def test_a_quoted_literal_is_the_text(text: str) -> None:
    assert duckdb.execute(f"SELECT {quote_literal(text)}").fetchone() == (text,)


@pytest.mark.parametrize(("one", "other", "is_same"), [("Ab", "aB", True), ("Ä", "ä", False), ("a", "b", False)])
def test_names_fold_as_duckdb_compares_them(one: str, other: str, is_same: bool) -> None:
    assert (fold(one) == fold(other)) is is_same
    try:
        duckdb.connect().execute(f"WITH {quote_identifier(one)} AS (SELECT 1) FROM {quote_identifier(other)}")
        assert is_same
    except duckdb.CatalogException:
        assert not is_same


def test_a_taken_name_is_numbered_without_regard_to_case() -> None:
    assert unused("Bars", {"bars", "bars_2"}) == "Bars_3"
