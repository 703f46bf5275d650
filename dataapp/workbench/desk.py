"""What all pages of one `dataapp explore` share: the tables, what each tab held last, and the history."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from dataapp.app.sessions import engine
from dataapp.connect.files import FileState
from dataapp.errors import DataAppError
from dataapp.workbench.book import Book, Query
from dataapp.workbench.catalogue import Catalogue, files_behind, read_catalogue
from dataapp.workbench.history import History
from dataapp.workbench.table_names import location_to_title
from dataapp.workbench.tabs import Tabs

_FIRST = "query"


class Desk:
    """The locations that are explored. The tables are looked up in a thread of their own, from the start.

    Args:
        locations: Files, globs and folders.
        history: Where queries that were run are noted.
        folder: Where apps are saved, unless said otherwise.
        title: What is explored, for people; by default what the locations are called.

    Attributes:
        history: As given.
        folder: As given.
        tabs: What each tab of the browser held last.
    """

    def __init__(self, locations: Sequence[str], history: History, folder: Path, title: str | None = None) -> None:
        self.history = history
        self.folder = folder
        self.tabs = Tabs()
        self._locations = tuple(locations)
        self._title = title
        self._catalogue: Future[Catalogue] = Future()
        self._later: Catalogue | None = None
        self._lock = threading.Lock()
        self._seen: frozenset[FileState] = frozenset()
        threading.Thread(target=self._read, name="dataapp-catalogue", daemon=True).start()

    def catalogue(self) -> Catalogue:
        """Return the tables, once they are known.

        Raises:
            DataAppError: There are none, or none that can be read.
        """
        first = self._catalogue.result()
        return self._later or first

    def look_again(self) -> bool:
        """Read the tables again if files came, went or changed, and return whether they did; for a worker thread.

        Where nothing can be read any more the tables stay: their queries say what is wrong.
        """
        known = self.catalogue()
        with self._lock:
            seen = files_behind(self._locations)
            if seen == self._seen:
                return False
            self._seen = seen
            names = {table.location: table.name for table in known.tables}
            try:
                self._later = read_catalogue(self._locations, engine=engine(), names=names)
            except DataAppError:
                return False
            return True

    @property
    def is_known(self) -> bool:
        """Whether `catalogue` answers at once."""
        return self._catalogue.done()

    @property
    def title(self) -> str:
        """What is explored, for people."""
        if self._title is not None:
            return self._title
        titles = [location_to_title(location) for location in self._locations]
        return titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"

    def book(self) -> Book:
        """Return what a page begins with when no tab holds anything yet: a query of the first table."""
        tables = self.catalogue().tables
        taken = {table.name for table in tables}
        numbered = (f"{_FIRST}_{number}" for number in range(2, len(taken) + 3))
        name = next(name for name in (_FIRST, *numbered) if name not in taken)
        return Book(self.title, tables, (Query(name, f"FROM {tables[0].name}"),))

    def _read(self) -> None:
        try:
            self._seen = files_behind(self._locations)
            self._catalogue.set_result(read_catalogue(self._locations, engine=engine()))
        except BaseException as error:
            self._catalogue.set_exception(error)
