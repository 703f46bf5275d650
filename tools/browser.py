"""Find Chromium or Chrome for the tests, and install one where there is none: ``python tools/browser.py``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_browser() -> Path | None:
    """Return a browser that starts: one on PATH, else the one that Playwright installed."""
    on_path = (shutil.which(command) for command in _COMMANDS)
    for candidate in (*(Path(found) for found in on_path if found), _browser_of_playwright()):
        if candidate is not None and _starts(candidate):
            return candidate
    return None


def install_browser() -> Path | None:
    """Install a browser with the system's packages where that is possible, else with Playwright; return it."""
    for commands in _installers():
        for command in commands:
            print("+", " ".join(command), flush=True)
            if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode:
                break
        browser = find_browser()  # looked for even after a failure: a stale package list need not matter
        if browser is not None:
            return browser
    return None


def _installers() -> list[list[list[str]]]:
    playwright = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_root and shutil.which("apt-get"):
        apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        packages = [[*apt, "update"], [*apt, "install", "--yes", "--no-install-recommends", "chromium"]]
        return [packages, playwright]
    return [playwright]


def _browser_of_playwright() -> Path | None:
    try:
        from playwright.sync_api import sync_playwright  # here, so that this file runs before it is installed
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.is_file() else None


def _starts(browser: Path) -> bool:
    """Tell whether the browser runs: on some systems the command is only a note to install a snap."""
    try:
        return not subprocess.run([browser, "--version"], check=False, capture_output=True, timeout=60).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    """Make sure that there is a browser, and say which."""
    browser = find_browser() or install_browser()
    if browser is None:
        print(
            "The tests need Chromium or Chrome. None is on PATH, and none could be installed. Install one with\n"
            "the system's packages (`apt-get install chromium`), or with `playwright install --with-deps chromium`.",
            file=sys.stderr,
        )
        return 1
    print(f"Browser: {browser}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
