"""What all pages of one `dataapp explore` share: the tables, the queries as they were last, and the history."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from dataapp.app.sessions import engine
from dataapp.workbench.book import Book, Query
from dataapp.workbench.catalogue import Catalogue, read_catalogue
from dataapp.workbench.history import History
from dataapp.workbench.table_names import location_to_title

_FIRST = "query"


class Desk:
    """The locations that are explored. The tables are looked up in a thread of their own, from the start.

    Args:
        locations: Files, globs and folders.
        history: Where queries that were run are noted.
        folder: Where apps are saved, unless said otherwise.

    Attributes:
        history: As given.
        folder: As given.
        latest: What the page held last, so that one that is loaded again shows it; None before the first.
    """

    def __init__(self, locations: Sequence[str], history: History, folder: Path) -> None:
        self.history = history
        self.folder = folder
        self.latest: Book | None = None
        self._locations = tuple(locations)
        self._catalogue: Future[Catalogue] = Future()
        threading.Thread(target=self._read, name="dataapp-catalogue", daemon=True).start()

    def catalogue(self) -> Catalogue:
        """Return the tables, once they are known.

        Raises:
            DataAppError: There are none, or none that can be read.
        """
        return self._catalogue.result()

    @property
    def is_known(self) -> bool:
        """Whether `catalogue` answers at once."""
        return self._catalogue.done()

    @property
    def title(self) -> str:
        """What is explored, for people."""
        titles = [location_to_title(location) for location in self._locations]
        return titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"

    def book(self) -> Book:
        """Return what a page begins with: what the last one held, else a query of the first table."""
        if self.latest is not None:
            return self.latest
        tables = self.catalogue().tables
        taken = {table.name for table in tables}
        numbered = (f"{_FIRST}_{number}" for number in range(2, len(taken) + 3))
        name = next(name for name in (_FIRST, *numbered) if name not in taken)
        return Book(self.title, tables, (Query(name, f"FROM {tables[0].name}"),))

    def _read(self) -> None:
        try:
            self._catalogue.set_result(read_catalogue(self._locations, engine=engine()))
        except BaseException as error:
            self._catalogue.set_exception(error)
