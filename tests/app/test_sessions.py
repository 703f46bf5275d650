"""Sessions of a server, with documents that no browser shows: whose values are whose, and what is refused."""

import asyncio
import gc
import importlib
import sys
import textwrap
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, cast
from unittest.mock import Mock

import panel as pn
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

import dataapp as da
from dataapp.app import sessions
from dataapp.errors import SessionError
from dataapp.runtime.workers import InlinePool


@contextmanager
def _open(**arguments: str) -> Iterator[Document]:
    """A session of a server as Panel sees it; within the block it is the current one."""
    document = Document()
    context = Mock()
    context.request.arguments = {name: [value.encode()] for name, value in arguments.items()}
    context.request.headers = {}
    cast("Any", document)._session_context = lambda: context
    with set_curdoc(document):
        yield document


def _end(document: Document) -> None:
    for call in list(document.session_destroyed_callbacks):
        call(document.session_context)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sessions._Process, "has_served", False)
    monkeypatch.setattr(sessions._Process, "by_document", {})
    monkeypatch.setattr(sessions._Process, "own", None)
    monkeypatch.setattr(sessions, "session_lane", InlinePool)
    yield
    for document in list(sessions._Process.by_document):
        _end(document)


type Import = Callable[[str], ModuleType]


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Import]:
    """Import a source as a module that sessions share."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names: list[str] = []

    def load(source: str) -> ModuleType:
        name = f"shared_by_sessions_{len(names)}"
        names.append(name)
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source), "utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield load
    for name in names:
        sys.modules.pop(name, None)


_HEAD = """
import dataapp as da
import panel as pn
import param

n = da.input(pn.widgets.IntSlider, start=0, end=100, value=1)
doubled = da.sql("SELECT $n * 2 AS doubled")
"""


@pytest.mark.parametrize(
    "binding",
    [
        "bound = pn.bind(print, doubled)",
        "bound = pn.bind(print, n)",
        "expression = pn.rx(doubled)",
        "class Held(param.Parameterized):\n    rows = param.Parameter(allow_refs=True)\nheld = Held(rows=doubled)",
        "def make():\n    return pn.bind(print, da.explore(doubled))\nbound = make()",
    ],
)
def test_binding_while_a_module_is_imported_is_refused_with_the_remedy(imported: Import, binding: str) -> None:
    with (
        _open(),
        pytest.raises(SessionError, match=r"so all sessions would share it.*bind it in a function") as refused,
    ):
        imported(_HEAD + binding)
    assert refused.value.code == "DA601"


def test_binding_in_a_function_of_an_imported_module_belongs_to_the_calling_session(imported: Import) -> None:
    module = imported(_HEAD + "def slider():\n    return pn.bind(lambda n: n, n)")
    with _open() as first:
        of_first = module.slider()
        sessions.current_session().control(module.n).widget.value = 7  # type: ignore[attr-defined]
    with _open() as second:
        of_second = module.slider()
    assert (of_first(), of_second()) == (7, 1)
    assert first is not second


def test_plain_widget_of_an_imported_module_is_refused_and_da_input_named(imported: Import) -> None:
    module = imported(
        """
        import dataapp as da
        import panel as pn

        size = pn.widgets.IntSlider(end=9)
        big = da.sql("FROM range(10) WHERE range > $size")
        """
    )
    assert module.big.evaluate().height == 9  # in a test or script there is one session
    with _open():
        session = sessions.current_session()
        with pytest.raises(SessionError, match=r"`size` is a widget of an imported module.*size = da\.input"):
            session.resolver.closure(module.big)


def test_parameter_of_a_class_is_refused(imported: Import) -> None:
    module = imported(
        """
        import dataapp as da
        import param

        class Settings(param.Parameterized):
            level = param.Integer(default=1)

        level = Settings.param.level
        shown = da.sql("SELECT $level AS level")
        """
    )
    with _open(), pytest.raises(SessionError):
        sessions.current_session().resolver.closure(module.shown)


def test_code_without_a_session_under_a_server_is_refused() -> None:
    cell = da.sql("SELECT 1 AS n")
    with _open():
        sessions.current_session()
    with pytest.raises(SessionError, match="in a server, but in no session"):
        pn.panel(cell)
    with pytest.raises(SessionError, match="in a server, but in no session"):
        pn.bind(print, cell)


def test_thread_of_a_session_does_not_fall_back_to_one() -> None:
    found: list[object] = []

    def work() -> None:
        try:
            found.append(sessions.current_session())
        except SessionError as error:
            found.append(error)

    with _open():
        sessions.current_session()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert isinstance(found[0], SessionError)


def test_evaluation_takes_the_values_of_the_current_session(imported: Import) -> None:
    module = imported(_HEAD)
    with _open() as first:
        sessions.current_session().control(module.n).widget.value = 5  # type: ignore[attr-defined]
    with _open():
        sessions.current_session().control(module.n)
        assert module.doubled.evaluate().item() == 2
    with set_curdoc(first):
        assert module.doubled.evaluate().item() == 10


def test_page_of_an_imported_module_is_made_for_each_session(imported: Import) -> None:
    module = imported(_HEAD + 'page = da.App("Shared", sidebar=[n], main=[doubled])')
    pages = []
    for _ in range(2):
        with _open():
            pages.append(module.page.page)
            assert module.page.page is pages[-1]
    assert pages[0] is not pages[1]


def test_cell_that_is_shown_while_a_module_is_imported_is_refused(imported: Import) -> None:
    with _open(), pytest.raises(SessionError, match=r"while module .* is imported"):
        imported(_HEAD + "layout = pn.Column(doubled)")


def test_link_sets_what_cells_start_with(imported: Import) -> None:
    module = imported(_HEAD)
    with _open(n="6", other="1"):
        assert module.doubled.evaluate().item() == 2  # nobody has opened the input yet
        assert sessions.current_session().get(module.n) == 6
        assert module.doubled.evaluate().item() == 12


def test_ended_session_is_forgotten(imported: Import) -> None:
    module = imported(_HEAD)

    def visit() -> weakref.ref[Any]:
        with _open() as document:
            pn.bind(print, module.doubled)
            gone = weakref.ref(sessions.current_session())
        _end(document)
        return gone

    gone = visit()
    gc.collect()
    assert gone() is None
    assert sessions.open_sessions() == 0


async def test_news_reach_a_document_whose_events_are_held_back() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def with_locked_document(call: Callable[[Document], None]) -> None:
        call(document)

    with _open() as document:
        context: Any = document.session_context
        context.with_locked_document = with_locked_document
        context.session = object()  # no websocket of which is open
        context.server_context.application_context.io_loop = loop
        sessions._Process.by_document[document] = Mock()
        deliver = sessions._deliver_to(document)
        document.hold("combine")  # as Panel does in every update; what is added meanwhile can get lost
    await asyncio.to_thread(deliver, told.set)
    await asyncio.wait_for(told.wait(), timeout=60)


async def test_what_waits_ends_with_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    monkeypatch.setattr(sessions, "is_serving", lambda: True)
    with _open() as document:
        context: Any = document.session_context
        context.server_context.application_context.io_loop = asyncio.get_running_loop()
        sessions.call_later(0.01, lambda: called.append(1))
        sessions.call_later(3600, lambda: called.append(2))
    await asyncio.sleep(0.1)
    [waits] = sessions._Process.waits.values()
    [handle] = waits  # the other has been called, and is refused because no session was opened
    _end(document)
    assert handle.cancelled()
    assert not sessions._Process.waits
    assert not called


def test_ended_session_takes_no_more_news(imported: Import) -> None:
    module = imported(_HEAD)
    with _open() as document:
        session = sessions.current_session()
    _end(document)
    assert session.is_closed
    with pytest.raises(SessionError, match="The session has ended"):
        session.control(module.n)


def test_code_that_outlives_its_session_opens_no_other() -> None:
    with _open() as document:
        sessions.current_session()
        _end(document)
        with pytest.raises(SessionError, match="The session has ended"):
            sessions.current_session()
    assert sessions.open_sessions() == 0


def test_a_value_set_from_a_thread_without_a_document_reaches_the_url_like_later_ones(monkeypatch: pytest.MonkeyPatch):
    mirrored: list[object] = []
    later: list[Callable[[], None]] = []
    monkeypatch.setattr(sessions.Address, "mirror", lambda _self, _cell, value: mirrored.append(value))
    monkeypatch.setattr(sessions, "call_later", lambda _seconds, call: later.append(call))
    cell = da.input(pn.widgets.IntSlider, start=0, end=9, name="n")
    with _open() as document:
        widget: Any = sessions.current_session().control(cell).widget  # type: ignore[attr-defined]
    with set_curdoc(cast("Any", None)):
        widget.value = 1
    assert mirrored == [1]
    with set_curdoc(document):
        widget.value = 2
        widget.value = 3
    assert mirrored == [1]  # not yet
    assert len(later) == 1
    later.pop()()
    assert mirrored == [1, 3]
