"""Waves: which nodes run after a change, in which order, and which need not. No clock, thread, engine or screen.

Inputs stage values; a wave applies everything that is staged at once. Nodes that can be reached from a change and that
somebody demands become *unsettled*; a node is ready when none of its inputs is unsettled, and settles without running
when none of its inputs changed since it was last checked (cutoff). Results of superseded runs are dropped by ticket.

Invariants, checked by `Waves.check_invariants`:

- A settled, demanded node reflects its inputs: no input changed after the node was last checked.
- A run has the arguments of one epoch: it is only started when all inputs are settled, and superseded when one changes.
- A running node is unsettled and necessary; what nobody demands does not run.
- `changed_at` never exceeds `checked_at`, and `checked_at` never exceeds the epoch.

Terms are those of Jane Street's Incremental: `changed_at`, `checked_at`, `necessary`, cutoff.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dataapp.graph.dag import closure
from dataapp.runtime.outcomes import Blocked, Done, Failed, Outcome, Waiting


def _equal(old: object, new: object) -> bool:
    return old is new


@dataclass(slots=True, eq=False, repr=False)
class Node:
    """One value of a session.

    Attributes:
        name: For errors and logs.
        inputs: What it reads, in the order of its compute function's arguments.
        compute: Makes the value of the inputs' values; None for a node whose value is staged.
        is_work: Whether computing takes long and belongs on a worker; other nodes are computed within the wave.
        same: Whether two values are equal, so that readers need not run again.
        gate: A node whose change lets this one run; while it is unchanged, other changes wait.
        renews: Whether a new value takes the place of an equal one: readers do not run for it, but get it when they do.
        demand: How many want this node's value for itself.
        limit: Seconds that its cell allows a run, or None where it says nothing.
    """

    name: str
    inputs: "tuple[Node, ...]" = ()
    compute: Callable[..., object] | None = None
    is_work: bool = False
    same: Callable[[object, object], bool] = _equal
    gate: "Node | None" = None
    renews: bool = False
    demand: int = 0
    limit: float | None = None
    outcome: Outcome | None = None
    outputs: "list[Node]" = field(default_factory=list["Node"])
    changed_at: int = -1
    checked_at: int = -1
    opened_at: int = -1
    unsettled: bool = False
    ticket: int = 0
    run: "Run | None" = None

    def __repr__(self) -> str:
        return f"<Node {self.name}>"  # without its inputs and outputs, which lead through the whole graph


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One execution of a node's compute function with captured arguments."""

    node: Node
    ticket: int
    arguments: tuple[object, ...]


@dataclass(slots=True)
class Step:
    """What the driver must do after a transition."""

    superseded: list[Run] = field(default_factory=list[Run])
    started: list[Run] = field(default_factory=list[Run])
    touched: dict[Node, None] = field(default_factory=dict[Node, None])


class Waves:
    """The state of one session's nodes. Not thread-safe: the session holds a lock around every call.

    Example:
        >>> waves = Waves()
        >>> number = waves.add(Node("number"))
        >>> square = waves.add(Node("square", (number,), compute=lambda n: n * n))
        >>> square.demand = 1
        >>> waves.stage(number, 3)
        >>> _ = waves.begin()
        >>> square.outcome
        Done(value=9)
    """

    def __init__(self) -> None:
        self.nodes: dict[Node, None] = {}
        self.epoch = 0
        self._staged: dict[Node, Outcome] = {}
        self._dirty: set[Node] = set()
        self._in_wave: set[Node] = set()  # what was necessary when the wave began; demand may have changed since

    def add(self, node: Node) -> Node:
        """Add a node; its inputs must have been added before."""
        self.nodes[node] = None
        for source in _sources(node):
            source.outputs.append(node)
        self._dirty.add(node)
        return node

    def remove(self, node: Node) -> Run | None:
        """Remove a node that nobody reads; returns the run to interrupt, if one is under way."""
        assert not node.outputs, f"{node.name} is still read"
        for source in _sources(node):
            source.outputs.remove(node)
        self.nodes.pop(node, None)
        self._staged.pop(node, None)
        self._dirty.discard(node)
        self._in_wave.discard(node)
        run, node.run, node.unsettled = node.run, None, False
        node.ticket += 1
        return run

    def replace(self, old: Node, new: Node) -> Run | None:
        """Let a new node take an old one's place: its readers, and its outcome until it is computed again.

        Readers run again only if the new outcome differs. Demand is for the caller to move. Returns the run to
        interrupt, if one is under way.
        """
        for reader in old.outputs:
            reader.inputs = tuple(new if source is old else source for source in reader.inputs)
            new.outputs.append(reader)
        old.outputs.clear()
        if new.gate is None or old.gate is new.gate:
            new.outcome, new.changed_at, new.opened_at = old.outcome, old.changed_at, old.opened_at
        return self.remove(old)

    def rewire(self, node: Node, inputs: tuple[Node, ...]) -> None:
        """Let a node read other inputs from the next wave on."""
        if node.inputs == inputs:
            return
        for source in node.inputs:
            source.outputs.remove(node)
        node.inputs = inputs
        for source in inputs:
            source.outputs.append(node)
        node.checked_at = -1  # what it was checked against are other nodes: it must be computed again
        self._dirty.add(node)

    def stage(self, node: Node, value: object) -> None:
        """Set a source's value from the next wave on; the last of several wins."""
        self.stage_outcome(node, Done(value))

    def stage_outcome(self, node: Node, outcome: Outcome) -> None:
        """Set how a source ends from the next wave on: a source may fail, too."""
        self._staged[node] = outcome

    def invalidate(self, node: Node) -> None:
        """Let a node run again in the next wave although no input changed."""
        node.checked_at = -1
        self._dirty.add(node)

    def staged_or_current(self, node: Node) -> Outcome | None:
        """Return what a source will be from the next wave on."""
        return self._staged.get(node, node.outcome)

    def clear(self) -> None:
        """Forget all nodes."""
        for node in self.nodes:
            node.outputs.clear()
            node.inputs = ()
            node.compute = node.outcome = node.run = None
            node.ticket += 1
        self.nodes.clear()
        self._staged.clear()
        self._dirty.clear()
        self._in_wave.clear()

    @property
    def has_staged(self) -> bool:
        """Whether a new wave would have something to do."""
        return bool(self._staged or self._dirty)

    @property
    def is_settled(self) -> bool:
        """Whether every necessary node has its final value of this epoch."""
        return not self.has_staged and not any(node.unsettled for node in self.nodes)

    def necessary(self) -> set[Node]:
        """Return the nodes that are demanded, and all above them."""
        found: set[Node] = set()
        stack = [node for node in self.nodes if node.demand]
        while stack:
            node = stack.pop()
            if node not in found:
                found.add(node)
                stack += _sources(node)
        return found

    def begin(self) -> Step:
        """Apply what is staged and start what has become ready."""
        self.epoch += 1
        step = Step()
        self._apply_staged(step)
        order = closure([node for node in self.nodes if node.demand], _sources)
        before, self._in_wave = self._in_wave, set(order)
        for node in self.nodes.keys() - self._in_wave:
            if node.unsettled:
                self._supersede(node, step)
                node.unsettled = False
                step.touched[node] = None
        renewed: set[Node] = set()
        for node in order:
            if node.compute is None:
                node.checked_at = self.epoch
            elif self._must_start_over(node, renewed):
                self._supersede(node, step)
                node.unsettled = True
                renewed.add(node)
                step.touched[node] = None
            elif not node.unsettled:
                node.checked_at = self.epoch
            if node not in before:
                step.touched[node] = None
        self._dirty.clear()
        self._advance([node for node in self.nodes if node.unsettled and node.run is None], step)
        return step

    def finish(self, run: Run, outcome: Outcome) -> Step:
        """Take the result of a run; a superseded one changes nothing."""
        step = Step()
        node = run.node
        if run.ticket != node.ticket or node.run is not run:
            return step
        node.run = None
        self._close_gate(node)
        self._settle(node, outcome, step)
        self._advance(list(node.outputs), step)
        return step

    def is_up_to_date(self, node: Node) -> bool:
        """Whether a node's outcome is that of the current wave; that of one which nobody demanded in it is not."""
        return node.outcome is not None and node in self._in_wave and not node.unsettled

    def check_invariants(self) -> None:
        """Raise AssertionError if the state contradicts the module's invariants."""
        necessary = self._in_wave
        for node in self.nodes:
            assert node.changed_at <= node.checked_at or node.checked_at == -1, f"{node.name} changed unchecked"
            assert node.checked_at <= self.epoch, f"{node.name} was checked in the future"
            if node.run is not None:
                assert node.unsettled, f"{node.name} runs although it is settled"
                assert node in necessary, f"{node.name} runs although nobody demands it"
                assert not any(source.unsettled for source in node.inputs), f"{node.name} runs ahead of its inputs"
            if self.has_staged or node.unsettled or node not in necessary or node.compute is None:
                continue
            assert node.outcome is not None, f"{node.name} is settled without an outcome"
            if node.gate is None:
                late = [source.name for source in node.inputs if source.changed_at > node.checked_at]
                assert not late, f"{node.name} is settled but {late} changed after it was checked"

    def _apply_staged(self, step: Step) -> None:
        for node, outcome in self._staged.items():
            if node.outcome is None or not _same_outcome(node, node.outcome, outcome):
                node.outcome = outcome
                node.changed_at = self.epoch
                step.touched[node] = None
            node.checked_at = self.epoch
        self._staged.clear()

    def _must_start_over(self, node: Node, renewed: set[Node]) -> bool:
        """Whether a node is unsettled from now on; asked of what is read before who reads it.

        A node on its way that the changes do not reach goes on: its inputs are still those of its run.
        """
        if node.gate is not None and node.outcome is not None and self._is_cut_off(node):
            return False
        sources = _sources(node)
        if node in self._dirty or any(source in renewed or source.changed_at == self.epoch for source in sources):
            return True
        if node.unsettled:
            return False
        return any(source.unsettled for source in sources) or not self._is_cut_off(node)

    def _supersede(self, node: Node, step: Step) -> None:
        if node.run is not None:
            node.ticket += 1
            step.superseded.append(node.run)
            node.run = None

    def _advance(self, candidates: Iterable[Node], step: Step) -> None:
        queue = list(candidates)
        necessary: set[Node] | None = None
        while queue:
            node = queue.pop()
            if not node.unsettled or node.run is not None or any(source.unsettled for source in _sources(node)):
                continue
            if self._is_cut_off(node):
                self._settle(node, node.outcome, step)
            elif (blocked := _blocked(node)) is not None:
                self._settle(node, blocked, step)
            elif node.is_work:
                necessary = self.necessary() if necessary is None else necessary
                if node in necessary:  # else it was released within the wave, and the next one drops it
                    self._start(node, step)
                continue
            else:
                self._close_gate(node)
                self._settle(node, _compute(node), step)
            queue += node.outputs

    def _is_cut_off(self, node: Node) -> bool:
        if node.gate is not None:
            if node.gate.changed_at > node.opened_at:
                return False
            node.outcome = node.outcome or Waiting(node.name)
            return True
        return (
            node.outcome is not None
            and node.checked_at >= 0
            and all(source.changed_at <= node.checked_at for source in node.inputs)
        )

    def _start(self, node: Node, step: Step) -> None:
        node.ticket += 1
        node.run = Run(node, node.ticket, _arguments(node))
        step.started.append(node.run)
        step.touched[node] = None

    def _close_gate(self, node: Node) -> None:
        """One press, one run: a press while the node is blocked is kept until the node can run."""
        if node.gate is not None:
            node.opened_at = node.gate.changed_at

    def _settle(self, node: Node, outcome: Outcome | None, step: Step) -> None:
        assert outcome is not None
        if node.outcome is None or node.changed_at < 0 or not _same_outcome(node, node.outcome, outcome):
            node.outcome = outcome
            node.changed_at = self.epoch
        elif node.renews:
            node.outcome = outcome
        node.unsettled = False
        node.checked_at = self.epoch
        step.touched[node] = None


def _sources(node: Node) -> tuple[Node, ...]:
    return node.inputs if node.gate is None else (*node.inputs, node.gate)


def _arguments(node: Node) -> tuple[object, ...]:
    return tuple(source.outcome.value for source in node.inputs if isinstance(source.outcome, Done))


def _blocked(node: Node) -> Outcome | None:
    """Return how a node ends whose inputs have no value, or None when all have one.

    Nodes of one name are parts of one cell, which does not block itself.
    """
    for source in node.inputs:
        match source.outcome:
            case Failed(error):
                return Failed(error) if source.name == node.name else Blocked(source.name, error)
            case Blocked() | Waiting():
                return source.outcome
            case None:
                return Blocked(source.name, LookupError(f"{source.name} has no value yet"))
            case Done():
                pass
    return None


def _compute(node: Node) -> Outcome:
    assert node.compute is not None
    try:
        return Done(node.compute(*_arguments(node)))
    except Exception as error:  # a failing node is a value of the graph; all else goes on
        return Failed(error)


def _same_outcome(node: Node, old: Outcome, new: Outcome) -> bool:
    match old, new:
        case Done(before), Done(after):
            return before is after or _is_same(node, before, after)
        case Failed(before), Failed(after):
            return _is_same_error(before, after)
        case Blocked(by, before), Blocked(now_by, after):
            return by == now_by and _is_same_error(before, after)
        case _:
            return old == new


def _is_same(node: Node, old: object, new: object) -> bool:
    try:
        return node.same(old, new)
    except Exception:  # values that cannot be compared differ: a rerun is never wrong
        return False


def _is_same_error(old: Exception, new: Exception) -> bool:
    return type(old) is type(new) and str(old) == str(new)
