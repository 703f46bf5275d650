"""The contract of connectors, held by Postgres."""

import pytest

from dataapp.testing import ConnectorContract
from dataapp.testing.connector import Load
from tests.connectors.postgres.server import SECRET, Postgres


class TestPostgres(ConnectorContract):
    endless = "SELECT generate_series(1, 1000000000000) AS n"
    secret = SECRET

    @pytest.fixture
    def url(self, postgres: Postgres) -> str:
        return postgres.url()

    @pytest.fixture
    def unreachable(self) -> str:
        return f"postgresql://ann:{SECRET}@localhost:1/desk?sslpassword={SECRET}"

    @pytest.fixture
    def load(self, postgres: Postgres) -> Load:
        return postgres.load
