"""How a kernel and the pages of a notebook speak with each other: in order, and not before they listen.

A message to a page is several parts to its socket. The page drops each part that comes before what it is for is drawn;
if it has dropped the first ones, it takes the others for the beginning and understands none from then on. So a display
sends nothing before the page has drawn it, which an `Arrival` in it tells.

JupyterLab lets a kernel hear what pages say in threads of its own while cells run. Two threads would mix up the parts
of what they send, and Panel drops what one of them is about to send when another one has heard something. So pages are
heard in the loop that runs the cells. A page opens a connection in the queue of cells, though, and a thread that hears
what it says next may be faster: Jupyter drops messages to what it does not know, so `EarlyMessages` keeps them.

Of the changes that come in one message Panel 1.10 keeps back what all but the first cause, until something else is
sent; so it is given them one by one. A page also sends back what it was told. A kernel that took such an echo of the
value before last for the present one would not send that value again when it should, and one that is told of a root
gives the page the whole display anew.

A page that has no Panel yet looks for it 200 times, every 25 ms, and then leaves the display empty for good: on a slow
connection or a busy machine the first table of a notebook is missing. Our displays look for longer.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import panel as pn
import param
from panel.custom import JSComponent
from panel.io import notebook
from panel.io.notebook import JupyterCommJSBinary, JupyterCommManagerBinary
from pyviz_comms import JupyterComm

_LOOKS, _MORE_LOOKS = "attempts > 200", "attempts > 4800"  # of a page for Panel, every 25 ms
_MOST_EARLY = 1_000  # messages that wait for their connections; pages of a kernel that is gone never open theirs
_ONLY_TOLD = frozenset({"css_classes", "styles", "visible", "text", "children"})  # unless Python listens to it


class Arrival(JSComponent):
    """An invisible component; holds back what is sent to a display until a page has drawn it, which it reports.

    Args:
        report: Called whenever a page has drawn it.
    """

    root = param.String(doc="The display that it is in: each page is told its own.")

    _esm: ClassVar[Any] = "export function render({model}) { model.send_msg(model.root) }"

    def __init__(self, report: Callable[[], None]) -> None:
        layout: dict[str, Any] = {"width": 0, "height": 0, "margin": 0}
        super().__init__(**layout)
        self._report = report

    def _get_model(self, doc: Any, root: Any = None, parent: Any = None, comm: Any = None) -> Any:
        model: Any = super()._get_model(doc, root, parent, comm)
        ref = (root or model).ref["id"]
        model.data.root = ref
        if isinstance(comm, OutgoingComm) and ref not in pn.state._views:  # else it was drawn before
            comm.hold()
        return model

    def _handle_msg(self, data: Any) -> None:
        loop = _running_loop()
        if loop is None:
            self._take(data)
        else:  # when this message is through: until then Panel holds what happened before the page had the display
            loop.call_soon(self._take, data)

    def _take(self, data: Any) -> None:
        if data not in pn.state._views:  # taken down since
            return
        *_, comm = pn.state._views[data]
        if isinstance(comm, OutgoingComm):
            comm.release()
        self._report()


class IncomingComm(JupyterCommJSBinary):
    """What a page says; heard in the loop that made it."""

    def __init__(self, *args: Any, **params: Any) -> None:
        self._home = _running_loop()
        super().__init__(*args, **params)
        self._root: str | None = next(iter(getattr(self._on_msg, "args", ())), None)
        self._take, self._on_msg = self._on_msg, self._take_each

    def _handle_open(self, comm: Any, msg: Any) -> None:
        comm.on_msg(self._handle_msg)  # now: messages may follow before the loop comes to it
        self._at_home(super()._handle_open, comm, msg)

    def _handle_msg(self, msg: Any) -> None:
        self._at_home(super()._handle_msg, msg)

    def _take_each(self, message: dict[str, Any]) -> None:
        for event in message["content"]["events"]:
            if not _is_echo(event, self._root):
                self._take({**message, "content": {**message["content"], "events": [event]}})

    def _at_home(self, call: Callable[..., None], *args: object) -> None:
        if self._home is None or _running_loop() is self._home:
            call(*args)
        else:
            self._home.call_soon_threadsafe(call, *args)


class OutgoingComm(JupyterComm):
    """What a page is told; `hold` keeps it until `release`."""

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **params)
        self._held: list[tuple[Any, Any, Any]] | None = None

    def hold(self) -> None:
        """Keep what is sent from now on."""
        if self._held is None:
            self._held = []
        self._comm = self._comm or _NotOpen()  # or Panel would try again later, and out of order

    def release(self) -> None:
        """Send what was kept, and all else from now on at once."""
        held, self._held = self._held, None
        for parts in held or ():
            self.send(*parts)

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = ()) -> None:
        """Send a part of a message, or keep it."""
        if self._held is None:
            super().send(data, metadata, list(buffers))
        else:
            self._held.append((data, metadata, buffers))


class _NotOpen:
    """Stands for the connection of a page that has not opened it yet."""

    def close(self) -> None:
        """Nothing is to be closed."""


class EarlyMessages:
    """Messages that threads have heard before their connections were opened; passed on, in order, once they are.

    Args:
        kernel: Whose handlers of messages it takes the place of.
    """

    def __init__(self, kernel: Any) -> None:
        handlers = kernel.shell_handlers
        self._comms: Mapping[str, Any] = kernel.comm_manager.comms
        self._opened, self._heard = handlers["comm_open"], handlers["comm_msg"]
        self._early: deque[tuple[str, tuple[Any, ...]]] = deque(maxlen=_MOST_EARLY)
        self._lock = threading.RLock()
        handlers.update(comm_open=self.open, comm_msg=self.hear)

    def open(self, stream: Any, ident: Any, message: Any) -> None:
        """Open a connection, and pass on what was said to it."""
        opened = message["content"]["comm_id"]
        with self._lock:  # what is said meanwhile comes after what was kept
            self._opened(stream, ident, message)
            early = [said for comm, said in self._early if comm == opened]
            kept = [(comm, said) for comm, said in self._early if comm != opened]
            self._early.clear()
            self._early.extend(kept)
            for said in early:
                self._heard(*said)

    def hear(self, stream: Any, ident: Any, message: Any) -> None:
        """Pass a message on, or keep it."""
        comm = message["content"]["comm_id"]
        if threading.current_thread() is threading.main_thread():  # in the queue of cells, after the opening
            self._heard(stream, ident, message)
            return
        with self._lock:
            if comm not in self._comms:
                self._early.append((comm, (stream, ident, message)))
                return
        self._heard(stream, ident, message)


class PatientScript:
    """Panel's script that draws a display, which waits two minutes for Panel itself.

    Args:
        script: Panel's template of it.
    """

    def __init__(self, script: Any) -> None:
        self._script = script

    def render(self, **variables: Any) -> str:
        """Write the script of one display."""
        return self._script.render(**variables).replace(_LOOKS, _MORE_LOOKS)


def install(kernel: Any) -> None:
    """Let Panel's displays speak so, and wait so, from now on.

    Panel names the class that makes their connections anew with each display, so that this class is told what to make.

    Args:
        kernel: That of IPython.
    """
    hears = getattr(kernel, "shell_handlers", {}).get("comm_msg")  # kernels without it hear pages in one thread
    if hears is not None and not isinstance(getattr(hears, "__self__", None), EarlyMessages):
        EarlyMessages(kernel)
    JupyterCommManagerBinary.client_comm = IncomingComm
    JupyterCommManagerBinary.server_comm = OutgoingComm
    if not isinstance(notebook.DOC_NB_JS, PatientScript):
        notebook.DOC_NB_JS = PatientScript(notebook.DOC_NB_JS)


def _is_echo(event: Mapping[str, Any], root: str | None) -> bool:
    if event["kind"] != "ModelChanged":
        return event["kind"] in ("RootAdded", "RootRemoved")
    return event["attr"] in _ONLY_TOLD and not _is_heard(event, root)


def _is_heard(event: Mapping[str, Any], root: str | None) -> bool:
    """Whether Panel listens to what changed: an editor's text is for its page to change, a pane's is not."""
    if root not in pn.state._views:
        return False
    _, _, document, _ = pn.state._views[root]
    model = document.get_model_by_id(event["model"]["id"])
    return model is not None and event["attr"] in model._callbacks


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
