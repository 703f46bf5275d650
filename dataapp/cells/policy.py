"""Sources with a policy: a condition that every row must satisfy before anybody reads it.

A policy makes a query of the source, ``SELECT * FROM <source> WHERE (<condition>)``, and that query is what its name
means from then on. It is fused, kept, shared and shown as any other.

Invariants:

- Nothing but that query reads the rows without the condition: no name leads to them.
- `$user` in a condition is who is looking, whatever the module calls `user`.
- The condition is one expression, so it can only take rows away; `check_condition` sees to it.
- What readers say runs behind the condition, never before: the compiler writes a fence around the query.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from dataapp.cells.database import Database
from dataapp.cells.source import SourceCell
from dataapp.cells.sql import SqlCell
from dataapp.cells.user import viewer
from dataapp.compile.spans import line_and_column
from dataapp.compile.tokens import Token
from dataapp.errors import PolicyError, WrongKindError

_ROWS = "rows without policy"
_BEFORE, _AFTER = f'SELECT * FROM "{_ROWS}" AS source WHERE (\n', "\n)"
_OPENING, _CLOSING = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}


class GuardedRows(SourceCell):
    """A source as it is without its policy. It is called what the source is called."""

    __slots__ = ("guard",)

    guard: "PolicyCell"  # which sets itself

    @property
    def label(self) -> str:
        """The label of the source."""
        return self.guard.label

    @property
    def is_named(self) -> bool:
        """Whether the source has a name."""
        return self.guard.is_named


class PolicyCell(SqlCell):
    """A source with a policy. Made by `source` and by tables of connections.

    Attributes:
        condition: The condition, as the author wrote it.
        rows: The source without it.
    """

    __slots__ = ("condition", "rows")

    condition: str
    rows: GuardedRows

    def __init__(self, rows: GuardedRows, condition: str, *, on: Database | None) -> None:
        """Put a condition in front of a source.

        Args:
            rows: The source; it belongs to this cell from now on.
            condition: A SQL condition on its columns.
            on: The database that it is a table of, or None.

        Raises:
            WrongKindError: The condition is no text.
        """
        if not isinstance(condition, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise WrongKindError(
                f"`policy` of a source is a {type(condition).__name__}.",
                hint='give a SQL condition as a text, such as "desk = $user.desk"',
            )
        namespace = replace(rows.namespace, bindings={_ROWS: rows, "user": viewer()})
        super().__init__(
            f"{_BEFORE}{condition}{_AFTER}", namespace, on=on, materialize="auto", run="auto", name=rows._name
        )
        self.condition = condition
        self.rows = rows
        rows.guard = self

    @property
    def text(self) -> str:
        """What the author wrote: the condition."""
        return self.condition

    def place(self, line: int, column: int) -> tuple[int | None, int | None]:
        """Return line and column in the condition, given those in the query; (None, None) in front of it."""
        written = self.condition.split("\n")
        line -= _BEFORE.count("\n")
        if line < 1:
            return None, None
        return (line, column) if line <= len(written) else (len(written), len(written[-1]) + 1)

    def limited(self, *, seconds: float) -> Self:
        """See `LimitedCell.limited`; reading the source is limited, too."""
        limited = super().limited(seconds=seconds)
        limited.rows = copy.copy(self.rows)
        limited.rows.limit, limited.rows.guard = limited.limit, limited
        limited.namespace = replace(self.namespace, bindings={**self.namespace.bindings, _ROWS: limited.rows})
        return limited


def check_condition(cell: PolicyCell, tokens: Sequence[Token]) -> None:
    """Refuse a policy that would be more than a condition within the parentheses around it.

    Args:
        cell: The source.
        tokens: The tokens of the condition.

    Raises:
        PolicyError: It is empty, several statements, or leaves the parentheses.
    """
    if not tokens:
        raise PolicyError(f"The policy of `{cell.label}` is empty.", hint="write a condition, or TRUE for every row")
    open_: list[Token] = []
    for token in tokens:
        if token.text == ";":
            raise _fault(cell, token, "a semicolon ends it")
        if token.text in _OPENING:
            open_.append(token)
        elif token.text in _CLOSING and (not open_ or _OPENING[open_.pop().text] != token.text):
            raise _fault(cell, token, f"nothing opens the `{token.text}`")
    if open_:
        raise _fault(cell, open_[-1], f"nothing closes the `{open_[-1].text}`")
    if tokens[0].is_keyword("where"):
        raise _fault(cell, tokens[0], "it begins with WHERE")


def _fault(cell: PolicyCell, token: Token, reason: str) -> PolicyError:
    line, column = line_and_column(cell.condition, token.span.start)
    return PolicyError(
        f"The policy of `{cell.label}` is not one condition: {reason}.",
        hint="write what may follow WHERE, such as desk = $user.desk",
        line=line,
        column=column,
    )
