"""``%%sql name`` defines a SQL cell in the notebook and shows it; ``%sql`` does the same in one line."""

import argparse
import ast
import keyword
import shlex
from collections.abc import Mapping
from typing import Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from dataapp.app.sessions import engine
from dataapp.cells.namespace import Namespace
from dataapp.cells.sql import SqlCell
from dataapp.errors import DataAppError, near
from dataapp.runtime.resolution import parse_text

USAGE = """Define a SQL cell, and show it.

    %%sql busy --set least=1000
    SELECT symbol, count(*) AS trades FROM trades WHERE size >= $least GROUP BY ALL

defines `busy` as `busy = da.sql("...", least=1000)` would; without a name the result is only shown.

    %sql FROM busy LIMIT 5

does so in one line, and returns the cell: `top = %sql FROM busy LIMIT 5`.

Options of `%%sql`:
  --set NAME=VALUE   what a table or a $parameter of the text stands for: a name of the notebook, or a plain
                     value as Python writes it; may be given more than once
  --run button       wait for a click before each run
  --quiet            define the cell without showing it
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. `%%sql?` says what it takes.")


def _parser() -> _Parser:
    parser = _Parser("%%sql", add_help=False, allow_abbrev=False)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--set", action="append", default=[], dest="bindings")
    parser.add_argument("--run", choices=["auto", "button"], default="auto")
    parser.add_argument("--quiet", action="store_true")
    return parser


@magics_class
class SqlMagics(Magics):
    """The magics of one IPython shell."""

    @no_var_expand
    @line_cell_magic
    def sql(self, line: str, cell: str | None = None) -> Any:
        """See `USAGE`, which is shown for ``%%sql?``."""
        if cell is None:
            if not line.strip():
                raise UsageError("`%sql` takes a query: %sql SELECT 1 AS one")
            return self._shown(self._made(line, {}, "auto"))
        given = _parser().parse_args(_split(line))
        if given.name is not None and (not given.name.isidentifier() or keyword.iskeyword(given.name)):
            raise UsageError(f"`{given.name}` cannot be the name of a cell. `%%sql?` says what `%%sql` takes.")
        made = self._made(cell.rstrip(), self._bindings(given.bindings), given.run)
        if given.name is not None:
            self._names[given.name] = made
        return None if given.quiet and _is_query(made.query) else self._shown(made)

    sql.__doc__ = USAGE

    @property
    def _names(self) -> dict[str, Any]:
        return self.shell.user_ns  # pyright: ignore[reportOptionalMemberAccess]  # magics are made with a shell

    def _made(self, query: str, bindings: Mapping[str, object], run: Any) -> SqlCell:
        number = self.shell.execution_count  # pyright: ignore[reportOptionalMemberAccess]
        names = Namespace("__main__", None, number, self._names, bindings)
        return SqlCell(query, names, on=None, materialize="auto", run=run, name=None)

    def _shown(self, cell: SqlCell) -> Any:
        """Return what the shell displays: the live cell in a notebook, its rows at a prompt."""
        if hasattr(self.shell, "kernel"):
            return cell
        try:
            return cell.evaluate()
        except DataAppError as error:
            raise UsageError(str(error)) from None

    def _bindings(self, settings: list[str]) -> dict[str, object]:
        return dict(self._binding(setting) for setting in settings)

    def _binding(self, setting: str) -> tuple[str, object]:
        name, equals, text = setting.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"`--set {setting}` sets nothing. Write --set NAME=VALUE.")
        if text in self._names:
            return name, self._names[text]
        try:
            return name, ast.literal_eval(text)
        except (ValueError, SyntaxError):
            hint = near(text, [known for known in self._names if not known.startswith("_")])
            raise UsageError(
                f"`--set {setting}`: the notebook has no `{text}`, and it is no plain value."
                + (f" Hint: {hint}" if hint else " Write text in quotes: --set \"name='text'\".")
            ) from None


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error}: %%sql {line}") from None


def _is_query(text: str) -> bool:
    try:
        parse_text(text, engine())
    except DataAppError:  # what is wrong is shown, also of a quiet cell
        return False
    return True
