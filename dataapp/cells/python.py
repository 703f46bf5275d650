"""Python cells: plain functions whose parameters name what they read."""

import functools
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Any, overload

from dataapp.cells.limited import LimitedCell
from dataapp.cells.namespace import Namespace
from dataapp.errors import SignatureError


class PythonCell[**P, R](LimitedCell):
    """A function as a node. Made by `cell`; calling it is calling the function."""

    __slots__ = ("__dict__", "function", "reads", "run")

    function: Callable[P, R]
    reads: tuple[str, ...]
    run: str

    def __init__(self, function: Callable[P, R], namespace: Namespace, *, run: str, name: str | None) -> None:
        super().__init__(namespace, name or getattr(function, "__name__", None))
        self.function = function
        self.reads = _parameters_to_read(function, namespace.bindings)
        self.run = run
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the plain function."""
        return self.function(*args, **kwargs)

    def form(self, parameter: str) -> object:
        """Return the annotation of a parameter, resolved, or None where there is none."""
        return self._hints().get(parameter)

    @property
    def result_form(self) -> object:
        """The annotation of the result, resolved, or None where there is none."""
        return self._hints().get("return")

    @property
    def stays_lazy(self) -> bool:
        """Whether it takes and returns Ibis tables, so that its result is a query, fused with those around it.

        One that takes any table in another form needs rows, and so is called with rows only.
        """
        try:
            hints = self._hints()
        except SignatureError:  # which becomes the cell's error when it is called
            return False
        taken = [hints.get(name) for name in self.reads]
        is_plain = not inspect.iscoroutinefunction(self.function) and is_ibis(hints.get("return"), "Table")
        return is_plain and any(is_ibis(form, "Table") for form in taken) and not any(map(_is_frame_form, taken))

    def _hints(self) -> dict[str, Any]:
        try:
            return typing.get_type_hints(self.function)
        except NameError as error:
            raise SignatureError(
                f"An annotation of `{self.label}` names `{error.name}`, which is not defined.",
                hint="import it in the module, and not under `if TYPE_CHECKING`",
                cell=self.label,
            ) from error
        except Exception as error:
            raise SignatureError(f"An annotation of `{self.label}` has no meaning: {error}", cell=self.label) from error


_FRAME_LIBRARIES = {"polars", "pyarrow", "pandas", "narwhals"}


def is_ibis(annotation: object, kind: str) -> bool:
    """Whether an annotation is a class of Ibis, such as its ``Table`` or ``Scalar``; Ibis is not imported to ask.

    Example:
        >>> import ibis
        >>> is_ibis(ibis.Table, "Table"), is_ibis(ibis.Table, "Scalar"), is_ibis(int, "Table")
        (True, False, False)
    """
    if not isinstance(annotation, type) or annotation.__module__.partition(".")[0] != "ibis":
        return False
    return any(base.__name__ == kind and base.__module__.startswith("ibis.") for base in annotation.__mro__)


def _is_frame_form(annotation: object) -> bool:
    forms = typing.get_args(annotation) or (annotation,)
    return any(getattr(form, "__module__", "").partition(".")[0] in _FRAME_LIBRARIES for form in forms)


def _parameters_to_read(function: Callable[..., Any], bindings: Mapping[str, object]) -> tuple[str, ...]:
    parameters = inspect.signature(function).parameters
    label = getattr(function, "__name__", "the cell")
    if unknown := [name for name in bindings if name not in parameters]:
        raise SignatureError(f"`{label}` is wired to `{unknown[0]}`, which is not one of its parameters.", cell=label)
    reads: list[str] = []
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise SignatureError(
                f"Parameter `{name}` of `{label}` cannot be read by name.",
                hint="use ordinary parameters: their names say what the cell reads",
                cell=label,
            )
        if name in bindings or parameter.default is parameter.empty:
            reads.append(name)
    return tuple(reads)


@overload
def cell[**P, R](function: Callable[P, R], /) -> PythonCell[P, R]: ...


@overload
def cell[**P, R](
    *, run: str = "auto", name: str | None = None, **wiring: object
) -> Callable[[Callable[P, R]], PythonCell[P, R]]: ...


def cell(
    function: Callable[..., Any] | None = None, /, *, run: str = "auto", name: str | None = None, **wiring: object
) -> Any:
    """Make a Python cell of a function; use it as a decorator.

    Parameters without a default name what the cell reads: cells, inputs, frames or constants of the module. Those with
    a default keep it unless they are wired by keyword, ``@da.cell(window=slider)``. Annotations say in which form a
    table arrives: ``pl.DataFrame`` (also without annotation), ``pl.LazyFrame``, ``pa.Table``, ``pa.RecordBatchReader``,
    ``pandas.DataFrame``, ``ibis.Table``, ``nw.DataFrame``. The function should be pure; it may be ``async``.

    A function that takes and returns ``ibis.Table`` stays lazy: it is called with tables that have columns and no rows,
    and the expression that it returns becomes a part of one query, as the text of a SQL cell does.

    Args:
        function: The function.
        run: ``button`` waits for a click before each run.
        name: What to call it; by default the function's name.
        **wiring: What parameters stand for, by parameter name.

    Returns:
        A cell that can still be called as the plain function.

    Example:
        >>> import dataapp as da, polars as pl
        >>> numbers = da.sql("SELECT range AS n FROM range(4)")
        >>> @da.cell(numbers=numbers)
        ... def total(numbers: pl.DataFrame) -> int:
        ...     return numbers["n"].sum()
        >>> total.evaluate(), total(pl.DataFrame({"n": [1, 2]}))
        (6, 3)
    """
    namespace = Namespace.of(sys._getframe(1), wiring)  # pyright: ignore[reportPrivateUsage]

    def wrap(function: Callable[..., Any]) -> PythonCell[..., Any]:
        return PythonCell(function, namespace, run=run, name=name)

    return wrap if function is None else wrap(function)
