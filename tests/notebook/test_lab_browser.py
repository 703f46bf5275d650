"""The quickstart in JupyterLab, in a browser."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from threading import Event

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.conftest import ROOT, ServedApp, _free_port, _is_local, _wait_until_it_answers

TOKEN = "quickstart"
READY = 60_000  # ms until a kernel has started and has run the notebook, on a loaded machine


class Lab:
    """The quickstart, open in JupyterLab."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def cell(self, start: str) -> Locator:
        """The notebook cell that holds a text."""
        return self.page.locator(".jp-CodeCell").filter(has=self.page.locator(".cm-content", has_text=start)).first

    def output(self, start: str) -> Locator:
        """What the notebook cell that holds a text displays."""
        return self.cell(start).locator(".jp-OutputArea")

    def open(self, url: str) -> None:
        """Open the quickstart and run all its cells."""
        self.page.goto(url)
        self.page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        self.output("late.evaluate").get_by_text("1974").wait_for()

    def run(self, start: str, source: str | None = None) -> None:
        """Run the notebook cell that holds a text, with another source if one is given."""
        self.cell(start).locator(".cm-content").click()
        if source is not None:
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Control+Enter")

    def add(self, source: str) -> Locator:
        """Add a notebook cell at the end and run it; returns what it displays."""
        cells = self.page.locator(".jp-Notebook .jp-CodeCell")
        before = cells.count()
        cells.last.locator(".cm-content").click()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        expect(cells).to_have_count(before + 1)
        self.page.keyboard.press("Enter")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Control+Enter")
        return self.page.locator(".jp-Notebook .jp-CodeCell").last.locator(".jp-OutputArea")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApp]:
    """JupyterLab over a copy of the quickstart, with settings of its own, and without news and updates."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "work" / "notebooks").mkdir(parents=True)
    (folder / "work" / "sample_data").symlink_to(ROOT / "sample_data")
    for name in ("quickstart.ipynb", "another.ipynb"):  # each has a kernel of its own
        shutil.copy(ROOT / "notebooks" / "quickstart.ipynb", folder / "work" / "notebooks" / name)
    places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    env = {f"JUPYTER_{place}": str(folder / place) for place in places} | {"IPYTHONDIR": str(folder / "ipython")}
    env |= {f"JUPYTERLAB_{place}_DIR": str(folder / place) for place in ("SETTINGS", "WORKSPACES")}
    port = _free_port()
    options = {
        "ServerApp.root_dir": str(folder / "work"),
        "ServerApp.port": port,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.allow_root": True,
        "IdentityProvider.token": TOKEN,
        "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        *(f"--{key}={value}" for key, value in options.items()),
    ]
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}/lab/tree/notebooks/quickstart.ipynb?token={TOKEN}"
    served = ServedApp(url, process, folder / "lab.log")
    try:
        _wait_until_it_answers(served)
        yield served
    finally:
        process.send_signal(signal.SIGTERM)  # it ends its kernels, which have process groups of their own
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            served.stop()


@pytest.fixture(scope="module")
def faults() -> list[str]:
    """What went wrong in the page, and what it asked other machines for."""
    return []


@pytest.fixture(scope="module")
def lab(server: ServedApp, browser: Browser, faults: list[str]) -> Iterator[Lab]:
    """The quickstart after all its cells ran."""
    with browser.new_context(viewport={"width": 1300, "height": 3000}) as context:
        page = context.new_page()
        page.set_default_timeout(READY)
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        context.on("request", lambda request: None if _is_local(request.url) else faults.append(request.url))
        lab = Lab(page)
        lab.open(server.url)
        yield lab


@pytest.fixture(autouse=True, scope="module")
def _wait_longer() -> Iterator[None]:
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


def test_a_table_shows_its_rows(lab: Lab) -> None:
    expect(lab.output("flights =").get_by_text("336,776 rows")).to_be_visible()
    expect(lab.output("flights =").get_by_text("N14228")).to_be_visible()


def test_a_chart_is_drawn(lab: Lab) -> None:
    expect(lab.output("da.chart").locator("canvas, svg").first).to_be_visible()


def test_a_slider_moved_with_the_keyboard_changes_what_reads_it(lab: Lab) -> None:
    expect(lab.output("%%sql late").get_by_text("5705")).to_be_visible()
    handle = lab.output("least =").get_by_role("slider")
    handle.focus()
    handle.press("ArrowRight")
    expect(lab.output("import polars").get_by_text("75 minutes late")).to_be_visible()
    handle.press("ArrowRight")
    expect(lab.output("%%sql late").get_by_text("3380")).to_be_visible()
    expect(lab.output("import polars").get_by_text("90 minutes late")).to_be_visible()


def test_a_value_that_is_bound_anew_changes_what_reads_it(lab: Lab) -> None:
    lab.run("top =", "top = 2")
    expect(lab.output("import polars").get_by_text("EV, B6 were")).to_be_visible()
    lab.run("top =", "top = 4")
    expect(lab.output("import polars").get_by_text("EV, B6, UA, DL were")).to_be_visible()


def test_a_display_follows_its_definition(lab: Lab) -> None:
    lab.add("double = da.sql('SELECT 2 * 21 AS n')")
    shown = lab.add("pn.Column('# Twice', double)")
    expect(shown.get_by_role("gridcell", name="42")).to_be_visible()
    lab.run("double = da.sql", "double = da.sql('SELECT 2 * 50 AS n')")
    expect(shown.get_by_role("gridcell", name="100")).to_be_visible()


def test_a_display_is_drawn_that_speaks_before_the_kernel_has_time_to_listen(lab: Lab) -> None:
    shown = lab.add("display(da.sql('SELECT 3 * 5 AS n'))\nimport time\ntime.sleep(3)  # the page opens its connection")
    expect(shown.get_by_role("gridcell", name="15")).to_be_visible()


def test_an_error_is_shown_as_a_card(lab: Lab) -> None:
    shown = lab.add("%%sql\nSELECT * FROM flight")
    expect(shown.get_by_role("alert")).to_contain_text("reads table `flight`")
    expect(shown.get_by_role("alert")).to_contain_text("flights")


def test_names_are_completed(lab: Lab) -> None:
    expect(lab.add("%%sql\nFROM late").get_by_text("35 rows")).to_be_visible()
    editor = lab.page.locator(".jp-Notebook .jp-CodeCell").last.locator(".cm-content")
    editor.click()
    lab.page.keyboard.press("ControlOrMeta+End")
    lab.page.keyboard.type(" WHERE mean_")
    expect(lab.page.locator(".jp-Notebook .jp-CodeCell").last.locator(".jp-mod-completer-enabled")).to_be_attached()
    lab.page.keyboard.press("Tab")
    expect(lab.page.locator(".jp-Completer-item").first).to_contain_text("mean_delay")
    lab.page.keyboard.press("Escape")


def test_a_display_that_is_replaced_is_released(lab: Lab) -> None:
    count = (
        "from dataapp.app.sessions import own_session\nprint('wanted', sum(map(len, own_session()._demands.values())))"
    )
    lab.run("flights =")
    expect(lab.output("flights =").get_by_text("336,776 rows")).to_be_visible()  # it counts from when it is drawn
    first = lab.add(count)
    expect(first).to_contain_text("wanted")
    before = first.inner_text()
    for _ in range(3):
        lab.run("flights =")  # and at once again, while the page still draws what the first run displays
        lab.run("flights =")
        expect(lab.output("flights =").get_by_text("336,776 rows")).to_be_visible()
    last = lab.add(count)
    for _ in range(20):  # the last display counts once it is drawn, and what the page shows may be the one before
        expect(last).to_contain_text("wanted")
        if last.inner_text() == before:
            break
        lab.page.wait_for_timeout(500)
        lab.page.keyboard.press("Control+Enter")
    expect(last).to_have_text(before)


def test_the_page_reports_nothing_and_asks_no_other_machine(lab: Lab, faults: list[str]) -> None:
    assert faults == []


def test_a_table_is_drawn_when_panel_itself_arrives_late(server: ServedApp, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 1300, "height": 3000}) as context:
        page = context.new_page()
        page.set_default_timeout(READY)
        held: list[Route] = []
        arrive = Event()
        page.route(
            "**/panel-preview/**/*.js*", lambda route: route.continue_() if arrive.is_set() else held.append(route)
        )
        lab = Lab(page)
        place = "/lab/workspaces/another/tree/notebooks/another.ipynb"  # in which no other notebook is open
        lab.open(server.url.replace("/lab/tree/notebooks/quickstart.ipynb", place))
        page.wait_for_timeout(8_000)  # more than the five seconds that Panel's own displays wait
        arrive.set()
        assert held
        for route in held:
            route.continue_()
        expect(lab.output("flights =").get_by_text("336,776 rows")).to_be_visible()
