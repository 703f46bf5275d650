"""Two people who sign in read one source with a policy, in every way that a page shows it, on one server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

_APP = """
import dataapp as da
import panel as pn
import polars as pl

orders = da.source("orders.parquet", policy="owner = $user.name")
least = da.input(pn.widgets.IntSlider, start=0, end=100, name="Least")
totals = da.sql("SELECT label, sum(amount)::INTEGER AS total FROM orders WHERE amount >= $least GROUP BY ALL")


@da.cell
def words(orders: pl.DataFrame) -> str:
    return "words: " + " ".join(sorted(orders["label"].to_list()))


bars = da.chart(totals).mark_bar().encode(x="label:N", y="total:Q")
broken = da.sql("SELECT CAST(label AS INTEGER) AS n FROM orders WHERE amount > 11")
pn.Column(least, da.explore(orders), totals, words, bars, broken).servable()
"""
_ORDERS = {"owner": ["ann", "bob", "bob"], "label": ["pears", "quinces", "quinces"], "amount": [11, 22, 23]}


@pytest.fixture(scope="module")
def served(serve_for_module: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("policy")
    pl.DataFrame(_ORDERS).write_parquet(folder / "orders.parquet")
    (folder / "users.json").write_text(json.dumps({"ann": "a-secret", "bob": "b-secret"}), "utf-8")
    (folder / "app.py").write_text(_APP, "utf-8")
    arguments = ("--basic-auth", str(folder / "users.json"), "--cookie-secret", "only-for-this-test")
    return serve_for_module(folder / "app.py", *arguments, env={"DATAAPP_CACHE_DIR": str(folder / "cache")})


def _sign_in(browser: Browser, url: str, name: str) -> tuple[Page, list[str]]:
    page = browser.new_context().new_page()
    received: list[str] = []

    def note(frame: bytes | str) -> None:
        received.append(frame if isinstance(frame, str) else frame.decode("utf-8", "replace"))

    page.on("websocket", lambda socket: socket.on("framereceived", note))
    page.goto(url)
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(f"{name[0]}-secret")
    page.locator("input[name=password]").press("Enter")
    return page, received


def test_each_sees_rows_of_their_own_wherever_they_are_shown(browser: Browser, served: Any) -> None:
    seen = {name: _sign_in(browser, served.url, name) for name in ("ann", "bob")}
    for name, own, other, total in (("ann", "pears", "quinces", "11"), ("bob", "quinces", "pears", "45")):
        page, received = seen[name]
        for index in (0, 1):
            rows = page.locator(".explorer tbody").nth(index)
            expect(rows).to_contain_text(own)
            expect(rows).not_to_contain_text(other)
        expect(page.locator(".explorer tbody").nth(1)).to_contain_text(total)
        expect(page.get_by_text(f"words: {own}")).to_be_visible()
        expect(page.locator("canvas, svg.marks").first).to_be_visible()
        assert [text for text in received if own in text]
        assert [text for text in received if other in text] == []
    for page, _ in seen.values():
        page.context.close()


def test_a_link_does_not_change_who_is_looking(browser: Browser, served: Any) -> None:
    page, _ = _sign_in(browser, served.url, "bob")
    page.goto(served.url + '?user={"name":"ann"}&user.name=ann')
    expect(page.get_by_text("words: quinces")).to_be_visible()
    expect(page.locator(".explorer tbody").first).not_to_contain_text("pears")
    page.context.close()


def test_an_error_of_a_reader_tells_nothing_of_hidden_rows(browser: Browser, served: Any) -> None:
    """The cell fails on rows of bob, and on none of ann."""
    ann, _ = _sign_in(browser, served.url, "ann")
    expect(ann.locator(".explorer tbody").first).to_contain_text("pears")
    expect(ann.get_by_text("words: pears")).to_be_visible()
    expect(ann.locator("body")).not_to_contain_text("quinces")
    expect(ann.get_by_text("Could not convert")).to_have_count(0)
    bob, _ = _sign_in(browser, served.url, "bob")
    expect(bob.get_by_text("Could not convert").first).to_be_visible()
    for page in (ann, bob):
        page.context.close()
