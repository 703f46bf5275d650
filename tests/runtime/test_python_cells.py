"""Python cells: forms of tables, names, errors, async."""

import asyncio
import sys
import typing
from collections.abc import Callable
from typing import Any

import ibis
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dataapp.cells.predicate import match
from dataapp.cells.python import PythonCell, cell
from dataapp.cells.sql import sql
from dataapp.connect.source import source
from dataapp.errors import (
    DataAppError,
    NameNotFoundError,
    PythonCellError,
    SignatureError,
    TypeMismatchError,
    WrongKindError,
)
from dataapp.runtime.session import Session
from dataapp.runtime.workers import Cancel, InlinePool
from tests.runtime.bench import ENGINE, ask, knob

numbers = sql("SELECT range AS n, 'text ' || range AS s FROM range(3)")
answer = 42


def reading(annotation: Any, function: Callable[..., object] = lambda numbers: numbers, **wiring: object) -> Any:
    """What a cell gives that reads the numbers in some form."""

    def read(numbers: object) -> object:
        return function(numbers)

    if annotation is not None:
        read.__annotations__["numbers"] = annotation
    else:
        del read.__annotations__["numbers"]
    bindings: dict[str, Any] = {"numbers": numbers, **wiring}
    return ask(cell(**bindings)(read))


@pytest.mark.parametrize(
    ("annotation", "form"),
    [
        (None, pl.DataFrame),
        (pl.DataFrame, pl.DataFrame),
        (pl.LazyFrame, pl.LazyFrame),
        (pa.Table, pa.Table),
        (pa.RecordBatchReader, pa.RecordBatchReader),
        (pd.DataFrame, pd.DataFrame),
        (ibis.Table, ibis.Table),
        (nw.DataFrame, nw.DataFrame),
        (nw.DataFrame[Any], nw.DataFrame),
        (nw.LazyFrame, nw.LazyFrame),
        (pl.DataFrame | None, pl.DataFrame),
        (typing.Optional[pa.Table], pa.Table),  # noqa: UP045  # both spellings are in use
        (Any, pl.DataFrame),
        (object, pl.DataFrame),
    ],
)
def test_a_table_arrives_in_the_form_of_the_annotation(annotation: Any, form: type) -> None:
    assert reading(annotation, lambda numbers: isinstance(numbers, form))


@pytest.mark.parametrize(
    "annotation", [pl.DataFrame, pl.LazyFrame, pa.Table, pa.RecordBatchReader, pd.DataFrame, ibis.Table, nw.DataFrame]
)
def test_every_form_can_be_read_as_a_table_again(annotation: Any) -> None:
    def same(numbers: object) -> object:
        return numbers

    same.__annotations__["numbers"] = annotation
    same_cell: PythonCell[..., object] = cell(numbers=numbers)(same)
    assert ask(sql("SELECT sum(n)::INT AS n, max(s) AS s FROM same", same=same_cell)).rows() == [(3, "text 2")]


def test_a_series_is_one_column() -> None:
    one = sql("SELECT n FROM numbers", numbers=numbers)
    assert reading(pl.Series, numbers=one).to_list() == [0, 1, 2]


def test_a_table_of_two_columns_is_no_series() -> None:
    with pytest.raises(WrongKindError, match="one column"):
        reading(pl.Series)


def test_a_table_cannot_arrive_as_a_number() -> None:
    with pytest.raises(SignatureError, match="is annotated int"):
        reading(int)


def test_a_column_that_polars_does_not_have_is_named() -> None:
    with pytest.raises(WrongKindError, match="Column `pause`"):
        reading(pl.DataFrame, numbers=sql("SELECT INTERVAL 1 DAY AS pause"))


def test_a_column_that_polars_does_not_have_arrives_in_arrow() -> None:
    assert reading(pa.Table, numbers=sql("SELECT INTERVAL 1 DAY AS pause")).num_rows == 1


def test_annotations_may_be_text() -> None:
    @cell(numbers=numbers)
    def kind(numbers: "pa.Table") -> str:
        return type(numbers).__name__

    assert ask(kind) == "Table"


def test_an_annotation_that_means_nothing_is_an_error_of_the_cell() -> None:
    @cell(numbers=numbers)
    def kind(numbers: "pa.Tabel"):  # pyright: ignore[reportAttributeAccessIssue, reportUnknownParameterType]
        return numbers

    with pytest.raises(SignatureError, match="kind"):
        ask(kind)


def test_an_annotation_that_is_not_imported_is_named() -> None:
    @cell(numbers=numbers)
    def kind(numbers: "Tabel"):  # noqa: F821  # pyright: ignore[reportUndefinedVariable]
        return numbers

    with pytest.raises(SignatureError, match="`Tabel`, which is not defined"):
        ask(kind)


def test_parameters_name_globals() -> None:
    @cell
    def double(answer: int) -> int:
        return 2 * answer

    assert ask(double) == 84


def test_a_default_is_kept() -> None:
    @cell
    def double(answer: int = 1) -> int:
        return 2 * answer

    assert ask(double) == 2


def test_a_default_is_wired_by_keyword() -> None:
    @cell(answer=knob(5))
    def double(answer: int = 1) -> int:
        return 2 * answer

    assert ask(double) == 10


def test_a_cell_is_still_the_plain_function() -> None:
    @cell
    def double(answer: int) -> int:
        """Twice as much."""
        return 2 * answer

    assert double(4) == 8
    assert double.__doc__ == "Twice as much."


def test_a_cell_is_called_like_its_function() -> None:
    @cell
    def double() -> int:
        return 2

    assert double.label == "double"


def test_wiring_what_is_no_parameter_is_refused() -> None:
    with pytest.raises(SignatureError, match="`windw`, which is not one of its parameters"):
        cell(windw=1)(lambda window: window)


@pytest.mark.parametrize("function", [lambda *a: 1, lambda **a: 1, lambda a, /: 1])
def test_parameters_that_have_no_name_are_refused(function: Callable[..., object]) -> None:
    with pytest.raises(SignatureError, match="cannot be read by name"):
        cell(function)


def test_an_unknown_parameter_is_named_with_near_names() -> None:
    @cell
    def double(anwser: int) -> int:
        return anwser

    with pytest.raises(NameNotFoundError) as found:
        ask(double)
    assert "`answer`" in (found.value.hint or "")


def test_a_predicate_is_for_sql_only() -> None:
    @cell(chosen=match("n", 1, name="chosen"))
    def double(chosen: object) -> object:
        return chosen

    with pytest.raises(WrongKindError, match="only SQL reads"):
        ask(double)


def test_an_exception_is_told_with_its_place() -> None:
    @cell
    def broken() -> None:
        raise KeyError("price")

    with pytest.raises(PythonCellError) as found:
        ask(broken)
    assert "broken" in found.value.message
    assert "KeyError" in found.value.message
    assert isinstance(found.value.__cause__, KeyError)
    line = broken.function.__code__.co_firstlineno + 2
    assert found.value.hint == f"raised at test_python_cells.py:{line}"


def test_an_exception_from_a_library_is_placed_in_the_cell() -> None:
    @cell
    def broken() -> object:
        return pl.DataFrame({"n": [1]}).select("price")

    with pytest.raises(PythonCellError) as found:
        ask(broken)
    assert found.value.hint == f"raised at test_python_cells.py:{broken.function.__code__.co_firstlineno + 2}"


def test_a_cell_that_exits_is_an_error_like_any_other() -> None:
    @cell
    def leaving() -> None:
        sys.exit("bye")

    with pytest.raises(PythonCellError, match="SystemExit"):
        ask(leaving)


def test_a_panic_of_polars_is_an_error_like_any_other() -> None:
    @cell
    def panicking() -> None:
        raise pl.exceptions.PanicException("boom")

    with pytest.raises(PythonCellError, match="boom"):
        ask(panicking)


@pytest.mark.parametrize("error", [SystemExit("boom"), pl.exceptions.PanicException("boom")])
def test_so_is_one_whose_lazy_frame_exits_or_panics_while_it_is_collected(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect(_: pl.LazyFrame) -> pl.DataFrame:
        raise error

    @cell
    def late() -> pl.LazyFrame:
        return pl.LazyFrame({"n": [1]})

    monkeypatch.setattr(pl.LazyFrame, "collect", collect)
    with pytest.raises(PythonCellError, match=f"`late` raised {type(error).__name__}: boom"):
        ask(sql("FROM late", late=late))


@pytest.mark.parametrize("error", [SystemExit("boom"), pl.exceptions.PanicException("boom")])
def test_work_of_a_view_that_exits_or_panics_tells_the_view(error: BaseException) -> None:
    def work(_: Cancel) -> None:
        raise error

    told: list[Exception] = []
    Session(ENGINE, InlinePool()).submit(work, lambda _: None, told.append)
    assert [str(one) for one in told] == [f"`a view` raised {type(error).__name__}: boom [DA401]"]


def test_readers_are_blocked_by_a_broken_cell() -> None:
    @cell
    def broken() -> pl.DataFrame:
        raise KeyError("price")

    with pytest.raises(PythonCellError) as found:
        ask(sql("FROM broken", broken=broken))
    assert found.value.cell == "broken"


def test_a_function_may_be_async() -> None:
    @cell(numbers=numbers)
    async def later(numbers: pl.DataFrame) -> int:
        await asyncio.sleep(0)
        return numbers.height

    assert ask(later) == 3


def test_an_async_function_that_cancels_itself_has_failed() -> None:
    @cell
    async def later() -> None:
        raise asyncio.CancelledError

    with pytest.raises(PythonCellError, match="cancelled itself"):
        ask(later)


def test_a_value_that_is_no_table_cannot_be_read_as_one() -> None:
    @cell
    def number() -> int:
        return 5

    with pytest.raises(WrongKindError, match="A int is not a table"):
        ask(sql("FROM number", number=number))


def test_a_table_of_one_row_and_column_is_read_as_a_value() -> None:
    total = sql("SELECT sum(n)::INT FROM numbers", numbers=numbers)
    assert ask(sql("SELECT $total + 1 AS n", total=total)).item() == 4


def test_an_empty_table_of_one_column_is_read_as_nothing() -> None:
    nothing = sql("SELECT n FROM numbers WHERE n > 5", numbers=numbers)
    assert ask(sql("SELECT $nothing IS NULL AS n", nothing=nothing)).item() is True


def test_a_table_of_many_rows_is_no_value() -> None:
    with pytest.raises(WrongKindError, match="3 rows and 2 columns"):
        ask(sql("SELECT $numbers", numbers=numbers))


def test_a_value_that_sql_does_not_have_is_refused() -> None:
    @cell
    def thing() -> object:
        return object()

    with pytest.raises(TypeMismatchError, match="is a object, which is no SQL value"):
        ask(sql("SELECT $thing", thing=thing))


def test_a_frame_of_the_module_arrives_in_the_form_of_the_annotation() -> None:
    frame = pl.DataFrame({"n": [1]})

    @cell(frame=frame)
    def kind(frame: pd.DataFrame) -> str:
        return type(frame).__module__

    assert ask(kind).startswith("pandas")


def test_a_source_arrives_in_the_form_of_the_annotation() -> None:
    @cell(frame=source(pd.DataFrame({"n": [1]})))
    def kind(frame: pa.Table) -> bool:
        return isinstance(frame, pa.Table)

    assert ask(kind)


def test_every_error_names_its_cell() -> None:
    @cell
    def broken(no_such_thing: int) -> int:
        return no_such_thing

    with pytest.raises(DataAppError) as found:
        ask(broken)
    assert found.value.cell == "broken"
