"""Where nodes and edges of a graph stand: layers by height, with few crossings. Pure; units are those of the caller.

Edges that span several layers pass through a waypoint in each, which takes part in the ordering, so that they run
between nodes and not over them.

Invariant: within a layer, boxes keep `gap` between them; layers keep `between`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 8
_WAYPOINT = 8.0  # the height that an edge takes in a layer that it passes


@dataclass(frozen=True, slots=True)
class Box:
    """A place: left upper corner and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """The vertical middle."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of nodes, and the points of each edge, from what is read to who reads it."""

    boxes: Mapping[str, Box]
    edges: Mapping[tuple[str, str], tuple[tuple[float, float], ...]]
    width: float
    height: float


def lay_out(
    sizes: Mapping[str, tuple[float, float]],
    reads: Mapping[str, Sequence[str]],
    layer_of: Mapping[str, int],
    *,
    gap: float = 16,
    between: float = 64,
) -> Layout:
    """Return where nodes stand, from left to right.

    Args:
        sizes: Width and height of each node.
        reads: What each node reads; an edge never leads to a lower layer, circles must be cut before.
        layer_of: The layer of each node, from 0.
        gap: The distance between boxes of one layer.
        between: The distance between layers.

    Example:
        >>> placed = lay_out({"a": (40, 20), "b": (40, 20)}, {"a": (), "b": ("a",)}, {"a": 0, "b": 1})
        >>> placed.boxes["b"].x, placed.edges["a", "b"]
        (104.0, ((40.0, 10.0), (104.0, 10.0)))
    """
    layers: list[list[str]] = [[] for _ in range(1 + max(layer_of.values(), default=-1))]
    for key in sizes:
        layers[layer_of[key]].append(key)
    chains = _add_waypoints(layers, reads, layer_of)
    above, below = _neighbours(chains)
    _reduce_crossings(layers, above, below)
    heights = {key: size[1] for key, size in sizes.items()}
    middles = _middles(layers, heights, above, below, gap)
    boxes: dict[str, Box] = {}
    left = 0.0
    for layer in layers:
        widest = max((sizes[key][0] for key in layer if key in sizes), default=0.0)
        for key in layer:
            width, height = sizes.get(key, (widest, 0.0))
            boxes[key] = Box(left, middles[key] - height / 2, width, height)
        left += widest + between
    top = min((box.y for box in boxes.values()), default=0.0)
    boxes = {key: Box(box.x, box.y - top, box.width, box.height) for key, box in boxes.items()}
    edges = {(chain[0], chain[-1]): _points([boxes[key] for key in chain]) for chain in chains}
    height = max((box.y + box.height for box in boxes.values()), default=0.0)
    return Layout({key: boxes[key] for key in sizes}, edges, max(left - between, 0.0), height)


def crossings(upper: Sequence[str], lower: Sequence[str], edges: Sequence[tuple[str, str]]) -> int:
    """Return how many pairs of edges between two layers cross.

    Example:
        >>> crossings("ab", "cd", [("a", "d"), ("b", "c")])
        1
    """
    at = {key: index for layer in (upper, lower) for index, key in enumerate(layer)}
    found = [(at[start], at[end]) for start, end in edges]
    return sum((a - c) * (b - d) < 0 for index, (a, b) in enumerate(found) for c, d in found[:index])


def _add_waypoints(
    layers: list[list[str]], reads: Mapping[str, Sequence[str]], layer_of: Mapping[str, int]
) -> list[list[str]]:
    chains: list[list[str]] = []
    for reader, found in reads.items():
        for read in dict.fromkeys(found):
            chain = [read]
            for layer in range(layer_of[read] + 1, layer_of[reader]):
                chain.append(f"\0{read}\0{reader}\0{layer}")
                layers[layer].append(chain[-1])
            chains.append([*chain, reader])
    return chains


def _neighbours(chains: Sequence[Sequence[str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for chain in chains:
        for start, end in pairwise(chain):
            above.setdefault(end, []).append(start)
            below.setdefault(start, []).append(end)
    return above, below


def _reduce_crossings(layers: list[list[str]], above: dict[str, list[str]], below: dict[str, list[str]]) -> None:
    """Order each layer by the mean place of its neighbours, to and fro, and keep the best order that was seen."""
    edges = [(start, end) for end, starts in above.items() for start in starts]
    best, fewest = [list(layer) for layer in layers], _count(layers, edges)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        order = range(1, len(layers)) if forth else range(len(layers) - 2, -1, -1)
        for index in order:
            fixed = layers[index - 1 if forth else index + 1]
            at = {key: place for place, key in enumerate(fixed)}
            near = above if forth else below
            means: dict[str, float] = {}
            for place, key in enumerate(layers[index]):
                places = [at[other] for other in near.get(key, ()) if other in at]
                means[key] = sum(places) / len(places) if places else float(place)
            layers[index].sort(key=means.__getitem__)
        if (found := _count(layers, edges)) < fewest:
            best, fewest = [list(layer) for layer in layers], found
    layers[:] = best


def _count(layers: Sequence[Sequence[str]], edges: Sequence[tuple[str, str]]) -> int:
    total = 0
    for upper, lower in pairwise(layers):
        starts, ends = set(upper), set(lower)
        total += crossings(upper, lower, [edge for edge in edges if edge[0] in starts and edge[1] in ends])
    return total


def _middles(
    layers: Sequence[Sequence[str]],
    heights: Mapping[str, float],
    above: Mapping[str, Sequence[str]],
    below: Mapping[str, Sequence[str]],
    gap: float,
) -> dict[str, float]:
    """Move boxes towards the mean of their neighbours, as far as their order and the gaps allow."""
    middles: dict[str, float] = {}
    for layer in layers:
        _stack(layer, dict.fromkeys(layer, 0.0), heights, gap, middles)
    for sweep in range(_SWEEPS):
        near = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted: dict[str, float] = {}
            for key in layer:
                others = [middles[other] for other in near.get(key, ())]
                wanted[key] = sum(others) / len(others) if others else middles[key]
            _stack(layer, wanted, heights, gap, middles)
    return middles


def _stack(
    layer: Sequence[str],
    wanted: Mapping[str, float],
    heights: Mapping[str, float],
    gap: float,
    middles: dict[str, float],
) -> None:
    """Place a layer in order, each box at its wanted middle or below the one before; then centre what was pushed."""
    bottom = float("-inf")
    pushed: list[float] = []
    for key in layer:
        half = heights.get(key, _WAYPOINT) / 2
        middles[key] = max(wanted[key], bottom + gap + half)
        bottom = middles[key] + half
        pushed.append(middles[key] - wanted[key])
    shift = sum(pushed) / len(pushed) if pushed else 0.0
    for key in layer:
        middles[key] -= shift


def _points(chain: Sequence[Box]) -> tuple[tuple[float, float], ...]:
    first, *between, last = chain
    points = [(first.x + first.width, first.middle)]
    for box in between:
        points += [(box.x, box.middle), (box.x + box.width, box.middle)]
    return (*points, (last.x, last.middle))
