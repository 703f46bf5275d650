"""Whom the explorer's server lets in."""

import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.web import RequestHandler

from dataapp.cli.explore.ports import is_free
from dataapp.workbench.serving import TokenAuth, make_server, new_token


class Request:
    """What of a request the token is looked for in."""

    def __init__(self, token: str = "", cookies: dict[str, str] | None = None) -> None:
        self.token = token
        self.cookies = cookies or {}
        self.given: dict[str, Any] = {}

    def get_query_argument(self, _name: str, default: str) -> str:
        return self.token or default

    def get_cookie(self, name: str, default: str) -> str:
        return self.cookies.get(name, default)

    def set_cookie(self, name: str, value: str, **flags: object) -> None:
        self.given = {"name": name, "value": value, **flags}


def user(request: Request, port: int = 5006) -> str | None:
    return TokenAuth("secret", port).get_user(request)


def test_who_knows_the_token_is_let_in():
    assert user(Request("secret")) is not None


@pytest.mark.parametrize("token", ["", "secre", "secret ", "SECRET", "sécret"])
def test_who_does_not_know_it_is_not(token: str):
    assert user(Request(token)) is None


def test_the_token_is_kept_in_a_cookie_that_neither_scripts_nor_other_sites_use():
    request = Request("secret")
    user(request)
    assert request.given == {"name": "dataapp-token-5006", "value": "secret", "httponly": True, "samesite": "Strict"}


def test_the_cookie_of_another_server_does_not_count():
    request = Request(cookies={"dataapp-token-5006": "secret"})
    assert user(request, port=5006) is not None
    assert user(request, port=5007) is None


def test_no_two_tokens_are_alike():
    assert new_token() != new_token()


@pytest.fixture
def port() -> Iterator[int]:
    """A free port; the server's own answer to Ctrl-C ends with the test."""
    before = signal.getsignal(signal.SIGINT)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield port
    signal.signal(signal.SIGINT, before)


async def tornado(port: int, address: str = "127.0.0.1", token: str | None = None) -> Any:
    """Return what answers for a server, which is not started and ends here."""
    server = make_server(lambda: None, address=address, port=port, token=token, title="Explore")
    server.unlisten()
    return server._tornado


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
async def test_on_this_machine_only_its_own_pages_may_open_a_websocket(port: int, address: str):
    if not is_free(address, port):
        pytest.skip(f"nothing can listen at {address} on this machine")
    assert (await tornado(port, address)).websocket_origins == {f"127.0.0.1:{port}", f"localhost:{port}"}


async def test_elsewhere_it_is_not_known_what_its_pages_are_called(port: int):
    assert (await tornado(port, "0.0.0.0", new_token())).websocket_origins == {"*"}


async def test_sessions_are_signed_and_not_named_by_the_browser(port: int):
    answering = await tornado(port)
    assert (answering.sign_sessions, answering.generate_session_ids) == (True, True)


async def test_with_a_token_each_request_is_asked_for_it(port: int):
    assert isinstance((await tornado(port, token="secret")).auth_provider, TokenAuth)


async def test_where_people_without_the_token_are_sent_something_answers(port: int):
    auth = TokenAuth("secret", port)
    assert auth.login_url == "/token"
    assert issubclass(auth.login_handler, RequestHandler)
