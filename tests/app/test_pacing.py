"""How long changes of a widget are gathered, and what frames and turns of the event loop wait for."""

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import panel as pn
import param
import pytest
from bokeh.document import Document
from bokeh.document.events import MessageSentEvent, TitleChangedEvent
from bokeh.protocol import Protocol
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import websocket_connect

from dataapp.app import pacing
from dataapp.app.pacing import (
    gather_while_behind,
    open_for_writing,
    pace,
    send_messages_as_one,
    take_changes_quickly,
    turn,
)

_WITHIN = 20.0  # seconds
_PANELS_OWN = pn.widgets.IntSlider._debounce


def _noting(written: list[str]) -> Callable[[Any, str, object], None]:
    def write(parameter: Any, name: str, value: object) -> None:
        written.append(name)
        param.Parameter.__setattr__(parameter, name, value)

    return write


class _Answers:
    """What answers moves, when the test says so."""

    def __init__(self) -> None:
        self.is_idle = True
        self._patient: list[Callable[[], None]] = []

    def when_idle(self, call: Callable[[], None]) -> None:
        self._patient.append(call)

    def answer(self) -> None:
        self.is_idle = True
        for call in self._patient:
            call()
        self._patient.clear()


class _Document(Document):
    """A document that keeps what is due, until the test says that it is."""

    def __init__(self) -> None:
        super().__init__()
        self.due: list[tuple[int, Callable[[], Any]]] = []

    @property
    def session_context(self) -> Any:
        return SimpleNamespace(session=None)

    def add_timeout_callback(self, callback: Any, timeout_milliseconds: int) -> Any:
        self.due.append((timeout_milliseconds, callback))

    def add_next_tick_callback(self, callback: Any) -> Any:
        self.due.append((0, callback))

    def run(self, most: int = 0) -> None:
        """Do what is due within some milliseconds."""
        due = [call for wait, call in self.due if wait <= most]
        self.due = [(wait, call) for wait, call in self.due if wait > most]
        for call in due:
            asyncio.run(call())


def _drag(widget: Any, document: _Document, value: object, attr: str = "value") -> None:
    """Change a widget as a browser does."""
    widget._server_change(document, "root", None, attr, None, value)


def test_panel_gathers_changes_under_the_name_that_is_used_here():
    assert _PANELS_OWN == 50


class _Settings(param.Parameterized):
    free = param.Integer(0)
    fixed = param.Integer(0, constant=True)
    told = param.Integer(0, readonly=True)


def _closed(settings: _Settings) -> list[tuple[bool, bool]]:
    return [(p.readonly, p.constant) for p in (settings.param.free, settings.param.fixed, settings.param.told)]


def test_parameters_are_open_within_and_closed_after():
    settings = _Settings()
    before = _closed(settings)
    assert before == [(False, False), (False, True), (True, True)]
    with open_for_writing(settings), open_for_writing(settings):
        settings.param.update(free=1, fixed=2, told=3)
        assert _closed(_Settings()) == before, "those of its class are not opened"
    assert (settings.free, settings.fixed, settings.told) == (1, 2, 3)
    assert _closed(settings) == before
    settings.free = 4
    for name in ("fixed", "told"):
        with pytest.raises(TypeError):
            setattr(settings, name, 4)


def test_parameters_are_closed_after_an_error():
    settings = _Settings()
    with contextlib.suppress(ZeroDivisionError), open_for_writing(settings):
        settings.told = 1 // 0
    assert _closed(settings) == _closed(_Settings())


def test_panel_opens_only_what_is_closed_while_it_takes_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("panel.reactive", "panel.io.state"):
        module = import_module(name)
        monkeypatch.setattr(module, "edit_readonly", module.edit_readonly)  # and it is found again after the test
    take_changes_quickly()
    slider = pn.widgets.IntSlider(start=0, end=10)
    written: list[str] = []
    monkeypatch.setattr(type(slider.param.value), "__setattr__", _noting(written))
    seen: list[int] = []
    slider.param.watch(lambda event: seen.append(event.new), "value")
    slider._process_events({"value": 7, "value_throttled": 7})
    assert seen == [7]
    assert slider.value_throttled == 7
    assert {name for name in written if name in ("readonly", "constant")}, "value_throttled is a constant"
    assert len(written) < 20, "each of its parameters was written"
    assert slider.param.value_throttled.constant


@pytest.fixture
def answers() -> _Answers:
    return _Answers()


@pytest.fixture
def document() -> _Document:
    return _Document()


@pytest.fixture
def slider(answers: _Answers) -> pn.widgets.IntSlider:
    widget = pn.widgets.IntSlider(start=0, end=10)
    gather_while_behind(widget, lambda: answers.is_idle, answers.when_idle)
    return widget


def test_a_move_does_not_wait_where_nothing_is_on_its_way(slider: pn.widgets.IntSlider, document: _Document):
    _drag(slider, document, 3)
    document.run()
    assert slider.value == 3


def test_moves_are_gathered_until_the_one_before_is_answered(
    slider: pn.widgets.IntSlider, answers: _Answers, document: _Document
):
    seen: list[int] = []
    slider.param.watch(lambda event: seen.append(event.new), "value")
    answers.is_idle = False
    _drag(slider, document, 3)
    _drag(slider, document, 4)
    document.run()
    assert seen == []
    answers.answer()
    document.run()
    assert seen == [4]
    answers.is_idle = False
    _drag(slider, document, 5)
    document.run(pacing._LONGEST - 1)
    assert seen == [4]
    document.run(pacing._LONGEST)  # with the call that came too late for the first ones
    assert seen == [4, 5]
    answers.answer()
    document.run(pacing._LONGEST)
    assert seen == [4, 5]


def test_a_call_that_came_too_late_takes_nothing_of_later_moves(
    slider: pn.widgets.IntSlider, answers: _Answers, document: _Document
):
    answers.is_idle = False
    _drag(slider, document, 3)
    answers.answer()
    document.run()
    assert slider.value == 3
    late = document.due.copy()
    answers.is_idle = False
    _drag(slider, document, 4)
    for _, call in late:
        asyncio.run(call())
    assert slider.value == 3


@pytest.mark.parametrize("is_gathering", [False, True])
def test_a_slider_that_is_let_go_waits_no_more(
    slider: pn.widgets.IntSlider, answers: _Answers, document: _Document, is_gathering: bool
):
    answers.is_idle = False
    if is_gathering:
        _drag(slider, document, 3)
    document.run()
    assert slider.value == 0
    _drag(slider, document, 3, "value_throttled")
    _drag(slider, document, 3)
    document.run()
    assert slider.value == slider.value_throttled == 3


def test_what_cannot_be_dragged_waits_as_long_as_with_panel(answers: _Answers, document: _Document):
    choice = pn.widgets.Select(options=["a", "b"])
    gather_while_behind(choice, lambda: False, answers.when_idle)
    _drag(choice, document, "b")
    document.run(_PANELS_OWN - 1)
    assert choice.value == "a"
    document.run(_PANELS_OWN)
    assert choice.value == "b"


def test_what_the_server_sets_counts_more_than_what_a_browser_said_before(
    slider: pn.widgets.IntSlider, answers: _Answers, document: _Document
):
    answers.is_idle = False
    _drag(slider, document, 3)
    slider.value = 8
    answers.answer()
    document.run(pacing._LONGEST)
    assert slider.value == 8
    _drag(slider, document, 4)
    document.run()
    assert slider.value == 4


def test_a_move_that_comes_while_one_is_taken_is_not_forgotten(
    slider: pn.widgets.IntSlider, answers: _Answers, document: _Document
):
    def move_on(event: Any) -> None:
        if event.new == 3:
            answers.is_idle = False
            _drag(slider, document, 5)

    slider.param.watch(move_on, "value")
    _drag(slider, document, 3)
    document.run()
    answers.answer()
    document.run()
    assert slider.value == 5


def test_a_slider_of_choices_is_gathered_by_its_own_slider(answers: _Answers, document: _Document):
    choices = pn.widgets.DiscreteSlider(options=[1, 10, 100], value=1)
    gather_while_behind(choices, lambda: answers.is_idle, answers.when_idle)
    answers.is_idle = False
    for index in (1, 2):
        _drag(choices._slider, document, index)
    document.run()
    assert choices.value == 1
    answers.answer()
    document.run()
    assert choices.value == 100


def test_other_widgets_keep_panels_own_pace(slider: pn.widgets.IntSlider):
    assert pn.widgets.IntSlider()._debounce == _PANELS_OWN


_APP = """
import dataapp as da
import panel as pn

pn.Column(da.sql("SELECT 42 AS answer")).servable()
"""
# Sends each page news, and tells for each websocket of the server whether its frames wait for those before.
_PLUGIN = """
import asyncio
import json
import socket

from tornado.web import RequestHandler

from dataapp.app.sessions import _Process


class Waits(RequestHandler):
    async def get(self):
        for session in list(_Process.by_document.values()):
            told = asyncio.Event()
            session.on_screen(told.set)
            await told.wait()
        sessions = self.application.get_sessions("/app")
        open_ones = [one for session in sessions for one in session._subscribed_connections]
        sockets = [one._socket.ws_connection.stream.socket for one in open_ones]
        waits = [not one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in sockets]
        self.write(json.dumps(waits))


ROUTES = [(r"/waits", Waits, {})]
"""


async def test_frames_of_a_websocket_do_not_wait_for_those_before(serve: Callable[..., Any], tmp_path: Path) -> None:
    for name, source in {"app": _APP, "waits": _PLUGIN}.items():
        (tmp_path / f"{name}.py").write_text(source, "utf-8")
    served = serve(tmp_path / "app.py", "--plugins", "waits", env={"PYTHONPATH": str(tmp_path)})
    page = await AsyncHTTPClient().fetch(served.url)
    token = re.search(r'"token":"([^"]+)"', page.body.decode())
    assert token is not None
    socket = await websocket_connect(served.url.replace("http", "ws", 1) + "/ws", subprotocols=["bokeh", token[1]])
    try:
        await socket.read_message()  # the server sends it when it has taken the websocket
        answer = await AsyncHTTPClient().fetch(served.url.rpartition("/")[0] + "/waits", request_timeout=60)
        assert json.loads(answer.body) == [False]
    finally:
        socket.close()


class Handler:
    """Stands for the handler of a websocket."""

    def __init__(self) -> None:
        self.ws_connection: object | None = object()
        self.has_delay = True
        self.heard: list[str | bytes] = []

    def set_nodelay(self, value: bool) -> None:
        self.has_delay = not value

    async def on_message(self, message: str | bytes) -> None:
        self.heard.append(message)


def context_of(*handlers: Handler) -> SimpleNamespace:
    connections = [SimpleNamespace(_socket=handler) for handler in handlers]
    return SimpleNamespace(session=SimpleNamespace(_subscribed_connections=connections))


def test_no_two_pieces_of_work_share_a_turn_of_the_loop():
    async def run() -> list[int]:
        turns_of_loop = 0
        worked_in: list[int] = []

        async def count() -> None:
            nonlocal turns_of_loop
            while True:
                await asyncio.sleep(0)
                turns_of_loop += 1

        async def work() -> None:
            await turn()
            worked_in.append(turns_of_loop)

        counting = asyncio.create_task(count())
        await asyncio.gather(*(work() for _ in range(8)))
        counting.cancel()
        return worked_in

    worked_in = asyncio.run(run())
    assert len(set(worked_in)) == 8


def test_moves_that_come_due_together_are_taken_one_per_turn():
    async def run() -> list[int]:
        turns_of_loop = 0
        moved_in: list[int] = []

        async def count() -> None:
            nonlocal turns_of_loop
            while True:
                await asyncio.sleep(0)
                turns_of_loop += 1

        sliders = [pn.widgets.IntSlider(start=0, end=10) for _ in range(8)]
        for value, slider in enumerate(sliders, 1):
            gather_while_behind(slider, lambda: True, lambda call: call())
            slider.param.watch(lambda _event: moved_in.append(turns_of_loop), "value")
            slider._events["value"] = value  # as a browser's change, gathered
        counting = asyncio.create_task(count())
        await asyncio.gather(*(slider._change_coroutine(Document()) for slider in sliders))
        counting.cancel()
        assert [slider.value for slider in sliders] == list(range(1, 9))
        return moved_in

    moved_in = asyncio.run(run())
    assert len(set(moved_in)) == len(moved_in) == 8


def test_what_has_no_changes_of_browsers_is_left_alone():
    gather_while_behind(None, lambda: True, lambda call: call())


def test_messages_of_a_websocket_are_taken_in_turn_and_in_their_order():
    handler, other = Handler(), Handler()
    for _ in range(2):  # each answer comes by here
        pace(context_of(handler, other))
    receive = handler.on_message

    async def run() -> None:
        await asyncio.gather(other.on_message(b"x"), *(receive(text) for text in "abc"))

    asyncio.run(run())
    assert handler.heard == ["a", "b", "c"]
    assert other.heard == [b"x"]
    assert not handler.has_delay
    pace(context_of(handler))
    assert handler.on_message is receive


def test_a_websocket_that_is_closing_and_a_page_without_one_are_left_alone():
    closing = Handler()
    closing.ws_connection = None
    pace(context_of(closing))
    pace(SimpleNamespace())
    pace(None)
    assert closing.has_delay
    assert "on_message" not in vars(closing)


def _pending(document: Document, event: Any, *connections: object) -> Any:
    sessions: Any = import_module("bokeh.server.session")
    return sessions._PendingPatch(event, Protocol(), connections)


def _kinds(messages: list[tuple[Any, Any]]) -> list[tuple[list[str], Any]]:
    return [([event["kind"] for event in message.content["events"]], to) for message, to in messages]


def test_messages_to_components_go_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: Any = import_module("bokeh.server.session")
    monkeypatch.setattr(sessions, "_serialize_patches", sessions._serialize_patches)
    send_messages_as_one()
    document = Document()
    document.title = "before"
    browser, other = object(), object()
    said = [MessageSentEvent(document, "said", {"number": number, "rows": b"rows"}) for number in range(5)]
    titled = [TitleChangedEvent(document, title) for title in ("one", "two")]
    found = sessions._serialize_patches(
        [
            *(_pending(document, event, browser) for event in said[:2]),
            *(_pending(document, event, browser) for event in titled),
            _pending(document, said[2], browser),
            _pending(document, said[3], other),
            _pending(document, said[4], other),
        ]
    )
    message, title = "MessageSent", "TitleChanged"
    assert _kinds(found) == [
        ([message] * 2, (browser,)),
        ([title], (browser,)),
        ([title], (browser,)),
        ([message], (browser,)),
        ([message] * 2, (other,)),
    ]
    assert [len(one.buffers) for one, _ in found] == [2, 0, 0, 1, 2]


def test_bokeh_sends_messages_under_the_names_that_are_used_here() -> None:
    sessions: Any = import_module("bokeh.server.session")
    assert {"_PendingPatch", "_serialize_patches"} <= vars(sessions).keys()


def test_changes_of_a_widget_that_threads_take_are_taken_one_after_the_other() -> None:
    slider: Any = pn.widgets.IntSlider(end=100)
    gather_while_behind(slider, lambda: False, lambda _: None)
    seen: list[int] = []
    has_begun, may_end = threading.Event(), threading.Event()

    def watch(event: Any) -> None:
        seen.append(event.new)
        has_begun.set()
        assert may_end.wait(_WITHIN)

    slider.param.watch(watch, "value")
    slider._events = {"value": 1}
    first = threading.Thread(target=slider._change_event, args=(None,))
    first.start()
    assert has_begun.wait(_WITHIN)
    slider._events["value"] = 2
    slider._change_event(None)  # another thread is at it
    assert seen == [1]
    may_end.set()
    first.join(_WITHIN)
    assert (seen, slider.value, slider._events) == ([1, 2], 2, {})


def test_what_comes_while_a_thread_takes_a_change_is_kept() -> None:
    slider: Any = pn.widgets.IntSlider(end=100)

    def come(event: Any) -> None:
        if event.new == 1:  # from the browser, before those who watch the slider know of this one
            slider._events["value"] = 2
            other = threading.Thread(target=slider._change_event, args=(None,))
            other.start()
            other.join(_WITHIN)

    slider.param.watch(come, "value")  # before the watcher of what is gathered
    gather_while_behind(slider, lambda: False, lambda _: None)
    slider._events = {"value": 1}
    slider._change_event(None)
    assert slider.value == 2


def test_what_is_newer_is_taken_though_something_that_watches_failed() -> None:
    slider: Any = pn.widgets.IntSlider(end=100)
    gather_while_behind(slider, lambda: False, lambda _: None)

    def fail(event: Any) -> None:
        if event.new == 1:
            slider._events["value"] = 2
            slider._change_event(None)
            raise ZeroDivisionError

    slider.param.watch(fail, "value")
    slider._events = {"value": 1}
    with pytest.raises(ZeroDivisionError):
        slider._change_event(None)
    assert slider.value == 2


def test_a_model_is_not_told_of_a_change_that_is_older_than_its_own() -> None:
    slider: Any = pn.widgets.RangeSlider(end=100)
    model: Any = slider.get_root()
    gather_while_behind(slider, lambda: False, lambda _: None)
    slider._events = {"value": (3, 4)}
    told = {"value": (1, 2)}
    slider._scheduled_update_model({}, {"value": (1.0, 2.0)}, model, model, Document(), None, told)
    assert slider._events == {"value": (3, 4)}
    assert tuple(model.value) != (1, 2)
    slider._events = {}
    slider._scheduled_update_model({}, {"value": (1.0, 2.0)}, model, model, Document(), None, {})  # the server's own
    assert tuple(model.value) == (1, 2)


def test_a_change_of_a_document_without_a_session_is_taken_at_once() -> None:
    slider: Any = pn.widgets.IntSlider(end=100)
    gather_while_behind(slider, lambda: False, lambda _: None)
    slider._server_change(Document(), "", None, "value", 0, 7)
    assert slider.value == 7
