"""Closure, order and circles."""

import random

import pytest

from dataapp.graph.dag import CycleFound, closure


def test_what_is_read_stands_before_who_reads_it() -> None:
    edges = {"d": ["b", "c"], "c": ["a"], "b": ["a"], "a": []}
    order = closure(["d"], edges.__getitem__)
    assert all(order.index(read) < order.index(node) for node, reads in edges.items() for read in reads)


def test_each_node_stands_once() -> None:
    edges = {"c": ["a", "b", "a"], "b": ["a"], "a": []}
    assert closure(["c", "b"], edges.__getitem__) == ["a", "b", "c"]


def test_what_is_not_reached_is_not_looked_at() -> None:
    assert closure(["a"], {"a": []}.__getitem__) == ["a"]


def test_a_circle_is_named_in_reading_order() -> None:
    edges = {"root": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}
    with pytest.raises(CycleFound) as found:
        closure(["root"], edges.__getitem__)
    assert found.value.nodes == ["a", "b", "c", "a"]


def test_a_node_that_reads_itself_is_a_circle() -> None:
    with pytest.raises(CycleFound) as found:
        closure(["a"], lambda _: ["a"])
    assert found.value.nodes == ["a", "a"]


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    assert len(closure([100_000], lambda n: [n - 1] if n else [])) == 100_001


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_are_ordered(seed: int) -> None:
    chance = random.Random(seed)
    edges = {n: chance.sample(range(n), chance.randint(0, min(n, 4))) for n in range(50)}
    order = closure(chance.sample(range(50), 5), edges.__getitem__)
    for node in order:
        assert all(order.index(read) < order.index(node) for read in edges[node])
