"""The trading desk on Postgres: one line of it is another."""

import importlib.util
from pathlib import Path
from types import ModuleType

import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

import dataapp as da
from dataapp.cli import main
from tests.connectors.postgres.server import Postgres

DESK = (Path(__file__).resolve().parents[3] / "notebooks" / "trading_desk.py").read_text("utf-8")
SOURCE = 'trades = da.source("../sample_data/trades/*.parquet")'
CHOICE = {"symbols": ["AAPL", "IBM"], "minutes": 30, "size": 300}

TRADES = da.sql("""
    SELECT TIMESTAMP '2024-03-01 09:30:00' + to_seconds(30 * i) AS ts, ['AAPL', 'IBM', 'MSFT'][1 + i % 3] AS symbol,
           ['B', 'S'][1 + i % 2] AS side, round(100 + 10 * sin(i / 50) + i % 7, 2) AS price, 100 * (1 + i % 12) AS size
    FROM range(3000) AS t(i)
""")


@pytest.fixture(scope="module")
def trades() -> pa.Table:
    return TRADES.evaluate().to_arrow()


@pytest.fixture(scope="module")
def on_files(trades: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    folder = tmp_path_factory.mktemp("files")
    (folder / "notebooks").mkdir()
    (folder / "sample_data" / "trades").mkdir(parents=True)
    pl.from_arrow(trades).write_parquet(folder / "sample_data" / "trades" / "part.parquet")  # pyright: ignore[reportAttributeAccessIssue]
    return load(folder / "notebooks" / "desk_on_files.py", DESK)


@pytest.fixture(scope="module")
def path(trades: pa.Table, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    postgres.load("trades", trades)
    path = tmp_path_factory.mktemp("postgres_desk") / "desk_on_postgres.py"
    assert SOURCE in DESK
    path.write_text(DESK.replace(SOURCE, f'trades = da.connect("{postgres.url()}").table("trades")'), "utf-8")
    return path


@pytest.fixture(scope="module")
def on_postgres(path: Path) -> ModuleType:
    return load(path, path.read_text("utf-8"))


def load(path: Path, text: str) -> ModuleType:
    path.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("cell", ["all_symbols", "bars", "movers", "momentum"])
def test_a_cell_of_the_desk_has_the_rows_that_it_has_on_files(on_files: ModuleType, on_postgres: ModuleType, cell: str):
    names = {} if cell == "all_symbols" else CHOICE
    if cell == "movers":
        names = {name: value for name, value in CHOICE.items() if name != "minutes"}
    expected, found = (getattr(module, cell).evaluate(**names) for module in (on_files, on_postgres))
    assert found.columns == expected.columns
    assert found.height > 0
    assert rounded(found) == rounded(expected)


def rounded(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """Rows without the last digits of sums of floating-point numbers, whose order is not given."""
    return [tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in frame.rows()]


def test_the_desk_passes_the_check(path: Path):
    result = CliRunner().invoke(main, ["check", str(path)])
    assert result.exit_code == 0, result.output


def test_the_desk_says_where_its_trades_come_from(on_postgres: ModuleType):
    text = on_postgres.bars.explain()
    assert "    `trades`: they come from postgresql:///postgres" in text.splitlines()
    assert "hunter2" not in text
