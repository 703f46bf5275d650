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
import pyarrow.compute as pc  # pyright: ignore[reportMissingTypeStubs]

from dataapp.cells.database import COMPARES_ALIKE, Refused
from dataapp.errors import TypeMismatchError

_ALIKE = frozenset(
    {b"int2", b"int4", b"int8", b"float4", b"float8", b"numeric", b"text", b"varchar", b"bool", b"date", b"timestamp"}
)
_DAYS_TO_POSTGRES = 10_957  # from 1970 to 2000, where Postgres counts from
_MICROSECONDS_PER_DAY = 86_400_000_000
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


def marked_schema(given: pa.Schema, plain: pa.Schema) -> pa.Schema:
    """Return the columns of `plain_schema` with those marked that Postgres compares as DuckDB does.

    Not so char(n), which knows no blanks at the end, nor `numeric` that arrives as a double.
    """
    pairs = zip(cast("list[Any]", list(plain)), cast("list[Any]", list(given)), strict=True)
    return pa.schema([_marked(field) if _compares_alike(field, before) else field for field, before in pairs])


def _marked(field: Any) -> Any:
    return field.with_metadata({COMPARES_ALIKE: b""})


def _compares_alike(field: Any, given: Any) -> bool:
    said: bytes | None = (cast("dict[bytes, bytes] | None", given.metadata) or {}).get(b"POSTGRESQL:type")
    return said in _ALIKE and (said != b"numeric" or bool(pa.types.is_decimal(field.type)))


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
        return _with_infinity(column)
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


def _with_infinity(column: Any) -> Any:
    """Return dates and times with DuckDB's infinity; the driver moves that of Postgres past the end of all numbers."""
    if pa.types.is_date32(column.type):
        numbers, moved = pa.int32(), _DAYS_TO_POSTGRES
    elif pa.types.is_timestamp(column.type):
        numbers, moved = pa.int64(), _DAYS_TO_POSTGRES * _MICROSECONDS_PER_DAY
    else:
        return column
    compute: Any = pc
    values, least = column.view(numbers), -(2 ** (numbers.bit_width - 1))
    lowest = compute.min(values).as_py()
    if lowest is None or lowest > least + moved:
        return column
    before = compute.equal(values, least + moved)
    after = compute.equal(values, least + moved - 1)
    values = compute.if_else(before, pa.scalar(least + 1, numbers), values)
    return compute.if_else(after, pa.scalar(-least - 1, numbers), values).view(column.type)
