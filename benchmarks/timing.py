"""Samples of measurements, taken in turns.

The machine may be busy with other things, so that one minute is not like the next. What is compared is therefore
measured alternately, and compared pair by pair: a slow minute slows both sides of the pairs that fall into it. The
processor time of this process is taken beside the time on the clock, because others do not add to it.
"""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter, process_time

type Contender = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Sample:
    """Repeated measurements of one thing, in the order in which they were taken.

    Attributes:
        values: The measurements.
        unit: Theirs.
        processor: Milliseconds of processor time of each, where that was taken.

    Example:
        >>> Sample((3.0, 1.0, 2.0), "ms").median
        2.0
    """

    values: tuple[float, ...]
    unit: str = "ms"
    processor: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Where the middle half of the values begins and ends."""
        if len(self.values) < 2:
            return self.median, self.median
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return low, high


def take_turns(contenders: Mapping[str, Contender], repetitions: int) -> dict[str, Sample]:
    """Run each contender once to warm up, then all of them in turns, in alternating order; return milliseconds.

    Args:
        contenders: What to run, by name. Each is given a number that differs from turn to turn and is the same for all
            contenders, so that no turn can be answered from a cache of the one before.
        repetitions: How many turns.

    Example:
        >>> sorted(take_turns({"a": lambda turn: turn, "b": lambda turn: turn}, 3))
        ['a', 'b']
    """
    for run in contenders.values():
        run(0)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(1, repetitions + 1):
        for name in names if turn % 2 else reversed(names):
            start, processor = perf_counter(), process_time()
            contenders[name](turn)
            taken[name].append((1000 * (perf_counter() - start), 1000 * (process_time() - processor)))
    return {name: _sample(pairs) for name, pairs in taken.items()}


def _sample(pairs: list[tuple[float, float]]) -> Sample:
    return Sample(tuple(elapsed for elapsed, _ in pairs), "ms", tuple(used for _, used in pairs))


def added(ours: Sample, raw: Sample) -> float:
    """Return by how much ours exceeds raw: the median over the pairs."""
    return statistics.median(one - other for one, other in zip(ours.values, raw.values, strict=True))


def ratio(ours: Sample, raw: Sample) -> float:
    """Return how many times raw ours is: the median over the pairs."""
    return statistics.median(one / other for one, other in zip(ours.values, raw.values, strict=True))
