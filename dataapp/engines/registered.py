"""The frames of a relation on a connection: as the engine may scan them, and copied where a plan is unsafe."""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from dataapp.compile.identifiers import quote_identifier
from dataapp.engines.arrow_scan import HIDDEN, has_nan, has_views, hides, scannable, without_views


class RegisteredFrames:
    """Frames that queries on a connection read by their names, until they are taken away.

    Args:
        connection: On which.
        frames: Arrow tables by name.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, frames: Mapping[str, pa.Table]) -> None:
        self._connection = connection
        self._frames = frames
        self._unsafe = [name for name, table in frames.items() if has_views(table) or has_nan(table)]
        self._behind: list[str] = []  # those that a view of their name stands before
        self._copied: list[str] = []  # and those whose rows a temporary table has
        for name, table in frames.items():
            self._register(name, table)

    def may_be_unsafe(self) -> bool:
        """Whether some are not to be scanned in every plan; see `arrow_scan`."""
        return bool(self._unsafe)

    def make_safe(self, run: Callable[[str], object]) -> None:
        """Give the engine copies of those that may be unsafe.

        Args:
            run: Runs a statement on the connection.
        """
        unsafe, self._unsafe = self._unsafe, []
        for name in unsafe:
            table = self._frames[name]
            if has_nan(table):  # Arrow must not filter a copy, either
                self._copy(name, table, run)
            else:
                self._connection.unregister(name)
                self._connection.register(name, without_views(table))

    def close(self) -> None:
        """Take them away."""
        for name in self._behind:
            self._connection.execute(f"DROP VIEW IF EXISTS temp.{quote_identifier(name)}")
            self._connection.unregister(_rows_of(name))
        for name in self._copied:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{quote_identifier(_copy_of(name))}")
        for name in self._frames:
            self._connection.unregister(name)

    def _register(self, name: str, table: pa.Table) -> None:
        if not hides(table):
            self._connection.register(name, scannable(table))
            return
        self._behind.append(name)
        self._connection.register(_rows_of(name), scannable(table))
        self._connection.execute(
            f"CREATE TEMP VIEW {quote_identifier(name)}"
            f" AS SELECT * EXCLUDE ({HIDDEN}) FROM {quote_identifier(_rows_of(name))}"
        )

    def _copy(self, name: str, table: pa.Table, run: Callable[[str], object]) -> None:
        copy, view = quote_identifier(_copy_of(name)), quote_identifier(name)
        self._copied.append(name)
        run(f"CREATE TEMP TABLE {copy} AS FROM {view}")
        self._connection.unregister(name)
        if name not in self._behind:
            self._behind.append(name)
        # Tables have no columns of nothing but NULL: they become INTEGER.
        schema: Any = table.schema
        voids = [quote_identifier(field.name) for field in schema if pa.types.is_null(field.type)]
        replaced = f" REPLACE ({', '.join(f'NULL AS {void}' for void in voids)})" if voids else ""
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT *{replaced} FROM {copy}")


def _rows_of(name: str) -> str:
    return f"{name} as it is scanned"


def _copy_of(name: str) -> str:
    return f"{name} copied"
