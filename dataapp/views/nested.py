"""Arrow's types, walked through to the innermost ones."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa


def changed(kind: Any, change: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    """Return a type with its innermost types changed."""
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(changed(field.type, change)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(changed(kind.key_type, change), changed(kind.item_type, change))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(changed(kind.value_type, change)), kind.list_size)
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(changed(kind.value_type, change)))
    return change(kind)


def has(kind: Any, is_meant: Callable[[pa.DataType], bool]) -> bool:
    """Whether a type, or one in it, is one that is meant."""
    return is_meant(kind) or any(has(kind.field(index).type, is_meant) for index in range(kind.num_fields))
