"""What a table paints, frame by frame.

A sample is taken at the end of each frame, after all that changes what is painted: a box that changes its width in each
frame is measured by the browser just before it paints.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from playwright.sync_api import Locator

_RECORD = """
(root) => {
    const table = root.querySelector("regular-table");
    const probe = document.createElement("div");
    probe.style.cssText = "position:fixed;left:0;top:0;height:1px;width:1px;visibility:hidden";
    document.body.append(probe);
    const frames = [];
    const textOf = (cell) => (cell.dataset.is === "wait" ? null : cell.textContent);
    const look = () => {
        const box = table.getBoundingClientRect();
        const [top, bottom] = [box.top + 104, box.top + table.clientHeight];
        const numbers = [...root.querySelectorAll(".gutter-row")].map((one) => {
            const {top} = one.getBoundingClientRect();
            return [top, Number(one.textContent)];
        });
        const lines = [];
        let [low, high] = [Infinity, -Infinity];
        for (const line of table.querySelectorAll("tbody tr")) {
            const at = line.getBoundingClientRect();
            if (at.bottom <= top || at.top >= bottom) continue;
            [low, high] = [Math.min(low, at.top), Math.max(high, at.bottom)];
            const number = numbers.find(([y]) => Math.abs(y - at.top) < 2)?.[1] ?? null;
            const cells = [...line.querySelectorAll("td")];
            lines.push({number, place: Math.round(at.top - top), cells: cells.slice(0, 3).map(textOf)});
        }
        const heads = [...table.querySelectorAll("thead .head")].map((one) => one.querySelectorAll(".slot").length);
        const {opacity} = getComputedStyle(table.querySelector("tbody") ?? table);
        const gap = lines.length ? Math.max(low - top, 0, bottom - high) : null;
        frames.push({time: performance.now(), lines, heads, gap, state: root.dataset.state, opacity: Number(opacity)});
    };
    const observer = new ResizeObserver(look);
    observer.observe(probe);
    let on = true;
    const step = () => {
        if (!on) return;
        probe.style.width = probe.style.width === "1px" ? "2px" : "1px";
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    root.recorded = () => {
        on = false;
        observer.disconnect();
        probe.remove();
        return frames;
    };
}
"""


@dataclass
class Painted:
    """The frames that were painted, and what a reader would call flicker in them."""

    frames: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def wrong(self) -> list[Any]:
        """Rows whose cells do not belong together, or do not belong to the number beside them; see `rows_fit`."""
        return [(at, line) for at, line in self._lines() if not _is_one_row(line["cells"])]

    def misplaced(self, *orders: Callable[[int], int]) -> list[Any]:
        """Rows that no order has at the number beside them; later orders replace earlier ones, and none comes back."""
        found, reached = list[Any](), 0
        for at, line in self._lines():
            first = line["cells"][0] if line["cells"] else None
            if first is None:
                continue
            shown = int(first.replace(",", ""))
            fitting = [
                one
                for one in range(reached, len(orders))
                if line["number"] and orders[one](line["number"] - 1) == shown
            ]
            if not fitting:
                found.append((at, line))
            elif fitting[0] > reached:
                reached = fitting[0]
        return found

    @property
    def blanked(self) -> list[Any]:
        """Places whose cells were painted, and were not in the next frame, though the same row is there."""
        found = list[Any]()
        for at, (before, after) in enumerate(pairwise(self.frames)):
            painted = {line["number"]: line["cells"] for line in before["lines"]}
            for line in after["lines"]:
                old = painted.get(line["number"])
                if old is not None and any(
                    was is not None and now is None for was, now in zip(old, line["cells"], strict=False)
                ):
                    found.append((at + 1, line, old))
        return found

    @property
    def emptied(self) -> list[int]:
        """Frames without any row, after one with rows."""
        return [
            at + 1 for at, (before, after) in enumerate(pairwise(self.frames)) if before["lines"] and not after["lines"]
        ]

    @property
    def uncovered(self) -> list[tuple[int, float]]:
        """Frames in which rows do not cover the place for them, and how many pixels are left."""
        return [
            (at, frame["gap"]) for at, frame in enumerate(self.frames) if frame["gap"] is not None and frame["gap"] > 1
        ]

    @property
    def waiting(self) -> int:
        """In how many frames a row is on screen whose cells have not come yet."""
        return sum(any(None in line["cells"] for line in frame["lines"]) for frame in self.frames)

    @property
    def pictures_lost(self) -> list[int]:
        """Frames in which a header has no picture that it had in the one before."""
        return [
            at + 1
            for at, (before, after) in enumerate(pairwise(self.frames))
            if any(was > 0 and now == 0 for was, now in zip(before["heads"], after["heads"], strict=False))
        ]

    def _lines(self) -> Generator[tuple[int, dict[str, Any]]]:
        for at, frame in enumerate(self.frames):
            for line in frame["lines"]:
                yield at, line


@contextmanager
def painting(table: Locator) -> Generator[Painted]:
    """Record what is painted meanwhile."""
    painted = Painted()
    table.evaluate(_RECORD)
    yield painted
    painted.frames = table.evaluate("root => root.recorded()")


def _is_one_row(cells: list[str | None]) -> bool:
    """Whether the cells of a row say the same: a number, and a text that names it; what has not come says nothing."""
    told = {text.replace(",", "").removeprefix("note ") for text in cells[:2] if text is not None}
    return len(told) <= 1
