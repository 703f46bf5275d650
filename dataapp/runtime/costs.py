"""Whether rows are kept for several readers, from what that took and from what it took without.

Keeping is worth it where making the rows and reading them takes less than running the query in each reader. Before
anything is known, rows of a query that makes many rows few are kept, and the query of any other is taken: its rows may
be as many as those of its files. Where the other could be better it is tried, never for the first picture. Rows that
turn out too many are not kept: their readers take the query within the same wave, as if nothing had been tried.

What is known belongs to the process and not to a session: see `dataapp.engines.measured`.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dataapp.cells.cell import Cell
from dataapp.engines.duckdb import DuckDB
from dataapp.engines.measured import Chosen, Measured, Readings, Uses
from dataapp.engines.relation import Column
from dataapp.runtime.frames import Frame, same_frame
from dataapp.runtime.pool import giving_way
from dataapp.runtime.tables import Table, cell_key, same_table
from dataapp.runtime.workers import Cancel

MOST_BYTES = 64 * 2**20
"""How large rows may be that are kept because several read them."""

_LARGE = 8 * 2**20  # bytes from which on it is looked whether doing without is better
_WORTH_TRYING = 0.1  # seconds that readers take together
_ENOUGH = 3  # showings after which kept rows are compared
_GAIN = 0.8  # what is left of the time, at most, after a change for the better: nothing goes back and forth
_REST = 10.0  # seconds until something is tried again that was worse; twice as long each time
_LONGEST_REST = 640.0
_WIDTHS = {
    **dict.fromkeys(("BOOLEAN", "TINYINT", "UTINYINT"), 1),
    **dict.fromkeys(("SMALLINT", "USMALLINT"), 2),
    **dict.fromkeys(("INTEGER", "UINTEGER", "FLOAT", "DATE"), 4),
    **dict.fromkeys(("HUGEINT", "UHUGEINT", "UUID", "INTERVAL"), 16),
    **dict.fromkeys(("VARCHAR", "BLOB", "BIT"), 24),
}
_WIDTH, _NESTED_WIDTH = 8, 64


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether rows are kept, and why."""

    is_kept: bool
    why: str


def choose(measured: Measured, cell: Cell, readers: Sequence[Cell | None], *, reduces: bool) -> Choice:
    """Choose for a query that several runs would hold.

    Args:
        measured: What is known.
        cell: Whose query it is.
        readers: Whose rows the runs read; None for one that is not measured.
        reduces: Whether the text makes many rows few.
    """
    key = cell_key(cell)
    share = f"{len(readers)} readers share it"
    if all(reader is not None and measured.is_cubed(cell_key(reader)) for reader in readers):
        return Choice(False, f"{share}, and cubes answer these while an input moves")
    last = measured.last_made(key)
    if last is not None and last.bytes is None and not _is_over(measured, last.at, last.failures - 1):
        return Choice(False, f"{share}, but its rows are more than {_size(MOST_BYTES)}")
    taken, kept = (_readings(measured, key, readers, is_kept=is_kept) for is_kept in (False, True))
    making = measured.reading(_making(key), key, is_kept=False)
    tried = 0 if making is None or kept is None else max(one.count for one in (making, *kept))
    if making is not None and taken is not None and kept is not None and tried >= _ENOUGH:
        return _compare(share, making, taken, kept, measured.chosen(key))
    if reduces:
        if tried >= _ENOUGH and taken is None and last is not None and (last.bytes or 0) >= _LARGE:
            return Choice(False, f"{share}, and its rows take {_size(last.bytes or 0)}: doing without is tried")
        return Choice(True, f"{share} and it reduces rows")
    if taken is not None and _sum(taken) >= _WORTH_TRYING and min(one.count for one in taken) > 1:
        return Choice(True, f"{share} and take {_ms(_sum(taken))}: keeping its rows is tried")
    return Choice(False, f"{share} and it does not reduce rows")


def _compare(
    share: str, making: Readings, taken: Sequence[Readings], kept: Sequence[Readings], chosen: Chosen | None
) -> Choice:
    was_kept = chosen is None or chosen.is_kept
    changes = max(one.changes for one in (kept if was_kept else taken))
    make, read, without = changes * making.seconds, _sum(kept), _sum(taken)
    needed = without / _GAIN if was_kept else without * _GAIN
    figures = f"{_ms(make)} to make its rows and {_ms(read)} to read them, {_ms(without)} without"
    return Choice(make + read < needed, f"{share}: {figures}")


def note(measured: Measured, choices: Mapping[Cell, tuple[Choice, Sequence[Cell | None]]]) -> None:
    """Remember what was chosen, and let the other way be tried again when that is long ago."""
    for cell, (choice, readers) in choices.items():
        key = cell_key(cell)
        measured.choose(key, is_kept=choice.is_kept, why=choice.why)
        chosen = measured.chosen(key)
        known = _readings(measured, key, readers, is_kept=not choice.is_kept)
        if chosen is not None and known is not None and _is_over(measured, chosen.at, chosen.times + 2):
            readers_known = [cell_key(reader) for reader in readers if reader is not None]
            measured.forget(key, readers_known, is_kept=not choice.is_kept)


def keep_rows(table: Table, engine: DuckDB, cancel: Cancel) -> Frame | Table:
    """Read the rows of a table for several readers, or return the table itself if they are too many to keep.

    Raises:
        DataAppError: The engine refused or failed.
        SourceMoved: A file changed meanwhile.
    """
    key = cell_key(table.root)
    uses = Uses(_making(key), taken={key: table.digest}, kept={})
    with giving_way(), table.relation(engine, uses).open() as reader:
        cancel.on_cancel(reader.cancel)
        cancel.progress = reader.progress
        width = sum(map(_width, reader.describe()))
        rows = reader.fetch_at_most(MOST_BYTES // max(width, 1))
    engine.measured.made(key, None if rows is None else rows.nbytes)
    return table if rows is None else Frame(rows, table.digest)


def same_rows(old: object, new: object) -> bool:
    """Whether two results of `keep_rows` stand for equal rows for sure."""
    return same_frame(old, new) or same_table(old, new)


def _making(key: Hashable) -> Hashable:
    return "making", key


def _is_over(measured: Measured, since: float, times: int) -> bool:
    """Whether a rest is over, which takes twice as long each time."""
    return measured.clock() - since >= min(_REST * 2.0**times, _LONGEST_REST)


def _readings(
    measured: Measured, key: Hashable, readers: Iterable[Cell | None], *, is_kept: bool
) -> list[Readings] | None:
    """Return what showing each reader took, or None if one of them is not known."""
    found: list[Readings] = []
    for reader in readers:
        one = None if reader is None else measured.reading(cell_key(reader), key, is_kept=is_kept)
        if one is None:
            return None
        found.append(one)
    return found


def _width(column: Column) -> int:
    if column.type.endswith("]") or column.type.startswith(("STRUCT", "MAP", "UNION")):
        return _NESTED_WIDTH
    return _WIDTHS.get(column.type, _WIDTH)


def _sum(readings: Iterable[Readings]) -> float:
    return sum(one.seconds for one in readings)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"


def _size(size: int) -> str:
    return f"{size / 2**20:.0f} MB"
