"""Cells on their way to the page."""

import pyarrow as pa


def table_to_ipc(table: pa.Table) -> bytes:
    """Return a table as an Arrow IPC stream, with text in the layout that every reader knows."""
    plain = pa.schema([(field.name, _plain_type(field.type)) for field in table.schema])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, plain) as writer:
        writer.write_table(table.cast(plain).combine_chunks())
    return sink.getvalue().to_pybytes()


def _plain_type(type_: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_string_view(type_) or pa.types.is_large_string(type_) else type_
