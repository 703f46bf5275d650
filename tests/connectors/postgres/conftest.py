"""What the tests of Postgres share beside the server."""

import pytest

from dataapp.cells.database import Statement
from dataapp_postgres import PostgresServer
from dataapp_postgres.question import PostgresQuestion


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that servers are asked from now on."""
    texts: list[str] = []
    ask = PostgresServer.ask

    def noted(server: PostgresServer, statement: Statement) -> PostgresQuestion:
        texts.append(statement.sql)
        return ask(server, statement)

    monkeypatch.setattr(PostgresServer, "ask", noted)
    return texts
