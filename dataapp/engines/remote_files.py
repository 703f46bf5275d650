"""What servers tell of remote files without being asked for their content: size, and when they were written."""

from collections.abc import Sequence

import duckdb

from dataapp.compile.identifiers import quote_literal
from dataapp.engines.duckdb import DuckDB

type RemoteFile = tuple[str, int, int | None]
"""Address, bytes, and nanoseconds since 1970 when it was written, where the server tells."""


def remote_files(engine: DuckDB, locations: Sequence[str]) -> tuple[RemoteFile, ...] | None:
    """Return what servers tell of files, by address, or None where they tell nothing: reading gives the error then.

    Args:
        engine: What reads files.
        locations: URLs, which may be globs where the file system lists its files.
    """
    listed = ", ".join(map(quote_literal, locations))
    # No content is asked for: over HTTP this is a HEAD request for each file, over S3 a list of the bucket.
    query = f"SELECT filename, size, nullif(epoch_ns(last_modified), 0) FROM read_blob([{listed}]) ORDER BY ALL"
    connection = engine.lease()
    try:
        found = connection.execute(query).fetchall()
    except duckdb.Error:
        return None
    finally:
        engine.give_back(connection)
    return tuple((str(path), int(size), modified) for path, size, modified in found)
