"""A DuckDB-backed parser, and a bench on which fused queries are run and compared."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import duckdb

from dataapp.compile.fusion import Fused, Key, Part, TextPart, fuse
from dataapp.compile.identifiers import fold, quote_identifier
from dataapp.compile.query import Query, StatementFacts, parse
from dataapp.compile.spans import line_and_column
from dataapp.errors import SqlSyntaxError

type Answer = tuple[list[tuple[str, str]], list[str]]

TABLES = """
CREATE SCHEMA src;
CREATE TABLE src.trades AS
    SELECT i AS id, ['AAPL', 'MSFT', 'NVDA'][1 + i % 3] AS symbol, (100 + (i * 7) % 13)::DOUBLE AS price,
           (i * 37) % 50 AS size, TIMESTAMP '2024-01-02 09:30' + to_minutes(i::INTEGER) AS ts, i % 2 = 0 AS buy
    FROM range(40) r(i);
CREATE TABLE src.quotes AS
    SELECT ['AAPL', 'MSFT', 'NVDA'][1 + i % 3] AS symbol, 99.5 + i AS bid, 100.5 + i AS ask,
           TIMESTAMP '2024-01-02 09:25' + to_minutes((i * 5)::INTEGER) AS ts
    FROM range(9) r(i);
CREATE TABLE src.desks AS FROM (VALUES ('AAPL', 'tech'), ('NVDA', 'chips'), ('IBM', 'old')) v(symbol, desk);
CREATE TABLE src."my ""odd"" täble" AS FROM (VALUES (1, 'x''y'), (2, NULL)) v("a b", "größe");
CREATE TABLE src.nested AS
    SELECT i AS id, range(i) AS tags, {'x': i, 'in': {'y': i * 2}} AS info, MAP {'k': i, 'j': -i} AS m,
           json_object('a', i, 'b', json_array(i, i + 1)) AS js
    FROM range(1, 5) r(i);
CREATE TABLE src.wide AS FROM (VALUES ('n', 1, 2, 3), ('s', 4, 5, 6)) v(region, jan, feb, mar);
"""
TABLE_NAMES = ("trades", "quotes", "desks", 'my "odd" täble', "nested", "wide")


class DuckDBParser:
    """`dataapp.compile.query.Parser` over a connection."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"errors_as_json": True})

    def serialize(self, text: str) -> Mapping[str, Any]:
        row = self.connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchone()
        assert row is not None
        return json.loads(row[0])

    def deserialize(self, tree: Mapping[str, Any]) -> str:
        row = self.connection.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(tree)]).fetchone()
        assert row is not None
        return str(row[0])

    def tokens(self, text: str) -> Sequence[tuple[int, str]]:
        return [(offset, kind.name.removesuffix("_const")) for offset, kind in duckdb.tokenize(text)]

    def statements(self, text: str) -> Sequence[StatementFacts]:
        try:
            found = self.connection.extract_statements(text)
        except duckdb.Error as error:
            fault = json.loads(str(error).partition("Error: ")[2])
            line, column = line_and_column(text, int(fault.get("position", 0)))
            raise SqlSyntaxError(fault["exception_message"], line=line, column=column) from error
        return [StatementFacts(each.type.name, frozenset(each.named_parameters)) for each in found]

    @cache  # noqa: B019 - one parser serves the whole test session
    def unstable_functions(self) -> frozenset[str]:
        return self._functions("stability <> 'CONSISTENT' AND function_type = 'scalar'")

    @cache  # noqa: B019
    def aggregate_functions(self) -> frozenset[str]:
        return self._functions("function_type = 'aggregate'")

    def _functions(self, condition: str) -> frozenset[str]:
        found = self.connection.execute(f"SELECT lower(function_name) FROM duckdb_functions() WHERE {condition}")
        return frozenset(name for (name,) in found.fetchall())


class Bench:
    """Tables in schema `src`, which is in the search path of `plain` only; elsewhere their names find decoys."""

    def __init__(self, parser: DuckDBParser) -> None:
        self.parser = parser
        self.connection = duckdb.connect(config={"errors_as_json": True, "python_enable_replacements": False})
        self.connection.execute(TABLES)
        for name in TABLE_NAMES:  # decoys: a name that is not spliced where it should be finds no rows
            quoted = quote_identifier(name)
            self.connection.execute(f"CREATE TABLE main.{quoted} AS FROM src.{quoted} LIMIT 0")
        self.plain = self.connection.cursor()
        self.plain.execute("USE src")

    def parse(self, text: str) -> Query:
        return parse(text, self.parser)

    def part(
        self,
        text: str,
        tables: Mapping[str, Key] | None = None,
        values: Mapping[str, Key] | None = None,
        **others: Any,
    ) -> TextPart:
        folded = {fold(name): key for name, key in (tables or {}).items()}
        return TextPart(self.parse(text), folded, values or {}, others.get("predicates", {}), others.get("files", {}))

    def ask(self, text: str, values: Mapping[str, Any] | None = None) -> Answer:
        """Ask DuckDB directly, over the tables of `src`."""
        return answer(self.plain, text, values)

    def ask_fused(
        self, root: Key, parts: Mapping[Key, Part], values: Mapping[Key, Any], labels: Mapping[Key, str] | None = None
    ) -> Answer:
        """Fuse, and run where plain table names find decoys."""
        return self.run(fuse(root, parts, labels or {key: str(key) for key in [*parts, *values]}), values)

    def run(self, fused: Fused, values: Mapping[Key, Any], *, is_plain: bool = False) -> Answer:
        """Run a fused query as an engine would, on a connection of its own."""
        connection = self.connection.cursor()
        if is_plain:
            connection.execute("USE src")
        for name, key in fused.variables.items():
            connection.execute(f"SET VARIABLE {quote_identifier(name)} = $v", {"v": values[key]})
        return answer(connection, fused.sql, {name: values[key] for name, key in fused.values.items()})


def answer(connection: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, Any] | None) -> Answer:
    """Return names and types of the columns, and the rows in their order."""
    result = connection.execute(text, dict(values)) if values else connection.execute(text)
    columns = [(name, str(kind)) for name, kind, *_ in result.description or ()]
    return columns, [repr(row) for row in result.fetchall()]
