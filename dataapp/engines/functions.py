"""What the engine's SQL offers besides tables and columns: functions and keywords, for completion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.relation import Relation

type Kind = Literal["scalar", "aggregate", "table", "window"]

_FUNCTIONS = """
SELECT function_name AS name, function_type AS type, description, parameters, parameter_types, varargs, return_type
FROM duckdb_functions()
WHERE function_type IN ('scalar', 'aggregate', 'table', 'macro', 'table_macro')
  AND regexp_full_match(function_name, '[a-z][a-z0-9_]*')
  AND NOT regexp_matches(function_name, '^(pg_|icu_collate_|pragma_|test_)')
  AND schema_name NOT IN ('pg_catalog', 'information_schema')
ORDER BY function_name, function_oid, len(parameters), parameter_types
"""
_KEYWORDS = "SELECT keyword_name AS name FROM duckdb_keywords() {} ORDER BY ALL"
_KINDS: Mapping[str, Kind] = {
    "scalar": "scalar",
    "macro": "scalar",
    "aggregate": "aggregate",
    "table": "table",
    "table_macro": "table",
}
_WINDOWS = {  # only the parser knows these
    "row_number": ("row_number()", "Numbers the rows of the window from 1."),
    "rank": ("rank()", "The rank of the row, with gaps behind ties."),
    "dense_rank": ("dense_rank()", "The rank of the row, without gaps."),
    "percent_rank": ("percent_rank()", "The relative rank of the row, from 0 to 1."),
    "cume_dist": ("cume_dist()", "The share of rows up to this one."),
    "ntile": ("ntile(buckets)", "Which of so many equal buckets the row falls into."),
    "lag": ("lag(value, offset, default)", "The value so many rows before."),
    "lead": ("lead(value, offset, default)", "The value so many rows after."),
    "first_value": ("first_value(value)", "The value at the window's first row."),
    "last_value": ("last_value(value)", "The value at the window's last row."),
    "nth_value": ("nth_value(value, n)", "The value at the window's n-th row."),
    "fill": ("fill(value)", "The value, or an interpolated one where it is missing."),
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the engine.

    Attributes:
        name: As it is written.
        signature: How it is called; more ways than one are counted: ``round(x, precision) (+1)``.
        description: What it does, or an empty text.
        kind: Whether it makes values, aggregates, makes tables, or needs a window.
    """

    name: str
    signature: str
    description: str
    kind: Kind


@cache
def functions(engine: DuckDB) -> tuple[Function, ...]:
    """Return the functions that people call by name, each once, by name.

    Example:
        >>> found = {function.name: function for function in functions(DuckDB())}
        >>> found["lower"].kind, found["lower"].signature
        ('scalar', 'lower(string)')
    """
    overloads: dict[str, list[Mapping[str, Any]]] = {}
    for row in _rows(_FUNCTIONS, engine):
        overloads.setdefault(row["name"], []).append(row)
    found = {name: _merged(name, rows) for name, rows in overloads.items()}
    windows = {name: Function(name, *about, "window") for name, about in _WINDOWS.items()}
    return tuple(function for _, function in sorted((windows | found | windows).items()))


@cache
def keywords(engine: DuckDB) -> tuple[str, ...]:
    """Return the words of the engine's grammar, in lower case.

    Example:
        >>> "qualify" in keywords(DuckDB())
        True
    """
    return _words("", engine)


@cache
def reserved_words(engine: DuckDB) -> frozenset[str]:
    """Return the keywords that cannot everywhere be the name of a table without quotes.

    Example:
        >>> found = reserved_words(DuckDB())
        >>> "order" in found, "date" in found
        (True, False)
    """
    return frozenset(_words("WHERE keyword_category <> 'unreserved'", engine))


def _words(condition: str, engine: DuckDB) -> tuple[str, ...]:
    return tuple(row["name"] for row in _rows(_KEYWORDS.format(condition), engine))


def _rows(sql: str, engine: DuckDB) -> list[dict[str, Any]]:
    with Relation(sql, key=sql, engine=engine).open() as reader:
        return reader.fetch().to_pylist()


def _merged(name: str, rows: Sequence[Mapping[str, Any]]) -> Function:
    kind = _KINDS[rows[0]["type"]]
    calls = list(dict.fromkeys(_call(name, row) for row in rows))
    more = f" (+{len(calls) - 1})" if len(calls) > 1 else ""
    described = (row["description"] for row in rows if row["description"])
    return Function(name, calls[0] + more, " ".join(next(described, "").split()), kind)


def _call(name: str, row: Mapping[str, Any]) -> str:
    pairs = list(zip(row["parameters"], row["parameter_types"], strict=False))
    if row["type"] == "table":  # options by name come in no order, and are many
        pairs = [pair for pair in pairs if _is_unnamed(pair[0])]
    arguments = [_argument(*pair) for pair in pairs]
    if row["varargs"] or len(pairs) < len(row["parameters"]):
        arguments.append("...")
    return f"{name}({', '.join(arguments)})"


def _argument(name: str, type_name: str | None) -> str:
    return type_name.lower() if type_name and _is_unnamed(name) else name


def _is_unnamed(parameter: str) -> bool:
    return parameter.startswith("col") and parameter[3:].isdigit()
