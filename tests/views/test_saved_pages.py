"""Pages that are saved to a file: what they show is computed while they are written, from what is set then."""

import asyncio
from io import StringIO
from typing import Any

import panel as pn
from bokeh.resources import CDN

import dataapp as da
from dataapp.app.sessions import current_session


def saved(*views: Any) -> str:
    text = StringIO()
    pn.Column(*views).save(text, resources=CDN)
    return text.getvalue()


def test_a_saved_page_has_the_values_that_inputs_have_then():
    low = pn.widgets.IntInput(value=1)

    @da.cell(low=low)
    def said(low: int) -> str:
        return f"low is {low}"

    view = pn.panel(said)
    assert "low is 1" in saved(view)
    low.value = 7
    assert "low is 7" in saved(view)


def test_a_page_is_saved_while_an_event_loop_runs():
    rows = da.sql("SELECT i AS n FROM range(10) t(i)", name="rows")

    async def save() -> str:
        return saved(rows)

    text = asyncio.run(save())
    assert '"still"' in text
    assert "and has not run yet" not in text


def test_a_cell_that_waits_for_its_button_is_run_for_the_page():
    rows = da.sql("SELECT i AS n FROM range(10) t(i)", name="rows", run="button")
    assert '"still"' in saved(rows)


def test_saving_leaves_the_session_open_and_runs_nothing_for_it():
    ran = list[int]()

    @da.cell
    def counted() -> str:
        ran.append(1)
        return "counted"

    view: Any = pn.panel(counted)
    session = current_session()
    assert "counted" in saved(view)
    assert not session.is_closed
    assert session.is_settled
    assert len(ran) == 1
    assert view._demands == {}


def test_what_fails_says_so_in_its_place():
    assert "DA2" in saved(da.sql("SELECT nothing FROM range(3) t(i)", name="broken"))
