"""How an engine writes what fusing adds to the authors' own texts: parameters, types, names, the root's place."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# DuckDB 1.5.5 moves filters into any subquery, also a materialised one, but through no sample; one of 100 % by vectors
# takes every row, in order and on all threads. And it computes some functions once for all values of a dictionary, also
# those of rows that were left out; `least` of a column and itself is the column without one, whatever its type.
_FENCE = ("SELECT least(COLUMNS(*), COLUMNS(*)) FROM (", "\n) TABLESAMPLE SYSTEM (100%)")


@dataclass(frozen=True, slots=True)
class Target:
    """What differs between engines that authors' texts may be written for. The defaults are DuckDB's.

    Attributes:
        name: The engine's name among SQL dialects.
        numbers_parameters: Whether parameters are ``$1``, ``$2`` in the order of `Fused.values`, not ``$name``.
        starts_with_from: Whether ``FROM t`` is a query.
        keeps_case: Whether a quoted name differs from a name that is written without quotes in other case.
        takes_lists_by_any: Whether membership in a bound list is ``x = ANY($list)`` rather than ``x IN $list``.
        types: The engine's names of types, by DuckDB's where they differ.
        fence: What stands in front of and behind a plain query with a WHERE so that the engine runs nothing of its
            readers on rows that the WHERE leaves out.

    Example:
        >>> Target().parameter("low", 1), Target(numbers_parameters=True).parameter("low", 1)
        ('$low', '$1')
    """

    name: str = "duckdb"
    numbers_parameters: bool = False
    starts_with_from: bool = True
    keeps_case: bool = False
    takes_lists_by_any: bool = False
    types: Mapping[str, str] = field(default_factory=dict[str, str])
    fence: tuple[str, str] = _FENCE

    def parameter(self, name: str, number: int) -> str:
        """Return what stands for a value, given its name and its number from 1."""
        return f"${number}" if self.numbers_parameters else f"${name}"

    def type_name(self, duckdb_type: str) -> str:
        """Return the engine's name of a type, of arrays too.

        Example:
            >>> Target(types={"DOUBLE": "double precision"}).type_name("DOUBLE[]")
            'double precision[]'
        """
        element = duckdb_type.removesuffix("[]")
        return self.types.get(element, element) + duckdb_type[len(element) :]


DUCKDB = Target()
