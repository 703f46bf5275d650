"""A server for one person: it listens on the loopback address, and asks for a token before it shows anything.

The token comes with the address that is opened first and is kept in a cookie from then on. Session identifiers are
signed, so that nobody opens a websocket without having been shown a page.
"""

import hmac
import secrets
from collections.abc import Callable
from typing import Any

import panel as pn
from bokeh.server.auth_provider import AuthProvider
from tornado.httputil import HTTPServerRequest
from tornado.web import RequestHandler

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LINGERS = 5000  # milliseconds that a session waits for its page to come back
_REFUSED = "/token"


class TokenAuth(AuthProvider):
    """Lets in who knows the token.

    Args:
        token: The token.
        port: The server's port, which tells the cookies of two servers apart.
    """

    def __init__(self, token: str, port: int) -> None:
        self._token = token
        self._cookie = f"dataapp-token-{port}"
        super().__init__()

    @property
    def get_user(self) -> Callable[[Any], Any]:
        """Who asks, or None for who does not know the token."""

        def user(handler: RequestHandler) -> str | None:
            given = handler.get_query_argument("token", "")
            if self._is_token(given):
                handler.set_cookie(self._cookie, self._token, httponly=True, samesite="Strict")
                return "explorer"
            return "explorer" if self._is_token(handler.get_cookie(self._cookie, "") or "") else None

        return user

    @property
    def get_user_async(self) -> None:
        """Nothing: `get_user` answers."""
        return

    @property
    def login_url(self) -> str:
        """Where who does not know the token is sent."""
        return _REFUSED

    @property
    def get_login_url(self) -> Callable[[HTTPServerRequest], str] | None:
        """Nothing: `login_url` answers."""
        return None

    @property
    def login_handler(self) -> type[RequestHandler]:
        """What says that a token is needed."""
        return _Refusal

    @property
    def logout_url(self) -> None:
        """Nothing: the token ends with the server."""
        return

    @property
    def logout_handler(self) -> None:
        """Nothing: the token ends with the server."""
        return

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


class _Refusal(RequestHandler):
    def get(self) -> None:
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("Open the address that `dataapp explore` printed: it holds the token that this server asks for.\n")


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(24)


def make_server(make_page: Callable[[], Any], *, address: str, port: int, token: str | None, title: str) -> Any:
    """Return a Panel server that is not started yet.

    Args:
        make_page: Makes the page of each session.
        address: Where to listen.
        port: The port.
        token: What to ask for, or None to let everybody in.
        title: What the page is called.
    """
    guarded: dict[str, Any] = {} if token is None else {"auth_provider": TokenAuth(token, port)}
    names = ("127.0.0.1", "localhost") if address in _LOOPBACK else ()  # Bokeh knows no origin like http://[::1]
    return pn.io.server.get_server(
        {"/": make_page},
        port=port,
        address=address,
        websocket_origin=[f"{name}:{port}" for name in names] or ["*"],
        title=title,
        start=False,
        show=False,
        secret_key=secrets.token_urlsafe(32),
        sign_sessions=True,
        generate_session_ids=True,
        unused_session_lifetime_milliseconds=_LINGERS,  # a query of a page that was closed need not run on
        check_unused_sessions_milliseconds=_LINGERS,
        **guarded,
    )
