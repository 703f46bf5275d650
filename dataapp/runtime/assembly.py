"""How a SQL cell becomes a table: its text, and what its names stand for at this moment."""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, cast

from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import NarrowedRows
from dataapp.cells.input import InputCell, Stepped
from dataapp.cells.policy import PolicyCell
from dataapp.cells.predicate import Condition, PredicateCell
from dataapp.cells.selection import selected_steps
from dataapp.cells.sql import SqlCell
from dataapp.cells.steps import Steps
from dataapp.cells.user import UserCell, claim
from dataapp.cells.values import Bound
from dataapp.compile.fusion import TextPart, ValueOf
from dataapp.compile.identifiers import fold
from dataapp.compile.names import TableRef
from dataapp.compile.query import Query
from dataapp.compile.spans import line_and_column
from dataapp.compile.tokens import ParameterRef
from dataapp.connect.files import is_local
from dataapp.errors import DataAppError
from dataapp.runtime.bindable import bindable
from dataapp.runtime.databases import refuse_elsewhere
from dataapp.runtime.resolution import Reads
from dataapp.runtime.tables import Files, Table, TableBuilder, digest

_EVERY_ROW = Condition(("TRUE",), {})

type Choose = Callable[[str, object], tuple[object, Files]]


def build_table(
    cell: SqlCell,
    query: Query,
    reads: Reads,
    files: Mapping[str, str],
    inputs: Mapping[tuple[str, str], object],
    choose: Choose,
) -> Table:
    """Return a SQL cell as a table.

    Args:
        cell: The cell.
        query: Its text, read.
        reads: What the names in it stand for.
        files: Absolute locations for the literals in it.
        inputs: Values of the nodes that it reads: tables, values, predicates and the state of its files.
        choose: Turns the value of a parameter that names files into what is bound, and notes the files.
    """
    if isinstance(cell, NarrowedRows) and all(inputs["predicate", name] == _EVERY_ROW for name in reads.predicates):
        return cast("Table", inputs["table", "rows"])
    builder = TableBuilder(cell, cell.on)
    facts: list[object] = [query.text, None if cell.on is None else cell.on.key]
    locations = list(files.values())
    for name in reads.tables:
        table = cast("Table", inputs["table", name])
        refuse_elsewhere(cell, reads.tables[name], table.database)
        builder.include(table)
        facts += [name, table.digest]
    fields = _claims(cell, query, reads, inputs, builder)
    for key in dict.fromkeys(fields.values()):
        bound = builder.values[key]
        facts += ["claim", key[1], type(bound.value).__name__, bound.value]
    claimed = {name for name in reads.values if all(ref.span.start in fields for ref in _occurrences(query, name))}
    for name, read in reads.values.items():
        if name in claimed:
            continue
        bound = bindable(inputs["value", name], sql_type(read), name, cell.label, steps_of(read))
        if name in query.path_parameters:
            path, chosen = choose(name, bound.value)
            bound = Bound(path)
            builder.files.append(chosen)
            paths = cast("list[object]", path) if isinstance(path, list) else [path]
            locations += [item for item in paths if isinstance(item, str)]
            facts.append(chosen.version)
        builder.values[read] = bound
        builder.labels[read] = read.label if read.is_named else name
        facts += [name, type(bound.value).__name__, bound.value, bound.type]
    predicates = {name: cast("Condition", inputs["predicate", name]) for name in reads.predicates}
    for name, condition in predicates.items():
        for value, bound in condition.values.items():
            builder.values[value.key] = bindable(bound.value, bound.type, name, cell.label, bound.steps)
            builder.labels[value.key] = _part_label(value)
        facts += [name, [piece if isinstance(piece, str) else condition.values[piece] for piece in condition.pieces]]
    if (version := inputs.get(("files", ""))) is not None:
        local = tuple(filter(is_local, files.values()))
        builder.files.append(Files(local, cast("Any", version), cell.label))
        facts += [sorted(files.items()), version]
    part = TextPart(
        query=query,
        tables={name: cast("Table", inputs["table", name]).root for name in reads.tables},
        values=dict(reads.values),
        predicates={name: condition.predicate for name, condition in predicates.items()},
        files=files,
        fields=fields,
        is_fenced=isinstance(cell, PolicyCell),
    )
    above = [cast("Table", inputs["table", name]) for name in reads.tables]
    has_versions = reads_versions(query, reads.tables, locations) and all(table.is_versioned for table in above)
    return builder.build(
        part,
        digest(*facts),
        fixed_order=keeps_order(query) and all(table.fixed_order for table in above),
        is_versioned=has_versions and not query.unstable,
        is_pick=has_versions and bool(query.unstable) and not query.is_volatile,
        ttl=cell.ttl if cell.ttl is not None else _inherited_ttl(query, reads.tables, above),
    )


def _claims(
    cell: SqlCell, query: Query, reads: Reads, inputs: Mapping[tuple[str, str], object], builder: TableBuilder
) -> dict[int, tuple[Cell, str]]:
    """Give each claim that a text reads of who is looking as a value of its own; return which, by place."""
    found: dict[int, tuple[Cell, str]] = {}
    for parameter in query.parameters:
        name = fold(parameter.name)
        read = reads.values.get(name)
        if not isinstance(read, UserCell) or parameter.field is None or name in query.path_parameters:
            continue
        claimed = parameter.field.name
        try:
            value = claim(inputs["value", name], claimed, cell.label)
        except DataAppError as error:
            error.line, error.column = cell.place(*line_and_column(query.text, parameter.span.start))
            error.cell = cell.label
            raise
        key = found[parameter.span.start] = (read, fold(claimed))
        builder.values[key] = bindable(value, None, f"{name}.{claimed}", cell.label)
        builder.labels[key] = f"{read.label if read.is_named else name}_{claimed}"
    return found


def _occurrences(query: Query, name: str) -> list[ParameterRef]:
    return [parameter for parameter in query.parameters if fold(parameter.name) == name]


def _inherited_ttl(query: Query, cells: Container[str], above: Sequence[Table]) -> float | None:
    """Return for how long all that a query on a database reads may be reused, or None if that is not said of each.

    Where the text has no one meaning, its author must say so for the cell itself.
    """
    said = [table.ttl for table in above if table.ttl is not None]
    if query.unstable or query.unversioned or _own_tables(query, cells) or len(said) < len(above):
        return None
    return min(said, default=None)


_MIXES_ROWS = re.compile(r"\b(join|order|union|intersect|except|unnest|range|generate_series)\b", re.IGNORECASE)


def keeps_order(query: Query) -> bool:
    """Whether a query is a plain filter and projection, which gives its rows in the order of what it reads."""
    is_plain = query.form == "select" and not query.reduces and not query.unstable
    return is_plain and len(query.tables) + len(query.files) == 1 and not _MIXES_ROWS.search(query.text)


def reads_versions(query: Query, cells: Container[str], locations: Sequence[str]) -> bool:
    """Whether all that a text reads besides cells has a version: the engine's own tables have none."""
    return not (query.unversioned or _own_tables(query, cells)) and all(map(is_local, locations))


def _own_tables(query: Query, cells: Container[str]) -> list[TableRef]:
    """Return the tables that a text names without a cell behind them."""
    return [table for table in query.tables if table.qualified or fold(table.name) not in cells]


def _part_label(value: ValueOf) -> str:
    predicate, field, part = cast("tuple[PredicateCell, str, str]", value.key)
    return "_".join(filter(None, [predicate.label if predicate.is_named else "chosen", field, part]))


def steps_of(cell: Cell) -> Steps | None:
    """Return the only values that an input can take, where that is known and no cell changes them."""
    if not isinstance(cell, InputCell) or not cell.feeds.keys().isdisjoint(("start", "end", "step")):
        return None
    kind: object = cell.kind
    return kind.steps() if isinstance(kind, Stepped) else None


def range_steps(predicate: PredicateCell, of: Cell, choice: object) -> Mapping[str, Steps | None]:
    """Return the only values that the ends of a predicate's ranges can take, by field, where that is known."""
    return selected_steps(choice) or dict.fromkeys(predicate.columns, steps_of(of))


def sql_type(cell: Cell) -> str | None:
    """Return the SQL type that a node promises for its values, or None."""
    return cell.kind.sql_type if isinstance(cell, InputCell) else None
