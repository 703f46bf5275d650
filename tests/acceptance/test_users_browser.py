"""Two people who sign in see rows of their own, whatever their links say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

_APP = """
import dataapp as da
import panel as pn

orders = da.sql("FROM (VALUES ('ann', 11), ('bob', 22)) t(owner, amount)")
user = da.user()
mine = da.sql("FROM orders WHERE owner = $user.name")
pn.Column(mine).servable()
"""


@pytest.fixture(scope="module")
def served(serve_for_module: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("users")
    (folder / "users.json").write_text(json.dumps({"ann": "a-secret", "bob": "b-secret"}), "utf-8")
    return serve_for_module(_APP, "--basic-auth", str(folder / "users.json"), "--cookie-secret", "only-for-this-test")


def _sign_in(browser: Browser, url: str, name: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(url)
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(f"{name[0]}-secret")
    page.locator("input[name=password]").press("Enter")
    return page


def test_each_sees_rows_of_their_own(browser: Browser, served: Any) -> None:
    for name, amount, other in (("ann", "11", "22"), ("bob", "22", "11")):
        page = _sign_in(browser, served.url, name)
        rows = page.locator(".explorer tbody")
        expect(rows).to_contain_text(amount)
        expect(rows).not_to_contain_text(other)
        page.goto(served.url + '?user={"name":"ann"}&user.name=ann')
        expect(page.locator(".explorer tbody")).to_contain_text(amount)
        page.context.close()
