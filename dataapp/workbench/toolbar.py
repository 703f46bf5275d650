"""What stands above a query's text: its name, its buttons, and what is said of it."""

from collections.abc import Callable
from typing import Any, Protocol

import panel as pn

from dataapp.app.sessions import call_later
from dataapp.workbench.status import Status

_SMALL: dict[str, Any] = {"size": "small", "margin": 0}


class Wishes(Protocol):
    """What a reader asks for with the buttons."""

    def run(self) -> None:
        """Run the query."""
        ...

    def stop(self) -> None:
        """Stop it."""
        ...

    def toggle_chart(self) -> None:
        """Show a chart of it, or take that away."""
        ...

    def rename(self, name: str) -> None:
        """Call it otherwise."""
        ...

    def remove(self) -> None:
        """Take it away."""
        ...


class Toolbar:
    """The buttons of one query.

    Args:
        name: What it is called.
        wishes: Told what the reader asks for.

    Attributes:
        status: What is said of the query.
        view: The Panel object.
    """

    def __init__(self, name: str, wishes: Wishes) -> None:
        self.status = Status(call_later)
        self._name = pn.ui.TextInput(value=name, label="Name", width=170, **_SMALL)
        self._name.param.watch(lambda event: wishes.rename(event.new.strip()), "value")
        self._run = _button("Run", wishes.run, icon="play_arrow", color="primary")
        self._stop = _button("Stop", wishes.stop, icon="stop", color="error", visible=False)
        self._chart = _button("Chart", wishes.toggle_chart, icon="insert_chart", variant="outlined")
        remove = pn.ui.IconButton(icon="delete_outline", description="Remove the query", **_SMALL)
        remove.on_click(lambda _: wishes.remove())
        self.view: Any = pn.FlexBox(
            self._name,
            self._run,
            self._stop,
            self._chart,
            self.status.view,
            pn.Spacer(styles={"flex": "1"}),
            remove,
            gap="8px",
            align_items="center",
            flex_wrap="wrap",
            sizing_mode="stretch_width",
        )

    def show_name(self, name: str) -> None:
        """Show what the query is called."""
        self._name.value = name

    def show_name_is_wrong(self, *, is_wrong: bool) -> None:
        """Mark the name that was typed, or not."""
        self._name.error_state = is_wrong

    def show_busy(self, *, is_busy: bool) -> None:
        """Offer to stop what runs, or to run."""
        self._run.visible = not is_busy
        self._stop.visible = is_busy

    def show_chart(self, *, is_shown: bool) -> None:
        """Show whether there is a chart."""
        self._chart.variant = "contained" if is_shown else "outlined"


def _button(label: str, wish: Callable[[], None], **look: Any) -> Any:
    button = pn.ui.Button(label=label, **look, **_SMALL)
    button.on_click(lambda _: wish())
    return button
