"""What the explorer does with each type of the engine: how cells are sent, shown, and filtered.

Numbers that fit a 64-bit cell travel as they are. Everything that a browser cannot hold exactly (wide integers,
decimals, dates with infinities, intervals, nested values, ...) travels as the engine's own text of it.
"""

import re
from enum import StrEnum

from dataapp.engines.relation import Column

LONGEST_TEXT = 500  # characters of a cell that travel; the browser shows that there is more
_LONGEST_BLOB = LONGEST_TEXT  # bytes; each takes two characters
_LONGEST_TYPE = 300
_NESTED = re.compile(r"^(STRUCT|MAP)\(|\[\d*\]$")
_DECIMAL = re.compile(r"^DECIMAL\((\d+),(\d+)\)$")


class Kind(StrEnum):
    """How a column is aligned, formatted and filtered."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    TEXT = "text"
    OTHER = "other"


_KINDS = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), Kind.INTEGER),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "BIGNUM"), Kind.INTEGER),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Kind.FLOAT),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), Kind.TIMESTAMP),
    "TIMESTAMP WITH TIME ZONE": Kind.TIMESTAMP,
    "BOOLEAN": Kind.BOOLEAN,
    "DATE": Kind.DATE,
    **dict.fromkeys(("TIME", "TIME_NS"), Kind.TIME),
    "VARCHAR": Kind.TEXT,
}
_EXACT_IN_THE_BROWSER = {
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("FLOAT", "DOUBLE", "BOOLEAN"),
}
_SHORT_NAMES = {
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TIME WITH TIME ZONE": "timetz",
    "VARCHAR": "text",
    '"NULL"': "null",
}


def kind_of(column: Column) -> Kind:
    """Return how a column is treated.

    Example:
        >>> kind_of(Column("price", "DECIMAL(12,2)")), kind_of(Column("tags", "VARCHAR[]"))
        (<Kind.DECIMAL: 'decimal'>, <Kind.OTHER: 'other'>)
    """
    if column.type.startswith("ENUM("):
        return Kind.OTHER if _NESTED.search(column.type) else Kind.TEXT
    if _DECIMAL.match(column.type):
        return Kind.DECIMAL
    return _KINDS.get(column.type, Kind.OTHER)


def decimal_places(column: Column) -> int:
    """Return the digits after the point of an exact number: the scale of a DECIMAL, or 0."""
    found = _DECIMAL.match(column.type)
    return int(found[2]) if found else 0


def is_nested(column: Column) -> bool:
    """Whether the values of a column have parts: a struct, a list, a map, JSON."""
    return _NESTED.search(column.type) is not None or column.type == "JSON"


def short_type(column: Column) -> str:
    """Return a type's name that fits a column header.

    Example:
        >>> short_type(Column("at", "TIMESTAMP WITH TIME ZONE")), short_type(Column("s", "STRUCT(a INTEGER)[]"))
        ('timestamptz', 'struct[]')
    """
    if column.type in _SHORT_NAMES:
        return _SHORT_NAMES[column.type]
    base, opening, rest = column.type.partition("(")
    if not opening or _DECIMAL.match(column.type):
        return column.type.lower()
    return base.lower() + rest[rest.rfind(")") + 1 :]


def text_expression(column: Column, reference: str) -> str:
    """Return the SQL for a value as text: what a reader sees, and what a text filter looks into.

    Args:
        column: The column.
        reference: The quoted name under which the query reads it.
    """
    if column.type == "VARCHAR":
        return reference
    if _NESTED.search(column.type):
        return f"CAST(to_json({reference}) AS VARCHAR)"
    if column.type == "BLOB":
        return f"lower(hex({reference}))"
    return f"CAST({reference} AS VARCHAR)"


def exact_text(type_: str, reference: str) -> str:
    """Return the SQL for a value as text that is the same value again, cast to its type.

    The engine's own text of a moment leaves out the seconds that clocks before 1937 were off. The last days that it
    counts have no other text, since it cannot move them to another clock.
    """
    text = f"CAST({reference} AS VARCHAR)"
    if type_ != "TIMESTAMP WITH TIME ZONE":
        return text
    is_old = f"{reference} > '-infinity' AND {reference} < CAST('2000-01-01 00:00:00+00' AS TIMESTAMPTZ)"
    return f"CASE WHEN {is_old} THEN CAST({reference} AT TIME ZONE 'UTC' AS VARCHAR) || '+00' ELSE {text} END"


def cell_expression(column: Column, reference: str) -> str:
    """Return the SQL for a value as it travels to the browser; long text is cut to one character more than is shown."""
    if column.type in _EXACT_IN_THE_BROWSER:
        return reference
    if column.type == "BLOB":
        reference = f"{reference}[1:{_LONGEST_BLOB}]"
    return f"left({text_expression(column, reference)}, {LONGEST_TEXT + 1})"


def header_of(column: Column) -> dict[str, object]:
    """Return what the browser must know of a column before it has rows."""
    return {
        "name": column.name,
        "type": short_type(column),
        "full_type": column.type[:_LONGEST_TYPE],
        "kind": kind_of(column).value,
        "nested": is_nested(column),
    }
