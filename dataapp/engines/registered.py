"""The frames of a relation on a connection: as the engine may scan them, and copied where a plan is unsafe."""

from collections.abc import Callable, Mapping

import duckdb
import pyarrow as pa

from dataapp.compile.identifiers import quote_identifier
from dataapp.engines.arrow_scan import has_nan, has_views, hidden_column, scannable, without_views


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
        """Give the engine copies of those that may be unsafe. What stops it leaves the others unsafe.

        Args:
            run: Runs a statement on the connection.
        """
        while self._unsafe:
            name = self._unsafe[-1]
            table = self._frames[name]
            if has_nan(table):  # Arrow must not filter a copy, either
                self._copy(name, table, run)
            else:
                self._connection.unregister(name)
                self._connection.register(name, without_views(table))
            self._unsafe.pop()

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
        hidden = hidden_column(table)
        if hidden is None:
            self._connection.register(name, scannable(table))
            return
        self._behind.append(name)
        self._connection.register(_rows_of(name), scannable(table))
        self._put_before(name, f"SELECT * EXCLUDE ({quote_identifier(hidden)}) FROM {quote_identifier(_rows_of(name))}")

    def _copy(self, name: str, table: pa.Table, run: Callable[[str], object]) -> None:
        copy, view = quote_identifier(_copy_of(name)), quote_identifier(name)
        self._copied.append(name)
        run(f"CREATE OR REPLACE TEMP TABLE {copy} AS FROM {view}")
        self._connection.unregister(name)
        self._behind.append(name)
        # Tables have no columns of nothing but NULL: they become INTEGER. Names are those that the engine gives.
        names = [column[0] for column in self._connection.execute(f"FROM {copy} LIMIT 0").description or ()]
        void = [quote_identifier(one) for one, kind in zip(names, table.schema.types, strict=True) if _is_null(kind)]
        replaced = f" REPLACE ({', '.join(f'NULL AS {one}' for one in void)})" if void else ""
        self._put_before(name, f"SELECT *{replaced} FROM {copy}")

    def _put_before(self, name: str, query: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote_identifier(name)} AS {query}")


def _is_null(kind: pa.DataType) -> bool:
    return pa.types.is_null(kind)


def _rows_of(name: str) -> str:
    return f"{name} as it is scanned"


def _copy_of(name: str) -> str:
    return f"{name} copied"
