"""Which views of a crossfilter cubes serve, what these take, and what they save, for people.

A cube is shared by all sessions, so its figures are of all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dataapp.cells.crossfilter import Member
from dataapp.engines.cube import Cube
from dataapp.engines.cubes import Cubes
from dataapp.runtime.explaining import bytes_to_text, count_to_text, seconds_to_text
from dataapp.runtime.tables import cell_key

_LATEST = 2  # rows of a view in one reader: of the newest, some questions may still be on their way


@dataclass(frozen=True, slots=True)
class ServedView:
    """A view, and what answers it.

    Attributes:
        label: What people call it.
        is_served: Whether cubes answer it while what moved last moves.
        text: What they take and save, or why there are none.
    """

    label: str
    is_served: bool
    text: str


@dataclass(frozen=True, slots=True)
class Service:
    """What cubes do for a crossfilter.

    Attributes:
        views: Its views that show rows.
        figures: What all cubes take and save together.
    """

    views: tuple[ServedView, ...]
    figures: str

    @property
    def count(self) -> str:
        """How many views are served, for people."""
        served = sum(view.is_served for view in self.views)
        return f"{served} of {count_to_text(len(self.views), 'view')} from cubes"

    @property
    def line(self) -> str:
        """All that in a line."""
        return f"{self.count}, {self.figures}"


def service_of(members: Sequence[Member], cubes: Cubes) -> Service | None:
    """Return what cubes do for the views of a crossfilter, or None where there is no cube."""
    found = {member: _known(member, cubes) for member in members}
    kept = {cube: None for known in found.values() for cube in known if cube.rows and cube.state == "ready"}
    if not kept:
        return None
    views = tuple(_served(member.label, known, cubes.worth) for member, known in found.items())
    return Service(views, _figures(kept, {cube: None for known in found.values() for cube in known}))


def is_building(members: Sequence[Member], cubes: Cubes) -> bool:
    """Whether cubes are being built, or are about to be, for the views of a crossfilter."""
    return any(cube.state in ("waiting", "building") for member in members for cube in _known(member, cubes))


def _known(member: Member, cubes: Cubes) -> Sequence[Cube]:
    """Return what is known for a view: over its rows, and over those of its cells where nothing is selected."""
    plain = [cube for cell in member.cells for cube in cubes.of(cell_key(cell)) if not cube.views]
    return [*plain, *cubes.of_views({member.key})]


def _served(label: str, known: Sequence[Cube], worth: float) -> ServedView:
    questions = _asked_last(known)
    plain = [asked for asked in questions if not any(cube.state == "ready" for cube in asked)]
    slow = [cube for asked in plain for cube in asked if cube.plain is not None and cube.plain >= worth]
    if len(plain) < len(questions) and not slow:
        kept = [cube for cube in known if cube.state == "ready"]
        last = next(cube for asked in questions for cube in asked if cube.state == "ready")
        return ServedView(label, is_served=True, text=f"{_figures(kept, known)}{_gain(last, kept)}")
    return ServedView(label, is_served=False, text=_why_not([*slow, *(cube for asked in plain for cube in asked)]))


def _asked_last(known: Sequence[Cube]) -> list[list[Cube]]:
    """Return the questions about the newest rows of a view, each with what is known for each input that may move."""
    rows: dict[object, dict[object, None]] = {}
    questions: dict[tuple[object, str], list[Cube]] = {}
    for cube in reversed(known):
        rows.setdefault(cube.reader, {})[cube.asked_of] = None
        asked = questions.setdefault((cube.reader, cube.query), [])
        is_newest = not asked or asked[0].asked_of == cube.asked_of
        if is_newest and cube.asked_of in list(rows[cube.reader])[:_LATEST]:
            asked.append(cube)
    return [asked for asked in questions.values() if asked]


def _figures(kept: Iterable[Cube], known: Iterable[Cube]) -> str:
    ready = list(kept)
    size, built = sum(cube.bytes for cube in ready), sum(cube.built for cube in ready)
    saved = sum(max(cube.saved, 0.0) for cube in known)
    return f"{bytes_to_text(size)}, built in {seconds_to_text(built)}, {seconds_to_text(saved)} saved"


def _gain(last: Cube, kept: Sequence[Cube]) -> str:
    drawn = sum(cube.drawn for cube in kept)
    moves = f"; drew {count_to_text(drawn, 'move')} on pages" if drawn else ""
    if last.fast is None or last.plain is None:
        return moves
    times = count_to_text(sum(cube.answers for cube in kept), "time")
    gain = f"in {seconds_to_text(last.fast)} where the plain query takes {seconds_to_text(last.plain)}"
    return f"; answered {times}, {gain}{moves}"


def _why_not(asked: Sequence[Cube]) -> str:
    """Return why a view is not served: what stands first weighs most."""
    if any(cube.state in ("waiting", "building") for cube in asked):
        return "a cube is being built"
    if not asked:
        return "no cube so far"
    plain = max((cube.plain for cube in asked if cube.plain is not None), default=None)
    taken = "the plain query answers" if plain is None else f"the plain query answers, in {seconds_to_text(plain)}"
    reason = next((cube.why for cube in asked if cube.why), None)
    return f"no cube so far; {taken}" if reason is None else f"no cube, since {reason}; {taken}"
