"""`dataapp explore` on the command line: what it refuses, whom it lets in, how it ends."""

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import polars as pl
import pytest
from bokeh.util.token import generate_jwt_token, generate_session_id
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from tests.cli.conftest import run
from tests.conftest import ServedApp
from tests.workbench.conftest import explorers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    pl.DataFrame({"symbol": ["A", "B"], "size": [1, 2]}).write_parquet(folder / "trades.parquet")
    (folder / "broken.parquet").write_text("no Parquet", "utf-8")
    return folder


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Iterator[ServedApp]:
    with explorers(folder) as explore:
        yield explore(folder)


@pytest.fixture(scope="module")
def unguarded(folder: Path) -> Iterator[ServedApp]:
    with explorers(folder) as explore:
        yield explore(folder, "--no-token")


def get(url: str, **headers: str) -> tuple[int, str, str]:
    """Return status, cookie and text of a page, behind redirections on the same server."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
        response = connection.getresponse()
        text = response.read().decode()
        if location := response.getheader("Location"):
            return get(urljoin(url, location), **headers)
        return response.status, (response.getheader("Set-Cookie") or "").split(";")[0], text
    finally:
        connection.close()


def root(served: ServedApp) -> str:
    return served.url.partition("?")[0]


async def open_socket(served: ServedApp, token: str, **headers: str) -> str | bytes | None:
    """Return the first message of a websocket, or None when it is closed without one."""
    request = HTTPRequest(root(served).replace("http", "ws") + "ws", headers=headers)
    connection = await websocket_connect(request, subprotocols=["bokeh", token])
    try:
        return await connection.read_message()
    finally:
        connection.close()


# What it refuses.


def test_a_folder_without_data_ends_with_1_and_says_what_data_are(tmp_path: Path):
    done = run("explore", tmp_path, "--no-browser", "--no-history")
    assert done.exit_code == 1
    assert f"There are no data files in `{tmp_path}`" in done.stderr
    assert ".parquet" in done.stderr


def test_a_path_that_is_not_there_ends_with_1_and_names_it(tmp_path: Path):
    done = run("explore", tmp_path / "trades.parquet", "--no-browser", "--no-history")
    assert done.exit_code == 1
    assert f"No file matches `{tmp_path / 'trades.parquet'}`" in done.stderr


def test_a_port_that_is_taken_is_wrong_usage(folder: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("explore", folder, "--no-browser", "--no-history", "--port", taken.getsockname()[1])
    assert done.exit_code == 2
    assert "Choose another --port" in done.stderr


def test_strangers_are_let_in_at_no_foreign_address(folder: Path):
    done = run("explore", folder, "--no-browser", "--no-token", "--host", "0.0.0.0")
    assert done.exit_code == 2
    assert "--no-token is for this machine only" in done.stderr


def test_help_shows_examples():
    assert "dataapp explore 'data/2024-*.parquet'" in run("explore", "--help").stdout


# Whom it lets in.


def test_without_the_token_the_page_is_refused(guarded: ServedApp):
    status, cookie, text = get(root(guarded))
    assert (status, cookie) == (403, "")
    assert "Open the address that `dataapp explore` printed" in text


def test_without_the_token_not_even_what_the_page_is_about_is_told(guarded: ServedApp):
    assert get(root(guarded) + "metadata")[0] == 403


def test_a_wrong_token_is_refused(guarded: ServedApp):
    assert get(root(guarded) + "?token=guessed")[0] == 403


def test_with_the_token_the_page_is_shown_and_a_cookie_is_set(guarded: ServedApp):
    status, cookie, text = get(guarded.url)
    assert status == 200
    assert cookie.startswith("dataapp-token-")
    assert "<html" in text


def test_the_cookie_stands_for_the_token(guarded: ServedApp):
    cookie = get(guarded.url.replace("?", "metadata?"))[1]
    assert get(root(guarded) + "metadata", Cookie=cookie)[0] == 200


def test_no_token_lets_in_whoever_comes(unguarded: ServedApp):
    assert get(root(unguarded) + "metadata")[0] == 200


async def test_a_websocket_of_a_session_that_the_server_did_not_sign_is_closed(unguarded: ServedApp):
    forged = generate_jwt_token(generate_session_id(signed=False), signed=False)
    assert await open_socket(unguarded, forged) is None


async def test_a_websocket_of_another_site_is_refused(unguarded: ServedApp):
    with pytest.raises(HTTPClientError, match="403"):
        await open_socket(unguarded, "any", Origin="http://example.org")


# What it says, and how it ends.


def test_what_cannot_be_read_is_a_warning(guarded: ServedApp, folder: Path):
    assert f"Warning: `{folder / 'broken.parquet'}` cannot be read as Parquet" in guarded.log()


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_ends_it(tmp_path: Path, folder: Path, sent: signal.Signals, status: int):
    with explorers(tmp_path) as explore:
        process = explore(folder).process
        os.kill(process.pid, sent)
        assert process.wait(30) == status
