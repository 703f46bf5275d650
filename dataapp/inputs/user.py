"""`da.user`: who is looking, as an input that nobody sets."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

import panel as pn

from dataapp.cells import user as viewer
from dataapp.cells.input import Setting
from dataapp.cells.namespace import Namespace
from dataapp.cells.user import UserCell

# Claims about the token rather than the person: with them, each login would be another person to the cache.
_ABOUT_THE_TOKEN = frozenset(
    {"aud", "azp", "exp", "iat", "nbf", "jti", "sid", "nonce", "auth_time", "at_hash", "c_hash", "s_hash", "acr", "amr"}
)
_PLAIN = (str, int, float, bool, type(None))


class UserControl:
    """Who is looking, which does not change while a session lives. No link and no browser sets it."""

    def __init__(self, claims: Mapping[str, object]) -> None:
        self._claims = claims

    def read(self) -> object:
        """Return the claims."""
        return dict(self._claims)

    def watch(self, changed: Callable[[object], None]) -> None:
        """Do nothing: it does not change."""

    def show(self, setting: Setting) -> None:
        """Do nothing: there is no widget."""

    def close(self) -> None:
        """Nothing is watched."""


class UserKind:
    """How the user is read: from the session that asks."""

    sql_type = None
    is_shared = False

    def open(self, label: str) -> UserControl:
        """Read who looks at the current session."""
        return UserControl(claims())

    def default(self) -> object:
        """Return who is looking now."""
        return claims()

    def settle(self, value: object, feeds: Mapping[str, object]) -> Setting:
        """Keep the value as it is."""
        return Setting(value, {})


def claims() -> dict[str, object]:
    """Return name and claims of the current session's user; without authentication the name is None.

    Example:
        >>> claims()
        {'name': None}
    """
    name = pn.state.user
    told = cast("Mapping[str, Any]", pn.state.user_info or {})
    kept = {key: value for key, value in told.items() if key not in _ABOUT_THE_TOKEN and _is_plain(value)}
    return {**kept, "name": name if name is not None else kept.get("name")}


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, _PLAIN) for item in cast("list[object]", value))
    return isinstance(value, _PLAIN)


def install() -> None:
    """Let policies read who is looking."""
    viewer.install(UserKind())


def user() -> UserCell:
    """Make an input of who is looking: ``$user.name``, and ``$user.desk`` for a claim `desk`.

    Claims come from Panel's authentication (``--basic-auth`` gives a name, OAuth providers give more). Neither a link
    nor a browser can set them. Like any other value the claims that a query names are part of what a result is known
    by, so what one user sees is never another's, unless both ask the same with equal claims. Where nobody is signed
    in, each claim is NULL. Of somebody who is, a claim that is not there is an error.

    Returns:
        A cell that SQL reads as ``$variable.claim``, and Python cells as a dictionary. A test gives another one:
        ``evaluate(user={"name": "ann", "desk": "fx"})``.

    Example:
        >>> import dataapp as da
        >>> user = da.user()
        >>> desks = da.sql("FROM (VALUES ('fx', 1), ('rates', 2)) t(desk, n) WHERE desk = $user.desk", user=user)
        >>> desks.evaluate(user={"name": "ann", "desk": "fx"})["n"].item()
        1
    """
    return UserCell(UserKind(), Namespace.of(sys._getframe(1), {}))
