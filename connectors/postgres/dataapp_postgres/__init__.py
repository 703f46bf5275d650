"""Postgres for dataapp: the connector of ``postgresql://`` and ``postgres://``."""

from dataapp_postgres.server import PostgresServer as PostgresServer
from dataapp_postgres.server import open_server as open_server

__all__ = ["PostgresServer", "open_server"]
__version__ = "0.1.0"
