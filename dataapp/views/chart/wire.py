"""How the values of each column type travel to the browser, and what Altair should take them for.

Vega knows numbers, texts, booleans and points in time. A timestamp without a time zone is a wall-clock reading: it
travels as the milliseconds that the same reading would be in UTC, and the browser turns it into its own local time, so
that axes, tooltips and time units show the reading wherever the browser is. A timestamp with a time zone travels as
the instant that it is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from dataapp.compile.identifiers import quote_identifier
from dataapp.engines.relation import Column

_NUMBER = re.compile(r"^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|BIGNUM|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$")
_WALL = re.compile(r"^(DATE|TIMESTAMP(_S|_MS|_NS)?)$")
_NESTED = re.compile(r"(^(STRUCT|MAP|UNION)\()|(\[\d*\]$)|(^JSON$)")
_MAY_HOLD_NAN = re.compile(r"\b(FLOAT|DOUBLE|JSON)\b")
_NO_JSON = r"(?i)nan|inf"  # may be part of a text
_TOKENS = r'(?is)"(?:[^"\\]|\\.)*"|-?(?:nan|inf(?:inity)?)|[^"ni-]+|.'
_ENUM_VALUE = re.compile(r"'((?:[^']|'')*)'")


class Kind(StrEnum):
    """What a value is in the browser; the texts are part of the protocol with ``vega.js``."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    WALL = "wall"
    INSTANT = "instant"
    NESTED = "nested"

    @property
    def is_temporal(self) -> bool:
        """Whether it is a point in time."""
        return self in {Kind.WALL, Kind.INSTANT}


@dataclass(frozen=True, slots=True)
class Sent:
    """A column as it is sent: its name, what it is in the browser, and the SQL over ``relation`` that makes it."""

    name: str
    kind: Kind
    expression: str


def kind_of(column: Column) -> Kind:
    """Return what a column is for Vega.

    Example:
        >>> kind_of(Column("total", "HUGEINT")), kind_of(Column("day", "DATE"))
        (<Kind.NUMBER: 'number'>, <Kind.WALL: 'wall'>)
    """
    if column.type.startswith("ENUM(") and not column.type.endswith("]"):
        return Kind.TEXT
    if _NUMBER.match(column.type):
        return Kind.NUMBER
    if _WALL.match(column.type):
        return Kind.WALL
    if _NESTED.search(column.type):
        return Kind.NESTED
    return {"BOOLEAN": Kind.FLAG, "TIMESTAMP WITH TIME ZONE": Kind.INSTANT}.get(column.type, Kind.TEXT)


def may_be_nan(column: Column) -> bool:
    """Whether a column of numbers may have NaN: to test each row of the others for it is in vain.

    Example:
        >>> may_be_nan(Column("price", "FLOAT")), may_be_nan(Column("size", "BIGINT"))
        (True, False)
    """
    return column.type in {"FLOAT", "DOUBLE"}


def column_to_sent(column: Column, *, as_text: bool = False) -> Sent:
    """Return how a column is sent.

    Integers, decimals and sums become DOUBLE, which is what a number in the browser is.

    Args:
        column: The column.
        as_text: Send a point in time as text, for a scale that compares names.

    Example:
        >>> column_to_sent(Column("total", "HUGEINT")).expression
        'CAST("total" AS DOUBLE)'
    """
    name, kind = quote_identifier(column.name), kind_of(column)
    if kind.is_temporal and as_text:
        return Sent(column.name, Kind.TEXT, f"CAST({name} AS VARCHAR)")
    match kind:
        case Kind.NUMBER:
            expression = name if column.type == "DOUBLE" else f"CAST({name} AS DOUBLE)"
        case Kind.WALL:
            moment = name if column.type == "TIMESTAMP" else f"CAST({name} AS TIMESTAMP)"
            expression = moment_to_milliseconds(name, moment)
        case Kind.INSTANT:
            expression = moment_to_milliseconds(name)
        case Kind.NESTED:
            expression = _nested_to_json(column)
        case Kind.TEXT:
            expression = name if column.type == "VARCHAR" else f"CAST({name} AS VARCHAR)"
        case Kind.FLAG:
            expression = name
    return Sent(column.name, kind, expression)


def _nested_to_json(column: Column) -> str:
    """Return the SQL of a nested value as it is sent: as JSON, with null where the engine writes NaN or Infinity."""
    written = f"CAST(to_json({quote_identifier(column.name)}) AS VARCHAR)"
    if not _MAY_HOLD_NAN.search(column.type):
        return written
    token = "CASE WHEN regexp_full_match(token, '(?i)-?(nan|inf(inity)?)') THEN 'null' ELSE token END"
    valid = f"array_to_string(list_transform(regexp_extract_all({written}, '{_TOKENS}'), lambda token: {token}), '')"
    return f"CASE WHEN regexp_matches({written}, '{_NO_JSON}') THEN {valid} ELSE {written} END"


def moment_to_milliseconds(name: str, moment: str | None = None) -> str:
    """Return the SQL of a point in time as it is sent, given that of the value and, if another, of its timestamp."""
    return f"CASE WHEN isfinite({name}) THEN CAST(epoch_ms({moment or name}) AS DOUBLE) END"


def empty_table(columns: Iterable[Column]) -> pa.Table:
    """Return a table without rows from whose types Altair infers encoding types.

    An ENUM becomes an ordered dictionary: Altair makes it ordinal, in the order of its declaration.
    """
    return pa.table({column.name: _empty_array(column) for column in columns})


def _empty_array(column: Column) -> pa.Array:
    if column.type.startswith("ENUM(") and not column.type.endswith("]"):
        values = [value.replace("''", "'") for value in _ENUM_VALUE.findall(column.type)]
        return pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array(values, pa.string()), ordered=True)
    match kind_of(column):
        case Kind.NUMBER:
            return pa.array([], pa.float64())
        case Kind.WALL:
            return pa.array([], pa.timestamp("us"))
        case Kind.INSTANT:
            return pa.array([], pa.timestamp("us", "UTC"))
        case Kind.FLAG:
            return pa.array([], pa.bool_())
        case Kind.NESTED:
            return pa.array([], pa.list_(pa.string()))
        case Kind.TEXT:
            return pa.array([], pa.string())
