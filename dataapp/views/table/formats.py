"""Which formats, and which columns at first, an author's names stand for."""

from collections.abc import Mapping, Sequence

from dataapp.cells.formats import Format
from dataapp.compile.identifiers import fold
from dataapp.engines.relation import Column
from dataapp.errors import ColumnNotFoundError, FormatError, near
from dataapp.views.table.columns import Kind, kind_of
from dataapp.views.table.layout import Layout

_NUMBERS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT)
_MOMENTS = (Kind.DATE, Kind.TIMESTAMP, Kind.TIME)


def formats_by_column(formats: Mapping[str, Format], columns: tuple[Column, ...]) -> dict[int, Format]:
    """Return formats by the position of their column.

    Raises:
        ColumnNotFoundError: There is no such column.
        FormatError: A format does not fit the type of its column.
    """
    found = {_place("formats", name, columns): format_ for name, format_ in formats.items()}
    for at, format_ in found.items():
        _check_fit(columns[at].name, format_, columns[at])
    return found


def layout_of(names: Sequence[str], columns: tuple[Column, ...]) -> Layout:
    """Return the layout in which these columns are shown, in this order; the others are hidden.

    Raises:
        ColumnNotFoundError: There is no such column.
    """
    order = tuple(dict.fromkeys(_place("columns", name, columns) for name in names))
    return Layout(order, frozenset(range(len(columns))) - set(order)).tidied(len(columns))


def _place(argument: str, name: str, columns: tuple[Column, ...]) -> int:
    for at, column in enumerate(columns):
        if fold(column.name) == fold(name):
            return at
    hint = near(name, [column.name for column in columns])
    raise ColumnNotFoundError(f"`{argument}` names `{name}`, which the table does not have.", hint=hint)


def _check_fit(name: str, format_: Format, column: Column) -> None:
    kind = kind_of(column)
    if (format_.number is not None or format_.scale is not None) and kind not in _NUMBERS:
        what = "a number" if format_.number is not None else f'"{format_.scale}"'
        raise FormatError(f"The format of `{name}` is for {what}, but the column is {column.type}.")
    if format_.date is not None and kind not in _MOMENTS:
        raise FormatError(f"The format of `{name}` is for a date or a time, but the column is {column.type}.")
