"""Rows of a chart as they travel."""

from base64 import b64encode

import pyarrow as pa

_MOST_WITHIN = 16_384  # bytes of rows that a message holds as text


def rows_to_ipc(table: pa.Table) -> bytes:
    """Return rows as an Arrow stream in types that every reader of Arrow knows; repeated texts go once."""
    arrays = [_plain(table.column(index).combine_chunks()) for index in range(table.num_columns)]
    plain = pa.Table.from_arrays(arrays, names=table.column_names)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, plain.schema) as writer:
        writer.write_table(plain)
    return sink.getvalue().to_pybytes()


def packed(data: bytes) -> bytes | str:
    """Return rows as they go into a message: bytes travel in frames of their own, which cost more than few of them."""
    return data if len(data) > _MOST_WITHIN else b64encode(data).decode()


def _plain(array: pa.Array) -> pa.Array:
    if not (pa.types.is_string_view(array.type) or pa.types.is_string(array.type)):
        return array
    text = array.cast(pa.string())
    encoded = text.dictionary_encode()
    return encoded if len(encoded.dictionary) * 2 < len(text) else text
