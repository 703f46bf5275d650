"""What was selected in a crossfilter before, in one session.

A drag is many moves; what follows the last move of the same selection within a second is one step. Taking back several
selections at once is one step, too.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic
from weakref import WeakMethod

from dataapp.cells.predicate import PredicateCell
from dataapp.runtime.session import Session
from dataapp.views.crossfilter.held import Chip, Held, held

_SAME_STEP = 1.0  # seconds
_MOST_STEPS = 100

type Step = list[tuple[Held, object]]


class History:
    """What is selected in a session, and was before.

    Args:
        session: The session.
        selections: The selections of the crossfilter.
        clock: Tells seconds.
    """

    def __init__(
        self, session: Session, selections: Sequence[PredicateCell], clock: Callable[[], float] = monotonic
    ) -> None:
        found = [held(session, selection) for selection in selections]
        self._held = [each for each in found if each is not None]
        self._clock = clock
        self._now = {each: each.read() for each in self._held}
        self._steps: list[Step] = []
        self._last: tuple[Held | None, float] = (None, 0.0)
        self._followers: dict[WeakMethod[Callable[[], None]], None] = {}
        self._is_putting = False
        for each in self._held:
            each.watch(partial(self._changed, each))

    def follow(self, changed: Callable[[], None]) -> None:
        """Call a method after each change, as long as what it belongs to lives."""
        followers = self._followers
        followers[WeakMethod(changed, lambda gone: followers.pop(gone, None))] = None

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._steps)

    @property
    def can_reset(self) -> bool:
        """Whether anything is selected otherwise than at the beginning; what was, and is no more, has no chip."""
        return any(not each.is_same(self._now[each], each.start) for each in self._held)

    def chips(self) -> list[Chip]:
        """Return what is selected, for people."""
        return [replace(chip, key=f"{at}.{chip.key}") for at, each in enumerate(self._held) for chip in each.chips()]

    def undo(self) -> None:
        """Select what was selected before the last step."""
        if self._steps:
            self._put(self._steps.pop())

    def reset(self) -> None:
        """Select what was selected at the beginning."""
        self._select([(each, each.start) for each in self._held])

    def clear(self, key: str) -> None:
        """Take a chip away."""
        for at, each in enumerate(self._held):
            for chip in each.chips():
                if f"{at}.{chip.key}" == key:
                    self._select([(each, chip.rest)])
                    return

    def _select(self, step: Step) -> None:
        changes = [(each, value) for each, value in step if not each.is_same(self._now[each], value)]
        if changes:
            self._note([(each, self._now[each]) for each, _ in changes])
            self._put(changes)

    def _put(self, step: Step) -> None:
        self._last = (None, 0.0)
        self._is_putting = True
        try:
            for each, value in step:
                each.put(value)
                self._settle(each, value)
        finally:
            self._is_putting = False
        self._tell()

    def _changed(self, each: Held, _: object) -> None:
        if self._is_putting:
            return
        value, before = each.read(), self._now[each]
        if each.is_same(value, before):
            return
        if each.is_fitting():
            self._settle(each, before)
            self._tell()
            return
        last, at = self._last
        if last is not each or self._clock() - at > _SAME_STEP:
            self._note([(each, before)])
        self._last = (each, self._clock())
        self._now[each] = value
        self._tell()

    def _settle(self, each: Held, before: object) -> None:
        """Take what a value was fitted to for that value itself: nobody has chosen it, so it is no step."""
        value = each.read()
        if each.is_same(before, each.start):
            each.start = value
        self._now[each] = value

    def _note(self, step: Step) -> None:
        self._steps = [*self._steps[1 - _MOST_STEPS :], step]

    def _tell(self) -> None:
        for follower in list(self._followers):
            if (changed := follower()) is not None:
                changed()
