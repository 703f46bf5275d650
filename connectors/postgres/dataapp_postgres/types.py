"""Columns as they leave this package: Arrow types that DuckDB and Polars both read.

The driver hands out ``numeric`` as text, and types that Arrow does not have as bytes. ``numeric(p, s)`` becomes a
decimal, exactly. ``numeric`` without precision, which sums and averages give, becomes a double, as in DuckDB's own
reader: cast it, ``sum(x)::numeric(38, 2)``, where every digit counts. Enums, ``json`` and ``uuid`` become text. Others
are refused with the cast that reads them.
"""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import pyarrow as pa

from dataapp.cells.database import Refused
from dataapp.errors import TypeMismatchError

_MOST_DIGITS = 38  # of Arrow's 128-bit decimals

type IsEnum = Callable[[str], bool]
"""Whether the driver's name of a type, or its ``unnamed<oid:...>``, is that of an enum."""


def plain_schema(schema: pa.Schema, is_enum: IsEnum) -> pa.Schema:
    """Return the columns that `plain_batch` makes.

    Raises:
        Refused: A column has a type that Arrow does not have.
    """
    fields = cast("list[Any]", list(schema))
    return pa.schema([pa.field(field.name, _plain_type(field, is_enum)) for field in fields])


def plain_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch with the types of a plain schema.

    Raises:
        Refused: A value does not fit, such as NaN in a numeric column.
    """
    arrow: Any = pa
    given = cast("list[Any]", cast("Any", batch).columns)
    columns = [_converted(column, field) for column, field in zip(given, cast("list[Any]", list(schema)), strict=True)]
    return arrow.RecordBatch.from_arrays(columns, schema=schema)


def _plain_type(field: Any, is_enum: IsEnum) -> pa.DataType:
    kind: Any = field.type
    if pa.types.is_list(kind):
        return pa.list_(_plain_type(kind.value_field.with_name(field.name), is_enum))
    if not isinstance(kind, pa.BaseExtensionType):
        return kind
    said = kind.extension_name
    if said in ("arrow.json", "arrow.uuid"):
        return pa.string()
    name = getattr(kind, "type_name", "")
    if name == "numeric":
        return _numeric(field.metadata or {})
    if pa.types.is_binary(kind.storage_type) and not is_enum(name):
        raise Refused(
            TypeMismatchError(
                f"Column `{field.name}` has a type of Postgres that Arrow does not have ({name}).",
                hint=f"cast it in the query: {field.name}::text",
            )
        )
    return pa.string()


def _numeric(metadata: dict[bytes, bytes]) -> pa.DataType:
    """Read precision and scale from the modifier that Postgres keeps with a column."""
    modifier = int(metadata.get(b"POSTGRESQL:typmod", b"-1")) - 4
    precision, scale = modifier >> 16, ((modifier & 0x7FF) ^ 0x400) - 0x400
    is_exact = modifier >= 0 and 0 < precision <= _MOST_DIGITS and 0 <= scale <= precision
    return pa.decimal128(precision, scale) if is_exact else pa.float64()


def _converted(column: Any, field: Any) -> Any:
    if column.type == field.type:
        return column
    try:
        if pa.types.is_list(field.type):
            items = _converted(column.values, pa.field(field.name, field.type.value_type))
            return cast("Any", pa.ListArray).from_arrays(column.offsets, items, mask=column.is_null())
        if column.type.extension_name == "arrow.uuid":
            stored = column.storage.to_pylist()
            return pa.array([None if value is None else str(UUID(bytes=value)) for value in stored], pa.string())
        return column.storage.cast(field.type)
    except pa.ArrowException as error:
        raise Refused(
            TypeMismatchError(
                f"A value of column `{field.name}` is no {field.type}: {error}",
                hint=f"cast it in the query: {field.name}::double precision or {field.name}::text",
            )
        ) from error
