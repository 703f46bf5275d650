"""Which lines of a grouped table show what: groups, and below open ones their own groups or rows.

A `Branch` is an open group (or the table itself) whose children stand below it, each followed by its own children if it
is open, too. Only open groups are objects, so that a table of millions of groups and rows is a few of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Branch:
    """An open group.

    Attributes:
        group: What the caller knows it by; None for the table itself.
        place: Which child of its parent it is.
        children: How many groups or rows stand directly below it.
        branches: Those of its children that are open, by place.
    """

    group: int | None
    place: int
    children: int
    branches: tuple["Branch", ...] = ()

    @cached_property
    def lines(self) -> int:
        """How many lines stand below it."""
        return self.children + sum(branch.lines for branch in self.branches)


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring lines that show children of one branch, from the child `first`."""

    branch: Branch
    level: int
    first: int
    count: int


def runs(branch: Branch, first: int, count: int, level: int = 0) -> Iterator[Run]:
    """Return what stands on the lines of a window, from top to bottom.

    Args:
        branch: What the lines are counted in.
        first: The first line of the window.
        count: How many lines it has; fewer are there at the end.
        level: How deep the branch's children stand.

    Example:
        >>> tree = Branch(None, 0, 3, (Branch(7, 1, 100),))
        >>> [(run.branch.group, run.first, run.count) for run in runs(tree, 1, 5)]
        [(None, 1, 1), (7, 0, 4)]
    """
    last, line, child = first + count, 0, 0
    for inner in (*branch.branches, None):
        until = branch.children if inner is None else inner.place + 1
        start, end = max(first, line), min(last, line + until - child)
        if start < end:
            yield Run(branch, level, child + start - line, end - start)
        line, child = line + until - child, until
        if inner is not None:
            start, end = max(first, line), min(last, line + inner.lines)
            if start < end:
                yield from runs(inner, start - line, end - start, level + 1)
            line += inner.lines


def line_of(branch: Branch, group: int) -> int | None:
    """Return the line that an open group stands on, or None if it is not open on screen.

    Example:
        >>> line_of(Branch(None, 0, 3, (Branch(7, 1, 100), Branch(8, 2, 1))), 8)
        102
    """
    above = 0
    for inner in branch.branches:
        line = inner.place + above
        if inner.group == group:
            return line
        within = line_of(inner, group)
        if within is not None:
            return line + 1 + within
        above += inner.lines
    return None
