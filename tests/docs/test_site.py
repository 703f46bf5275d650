"""The site builds strictly, is complete, and loads nothing from other hosts."""

import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import dataapp
from tests.docs.pages import DOCS, PAGES, ROOT

CONFIGURATION = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
LARGEST_IMAGE = 200_000  # bytes
OUTSIDE = re.compile(r"^(?:https?:)?//")


def named(entries: object) -> list[str]:
    if isinstance(entries, str):
        return [entries]
    items = entries if isinstance(entries, list) else list(entries.values()) if isinstance(entries, dict) else []
    return [name for item in items for name in named(item)]


class Assets(HTMLParser):
    """What a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        loads = tag in ("script", "img", "iframe", "source", "video") or (
            tag == "link" and given.get("rel") not in ("canonical", "next", "prev", "edit")
        )
        if loads:
            self.found += [given[name] for name in ("src", "href", "srcset") if name in given]


def assets(page: Path) -> list[str]:
    parser = Assets()
    parser.feed(page.read_text("utf-8"))
    return parser.found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built of copies: the build writes beside its sources."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(DOCS, folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    (folder / "dataapp").symlink_to(ROOT / "dataapp")
    run = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / CONFIGURATION["site_dir"]


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(named(CONFIGURATION["nav"])) == sorted(page.name for page in PAGES)


def test_every_page_is_built(site: Path) -> None:
    wanted = {site / "index.html"} | {site / page.stem / "index.html" for page in PAGES if page.stem != "index"}
    assert {page for page in wanted if not page.is_file()} == set()


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    found = {page.name: [url for url in assets(page) if OUTSIDE.match(url)] for page in site.rglob("*.html")}
    assert {page: urls for page, urls in found.items() if urls} == {}


def test_every_image_and_script_exists(site: Path) -> None:
    missing: list[str] = []
    for page in site.rglob("*.html"):
        for url in assets(page):
            path = unquote(urlsplit(url).path)
            if path and not url.startswith("data:") and not (page.parent / path).exists() and page.name != "404.html":
                missing.append(f"{page.relative_to(site)}: {url}")
    assert missing == []


def test_the_reference_describes_every_public_name(site: Path) -> None:
    text = (site / "reference" / "index.html").read_text("utf-8")
    assert [name for name in dataapp.__all__ if f'id="dataapp.{name}"' not in text] == []


def test_images_are_small_and_used() -> None:
    texts = "".join(page.read_text("utf-8") for page in (*PAGES, ROOT / "README.md"))
    images = list((DOCS / "images").iterdir())
    assert [image.name for image in images if image.stat().st_size > LARGEST_IMAGE or image.name not in texts] == []
