"""Where a cell was written, and what the names in it stand for.

A name is looked up in the keyword arguments of the call that made the cell, then in the globals of its module.
Nothing is read when the cell is made, so the order of definitions does not matter.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from dataapp.compile.identifiers import fold

MISSING = object()
_HISTORY = re.compile(r"__.*|_\d*")  # what a module has by itself, and what a notebook calls its last results


@dataclass(frozen=True, slots=True)
class Wording:
    """What messages about names call the things of a place.

    Attributes:
        reader: What reads a name.
        readers: Several of them.
        no_table: What is said of a table that nothing defines.
        no_value: What is said of a parameter that nothing defines.
        no_table_hint: What else to do about such a table, or an empty text.
        circle_hint: What to do where something reads itself.
    """

    reader: str = "Cell"
    readers: str = "Cells"
    no_table: str = "which no cell, frame or engine defines"
    no_value: str = "which no input or value defines"
    no_table_hint: str = ""
    circle_hint: str = "bind the outer table under another name, or rename the cell"


@dataclass(frozen=True, slots=True, eq=False)
class Namespace:
    """The place and the names of one cell.

    Attributes:
        module: The ``__name__`` of the module that the cell is written in.
        file: The file, or None in a notebook or at a prompt.
        line: The line of the call, from 1.
        names: The module's globals: live, not a copy.
        bindings: What the call's keyword arguments bind.
        wording: What messages call the things that are here.
    """

    module: str
    file: Path | None
    line: int
    names: Mapping[str, object]
    bindings: Mapping[str, object]
    wording: Wording = Wording()

    @classmethod
    def of(cls, frame: FrameType, bindings: Mapping[str, object]) -> "Namespace":
        """Describe the place where a frame stands."""
        file = Path(frame.f_code.co_filename)
        return cls(
            module=str(frame.f_globals.get("__name__", "__main__")),
            file=file if file.is_absolute() and file.exists() and "__file__" in frame.f_globals else None,
            line=frame.f_lineno,
            names=frame.f_globals,
            bindings=dict(bindings),
        )

    @property
    def folder(self) -> Path:
        """Where relative paths start: the file's folder, or the working directory without one."""
        return Path.cwd() if self.file is None else self.file.parent

    @property
    def place(self) -> str:
        """File and line, for people.

        Example:
            >>> Namespace("desk", Path("/apps/desk.py"), 12, {}, {}).place
            'desk.py:12'
        """
        return f"{'cell' if self.file is None else self.file.name}:{self.line}"

    def lookup(self, name: str) -> object:
        """Return what a name stands for in Python's sense (case matters), or MISSING."""
        return self.bindings.get(name, self.names.get(name, MISSING))

    def matching(self, name: str) -> Iterator[tuple[str, object]]:
        """Yield every binding of a name in SQL's sense (case does not matter), bindings of the call first."""
        for scope in (self.bindings, self.names):
            if name in scope:
                yield name, scope[name]
            folded = fold(name)
            for candidate, thing in list(scope.items()):
                if candidate != name and fold(candidate) == folded:
                    yield candidate, thing

    def known(self) -> list[str]:
        """Return the names that a hint may offer."""
        return [*self.bindings, *(name for name in list(self.names) if not name.startswith("_"))]

    def name_of(self, thing: object) -> str | None:
        """Return the first global that is bound to a thing, a public one if there is one, or None."""
        found = [name for name, value in list(self.names.items()) if value is thing and not _HISTORY.fullmatch(name)]
        return next((name for name in found if not name.startswith("_")), next(iter(found), None))
