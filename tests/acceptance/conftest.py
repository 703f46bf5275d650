"""Acceptance tests wait longer than Playwright does: a loaded machine is not a broken app."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect


@pytest.fixture(autouse=True, scope="package")
def _wait_longer() -> Iterator[None]:
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)
