"""Waves against a naive recomputation: thousands of random steps over random graphs."""

import random
from dataclasses import dataclass, field
from typing import cast

import pytest

from dataapp.runtime.outcomes import Blocked, Done, Failed, Outcome, Waiting
from dataapp.runtime.waves import Node, Run, Step, Waves

BAD = 7  # a sum that ends in this digit fails


def equal(old: object, new: object) -> bool:
    return old == new


def total(*numbers: int) -> int:
    """Sums small enough that equal results are common."""
    result = sum(numbers) % 10
    if result == BAD:
        raise ValueError(f"sum ends in {BAD}")
    return result


@dataclass(eq=False)
class World:
    """Waves, what the driver would do, and what the values ought to be."""

    random: random.Random
    waves: Waves = field(default_factory=Waves)
    sources: list[Node] = field(default_factory=list[Node])
    inner: list[Node] = field(default_factory=list[Node])
    gates: dict[Node, Node] = field(default_factory=dict[Node, Node])
    pending: dict[Run, int] = field(default_factory=dict[Run, int])
    dead: list[Run] = field(default_factory=list[Run])
    runs_of_wave: dict[tuple[Node, int], int] = field(default_factory=dict[tuple[Node, int], int])

    def grow(self) -> None:
        """Add a node: a source, or one that reads others."""
        if len(self.sources) < 2 or self.random.random() < 0.2:
            node = self.waves.add(Node(f"s{len(self.sources)}", same=equal))
            self.sources.append(node)
            self.stage(node)
            return
        known = self.sources + self.inner
        inputs = tuple(self.random.sample(known, k=min(len(known), self.random.randint(1, 3))))
        name = f"n{len(self.inner)}"
        gate = None
        if self.random.random() < 0.15:
            gate = self.waves.add(Node(f"{name} gate"))
            gate.outcome = Done(0)
        node = Node(name, inputs, compute=total, same=equal, is_work=self.random.random() < 0.5, gate=gate)
        self.waves.add(node)
        self.inner.append(node)
        if gate is not None:
            self.gates[node] = gate

    def stage(self, node: Node) -> None:
        """Set a source, now and then to an error."""
        if self.random.random() < 0.1:
            self.waves.stage_outcome(node, Failed(ValueError(f"bad source {self.random.randint(0, 1)}")))
        else:
            self.waves.stage(node, self.random.randint(0, 4))

    def take(self, step: Step) -> None:
        """Do what a driver does after a transition, and check that it was asked for in good order."""
        for run in step.superseded:
            assert self.pending.pop(run, None) is not None, "only running work is superseded"
            self.dead.append(run)
        necessary = self.waves.necessary()
        for run in step.started:
            assert run.node in necessary, "what nobody demands never runs"
            values = [source.outcome for source in run.node.inputs]
            assert values == [Done(value) for value in run.arguments], "arguments are the current values"
            assert self.has_reason(run.node), "equal inputs run nothing"
            self.pending[run] = self.waves.epoch
        self.waves.check_invariants()

    def has_reason(self, node: Node) -> bool:
        """Whether a node must run: for the first time, because an input changed, or because it was told to."""
        if (gate := self.gates.get(node)) is not None:
            return gate.changed_at > node.opened_at
        return node.checked_at < 0 or any(source.changed_at > node.checked_at for source in node.inputs)

    def finish(self, run: Run) -> None:
        """Let a run end."""
        try:
            outcome: Outcome = Done(total(*run.arguments))  # pyright: ignore[reportArgumentType]
        except ValueError as error:
            outcome = Failed(error)
        is_alive = self.pending.pop(run, None) is not None
        before = run.node.outcome
        step = self.waves.finish(run, outcome)
        if is_alive:
            key = (run.node, self.waves.epoch)
            self.runs_of_wave[key] = self.runs_of_wave.get(key, 0) + 1
            assert self.runs_of_wave[key] == 1, "a node ends at most one run per wave"
        else:
            assert run.node.outcome is before, "a superseded result is dropped"
            assert not step.touched
        self.take(step)

    def act(self) -> None:
        """Take one random step."""
        match self.random.randrange(11):
            case 0 if len(self.inner) < 14:
                self.grow()
            case 1 | 2:
                self.stage(self.random.choice(self.sources))
            case 3 if self.inner:
                self.random.choice(self.inner + self.sources).demand += 1
            case 4 if demanded := [node for node in self.inner if node.demand]:
                self.random.choice(demanded).demand -= 1
            case 5 if self.gates:
                gate = self.random.choice(list(self.gates.values()))
                self.waves.stage(gate, object())
            case 6 if self.inner:
                self.waves.invalidate(self.random.choice(self.inner))
            case 7 if self.inner:
                self.rewire(self.random.choice(self.inner))
                self.begin()  # as the session does: nothing ends in between
            case 8 if self.dead:
                self.finish(self.dead.pop(self.random.randrange(len(self.dead))))
            case _ if self.pending and self.random.random() < 0.7:
                self.finish(self.random.choice(list(self.pending)))
            case _:
                pass
        if self.random.random() < 0.4:
            self.begin()

    def rewire(self, node: Node) -> None:
        """Let a node read other nodes, none of them below it."""
        index = self.inner.index(node)
        known = self.sources + self.inner[:index]
        self.waves.rewire(node, tuple(self.random.sample(known, k=min(len(known), self.random.randint(1, 3)))))

    def begin(self) -> None:
        """Begin a wave."""
        self.take(self.waves.begin())

    def settle(self) -> None:
        """Let everything that runs end, in any order."""
        self.begin()
        while self.pending:
            self.finish(self.random.choice(list(self.pending)))
        assert self.waves.is_settled

    def check_against_recomputation(self) -> None:
        """Compare every necessary value with one that is computed from the sources alone."""
        necessary = self.waves.necessary()
        expected: dict[Node, Outcome | None] = {node: node.outcome for node in self.sources}
        for node in self.inner:
            if node in necessary:
                is_gated = node in self.gates
                expected[node] = self.expected_behind_gate(node, expected) if is_gated else recomputed(node, expected)
                assert like(node.outcome, expected[node]), (node.name, node.outcome, expected[node])

    def expected_behind_gate(self, node: Node, expected: dict[Node, Outcome | None]) -> Outcome | None:
        """A gate that was not pressed since the last run leaves the node as it is; a fresh press must have run."""
        is_open = self.gates[node].changed_at > node.opened_at
        if is_open:
            found = recomputed(node, expected)
            assert not isinstance(found, Done), "a pressed node that can run has run"
            return found
        return node.outcome


def recomputed(node: Node, outcomes: dict[Node, Outcome | None]) -> Outcome | None:
    """Compute one node from its inputs' outcomes."""
    for source in node.inputs:
        match outcomes[source]:
            case Failed(error):
                return Blocked(source.name, error)
            case (Blocked() | Waiting()) as outcome:
                return outcome
            case _:
                pass
    try:
        done = [outcome.value for source in node.inputs if isinstance(outcome := outcomes[source], Done)]
        return Done(total(*cast("list[int]", done)))
    except ValueError as error:
        return Failed(error)


def like(found: Outcome | None, wanted: Outcome | None) -> bool:
    """Whether two outcomes say the same."""
    match found, wanted:
        case Failed(a), Failed(b):
            return str(a) == str(b)
        case Blocked(by, a), Blocked(other, b):
            return by == other and str(a) == str(b)
        case _:
            return found == wanted


@pytest.mark.parametrize("seed", range(100))
def test_settled_values_equal_a_recomputation_from_the_sources(seed: int) -> None:
    world = World(random.Random(seed))
    for _ in range(6):
        world.grow()
    for _ in range(40):
        for _ in range(world.random.randint(1, 12)):
            world.act()
        world.settle()
        world.check_against_recomputation()
