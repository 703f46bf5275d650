"""On the width of a phone the labels of the notebooks' charts can be read."""

from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Serve

ROOT = Path(__file__).resolve().parents[2]
SOON = 30_000  # milliseconds
LEAST_GAP = 3  # pixels between two texts on a line

# Notes where text is drawn on which canvas, in pixels of the page, until the whole canvas is drawn anew.
_NOTE_TEXTS = """(() => {
    window.drawn = new Map();
    const prototype = CanvasRenderingContext2D.prototype;
    const {fillText, clearRect} = prototype;
    prototype.clearRect = function (x, y, width, height) {
        const {a, d} = this.getTransform();
        const isWhole = width * a >= this.canvas.width - 1 && height * d >= this.canvas.height - 1;
        if (isWhole) window.drawn.delete(this.canvas);
        return clearRect.call(this, x, y, width, height);
    };
    prototype.fillText = function (text, x, y, ...rest) {
        const {a, b, d, e, f} = this.getTransform();
        if (b === 0 && text.trim()) {  // titles along y are turned
            const width = this.measureText(text).width;
            const left = x - ({center: width / 2, right: width, end: width}[this.textAlign] ?? 0);
            const texts = window.drawn.get(this.canvas) ?? new Map();
            const line = Math.round(y * d + f), start = left * a + e;
            texts.set(`${line} ${Math.round(start)} ${text}`, {text, line, left: start, width: width * a});
            window.drawn.set(this.canvas, texts);
            window.drawnAt = performance.now();
        }
        return fillText.call(this, text, x, y, ...rest);
    };
})()"""
_IS_STILL = "charts => window.drawn.size >= charts && performance.now() - window.drawnAt > 1000"
_TEXTS = "() => [...window.drawn].map(([canvas, texts]) => ({width: canvas.width, texts: [...texts.values()]}))"


def _faults(width: float, texts: list[dict[str, float | str]]) -> list[str]:
    """What is cut by an end of the canvas, or touches its neighbour."""
    boxes = sorted((int(each["line"]), float(each["left"]), float(each["width"]), str(each["text"])) for each in texts)
    cut = [f"{text} is cut" for _, left, long, text in boxes if left < 0 or left + long > width]
    return cut + [
        f"{one[3]} touches {other[3]}"
        for one, other in pairwise(boxes)
        if one[0] == other[0] and other[1] - one[1] - one[2] < LEAST_GAP
    ]


@pytest.mark.parametrize(("notebook", "charts"), [("flights", 5), ("yield_curve", 3)])
def test_labels_of_charts_are_whole_and_apart(page: Page, serve: Serve, notebook: str, charts: int) -> None:
    page.set_viewport_size({"width": 390, "height": 2400})
    page.add_init_script(_NOTE_TEXTS)
    page.goto(serve(ROOT / "notebooks" / f"{notebook}.py").url)
    expect(page.locator(".chart canvas")).to_have_count(charts, timeout=SOON)
    expect(page.locator(".explorer .count")).to_contain_text("rows", timeout=SOON)
    page.wait_for_function(_IS_STILL, arg=charts)
    drawn = page.evaluate(_TEXTS)
    assert sum(len(each["texts"]) for each in drawn) > 20
    assert [fault for each in drawn for fault in _faults(each["width"], each["texts"])] == []
