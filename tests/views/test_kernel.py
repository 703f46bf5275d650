"""A kernel hears pages where its cells run, takes no echoes, and tells a page nothing before it has drawn."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import IPython
import panel as pn
import pytest

from dataapp.views import kernel


class Socket:
    """Stands for the connection that Jupyter gives: keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.hear: Callable[[Any], None] = lambda _: None

    def send(self, data: Any, metadata: Any = None, buffers: Any = None) -> None:
        self.sent.append(data if data is not None else metadata)

    def on_msg(self, hear: Callable[[Any], None]) -> None:
        self.hear = hear

    def close(self) -> None:
        self.sent.append("closed")


@pytest.fixture(autouse=True)
def _in_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = SimpleNamespace(register_target=lambda *_: None, targets={})
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=SimpleNamespace(comm_manager=manager)))


def message(*events: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"data": {"content": {"events": list(events)}}}, "buffers": []}


def change(attr: str, new: object) -> dict[str, Any]:
    return {"kind": "ModelChanged", "model": {"id": "m"}, "attr": attr, "new": new}


def test_what_pages_say_is_heard_in_order_where_the_connection_was_made() -> None:
    heard: list[tuple[object, threading.Thread]] = []

    def hear(message: Any) -> None:
        heard.append((message["content"]["events"][0]["new"], _thread()))

    async def run() -> None:
        comm, socket = kernel.IncomingComm(on_msg=hear, on_open=lambda _: heard.append(("open", _thread()))), Socket()

        def speak() -> None:
            comm._handle_open(socket, {})
            socket.hear(message(change("value", 1)))
            socket.hear(message(change("value", 2)))

        await asyncio.to_thread(speak)
        await asyncio.sleep(0)
        assert [reply["msg_type"] for reply in socket.sent] == ["Ready", "Ready"]

    asyncio.run(run())
    assert heard == [("open", _thread()), (1, _thread()), (2, _thread())]


class Comms:
    """Stands for Jupyter's connections, in whose place a kernel hears pages; notes what came to one that is open."""

    def __init__(self) -> None:
        self.comms: dict[str, object] = {}
        self.heard: list[object] = []
        self.shell_handlers: dict[str, Callable[..., None]] = {"comm_open": self._open, "comm_msg": self._hear}
        self.comm_manager = self

    def _open(self, stream: object, ident: object, message: Any) -> None:
        self.comms[message["content"]["comm_id"]] = object()

    def _hear(self, stream: object, ident: object, message: Any) -> None:
        self.heard.append((message["content"]["comm_id"] in self.comms, message["content"]["data"]))


def test_what_threads_hear_before_a_connection_is_opened_is_passed_on_when_it_is() -> None:
    comms = Comms()
    kernel.install(comms)
    kernel.install(comms)  # again does nothing

    def hear(comm: str, data: object) -> None:
        content = {"content": {"comm_id": comm, "data": data}}
        thread = threading.Thread(target=comms.shell_handlers["comm_msg"], args=(None, None, content))
        thread.start()
        thread.join()

    hear("a", 1)
    hear("b", 2)
    hear("a", 3)
    assert comms.heard == []
    comms.shell_handlers["comm_open"](None, None, {"content": {"comm_id": "a"}})
    assert comms.heard == [(True, 1), (True, 3)]
    hear("a", 4)
    assert comms.heard[2:] == [(True, 4)]
    comms.shell_handlers["comm_msg"](None, None, {"content": {"comm_id": "b", "data": 5}})
    assert comms.heard[3:] == [(False, 5)], "in the queue of cells nothing comes before its opening"


def test_messages_to_connections_that_are_never_opened_are_forgotten() -> None:
    comms = Comms()
    early = kernel.EarlyMessages(comms)
    content = [{"content": {"comm_id": "gone", "data": number}} for number in range(1_100)]
    thread = threading.Thread(target=lambda: [early.hear(None, None, each) for each in content])
    thread.start()
    thread.join()
    early.open(None, None, {"content": {"comm_id": "gone"}})
    assert comms.heard == [(True, number) for number in range(100, 1_100)]


def test_a_kernel_of_another_kind_is_left_as_it_is() -> None:
    kernel.install(SimpleNamespace())


def _thread() -> threading.Thread:
    return threading.current_thread()


def test_without_a_loop_a_page_is_heard_at_once() -> None:
    heard: list[Any] = []
    comm, socket = kernel.IncomingComm(on_msg=heard.append), Socket()
    comm._handle_open(socket, {})
    socket.hear(message(change("value", 1)))
    assert len(heard) == len(socket.sent) == 1


def test_changes_are_heard_one_by_one_and_without_what_a_page_was_told() -> None:
    heard: list[Any] = []
    comm, socket = kernel.IncomingComm(on_msg=heard.append), Socket()
    comm._handle_open(socket, {})
    said = [change("value", 3), {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": {}}]
    root = {"kind": "RootAdded", "model": {"id": "m"}}
    echo = [change("css_classes", []), change("text", "old"), root, root | {"kind": "RootRemoved"}]
    socket.hear(message(echo[0], said[0], *echo[1:], said[1]))
    socket.hear(message(*echo))
    assert [each["content"]["events"] for each in heard] == [said[:1], said[1:]]
    assert [reply["msg_type"] for reply in socket.sent] == ["Ready", "Ready"]  # a page waits for it with all else


def test_what_is_sent_before_a_page_has_drawn_follows_in_order() -> None:
    comm: Any = kernel.OutgoingComm()
    socket = Socket()
    comm.hold()
    assert comm._comm  # or Panel would not send, and try again later
    comm.send("first")
    comm._comm = socket
    comm.send("second")
    assert socket.sent == []
    comm.release()
    comm.send("third")
    comm.release()
    assert socket.sent == ["first", "second", "third"]


def test_a_connection_that_no_page_opened_can_be_closed() -> None:
    comm = kernel.OutgoingComm()
    comm.hold()
    comm.send("never")
    comm.close()


def test_an_arrival_reports_for_the_display_that_was_drawn() -> None:
    reports: list[str] = []
    arrival = kernel.Arrival(lambda: reports.append("drawn"))
    layout = pn.Column(arrival)
    comms: list[Any] = [kernel.OutgoingComm(), kernel.OutgoingComm()]
    refs = [layout._render_model(comm=comm).ref["id"] for comm in comms]
    sockets = [Socket(), Socket()]
    for comm, socket in zip(comms, sockets, strict=True):
        comm.send("early")
        comm._comm = socket
    arrival._handle_msg(refs[1])
    assert reports == ["drawn"]
    assert [socket.sent for socket in sockets] == [[], ["early"]]
    arrival._handle_msg("taken down")
    assert reports == ["drawn"]


@pytest.mark.parametrize(("view", "is_heard"), [(pn.widgets.TextEditor(value="a"), True), (pn.pane.HTML("a"), False)])
def test_a_text_is_heard_where_readers_write_it(view: Any, is_heard: bool) -> None:
    root = view._render_model(comm=kernel.OutgoingComm())
    (model,) = (each for each in root.references() if "text" in each.properties())  # a design may have wrapped it
    heard: list[Any] = []
    comm, socket = kernel.IncomingComm(on_msg=partial(lambda _, said: heard.append(said), root.ref["id"])), Socket()
    comm._handle_open(socket, {})
    socket.hear(message({**change("text", "b"), "model": model.ref}))
    assert bool(heard) == is_heard
