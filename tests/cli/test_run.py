"""Evaluating cells without a server: formats, inputs, and rows that come in batches."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.app.sessions import engine
from dataapp.cli.run import writing
from dataapp.cli.run.evaluation import Evaluation, Rows
from dataapp.engines.relation import Relation
from tests.cli.conftest import run

APP = """
size = pn.widgets.IntSlider(start=1, end=9, value=3)
shop = pn.widgets.Select(options=["Oslo", "Rome"])
rows = da.sql("SELECT range AS n, 'é,' || range AS s, nullif(range, 1) AS gap FROM range($size)")
kinds = da.sql('''SELECT 1.25::DECIMAL(9, 2) AS price, sum(range) AS total, DATE '2024-03-01' AS day,
    TIMESTAMP '2024-03-01 09:30' AS ts, [1, 2] AS list, {'a': 'x'} AS pair FROM range(4)''')
span = da.sql("SELECT INTERVAL 2 DAYS AS span")
where = da.sql("SELECT $shop AS shop")
large = da.sql("SELECT range AS n FROM range(3000000)")
shuffled = da.sql("SELECT random() AS x FROM range(5)")
below = da.sql("SELECT x + 0 AS x FROM shuffled")


@da.cell
def total(rows: pl.DataFrame) -> int:
    return rows["n"].sum()


da.App("A", main=[rows]).servable()
"""

type Write = Callable[..., Path]


@pytest.fixture
def app(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app of these tests; its folder is the working directory."""
    monkeypatch.chdir(tmp_path)
    return write(APP)


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("rows.parquet", pl.read_parquet),
        ("rows.csv", pl.read_csv),
        ("rows.arrow", pl.read_ipc),
        ("rows.feather", pl.read_ipc),
        ("rows.json", pl.read_json),
        ("rows.jsonl", pl.read_ndjson),
    ],
)
def test_every_format_holds_the_rows(app: Path, file: str, read: Callable[[io.BytesIO], pl.DataFrame]):
    assert run("run", app, "--out", f"rows={file}").exit_code == 0
    found = read(io.BytesIO(Path(file).read_bytes())).rows()
    assert found == [(0, "é,0", 0), (1, "é,1", None), (2, "é,2", 2)]


def test_types_come_out_of_parquet_and_json_as_they_are(app: Path):
    outs = ("--out", "kinds=k.parquet", "--out", "kinds=k.json")
    assert run("run", app, *outs).exit_code == 0
    kept = pl.read_parquet(io.BytesIO(Path("k.parquet").read_bytes())).row(0, named=True)
    assert (str(kept["price"]), int(kept["total"]), kept["list"], kept["pair"]) == ("1.25", 6, [1, 2], {"a": "x"})
    plain = json.loads(Path("k.json").read_text("utf-8"))[0]
    assert (plain["price"], plain["total"], plain["list"], plain["day"]) == (1.25, 6, [1, 2], "2024-03-01")


def test_csv_holds_lists_and_structs_as_json(app: Path):
    run("run", app, "--out", "kinds=k.csv")
    kept = pl.read_csv(io.BytesIO(Path("k.csv").read_bytes())).row(0, named=True)
    assert (json.loads(kept["list"]), json.loads(kept["pair"])) == ([1, 2], {"a": "x"})


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_intervals_are_texts(app: Path, ending: str):
    assert run("run", app, "--out", f"span=s.{ending}").exit_code == 0
    assert b"2 days" in Path(f"s.{ending}").read_bytes()


def test_standard_output_is_csv(app: Path):
    assert run("run", app, "--out", "rows", "--set", "size=1").stdout == 'n,s,gap\n0,"é,0",0\n'


def test_a_plain_value_goes_to_json(app: Path):
    assert run("run", app, "--out", "total", "--set", "size=5").stdout == "10\n"


def test_a_plain_value_does_not_go_to_parquet(app: Path):
    assert run("run", app, "--out", "total=t.parquet").exit_code == 1
    assert not Path("t.parquet").exists()


def test_without_out_the_first_rows_go_to_standard_output(app: Path):
    assert "é,2" in run("run", app).stdout


def test_outputs_that_belong_together_hold_the_same_rows(app: Path):
    run("run", app, "--out", "below=b.csv", "--out", "shuffled=s.csv")
    assert Path("b.csv").read_bytes() == Path("s.csv").read_bytes()


def test_a_large_result_comes_in_batches(app: Path, monkeypatch: pytest.MonkeyPatch):
    taken: list[int] = []
    copy = writing._copy

    def counting(rows: Rows, *rest: object) -> None:
        def counted() -> Iterator[pa.RecordBatch]:
            for batch in rows.batches:
                taken.append(batch.num_rows)
                yield batch

        copy(Rows(rows.schema, counted()), *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(writing, "_copy", counting)
    assert run("run", app, "--out", "large=l.parquet").exit_code == 0
    assert (sum(taken), max(taken) <= 122_880) == (3_000_000, True)


def test_a_wanted_query_is_streamed_where_a_screen_would_keep_its_rows():
    cell = da.sql("SELECT random() AS x FROM range(5)", name="x")
    evaluation = Evaluation(engine(), {}, {}, [cell], lambda one: [one])
    evaluation.demand()
    result = evaluation.result(cell)
    evaluation.session.close()
    assert isinstance(result, Relation)
    assert dict(result.frames) == {}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("sise=3", "The app has no input `sise`; did you mean `size`?"),
        ("size=many", "It takes a whole number from 1 to 9."),
        ("size=99", "`size` does not take `99`"),
        ("shop=Paris", "It takes one of `Oslo`, `Rome`."),
        ("size", "`size` is not NAME=VALUE."),
    ],
)
def test_a_wrong_setting_is_wrong_usage(app: Path, setting: str, message: str):
    done = run("run", app, "--set", setting)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())


def test_a_choice_is_set(app: Path):
    assert run("run", app, "--out", "where", "--set", "shop=Rome").stdout == "shop\nRome\n"
