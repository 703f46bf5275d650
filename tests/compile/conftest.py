import pytest

from tests.compile.bench import Bench, DuckDBParser


@pytest.fixture(scope="session")
def parser() -> DuckDBParser:
    return DuckDBParser()


@pytest.fixture(scope="session")
def bench(parser: DuckDBParser) -> Bench:
    return Bench(parser)
