"""Who is looking, as a node that nobody sets, and the claims of it that a query reads.

`$user.desk` in SQL stands for one claim. Each claim is a value of its own: a query is known by the claims that it
names, so people whose claims are equal there share its rows, and it reads the same on every engine.
"""

from collections.abc import Mapping
from typing import cast

from dataapp.cells.input import InputCell, InputKind
from dataapp.cells.namespace import Namespace
from dataapp.compile.identifiers import fold
from dataapp.errors import ClaimNotFoundError, WrongKindError


class UserCell(InputCell):
    """Who is looking. Made by `dataapp.user`; a policy reads one without being told."""

    __slots__ = ()


class _Slot:
    viewer: UserCell | None = None


def install(kind: InputKind) -> None:
    """Say how it is found out who is looking: the application layer does."""
    _Slot.viewer = UserCell(kind, Namespace("dataapp", None, 1, {}, {}), name="user")


def viewer() -> UserCell:
    """Return the node that `$user` is in all policies."""
    assert _Slot.viewer is not None, "importing any public name of dataapp installs it"
    return _Slot.viewer


def claim(claims: object, name: str, cell: str) -> object:
    """Return a claim of who is looking; where nobody is, every claim is None.

    Args:
        claims: What a `UserCell` is set to.
        name: The claim, in any case, as in SQL.
        cell: The label of the cell that reads it.

    Raises:
        WrongKindError: Those are no claims.
        ClaimNotFoundError: Somebody is looking, but has no such claim.

    Example:
        >>> claim({"name": "ann", "desk": "fx"}, "Desk", "trades"), claim({"name": None}, "desk", "trades")
        ('fx', None)
    """
    if not isinstance(claims, Mapping):
        raise WrongKindError(
            f"Who is looking is given to `{cell}` as a {type(claims).__name__}.",
            hint='give claims by name, such as {"name": "ann", "desk": "fx"}',
        )
    known = {fold(str(key)): value for key, value in cast("Mapping[object, object]", claims).items()}
    if fold(name) in known:
        return known[fold(name)]
    if all(value is None for value in known.values()):  # nobody is looking
        return None
    raise ClaimNotFoundError(
        f"`{cell}` reads the claim `{name}` of who is looking, which the server was not told.",
        hint=f"told were: {', '.join(map(str, cast('Mapping[object, object]', claims)))}",
    )
