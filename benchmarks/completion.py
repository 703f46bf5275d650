"""From a keystroke in the SQL editor to the completions on screen.

The page takes the time of each key and looks at every frame until the list marks as many letters as were typed.
"""

import statistics
from collections.abc import Iterator

from playwright.sync_api import Page

from benchmarks.report import Figure, Goal
from benchmarks.serving import PAGES, chromium, panel_serve
from benchmarks.settings import Settings
from benchmarks.timing import Sample

_TYPED = "arr_delay"  # a column; its first three letters also begin some fifty functions
_SELECTED = ".cm-tooltip-autocomplete li .cm-completionMatchedText"
_PAUSE = 150  # milliseconds between keys: the work of one is done when the next begins
_PROBE = """
() => {
  const find = (root, selector) => {
    const found = root.querySelector(selector);
    if (found) return found;
    for (const one of root.querySelectorAll("*")) {
      const inner = one.shadowRoot && find(one.shadowRoot, selector);
      if (inner) return inner;
    }
    return null;
  };
  const content = find(document, ".cm-content");
  const root = content.getRootNode();
  let typed = "";
  content.addEventListener("keydown", (event) => {
    if (event.key.length !== 1) return;
    typed += event.key;
    window.taken = null;
    const [start, wanted] = [performance.now(), typed];
    const look = () => {
      if (root.querySelector("SELECTED")?.textContent === wanted) window.taken = performance.now() - start;
      else if (typed === wanted) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, {capture: true});
  window.forget = () => { typed = ""; };
}
""".replace("SELECTED", _SELECTED)


def measure(settings: Settings) -> Iterator[Figure]:
    """Type the name of a column, letter by letter, again and again."""
    with chromium() as browser, panel_serve(PAGES / "editor_page.py") as server:
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(server.url("editor_page"))
        page.locator(".cm-content").click(timeout=60_000)
        page.keyboard.press("Control+End")
        page.evaluate(_PROBE)
        _type(page)  # warm up
        taken = tuple(value for _ in range(settings.repetitions(10)) for value in _type(page))
    sample = Sample(taken)
    last = statistics.quantiles(taken, n=20, method="inclusive")[-1]
    notes = (f"{len(taken)} keystrokes, 95% within {last:.0f} ms",)
    yield Figure("keystroke to completions", sample, None, "", Goal("50 ms", sample.median, 50), notes)


def _type(page: Page) -> list[float]:
    """Type a name, take it away again, and return what each letter took."""
    taken: list[float] = []
    for letter in _TYPED:
        page.keyboard.press(letter)
        page.wait_for_function("window.taken !== null")
        taken.append(page.evaluate("window.taken"))
        page.wait_for_timeout(_PAUSE)
    for _ in _TYPED:
        page.keyboard.press("Backspace")
    page.keyboard.press("Escape")
    page.evaluate("window.forget()")
    page.wait_for_timeout(_PAUSE)
    return taken
