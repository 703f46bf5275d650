"""Figures with their goals, as lines of a table and as JSON."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.timing import Sample, added, ratio

_WIDTHS = (46, 22, 22, 20, 22)
_TITLES = ("", "dataapp", "compared with", "result", "goal")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure has to be.

    Attributes:
        text: The goal in words.
        found: What was found.
        limit: The greatest value that meets the goal.
    """

    text: str
    found: float
    limit: float

    @property
    def is_met(self) -> bool:
        """Whether it was reached."""
        return self.found <= self.limit


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report.

    Attributes:
        what: What was measured.
        ours: Our measurements.
        other: Those of what it is compared with.
        result: What the comparison says.
        goal: None for a figure that only informs.
        notes: More raw numbers, each on a line of its own.
    """

    what: str
    ours: Sample
    other: Sample | None = None
    result: str = ""
    goal: Goal | None = None
    notes: Sequence[str] = field(default_factory=tuple[str, ...])

    @property
    def verdict(self) -> str:
        """`met`, `MISSED`, or nothing where there is no goal."""
        return "" if self.goal is None else "met" if self.goal.is_met else "MISSED"


def within_added(
    what: str, ours: Sample, raw: Sample, *, share: float, at_most: float, notes: Sequence[str] = ()
) -> Figure:
    """Return a figure that may exceed raw by a share of it, or by so many milliseconds, whichever is more."""
    extra = added(ours, raw)
    goal = Goal(f"+{share:.0%} or +{at_most:g} ms", extra, max(share * raw.median, at_most))
    return Figure(what, ours, raw, f"{ratio(ours, raw):.2f}x, {extra:+.1f} ms", goal, notes)


def within_ratio(what: str, ours: Sample, raw: Sample, *, at_most: float, notes: Sequence[str] = ()) -> Figure:
    """Return a figure that may be so many times raw."""
    times = ratio(ours, raw)
    return Figure(what, ours, raw, f"{times:.2f}x", Goal(f"at most {at_most:g}x", times, at_most), notes)


def compared(what: str, ours: Sample, other: Sample, notes: Sequence[str] = ()) -> Figure:
    """Return a figure without a goal."""
    return Figure(what, ours, other, f"{ours.median / other.median:.2f}x", None, notes)


def heading() -> str:
    """Return the line above all figures."""
    return _line(_TITLES)


def figure_to_lines(figure: Figure) -> list[str]:
    """Return the lines that show a figure."""
    other = "" if figure.other is None else _sample_to_text(figure.other)
    goal = "" if figure.goal is None else figure.goal.text
    line = _line((figure.what, _sample_to_text(figure.ours), other, figure.result, goal)) + figure.verdict
    return [line.rstrip(), *(f"      {note}" for note in (*_raw_notes(figure), *figure.notes))]


def _raw_notes(figure: Figure) -> list[str]:
    """Return what tells a busy machine from slow code: the fastest turns, and the processor time."""
    ours, other = figure.ours, figure.other
    if other is None or not (ours.processor and other.processor):
        return []
    used = [statistics.median(sample.processor) for sample in (ours, other)]
    fastest = f"fastest {min(ours.values):.2f} against {min(other.values):.2f} ms"
    return [f"{fastest}; processor {used[0]:.2f} against {used[1]:.2f} ms, {used[0] / used[1]:.2f}x"]


def summary(figures: Sequence[Figure]) -> str:
    """Return how many goals are met, and which are not."""
    missed = [figure.what for figure in figures if figure.goal is not None and not figure.goal.is_met]
    goals = sum(figure.goal is not None for figure in figures)
    return f"{goals - len(missed)} of {goals} goals met" + (f"; missed: {', '.join(missed)}" if missed else "")


def write_json(path: Path, figures: Mapping[str, Sequence[Figure]], facts: Mapping[str, object]) -> None:
    """Write every single measurement."""
    found = {
        name: [asdict(figure) | {"verdict": figure.verdict} for figure in measured]
        for name, measured in figures.items()
    }
    path.write_text(json.dumps({"facts": dict(facts), "benchmarks": found}, indent=2) + "\n", "utf-8")


def _sample_to_text(sample: Sample) -> str:
    """Median and, in parentheses, where the middle half of the measurements lies."""
    low, high = sample.quartiles
    digits = 2 if sample.median < 10 else 1 if sample.median < 100 else 0
    spread = f" ({low:.{digits}f} – {high:.{digits}f})" if len(sample.values) > 1 else ""
    return f"{sample.median:.{digits}f} {sample.unit}{spread}"


def _line(cells: Sequence[str]) -> str:
    return "".join(f"{cell:<{width}} " for cell, width in zip(cells, _WIDTHS, strict=True))
