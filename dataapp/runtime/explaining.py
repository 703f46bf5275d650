"""What a cell's query is, what it read and cost, and which rows are kept on its way, as a text for people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import perf_counter

from dataapp.cells.cell import Cell
from dataapp.cells.database import Database, Refused
from dataapp.cells.policy import GuardedRows, PolicyCell
from dataapp.engines.consolidation import Shared
from dataapp.engines.cube import Cube
from dataapp.engines.cubes import Cubes
from dataapp.engines.duckdb import Reader
from dataapp.engines.measured import Measured
from dataapp.engines.profile import Profile, RowGroups, Scan
from dataapp.runtime.databases import explain, placed, read, statement_of
from dataapp.runtime.tables import Table, cell_key
from dataapp.runtime.workers import Cancel

_MOST_NAMES = 12


def table_to_text(
    cell: Cell,
    table: Table,
    reader: Reader,
    selections: Sequence[str],
    kept: Mapping[str, str],
    computed: Mapping[str, str],
    fetched: Mapping[str, str],
    *,
    analyze: bool,
) -> str:
    """Return the explanation of a table.

    Args:
        cell: The cell.
        table: As it would be read with nothing kept.
        reader: A reader of its relation.
        selections: Where the selections of a crossfilter stand, and why not deeper.
        kept: By label why the rows of cells are kept.
        computed: By label what is computed of lazy frames of Polars.
        fetched: By label what is fetched from databases.
        analyze: Whether to run the query and say what it cost.
    """
    relation = table.relation(reader.engine)
    plan = reader.explain()
    lines = [_headline(cell, table, "in DuckDB")]
    if analyze:
        rows, profile = reader.profile()
        lines += [_cost(rows.num_rows, rows.nbytes, profile)]
        for scan in profile.scans:
            lines += _scan_lines(scan, table, reader)
    lines += _section("Policies", _policies(table))
    lines += _section("Selections, and what they are on", list(selections))
    values = {**relation.parameters, **relation.variables}
    lines += _section("Parameters", (f"${name} = {bound.value!r}" for name, bound in values.items()))
    lines += _section("Rows that are kept, and why", (f"`{label}`: {reason}" for label, reason in kept.items()))
    lines += _section("Chosen last where several read the same", _chosen(table, reader.engine.measured))
    lines += _section("Cubes", map(_cube, _cubes(table, reader.engine.cubes)))
    lines += _section("Scans for several", _shared(reader.engine.scans.of(cell_key(cell))))
    lines += _section("Computed of lazy frames", (f"`{label}`: {what}" for label, what in computed.items()))
    lines += _section("Fetched from databases", (f"`{label}`: {what}" for label, what in fetched.items()))
    states = [state for files in table.files for state in files.version]
    lines += _section("Files", _some([f"{state.path} ({state.size:,} bytes)" for state in states]))
    lines += ["", "Query, with nothing kept", "", relation.sql, "", "Plan", "", plan]
    return "\n".join(lines)


def statement_to_text(cell: Cell, table: Table, database: Database, cancel: Cancel, *, analyze: bool) -> str:
    """Return the explanation of a table on a database, which tells its own plan, but not what it read.

    Args:
        cell: The cell.
        table: Its query.
        database: The database.
        cancel: Stops what runs there.
        analyze: Whether to fetch the rows and say how long that took.
    """
    try:
        return _statement_text(cell, table, database, cancel, analyze=analyze)
    except Refused as refused:
        raise placed(table, refused) from refused.__cause__


def _statement_text(cell: Cell, table: Table, database: Database, cancel: Cancel, *, analyze: bool) -> str:
    statement, plan = statement_of(table), explain(table, cancel)
    lines = [_headline(cell, table, f"on {database.label}")]
    if analyze:
        started = perf_counter()
        rows = read(table, cancel)
        took = f"{1000 * (perf_counter() - started):.1f} ms"
        lines += [
            f"It took {took} to fetch and gave {count_to_text(rows.num_rows, 'row')}, {bytes_to_text(rows.nbytes)}."
        ]
    if table.ttl is not None:
        lines += [f"An answer is reused for {table.ttl:g} s (ttl=) before {database.label} is asked anew."]
    lines += _section("Policies", _policies(table))
    parameter = database.server().target.parameter
    named = enumerate(statement.parameters.items(), 1)
    lines += _section("Parameters", (f"{parameter(name, number)} = {bound.value!r}" for number, (name, bound) in named))
    return "\n".join([*lines, "", "Query", "", statement.sql, "", "Plan", "", plan])


def _headline(cell: Cell, table: Table, where: str) -> str:
    parts = [part for part in table.parts if part is not table.root and not isinstance(part, GuardedRows)]
    others = [table.labels[part] for part in parts]
    of = f" of {len(others) + 1} cells: {', '.join(_some([*others, cell.label]))}" if others else ""
    return f"`{cell.label}` is one query {where}{of}."


def _policies(table: Table) -> list[str]:
    """Return, for people, the condition that each source with a policy has."""
    return [f"`{part.label}`: {' '.join(part.text.split())}" for part in table.parts if isinstance(part, PolicyCell)]


def _cost(rows: int, size: int, profile: Profile) -> str:
    took = f"{1000 * profile.seconds:.1f} ms"
    if profile.cpu_seconds is not None:
        took += f" ({1000 * profile.cpu_seconds:.1f} ms of all processors)"
    return f"It took {took} and gave {count_to_text(rows, 'row')}, {bytes_to_text(size)}."


def _scan_lines(scan: Scan, table: Table, reader: Reader) -> Iterator[str]:
    yield ""
    columns = (
        f"{count_to_text(len(scan.columns), 'column')}: {', '.join(_some(list(scan.columns)))}" if scan.columns else ""
    )
    yield f"{scan.function} handed on {count_to_text(scan.rows, 'row')}" + (f" of {columns}" if columns else "")
    if scan.filters:
        yield f"    filtered while reading: {'; '.join(scan.filters)}"
    if scan.files is not None:
        groups = _row_groups(scan, table, reader)
        yield f"    {count_to_text(scan.files, 'file')} opened" + ("" if groups is None else f", {_groups(groups)}")


def _row_groups(scan: Scan, table: Table, reader: Reader) -> RowGroups | None:
    """Return what statistics rule out, where one set of Parquet files is read: of several, nobody says which it was."""
    paths = {state.path for files in table.files for state in files.version}
    is_parquet = "parquet" in scan.function.lower() and len(table.files) == 1
    return reader.row_groups(sorted(paths), scan) if is_parquet and paths else None


def _groups(groups: RowGroups) -> str:
    needed = f"{groups.chosen:,} of {groups.total:,} row groups by their statistics"
    return f"{needed}, {bytes_to_text(groups.chosen_bytes)} of {bytes_to_text(groups.total_bytes)}"


def _chosen(table: Table, measured: Measured) -> Iterator[str]:
    for cell in table.parts:
        chosen = measured.chosen(cell_key(cell)) if isinstance(cell, Cell) else None
        if chosen is not None:
            yield f"`{table.labels[cell]}`: rows {'kept' if chosen.is_kept else 'not kept'}, {chosen.why}"


def _cubes(table: Table, cubes: Cubes) -> list[Cube]:
    """Return what is known for the rows of a table: of a view of a crossfilter not what is another view's."""
    views = table.uses.views
    return [cube for cube in cubes.of(table.uses.reader) if not views or views & cube.views]


def _cube(cube: Cube) -> str:
    """Return, for people, what a cube answers and what it costs and saves, or why there is none."""
    what = f"{'a view of the rows' if cube.is_of_view else 'the rows'} while {_named(cube.names)} moves"
    if cube.state in ("waiting", "building"):
        return f"{what}: being built"
    if cube.state == "unfit":
        return f"{what}: none, since {cube.why}"
    if cube.state == "watched":
        known = "" if cube.plain is None else f", which takes {seconds_to_text(cube.plain)}"
        return f"{what}: none so far; the plain query answers{known}"
    made = f"{count_to_text(cube.rows, 'row')} ({bytes_to_text(cube.bytes)}), built in {seconds_to_text(cube.built)}"
    done: list[str] = []
    if cube.fast is not None and cube.plain is not None:
        gain = f"in {seconds_to_text(cube.fast)} where the plain query takes {seconds_to_text(cube.plain)}"
        done.append(f"it answered {count_to_text(cube.answers, 'time')} {gain}")
    if cube.drawn:
        done.append(f"pages drew {count_to_text(cube.drawn, 'move')} with it")
    if not done:
        return f"{what}: {made}"
    return f"{what}: {made}; {', '.join(done)}, and saved {seconds_to_text(cube.saved)}"


def _shared(shared: Shared | None) -> Iterator[str]:
    if shared is not None:
        others = count_to_text(shared.others, "other")
        apart = f"where all take about {seconds_to_text(shared.apart)} by themselves"
        yield f"the rows were answered with {others} by one scan, in {seconds_to_text(shared.seconds)} {apart}"


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"${name}" for name in sorted(names))


def seconds_to_text(seconds: float) -> str:
    """Return a short time for people.

    Example:
        >>> seconds_to_text(0.0031), seconds_to_text(1.5)
        ('3.1 ms', '1.50 s')
    """
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    shown = [f"    {line}" for line in lines]
    return ["", title, *shown] if shown else []


def _some(names: list[str]) -> list[str]:
    more = len(names) - _MOST_NAMES
    return names if more <= 1 else [*names[:_MOST_NAMES], f"and {more} more"]


def count_to_text(number: int, noun: str) -> str:
    """Return how many there are, for people.

    Example:
        >>> count_to_text(1, "row"), count_to_text(2000, "row")
        ('1 row', '2,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def bytes_to_text(size: int) -> str:
    """Return a number of bytes for people.

    Example:
        >>> bytes_to_text(536), bytes_to_text(1_500_000)
        ('536 bytes', '1.5 MB')
    """
    for unit, bytes_of in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= bytes_of:
            return f"{size / bytes_of:.1f} {unit}"
    return f"{size} bytes"
