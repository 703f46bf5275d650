"""Saved modules: they say what the page shows, as ruff, pyright and `dataapp check` like it."""

import datetime as dt
import importlib.util
import json
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from dataapp.app.sessions import engine
from dataapp.cells.cell import Cell
from dataapp.cli.check.inspection import inspect
from dataapp.cli.check.serving import load
from dataapp.errors import ChartError, NameNotFoundError, NotSavedError, SqlSyntaxError
from dataapp.workbench.book import Book, Query, replace_query
from dataapp.workbench.catalogue import Table
from dataapp.workbench.controls import Control, OptionsQuery
from dataapp.workbench.live import LiveBook
from dataapp.workbench.module import book_to_module
from dataapp.workbench.query_names import name_queries
from dataapp.workbench.quick_chart import ChartSpec

moment = dt.datetime.fromisoformat
SIZE = Control("size", "IntSlider", (("start", 0), ("end", 100), ("value", 0)))
SYMBOLS = Control(
    "symbols", "MultiChoice", (("options", OptionsQuery("SELECT DISTINCT symbol FROM trades ORDER BY 1")),)
)
SIDE = Control("side", "Select", (("options", ("buy", "it's", 'a "b"', "back\\slash")), ("value", "buy")))
SINCE = Control("since", "DatetimePicker", (("value", moment("2024-01-01")),))
PRICES = Control("prices", "RangeSlider", (("start", 0.0), ("end", 10.0), ("step", 0.5), ("value", (0.0, 10.0))))
DAYS = (dt.date(2024, 1, 1), dt.date(2024, 1, 3))
PERIOD = Control("period", "DateRangeSlider", (("start", DAYS[0]), ("end", DAYS[1]), ("value", DAYS)))
AMBIGUOUS = Control("l", "FloatSlider", (("start", 0.0), ("end", 1.0)))
CONTROLS = {control.name: control for control in (SIZE, SYMBOLS, SIDE, SINCE, PRICES, PERIOD, AMBIGUOUS)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "trades").mkdir()
    trades = pl.DataFrame(
        {
            "ts": [moment(f"2024-01-0{day}") for day in (1, 2, 3)],
            "symbol": ["A", "B", "A"],
            "side": ["buy", "it's", "back\\slash"],
            "size": [5, 20, 30],
            "price": [1.5, 2.5, 3.5],
        }
    )
    trades.write_parquet(folder / "trades" / "part.parquet")
    pl.DataFrame({"symbol": ["A", "B"], "name": ["Äpfel", "Birnen"]}).write_csv(folder / "names.csv")
    return folder


@pytest.fixture(scope="module")
def tables(folder: Path) -> tuple[Table, ...]:
    return (
        Table("trades", str(folder / "trades" / "*.parquet"), (), 3, 1, 1),
        Table("names", str(folder / "names.csv"), (), None, 1, 1),
    )


def written(book: Book, folder: Path, **values: object) -> str:
    live = LiveBook(book, engine())
    columns = {query.name: live.columns(query.name) for query in book.queries if query.chart is not None}
    return book_to_module(book, folder=folder, values=values, columns=columns, parser=engine())


def loaded(text: str, folder: Path) -> ModuleType:
    file = folder / f"app_{uuid.uuid4().hex}.py"
    file.write_text(text, encoding="utf-8")
    try:
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        file.unlink()


def findings(text: str, folder: Path) -> list[str]:
    file = folder / f"app_{uuid.uuid4().hex}.py"
    file.write_text(text, encoding="utf-8")
    try:
        with load(file) as app:
            return [found.message for found in inspect(app).findings]
    finally:
        file.unlink()


def ruff(files: Sequence[Path], width: int) -> str:
    options = ["--isolated", "--line-length", str(width), *files]
    folder = files[0].parent  # in the checkout, imports of this package would be the project's own
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--extend-select=I,E741", *options],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--diff", *options], capture_output=True, text=True, cwd=folder
    )
    faults = checked.stdout if checked.returncode else ""
    return faults + formatted.stdout


# One that a person may read.


@pytest.fixture
def desk(tables: tuple[Table, ...]) -> Book:
    busy = "SELECT symbol, side, sum(size) AS volume\nFROM trades\nWHERE size >= $size AND ts > $since\nGROUP BY ALL"
    queries = (
        Query("top", "FROM busy ORDER BY volume DESC LIMIT 3"),
        Query("busy", busy, ChartSpec("bar", "symbol", "volume", "side", "sum")),
    )
    return Book("Busy symbols", tables, queries, (*CONTROLS.values(),))


def test_a_module_reads_as_if_a_colleague_had_written_it(desk: Book, folder: Path):
    assert (
        written(desk, folder, size=10, since=moment("2024-01-01T09:30"))
        == '''"""Busy symbols."""

import datetime as dt

import altair as alt
import dataapp as da
import panel as pn

trades = da.source("trades/*.parquet")

size = da.input(pn.ui.IntSlider, start=0, end=100, value=10)
since = da.input(pn.ui.DatetimePicker, value=dt.datetime(2024, 1, 1, 9, 30))

busy = da.sql("""
    SELECT symbol, side, sum(size) AS volume
    FROM trades
    WHERE size >= $size AND ts > $since
    GROUP BY ALL
""")
busy_chart = (
    da.chart(busy)
    .mark_bar(tooltip=True)
    .encode(
        x=alt.X("symbol:N", sort="-y"),
        y="sum(volume):Q",
        color="side:N",
    )
)

top = da.sql("FROM busy ORDER BY volume DESC LIMIT 3")

da.App(
    "Busy symbols",
    sidebar=[size, since],
    main=[busy_chart, da.explore(busy), da.explore(top)],
).servable()
'''
    )


def test_pyright_finds_nothing(desk: Book, folder: Path):
    file = folder / "typed.py"
    days = Query("days", QUERIES["days"])
    book = replace(desk, queries=(*desk.queries, days))
    file.write_text(written(book, folder, size=10), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, file],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    file.unlink()
    assert json.loads(done.stdout)["generalDiagnostics"] == []


def test_a_single_query_needs_nothing_else(folder: Path):
    text = written(Book("One", queries=(Query("one", "SELECT 1 AS n"),)), folder)
    assert text == (
        '"""One."""\n\nimport dataapp as da\n\none = da.sql("SELECT 1 AS n")\n\n'
        'da.App("One", main=[da.explore(one)]).servable()\n'
    )


def test_a_query_without_a_name_is_called_after_what_it_is(tables: tuple[Table, ...], folder: Path):
    sql = "SELECT symbol, max(size) AS top FROM trades GROUP BY 1"
    queries = (Query("query", sql, ChartSpec("bar", "symbol", "top")), Query("query_2", "FROM query LIMIT 1"))
    text = written(Book("Busy", tables, queries), folder)
    assert 'trades_by_symbol = da.sql("SELECT symbol, max(size) AS top FROM trades GROUP BY 1")' in text
    assert "trades_by_symbol_chart = (\n    da.chart(trades_by_symbol)" in text
    assert 'trades_rows = da.sql("FROM trades_by_symbol LIMIT 1")' in text
    assert findings(text, folder) == []


# All others.

QUERIES = {
    "query": "SELECT side, count(*) AS n FROM trades GROUP BY ALL",
    "query_2": "FROM query ORDER BY ALL",
    "chosen": "FROM trades WHERE symbol IN (SELECT unnest($symbols)) OR size < $size",
    "named": "SELECT *\r\nFROM chosen\r\nJOIN Names USING (symbol)",
    "sides": "SELECT *, 'it''s\n  \"two\" lines' AS note, '\\d' AS pattern\nFROM trades -- $since\nWHERE side = $SIDE",
    "late": 'SELECT "ts", \'back\\slash\' AS """odd""" FROM trades WHERE ts >= $since AND price BETWEEN'
    " $prices[1] AND $prices[2]",
    "days": "SELECT ts FROM trades WHERE ts BETWEEN $period[1] AND $period[2]",
    "share": "SELECT size * $l AS part, size\nFROM trades;",
    "O": "SELECT count(*) AS n FROM sides",
    "file": "FROM '{folder}/names.csv' ORDER BY ALL",
}
VALUES = {
    "size": st.integers(0, 100),
    "symbols": st.lists(st.sampled_from(["A", "B"]), unique=True),
    "side": st.sampled_from(["buy", "it's", 'a "b"', "back\\slash"]),
    "since": st.datetimes(moment("2023-12-01"), moment("2024-01-05")),
    "prices": st.tuples(st.sampled_from([0.0, 2.0]), st.sampled_from([2.5, 10.0])),
    "period": st.tuples(st.sampled_from(DAYS), st.just(DAYS[1])),
    "l": st.floats(0, 1),
}
CHARTS = {
    "chosen": [ChartSpec("line", "ts", "price", "symbol"), ChartSpec("bar", "price", aggregate="count")],
    "named": [ChartSpec("bar", "name", "size", "side", "mean"), ChartSpec("rect", "name", "symbol", "price", "max")],
    "late": [ChartSpec("tick", "ts", '"odd"')],
    "share": [ChartSpec("point", "size", "part")],
}
NEEDED = {"named": "chosen", "O": "sides", "query_2": "query"}


@st.composite
def queries(draw: st.DrawFn) -> tuple[Query, ...]:
    names = draw(st.lists(st.sampled_from(list(QUERIES)), unique=True, min_size=1))
    names += [NEEDED[name] for name in names if name in NEEDED and NEEDED[name] not in names]
    return tuple(
        Query(name, QUERIES[name], draw(st.none() | st.sampled_from(CHARTS[name])) if name in CHARTS else None)
        for name in names
    )


def test_any_book_is_saved_as_what_it_shows(folder: Path, tables: tuple[Table, ...], tmp_path: Path):
    apps = folder / "apps"
    apps.mkdir(exist_ok=True)
    files: list[Path] = []

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(queries(), st.fixed_dictionaries(VALUES), st.text(max_size=120))
    def save(made: tuple[Query, ...], values: dict[str, object], title: str) -> None:
        made = tuple(replace(query, sql=query.sql.replace("{folder}", str(folder))) for query in made)
        book = Book(title, tables, made, tuple(CONTROLS.values()))
        text = written(book, apps, **values)
        module, live = loaded(text, apps), LiveBook(book, engine())
        for query, saved in zip(made, name_queries(book, engine()).queries, strict=True):
            used: dict[Cell, object] = {live.input(name): value for name, value in values.items()}
            shown = live.cell(query.name).evaluate(used)
            assert_frame_equal(getattr(module, saved.name).evaluate(), shown, check_row_order=False)
        assert findings(text, apps) == []
        files.append(tmp_path / f"app_{len(files)}.py")
        files[-1].write_text(text, encoding="utf-8")

    save()
    assert ruff(files, 88) == ""
    assert ruff(files, 120) == ""


# Single facts.


def test_days_are_saved_as_days(desk: Book, folder: Path):
    text = written(replace(desk, queries=(Query("days", QUERIES["days"]),)), folder, period=DAYS)
    assert "    end=dt.date(2024, 1, 3),\n" in text
    assert loaded(text, folder).days.evaluate()["ts"].max() == moment("2024-01-03")


@pytest.mark.parametrize(
    ("title", "docstring"),
    [
        ("", "An app."),
        ('The "best"', "The 'best'."),
        ("Why?", "Why?"),
        ("a\\", "a/."),
        ("two\nlines", "two lines."),
        ('"""', "'''."),
        ("\u200bx", "\u200bx."),
    ],
)
def test_a_title_becomes_the_docstring(title: str, docstring: str, folder: Path):
    text = written(Book(title, queries=(Query("one", "SELECT 1"),)), folder)
    assert (loaded(text, folder).__doc__ or "").replace(" ", "") == docstring.replace("\u200b", "").replace(" ", "")


def test_only_tables_that_are_read_are_sources(desk: Book, folder: Path):
    assert "names.csv" not in written(desk, folder)


def test_a_table_that_only_options_read_is_a_source(desk: Book, folder: Path):
    control = Control("who", "Select", (("options", OptionsQuery("SELECT name FROM names")),))
    book = replace(desk, queries=(Query("one", "SELECT $who AS who"),), controls=(control,))
    assert 'names = da.source("names.csv")' in written(book, folder)


def test_paths_lead_from_the_folder_of_the_file(desk: Book, folder: Path):
    assert 'da.source("../desk' in written(desk, folder.parent / "apps").replace(folder.name, "desk")


def test_installed_sample_data_is_found_wherever_it_is_installed(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dataapp.workbench.module.SAMPLES", folder)
    table = Table("names", str(folder / "names.csv"), (), None, 1, 1)
    text = written(Book("Names", (table,), (Query("all_names", "FROM names"),)), folder)
    assert text.startswith('"""Names."""\n\nimport importlib.resources\n\nimport dataapp as da\n\n')
    found = 'str(importlib.resources.files("dataapp").joinpath("samples", "names.csv"))'
    assert f"names = da.source(\n    {found},\n)" in text


def test_files_in_queries_are_moved_with_the_module(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    text = written(Book("", queries=(Query("one", "FROM 'names.csv'"),)), folder / "apps")
    assert "\"FROM '../names.csv'\"" in text


def test_files_in_queries_stay_when_the_module_lies_where_they_start(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    assert "\"FROM './names.csv'\"" in written(Book("", queries=(Query("one", "FROM './names.csv'"),)), folder)


def test_queries_in_a_circle_are_written_too(folder: Path):
    book = Book("", queries=(Query("a", "FROM b"), Query("b", "FROM a")))
    assert written(book, folder).count(" = da.sql(") == 2


def test_the_name_of_a_chart_gives_way_to_a_query(desk: Book, folder: Path):
    book = replace(desk, queries=(*desk.queries, Query("busy_chart", "FROM busy")))
    assert "busy_chart_2 = (" in written(book, folder)


def test_a_page_without_queries_is_not_saved(desk: Book, folder: Path):
    with pytest.raises(NotSavedError, match="no query"):
        written(replace(desk, queries=()), folder)


def test_a_text_that_is_not_sql_is_told_with_its_query(desk: Book, folder: Path):
    with pytest.raises(SqlSyntaxError) as told:
        written(replace_query(desk, Query("top", "FROM busy WHERE")), folder)
    assert told.value.cell == "top"


def test_a_parameter_that_nothing_sets_is_told(desk: Book, folder: Path):
    with pytest.raises(NameNotFoundError, match=r"\$siz`.*did you mean `size`"):
        written(replace_query(desk, Query("top", "FROM busy WHERE volume > $siz")), folder)


def test_what_is_wrong_is_told_with_the_name_on_the_page(tables: tuple[Table, ...], folder: Path):
    book = Book("", tables, (Query("query", "FROM trades", ChartSpec("bar", "volum")),))
    with pytest.raises(ChartError) as told:
        written(book, folder)
    assert told.value.cell == "query"


def test_a_chart_of_a_missing_column_is_told(desk: Book, folder: Path):
    with pytest.raises(ChartError, match="`volum`"):
        written(replace_query(desk, replace(desk.query("busy"), chart=ChartSpec("bar", "volum"))), folder)
