"""Frames in plain layouts of Panel: which pane takes them, what is shown of them, and what is let go."""

import gc
import subprocess
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast
from unittest.mock import Mock

import duckdb
import ibis
import narwhals as nw
import pandas as pd
import panel as pn
import polars as pl
import pyarrow as pa
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

import dataapp as da
from dataapp.app import sessions
from dataapp.app.frames import FramePane
from dataapp.runtime.session import Session
from dataapp.views.displayed import Displayed, Running
from dataapp.views.frames import FrameCard
from dataapp.views.table.explorer import TableExplorer
from dataapp.views.table.shown_sql import Origin

da.sql  # noqa: B018  # the first public name lets Panel show frames

FRAME = pl.DataFrame({"n": [3, 1, 2], "s": ["c", "a", "b"]})
KINDS: dict[str, Callable[[], object]] = {
    "polars": lambda: FRAME.clone(),
    "polars, lazy": FRAME.lazy,
    "polars, a series": lambda: FRAME["n"].clone(),
    "pandas": FRAME.to_pandas,
    "pandas, a series": lambda: FRAME["n"].to_pandas(),
    "arrow": FRAME.to_arrow,
    "arrow, a batch": lambda: FRAME.to_arrow().to_batches()[0],
    "arrow, a reader": lambda: FRAME.to_arrow().to_reader(),
    "ibis, in memory": lambda: ibis.memtable(FRAME.to_arrow()),
    "ibis, on a backend": lambda: _sqlite_table(),
    "narwhals": lambda: nw.from_native(FRAME),
    "duckdb": lambda: duckdb.connect().sql("SELECT range AS n FROM range(3)"),
}


class _Work:
    """What sessions have to do, until a test looks at what came of it."""

    waiting: ClassVar[list[Callable[[], None]]] = []

    def start(self, work: Callable[[], None]) -> None:
        self.waiting.append(work)

    @classmethod
    def do(cls) -> None:
        while cls.waiting:
            cls.waiting.pop(0)()


def _sqlite_table() -> object:
    connection: Any = ibis.sqlite.connect()
    return connection.create_table("t", FRAME.to_arrow())


@pytest.fixture(autouse=True)
def _as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sessions._Process, "has_served", False)
    monkeypatch.setattr(sessions._Process, "by_document", {})
    monkeypatch.setattr(sessions._Process, "own", None)
    monkeypatch.setattr(sessions, "session_lane", _Work)
    yield
    for document in list(sessions._Process.by_document):
        _end(document)
    if (own := sessions.own_session()) is not None:
        own.close()
    _Work.waiting.clear()


@contextmanager
def _open() -> Iterator[Document]:
    """A session of a server as Panel sees it; within the block it is the current one."""
    document = Document()
    context = Mock()
    context.request.arguments = {}
    context.request.headers = {}
    cast("Any", document)._session_context = lambda: context
    with set_curdoc(document):
        yield document


def _end(document: Document) -> None:
    for call in list(document.session_destroyed_callbacks):
        call(document.session_context)  # type: ignore[arg-type]


def _render(layout: Any) -> Any:
    """Show a layout; returns the root."""
    document = pn.state.curdoc or Document()
    root = layout.get_root(document)
    document.add_root(root)
    document.models.flush_synced()  # as once a page has it
    _Work.do()
    return root


def _take_down(root: Any) -> None:
    """Let a page go, as its server does when its session ends."""
    layout, _, document, _ = pn.state._views.pop(root.ref["id"])
    layout._cleanup(root)
    document.clear()
    _Work.do()


def _card(pane: Any) -> FrameCard:
    _Work.do()
    [card] = pane._views[sessions.current_session()]
    return card


def _explorer(pane: Any) -> TableExplorer:
    return _card(pane)._body.explorer  # type: ignore[attr-defined]


def _columns(pane: Any) -> list[str]:
    shown = _explorer(pane)._controller._shown
    assert shown is not None
    return [column.name for column in shown.columns]


def _filter(pane: Any, text: str) -> None:
    explorer = _explorer(pane)
    shown = explorer._controller._shown
    assert shown is not None
    explorer._receive({"type": "filter", "view": shown.view, "column": 0, "text": text})
    _Work.do()


def _nodes(session: Session) -> int:
    _Work.do()
    return len(session._waves.nodes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_is_shown_as_an_explorer(kind: str) -> None:
    pane: Any = pn.Column(KINDS[kind]())[0]
    assert type(pane) is FramePane
    _render(pane)
    assert (_explorer(pane).status, _explorer(pane).rows) == ("fresh", 3)
    assert "n" in _columns(pane)


def test_panel_shows_a_frame_so_wherever_it_takes_one() -> None:
    page = da.App("Frames", sidebar=[FRAME], main=[FRAME, [FRAME, FRAME]]).page
    assert len(list(page.select(FramePane))) == 4
    assert isinstance(pn.Tabs(("A frame", FRAME))[0], FramePane)
    assert isinstance(pn.panel(FRAME), FramePane)


@pytest.mark.parametrize("thing", ["text", 5, [1, 2], {"a": [1]}, None, pl.DataFrame, pa.array([1]), pn.rx(FRAME)])
def test_all_else_is_left_to_panel(thing: object) -> None:
    assert not FramePane.applies(thing)


def test_panels_own_pane_is_taken_when_it_is_named() -> None:
    frame = FRAME.to_pandas()
    assert type(pn.Column(pn.pane.DataFrame(frame))[0]) is pn.pane.DataFrame


def test_panels_own_pane_is_taken_when_its_arguments_are_given() -> None:
    assert type(pn.panel(FRAME.to_pandas(), index=False)) is pn.pane.DataFrame


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="does not support objects of type 'int'"):
        FramePane(5)
    pane: Any = FramePane(FRAME)
    with pytest.raises(ValueError, match="does not support objects of type 'int'"):
        pane.object = 5


def test_a_query_in_ibis_over_cells_is_shown_and_follows_its_input() -> None:
    low = pn.widgets.IntSlider(start=0, end=9, value=7)
    numbers = da.sql("SELECT range AS n FROM range(10) WHERE range >= $low", low=low)
    pane: Any = pn.panel(numbers.ibis().mutate(twice=ibis._.n * 2))
    _render(pane)
    assert (_columns(pane), _explorer(pane).rows) == (["n", "twice"], 3)
    low.value = 4
    assert _explorer(pane).rows == 6


def test_the_table_is_called_what_the_frame_is_called() -> None:
    flights = FRAME.clone()
    globals()["flights_of_this_test"] = flights
    pane = pn.panel(flights)
    _render(pane)
    del globals()["flights_of_this_test"]
    assert _card(pane)._cell.label == "flights_of_this_test"


def test_a_frame_that_takes_the_place_of_one_is_called_by_its_own_name() -> None:
    pane: Any = pn.panel(FRAME.clone())
    _render(pane)
    pane.object = FRAME
    controller = _explorer(pane)._controller
    assert (controller._lookups.origin, controller._takes.name) == (Origin("FRAME"), "FRAME")


def test_an_explorer_of_a_frame_reads_it_by_its_name() -> None:
    assert da.explore(FRAME).of.label == "FRAME"


def test_a_frame_without_a_name_is_called_a_table() -> None:
    pane = pn.panel(FRAME.clone())
    _render(pane)
    assert _card(pane)._cell.label == "table"


def test_a_frame_that_cannot_be_read_is_an_error_in_its_place() -> None:
    pane = pn.panel(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    _render(pane)
    message = _card(pane)._message
    assert message is not None
    assert "Several columns of a pandas frame are called `a`" in message.object


def test_nothing_is_read_before_it_is_shown() -> None:
    read: list[int] = []
    lazy = FRAME.lazy().map_batches(lambda rows: read.append(1) or rows)
    pane: Any = pn.panel(lazy)
    assert (pane._views, read) == ({}, [])
    _render(pane)
    assert read


def test_the_height_is_that_of_the_table() -> None:
    pane: Any = pn.panel(FRAME, height=610)
    root = _render(pane)
    assert (_explorer(pane)._grid.tallest, root.height) == (610, None)
    pane.height = 250
    assert _explorer(pane)._grid.tallest == 250


def test_a_table_is_as_wide_as_there_is_room_unless_a_width_is_given() -> None:
    assert _render(pn.panel(FRAME)).sizing_mode == "stretch_width"
    root = _render(pn.panel(FRAME, width=300))
    assert (root.width, root.sizing_mode) == (300, None)


def test_a_pane_says_what_it_holds_without_looking_at_the_rows() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Polars warns of comparisons with None
        assert repr(pn.panel(FRAME)) == "FramePane(DataFrame)"
    assert repr(FramePane(None)) == "FramePane()"


# Another frame in its place.


def test_another_frame_takes_its_place_and_what_the_reader_has_set_stays() -> None:
    pane: Any = pn.panel(FRAME.clone())
    _render(pane)
    card = _card(pane)
    _filter(pane, ">= 2")
    assert _explorer(pane).rows == 2
    pane.object = pl.DataFrame({"n": [1, 2, 3, 4, 5]})
    assert _card(pane) is card
    assert (_columns(pane), _explorer(pane).rows) == (["n"], 4)


def test_a_frame_of_another_kind_and_other_columns_takes_its_place() -> None:
    pane: Any = pn.panel(FRAME.clone())
    _render(pane)
    pane.object = pd.DataFrame({"x": [1.5]})
    assert (_columns(pane), _explorer(pane).rows) == (["x"], 1)


def test_a_bound_function_gives_one_frame_after_the_other_to_one_table() -> None:
    slider = pn.widgets.IntSlider(start=1, end=3, value=3)
    bound = pn.panel(pn.bind(FRAME.head, slider))
    _render(bound)
    pane: Any = bound._pane  # type: ignore[attr-defined]
    card = _card(pane)
    slider.value = 2
    assert bound._pane is pane  # type: ignore[attr-defined]
    assert (_card(pane), _explorer(pane).rows) == (card, 2)


def test_a_frame_that_was_changed_in_place_is_read_again_when_that_is_told() -> None:
    frame = pd.DataFrame({"n": [1, 2]})
    pane: Any = pn.panel(frame)
    _render(pane)
    frame.loc[2] = 3
    pane.param.trigger("object")
    assert _explorer(pane).rows == 3


def test_no_frame_is_an_empty_place_until_there_is_one() -> None:
    pane: Any = FramePane(None)
    root = _render(pane)
    assert root.children == []
    pane.object = FRAME
    assert (len(root.children), _explorer(pane).rows) == (1, 3)
    pane.object = None
    assert root.children == []


def test_an_error_goes_when_another_frame_can_be_read() -> None:
    pane: Any = pn.panel(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    _render(pane)
    pane.object = FRAME.clone()
    message = _card(pane)._message
    assert message is not None
    assert (message.visible, _explorer(pane).rows) == (False, 3)


# What is let go.


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "duckdb"])
def test_a_frame_is_let_go_when_another_one_takes_its_place(kind: str) -> None:
    pane: Any = pn.panel(KINDS[kind]())
    _render(pane)
    gone = weakref.ref(pane.object)
    pane.object = pl.DataFrame({"other": [1]})
    assert _columns(pane) == ["other"]
    gc.collect()
    assert gone() is None


def test_frames_that_come_and_go_leave_no_nodes() -> None:
    pane: Any = pn.panel(FRAME.clone())
    _render(pane)
    session = sessions.current_session()
    before = _nodes(session)
    for count in range(5):
        pane.object = pl.DataFrame({"n": list(range(count))})
        pane.object = ibis.memtable({"n": list(range(count))})
        pane.object = FRAME.lazy()
    pane.object = FRAME.clone()
    assert (_nodes(session), len(session._demands)) == (before, 1)
    session.check_invariants()


def test_a_frame_that_a_cell_reads_stays_until_that_goes() -> None:
    frame = pl.DataFrame({"n": [1, 2]})
    total = da.sql("SELECT sum(n)::INT AS total FROM frame", frame=frame)
    pane: Any = pn.panel(frame)
    _render(pane)
    session = sessions.current_session()
    shown = session.demand(total, "frame")
    pane.object = None
    with_it = _nodes(session)
    shown.release()
    session.forget(total)
    assert (with_it > 0, _nodes(session)) == (True, 0)


def test_a_pane_that_is_taken_down_is_let_go_with_its_frame() -> None:
    def show() -> tuple[weakref.ref[Any], ...]:
        pane: Any = pn.panel(FRAME.clone())
        root = _render(pn.Column(pane))
        gone = weakref.ref(pane), weakref.ref(_card(pane)), weakref.ref(pane.object)
        _take_down(root)
        return gone

    gone = show()
    gc.collect()
    assert [thing() for thing in gone] == [None, None, None]
    assert _nodes(sessions.current_session()) == 0


def test_a_pane_that_another_thing_replaces_is_let_go_with_its_frame() -> None:
    def replace(layout: Any) -> tuple[weakref.ref[Any], ...]:
        pane = layout[0]
        gone = weakref.ref(pane), weakref.ref(_card(pane)), weakref.ref(pane.object)
        layout[0] = "a text"
        _Work.do()
        return gone

    layout = pn.Column(FRAME.clone())
    root = _render(layout)
    gone = replace(layout)
    root.document.models.flush_synced()
    gc.collect()
    assert [thing() for thing in gone] == [None, None, None]
    assert _nodes(sessions.current_session()) == 0


def test_a_table_that_is_shown_again_is_as_its_reader_left_it() -> None:
    pane: Any = pn.panel(FRAME)
    root = _render(pn.Column(pane))
    _filter(pane, ">= 2")
    _take_down(root)
    _render(pn.Column(pane))
    assert _explorer(pane).rows == 2


def test_sessions_that_share_a_layout_have_a_view_each_and_end_with_theirs() -> None:
    pane: Any = pn.panel(FRAME)
    with _open() as first:
        root = _render(pane)
        first_session = weakref.ref(sessions.current_session())
        of_first = weakref.ref(_card(pane))
    with _open() as second:
        other = _render(pane)
        assert _card(pane) is not of_first()
        of_second = weakref.ref(_card(pane))
    _take_down(root)
    _end(first)
    del root, first
    gc.collect()
    assert (of_first(), first_session()) == (None, None)
    assert of_second() is not None
    _end(second)  # before Panel takes it down
    assert (pane._views, pane._sessions) == ({}, {})
    _take_down(other)


def test_a_layout_may_be_made_while_a_module_is_imported(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "layout_of_frames.py").write_text(
        "import panel as pn, polars as pl\nshown = pn.Column(pl.DataFrame({'n': [1]}))", "utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with _open():
        import layout_of_frames  # type: ignore[import-not-found]

        _render(layout_of_frames.shown)
        assert isinstance(layout_of_frames.shown[0], FramePane)
    del sys.modules["layout_of_frames"]


# In notebooks.


def _take_down_displays_of(notebook_cell: str) -> None:
    for shown in list(Displayed.displays):
        shown.take_down(notebook_cell)


def test_running_a_notebook_cell_again_takes_down_what_it_displayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Running, "notebook_cell", "first")
    pane: Any = pn.panel(FRAME.clone())
    _render(pn.Column(pane))
    monkeypatch.setattr(Running, "notebook_cell", "second")
    other: Any = pn.panel(FRAME.clone())
    _render(pn.Column(other))
    _take_down_displays_of("first")
    assert (_card(pane)._demands, len(_card(other)._demands)) == ({}, 1)
    gone = weakref.ref(pane), weakref.ref(pane.object), weakref.ref(_card(pane))
    del pane
    gc.collect()
    assert [thing() for thing in gone] == [None, None, None]


# What is imported.


@pytest.mark.parametrize("library", ["polars", "pandas", "ibis", "altair"])
def test_asking_whether_panel_shows_a_thing_imports_no_library_of_frames(library: str) -> None:
    code = f"""
import sys
import dataapp
dataapp.sql
import panel as pn
before = {library!r} in sys.modules
pn.Column("a text", pn.bind(str, 5), pn.widgets.IntSlider(), [1, 2])
assert ({library!r} in sys.modules) == before, "it was imported"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
