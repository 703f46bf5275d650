"""All rows of a relation, asked as a whole: what summaries and profiles are made from. Runs on worker threads.

A relation with a fixed order is a scan with filters, which is read as often as need be. Any other one is kept once, as
its rows on screen are, and read from there.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dataapp.engines.relation import Column, Relation
from dataapp.views.jobs import Cancel
from dataapp.views.table.relation import queries
from dataapp.views.table.relation.queries import Query, Table


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that can be asked while the block that opened them lasts.

    Attributes:
        table: How queries name them.
        fetch: Runs a query over the table.
        is_sample: Whether these are some of the rows only.
        progress: How much of the running query is done, where the engine can tell. From any thread.
    """

    table: Table
    fetch: Callable[[Query], pa.Table]
    is_sample: bool
    progress: Callable[[], float | None]

    def row(self, query: Query) -> list[Any]:
        """Return the values of the one row that a query gives."""
        return [column[0].as_py() for column in self.fetch(query).columns]


def numbered(figures: Sequence[str]) -> str:
    """Return the SQL for a row of figures: their names do not matter, and may not be alike."""
    return ", ".join(f"{figure} AS f{at}" for at, figure in enumerate(figures))


@contextmanager
def open_whole(relation: Relation, columns: tuple[Column, ...], cancel: Cancel) -> Generator[Source]:
    """Open all rows of a relation. What is asked is answered once for all who ask it of an equal relation."""
    with relation.open() as reader:
        cancel.on_cancel(reader.cancel)
        table = Table.of_relation(columns)
        if relation.fixed_order:
            yield Source(table, lambda query: reader.fetch(query.sql, query.parameters), False, reader.progress)
            return
        query = queries.keep(table, ())
        kept = reader.keep(query.sql, query.parameters)

        def fetch(query: Query) -> pa.Table:
            what = ("kept", query.sql.replace(kept.name, "kept"), repr(sorted(query.parameters.items())))
            return reader.shared(what, lambda: reader.fetch_kept(query.sql, query.parameters), lambda rows: rows.nbytes)

        yield Source(Table.of_kept(columns, kept.name), fetch, False, reader.progress)
