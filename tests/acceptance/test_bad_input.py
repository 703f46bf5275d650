"""Bad input without a server: what each broken cell raises, and that the others go on."""

from typing import Any

import polars as pl
import pytest

import dataapp as da
from dataapp.errors import (
    ColumnNotFoundError,
    CycleError,
    DataAppError,
    NameNotFoundError,
    PythonCellError,
    QueryError,
    SourceNotFoundError,
    SourceUnreadableError,
    SqlSyntaxError,
    StatementError,
)
from tests.acceptance import bad_input as app

_CASES: list[tuple[Any, type[DataAppError], str, str]] = [
    (app.missing_file, SourceNotFoundError, "missing_file", r"No file matches `.*no_such_file.parquet`"),
    (app.plane, SourceNotFoundError, "plane", r"No file matches `.*plane`"),
    (app.not_parquet, SourceUnreadableError, "not_parquet", r"bad_input\.py"),
    (app.missing_column, ColumnNotFoundError, "missing_column", r'"wrod" not found.*line 1, column 8.*`word`'),
    (app.below_missing, ColumnNotFoundError, "missing_column", r'"wrod" not found'),
    (app.wrong_type, QueryError, "wrong_type", "line 1, column 10"),
    (app.cycle_a, CycleError, "cycle_a", "`cycle_a` → `cycle_b` → `cycle_a`"),
    (app.two_statements, StatementError, "two_statements", "2 statements.*write each query on its own"),
    (app.no_sql, SqlSyntaxError, "no_sql", "SELEKT.*line 1, column 1"),
    (app.nothing, StatementError, "nothing", "no statement"),
    (app.unknown_table, NameNotFoundError, "unknown_table", "did you mean `good`"),
    (app.raises, PythonCellError, "raises", r"ZeroDivisionError.*bad_input\.py:\d+"),
    (app.below_raises, PythonCellError, "raises", "ZeroDivisionError"),
    (app.ten, QueryError, "ten", "the divisor is 0"),
]


@pytest.mark.parametrize(("cell", "kind", "named", "said"), _CASES, ids=lambda case: getattr(case, "label", None))
def test_error_says_which_cell_failed_and_why(cell: Any, kind: type[DataAppError], named: str, said: str) -> None:
    with pytest.raises(kind, match=said) as raised:
        cell.evaluate()
    assert raised.value.cell == named


def test_good_cells_go_on() -> None:
    assert app.good.evaluate().item() == "still works"


@pytest.mark.parametrize("cell", [app.raises, app.ten])
def test_another_input_recovers(cell: Any) -> None:
    value = cell.evaluate(divisor=5)
    assert value == "10 / 5 = 2" if isinstance(value, str) else value.item() == "ten"


def test_no_rows_keep_their_columns() -> None:
    assert dict(app.no_rows.evaluate().schema) == {"n": pl.Int32, "t": pl.String}


def test_five_hundred_columns_and_foreign_names() -> None:
    assert app.wide.evaluate().width == 500
    assert app.unicode.evaluate().columns == ["größe ✓ 数量", "имя"]


def test_markup_in_names_and_values_is_data() -> None:
    frame = app.script.evaluate()
    assert frame.columns[0] == "<script>window.pwned = 1</script>"
    assert frame[0, 0].startswith("<script>")


def test_file_that_comes_into_being_recovers(tmp_path: Any) -> None:
    path = tmp_path / "late.parquet"
    late = da.source(str(path))
    with pytest.raises(SourceNotFoundError):
        late.evaluate()
    pl.DataFrame({"a": [1]}).write_parquet(path)
    assert late.evaluate().height == 1


def test_file_that_is_not_parquet_and_empty_file_are_unreadable(tmp_path: Any) -> None:
    for content in (b"", b"PAR1", b"not a parquet file at all, but long enough PAR1"):
        path = tmp_path / f"{len(content)}.parquet"
        path.write_bytes(content)
        with pytest.raises((SourceUnreadableError, QueryError), match=path.name):
            da.source(str(path)).evaluate()


def test_cell_that_reads_itself_says_so() -> None:
    globals()["itself"] = itself = da.sql("FROM itself", name="itself")
    with pytest.raises(CycleError, match="reads itself"):
        itself.evaluate()
