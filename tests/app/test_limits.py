"""A page's time limit is its session's."""

from collections.abc import Iterator

import pytest

import dataapp as da
from dataapp.app.sessions import current_session
from dataapp.errors import TimeLimitError


@pytest.fixture
def _as_before() -> Iterator[None]:
    yield
    current_session().limits.default = None


@pytest.mark.usefixtures("_as_before")
def test_the_session_that_shows_the_page_has_its_limit():
    page = da.App("Page", main=[da.sql("SELECT 1")], timeout=3)
    assert current_session().limits.default is None
    assert page.page is not None
    assert current_session().limits.default == 3.0


@pytest.mark.usefixtures("_as_before")
def test_a_page_without_a_limit_leaves_the_sessions():
    current_session().limits.default = 7.0
    assert da.App("Page", main=[da.sql("SELECT 1")]).page is not None
    assert current_session().limits.default == 7.0


@pytest.mark.usefixtures("_as_before")
def test_an_explanation_takes_no_longer_than_the_page_allows():
    current_session().limits.default = 0.05
    endless = da.sql("SELECT sum(range) AS total FROM range(1_000_000_000_000_000)")
    with pytest.raises(TimeLimitError, match=r"was stopped after 0\.05 s"):
        endless.explain()
