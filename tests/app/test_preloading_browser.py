"""Modules of components are fetched while a page loads, each of them once and taken as it is, in Chromium."""

from collections import Counter

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Serve

APP = """
import panel as pn
import dataapp as da

least = da.input(pn.ui.IntSlider, label="Least", start=0, end=9)
rows = da.sql("FROM range(10) numbers(n) WHERE n >= $least", least=least)
da.App("Numbers", main=[least, rows]).servable()
"""
PLAIN = """
import panel as pn
import dataapp as da

pn.Column(da.explore(da.sql("FROM range(10) numbers(n)")), "beside it").servable()
"""
OWN_TEMPLATE = """
from bokeh.io import curdoc
from panel.io.resources import _env

curdoc().template = _env.from_string("{% extends 'base.html' %}{% block title %}Mine{% endblock %}")
"""
WITH_OWN_COMPONENT = """
import panel as pn
import dataapp as da
from panel.custom import JSComponent


class Shout(JSComponent):
    _importmap = {"imports": {"words": "data:text/javascript,export const word = 'loud'"}}
    _esm = '''
    import {word} from "words";
    export function render() {
      const made = document.createElement("b");
      made.className = "shout";
      made.textContent = word;
      return made;
    }
    '''


da.App("Numbers", main=[Shout(), da.sql("FROM range(10) numbers(n)")]).servable()
"""
NOTE_REWRITTEN = """
window.rewritten = [];
const create = URL.createObjectURL;
URL.createObjectURL = (made) => {
  made.text().then((text) => window.rewritten.push(text));
  return create.call(URL, made);
};
"""
FETCHED = """() => {
  const {domContentLoadedEventStart} = performance.getEntriesByType("navigation")[0];
  const found = performance.getEntriesByType("resource").filter((one) => /bundle\\.js/.test(one.name));
  return found.map((one) => [one.name, one.startTime < domContentLoadedEventStart]);
}"""


def test_a_page_names_the_modules_in_its_head_and_fetches_each_once(browser: Browser, serve: Serve):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(serve(APP).url)
        expect(page.locator(".explorer tbody td").first).to_have_text("0", timeout=30_000)
        fetched = page.evaluate(FETCHED)
    known = Counter(name.split("?")[0].split("/")[-1] for name, _ in fetched)
    assert known == {"panel-material-ui.bundle.js": 1, "window.bundle.js": 1, "explorer.bundle.js": 1}
    assert all(is_early for _, is_early in fetched)


def test_a_page_without_an_app_does_so_too(browser: Browser, serve: Serve):
    with browser.new_context() as context:
        page = context.new_page()
        load(page, serve(PLAIN).url)
        fetched = page.evaluate(FETCHED)
        assert not [text for text in page.evaluate("window.rewritten") if "export" in text]
    assert [name.split("?")[0].split("/")[-1] for name, _ in fetched] == ["explorer.bundle.js"]
    assert all(is_early for _, is_early in fetched)


@pytest.mark.parametrize("app", [OWN_TEMPLATE + PLAIN, PLAIN + OWN_TEMPLATE], ids=["before", "after"])
def test_a_page_without_an_app_keeps_a_template_of_its_own(browser: Browser, serve: Serve, app: str):
    with browser.new_context() as context:
        page = context.new_page()
        load(page, serve(app).url)
        assert page.title() == "Mine"


def load(page: Page, url: str) -> None:
    """Open a page that notes which modules were rewritten, and wait for its rows."""
    page.add_init_script(NOTE_REWRITTEN)
    page.goto(url)
    expect(page.locator(".explorer tbody td").first).to_have_text("0", timeout=30_000)


def test_the_browser_takes_bundles_as_they_are(browser: Browser, serve: Serve):
    with browser.new_context() as context:
        page = context.new_page()
        load(page, serve(APP).url)
        assert not [text for text in page.evaluate("window.rewritten") if "export" in text]


def test_a_component_of_the_app_may_map_names_of_modules(browser: Browser, serve: Serve):
    with browser.new_context() as context:
        page = context.new_page()
        load(page, serve(WITH_OWN_COMPONENT).url)
        expect(page.locator("b.shout")).to_have_text("loud")
        assert [text for text in page.evaluate("window.rewritten") if "shout" in text]


def test_a_page_keeps_a_template_of_its_own(browser: Browser, serve: Serve):
    template = "{% extends 'base.html' %}{% block title %}Mine{% endblock %}"
    own = APP.replace('da.App("Numbers", ', f'da.App("Numbers", template="{template}", ')
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(serve(own).url)
        expect(page.locator(".explorer tbody td").first).to_have_text("0", timeout=30_000)
        assert page.title() == "Mine"
