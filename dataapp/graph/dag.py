"""Directed acyclic graphs over anything hashable: closure, order, cycles.

A graph is given as a function from a node to what it reads, so that only the part that is asked for is ever looked at.
"""

from collections.abc import Callable, Collection, Hashable, Iterable


def closure[N: Hashable](roots: Iterable[N], reads: Callable[[N], Collection[N]]) -> list[N]:
    """Return the roots and everything above them, what is read before who reads it.

    Args:
        roots: Where to start.
        reads: What a node reads directly.

    Raises:
        CycleFound: Nodes read each other in a circle.

    Example:
        >>> edges = {"c": ["b", "a"], "b": ["a"], "a": []}
        >>> closure(["c"], edges.__getitem__)
        ['a', 'b', 'c']
    """
    done: dict[N, None] = {}
    path: dict[N, None] = {}
    for root in roots:
        stack: list[tuple[N, list[N]]] = []
        _enter(root, reads, done, path, stack)
        while stack:
            node, waiting = stack[-1]
            if waiting:
                _enter(waiting.pop(0), reads, done, path, stack)
            else:
                stack.pop()
                del path[node]
                done[node] = None
    return list(done)


def _enter[N: Hashable](
    node: N,
    reads: Callable[[N], Collection[N]],
    done: dict[N, None],
    path: dict[N, None],
    stack: list[tuple[N, list[N]]],
) -> None:
    if node in path:
        walked = list(path)
        raise CycleFound([*walked[walked.index(node) :], node])
    if node not in done:
        path[node] = None
        stack.append((node, list(reads(node))))


class CycleFound(Exception):  # a finding, turned into CycleError by who knows the labels
    """Nodes read each other in a circle.

    Attributes:
        nodes: The circle: each reads the next, the first is also the last.
    """

    def __init__(self, nodes: list[object]) -> None:
        super().__init__(nodes)
        self.nodes = nodes
