"""How a node can end: with a value, with an error, blocked by a node that failed, or waiting for a click."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """The node has a value."""

    value: object


@dataclass(frozen=True, slots=True)
class Failed:
    """The node itself failed."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Blocked:
    """A node above failed; `by` names it and `error` is its error."""

    by: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Waiting:
    """The node, or one above it named by `on`, runs only when its button is pressed."""

    on: str


type Outcome = Done | Failed | Blocked | Waiting
