"""Modules of components are fetched while a page loads, each of them once, in Chromium."""

from collections import Counter

from playwright.sync_api import Browser, expect

from tests.conftest import Serve

APP = """
import panel as pn
import dataapp as da

least = da.input(pn.ui.IntSlider, label="Least", start=0, end=9)
rows = da.sql("FROM range(10) numbers(n) WHERE n >= $least", least=least)
da.App("Numbers", main=[least, rows]).servable()
"""
FETCHED = """() => performance.getEntriesByType("resource")
  .filter((one) => /bundle\\.js/.test(one.name)).map((one) => [one.name, one.initiatorType])"""


def test_a_page_names_the_modules_in_its_head_and_fetches_each_once(browser: Browser, serve: Serve):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(serve(APP).url)
        expect(page.locator(".explorer tbody td").first).to_have_text("0", timeout=30_000)
        fetched = page.evaluate(FETCHED)
    known = Counter(name.split("?")[0].split("/")[-1] for name, _ in fetched)
    assert known == {"panel-material-ui.bundle.js": 1, "window.bundle.js": 1, "explorer.bundle.js": 1}
    assert {by for _, by in fetched} == {"link"}


def test_a_page_keeps_a_template_of_its_own(browser: Browser, serve: Serve):
    template = "{% extends 'base.html' %}{% block title %}Mine{% endblock %}"
    own = APP.replace('da.App("Numbers", ', f'da.App("Numbers", template="{template}", ')
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(serve(own).url)
        expect(page.locator(".explorer tbody td").first).to_have_text("0", timeout=30_000)
        assert page.title() == "Mine"
