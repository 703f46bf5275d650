"""Make the pictures of the documentation: ``python tools/screenshots.py``.

Each app is served on a free port and photographed in headless Chromium.
"""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
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


SHOTS = (
    Shot("trading_desk", ("panel", "serve", "notebooks/trading_desk.py"), "/trading_desk"),
    Shot("flights", ("panel", "serve", "notebooks/flights.py"), "/flights", height=960),
    Shot("yield_curve", ("panel", "serve", "notebooks/yield_curve.py"), "/yield_curve", height=860, dark=True),
)


def main() -> None:
    """Make all pictures."""
    browser = find_browser()
    if browser is None:
        sys.exit("No Chromium or Chrome was found. `python tools/browser.py` installs one.")
    IMAGES.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-m", "sample_data", "demo"], cwd=ROOT, check=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
        for shot in SHOTS:
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
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_it_answers(port, process)
        yield f"http://localhost:{port}{shot.path}"
    finally:
        process.terminate()
        process.wait()


def photograph(browser: Browser, shot: Shot, url: str) -> bytes:
    """Return the picture as PNG."""
    with browser.new_context(viewport={"width": shot.width, "height": shot.height}) as context:
        page = context.new_page()
        page.goto(url)
        if shot.dark:
            page.get_by_label("Toggle theme").click()
            page.mouse.move(shot.width / 2, 30)
        _wait_until_it_is_drawn(page)
        return page.screenshot()


def save(picture: bytes, file: Path) -> int:
    """Write a picture with few colours; return its size in bytes."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    return file.stat().st_size


def _wait_until_it_is_drawn(page: Page) -> None:
    page.locator(".explorer[data-state=fresh]").first.wait_for()
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
