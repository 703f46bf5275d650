"""A page as it is made, without a browser."""

from typing import Any

import panel as pn
import pytest
from panel.util.parameters import edit_readonly

import dataapp as da


@pytest.mark.parametrize(("params", "hears"), [({}, False), ({"busy_indicator": "linear"}, True)])
def test_a_page_hears_of_callbacks_only_where_its_header_shows_them(params: dict[str, Any], hears: bool):
    page = da.App("Page", main=[da.sql("SELECT 1")], **params).page
    heard: list[object] = []
    page.param.watch(lambda event: heard.append(event.new), "busy")
    owners = [getattr(watcher.fn, "__self__", None) for watcher in pn.state.param.watchers["busy"]["value"]]
    assert any(getattr(owner, "self", None) is page for owner in owners) is hears
    try:
        with edit_readonly(pn.state):
            pn.state.busy = True
    finally:
        with edit_readonly(pn.state):
            pn.state.busy = False
    assert heard == ([True, False] if hears else [])
