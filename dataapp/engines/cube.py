"""What is known of a query that is watched while an input in it moves, and of its cube."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dataapp.cells.steps import Steps
from dataapp.compile.consolidation import Figure
from dataapp.compile.cubes.plan import Plan
from dataapp.compile.cubes.tiles import TilePlan
from dataapp.engines.kept import KeptTable
from dataapp.engines.tiles import Tile

if TYPE_CHECKING:
    from dataapp.engines.relation import Relation

type State = Literal["watched", "waiting", "building", "ready", "unfit"]


@dataclass(slots=True, eq=False)
class Cube:
    """A query that is watched while an input in it moves.

    Attributes:
        reader: The cell whose rows the query reads, as `Uses.reader`, or None.
        names: The parameters of the input that moves.
        is_of_view: Whether the query is one over the cell's rows, as charts ask, and not for the rows themselves.
        query: The query.
        bound: Values of its parameters that are not the relation's.
        shape: What relations have in common of which it may be asked, but for their text; from all but its text.
        views: The views of crossfilters whose rows it reads.
        asked_of: What stands for the rows that it was asked of last.
        state: What was decided.
        why: Why no cube fits, for people.
        rows: How many rows the cube has.
        bytes: About how much it takes.
        built: How many seconds it took to build.
        plain: The least seconds that the plain query took, or None.
        fast: The least seconds that the cube took, or None.
        answers: How often it answered.
        drawn: How many moves pages have drawn with its tile, without asking it.
        tiling: How a page can answer in its place, or None where it cannot.
        tile: What pages get for that, once somebody has asked for it.
        rank: Of several, those with the least make room (see `Cubes`).
    """

    reader: Hashable
    names: frozenset[str]
    is_of_view: bool = False
    query: str = ""
    bound: Mapping[str, object] = field(default_factory=dict[str, object])
    shape: Hashable = None
    views: frozenset[Hashable] = frozenset()
    asked_of: Hashable = None
    state: State = "watched"
    why: str = ""
    rows: int = 0
    bytes: int = 0
    built: float = 0.0
    plain: float | None = None
    fast: float | None = None
    answers: int = 0
    drawn: int = 0
    values: set[str] = field(default_factory=set[str])
    tables: tuple[KeptTable, ...] = ()
    text: str = ""
    asked: frozenset[str] = frozenset()
    binned: Mapping[str, Steps] = field(default_factory=dict[str, Steps])
    slow: int = 0
    tiling: TilePlan | None = None
    tile: Tile | None = None
    rank: float = 0.0

    @property
    def dearness(self) -> float:
        """About how many seconds it takes to do without it once and to build it again, for each byte."""
        return (self.built + (self.plain or 0.0)) / max(1, self.bytes)

    @property
    def saved(self) -> float:
        """About how many seconds the answers have saved, and the moves that pages have drawn."""
        if self.plain is None:
            return 0.0
        answered = 0.0 if self.fast is None else self.answers * (self.plain - self.fast)
        return answered + self.drawn * self.plain


@dataclass(slots=True, eq=False, weakref_slot=True)
class Expected:
    """What one session's viewer is about to move, such as the slider under the pointer.

    Attributes:
        movers: The inputs, as `Relation.movers` knows them.
    """

    movers: frozenset[Hashable] = frozenset()

    def moves(self, relation: "Relation", names: frozenset[str]) -> bool:
        """Whether parameters of a relation are about to move."""
        return any(relation.movers.get(name) in self.movers for name in names)


@dataclass(slots=True, eq=False)
class Recipe:
    """How a cube is built.

    Attributes:
        plan: How it answers.
        text: The query that gives its rows.
        binned: The steps that each parameter has.
        figure: That query, taken apart so that one scan may give the rows of several cubes; None where it cannot be.
        has_bins: Whether what moves is put into bins.
        seconds: How long all this took, and its share of a scan for several.
    """

    plan: Plan
    text: str
    binned: Mapping[str, Steps]
    figure: Figure | None
    has_bins: bool
    seconds: float


@dataclass(slots=True, eq=False)
class Order:
    """A cube to be built.

    Attributes:
        cube: The cube.
        relation: What its query reads.
        text: The query.
        bound: Values of parameters that are not the relation's.
        early: Who expects that its input will move, where it has not moved yet; then nobody waits for the cube, and
            building it gives way to all else.
        stops: How often it gave way.
        recipe: How it is built, as soon as that is known.
    """

    cube: Cube
    relation: "Relation"
    text: str
    bound: Mapping[str, object]
    early: Expected | None = None
    stops: int = 0
    recipe: "Recipe | None" = None

    def value(self, name: str) -> object:
        """Return the value of a parameter."""
        return self.bound[name] if name in self.bound else self.relation.parameters[name]

    @property
    def is_wanted(self) -> bool:
        """Whether it has moved, or may yet."""
        return self.early is None or self.early.moves(self.relation, self.cube.names)
