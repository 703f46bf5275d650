"""Make the pictures of the documentation: ``python tools/screenshots.py``, or some: ``... explore flights``.

Each app is served on a free port and photographed in headless Chromium.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from browser import find_browser
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
COLOURS = 128  # a palette makes a screenshot a third as large, and nobody sees the difference
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--force-color-profile=srgb")
_QUERY = """SELECT carrier, count(*) AS flights, avg(arr_delay) AS delay
FROM flights WHERE distance >= $distance
GROUP BY carrier ORDER BY flights DESC"""
_DRAWN = """() => {
    const charts = [...document.querySelectorAll('*')].flatMap(function find(element) {
        const inside = element.shadowRoot ? [...element.shadowRoot.querySelectorAll('*')].flatMap(find) : [];
        return element.matches('canvas') ? [element, ...inside] : inside;
    });
    return charts.length > 0 && charts.every(canvas => canvas.toDataURL().length > 3000);
}"""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of an app."""

    name: str
    command: tuple[str, ...]
    path: str
    width: int = 1280
    height: int = 800
    dark: bool = False
    has_charts: bool = True
    prepare: Callable[[Page], None] = lambda page: None


def explore_flights(page: Page) -> None:
    """Write a query with a parameter, and draw it."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(_QUERY)
    page.keyboard.press("Control+Enter")
    page.get_by_role("slider").first.wait_for()
    page.get_by_role("button", name="Chart", exact=True).click()
    page.locator("nav .fold", has_text="flights").click()


def look_into_delays(page: Page) -> None:
    """Filter, sort, select, and open the profile of a column."""
    for name, text in (("carrier", "in AA, DL, UA"), ("dep_delay", ">= 60")):
        field = page.get_by_label(f"Filter {name}", exact=True)
        field.fill(text)
        field.press("Enter")
        page.get_by_role("button", name=f"Remove {name} {text}").wait_for()
    page.get_by_label("Menu of dep_delay").click()
    page.get_by_role("menuitem", name="Sort descending").click()
    page.locator("tbody tr").first.filter(has_text="1014").wait_for()
    page.locator("tbody tr").nth(2).locator("td").nth(7).click()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    page.get_by_label("Menu of arr_delay").click()
    page.get_by_role("menuitem", name="Profile").click()
    page.get_by_text("Maximum", exact=True).wait_for()


SHOTS = (
    Shot("table", ("panel", "serve", "table.py"), "/table", height=720, has_charts=False, prepare=look_into_delays),
    Shot("trading_desk", ("panel", "serve", "notebooks/trading_desk.py"), "/trading_desk"),
    Shot("flights", ("panel", "serve", "notebooks/flights.py"), "/flights", height=960),
    Shot("yield_curve", ("panel", "serve", "notebooks/yield_curve.py"), "/yield_curve", height=860, dark=True),
    Shot(
        "explore",
        ("dataapp", "explore", "--no-browser", "--no-token", "--no-history"),
        "/",
        height=960,
        prepare=explore_flights,
    ),
)


def main() -> None:
    """Make all pictures, or those that are named."""
    browser = find_browser()
    if browser is None:
        sys.exit("No Chromium or Chrome was found. `python tools/browser.py` installs one.")
    IMAGES.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-m", "sample_data", "demo"], cwd=ROOT, check=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        for shot in (shot for shot in SHOTS if shot.name in sys.argv[1:] or not sys.argv[1:]):
            with serve(shot) as url:
                size = save(photograph(chromium, shot, url), IMAGES / f"{shot.name}.png")
            print(f"docs/images/{shot.name}.png  {size / 1000:.0f} kB")
        chromium.close()


@contextmanager
def serve(shot: Shot) -> Iterator[str]:
    """Serve an app while it is photographed."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", *shot.command, "--port", str(port)]
    with folder_of(shot) as folder:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_it_answers(port, process)
            yield f"http://localhost:{port}{shot.path}"
        finally:
            process.terminate()
            process.wait()


@contextmanager
def folder_of(shot: Shot) -> Iterator[Path]:
    """Where an app is served: the repository, or a folder with the app that the page about tables shows."""
    if "table.py" not in shot.command:
        yield ROOT
        return
    page = (ROOT / "docs" / "tables.md").read_text("utf-8")
    (source,) = re.findall(r'```python title="table.py"\n(.*?)```', page, re.DOTALL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "table.py").write_text(source, "utf-8")
        (folder / "sample_data").symlink_to(ROOT / "sample_data")
        yield folder


def photograph(browser: Browser, shot: Shot, url: str) -> bytes:
    """Return the picture as PNG."""
    with browser.new_context(viewport={"width": shot.width, "height": shot.height}) as context:
        page = context.new_page()
        page.goto(url)
        if shot.dark:
            page.get_by_label("Toggle theme").click()
            page.mouse.move(shot.width / 2, 30)
        page.locator(".explorer[data-state=fresh]").first.wait_for()
        shot.prepare(page)
        _wait_until_it_is_drawn(page, shot)
        return page.screenshot()


def save(picture: bytes, file: Path) -> int:
    """Write a picture with few colours; return its size in bytes."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    return file.stat().st_size


def _wait_until_it_is_drawn(page: Page, shot: Shot) -> None:
    page.locator(".explorer[data-state=fresh]").first.wait_for()
    if shot.has_charts:
        page.wait_for_function(_DRAWN)
    page.wait_for_timeout(1500)  # lines fade in, and so does the theme


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            sys.exit(f"The server ended with status {process.returncode}.")
        connection = http.client.HTTPConnection("localhost", port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except OSError:
            time.sleep(0.2)
        else:
            return
        finally:
            connection.close()
    sys.exit("The server did not answer within a minute.")


if __name__ == "__main__":
    main()
